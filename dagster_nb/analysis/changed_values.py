"""Find the tags or config values that changed between two groups of runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["changed_values"]

# On each side of a change, at least this share of the runs must have the same value.
_MIN_SHARE = 0.8


def changed_values(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str | None, str | None]]:
    """Return the keys that have one value in most runs before a change and a different value in most runs after it.

    Parameters
    ----------
    before, after
        One mapping per run, such as the run's tags.

    Returns
    -------
    list
        One tuple per key, with the key, its usual value before the change, and its usual value after the change. A
        value is None if most runs do not have the key. The first key separates the two groups best.

    Examples
    --------
    >>> changed_values([{"version": "1", "team": "ml"}] * 5, [{"version": "2", "team": "ml"}] * 5)
    [('version', '1', '2')]
    """
    if not before or not after:
        return []
    found = []
    for key in {key for values in (*before, *after) for key in values}:
        old, old_share = _usual_value(before, key)
        new, new_share = _usual_value(after, key)
        if old != new and min(old_share, new_share) >= _MIN_SHARE:
            # If several tags separate the runs equally well, prefer the user's own tags, which explain more than
            # Dagster's.
            found.append((-old_share - new_share, key.startswith("dagster/"), key, old, new))
    return [(key, old, new) for _, _, key, old, new in sorted(found, key=lambda one: one[:3])]


def _usual_value(values: Sequence[Mapping[str, Any]], key: str) -> tuple[str | None, float]:
    """Return the most frequent value of a key (None if absent), and the share of the runs that have this value."""
    counts = Counter(None if one.get(key) is None else str(one[key]) for one in values)
    value, count = counts.most_common(1)[0]
    return value, count / len(values)
