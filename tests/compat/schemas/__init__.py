"""The part of each Dagster release's schema that our documents use, in one file per minor release.

The files are for the last patch of each release. They contain the fields and the arguments that a document names, all
members of each union in a response, and all keys of inputs and values of enums, because these show what a server
accepts. A feature that a version lacks is absent from its file. Everything is sorted, so that the difference between
two files shows what a release changed for us.

``python -m tests.compat.schemas make`` writes the files, ``python -m tests.compat.schemas check`` reports what the
installed Dagster changed.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from dagster_nb.graphql import documents
from tests.compat.schemas.reduce import reduce_schema

FOLDER = Path(__file__).parent


def versions() -> list[str]:
    """Return the versions that have a file, oldest first."""
    return sorted((path.stem for path in FOLDER.glob("*.graphql")), key=_numbers)


def path_of(one: str) -> Path:
    return FOLDER / f"{one}.graphql"


@cache
def schema_of(one: str) -> GraphQLSchema:
    """Return the part of a version's schema that our documents use."""
    return build_schema(path_of(one).read_text(encoding="utf-8"))


def touched(text: str) -> str:
    """Return the part of a schema that our documents use; both schemas are text."""
    return reduce_schema(text, [documents.load(name) for name in documents.names()])


def write(one: str, text: str) -> None:
    """Write the file of a version and remove the file of an earlier patch."""
    for other in versions():
        if _numbers(other)[:2] == _numbers(one)[:2]:
            path_of(other).unlink()
    path_of(one).write_text(touched(text), encoding="utf-8")


def installed_version() -> str:
    return version("dagster-graphql")


@cache
def installed_text() -> str:
    """Return the complete schema of the installed Dagster, as text."""
    from dagster_graphql.schema import create_schema

    return str(create_schema())


def _numbers(one: str) -> list[int]:
    # A pre-release is treated as its release.
    return [int(number) for number in re.findall(r"\d+", one)[:3]]
