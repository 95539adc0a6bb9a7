"""Read backfills: ``backfills``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.backfills import backfills_frame
from dagster_nb.graphql.backfill_paging import iter_backfills

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BackfillMethods"]


class BackfillMethods(AsyncBase):
    """The methods of the client for backfills."""

    async def backfills(self) -> pd.DataFrame:
        """Return all backfills, newest first.

        Returns
        -------
        pandas.DataFrame
            One row per backfill:

            =============== =================== ====================================================================
            column          dtype               from (``PartitionBackfill``)
            =============== =================== ====================================================================
            backfill_id     string              ``id``
            status          string              ``status``, such as ``"COMPLETED_SUCCESS"``; before Dagster 1.8,
                                                ``"COMPLETED"`` does not say whether its runs succeeded
            job_name        string              ``jobName``; NA if it materializes assets without a job
            assets          object: list        ``assetSelection``: their keys; None if it runs a job
            partition_count Int64               ``numPartitions``; NA if the server cannot tell, for example because the
                                                partitions have changed since
            partition_keys  object: list        ``partitionNames``; None if its assets have different partitions
            creation_time   datetime64[us, UTC] ``timestamp``
            end_time        datetime64[us, UTC] ``endTimestamp``; NaT while it is in progress
            duration        timedelta64[us]     end_time - creation_time
            tags            object: dict        ``tags``
            error_message   string              ``error.message``: why the backfill itself failed; NA if it did not
            =============== =================== ====================================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.backfills().query("status == 'REQUESTED'")  # doctest: +SKIP
        """
        records = []
        with self._progress_bar("reading backfills", unit="backfills") as bar:
            async for record in iter_backfills(self._api):
                records.append(record)
                bar.advance()
        return backfills_frame(records)
