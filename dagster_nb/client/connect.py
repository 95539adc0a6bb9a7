"""The function ``connect``, which users call first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.credentials import hide
from dagster_nb.client.sync_client import DagsterClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ssl import SSLContext

__all__ = ["connect"]


def connect(
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
) -> DagsterClient:
    """Connect to a Dagster server and read its version at once, so that a wrong address fails here.

    Parameters
    ----------
    url
        The root of a server, with or without a path prefix; a Dagster+ deployment
        (``https://org.dagster.cloud/prod``); either of these followed by ``/graphql``; or the address of one of
        Dagster's pages, pasted from the browser. None means ``$DAGSTER_NB_URL``, or ``http://localhost:3000`` if that
        is not set. Addresses under ``dagster.cloud`` always use https.
    token
        Sent as ``Dagster-Cloud-Api-Token``. None means ``$DAGSTER_CLOUD_API_TOKEN`` for servers under
        ``dagster.cloud``, and no token for all others.
    headers
        Additional headers for every request, for example for a proxy. Neither the headers nor the token is ever
        shown.
    read_only
        Whether to refuse every mutation, so that nothing on the server can be changed.
    timeout
        The number of seconds that one request may take.
    wait
        The number of seconds to keep trying to connect, for a server that is still starting; None tries once.
    progress
        None shows progress bars in a notebook and in a terminal; True always; False never.
    ssl
        An `ssl.SSLContext` with the certificates to trust, or False to trust any certificate.
    trust_env
        Whether to use the proxies and the ``.netrc`` file that the environment sets.
    allow_http
        Whether a token, an ``Authorization`` header or a password in the address may be sent over http to another
        machine, where anyone on the way can read it. By default, that is an error.
    redact
        A regular expression for keys, such as ``"password|token|secret"``. The values of run configs and tags whose
        key matches are replaced by ``"<redacted>"`` in everything that is read. None hides nothing. What `query`
        returns, messages of events and printed text are not changed.

    Raises
    ------
    ConnectionFailedError
        If no Dagster responds there; the message says what to do.
    UnauthorizedError
        If the server requires a token.
    RequestTimeoutError
        If the server does not respond in time.
    ValueError, TypeError
        If an argument is invalid.

    Examples
    --------
    >>> import dagster_nb as dnb
    >>> client = dnb.connect("http://localhost:3000")  # doctest: +SKIP
    >>> client.runs(status="FAILURE", created_after="24h")  # doctest: +SKIP
    """
    url, token, headers = hide(url), hide(token), hide(headers)
    return DagsterClient(
        url,
        token=token,
        headers=headers,
        read_only=read_only,
        timeout=timeout,
        wait=wait,
        progress=progress,
        ssl=ssl,
        trust_env=trust_env,
        allow_http=allow_http,
        redact=redact,
    )
