"""The steps of a run, including the steps that have not started yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["planned_steps", "with_pending"]

# The key of a dynamic step is "square[?]" in the plan, and "square[1]", "square[2]", … in the run.
_DYNAMIC = "[?]"


def planned_steps(response: Mapping[str, Any]) -> list[str]:
    """Return the keys of the steps in the execution plan of a run (``Run.executionPlan``).

    Parameters
    ----------
    response
        The response to the document ``run_plan``.

    Examples
    --------
    >>> planned_steps({"runOrError": {"executionPlan": {"steps": [{"key": "load"}]}}})
    ['load']
    """
    plan = response["runOrError"].get("executionPlan")
    return [step["key"] for step in plan["steps"]] if plan else []


def with_pending(steps: pd.DataFrame, run_id: str, planned: Iterable[str]) -> pd.DataFrame:
    """Return the steps of a run, followed by the planned steps that have not started.

    Parameters
    ----------
    steps
        The steps, with the columns of `DagsterClient.steps`.
    run_id
        The id of the run.
    planned
        The keys of the planned steps.

    Examples
    --------
    >>> steps = pd.DataFrame({"step_key": ["load"], "status": ["SUCCESS"], "attempts": [1]})
    >>> with_pending(steps, "8f5e", ["load", "train"])["status"].tolist()
    ['SUCCESS', 'NOT_STARTED']
    """
    started = set(steps["step_key"])
    pending = [key for key in planned if not _has_started(key, started)]
    if not pending:
        return steps
    rows = pd.DataFrame({"run_id": run_id, "step_key": pending, "status": "NOT_STARTED", "attempts": 0})
    return pd.concat([steps, rows.reindex(columns=steps.columns).astype(steps.dtypes)], ignore_index=True)


def _has_started(key: str, started: set[str]) -> bool:
    if _DYNAMIC in key:
        prefix = key[: key.index(_DYNAMIC) + 1]
        return any(one.startswith(prefix) for one in started)
    return key in started
