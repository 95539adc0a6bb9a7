"""Run a notebook of the tour."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def run(path: Path, url: str) -> NotebookNode:
    """Run a notebook from top to bottom; an error in a cell is raised here."""
    # Importing nbformat takes seconds, and running a single test in another folder also imports this file.
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env={**os.environ, "DAGSTER_NB_URL": url})
    return notebook
