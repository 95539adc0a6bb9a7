"""In a Binder session, all notebooks run, and Dagster is available under JupyterHub's path prefix."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil
import pytest

import dagster_nb as dnb
from tests.browser.binder.binder_without_docker import SERVICE_PREFIX
from tests.browser.lab import Notebook

pytestmark = pytest.mark.extended

DAGSTER = f"{SERVICE_PREFIX}dagster"
LAST_CELL = "jupyterapp.shell.currentWidget.content.widgets.at(-1).model.executionCount"
HREFS = "[...document.querySelectorAll('.jp-OutputArea-output a[href]')].map((link) => link.getAttribute('href'))"
ASK = """
async (path) => {
  const body = JSON.stringify({ query: "{ version }" });
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return (await answer.json()).data.version;
}
"""
SCRIPT = "binder/demo.py"
IN_PROGRESS = ["STARTING", "STARTED", "CANCELING"]
MOST_BYTES = 1.5e9


@pytest.fixture
def notebook(started, context):
    opened = []

    def make(name):
        made = Notebook(started, context, None, name=f"notebooks/{name}")
        opened.append(made)
        return made.open(timeout=180_000)

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def client(started):
    with dnb.connect(started.dagster_url, wait=120, progress=False) as client:
        yield client


@pytest.fixture(autouse=True)
def offline(started):
    """Check that no process of the session contacted another machine."""
    yield
    print_diagnostics(started)
    strangers = started.replay.strangers
    assert not strangers.exists(), strangers.read_text()


def print_diagnostics(session):
    """Print the unfinished runs and the logs, because a test may fail if runs of other tests occupy both run slots."""
    try:
        with dnb.connect(session.dagster_url, progress=False) as client:
            unfinished = client.runs(status=["QUEUED", *IN_PROGRESS])
        print(unfinished[["job_name", "status", "creation_time"]].to_string())  # noqa: T201
    except dnb.DagsterNbError as error:
        print(error)  # noqa: T201
    print(session.log())  # noqa: T201


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def of_dagster(session):
    """Map the processes of Dagster, the supervisor and the runs to their command lines."""
    family = {}
    for process in session.family():
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            if "DAGSTER_HOME" in process.environ() or "dagster_nb" in command or SCRIPT in command:
                family[process] = command
    return family


def test_the_first_notebook_runs_to_the_end_and_links_to_dagster(started, notebook, context):
    first = notebook("01_explore_run_history")
    assert first.page.evaluate(LAST_CELL) == 23
    first.check()
    assert "QUEUED_RUN_COORDINATOR" in first.outputs_text()
    # The link for the client and the links for two runs start with the path of Dagster's UI.
    hrefs = first.page.evaluate(HREFS)
    assert len(hrefs) == 3
    assert hrefs[0] == DAGSTER
    assert all(href.startswith(f"{DAGSTER}/runs/") for href in hrefs[1:])

    run_id = hrefs[-1].rpartition("/")[2]
    sockets = []
    context.on("page", lambda page: page.on("websocket", lambda socket: sockets.append(socket.url)))
    with context.expect_page() as opening:
        first.page.locator(f'a[href="{hrefs[-1]}"]').click()
    page = opening.value
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.get_by_text(run_id[:8]).first.wait_for()
    page.get_by_text("load_orders").first.wait_for()
    assert page.url == f"{started.url}/dagster/runs/{run_id}"
    wait_for(lambda: sockets)
    assert sockets[0] == f"{started.url}/dagster/graphql".replace("http", "ws", 1)
    assert page.evaluate(ASK, f"{DAGSTER}/graphql") == page.evaluate(ASK, "graphql/../../graphql")

    page.goto(f"{started.url}/dagster/graphql")  # the playground
    page.get_by_role("button", name="Execute query").wait_for()
    assert errors == []
    page.close()


def test_a_card_in_the_launcher_opens_dagster(started, context):
    page = context.new_page()
    page.goto(f"{started.url}/lab?token={started.token}&reset")
    with context.expect_page() as opening:
        page.locator(".jp-LauncherCard", has_text="Dagster").click()
    dagster = opening.value
    dagster.get_by_role("link", name="Runs").first.wait_for()
    assert dagster.url.startswith(f"{started.url}/dagster")
    dagster.close()
    page.close()


def test_all_other_notebooks_run_from_top_to_bottom(started):
    names = [path.name for path in sorted((started.root / "notebooks").glob("*.ipynb"))]
    assert len(names) >= 4
    # `binder/start` keeps the Dagster that is already running.
    execute = started.start("bash", "-c", f"cd notebooks && jupyter execute --timeout=300 {' '.join(names[1:])}")
    try:
        assert execute.wait(300) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(execute.pid, signal.SIGKILL)


def test_an_open_explorer_and_two_concurrent_runs_fit_into_memory(started, notebook, client, record_property):
    notebook("04_explorer").check()
    wait_for(lambda: sum(f"{SCRIPT} serve" in command for command in of_dagster(started).values()) == 1)
    # Wait for the runs that the notebooks launched and left running.
    wait_for(
        lambda: client.count_runs(job=["ingest_orders", "export_invoices"], status=["QUEUED", *IN_PROGRESS]) == 0, 180
    )
    launched = client.launch_many([{"job": "build_warehouse"}] * 4)["run_id"]
    busiest, most = 0, 0

    def finished():
        nonlocal busiest, most
        busiest = max(busiest, client.count_runs(status=IN_PROGRESS))
        most = max(most, sum(pss(process) for process in started.family()))
        return client.count_runs(run_ids=launched, status="SUCCESS") == 4

    wait_for(finished, 300)
    record_property("most_bytes", most)
    print(f"maximum memory of all processes (PSS): {most / 1e6:,.0f} MB")  # noqa: T201 - shown with -s
    assert busiest == 2
    assert most < MOST_BYTES


def pss(process):
    try:
        return process.memory_full_info().pss
    except psutil.NoSuchProcess:
        return 0


def test_the_explorer_opens_as_an_application(started, context, client):
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    # The page finishes loading only when all cells have run.
    page.goto(f"{started.url}/voila/render/notebooks/04_explorer.ipynb?token={started.token}", wait_until="commit")
    page.locator(".dnb-title", has_text="Dagster").first.wait_for(timeout=180_000)
    page.locator(f'a[href^="{DAGSTER}"]').first.wait_for()
    assert errors == []
    page.close()


@pytest.mark.parametrize("killed", ["settings.json", "everything"], ids=["dagster", "everything"])
def test_a_restarted_dagster_still_has_every_run(started, client, killed):
    listening = client.launch("watch_clickstream")
    wait_for(lambda: listening.refresh().status == "STARTED")
    before = set(client.runs()["run_id"])
    for process, command in of_dagster(started).items():
        if killed == "everything" or killed in command:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    again = started.start("true")
    assert again.wait(20) == 0, "`binder/start` must start Dagster in the background"
    # Only the Dagster that was restarted can report that this run has ended.
    wait_for(lambda: ended(started, listening.run_id), 120)
    assert set(client.runs()["run_id"]) >= before
    assert client.count_runs(status=IN_PROGRESS) <= 1, "only the next queued run may be in progress"
    assert client.launch("ingest_orders").wait(timeout=120).status == "SUCCESS"
    assert sum("_supervisor" in command for command in of_dagster(started).values()) == 1


def ended(session, run_id):
    try:
        with dnb.connect(session.dagster_url, progress=False) as client:
            return client.run(run_id).is_finished
    except dnb.DagsterNbError:
        return False
