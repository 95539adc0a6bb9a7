"""The faults of the random scripts, and the errors that each fault can cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster_nb as dnb
from dagster_nb.client.outcome_of_error import outcome_of_error
from tests.faults.faults import (
    cut,
    drip,
    fail_in_part,
    flood,
    hold_back,
    ignore_cursor,
    latency,
    lose_a_field,
    reply,
    truncate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.proxy import Fault, Request

    Errors = frozenset[type[dnb.DagsterNbError]]

TIMEOUT_SECONDS = 5.0
HTML = b"<html><h1>We will be back soon</h1></html>"
MEGABYTES = 200
# The client sends a query up to four times.
ATTEMPTS = 4
NOTHING: Errors = frozenset()
LOST: Errors = frozenset({dnb.ConnectionFailedError})
UNKNOWN: Errors = frozenset({dnb.OutcomeUnknownError})
# If the server lists a partition, but rejects the query for it, the client raises a ServerError.
REJECTED: Errors = frozenset({dnb.QueryError, dnb.ServerError})


@dataclass(frozen=True)
class Kind:
    """A fault, and the errors that it can cause.

    Attributes
    ----------
    reading
        The errors that a query can raise.
    acting
        The errors that a mutation can raise.
    is_retried
        Whether the client retries a query with this fault, so that a single fault causes no error.
    """

    fault: Fault
    reading: Errors = NOTHING
    acting: Errors = NOTHING
    is_retried: bool = False


def _lost(fault: Fault) -> Kind:
    return Kind(fault, LOST, UNKNOWN, is_retried=True)


KINDS = [
    Kind(latency(0.02)),
    Kind(drip(0.2)),
    _lost(reply(429, headers={"Retry-After": "1"})),
    *(_lost(reply(status, body=HTML)) for status in (500, 502, 503, 504)),
    Kind(reply(200, body=HTML), LOST, UNKNOWN),
    Kind(reply(401), frozenset({dnb.UnauthorizedError}), frozenset({dnb.UnauthorizedError})),
    Kind(reply(302, headers={"Location": "http://127.0.0.1:9/graphql"}), LOST, LOST),
    Kind(
        reply(200, body=b'{"errors": [{"message": "not today"}]}', headers={"Content-Type": "application/json"}),
        REJECTED,
        frozenset({dnb.QueryError}),
    ),
    Kind(ignore_cursor(), frozenset({dnb.ServerError})),
    # If one of these faults occurs, the server executes the request, but part or all of the response is lost.
    _lost(cut(0)),
    _lost(cut(0)),
    _lost(cut(0.5)),
    _lost(truncate()),
    Kind(fail_in_part(), REJECTED, UNKNOWN),
    Kind(lose_a_field(), REJECTED, UNKNOWN),
    Kind(flood(MEGABYTES * 2**20), LOST, UNKNOWN),
]
# This fault exceeds the client's timeout.
SLOW = Kind(hold_back(3 * TIMEOUT_SECONDS), frozenset({dnb.RequestTimeoutError}), UNKNOWN)


def explained_errors(fired: Iterable[tuple[Request, Kind]]) -> set[type[dnb.DagsterNbError]]:
    """Return the errors that these faults can cause."""
    fired = list(fired)
    is_lost = sum(kind.is_retried for _, kind in fired) >= ATTEMPTS
    errors: set[type[dnb.DagsterNbError]] = set()
    for request, kind in fired:
        if request.is_mutation:
            errors |= kind.acting
        elif is_lost or not kind.is_retried:
            errors |= kind.reading
            if request.operation == "BackfillDetails":
                # When the backfill is read, it has already been launched.
                errors |= UNKNOWN
    return errors


def explained_outcomes(fired: Iterable[tuple[Request, Kind]]) -> set[str]:
    """Return the values of the ``outcome`` column that these faults can cause."""
    errors = explained_errors(fired)
    outcomes = {str(outcome_of_error(error("x"))["outcome"]) for error in errors}
    # If the outcomes cannot be read after the action, they are unknown.
    return outcomes | {"unknown"} if errors else outcomes
