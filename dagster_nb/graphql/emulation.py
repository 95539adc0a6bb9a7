"""Filters that a server does not have, applied here with the same result.

A filter is never left out: what the server cannot be asked for is held back, and what it lists is sifted afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.graphql.filters import REPOSITORY_TAG

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["complement", "satisfies", "split", "tells"]

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
_HIDDEN = ".dagster/"


def split(one: Filter, known: Collection[str] | None) -> tuple[Filter, Filter]:
    """Return the part of a filter that a server knows, and the part that it does not.

    Parameters
    ----------
    one
        A filter.
    known
        The keys that the server knows; None means all.

    Examples
    --------
    >>> split({"pipelineName": "nightly", "createdAfter": 5.0}, {"pipelineName"})
    ({'pipelineName': 'nightly'}, {'createdAfter': 5.0})
    """
    if known is None:
        return one, {}
    return (
        {key: value for key, value in one.items() if key in known},
        {key: value for key, value in one.items() if key not in known},
    )


def complement(key: str, value: object, known: Collection[str]) -> Filter | None:
    """Return the filter whose runs are just those that do not match another one; None if the server has none.

    Examples
    --------
    >>> complement("createdAfter", 5.0, {"createdBefore"})
    {'createdBefore': 5.000001}
    """
    opposite, further = _OPPOSITE.get(key, ("", 0))
    if opposite not in known or not isinstance(value, float | int):
        return None
    return {opposite: (_micros(value) + further) / 1_000_000}


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
    return "tags" in record and (not hidden or (hidden == {REPOSITORY_TAG} and _label(record) is not None))


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


def _agrees(record: Record, key: str, value: Any) -> bool:  # noqa: ANN401 - as above
    said = record[_SAID_BY[key]]
    if key == "pipelineName":
        return bool(said == value)
    if key in {"runIds", "statuses"}:
        return said in value
    if key == "tags":
        tags = {tag["key"]: tag["value"] for tag in said} | {REPOSITORY_TAG: _label(record)}
        return {tag["key"]: tag["value"] for tag in value}.items() <= tags.items()
    if said is None:
        return False
    return _micros(said) > _micros(value) if key.endswith("After") else _micros(said) < _micros(value)


def _label(record: Record) -> str | None:
    """Return a run's tag of repositories, which filters and never shows; None if the record does not tell."""
    if "repositoryOrigin" not in record:
        return None
    origin = record["repositoryOrigin"]
    if origin is None:
        # A run that was stored without an origin has no such tag, and no label is empty.
        return ""
    if not {"repositoryName", "repositoryLocationName"} <= origin.keys():
        return None
    return f"{origin['repositoryName']}@{origin['repositoryLocationName']}"


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
