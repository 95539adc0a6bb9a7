"""``CodeView``: the Python call that returns the runs in view, and the GraphQL that the client sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import pandas as pd
import traitlets

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.filters import RunFilters
from dagster_nb.graphql.run_filters import to_server_filters
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.viewport import STATIC
from dagster_nb.statuses import RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.filters import ExplorerFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["CodeView", "graphql_text", "python_text"]

_MAX_IDS_PER_REQUEST = 10_000
_PAGE_SIZE = 500


class CodeBox(anywidget.AnyWidget):
    """Code with a Copy button.

    Attributes
    ----------
    name, text : str
        The language, and the code.
    """

    _esm = STATIC / "code.js"

    name = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)


def python_text(filters: ExplorerFilters, url: str | None, path: str | None = None) -> str:
    """Return Python code that returns the runs in view.

    Parameters
    ----------
    filters
        The filters of the explorer.
    url
        The URL of the server; None if the source is not a server.
    path
        The path of the history; None if the source is not a history.

    Examples
    --------
    >>> from dagster_nb.panels.explorer.filters import ExplorerFilters
    >>> print(python_text(ExplorerFilters.parse(job="nightly", created_after="7d"), "http://localhost:3000"))
    import dagster_nb as dnb
    <BLANKLINE>
    client = dnb.connect("http://localhost:3000")
    runs = client.runs(job="nightly", created_after="7d")
    """
    arguments = ", ".join(f"{name}={_literal(value)}" for name, value in filters.arguments().items())
    imports = ["import dagster_nb as dnb"]
    if path is not None:
        source, lines = "history", [f"history = dnb.open_history({_quoted(path)})"]
    elif url is not None:
        source, lines = "client", [f"client = dnb.connect({_quoted(url)})"]
    else:
        source, lines = "source", ["source = ...  # the source of this explorer"]
    if filters.only_unresolved:
        # This is computed from all runs, because a success outside of the filters also resolves a failure.
        lines += [f"all_runs = {source}.runs()", "unresolved = dnb.analysis.unresolved_failures(all_runs)"]
    lines.append(f"runs = {source}.runs({arguments})")
    if filters.only_unresolved:
        lines.append('runs = runs[runs["run_id"].isin(unresolved["run_id"])]')
    if filters.run_id_contains:
        part = _quoted(filters.run_id_contains.lower())
        lines.append(f'runs = runs[runs["run_id"].str.contains({part}, regex=False)]')
    for bound, operator in ((filters.min_duration, ">="), (filters.max_duration, "<=")):
        if bound is not None:
            lines.append(f'runs = runs[runs["duration"] {operator} pd.Timedelta(seconds={bound.total_seconds():g})]')
    if any("pd." in line for line in lines):
        imports.insert(0, "import pandas as pd")
        imports.insert(1, "")
    return "\n".join([*imports, "", *lines])


def graphql_text(filters: ExplorerFilters, now: pd.Timestamp, document: Callable[[str], str]) -> str:
    """Return the GraphQL documents that the client sends, and their variables.

    Parameters
    ----------
    filters
        The filters of the explorer.
    now
        The current time, to which a bound such as "7d" is relative.
    document
        Returns a document by its name, as `DagsterClient.graphql_document` does.
    """
    arguments = filters.at(now).arguments()
    statuses = list(dict.fromkeys([*RUN_STATUSES, *(filters.status or ())]))
    location = arguments.pop("location", None)
    run_filters = RunFilters.parse(known_statuses=statuses, **arguments)
    if run_filters.matches_nothing:
        return "# Nothing is sent, because no run can match."
    server_filters = to_server_filters(run_filters)
    first = server_filters.filters[0]
    parts = []
    if location is not None:
        parts.append(
            f"# Runs know their code location by a hidden tag, .dagster/repository. The requests below are sent once\n"
            f"# for each repository of {', '.join(location)}, with that tag added to the filter."
        )
    try:
        ids, runs = document("run_ids"), document("runs")
    except UnsupportedServerError as error:
        return f"# This document cannot be sent to this server: {error}"
    if server_filters.is_single:
        parts += [
            "# One request per page: the cursor is null at first, then the last runId of the page before.",
            runs,
            "# Variables",
            _json({"filter": first, "cursor": None, "limit": _PAGE_SIZE}),
        ]
        return "\n\n".join(parts)
    parts += [
        "# 1. The ids of all matching runs, in the server's order.",
        f"# {len(server_filters.filters)} filters are sent. This is the first:",
        ids,
        "# Variables",
        _json({"filter": first, "cursor": None, "limit": _MAX_IDS_PER_REQUEST}),
        "# 2. The runs, one page of ids at a time.",
        runs,
        "# Variables",
        _json({"filter": {**server_filters.common, "runIds": ["<the ids of the page>"]}, "limit": _PAGE_SIZE}),
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


class CodeView:
    """Shows the code when the user clicks Code.

    Parameters
    ----------
    model
        The explorer's model.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self._python = CodeBox(name="Python")
        self._graphql = CodeBox(name="GraphQL")
        hint = widgets.HTML(
            'The runs in view are also a DataFrame: <span class="dnb-mono">explorer.frame</span>, where '
            '<span class="dnb-mono">explorer</span> is your name for this panel.'
        )
        boxes = [self._python, hint]
        if has_methods(model.source, "graphql_document"):
            boxes.append(self._graphql)
        self._open = widgets.ToggleButton(description="Code", layout=widgets.Layout(width="auto"))
        self._boxes = widgets.VBox(boxes, layout=widgets.Layout(display="none", width="100%", overflow="visible"))
        self._open.add_class("dnb-close")
        model.background.on_change(self._open, self._toggle)
        self.widget: Any = widgets.VBox(
            [widgets.HBox([self._open]), self._boxes], layout=widgets.Layout(width="100%", overflow="visible")
        )
        self.widget.add_class("dnb-section")

    def draw(self) -> None:
        """Draw the code for the current filters, if the code is shown."""
        if not self._open.value:
            return
        filters = self._model.filters
        source: Any = self._model.source
        self._python.text = python_text(filters, getattr(source, "url", None), getattr(source, "path", None))
        if has_methods(source, "graphql_document"):
            self._graphql.text = graphql_text(filters, self._model.clock(), source.graphql_document)

    def _toggle(self, is_open: bool) -> None:  # noqa: FBT001 - the value of a button
        self._boxes.layout.display = "" if is_open else "none"
        self.draw()
