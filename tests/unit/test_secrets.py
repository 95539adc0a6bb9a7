"""Tokens, headers and passwords never appear in output, stored data or errors."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from io import StringIO

import pyarrow.parquet as pq
import pytest

import dagster_nb as dnb
from dagster_nb.client import request_tag
from dagster_nb.export_runs import write_runs
from dagster_nb.sandbox import jupyterlab
from tests.unit.fake import make_run

# Tracebacks show source lines of this file, so no line contains a complete secret.
TOKEN, HEADER, PASSWORD = (f"hush{name}" for name in ("-token", "-header", "-password"))
SECRETS = (TOKEN, HEADER, PASSWORD)


@pytest.fixture
def client(fake, monkeypatch):
    monkeypatch.setattr(request_tag, "_PAUSES_SECONDS", (0.0,))
    fake.runs = [make_run(number, status="FAILURE") for number in range(3)]
    fake.answers["workspaceOrError"] = {"__typename": "Workspace", "locationEntries": []}
    fake.answers["repositoriesOrError"] = {"__typename": "RepositoryConnection", "nodes": []}
    fake.answers["logsForRun"] = {"__typename": "EventConnection", "events": [], "cursor": "1", "hasMore": False}
    url = fake.url.replace("http://", f"http://me:{PASSWORD}@")
    with dnb.connect(url, token=TOKEN, headers={"X-Proxy": HEADER}, progress=False, timeout=3) as client:
        yield client


def assert_absent(text):
    content = text if isinstance(text, bytes) else text.encode()
    for secret in SECRETS:
        assert secret.encode() not in content


def shown_with_variables(error):
    """Return tracebacks with local variables from Python, rich and IPython, without the frame of the test."""
    from IPython.core.ultratb import VerboseTB
    from rich.console import Console
    from rich.traceback import Traceback

    info = type(error), error, error.__traceback__.tb_next
    yield "".join(traceback.TracebackException(*info, capture_locals=True).format())
    file = StringIO()
    shown = Traceback.from_exception(*info, show_locals=True, locals_max_length=None, locals_max_string=None)
    Console(file=file, width=200).print(shown)
    yield file.getvalue()
    yield "\n".join(VerboseTB().structured_traceback(*info))


CALLS = {
    "runs": lambda client: client.runs(),
    "iter_runs": lambda client: list(client.iter_runs()),
    "events": lambda client: client.events(make_run(1)["runId"]),
    "follow": lambda client: list(client.follow(make_run(1)["runId"])),
    "wait": lambda client: client.run(make_run(1)["runId"]).wait(),
    "launch": lambda client: client.launch("nightly", location="etl", repository="repo"),
    "reexecute": lambda client: client.reexecute(make_run(1)["runId"]),
    "query": lambda client: client.query("query Q { version }"),
}
FAULTS = {
    "unauthorized": lambda fake: fake.answer(None, status=401),
    "busy": lambda fake: fake.answer(None, status=503),
    "too large": lambda fake: fake.answer(None, status=413),
    "html": lambda fake: fake.answer(None, text="<html>"),
    "redirect": lambda fake: fake.answer(None, status=302, headers={"Location": "http://127.0.0.1:9"}),
    "lost": lambda fake: fake.drop(None),
    "rejected": lambda fake: fake.answer(
        None, status=400, text='{"errors": [{"message": "no"}]}', content_type="application/json"
    ),
}


# Not every call is tested with every fault, because rendering the tracebacks is slow.
PAIRS = [(call, "unauthorized") for call in CALLS] + [("runs", fault) for fault in FAULTS if fault != "unauthorized"]
PAIRS += [("launch", "lost"), ("launch", "rejected")]


@pytest.mark.parametrize(("call", "fault"), PAIRS)
def test_errors_and_logs_and_tracebacks_contain_no_secrets(fake, client, caplog, capsys, call, fault):
    caplog.set_level(logging.DEBUG)
    FAULTS[fault](fake)
    with pytest.raises(dnb.DagsterNbError) as caught:
        CALLS[call](client)
    for text in shown_with_variables(caught.value):
        assert "loop_thread.py" in text
        assert_absent(text)
    assert_absent(f"{caught.value} {caught.value!r} {caplog.text}")
    assert_absent("".join(capsys.readouterr()))


def test_tracebacks_contain_no_secrets_if_the_server_is_down(fake, client):
    with fake.restarting(), pytest.raises(dnb.ConnectionFailedError) as caught:
        client.runs()
    for text in shown_with_variables(caught.value):
        assert_absent(text)


def test_reprs_and_frames_and_files_and_pickles_contain_no_secrets(fake, client, tmp_path):
    run, frame = client.run(fake.ids[0]), client.runs()
    for text in (
        repr(client), client._repr_html_(), client.url, repr(client._async_client), repr(client._loop), repr(run),
        run._repr_html_(), run.url, str(frame.attrs), dnb.style(frame)._repr_html_(), pickle.dumps(run),
        pickle.dumps(frame), client.graphql_document("runs"), frame.to_csv(),
    ):  # fmt: skip
        assert_absent(text)
    for name in ("runs.csv", "runs.jsonl", "runs.parquet"):
        write_runs(client, str(tmp_path / name))
        assert_absent((tmp_path / name).read_bytes())


def test_widget_state_and_saved_notebooks_contain_no_secrets(fake, client):
    from ipywidgets.embed import embed_data

    panels = [dnb.RunExplorer(client), dnb.Launchpad(client), dnb.RunMonitor(client.run(fake.ids[0]))]
    try:
        for panel in panels:
            assert_absent(repr(panel))
            assert_absent(json.dumps(panel._repr_mimebundle_(), default=repr))
        assert_absent(json.dumps(embed_data(views=panels), default=repr))
    finally:
        for panel in panels:
            panel.close()


def test_a_stored_history_contains_no_secrets(client, tmp_path):
    history = client.history(tmp_path / "history")
    history.refresh()
    assert_absent(repr(history))
    files = [path for path in (tmp_path / "history").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".parquet"}
    for path in files:
        # The rows in Parquet files are compressed, so decode them.
        assert_absent(path.read_bytes() if path.suffix == ".json" else pq.read_table(path).to_pandas().to_csv())


@pytest.mark.parametrize("is_connected", [True, False])
def test_tracebacks_contain_no_object_storage_credentials(client, is_connected):
    options = {
        "AWS_SECRET_ACCESS_KEY": TOKEN, "AWS_ACCESS_KEY_ID": HEADER, "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_REGION": "x", "AWS_ALLOW_HTTP": "true", "max_retries": "0",
    }  # fmt: skip
    open_history = client.history if is_connected else dnb.open_history
    with pytest.raises(dnb.HistoryError) as caught:
        open_history("s3://bucket/dagster", storage_options=options)
    for text in shown_with_variables(caught.value):
        assert "opening.py" in text
        assert_absent(text)


def test_the_error_for_invalid_storage_options_does_not_show_them(client):
    with pytest.raises(TypeError, match="storage_options must be a dict") as caught:
        client.history("s3://bucket/dagster", storage_options={TOKEN: 3})
    for text in shown_with_variables(caught.value):
        assert_absent(text)


def test_jupyterlab_receives_the_address_of_the_server_in_its_environment(client, monkeypatch):
    """Other users of a machine can read the arguments of a process, but not its environment."""
    started = []

    def start(command, *, environment, **_options):
        started.append((command, environment))

    monkeypatch.setattr(jupyterlab, "SupervisedProcess", start)
    jupyterlab.JupyterLab(client.url.replace("http://", f"http://me:{PASSWORD}@"))
    [(command, environment)] = started
    assert PASSWORD in environment["DAGSTER_NB_URL"]
    assert_absent(" ".join(command))
