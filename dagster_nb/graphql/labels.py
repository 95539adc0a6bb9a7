"""Which runs belong to a code location: the server filters by tags, one of which is ``repository@location``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.graphql import documents
from dagster_nb.graphql.answers import unwrap
from dagster_nb.graphql.filters import REPOSITORY_TAG
from dagster_nb.graphql.paging import count_runs, list_ids

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagster_nb.graphql.session import Session

__all__ = ["RepositoryLabels"]

_RUNS_PER_REQUEST = 500


class RepositoryLabels:
    """The values that the hidden tag of repositories has on a server.

    The server tells nobody which values a hidden tag has. The repositories that are loaded now give most of them; where
    these do not account for every run (a location was renamed or removed), the runs themselves are asked, once.

    Parameters
    ----------
    session
        Where to ask.
    """

    def __init__(self, session: Session):
        self._session = session
        self._seen: set[str] | None = None

    async def of_locations(self, locations: Collection[str]) -> list[str]:
        """Return the labels of all repositories that these locations have, or had when a run was made.

        Parameters
        ----------
        locations
            Names of code locations.
        """
        loaded = await self._loaded()
        if self._seen is None and not await self._accounts_for_all(loaded):
            self._seen = await self._from_runs()
        labels = loaded | (self._seen or set())
        return sorted(label for label in labels if label.partition("@")[2] in locations)

    async def _loaded(self) -> set[str]:
        answer = await self._session.read(documents.load("repositories"))
        nodes = unwrap(answer["repositoriesOrError"], "RepositoryConnection")["nodes"]
        return {f"{node['name']}@{node['location']['name']}" for node in nodes}

    async def _accounts_for_all(self, labels: Collection[str]) -> bool:
        tagged = [{"tags": [{"key": REPOSITORY_TAG, "value": label}]} for label in labels]
        # Counted in this order, a run made in between makes the sum too small, which costs time and loses nothing.
        return await count_runs(self._session, tagged) == await count_runs(self._session, [{}])

    async def _from_runs(self) -> set[str]:
        labels = set()
        async for ids in list_ids(self._session, {}):
            for start in range(0, len(ids), _RUNS_PER_REQUEST):
                page = ids[start : start + _RUNS_PER_REQUEST]
                variables = {"filter": {"runIds": page}, "limit": len(page)}
                answer = await self._session.read(documents.load("run_origins"), variables)
                for record in unwrap(answer["runsOrError"], "Runs")["results"]:
                    if origin := record["repositoryOrigin"]:
                        labels.add(f"{origin['repositoryName']}@{origin['repositoryLocationName']}")
        return labels
