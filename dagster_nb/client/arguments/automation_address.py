"""Find schedules and sensors by the names that a user gives, or by rows of their frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union

import pandas as pd

from dagster_nb.client.arguments.job_address import check_name, list_repositories, repository_selector
from dagster_nb.errors import AmbiguousNameError, NotFoundError
from dagster_nb.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["AutomationAddress", "AutomationsLike", "automation_requests", "find_automations"]

Kind: TypeAlias = Literal["schedule", "sensor"]

# `pd.Series[Any]` is in quotes, because evaluating it raises an error at run time.
AutomationsLike: TypeAlias = Union[str, Iterable[str], "pd.Series[Any]", pd.DataFrame]
"""One or many schedules or sensors: a name, several names, or a frame from `DagsterClient.schedules` or
`DagsterClient.sensors`, or rows of such a frame."""

_KINDS: tuple[Kind, ...] = ("schedule", "sensor")


@dataclass(frozen=True, slots=True)
class AutomationAddress:
    """The full name of a schedule or a sensor.

    Parameters
    ----------
    kind
        ``"schedule"`` or ``"sensor"``.
    name
        The name.
    location, repository
        The code location, and the repository in that location.
    """

    kind: Kind
    name: str
    location: str
    repository: str

    @property
    def columns(self) -> dict[str, str]:
        """The columns that identify a schedule or sensor in a frame."""
        return {"name": self.name, "location": self.location, "repository": self.repository}

    @property
    def state_selector(self) -> dict[str, str]:
        """The schema's ``InstigationSelector``."""
        return {**repository_selector(self.location, self.repository), "name": self.name}

    @property
    def selector(self) -> dict[str, str]:
        """The schema's ``ScheduleSelector`` or ``SensorSelector`` for this schedule or sensor."""
        return {**repository_selector(self.location, self.repository), f"{self.kind}Name": self.name}


@dataclass(frozen=True, slots=True)
class _Request:
    """A schedule or a sensor, as the user specified it. An attribute that is None matches anything."""

    name: str
    location: str | None
    repository: str | None
    kind: Kind | None = None

    def matches(self, address: AutomationAddress) -> bool:
        return (
            self.name == address.name
            and self.kind in {None, address.kind}
            and self.location in {None, address.location}
            and self.repository in {None, address.repository}
        )


def automation_requests(
    automations: AutomationsLike, *, location: str | None = None, repository: str | None = None
) -> list[_Request]:
    """Return the schedules and sensors that a user asks for, in the order given and without duplicates.

    Parameters
    ----------
    automations
        One or many names, a frame with a column ``schedule`` or ``sensor``, or rows of such a frame.
    location, repository
        The code location and repository of the schedules and sensors. A row of a frame contains its own location and
        repository.

    Raises
    ------
    TypeError, ValueError
        If `automations` has another type, or a name is empty.

    Examples
    --------
    >>> [one.name for one in automation_requests(["hourly", "nightly", "hourly"])]
    ['hourly', 'nightly']
    """
    for argument, value in (("location", location), ("repository", repository)):
        if value is not None:
            check_name(argument, value)
    if isinstance(automations, pd.DataFrame):
        items: Iterable[object] = [row for _, row in automations.iterrows()]
        if not any(kind in automations.columns for kind in _KINDS):
            raise TypeError(
                "this frame has no column 'schedule' or 'sensor'. Pass a frame from schedules() or sensors()."
            )
    elif isinstance(automations, pd.Series):
        items = [automations] if _is_row(automations) else automations.tolist()
    elif isinstance(automations, str):
        items = [automations]
    elif isinstance(automations, Iterable) and not isinstance(automations, bytes | Mapping):
        items = automations
    else:
        raise TypeError(
            f"expected names of schedules or sensors, got {type(automations).__name__}. client.schedules() and "
            "client.sensors() list all names."
        )
    return list(dict.fromkeys(_request(item, location, repository) for item in items))


async def find_automations(api: DagsterApi, requests: Sequence[_Request]) -> list[AutomationAddress]:
    """Return the addresses of schedules and sensors.

    The names are read from the server once, and only if `requests` is not empty.

    Raises
    ------
    NotFoundError
        If a schedule or sensor does not exist; the message lists similar names.
    AmbiguousNameError
        If several repositories have a schedule or sensor with that name.
    """
    if not requests:
        return []
    existing = await _list_automations(api)
    return [_find(request, existing) for request in requests]


async def _list_automations(api: DagsterApi) -> list[AutomationAddress]:
    return [
        AutomationAddress(kind, one["name"], node["location"]["name"], node["name"])
        for node in await list_repositories(api, "automation_names")
        for kind in _KINDS
        for one in node[f"{kind}s"]
    ]


def _find(request: _Request, existing: Sequence[AutomationAddress]) -> AutomationAddress:
    found = [one for one in existing if request.matches(one)]
    if len(found) == 1:
        return found[0]
    if found:
        raise AmbiguousNameError(
            f"{len(found)} repositories have a schedule or sensor {request.name!r}. Select one with these arguments:\n"
            + "\n".join(f"  location={one.location!r}, repository={one.repository!r}" for one in found)
        )
    raise _not_found(request, existing)


def _not_found(request: _Request, existing: Sequence[AutomationAddress]) -> NotFoundError:
    where = "".join(
        f" in {noun} {value!r}"
        for noun, value in (("repository", request.repository), ("code location", request.location))
        if value is not None
    )
    lines = [f"the server has no {request.kind or 'schedule or sensor'} {request.name!r}{where}."]
    elsewhere = [one for one in existing if one.name == request.name]
    if elsewhere:
        lines.append("Schedules or sensors with that name exist. Select one with these arguments:")
        lines += [f"  location={one.location!r}, repository={one.repository!r}" for one in elsewhere]
    elif question := did_you_mean(request.name, sorted({one.name for one in existing})):
        lines.append(question)
    else:
        lines.append("client.schedules() and client.sensors() list all names. client.locations() shows code errors.")
    return NotFoundError("\n".join(lines))


def _is_row(series: pd.Series[Any]) -> bool:
    return any(kind in series.index for kind in _KINDS)


def _request(item: object, location: str | None, repository: str | None) -> _Request:
    kind: Kind | None = None
    if isinstance(item, pd.Series):
        for one in _KINDS:
            if one in item.index:
                location, repository = item.get("location", location), item.get("repository", repository)
                kind, item = one, item[one]
                break
    if not isinstance(item, str):
        raise TypeError(f"expected a name, or a row of a frame from schedules() or sensors(), got {item!r}.")
    if not item:
        raise ValueError(
            "a schedule or sensor name must not be empty. client.schedules() and client.sensors() list all names."
        )
    return _Request(item, location, repository, kind)
