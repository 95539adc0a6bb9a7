"""Report the changes in the schema of another version that affect our documents."""

from __future__ import annotations

import difflib

from graphql import build_schema, validate

from dagster_nb.graphql import documents
from tests.compat.schemas import path_of, touched, versions


def problems(text: str) -> dict[str, list[str]]:
    """Validate each document against this schema, and return the errors."""
    schema = build_schema(text)
    found = {name: [error.message for error in validate(schema, documents.load(name))] for name in documents.names()}
    return {name: messages for name, messages in found.items() if messages}


def report(version: str, text: str) -> tuple[str, bool]:
    """Return the differences from the newest schema file as Markdown, and whether they make a document invalid.

    Parameters
    ----------
    version
        The version of Dagster.
    text
        Its complete schema.
    """
    known = versions()[-1]
    broken = problems(text)
    lines = [f"# What Dagster {version} changes since {known}", ""]
    if broken:
        lines += ["These documents request something that this version does not have:", ""]
        lines += [f"- `{name}`: {message}" for name, messages in broken.items() for message in messages]
    else:
        lines += ["This version has everything that our documents request."]
    before, after = path_of(known).read_text(encoding="utf-8"), touched(text)
    changes = difflib.unified_diff(before.splitlines(), after.splitlines(), known, version, lineterm="")
    difference = "\n".join(changes)
    lines += ["", f"```diff\n{difference}\n```" if difference else "Nothing that our documents use has changed."]
    return "\n".join(lines), bool(broken)
