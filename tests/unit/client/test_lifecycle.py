"""The synchronous client works with threads, Ctrl-C and forks, and in scripts that never close it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import dagster_nb as dnb
from tests.unit.fake import make_run


def portal_threads():
    return [thread for thread in threading.enumerate() if thread.name == "dagster_nb"]


def test_the_client_works_while_an_event_loop_is_running(fake):
    async def cell():
        with dnb.connect(fake.url) as client:
            return len(client.runs()), client.version

    assert asyncio.run(cell()) == (0, "1.13.28")


def test_the_client_works_from_several_threads_at_once(fake):
    fake.runs = [make_run(number) for number in reversed(range(300))]
    with dnb.connect(fake.url, progress=False) as client, ThreadPoolExecutor(8) as pool:
        frames = list(pool.map(lambda _: client.runs(page_size=50), range(16)))
    assert all(frame["run_id"].tolist() == fake.ids for frame in frames)


def test_two_clients_can_use_different_servers_concurrently(fake):
    from tests.unit.fake import FakeDagster

    with FakeDagster(runs=3) as other, dnb.connect(fake.url) as first, dnb.connect(other.url) as second:
        assert (len(first.runs()), len(second.runs()), len(first.runs())) == (0, 3, 0)


def test_connecting_repeatedly_leaves_no_thread_behind(fake):
    before = len(portal_threads())
    for _ in range(3):
        with dnb.connect(fake.url) as client:
            assert len(portal_threads()) == before + 1
            client.count_runs()
        assert len(portal_threads()) == before


def test_an_unreferenced_client_leaves_no_thread_behind(fake):
    before = len(portal_threads())
    client = dnb.connect(fake.url)
    client.count_runs()
    del client
    gc.collect()
    assert len(portal_threads()) == before


def test_a_closed_client_reopens_on_its_next_use(fake):
    client = dnb.connect(fake.url)
    client.close()
    client.close()
    assert client.count_runs() == 0
    client.close()


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill does not send Ctrl-C on Windows")
def test_ctrl_c_interrupts_a_request_and_leaves_the_client_usable(fake):
    fake.runs = [make_run(number) for number in reversed(range(30))]
    with dnb.connect(fake.url, progress=False) as client:
        fake.hang()
        pressed = []

        def press():
            fake.hanging.wait(60)
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        presser = threading.Thread(target=press)
        presser.start()
        with pytest.raises(KeyboardInterrupt):
            client.runs()
        # The limit allows for a slow machine. Without Ctrl-C, the request would take a minute.
        assert time.monotonic() - pressed[0] < 10
        presser.join()
        assert len(client.runs()) == 30


def test_leaving_iter_runs_early_leaves_the_client_usable(fake):
    fake.runs = [make_run(number) for number in reversed(range(300))]
    with dnb.connect(fake.url, progress=False) as client:
        for page in client.iter_runs(page_size=50):
            assert page["run_id"].tolist() == fake.ids[:50]
            break
        assert [len(page) for page in client.iter_runs(page_size=130)] == [130, 130, 40]


def test_closing_a_client_during_an_iteration_raises_an_error(fake):
    fake.runs = [make_run(number) for number in reversed(range(30))]
    with dnb.connect(fake.url, progress=False) as client:
        pages = client.iter_runs(page_size=10)
        late = client.iter_runs(page_size=10)
        next(pages)
    for iterator in (pages, late):
        with pytest.raises(dnb.DagsterNbError, match="closed.*Start the iteration again"):
            next(iterator)
    assert portal_threads() == []
    assert len(client.runs()) == 30
    client.close()


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill does not send Ctrl-C on Windows")
def test_ctrl_c_interrupts_a_loop_over_pages(fake):
    fake.runs = [make_run(number) for number in reversed(range(30))]
    # Wait until the client requests the second page, because Ctrl-C must come during the loop.
    ahead = threading.Event()
    fake.before = lambda _: ahead.set() if fake.operations.count("Runs") == 2 else None
    with dnb.connect(fake.url, progress=False) as client:
        pages = client.iter_runs(page_size=10)
        next(pages)
        assert ahead.wait(60)
        fake.hang(requests=5)

        def press():
            fake.hanging.wait(60)
            os.kill(os.getpid(), signal.SIGINT)

        presser = threading.Thread(target=press)
        presser.start()
        with pytest.raises(KeyboardInterrupt):
            list(pages)
        presser.join()
        fake.faults.clear()
        assert len(client.runs()) == 30


def test_a_failed_connection_leaves_no_thread_behind():
    before = len(portal_threads())
    with pytest.raises(dnb.ConnectionFailedError) as kept:
        dnb.connect("http://127.0.0.1:9")
    assert len(portal_threads()) == before
    assert kept.value.__cause__ is None


def test_a_call_from_the_clients_own_loop_raises_an_error_instead_of_blocking(fake):
    with dnb.connect(fake.url) as client:

        async def inside(_):
            return client.count_runs()

        with pytest.raises(dnb.DagsterNbError, match="AsyncDagsterClient"):
            client._call(inside)


def script(code, url, **options):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, url],
        capture_output=True, text=True, timeout=240, check=False, **options,
    )  # fmt: skip


def test_a_script_that_does_not_close_the_client_ends_silently(fake):
    code = """
import sys, dagster_nb as dnb
client = dnb.connect(sys.argv[1], progress=False)
pages = client.iter_runs(page_size=1)
next(pages)
print(client.count_runs())
"""
    fake.runs = [make_run(2), make_run(1)]
    done = script(code, fake.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no os.fork")
def test_the_client_works_in_a_forked_process_and_in_its_parent(fake):
    code = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns if a process with threads forks.
import dagster_nb as dnb
client = dnb.connect(sys.argv[1], progress=False)
client.count_runs()
child = os.fork()
if child == 0:
    assert client.count_runs() == 2
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
idle = os.fork()
if idle == 0:
    sys.exit(0)
os.waitpid(idle, 0)
assert client.count_runs() == 2
print("both")
"""
    fake.runs = [make_run(2), make_run(1)]
    done = script(code, fake.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "both\n", "")


def test_a_progress_bar_has_a_total_and_is_removed_at_the_end(fake, capsys):
    fake.runs = [make_run(number) for number in reversed(range(120))]

    def slowly(_operation):
        time.sleep(0.1)  # long enough for a progress bar to appear

    with dnb.connect(fake.url, progress=True) as client:
        fake.before = slowly
        client.runs(page_size=10)
    drawn = capsys.readouterr().err
    assert "reading runs" in drawn
    assert "/120" in drawn
    assert drawn.replace("\x1b[A", "").endswith("\r")
    with dnb.connect(fake.url, progress=False) as client:
        client.runs(page_size=20)
    assert capsys.readouterr().err == ""


def test_importing_the_package_imports_neither_dagster_nor_pyplot():
    code = (
        "import sys, dagster_nb; "
        "print([name for name in sys.modules if name.split('.')[0] in {'dagster', 'dagster_graphql'} "
        "or name == 'matplotlib.pyplot'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert done.stdout == "[]\n"
