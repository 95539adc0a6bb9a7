"""Read the captured output of runs: ``compute_logs``."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

from dagster_nb.client.arguments.short_run_ids import full_run_id
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.compute_logs import MAX_LOG_BYTES, ComputeLogs, LogPosition, StreamPosition
from dagster_nb.client.display.progress import warn
from dagster_nb.client.methods.steps_and_events import iter_event_pages
from dagster_nb.frames.events import RUN_ENDINGS
from dagster_nb.graphql.repeated_page import repeated_page_error
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.parse_run_ids import RunsLike

__all__ = ["LogMethods"]

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, ...] = get_args(Stream)

_BYTES_PER_REQUEST = 1 << 20
# The maximum number of bytes in a UTF-8 character.
_MAX_CHARACTER_BYTES = 4
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class LogMethods(AsyncBase):
    """The client method that reads the captured output of runs."""

    async def compute_logs(
        self,
        run: RunsLike,
        step: str | None = None,
        *,
        max_bytes: int | None = MAX_LOG_BYTES,
        after: ComputeLogs | None = None,
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
        after
            The result of an earlier call for the same run and step. Only the output since then is read, and the result
            contains both.

        Returns
        -------
        ComputeLogs
            The output, as ``.stdout`` and ``.stderr``, which are empty if nothing was captured. If the run is in
            progress, they contain the output so far.

        Raises
        ------
        ValueError
            If the run has no such step (the message lists its steps), if ``max_bytes`` is not positive, or if ``after``
            belongs to another run or step.
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
        known, previous = LogPosition(), None
        if after is not None and after.position is not None:
            _check_same(after, run_id, step)
            known, previous = after.position, after
        position = await self._read_captures(run_id, known)
        captures = position.captures
        if step is not None:
            captures = [one for one in position.captures if step in (one["stepKeys"] or ())]
            if not captures:
                await self._check_step(run_id, step, position.captures)
        files = list(dict.fromkeys(one["fileKey"] for one in captures))
        with self._progress_bar("reading logs", unit="bytes") as bar:
            stdout, stderr = [
                await self._read_stream(run_id, files, stream, position, previous, max_bytes, bar=bar)
                for stream in STREAMS
            ]
        if omitted := stdout.omitted + stderr.omitted:
            warn(
                f"the output of run {run_id} is long: the first {omitted / 2**20:,.0f} MB are left out. "
                f"compute_logs(..., max_bytes=None) keeps everything."
            )
        return ComputeLogs(
            run_id,
            step,
            stdout.text(),
            stderr.text(),
            stdout_omitted=stdout.omitted,
            stderr_omitted=stderr.omitted,
            position=position,
        )

    async def _read_captures(self, run_id: str, known: LogPosition) -> LogPosition:
        """Read the events after a position, and return a new position."""
        position = replace(known, captures=list(known.captures), streams=dict(known.streams))
        pages = iter_event_pages(self, run_id, document="captures", cursor=known.events_cursor)
        async for events, cursor in pages:
            position.events_cursor = cursor
            position.captures += [event for event in events if event["__typename"] == "LogsCapturedEvent"]
            position.is_finished |= any(event["__typename"] in RUN_ENDINGS for event in events)
        return position

    async def _read_stream(
        self,
        run_id: str,
        files: list[str],
        stream: Stream,
        position: LogPosition,
        previous: ComputeLogs | None,
        max_bytes: int | None,
        *,
        bar: ProgressBar,
    ) -> _End:
        """Read the new output of one stream from some files, and return the end of the complete output."""
        text = "" if previous is None else getattr(previous, stream)
        end = _End(max_bytes, 0 if previous is None else getattr(previous, f"{stream}_omitted"))
        start = 0
        for file in files:
            known = position.streams.get((file, stream), StreamPosition())
            end.append(text[start : start + known.length], file)
            start += known.length + known.after
            key = [run_id, "compute_logs", file]
            is_finished = position.is_finished
            position.streams[file, stream] = await self._read_file(
                key, stream, known.cursor, end, is_finished=is_finished, bar=bar
            )
        for file in files:
            read, length = position.streams[file, stream], end.length(file)
            after = min(read.after, length)
            position.streams[file, stream] = StreamPosition(read.cursor, length - after, after)
        return end

    async def _read_file(
        self, key: list[str], stream: Stream, cursor: str | None, end: _End, *, is_finished: bool, bar: ProgressBar
    ) -> StreamPosition:
        """Read a stream of a file from the cursor on, append it to the output, and return the new position."""
        last, page = cursor, ""
        while True:
            # A process may have written only part of a character. If a page ends in the middle of a character, the page
            # is therefore read again next time.
            again = StreamPosition(last, after=len(page))
            is_cut = page.endswith(_REPLACEMENT)
            page, following = await self._log_page(key, stream, cursor)
            if not page:
                return again if is_cut else StreamPosition(cursor)
            if following is not None and following == cursor:
                raise repeated_page_error("captured output")
            end.append(page, key[-1])
            size = _byte_count(page)
            bar.advance(size)
            # If a process keeps printing, there is always another page. Reading therefore stops at the first page that
            # is not full.
            is_last = not is_finished and size < _BYTES_PER_REQUEST - _MAX_CHARACTER_BYTES
            if following is None or (is_last and page.endswith(_REPLACEMENT)):
                return StreamPosition(cursor, after=len(page))
            if is_last:
                return StreamPosition(following)
            last, cursor = cursor, following

    async def _log_page(self, log_key: list[str], stream: str, cursor: str | None) -> tuple[str, str | None]:
        """Return a page that ends with a complete character, and the cursor of the next page.

        The server divides pages by bytes. If the end of a page splits a character, the server returns a replacement
        character at the end of the page. A page that is up to three bytes shorter ends just before that character.
        """
        for limit in range(_BYTES_PER_REQUEST, _BYTES_PER_REQUEST - _MAX_CHARACTER_BYTES, -1):
            variables = {"logKey": log_key, "cursor": cursor, "limit": limit, "stdout": False, "stderr": False}
            answer = (await self._read("captured_logs", {**variables, stream: True}))["capturedLogs"]
            page: str = answer[stream] or ""
            # At the end of the file, a shorter page would not help. If even the shorter pages end with a replacement
            # character, the output is not text.
            if not page.endswith(_REPLACEMENT) or len(page.encode()) < limit:
                break
        return page, answer["cursor"]

    async def _check_step(self, run_id: str, step: str, captures: Iterable[dict[str, Any]]) -> None:
        """Raise an error if a run does not have the given step. A step that has no output is valid."""
        run = unwrap((await self._read("run_plan", {"runId": run_id}))["runOrError"], "Run")
        planned = [one["key"] for one in (run["executionPlan"] or {"steps": ()})["steps"]]
        steps = dict.fromkeys([*planned, *(key for one in captures for key in one["stepKeys"] or ())])
        if step not in steps:
            known = ", ".join(map(repr, steps)) or "none"
            raise ValueError(f"run {run_id} has no step {step!r}. Choose one of its steps: {known}.")


def _check_same(after: ComputeLogs, run_id: str, step: str | None) -> None:
    """Raise an error if the output in `after` belongs to another run or step."""
    if (after.run_id, after.step) != (run_id, step):
        raise ValueError(
            f"after= belongs to run {after.run_id}, step {after.step}, not to run {run_id}, step {step}. "
            "Pass the result of an earlier call for the same run and step."
        )


def _byte_count(text: str) -> int:
    # Most output is ASCII, in which each character is one byte.
    return len(text) if text.isascii() else len(text.encode())


class _End:
    """The last pages of a stream, which together have at least ``max_bytes``.

    When pages are added, pages that are no longer needed are dropped.
    """

    def __init__(self, max_bytes: int | None, omitted: int = 0):
        self.omitted = omitted
        self._max_bytes = max_bytes
        self._pages: deque[tuple[str, int, str]] = deque()
        self._size = 0

    def append(self, text: str, file: str) -> None:
        """Append a page, or text that was read earlier."""
        if not text:
            return
        size = _byte_count(text)
        self._pages.append((text, size, file))
        self._size += size
        while (
            self._max_bytes is not None and self._size - min(self._pages[0][1], _BYTES_PER_REQUEST) >= self._max_bytes
        ):
            self._split_first()
            _, size, _ = self._pages.popleft()
            self._size -= size
            self.omitted += size

    def _split_first(self) -> None:
        """Split text that was read earlier into pages. Splitting copies the text, so it is done only if necessary."""
        text, size, file = self._pages[0]
        if size > _BYTES_PER_REQUEST:
            self._pages.popleft()
            length = _BYTES_PER_REQUEST // _MAX_CHARACTER_BYTES
            pages = [text[at : at + length] for at in range(0, len(text), length)]
            self._pages.extendleft((page, _byte_count(page), file) for page in reversed(pages))

    def length(self, file: str) -> int:
        """Return the number of characters that were read from a file."""
        return sum(len(page) for page, _, source in self._pages if source == file)

    def text(self) -> str:
        return "".join(page for page, _, _ in self._pages)
