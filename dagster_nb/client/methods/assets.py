"""Read assets: ``assets``, ``materializations`` and ``asset_checks``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.chunks import in_chunks
from dagster_nb.client.arguments.find_assets import asset_key_inputs, find_assets, list_asset_paths, one_asset
from dagster_nb.client.async_base import AsyncBase
from dagster_nb.frames.assets import asset_checks_frame, assets_frame, materializations_frame
from dagster_nb.graphql.materialization_paging import iter_materializations
from dagster_nb.graphql.responses import unwrap
from dagster_nb.map_concurrently import map_concurrently

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from dagster_nb.client.arguments.find_assets import AssetLike, AssetPath

__all__ = ["AssetMethods"]

# The server may need several database queries for the stale status of one asset.
_ASSETS_PER_REQUEST = 100


class AssetMethods(AsyncBase):
    """The client methods that read assets."""

    async def assets(self) -> pd.DataFrame:
        """Return all assets, including assets that were materialized but are no longer defined.

        Returns
        -------
        pandas.DataFrame
            One row per asset, in the server's order:

            ==================== =================== ===============================================================
            column               dtype               from (``AssetNode``)
            ==================== =================== ===============================================================
            asset                string              ``assetKey``, its components joined with slashes
            asset_path           object: list        ``assetKey.path``: its components
            group                string              ``groupName``
            location, repository string              ``repository``; NA if the asset is not defined
            kinds                object: list        ``kinds``; before Dagster 1.8, ``computeKind``
            owners               object: list        ``owners``: addresses, or ``"team:…"``; None before Dagster 1.6
            tags                 object: dict        ``tags``; None before Dagster 1.6
            description          string              ``description``
            is_partitioned       boolean             ``isPartitioned``; NA if the asset is not defined
            is_executable        boolean             ``isExecutable``: whether Dagster can materialize or observe it
            stale_status         string              ``staleStatus``: ``"FRESH"``, ``"STALE"`` or ``"MISSING"``; for
                                                     a partitioned asset, one status for all its partitions
            depends_on           object: list        ``dependencyKeys``
            job_names            object: list        ``jobNames``, including Dagster's hidden jobs
            checks               object: list        ``assetChecksOrError.checks.name``
            last_materialization datetime64[us, UTC] ``assetMaterializations.timestamp``, which the server truncates to
                                                     milliseconds; NaT if it was never materialized
            last_run_id          string              ``assetMaterializations.runId``; NA if it was reported without a
                                                     run
            last_partition_key   string              ``assetMaterializations.partition``
            ==================== =================== ===============================================================

        Raises
        ------
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.assets().query("stale_status == 'STALE'")  # doctest: +SKIP
        """
        paths = await list_asset_paths(self._api)
        nodes = {_path(node): node for node in await self._asset_nodes("assets", paths, "reading assets")}
        undefined = [path for path in paths if path not in nodes]
        for path, events in zip(undefined, await map_concurrently(self._last_materialization, undefined), strict=True):
            nodes[path] = {"assetKey": {"path": path}, "assetMaterializations": events}
        return self._with_source(assets_frame([nodes[path] for path in paths]))

    async def materializations(self, asset: AssetLike) -> pd.DataFrame:
        """Return all materializations of an asset, with their metadata as typed columns.

        Parameters
        ----------
        asset
            The asset's key: ``"a/b"``, the components ``["a", "b"]``, Dagster's ``AssetKey``, or a row of the frame
            from `assets`.

        Returns
        -------
        pandas.DataFrame
            One row per materialization, newest first:

            ==================== =================== ===============================================================
            column               dtype               from (``MaterializationEvent``)
            ==================== =================== ===============================================================
            asset                string              the key
            timestamp            datetime64[us, UTC] ``timestamp``, which the server truncates to milliseconds
            run_id               string              ``runId``; NA if it was reported without a run
            step_key             string              ``stepKey``
            partition_key        string              ``partition``
            description          string              ``description``
            ``metadata.<label>`` see below           ``metadataEntries``: one column per label, sorted
            ==================== =================== ===============================================================

            The dtype of a metadata column depends on the types of its entries in all rows:

            =================================================== ====================================================
            entries                                             dtype
            =================================================== ====================================================
            integers                                            Int64; object (int) if one is too large
            floats, or floats and integers                      float64
            booleans                                            boolean
            timestamps                                          datetime64[us, UTC]
            text, Markdown, paths, URLs, names of jobs, runs    string
            and assets
            JSON, tables, schemas, lineage, code references     object (list or dict)
            several of these                                    object, with unchanged values
            =================================================== ====================================================

        Raises
        ------
        NotFoundError
            If there is no such asset; the message lists similar assets.
        AmbiguousNameError
            If the key matches several assets; the message lists their components.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.materializations("shop/orders").set_index("partition_key")["metadata.rejected"]  # doctest: +SKIP
        """
        [path] = await find_assets(self._api, [one_asset(asset)])
        events = []
        with self._progress_bar("reading materializations", unit="events") as bar:
            async for page in iter_materializations(self._api, path):
                events += page
                bar.advance(len(page))
        return materializations_frame(events, "/".join(path))

    async def asset_checks(self, asset: AssetLike | None = None) -> pd.DataFrame:
        """Return the checks of an asset, or of all assets, with their results for the last materialization.

        Parameters
        ----------
        asset
            As in `materializations`; None means all assets.

        Returns
        -------
        pandas.DataFrame
            One row per check:

            ============= =================== ======================================================================
            column        dtype               from (``AssetCheck``)
            ============= =================== ======================================================================
            asset         string              ``assetKey``
            check         string              ``name``
            description   string              ``description`` of the check
            blocking      boolean             ``blocking``; NA before Dagster 1.7
            status        string              ``executionForLatestMaterialization.status``, such as ``"SUCCEEDED"`` or
                                              ``"FAILED"``; NA if it was not executed for the last materialization
            severity      string              ``evaluation.severity``: ``"WARN"`` or ``"ERROR"``
            timestamp     datetime64[us, UTC] when it was executed
            run_id        string              ``runId`` of that execution
            partition_key string              ``evaluation.partition``
            message       string              ``evaluation.description``
            metadata      object: dict        ``evaluation.metadataEntries``, by label
            ============= =================== ======================================================================

        Raises
        ------
        NotFoundError
            If there is no such asset; the message lists similar assets.
        AmbiguousNameError
            If the key matches several assets; the message lists their components.
        TypeError, ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> client.asset_checks().query("status == 'FAILED'")  # doctest: +SKIP
        """
        if asset is None:
            paths = await list_asset_paths(self._api)
        else:
            paths = await find_assets(self._api, [one_asset(asset)])
        nodes = await self._asset_nodes("asset_checks", paths, "reading checks")
        return asset_checks_frame(
            [{**node, "checks": unwrap(node["assetChecksOrError"], "AssetChecks")["checks"]} for node in nodes]
        )

    async def _asset_nodes(self, document: str, paths: Sequence[AssetPath], description: str) -> list[dict[str, Any]]:
        """Return the definitions of assets in the order given. Assets without a definition are left out."""
        with self._progress_bar(description, unit="assets", total=len(paths)) as bar:

            async def read(chunk: Sequence[AssetPath]) -> list[dict[str, Any]]:
                answer = await self._read(document, {"keys": asset_key_inputs(chunk)})
                bar.advance(len(chunk))
                nodes: list[dict[str, Any]] = answer["assetNodes"]
                return nodes

            pages = await map_concurrently(read, in_chunks(paths, _ASSETS_PER_REQUEST))
        found = {_path(node): node for page in reversed(pages) for node in reversed(page)}
        return [found[path] for path in paths if path in found]

    async def _last_materialization(self, path: AssetPath) -> list[dict[str, Any]]:
        answer = await self._read("materializations", {"key": {"path": list(path)}, "limit": 1})
        if answer["assetOrError"]["__typename"] == "AssetNotFoundError":
            return []
        events: list[dict[str, Any]] = unwrap(answer["assetOrError"], "Asset")["assetMaterializations"]
        return events


def _path(node: dict[str, Any]) -> AssetPath:
    return tuple(node["assetKey"]["path"])
