"""Run the tour notebooks and save them with outputs that are readable without widgets.

python -m tests.notebooks            # on a demo of its own, saves all notebooks
python -m tests.notebooks --url URL  # on a server that runs already
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import Any

import nbformat

from tests.notebooks.run_notebook import NOTEBOOKS, run

_WIDGET = "application/vnd.jupyter.widget-view+json"


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove outputs that are useless without the kernel: progress bars, execution times and the state of widgets."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(_WIDGET, None)
    return notebook


def _is_progress(output: Any) -> bool:
    data = output.get("data", {})
    return _WIDGET in data and "text/html" not in data


def main() -> None:
    """Run all notebooks and save them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a server that runs already, in place of a demo of its own")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = options.url
        if url is None:
            import dagster_nb as dnb

            # Readers expect Dagster's default port in the outputs.
            url = stack.enter_context(dnb.demo(port=3000)).url
        for path in NOTEBOOKS:
            nbformat.write(tidy(run(path, url)), path)
            print(f"saved {path.name}")


if __name__ == "__main__":
    main()
