"""The explorer and the monitor show why a run failed."""

from html import unescape

import pandas as pd

from dagster_nb.frames.stacks import traceback_text
from dagster_nb.panels.run_view.last_matching_lines import last_lines
from dagster_nb.panels.run_view.log_html import events_html, output_summary
from dagster_nb.panels.run_view.run_html import failures_html
from tests.unit.frames.test_failures_display import failures
from tests.unit.frames.test_stacks import OWN, PANDAS, stack
from tests.unit.panels.monitor.fake_client import events


def test_a_failure_shows_the_code_of_the_user_and_folds_other_frames():
    html = failures_html(failures())
    own, libraries = html.index(f"{OWN}&quot;, line 0, in function_0\n    code()</pre>"), html.rindex(PANDAS)
    unfolded = html[:own]
    assert unfolded.count("<details>") == unfolded.count("</details>")
    folded = html[own:libraries]
    assert folded.count("<details>") == folded.count("</details>") + 1
    assert "<img" not in html


def test_the_button_copies_the_complete_stack_trace():
    html = failures_html(failures())
    copied = html.partition('data-dnb-copy="')[2].partition('"')[0]
    assert unescape(copied) == traceback_text(failures()["causes"][0])
    # Without widgets, no script handles clicks on a copy button.
    assert "<button" not in failures_html(failures(), can_copy=False)


def test_a_failure_without_stack_trace_has_no_copy_button():
    died = failures().assign(stack=pd.NA, causes=[[]])
    html = failures_html(died)
    assert "<bdi>load</bdi>" in html
    assert "<button" not in html
    assert "<details" not in html


def test_the_log_folds_the_stack_trace_of_an_error():
    error = {"className": "KeyError", "message": "KeyError: 'k'", "stack": [stack(OWN)], "causes": []}
    html = events_html(pd.concat([events(1), events(1, start=1, level="ERROR", error=error)]))
    assert html.count("<summary>Stack trace</summary>") == 1
    assert OWN in html


def test_the_summary_of_long_output_gives_the_omitted_amount():
    summary = output_summary(last_lines("a\nb\n"), "stdout", omitted=3 * 2**20)
    assert summary == "showing 2 lines; the first 3 MB are left out"
    assert output_summary(last_lines("c\n"), "stderr") == "showing 1 line"
