"""Read the address, the token and the headers of a connection without ever showing a secret."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from dagster_nb.graphql.url import parse_address
from dagster_nb.hidden import hide, reveal

if TYPE_CHECKING:
    from dagster_nb.graphql.url import ServerAddress

__all__ = ["check_encrypted", "read_address", "request_headers"]

_TOKEN_HEADER = "Dagster-Cloud-Api-Token"  # noqa: S105 - a header's name
_SECRET_HEADERS = frozenset({_TOKEN_HEADER.lower(), "authorization", "cookie"})


def read_address(url: str | None) -> ServerAddress:
    """Parse the address of a server. Addresses under ``dagster.cloud`` always use https.

    Parameters
    ----------
    url
        As in `connect`, or the result of `dagster_nb.hidden.hide`, because the address could contain a password.

    Raises
    ------
    ValueError
        If `url` is not the address of a web server.

    Examples
    --------
    >>> read_address("org.dagster.cloud/prod").root
    'https://org.dagster.cloud/prod'
    """
    url = hide(url)
    try:
        address = parse_address(reveal(url))
    except ValueError as error:
        problem = str(error)
    else:
        if not address.is_dagster_plus:
            return address
        # Over http, others could read the token before the server redirects to https.
        return replace(address, root=f"https://{address.root.partition('://')[2]}")
    # The error is raised again here, so that the traceback does not show the parser's variables.
    raise ValueError(problem)


def request_headers(address: ServerAddress, *, token: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers for all requests. The values are strings whose ``repr`` hides them.

    Parameters
    ----------
    address
        The server. Credentials in the server's URL become an ``Authorization`` header. ``$DAGSTER_CLOUD_API_TOKEN`` is
        used only for servers under ``dagster.cloud``.
    token, headers
        The token and the headers given to `connect`, with secrets already hidden.

    Raises
    ------
    TypeError, ValueError
        If the token or a header has an invalid value. The message does not show the value.
    """
    token, headers = hide(token), hide(headers)
    problem = _argument_problem(reveal(token), reveal(headers))
    if problem is None:
        sent = hide(_all_headers(address, reveal(token), reveal(headers)))
        problem = _header_problem(reveal(sent))
    if problem is not None:
        raise problem
    return sent


def check_encrypted(address: ServerAddress, headers: Mapping[str, str]) -> None:
    """Raise an error if a secret would be sent to another machine over http.

    Parameters
    ----------
    address
        The server.
    headers
        The result of `request_headers`.

    Raises
    ------
    ValueError
        If the headers contain a token or an ``Authorization`` header. The message does not show the secret.

    Examples
    --------
    >>> check_encrypted(read_address("localhost:3000"), {"Authorization": "Bearer x"})
    """
    headers = hide(headers)
    names = {name.lower() for name in reveal(headers)}
    if address.root.startswith("https://") or _is_this_machine(address.host) or not names & _SECRET_HEADERS:
        return
    raise ValueError(
        f"a token or password would be sent to {address.root} without encryption. Use https://, or, if the network is "
        f"trusted, connect(..., allow_http=True)."
    )


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _argument_problem(token: object, headers: object) -> Exception | None:
    if token is not None and not isinstance(token, str):
        return TypeError(f"token must be a string, not {type(token).__name__}.")
    if headers is not None and not isinstance(headers, Mapping):
        return TypeError(f'headers must be a dict such as {{"X-Team": "data"}}, not {type(headers).__name__}.')
    return None


def _all_headers(address: ServerAddress, token: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    sent = dict(headers or {})
    if address.credentials is not None:
        basic = b64encode(":".join(address.credentials).encode()).decode()
        sent.setdefault("Authorization", f"Basic {basic}")
    if token is None and address.is_dagster_plus:
        token = os.environ.get("DAGSTER_CLOUD_API_TOKEN")
    if token:
        # Tokens that are read from files often end with a newline.
        sent[_TOKEN_HEADER] = token.strip()
    return sent


def _header_problem(headers: Mapping[str, str]) -> Exception | None:
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            return TypeError(
                f'header names and values must be strings, such as {{"X-Team": "data"}}. Correct the header {name!r}.'
            )
        if any(ord(character) < ord(" ") for character in name + value):
            return ValueError(
                f"header {name!r} contains a line end or another control character. Remove that character."
            )
    return None
