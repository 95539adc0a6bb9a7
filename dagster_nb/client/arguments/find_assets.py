"""Find assets by the keys that a user gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

import pandas as pd

from dagster_nb.errors import AmbiguousNameError, NotFoundError
from dagster_nb.graphql.responses import unwrap
from dagster_nb.similar_names import did_you_mean

if TYPE_CHECKING:
    from dagster_nb.graphql.dagster_api import DagsterApi

__all__ = [
    "AssetLike",
    "AssetPath",
    "AssetsLike",
    "asset_key_inputs",
    "check_unambiguous",
    "find_assets",
    "list_asset_paths",
    "one_asset",
    "parse_assets",
]

AssetPath: TypeAlias = tuple[str, ...]
"""The components of an asset key."""


class _HasPath(Protocol):
    """Dagster's ``AssetKey``."""

    @property
    def path(self) -> Sequence[str]:
        """The components."""


# `pd.Series[Any]` is in quotes, because evaluating it raises an error at run time.
AssetLike: TypeAlias = Union[str, _HasPath, Sequence[str], "pd.Series[Any]"]
"""One asset: its key as a string (``"a/b"``), the components of the key (``["a", "b"]``), Dagster's ``AssetKey``, or a
row of the frame from `DagsterClient.assets`."""

AssetsLike: TypeAlias = Union[str, _HasPath, Iterable[AssetLike], "pd.Series[Any]", pd.DataFrame]
"""One asset, a list of assets, or a frame from `DagsterClient.assets`."""


def one_asset(asset: AssetLike) -> str | AssetPath:
    """Return an asset key that a user gives, as a string or as components.

    Raises
    ------
    TypeError
        If `asset` is not an asset key.

    Examples
    --------
    >>> one_asset("shop/orders"), one_asset(["shop", "orders"])
    ('shop/orders', ('shop', 'orders'))
    """
    if isinstance(asset, pd.Series):
        asset = asset["asset_path"] if "asset_path" in asset.index else asset.get("asset", "")
    if isinstance(asset, str) and asset:
        return asset
    components = getattr(asset, "path", asset)
    if (
        isinstance(components, list | tuple)
        and components
        and all(isinstance(part, str) and part for part in components)
    ):
        return tuple(components)
    raise TypeError(f"an asset key must be a string such as 'a/b' or a list of its components, not {asset!r}.")


def parse_assets(assets: AssetsLike) -> list[str | AssetPath]:
    """Return asset keys that a user gives, as strings or components, in the same order and without duplicates.

    Parameters
    ----------
    assets
        One or many keys. A key that is a list of components must be inside another list: ``[["a", "b"]]`` is one key,
        but ``["a", "b"]`` is two keys.

    Raises
    ------
    TypeError
        If `assets` is neither an asset key nor a collection of asset keys.

    Examples
    --------
    >>> parse_assets(["orders", ["shop", "raw"]])
    ['orders', ('shop', 'raw')]
    """
    if isinstance(assets, pd.DataFrame):
        if not {"asset", "asset_path"} & set(assets.columns):
            raise TypeError("this frame has no column 'asset'. Pass a frame from assets().")
        items: Iterable[Any] = [row for _, row in assets.iterrows()]
    elif isinstance(assets, pd.Series):
        items = [assets] if {"asset", "asset_path"} & set(assets.index) else assets.tolist()
    elif isinstance(assets, str) or hasattr(assets, "path"):
        items = [assets]
    elif isinstance(assets, Iterable) and not isinstance(assets, bytes | Mapping):
        items = assets
    else:
        raise TypeError(
            f"expected asset keys such as 'a/b', got {type(assets).__name__}. client.assets() lists all assets."
        )
    return list(dict.fromkeys(one_asset(item) for item in items))


def asset_key_inputs(paths: Iterable[Sequence[str]]) -> list[dict[str, list[str]]]:
    """Return asset keys as the schema's ``AssetKeyInput``."""
    return [{"path": list(path)} for path in paths]


async def list_asset_paths(api: DagsterApi) -> list[AssetPath]:
    """Return the keys of all assets, including those that are no longer defined (``AssetConnection.nodes``)."""
    answer = await api.query("asset_keys")
    return [tuple(node["key"]["path"]) for node in unwrap(answer["assetsOrError"], "AssetConnection")["nodes"]]


async def find_assets(api: DagsterApi, assets: Sequence[str | AssetPath]) -> list[AssetPath]:
    """Return the keys of existing assets. All keys are read from the server once, and only if `assets` is not empty.

    Raises
    ------
    NotFoundError
        If an asset does not exist; the message lists similar assets.
    AmbiguousNameError
        If several assets have the same key as a string, because a component contains a slash.
    """
    if not assets:
        return []
    existing = await list_asset_paths(api)
    return [_find(asset, existing) for asset in assets]


async def check_unambiguous(api: DagsterApi, keys: Sequence[str]) -> None:
    """Check that each key in string form belongs to at most one asset.

    The keys are read from the server only if necessary.

    Raises
    ------
    AmbiguousNameError
        If several assets have the same key as a string, because a component contains a slash.
    """
    existing = await list_asset_paths(api) if keys else []
    for key in keys:
        if len(found := [path for path in existing if "/".join(path) == key]) > 1:
            raise _ambiguous(key, found)


def _find(asset: str | AssetPath, existing: Sequence[AssetPath]) -> AssetPath:
    found = [path for path in existing if asset in {path, "/".join(path)}]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(asset, found)
    text = asset if isinstance(asset, str) else "/".join(asset)
    hint = did_you_mean(text, ["/".join(path) for path in existing]) or "client.assets() lists all assets."
    raise NotFoundError(f"the server has no asset {(asset if isinstance(asset, str) else list(asset))!r}. {hint}")


def _ambiguous(asset: str | AssetPath, found: Sequence[AssetPath]) -> AmbiguousNameError:
    candidates = "\n".join(f"  {list(path)!r}" for path in found)
    return AmbiguousNameError(
        f"{asset!r} can mean any of {len(found)} assets. Pass one of these lists of components:\n{candidates}"
    )
