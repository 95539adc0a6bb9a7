"""Read the partitions of jobs and assets: ``partitions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.asset_address import find_assets, one_asset
from dagster_nb.client.arguments.job_address import JobFinder
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.partitions import asset_partitions_frame, job_partitions_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.client.arguments.asset_address import AssetLike, AssetPath
    from dagster_nb.client.arguments.job_address import JobAddress

__all__ = ["PartitionMethods"]


class PartitionMethods(AsyncBase):
    """The method of the client that reads partitions."""

    async def partitions(
        self,
        *,
        job: str | None = None,
        asset: AssetLike | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> pd.DataFrame:
        """Return all partitions of a job or of an asset, with the status of each.

        Parameters
        ----------
        job, asset
            The job or the asset; exactly one of them. An asset is given as in `materializations`.
        location, repository
            The job's code location and repository; needed if several repositories have a job with that name.

        Returns
        -------
        pandas.DataFrame
            One row per partition, in the order of the partitions:

            ==================== =================== ===============================================================
            column               dtype               content
            ==================== =================== ===============================================================
            partition_key        string              the key; with several dimensions, their keys joined with ``|``
            status               string              of a job: ``PartitionStatus.runStatus``, the status of its last
                                                     run; of an asset: ``"MATERIALIZED"``, ``"FAILED"`` or
                                                     ``"MATERIALIZING"`` (``AssetNode.assetPartitionStatuses``); of
                                                     both: ``"MISSING"``
            run_id               string              the last run (``PartitionStatus.runId``), or the run of the last
                                                     materialization (``latestMaterializationByPartition``)
            duration             timedelta64[us]     only of a job: ``PartitionStatus.runDuration``
            last_materialization datetime64[us, UTC] only of an asset: ``latestMaterializationByPartition.timestamp``
            ``dimension.<name>`` string              only of an asset with several dimensions: the key in each dimension
            ==================== =================== ===============================================================

            A job without partitions has no rows.

        Raises
        ------
        ValueError
            If the asset has no partitions, or not exactly one of ``job`` and ``asset`` is given.
        NotFoundError, AmbiguousNameError
            If no job or asset has that name, or several have it; the message lists what exists.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.partitions(asset="shop/orders").query("status == 'MISSING'")  # doctest: +SKIP
        """
        if (job is None) == (asset is None):
            given = "neither" if job is None else "both"
            raise ValueError(f"give either job= or asset= to partitions(), which got {given}.")
        if job is not None:
            return await JobFinder(self._api).use(self._job_partitions, job, location=location, repository=repository)
        if location is not None or repository is not None:
            raise ValueError("location and repository are for jobs only; leave them out for an asset.")
        assert asset is not None  # noqa: S101 - one of them is given
        [path] = await find_assets(self._api, [one_asset(asset)])
        return await self._asset_partitions(path)

    async def _job_partitions(self, address: JobAddress) -> pd.DataFrame:
        variables = {"repository": address.repository_selector, "job": address.job}
        answer = await self._read("job_partition_statuses", variables)
        keys, statuses = [], []
        for one in unwrap(answer["partitionSetsOrError"], "PartitionSets")["results"]:
            keys += [key["name"] for key in unwrap(one["partitionsOrError"], "Partitions")["results"]]
            statuses += unwrap(one["partitionStatusesOrError"], "PartitionStatuses")["results"]
        return job_partitions_frame(keys, statuses)

    async def _asset_partitions(self, path: AssetPath) -> pd.DataFrame:
        answer = await self._read("asset_partition_statuses", {"key": {"path": list(path)}})
        node = unwrap(answer["assetNodeOrError"], "AssetNode")
        if not node["isPartitioned"]:
            raise ValueError(
                f"asset {'/'.join(path)!r} has no partitions; client.materializations() lists its materializations."
            )
        return asset_partitions_frame(node)
