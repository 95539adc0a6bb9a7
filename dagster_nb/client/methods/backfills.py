"""Read, launch and cancel backfills: ``backfills``, ``backfill`` and ``cancel_backfill``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dagster_nb.client.arguments.find_assets import asset_key_inputs, find_assets, list_asset_paths, parse_assets
from dagster_nb.client.arguments.job_address import JobFinder
from dagster_nb.client.arguments.launch_arguments import parse_tags, tag_inputs
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.client.backfill import Backfill
from dagster_nb.client.bulk import interruption_carries
from dagster_nb.client.display.browser_address import in_browser
from dagster_nb.client.partition_keys_and_config import partition_set
from dagster_nb.client.request_tag import BACKFILL_COLUMNS, REQUEST_TAG, launch_backfill_once, new_request_id
from dagster_nb.errors import AmbiguousNameError, DagsterNbError, NotFoundError, OutcomeUnknownError
from dagster_nb.filters import as_strings
from dagster_nb.frames.backfills import backfills_frame
from dagster_nb.frames.outcomes import outcomes_frame
from dagster_nb.graphql.backfill_paging import iter_backfills
from dagster_nb.graphql.responses import unwrap
from dagster_nb.parse_run_ids import check_same_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from dagster_nb.client.arguments.find_assets import AssetPath, AssetsLike
    from dagster_nb.client.arguments.job_address import JobAddress

__all__ = ["BackfillMethods", "CancelOutcome", "check_partition_keys", "parse_partition_keys"]

CancelOutcome: TypeAlias = Literal["canceled", "canceling", "already_finished"]
"""The outcome of canceling a backfill. `DagsterClient.cancel_backfill` explains the outcomes."""

_FINISHED = frozenset({"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"})


class BackfillMethods(AsyncBase):
    """The client methods that read, launch and cancel backfills."""

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
            job_name        string              ``jobName``; NA if the backfill materializes assets without a job
            assets          object: list        ``assetSelection``: the assets' keys; None if the backfill runs a job
            partition_count Int64               ``numPartitions``; NA if the number is unknown, for example because
                                                the partitions have changed since
            partition_keys  object: list        ``partitionNames``; None if the assets have different partitions
            creation_time   datetime64[us, UTC] ``timestamp``
            end_time        datetime64[us, UTC] ``endTimestamp``; NaT while the backfill is in progress
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

    async def backfill(
        self,
        job_or_assets: AssetsLike,
        partition_keys: str | Iterable[str],
        *,
        tags: Mapping[str, Any] | None = None,
        location: str | None = None,
        repository: str | None = None,
    ) -> Backfill:
        """Launch a backfill for partitions of a job or of assets (``launchPartitionBackfill``).

        Dagster's daemon launches the runs. This method first checks that all partitions exist, because a server may
        accept a backfill of partitions that do not exist.

        Parameters
        ----------
        job_or_assets
            The name of a job, or one or many asset keys as in `materialize`.
        partition_keys
            The keys of the partitions. An empty list is a `ValueError`.
        tags
            Tags for the runs. Values that are not strings become JSON.
        location, repository
            The job's code location and repository; required if several repositories have a job with that name, or if an
            asset has the same name.

        Returns
        -------
        Backfill
            The new backfill, with ``backfill_id``, ``status`` and ``url``. These properties are not updated: use
            `backfills` to see the current status.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If there is no job or asset with that name, or more than one. The message lists similar or matching names.
        ValueError, TypeError
            If a partition does not exist, or an argument is invalid. Nothing is launched.
        OutcomeUnknownError
            If the server's response was lost, and the backfill did not appear within a few seconds. Before Dagster 1.9,
            the client cannot look for the backfill; check whether `backfills` lists a new backfill. Also raised if the
            new backfill cannot be read; the message then contains its id.
        ActionInterrupt
            If the user presses Ctrl-C after the request was sent. The exception's ``outcomes`` attribute says whether
            the backfill was launched.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> partitions = client.partitions(asset="shop/orders")  # doctest: +SKIP
        >>> missing = partitions.loc[partitions["status"] == "MISSING", "partition_key"]  # doctest: +SKIP
        >>> client.backfill("shop/orders", missing)  # doctest: +SKIP
        """
        await self._check_permitted("backfill")
        check_same_server(job_or_assets, self.url, noun="assets", advice="keys: frame['asset_path'].tolist()")
        keys = parse_partition_keys(partition_keys)
        parsed_tags = parse_tags(tags)
        assets = parse_assets(job_or_assets)
        if not assets:
            raise ValueError(
                "the list of assets is empty, so there is nothing to backfill. client.assets() lists all assets."
            )
        is_job = location is not None or repository is not None
        finder = JobFinder(self._api)
        if isinstance(job_or_assets, str) and (is_job or await self._is_job(finder, job_or_assets)):

            async def launch(address: JobAddress) -> Backfill:
                return await self._backfill_job(address, keys, parsed_tags)

            return await finder.use(launch, job_or_assets, location=location, repository=repository)
        if is_job:
            raise ValueError("location and repository are for jobs only. Leave them out for an asset.")
        return await self._backfill_assets(await find_assets(self._api, assets), keys, parsed_tags)

    async def cancel_backfill(self, backfill: str | Backfill) -> CancelOutcome:
        """Cancel a backfill (``cancelPartitionBackfill``). The daemon then terminates its runs.

        Parameters
        ----------
        backfill
            The id of the backfill, or a `Backfill`.

        Returns
        -------
        str
            ``"canceled"``; ``"canceling"`` while the daemon terminates the runs; or ``"already_finished"`` if no
            request was necessary.

        Raises
        ------
        NotFoundError
            If there is no such backfill.
        OutcomeUnknownError
            If the server's response was lost, and the backfill is still in progress.
        TypeError, ValueError
            If the argument is not a backfill, or is a backfill from another server. Nothing is sent.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.cancel_backfill("abcdefgh")  # doctest: +SKIP
        'canceling'
        """
        await self._check_permitted("cancel_backfill")
        if isinstance(backfill, Backfill) and not backfill.url.startswith(in_browser(self.url)):
            raise ValueError(
                f"the backfill {backfill.url} is not on this client's server, {self.url}, so nothing was sent. Use a "
                "client for the server of the backfill."
            )
        backfill_id = getattr(backfill, "backfill_id", backfill)
        if not isinstance(backfill_id, str) or not backfill_id:
            raise TypeError(
                f"expected a Backfill or a backfill id, got {backfill!r}. client.backfills() lists the ids."
            )
        if (await self._read_backfill(backfill_id)).status in _FINISHED:
            return "already_finished"
        try:
            unwrap(await self._write("cancel_backfill", {"backfillId": backfill_id}), "CancelBackfillSuccess")
        except OutcomeUnknownError as error:
            status = await self._read_status(backfill_id)
            if status not in {"CANCELED", "CANCELING"}:
                raise OutcomeUnknownError(f"{error} The status of the backfill is {status or 'unknown'}.") from None
            return "canceled" if status == "CANCELED" else "canceling"
        status = (await self._read_backfill(backfill_id)).status
        return "canceled" if status in _FINISHED else "canceling"

    async def _is_job(self, finder: JobFinder, name: str) -> bool:
        """Return whether a job has this name. Raise an error if an asset has it too."""
        if all(one.job != name for one in await finder.jobs()):
            return False
        if any("/".join(path) == name for path in await list_asset_paths(self._api)):
            raise AmbiguousNameError(
                f"a job and an asset are both named {name!r}. To select the job, pass its location=. To select "
                f"the asset, pass [{name.split('/')!r}]."
            )
        return True

    async def _backfill_job(self, address: JobAddress, keys: Sequence[str], tags: Mapping[str, str]) -> Backfill:
        name, existing = await partition_set(self, address)
        check_partition_keys(keys, existing, f"job {address.job!r}")
        selector = {"partitionSetName": name, "repositorySelector": address.repository_selector}
        return await self._launch_backfill({"selector": selector}, keys, tags)

    async def _backfill_assets(
        self, paths: Sequence[AssetPath], keys: Sequence[str], tags: Mapping[str, str]
    ) -> Backfill:
        selection = asset_key_inputs(paths)
        nodes = (await self._read("assets_to_materialize", {"keys": selection}))["assetNodes"]
        existing = [key for node in nodes if node["isPartitioned"] for key in node["partitionKeys"]]
        names = ", ".join(repr("/".join(path)) for path in paths)
        check_partition_keys(keys, existing, f"{'asset' if len(paths) == 1 else 'assets'} {names}")
        return await self._launch_backfill({"assetSelection": selection}, keys, tags)

    async def _launch_backfill(
        self, target: Mapping[str, Any], keys: Sequence[str], tags: Mapping[str, str]
    ) -> Backfill:
        request_id = new_request_id()
        tags = {**tags, REQUEST_TAG: request_id}
        parameters = {**target, "partitionNames": list(keys), "tags": tag_inputs(tags)}
        backfill_id = await launch_backfill_once(self, parameters, request_id=request_id)
        outcome = {"backfill_id": backfill_id, "outcome": "launched"}
        with interruption_carries(lambda: outcomes_frame([outcome], BACKFILL_COLUMNS)):
            try:
                return await self._read_backfill(backfill_id)
            except DagsterNbError as error:
                # With any other error, users would think that nothing was launched, and launch the backfill again.
                raise OutcomeUnknownError(
                    f"backfill {backfill_id} was launched, but its state could not be read: {error} Do not launch it "
                    "again. client.backfills() shows its status."
                ) from None

    async def _read_backfill(self, backfill_id: str) -> Backfill:
        answer = await self._read("backfill_details", {"backfillId": backfill_id})
        if answer["partitionBackfillOrError"]["__typename"] == "BackfillNotFoundError":
            raise NotFoundError(f"the server has no backfill {backfill_id!r}. client.backfills() lists all backfills.")
        record = unwrap(answer["partitionBackfillOrError"], "PartitionBackfill")
        return Backfill(record, in_browser(f"{self.url}/runs/b/{backfill_id}"))

    async def _read_status(self, backfill_id: str) -> str | None:
        try:
            return (await self._read_backfill(backfill_id)).status
        except DagsterNbError:
            return None


def parse_partition_keys(keys: str | Iterable[str]) -> list[str]:
    """Return partition keys in the order given and without duplicates.

    Raises
    ------
    TypeError, ValueError
        If there are no keys, or a key is not a string.

    Examples
    --------
    >>> parse_partition_keys("2026-01-31")
    ['2026-01-31']
    """
    parsed = as_strings(keys, "partition_keys")
    if not parsed:
        raise ValueError("partition_keys is empty, so there is nothing to launch. client.partitions() lists the keys.")
    return list(dict.fromkeys(parsed))


def check_partition_keys(keys: Sequence[str], existing: Iterable[str], owner: str) -> None:
    """Raise a `ValueError` if a partition does not exist.

    Parameters
    ----------
    keys
        The requested keys.
    existing
        The existing keys.
    owner
        The name of the job or assets in the error message.

    Examples
    --------
    >>> check_partition_keys(["a"], ["a", "b"], "job 'nightly'")
    """
    known = list(existing)
    if not known:
        raise ValueError(f"{owner} has no partitions. Use launch() or materialize() without partition keys.")
    names = set(known)
    if unknown := [key for key in keys if key not in names]:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""  # noqa: PLR2004 - enough to see the mistake
        raise ValueError(
            f"there is no partition {', '.join(map(repr, unknown[:3]))}{more} of {owner}. The partitions range "
            f"from {known[0]!r} to {known[-1]!r}. client.partitions() lists them."
        )
