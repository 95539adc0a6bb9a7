"""Run configs in YAML can be completed at every kind of position."""

from __future__ import annotations

import random
import time

import pytest
import yaml

from dagster_nb.panels.launchpad.config_completion import ConfigHelp
from dagster_nb.panels.launchpad.yaml_place import place_at, place_of_key


def field(name, key, *, required=False, default=None, description=None):
    return {
        "name": name,
        "configTypeKey": key,
        "isRequired": required,
        "defaultValueAsJson": default,
        "description": description,
    }


def shape(key, *fields, selector=False):
    return {
        "__typename": "CompositeConfigType",
        "key": key,
        "isSelector": selector,
        "typeParamKeys": [],
        "fields": list(fields),
    }


def scalar(name):
    return {
        "__typename": "RegularConfigType",
        "key": name,
        "givenName": name,
        "isSelector": False,
        "typeParamKeys": [],
    }


def wrapped(kind, key, *inner, **more):
    return {"__typename": kind, "key": key, "isSelector": False, "typeParamKeys": list(inner), **more}


SCHEMA = {
    "rootConfigType": {"key": "Shape.root"},
    "allConfigTypes": [
        *map(scalar, ["Int", "String", "Bool", "Float"]),
        shape(
            "Shape.root",
            field("execution", "Selector.execution", default='{"in_process": {}}'),
            field("ops", "Shape.ops", required=True, description="The ops of the job."),
            field("loggers", "Map.loggers?"),
        ),
        shape("Shape.ops", field("load", "Shape.load"), field("write", "Shape.write", required=True)),
        shape("Shape.load", field("config", "Shape.load_config", required=True), field("inputs", "Permissive.any")),
        shape(
            "Shape.load_config",
            field("rows", "Int", default="3", description="How many rows to read."),
            field("table", "StringSource", required=True),
            field("mode", "Enum.mode", default='"FAST"'),
            field("dry_run", "Bool", default="false"),
            field("parts", "List.parts"),
            field("days", "List.days"),
        ),
        shape("Permissive.any", field("note", "String")),
        shape("Shape.write", field("config", "Selector.target", required=True)),
        shape("Selector.target", field("file", "String", required=True), field("table", "Shape.t"), selector=True),
        shape("Shape.t", field("schema", "String", required=True)),
        shape("Shape.part", field("name", "String", required=True), field("size", "Int?")),
        shape("Selector.execution", field("in_process", "Shape.t"), field("multi", "Shape.t"), selector=True),
        shape("Selector.env", field("env", "String", required=True), selector=True),
        wrapped("NullableConfigType", "Int?", "Int"),
        wrapped("NullableConfigType", "Map.loggers?", "Map.loggers"),
        wrapped("MapConfigType", "Map.loggers", "String", "Shape.part"),
        wrapped("ArrayConfigType", "List.parts", "Shape.part"),
        wrapped("ArrayConfigType", "List.days", "Enum.mode"),
        wrapped("EnumConfigType", "Enum.mode", values=[{"value": "FAST"}, {"value": "SAFE"}]),
        wrapped(
            "ScalarUnionConfigType",
            "StringSource",
            "String",
            "Selector.env",
            scalarTypeKey="String",
            nonScalarTypeKey="Selector.env",
        ),
    ],
}
HELP = ConfigHelp(SCHEMA)
LOAD = "ops:\n  load:\n    config:\n      "


def complete(text):
    before, _, after = text.partition("|")
    return HELP.complete(before + after, len(before))


def labels(text):
    return [one.label or one.text for one in complete(text).found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|", ["ops", "execution", "loggers"]),
        ("o|", ["ops"]),
        ("ops: {}\n|", ["execution", "loggers"]),
        ("|\nops: {}\n", ["execution", "loggers"]),
        ("ops:\n  |", ["write", "load"]),
        ("ops:\n    |", ["write", "load"]),
        ("ops:\n  |\n  write:\n    config:\n      file: a\n", ["load"]),
        ("ops:\n  load:\n    |", ["config", "inputs"]),
        ('ops:\n  "load":\n    |', ["config", "inputs"]),
        (f"{LOAD}|", ["table", "rows", "mode", "dry_run", "parts", "days"]),
        (f"{LOAD}rows: 3\n      d|", ["dry_run", "days"]),
        (f"{LOAD}rows: 3  # all\n\n      # more\n      |\n      table: a", ["mode", "dry_run", "parts", "days"]),
        (f"{LOAD}mode: |", ["FAST", "SAFE"]),
        (f"{LOAD}mode: S|", ["SAFE"]),
        (f"{LOAD}mode:|", []),
        (f"{LOAD}dry_run: |", ["true", "false"]),
        (f"{LOAD}rows: |", ["3"]),
        (f"{LOAD}table:\n        |", ["env"]),
        (f"{LOAD}parts:\n        - |", ["name", "size"]),
        (f"{LOAD}parts:\n      - |", ["name", "size"]),
        (f"{LOAD}parts:\n        - name: a\n          |", ["size"]),
        (f"{LOAD}parts:\n        - name: a\n        - |", ["name", "size"]),
        (f"{LOAD}parts:\n        - |\n          size: 1\n", ["name"]),
        (f"{LOAD}parts:\n      - name: a\n      |", ["table", "rows", "mode", "dry_run", "days"]),
        (f"{LOAD}days:\n        - |", ["FAST", "SAFE"]),
        (f"{LOAD}days:\n        - FAST\n        - S|", ["SAFE"]),
        ("ops:\n  load:\n    inputs:\n      |", ["note"]),
        ("ops:\n  load:\n    inputs:\n      other: 1\n      |", ["note"]),
        ("ops:\n  write:\n    config:\n      |", ["file", "table"]),
        ("ops:\n  write:\n    config:\n      file: a\n      |", []),
        ("ops:\n  write:\n    config:\n      table:\n        |", ["schema"]),
        ("loggers:\n  |", []),
        ("loggers:\n  console:\n    |", ["name", "size"]),
        ("ops:\n  unknown:\n    |", []),
        ("# |", []),
        (f"{LOAD}rows: 3 # |", []),
        ("ops: {}|", []),
        ("ops: {|", ["write", "load"]),
        ("ops: {|}", ["write", "load"]),
        ("ops: {load: 1, |}", ["write"]),
        ("ops: {|load: 1}", ["write", "load"]),
        ("ops: {| load: 1}", ["write"]),
        ("ops: {lo|: 1, write: {}}", ["load"]),
        ("ops: {l|\nloggers: {}", ["load"]),
        ("ops: {load: {|}}", ["config", "inputs"]),
        ('ops: {"load": {"config": {|}}}', ["table", "rows", "mode", "dry_run", "parts", "days"]),
        ("ops:\n  {load: {|}}", ["config", "inputs"]),
        # A bracket in the same column as a key is not the value of this key.
        ("ops:\n  load:\n  {|}", ["write", "load"]),
        ("ops:\n  load: {\n    config: {rows: 3,  # all\n      d|}}", ["dry_run", "days"]),
        (f"{LOAD}table: {{|}}", ["env"]),
        (f"{LOAD}mode: FAST\n    inputs: {{other: 1, |}}", ["note"]),
        ("ops: {load: {config: {mode: |}}}", ["FAST", "SAFE"]),
        ("ops: {load: {config: {mode: S|, rows: 1}}}", ["SAFE"]),
        ("ops: {load: {config: {mode:|}}}", []),
        ('ops: {load: {config: {"mode": |}}}', ["FAST", "SAFE"]),
        ("ops: {load: {config: {dry_run: |}}}", ["true", "false"]),
        ("ops: {load: {config: {rows: |}}}", ["3"]),
        (f"{LOAD}days: [|]", ["FAST", "SAFE"]),
        (f"{LOAD}days: [FAST, S|]", ["SAFE"]),
        (f"{LOAD}parts: [{{|}}]", ["name", "size"]),
        (f"{LOAD}parts: [{{name: a}}, {{name: b, |}}]", ["size"]),
        (f"{LOAD}parts:\n        - {{|}}", ["name", "size"]),
        (f"{LOAD}parts: [|]", []),
        ("ops: {write: {config: {file: a, |}}}", []),
        ("ops: {write: {config: {|}}}", ["file", "table"]),
        ("loggers: {|}", []),
        ("loggers: {console: {|}}", ["name", "size"]),
        ("ops: {unknown: {|}}", []),
        ("ops: {load: {} |}", []),
        ("ops: {load: {},  # |", []),
        ("ops: {load: {config: {table: '}', |}}}", ["rows", "mode", "dry_run", "parts", "days"]),
        ("ops: {load: {config: {table: 'it''s }', r|}}}", ["rows"]),
        ("ops: {load: {}}\n|", ["execution", "loggers"]),
        (f"{LOAD}table: >-\n        {{ [\n      r|", ["rows"]),
        (f"{LOAD}table: |", []),
    ],
)
def test_completion_offers_what_is_valid_at_the_cursor(text, expected):
    assert labels(text) == expected


SAMPLE = {
    "ops": {
        "load": {
            "config": {
                "rows": 3,
                "table": {"env": "TABLE"},
                "parts": [{"name": "a", "size": 1}, {"name": "b"}],
                "days": ["FAST", "SAFE"],
            },
            "inputs": {"note": "x, y: {z}", "other": [1, {"two": 2}]},
        },
        "write": {"config": {"table": {"schema": "it's"}}},
    },
    "loggers": {"console": {"name": "c"}, "file": {"name": "f", "size": 2}},
}


def keys(value, path=()):
    """Return the path of each key in a config."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        found
        for key, one in below
        for found in [*([(*path, key)] if isinstance(value, dict) else []), *keys(one, (*path, key))]
    ]


def with_cursor(config, path):
    """Return a copy of a config with CURSOR in place of the key at a path."""
    first, *rest = path
    if not rest:
        return {key: value for key, value in config.items() if key != first} | {"CURSOR": None}
    copy = dict(config) if isinstance(config, dict) else list(config)
    copy[first] = with_cursor(config[first], rest)
    return copy


# The schema names all keys except those of maps and of permissive mappings.
NAMED_KEYS = [path for path in keys(SAMPLE) if not ({"inputs"} & set(path[:-1]) or path[:-1] == ("loggers",))]


@pytest.mark.parametrize("seed", range(20))
def test_completion_offers_the_same_fields_in_flow_style_as_in_block_style(seed):
    path = random.Random(seed).choice(NAMED_KEYS)
    config = with_cursor(SAMPLE, path)
    offered = []
    width = random.Random(seed).choice([40, 1_000])
    for flow in (False, True):
        text = yaml.safe_dump(config, default_flow_style=flow, sort_keys=False, width=width)
        before, _, after = text.partition("CURSOR")
        rest = after.removeprefix(": null").removeprefix(":")
        offered.append(labels(f"{before}|{rest}"))
    assert path[-1] in offered[0]
    assert offered[0] == offered[1]


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        ("op|", "ops:\n  "),
        (f"{LOAD}ro|", "rows: "),
        (f"{LOAD}ro|: 3", "rows"),
        ("ops: {lo|}", "load: "),
        ("ops: {load: {config: {par|}}}", "parts: "),
        (f"{LOAD}par|", "parts:\n        - "),
        ("ops:\n  lo|", "load:\n    "),
        (f"{LOAD}parts:\n        - na|", "name: "),
    ],
)
def test_a_completed_field_includes_its_punctuation(text, inserted):
    found = complete(text)
    assert [one.text for one in found.found] == [inserted]
    assert text.partition("|")[0].endswith(found.word)


def test_completion_shows_the_type_and_default_and_description_of_a_field():
    found = {one.label: one for one in complete(f"{LOAD}|").found}
    assert found["rows"].detail == "Int, default 3"
    assert found["rows"].info == "How many rows to read."
    assert found["table"].detail.endswith(", required")
    # A selector needs exactly one field, so none of its fields is marked as required.
    assert complete("ops:\n  write:\n    config:\n      f|").found[0].detail == "String"


def test_help_explains_the_key_at_the_cursor():
    text = f"{LOAD}rows: 3\n  write:\n    config:\n      file: a\n"
    assert HELP.describe(text, text.index("rows") + 2) == (
        "ops.load.config.rows: Int, default 3\n\nHow many rows to read."
    )
    assert "Exactly one of: file, table" in HELP.describe(text, text.rindex("config"))
    assert "Exactly one of" not in HELP.describe(f"{LOAD}table: a", len(LOAD) + 1)
    assert HELP.describe(text, text.index("3")) == ""
    assert HELP.describe("nonsense: 1", 2) == ""
    assert HELP.describe("", 0) == ""


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("ops: {load: {config: {ro|ws: 3}}}", "ops.load.config.rows"),
        ("ops: {load: {config: {|rows: 3}}}", "ops.load.config.rows"),
        ('ops: {"lo|ad": {config: {}}}', "ops.load"),
        ("ops: {write: {con|fig: {file: a}}}", "ops.write.config"),
        ("ops: {load: {config: {rows: 3,  # all\n  dry_|run: true}}}", "ops.load.config.dry_run"),
        (f"{LOAD}table: {{e|nv: X}}", "ops.load.config.table.env"),
        (f"{LOAD}parts: [{{name: a}}, {{si|ze: 1}}]", "ops.load.config.parts.[].size"),
        (f"{LOAD}parts:\n        - {{na|me: a}}", "ops.load.config.parts.[].name"),
        ("ops: {load: {config: {rows: |3}}}", ""),
        ("ops: {load: {config: {table: 'ro|ws: 1'}}}", ""),
        ("ops: {load: {config: {rows: 3,  # ro|ws\n}}}", ""),
        (f"{LOAD}days: [FA|ST]", ""),
        ("ops: {|", ""),
        ("ops: {load: {}}|", ""),
    ],
)
def test_help_explains_the_key_at_the_cursor_in_flow_style(text, path):
    before, _, after = text.partition("|")
    assert HELP.describe(before + after, len(before)).partition(":")[0] == path


def test_a_long_config_is_completed_quickly():
    text = "ops:\n" + "".join(f"  op_{number}:\n    config:\n      rows: {number}\n" for number in range(2000)) + "  l"
    start = time.process_time()
    assert labels(f"{text}|") == ["load"]
    assert time.process_time() - start < 1


def test_completion_in_invalid_yaml_raises_no_error():
    unfinished_flow = ("a: {b: [", "{'", "[}", "{]: #", "- [{,:")
    for text in (*unfinished_flow, "\t", ":", "- - -", "a: b: c", "'", '"a', "|", "&a *b", "- a\nb", "é: ü\n  "):
        for cursor in range(len(text) + 1):
            place_at(text, cursor)
            place_of_key(text, cursor)
