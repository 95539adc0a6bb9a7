"""Draw the pictures of the README section "Questions, answered" with the code in that section.

python -m tests.notebooks.readme_chart_pictures            # draw all pictures with a new demo
python -m tests.notebooks.readme_chart_pictures --url URL  # use a running server
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
    """A question in the README, the code that answers it, and the path of its picture."""

    question: str
    code: str
    picture: Path

    def axes(self, client: dnb.DagsterClient) -> Axes:
        """Evaluate the code and return the axes."""
        import matplotlib.pyplot as plt

        plt.figure(figsize=_SIZE_INCHES, layout="constrained")
        try:
            axes: Axes = eval(self.code, {"dnb": dnb, "client": client})  # noqa: S307 - code of this repository
        finally:
            plt.close()
        return axes


def questions() -> list[Question]:
    """Read the questions from the README."""
    found = _QUESTION.finditer((ROOT / "README.md").read_text(encoding="utf-8"))
    return [Question(one["question"], one["code"], ROOT / one["picture"]) for one in found]


def main() -> None:
    """Draw and save all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="the URL of a running server to use instead of a new demo")
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
