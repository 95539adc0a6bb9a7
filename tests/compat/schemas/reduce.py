"""Reduce a schema to the part that documents use."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_ast_schema,
    get_named_type,
    is_required_argument,
    lexicographic_sort_schema,
    parse,
    print_schema,
    visit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphql import DocumentNode, FieldNode, GraphQLNamedType, InlineFragmentNode, Node

_UNION = re.compile(r"^(union \w+ =) (.*)$", re.MULTILINE)


def reduce_schema(text: str, documents: Iterable[DocumentNode]) -> str:
    """Return a sorted schema that contains only the parts that the documents use.

    Parameters
    ----------
    text
        The complete schema.
    documents
        The documents. Fields that are not in the schema are ignored.
    """
    tree = parse(text)
    visit(tree, _Undescribed())
    schema = build_ast_schema(tree)
    touched = _Touched(schema)
    for document in documents:
        visit(document, TypeInfoVisitor(touched.info, touched))
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not kind.name.startswith("__"):
            touched.reduce(kind)
    # Rebuild the schema to drop the types that no remaining field uses.
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    printed = print_schema(lexicographic_sort_schema(GraphQLSchema(*roots, types=touched.named)))
    return _UNION.sub(_a_line_each, printed) + "\n"


def _a_line_each(union: re.Match[str]) -> str:
    return union[1] + "".join(f"\n  | {member}" for member in union[2].split(" | "))


class _Undescribed(Visitor):
    """Removes descriptions, so that comparisons of schemas ignore changes in wording."""

    def enter(self, node: Node, *_: Any) -> None:
        if hasattr(node, "description"):
            node.description = None


class _Touched(Visitor):
    """Collects the parts of a schema that documents use, and removes all other fields from its types.

    Attributes
    ----------
    named
        The types that documents mention, and the types that implement the interface of a field.
    """

    def __init__(self, schema: GraphQLSchema):
        super().__init__()
        self.info = TypeInfo(schema)
        self.named: list[GraphQLNamedType] = []
        self._schema = schema
        # Maps each type name and field name to the arguments that a document passes.
        self._fields: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._interfaces: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent, kind = self.info.get_parent_type(), get_named_type(self.info.get_type())
        if parent is None or kind is None:
            return
        arguments = {argument.name.value: argument.value for argument in node.arguments}
        self._fields[parent.name][node.name.value].update(arguments)
        if isinstance(kind, GraphQLInterfaceType):
            self._interfaces.add(kind.name)
            self.named += self._schema.get_possible_types(kind)
        if node.name.value == "__type" and isinstance(arguments["name"], StringValueNode):
            asked = self._schema.get_type(arguments["name"].value)
            self.named += [asked] if asked is not None else []

    def enter_inline_fragment(self, _node: InlineFragmentNode, *_: Any) -> None:
        kind = get_named_type(self.info.get_type())
        self.named += [kind] if kind is not None else []
        if isinstance(kind, GraphQLInterfaceType):
            self._interfaces.add(kind.name)

    def reduce(self, kind: GraphQLObjectType | GraphQLInterfaceType) -> None:
        """Keep only the fields that documents request on this type or on one of its interfaces."""
        kind.interfaces = [interface for interface in kind.interfaces if interface.name in self._interfaces]
        arguments: dict[str, set[str]] = defaultdict(set)
        for name in (kind.name, *(interface.name for interface in kind.interfaces)):
            for field, touched in self._fields[name].items():
                arguments[field] |= touched
        for name in kind.fields.keys() - arguments.keys():
            del kind.fields[name]
        for name, field in kind.fields.items():
            # Keep required arguments too, because documents that omit them are invalid.
            field.args = {
                key: argument
                for key, argument in field.args.items()
                if key in arguments[name] or is_required_argument(argument)
            }
        if not kind.fields:
            # Documents request only `__typename` of this type, but a GraphQL type needs at least one field.
            kind.fields["_"] = GraphQLField(GraphQLBoolean)
