"""Links to Dagster's pages use the server's URL or the URL of a proxy for browsers."""

from __future__ import annotations

import pytest

from dagster_nb.client.display.browser_address import in_browser, is_page
from dagster_nb.client.display.html import facts_html
from dagster_nb.panels.markup import link

SERVER = "http://127.0.0.1:3000/user/x/dagster"
HOSTILE = [
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//elsewhere.example.com",
    "/\\elsewhere.example.com",
    "/\t/elsewhere.example.com",
    "\n/x",
    "x/y",
]


@pytest.fixture
def proxied(monkeypatch):
    monkeypatch.setenv("DAGSTER_NB_URL", SERVER)
    monkeypatch.setenv("DAGSTER_NB_BROWSER_URL", "/user/x/dagster")


@pytest.fixture
def straight(monkeypatch):
    monkeypatch.setenv("DAGSTER_NB_URL", SERVER)
    monkeypatch.delenv("DAGSTER_NB_BROWSER_URL", raising=False)


def test_without_a_proxy_addresses_are_unchanged(straight):
    assert in_browser(f"{SERVER}/runs/1") == f"{SERVER}/runs/1"
    assert f'href="{SERVER}/runs/1"' in link(f"{SERVER}/runs/1", "run")


def test_links_to_the_server_use_the_proxy(proxied):
    assert in_browser(SERVER) == "/user/x/dagster"
    assert in_browser(f"{SERVER}/runs/1") == "/user/x/dagster/runs/1"
    assert in_browser(in_browser(f"{SERVER}/runs/1")) == "/user/x/dagster/runs/1"
    assert 'href="/user/x/dagster/runs/1"' in link(f"{SERVER}/runs/1", "run")
    assert 'href="/user/x/dagster"' in facts_html("Client", {"server": SERVER}, link=SERVER)
    assert f">{SERVER}<" in facts_html("Client", {"server": SERVER}, link=SERVER), (
        "the text is the URL that the client uses"
    )


@pytest.mark.parametrize(
    "other", ["https://dagster.example.com/runs/1", f"{SERVER}2/runs/1", "http://127.0.0.1:3000/x"]
)
def test_links_to_other_servers_do_not_use_the_proxy(proxied, other):
    assert in_browser(other) == other


def test_the_proxy_can_be_on_another_host(proxied, monkeypatch):
    monkeypatch.setenv("DAGSTER_NB_BROWSER_URL", "https://hub.example.com/dagster/")
    assert in_browser(f"{SERVER}/runs/1") == "https://hub.example.com/dagster/runs/1"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_unsafe_address_is_neither_a_link_nor_a_proxy(proxied, monkeypatch, hostile):
    assert not is_page(hostile)
    assert "<a" not in link(hostile, "run")
    assert "<a" not in facts_html("Client", {"server": hostile}, link=hostile)
    monkeypatch.setenv("DAGSTER_NB_BROWSER_URL", hostile)
    assert in_browser(f"{SERVER}/runs/1") == f"{SERVER}/runs/1"


def test_quotes_in_links_are_escaped(proxied, monkeypatch):
    monkeypatch.setenv("DAGSTER_NB_BROWSER_URL", '/x"onclick="alert(1)')
    for markup in (link(SERVER, "run"), facts_html("Client", {"server": SERVER}, link=SERVER)):
        assert 'onclick="' not in markup


def test_an_invalid_server_address_has_no_proxy(proxied, monkeypatch):
    monkeypatch.setenv("DAGSTER_NB_URL", "ftp://x")
    assert in_browser(f"{SERVER}/runs/1") == f"{SERVER}/runs/1"
