"""The run history of every server, as plain data. The expected frames are built from the same data.

The other environments import this file too, so it must not import pandas or dagster_nb.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

LOCATION = "compat"
REPOSITORY = "__repository__"

SECOND = 1_000_000
START = 1_767_312_000 * SECOND + 654_321  # shortly after 2026-01-02 00:00 UTC
_NAMESPACE = uuid.UUID("5a0e0000-0000-4000-8000-000000000000")


@dataclass(frozen=True)
class PastRun:
    """A run. All times are in microseconds since the Unix epoch."""

    run_id: str
    job: str
    status: str
    created: int
    updated: int
    started: int | None = None
    ended: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    run_config: dict[str, object] = field(default_factory=dict)
    root_run_id: str | None = None
    parent_run_id: str | None = None
    placed: bool = True
    """Whether the run has a code location. A run that was started by a script has none."""


def run_id_of(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, name))


# QUEUED is missing, because the daemon would start such runs.
STATUSES = ("SUCCESS", "SUCCESS", "FAILURE", "SUCCESS", "CANCELED", "STARTED", "SUCCESS", "NOT_STARTED", "FAILURE")
STARTED_NOT_ENDED = ("STARTED",)
FINISHED = ("SUCCESS", "FAILURE", "CANCELED")


def _past_run(number: int) -> PastRun:
    status = "CANCELING" if number == 17 else "STARTING" if number == 26 else STATUSES[number % len(STATUSES)]
    # The creation times have microseconds that a float cannot represent exactly. Each group of three runs shares one
    # creation time. Some creation times are whole seconds, because SQLite stores them without a fraction.
    created = START + (number // 3) * 3_600 * SECOND + (number // 3) * 123_457
    if number % 12 >= 9:
        created -= created % SECOND
    started = ended = None
    if status in FINISHED or status in STARTED_NOT_ENDED:
        started = created + 1_234_567 + number
    if status in FINISHED:
        ended = created + 61_000_003 + 997 * number
    if number in (4, 22, 20):  # runs that were canceled or failed before they started
        started = None
    # Some runs are updated later than newer runs, and some at the same time as another run.
    updated = (ended or started or created) + (7 * 86_400 * SECOND if number % 10 == 6 else 0)
    if number % 12 >= 9:
        updated -= updated % SECOND
    tags = {"kind": "past", "number": str(number)}
    if number % 2:
        tags["team"] = ("data", "ml", "web")[number % 3]
    if number % 4 == 0:
        tags["dagster/partition"] = ("north", "south")[number % 8 // 4]
    if number % 5 == 0:
        tags["dagster/schedule_name"] = "nightly"
    if number % 7 == 0:
        tags["user"] = "someone, with a comma=and=signs"
    parent = run_id_of(f"past {number - 9}") if number % 9 == 8 and number > 9 else None
    return PastRun(
        run_id=run_id_of(f"past {number}"),
        job=("quick", "fragile", "bygone")[number % 3],
        status=status,
        created=created,
        updated=updated,
        started=started,
        ended=ended,
        tags=tags,
        run_config={"ops": {"load": {"config": {"rows": number}}}} if number % 3 == 0 else {},
        root_run_id=run_id_of("past 8") if parent else None,
        parent_run_id=parent,
        placed=number % 6 != 5,
    )


PAST = [_past_run(number) for number in range(45)]
"""The runs in the order in which they are stored, oldest first."""


def _bygone_run(name: str, job: str, status: str = "SUCCESS") -> PastRun:
    moment = START - 3_600 * SECOND
    return PastRun(
        run_id_of(name), job, status, moment, moment, moment, None if status == "STARTED" else moment + SECOND
    )


DOOMED = [_bygone_run(f"doomed {number}", "doomed") for number in range(24)]
"""Runs that a test deletes while it is reading them."""

LOST = [_bygone_run("lost 0", "lost"), _bygone_run("lost 1", "lost", "STARTED")]
"""Runs without a process. The explorer deletes one of them and marks the other as canceled."""

HISTORY = [*DOOMED, *LOST, *PAST]
