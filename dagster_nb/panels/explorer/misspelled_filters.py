"""``MisspelledFilters``: if no run matches, find unknown names in the filters that are similar to existing names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.similar_names import NEWEST_RUNS, SimilarName, similar_names

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.filters import ExplorerFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["MisspelledFilters", "corrected"]


class MisspelledFilters:
    """Search for misspelled names in the background if no run matches the filters.

    After each change, the explorer's model emits ``misspelled``.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._searched: ExplorerFilters | None = None
        self.found: list[SimilarName] = []

    def update(self) -> None:
        """Search for misspelled names if no run matches. If runs match, clear the results."""
        model, filters = self._model, self._model.filters
        has_names = bool(filters.job or filters.location or filters.tags)
        if len(model.runs) or not has_names or model.error is not None:
            self._searched = None
            model.background.stop("misspelled")
            self._set([])
        elif model.reading is None and filters != self._searched:
            self._searched = filters
            self._set([])
            model.background.start(
                "misspelled", lambda _task: _find(model.source, filters), done=self._set, failed=lambda _: None
            )

    def correct(self, name: SimilarName) -> None:
        """Replace a misspelled name in the filters."""
        self._model.set_filters(corrected(self._model.filters, name))

    def _set(self, found: list[SimilarName]) -> None:
        if found != self.found:
            self.found = found
            self._model.changes.emit("misspelled")


def corrected(filters: ExplorerFilters, name: SimilarName) -> ExplorerFilters:
    """Return the filters with the misspelled name replaced by the existing name."""

    def replaced(value: str) -> str:
        return name.similar if value == name.name else value

    if name.kind == "tag":
        return filters.replace(tags=tuple((replaced(key), values) for key, values in filters.tags))
    values = getattr(filters, name.kind) or ()
    return filters.replace(**{name.kind: tuple(dict.fromkeys(map(replaced, values)))})


def _find(source: Any, filters: ExplorerFilters) -> list[SimilarName]:  # noqa: ANN401 - a RunSource, perhaps with jobs
    runs = pd.concat([pd.DataFrame(columns=["job_name", "location", "tags"]), *source.iter_runs(limit=NEWEST_RUNS)])
    jobs = [*runs["job_name"].dropna(), *(source.jobs()["job_name"] if has_methods(source, "jobs") else ())]
    locations = [
        *runs["location"].dropna(),
        *(source.locations()["location"] if has_methods(source, "locations") else ()),
    ]
    keys = {key for tags in runs["tags"] for key in tags}
    return [
        *(one for one in similar_names("job", filters.job or (), jobs) if not source.count_runs(job=[one.name])),
        *similar_names("location", filters.location or (), locations),
        *similar_names("tag", [key for key, _ in filters.tags], keys),
    ]
