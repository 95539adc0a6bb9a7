"""The schema browser works with the schema of the installed Dagster."""

import threading

import pytest
from graphql import parse, validate

import dagster_nb as dnb
from dagster_nb.playground.examples import examples
from tests.unit.fake.dagster import FakeDagster
from tests.unit.fake.execute_graphql import installed_schema


@pytest.fixture(scope="module")
def fake():
    with FakeDagster() as made:
        yield made


@pytest.fixture
def browser(fake):
    with fake.connect() as client:
        made = dnb.SchemaBrowser(client).wait(60)
        yield made
        assert made._crash_box.error is None
        made.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("dagster_nb ")]


def choose(browser, name):
    """Send the message that the browser sends for a click on an entry in the list."""
    place = next(place for place, item in enumerate(browser._list.items) if item["name"] == name)
    browser._list._handle_custom_msg({"choose": place}, [])


def names(browser):
    return [item["name"] for item in browser._list.items]


def test_the_list_begins_with_the_documented_operations(browser):
    assert names(browser) == list(examples())
    choose(browser, "Repositories")
    assert browser.query == examples()["Repositories"]
    assert "%%dagster\nquery RepositoriesQuery" in browser._query.value
    browser.search("runs")
    browser.search("")
    assert names(browser) == list(examples())


def test_a_click_writes_a_valid_query(browser):
    browser.search("what returns a Run?")
    assert names(browser)[0] == "Query.runOrError"
    choose(browser, "Query.runOrError")
    assert "runOrError(runId: $runId)" in browser.query
    assert validate(installed_schema(), parse(browser.query)) == []
    assert "runId" in browser._about.value


def test_the_query_editor_completes_words_and_marks_mistakes(browser):
    choose(browser, "Repositories")
    sent = []
    browser._editor.send = sent.append
    browser._editor._handle_custom_msg({"type": "complete", "id": 1, "text": "{ runsOrE", "cursor": 9}, [])
    assert [one["text"] for one in sent[0]["candidates"]] == ["runsOrError"]
    browser._editor.value = "{\n  versio\n}"
    assert browser.query == "{\n  versio\n}"
    problem = browser._editor.problems[0]
    assert (problem["line"], problem["start"], problem["end"]) == (2, 2, 8)
    assert "Cannot query field" in problem["message"]
    browser._editor.value = "{\n  version"
    assert browser._editor.problems[0]["line"] == 2
    browser._editor.value = "{ version }"
    assert browser._editor.problems == []
    assert "%%dagster\n{ version }" in browser._query.value


def test_a_type_shows_its_fields_and_the_fields_that_return_it(browser):
    browser.search("Run.stepStats")
    choose(browser, "Run.stepStats")
    browser._fields.click()
    assert names(browser)[:2] == ["RunStepStats", "RunStepStats.runId"]
    browser._returning.click()
    assert names(browser)[0] == "Run.stepStats"


def test_an_enum_shows_its_values_and_an_input_has_no_query(browser):
    browser.search("RunStatus")
    choose(browser, "RunStatus")
    assert "CANCELED" in browser._about.value
    browser.search("RunsFilter.")
    choose(browser, "RunsFilter.tags")
    assert browser.query == ""
    assert "No query returns this type" in browser._query.value


def test_the_number_of_matches_is_shown(browser):
    browser.search("run")
    assert "the first 100 of" in browser._found.value
    browser.search("<img src=x>")
    assert "0 matches" in browser._found.value
    assert names(browser) == []


def test_a_late_click_on_a_removed_entry_is_ignored(browser):
    browser.search("RunStatus")
    browser._list._handle_custom_msg({"choose": 100}, [])
    browser._list._handle_custom_msg({"choose": -1}, [])
    assert browser.query == ""


def test_the_static_output_is_readable(browser):
    data = browser._repr_mimebundle_()[0]
    assert "Repositories" in data["text/html"]
    assert "Schema browser on http://fake:3000" in data["text/plain"]
    schema = installed_schema()
    assert f"{len(schema.query_type.fields)} queries, {len(schema.mutation_type.fields)} mutations" in data["text/html"]
    # Before the first search, the entries have neither types nor descriptions.
    assert "description" not in data["text/html"]
    browser.search("what returns a Run?")
    found = browser._repr_mimebundle_()[0]["text/html"]
    assert "description</th>" in found
    assert "Query.runOrError" in found


def test_reading_the_schema_can_be_retried_after_an_error(fake):
    with fake.connect() as client:
        client.graphql_schema = lambda: (_ for _ in ()).throw(dnb.QueryError("introspection is off"))
        browser = dnb.SchemaBrowser(client).wait(60)
        assert "introspection is off" in browser._error_box._message.value
        del client.graphql_schema
        browser._error_box._on_retry()
        browser.wait(60)
        assert names(browser) == list(examples())
        browser.close()
