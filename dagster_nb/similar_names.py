"""Find existing names that are similar to names that do not exist."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "NEWEST_RUNS",
    "SimilarName",
    "did_you_mean",
    "is_checking_names",
    "is_tag_of_dagster",
    "similar_names",
    "unchecked_names",
]

NEWEST_RUNS = 200
"""The number of recent runs in which to look for tag keys, because the server does not list all tag keys."""

_MIN_SIMILARITY = 0.75
_is_checking: ContextVar[bool] = ContextVar("_is_checking", default=True)


@contextmanager
def unchecked_names() -> Iterator[None]:
    """In a ``with`` block, do not look for misspelled names when no run matches.

    This is for code that chooses its filters itself, or that shows misspelled names in another way.

    Examples
    --------
    >>> with unchecked_names():
    ...     is_checking_names()
    False
    """
    token = _is_checking.set(False)
    try:
        yield
    finally:
        _is_checking.reset(token)


def is_checking_names() -> bool:
    """Return whether to look for misspelled names in the filters when no run matches."""
    return _is_checking.get()


@dataclass(frozen=True)
class SimilarName:
    """A name that does not exist, and the most similar existing name.

    Parameters
    ----------
    kind
        What the name refers to, such as ``"job"``; ``"tag"`` means the key of a tag.
    name
        The name that does not exist.
    similar
        The existing name.
    """

    kind: Literal["job", "location", "tag"]
    name: str
    similar: str

    @property
    def problem(self) -> str:
        """A sentence that says what does not exist."""
        if self.kind == "tag":
            return f"None of the newest runs has a tag with the key {self.name!r}."
        return f"There is no {'code location' if self.kind == 'location' else self.kind} {self.name!r}."


def did_you_mean(name: str, known: Sequence[str]) -> str | None:
    """Return a "Did you mean …?" with the known names that are similar to a name, or None if no name is similar.

    Examples
    --------
    >>> did_you_mean("ingest_ordres", ["ingest_orders", "load"])
    "Did you mean 'ingest_orders'?"
    >>> did_you_mean("nightly", ["ingest_orders", "load"]) is None
    True
    """
    similar = get_close_matches(name, known)
    return f"Did you mean {' or '.join(map(repr, similar))}?" if similar else None


def is_tag_of_dagster(key: str) -> bool:
    """Return whether a tag is one of Dagster's own tags. They are not checked, because they resemble each other."""
    return key.startswith(("dagster/", "."))


def similar_names(
    kind: Literal["job", "location", "tag"], names: Iterable[str], known: Iterable[str]
) -> list[SimilarName]:
    """Return the unknown names that are similar to a known name. Dagster's own tags are left out.

    Examples
    --------
    >>> similar_names("job", ["ingest_ordres", "nightly", "load"], ["ingest_orders", "load"])
    [SimilarName(kind='job', name='ingest_ordres', similar='ingest_orders')]
    """
    by_folded = {name.casefold(): name for name in known}
    exact = set(by_folded.values())
    found: list[SimilarName] = []
    for name in names:
        if name not in exact and not (kind == "tag" and is_tag_of_dagster(name)):
            matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=_MIN_SIMILARITY)
            found.extend(SimilarName(kind, name, by_folded[match]) for match in matches)
    return found
