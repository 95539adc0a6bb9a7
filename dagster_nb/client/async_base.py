"""The base class of the asynchronous client: a connection, and basic facts about the server."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import anyio

from dagster_nb.client.credentials import check_encrypted, read_address, request_headers
from dagster_nb.client.display.browser_address import in_browser
from dagster_nb.client.display.html import facts_html
from dagster_nb.client.display.progress import is_interactive, progress_bar
from dagster_nb.client.permissions import ACTIONS, denied_actions, location_permissions
from dagster_nb.errors import (
    ConnectionFailedError,
    DagsterNbError,
    OutcomeUnknownError,
    QueryError,
    ReadOnlyError,
    RequestTimeoutError,
    UnauthorizedError,
)
from dagster_nb.frames.columns import categories
from dagster_nb.graphql.dagster_api import DagsterApi
from dagster_nb.graphql.redact_config_and_tags import Redaction
from dagster_nb.graphql.session import Session
from dagster_nb.hidden import hide, reveal
from dagster_nb.statuses import RUN_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ssl import SSLContext

    import pandas as pd
    from gql.transport.async_transport import AsyncTransport

    from dagster_nb.client.display.progress import ProgressBar
    from dagster_nb.client.run import AsyncRun

__all__ = ["AsyncBase"]

_SECONDS_BETWEEN_ATTEMPTS = 0.3


class AsyncBase:
    """A connection to one server."""

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
        allow_http: bool = False,
        redact: str | None = None,
        transport: AsyncTransport | None = None,
    ):
        url, token, headers = hide(url), hide(token), hide(headers)
        if not timeout > 0:
            raise ValueError(f"timeout must be a positive number of seconds, not {timeout!r}.")
        if wait is not None and not wait >= 0:
            raise ValueError(f"wait must be a non-negative number of seconds or None, not {wait!r}.")
        address = read_address(url)
        redaction = None if redact is None else Redaction(redact)
        sent = request_headers(address, token=token, headers=headers)
        # If the caller passes a transport, the headers are not sent, so there is nothing to encrypt.
        if transport is None and not allow_http:
            check_encrypted(address, sent)
        self._session = Session(
            address,
            headers=reveal(sent),
            timeout=timeout,
            ssl=ssl,
            trust_env=trust_env,
            transport=transport,
        )
        self._read_only = read_only
        self._wait = wait
        self._progress = progress
        self._api = DagsterApi(self._session, redaction=redaction)
        self._denied: dict[str, str] = {}
        self._statuses: list[str] = list(RUN_STATUSES)

    @property
    def url(self) -> str:
        """The root URL of the server and of its web pages."""
        return self._session.address.root

    @property
    def version(self) -> str:
        """The server's version of Dagster (``Query.version``)."""
        if self._api.version is None:
            raise DagsterNbError(
                "the client is not connected yet. Use `async with AsyncDagsterClient(...) as client:`."
            )
        return self._api.version

    @property
    def read_only(self) -> bool:
        """Whether this client refuses to send mutations."""
        return self._read_only

    @property
    def forbidden_actions(self) -> dict[str, str]:
        """The methods that this client refuses before sending anything, each with the reason.

        A read-only client refuses all actions. Any other client refuses the actions that the server permits neither in
        the workspace nor in any code location (``Query.permissions`` and ``WorkspaceLocationEntry.permissions``). The
        permissions are read when connecting.

        Examples
        --------
        >>> "launch" in client.forbidden_actions  # doctest: +SKIP
        False
        """
        return dict.fromkeys(ACTIONS, "this client is read-only") if self._read_only else dict(self._denied)

    def __repr__(self) -> str:
        # A traceback may show a client whose constructor has failed.
        if "_api" not in vars(self):
            return f"<{type(self).__name__}, not connected>"
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
        """Connect, and read the server's version. ``async with`` calls this method.

        Raises
        ------
        ConnectionFailedError
            If no Dagster server responds at the address. If ``wait`` is given, this is raised only after ``wait``
            seconds.
        UnauthorizedError
            If the server requires a token.
        """
        deadline = time.monotonic() + (self._wait or 0.0)
        with self._progress_bar(f"waiting for Dagster at {self.url}") as bar:
            while True:
                try:
                    await self._api.identify()
                    break
                except (ConnectionFailedError, RequestTimeoutError):
                    if time.monotonic() >= deadline:
                        await self.close()
                        raise
                    bar.advance()
                    await anyio.sleep(_SECONDS_BETWEEN_ATTEMPTS)
                except QueryError as error:
                    await self.close()
                    raise self._not_dagster_error() from error
                except BaseException:
                    await self.close()
                    raise
        self._statuses = categories(self._api.statuses or ())
        self._denied = {}
        if denied_actions([self._api.permissions]):
            # A code location may permit an action that the workspace denies.
            await self._read_permissions()

    async def close(self) -> None:
        """Close the connection; a later request opens it again."""
        await self._session.close()

    async def _read(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a query of this package and return the ``data`` of the response."""
        return await self._api.query(document, variables)

    async def _write(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Send a mutation of this package once and return its result, the value of the only field in ``data``."""
        self._check_writable()
        data = await self._api.mutate(document, variables)
        result = next(iter(data.values()), None)
        if not isinstance(result, dict) or "__typename" not in result:
            raise OutcomeUnknownError(
                f"the mutation may or may not have taken effect: {self.url} sent an incomplete response. The "
                f"mutation is not sent again. Check the runs before you repeat it."
            )
        return result

    def _with_source(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Record the server in a frame, so that clients of other servers refuse to act on the frame."""
        frame.attrs["dagster_nb"] = {"url": self.url}
        return frame

    def _check_writable(self) -> None:
        if self._read_only:
            raise ReadOnlyError(
                f"this client is read-only, so it cannot change anything on {self.url}. Connect without read_only=True."
            )

    async def _check_permitted(self, action: str) -> None:
        """Raise an error if the client is read-only, or if the server denies the method ``action`` everywhere."""
        self._check_writable()
        if action in self._denied:
            # Check again, because the permission may have been granted since the last check.
            await self._read_permissions()
        if (reason := self._denied.get(action)) is not None:
            raise UnauthorizedError(
                f"{self.url} does not permit {action}(): {reason.rstrip('.')}. Nothing was sent. Ask the server's "
                f"administrator for the permission, or connect to a webserver that runs without --read-only."
            )

    async def _read_permissions(self) -> None:
        try:
            answer = await self._read("permissions")
        except DagsterNbError:
            # If the permissions are unknown, leave it to the server to reject forbidden requests.
            self._denied = {}
        else:
            self._denied = denied_actions(location_permissions(answer))

    def _run_from(self, record: dict[str, Any]) -> AsyncRun:
        """Return the `AsyncRun` for a ``Run`` from the server; `AsyncDagsterClient` implements this."""
        raise NotImplementedError

    def _launched_run(self, result: dict[str, Any]) -> AsyncRun:
        """Return the run from the response ``LaunchRunSuccess``."""
        if not result.get("run"):
            raise OutcomeUnknownError(
                f"{self.url} launched a run, but did not return its id. client.runs(limit=5) shows the newest runs."
            )
        return self._run_from(result["run"])

    def _run_page(self, run_id: str) -> str:
        """Return the address of a run's page in Dagster, for the user's browser."""
        return in_browser(self._session.address.run_page(run_id))

    @contextmanager
    def _progress_bar(
        self, description: str, *, unit: str | None = None, total: int | None = None
    ) -> Iterator[ProgressBar]:
        problems = self._session.problems
        with progress_bar(
            description, total=total, unit=unit, visible=self._shows_progress, problem=lambda: problems.message
        ) as bar:
            unsubscribe = problems.subscribe(lambda _message: bar.advance(0))
            try:
                yield bar
            finally:
                unsubscribe()

    @property
    def _shows_progress(self) -> bool:
        return is_interactive() if self._progress is None else self._progress

    def _not_dagster_error(self) -> ConnectionFailedError:
        return ConnectionFailedError(
            f"no Dagster at {self.url}: the GraphQL server at this address is not Dagster. Use the address "
            "that shows Dagster in a browser."
        )
