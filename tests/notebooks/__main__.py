"""Run the example notebooks and save them with outputs that are readable without widgets.

python -m tests.notebooks            # run all notebooks with a new demo
python -m tests.notebooks --url URL  # use a running server
python -m tests.notebooks 05_history_at_scale  # only this one; it needs `uv run --group engines` for Spark
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import Any

import nbformat

from tests.notebooks.run_notebook import NOTEBOOKS, run

# One notebook writes a million runs, which takes minutes.
_SECONDS_PER_CELL = 3_600
_WIDGET = "application/vnd.jupyter.widget-view+json"


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove everything that is useless without the kernel: progress bars, execution times and widget state."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if _is_readable(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(_WIDGET, None)
    return notebook


def _is_readable(output: Any) -> bool:
    """Return whether an output is readable without widgets, unlike progress bars and empty outputs."""
    data = output.get("data")
    if data is None:
        return True
    return any(data.values()) and (_WIDGET not in data or bool(data.get("text/html")))


def main() -> None:
    """Run the notebooks and save them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the URL of a running server to use instead of a new demo")
    parser.add_argument("names", nargs="*", help="names of notebooks without .ipynb (default: all)")
    options = parser.parse_args()
    paths = [path for path in NOTEBOOKS if not options.names or path.stem in options.names]
    with ExitStack() as stack:
        url = options.url
        if url is None:
            import dagster_nb as dnb

            # Use Dagster's default port, which appears in the outputs.
            url = stack.enter_context(dnb.demo(port=3000)).url
        for path in paths:
            nbformat.write(tidy(run(path, url, seconds_per_cell=_SECONDS_PER_CELL)), path)
            print(f"saved {path.name}")


if __name__ == "__main__":
    main()
