"""The monitor in a browser: follow a run, filter its log, terminate it, and re-execute a failed run."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_launchpad import shoot

SETUP = """
import dagster_nb as dnb
from comm import get_comm_manager
client = dnb.connect({url!r}, progress=False)
sent = []
terminate = dnb.DagsterClient.terminate
def spy(self, *args, **options):
    sent.append(options)
    return terminate(self, *args, **options)
dnb.DagsterClient.terminate = spy
def left():
    import threading
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]
    return len(set(get_comm_manager().comms) - comms), threads
comms = set(get_comm_manager().comms)
"""
HANG = "monitor = dnb.RunMonitor(client.launch('watch_clickstream'))\nmonitor"
FAIL = """
config = {"ops": {"request_rates": {"config": {"outage": "timeout", "base_currency": "<b>$x$</b> שלום"}}}}
monitor = dnb.RunMonitor(client.launch("fetch_exchange_rates", run_config=config))
monitor
"""


@pytest.fixture
def watched(notebook, demo):
    def watch(cell):
        book = notebook(SETUP.format(url=demo.url), cell)
        return book, book.output.locator(".dnb-monitor")

    return watch


def test_the_monitor_follows_a_hanging_run_and_terminates_it(watched):
    book, panel = watched(HANG)
    head = panel.get_by_role("heading")
    expect(head).to_contain_text("STARTED", timeout=60_000)
    expect(panel.get_by_role("img", name="consume_clicks IN_PROGRESS")).to_be_visible()
    expect(panel.locator(".dnb-mode")).to_contain_text("live")
    expect(panel.get_by_text(re.compile(r"running for \d+ s"))).to_be_visible()
    log = panel.get_by_role("log")
    expect(log).to_contain_text("listening to clicks")
    picture = panel.get_by_role("img")
    before = picture.get_attribute("src")
    expect(picture).not_to_have_attribute("src", before)

    # Filters
    panel.get_by_label("Find").fill("LISTENING to")
    expect(log.get_by_role("row")).to_have_count(2)
    expect(panel.get_by_text(re.compile(r"showing 1 matching event, of \d+"))).to_be_visible()
    panel.get_by_label("Find").fill("")
    panel.get_by_label("Step", exact=True).select_option("consume_clicks")
    expect(log).not_to_contain_text("RUN_START")
    panel.get_by_label("Level").select_option("WARNING and above")
    expect(log.get_by_role("row")).to_have_count(1)
    panel.get_by_label("Level").select_option("all levels")
    panel.get_by_label("Step", exact=True).select_option("whole run")
    expect(log).to_contain_text("RUN_START")
    shoot(book, "monitor_running", panel)

    stop = panel.get_by_role("button", name="Terminate", exact=True)
    stop.click()
    question = panel.get_by_role("alertdialog")
    expect(question).to_contain_text("watch_clickstream")
    expect(question).to_contain_text(book.run("print(monitor.run_id)"))
    book.shot("monitor_confirm", panel)
    panel.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert book.run("print(sent)") == "[]"
    stop.click()
    panel.get_by_role("button", name="Terminate run").click()
    expect(head).to_contain_text("CANCELED", timeout=60_000)
    expect(panel.get_by_text(re.compile("^Canceled after"))).to_be_visible()
    expect(stop).to_be_hidden()
    assert book.run("print(sent, client.run(monitor.run_id).status)") == "[{'force': False}] CANCELED"
    book.check()
    assert book.run("monitor.close(); print(left())") == "(0, [])"


def test_the_monitor_shows_why_a_run_failed_and_reexecutes_it(watched):
    book, panel = watched(FAIL)
    expect(panel.get_by_role("heading")).to_contain_text("FAILURE", timeout=60_000)
    failure = panel.get_by_role("alert").filter(has_text="Failed in")
    expect(failure).to_contain_text("Failed in step request_rates")
    expect(panel.get_by_text("TimeoutError: read timed out after 30 s", exact=False).first).to_be_visible()
    expect(panel.get_by_role("log")).to_contain_text("rates for <b>$x$</b> שלום")
    expect(panel.get_by_role("link", name="open in Dagster")).to_have_attribute(
        "href", book.run("print(client.run(monitor.run_id).url)")
    )
    book.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    failure.get_by_role("button", name="Copy the stack trace").first.click()
    expect(failure.get_by_role("button", name="Copied")).to_be_visible()
    copied = book.page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == book.run(
        "from dagster_nb.frames.stacks import traceback_text\n"
        "print(traceback_text(client.failures(monitor.run_id)['causes'].iloc[0]).strip())"
    )
    assert "Traceback" in copied
    panel.get_by_label("Level").select_option("ERROR and above")
    expect(panel.get_by_text(re.compile(r"showing \d+ matching events, of"))).to_be_visible()
    # Times are in the browser's time zone, with UTC in the tooltip.
    book.set_time_zone("Asia/Tokyo")
    created = panel.get_by_title(re.compile(r"^[\d-]+ [\d:]+ UTC$")).filter(has_text="created ")
    expect(created).to_contain_text("Asia/Tokyo")
    expect(panel.get_by_role("log")).to_contain_text("Time (Asia/Tokyo)")
    # The chart includes steps that never ran.
    expect(panel.get_by_role("img", name="store_rates NOT_STARTED")).to_be_visible()
    shoot(book, "monitor_failed", panel)
    panel.get_by_role("button", name="stderr", exact=True).click()
    expect(panel.get_by_label("stderr of the run")).to_contain_text("request_rates")
    book.shot("monitor_stderr", panel)
    # Without widgets
    static = book.run("print(monitor._repr_mimebundle_()[0]['text/html'])")
    assert "Failed in <strong>step" in static
    assert "<b>$x$" not in static

    first = book.run("print(monitor.run_id)")
    panel.get_by_role("button", name="Re-execute from failure", exact=True).click()
    expect(panel.get_by_role("alertdialog")).to_contain_text(first)
    panel.get_by_role("button", name="Re-execute from failure now").click()
    expect(panel.get_by_text(re.compile("re-execution of"))).to_contain_text(first)
    expect(panel.get_by_role("heading")).to_contain_text("SUCCESS", timeout=60_000)
    expect(panel.get_by_text("Succeeded: 3 steps in")).to_be_visible()
    assert book.run("print(client.runs(run_ids=[monitor.run_id])['parent_run_id'].iloc[0])") == first
    book.shot("monitor_reexecuted", panel)
    panel.get_by_role("button", name=f"Back to run {first[:8]}").click()
    expect(panel.get_by_role("heading")).to_contain_text(first)
    book.check()
    assert book.run("monitor.close(); print(left())") == "(0, [])"
