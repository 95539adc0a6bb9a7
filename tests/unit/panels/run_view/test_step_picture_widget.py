"""The picture of the steps of a run names the step of each bar."""

from datetime import UTC

import numpy as np
import pandas as pd
import pytest

from dagster_nb.frames.steps import steps_frame
from dagster_nb.panels.run_view.run_html import steps_picture
from dagster_nb.panels.run_view.step_picture_widget import step_texts

N_POINTS = 50
HINTS = {"mark": "show the log of this step", "group": "show the log of"}


def record(key, start, end):
    return {"stepKey": key, "status": "SUCCESS", "startTime": start, "endTime": end, "attempts": [{"startTime": start}]}


def test_the_bars_of_many_steps_have_tooltips_for_their_steps():
    random = np.random.default_rng(11)
    start, length = random.integers(0, 3_600, 300).tolist(), random.integers(1, 59, 300).tolist()
    steps = steps_frame(
        [
            {
                "runId": "r",
                "stepStats": [
                    record(f"step{n}", float(begin), float(begin + took))
                    for n, (begin, took) in enumerate(zip(start, length, strict=True))
                ],
            }
        ]
    )
    pixels = steps_picture(steps, as_of=None, width=900).pixels
    texts = step_texts(steps, pixels, None, UTC, HINTS)
    for place in random.choice(300, N_POINTS, replace=False):
        number = int(texts.names[place].removeprefix("step"))
        assert texts.fields["Duration"][place] == f"{length[number]} s"
        assert pixels.x_value(pixels.marks[place, 0]) == pytest.approx(start[number] - min(start), abs=0.5)
        assert pixels.x_value(pixels.marks[place, 2]) == pytest.approx(
            start[number] + length[number] - min(start), abs=0.5
        )


def test_a_step_in_progress_and_a_step_that_has_not_started_have_tooltips():
    begin = pd.Timestamp("2026-03-01 12:00", tz="UTC")
    steps = pd.DataFrame(
        {"step_key": ["a", "b"], "status": ["IN_PROGRESS", "NOT_STARTED"], "attempts": [1, 0]},
    ).assign(start_time=[begin, pd.NaT], end_time=pd.Series([pd.NaT, pd.NaT], dtype="datetime64[us, UTC]"))
    as_of = begin + pd.Timedelta("90s")
    texts = step_texts(steps, steps_picture(steps, as_of=as_of, width=900).pixels, as_of, UTC, {})
    assert texts.fields["Duration"] == ["1 min 30 s so far", ""]
    assert texts.fields["Started"] == ["2026-03-01 12:00:00", ""]


def test_the_label_says_what_enter_does_only_if_it_does_something():
    begin = pd.Timestamp("2026-03-01 12:00", tz="UTC")
    steps = pd.DataFrame({"step_key": ["a"], "status": ["SUCCESS"], "attempts": [1]})
    steps = steps.assign(start_time=[begin], end_time=[begin + pd.Timedelta("1s")])
    pixels = steps_picture(steps, as_of=None, width=900).pixels
    assert "Enter to show the log of this step" in step_texts(steps, pixels, None, UTC, HINTS).label
    silent = step_texts(steps, pixels, None, UTC, {})
    assert "Enter" not in silent.label
    assert not silent.groups
