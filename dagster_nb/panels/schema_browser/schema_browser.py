"""``SchemaBrowser``: a panel for searching a GraphQL schema, reading its documentation and generating queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.editor import Editor, Suggestion, Suggestions, editor_box
from dagster_nb.panels.markup import copy_button, grid, link, text
from dagster_nb.panels.panel import Panel
from dagster_nb.panels.schema_browser.entry_list import EntryList
from dagster_nb.playground.check import document_problems
from dagster_nb.playground.completion import complete_graphql
from dagster_nb.playground.examples import examples
from dagster_nb.playground.schema_search import Entry, SchemaSearch, type_entries
from dagster_nb.playground.write_query import write_query
from dagster_nb.words import plural

if TYPE_CHECKING:
    from graphql import GraphQLNamedType, GraphQLSchema

    from dagster_nb.client.sync_client import DagsterClient

__all__ = ["SchemaBrowser"]

_MAX_SHOWN = 100
# Maps each kind of GraphQL entry to a kind of suggestion in the editor.
_KINDS = {"field": "property", "argument": "property", "value": "enum", "directive": "keyword", "fragment": "type"}


class SchemaBrowser(Panel):
    """A panel for searching the server's GraphQL schema: its types, fields, arguments, enum values and descriptions.

    The panel initially lists the operations from Dagster's documentation. Click an operation or a search result to see
    its documentation, and a query that you can use in a ``%%dagster`` cell or in `DagsterClient.query`.

    Parameters
    ----------
    client
        The client.

    Attributes
    ----------
    query : str
        The text in the editor: the query for the chosen entry, with the user's changes. The text is empty if there is
        no query.

    Examples
    --------
    >>> browser = dnb.SchemaBrowser(client)  # doctest: +SKIP
    >>> browser.search("what returns a Run?")  # doctest: +SKIP
    """

    def __init__(self, client: DagsterClient):
        super().__init__()
        self.query = ""
        self._client = client
        self._schema: GraphQLSchema | None = None
        self._index: SchemaSearch | None = None
        self._entries: list[Entry] = []
        self._search: Any = widgets.Text(
            description="Search",
            placeholder="runs, or: what returns a Run?",
            continuous_update=True,
            disabled=True,
        )
        self._search.add_class("dnb-field")
        self._found = widgets.HTML('<span role="status">Reading the schema…</span>')
        self._list = EntryList(label="Operations to start from")
        self._about = widgets.HTML()
        self._fields = widgets.Button(description="Its fields", layout=widgets.Layout(width="auto"))
        self._returning = widgets.Button(description="What returns it?", layout=widgets.Layout(width="auto"))
        self._buttons = widgets.HBox([self._fields, self._returning], layout=widgets.Layout(display="none"))
        self._buttons.add_class("dnb-wrap")
        self._editor = Editor(label="Query", language="graphql")
        self._editor_box = editor_box(self._editor)
        self._editor_box.layout.display = "none"
        self._query = widgets.HTML()
        columns = widgets.HBox(
            [
                _column([self._search, self._found, self._list], flex="1 1 300px"),
                _column([self._about, self._buttons, self._editor_box, self._query], flex="1 1 420px"),
            ],
            layout=widgets.Layout(width="100%", overflow="visible", flex_flow="row wrap", grid_gap="8px 20px"),
        )
        self._fill(widgets.HTML(f'<div class="dnb-muted">{link(client.url, client.url)}</div>'), columns)
        self.add_class("dnb-schema")
        self.background.on_change(self._search, self._show_found)
        self.background.on_change(self._editor, self._edit)
        self._list.on_choose(lambda place: self.background.call(lambda: self._choose(place)))
        self._chosen_type = ""
        self.background.on_click(self._fields, lambda: self.search(f"{self._chosen_type}."))
        self.background.on_click(self._returning, lambda: self.search(f"returns {self._chosen_type}"))
        self._read()

    def search(self, words: str) -> None:
        """Search the schema, as if the user had typed the words into the search field.

        Parameters
        ----------
        words
            Words that must all occur in a name or its description, a question such as ``"what returns a Run?"``, or a
            type and a dot, such as ``"Run."``, to list the fields of the type.
        """
        self._search.value = words

    def _read(self) -> None:
        self._show_error(None)
        self.background.start(
            "schema",
            lambda _task: _with_index(self._client.graphql_schema()),
            done=self._show_schema,
            failed=lambda error: self._show_error(error, self._read),
        )

    def _show_schema(self, read: tuple[GraphQLSchema, SchemaSearch]) -> None:
        self._schema, self._index = read
        self._search.disabled = False
        schema = self._schema
        self._editor.help_with(lambda document, cursor: _suggestions(document, cursor, schema))
        self._show_found(self._search.value)

    def _show_found(self, words: str) -> None:
        if self._index is None or self._schema is None:
            return
        kind = self._schema.type_map.get(words.strip().removesuffix("."))
        if not words.strip():
            self._entries = []
            self._list.label = "Operations to start from"
            self._list.items = [{"name": title, "type": "", "description": ""} for title in examples()]
            self._found.value = '<span class="dnb-muted" role="status">Operations to start from:</span>'
            return
        found = (
            list(type_entries(kind)) if kind is not None and words.rstrip().endswith(".") else self._index.find(words)
        )
        self._entries = found[:_MAX_SHOWN]
        shown = (
            f"the first {_MAX_SHOWN} of {len(found):,} matches"
            if len(found) > _MAX_SHOWN
            else plural(len(found), "match", "matches")
        )
        self._list.label = "Matches"
        self._list.items = [
            {"name": one.label, "type": one.returns, "description": one.description} for one in self._entries
        ]
        self._found.value = f'<span class="dnb-muted" role="status">{shown}</span>'

    def _choose(self, place: int) -> None:
        if self._schema is None:
            return
        if not self._entries:
            title, document = list(examples().items())[place]
            self._about.value = _heading(title, "from Dagster's documentation")
            self._buttons.layout.display = "none"
            self._show_query(document)
            return
        entry = self._entries[place]
        kind = self._schema.type_map.get(entry.returns.strip("[]!") if entry.kind != "type" else entry.type_name)
        self._about.value = _about_html(entry, kind, self._schema)
        self._chosen_type = kind.name if kind is not None else entry.type_name
        self._fields.description = f"Fields of {self._chosen_type}"
        self._returning.description = f"What returns {self._chosen_type}?"
        self._buttons.layout.display = "" if kind is not None else "none"
        self._show_query(write_query(self._schema, entry.type_name, entry.field_name) or "")

    def _show_query(self, document: str) -> None:
        self._editor_box.layout.display = "" if document else "none"
        self._editor.value = document
        self._edit(document)

    def _edit(self, document: str) -> None:
        self.query = document
        self._editor.problems = [] if self._schema is None else document_problems(document, self._schema)
        if not document:
            self._query.value = '<p class="dnb-muted">No query returns this type. Only arguments use it.</p>'
            return
        cell = f"%%dagster\n{document}"
        self._query.value = (
            f'<div class="dnb-code-bar">{copy_button(cell, "Copy as a cell")}{copy_button(document, "Copy")}</div>'
        )

    def _static_text(self) -> str:
        lines = [f"Schema browser on {self._client.url}"]
        if self._index is None:
            return lines[0]
        lines += [f"  {item['name']} {item['type']}".rstrip() for item in self._list.items]
        return "\n".join([*lines, "", self.query]).rstrip()

    def _static_html(self) -> str:
        # Before the first search, some columns are empty in all rows.
        keys = [key for key in ("name", "type", "description") if any(item[key] for item in self._list.items)]
        rows = [[text(item[key]) for key in keys] for item in self._list.items]
        entries = f"<p>{text(self._list.label)}:</p>{grid(keys, rows)}" if rows else ""
        query = f"<pre>{text(self.query)}</pre>" if self.query else ""
        size = "" if self._schema is None else f": {_size_text(self._schema)}"
        title = f"<p><strong>Schema browser</strong> of {text(self._client.url)}{size}</p>"
        return f"<div>{title}{entries}{query}</div>"


def _with_index(schema: GraphQLSchema) -> tuple[GraphQLSchema, SchemaSearch]:
    return schema, SchemaSearch(schema)


def _size_text(schema: GraphQLSchema) -> str:
    """Return the numbers of types, queries and mutations in a schema, as text."""
    types = [name for name in schema.type_map if not name.startswith("__")]
    roots = [("query", "queries", schema.query_type), ("mutation", "mutations", schema.mutation_type)]
    fields = [plural(len(root.fields), one, many) for one, many, root in roots if root is not None]
    return ", ".join([plural(len(types), "type"), *fields])


def _suggestions(document: str, cursor: int, schema: GraphQLSchema) -> Suggestions:
    completion = complete_graphql(document, cursor, schema)
    found = [
        Suggestion(one.text, kind=_KINDS.get(one.kind, one.kind), detail=one.type, info=one.description)
        for one in completion.candidates
    ]
    return Suggestions(completion.word, tuple(found))


def _heading(name: str, more: str) -> str:
    title = f'<strong>{text(name)}</strong> <span class="dnb-muted">{text(more)}</span>'
    return f'<div role="heading" aria-level="3">{title}</div>'


def _about_html(entry: Entry, kind: GraphQLNamedType | None, schema: GraphQLSchema) -> str:
    """Return the documentation of an entry, with the arguments of a field or the values of an enum."""
    description = f'<div class="dnb-message">{text(entry.description)}</div>' if entry.description else ""
    parts = [_heading(entry.label, f"{entry.kind} · {entry.returns}"), description]
    siblings = list(type_entries(schema.type_map[entry.type_name]))
    arguments = [one for one in siblings if one.name.startswith(f"{entry.name}(")] if entry.kind == "field" else []
    values = [one for one in type_entries(kind) if one.kind == "value"] if kind is not None else []
    rows = [
        [text(one.name.partition("(")[2].rstrip(":)") or one.name), text(one.returns), text(one.description)]
        for one in [*arguments, *values]
    ]
    if rows:
        parts.append(grid(["argument" if arguments else "value", "type", "description"], rows))
    return "".join(parts)


def _column(children: list[Any], flex: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.VBox(children, layout=widgets.Layout(flex=flex, min_width="0", width="auto", overflow="visible"))
