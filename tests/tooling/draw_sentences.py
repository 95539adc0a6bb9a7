"""Print random sentences from the project, so that a reader can judge the language.

    python -m tests.tooling.draw_sentences --seed 1
    python -m tests.tooling.draw_sentences --seed 1 --count 0 --errors 40

The sentences come from docstrings, comments, test names, strings of several words, notebooks and Markdown. They include
error messages, and `--errors` draws additional ones.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import random
import re
import subprocess
import tokenize
from bisect import bisect_right
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
MIN_WORDS = 4
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(\[])")
# Matches code, headings, underlines, images and tables, including tables whose columns are separated by spaces
_NOT_PROSE = re.compile(r"^\s*(>>>|\.\.\. |\||```|#|-{3,}|={3,}|!\[|.*\S {2,}\S)")
# The first line of an example or of a table in a docstring. Both end at an empty line
_BLOCK_START = re.compile(r"^\s*(>>>|=+( =+)+$)")
_LIST_ITEM = re.compile(r"^\s*([-*]|\d+\.) ")
_DIRECTIVE = re.compile(r"^#\s*(noqa|type:|fmt:|pragma|!)")

# A line number and the text of that line
Line = tuple[int, str]


class Sentence(NamedTuple):
    kind: str
    place: str
    text: str


def all_sentences() -> list[Sentence]:
    """Return the sentences of all files in git."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    readers = {".py": from_python, ".md": from_markdown, ".ipynb": from_notebook}
    return [
        sentence._replace(place=f"{name}:{sentence.place}")
        for name in listed.stdout.splitlines()
        if Path(name).suffix in readers
        for sentence in readers[Path(name).suffix]((ROOT / name).read_text(encoding="utf-8"))
    ]


def from_markdown(source: str) -> Iterator[Sentence]:
    return _sentences("markdown", enumerate(source.splitlines(), 1))


def from_notebook(source: str) -> Iterator[Sentence]:
    """Yield the sentences of Markdown cells, with their line numbers in the notebook file."""
    in_file = source.splitlines()
    numbers = {text: number for number, text in reversed(list(enumerate(in_file, 1)))}
    for cell in json.loads(source)["cells"]:
        if cell["cell_type"] == "markdown":
            lines = "".join(cell["source"]).splitlines(keepends=True)
            first = json.dumps(lines[0], ensure_ascii=False) if lines else ""
            start = next((number for text, number in numbers.items() if text.strip().rstrip(",") == first), 1)
            yield from _sentences("notebook", enumerate(lines, start))


def from_python(source: str) -> Iterator[Sentence]:
    tree = ast.parse(source)
    yield from _sentences("comment", _comments(source))
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield from _sentences("test", [(node.lineno, node.name.removeprefix("test_").replace("_", " "))])
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0].value if node.body and isinstance(node.body[0], ast.Expr) else None
            if _is_string(docstring):
                docstrings.add(docstring)
                yield from _sentences("docstring", _prose_of(docstring))
    if "def test_" not in source:
        yield from _strings(tree, skip=docstrings)


def _strings(tree: ast.Module, *, skip: set[ast.AST]) -> Iterator[Sentence]:
    """Yield each string of several words as one sentence. Strings in exceptions have the kind "error"."""
    raised = (node for node in ast.walk(tree) if isinstance(node, ast.Raise) or _is_exception(node))
    errors = {part for node in raised for part in ast.walk(node)}
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if node in skip | parts or not (isinstance(node, ast.JoinedStr) or _is_string(node)):
            continue
        text = _text_of(node)
        if re.search(r"[a-z] [a-z]", text) and not _NOT_PROSE.match(text):
            yield Sentence("error" if node in errors else "text", str(node.lineno), " ".join(text.split()))


def _is_exception(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")


def _is_string(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part) for part in node.values)
    return node.value if _is_string(node) else "{…}"


def _comments(source: str) -> Iterator[Line]:
    """Yield the comments, with an empty line between comments that are not on consecutive lines."""
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not _DIRECTIVE.match(token.string):
            number = token.start[0]
            if number != last + 1:
                yield number, ""
            yield number, token.string.lstrip("# ")
            last = number


def _prose_of(docstring: ast.Constant) -> Iterator[Line]:
    """Yield the lines of a docstring, with empty lines instead of section and parameter names, examples and tables."""
    lines = docstring.value.splitlines()
    is_block = False
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True), docstring.lineno):
        is_name = _indent(following) > _indent(line) > 0 and not line.rstrip().endswith((".", ":", ","))
        is_section = following.strip().startswith("---")
        is_block = bool(line.strip()) and (is_block or _BLOCK_START.match(line) is not None)
        yield number, "" if is_name or is_section or is_block else line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _sentences(kind: str, lines: Iterable[Line]) -> Iterator[Sentence]:
    """Yield the sentences of text. Each list item is a paragraph, and empty lines separate other paragraphs."""
    is_code = False
    kept: list[Line] = []
    for number, text in lines:
        is_fence = text.lstrip().startswith("```")
        is_code ^= is_fence
        if _LIST_ITEM.match(text):
            kept.append((number, ""))
        kept.append((number, "" if is_code or is_fence or _NOT_PROSE.match(text) else _LIST_ITEM.sub("", text).strip()))
    for has_text, group in groupby(kept, lambda line: bool(line[1])):
        if has_text:
            yield from _split(kind, list(group))


def _split(kind: str, paragraph: list[Line]) -> Iterator[Sentence]:
    joined = " ".join(text for _, text in paragraph)
    line_starts = [0]
    for _, text in paragraph:
        line_starts.append(line_starts[-1] + len(text) + 1)
    start = 0
    for end in [*_SENTENCE_END.finditer(joined), None]:
        sentence = joined[start : end.start() if end else None]
        if len(sentence.split()) >= MIN_WORDS:
            yield Sentence(kind, str(paragraph[bisect_right(line_starts, start) - 1][0]), sentence)
        start = end.end() if end else start


def main() -> None:
    """Draw sentences and print them with file and line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100, help="number of sentences of any kind (default: 100)")
    parser.add_argument("--errors", type=int, default=0, help="number of additional error messages (default: 0)")
    options = parser.parse_args()
    found = all_sentences()
    errors = [sentence for sentence in found if sentence.kind == "error"]
    draw = random.Random(options.seed)
    drawn = draw.sample(found, min(options.count, len(found))) + draw.sample(errors, min(options.errors, len(errors)))
    for sentence in drawn:
        print(f"{sentence.place}: {sentence.text}")


if __name__ == "__main__":
    main()
