"""The failures of a run are shown with their stack traces."""

import pandas as pd

from dagster_nb.frames.failures import failures_frame
from dagster_nb.frames.failures_display import RunFailures, stack_html
from tests.unit.frames.test_events_and_failures import RUN_FAILURE, error, event
from tests.unit.frames.test_stacks import DAGSTER, OWN, PANDAS, stack

HOSTILE = "<img src=x onerror=alert(1)>"


def failures():
    inner = error(f"KeyError: '{HOSTILE}'\n", "KeyError", stack=[stack(OWN), stack(PANDAS)])
    raised = error("CheckError: outer\n", "CheckError", inner, stack=[stack(DAGSTER)])
    return RunFailures(
        failures_frame({"r": [event("ExecutionStepFailureEvent", 1, "load", error=raised), RUN_FAILURE]})
    )


def test_failures_are_shown_as_stack_traces():
    html = failures()._repr_html_()
    assert "Failed in <b>step load</b>" in html
    own, libraries = html.index(OWN), html.index(PANDAS)
    assert "1 frame in libraries" in html[own:libraries]
    assert html[:own].count("<details>") == html[:own].count("</details>")
    assert "which led to CheckError: outer" in html[libraries:]
    assert "<img" not in html
    text = repr(failures())
    assert text.startswith("Failed in step load\nTraceback")
    assert text.endswith("CheckError: outer")


def test_a_selection_of_failures_is_an_ordinary_frame():
    assert type(failures()[["step_key"]]) is pd.DataFrame
    assert repr(RunFailures(failures_frame({}))) == "no failures"


def test_an_error_without_stack_trace_is_shown():
    died = failures_frame({"r": [event("RunFailureEvent", message="Run process exited", error=None)]})
    assert repr(RunFailures(died)) == "Failed in the run itself\nRun process exited"
    assert "Run process exited" in RunFailures(died)._repr_html_()
    assert stack_html([{"error_class": "A", "error_message": None, "stack": None}]) == '<div class="dnb-stack"></div>'


def test_a_stack_trace_with_only_library_code_shows_the_last_frame():
    html = stack_html([{"error_class": "A", "error_message": None, "stack": stack(DAGSTER, DAGSTER)}])
    assert html.endswith(
        f"<pre>{stack(DAGSTER, DAGSTER).split(chr(10), 2)[2].rstrip()}</pre></div>".replace('"', "&quot;")
    )


def test_an_endless_recursion_is_shortened():
    html = stack_html([{"error_class": "RecursionError", "error_message": None, "stack": stack(*[OWN] * 5000)}])
    assert len(html) < 100_000
    assert "function_4999" in html


def test_errors_contain_no_terminal_escape_codes():
    raised = error("E: \x1b[2J gone\n", "E", stack=["\x1b]0;title\x07\n"])
    events = [event("ExecutionStepFailureEvent", 1, "load", error=raised), RUN_FAILURE]
    shown = repr(RunFailures(failures_frame({"r": events})))
    assert "[2J gone" in shown
    assert not {"\x1b", "\x07"} & set(shown)
