"""What is broken, and whether somebody has seen to it already."""

from __future__ import annotations

import re

import pandas as pd

from dagster_nb.analysis.columns import began, text, times

__all__ = ["failure_groups", "unresolved_failures"]

# In this order: an id or a time is full of numbers, and must be taken whole before they are.
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
_LONGEST_PATTERN = 300


def unresolved_failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Keep the failed runs that nobody has repaired yet.

    A failure is resolved by a success that was created later in the same group of re-executions: the runs that share
    a ``root_run_id``, and that root itself. A re-execution that is still going on, was canceled, or failed as well
    resolves nothing. Only the runs in the frame are known, so give it the re-executions too.

    Parameters
    ----------
    runs
        Runs, with the columns ``run_id``, ``root_run_id``, ``status`` and ``creation_time`` of ``client.runs()``
        (where the server tells no creation time, ``start_time`` and then ``update_time`` stand in).

    Returns
    -------
    pandas.DataFrame
        Those rows of `runs`, with all its columns, in its order, under its index.

    Examples
    --------
    >>> runs = pd.DataFrame({
    ...     "run_id": ["c", "b", "a"],
    ...     "root_run_id": pd.array([None, "a", None], dtype="string"),
    ...     "status": ["FAILURE", "SUCCESS", "FAILURE"],
    ...     "creation_time": pd.to_datetime(["2026-01-03", "2026-01-02", "2026-01-01"], utc=True),
    ... })
    >>> unresolved_failures(runs)["run_id"].tolist()
    ['c']
    """
    group = text(runs, "root_run_id").fillna(text(runs, "run_id")).reset_index(drop=True)
    status = text(runs, "status")
    created = began(runs).reset_index(drop=True)
    succeeded = (status == "SUCCESS").fillna(False).to_numpy(dtype=bool)
    failed = (status == "FAILURE").fillna(False).to_numpy(dtype=bool)
    # Nearly every run is alone in its group: only those of the failed ones are worth gathering.
    repairs = succeeded & group.isin(group[failed]).to_numpy(dtype=bool)
    last_success = created[repairs].groupby(group[repairs]).max().reindex(group[failed])
    failed[failed] = ~(last_success.to_numpy() > created[failed].to_numpy())
    return runs[failed]


def failure_groups(failures: pd.DataFrame) -> pd.DataFrame:
    """Gather failures that are the same failure, the most frequent first.

    Two failures are the same if they happened in the same step with the same class of error and the same message,
    but for the parts of its first line that differ from run to run: ids, times, hexadecimal and decimal numbers.

    Parameters
    ----------
    failures
        Failures, with the columns of ``client.failures()``: ``run_id``, ``step_key``, ``timestamp``, ``error_class``,
        ``error_message``.

    Returns
    -------
    pandas.DataFrame
        ============== ==================== ===========================================================
        step_key       string               NA where the run failed outside any step
        error_class    string
        pattern        string               the first line of the message, its variable parts replaced by
                                            ``<id>``, ``<time>``, ``<hex>`` and ``<n>``
        count          int64                failures in the group
        first_seen     datetime64[us, UTC]
        last_seen      datetime64[us, UTC]
        example_run_id string               the run of the latest
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
    keys = ["step_key", "error_class", "pattern"]
    table = pd.DataFrame(
        {
            "step_key": text(failures, "step_key"),
            "error_class": text(failures, "error_class"),
            "pattern": _pattern(text(failures, "error_message")),
            "seen": times(failures, "timestamp"),
            "run_id": text(failures, "run_id"),
        }
    ).sort_values("seen", kind="stable", na_position="first")
    groups = table.groupby(keys, dropna=False, sort=True)
    answer = groups.agg(
        count=("seen", "size"), first_seen=("seen", "min"), last_seen=("seen", "max"), example_run_id=("run_id", "last")
    ).reset_index()
    answer = answer.astype(
        dict.fromkeys([*keys, "example_run_id"], pd.StringDtype())
        | {"count": "int64", "first_seen": "datetime64[us, UTC]", "last_seen": "datetime64[us, UTC]"}
    )
    return answer.sort_values(["count", "last_seen"], ascending=False, kind="stable", ignore_index=True)


def _pattern(messages: pd.Series) -> pd.Series:
    """Reduce each message to what it has in common with others of its kind."""
    # The same message comes many times; the regular expressions see it once.
    codes, distinct = pd.factorize(messages)
    patterns = pd.Series([_without_variable_parts(message) for message in distinct], dtype=pd.StringDtype())
    return pd.Series(patterns.reindex(codes).to_numpy(), index=messages.index, dtype=pd.StringDtype())


def _without_variable_parts(message: str) -> str:
    line = message.strip().partition("\n")[0]
    for expression, placeholder in _VARIABLE_PARTS:
        line = expression.sub(placeholder, line)
    return line[:_LONGEST_PATTERN]
