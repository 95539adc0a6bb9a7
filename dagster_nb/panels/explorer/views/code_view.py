"""``CodeView``: Python code that opens this view or returns its runs, and the GraphQL that the client sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as widgets
import traitlets

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.filters import RunFilters
from dagster_nb.graphql.run_filters import to_server_filters
from dagster_nb.panels.explorer.python_code import python_text, source_text
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.viewport import STATIC
from dagster_nb.short_run_ids import is_shortened
from dagster_nb.statuses import RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dagster_nb.panels.explorer.filters import ExplorerFilters
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["CodeView", "graphql_text"]

_MAX_IDS_PER_REQUEST = 10_000
_PAGE_SIZE = 500


class CodeBox(anywidget.AnyWidget):
    """Code with a Copy button.

    Attributes
    ----------
    name, text : str
        The language and the code.
    """

    _esm = STATIC / "code_box.js"

    name = traitlets.Unicode("").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)


def graphql_text(filters: ExplorerFilters, now: pd.Timestamp, document: Callable[[str], str]) -> str:
    """Return the GraphQL documents that the client sends, with their variables.

    Parameters
    ----------
    filters
        The filters of the explorer.
    now
        The current time, to which bounds such as "7d" are relative.
    document
        A function that returns a document by name, such as `DagsterClient.graphql_document`.
    """
    arguments = filters.at(now).arguments()
    statuses = list(dict.fromkeys([*RUN_STATUSES, *(filters.status or ())]))
    location = arguments.pop("location", None)
    run_filters = RunFilters.parse(known_statuses=statuses, **arguments)
    if run_filters.matches_nothing:
        return "# No request is sent, because no run can match these filters."
    server_filters = to_server_filters(run_filters)
    first = server_filters.filters[0]
    parts = []
    if any(map(is_shortened, run_filters.run_ids or ())):
        parts.append("# The client first replaces shortened run ids with the full ids.")
    if location is not None:
        parts.append(
            f"# A hidden tag, .dagster/repository, contains the code location of a run. The client sends the requests\n"
            f"# below once for each repository of {', '.join(location)}, with this tag in the filter."
        )
    try:
        ids, runs = document("run_ids"), document("runs")
    except UnsupportedServerError as error:
        return f"# This document cannot be sent to this server: {error}"
    if server_filters.is_single:
        parts += [
            "# One request per page. The cursor is null for the first page, then the last runId of the previous page.",
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


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


class CodeView:
    """The Code button and the code that it shows.

    Parameters
    ----------
    model
        The explorer's model.
    view_code
        A function that returns the line of code that opens this view again.
    """

    def __init__(self, model: ExplorerModel, view_code: Callable[[], str]):
        self._model = model
        self._view_code = view_code
        self._view = CodeBox(name="This view")
        self._python = CodeBox(name="Python")
        self._graphql = CodeBox(name="GraphQL")
        hint = widgets.HTML(
            'The displayed runs are also available as a DataFrame: <span class="dnb-mono">explorer.frame</span>, if '
            '<span class="dnb-mono">explorer</span> is the name of this panel. '
            '<span class="dnb-mono">explorer.table</span> has the columns and the order of the table.'
        )
        boxes = [self._view, self._python, hint]
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
        """If the code is visible, draw the code for the current filters."""
        if not self._open.value:
            return
        filters = self._model.filters
        source: Any = self._model.source
        self._view.text = self._view_code()
        self._python.text = python_text(filters, source_text(source))
        if has_methods(source, "graphql_document"):
            self._graphql.text = graphql_text(filters, self._model.clock(), source.graphql_document)

    def _toggle(self, is_open: bool) -> None:  # noqa: FBT001 - the value of a button
        self._boxes.layout.display = "" if is_open else "none"
        self.draw()
