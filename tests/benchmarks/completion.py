"""Measure how long completion takes in the kernel, at random places in run configs and GraphQL documents."""

from __future__ import annotations

import copy
import random
import statistics
import time
from typing import TYPE_CHECKING

import yaml

from dagster_nb.panels.launchpad.config_completion import ConfigHelp
from dagster_nb.playground.completion import complete_graphql
from tests.benchmarks.table import Row
from tests.unit.panels.launchpad import test_config_completion as configs
from tests.unit.playground import test_completion as graphql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

N_PLACES = 200
N_OPS = 200


def completion() -> Iterator[Row]:
    """Measure completion at 200 places in a config of 200 ops, in both YAML styles, and in GraphQL documents."""
    names = [f"op_{number}" for number in range(N_OPS)]
    shape = configs.shape("Shape.ops", *(configs.field(name, "Shape.load") for name in names))
    types = [shape if one["key"] == "Shape.ops" else one for one in configs.SCHEMA["allConfigTypes"]]
    help_ = ConfigHelp({**configs.SCHEMA, "allConfigTypes": types})
    # YAML would replace repeated objects with aliases.
    config = {"ops": {name: copy.deepcopy(configs.SAMPLE["ops"]["load"]) for name in names}}
    chosen = random.Random(17).choices(configs.mappings(config), k=N_PLACES)
    for style, is_flow in (("block", False), ("flow", True)):
        texts = [
            yaml.safe_dump(configs.with_cursor(config, path), default_flow_style=is_flow, sort_keys=False)
            for path in chosen
        ]
        places = [(text.replace("CURSOR: null", ""), text.index("CURSOR")) for text in texts]
        yield _row(f"config of {N_OPS} ops, {style} style", places, help_.complete)
    complete_graphql("{", 1, graphql.SCHEMA)  # the first completion of a schema is a warm-up
    documents = [(text, cursor) for text, cursor, _, _ in random.Random(17).choices(graphql.all_places(), k=N_PLACES)]
    yield _row(
        "%%dagster cell, Dagster's schema",
        documents,
        lambda text, cursor: complete_graphql(text, cursor, graphql.SCHEMA),
    )


def _row(how: str, places: list[tuple[str, int]], complete: Callable[[str, int], object]) -> Row:
    walls = []
    for text, cursor in places:
        began = time.perf_counter()
        complete(text, cursor)
        walls.append(time.perf_counter() - began)
    milliseconds = f"median {1000 * statistics.median(walls):.1f} ms, {1000 * max(walls):.1f} ms at most"
    return Row(0, "completion", how, statistics.median(walls), note=f"{len(places)} places: {milliseconds}")
