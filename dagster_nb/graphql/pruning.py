"""Remove from a document the fields that a server's schema does not have.

Documents are written for the newest Dagster. If a server lacks a field that is marked ``@optional``, the field is
removed, and its value is NA. If a server lacks any other field, the document cannot be sent to it. Arguments are never
removed, because that would change the meaning of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    REMOVE,
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    coerce_input_value,
    do_types_overlap,
    get_named_type,
    is_composite_type,
    is_input_type,
    is_required_argument,
    type_from_ast,
    validate,
    visit,
)

from dagster_nb.graphql.documents import OPTIONAL, without_marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graphql import FieldNode, GraphQLInputType, GraphQLSchema, InlineFragmentNode, VariableNode

__all__ = ["Pruned", "input_problems", "prune", "unknown_inputs"]


@dataclass(frozen=True, slots=True)
class Pruned:
    """A document without the fields that a server does not have.

    Parameters
    ----------
    document
        The document to send.
    removed
        The removed fields, such as ``"Run.creationTime"``.
    missing
        The feature that the server lacks; None if the document can be sent.
    """

    document: DocumentNode
    removed: tuple[str, ...] = ()
    missing: str | None = None


def prune(document: DocumentNode, schema: GraphQLSchema) -> Pruned:
    """Remove from a document the fields that a schema does not have.

    Parameters
    ----------
    document
        One operation, in which ``@optional`` marks the fields and fragments that the response may lack. If the schema
        lacks any other field, the enclosing field counts as missing too.
    schema
        The schema of the server.

    Examples
    --------
    >>> from graphql import build_schema, parse, print_ast
    >>> schema = build_schema("type Query { run: Run } type Run { id: ID }")
    >>> pruned = prune(parse("{ run { id size @optional } }"), schema)
    >>> pruned.removed, pruned.missing, " ".join(print_ast(pruned.document).split())
    (('Run.size',), None, '{ run { id } }')
    >>> prune(parse("{ run { id size } }"), schema).missing
    'Run.size'
    """
    info = TypeInfo(schema)
    pruner = _Pruner(info, schema)
    kept = visit(document, TypeInfoVisitor(info, pruner))
    if pruner.missing is not None:
        return Pruned(without_marks(document), missing=pruner.missing)
    kept = without_marks(_without_unused_variables(kept) if pruner.removed else document)
    problems = validate(schema, kept)
    return Pruned(kept, tuple(pruner.removed), problems[0].message if problems else None)


def unknown_inputs(document: DocumentNode, variables: Mapping[str, Any], schema: GraphQLSchema) -> Iterator[str]:
    """Yield the reasons why a schema rejects the values of a document's variables, if it does.

    Parameters
    ----------
    document
        One operation that is valid for the schema.
    variables
        The values of the variables.
    schema
        The schema of the server.

    Examples
    --------
    >>> from graphql import build_schema, parse
    >>> schema = build_schema("type Query { runs(filter: Filter): Int } input Filter { job: String }")
    >>> document = parse("query Q($filter: Filter) { runs(filter: $filter) }")
    >>> list(unknown_inputs(document, {"filter": {"job": "a", "tag": "b"}}, schema))
    ["Field 'tag' is not defined by type 'Filter'."]
    """
    for declared in _operation(document).variable_definitions:
        kind = type_from_ast(schema, declared.type)
        name = declared.variable.name.value
        if name in variables and is_input_type(kind):
            yield from input_problems(variables[name], kind)  # type: ignore[arg-type]  # checked above


def input_problems(value: object, kind: GraphQLInputType) -> list[str]:
    """Return the reasons why a value does not fit an input type; an empty list if it fits.

    Examples
    --------
    >>> from graphql import GraphQLInt
    >>> input_problems("a", GraphQLInt)
    ["Int cannot represent non-integer value: 'a'"]
    """
    problems: list[str] = []

    def note(_path: object, _value: object, error: GraphQLError) -> None:
        problems.append(error.message)

    coerce_input_value(value, kind, note)
    return problems


class _Pruner(Visitor):
    def __init__(self, info: TypeInfo, schema: GraphQLSchema):
        super().__init__()
        self.removed: list[str] = []
        self._info = info
        self._schema = schema
        # The missing parts that are not optional: one list for the operation, and one for each field around the current
        # node.
        self._missing: list[list[str]] = [[]]

    @property
    def missing(self) -> str | None:
        return next(iter(self._missing[0]), None)

    def enter_field(self, node: FieldNode, *_: object) -> object:
        definition = self._info.get_field_def()
        if definition is None:
            return self._remove(node, self._place(node))
        unknown = [one.name.value for one in node.arguments if one.name.value not in definition.args]
        if unknown:
            return self._remove(node, self._place(node), f"{self._place(node)}({unknown[0]}:)")
        given = {one.name.value for one in node.arguments}
        required = [name for name, one in definition.args.items() if is_required_argument(one) and name not in given]
        # If the server's field requires another argument, or returns another kind of type, our field counts as missing.
        if required or is_composite_type(get_named_type(definition.type)) != (node.selection_set is not None):
            return self._remove(node, self._place(node))
        self._missing.append([])
        return None

    def leave_field(self, node: FieldNode, *_: object) -> object:
        missing = self._missing.pop()
        if missing:
            return self._remove(node, self._place(node), missing[0])
        if node.selection_set is not None and not node.selection_set.selections:
            return self._remove(node, self._place(node))
        return None

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> object:
        name = node.type_condition.name.value
        kind, around = self._schema.get_type(name), self._info.get_parent_type()
        if (
            not is_composite_type(kind)
            or around is None
            or not do_types_overlap(
                self._schema,
                kind,  # type: ignore[arg-type]  # checked above
                around,
            )
        ):
            return self._remove(node, f"... on {name}")
        return None

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: object) -> object:
        return None if node.selection_set.selections else REMOVE

    def _place(self, node: FieldNode) -> str:
        around = self._info.get_parent_type()
        return f"{around.name if around is not None else '?'}.{node.name.value}"

    def _remove(self, node: FieldNode | InlineFragmentNode, place: str, missing: str | None = None) -> object:
        """Remove a node, because the schema lacks the node or a part that the node requires."""
        if any(directive.name.value == OPTIONAL for directive in node.directives):
            self.removed.append(missing or place)
        else:
            self._missing[-1].append(missing or place)
        return REMOVE


def _without_unused_variables(document: DocumentNode) -> DocumentNode:
    used: set[str] = set()

    class Collect(Visitor):
        def enter_variable(self, node: VariableNode, *_: object) -> None:
            used.add(node.name.value)

    operation = _operation(document)
    visit(operation.selection_set, Collect())
    kept = tuple(one for one in operation.variable_definitions if one.variable.name.value in used)
    return DocumentNode(
        definitions=(
            OperationDefinitionNode(
                operation=operation.operation,
                name=operation.name,
                variable_definitions=kept,
                directives=operation.directives,
                selection_set=operation.selection_set,
            ),
        )
    )


def _operation(document: DocumentNode) -> OperationDefinitionNode:
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - each document is one operation
    return operation
