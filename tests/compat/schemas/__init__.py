"""What our documents touch of the schema of each minor release of Dagster, a file each: that of its last patch.

Kept are the fields and the arguments that a document names, all members of each union that may answer, and all keys of
inputs and values of enums, for these tell what a server takes. What a version lacks is absent from its file. All is
sorted, so that the difference of two files is what a release changed for us.

``python -m tests.compat.schemas make`` writes the files, ``python -m tests.compat.schemas check`` tells what the
installed Dagster changed.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from dagster_nb.graphql import documents
from tests.compat.schemas.cut import cut

FOLDER = Path(__file__).parent


def versions() -> list[str]:
    """The versions that have a file, oldest first."""
    return sorted((path.stem for path in FOLDER.glob("*.graphql")), key=_numbers)


def path_of(one: str) -> Path:
    return FOLDER / f"{one}.graphql"


@cache
def schema_of(one: str) -> GraphQLSchema:
    """What our documents touch of a version's schema."""
    return build_schema(path_of(one).read_text(encoding="utf-8"))


def touched(text: str) -> str:
    """What our documents touch of a schema, both as text."""
    return cut(text, [documents.load(name) for name in documents.names()])


def write(one: str, text: str) -> None:
    """Write the file of a version, in place of that of an earlier patch."""
    for other in versions():
        if _numbers(other)[:2] == _numbers(one)[:2]:
            path_of(other).unlink()
    path_of(one).write_text(touched(text), encoding="utf-8")


def installed_version() -> str:
    return version("dagster-graphql")


@cache
def installed_text() -> str:
    """The whole schema of the installed Dagster."""
    from dagster_graphql.schema import create_schema

    return str(create_schema())


def _numbers(one: str) -> list[int]:
    # A pre-release counts as its release.
    return [int(number) for number in re.findall(r"\d+", one)[:3]]
