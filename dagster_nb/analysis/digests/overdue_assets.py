"""Find overdue assets, which were materialized regularly until recently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dagster_nb.analysis.digests.duration_quantile import quantile
from dagster_nb.analysis.digests.email_pictures import bar_picture
from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.statuses import GREEN, RED
from dagster_nb.terminal_text import one_line
from dagster_nb.words import duration_text

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_overdue_assets"]

_MIN_GAPS = 14
_MAX_GAPS = 60
# An asset is not materialized regularly if the longest gap between materializations is more than this many times the
# usual gap.
_MAX_IRREGULARITY = 4.0
_FACTOR = 1.5
_LATE = pd.Timedelta("1h")
# Materializations of several partitions within this time count as a single materialization.
_SAME = pd.Timedelta("10min")


def find_overdue_assets(evidence: Evidence) -> list[Finding]:
    """Return one finding per asset that is overdue and was materialized regularly before."""
    if evidence.materializations is None:
        return []
    found = []
    for asset, own in evidence.materializations.groupby("asset", sort=True):
        when = own["timestamp"][(own["timestamp"] <= evidence.as_of).to_numpy(dtype=bool)].sort_values()
        gaps = when.diff().dropna()
        gaps = gaps[gaps > _SAME].tail(_MAX_GAPS)
        if len(gaps) < _MIN_GAPS:
            continue
        usual, longest = quantile(gaps, 0.5), quantile(gaps, 1.0)
        silent = evidence.as_of - when.iloc[-1]
        if longest > _MAX_IRREGULARITY * usual or silent <= _FACTOR * longest + _LATE:
            continue
        name = one_line(asset)
        bars = [(GREEN, max(0.1, gap / silent)) for gap in gaps] + [(RED, 1.0)]
        found.append(
            Finding(
                "overdue asset", "warning", name,
                f"{name} has not been materialized for {duration_text(silent.floor('min'))}, although it usually is "
                f"every {duration_text(usual.round('min'))}",
                when.iloc[-1], "very likely",
                f"the longest of the last {len(gaps)} gaps was {duration_text(longest.round('min'))}",
                f"client.materializations({str(asset)!r})",
                picture=bar_picture(bars, f"{name}: time between materializations, and the time since the last one"),
            )
        )  # fmt: skip
    return found
