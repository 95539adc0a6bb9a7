"""Read run history: ``runs``, ``iter_runs``, ``count_runs`` and ``run``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

import anyio.to_thread
import pandas as pd

from dagster_nb.client.arguments.misspelled_filters import warn_about_misspelled_filters
from dagster_nb.client.arguments.short_run_ids import full_filter_ids, full_run_id
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.errors import IncompleteHistoryError
from dagster_nb.filters import RunFilters, parse_page_size, whole_number
from dagster_nb.frames.columns import categories
from dagster_nb.frames.runs import INCLUDABLE, included_columns, runs_frame
from dagster_nb.graphql.counting import count_runs
from dagster_nb.graphql.location_tags import LocationTags
from dagster_nb.graphql.multi_filter_paging import MissingRunsError, list_merged_ids, read_merged_pages
from dagster_nb.graphql.responses import unwrap
from dagster_nb.graphql.run_filters import to_server_filters
from dagster_nb.graphql.run_paging import list_ids, read_pages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.client.run import AsyncRun
    from dagster_nb.frames.runs import IncludedColumn
    from dagster_nb.graphql.run_filters import ServerFilters
    from dagster_nb.parse_run_ids import RunsLike
    from dagster_nb.parse_time import Moment

__all__ = ["RunMethods"]


class RunMethods(AsyncBase):
    """The client methods that read runs."""

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
        include: IncludedColumn | Iterable[IncludedColumn] = (),
        limit: int | None = None,
        page_size: int | None = None,
    ) -> pd.DataFrame:
        """Return all runs that match, newest first, in the server's own order.

        If runs are created or deleted while the client is reading, no other run is missing or duplicated.

        Parameters
        ----------
        job, status, location
            One value or a list of values to match. An empty list matches no run, and no request is sent.
        run_ids
            One or many ids, `Run` objects, a Series of ids, or a frame with a ``run_id`` column. You can shorten an id
            to its first 8 or more characters; the client then reads the ids of all runs, as `run` does.
        tags
            ``{"team": "data"}``, or ``{"team": ["data", "ml"]}`` for several allowed values. A run must match all keys.
        created_after, created_before, updated_after, updated_before
            Exclusive bounds. Each bound is a datetime, a date or an ISO 8601 string (UTC unless it has a time zone); or
            how long ago, as a timedelta or a string such as ``"24h"`` or ``"7d"`` (units ``s``, ``min``, ``h``, ``d``,
            ``w``).
        include
            Additional columns: ``"run_config"`` (dict), ``"asset_selection"`` (list of ``"a/b"`` keys) and
            ``"op_selection"`` (list). A selection is None if the whole job ran.
        limit
            The maximum number of runs; None reads all.
        page_size
            The number of runs per request. By default, the size adapts to the server: 200 at first, then as many as the
            server returns in about a second, up to 2,000, or 10,000 on a slow network. After a timeout, or a status
            413, 502 or 504 from a proxy, the client continues with smaller pages, and remembers the size that works. If
            you give a size, it does not change.

        Returns
        -------
        pandas.DataFrame
            One row per run, with these columns and dtypes even if there are no rows:

            ============================== ========================= ===============================================
            column                         dtype                     from (``Run``)
            ============================== ========================= ===============================================
            run_id, job_name               string                    ``runId``, ``jobName``
            status                         category                  ``status``, in Dagster's order; new ones last
            creation_time, start_time,     datetime64[us, UTC]       ``creationTime``, ``startTime``, ``endTime``,
            end_time, update_time                                    ``updateTime``; NaT if absent. start_time is
                                                                     also NaT if a run ended before it started
            queue_duration                 timedelta64[us]           start_time minus creation_time
            duration                       timedelta64[us]           end_time minus start_time; NaT until finished
            location, repository           string                    ``repositoryOrigin``
            partition_key                  string                    tag ``dagster/partition``
            launched_by                    string                    the value of the first of the tags
                                                                     ``dagster/schedule_name``,
                                                                     ``dagster/sensor_name``,
                                                                     ``dagster/backfill``, ``user``
            root_run_id, parent_run_id     string                    ``rootRunId``, ``parentRunId``
            tags                           object: dict              ``tags``
            ============================== ========================= ===============================================

            Values that the server does not provide are NA, such as creation_time and queue_duration before Dagster
            1.7.13. ``frame.attrs["dagster_nb"]`` contains the url, the filters and the time of the request as JSON.

            ``DataFrame.to_parquet`` gives each run the tags of all runs, with None as the value of the tags that the
            run does not have. To write a Parquet file, use the command ``dagster-nb export``, or first replace the
            column: ``dnb.expand_tags(frame).drop(columns="tags")``.

        Warns
        -----
        DagsterNbWarning
            If no run matches, and a job, code location or tag key in the filters may be misspelled.

        Raises
        ------
        ValueError, TypeError
            If an argument is invalid. Nothing is sent.
        RunNotFoundError
            If a shortened id matches several runs. The message lists their ids.
        IncompleteHistoryError
            If the server repeatedly lists some runs without returning them. ``.frame`` contains the runs that could be
            read.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.runs(status="FAILURE", created_after="7d")  # doctest: +SKIP
        """
        filters = RunFilters.from_arguments(locals(), known_statuses=self._statuses)
        included, limit, page_size = included_columns(include), whole_number(limit, "limit"), parse_page_size(page_size)
        fetched_at = datetime.now(UTC)
        pages: list[pd.DataFrame] = []
        with self._progress_bar("reading runs", unit="runs") as bar:
            try:
                async for page in self._pages(filters, included, limit=limit, page_size=page_size, bar=bar):
                    pages.append(page)
                    bar.advance(len(page))
            except IncompleteHistoryError as error:
                error.frame = self._finish(pages, filters, included, limit, fetched_at)
                raise
        if not pages and limit != 0:
            await warn_about_misspelled_filters(self._api, filters)
        return self._finish(pages, filters, included, limit, fetched_at)

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
        include: IncludedColumn | Iterable[IncludedColumn] = (),
        limit: int | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[pd.DataFrame]:
        """Yield all runs that match, in pages, so that the runs do not all have to fit into memory.

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.
        include, limit, page_size
            As in `runs`.

        Yields
        ------
        pandas.DataFrame
            A page of runs, with the columns and dtypes of `runs`, which `pandas.concat` preserves. No page is empty. If
            no run matches, there are no pages.

        Warns
        -----
        DagsterNbWarning
            As `runs`.

        Raises
        ------
        As `runs`. An `IncompleteHistoryError` is raised after the last page, with an empty ``.frame``.

        Examples
        --------
        >>> sum(len(page) for page in client.iter_runs(status="FAILURE"))  # doctest: +SKIP
        """
        filters = RunFilters.from_arguments(locals(), known_statuses=self._statuses)
        included, limit, page_size = included_columns(include), whole_number(limit, "limit"), parse_page_size(page_size)

        # Only the inner function is a generator, so an invalid argument raises an error when the method is called, not
        # when the first page is read.
        async def pages() -> AsyncIterator[pd.DataFrame]:
            is_empty = True
            async for page in self._pages(filters, included, limit=limit, page_size=page_size):
                is_empty = False
                yield self._finish([page], filters, included, limit, datetime.now(UTC))
            if is_empty and limit != 0:
                await warn_about_misspelled_filters(self._api, filters)

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
        """Return the number of runs that match, without reading them (``Runs.count``).

        Parameters
        ----------
        job, status, tags, run_ids, location, created_after, created_before, updated_after, updated_before
            As in `runs`.

        Warns
        -----
        DagsterNbWarning
            As `runs`.

        Raises
        ------
        The same errors as `runs`, except `IncompleteHistoryError`.

        Examples
        --------
        >>> client.count_runs(status="FAILURE")  # doctest: +SKIP
        """
        filters = RunFilters.from_arguments(locals(), known_statuses=self._statuses)
        server_filters = await self._server_filters(filters)
        count = 0 if server_filters is None else await count_runs(self._api, server_filters)
        if not count:
            await warn_about_misspelled_filters(self._api, filters)
        return count

    async def run(self, run_id: RunsLike) -> AsyncRun:
        """Return one run (``runOrError``).

        Parameters
        ----------
        run_id
            A run id, a `Run`, or one row of a frame of runs. An id may be shortened to its first 8 or more characters.
            The server then lists the ids of all runs, which takes about 0.3 s per 20,000 runs.

        Raises
        ------
        RunNotFoundError
            If there is no such run, or if several ids begin with a shortened id. The message lists these ids.
        TypeError, ValueError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.run("8f5e0c9d")  # doctest: +SKIP
        """
        full_id = await full_run_id(self._api, run_id)
        data = await self._read("run", {"runId": full_id})
        return self._run_from({"runId": full_id, **unwrap(data["runOrError"], "Run")})

    async def _iter_run_ids(
        self,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        page_size: int | None = None,
    ) -> AsyncIterator[list[str]]:
        """Yield the ids of all runs that were created between two times, newest first, in pages."""
        filters = await self._server_filters(RunFilters(created_after=created_after, created_before=created_before))
        if filters is None:
            return
        if filters.is_single:
            pages = list_ids(self._api, filters.filters[0], ids_per_request=page_size)
        else:
            pages = list_merged_ids(self._api, filters)
        async for ids in pages:
            yield ids

    async def _pages(
        self,
        filters: RunFilters,
        include: Sequence[str],
        *,
        limit: int | None,
        page_size: int | None,
        bar: ProgressBar | None = None,
    ) -> AsyncIterator[pd.DataFrame]:
        """Yield pages of runs as frames.

        Each frame is built in a thread, while the server is already working on the next page.
        """
        server_filters = await self._server_filters(filters)
        if server_filters is None or limit == 0:
            return
        if bar is not None and self._shows_progress:
            matching = await count_runs(self._api, server_filters)
            bar.total = matching if limit is None else min(matching, limit)
        columns = {INCLUDABLE[name]: True for name in include}
        if server_filters.is_single:
            pages = read_pages(self._api, server_filters.filters[0], limit=limit, page_size=page_size, include=columns)
        else:
            pages = read_merged_pages(self._api, server_filters, limit=limit, page_size=page_size, include=columns)
        try:
            async for records in pages:
                # The server may have been upgraded since the client connected, so a status may be missing from the
                # client's list.
                self._statuses = categories([one["status"] for one in records if "status" in one], self._statuses)
                build = partial(runs_frame, records, include=include, known_statuses=self._statuses)
                yield await anyio.to_thread.run_sync(build)
        except MissingRunsError as error:
            raise self._incomplete(error, include) from None
        except Exception:
            # The traceback of the error keeps the generator alive, so close the generator to end its request.
            await pages.aclose()
            raise

    def _incomplete(self, error: MissingRunsError, include: Sequence[str] = ()) -> IncompleteHistoryError:
        return IncompleteHistoryError(
            f"{self.url} lists {len(error.run_ids)} runs but does not return them, even after several tries. One of "
            f"them is {error.run_ids[0]}. The .frame of this error contains the other runs. Check the server's log.",
            frame=runs_frame([], include=include, known_statuses=self._statuses),
        )

    def _finish(
        self,
        pages: list[pd.DataFrame],
        filters: RunFilters,
        include: Sequence[str],
        limit: int | None,
        fetched_at: datetime,
    ) -> pd.DataFrame:
        """Concatenate pages, and record in ``attrs`` where the frame comes from."""
        if len(pages) == 1:
            frame = pages[0]
        elif pages:
            for page in pages:
                page["status"] = page["status"].cat.set_categories(self._statuses)
            frame = pd.concat(pages, ignore_index=True)
        else:
            frame = runs_frame([], include=include, known_statuses=self._statuses)
        frame.attrs["dagster_nb"] = {
            "url": self.url,
            "filters": filters.as_json(limit),
            "fetched_at": fetched_at.isoformat(),
        }
        return frame

    async def _server_filters(self, filters: RunFilters) -> ServerFilters | None:
        """Return the filters for the server; None if no run can match."""
        filters = await self._without_unknown_statuses(filters)
        if filters.matches_nothing:
            return None
        if filters.run_ids is not None:
            filters = replace(filters, run_ids=await full_filter_ids(self._api, filters.run_ids))
        tag_values = None
        if filters.location is not None:
            tag_values = await self._location_tags.of_locations(filters.location)
        translated = to_server_filters(filters, repository_tags=tag_values, known_keys=self._api.filter_keys)
        return translated if translated.filters else None

    async def _without_unknown_statuses(self, filters: RunFilters) -> RunFilters:
        """Remove statuses that are not in the server's schema, because no run can have them."""
        api = self._api
        if not filters.status or api.statuses is None or set(filters.status) <= set(api.statuses):
            return filters
        # The server may have been upgraded since the client connected, and may now have more statuses.
        await api.identify()
        if api.statuses is None:
            return filters
        return replace(filters, status=tuple(status for status in filters.status if status in api.statuses))

    @cached_property
    def _location_tags(self) -> LocationTags:
        return LocationTags(self._api)
