"""Reading run history: ``runs``, ``iter_runs`` and ``count_runs``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.client.arguments.run_ids import run_ids_of
from dagster_nb.client.base import AsyncBase
from dagster_nb.errors import IncompleteHistoryError
from dagster_nb.frames.columns import categories
from dagster_nb.frames.runs import INCLUDABLE, runs_frame
from dagster_nb.graphql.filters import RunSelection, one_or_many
from dagster_nb.graphql.labels import RepositoryLabels
from dagster_nb.graphql.paging import DEFAULT_PAGE_SIZE, ContradictionError, count_runs, read_pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from dagster_nb.client.arguments.run_ids import RunsLike
    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.graphql.times import Moment

__all__ = ["Reading"]


class Reading(AsyncBase):
    """The part of the client that reads runs."""

    async def runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
        include: str | Iterable[str] = (),
        limit: int | None = None,
        page_size: int | None = None,
    ) -> pd.DataFrame:
        """Read all runs that match, newest first, in the server's own order.

        Nothing is lost silently: runs that are deleted or arrive while this reads neither repeat nor hide others.

        Parameters
        ----------
        job, status, location
            One or many; a run must have one of them. An empty list means no run, and asks the server nothing.
        run_ids
            One or many ids, `Run` objects, a Series of ids, or a frame with a ``run_id`` column.
        tags
            ``{"team": "data"}``, or ``{"team": ["data", "ml"]}`` for any of several values; all keys must match.
        created_after, created_before, updated_after, updated_before
            Exclusive bounds: a datetime, a date, an ISO 8601 text (UTC unless it says otherwise); or that long ago: a
            timedelta, or a text such as ``"24h"``, ``"7d"`` (units ``s``, ``min``, ``h``, ``d``, ``w``).
        include
            Further columns: ``"run_config"`` (dict), ``"asset_selection"`` (list of ``"a/b"`` keys, None for a run of
            the whole job), ``"op_selection"`` (list, None likewise).
        limit
            The most runs to read; None reads all.
        page_size
            Runs a request; 500 by default. Smaller pages show progress sooner and fit a slow server's time-out.

        Returns
        -------
        pandas.DataFrame
            One row a run; the same columns and dtypes whether it has 0 rows or 1,000,000:

            ============================== ========================= ===============================================
            column                         dtype                     from (``Run``)
            ============================== ========================= ===============================================
            run_id, job_name               string                    ``runId``, ``jobName``
            status                         category                  ``status``; Dagster's order, a new one last
            creation_time, start_time,     datetime64[us, UTC]       ``creationTime``, ``startTime``, ``endTime``,
            end_time, update_time                                    ``updateTime``; NaT where absent, and as the
                                                                     start of a run that ended before it started
            queue_duration                 timedelta64[us]           start_time minus creation_time
            duration                       timedelta64[us]           end_time minus start_time; NaT until finished
            location, repository           string                    ``repositoryOrigin``
            partition                      string                    tag ``dagster/partition``
            launched_by                    string                    the value of the first of the tags
                                                                     ``dagster/schedule_name``,
                                                                     ``dagster/sensor_name``,
                                                                     ``dagster/backfill``, ``user``
            root_run_id, parent_run_id     string                    ``rootRunId``, ``parentRunId``
            tags                           object: dict              ``tags``
            ============================== ========================= ===============================================

            What a server does not tell is NA: before Dagster 1.7.13 that is creation_time and, with it, queue_duration.
            ``frame.attrs["dagster_nb"]`` holds the url, the filters and the time of reading as plain JSON.

        Raises
        ------
        ValueError, TypeError
            If an argument cannot be meant; nothing is sent then.
        IncompleteHistoryError
            If the server keeps listing runs that it does not hand over; ``.frame`` is what could be read.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.runs(status="FAILURE", created_after="7d")  # doctest: +SKIP
        """
        selection = self._select(
            job=job,
            status=status,
            tags=tags,
            run_ids=run_ids,
            location=location,
            created_after=created_after,
            created_before=created_before,
            updated_after=updated_after,
            updated_before=updated_before,
        )
        included, limit, page_size = _included(include), _whole(limit, "limit"), _page_size(page_size)
        fetched_at = datetime.now(UTC)
        pages: list[pd.DataFrame] = []
        with self._progress_bar("reading runs", unit="runs") as bar:
            try:
                async for page in self._pages(selection, included, limit=limit, page_size=page_size, bar=bar):
                    pages.append(page)
                    bar.advance(len(page))
            except IncompleteHistoryError as error:
                error.frame = self._finish(pages, selection, included, limit, fetched_at)
                raise
        return self._finish(pages, selection, included, limit, fetched_at)

    def iter_runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
        include: str | Iterable[str] = (),
        limit: int | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[pd.DataFrame]:
        """Read all runs that match a page at a time, so that a history of any size fits into memory.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.
        include, limit, page_size
            As in `runs`.

        Yields
        ------
        pandas.DataFrame
            A page of runs, with the columns and dtypes of `runs`, which stay as they are under `pandas.concat`. No page
            is empty; where nothing matches there is none.

        Raises
        ------
        As `runs`. An `IncompleteHistoryError` comes after the last page, and its ``.frame`` is empty: what could be
        read was handed over.

        Examples
        --------
        >>> sum(len(page) for page in client.iter_runs(status="FAILURE"))  # doctest: +SKIP
        """
        selection = self._select(
            job=job,
            status=status,
            tags=tags,
            run_ids=run_ids,
            location=location,
            created_after=created_after,
            created_before=created_before,
            updated_after=updated_after,
            updated_before=updated_before,
        )
        included, limit, page_size = _included(include), _whole(limit, "limit"), _page_size(page_size)

        # Apart, so that a wrong argument is told at the call and not at the first page.
        async def pages() -> AsyncIterator[pd.DataFrame]:
            async for page in self._pages(selection, included, limit=limit, page_size=page_size):
                yield self._finish([page], selection, included, limit, datetime.now(UTC))

        return pages()

    async def count_runs(
        self,
        *,
        job: str | Iterable[str] | None = None,
        status: str | Iterable[str] | None = None,
        tags: Mapping[str, str | Iterable[str]] | None = None,
        run_ids: RunsLike | None = None,
        location: str | Iterable[str] | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        updated_after: Moment | None = None,
        updated_before: Moment | None = None,
    ) -> int:
        """Count the runs that match, without reading them (``Runs.count``).

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.

        Raises
        ------
        ValueError, TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.count_runs(status="FAILURE")  # doctest: +SKIP
        """
        selection = self._select(
            job=job,
            status=status,
            tags=tags,
            run_ids=run_ids,
            location=location,
            created_after=created_after,
            created_before=created_before,
            updated_after=updated_after,
            updated_before=updated_before,
        )
        if selection.is_empty:
            return 0
        _, filters = await self._filters(selection)
        return await count_runs(self._server, filters)

    async def _pages(
        self,
        selection: RunSelection,
        include: Sequence[str],
        *,
        limit: int | None,
        page_size: int,
        bar: ProgressBar | None = None,
    ) -> AsyncIterator[pd.DataFrame]:
        if selection.is_empty or limit == 0:
            return
        common, filters = await self._filters(selection)
        if bar is not None and self._shows_progress and (limit is None or limit > page_size):
            matching = await count_runs(self._server, filters)
            bar.total = matching if limit is None else min(matching, limit)
        try:
            async for records in read_pages(
                self._server,
                common,
                filters,
                limit=limit,
                page_size=page_size,
                include={INCLUDABLE[name]: True for name in include},
            ):
                # A status that came up since the server was asked for its own is known from now on.
                told = [record["status"] for record in records if "status" in record]
                self._statuses = categories(told, self._statuses)
                yield runs_frame(records, include=include, known_statuses=self._statuses)
        except ContradictionError as error:
            raise self._incomplete(error, include) from None

    def _incomplete(self, error: ContradictionError, include: Sequence[str] = ()) -> IncompleteHistoryError:
        return IncompleteHistoryError(
            f"{self.url} lists {len(error.missing)} runs that it does not hand over, such as {error.missing[0]}, "
            f"after several tries. What could be read is in the error's .frame; look at the server's log.",
            frame=runs_frame([], include=include, known_statuses=self._statuses),
        )

    def _finish(
        self,
        pages: list[pd.DataFrame],
        selection: RunSelection,
        include: Sequence[str],
        limit: int | None,
        fetched_at: datetime,
    ) -> pd.DataFrame:
        """Join pages, and note on the frame where it comes from."""
        if len(pages) == 1:
            frame = pages[0]
        elif pages:
            for page in pages:
                page["status"] = page["status"].cat.set_categories(self._statuses)
            frame = pd.concat(pages, ignore_index=True)
        else:
            frame = runs_frame([], include=include, known_statuses=self._statuses)
        filters = selection.as_json() if limit is None else {**selection.as_json(), "limit": limit}
        frame.attrs["dagster_nb"] = {"url": self.url, "filters": filters, "fetched_at": fetched_at.isoformat()}
        return frame

    def _select(self, **arguments: Any) -> RunSelection:  # noqa: ANN401 - RunSelection.of says what they are
        if arguments["run_ids"] is not None:
            arguments["run_ids"] = run_ids_of(arguments["run_ids"])
        return RunSelection.of(known_statuses=self._statuses, **arguments)

    async def _filters(self, selection: RunSelection) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        selection = await self._with_known_statuses(selection)
        if selection.is_empty:
            return {}, []
        if selection.location is None:
            return selection.filters()
        try:
            labels = await self._labels.of_locations(selection.location)
        except ContradictionError as error:
            # One of these may be of a location that nothing else tells of.
            raise self._incomplete(error) from None
        return selection.filters(labels)

    async def _with_known_statuses(self, selection: RunSelection) -> RunSelection:
        """Leave out the statuses that no run has there, since the server's schema does not have them."""
        server = self._server
        if selection.status is None or server.statuses is None or set(selection.status) <= set(server.statuses):
            return selection
        # It may have been upgraded since it was last asked.
        await server.introduce()
        if server.statuses is None:
            return selection
        return replace(selection, status=tuple(status for status in selection.status if status in server.statuses))

    @cached_property
    def _labels(self) -> RepositoryLabels:
        return RepositoryLabels(self._server)


def _included(include: str | Iterable[str]) -> list[str]:
    names = one_or_many(include, "include") or ()
    for name in names:
        if name not in INCLUDABLE:
            raise ValueError(f"include takes {', '.join(map(repr, INCLUDABLE))}, not {name!r}.")
    return list(names)


def _whole(number: int | None, name: str) -> int | None:
    if number is None:
        return None
    if isinstance(number, bool) or not hasattr(number, "__index__"):
        raise TypeError(f"{name} takes a whole number, not {number!r}.")
    if number < 0:
        raise ValueError(f"{name} takes a number that is not negative, not {number}; None means all.")
    return int(number)


def _page_size(number: int | None) -> int:
    size = _whole(number, "page_size")
    if size == 0:
        raise ValueError("page_size takes at least 1.")
    return DEFAULT_PAGE_SIZE if size is None else size
