"""Background tasks deliver their results in the kernel's thread, and closing the panel stops all their threads."""

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


def test_wait_delivers_results_without_an_event_loop(background):
    got = []
    background.start("kind", lambda _task: 7, done=got.append)
    assert background.wait(lambda: bool(got), 5)
    assert got == [7]
    assert not background.busy()


def test_results_arrive_in_the_event_loop_of_a_notebook(crashes):
    async def cell():
        background = Background(crashes.append)
        got = []

        def work(task):
            task.report("half")
            return threading.current_thread().name

        background.start(
            "kind", work, on_progress=got.append, done=lambda name: got.extend([name, threading.current_thread()])
        )
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(got) == 3:
                break
        background.close()
        return got

    got = asyncio.run(cell())
    assert got == ["half", "dagster_nb kind", threading.main_thread()]
    assert crashes == []


def test_wait_also_delivers_results_in_the_thread_of_the_loop(crashes):
    async def cell():
        background = Background(crashes.append)
        got = []
        background.start("kind", lambda _task: 1, done=got.append)
        assert background.wait(lambda: bool(got), 5)
        background.close()
        return got

    assert asyncio.run(cell()) == [1]


def test_only_the_newest_result_is_delivered(background):
    gate = threading.Event()
    got = []

    def slow(task):
        gate.wait(5)
        task.report("old")
        return "old"

    first = background.start("kind", slow, done=got.append, on_progress=got.append)
    background.start("kind", lambda _task: "new", done=got.append)
    assert background.wait(lambda: bool(got), 5)
    gate.set()
    first.thread.join(5)
    background.wait(lambda: False, 0.05)
    assert got == ["new"]
    assert first.stopped


def test_different_kinds_of_work_do_not_stop_each_other(background):
    got = []
    background.start("a", lambda _task: "a", done=got.append)
    background.start("b", lambda _task: "b", done=got.append)
    assert background.wait(lambda: len(got) == 2, 5)


def test_an_error_in_background_work_is_handled_or_reported_as_a_crash(background, crashes):
    failed = []

    def work(task):
        raise ValueError("no")

    background.start("kind", work, failed=failed.append)
    assert background.wait(lambda: bool(failed), 5)
    assert str(failed[0]) == "no"
    background.start("kind", work)
    assert background.wait(lambda: bool(crashes), 5)


def test_an_error_in_a_handler_is_reported_and_does_not_stop_the_rest(background, crashes):
    got = []

    def done(_):
        raise RuntimeError("drawing failed")

    background.start("a", lambda _task: 1, done=done)
    assert background.wait(lambda: bool(crashes), 5)
    background.start("b", lambda _task: 1, done=got.append)
    assert background.wait(lambda: bool(got), 5)
    assert [str(error) for error in crashes] == ["drawing failed"]


def test_a_delayed_call_can_be_canceled(background):
    got = []
    background.later(0.01, lambda: got.append("due"))
    cancel = background.later(0.05, lambda: got.append("never"))
    cancel()
    assert background.wait(lambda: bool(got), 5)
    time.sleep(0.1)
    assert got == ["due"]


def test_closing_ends_threads_and_ignores_their_results(crashes):
    background = Background(crashes.append)
    got = []

    def work(task):
        while not task.stopped:
            task.sleep(0.01)
        return "late"

    background.start("kind", work, done=got.append)
    background.later(60, lambda: None)
    background.close()
    assert names() == []
    assert got == []
    assert background.start("kind", work).stopped
    assert names() == []


def test_callbacks_run_only_in_the_thread_of_the_kernel(background):
    got = []
    task = background.start("kind", lambda _task: 1, done=lambda _: got.append(threading.get_ident()))
    background.later(0, lambda: got.append(threading.get_ident()))
    task.thread.join(5)
    assert got == []
    assert background.wait(lambda: len(got) == 2, 5)
    assert set(got) == {threading.get_ident()}


def test_a_call_in_the_thread_of_the_kernel_runs_immediately(background):
    got = []
    background.call(lambda: got.append(1))
    assert got == [1]


def test_wait_delivers_results_after_the_loop_has_been_closed(crashes):
    async def cell():
        return Background(crashes.append)

    background = asyncio.run(cell())
    got = []
    background.start("kind", lambda _task: 1, done=got.append)
    assert background.wait(lambda: bool(got), 5)
    background.close()
