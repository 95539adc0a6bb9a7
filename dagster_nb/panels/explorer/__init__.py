"""The run explorer: a model, which reads from the source, and views, which draw the model."""

from dagster_nb.panels.explorer.explorer import RunExplorer

__all__ = ["RunExplorer"]
