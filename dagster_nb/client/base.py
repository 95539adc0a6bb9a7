"""What every part of the client stands on: one session, what the server said of itself, and how to ask it."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Self

import anyio

from dagster_nb.client.progress import Bar, person_is_watching, watch
from dagster_nb.client.reprs import facts_html
from dagster_nb.errors import ConnectionFailedError, DagsterNbError, QueryError, ReadOnlyError, RequestTimeoutError
from dagster_nb.frames.columns import RUN_STATUSES, categories
from dagster_nb.graphql.api import DagsterApi
from dagster_nb.graphql.session import Session
from dagster_nb.graphql.url import parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from ssl import SSLContext

    from gql.transport.async_transport import AsyncTransport

__all__ = ["AsyncBase"]

_TOKEN_HEADER = "Dagster-Cloud-Api-Token"  # noqa: S105 - a header's name
_SECONDS_BETWEEN_TRIES = 0.3


class AsyncBase:
    """A connection to one server, and what it said of itself."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        read_only: bool = False,
        timeout: float = 60.0,
        wait: float | None = None,
        progress: bool | None = None,
        ssl: SSLContext | bool | None = None,
        trust_env: bool = False,
        transport: AsyncTransport | None = None,
    ):
        if timeout <= 0:
            raise ValueError(f"timeout takes seconds, more than none, not {timeout!r}.")
        if wait is not None and wait < 0:
            raise ValueError(f"wait takes seconds, not {wait!r}.")
        self._address = parse_address(url)
        sent = dict(headers or {})
        if self._address.credentials is not None:
            basic = b64encode(":".join(self._address.credentials).encode()).decode()
            sent.setdefault("Authorization", f"Basic {basic}")
        if token is None and self._address.is_dagster_plus:
            token = os.environ.get("DAGSTER_CLOUD_API_TOKEN")
        if token:
            # A token that was read from a file often brings the end of its line.
            sent[_TOKEN_HEADER] = token.strip()
        _check_headers(sent)
        self._session = Session(
            self._address, headers=sent, timeout=timeout, ssl=ssl, trust_env=trust_env, transport=transport
        )
        self._read_only = read_only
        self._wait = wait
        self._progress = progress
        self._api = DagsterApi(self._session)
        self._statuses: list[str] = list(RUN_STATUSES)

    @property
    def url(self) -> str:
        """The server's root, under which Dagster's own pages are."""
        return self._address.root

    @property
    def version(self) -> str:
        """The server's version of Dagster (``Query.version``)."""
        if self._api.version is None:
            raise DagsterNbError("not connected yet; use `async with AsyncDagsterClient(...) as client:`.")
        return self._api.version

    @property
    def read_only(self) -> bool:
        """Whether this client refuses to send mutations."""
        return self._read_only

    def __repr__(self) -> str:
        version = f"Dagster {self._api.version}" if self._api.version else "not connected"
        return f"<{type(self).__name__} {self.url}, {version}{', read-only' if self._read_only else ''}>"

    def _repr_html_(self) -> str:
        return facts_html(
            type(self).__name__,
            {
                "server": self.url,
                "Dagster": self._api.version or "not connected",
                "read-only": self._read_only or None,
            },
            link=self.url,
        )

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect, and ask the server for its version; ``async with`` does it.

        Raises
        ------
        ConnectionFailedError
            If no Dagster answers at the address, within ``wait`` seconds where that was given.
        UnauthorizedError
            If it asks for a token.
        """
        deadline = time.monotonic() + (self._wait or 0.0)
        with self._watching(f"waiting for Dagster at {self.url}") as bar:
            while True:
                try:
                    await self._api.identify()
                    break
                except (ConnectionFailedError, RequestTimeoutError):
                    if time.monotonic() >= deadline:
                        await self.close()
                        raise
                    bar.advance()
                    await anyio.sleep(_SECONDS_BETWEEN_TRIES)
                except QueryError as error:
                    await self.close()
                    raise self._no_dagster() from error
                except BaseException:
                    await self.close()
                    raise
        self._statuses = categories(self._api.statuses or ())

    def _no_dagster(self) -> ConnectionFailedError:
        return ConnectionFailedError(
            f"no Dagster at {self.url}: something answers GraphQL there, but it is no Dagster."
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._session.close()

    async def _read(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return await self._api.query(document, variables)

    async def _write(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        self._check_writable()
        return await self._api.mutate(document, variables)

    def _check_writable(self) -> None:
        if self._read_only:
            raise ReadOnlyError(
                f"this client is read-only and sends nothing that changes {self.url}. Connect without read_only=True."
            )

    def _watching(
        self, description: str, *, unit: str | None = None, total: int | None = None
    ) -> AbstractContextManager[Bar]:
        return watch(description, total=total, unit=unit, shown=self._shows_progress)

    @property
    def _shows_progress(self) -> bool:
        return person_is_watching() if self._progress is None else self._progress


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse what cannot be a header, without showing it."""
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError("headers are texts with texts as their names.")
        if any(ord(character) < ord(" ") for character in name + value):
            raise ValueError(f"header {name!r} holds a line end or another control character.")
