"""The GraphQL schema of each minor Dagster release, reduced to the parts that our documents use.

Each file describes the latest patch release of one minor release. It contains the fields and arguments that a document
uses, and the complete unions, input types and enums, because these show what a server accepts. Everything is sorted, so
a diff of two files shows only the changes that matter to our documents.

``python -m tests.compat.schemas make`` writes the files. ``python -m tests.compat.schemas check`` compares the
installed Dagster with the newest file.
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
    """Return the versions with a schema file, oldest first."""
    return sorted((path.stem for path in FOLDER.glob("*.graphql")), key=_numbers)


def path_of(one: str) -> Path:
    return FOLDER / f"{one}.graphql"


@cache
def schema_of(one: str) -> GraphQLSchema:
    """Load the reduced schema of a version."""
    return build_schema(path_of(one).read_text(encoding="utf-8"))


def touched(text: str) -> str:
    """Reduce a schema to the parts that our documents use."""
    return reduce_schema(text, [documents.load(name) for name in documents.names()])


def write(one: str, text: str) -> None:
    """Write the schema file of a version, and remove the files of earlier patch releases."""
    for other in versions():
        if _numbers(other)[:2] == _numbers(one)[:2]:
            path_of(other).unlink()
    path_of(one).write_text(touched(text), encoding="utf-8")


def installed_version() -> str:
    return version("dagster-graphql")


@cache
def installed_text() -> str:
    """Return the complete schema of the installed Dagster."""
    from dagster_graphql.schema import create_schema

    return str(create_schema())


def _numbers(one: str) -> list[int]:
    # Ignore a pre-release suffix.
    return [int(number) for number in re.findall(r"\d+", one)[:3]]
