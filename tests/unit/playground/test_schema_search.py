"""The search works with the schema of the installed Dagster."""

import time

import pytest

from dagster_nb.playground.schema_search import SchemaSearch
from tests.unit.fake.execute_graphql import installed_schema


@pytest.fixture(scope="module")
def search():
    return SchemaSearch(installed_schema())


def labels(entries):
    return [entry.label for entry in entries]


def test_an_exact_match_comes_first(search):
    assert labels(search.find("run"))[0] == "Run"
    assert labels(search.find("RunsFilter"))[0] == "RunsFilter"
    assert labels(search.find("Run.stepStats"))[0] == "Run.stepStats"
    assert search.find("launchRun")[0].label == "Mutation.launchRun"


def test_arguments_and_enum_values_and_descriptions_are_found(search):
    assert "Query.runsOrError(cursor:)" in labels(search.find("cursor runsOrError"))
    assert "RunStatus.CANCELED" in labels(search.find("canceled"))
    found = search.find("retrieve runs after applying")
    assert labels(found)[0] == "Query.runsOrError"
    assert found[0].kind == "field"
    assert found[0].field_name == "runsOrError"


def test_an_empty_search_has_no_results(search):
    assert search.find("") == search.find("  ") == search.find("no such words") == []


@pytest.mark.parametrize("question", ["what returns a Run?", "returns run", "What returns Run", "returns: Run"])
def test_fields_are_found_by_their_return_type(search, question):
    found = search.find(question)
    assert labels(found)[0] == "Query.runOrError"
    assert "Runs.results" in labels(found)
    for entry in found:
        kind = installed_schema().type_map[entry.returns.strip("[]!")]
        assert kind.name == "Run" or "Run" in {one.name for one in installed_schema().get_possible_types(kind)}


def test_a_search_takes_less_than_a_tenth_of_a_second(search):
    start = time.process_time()
    search.find("run step")
    assert time.process_time() - start < 0.1
