"""Read the partitions of jobs and assets: ``partitions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.arguments.find_assets import find_assets, one_asset
from dagster_nb.client.arguments.job_address import JobFinder
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.partitions import asset_partitions_frame, job_partitions_frame
from dagster_nb.graphql.responses import unwrap

if TYPE_CHECKING:
    import pandas as pd

    from dagster_nb.client.arguments.find_assets import AssetLike, AssetPath
    from dagster_nb.client.arguments.job_address import JobAddress

__all__ = ["PartitionMethods"]


class PartitionMethods(AsyncBase):
    """The client method that reads partitions."""

    async def partitions(
        self,
        *,
        job: str | None = None,
        asset: AssetLike | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> pd.DataFrame:
        """Return all partitions of a job or of an asset, with their statuses.

        Parameters
        ----------
        job, asset
            The name of a job, or an asset as in `materializations`. Pass one of the two.
        location, repository
            The job's code location and repository; required if several repositories have a job with that name.

        Returns
        -------
        pandas.DataFrame
            One row per partition, in the order in which the job or asset defines them:

            ==================== =================== ===============================================================
            column               dtype               content
            ==================== =================== ===============================================================
            partition_key        string              the key; for several dimensions, their keys joined with ``|``
            status               string              for a job: ``PartitionStatus.runStatus``, the status of the last
                                                     run; for an asset: ``"MATERIALIZED"``, ``"FAILED"`` or
                                                     ``"MATERIALIZING"`` (``AssetNode.assetPartitionStatuses``); for
                                                     both: ``"MISSING"``
            run_id               string              the last run (``PartitionStatus.runId``), or the run of the last
                                                     materialization (``latestMaterializationByPartition``)
            duration             timedelta64[us]     only for a job: ``PartitionStatus.runDuration``
            last_materialization datetime64[us, UTC] only for an asset: ``latestMaterializationByPartition.timestamp``
            ``dimension.<name>`` string              only for an asset with several dimensions: the key in a dimension
            ==================== =================== ===============================================================

            For a job without partitions, the frame is empty.

        Raises
        ------
        ValueError
            If the asset has no partitions, or if both or neither of ``job`` and ``asset`` are given.
        NotFoundError, AmbiguousNameError
            If there is no job or asset with that name, or more than one. The message lists similar or matching names.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.partitions(asset="shop/orders").query("status == 'MISSING'")  # doctest: +SKIP
        """
        if (job is None) == (asset is None):
            given = "neither" if job is None else "both"
            raise ValueError(f"partitions() needs either job= or asset=, but got {given}.")
        if job is not None:
            return await JobFinder(self._api).use(self._job_partitions, job, location=location, repository=repository)
        if location is not None or repository is not None:
            raise ValueError("location and repository are for jobs only. Leave them out for an asset.")
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
                f"asset {'/'.join(path)!r} has no partitions. client.materializations({list(path)!r}) lists its "
                "materializations."
            )
        return asset_partitions_frame(node)
