"""What to ask for: the arguments of ``runs()`` as filters that mean the same to the server as to the person.

The server reads an empty list, an empty text and a zero as "no filter", takes one job and one value a tag, and knows no
code location. Nothing of that kind leaves this module: a selection that is empty becomes a request that is never sent,
and a choice that one filter cannot say becomes several filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.times import Moment, to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["REPOSITORY_TAG", "RunSelection", "one_or_many"]

# The tag that Dagster itself puts on each run: "repository@location". It filters, though it never shows.
REPOSITORY_TAG = ".dagster/repository"

# A SQLite that allows 999 parameters in a statement must be able to take one filter of run ids.
_IDS_PER_FILTER = 500
_IDS_TOLD = 100


@dataclass(frozen=True, slots=True)
class RunSelection:
    """Which runs are meant.

    Parameters
    ----------
    job, status, run_ids, location
        Values of which a run has one; None means any, an empty tuple none at all.
    tags
        For each key the values of which a run has one.
    created_after, created_before, updated_after, updated_before
        Exclusive bounds in seconds since 1970, or None.
    """

    job: tuple[str, ...] | None = None
    status: tuple[str, ...] | None = None
    run_ids: tuple[str, ...] | None = None
    location: tuple[str, ...] | None = None
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    updated_after: float | None = None
    updated_before: float | None = None

    @classmethod
    def of(
        cls,
        *,
        known_statuses: Sequence[str],
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: str | Iterable[str] | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
    ) -> RunSelection:
        """Read the arguments of ``runs()``.

        Parameters
        ----------
        known_statuses
            The statuses that the server and this package know between them.
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `DagsterClient.runs`.

        Raises
        ------
        ValueError, TypeError
            If an argument cannot be meant.

        Examples
        --------
        >>> RunSelection.of(known_statuses=["SUCCESS"], job="nightly").job
        ('nightly',)
        """
        statuses = one_or_many(status, "status")
        for value in statuses or ():
            if value not in known_statuses:
                raise ValueError(f"{value!r} is no run status; the server knows {', '.join(known_statuses)}.")
        return cls(
            job=one_or_many(job, "job"),
            status=statuses,
            run_ids=one_or_many(run_ids, "run_ids"),
            location=one_or_many(location, "location"),
            tags=_tags(tags),
            created_after=to_seconds(created_after, "created_after"),
            created_before=to_seconds(created_before, "created_before"),
            updated_after=to_seconds(updated_after, "updated_after"),
            updated_before=to_seconds(updated_before, "updated_before"),
        )

    @property
    def is_empty(self) -> bool:
        """Whether no run can match, so that there is nothing to ask."""
        choices = [self.job, self.status, self.run_ids, self.location, *(values for _, values in self.tags)]
        # Nothing happened before 1970, where the server would read a bound of zero as no bound.
        return any(choice == () for choice in choices) or any(
            bound is not None and bound <= 0 for bound in (self.created_before, self.updated_before)
        )

    def filters(self, labels: Sequence[str] | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the part that all filters share, and the filters: disjoint, and together the selection.

        Parameters
        ----------
        labels
            What `REPOSITORY_TAG` may hold; needed where ``location`` is given.

        Examples
        --------
        >>> RunSelection(job=("a", "b"), status=("FAILURE",)).filters()
        ({'statuses': ['FAILURE']}, [{'statuses': ['FAILURE'], 'pipelineName': 'a'}, \
{'statuses': ['FAILURE'], 'pipelineName': 'b'}])
        """
        common = self._bounds()
        if self.status:
            common["statuses"] = list(self.status)
        several = []
        for choice in self._choices(labels):
            # A choice of one is no choice: every filter shares it.
            if len(choice) == 1:
                common = _and(common, choice[0])
            else:
                several.append(choice)
        return common, [reduce(_and, combination, common) for combination in product(*several)]

    def _bounds(self) -> dict[str, Any]:
        bounds = {
            "createdAfter": self.created_after,
            "createdBefore": self.created_before,
            "updatedAfter": self.updated_after,
            "updatedBefore": self.updated_before,
        }
        # A lower bound at or before 1970 bounds nothing.
        return {name: bound for name, bound in bounds.items() if bound is not None and bound > 0}

    def _choices(self, labels: Sequence[str] | None) -> list[list[dict[str, Any]]]:
        """Return what one filter can say a single value of: the filters for each of the values wanted."""
        choices: list[list[dict[str, Any]]] = []
        if self.job is not None:
            choices.append([{"pipelineName": job} for job in self.job])
        if self.run_ids is not None:
            ids = list(self.run_ids)
            starts = range(0, len(ids), _IDS_PER_FILTER)
            choices.append([{"runIds": ids[start : start + _IDS_PER_FILTER]} for start in starts])
        tags = dict(self.tags)
        if labels is not None:
            # Of a key that stands twice in a filter the server forgets the first, so the two wishes are joined here.
            wanted = tags.get(REPOSITORY_TAG, labels)
            tags[REPOSITORY_TAG] = tuple(label for label in labels if label in wanted)
        choices.extend([{"tags": [_tag(key, value)]} for value in values] for key, values in tags.items())
        return choices

    def as_json(self) -> dict[str, Any]:
        """Return what was asked for as plain JSON, without what was not.

        Examples
        --------
        >>> RunSelection(job=("a",), created_after=5.0).as_json()
        {'job': ['a'], 'created_after': 5.0}
        """
        plain: dict[str, Any] = {
            name: list(values)
            for name in ("job", "status", "run_ids", "location")
            if (values := getattr(self, name)) is not None
        }
        # pandas copies attrs at every step, so that they must stay small.
        if self.run_ids is not None and len(self.run_ids) > _IDS_TOLD:
            plain["run_ids"] = f"{len(self.run_ids):,} ids"
        if self.tags:
            plain["tags"] = {key: list(values) for key, values in self.tags}
        for name in ("created_after", "created_before", "updated_after", "updated_before"):
            if (bound := getattr(self, name)) is not None:
                plain[name] = bound
        return plain


def one_or_many(value: object, name: str) -> tuple[str, ...] | None:
    """Return one text or many as a tuple without repetitions; None stays None.

    Parameters
    ----------
    value
        A text, an iterable of texts (a list, a set, a Series), or None. A member of an enum counts as its value, so
        that Dagster's own ``DagsterRunStatus.FAILURE`` works.
    name
        The argument, for the error.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a text is empty: the server would take it for "any".

    Examples
    --------
    >>> one_or_many("a", "job"), one_or_many(["a", "b", "a"], "job"), one_or_many([], "job")
    (('a',), ('a', 'b'), ())
    """
    if value is None:
        return None
    if isinstance(value, str | Enum):
        value = [value]
    # A frame is its columns to a loop, which nobody means.
    if isinstance(value, dict | bytes) or hasattr(value, "columns") or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} takes a text or a list of texts, not {type(value).__name__}.")
    texts: dict[str, None] = {}
    for item in value:
        text = item.value if isinstance(item, Enum) else item
        if not isinstance(text, str):
            raise TypeError(f"{name} takes texts, not {type(text).__name__} ({text!r}).")
        if not text:
            raise ValueError(f"{name} holds an empty text, which names nothing; leave it out to mean any.")
        texts[text] = None
    return tuple(texts)


def _tags(tags: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if tags is None:
        return ()
    if not hasattr(tags, "items"):
        raise TypeError(f'tags takes a dict such as {{"team": "data"}}, not {type(tags).__name__}.')
    read = []
    for key, value in tags.items():
        if not isinstance(key, str) or not key:
            raise ValueError(f"a tag's key is a text that is not empty, not {key!r}.")
        # An empty text is a value like any other here: the server compares it.
        values = ("",) if value == "" else one_or_many(value, f"tags[{key!r}]")
        if values is None:
            raise TypeError(f"tags[{key!r}] takes a text or a list of texts, not None.")
        read.append((key, values))
    return tuple(read)


def _tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


def _and(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Join two filters; tags add up, and all other keys are in one of them only."""
    joined = {**left, **right}
    if "tags" in left and "tags" in right:
        joined["tags"] = [*left["tags"], *right["tags"]]
    return joined
