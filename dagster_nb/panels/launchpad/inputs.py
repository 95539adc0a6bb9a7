"""Convert the text of a launchpad's fields to the arguments of a launch, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["config_text", "ops_text", "own_tags", "parse_ops", "parse_tags", "tags_text"]

# Dagster writes tags with these prefixes itself; they describe one run and make no sense on another.
_SYSTEM_PREFIXES = ("dagster/", ".dagster/")


def parse_tags(text: str) -> tuple[dict[str, str], list[str]]:
    """Return the tags in some text, and the problems of the text.

    Parameters
    ----------
    text
        One tag per line, as ``key: value``. Empty lines are ignored.

    Examples
    --------
    >>> parse_tags("team: data")
    ({'team': 'data'}, [])
    """
    tags: dict[str, str] = {}
    problems = []
    for line in filter(None, map(str.strip, text.splitlines())):
        # A key can contain a colon, so the key ends at the first colon that is followed by a space.
        separator = ": " if ": " in line else ":"
        key, colon, value = (part.strip() for part in line.partition(separator))
        if not colon or not key:
            problems.append(f"Write each tag as key: value. {line!r} is not.")
        elif key in tags:
            problems.append(f"The tag {key!r} is given twice. Remove one of them.")
        else:
            tags[key] = value
    return tags, problems


def tags_text(tags: Mapping[str, str] | None) -> str:
    """Return tags as text that `parse_tags` reads.

    Examples
    --------
    >>> tags_text({"team": "data"})
    'team: data'
    """
    return "\n".join(f"{key}: {value}" for key, value in (tags or {}).items())


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return a run's tags without those that Dagster added itself.

    Examples
    --------
    >>> own_tags({"team": "data", "dagster/partition": "2026-01-01"})
    {'team': 'data'}
    """
    return {key: value for key, value in tags.items() if not key.startswith(_SYSTEM_PREFIXES)}


def parse_ops(text: str) -> list[str]:
    """Return the parts of an op selection, which are separated by commas or spaces.

    Examples
    --------
    >>> parse_ops("load, transform+")
    ['load', 'transform+']
    """
    return text.replace(",", " ").split()


def ops_text(ops: str | Iterable[str] | None) -> str:
    """Return an op selection as text that `parse_ops` reads.

    Examples
    --------
    >>> ops_text(["load", "transform+"])
    'load, transform+'
    """
    return ops if isinstance(ops, str) else ", ".join(ops or ())


def config_text(config: Mapping[str, Any] | str) -> str:
    """Return a run config as YAML text; a string is returned as it is."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True) if isinstance(config, Mapping) else config
