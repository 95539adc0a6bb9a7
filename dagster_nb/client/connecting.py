"""``connect``: the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.sync import DagsterClient

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
) -> DagsterClient:
    """Connect to a Dagster server, and ask it for its version at once, so that a wrong address fails here.

    Parameters
    ----------
    url
        A server root, with or without a path prefix; a Dagster+ deployment (``https://org.dagster.cloud/prod``); either
        with ``/graphql`` at its end; or the address of one of Dagster's pages, pasted from the browser. None means
        ``$DAGSTER_NB_URL``, else ``http://localhost:3000``.
    token
        Sent as ``Dagster-Cloud-Api-Token``. None means ``$DAGSTER_CLOUD_API_TOKEN``, for hosts under ``dagster.cloud``
        alone.
    headers
        Further headers for every request, such as those that a proxy asks for. Like the token they are never shown.
    read_only
        Whether to send no mutation, ever.
    timeout
        Seconds that one request may take.
    wait
        Seconds to keep trying, for a server that is still starting; None tries once.
    progress
        None shows progress where a person is watching (a notebook, a terminal); True always; False never.
    ssl
        An `ssl.SSLContext` with the certificates to trust, or False to trust any.
    trust_env
        Whether the proxies and the ``.netrc`` of the environment are used.

    Raises
    ------
    ConnectionFailedError
        If no Dagster answers there; the message says what to do.
    UnauthorizedError
        If it asks for a token.
    RequestTimeoutError
        If it does not answer in time.
    ValueError
        If the address is none.

    Examples
    --------
    >>> import dagster_nb as dnb
    >>> client = dnb.connect("http://localhost:3000")  # doctest: +SKIP
    >>> client.runs(status="FAILURE", created_after="24h")  # doctest: +SKIP
    """
    return DagsterClient(
        url=url,
        token=token,
        headers=headers,
        read_only=read_only,
        timeout=timeout,
        wait=wait,
        progress=progress,
        ssl=ssl,
        trust_env=trust_env,
    )
