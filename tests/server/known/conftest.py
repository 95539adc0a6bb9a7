"""A server with known jobs and runs, and with a code location that does not load."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.server.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITIONS = Path(__file__).parent / "definitions.py"
BROKEN_CODE = "import no_such_module_here\n"


@dataclass(frozen=True)
class Known:
    server: LocalDagster
    client: dnb.DagsterClient
    runs: dict[str, str]
    """Maps each job that ran to its run id."""
    broken: Path
    """The code of location ``broken``."""


@pytest.fixture(scope="package")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    folder = tmp_path_factory.mktemp("code")
    broken = folder / "broken.py"
    broken.write_text(BROKEN_CODE)
    workspace = folder / "workspace.yaml"
    workspace.write_text(
        json.dumps({"load_from": [{"python_file": {"relative_path": broken.name, "location_name": "broken"}}]})
    )
    with (
        LocalDagster(
            python_file=DEFINITIONS,
            location="code",
            daemon=False,
            fill=[sys.executable, str(DEFINITIONS)],
            extra_args=["--workspace", str(workspace)],
        ) as server,
        dnb.connect(server.url, progress=False) as client,
    ):
        wait_until_loaded(client)
        yield Known(server, client, json.loads((server.home / "known.json").read_text()), broken)


def wait_until_loaded(client: dnb.DagsterClient) -> None:
    """Wait until the code location has been loaded, because the server already responds before that."""

    def is_loaded() -> bool:
        locations = client.locations().set_index("location")
        return locations["status"].get("code") == "loaded" and "broken" in locations.index

    wait_until(is_loaded, seconds=120)


@pytest.fixture
def client(known: Known) -> dnb.DagsterClient:
    return known.client
