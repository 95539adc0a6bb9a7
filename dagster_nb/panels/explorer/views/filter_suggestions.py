"""``FilterSuggestions``: suggest the jobs, locations and tags of the runs in memory in the filter fields."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.text_field import TextField

__all__ = ["FilterSuggestions"]

_MAX_SUGGESTIONS = 300
# Counting the tags of many runs is slow, so count them again only after the number of runs has grown by this factor.
_GROWTH = 1.2


class FilterSuggestions:
    """Sets the suggestions of the fields for jobs, locations, tag keys and tag values.

    Parameters
    ----------
    model
        The explorer's model.
    job, location, tag_key, tag_value
        The fields.
    """

    def __init__(
        self,
        model: ExplorerModel,
        job: TextField,
        location: TextField,
        tag_key: TextField,
        tag_value: TextField,
    ):
        self._model = model
        self._columns = {"job_name": job, "location": location}
        self._tag_key = tag_key
        self._tag_value = tag_value
        self._counted_runs = 0
        self._tag_counts: dict[str, Counter[str]] = {}

    def draw(self) -> None:
        """Suggest the values that occur in the runs in memory."""
        runs = self._model.cache.frame
        for column, field in self._columns.items():
            _offer(field, sorted(runs[column].dropna().unique()))
        if not self._counted_runs <= len(runs) <= self._counted_runs * _GROWTH:
            self._counted_runs, self._tag_counts = len(runs), {}
            for key, value in chain.from_iterable(tags.items() for tags in runs["tags"]):
                self._tag_counts.setdefault(key, Counter())[value] += 1
        _offer(self._tag_key, sorted(self._tag_counts))
        self.draw_tag_values()

    def draw_tag_values(self) -> None:
        """Suggest values for the tag key that the user has typed, with the most frequent value first."""
        counts = self._tag_counts.get(self._tag_key.value, Counter())
        _offer(self._tag_value, [value for value, _ in counts.most_common(_MAX_SUGGESTIONS)])


def _offer(field: TextField, options: list[str]) -> None:
    offered = options[:_MAX_SUGGESTIONS]
    if field.options != offered:
        field.options = offered
