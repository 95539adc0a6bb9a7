"""Following a run while it goes on: ``follow``."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from dagster_nb.client.base import AsyncBase
from dagster_nb.client.which import one_run_id
from dagster_nb.frames.events import events_frame
from dagster_nb.graphql.event_stream import follow_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pandas as pd

    from dagster_nb.client.which import RunsLike

__all__ = ["Live"]


class Live(AsyncBase):
    """The part of the client that follows a run."""

    def follow(
        self, run: RunsLike, *, new_only: bool = False, heartbeat: float | None = None
    ) -> AsyncIterator[pd.DataFrame]:
        """Read a run's events as they happen, until it has finished and all is told.

        The server pushes them through a websocket (``pipelineRunLogs``). Where websockets are not let through, or break
        time after time, it is asked for them once a second instead (``logsForRun``).

        Parameters
        ----------
        run
            A run id, a `Run`, or one row of a frame of runs.
        new_only
            Whether to leave out what has happened already.
        heartbeat
            Yield an empty frame at least every so many seconds in which nothing happens, so that a loop can look at
            something else now and then.

        Yields
        ------
        pandas.DataFrame
            The next events, with the columns of `events`; no event comes twice. Within a frame they are ordered by
            time; one that the server stored late comes late. ``frame.attrs["dagster_nb"]`` holds the url, and as
            ``mode`` whether events are pushed (``"live"``) or asked for (``"polling"``).

        Raises
        ------
        RunNotFoundError
            If the server knows no such run, or it is deleted meanwhile.
        TypeError, ValueError
            If this is not one run; nothing is sent then.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> for events in client.follow(run):  # doctest: +SKIP
        ...     print(events[["timestamp", "step_key", "message"]])
        """
        run_id = one_run_id(run)
        if heartbeat is not None and heartbeat <= 0:
            raise ValueError(f"heartbeat takes seconds, more than none, not {heartbeat!r}.")

        # Apart, so that a wrong argument is told at the call and not at the first frame.
        async def frames() -> AsyncIterator[pd.DataFrame]:
            async with aclosing(follow_events(self._api, run_id, new_only=new_only, heartbeat=heartbeat)) as batches:
                async for batch in batches:
                    frame = events_frame({run_id: batch.events})
                    frame.attrs["dagster_nb"] = {"url": self.url, "mode": batch.mode}
                    yield frame

        return frames()
