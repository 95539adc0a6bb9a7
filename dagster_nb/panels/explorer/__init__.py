"""The explorer: a model that holds the state, views that draw it, and nothing else that talks to the source."""

from dagster_nb.panels.explorer.explorer import RunExplorer

__all__ = ["RunExplorer"]
