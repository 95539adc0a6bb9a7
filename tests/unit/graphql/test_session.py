"""Each problem with a connection raises a single, readable error that says what to do."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time

import anyio
import pytest
from gql.transport.local_schema import LocalSchemaTransport
from graphql import build_schema

import dagster_nb as dnb
from dagster_nb.graphql import limited_response
from tests.unit.fake import make_run


@pytest.fixture
def client(fake):
    with dnb.connect(fake.url, progress=False) as client:
        fake.requests.clear()
        yield client


@pytest.fixture
def impatient(fake):
    # This timeout is long enough for a fake Dagster on a slow machine.
    with dnb.connect(fake.url, progress=False, timeout=1) as client:
        fake.requests.clear()
        yield client


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def assert_one_line(error):
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def test_the_error_says_that_nothing_is_listening_at_the_address():
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(dnb.ConnectionFailedError, match="nothing is listening at http://127.*dagster dev") as error:
        dnb.connect(url)
    assert isinstance(error.value, ConnectionError)
    assert_one_line(error)


def test_the_error_names_a_host_that_does_not_exist():
    with pytest.raises(dnb.ConnectionFailedError, match=r"host name 'nowhere\.invalid' could not be resolved") as error:
        dnb.connect("http://nowhere.invalid:3000")
    assert_one_line(error)


@pytest.mark.parametrize(
    "response",
    [
        {"text": "<html><h1>Welcome</h1></html>", "content_type": "text/html"},
        {"text": "<html>not here</html>", "content_type": "text/html", "status": 404},
        {"text": '{"some": "json"}', "content_type": "application/json"},
        {"text": "[1, 2]", "content_type": "application/json"},
        {"text": "null", "content_type": "application/json"},
        {"text": '{"data": {}}', "content_type": "application/json"},
        {"text": '{"data": null}', "content_type": "application/json"},
        {"text": '{"data": [1]}', "content_type": "application/json"},
        {"text": '{"data": {"version": null}}', "content_type": "application/json"},
        {"text": '{"errors": []}', "content_type": "application/json"},
        {"text": "", "status": 405},
        {"status": 302, "headers": {"Location": "https://login.example/"}},
        {"text": '{"errors": [{"message": "Cannot query field \'version\'"}]}', "content_type": "application/json"},
    ],
)
def test_a_server_that_is_not_dagster_is_reported(fake, response):
    fake.answer(5, **response)
    with pytest.raises(dnb.ConnectionFailedError, match=f"no Dagster at {fake.url}") as error:
        dnb.connect(fake.url)
    assert_one_line(error)


@pytest.mark.parametrize("status", [403, 404])
def test_the_error_recognizes_a_jupyter_server(fake, status):
    fake.answer(status=status, headers={"Server": "TornadoServer/6.5"})
    with pytest.raises(dnb.ConnectionFailedError, match=r"the address of a Jupyter server \(JupyterLab or Notebook\)"):
        dnb.connect(fake.url)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
def test_a_missing_token_is_reported(fake, status, content_type):
    fake.answer(status=status, text='{"errors": [{"message": "who are you?"}]}', content_type=content_type)
    with pytest.raises(dnb.UnauthorizedError, match=rf"HTTP {status}.*token=") as error:
        dnb.connect(fake.url)
    assert isinstance(error.value, PermissionError)
    assert_one_line(error)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_http_error_is_reported(fake, client, status):
    fake.answer(requests=10, status=status, text="<html>oops</html>", content_type="text/html")
    with pytest.raises(dnb.ConnectionFailedError, match=f"responded with HTTP {status}.*log") as error:
        client.count_runs()
    assert type(error.value) is dnb.ConnectionFailedError
    assert_one_line(error)


def test_an_incomplete_json_response_is_requested_again(fake, client):
    fake.answer(status=200, text='{"data": {"runsOrErr', content_type="application/json")
    assert client.count_runs() == 0
    fake.answer(requests=10, status=200, text='{"data": {"runsOrErr', content_type="application/json")
    with pytest.raises(dnb.ConnectionFailedError, match="was cut off"):
        client.count_runs()


def test_queries_are_retried_after_connection_faults(fake, impatient):
    fake.drop()
    fake.answer(status=503)
    fake.hang()
    assert impatient.count_runs() == 0


def test_the_number_of_retries_is_limited(fake, client):
    fake.drop(requests=100)
    with pytest.raises(dnb.ConnectionFailedError, match="was lost"):
        client.count_runs()
    assert 2 <= len(fake.requests) <= 6


def test_a_rejected_query_is_not_repeated(fake, client):
    with pytest.raises(dnb.QueryError):
        client.query("{ nonsense }")
    assert len(fake.requests) == 1


def test_a_timeout_is_reported(fake, impatient):
    fake.hang(requests=10)
    with pytest.raises(dnb.RequestTimeoutError, match=r"did not respond within 1 s.*timeout=2") as error:
        impatient.count_runs()
    assert isinstance(error.value, TimeoutError)
    assert_one_line(error)


class TestMutations:
    LAUNCH = 'mutation M { deleteRun(runId: "a") { __typename } }'

    def test_a_mutation_with_a_lost_response_has_an_unknown_outcome_and_is_not_sent_again(self, fake, client):
        fake.drop(requests=3)
        with pytest.raises(dnb.OutcomeUnknownError, match="not sent again"):
            client.query(self.LAUNCH)
        assert fake.operations == ["M"]

    def test_a_slow_mutation_has_an_unknown_outcome_and_is_not_sent_again(self, fake, impatient):
        fake.hang()
        with pytest.raises(dnb.OutcomeUnknownError, match="not sent again"):
            impatient.query(self.LAUNCH)
        assert fake.operations == []

    @pytest.mark.parametrize(
        "response",
        [
            {"text": "<html>", "content_type": "text/html"},
            {"text": '{"data": {"deleteRun": {"__type', "content_type": "application/json"},
            {"text": '{"data": null}', "content_type": "application/json"},
            {"status": 502, "text": "<html>", "content_type": "text/html"},
            {"status": 503, "text": '{"errors": [{"message": "x"}]}', "content_type": "application/json"},
        ],
    )
    def test_an_invalid_response_leaves_the_outcome_unknown(self, fake, client, response):
        fake.answer(**response)
        with pytest.raises(dnb.OutcomeUnknownError, match="may or may not have been carried out"):
            client.query(self.LAUNCH)

    def test_values_that_json_cannot_represent_are_not_sent(self, fake, client):
        for document in (self.LAUNCH, "query Q { version }"):
            with pytest.raises(TypeError, match="JSON"):
                client.query(document, {"a": object()})
        assert fake.requests == []

    def test_a_mutation_that_could_not_be_sent_raises_a_connection_error(self, fake, client):
        fake.__exit__()
        try:
            with pytest.raises(dnb.ConnectionFailedError, match="nothing is listening"):
                client.query(self.LAUNCH)
        finally:
            fake.__enter__()

    def test_a_read_only_client_sends_no_mutation(self, fake):
        with dnb.connect(fake.url, read_only=True) as client:
            fake.requests.clear()
            for act in (
                lambda: client.query(self.LAUNCH),
                lambda: client.launch("nightly"),
                lambda: client.launch_many([]),
                lambda: client.reexecute("a"),
                lambda: client.reexecute_many([]),
                lambda: client.terminate("a"),
                lambda: client.delete("a"),
                lambda: client.reload_location("etl"),
                lambda: client.shutdown_location("etl"),
            ):
                with pytest.raises(dnb.ReadOnlyError, match="read-only"):
                    act()
            assert fake.requests == []


class TestSecrets:
    SECRET = "do-not-tell"

    @pytest.fixture(autouse=True)
    def _no_token_in_environment(self, monkeypatch):
        monkeypatch.delenv("DAGSTER_CLOUD_API_TOKEN", raising=False)

    def test_the_token_and_the_headers_are_sent(self, fake):
        dnb.connect(fake.url, token=self.SECRET, headers={"X-Proxy": "yes"}).close()
        assert fake.headers[0]["Dagster-Cloud-Api-Token"] == self.SECRET
        assert fake.headers[0]["X-Proxy"] == "yes"

    def test_a_newline_at_the_end_of_a_token_is_removed(self, fake):
        dnb.connect(fake.url, token=f"{self.SECRET}\n").close()
        assert fake.headers[0]["Dagster-Cloud-Api-Token"] == self.SECRET

    @pytest.mark.parametrize("headers", [{"X": "do-not-tell\n"}, {"X": 5}, {5: "do-not-tell"}])
    def test_the_error_for_an_invalid_header_does_not_show_the_header(self, fake, headers):
        with pytest.raises((ValueError, TypeError), match="header") as caught:
            dnb.connect(fake.url, headers=headers)
        assert self.SECRET not in str(caught.value)

    @pytest.mark.parametrize("url", ["http://user:do-not-tell/x@host:3000", "http://user:1#do-not-tell@host"])
    def test_the_error_for_a_password_that_is_not_encoded_does_not_show_the_password(self, url):
        with pytest.raises(ValueError, match="password") as caught:
            dnb.connect(url)
        assert self.SECRET not in str(caught.value)

    def test_credentials_in_the_address_are_sent(self, fake):
        dnb.connect(fake.url.replace("http://", f"http://me:{self.SECRET}@")).close()
        assert fake.headers[0]["Authorization"].startswith("Basic ")

    def test_the_token_from_the_environment_is_sent_only_to_dagster_plus(self, fake, monkeypatch):
        monkeypatch.setenv("DAGSTER_CLOUD_API_TOKEN", self.SECRET)
        dnb.connect(fake.url).close()
        assert "Dagster-Cloud-Api-Token" not in fake.headers[0]

    def test_the_token_is_not_sent_to_the_target_of_a_redirect(self, fake):
        fake.answer(status=307, headers={"Location": f"{fake.url}/graphql"})
        with pytest.raises(dnb.ConnectionFailedError, match="redirects"):
            dnb.connect(fake.url, token=self.SECRET)
        assert len(fake.headers) == 1

    def test_secrets_are_never_shown(self, fake, caplog, capsys):
        caplog.set_level(logging.DEBUG)
        url = fake.url.replace("http://", f"http://me:{self.SECRET}@")
        texts = []
        with dnb.connect(url, token=self.SECRET, headers={"X": self.SECRET}, progress=True) as client:
            texts += [repr(client), client._repr_html_(), client.url]
            fake.answer(status=401)
            for call in (client.runs, lambda: client.query("{"), lambda: client.query("{ nonsense }")):
                with pytest.raises(dnb.DagsterNbError) as caught:
                    call()
                texts += [str(caught.value), repr(caught.value)]
            texts.append(str(client.runs().attrs))
        shown = capsys.readouterr()
        assert self.SECRET not in "".join([*texts, caplog.text, shown.out, shown.err])


class TestRestarts:
    """If a server has responded before but now refuses connections, it is probably restarting."""

    @pytest.mark.parametrize(
        "read",
        [
            lambda client: client.runs(),
            lambda client: list(client.iter_runs()),
            lambda client: client.events(client.runs()),
            lambda client: client.run(make_run(1)["runId"]).wait(),
            lambda client: list(client.follow(make_run(1)["runId"])),
        ],
        ids=["runs", "iter_runs", "events", "wait", "follow"],
    )
    def test_reading_continues_after_a_restart(self, fake, client, read):
        fake.runs = [make_run(1)]
        fake.answers["logsForRun"] = {"__typename": "EventConnection", "events": [], "cursor": "1", "hasMore": False}
        expected = read(client)
        with fake.restarting() as start:
            timer = threading.Timer(1.0, start)
            timer.start()
            again = read(client)
            timer.join()
        assert str(again) == str(expected)

    def test_the_client_waits_for_a_restart_until_the_timeout(self, fake):
        with dnb.connect(fake.url, progress=False, timeout=2) as client, fake.restarting():
            began = time.monotonic()
            with pytest.raises(dnb.ConnectionFailedError, match="nothing is listening") as error:
                client.runs()
            assert time.monotonic() - began >= 2
            assert type(error.value) is dnb.ConnectionFailedError

    def test_a_mutation_is_not_sent_after_a_restart(self, fake, client):
        with fake.restarting(), pytest.raises(dnb.ConnectionFailedError, match="nothing is listening") as error:
            client.query("mutation M { launchRun { __typename } }")
        assert type(error.value) is dnb.ConnectionFailedError
        assert fake.requests == []


class TestHugeResponses:
    """Responses that are too large for the memory are not read."""

    @pytest.fixture(autouse=True)
    def _small_limit(self, monkeypatch):
        monkeypatch.setattr(limited_response, "MAX_RESPONSE_BYTES", 50_000)

    # If a response has no Content-Length or is compressed, its real size becomes known only while it is read.
    @pytest.mark.parametrize("encoding", ["", "chunked", "gzip"])
    @pytest.mark.parametrize("content", ["x" * 60_000, json.dumps({"data": {"version": "1" * 60_000}})])
    def test_a_huge_response_raises_an_error_that_says_what_to_do(self, fake, client, encoding, content):
        fault = fake.answer(requests=None, text=content, operation="Q", encoding=encoding)
        with pytest.raises(
            dnb.ConnectionFailedError, match="too large: dagster_nb reads at most .* MB. Request less data"
        ):
            client.query("query Q { version }")
        assert len(fault.met) == 1

    @pytest.mark.parametrize("encoding", ["chunked", "gzip"])
    def test_responses_below_the_size_limit_are_read_in_any_encoding(self, fake, client, encoding):
        version = "1" * 40_000
        fake.answer(text=json.dumps({"data": {"version": version}}), content_type="application/json", encoding=encoding)
        assert client.query("query Q { version }") == {"version": version}

    def test_pages_that_are_too_large_are_split(self, fake, client):
        fake.runs = [make_run(number, tags=[{"key": "k", "value": "x" * 200}]) for number in reversed(range(300))]
        assert client.runs()["run_id"].tolist() == fake.ids

    @pytest.mark.parametrize("encoding", ["", "gzip"])
    def test_a_huge_response_to_a_mutation_leaves_the_outcome_unknown(self, fake, client, encoding):
        fake.answer(requests=None, text="x" * 60_000, operation="M", encoding=encoding)
        with pytest.raises(dnb.OutcomeUnknownError, match="reads at most"):
            client.query("mutation M { launchRun { __typename } }")

    def test_a_huge_error_response_is_not_read(self, fake, client):
        content = json.dumps({"errors": [{"message": "x" * 60_000}]})
        fake.answer(status=500, text=content, content_type="application/json", encoding="chunked", requests=None)
        with pytest.raises(dnb.ConnectionFailedError, match="reads at most"):
            client.query("query Q { version }")


class TestWaiting:
    def test_connect_waits_for_a_server_that_is_still_starting(self, fake):
        fake.answer(requests=2, status=502)
        with dnb.connect(fake.url, wait=30) as client:
            assert client.version == "1.13.28"
        fake.answer(requests=1, status=502)
        with pytest.raises(dnb.ConnectionFailedError):
            dnb.connect(fake.url)

    def test_connect_stops_waiting_after_the_given_time(self):
        with pytest.raises(dnb.ConnectionFailedError, match="nothing is listening"):
            dnb.connect(f"http://127.0.0.1:{free_port()}", wait=0.5)


@pytest.mark.parametrize("wrong", [{"timeout": 0}, {"timeout": -1}, {"wait": -1}, {"url": "ftp://x"}])
def test_an_invalid_argument_raises_a_value_error(wrong):
    with pytest.raises(ValueError, match="timeout|wait|address"):
        dnb.connect(**wrong)


def test_a_response_with_status_500_can_be_valid(fake, client):
    fake.answer(status=500, text='{"data": {"version": "1"}}', content_type="application/json")
    assert client.query("{ version }") == {"version": "1"}
    fake.answer(status=500, text='{"errors": [{"message": "a resolver failed"}]}', content_type="application/json")
    with pytest.raises(dnb.QueryError, match="a resolver failed"):
        client.query("{ version }")


def test_a_graphql_error_marks_its_position_in_the_query(client):
    with pytest.raises(dnb.QueryError) as caught:
        client.query("query Q {\n  version\n  runz\n}")
    lines = str(caught.value).splitlines()
    assert "Cannot query field 'runz'" in lines[0]
    assert lines[1].endswith("  runz")
    assert lines[2].index("^") == lines[1].index("runz")
    assert caught.value.errors[0]["locations"] == [{"line": 3, "column": 3}]


def test_invalid_graphql_is_reported_before_a_request_is_sent(fake, client):
    with pytest.raises(dnb.QueryError) as caught:
        client.query("{ version ")
    assert "this is not valid GraphQL" in str(caught.value)
    assert "^" in str(caught.value)
    assert fake.requests == []


@pytest.mark.parametrize(
    ("document", "name", "problem"),
    [
        ("fragment F on Query { version }", None, "contains no operation"),
        ("{ version }", "A", "the operation of the document has no name. Name it 'A'"),
    ],
)
def test_a_document_without_the_requested_operation_is_not_sent(fake, client, document, name, problem):
    with pytest.raises(dnb.QueryError, match=problem):
        client.query(document, operation_name=name)
    assert fake.requests == []


def test_a_document_with_several_operations_needs_an_operation_name(fake, client):
    document = "query A { version } query B { b: version }"
    assert client.query(document, operation_name="B") == {"b": "1.13.28"}
    for name in (None, "C"):
        with pytest.raises(dnb.QueryError, match="'A', 'B'"):
            client.query(document, operation_name=name)
    with pytest.raises(dnb.QueryError, match="subscription"):
        client.query("subscription { x }")


@pytest.mark.anyio
async def test_a_custom_transport_can_replace_http():
    schema = build_schema("type Query { version: String! }")
    schema.query_type.fields["version"].resolve = lambda *_: "9.9.9"
    async with dnb.AsyncDagsterClient("http://x", transport=LocalSchemaTransport(schema)) as client:
        with anyio.fail_after(60):
            assert await client.query("{ version }") == {"version": "9.9.9"}
