from __future__ import annotations

import pytest

from dagster_nb.graphql.url import parse_address

pytestmark = pytest.mark.usefixtures("_no_url_in_environment")


@pytest.fixture
def _no_url_in_environment(monkeypatch):
    monkeypatch.delenv("DAGSTER_NB_URL", raising=False)


@pytest.mark.parametrize(
    ("pasted", "root"),
    [
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://localhost:3000/graphql", "http://localhost:3000"),
        ("localhost:3000", "http://localhost:3000"),
        ("http://host/dagster", "http://host/dagster"),
        ("http://host/dagster/graphql/", "http://host/dagster"),
        ("http://host/team/dagster/runs/8f5e0c9d?focus=1#log", "http://host/team/dagster"),
        ("https://org.dagster.cloud/prod", "https://org.dagster.cloud/prod"),
        ("https://org.dagster.cloud/prod/graphql", "https://org.dagster.cloud/prod"),
        ("https://org.dagster.cloud/prod/locations/etl/jobs/nightly", "https://org.dagster.cloud/prod"),
        ("http://[::1]:3000/runs", "http://[::1]:3000"),
        ("http://user:secret@host:80/runs", "http://host:80"),
    ],
)
def test_the_root_url_is_found_in_any_address(pasted, root):
    address = parse_address(pasted)
    assert address.root == root
    assert address.graphql == f"{root}/graphql"


def test_the_default_address_comes_from_the_environment(monkeypatch):
    assert parse_address().root == "http://localhost:3000"
    monkeypatch.setenv("DAGSTER_NB_URL", "http://elsewhere:1234/x")
    assert parse_address().root == "http://elsewhere:1234/x"


def test_credentials_are_kept_separate_from_the_url_and_never_shown():
    address = parse_address("http://user:p%40ss@host")
    assert address.credentials == ("user", "p@ss")
    assert "p@ss" not in repr(address)
    assert "p%40ss" not in repr(address)


@pytest.mark.parametrize("text", ["ftp://host", "http://", "", "http://host:port", "file:///etc/passwd"])
def test_an_invalid_address_is_rejected(text):
    with pytest.raises(ValueError, match="not the address of a Dagster server"):
        parse_address(text)


@pytest.mark.parametrize(
    ("url", "plus"),
    [
        ("https://org.dagster.cloud/prod", True),
        ("https://org.eu.dagster.cloud/prod", True),
        ("https://dagster.cloud.evil.example/prod", False),
        ("https://evil-dagster.cloud/prod", False),
        ("http://localhost:3000", False),
    ],
)
def test_only_hosts_under_dagster_cloud_are_dagster_plus(url, plus):
    assert parse_address(url).is_dagster_plus is plus


def test_special_characters_in_run_ids_are_escaped():
    assert parse_address("http://host").run_page("a/../b?c") == "http://host/runs/a%2F..%2Fb%3Fc"
