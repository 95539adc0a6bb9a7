"""The class that represents one backfill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from dagster_nb.client.display.html import facts_html
from dagster_nb.frames.backfills import backfills_frame
from dagster_nb.terminal_text import terminal_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Backfill"]


class Backfill:
    """A backfill, as returned by `DagsterClient.backfill` and `DagsterClient.materialize`.

    To read the runs of a backfill, use ``client.runs(tags={"dagster/backfill": backfill.backfill_id})``. The properties
    are not updated when the backfill changes. Two objects are equal if they describe the same backfill.

    Parameters
    ----------
    record
        The server's ``PartitionBackfill``.
    page
        The address of the backfill's page in Dagster.
    """

    def __init__(self, record: dict[str, Any], page: str):
        self._page = page
        self._row = backfills_frame([record]).iloc[0]

    @property
    def backfill_id(self) -> str:
        """The id (``PartitionBackfill.id``)."""
        return str(self._row["backfill_id"])

    @property
    def status(self) -> str:
        """The status, such as ``"REQUESTED"``, when the backfill was read (``PartitionBackfill.status``)."""
        return str(self._row["status"])

    @property
    def job_name(self) -> str | None:
        """The job; None if the backfill materializes assets without a job (``PartitionBackfill.jobName``)."""
        return None if self._row.isna()["job_name"] else str(self._row["job_name"])

    @property
    def assets(self) -> list[str] | None:
        """The keys of the assets; None for a backfill of a job (``PartitionBackfill.assetSelection``)."""
        return cast("list[str] | None", self._row["assets"])

    @property
    def partition_keys(self) -> list[str] | None:
        """The partition keys; None if the assets have different partitions (``PartitionBackfill.partitionNames``)."""
        return cast("list[str] | None", self._row["partition_keys"])

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the backfill's runs (``PartitionBackfill.tags``)."""
        return cast("dict[str, str]", self._row["tags"])

    @property
    def creation_time(self) -> pd.Timestamp:
        """The time at which the backfill was created, in UTC (``PartitionBackfill.timestamp``)."""
        return cast("pd.Timestamp", self._row["creation_time"])

    @property
    def url(self) -> str:
        """The address of the backfill's page in Dagster."""
        return self._page

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Backfill) and other.backfill_id == self.backfill_id

    def __hash__(self) -> int:
        return hash(self.backfill_id)

    def __repr__(self) -> str:
        return terminal_text(f"<Backfill {self.backfill_id} of {self._target}, {self.status}>")

    def _repr_html_(self) -> str:
        facts = {
            "backfill": self.backfill_id,
            "of": self._target,
            "partitions": None if self.partition_keys is None else len(self.partition_keys),
            "status": self.status,
        }
        return facts_html("Backfill", facts, link=self.url)

    @property
    def _target(self) -> str:
        return self.job_name or ", ".join(self.assets or ()) or "unknown"
