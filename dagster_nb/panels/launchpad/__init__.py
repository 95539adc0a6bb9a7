"""The launchpad: a model that holds the state, a form that draws the model, and a source that queries the server."""

from dagster_nb.panels.launchpad.launchpad import Launchpad

__all__ = ["Launchpad"]
