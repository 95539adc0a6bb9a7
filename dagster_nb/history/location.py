"""Determine the path or URL of a history."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

__all__ = ["default_path", "storage_path", "table_path"]


def default_path(url: str) -> str:
    """Return the default folder for the history of a deployment, in the user's data folder.

    Parameters
    ----------
    url
        The address of the deployment.

    Examples
    --------
    >>> Path(default_path("https://dagster.example.com/prod")).name
    'dagster.example.com-prod-c064abfb'
    """
    from platformdirs import user_data_path  # noqa: PLC0415 - an extra

    readable = re.sub(r"[^A-Za-z0-9.]+", "-", url.split("://", 1)[-1]).strip("-.")
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return str(user_data_path("dagster_nb") / "history" / f"{readable[:80]}-{digest}")


def storage_path(path: str | os.PathLike[str]) -> str:
    """Return an absolute path for a local path, or an object storage URL without its trailing slash.

    Examples
    --------
    >>> storage_path("s3://bucket/dagster/")
    's3://bucket/dagster'
    """
    text = str(path)
    return text.rstrip("/") if "://" in text else str(Path(text).expanduser().absolute())


def table_path(path: str, name: str) -> str:
    """Return the path of one of a history's tables.

    Examples
    --------
    >>> table_path("s3://bucket/dagster", "runs")
    's3://bucket/dagster/runs'
    """
    return f"{path}/{name}" if "://" in path else str(Path(path) / name)
