"""``%dagster`` and ``%%dagster`` work in IPython, here with a fake Dagster."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import dagster_nb as dnb
from tests.unit.fake.dagster import FakeDagster
from tests.unit.fake.execute_graphql import installed_schema

RUNS = "query($limit: Int) { runsOrError(limit: $limit) { ... on Runs { results { runId status } } } }"
TERMINATE = "mutation($runId: String!) { terminateRun(runId: $runId) { __typename } }"


@pytest.fixture(scope="module")
def shell():
    made = InteractiveShell()
    made.run_line_magic("load_ext", "dagster_nb")
    return made


@pytest.fixture
def fake():
    with FakeDagster(12) as made:
        yield made


@pytest.fixture
def connected(shell, fake):
    with fake.connect() as client:
        shell.user_ns["client"] = client
        shell.run_line_magic("dagster", "client")
        fake.requests.clear()
        yield shell
        for name in ("limit", "runId", "runs", "client"):
            shell.user_ns.pop(name, None)


def cell(shell, text, line=""):
    return shell.run_cell_magic("dagster", line, text)


def test_the_result_is_a_dict_that_is_displayed_as_a_tree(connected):
    result = cell(connected, RUNS)
    assert len(result["runsOrError"]["results"]) == 12
    assert "<details" in result._repr_html_()


def test_a_cell_can_name_its_frame_and_use_variables_of_the_notebook(connected, fake):
    connected.user_ns["limit"] = pd.Series([3]).iloc[0]
    frame = cell(connected, RUNS, "--as runs --frame runsOrError.results")
    assert connected.user_ns["runs"] is frame
    assert frame["runId"].tolist() == fake.ids[:3]
    assert fake.requests == [("", {"limit": 3})]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ runsOrEror { __typename } }", "Cannot query field 'runsOrEror'"),
        ("{ version", "this is not valid GraphQL. Fix the marked part"),
        ("query($id: ID!) { runOrError(runId: $id) { __typename } }", "the variable $id has no value"),
        ("{ version } query B { version }", "a cell must contain one operation, but this cell contains 2"),
    ],
)
def test_an_invalid_document_is_not_sent(connected, fake, text, message):
    with pytest.raises(dnb.QueryError) as caught:
        cell(connected, text)
    assert message in str(caught.value)
    assert fake.requests == []


def test_an_error_marks_its_position_and_has_no_stack_trace(connected, capsys):
    connected.run_cell("%%dagster\n{\n  runsOrError(limt: 3) { __typename }\n}")
    shown = capsys.readouterr().out
    marked = "  line 2:   runsOrError("
    assert f"{marked}limt: 3) {{ __typename }}\n{' ' * len(marked)}^" in shown
    assert "Traceback" not in shown
    assert "magic.py" not in shown


def test_a_variable_with_an_invalid_value_is_not_sent(connected, fake):
    connected.user_ns["limit"] = "three"
    with pytest.raises(dnb.QueryError, match=r"\$limit"):
        cell(connected, RUNS)
    assert fake.requests == []


def test_a_mutation_needs_the_option_allow_mutations(connected, fake):
    connected.user_ns["runId"] = "abc"
    with pytest.raises(dnb.ReadOnlyError, match="--allow-mutations"):
        cell(connected, TERMINATE)
    assert fake.requests == []
    fake.answers["terminateRun"] = {"__typename": "RunNotFoundError"}
    connected.run_line_magic("dagster", "client --allow-mutations")
    assert cell(connected, TERMINATE)["terminateRun"]["__typename"] == "RunNotFoundError"
    connected.run_line_magic("dagster", "client")
    with pytest.raises(dnb.ReadOnlyError):
        cell(connected, TERMINATE)


def test_a_read_only_client_stays_read_only(shell, fake):
    with fake.connect(read_only=True) as client:
        shell.user_ns |= {"client": client, "runId": "abc"}
        shell.run_line_magic("dagster", "client --allow-mutations")
        with pytest.raises(dnb.ReadOnlyError):
            cell(shell, TERMINATE)
    shell.user_ns.pop("runId")


def test_an_invalid_option_is_a_usage_error(connected):
    for line in ("--frame", "--nonsense", "--as 1a", "--as"):
        with pytest.raises(UsageError):
            cell(connected, RUNS, line)


def completions(shell, text):
    with provisionalcompleter():
        return [(one.start, one.text) for one in shell.Completer.completions(text, len(text))]


def test_a_graphql_cell_is_completed_only_from_the_schema(connected):
    text = "%%dagster --as runs\n{\n  runsOrError { ... on Runs { results { stepS"
    assert completions(connected, text) == [(len(text) - 5, "stepStats")]
    assert completions(connected, "%%dagster --fr") == [(10, "--frame")]
    start = time.process_time()
    found = completions(connected, text[: -len("stepS")])
    assert time.process_time() - start < 0.1
    assert {text for _, text in found} == {*installed_schema().type_map["Run"].fields, "__typename"}


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("{ runsOrError(", {"filter", "cursor", "limit"}),
        ("{ runsOrError(limit: 1, cu", {"cursor"}),
        ("{ runsOrError(filter: {runI", {"runIds"}),
        ("{ runsOrError(filter: {statuses: [FAILU", {"FAILURE"}),
        ("{ runsOrError(filter: {statuses: ", set(installed_schema().type_map["RunStatus"].values)),
        ("query Q($filter: RunsFi", {"RunsFilter"}),
        # Offering the word itself changes nothing. Without a completion, IPython would offer Python names.
        ("{ runsOrError { __typename ... on RunsFe", {"RunsFe"}),
        ("{ runsOrError { prin", {"prin"}),
    ],
)
def test_arguments_and_input_fields_and_enum_values_are_completed(connected, text, candidates):
    cell = f"%%dagster\n{text}"
    start = time.process_time()
    found = completions(connected, cell)
    assert time.process_time() - start < 0.1
    assert {name for _, name in found} == candidates


def test_other_cells_are_completed_as_usual(connected):
    assert "runsOrError" not in dict(map(reversed, completions(connected, "# %%dagster\n{ runsOrE")))
    assert "print" in {text for _, text in completions(connected, "prin")}


def test_loading_the_extension_twice_replaces_the_old_completion(connected):
    connected.run_line_magic("reload_ext", "dagster_nb")
    names = [getattr(one, "matcher_identifier", "") for one in connected.Completer.custom_matchers]
    assert names.count("dagster_nb") == 1


def test_importing_the_package_imports_neither_ipython_nor_what_panels_and_cells_need():
    code = "import sys, json, dagster_nb; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout))
    packages = {"IPython", "ipywidgets", "anywidget", "traitlets", "matplotlib"}
    folders = {f"dagster_nb.{name}" for name in ("panels", "playground", "magic", "plot", "analysis", "sandbox")}
    assert "dagster_nb.client" in imported
    assert not imported & (packages | folders)
