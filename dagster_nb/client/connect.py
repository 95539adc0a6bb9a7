"""The function ``connect``, which creates a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.sync_client import DagsterClient
from dagster_nb.hidden import hide

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
    """Connect to a Dagster server. The server's version is read immediately, so a wrong address raises an error here.

    Parameters
    ----------
    url
        The root of a server, with or without a path prefix; a Dagster+ deployment (``https://org.dagster.cloud/prod``);
        either of these followed by ``/graphql``; or the address of any of Dagster's pages, copied from the browser.
        None means ``$DAGSTER_NB_URL`` or, if that is not set, ``http://localhost:3000``. Addresses under
        ``dagster.cloud`` always use https.
    token
        The token, which is sent in the header ``Dagster-Cloud-Api-Token``. None means ``$DAGSTER_CLOUD_API_TOKEN`` for
        servers under ``dagster.cloud``, and no token for other servers.
    headers
        Additional headers for every request, for example for a proxy. The headers and the token are never shown.
    read_only
        Whether to reject all mutations, so that this client cannot change anything on the server.
    timeout
        The maximum number of seconds for one request.
    wait
        How many seconds to keep trying to connect if the server is still starting. None tries
        once.
    progress
        Whether to show progress bars. None shows them in notebooks and terminals only.
    ssl
        An `ssl.SSLContext` with the certificates to trust, or False to trust any certificate.
    trust_env
        Whether to use the environment's proxies and ``.netrc`` file.
    allow_http
        Whether a token, an ``Authorization`` header or a password in the address may be sent to another machine over
        http, which others on the network can read. By default, this is an error.
    redact
        A regular expression for keys, such as ``"password|token|secret"``. If a key in a run config or in tags matches,
        its value is replaced by ``"<redacted>"``. None hides nothing. The results of `query`, the messages of events
        and the captured output are not changed.

    Raises
    ------
    ConnectionFailedError
        If no Dagster server responds at the address; the message says what to do.
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
