"""A launchpad under the explorer, filled in from a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.stage import dispose

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["LaunchpadPlace"]


class LaunchpadPlace:
    """Where a launchpad is opened; invisible while there is none.

    Parameters
    ----------
    model
        Whose source launches.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._launchpad: Any = None
        self._shut = widgets.Button(description="Close the launchpad", layout=widgets.Layout(width="auto"))
        self._shut.on_click(lambda _button: self.close())
        self.widget: Any = widgets.VBox([], layout=widgets.Layout(width="100%", overflow="visible"))

    def open(self, run: pd.Series, config: str) -> None:
        """Open a launchpad with a run's job and config.

        Parameters
        ----------
        run
            A row of runs.
        config
            Its config as YAML.
        """
        # Only here, so that looking at runs does not wait for what launching needs.
        from dagster_nb.panels.launchpad.launchpad import Launchpad, launch_arguments  # noqa: PLC0415

        self.close()
        source: Any = self._model.source
        self._launchpad = Launchpad(source, **{**launch_arguments(run), "run_config": config or None})
        self.widget.children = [widgets.HBox([self._shut]), self._launchpad]
        self.widget.add_class("dnb-section")

    def close(self) -> None:
        """Take the launchpad away."""
        launchpad, self._launchpad = self._launchpad, None
        if launchpad is not None:
            rows = self.widget.children[:1]
            self.widget.children = []
            self.widget.remove_class("dnb-section")
            for row in rows:
                row.children = []
            dispose(list(rows))
            launchpad.close()
