"""The GraphQL documents that this package sends: one operation a file, and no GraphQL text anywhere else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from graphql import parse

if TYPE_CHECKING:
    from graphql import DocumentNode

__all__ = ["load", "names", "text"]


def text(name: str) -> str:
    """Return the text of a document, as it stands in its file.

    Parameters
    ----------
    name
        The file's name without ``.graphql``.

    Examples
    --------
    >>> "runIdsOrError" in text("run_ids")
    True
    """
    return (files(__name__) / f"{name}.graphql").read_text(encoding="utf-8")


@cache
def load(name: str) -> DocumentNode:
    """Return a document parsed; each file is read and parsed once.

    Parameters
    ----------
    name
        The file's name without ``.graphql``.

    Examples
    --------
    >>> load("run_ids").kind
    'document'
    """
    return parse(text(name))


def names() -> list[str]:
    """Return the names of all documents, sorted.

    Examples
    --------
    >>> "runs" in names()
    True
    """
    return sorted(
        entry.name.removesuffix(".graphql") for entry in files(__name__).iterdir() if entry.name.endswith(".graphql")
    )
