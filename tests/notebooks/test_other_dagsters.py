"""The notebooks that contain no job names also run on a Dagster with other jobs, and on a Dagster without jobs."""

from __future__ import annotations

import os
import sys

import nbformat
import pytest
from nbclient import NotebookClient

import dagster_nb as dnb
from dagster_nb.sandbox.local_dagster import LocalDagster
from tests.notebooks.run_notebook import FOLDER, NOTEBOOKS
from tests.server.assets.conftest import DEFINITIONS, LOCATION

pytestmark = pytest.mark.extended

# With this setting, runs start without a daemon.
WITHOUT_QUEUE = """\
telemetry:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: DefaultRunCoordinator
"""
GENERAL = [path for path in NOTEBOOKS if path.stem[:2] in {"01", "03", "04", "06", "07", "08", "09"}]


def run_all(url):
    """Run the notebooks in one kernel, because starting kernels takes most of the time. Return the cells."""
    cells = []
    for path in GENERAL:
        cells.append(nbformat.v4.new_code_cell("%reset -f"))
        code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        cells += [nbformat.v4.new_code_cell(source, metadata={"notebook": path.stem}) for source in code]
    notebook = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env={**os.environ, "DAGSTER_NB_URL": url})
    return cells


def output_of(cells, notebook):
    found = [output for cell in cells if cell.metadata.get("notebook") == notebook for output in cell.outputs]
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in found)


def check(cells):
    outputs = [(cell.source, output) for cell in cells for output in cell.outputs]
    assert [one for one in outputs if one[1].output_type == "error" or one[1].get("name") == "stderr"] == []


def test_the_notebooks_run_on_a_dagster_without_jobs_or_runs(tmp_path):
    definitions = tmp_path / "definitions.py"
    definitions.write_text("import dagster\n\ndefs = dagster.Definitions()\n")
    with LocalDagster(python_file=definitions, location="empty", daemon=False) as server:
        cells = run_all(server.url)
    check(cells)
    assert "no run has finished yet" in output_of(cells, "04_explorer")


def test_the_notebooks_run_on_a_dagster_with_other_jobs():
    with (
        LocalDagster(
            python_file=DEFINITIONS,
            location=LOCATION,
            daemon=False,
            dagster_yaml=WITHOUT_QUEUE,
            fill=[sys.executable, str(DEFINITIONS)],
            timeout=300,
        ) as server,
        dnb.connect(server.url, progress=False) as client,
    ):
        client.launch("nothing_special").wait(120)
        cells = run_all(server.url)
        assert client.count_runs(job="nothing_special", tags={"launched_from": ["a notebook", "notebook 03"]}) >= 4
    check(cells)
    assert "RUN_SUCCESS" in output_of(cells, "03_launch_and_terminate")
    assert "nothing_special" in output_of(cells, "01_explore_run_history")
