"""Run configs are accepted in several forms, and invalid ones cause clear errors."""

import dataclasses
import datetime as dt
import enum
import json
import time

import numpy as np
import pandas as pd
import pytest

from dagster_nb.client.arguments.run_config import parse_run_config
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
        # Dates stay strings, as in Dagster, because JSON has no dates.
        ("day: 2026-01-31\nat: 2026-01-31 10:00:00", {"day": "2026-01-31", "at": "2026-01-31 10:00:00"}),
        # Keys are strings, even if YAML would parse them as another type.
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
def test_a_valid_config_becomes_a_dict(given, parsed):
    assert parse_run_config(given) == parsed
    assert repr(parse_run_config(given)) == repr(parsed)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "line 4, column 3: the key 'c' occurs twice"),
        ('{"a": 1, "a": 2}', "line 1, column 10: the key 'a' occurs twice"),
        ("a: [1", "line 1, column 6"),
        ("a: 1\n\tb: 2", "line 2, column 1"),
        ("a: 1\n---\nb: 2", "line 2, column 1"),
        ("a: \x00", "not valid YAML"),
        ("a: !!python/object:os.system ls", "line 1, column 4"),
        ("? [1, 2]\n: 3", "line 1, column 3"),
        ("- a", "must be a mapping, such as 'ops: ...', and not '- a'"),
        ("run.yaml", r"pathlib.Path('run.yaml').read_text()"),
        ("a: {b: [.inf]}", "a.b[0] is inf"),
        ("a: !!set {x}", "a is {'x'} (set)"),
        ("a: &a {b: *a}", "contains itself"),
        ({"a": {"b": float("nan")}}, "a.b is nan"),
        ({"a": pd.NaT}, "a is NaT"),
        ({"a": object}, "a is <class 'object'>"),
        ({"a": {None: 1}}, "a has the key None"),
        ({True: 1}, "the run config has the key True"),
    ],
)
def test_the_error_for_an_invalid_config_names_the_position(given, message):
    with pytest.raises(RunConfigInvalidError) as caught:
        parse_run_config(given)
    assert message in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "given",
    [
        {"rate": 1e-05, "big": 1e300, "huge": 10**30},
        {"text": "1e-05", "on": "yes", "day": "2026-01-31", "null": "null"},
        {"escapes": "\t / \\ \u20ac 😀 \n", "#": "# no comment", "a: b": ["- c"]},
        {"nested": [[], {}, [{"a": None}], True, -0.0]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_text_is_parsed_exactly_as_json(given, indent, ascii_only):
    text = json.dumps(given, indent=indent, ensure_ascii=ascii_only)
    assert repr(parse_run_config(text)) == repr(given)


def test_json_can_escape_a_slash():
    assert parse_run_config(r'{"path": "a\/b"}') == {"path": "a/b"}


def test_a_dagster_run_config_is_converted_the_way_dagsters_client_converts_it():
    import dagster as dg

    class Load(dg.Config):
        rows: int = 3
        table: str

    config = dg.RunConfig(ops={"load": Load(table="orders")})
    assert parse_run_config(config) == config.to_config_dict()
    assert parse_run_config(config)["ops"] == {"load": {"config": {"rows": 3, "table": "orders"}}}


def test_a_dataclass_becomes_a_dict_of_its_fields():
    @dataclasses.dataclass
    class Load:
        rows: int
        mode: Mode

    assert parse_run_config({"ops": {"load": {"config": Load(3, Mode.FAST)}}}) == {
        "ops": {"load": {"config": {"rows": 3, "mode": "fast"}}}
    }


class TestBounds:
    """A config that would take minutes to parse is rejected immediately."""

    @pytest.fixture(autouse=True)
    def _at_once(self):
        began = time.monotonic()
        yield
        assert time.monotonic() - began < 10

    def test_nested_aliases_with_millions_of_values_are_rejected(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
        with pytest.raises(
            RunConfigInvalidError, match="line 5, .* more than 100,000 values when its aliases are expanded"
        ):
            parse_run_config("\n".join(lines))

    def test_nested_merges_with_millions_of_values_are_rejected(self):
        lines = ["a0: &a0 {x: 1, y: 2}"]
        lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}" for n in range(1, 8)]
        with pytest.raises(RunConfigInvalidError, match="more than 100,000 values"):
            parse_run_config("\n".join(lines))

    def test_a_few_aliases_are_allowed(self):
        assert parse_run_config("a: &a {x: 1}\nb: [*a, *a]\nc: *a") == {
            "a": {"x": 1},
            "b": [{"x": 1}] * 2,
            "c": {"x": 1},
        }

    @pytest.mark.parametrize(
        "text",
        ["a: " + "[" * 200 + "]" * 200, '{"a": ' + "[" * 200 + "]" * 200 + "}", "[" * 100_000, "a: " + "{b: " * 5_000],
    )
    def test_excessive_depth_is_rejected(self, text):
        with pytest.raises(RunConfigInvalidError, match="nested more than 100 levels deep"):
            parse_run_config(text)

    def test_moderate_depth_is_allowed(self):
        assert parse_run_config("a: " + "[" * 90 + "]" * 90)["a"] is not None


@pytest.mark.parametrize(
    "text", ["a: !!int x", "a: !!float x", "a: !!bool x", "a: !!timestamp x", "a: !!binary é", f"a: {'9' * 5000}"]
)
def test_a_value_that_does_not_match_its_yaml_tag_raises_an_error(text):
    with pytest.raises(RunConfigInvalidError, match="not valid YAML"):
        parse_run_config(text)


@pytest.mark.parametrize("given", [3, ["ops"], b"ops: {}"])
def test_configs_of_other_types_raise_a_type_error(given):
    with pytest.raises(TypeError, match="run_config must be a dict, a RunConfig, or YAML or JSON text"):
        parse_run_config(given)
