"""A chart of a panel in the browser, and the positions of its marks."""

from __future__ import annotations

import json
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from tests.browser.lab import Notebook

_READ = """
layer = {layer}
print(json.dumps({{
    **layer.chart,
    "marks": np.frombuffer(layer.marks, "float32").reshape(-1, 4).tolist(),
    "points": np.frombuffer(layer.lines, "float32").reshape(-1, 3).tolist(),
    "limits": layer._pixels.x_limits,
    "log": layer._pixels.is_log,
}}))
"""
_RECORD = """
acts = {layer}._actions
effect = acts[{action!r}]
done = []
acts[{action!r}] = lambda *arguments: done.append(arguments)
"""


class ChartPage:
    """A chart in the page, and the data that the kernel has sent for it."""

    def __init__(self, notebook: Notebook, panel: str, layer: str):
        self.notebook = notebook
        self.page = notebook.page
        self.layer = layer
        self.stage: Locator = self.page.locator(f"{panel} .dnb-chart-stage")
        self.tip: Locator = self.stage.locator(".dnb-chart-tip")
        self.sent: dict[str, Any] = {}
        self.box: Any = {}

    def settle(self) -> dict[str, Any]:
        """Wait until the browser shows the newest chart, and return the data that the kernel has sent for it."""
        self.sent = json.loads(self.notebook.run(_READ.format(layer=self.layer)))
        expect(self.stage).to_have_attribute("data-number", str(self.sent["number"]))
        # JupyterLab does not render outputs outside the visible part of the page.
        self.stage.scroll_into_view_if_needed()
        self.box = self.stage.bounding_box()
        return self.sent

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Convert a position in the picture to a position in the page."""
        width, height = self.sent["size"]
        return self.box["x"] + x * self.box["width"] / width, self.box["y"] + y * self.box["height"] / height

    def move_to(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.point(x, y))

    def center(self, mark: int) -> tuple[float, float]:
        left, top, right, bottom = self.sent["marks"][mark]
        return (left + right) / 2, (top + bottom) / 2

    def x_of(self, value: float) -> float:
        """Convert a value on the x axis to a position in the picture."""
        left, _, right, _ = self.sent["plot"]
        scale = math.log if self.sent["log"] else float
        first, last = map(scale, self.sent["limits"])
        return float(left + (right - left) * (scale(value) - first) / (last - first))

    def distance(self, mark: int, x: float, y: float) -> float:
        """Return the distance between a mark and a position in the picture."""
        left, top, right, bottom = self.sent["marks"][mark]
        return math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))

    @contextmanager
    def recorded(self, action: str) -> Iterator[Callable[[int], list[list[Any]]]]:
        """Record the calls of an action instead of performing the action.

        Return a function that waits for a number of calls and returns the arguments of each call.
        """
        self.notebook.run(_RECORD.format(layer=self.layer, action=action))

        def wait(count: int) -> list[list[Any]]:
            for _ in range(300):
                done = json.loads(self.notebook.run("print(json.dumps(done))"))
                if len(done) >= count:
                    break
                self.page.wait_for_timeout(100)
            assert len(done) == count
            return list(done)

        yield wait
        self.notebook.run(f"acts[{action!r}] = effect")

    def ids_at(self, x: float, y: float) -> set[str]:
        """Return the ids of the marks closest to a position, including marks at most one pixel farther away."""
        distances = [self.distance(mark, x, y) for mark in range(len(self.sent["marks"]))]
        least = min(distances)
        return {one for one, distance in zip(self.sent["ids"], distances, strict=True) if distance <= least + 1}

    def drag(self, first: float, last: float) -> None:
        """Drag from one fraction of the x axis to another."""
        left, _, right, _ = self.sent["plot"]
        self.drag_between(left + (right - left) * first, left + (right - left) * last)

    def drag_between(self, first: float, last: float) -> None:
        """Drag from one x position in the picture to another."""
        _, top, _, bottom = self.sent["plot"]
        y = (top + bottom) / 2
        self.move_to(first, y)
        self.page.mouse.down()
        self.move_to((first + last) / 2, y)
        self.move_to(last, y)
        self.page.mouse.up()
