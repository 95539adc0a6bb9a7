"""Draws the jobs to choose from: searched by name, grouped by code location."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.markup import plural, text

if TYPE_CHECKING:
    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.panels.background import Background
    from dagster_nb.panels.launchpad_model import LaunchpadModel

__all__ = ["JobPicker"]

_ROWS = 10
_FEWEST_ROWS = 3
# A list in which an option is a heading has no better way to set off what stands below it.
_INDENT = "\N{NO-BREAK SPACE}" * 3


class JobPicker:
    """Draws the jobs.

    Parameters
    ----------
    model
        Whose jobs.
    background
        Where what the widgets say is brought home.
    """

    def __init__(self, model: LaunchpadModel, background: Background):
        self._model = model
        self._drawing = False
        self._search: Any = widgets.Text(
            description="Search jobs", placeholder="by name or code location", continuous_update=True
        )
        self._list: Any = widgets.Select(description="Job", options=[], rows=_FEWEST_ROWS)
        for field in (self._search, self._list):
            field.add_class("dnb-field")
            field.layout.width = "100%"
        self._words = widgets.HTML()
        self.widget: Any = widgets.VBox(
            [self._search, self._list, self._words],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self._search.observe(lambda _change: background.bring(self.draw), names="value")
        self._list.observe(self._chosen, names="value")
        self._background = background
        model.signals.on("jobs", self.draw)
        self.draw()

    def draw(self) -> None:
        """Draw the jobs whose name, location or repository holds what is searched for."""
        jobs = self._model.jobs
        words = self._search.value.casefold().split()
        found = [
            address
            for address, _ in jobs or ()
            if all(word in f"{address.job} {address.location} {address.repository}".casefold() for word in words)
        ]
        options: list[tuple[str, JobAddress | None]] = []
        group: tuple[str, str] | None = None
        for address in found:
            if group != (address.location, address.repository):
                group = (address.location, address.repository)
                options.append((f"{address.location} · {address.repository}", None))
            options.append((f"{_INDENT}{address.job}", address))
        self._drawing = True
        try:
            self._list.options = options
            self._list.rows = min(max(len(options), _FEWEST_ROWS), _ROWS)
            self._list.value = self._model.address if self._model.address in found else None
        finally:
            self._drawing = False
        if jobs is None:
            self._words.value = '<div class="dnb-muted">Reading the jobs…</div>'
        elif not jobs:
            self._words.value = "<div>The server has no job; client.locations() says which code does not load.</div>"
        elif not found:
            self._words.value = f"<div>None of {plural(len(jobs), 'job')} matches {text(self._search.value)}.</div>"
        else:
            self._words.value = ""

    def _chosen(self, change: Any) -> None:  # noqa: ANN401 - ipywidgets has no types
        if not self._drawing:
            self._background.bring(partial(self._choose, change["new"]))

    def _choose(self, address: JobAddress | None) -> None:
        if address is None:
            # A heading is no job.
            self.draw()
        else:
            self._model.choose(address)
