"""The event log keeps all events, and shows the newest ones that match."""

import time

import pandas as pd

from dagster_nb.panels.run_view.event_log import EventFilter, EventLog
from tests.unit.panels.monitor.fake_client import events


def test_filtered_events_do_not_depend_on_the_order_of_pages_and_filters():
    pages = [
        events(30, level="INFO"),
        events(30, start=30, level="ERROR", stepKey=None, message=None),
        events(30, start=60, level="NEW", stepKey="other", eventType="STEP_START"),
    ]
    for chosen in (
        EventFilter(),
        EventFilter(level="WARNING"),
        EventFilter(step="load"),
        EventFilter(text="line 1"),
        EventFilter(text="STEP_st"),
        EventFilter(text="("),
    ):
        one, other = EventLog(max_shown=20), EventLog(max_shown=20)
        one.set_filter(chosen)
        for page in pages:
            one.add(page)
            other.add(page)
        other.set_filter(chosen)
        pd.testing.assert_frame_equal(one.shown.reset_index(drop=True), other.shown.reset_index(drop=True))
        assert one.matching == other.matching == len(chosen.apply(one.events))
    assert one.steps == ["load", "other"]


def test_an_event_with_an_unknown_level_is_shown():
    log = EventLog()
    log.add(events(1, level="NEW"))
    log.set_filter(EventFilter(level="CRITICAL"))
    assert log.matching == 1


def test_adding_a_page_takes_no_longer_if_the_log_is_long():
    log = EventLog()
    log.set_filter(EventFilter(text="line"))
    log.add(events(50_000))
    page = events(100)
    # Measure the CPU time, because it does not depend on other processes.
    began = time.process_time()
    for _ in range(10):
        log.add(page)
    assert (time.process_time() - began) / 10 < 0.05
