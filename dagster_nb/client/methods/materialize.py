"""Materialize assets: ``materialize``."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from dagster_nb.client.arguments.find_assets import asset_key_inputs, find_assets, parse_assets
from dagster_nb.client.arguments.job_address import HIDDEN_JOB_PREFIXES, JobFinder
from dagster_nb.client.arguments.launch_arguments import LaunchArguments, parse_tags
from dagster_nb.client.methods.backfills import BackfillMethods, check_partition_keys, parse_partition_keys
from dagster_nb.client.methods.launch import LaunchMethods
from dagster_nb.client.request_tag import new_request_id
from dagster_nb.errors import ServerError
from dagster_nb.parse_run_ids import check_same_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagster_nb.client.arguments.find_assets import AssetsLike
    from dagster_nb.client.backfill import Backfill
    from dagster_nb.client.run import AsyncRun

__all__ = ["MaterializeMethods"]

Node = dict[str, Any]


class MaterializeMethods(LaunchMethods, BackfillMethods):
    """The client method that materializes assets."""

    async def materialize(
        self,
        assets: AssetsLike,
        *,
        partition_keys: str | Iterable[str] | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> AsyncRun | Backfill:
        """Materialize assets in a run (``launchRun``), or in a backfill if there are several partitions.

        Parameters
        ----------
        assets
            One or many keys, such as ``"a/b"`` or Dagster's ``AssetKey``, or a frame from `assets` or rows of it. If a
            component contains a slash, pass lists of components, such as ``[["a/b", "c"]]``. An empty list is a
            `ValueError`.
        partition_keys
            The keys of the partitions to materialize; required if an asset is partitioned. An empty list is a
            `ValueError`.
        tags
            Tags for the runs. Values that are not strings become JSON.

        Returns
        -------
        Run or Backfill
            The run; or, for several partitions, the backfill. Dagster's daemon launches the runs of the backfill.

        Raises
        ------
        NotFoundError, AmbiguousNameError
            If there is no such asset, or if several assets match the key.
        ValueError, TypeError
            If a partition key is required or does not exist, if Dagster cannot materialize an asset, if a run would
            need several code locations, or if an argument is invalid. Nothing is launched.
        OutcomeUnknownError
            If the server's response was lost, and the run or backfill did not appear within a few seconds; see
            `backfill`.
        ActionInterrupt
            If the user presses Ctrl-C after the request was sent: see `launch` and `backfill`.
        ReadOnlyError, UnauthorizedError

        Examples
        --------
        >>> client.materialize(["shop/raw_orders", "shop/orders"], partition_keys="2026-01-31")  # doctest: +SKIP
        """
        await self._check_permitted("materialize")
        check_same_server(assets, self.url, noun="assets", advice="keys: frame['asset_path'].tolist()")
        requested = parse_assets(assets)
        if not requested:
            raise ValueError(
                "the list of assets is empty, so there is nothing to materialize. client.assets() lists all assets."
            )
        keys = None if partition_keys is None else parse_partition_keys(partition_keys)
        parsed_tags = parse_tags(tags)
        paths = await find_assets(self._api, requested)
        selection = asset_key_inputs(paths)
        nodes: list[Node] = (await self._read("assets_to_materialize", {"keys": selection}))["assetNodes"]
        _check_executable(nodes, {"/".join(path) for path in paths})
        _check_partitions(nodes, keys)
        if keys is not None and len(keys) > 1:
            return await self._backfill_assets(paths, keys, parsed_tags)
        job, location, repository = _job_of(nodes)
        arguments = LaunchArguments.parse(
            job=job,
            tags=parsed_tags,
            asset_selection=[list(path) for path in paths],
            partition_key=None if keys is None else keys[0],
            location=location,
            repository=repository,
        )
        return await self._launch(arguments, JobFinder(self._api), new_request_id())


def _check_executable(nodes: Sequence[Node], requested: set[str]) -> None:
    """Raise a `ValueError` if Dagster cannot materialize one of the assets."""
    executable = {_name(node) for node in nodes if node.get("isExecutable", True) and node["jobNames"]}
    if other := sorted(requested - executable):
        raise ValueError(
            f"Dagster cannot materialize {', '.join(map(repr, other))}: no loaded code can compute "
            "these assets. Leave them out, or check client.locations() for code that failed to load."
        )


def _check_partitions(nodes: Sequence[Node], keys: Sequence[str] | None) -> None:
    """Raise a `ValueError` if partition keys are missing, are given for assets without partitions, or do not exist."""
    partitioned = [node for node in nodes if node["isPartitioned"]]
    names = ", ".join(repr(_name(node)) for node in partitioned or nodes)
    if keys is None and partitioned:
        raise ValueError(
            f"{names} is partitioned, so partition_keys= is required. client.partitions(asset=…) lists the keys."
        )
    if keys is not None:
        check_partition_keys(keys, [key for node in partitioned for key in node["partitionKeys"]], names)


def _job_of(nodes: Sequence[Node]) -> tuple[str, str, str]:
    """Return a hidden job that contains all of the assets, with its code location and repository.

    Dagster creates a hidden job for each group of assets that have the same partitions.
    """
    places = {(node["repository"]["location"]["name"], node["repository"]["name"]) for node in nodes}
    if len(places) > 1:
        where = ", ".join(sorted(repr(location) for location, _ in places))
        raise ValueError(f"one run cannot use several code locations ({where}). Call materialize() for each location.")
    [(location, repository)] = places
    common = reduce(set.intersection, (set(node["jobNames"]) for node in nodes))
    hidden = sorted(job for job in common if job.startswith(HIDDEN_JOB_PREFIXES))
    if not hidden:
        if not common:
            raise ValueError(
                "no job contains all of these assets, because their partitions differ. Materialize them one by one."
            )
        names = ", ".join(map(repr, sorted(common)))
        raise ServerError(
            f"the server lists no hidden job for these assets. Launch one of their jobs instead: {names}."
        )
    return hidden[0], location, repository


def _name(node: Node) -> str:
    return "/".join(node["assetKey"]["path"])
