"""Fitting a document to a server whose schema lacks some of what it asks for.

Documents are written for the newest Dagster. What an older server, or one that is newer than this package, does not
have is taken out of them, and its column is NA. What an answer would be worthless without is never taken out: then the
document as a whole cannot be asked. Nor is any argument, since a question without it is another question.
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

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from graphql import FieldNode, GraphQLInputType, GraphQLSchema, InlineFragmentNode, VariableNode

__all__ = ["Fitted", "fit", "unknown_inputs", "why_not"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A document as a server understands it.

    Parameters
    ----------
    document
        Without what the server lacks.
    lost
        What was taken out, such as ``"Run.creationTime"``.
    lacking
        What the server would need to have; None if the document can be asked.
    """

    document: DocumentNode
    lost: tuple[str, ...] = ()
    lacking: str | None = None


def fit(document: DocumentNode, schema: GraphQLSchema, *, optional: Collection[str]) -> Fitted:
    """Take out of a document what a schema lacks.

    Parameters
    ----------
    document
        One operation.
    schema
        The server's.
    optional
        What the answer can do without: fields as ``"Type.field"``, fragments as ``"... on Type"``. If something else is
        lacking, the field around it is as good as lacking itself.

    Examples
    --------
    >>> from graphql import build_schema, parse, print_ast
    >>> schema = build_schema("type Query { run: Run } type Run { id: ID }")
    >>> fitted = fit(parse("{ run { id size } }"), schema, optional={"Run.size"})
    >>> fitted.lost, fitted.lacking, " ".join(print_ast(fitted.document).split())
    (('Run.size',), None, '{ run { id } }')
    >>> fit(parse("{ run { id size } }"), schema, optional={}).lacking
    'Run.size'
    """
    info = TypeInfo(schema)
    fitter = _Fitter(info, schema, optional)
    kept = visit(document, TypeInfoVisitor(info, fitter))
    if fitter.lacking is not None:
        return Fitted(document, lacking=fitter.lacking)
    kept = _without_unused_variables(kept) if fitter.lost else document
    problems = validate(schema, kept)
    return Fitted(kept, tuple(fitter.lost), problems[0].message if problems else None)


def unknown_inputs(document: DocumentNode, variables: Mapping[str, Any], schema: GraphQLSchema) -> Iterator[str]:
    """Yield why a schema does not take some values of a document's variables.

    Parameters
    ----------
    document
        One operation, which the schema knows.
    variables
        The values.
    schema
        The server's.

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
            yield from why_not(variables[name], kind)  # type: ignore[arg-type]  # which has just been checked


def why_not(value: object, kind: GraphQLInputType) -> list[str]:
    """Return why a value is none of an input type; nothing if it is one.

    Examples
    --------
    >>> from graphql import GraphQLInt
    >>> why_not("a", GraphQLInt)
    ["Int cannot represent non-integer value: 'a'"]
    """
    problems: list[str] = []

    def note(_path: object, _value: object, error: GraphQLError) -> None:
        problems.append(error.message)

    coerce_input_value(value, kind, note)
    return problems


class _Fitter(Visitor):
    def __init__(self, info: TypeInfo, schema: GraphQLSchema, optional: Collection[str]):
        super().__init__()
        self.lost: list[str] = []
        self._info = info
        self._schema = schema
        self._optional = optional
        # For the operation, and each field on the way down: what it lacks and cannot do without.
        self._lacking: list[list[str]] = [[]]

    @property
    def lacking(self) -> str | None:
        return next(iter(self._lacking[0]), None)

    def enter_field(self, node: FieldNode, *_: object) -> object:
        definition = self._info.get_field_def()
        if definition is None:
            return self._lose(self._place(node))
        unknown = [one.name.value for one in node.arguments if one.name.value not in definition.args]
        if unknown:
            return self._lose(self._place(node), f"{self._place(node)}({unknown[0]}:)")
        given = {one.name.value for one in node.arguments}
        untold = [name for name, one in definition.args.items() if is_required_argument(one) and name not in given]
        # A field that wants to know more, or that answers something of another kind, is another field.
        if untold or is_composite_type(get_named_type(definition.type)) != (node.selection_set is not None):
            return self._lose(self._place(node))
        self._lacking.append([])
        return None

    def leave_field(self, node: FieldNode, *_: object) -> object:
        lacking = self._lacking.pop()
        if lacking:
            return self._lose(self._place(node), lacking[0])
        if node.selection_set is not None and not node.selection_set.selections:
            return self._lose(self._place(node))
        return None

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: object) -> object:
        name = node.type_condition.name.value
        kind, around = self._schema.get_type(name), self._info.get_parent_type()
        if (
            not is_composite_type(kind)
            or around is None
            or not do_types_overlap(
                self._schema,
                kind,  # type: ignore[arg-type]  # which has just been checked
                around,
            )
        ):
            return self._lose(f"... on {name}")
        return None

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: object) -> object:
        return None if node.selection_set.selections else REMOVE

    def _place(self, node: FieldNode) -> str:
        around = self._info.get_parent_type()
        return f"{around.name if around is not None else '?'}.{node.name.value}"

    def _lose(self, place: str, what: str | None = None) -> object:
        """Take something out, because of itself or of what it cannot do without."""
        if place in self._optional:
            self.lost.append(what or place)
        else:
            self._lacking[-1].append(what or place)
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
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - our documents hold one operation each
    return operation
