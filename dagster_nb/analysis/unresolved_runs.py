"""Find failed runs that are still unresolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.analysis.read_columns import creation_times, has_status, strings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["unresolved_failures"]


def unresolved_failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the failed runs that have not been re-executed successfully.

    A failure is resolved if a later run in the same group of re-executions succeeded. A group consists of the runs with
    the same ``root_run_id`` and the root run itself. A re-execution that is in progress, was canceled or failed does
    not resolve a failure. Only runs in the frame are considered, so the frame must include the re-executions.

    Parameters
    ----------
    runs
        Runs, with the columns ``run_id``, ``root_run_id``, ``status`` and ``creation_time`` of ``client.runs()``
        (``start_time`` or ``update_time`` replace a missing creation time).

    Returns
    -------
    pandas.DataFrame
        The matching rows of `runs`, with the same order, columns and index.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({
    ...     "run_id": ["c", "b", "a"],
    ...     "root_run_id": pd.array([None, "a", None], dtype="string"),
    ...     "status": ["FAILURE", "SUCCESS", "FAILURE"],
    ...     "creation_time": pd.to_datetime(["2026-01-03", "2026-01-02", "2026-01-01"], utc=True),
    ... })
    >>> unresolved_failures(runs)["run_id"].tolist()
    ['c']
    """
    group = strings(runs, "root_run_id").fillna(strings(runs, "run_id")).reset_index(drop=True)
    created = creation_times(runs).reset_index(drop=True)
    failed = has_status(runs, "FAILURE")
    # Most groups have only one run, so only the groups of failed runs are examined.
    candidates = has_status(runs, "SUCCESS") & group.isin(group[failed]).to_numpy(dtype=bool)
    last_success = created[candidates].groupby(group[candidates]).max().reindex(group[failed])
    unresolved = failed.copy()
    unresolved[failed] = ~(last_success.to_numpy() > created[failed].to_numpy())
    return runs[unresolved]
