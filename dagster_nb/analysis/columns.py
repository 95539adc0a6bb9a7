"""The former place of `dagster_nb.analysis.read_columns`, for modules that still import from here."""

from dagster_nb.analysis.read_columns import creation_times as began

__all__ = ["began"]
