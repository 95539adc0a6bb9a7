"""Evidence in which a digest finds problems of every kind."""

from __future__ import annotations

import pandas as pd

from dagster_nb.analysis.current_slowdowns import current_slowdowns
from dagster_nb.analysis.digests.digest import find_all
from dagster_nb.analysis.digests.evidence import Evidence
from dagster_nb.analysis.digests.missing_partitions import partition_gaps

AS_OF = pd.Timestamp("2026-11-25 09:00", tz="UTC")
START = AS_OF - pd.Timedelta("24h")


def runs(*rows, job="etl"):
    """Return runs of a job.

    Each row has the status, the hours before AS_OF, the seconds in the queue, the duration in seconds, and other
    values.
    """
    built = []
    for number, (status, hours, queued, length, *other) in enumerate(rows):
        created = AS_OF - pd.Timedelta(hours=hours)
        started = pd.NaT if queued is None else created + pd.Timedelta(seconds=queued)
        values = {
            "run_id": f"run {number}", "job_name": job, "status": status, "creation_time": created,
            "start_time": started, "end_time": pd.NaT if length is None else started + pd.Timedelta(seconds=length),
            "root_run_id": None, "partition_key": None, "tags": {},
        }  # fmt: skip
        built.append(values | (other[0] if other else {}))
    frame = pd.DataFrame(built)
    for name in ("creation_time", "start_time", "end_time"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    frame["queue_duration"] = (frame["start_time"] - frame["creation_time"]).astype("timedelta64[us]")
    frame["duration"] = (frame["end_time"] - frame["start_time"]).astype("timedelta64[us]")
    return frame.astype({"root_run_id": "string", "partition_key": "string", "job_name": "string", "run_id": "string"})


USUAL = [("SUCCESS", 30 + hours, 5, 600 + hours) for hours in range(40)]


def findings_of_every_kind(job="etl", automation="hourly", asset="orders", ids=None):
    """Return findings of every kind, with every variant of the next step.

    Parameters
    ----------
    job, automation, asset
        The names of the job, the schedule and the asset.
    ids
        The ids of the runs.
    """
    histories = [_healthy_then_failed(count) for count in (0, 1, 5)]
    histories += [_never_succeeded(), _slower(), *_gaps(), *_stuck()]
    found = []
    for rows in histories:
        frame = runs(*rows, job=job)
        if ids is not None:
            frame["run_id"] = pd.array(ids[: len(frame)], dtype="string")
        slowdowns = current_slowdowns(frame)
        found += find_all(
            Evidence(
                START,
                AS_OF,
                frame,
                slowdowns=slowdowns.assign(is_new=True),
                missing_partitions=partition_gaps(frame),
                **_automation(automation),
                materializations=pd.DataFrame(
                    {"asset": asset, "timestamp": [AS_OF - pd.Timedelta(days=3 + day) for day in range(20)]}
                ),
            )
        )
    return found


def _healthy_then_failed(count):
    """Return the runs of a job: failures before and in the period and, if there are several, a success after them."""
    failed = [("FAILURE", 28 - number, 5, 60) for number in range(count)]
    failed += [("FAILURE", 20 - number, 5, 60) for number in range(count)]
    return [*USUAL, *failed, *([("SUCCESS", 1, 5, 60)] if count > 1 else [])]


def _never_succeeded():
    return [("FAILURE", 2, 5, 60), ("FAILURE", 1, 5, 60)]


def _slower():
    """Return runs of a job that becomes slower and whose runs wait longer in the queue."""
    return [("SUCCESS", 200 - 2 * n, 5 if n < 88 else 900, 600 + n % 7 + 900 * (n >= 70)) for n in range(100)]


def _gaps():
    for missing in ([20], [20, 21]):
        days = [day for day in range(40) if day not in missing]
        yield [("SUCCESS", 24 * (40 - day), 5, 60, {"partition_key": _key(day)}) for day in days]


def _key(day):
    return (AS_OF - pd.Timedelta(days=40 - day)).strftime("%Y-%m-%d")


def _stuck():
    for status, queued in (("STARTED", 5), ("QUEUED", None), ("STARTING", 5), ("CANCELING", 5)):
        yield [*USUAL, (status, 20, queued, None)]


def _automation(name):
    place = {"name": name, "location": "shop", "repository": "__repository__"}
    hours = pd.Series([13, 14, 15, 16, 17, 18], dtype="float64")
    return {
        "daemons": pd.DataFrame(
            {"daemon": ["QUEUED_RUN_COORDINATOR"], "required": True, "healthy": False, "last_heartbeat": AS_OF}
        ),
        "automations": pd.DataFrame(
            {
                **place, "kind": ["schedule"], "status": "RUNNING", "last_tick": AS_OF - pd.Timedelta(hours=13),
                "min_interval": pd.NaT,
            }
        ),
        "ticks": pd.DataFrame(
            {
                **place, "status": ["FAILURE"] * 6, "timestamp": AS_OF - pd.to_timedelta(hours, unit="h"),
                "error_class": "OSError", "error_message": "no route",
            }
        ),
    }  # fmt: skip
