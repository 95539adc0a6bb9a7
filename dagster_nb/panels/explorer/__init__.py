"""The run explorer: a model that reads runs from a source, and views that draw the model."""

from dagster_nb.panels.explorer.explorer import RunExplorer

__all__ = ["RunExplorer"]
