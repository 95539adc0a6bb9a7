"""The GraphQL documents that this package sends. Each file contains one operation. No other files contain GraphQL.

Files may use the fragments in ``fragments.graphql``, and use ``@optional`` to mark fields that a response may lack.
Servers receive neither: fragments are expanded when a document is loaded, and the directive is removed before the
document is sent.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

if TYPE_CHECKING:
    from graphql import DirectiveNode, DocumentNode, SelectionNode

__all__ = ["OPTIONAL", "load", "load_marked", "names", "text", "without_marks"]

OPTIONAL = "optional"
"""The directive on fields that a response may lack."""

_FRAGMENTS = "fragments"


@cache
def load(name: str) -> DocumentNode:
    """Return a document as it is sent to a server that supports every field. Each file is parsed once.

    Parameters
    ----------
    name
        The name of the file without ``.graphql``.

    Examples
    --------
    >>> load("run_ids").kind
    'document'
    """
    return without_marks(load_marked(name))


@cache
def load_marked(name: str) -> DocumentNode:
    """Return a document with its fragments expanded, but still with its ``@optional`` marks.

    Parameters
    ----------
    name
        The name of the file without ``.graphql``.

    Examples
    --------
    >>> "creationTime @optional" in print_ast(load_marked("runs"))
    True
    """
    document: DocumentNode = visit(parse(_read(name)), _Expand())
    return document


def without_marks(document: DocumentNode) -> DocumentNode:
    """Return a document without its ``@optional`` marks.

    Examples
    --------
    >>> print_ast(without_marks(parse("{ run { id size @optional } }"))).split()
    ['{', 'run', '{', 'id', 'size', '}', '}']
    """
    plain: DocumentNode = visit(document, _RemoveMarks())
    return plain


def text(name: str) -> str:
    """Return the text of a document, including the comment that describes it.

    Parameters
    ----------
    name
        The name of the file without ``.graphql``.

    Examples
    --------
    >>> text("run_count").splitlines()[0]
    '# The number of runs that match.'
    """
    comment, _, _ = _read(name).partition("\n")
    return f"{comment}\n{print_ast(load(name))}"


def names() -> list[str]:
    """Return the names of all documents, sorted.

    Examples
    --------
    >>> "runs" in names()
    True
    """
    stems = [entry.name.removesuffix(".graphql") for entry in files(__name__).iterdir() if ".graphql" in entry.name]
    return sorted(stem for stem in stems if stem != _FRAGMENTS)


def _read(name: str) -> str:
    return (files(__name__) / f"{name}.graphql").read_text(encoding="utf-8")


@cache
def _fragments() -> dict[str, FragmentDefinitionNode]:
    definitions = parse(_read(_FRAGMENTS)).definitions
    return {one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)}


class _Expand(Visitor):
    """Replaces each fragment spread with the fragment's fields, in an inline fragment unless the type is the same."""

    def leave_selection_set(self, node: SelectionSetNode, _key: object, parent: Node, *_: object) -> SelectionSetNode:
        around = parent.type_condition.name.value if isinstance(parent, InlineFragmentNode) else None
        expanded: list[SelectionNode] = []
        for selection in node.selections:
            if not isinstance(selection, FragmentSpreadNode):
                expanded.append(selection)
                continue
            fragment = _fragments()[selection.name.value]
            # The fragment may itself use other fragments.
            fields: SelectionSetNode = visit(fragment.selection_set, self)
            if fragment.type_condition.name.value == around:
                expanded.extend(fields.selections)
            else:
                expanded.append(
                    InlineFragmentNode(
                        type_condition=fragment.type_condition,
                        directives=selection.directives,
                        selection_set=fields,
                    )
                )
        return SelectionSetNode(selections=tuple(expanded))


class _RemoveMarks(Visitor):
    def enter_directive(self, node: DirectiveNode, *_: object) -> object:
        return self.REMOVE if node.name.value == OPTIONAL else None
