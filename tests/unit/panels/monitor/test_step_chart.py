"""Each bar of the monitor's chart shows its step, and a click on a bar shows only the events of its step."""

import numpy as np
import pytest

from dagster_nb.panels.monitor import RunMonitor
from tests.unit.panels.conftest import HOSTILE
from tests.unit.panels.monitor.fake_client import END, FakeRun, events


def record(key, start, end, status="SUCCESS", attempts=1):
    made = [{"startTime": start}] * attempts
    return {"stepKey": key, "status": status, "startTime": start, "endTime": end, "attempts": made}


@pytest.fixture
def monitor():
    made = RunMonitor(FakeRun())
    client = made.model.client
    client.step_records = [record("load", 0.0, 30.0), record(HOSTILE, 30.0, 90.0, "FAILURE", attempts=3)]
    client.become("FAILURE")
    for page in (events(2), events(3, start=2, stepKey=HOSTILE), END):
        client.pages.put(page)
    yield made.wait(20)
    assert made._crash_box.error is None
    made.close()


def act(monitor, *action):
    layer = monitor._steps._layer
    layer._handle_custom_msg({"action": list(action), "number": layer.chart["number"]}, [])
    monitor._draw_all()


def test_each_bar_shows_its_step(monitor):
    chart = monitor._steps._layer.chart
    fields = dict(chart["fields"])
    assert chart["ids"] == chart["names"] == ["load", HOSTILE]
    assert [chart["statuses"][code][0] for code in chart["codes"]] == ["SUCCESS", "FAILURE"]
    assert fields["Started"] == ["1970-01-01 00:00:00", "1970-01-01 00:00:30"]
    assert fields["Duration"] == ["30 s", "1 min"]
    assert fields["Attempts"] == ["", "3"]
    marks = np.frombuffer(monitor._steps._layer.marks, dtype=np.float32).reshape(-1, 4)
    assert marks[1, 0] == pytest.approx(marks[0, 2], abs=0.1), "the second begins where the first ends"
    assert chart["draggable"]


def test_a_click_shows_only_the_events_of_a_step(monitor):
    layer = monitor._steps._layer
    assert not layer.can_go_back
    act(monitor, "mark", HOSTILE)
    assert monitor.model.log.filter.step == HOSTILE
    assert monitor.model.log.matching == 3
    assert monitor._log._step.value == HOSTILE
    assert layer.can_go_back
    act(monitor, "group", "load")
    assert monitor._log._step.value == "load"
    assert monitor.model.log.matching == 2
    act(monitor, "back")
    assert monitor._log._step.value == ""
    assert monitor.model.log.matching == 5
    assert not layer.can_go_back


def shown_part(monitor):
    first, last = monitor._steps._layer._pixels.x_limits
    return [round(first, 3), round(last, 3)]


def test_a_drag_enlarges_a_part_of_the_time_axis_and_escape_takes_it_back(monitor):
    layer = monitor._steps._layer
    whole = shown_part(monitor)
    pixels = layer._pixels
    left, _, right, _ = pixels.plot
    ends = left + (right - left) * np.array([0.5, 0.7])
    chosen = [round(pixels.x_value(x), 3) for x in ends]
    act(monitor, "range", *ends[::-1].tolist())
    assert shown_part(monitor) == chosen
    # The first step ends before this part, and the second step ends after it.
    assert layer.chart["ids"] == [HOSTILE]
    marks = np.frombuffer(layer.marks, dtype=np.float32).reshape(-1, 4)
    assert marks[0, [0, 2]].tolist() == pytest.approx([layer._pixels.plot[0], layer._pixels.plot[2]], abs=0.1)
    # Escape first takes back the part and then the filter, in either order of the user's actions.
    act(monitor, "mark", HOSTILE)
    assert shown_part(monitor) == chosen
    act(monitor, "range", 300.0, 300.0)
    assert shown_part(monitor) == chosen, "a range without a length has no effect"
    act(monitor, "range", *ends.tolist())
    assert shown_part(monitor) != chosen
    act(monitor, "back")
    assert shown_part(monitor) == chosen
    act(monitor, "back")
    assert shown_part(monitor) == whole
    assert layer.chart["ids"] == ["load", HOSTILE]
    assert monitor.model.log.filter.step == HOSTILE
    assert layer.can_go_back
    act(monitor, "back")
    assert monitor.model.log.filter.step is None
    assert not layer.can_go_back


def test_the_whole_axis_of_another_run_is_shown(monitor):
    left, _, right, _ = monitor._steps._layer._pixels.plot
    act(monitor, "range", left + 100, right - 100)
    part = shown_part(monitor)
    monitor._steps._steps.draw(monitor.model.state.steps.copy(), None)
    assert shown_part(monitor) == part
    monitor._steps._steps.draw(monitor.model.state.steps.assign(run_id="another"), None)
    assert shown_part(monitor) != part
    assert not monitor._steps._layer.can_go_back


def test_a_click_on_an_unknown_step_does_nothing(monitor):
    act(monitor, "mark", "no such step")
    assert monitor.model.log.filter.step is None
