"""Introspection correctly describes the altered schemas that tests use."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query, graphql_sync

from tests.unit import altered_schemas
from tests.unit.fake.execute_graphql import installed_schema

QUERY = get_introspection_query()


@pytest.mark.parametrize(
    "schema",
    [
        altered_schemas.without(),
        altered_schemas.without("Run.creationTime", "RunsFilter.pipelineName"),
        altered_schemas.without("Query.runsOrError(limit:)"),
        altered_schemas.without_type("Runs"),
        altered_schemas.with_status("HIBERNATING"),
    ],
)
def test_introspecting_only_the_altered_types_gives_the_same_result(schema):
    assert altered_schemas.introspect(schema, QUERY) == graphql_sync(schema, QUERY).formatted


def test_a_schema_from_elsewhere_can_be_introspected_too():
    assert altered_schemas.introspect(installed_schema(), QUERY) == graphql_sync(installed_schema(), QUERY).formatted
