"""The class `Finding`: a problem or a change, with its certainty and the next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SEVERITIES", "Certainty", "Finding", "Severity", "findings_frame", "python_list"]

Severity = Literal["error", "warning", "note"]
Certainty = Literal["certain", "very likely", "likely"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The severities, with the worst severity first."""

_STRINGS = ("kind", "subject", "what", "certainty", "evidence", "next_step")
_COLUMNS = ["kind", "severity", "subject", "what", "since", "certainty", "evidence", "next_step", "run_ids"]


@dataclass(frozen=True)
class Finding:
    """A problem or a change.

    Parameters
    ----------
    kind
        The kind of finding, such as ``"new failure"``.
    severity
        ``"error"`` if something is broken now, ``"warning"`` if someone should act, ``"note"`` otherwise.
    subject
        The job, schedule, sensor, asset or daemon that the finding is about.
    what
        The finding in one line.
    since
        The time at which the problem or the change began, in UTC, or NaT if unknown.
    certainty
        ``"certain"`` if the server reports the problem, or ``"very likely"`` or ``"likely"`` if it is inferred from the
        history.
    evidence
        The data that the certainty is based on.
    next_step
        Python code that shows details or fixes the problem. The code uses the names ``client`` and ``dnb``.
    run_ids
        The runs that the finding is about, with the oldest run first.
    picture
        A picture of the finding; empty if there is none.
    """

    kind: str
    severity: Severity
    subject: str
    what: str
    since: pd.Timestamp
    certainty: Certainty
    evidence: str
    next_step: str
    run_ids: Sequence[str] = field(default=())
    picture: str = ""


def findings_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return findings as a frame.

    Returns
    -------
    pandas.DataFrame
        The columns of ``Digest.findings``.

    Examples
    --------
    >>> findings_frame([])["severity"].cat.categories.tolist()
    ['error', 'warning', 'note']
    """
    rows = [[getattr(one, name) for name in _COLUMNS] for one in findings]
    frame = pd.DataFrame(rows, columns=_COLUMNS, dtype="object")
    frame["run_ids"] = pd.Series([list(ids) for ids in frame["run_ids"]], dtype="object", index=frame.index)
    frame["severity"] = pd.Categorical(frame["severity"], categories=SEVERITIES, ordered=True)
    since = pd.to_datetime(frame["since"], utc=True).astype("datetime64[us, UTC]")
    return frame.astype(dict.fromkeys(_STRINGS, pd.StringDtype())).assign(since=since)


def python_list(values: Iterable[str]) -> str:
    """Return the Python code for a list of strings.

    Examples
    --------
    >>> python_list(["a", "b"])
    "['a', 'b']"
    """
    return repr([str(value) for value in values])
