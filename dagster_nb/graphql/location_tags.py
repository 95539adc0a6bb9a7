"""Find the runs of a code location, which the server can only filter by the hidden tag ``repository@location``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dagster_nb.graphql.counting import count_matching
from dagster_nb.graphql.responses import unwrap
from dagster_nb.graphql.run_filters import REPOSITORY_TAG
from dagster_nb.graphql.run_paging import read_pages

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = ["LocationTags"]

_COUNTS = 3


class LocationTags:
    """The values of the hidden tag that names a run's repository and code location.

    The server does not list the values of a hidden tag. Most values are derived from the repositories that are loaded
    now or were loaded at an earlier request. If some runs have none of these values (because a location was renamed or
    removed), and the number of such runs has changed, the values are read from the runs themselves.

    Parameters
    ----------
    api
        The server.
    """

    def __init__(self, api: DagsterApi):
        self._api = api
        self._known: set[str] = set()
        self._unaccounted = 0

    async def of_locations(self, locations: Collection[str]) -> list[str]:
        """Return the tag values of all present and past repositories of these code locations.

        Parameters
        ----------
        locations
            Names of code locations.
        """
        self._known |= await self._loaded()
        if await self._has_unknown():
            self._known |= await self._from_runs()
            # Runs that were stored without an origin belong to no location, and have none of the values.
            self._unaccounted = await self._count_unaccounted()
        return sorted(value for value in self._known if value.partition("@")[2] in locations)

    async def _has_unknown(self) -> bool:
        """Return whether any run has a tag value that is not known yet."""
        # A run that is created between the two counts looks like a run with an unknown value, so repeat the counts to
        # be sure.
        for _ in range(_COUNTS):
            if await self._count_unaccounted() == self._unaccounted:
                return False
        return True

    async def _loaded(self) -> set[str]:
        data = await self._api.query("repositories")
        nodes = unwrap(data["repositoriesOrError"], "RepositoryConnection")["nodes"]
        return {f"{node['name']}@{node['location']['name']}" for node in nodes}

    async def _count_unaccounted(self) -> int:
        filters: list[dict[str, object]] = [
            {"tags": [{"key": REPOSITORY_TAG, "value": value}]} for value in sorted(self._known)
        ]
        every, *accounted = await asyncio.gather(*[count_matching(self._api, one) for one in [{}, *filters]])
        return every - sum(accounted)

    async def _from_runs(self) -> set[str]:
        values = set()
        async for records in read_pages(self._api, {}, limit=None, page_size=None, include={}):
            for record in records:
                origin = record.get("repositoryOrigin", {})
                if origin is None:
                    continue
                if not {"repositoryName", "repositoryLocationName"} <= origin.keys():
                    raise self._api.unsupported("Run.repositoryOrigin")
                values.add(f"{origin['repositoryName']}@{origin['repositoryLocationName']}")
        return values
