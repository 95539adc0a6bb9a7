"""Describe a slowdown in one sentence, for the digest and the explorer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

__all__ = ["slowdown_text", "value_change_text"]


def slowdown_text(slowdown: Mapping[Hashable, Any], changes: Sequence[str] = ()) -> str:
    """Return one sentence about a slowdown and the values that changed at the same time.

    Parameters
    ----------
    slowdown
        A row of `current_slowdowns`.
    changes
        Descriptions of the values that changed at the same time, as returned by `value_change_text`.

    Examples
    --------
    >>> import pandas as pd
    >>> slowdown = {
    ...     "job_name": "a", "before": pd.Timedelta("1min"), "after": pd.Timedelta("2min"), "factor": 2.0,
    ...     "changed_at": pd.Timestamp("2026-01-31 09:00", tz="UTC"),
    ... }
    >>> slowdown_text(slowdown, ["the tag v changed from 1 to 2"])
    'a has taken 2 min, 2.0 times as long as before (1 min), since 2026-01-31 09:00, when the tag v changed from 1 to 2'
    """
    before, after = duration_text(slowdown["before"]), duration_text(slowdown["after"])
    text = (
        f"{one_line(slowdown['job_name'])} has taken {after}, {slowdown['factor']:.1f} times as long as before "
        f"({before}), since {slowdown['changed_at']:%Y-%m-%d %H:%M}"
    )
    return f"{text}, when {' and '.join(changes)}" if changes else text


def value_change_text(kind: str, key: str, before: str | None, after: str | None) -> str:
    """Describe how a tag or a value in the run config changed.

    Parameters
    ----------
    kind
        What changed, such as ``"tag"``.
    key
        The name of the tag or value.
    before, after
        The values before and after the change, or None if there is no value.

    Examples
    --------
    >>> value_change_text("tag", "version", "1", "2"), value_change_text("tag", "debug", None, "yes")
    ('the tag version changed from 1 to 2', 'the tag debug was added with the value yes')
    """
    name = f"the {kind} {one_line(key)}"
    if before is None:
        return f"{name} was added with the value {one_line(after)}"
    if after is None:
        return f"{name} (value {one_line(before)}) was removed"
    return f"{name} changed from {one_line(before)} to {one_line(after)}"
