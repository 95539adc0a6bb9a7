"""Which runs belong to a code location: the server filters by tags, one of which is ``repository@location``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dagster_nb.errors import UnsupportedServerError
from dagster_nb.graphql.answers import unwrap
from dagster_nb.graphql.emulation import label_of
from dagster_nb.graphql.filters import REPOSITORY_TAG
from dagster_nb.graphql.paging import DEFAULT_PAGE_SIZE, count_runs, read_pages

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagster_nb.graphql.server import Server

__all__ = ["RepositoryLabels"]


class RepositoryLabels:
    """The values that the hidden tag of repositories has on a server.

    The server tells nobody which values a hidden tag has. The repositories that are loaded, or were when this was asked
    before, give most of them. Where these do not account for all runs (a location was renamed or removed), and not for
    as many as last time, the runs themselves are asked.

    Parameters
    ----------
    server
        Whom to ask.
    """

    def __init__(self, server: Server):
        self._server = server
        self._known: set[str] = set()
        self._unaccounted = 0

    async def of_locations(self, locations: Collection[str]) -> list[str]:
        """Return the labels of all repositories that these locations have, or had when a run was made.

        Parameters
        ----------
        locations
            Names of code locations.
        """
        self._known |= await self._loaded()
        if await self._count_unaccounted() != self._unaccounted:
            self._known |= await self._from_runs()
            # Runs that were stored without an origin belong to no location, and stay unaccounted for.
            self._unaccounted = await self._count_unaccounted()
        return sorted(label for label in self._known if label.partition("@")[2] in locations)

    async def _loaded(self) -> set[str]:
        try:
            answer = await self._server.query("repositories")
        except UnsupportedServerError:
            return set()
        nodes = unwrap(answer["repositoriesOrError"], "RepositoryConnection")["nodes"]
        return {f"{node['name']}@{node['location']['name']}" for node in nodes}

    async def _count_unaccounted(self) -> int:
        filters: list[dict[str, object]] = [
            {"tags": [{"key": REPOSITORY_TAG, "value": label}]} for label in sorted(self._known)
        ]
        counted = await asyncio.gather(*[count_runs(self._server, [one]) for one in [*filters, {}]])
        return counted[-1] - sum(counted[:-1])

    async def _from_runs(self) -> set[str]:
        labels = set()
        async for records in read_pages(self._server, {}, [{}], limit=None, page_size=DEFAULT_PAGE_SIZE, include={}):
            for record in records:
                label = label_of(record)
                if label is None:
                    raise self._server.unsupported("Run.repositoryOrigin")
                labels.add(label)
        return labels - {""}
