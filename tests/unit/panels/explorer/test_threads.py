"""Clicks and replies from several threads, in any order, leave all views with the same filters."""

import asyncio
import random
import threading
import time

import pytest

from dagster_nb.panels.changes import Changes
from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.filters import matching_runs
from dagster_nb.panels.explorer.model import ROWS_PER_PAGE
from dagster_nb.panels.explorer.views import charts
from dagster_nb.panels.explorer.views.summary_tiles import summarize, tiles_html
from dagster_nb.panels.pictures import Picture
from tests.unit.panels.conftest import NOW, FakeSource, many_runs

CLICKS = 300
CLICKS_PER_CHECK = 30


class SlowSource(FakeSource):
    """A source with random delays. Its runs change while they are read."""

    def __init__(self, frame, seed):
        super().__init__(frame, page=400)
        self.random = random.Random(seed)

    def iter_runs(self, **arguments):
        for page in super().iter_runs(**arguments):
            time.sleep(self.random.choice([0, 0, 0.001, 0.004]))
            yield page


class Browser:
    """Clicks in its own thread, as a browser does that sends widget messages."""

    def __init__(self, explorer, seed):
        self.explorer = explorer
        self.random = random.Random(seed)

    def click(self, count):
        thread = threading.Thread(target=lambda: [self._click() for _ in range(count)])
        thread.start()
        return thread

    def _click(self):
        bar, table = self.explorer._filters, self.explorer._table.table
        pick = self.random.choice
        action = pick(
            [self._chip, self._chip, self._job, self._tag, self._range, self._unresolved, self._duration, self._remove,
             self._clear, self._select, self._sort, self._page, self._refresh]
        )  # fmt: skip
        action(bar, table, pick)
        time.sleep(pick([0, 0, 0.001, 0.003]))

    def _chip(self, bar, table, pick):
        chip = pick(list(bar._chips.values()) or [bar._unresolved])
        chip.value = not chip.value

    def _job(self, bar, table, pick):
        bar._job.value = pick(["job_1", "job_2", "job_3"])

    def _tag(self, bar, table, pick):
        bar._tag_key.value = "team"
        bar._tag_value.value = pick(["t1", "t2"])

    def _range(self, bar, table, pick):
        bar._range.value = pick(["24h", "7d", "", "custom"])

    def _unresolved(self, bar, table, pick):
        bar._unresolved.value = not bar._unresolved.value

    def _duration(self, bar, table, pick):
        pick([bar._min_duration, bar._max_duration]).value = pick(["30 s", "2 min", "", "soon"])

    def _remove(self, bar, table, pick):
        buttons = bar._chosen.widget.children
        if buttons:
            pick(buttons).click()

    def _clear(self, bar, table, pick):
        bar._clear.click()

    def _select(self, bar, table, pick):
        rows = table.rows
        changes = [["all"], ["none"]]
        if rows:
            changes += [["toggle", pick(rows)["id"]], ["range", pick(rows)["id"], pick(rows)["id"]]]
        table._handle_custom_msg({"select": pick(changes)}, [])

    def _sort(self, bar, table, pick):
        table.sort = pick([["duration", "descending"], ["job_name", "ascending"], ["", "none"]])

    def _page(self, bar, table, pick):
        pick(self.explorer._table._pager).click()

    def _refresh(self, bar, table, pick):
        self.explorer.refresh()


@pytest.fixture
def drawn(monkeypatch):
    """Record the frames from which charts are drawn."""
    frames = []
    chart = charts.Chart(lambda model, _ax, _tz: frames.append(model.runs), "runs")
    monkeypatch.setattr(charts, "CHARTS", dict.fromkeys(charts.CHARTS, chart))
    monkeypatch.setattr(charts, "draw_picture", lambda draw, **_: draw(None) or Picture(b"", 900, 280, None))
    return frames


@pytest.fixture
def notifying_threads(monkeypatch):
    threads = set()
    emit = Changes.emit

    def recording_emit(self, name):
        threads.add(threading.get_ident())
        emit(self, name)

    monkeypatch.setattr(Changes, "emit", recording_emit)
    return threads


def check(explorer, source, drawn):
    """Check that the table, tiles, chart, chips and fields show the runs that match the model's filters."""
    model, filters = explorer.model, explorer.model.filters
    expected = source.frame[matching_runs(source.frame, filters, NOW)]
    assert explorer.frame["run_id"].tolist() == expected["run_id"].tolist()
    page = model.page_runs["run_id"].tolist()
    assert [row["id"] for row in explorer._table.table.rows] == page
    assert len(page) == min(ROWS_PER_PAGE, len(expected) - model.page * ROWS_PER_PAGE)
    previous = model.previous_period_runs()
    before = None if previous is None else summarize(previous)
    assert explorer._tiles.widget.value == tiles_html(summarize(expected), before, note=explorer._tiles._note())
    assert drawn[-1]["run_id"].tolist() == expected["run_id"].tolist()
    assert set(explorer._table.table.selected) == set(model.selection) <= set(expected["run_id"])
    bar = explorer._filters
    assert {name for name, chip in bar._chips.items() if chip.value} == set(filters.status or ())
    assert bar._unresolved.value == filters.only_unresolved
    assert len(bar._chosen.widget.children) == len(filters.job or ()) + sum(len(values) for _, values in filters.tags)


def test_all_views_agree_after_clicks_and_replies_in_any_order(drawn, notifying_threads):
    seed = 0
    source = SlowSource(many_runs(2500, seed), seed)
    changes = random.Random(seed)

    async def session():
        explorer = RunExplorer(source)
        explorer.model.clock = lambda: NOW
        browser = Browser(explorer, seed)
        for _ in range(CLICKS // CLICKS_PER_CHECK):
            clicking = browser.click(CLICKS_PER_CHECK)
            while clicking.is_alive() or explorer.background.busy():
                if changes.random() < 0.05:
                    source.change(changes.randrange(2500), status=changes.choice(["FAILURE", "SUCCESS"]))
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            explorer.refresh()
            explorer.wait(30)
            assert explorer._crash_box.error is None
            check(explorer, source, drawn)
        assert notifying_threads == {threading.get_ident()}
        explorer.close()

    asyncio.run(session())


def test_all_views_agree_after_clicks_and_replies_in_a_script(drawn, notifying_threads):
    """In a script, there is no event loop, so `wait` runs all callbacks."""
    source = SlowSource(many_runs(1500, 2), 2)
    explorer = RunExplorer(source)
    explorer.model.clock = lambda: NOW
    browser = Browser(explorer, 2)
    for _ in range(5):
        clicking = browser.click(20)
        while clicking.is_alive():
            explorer.wait(0.01)
        explorer.refresh()
        explorer.wait(30)
        check(explorer, source, drawn)
    assert notifying_threads == {threading.get_ident()}
    explorer.close()
