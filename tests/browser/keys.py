"""Press keys that are JupyterLab shortcuts, such as ``x``, which cuts the selected cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

KEYS = ["a", "b", "c", "d", "x", "m", "y", "z", "Enter", "Escape"]
CELLS = """
jupyterapp.shell.currentWidget.content.widgets.map(
  ({ model }) => [model.type, model.sharedModel.source, model.executionCount]
)
"""
# Every client call that would change something raises an error, so that the test can press all buttons.
REFUSE_CHANGES = """
from dagster_nb.graphql.dagster_api import DagsterApi
refused = []
async def refuse(self, document, variables=None):
    refused.append(document)
    raise dnb.QueryError("the test refuses this request")
DagsterApi.mutate = refuse
"""
# Focus a panel's first element that has not had the focus yet, and return a description of the element. An element that
# was redrawn counts as the same element.
_FOCUS_NEXT = """
(selector) => {
  window.dnbPressed ??= new Set();
  const able = "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]";
  for (const panel of document.querySelectorAll(selector)) {
    for (const element of panel.querySelectorAll(able)) {
      if (element.disabled || !element.checkVisibility({ visibilityProperty: true })) continue;
      const text = ["BUTTON", "A", "SUMMARY"].includes(element.tagName) ? element.textContent : "";
      const { ariaLabel, labels, title, placeholder } = element;
      const name = ariaLabel || labels?.[0]?.textContent || title || placeholder || text;
      const kind = element.className.replace(/mod-active|dnb-selected|cm-focused|dnb-hue-\\w+/g, "");
      // Rows differ only in their values, and so do the buttons for the tags and the filters.
      const cell = element.closest("[data-run]") && `column ${element.closest("td")?.cellIndex}`;
      const similar = name.replace(/\\d+| [▲▼]|(?<=column tag: ).*/g, "0");
      const label = cell || (kind.includes("dnb-remove") ? "remove" : similar);
      const key = [selector, element.tagName, kind, label].join(" ").replace(/\\s+/g, " ");
      if (window.dnbPressed.has(key)) continue;
      window.dnbPressed.add(key);
      element.focus();
      if (document.activeElement === element) return key;
    }
  }
  return null;
}
"""
# Do not open Dagster's pages.
_KEEP_PAGE = """
document.addEventListener("click", (event) => event.target.closest("a[target]") && event.preventDefault(), true)
"""


def press_keys(page: Page, panel: str, *scenes: Callable[[], object]) -> list[str]:
    """Press every key on every focusable element of a panel, and return a description of each element.

    After each element, check that the notebook's cells are unchanged.

    Parameters
    ----------
    page
        The page with the notebook.
    panel
        The CSS selector of the panel.
    scenes
        Functions that open parts of the panel, such as a menu or a dialog. A key may close what a scene has opened, so
        the scenes are repeated until no new elements appear.
    """
    page.evaluate(_KEEP_PAGE)
    before = page.evaluate(CELLS)
    pressed: list[str] = []
    for scene in scenes or [lambda: None]:
        while True:
            scene()
            count = len(pressed)
            while element := page.evaluate(_FOCUS_NEXT, panel):
                # Each key goes to the element that currently has the focus. Enter can move the focus.
                for key in KEYS:
                    page.keyboard.press(key)
                assert page.evaluate(CELLS) == before, element
                pressed.append(element)
            if len(pressed) == count:
                break
    return pressed
