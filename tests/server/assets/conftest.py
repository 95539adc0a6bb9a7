"""A server with assets, schedules and sensors in two code locations, and without a daemon."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dagster import DagsterInstance

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.server.conftest import wait_until

from .definitions import LOCATION, TICKS_PER_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
DEFINITIONS = HERE / "definitions.py"
OTHER = HERE / "other_definitions.py"


@dataclass(frozen=True)
class Place:
    server: LocalDagster
    client: dnb.DagsterClient
    instance: DagsterInstance
    """The server's instance, which tests read without the server."""


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    workspace = tmp_path_factory.mktemp("workspace") / "workspace.yaml"
    other = {"relative_path": os.path.relpath(OTHER, workspace.parent), "location_name": "other"}
    workspace.write_text(json.dumps({"load_from": [{"python_file": other}]}))
    with (
        LocalDagster(
            python_file=DEFINITIONS,
            location=LOCATION,
            daemon=False,
            fill=[sys.executable, str(DEFINITIONS)],
            extra_args=["--workspace", str(workspace)],
            timeout=300,
            environment={"DAGSTER_MAX_TICKS_QUERY_LIMIT": str(TICKS_PER_PAGE)},
        ) as server,
        dnb.connect(server.url, progress=False) as client,
        DagsterInstance.from_config(str(server.home)) as instance,
    ):
        wait_until(lambda: (client.locations()["status"] == "loaded").tolist() == [True, True])
        yield Place(server, client, instance)


@pytest.fixture
def client(place: Place) -> dnb.DagsterClient:
    return place.client


@pytest.fixture
def instance(place: Place) -> DagsterInstance:
    return place.instance
