"""GraphQL completion offers exactly what the schema allows."""

from __future__ import annotations

import random
import time

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLSchema,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

from dagster_nb.graphql import documents
from dagster_nb.playground.completion import complete_graphql
from dagster_nb.playground.examples import examples
from tests.unit.fake.execute_graphql import installed_schema

SCHEMA = installed_schema()


def complete(text: str, kind: str | None = None, schema: GraphQLSchema = SCHEMA) -> list[str]:
    """Return the candidates at the position of ``|``."""
    before, _, after = text.partition("|")
    found = complete_graphql(before + after, len(before), schema).candidates
    return [one.text for one in found if kind in {None, one.kind}]


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("|", ["query", "mutation", "subscription", "fragment"]),
        ("mu|", ["mutation"]),
        ("{ runsOrE|", ["runsOrError"]),
        ("{ RUNSORE| }", ["runsOrError"]),
        ("{ first: runsOrE|", ["runsOrError"]),
        ("mutation A { terminateRun|", ["terminateRun", "terminateRuns"]),
        ("{ runsOrError(|", ["filter", "cursor", "limit"]),
        ("{ runsOrError(limit: 10 |)", ["filter", "cursor"]),
        ("{ runsOrError(limit: 10\n  # the page\n  c|", ["cursor"]),
        ("{ runsOrError(filter: { statuses: [FAILURE, CANCEL|", ["CANCELING", "CANCELED"]),
        ('{ runsOrError(filter: { tags: [{ key: "a", |', ["value"]),
        ("query A($c: String, $n: Int) { runsOrError(cursor: |", ["$c"]),
        ("query A($c: String, $n: Int) { runsOrError(cursor: $|", ["$c"]),
        ("query A($s: [RunStatus!]) { runsOrError(filter: { statuses: $|", ["$s"]),
        ("query A($s: [RunsFil|", ["RunsFilter"]),
        ('query A($c: String = "a") { runsOrError(cursor: |', ["$c"]),
        ("{ version @|", ["@include", "@skip"]),
        ("{ version @include(if: |", ["true", "false"]),
        ("{ version @include(if: true) runsOrE|", ["runsOrError"]),
        ("{ ...My| } fragment MyFields on Query { version }", ["MyFields"]),
        ("fragment F o|", ["on"]),
        ("fragment F on Run { stepS|", ["stepStats"]),
        ("fragment F on RunsFi|", []),
        ('{ runOrError(runId: "a") { ... on Ru|', ["Run", "RunNotFoundError", "RunsFeedEntry"]),
        ('{ runOrError(runId: "a") { ... on Run { stats { ... on PythonE|', ["PythonError"]),
        ('{ runOrError(runId: "a") { ... on Run { ... on Pipel|', ["PipelineRun"]),
        ('{ runOrError(runId: "a") { ... on Run { stats { ... on PythonError { causes { cla|', ["className"]),
        ('{ runsOrError(cursor: "a|', []),
        ('{ runsOrError(cursor: """a " |', []),
        ("{ version # a comment|", []),
        ("{ nonsense { |", []),
        ("{ nonsense(a: { b: |", []),
        ("} ) ] |", ["query", "mutation", "subscription", "fragment"]),
    ],
)  # fmt: skip
def test_completion_offers_what_is_valid_at_the_cursor(text, candidates):
    assert complete(text) == candidates


def test_the_members_of_a_union_are_offered():
    assert complete("{ runsOrError { |") == [
        "__typename",
        "... on Runs",
        "... on InvalidPipelineRunsFilterError",
        "... on PythonError",
    ]
    # The interfaces of the members of a union are valid too.
    assert complete("{ runsOrError { ... on |") == [
        *["Runs", "InvalidPipelineRunsFilterError", "PythonError"],
        *["Error", "PipelineRuns"],
    ]


def test_candidates_have_a_type_and_a_description():
    found = complete_graphql("{ runsOrE", 9, SCHEMA)
    assert found.word == "runsOrE"
    assert found.candidates[0].type == "RunsOrError!"
    assert found.candidates[0].description.startswith("Retrieve runs")


class Places(Visitor):
    """Collects places in a valid document, and the candidates that the schema allows at each place."""

    def __init__(self, info: TypeInfo):
        super().__init__()
        self.info = info
        self.found: list[tuple[int, str, set[str]]] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self.info.get_parent_type()
        meta = {"__typename", "__schema", "__type"} if parent is SCHEMA.query_type else {"__typename"}
        self.found.append((node.name.loc.start, "field", {*getattr(parent, "fields", ()), *meta}))
        field = self.info.get_field_def()
        if node.arguments and field is not None:
            self.found.append((node.arguments[0].loc.start, "argument", set(field.args)))

    def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
        parent = get_named_type(self.info.get_parent_input_type())
        # Check only the first argument, because completion omits arguments that are already present.
        if node.loc.start_token.prev.kind.value == "{":
            self.found.append((node.loc.start, "argument", set(getattr(parent, "fields", ()))))

    def enter_enum_value(self, node: object, *_: object) -> None:
        kind = get_named_type(self.info.get_input_type())
        assert isinstance(kind, GraphQLEnumType)
        self.found.append((node.loc.start, "value", set(kind.values)))


def all_places() -> list[tuple[str, int, str, set[str]]]:
    found = []
    for text in [*examples().values(), *map(documents.text, documents.names())]:
        info = TypeInfo(SCHEMA)
        places = Places(info)
        visit(parse(text), TypeInfoVisitor(info, places))
        found += [(text, *place) for place in places.found]
    return found


def test_completion_offers_all_valid_names_at_random_places():
    places = all_places()
    assert {kind for _, _, kind, _ in places} == {"field", "argument", "value"}
    for text, cursor, kind, expected in random.Random(17).sample(places, 100):
        for document in (text, text[:cursor]):
            found = complete_graphql(document, cursor, SCHEMA).candidates
            assert {one.text for one in found if one.kind == kind} == expected, text[:cursor]


def test_completion_takes_less_than_a_tenth_of_a_second():
    text = "\n".join(
        f"query Q{number} {{ runsOrError {{ ... on Runs {{ results {{ runId }} }} }} }}" for number in range(300)
    )
    text += "\nquery Last { runsOrError { ... on Runs { results { st"
    complete_graphql(text, len(text), SCHEMA)
    start = time.process_time()
    found = complete_graphql(text, len(text), SCHEMA)
    assert time.process_time() - start < 0.1
    assert "status" in {one.text for one in found.candidates}
