"""Group failures that have the same cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.read_columns import strings, times
from dagster_nb.frames.stacks import raised_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CAUSE", "failure_causes", "failure_groups"]

CAUSE = ["step_key", "error_class", "pattern", "raised_in"]
"""The columns that have the same values for similar failures."""

# The order of the patterns matters: ids and times contain numbers, so they must be replaced before plain numbers are.
_VARIABLE_PARTS = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (
        re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?!\d)"),
        "<time>",
    ),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b"), "<hex>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)
_MAX_PATTERN_LENGTH = 300


def failure_groups(failures: pd.DataFrame) -> pd.DataFrame:
    """Group similar failures, with the most frequent failures first.

    Failures are similar if they have the same step, were raised in the same function of the user's code, and have the
    same error class and the same first line of the message. Parts of the message that vary between runs are ignored:
    ids, times, and hexadecimal and decimal numbers.

    Parameters
    ----------
    failures
        Failures, with the columns ``run_id``, ``step_key``, ``timestamp``, ``error_class``, ``error_message`` and
        optionally ``stack`` of ``client.failures()``.

    Returns
    -------
    pandas.DataFrame
        ============== ==================== ===========================================================
        step_key       string               NA if the run failed outside any step
        error_class    string
        pattern        string               the first line of the message, with ``<id>``, ``<time>``,
                                            ``<hex>`` and ``<n>`` in place of varying parts
        raised_in      string               the innermost function of the user's own code in the stack
                                            trace, and its file; NA if there is no stack trace
        count          int64                the number of failures in the group
        first_seen     datetime64[us, UTC]
        last_seen      datetime64[us, UTC]
        example_run_id string               the run of the latest failure
        ============== ==================== ===========================================================

    Examples
    --------
    >>> failures = pd.DataFrame({
    ...     "run_id": ["a", "b"],
    ...     "step_key": ["load", "load"],
    ...     "timestamp": pd.to_datetime(["2026-01-01", "2026-01-02"], utc=True),
    ...     "error_class": ["TimeoutError", "TimeoutError"],
    ...     "error_message": ["no answer after 30.1 s", "no answer after 31.7 s"],
    ... })
    >>> failure_groups(failures)[["pattern", "count", "example_run_id"]]
                     pattern  count example_run_id
    0  no answer after <n> s      2              b
    """
    table = failure_causes(failures)
    keys = CAUSE
    groups = table.groupby(keys, dropna=False, sort=True)
    result = groups.agg(
        count=("seen", "size"), first_seen=("seen", "min"), last_seen=("seen", "max"), example_run_id=("run_id", "last")
    ).reset_index()
    result = result.astype(
        dict.fromkeys([*keys, "example_run_id"], pd.StringDtype())
        | {"count": "int64", "first_seen": "datetime64[us, UTC]", "last_seen": "datetime64[us, UTC]"}
    )
    return result.sort_values(["count", "last_seen"], ascending=False, kind="stable", ignore_index=True)


def failure_causes(failures: pd.DataFrame) -> pd.DataFrame:
    """Return the cause of each failure, with the oldest failure first.

    Parameters
    ----------
    failures
        As in `failure_groups`.

    Returns
    -------
    pandas.DataFrame
        The columns `CAUSE`, which have the same values for similar failures, ``seen`` (datetime64[us, UTC]) and
        ``run_id``.
    """
    return pd.DataFrame(
        {
            "step_key": strings(failures, "step_key"),
            "error_class": strings(failures, "error_class"),
            "pattern": _map_distinct(_pattern, strings(failures, "error_message")),
            "raised_in": _raised_in(failures),
            "seen": times(failures, "timestamp"),
            "run_id": strings(failures, "run_id"),
        }
    ).sort_values("seen", kind="stable", na_position="first")


def _raised_in(failures: pd.DataFrame) -> pd.Series:
    if "stack" not in failures:
        return pd.Series(pd.NA, index=failures.index, dtype=pd.StringDtype())
    return _map_distinct(raised_in, strings(failures, "stack"))


def _map_distinct(function: Callable[[str], str | None], values: pd.Series) -> pd.Series:
    # The same message or stack trace often occurs many times, so the regular expressions are applied only to distinct
    # values.
    codes, distinct = pd.factorize(values)
    results = pd.Series([function(value) for value in distinct], dtype=pd.StringDtype())
    return pd.Series(results.reindex(codes).to_numpy(), index=values.index, dtype=pd.StringDtype())


def _pattern(message: str) -> str:
    line = message.strip().partition("\n")[0]
    for expression, placeholder in _VARIABLE_PARTS:
        line = expression.sub(placeholder, line)
    return line[:_MAX_PATTERN_LENGTH]
