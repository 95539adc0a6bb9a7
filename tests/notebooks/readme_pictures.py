"""The pictures of "Questions, answered" in the README, drawn by the code beside them.

python -m tests.notebooks.readme_pictures            # on a demo of its own, saves all pictures
python -m tests.notebooks.readme_pictures --url URL  # on a server that runs already
"""

from __future__ import annotations

import argparse
import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

import dagster_nb as dnb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[2]
_QUESTION = re.compile(r"\*\*(?P<question>[^*]+)\*\*<br>`(?P<code>[^`]+)`<br>!\[[^\]]+\]\((?P<picture>[^)]+)\)")
_SIZE_INCHES = (6.4, 3.6)


@dataclass(frozen=True)
class Question:
    """A question, the expression that answers it, and the file of its picture."""

    question: str
    code: str
    picture: Path

    def axes(self, client: dnb.DagsterClient) -> Axes:
        """Evaluate the code as a user would, and return what it drew."""
        import matplotlib.pyplot as plt

        plt.figure(figsize=_SIZE_INCHES, layout="constrained")
        try:
            axes: Axes = eval(self.code, {"dnb": dnb, "client": client})  # noqa: S307 - code of this repository
        finally:
            plt.close()
        return axes


def questions() -> list[Question]:
    """Return the questions of the README."""
    found = _QUESTION.finditer((ROOT / "README.md").read_text(encoding="utf-8"))
    return [Question(one["question"], one["code"], ROOT / one["picture"]) for one in found]


def main() -> None:
    """Draw and save all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the URL of a running server, which is used instead of a new demo")
    options = parser.parse_args()
    with ExitStack() as stack:
        client = (
            stack.enter_context(dnb.connect(options.url)) if options.url else stack.enter_context(dnb.demo()).client
        )
        for one in questions():
            figure = one.axes(client).figure
            assert isinstance(figure, Figure)
            figure.savefig(one.picture, dpi=110, facecolor="white")
            print(f"saved {one.picture.name}")


if __name__ == "__main__":
    main()
