"""If Dagster seems to lack a feature, each reading method returns NA or raises an error that names the feature."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from graphql import print_ast, validate

import dagster_nb as dnb
from dagster_nb.graphql import documents
from dagster_nb.graphql.pruning import prune
from tests.missing_features.schema_hiding_proxy import SchemaHidingProxy
from tests.server.known.conftest import wait_until_loaded
from tests.unit import altered_schemas

# Maps each method to its documents and a call. Methods that find a job also send the document `repositories`.
METHODS = {
    # Dagster may reload the code at any time, and this changes update_time.
    "locations": ({"locations"}, lambda client, _: client.locations().drop(columns="update_time")),
    "repositories": ({"repositories"}, lambda client, _: client.repositories()),
    "jobs": ({"repositories"}, lambda client, _: client.jobs()),
    "ops": ({"repositories", "job_ops"}, lambda client, _: client.ops("materialize_all")),
    "run_config_schema": (
        {"repositories", "run_config_schema"},
        lambda client, _: client.run_config_schema("configured").fields,
    ),
    "daemons": ({"daemons"}, lambda client, _: client.daemons()),
    "steps": ({"steps"}, lambda client, runs: client.steps(runs["failing"])),
    "events": ({"events"}, lambda client, runs: client.events(runs["failing"])),
    "failures": ({"events"}, lambda client, runs: client.failures(runs["failing"])),
    "logs": (
        {"captures", "captured_logs", "run_plan"},
        lambda client, runs: pd.DataFrame({"printed": [client.compute_logs(runs["apart"], step="whisper").stdout]}),
    ),
}
# Without these features, the columns are not NA: they contain the rest of the error, or the message of the event.
TOLD_OTHERWISE = {
    ("ErrorEvent.error", "error_message"),
    ("PythonError.causes", "error"),
    ("PythonError.causes", "causes"),
    ("PythonError.causes", "stack"),
    ("PythonError.causes", "error_message"),
    ("PythonError.className", "causes"),
    ("PythonError.className", "error_message"),
    ("PythonError.message", "error"),
    ("PythonError.message", "causes"),
    ("PythonError.message", "error_message"),
    ("PythonError.stack", "causes"),
    ("PythonError.stack", "error"),
}
DOCUMENTS = {name for names, _ in METHODS.values() for name in names}
NAMES = {name: set(re.findall(r"\w+", print_ast(documents.load(name)))) for name in DOCUMENTS}
# Other features cannot make a document invalid, because no document contains their names.
LOSSES = [
    loss
    for loss in altered_schemas.losses(*altered_schemas.response_types())
    if altered_schemas.member(loss) in set().union(*NAMES.values())
]


@pytest.fixture(scope="module")
def proxied(known):
    with SchemaHidingProxy(known.server.url) as server:
        yield server


@pytest.fixture(autouse=True, scope="module")
def _loaded(known):
    # An earlier test may have shut down the code server, which Dagster restarts automatically.
    wait_until_loaded(known.client)


@pytest.fixture(scope="module")
def complete(known):
    return {name: ask(known.client, known.runs) for name, (_, ask) in METHODS.items()}


def touched(loss):
    """Return those documents of the methods that are invalid without this feature."""
    schema = altered_schemas.without(loss)
    named = {name for name in DOCUMENTS if altered_schemas.member(loss) in NAMES[name]}
    return {name for name in named if validate(schema, documents.load(name))}


def is_optional(loss, document):
    """Return whether a document marks this feature as optional everywhere."""
    pruned = prune(documents.load_marked(document), altered_schemas.without(loss))
    return bool(pruned.removed) and pruned.missing is None


@pytest.mark.parametrize("loss", LOSSES)
def test_a_missing_feature_results_in_na_or_an_error(proxied, known, complete, loss):
    broken = touched(loss)
    if not broken:
        return
    proxied.schema = altered_schemas.without(loss)
    with dnb.connect(proxied.url, progress=False) as client:
        for name, (sent, ask) in METHODS.items():
            if not sent & broken:
                continue
            try:
                frame = ask(client, known.runs)
            except dnb.UnsupportedServerError as error:
                assert loss in str(error)  # noqa: PT017 - one of two valid outcomes
                assert not any(is_optional(loss, document) for document in sent)
            else:
                assert_na_or_same(frame, complete[name], loss)


def assert_na_or_same(frame, complete, loss):
    assert list(frame.columns) == list(complete.columns)
    for column in frame:
        if (loss, column) not in TOLD_OTHERWISE and not frame[column].isna().all():
            pd.testing.assert_series_equal(frame[column], complete[column])
