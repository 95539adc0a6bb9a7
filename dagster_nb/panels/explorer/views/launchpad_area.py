"""``LaunchpadArea``: the launchpad that opens below the details of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.panel import close_widgets

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.viewport import Viewport

__all__ = ["LaunchpadArea"]


class LaunchpadArea:
    """A launchpad that starts with the arguments of a run. The area is hidden while no launchpad is open.

    Parameters
    ----------
    model
        The explorer's model. The launchpad uses its source as a client.
    viewport
        The panel's viewport, which provides the ``tz`` argument of the explorer.
    """

    def __init__(self, model: ExplorerModel, viewport: Viewport):
        self._model = model
        self._viewport = viewport
        self._launchpad: Any = None
        self._close = widgets.Button(description="Close the launchpad", layout=widgets.Layout(width="auto"))
        self._close.add_class("dnb-close")
        model.background.on_click(self._close, self.close)
        self._row = widgets.HBox([self._close])
        self.widget: Any = widgets.VBox([], layout=widgets.Layout(width="100%", overflow="visible"))

    def open(self, run: pd.Series, run_config: str) -> None:
        """Open a launchpad with a run's job and config.

        Parameters
        ----------
        run
            A row of a frame of runs.
        run_config
            The run config as YAML.
        """
        # Import the launchpad only here, because showing runs does not need it.
        from dagster_nb.panels.launchpad.launchpad import Launchpad, launch_arguments  # noqa: PLC0415

        self.close()
        source: Any = self._model.source
        arguments = {**launch_arguments(run), "run_config": run_config or None, "tz": self._viewport.tz}
        self._launchpad = Launchpad(source, **arguments)
        self._launchpad.viewport.scrolls_into_view = True
        self.widget.children = [self._row, self._launchpad]
        self.widget.add_class("dnb-section")

    def close(self) -> None:
        """Close the launchpad, if one is open."""
        launchpad, self._launchpad = self._launchpad, None
        if launchpad is not None:
            self.widget.children = []
            self.widget.remove_class("dnb-section")
            close_widgets(launchpad)
