"""Run an example notebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run(
    path: Path, url: str, *, environment: Mapping[str, str] | None = None, seconds_per_cell: int = 300
) -> NotebookNode:
    """Run a notebook with additional environment variables. If a cell fails, raise its error."""
    # Import nbformat only here, because this takes seconds and tests in other folders import this file too.
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(notebook, timeout=seconds_per_cell, kernel_name="python3", resources=resources)
    client.execute(env={**os.environ, "DAGSTER_NB_URL": url, **(environment or {})})
    return notebook
