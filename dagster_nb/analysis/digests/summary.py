"""The class `Summary`: the facts that a digest shows in addition to its findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_nb.analysis.digests.findings import SEVERITIES
from dagster_nb.terminal_text import one_line
from dagster_nb.words import count_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dagster_nb.analysis.digests.findings import Finding

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """The facts that a digest shows in addition to its findings.

    Parameters
    ----------
    url
        The address of the deployment.
    start, as_of
        The period, in UTC.
    n_runs
        The number of runs that were read.
    not_checked
        Descriptions of the data that could not be read.
    picture
        A picture of the runs per day.
    """

    url: str
    start: pd.Timestamp
    as_of: pd.Timestamp
    n_runs: int
    not_checked: Sequence[str] = ()
    picture: str = ""

    @property
    def title(self) -> str:
        """One line with the limits of the period and the address of the deployment."""
        period = f"{self.start:%Y-%m-%d %H:%M} to {self.as_of:%Y-%m-%d %H:%M} UTC"
        return f"Dagster digest, {period}" + (f", {one_line(self.url)}" if self.url else "")

    def headline(self, findings: Sequence[Finding]) -> str:
        """Return one line with the number of findings."""
        counts = [(sum(one.severity == name for one in findings), name) for name in SEVERITIES]
        text = ", ".join(plural(count, name) for count, name in counts if count)
        return f"{text}." if text else f"Nothing to report; {plural(self.n_runs, 'run')} checked."

    @property
    def footnotes(self) -> list[str]:
        """The number of runs that were read, and the parts that were not checked."""
        lines = [f"{count_text(self.n_runs)} runs read. Times are in UTC."]
        return lines + [f"Not checked: {one_line(text)}" for text in self.not_checked]
