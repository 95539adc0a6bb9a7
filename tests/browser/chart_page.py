"""A chart of a panel in the browser, and the positions of its marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Notebook

_READ = """
layer = {layer}
print(json.dumps({{**layer.chart, "marks": np.frombuffer(layer.marks, "float32").reshape(-1, 4).tolist()}}))
"""


class ChartPage:
    """A chart in the page, and what the kernel has sent about it."""

    def __init__(self, notebook: Notebook, panel: str, layer: str):
        self.notebook = notebook
        self.page = notebook.page
        self.layer = layer
        self.stage: Locator = self.page.locator(f"{panel} .dnb-chart-stage")
        self.tip: Locator = self.stage.locator(".dnb-chart-tip")
        self.sent: dict[str, Any] = {}
        self.box: Any = {}

    def settle(self) -> dict[str, Any]:
        """Wait until the browser shows the newest chart, and return what the kernel has sent about it."""
        self.sent = json.loads(self.notebook.run(_READ.format(layer=self.layer)))
        expect(self.stage).to_have_attribute("data-number", str(self.sent["number"]))
        # JupyterLab does not draw what is scrolled away.
        self.stage.scroll_into_view_if_needed()
        self.box = self.stage.bounding_box()
        return self.sent

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the position in the page of a position in the picture."""
        width, height = self.sent["size"]
        return self.box["x"] + x * self.box["width"] / width, self.box["y"] + y * self.box["height"] / height

    def move_to(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.point(x, y))

    def center(self, mark: int) -> tuple[float, float]:
        left, top, right, bottom = self.sent["marks"][mark]
        return (left + right) / 2, (top + bottom) / 2

    def ids_at(self, x: float, y: float) -> set[str]:
        """Return the marks that are closest to a position. Marks that are this close to each other look like one."""
        distances = [
            (max(left - x, 0, x - right) ** 2 + max(top - y, 0, y - bottom) ** 2) ** 0.5
            for left, top, right, bottom in self.sent["marks"]
        ]
        least = min(distances)
        return {one for one, distance in zip(self.sent["ids"], distances, strict=True) if distance <= least + 1}

    def drag(self, first: float, last: float) -> None:
        """Drag from one share of the x axis to another."""
        left, top, right, bottom = self.sent["plot"]
        y = (top + bottom) / 2
        self.move_to(left + (right - left) * first, y)
        self.page.mouse.down()
        self.move_to(left + (right - left) * (first + last) / 2, y)
        self.move_to(left + (right - left) * last, y)
        self.page.mouse.up()
