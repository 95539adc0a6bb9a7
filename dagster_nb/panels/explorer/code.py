"""What produced the screen: the Python call, and the GraphQL that it became."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import pandas as pd
import traitlets

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.filters import RunFilters as ServerRunFilters
from dagster_nb.frames.columns import RUN_STATUSES
from dagster_nb.graphql.run_filters import to_server_filters
from dagster_nb.panels.explorer.source import can
from dagster_nb.panels.stage import STATIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.filters import RunFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["Code", "graphql_text", "python_text"]

_IDS_PER_REQUEST = 10_000
_PAGE = 500


class CodeBox(anywidget.AnyWidget):
    """Text to copy.

    Attributes
    ----------
    name, text : str
        What it is, and the text.
    """

    _esm = STATIC / "code.js"

    name = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)


def python_text(filters: RunFilters, url: str | None) -> str:
    """Return the Python that gives the runs in view.

    Parameters
    ----------
    filters
        What is asked for.
    url
        Of the server; None for a source that is none.

    Examples
    --------
    >>> from dagster_nb.panels.explorer.filters import RunFilters
    >>> print(python_text(RunFilters.of(job="nightly", created_after="7d"), "http://localhost:3000"))
    import dagster_nb as dnb
    <BLANKLINE>
    client = dnb.connect("http://localhost:3000")
    runs = client.runs(job="nightly", created_after="7d")
    """
    question = {name: _literal(value) for name, value in filters.question().items()}
    arguments = ", ".join(f"{name}={value}" for name, value in question.items())
    imports = ["import dagster_nb as dnb"]
    lines = [
        "source = history  # whatever this explorer was made with"
        if url is None
        else f"client = dnb.connect({_quoted(url)})"
    ]
    who = "source" if url is None else "client"
    if filters.unresolved:
        # Sieved before the others: a success in view or out of it resolves a failure.
        lines += [f"everything = {who}.runs()", "unresolved = dnb.analysis.unresolved_failures(everything)"]
    lines.append(f"runs = {who}.runs({arguments})")
    if filters.unresolved:
        lines.append('runs = runs[runs["run_id"].isin(unresolved["run_id"])]')
    if filters.run_id:
        lines.append(f'runs = runs[runs["run_id"].str.contains({_quoted(filters.run_id.lower())}, regex=False)]')
    for bound, sign in ((filters.min_duration, ">="), (filters.max_duration, "<=")):
        if bound is not None:
            lines.append(f'runs = runs[runs["duration"] {sign} pd.Timedelta(seconds={bound.total_seconds():g})]')
    if any("pd." in line for line in lines):
        imports.insert(0, "import pandas as pd")
        imports.insert(1, "")
    return "\n".join([*imports, "", *lines])


def graphql_text(filters: RunFilters, now: pd.Timestamp, document: Callable[[str], str]) -> str:
    """Return the GraphQL documents that the client sends, and their variables.

    Parameters
    ----------
    filters
        What is asked for.
    now
        From when "7d" counts.
    document
        The text of a document by its name, as `DagsterClient.graphql_document` gives it.
    """
    question = filters.at(now).question()
    statuses = list(dict.fromkeys([*RUN_STATUSES, *(filters.status or ())]))
    location = question.pop("location", None)
    run_filters = ServerRunFilters.parse(known_statuses=statuses, **question)
    if run_filters.is_empty:
        return "# Nothing is sent: no run can match."
    asked = to_server_filters(run_filters)
    parts = []
    if location is not None:
        parts.append(
            f"# The code location is a hidden tag, .dagster/repository. The client adds it to the filter for each\n"
            f"# repository of {', '.join(location)}."
        )
    try:
        ids, runs = document("run_ids"), document("runs")
    except UnsupportedServerError as error:
        return f"# This server cannot be asked: {error}"
    if asked.is_single:
        parts += [
            "# The cursor is null at first, then the last runId of the page before.",
            runs,
            "# Variables",
            _json({"filter": asked.filters[0], "cursor": None, "limit": _PAGE}),
        ]
        return "\n\n".join(parts)
    parts += [
        f"# 1. The ids of the runs, in the server's order. {len(asked.filters)} filters are sent; this is the first.",
        ids,
        "# Variables",
        _json({"filter": asked.filters[0], "cursor": None, "limit": _IDS_PER_REQUEST}),
        "# 2. The runs themselves, by id, in pages.",
        runs,
        "# Variables",
        _json({"filter": {**asked.common, "runIds": ["<the ids of the page>"]}, "limit": _PAGE}),
    ]
    return "\n\n".join(parts)


def _literal(value: Any) -> str:  # noqa: ANN401 - a filter
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_literal(values)}" for key, values in value.items()) + "}"
    if isinstance(value, list):
        return _quoted(value[0]) if len(value) == 1 else "[" + ", ".join(map(_quoted, value)) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, pd.Timedelta):
        return _quoted(f"{value.total_seconds():g}s")
    return _quoted(str(value))


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


class Code:
    """Draws the code, when it is asked for.

    Parameters
    ----------
    model
        Whose filters.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._python = CodeBox(name="Python")
        self._graphql = CodeBox(name="GraphQL")
        self._hint = widgets.HTML(
            'The runs in view as a DataFrame, without asking again: <span class="dnb-mono">explorer.frame</span>, '
            "or whatever name this explorer has in your notebook."
        )
        boxes = [self._python, self._hint]
        if can(model.source, "document"):
            boxes.append(self._graphql)
        self._open = widgets.ToggleButton(description="Code", layout=widgets.Layout(width="auto"))
        self._boxes = widgets.VBox(boxes, layout=widgets.Layout(display="none", width="100%", overflow="visible"))
        self._open.observe(lambda _change: self._toggle(), names="value")
        self.widget: Any = widgets.VBox(
            [widgets.HBox([self._open]), self._boxes], layout=widgets.Layout(width="100%", overflow="visible")
        )
        self.widget.add_class("dnb-section")

    def draw(self) -> None:
        """Draw it for the filters as they are now, where it is seen."""
        if not self._open.value:
            return
        filters = self._model.filters
        source: Any = self._model.source
        self._python.text = python_text(filters, getattr(source, "url", None))
        if can(source, "document"):
            self._graphql.text = graphql_text(filters, self._model.clock(), source.graphql_document)

    def _toggle(self) -> None:
        self._boxes.layout.display = "" if self._open.value else "none"
        self.draw()
