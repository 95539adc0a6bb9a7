"""Find missing time partitions: a job never ran for them, but ran for partitions before and after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dagster_nb.analysis.digests.email_pictures import bar_picture
from dagster_nb.analysis.digests.findings import Finding, python_list
from dagster_nb.analysis.read_columns import creation_times, strings
from dagster_nb.analysis.run_comparison import parse_json
from dagster_nb.statuses import GREEN, RED
from dagster_nb.terminal_text import one_line
from dagster_nb.words import plural

if TYPE_CHECKING:
    from dagster_nb.analysis.digests.evidence import Evidence

__all__ = ["find_missing_partitions", "partition_gaps"]

_MIN_KEYS = 14
_MAX_GAP = 3
_MIN_SHARE_OF_WEEKDAY = 0.8
_DAY = pd.Timedelta("1D")
_FORMATS = ("%Y-%m-%d", "%Y-%m-%d-%H:%M")
_MAX_KEYS_IN_TEXT = 5
# A picture has room for only a few bars, so it ends soon after the newest gap.
_MAX_BARS_AFTER_GAP = 10
# A run for a range of an asset's partitions has these tags instead of a tag with a single partition.
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def partition_gaps(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the time partitions that a job never ran for, although it ran for partitions before and after them.

    Only short gaps count, because a long gap usually means that the partitions are not needed. Days of the week on
    which a daily job never runs, such as Sundays, are not gaps. A run for a range of an asset's partitions counts as a
    run for every partition in the range.

    Parameters
    ----------
    runs
        Runs, with the columns ``job_name``, ``partition_key``, ``creation_time`` and, if there are ranges, ``tags`` of
        ``client.runs()``.

    Returns
    -------
    pandas.DataFrame
        ============= =================== =======================================================
        job_name      string
        partition_key string              the partition without a run
        expected_at   datetime64[us, UTC] the first run for a later partition of the job
        ============= =================== =======================================================

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=30, freq="D", tz="UTC").delete(20)
    >>> runs = pd.DataFrame({"job_name": "etl", "partition_key": days.strftime("%Y-%m-%d"), "creation_time": days})
    >>> partition_gaps(runs)["partition_key"].tolist()
    ['2026-01-21']
    """
    rows = []
    if "partition_key" in runs.columns and len(runs):
        table = pd.DataFrame({
            "job": strings(runs, "job_name"), "key": strings(runs, "partition_key"), "created": creation_times(runs)
        }).dropna()  # fmt: skip
        for job, own in table.groupby("job", sort=True):
            ranges = _ranges(runs[(runs["job_name"] == job).to_numpy(dtype=bool)])
            rows += [
                (job, key, expected)
                for key, expected in _gaps(own.groupby("key")["created"].min())
                if not any(first <= key <= last for first, last in ranges)
            ]
    frame = pd.DataFrame(rows, columns=["job_name", "partition_key", "expected_at"])
    return frame.astype({"job_name": "string", "partition_key": "string", "expected_at": "datetime64[us, UTC]"})


def find_missing_partitions(evidence: Evidence) -> list[Finding]:
    """Return one finding per job with missing partitions."""
    if evidence.missing_partitions is None:
        return []
    found = []
    for job, own in evidence.missing_partitions.groupby("job_name", sort=True):
        keys = own["partition_key"].tolist()
        shown = ", ".join(map(one_line, keys[:_MAX_KEYS_IN_TEXT])) + (", …" if len(keys) > _MAX_KEYS_IN_TEXT else "")
        ran = strings(evidence.runs, "partition_key")[(evidence.runs["job_name"] == job).to_numpy(dtype=bool)]
        known = sorted({*ran.dropna(), *keys})
        end = known.index(max(keys)) + 1 + _MAX_BARS_AFTER_GAP
        bars = [(RED, 1.0) if key in keys else (GREEN, 0.5) for key in known[:end]]
        name = one_line(job)
        since = own["expected_at"].min()
        found.append(
            Finding(
                "missing partition", "warning" if own["expected_at"].max() > evidence.start else "note", name,
                f"{name} never ran for {plural(len(keys), 'partition')}: {shown}, but it ran for partitions before and "
                "after",
                since, "very likely",
                f"the partition keys of {len(ran.dropna())} runs, without a run for the missing partitions",
                _launch_code(str(job), keys),
                picture=bar_picture(bars, f"{name}: partitions with runs, and missing partitions (tall)"),
            )
        )  # fmt: skip
    return found


def _ranges(runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the first and the last key of each range of partitions.

    Keys can be compared as strings, because they begin with the date.
    """
    tags = [parse_json(one) for one in runs["tags"]] if "tags" in runs.columns else []
    bounds = {tuple(one.get(name) for name in _RANGE_TAGS) for one in tags if isinstance(one, dict)}
    return [(first, last) for first, last in bounds if first is not None and last is not None]


def _launch_code(job: str, keys: list[str]) -> str:
    if len(keys) == 1:
        return f"client.launch({job!r}, partition_key={str(keys[0])!r})"
    return f"client.launch_many([{{'job': {job!r}, 'partition_key': key}} for key in {python_list(keys)}])"


def _gaps(first_runs: pd.Series) -> list[tuple[str, pd.Timestamp]]:
    """Return each missing key of a job, with the time of the first run for a later partition."""
    for layout in _FORMATS:
        when = pd.to_datetime(pd.Series(first_runs.index), format=layout, errors="coerce")
        if when.notna().all():
            break
    else:
        return []
    if len(when) < _MIN_KEYS:
        return []
    order = np.argsort(when.to_numpy())
    when, created = when.iloc[order].reset_index(drop=True), first_runs.iloc[order].reset_index(drop=True)
    step = when.diff().mode().iloc[0]
    counts = when.diff() / step
    # A longer gap is not a problem: it separates two series of partitions, such as those of a backfill and a schedule.
    stretches = (counts > _MAX_GAP + 1).cumsum()
    gaps = []
    for place in range(1, len(when)):
        count = counts[place]
        if not 1 < count <= _MAX_GAP + 1 or count % 1:
            continue
        near = set(when[stretches == stretches[place]])
        missing = [when[place - 1] + step * n for n in range(1, int(count))]
        gaps += [
            (one.strftime(layout), created[place:].min()) for one in missing if step != _DAY or _is_usual(one, near)
        ]
    return gaps


def _is_usual(day: pd.Timestamp, known: set[pd.Timestamp]) -> bool:
    """Return whether a daily job ran for the same day of the week in most of the neighboring weeks."""
    weeks = [day + 7 * n * _DAY for n in (-4, -3, -2, -1, 1, 2, 3, 4)]
    near = [one for one in weeks if min(known) <= one <= max(known)]
    return bool(near) and sum(one in known for one in near) / len(near) >= _MIN_SHARE_OF_WEEKDAY
