"""The list of jobs to choose from, with a search field and one group per code location."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.markup import text

if TYPE_CHECKING:
    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.panels.background import Background
    from dagster_nb.panels.launchpad.model import LaunchpadModel

__all__ = ["JobPicker"]

_MIN_ROWS = 3
_MAX_ROWS = 14
# The list boxes of ipywidgets do not support groups, so headings are options too, and the jobs below them are indented.
_INDENT = "\N{NO-BREAK SPACE}" * 3


class JobPicker:
    """A list of jobs from which users choose one.

    Parameters
    ----------
    model
        The state of the launchpad.
    background
        The panel's background tasks, which run the handlers of widget events in the kernel's thread.
    """

    def __init__(self, model: LaunchpadModel, background: Background):
        self._model = model
        self._drawing = False
        self._search: Any = widgets.Text(
            description="Search jobs", placeholder="by name or code location", continuous_update=True
        )
        self._list: Any = widgets.Select(description="Job", options=[], rows=_MIN_ROWS)
        for field in (self._search, self._list):
            field.add_class("dnb-field")
            field.layout.width = "100%"
        self._message = widgets.HTML()
        self.widget: Any = widgets.VBox(
            [self._search, self._list, self._message],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        background.on_change(self._search, lambda _text: self.draw())
        background.on_change(self._list, self._choose)
        model.changes.on("jobs", self.draw)
        self.draw()

    def draw(self) -> None:
        """Show the jobs that contain every search word in their name, code location or repository."""
        jobs = self._model.jobs
        found = self._search_jobs()
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
            self._list.rows = min(max(len(options), _MIN_ROWS), _MAX_ROWS)
            self._list.value = self._model.address if self._model.address in found else None
        finally:
            self._drawing = False
        if jobs is None:
            self._message.value = '<div class="dnb-muted">Loading the jobs…</div>'
        elif not jobs:
            self._message.value = (
                "<div>The server has no jobs. Run client.locations() to see whether its code locations loaded.</div>"
            )
        elif not found:
            self._message.value = f"<div>No job matches {text(self._search.value)}. Change the search.</div>"
        else:
            self._message.value = ""

    def _search_jobs(self) -> list[JobAddress]:
        words = self._search.value.casefold().split()
        return [
            address
            for address, _ in self._model.jobs or ()
            if all(word in f"{address.job} {address.location} {address.repository}".casefold() for word in words)
        ]

    def _choose(self, address: JobAddress | None) -> None:
        if self._drawing:
            return
        if address is None:
            # Users must not be able to choose a heading.
            self.draw()
        else:
            self._model.choose(address)
