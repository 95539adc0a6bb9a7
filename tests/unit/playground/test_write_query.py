"""A valid query is written for any field of the schema."""

from __future__ import annotations

import random

import pytest
from graphql import GraphQLInterfaceType, GraphQLObjectType, build_schema, parse, validate

from dagster_nb.playground.examples import examples
from dagster_nb.playground.write_query import write_query
from tests.unit.fake.execute_graphql import installed_schema


def fields_of(schema):
    kinds = [kind for kind in schema.type_map.values() if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)]
    return [(kind.name, field) for kind in kinds if not kind.name.startswith("__") for field in [None, *kind.fields]]


def test_every_written_query_is_valid():
    schema = installed_schema()
    fields = fields_of(schema)
    roots = [one for one in fields if one[0] in {"Query", "Mutation"} and one[1] is not None]
    for type_name, field in [*roots, *random.Random(17).sample(fields, 200)]:
        document = write_query(schema, type_name, field)
        if document is not None:
            assert validate(schema, parse(document)) == [], document
            assert field is None or field in document


def test_a_nested_field_is_reached_by_a_path_from_the_root():
    document = write_query(installed_schema(), "Run", "stepStats")
    assert document.startswith("query RunOrError($runId: ID!) {\n  runOrError(runId: $runId) {")
    assert "... on Run {\n      stepStats {\n" in document
    assert write_query(installed_schema(), "RunsFilter") is None
    assert "launchRun(executionParams: $executionParams)" in write_query(installed_schema(), "Mutation", "launchRun")


def test_arguments_with_equal_names_and_different_types_become_different_variables():
    schema = build_schema("type Query { a(id: ID!): A } type A { b(id: Int!): B } type B { c: Int }")
    assert write_query(schema, "B", "c").startswith("query A($id: Int!, $id2: ID!)")


@pytest.mark.parametrize("document", examples().values(), ids=examples())
def test_every_documented_operation_is_valid(document):
    assert validate(installed_schema(), parse(document)) == []


def test_there_are_seven_documented_operations():
    assert len(examples()) == 7
