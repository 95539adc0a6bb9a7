"""Draw random sentences from the texts of the project, for a person to judge.

    python -m tests.tooling.sentences --count 100 --seed 1
    python -m tests.tooling.sentences --count 40 --seed 1 --kind error

The sentences come from docstrings, comments, error messages, other strings of several words, Markdown and notebooks.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import random
import re
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
KINDS = ("comment", "docstring", "error", "markdown", "notebook", "text")
_MIN_WORDS = 4
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(\[])")
# Code, tables, headings and underlines are not prose
_NOT_PROSE = re.compile(r"^\s*(>>>|\.\.\. |\||```|#|-{3,}|={3,}|!\[)")


class Sentence(NamedTuple):
    kind: str
    place: str
    text: str


def all_sentences() -> list[Sentence]:
    """Return all sentences of the project, file by file."""
    found: list[Sentence] = []
    for folder in ("dagster_nb", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.extend(_of_python(path))
    for path in sorted(ROOT.glob("*.md")):
        found.extend(_sentences("markdown", path, _paragraphs(path.read_text(encoding="utf-8"))))
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                found.extend(_sentences("notebook", path, _paragraphs("".join(cell["source"]))))
    return found


def _of_python(path: Path) -> Iterator[Sentence]:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring:
                docstrings.add(id(node.body[0].value))
                yield from _sentences("docstring", path, _paragraphs(_without_names(docstring)))
    yield from _sentences("comment", path, _comments(source))
    yield from _texts(tree, path, docstrings)


def _texts(tree: ast.Module, path: Path, skipped: set[int]) -> Iterator[Sentence]:
    """Yield the strings of several words; strings in a raise statement are errors."""
    errors = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Raise) for part in ast.walk(node)}
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.JoinedStr) or (id(node) not in inner and _is_string(node))
        if is_text and id(node) not in skipped and (path.is_relative_to(ROOT / "dagster_nb")):
            text = _literal(node)
            if not _NOT_PROSE.match(text) and re.search(r"[a-z] [a-z]", text):
                yield from _sentences("error" if id(node) in errors else "text", path, [text], split=False)


def _is_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join("{…}" if isinstance(part, ast.FormattedValue) else part.value for part in node.values)
    return node.value


def _comments(source: str) -> Iterator[str]:
    """Yield the comments; comments on consecutive lines are joined."""
    block: list[str] = []
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != last + 1:
            yield " ".join(block)
            block = []
        text = token.string.lstrip("# ")
        if not text.startswith(("noqa", "type:", "fmt:", "pragma")):
            block.append(text)
        last = token.start[0]
    yield " ".join(block)


def _without_names(docstring: str) -> str:
    """Replace the names of sections and of parameters by blank lines."""
    lines = docstring.splitlines()
    kept = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        is_name = _indent(following) > _indent(line) and not line.rstrip().endswith((".", ":", ","))
        is_section = following.strip().startswith("---")
        kept.append("" if is_name or is_section or not line.strip() else line)
    return "\n".join(kept)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of prose, without fenced code."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if not _NOT_PROSE.match(line)]
        yield " ".join(line.strip() for line in lines)


def _sentences(kind: str, path: Path, texts: Iterable[str], *, split: bool = True) -> Iterator[Sentence]:
    for text in texts:
        for part in _END.split(text) if split else [text]:
            if len(part.split()) >= _MIN_WORDS:
                yield Sentence(kind, str(path.relative_to(ROOT)), " ".join(part.split()))


def main() -> None:
    """Draw and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, help="only of this kind")
    options = parser.parse_args()
    found = [one for one in all_sentences() if options.kind in {None, one.kind}]
    drawn = random.Random(options.seed).sample(found, min(options.count, len(found)))
    for number, sentence in enumerate(drawn, 1):
        print(f"{number:3}. [{sentence.kind}] {sentence.text}\n     {sentence.place}")


if __name__ == "__main__":
    main()
