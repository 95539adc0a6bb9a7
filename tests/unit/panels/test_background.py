"""Work in threads that comes home to the loop, newest first, and leaves nothing behind."""

import asyncio
import threading
import time

import pytest

from dagster_nb.panels.background import Background


@pytest.fixture
def crashes():
    return []


@pytest.fixture
def background(crashes):
    made = Background(crashes.append)
    yield made
    made.close()


def names():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]


def test_results_come_home_without_a_loop(background):
    got = []
    background.start("lane", lambda _task: 7, done=got.append)
    assert background.wait(lambda: bool(got), 5)
    assert got == [7]
    assert not background.busy()


def test_results_come_home_to_the_loop_of_the_kernel(crashes):
    async def cell():
        background = Background(crashes.append)
        got = []

        def work(task):
            task.tell("half")
            return threading.current_thread().name

        background.start(
            "lane", work, told=got.append, done=lambda name: got.extend([name, threading.current_thread()])
        )
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(got) == 3:
                break
        background.close()
        return got

    got = asyncio.run(cell())
    assert got == ["half", "dagster_nb lane", threading.main_thread()]
    assert crashes == []


def test_whoever_waits_in_the_loops_thread_gets_results_too(crashes):
    async def cell():
        background = Background(crashes.append)
        got = []
        background.start("lane", lambda _task: 1, done=got.append)
        assert background.wait(lambda: bool(got), 5)
        background.close()
        return got

    assert asyncio.run(cell()) == [1]


def test_the_newest_wins(background):
    gate = threading.Event()
    got = []

    def slow(task):
        gate.wait(5)
        task.tell("old")
        return "old"

    first = background.start("lane", slow, done=got.append, told=got.append)
    background.start("lane", lambda _task: "new", done=got.append)
    assert background.wait(lambda: bool(got), 5)
    gate.set()
    first.thread.join(5)
    background.wait(lambda: False, 0.05)
    assert got == ["new"]
    assert first.stopped


def test_lanes_do_not_disturb_each_other(background):
    got = []
    background.start("a", lambda _task: "a", done=got.append)
    background.start("b", lambda _task: "b", done=got.append)
    assert background.wait(lambda: len(got) == 2, 5)


def test_errors_are_told(background, crashes):
    failed = []

    def work(task):
        raise ValueError("no")

    background.start("lane", work, failed=failed.append)
    assert background.wait(lambda: bool(failed), 5)
    assert str(failed[0]) == "no"
    background.start("lane", work)
    assert background.wait(lambda: bool(crashes), 5)


def test_an_error_at_home_is_told_and_does_not_stop_the_rest(background, crashes):
    got = []

    def done(_):
        raise RuntimeError("drawing failed")

    background.start("a", lambda _task: 1, done=done)
    assert background.wait(lambda: bool(crashes), 5)
    background.start("b", lambda _task: 1, done=got.append)
    assert background.wait(lambda: bool(got), 5)
    assert [str(error) for error in crashes] == ["drawing failed"]


def test_later_can_be_called_off(background):
    got = []
    background.later(0.01, lambda: got.append("due"))
    call_off = background.later(0.05, lambda: got.append("never"))
    call_off()
    assert background.wait(lambda: bool(got), 5)
    time.sleep(0.1)
    assert got == ["due"]


def test_closing_ends_threads_and_drops_what_they_say(crashes):
    background = Background(crashes.append)
    got = []

    def work(task):
        while not task.stopped:
            task.sleep(0.01)
        return "late"

    background.start("lane", work, done=got.append)
    background.later(60, lambda: None)
    background.close()
    assert names() == []
    assert got == []
    assert background.start("lane", work).stopped
    assert names() == []
