"""Example operations from the documentation of Dagster's GraphQL API, one per file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["examples"]


@cache
def examples() -> dict[str, str]:
    """Return the operations by title.

    Examples
    --------
    >>> list(examples())[0]
    'Runs, newest first, one page at a time'
    """
    paths = sorted(
        (one for one in files(__name__).iterdir() if one.name.endswith(".graphql")), key=lambda one: one.name
    )
    texts = [path.read_text(encoding="utf-8").partition("\n") for path in paths]
    return {title.removeprefix("# "): document for title, _, document in texts}
