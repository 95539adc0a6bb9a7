"""The Jupyter and pandas companion of Dagster."""

__version__ = "0.1.0"
