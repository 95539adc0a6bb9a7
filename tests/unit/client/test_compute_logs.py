"""Compute logs are read in pages, which may begin or end in the middle of a character."""

import tracemalloc
import warnings

import pytest

import dagster_nb as dnb
from dagster_nb.client.compute_logs import ComputeLogs
from dagster_nb.client.methods import compute_logs as log_methods

pytestmark = pytest.mark.anyio

RUN_ID = "00000000-0000-4000-8000-000000000000"


class Files(log_methods.LogMethods):
    """Serves the compute logs of one run from memory, in pages of limited size."""

    def __init__(self, files, *, finished=True, largest=None, printing=b""):
        super().__init__("http://localhost:1", progress=False)
        self.files = dict(files)
        self.finished = finished
        self.largest = largest
        self.printing = printing
        self.requests = []
        self.served = 0

    async def _read(self, document, variables=None):
        self.requests.append(document)
        assert len(self.requests) < 1000, "the client never stops reading"
        return getattr(self, f"_{document}_answer")(variables)

    def _captures_answer(self, variables):
        events = [{"__typename": "LogsCapturedEvent", "fileKey": key, "stepKeys": [key]} for key in self.files]
        if self.finished:
            events.append({"__typename": "RunSuccessEvent"})
        new = events[int(variables["cursor"] or 0) :]
        cursor = str(len(events))
        return {"logsForRun": {"__typename": "EventConnection", "cursor": cursor, "hasMore": False, "events": new}}

    def _captured_logs_answer(self, variables):
        *_, key = variables["logKey"]
        start = int(variables["cursor"] or 0)
        limit = min(variables["limit"], self.largest or variables["limit"])
        page = self.files[key][start : start + limit] if variables["stdout"] else b""
        self.files[key] += self.printing
        self.served += len(page)
        text = page.decode("utf-8", "replace") or None
        return {"capturedLogs": {"stdout": text, "stderr": None, "cursor": str(start + len(page))}}

    def _run_plan_answer(self, _):
        steps = [{"key": "planned"}]
        return {"runOrError": {"__typename": "Run", "executionPlan": {"steps": steps}}}


TEXT = "aé漢😀\n" * 40


@pytest.mark.parametrize("size", range(8, 24))
async def test_characters_are_not_split_between_pages(size, monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", size)
    logs = await Files({"a": TEXT.encode()}).compute_logs(RUN_ID)
    assert logs.stdout == TEXT


async def test_bytes_that_are_not_valid_utf_8_are_replaced(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 8)
    logs = await Files({"a": b"start" + b"\xff" * 40 + b"end"}).compute_logs(RUN_ID)
    assert logs.stdout == "start" + "\N{REPLACEMENT CHARACTER}" * 40 + "end"


async def test_a_server_with_smaller_pages_loses_no_output(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 1000)
    text = "x" * 5000
    assert (await Files({"a": text.encode()}, largest=70).compute_logs(RUN_ID)).stdout == text


async def test_reading_ends_even_if_the_process_never_stops_printing(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 100)
    client = Files({"a": b"x" * 250}, finished=False, printing=b"more")
    logs = await client.compute_logs(RUN_ID)
    assert len(logs.stdout) >= 250
    assert client.requests.count("captured_logs") < 10


async def test_the_output_of_a_run_joins_the_files_of_its_steps(monkeypatch):
    client = Files({"a": b"one\n", "b": b"two\n"})
    assert (await client.compute_logs(RUN_ID)).stdout == "one\ntwo\n"
    assert (await client.compute_logs(RUN_ID, "b")).stdout == "two\n"


async def test_a_step_without_output_so_far_has_empty_output():
    logs = await Files({"a": b"one\n"}).compute_logs(RUN_ID, "planned")
    assert (logs.stdout, logs.stderr, str(logs)) == ("", "", "")


async def test_the_error_for_an_unknown_step_lists_the_steps():
    with pytest.raises(ValueError, match=r"no step 'b'. Choose one of its steps: 'planned', 'a'"):
        await Files({"a": b"one\n"}).compute_logs(RUN_ID, "b")


@pytest.mark.parametrize(
    ("stdout", "stderr", "shown"),
    [
        ("", "", ""),
        ("a\n", "", "a\n"),
        ("", "b\n", "b\n"),
        ("a\n", "b\n", "--- stdout ---\na\n--- stderr ---\nb\n"),
    ],
)
def test_both_streams_are_shown_with_their_names_as_text(stdout, stderr, shown):
    assert str(ComputeLogs("r", None, stdout=stdout, stderr=stderr)) == shown


def test_html_shows_the_end_of_the_output_and_escapes_it():
    lines = [f"<b>{number}</b>" for number in range(1000)]
    html = ComputeLogs("r", "<s>", stdout="\n".join(lines), stderr="\x1b[31mred\x1b[0m")._repr_html_()
    assert "<b>" not in html
    assert "<s>" not in html
    assert "the last 200 of 1000 lines" in html
    assert "&lt;b&gt;999&lt;/b&gt;" in html
    assert "&lt;b&gt;799&lt;/b&gt;" not in html
    assert ">red<" in html
    assert "\x1b" not in html
    assert "nothing was captured" in ComputeLogs("r", None, stdout="", stderr="")._repr_html_()


def test_the_repr_counts_the_lines_of_each_stream():
    assert repr(ComputeLogs("r", "s", stdout="a\nb\n", stderr="")) == (
        "<logs of run r, step s: 2 lines of stdout, 0 of stderr>"
    )


async def test_reading_ends_at_a_page_without_a_next_cursor():
    class Endless(Files):
        def _captured_logs_answer(self, variables):
            answer = super()._captured_logs_answer(variables)
            answer["capturedLogs"]["cursor"] = None
            return answer

    logs = await Endless({"step": b"printed"}).compute_logs(RUN_ID, step="step")
    assert logs.stdout == "printed"


async def test_only_the_end_of_long_output_is_kept(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 100)
    text = "".join(f"line {number:04}\n" for number in range(1000))
    with pytest.warns(dnb.DagsterNbWarning, match=r"is long.*max_bytes=None\) keeps everything"):
        logs = await Files({"a": text.encode()}).compute_logs(RUN_ID, max_bytes=950)
    assert text.endswith(logs.stdout)
    assert 950 <= len(logs.stdout) < 1050
    assert logs.stdout_omitted + len(logs.stdout) == len(text)
    assert logs.stderr_omitted == 0
    assert "that were left out" in logs._repr_html_()
    assert (await Files({"a": text.encode()}).compute_logs(RUN_ID, max_bytes=None)).stdout == text
    with pytest.raises(ValueError, match="max_bytes must be a positive number"):
        await Files({}).compute_logs(RUN_ID, max_bytes=0)


async def test_a_log_of_500_mb_needs_little_memory():
    megabyte = ("x" * 99 + "\n").encode() * 10_000

    class Huge(Files):
        def _captured_logs_answer(self, variables):
            start = int(variables["cursor"] or 0)
            page = megabyte.decode() if variables["stdout"] and start < 500 else None
            return {"capturedLogs": {"stdout": page, "stderr": None, "cursor": str(start + 1)}}

    client = Huge({"a": b""})
    tracemalloc.start()
    with pytest.warns(dnb.DagsterNbWarning, match="the first 4.. MB are left out"):
        logs = await client.compute_logs(RUN_ID)
    logs._repr_html_()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(logs.stdout) >= 2**26
    assert peak < 200 * 2**20


@pytest.mark.parametrize("size", [8, 11, 1000])
@pytest.mark.parametrize("step", [None, "a"])
async def test_a_later_call_continues_where_an_earlier_one_stopped(size, step, monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", size)
    data = TEXT.encode()[:200]
    client = Files({"a": b""}, finished=False)
    logs = None
    for start in range(0, len(data), 9):
        # Both steps print at the same time, and each may have written only half of a character.
        client.files["a"] += data[start : start + 9]
        if start >= 45:
            client.files["b"] = client.files.get("b", b"") + data[start : start + 9]
        client.finished = start + 9 >= len(data)
        client.requests.clear()
        logs = await client.compute_logs(RUN_ID, step, after=logs)
        client.requests.clear()
        assert logs == await client.compute_logs(RUN_ID, step)
    assert logs.stdout.startswith(data.decode("utf-8", "replace"))


async def test_a_later_call_reads_only_what_was_added(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 1000)
    client = Files({"a": b"x" * 50_000}, finished=False)
    logs = await client.compute_logs(RUN_ID)
    client.served = 0
    client.files["a"] += b"new"
    logs = await client.compute_logs(RUN_ID, after=logs)
    assert logs.stdout == "x" * 50_000 + "new"
    assert client.served == 3
    assert (await client.compute_logs(RUN_ID, after=logs)) == logs
    assert client.served == 3


async def test_a_later_call_also_keeps_only_the_end_of_the_output(monkeypatch):
    monkeypatch.setattr(log_methods, "_BYTES_PER_REQUEST", 100)
    client = Files({"a": b""}, finished=False)
    logs, written = None, ""
    for number in range(0, 400, 7):
        new = "".join(f"line {line:04}\n" for line in range(number, number + 7))
        client.files["a"] += new.encode()
        written += new
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dnb.DagsterNbWarning)
            logs = await client.compute_logs(RUN_ID, max_bytes=950, after=logs)
        client.requests.clear()
        assert written.endswith(logs.stdout)
        assert min(950, len(written)) <= len(logs.stdout) < 1050
        assert logs.stdout_omitted + len(logs.stdout) == len(written)


async def test_output_of_another_run_or_step_cannot_be_continued():
    client = Files({"a": b"one\n", "b": b"two\n"})
    logs = await client.compute_logs(RUN_ID, "a")
    with pytest.raises(ValueError, match="Pass the result of an earlier call for the same run and step"):
        await client.compute_logs(RUN_ID, "b", after=logs)
    read_elsewhere = ComputeLogs(RUN_ID, "b", stdout="copied", stderr="")
    assert (await client.compute_logs(RUN_ID, "b", after=read_elsewhere)).stdout == "two\n"
