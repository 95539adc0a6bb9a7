"""Find failed runs: new failures, grouped by cause, and older failures that are still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.analysis.digests.email_pictures import recent_runs_picture
from dagster_nb.analysis.digests.evidence import end_times, in_order_of_creation, of_job
from dagster_nb.analysis.digests.findings import Finding, python_list
from dagster_nb.analysis.read_columns import creation_times, has_status, strings
from dagster_nb.analysis.similar_failures import CAUSE, failure_causes
from dagster_nb.analysis.unresolved_runs import unresolved_failures
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text, plural, short_id, time_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence
    from dagster_nb.analysis.digests.findings import Severity

__all__ = ["failed_in_period", "find_new_failures", "find_open_failures"]

_FACT = "the run statuses on the server"
_MAX_IDS_IN_CODE = 3


def failed_in_period(runs: pd.DataFrame, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the runs that failed in a period, with the oldest run first."""
    failed = runs[has_status(runs, "FAILURE")]
    ended = end_times(failed)
    return in_order_of_creation(failed[((ended > start) & (ended <= as_of)).to_numpy(dtype=bool)])


def find_new_failures(evidence: Evidence) -> list[Finding]:
    """Return one finding per job and cause, for the runs that failed in the period."""
    failed = failed_in_period(evidence.runs, evidence.start, evidence.as_of)
    if failed.empty:
        return []
    opened = set(unresolved_failures(evidence.runs)["run_id"])
    causes = _causes(failed, evidence.failures)
    keys = ["job_name", *CAUSE]
    found = []
    for values, group in failed.merge(causes, on="run_id", how="left").groupby(keys, dropna=False, sort=True):
        cause = dict(zip(keys, values, strict=True))
        found.append(_new_failure(evidence.runs, group, cause, opened))
    return found


def find_open_failures(evidence: Evidence) -> list[Finding]:
    """Return one finding per job with runs that failed before the period and are still unresolved."""
    failures = unresolved_failures(evidence.runs)
    older = failures[(end_times(failures) <= evidence.start).to_numpy(dtype=bool)]
    found = []
    for job in strings(older, "job_name").dropna().unique():
        own = of_job(older, job)
        broken = not _succeeded_since(of_job(evidence.runs, job), own)
        needed = strings(own, "partition_key").notna().any() if "partition_key" in own else False
        since = end_times(own).min()
        age = duration_text((evidence.as_of - since).floor("min"))
        were = "has" if len(own) == 1 else "have"
        found.append(
            Finding(
                "open failure",
                "error" if broken else "warning" if needed else "note",
                one_line(job),
                f"{plural(len(own), 'older failed run')} of {one_line(job)} {were} not been re-executed successfully, "
                f"for up to {age}" + ("; no run of the job has succeeded since" if broken else ""),
                since,
                "certain",
                _FACT,
                _reexecute_code(own, job),
                own["run_id"].tolist(),
            )
        )
    return found


def _causes(failed: pd.DataFrame, failures: pd.DataFrame | None) -> pd.DataFrame:
    """Return the cause of each failed run, or NA if the cause is unknown."""
    if failures is None or failures.empty:
        return pd.DataFrame({"run_id": failed["run_id"], **dict.fromkeys([*CAUSE, "error_message"], pd.NA)})
    causes = failure_causes(failures).drop_duplicates("run_id", keep="last")[["run_id", *CAUSE]]
    messages = failures[["run_id", "error_message"]].drop_duplicates("run_id", keep="last")
    return causes.merge(messages, on="run_id", how="left")


def _new_failure(runs: pd.DataFrame, group: pd.DataFrame, cause: dict[str, Any], opened: set[str]) -> Finding:
    job = cause["job_name"]
    own = of_job(runs, job)
    first, created = group.iloc[0], creation_times(group)
    before = own[(has_status(own, "SUCCESS")) & (end_times(own) < created.iloc[0]).to_numpy(dtype=bool)]
    is_open = group["run_id"].isin(opened).to_numpy(dtype=bool)
    broken = not _succeeded_since(own, group)
    severity: Severity = "error" if broken else "warning" if is_open.any() else "note"
    text = f"{plural(len(group), 'run')} of {one_line(job)} failed"
    if not pd.isna(cause["step_key"]):
        text += f" in {one_line(cause['step_key'])}"
    if not pd.isna(cause["error_class"]):
        text += f" with {one_line(cause['error_class'])}: {_first_line(group['error_message'].iloc[0])}"
    text += f". First: {short_id(first['run_id'])} at {time_text(created.iloc[0])}"
    if len(before):
        last = before.iloc[-1]
        text += f"; last success before: {short_id(last['run_id'])} at {time_text(end_times(before).iloc[-1])}"
    else:
        text += "; no earlier success"
    if broken:
        text += ". No run of the job has succeeded since"
        ids = [*before["run_id"].tolist()[-1:], first["run_id"]]
        code = _compare_code(ids) if len(ids) > 1 else f"client.failures({first['run_id']!r})"
    elif is_open.any():
        text += f". {is_open.sum()} of {len(group)} still open; the job has succeeded since"
        code = _reexecute_code(group[is_open], job)
    else:
        text += ". All resolved by re-execution"
        code = f"client.failures({first['run_id']!r})"
    return Finding(
        "new failure", severity, one_line(job), text, created.iloc[0], "certain", _FACT, code,
        group["run_id"].tolist(), recent_runs_picture(own, one_line(job)),
    )  # fmt: skip


def _succeeded_since(runs_of_job: pd.DataFrame, failed: pd.DataFrame) -> bool:
    """Return whether a run of the job that was created after the failed runs has succeeded."""
    successes = runs_of_job[has_status(runs_of_job, "SUCCESS")]
    return bool((creation_times(successes) > creation_times(failed).max()).any())


def _first_line(message: str | float | None) -> str:
    return "" if pd.isna(message) else one_line(str(message).strip().partition("\n")[0])


def _compare_code(run_ids: list[str]) -> str:
    ids = python_list(run_ids)
    return f"dnb.analysis.compare_runs(client.runs(run_ids={ids}, include='run_config'), client.steps({ids}))"


def _reexecute_code(runs: pd.DataFrame, job: object) -> str:
    if len(runs) <= _MAX_IDS_IN_CODE:
        return f"client.reexecute_many({python_list(runs['run_id'])})"
    after = creation_times(runs).min() - pd.Timedelta("1s")
    read = f"client.runs(job={str(job)!r}, created_after={after.isoformat()!r})"
    return f"client.reexecute_many(dnb.analysis.unresolved_failures({read}))"
