"""Filters that a server does not have, applied here with the same result.

A filter is never left out: what the server cannot be asked for is held back, and what it lists is sifted afterwards.
"""

from __future__ import annotations

from typing import Any

from dagster_nb.graphql.filters import REPOSITORY_TAG

__all__ = ["FILTER_KEYS", "complement", "label_of", "satisfies", "tells"]

Record = dict[str, Any]
Filter = dict[str, Any]

# Where a bound is unknown, its opposite tells which runs do *not* match. Both are exclusive, and times are whole
# microseconds, so the opposite stands one further.
_OPPOSITE = {
    "createdAfter": ("createdBefore", 1),
    "createdBefore": ("createdAfter", -1),
    "updatedAfter": ("updatedBefore", 1),
    "updatedBefore": ("updatedAfter", -1),
}
# What of a run says whether it matches.
_SAID_BY = {
    "createdAfter": "creationTime",
    "createdBefore": "creationTime",
    "pipelineName": "jobName",
    "runIds": "runId",
    "statuses": "status",
    "tags": "tags",
    "updatedAfter": "updateTime",
    "updatedBefore": "updateTime",
}
FILTER_KEYS = frozenset(_SAID_BY)
"""What this package filters runs by."""
_HIDDEN = ".dagster/"


def complement(key: str, value: Any) -> Filter | None:  # noqa: ANN401 - a filter's values are of many kinds
    """Return the filter whose runs are just those that do not match a key of another one; None if there is none.

    Examples
    --------
    >>> complement("createdAfter", 5.0)
    {'createdBefore': 5.000001}
    """
    if key not in _OPPOSITE:
        return None
    opposite, further = _OPPOSITE[key]
    bound = _micros(value) + further
    if further > 0 and bound % 1_000_000 == 0:
        # SQLite compares times as texts, to which a whole second that was stored without a fraction, as those servers
        # do that need this, comes before the same second with one. There nothing was stored in between.
        bound -= further
    return {opposite: bound / 1_000_000}


def tells(record: Record, key: str, value: Any) -> bool:  # noqa: ANN401 - a filter's values are of many kinds
    """Tell whether a run's record says if the run matches a key of a filter.

    Examples
    --------
    >>> tells({"runId": "a"}, "statuses", ["SUCCESS"])
    False
    """
    if key != "tags":
        return _SAID_BY[key] in record
    hidden = {tag["key"] for tag in value if tag["key"].startswith(_HIDDEN)}
    return "tags" in record and (not hidden or (hidden == {REPOSITORY_TAG} and label_of(record) is not None))


def satisfies(record: Record, wanted: Filter) -> bool:
    """Tell whether a run is one that a filter means, as far as its record says.

    Parameters
    ----------
    record
        The server's ``Run``. What it does not tell does not speak against it.
    wanted
        The filter.

    Examples
    --------
    >>> satisfies({"runId": "a", "status": "FAILURE"}, {"statuses": ["SUCCESS"]})
    False
    """
    return all(_agrees(record, key, value) for key, value in wanted.items() if tells(record, key, value))


def label_of(record: Record) -> str | None:
    """Return a run's tag of repositories, which filters and never shows.

    Returns
    -------
    str or None
        ``"repository@location"``; empty for a run that was stored without an origin; None if the record does not tell.

    Examples
    --------
    >>> label_of({"repositoryOrigin": {"repositoryName": "repo", "repositoryLocationName": "etl"}})
    'repo@etl'
    """
    if "repositoryOrigin" not in record:
        return None
    origin = record["repositoryOrigin"]
    if origin is None:
        return ""
    if not {"repositoryName", "repositoryLocationName"} <= origin.keys():
        return None
    return f"{origin['repositoryName']}@{origin['repositoryLocationName']}"


def _agrees(record: Record, key: str, value: Any) -> bool:  # noqa: ANN401 - as above
    said = record[_SAID_BY[key]]
    if key == "pipelineName":
        return bool(said == value)
    if key in {"runIds", "statuses"}:
        return said in value
    if key == "tags":
        tags = {tag["key"]: tag["value"] for tag in said} | {REPOSITORY_TAG: label_of(record)}
        return {tag["key"]: tag["value"] for tag in value}.items() <= tags.items()
    if said is None:
        return False
    return _micros(said) > _micros(value) if key.endswith("After") else _micros(said) < _micros(value)


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
