"""Run config as people give it."""

import datetime as dt
import enum

import numpy as np
import pandas as pd
import pytest

from dagster_nb.client.config import parse_run_config
from dagster_nb.errors import RunConfigInvalidError


class Mode(enum.Enum):
    FAST = "fast"


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (None, {}),
        ("", {}),
        ("# nothing", {}),
        ({}, {}),
        ("a: {b: [1, x, null, true, 1.5]}", {"a": {"b": [1, "x", None, True, 1.5]}}),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        # Dagster leaves dates the text that they are, and so must we: JSON has none.
        ("day: 2026-01-31\nat: 2026-01-31 10:00:00", {"day": "2026-01-31", "at": "2026-01-31 10:00:00"}),
        # A key is text, also where YAML sees more in it.
        ("on: 1\n2: 3\nnull: 4\n2026-01-31: 5", {"on": 1, "2": 3, "null": 4, "2026-01-31": 5}),
        ("a: &a {x: 1}\nb: {<<: *a, x: 2, y: 3}", {"a": {"x": 1}, "b": {"x": 2, "y": 3}}),
        (
            "a: &a {x: 1}\nb: {c: &c {<<: *a, y: 2}}\nd: {<<: *c, z: 3}",
            {"a": {"x": 1}, "b": {"c": {"x": 1, "y": 2}}, "d": {"x": 1, "y": 2, "z": 3}},
        ),
        (
            {"a": (1, 2), "b": Mode.FAST, "c": np.int64(3), "d": np.float64(0.5)},
            {"a": [1, 2], "b": "fast", "c": 3, "d": 0.5},
        ),
        (
            {"a": dt.date(2026, 1, 31), "b": pd.Timestamp("2026-01-31", tz="UTC"), "c": dt.time(10)},
            {"a": "2026-01-31", "b": "2026-01-31T00:00:00+00:00", "c": "10:00:00"},
        ),
        ({1: {Mode.FAST: True}}, {"1": {"fast": True}}),
    ],
)
def test_what_is_meant(given, parsed):
    assert parse_run_config(given) == parsed
    assert repr(parse_run_config(given)) == repr(parsed)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "line 4, column 3: the key 'c' is given twice"),
        ('{"a": 1, "a": 2}', "line 1, column 10: the key 'a' is given twice"),
        ("a: [1", "line 1, column 6"),
        ("a: 1\n\tb: 2", "line 2, column 1"),
        ("a: 1\n---\nb: 2", "line 2, column 1"),
        ("a: \x00", "no valid YAML"),
        ("a: !!python/object:os.system ls", "line 1, column 4"),
        ("? [1, 2]\n: 3", "line 1, column 3"),
        ("- a", "is a mapping, such as 'ops: ...', and this text is not: '- a'"),
        ("run.yaml", r"pathlib.Path('run.yaml').read_text()"),
        ("a: {b: [.inf]}", "a.b[0] is inf"),
        ("a: !!set {x}", "a is {'x'} (set)"),
        ("a: &a {b: *a}", "holds itself"),
        ({"a": {"b": float("nan")}}, "a.b is nan"),
        ({"a": pd.NaT}, "a is NaT"),
        ({"a": object}, "a is <class 'object'>"),
        ({"a": {None: 1}}, "a has the key None"),
        ({True: 1}, "the run config has the key True"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(RunConfigInvalidError) as caught:
        parse_run_config(given)
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("given", [3, ["ops"], b"ops: {}"])
def test_what_is_no_config_at_all(given):
    with pytest.raises(TypeError, match="run_config takes a dict, or YAML or JSON text"):
        parse_run_config(given)
