"""The launchpad: a model with the state, a form that draws the model, and a source that queries the server."""

from dagster_nb.panels.launchpad.launchpad import Launchpad

__all__ = ["Launchpad"]
