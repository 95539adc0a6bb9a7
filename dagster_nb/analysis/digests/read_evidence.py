"""Read the data for a digest from a client or a history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from dagster_nb.analysis.current_slowdowns import current_slowdowns
from dagster_nb.analysis.digests.automation import may_have_stopped
from dagster_nb.analysis.digests.evidence import Evidence, runs_as_of
from dagster_nb.analysis.digests.failures import failed_in_period
from dagster_nb.analysis.digests.missing_partitions import partition_gaps
from dagster_nb.analysis.digests.slow_jobs import runs_to_compare
from dagster_nb.errors import QueryError, ServerError, UnauthorizedError, UnsupportedServerError
from dagster_nb.map_concurrently import MAX_CONCURRENCY
from dagster_nb.similar_names import unchecked_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["DigestSource", "read_evidence"]

T = TypeVar("T")
R = TypeVar("R")

_UNFINISHED = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]
_MAX_FAILURES = 200
_MAX_ASSETS = 100
_MAX_GAPS = 50
# Two weeks plus one day, so that a weekly schedule has at least two ticks.
_DAYS_OF_TICKS = pd.Timedelta("15D")
_AUTOMATION = ["name", "kind", "location", "repository", "status", "last_tick", "min_interval"]
# If the server lacks or denies a part of the data, the client raises one of these errors. The digest is still useful
# without this part.
_REFUSALS = (UnsupportedServerError, UnauthorizedError, ServerError, QueryError)


class DigestSource(Protocol):
    """A client or a history.

    If the source also has other methods of `DagsterClient` (``failures``, ``daemons``, ``schedules``, ``assets``, …),
    the digest uses them.
    """

    # The parameters `*args` and `**kwargs` let type checkers also accept methods that take only some of these
    # arguments.
    def runs(self, *args: Any, **filters: Any) -> pd.DataFrame:  # noqa: ANN401
        """Return the matching runs, newest first."""

    def count_runs(self, *args: Any, **filters: Any) -> int:  # noqa: ANN401
        """Return the number of matching runs."""


def read_evidence(
    source: DigestSource, start: pd.Timestamp, as_of: pd.Timestamp, oldest: pd.Timestamp, *, is_now: bool
) -> Evidence:
    """Read the data for a digest.

    Parameters
    ----------
    source
        A client or a history.
    start, as_of
        The period of the digest, in UTC.
    oldest
        The start of the history to read. Runs that were created before this time are read only if they are unfinished.
    is_now
        Whether the period ends now. If so, the current states of daemons, schedules and sensors are read too.
    """
    reader = _Reader(source)
    runs = source.runs(created_after=oldest, created_before=as_of + pd.Timedelta("1us"))
    if is_now:
        known = set(runs["run_id"])
        older = source.runs(status=_UNFINISHED, created_before=oldest + pd.Timedelta("1us"))
        older = older[~older["run_id"].isin(known)]
        runs = pd.concat([runs, older]) if len(older) else runs
    runs = runs_as_of(runs.reset_index(drop=True), as_of)
    slowdowns = _slowdowns(runs, start)
    compared = runs_to_compare(runs, slowdowns)
    configs = source.runs(run_ids=compared, include="run_config") if compared else None
    failed = failed_in_period(runs, start, as_of)["run_id"].tolist()
    failed = reader.first(failed[::-1], _MAX_FAILURES, "causes of failures: those of {} failed runs")[::-1]
    automations = reader.read(_read_automations, "schedules and sensors", "schedules", "sensors", "ticks")
    return Evidence(
        start=start,
        as_of=as_of,
        runs=runs,
        failures=reader.read(lambda one: one.failures(failed), "causes of failures", "failures") if failed else None,
        slowdowns=slowdowns,
        run_configs={} if configs is None else dict(zip(configs["run_id"], configs["run_config"], strict=True)),
        daemons=reader.read(lambda one: one.daemons(), "daemons", "daemons") if is_now else None,
        automations=automations if is_now else None,
        ticks=None
        if automations is None
        else reader.read(lambda one: _read_ticks(one, automations, start, as_of), "ticks", "ticks"),
        materializations=reader.read(
            lambda one: _read_materializations(reader, one, start, as_of, is_now=is_now),
            *("assets", "assets", "materializations"),
        ),
        missing_partitions=_missing_partitions(reader, source, runs),
        not_checked=tuple(reader.not_checked),
    )


class _Reader:
    """Reads optional data from a source, and records which data could not be read."""

    def __init__(self, source: DigestSource):
        self._source = source
        self.not_checked: list[str] = []

    def read(self, read: Callable[[Any], pd.DataFrame], name: str, *methods: str) -> pd.DataFrame | None:
        """Return the result of `read` for the source, or None if the source lacks the method or rejects the request."""
        if not all(callable(getattr(self._source, method, None)) for method in methods):
            self.not_checked.append(f"{name}: this source does not provide them")
            return None
        try:
            frame: pd.DataFrame = read(self._source)
        except _REFUSALS as error:
            self.not_checked.append(f"{name}: {error}")
            return None
        return frame

    def first(self, items: list[Any], limit: int, what_is_left: str) -> list[Any]:
        """Return the first items, and record how many were left out."""
        if len(items) > limit:
            self.not_checked.append(what_is_left.format(f"{len(items) - limit:,}"))
        return items[:limit]


def _map(read: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call a function for each item, a few at a time, and return the results in order."""
    with ThreadPoolExecutor(MAX_CONCURRENCY) as pool:
        return list(pool.map(read, items))


def _slowdowns(runs: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    found = current_slowdowns(runs)
    if found.empty:
        return found.assign(is_new=pd.Series([], dtype=bool))
    before = current_slowdowns(runs_as_of(runs, start))
    return found.assign(is_new=~found["job_name"].isin(before["job_name"]))


def _missing_partitions(reader: _Reader, source: DigestSource, runs: pd.DataFrame) -> pd.DataFrame:
    gaps = partition_gaps(runs)
    newest = reader.first(list(gaps.index[::-1]), _MAX_GAPS, "missing partitions: {} that may have older runs")
    gaps = gaps.loc[newest[::-1]]
    # A partition that seems to be missing may have an older run that was not read.
    with unchecked_names():
        is_missing = [
            source.count_runs(job=job, tags={"dagster/partition": key}) == 0
            for job, key in zip(gaps["job_name"], gaps["partition_key"], strict=True)
        ]
    gaps = gaps[np.array(is_missing, dtype=bool)].reset_index(drop=True)
    materialized = None
    if len(gaps) and all(hasattr(source, name) for name in ("assets", "partitions")):
        jobs = gaps["job_name"].unique().tolist()
        materialized = reader.read(
            lambda one: _materialized_partitions(reader, one, jobs), "partitions of assets", "assets", "partitions"
        )
    if materialized is None:
        return gaps
    rest = gaps.merge(materialized, how="left", indicator=True)
    return rest[(rest["_merge"] == "left_only").to_numpy(dtype=bool)][gaps.columns].reset_index(drop=True)


def _materialized_partitions(reader: _Reader, source: Any, jobs: list[str]) -> pd.DataFrame:  # noqa: ANN401
    """Return the partitions of each job for which the server has materializations of all assets of the job.

    If a run covers a range of partitions, its tags contain only the first and the last partition of the range. The
    returned frame has the columns ``job_name`` and ``partition_key``.
    """
    assets = source.assets()
    known = assets["is_partitioned"].fillna(value=False) & assets["last_materialization"].notna()
    assets = assets[known.to_numpy(dtype=bool)]
    assets = assets[np.array([bool(set(jobs) & set(names or ())) for names in assets["job_names"]], dtype=bool)]
    paths = reader.first(assets["asset_path"].tolist(), _MAX_ASSETS, "partitions: those of {} assets")
    keys = _map(lambda path: _keys_with_a_materialization(source.partitions(asset=path)), paths)
    rows = []
    for job in jobs:
        own = [found for found, names in zip(keys, assets["job_names"], strict=False) if job in names]
        rows += [(job, key) for key in (set.intersection(*own) if own else ())]
    return pd.DataFrame(rows, columns=["job_name", "partition_key"], dtype="string")


def _keys_with_a_materialization(partitions: pd.DataFrame) -> set[str]:
    return set(partitions["partition_key"][(partitions["status"] == "MATERIALIZED").to_numpy(dtype=bool)])


def _read_automations(source: Any) -> pd.DataFrame:  # noqa: ANN401
    schedules = source.schedules().rename(columns={"schedule": "name"})
    sensors = source.sensors().rename(columns={"sensor": "name"})
    schedules = schedules.assign(kind="schedule", min_interval=pd.Series(pd.NaT, schedules.index, "timedelta64[us]"))
    joined: pd.DataFrame = pd.concat(
        [schedules[_AUTOMATION], sensors.assign(kind="sensor")[_AUTOMATION]], ignore_index=True
    )
    return joined


def _read_ticks(source: Any, automations: pd.DataFrame, start: pd.Timestamp, as_of: pd.Timestamp) -> pd.DataFrame:  # noqa: ANN401
    def read(one: dict[Any, Any]) -> pd.DataFrame:
        name = {"name": one["name"], "location": one["location"], "repository": one["repository"]}
        ticks: pd.DataFrame = source.ticks(**name, after=start, before=as_of)
        is_on = one["status"] == "RUNNING" and one["kind"] == "schedule"
        if is_on and may_have_stopped(one["last_tick"], ticks, as_of):
            ticks = source.ticks(**name, after=min(start, one["last_tick"] - _DAYS_OF_TICKS), before=as_of)
        return ticks

    has_ticks = automations["last_tick"].notna() & (
        (automations["last_tick"] > start) | (automations["status"] == "RUNNING")
    )
    frames = _map(read, automations[has_ticks.to_numpy(dtype=bool)].to_dict("records"))
    if not frames:
        return pd.DataFrame(columns=["name", "location", "repository", "status", "timestamp"])
    joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return joined


def _read_materializations(
    reader: _Reader,
    source: Any,  # noqa: ANN401
    start: pd.Timestamp,
    as_of: pd.Timestamp,
    *,
    is_now: bool,
) -> pd.DataFrame:
    assets = source.assets()
    last = assets["last_materialization"]
    # An asset that was materialized in the period is not overdue, so its materializations are not needed.
    chosen = assets["asset"][(last.notna() & ((last <= start) | (not is_now))).to_numpy(dtype=bool)].tolist()
    chosen = reader.first(chosen, _MAX_ASSETS, "assets: {} that were materialized before this period")
    frames = _map(lambda asset: source.materializations(asset)[["asset", "timestamp"]], chosen)
    frames = [frame[(frame["timestamp"] <= as_of).to_numpy(dtype=bool)] for frame in frames]
    if not frames:
        return pd.DataFrame({"asset": pd.Series([], dtype="string"), "timestamp": pd.to_datetime([], utc=True)})
    joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return joined
