"""Find the root of a Dagster server, given the address of any of its pages."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

__all__ = ["DEFAULT_URL", "ServerAddress", "parse_address"]

DEFAULT_URL = "http://localhost:3000"

# The first path segments of Dagster's pages, after the server's root.
_PAGES = frozenset(
    {
        "asset-groups", "assets", "automation", "backfills", "catalog", "code-locations", "concurrency", "config",
        "daemons", "deployment", "graphql", "health", "insights", "instance", "integrations", "jobs", "locations",
        "overview", "playground", "resources", "runs", "runs-feed", "schedules", "selection", "sensors",
        "server_info", "settings", "snapshots", "timeline", "utilized", "workspace",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """The address of a Dagster server.

    Parameters
    ----------
    root
        Scheme, host, port and path prefix, without a trailing slash. The root can be shown, because it has no
        credentials.
    credentials
        The user name and password, if the address contains them. They are never shown.
    """

    root: str
    credentials: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"ServerAddress({self.root!r})"

    @property
    def graphql(self) -> str:
        """The address of the GraphQL API."""
        return f"{self.root}/graphql"

    @property
    def host(self) -> str:
        """The host name, in lower case."""
        return urlsplit(self.root).hostname or ""

    @property
    def is_dagster_plus(self) -> bool:
        """Whether this is a Dagster+ deployment. Only Dagster+ receives a token from the environment."""
        return self.host == "dagster.cloud" or self.host.endswith(".dagster.cloud")

    def run_page(self, run_id: str) -> str:
        """Return the address of a run's page in Dagster."""
        return f"{self.root}/runs/{quote(run_id, safe='')}"


def parse_address(url: str | None = None) -> ServerAddress:
    """Parse the address of a server or of one of its pages.

    Parameters
    ----------
    url
        The root of a server, with or without a path prefix and ``/graphql``; a Dagster+ deployment; or the address of
        one of Dagster's pages. None means ``$DAGSTER_NB_URL`` or, if that is not set, ``http://localhost:3000``.

    Raises
    ------
    ValueError
        If `url` is not the address of a web server.

    Examples
    --------
    >>> parse_address("https://org.dagster.cloud/prod/runs/5a0e?selection=x").graphql
    'https://org.dagster.cloud/prod/graphql'
    >>> parse_address("localhost:3000").root
    'http://localhost:3000'
    """
    text = (os.environ.get("DAGSTER_NB_URL") or DEFAULT_URL if url is None else url).strip()
    if "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # The address may contain a password, so it is not shown.
        raise ValueError(
            f"this is not the address of a Dagster server: its port is not a number up to 65535. Give an address such "
            f"as {DEFAULT_URL!r}; a password in it must be percent-encoded."
        ) from None
    if "@" in parts.path + parts.query + parts.fragment and parts.username is None:
        raise ValueError(
            "this is not the address of a Dagster server: it has an @ after the host. If that is part of a password, "
            "percent-encode the password, or pass it with headers=."
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            f"this is not the address of a Dagster server: it needs http:// or https:// and a host, such as "
            f"{DEFAULT_URL!r}."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    segments: list[str] = []
    for segment in parts.path.split("/"):
        if segment in _PAGES:
            break
        if segment:
            segments.append(segment)
    root = "/".join([f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}", *segments])
    if parts.username is None:
        return ServerAddress(root)
    return ServerAddress(root, (unquote(parts.username), unquote(parts.password or "")))
