"""Asset keys as strings: ``"a/b"`` for the components ``["a", "b"]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["asset_key", "asset_keys"]


def asset_key(key: Mapping[str, Any] | None) -> str | None:
    """Return an ``AssetKey`` object from the server as a string; None is returned unchanged.

    Examples
    --------
    >>> asset_key({"path": ["shop", "orders"]})
    'shop/orders'
    """
    return None if key is None else "/".join(key["path"])


def asset_keys(keys: Iterable[Mapping[str, Any]] | None) -> list[str] | None:
    """Return ``AssetKey`` objects from the server as strings; None is returned unchanged.

    Examples
    --------
    >>> asset_keys([{"path": ["shop", "orders"]}, {"path": ["raw"]}])
    ['shop/orders', 'raw']
    """
    return None if keys is None else ["/".join(key["path"]) for key in keys]
