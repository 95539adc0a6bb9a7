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
    """Return the part of a schema that documents use, as sorted text.

    Parameters
    ----------
    text
        The whole schema.
    documents
        Those that count. Fields that the schema lacks are ignored.
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
    # A rebuilt schema contains only the types that can still be reached.
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    printed = print_schema(lexicographic_sort_schema(GraphQLSchema(*roots, types=touched.named)))
    return _UNION.sub(_a_line_each, printed) + "\n"


def _a_line_each(union: re.Match[str]) -> str:
    return union[1] + "".join(f"\n  | {member}" for member in union[2].split(" | "))


class _Undescribed(Visitor):
    """Removes the descriptions, because a new wording is not a change."""

    def enter(self, node: Node, *_: Any) -> None:
        if hasattr(node, "description"):
            node.description = None


class _Touched(Visitor):
    """Finds the parts of a schema that documents use, and removes the rest from its types.

    Attributes
    ----------
    named
        Types that a response may have or a document names, although no remaining field returns them by name.
    """

    def __init__(self, schema: GraphQLSchema):
        super().__init__()
        self.info = TypeInfo(schema)
        self.named: list[GraphQLNamedType] = []
        self._schema = schema
        # The arguments of each field of each type.
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
        """Keep the fields of a type that documents use, by its own name or through one of its interfaces."""
        kind.interfaces = [interface for interface in kind.interfaces if interface.name in self._interfaces]
        arguments: dict[str, set[str]] = defaultdict(set)
        for name in (kind.name, *(interface.name for interface in kind.interfaces)):
            for field, touched in self._fields[name].items():
                arguments[field] |= touched
        for name in kind.fields.keys() - arguments.keys():
            del kind.fields[name]
        for name, field in kind.fields.items():
            # A required argument breaks a document that does not pass it, so it is kept too.
            field.args = {
                key: argument
                for key, argument in field.args.items()
                if key in arguments[name] or is_required_argument(argument)
            }
        if not kind.fields:
            # The type can be returned, but only its name is requested, and a type needs at least one field.
            kind.fields["_"] = GraphQLField(GraphQLBoolean)
