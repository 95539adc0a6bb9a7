"""A token is sent only to its server and is never shown."""

from __future__ import annotations

import io
import traceback

import pytest

import dagster_nb as dnb
from dagster_nb.client.credentials import read_address

TOKEN = "hushhushtoken"
HEADER = "hushhushheader"
PASSWORD = "hushhushpassword"


def verbose_tracebacks(error):
    """Return tracebacks with local variables from Python, rich and IPython."""
    from IPython.core.ultratb import VerboseTB
    from rich.console import Console
    from rich.traceback import Traceback

    info = type(error), error, error.__traceback__
    yield "".join(traceback.TracebackException(*info, capture_locals=True).format())
    file = io.StringIO()
    Console(file=file, width=200).print(
        Traceback.from_exception(*info, show_locals=True, locals_max_length=None, locals_max_string=None)
    )
    yield file.getvalue()
    yield "\n".join(VerboseTB().structured_traceback(*info))


def assert_hidden(error):
    for text in verbose_tracebacks(error):
        assert "connect" in text
        # The tracebacks show source lines of this file, which contain the names of the constants but not their values.
        for secret in (TOKEN, HEADER, PASSWORD):
            assert secret not in text, text


def connect_with_secrets(url, **options):
    dnb.connect(url, token=TOKEN, headers={"X-Proxy": HEADER}, **options)


WRONG = [
    ("http://127.0.0.1:9", {}),
    (f"http://user:{PASSWORD}@127.0.0.1:9", {}),
    (f"http://user:{PASSWORD}@host:port", {}),
    (f"ftp://user:{PASSWORD}@host", {}),
    ("http://127.0.0.1:9", {"timeout": 0}),
    ("http://127.0.0.1:9", {"wait": -1}),
]


@pytest.mark.parametrize(("url", "options"), WRONG)
def test_the_traceback_of_a_failed_connect_shows_no_secret(url, options):
    with pytest.raises((dnb.DagsterNbError, ValueError)) as caught:
        connect_with_secrets(url, **options)
    # Check only the frames below the call of `connect`, because the caller's own variables contain the secrets.
    caught.value.__traceback__ = caught.value.__traceback__.tb_next.tb_next
    assert_hidden(caught.value)


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (f"{TOKEN}\nX-Other: 1", None),
        (None, {"X-Proxy": f"{HEADER}\n"}),
        (None, {"X-Proxy": HEADER.encode()}),
        (None, f"X-Proxy: {HEADER}"),
        (TOKEN.encode(), None),
    ],
)
@pytest.mark.parametrize("make", [dnb.connect, dnb.DagsterClient, dnb.AsyncDagsterClient])
def test_an_invalid_token_or_header_is_not_shown(make, token, headers):
    with pytest.raises((TypeError, ValueError)) as caught:
        make("http://127.0.0.1:9", token=token, headers=headers)
    caught.value.__traceback__ = caught.value.__traceback__.tb_next
    for text in verbose_tracebacks(caught.value):
        assert TOKEN not in text
        assert HEADER not in text


def test_a_rejected_token_is_not_shown(fake):
    fake.answer(requests=50, status=401)
    with pytest.raises(dnb.UnauthorizedError) as caught:
        connect_with_secrets(fake.url)
    caught.value.__traceback__ = caught.value.__traceback__.tb_next.tb_next
    assert_hidden(caught.value)


@pytest.mark.parametrize("kind", [dnb.DagsterClient, dnb.AsyncDagsterClient])
def test_a_client_has_a_repr_even_if_its_constructor_failed(kind):
    unfinished = kind.__new__(kind)
    assert repr(unfinished) == f"<{kind.__name__}, not connected>"
    with pytest.raises(ValueError, match="address"):
        unfinished.__init__("ftp://host")
    assert repr(unfinished) == f"<{kind.__name__}, not connected>"


def test_additional_headers_are_sent(fake, monkeypatch):
    url = fake.url.replace("http://", f"http://user:{PASSWORD}@")
    with dnb.connect(url, token=f"{TOKEN}\n", headers={"X-Proxy": HEADER}) as client:
        client.close()
        client.count_runs()
    for headers in fake.headers:
        assert headers["Dagster-Cloud-Api-Token"] == TOKEN
        assert headers["X-Proxy"] == HEADER
        assert headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "given", ["org.dagster.cloud/prod", "http://org.dagster.cloud/prod", "http://ORG.dagster.cloud/prod/runs"]
)
def test_dagster_plus_always_uses_https(given, monkeypatch):
    monkeypatch.setenv("DAGSTER_CLOUD_API_TOKEN", TOKEN)
    assert read_address(given).root.lower() == "https://org.dagster.cloud/prod"
    client = dnb.AsyncDagsterClient(given)
    assert client.url.startswith("https://")
    assert client._session._transport.url.startswith("https://")


@pytest.mark.parametrize("url", ["localhost:3000", "http://dagster.cloud.example.com", "http://user:x@host"])
def test_other_servers_keep_their_scheme(url):
    assert read_address(url).root.startswith("http://")
    assert "x@" not in read_address(url).root


INSECURE = [
    ("http://dagster.example.com", {"token": TOKEN}),
    ("http://10.0.0.7:3000/prefix", {"token": TOKEN}),
    ("http://dagster", {"headers": {"authorization": f"Bearer {TOKEN}"}}),
    ("http://dagster", {"headers": {"Cookie": TOKEN}}),
    (f"http://user:{PASSWORD}@dagster.example.com", {}),
    ("http://localhost.example.com", {"token": TOKEN}),
    ("http://127.0.0.1.example.com", {"token": TOKEN}),
]


@pytest.mark.parametrize(("url", "options"), INSECURE)
def test_a_secret_is_not_sent_over_http_to_another_machine(url, options):
    with pytest.raises(ValueError, match=r"without encryption.*https://.*allow_http=True") as caught:
        dnb.AsyncDagsterClient(url, **options)
    for text in (str(caught.value), *verbose_tracebacks_from_within(caught.value)):
        for secret in (TOKEN, PASSWORD):
            assert secret not in text, text


def verbose_tracebacks_from_within(error):
    error.__traceback__ = error.__traceback__.tb_next
    return verbose_tracebacks(error)


@pytest.mark.parametrize(("url", "options"), INSECURE)
def test_a_secret_is_sent_over_http_if_that_is_allowed(url, options):
    assert dnb.AsyncDagsterClient(url, allow_http=True, **options).url.startswith("http://")


@pytest.mark.parametrize(
    "url",
    ["http://localhost:3000", "http://127.0.0.1:3000", "http://127.8.8.8", "http://[::1]:3000", "http://x.localhost"],
)
def test_secrets_are_sent_over_http_to_this_machine(url):
    assert dnb.AsyncDagsterClient(url, token=TOKEN).url == url


def test_https_and_requests_without_secrets_are_sent():
    dnb.AsyncDagsterClient("https://dagster.example.com", token=TOKEN)
    dnb.AsyncDagsterClient("http://dagster.example.com", headers={"X-Team": "data"})
