"""Define every status of a run or a step, with its word, color, marker and phase.

Charts and panels draw each status as defined in this table. A status that is missing from the table is drawn as
`UNKNOWN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "BLUE",
    "FINISHED",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "RED",
    "RUN_STATUSES",
    "SKY",
    "STATUSES",
    "STEP_STATUSES",
    "UNKNOWN",
    "Status",
    "status_of",
]


# The palette of Okabe and Ito ("Color Universal Design", 2008), which is safe for color-blind readers. The palette's
# orange and sky blue are too pale for a light background, so they are darker here. Each color has a contrast of at
# least 3:1 with white and with nearly black.
BLUE = "#0072B2"
GREEN = "#009E73"
GREY = "#8C8C8C"
ORANGE = "#BF7E00"
PURPLE = "#CC79A7"
RED = "#D55E00"
SKY = "#2C95D1"


@dataclass(frozen=True, slots=True)
class Status:
    """The appearance and the meaning of a status.

    Parameters
    ----------
    name
        Dagster's own name, such as ``"FAILURE"``.
    word
        The word for the status in the middle of a sentence, such as ``"failed"``.
    color
        The color of the status in charts, as a hexadecimal string. The color is visible on light and on dark
        backgrounds.
    symbol
        One character, shown before the name, so that the status is never indicated by color alone.
    marker
        The matplotlib marker that is closest to the symbol.
    hatch
        The matplotlib hatch for bars and areas with this status.
    phase
        ``"waiting"`` before any work is done, ``"running"`` while Dagster is working, ``"finished"`` for a final
        status, or ``"unknown"`` for a status that is not in this table.
    """

    name: str
    word: str
    color: str
    symbol: str
    marker: str
    hatch: str
    phase: Literal["waiting", "running", "finished", "unknown"]

    @property
    def is_finished(self) -> bool:
        """Whether a run or step with this status has ended."""
        return self.phase == "finished"


# The statuses are in the order of Dagster's DagsterRunStatus.
_RUNS = (
    Status("QUEUED", "queued", PURPLE, "▽", "v", "||||", "waiting"),
    Status("NOT_STARTED", "not started", PURPLE, "◁", "<", "----", "waiting"),
    Status("MANAGED", "managed", BLUE, "⬠", "p", "OO", "waiting"),
    Status("STARTING", "starting", SKY, "△", "^", "++++", "running"),
    Status("STARTED", "running", SKY, "▶", ">", "\\\\\\\\", "running"),
    Status("SUSPENDED", "suspended", ORANGE, "‖", "h", "oo", "waiting"),
    Status("SUCCESS", "succeeded", GREEN, "●", "o", "", "finished"),
    Status("FAILURE", "failed", RED, "✖", "X", "////", "finished"),
    Status("CANCELING", "canceling", ORANGE, "✚", "P", "**", "running"),
    Status("CANCELED", "canceled", GREY, "■", "s", "....", "finished"),
)
# Steps can also have the statuses SUCCESS and FAILURE.
_STEPS = (
    Status("IN_PROGRESS", "running", SKY, "▶", ">", "\\\\\\\\", "running"),
    Status("SKIPPED", "skipped", GREY, "◇", "d", "....", "finished"),
)

STATUSES = {status.name: status for status in (*_RUNS, *_STEPS)}
"""Every known status by its name."""

UNKNOWN = Status("UNKNOWN", "in an unknown state", GREY, "✱", "*", "xxxx", "unknown")
"""The appearance of a status that is not in `STATUSES`."""

RUN_STATUSES = tuple(status.name for status in _RUNS)
"""The statuses of a run, in Dagster's order. Additional statuses of a newer server come after these."""

STEP_STATUSES = ("IN_PROGRESS", "SUCCESS", "FAILURE", "SKIPPED")
"""The statuses of a step, in Dagster's order."""

FINISHED = frozenset(status.name for status in _RUNS if status.is_finished)
"""The final statuses of a run."""


def status_of(name: str) -> Status:
    """Return the entry of a status, or `UNKNOWN` if it is not in the table.

    Examples
    --------
    >>> status_of("FAILURE").word, status_of("BRAND_NEW").symbol
    ('failed', '✱')
    """
    return STATUSES.get(name, UNKNOWN)
