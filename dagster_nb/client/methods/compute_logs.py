"""Read the captured output of runs: ``compute_logs``."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dagster_nb.client.arguments.short_run_ids import full_run_id
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.compute_logs import MAX_LOG_BYTES, ComputeLogs
from dagster_nb.client.display.progress import warn
from dagster_nb.client.methods.events import iter_events
from dagster_nb.frames.events import RUN_ENDINGS
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from typing import Any

    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.run_ids import RunsLike

__all__ = ["LogMethods"]

_BYTES_PER_REQUEST = 1 << 20
# The maximum number of bytes in a UTF-8 character.
_MAX_CHARACTER_BYTES = 4
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class LogMethods(AsyncBase):
    """The method of the client that reads the captured output of runs."""

    async def compute_logs(
        self, run: RunsLike, step: str | None = None, *, max_bytes: int | None = MAX_LOG_BYTES
    ) -> ComputeLogs:
        """Return the stdout and stderr of a run, as Dagster captured them (``capturedLogs``).

        Parameters
        ----------
        run
            A run id, which may be shortened as in `run`; a `Run`, or one row of a frame of runs.
        step
            A step key, to read only the output of the process that executed this step. If all steps ran in one process,
            this is the output of all steps.
        max_bytes
            The approximate number of bytes to keep of each stream. If a stream is longer, only its end is kept, and a
            `DagsterNbWarning` is issued. None keeps everything.

        Returns
        -------
        ComputeLogs
            The output, as ``.stdout`` and ``.stderr``, which are empty if nothing was captured. If the run is in
            progress, they contain the output so far.

        Raises
        ------
        ValueError
            If the run has no such step (the message lists its steps), or if ``max_bytes`` is not positive.
        RunNotFoundError
            If the server has no such run.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> print(client.compute_logs(run).stderr)  # doctest: +SKIP
        """
        if max_bytes is not None and not max_bytes > 0:
            raise ValueError(f"max_bytes must be a positive number of bytes or None, not {max_bytes!r}.")
        run_id = await full_run_id(self._api, run)
        events = [event async for event in iter_events(self, run_id, document="captures")]
        captures = [event for event in events if event["__typename"] == "LogsCapturedEvent"]
        finished = any(event["__typename"] in RUN_ENDINGS for event in events)
        if step is not None:
            all_captures, captures = captures, [one for one in captures if step in (one["stepKeys"] or ())]
            if not captures:
                await self._check_step(run_id, step, all_captures)
        ends = {stream: _End(max_bytes) for stream in ("stdout", "stderr")}
        with self._progress_bar("reading logs", unit="bytes") as bar:
            for file in dict.fromkeys(one["fileKey"] for one in captures):
                for stream, end in ends.items():
                    pages = self._log_pages([run_id, "compute_logs", file], stream, finished=finished, bar=bar)
                    async for page in pages:
                        end.append(page)
        stdout, stderr = ends["stdout"], ends["stderr"]
        if omitted := stdout.omitted + stderr.omitted:
            warn(
                f"the output of run {run_id} is long: the first {omitted / 2**20:,.0f} MB are left out. "
                f"compute_logs(..., max_bytes=None) keeps everything."
            )
        return ComputeLogs(
            run_id, step, stdout.text(), stderr.text(), stdout_omitted=stdout.omitted, stderr_omitted=stderr.omitted
        )

    async def _log_pages(
        self, log_key: list[str], stream: str, *, finished: bool, bar: ProgressBar
    ) -> AsyncIterator[str]:
        """Yield the contents of a stream, page by page."""
        cursor: str | None = None
        while True:
            page, cursor = await self._log_page(log_key, stream, cursor)
            if not page:
                return
            yield page
            size = len(page.encode())
            bar.advance(size)
            if cursor is None:
                return
            # If a process keeps printing, there is always another page. Reading therefore stops at the first page that
            # is not full.
            if not finished and size < _BYTES_PER_REQUEST - _MAX_CHARACTER_BYTES:
                return

    async def _log_page(self, log_key: list[str], stream: str, cursor: str | None) -> tuple[str, str | None]:
        """Return a page of a stream that does not end within a character, and the cursor of the next page.

        The server divides pages by bytes. If it splits a character, the page ends with a replacement character. A page
        that is up to three bytes shorter then ends before this character.
        """
        for limit in range(_BYTES_PER_REQUEST, _BYTES_PER_REQUEST - _MAX_CHARACTER_BYTES, -1):
            variables = {"logKey": log_key, "cursor": cursor, "limit": limit, "stdout": False, "stderr": False}
            answer = (await self._read("captured_logs", {**variables, stream: True}))["capturedLogs"]
            page: str = answer[stream] or ""
            # At the end of the file, a shorter page makes no difference. If no shorter page is better, the output is
            # not text.
            if not page.endswith(_REPLACEMENT) or len(page.encode()) < limit:
                break
        return page, answer["cursor"]

    async def _check_step(self, run_id: str, step: str, captures: Iterable[dict[str, Any]]) -> None:
        """Raise an error if a run has no such step. A step without output is valid."""
        run = unwrap((await self._read("run_plan", {"runId": run_id}))["runOrError"], "Run")
        planned = [one["key"] for one in (run["executionPlan"] or {"steps": ()})["steps"]]
        steps = dict.fromkeys([*planned, *(key for one in captures for key in one["stepKeys"] or ())])
        if step not in steps:
            known = ", ".join(map(repr, steps)) or "none"
            raise ValueError(f"run {run_id} has no step {step!r}. Choose one of its steps: {known}.")


class _End:
    """The last pages of a stream, which together have at least ``max_bytes``. Earlier pages are dropped."""

    def __init__(self, max_bytes: int | None):
        self.omitted = 0
        self._max_bytes = max_bytes
        self._pages: deque[tuple[str, int]] = deque()
        self._size = 0

    def append(self, page: str) -> None:
        size = len(page.encode())
        self._pages.append((page, size))
        self._size += size
        while self._max_bytes is not None and self._size - self._pages[0][1] >= self._max_bytes:
            _, size = self._pages.popleft()
            self._size -= size
            self.omitted += size

    def text(self) -> str:
        return "".join(page for page, _ in self._pages)
