"""The filter bar always shows the model's filters, and every click has a visible effect."""

import pandas as pd
import pytest

from dagster_nb.panels.explorer import RunExplorer
from tests.unit.panels.conftest import NOW, FakeSource, make_runs


@pytest.fixture
def explore():
    made = []

    def make(frame, **filters):
        explorer = RunExplorer(FakeSource(frame), **filters)
        explorer.model.clock = lambda: NOW
        made.append(explorer)
        return explorer.wait(20)

    yield make
    for one in made:
        assert one._crash_box.error is None
        one.close()


def test_a_deselected_status_stays_deselected(explore):
    frame = make_runs(6)
    frame.loc[0, "status"] = "STARTED"
    frame.loc[1, "status"] = "CANCELING"
    explorer = explore(frame)
    chips = explorer._filters._chips
    chips["STARTED"].value = True
    explorer.model.source.change(0, status="SUCCESS")
    explorer.refresh()
    explorer.wait(20)
    explorer._filters._clear.click()
    assert chips["STARTED"] not in explorer._filters._statuses.children
    chips["CANCELING"].value = True
    assert explorer.filters == {"status": ["CANCELING"]}


def test_a_tag_filter_without_a_value_shows_a_hint(explore):
    explorer = explore(make_runs(3))
    bar = explorer._filters
    bar._tag_key.value = "team"
    bar._add_tag_button.click()
    assert "Type a value for the tag team" in bar._problem.value
    bar._tag_value.value = "data"
    assert explorer.filters == {"tags": {"team": ["data"]}}
    assert bar._problem.value == ""
    bar._tag_value.value = "ml"
    assert "Type the key of the tag" in bar._problem.value


def test_a_click_on_add_tag_after_leaving_the_field_shows_no_hint(explore):
    bar = explore(make_runs(3))._filters
    bar._add_tag_button.click()
    assert bar._problem.value == ""


def test_a_custom_time_range_has_two_fields(explore):
    explorer = explore(make_runs(60), created_after="24h")
    bar = explorer._filters
    bar._range.value = "custom"
    assert bar._custom.layout.display == ""
    assert bar._after.value == "24h"
    bar._before.value = "12h"
    explorer.wait(20)
    assert len(explorer.frame) == 11
    bar._after.value = "yesterday"
    assert "not a point in time" in bar._problem.value
    bar._range.value = "7d"
    assert explorer.filters == {"created_after": "7d"}
    assert bar._custom.layout.display == "none"


def test_filters_set_in_code_do_not_affect_each_other(explore):
    """If two fields belong together, an update of one must not apply the old text of the other."""
    explorer = explore(make_runs(60))
    explorer.set_filters(created_after="2026-02-28", created_before="2026-03-01", min_duration="5 s", max_duration="1h")
    explorer.set_filters(created_after="2026-02-27", min_duration="6 s")
    assert explorer.filters == {"created_after": "2026-02-27", "min_duration": pd.Timedelta("6s")}
    assert explorer._filters._range.value == "custom"
    assert explorer._filters._before.value == ""
    assert explorer._filters._max_duration.value == ""
    explorer.set_filters()
    assert explorer._filters._range.value == ""
