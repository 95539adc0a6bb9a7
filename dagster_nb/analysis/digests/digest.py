"""The function `digest`, which finds the problems and the recent changes of a deployment in one call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.digests import (
    automation,
    daemons,
    failures,
    missing_partitions,
    overdue_assets,
    queue_times,
    slow_jobs,
    stuck_runs,
)
from dagster_nb.analysis.digests.email_pictures import daily_runs_picture
from dagster_nb.analysis.digests.findings import SEVERITIES, findings_frame
from dagster_nb.analysis.digests.html import digest_html, page_html
from dagster_nb.analysis.digests.markdown import digest_markdown
from dagster_nb.analysis.digests.read_evidence import read_evidence
from dagster_nb.analysis.digests.summary import Summary
from dagster_nb.parse_time import to_seconds
from dagster_nb.terminal_text import plain_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from dagster_nb.analysis.digests.evidence import Evidence
    from dagster_nb.analysis.digests.findings import Finding
    from dagster_nb.analysis.digests.read_evidence import DigestSource
    from dagster_nb.parse_time import Moment

__all__ = ["Digest", "digest", "find_all"]

_FINDERS: tuple[Callable[[Evidence], list[Finding]], ...] = (
    daemons.find_daemons,
    failures.find_new_failures,
    stuck_runs.find_stuck_runs,
    automation.find_failed_ticks,
    automation.find_stopped_automations,
    slow_jobs.find_slow_jobs,
    queue_times.find_queue_times,
    overdue_assets.find_overdue_assets,
    missing_partitions.find_missing_partitions,
    failures.find_open_failures,
)


class Digest:
    """The problems and recent changes of a deployment, as returned by `digest`.

    A notebook shows a digest as a page. ``print(digest)`` prints it as text.

    Parameters
    ----------
    findings
        The findings of the digest.
    summary
        The period, and other facts for the page.
    """

    def __init__(self, findings: Sequence[Finding], summary: Summary):
        self._found = sorted(findings, key=lambda one: SEVERITIES.index(one.severity))
        self._summary = summary

    @property
    def findings(self) -> pd.DataFrame:
        """The findings, with the worst finding first.

        =========== =================== ==========================================================================
        kind        string              ``"new failure"``, ``"open failure"``, ``"slower job"``, ``"stuck run"``,
                                        ``"queue time"``, ``"daemon"``, ``"failed tick"``, ``"stopped ticking"``,
                                        ``"overdue asset"`` or ``"missing partition"``
        severity    category            ``"error"`` (broken now), ``"warning"`` (someone should act) or ``"note"``
        subject     string              the job, schedule, sensor, asset or daemon
        what        string              the finding in one line
        since       datetime64[us, UTC] when the problem or the change began
        certainty   string              ``"certain"`` (reported by the server), ``"very likely"`` or ``"likely"``
        evidence    string              the basis of the certainty
        next_step   string              Python code that shows details or fixes the problem
        run_ids     object: list        the runs, with the oldest run first
        =========== =================== ==========================================================================
        """
        return findings_frame(self._found)

    @property
    def has_problems(self) -> bool:
        """Whether there is an error or a warning."""
        return any(one.severity != "note" for one in self._found)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the digest to one self-contained HTML file.

        The file has no scripts, and its styles are inline, so it can be sent as the body of an email. The pictures are
        colored text, because Gmail and Outlook remove SVG from emails and do not show images that are part of the
        page. The caption of each picture says what it shows.

        Parameters
        ----------
        path
            The path of the file. An existing file is replaced.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        Path(path).write_text(page_html(self._found, self._summary), encoding="utf-8", errors="replace")

    def to_markdown(self) -> str:
        """Return the digest as Markdown, for example for a chat or a ticket."""
        return digest_markdown(self._found, self._summary)

    def _repr_html_(self) -> str:
        return digest_html(self._found, self._summary)

    def __repr__(self) -> str:
        lines = [self._summary.title, self._summary.headline(self._found)]
        for one in self._found:
            text = plain_text(f"{one.severity.upper()}: {one.what} ({one.certainty}: {one.evidence})")
            lines += [text, f"    {one.next_step}"]
        return "\n".join([*lines, *self._summary.footnotes])


def digest(
    source: DigestSource, since: Moment = "24h", as_of: Moment | None = None, *, lookback: Moment = "60d"
) -> Digest:
    """Find the problems and recent changes of a deployment, with suggestions for what to do next.

    Parameters
    ----------
    source
        A client or a history. A history contains only runs and steps, so daemons, schedules, sensors, assets and the
        causes of failures are not checked. The digest lists what was not checked.
    since
        The start of the period: a time, or how long before the end, such as ``"24h"``.
    as_of
        The end of the period. Default: the current time, or the last refresh of a history. For a time in the past, the
        digest uses the states of the runs at that time, but does not check daemons and stopped schedules, because
        Dagster does not store their earlier states.
    lookback
        The start of the history with which the period is compared: a time, or how long before the end. Failures,
        slowdowns and partitions before this time are ignored.

    Returns
    -------
    Digest
        The digest, with ``.findings``, ``.has_problems``, ``.to_html(path)`` and ``.to_markdown()``.

    Raises
    ------
    ValueError
        If a time is invalid, or `since` is not before `as_of`.
    ConnectionFailedError, RequestTimeoutError, UnauthorizedError

    Examples
    --------
    >>> dnb.analysis.digest(client, since="24h").to_html("digest.html")  # doctest: +SKIP
    """
    end = _end(source, as_of)
    start, oldest = _to_time(since, "since", end), _to_time(lookback, "lookback", end)
    if start >= end:
        raise ValueError(f"since ({start}) must be before the end of the period ({end}). Give an earlier time.")
    evidence = read_evidence(source, start, end, min(oldest, start), is_now=as_of is None)
    summary = Summary(
        str(getattr(source, "url", "")), start, end, len(evidence.runs), evidence.not_checked,
        daily_runs_picture(evidence.runs, end),
    )  # fmt: skip
    return Digest(find_all(evidence), summary)


def find_all(evidence: Evidence) -> list[Finding]:
    """Return all findings."""
    return [one for find in _FINDERS for one in find(evidence)]


def _end(source: DigestSource, as_of: Moment | None) -> pd.Timestamp:
    now = pd.Timestamp(datetime.now(UTC)).as_unit("us")
    if as_of is not None:
        return _to_time(as_of, "as_of", now)
    refreshed: datetime | None = getattr(source, "synced_at", None)
    return now if refreshed is None else pd.Timestamp(refreshed).as_unit("us")


def _to_time(moment: Moment, name: str, now: pd.Timestamp) -> pd.Timestamp:
    seconds = to_seconds(moment, name, now=now.to_pydatetime())
    if seconds is None:
        raise ValueError(f"{name} must be a time such as '2026-01-31', or an age such as '24h', not None")
    return pd.Timestamp(seconds, unit="s", tz="UTC").round("us").as_unit("us")
