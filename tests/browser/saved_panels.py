"""Check whether a page shows a notebook's panels as live panels or as static output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Maps text that identifies the static output of a panel to the minimum number of rows in this output
_OUTPUTS = {"RunExplorer of": 4, "open in Dagster": 4, "Launchpad: ": 2, "Schema browser of": 4}
_PANELS = ("explorer", "monitor", "launchpad", "schema")
_HOW_TO_USE = "To use the panel, run the cell again in Jupyter."


def shows_live_panels(page: Page) -> None:
    """Check that the page shows all four panels, and no static output."""
    for name in _PANELS:
        expect(page.locator(f".dnb-{name}:visible")).to_have_count(1)
    expect(page.get_by_text(_HOW_TO_USE).locator("visible=true")).to_have_count(0)


# Replace the content of each widget output, as ipywidgets does before the page is connected to a kernel. Return the
# number of these outputs.
_SHOW_LOADING = """
() => [...document.querySelectorAll(".dnb-saved")].filter((saved) => {
  let output = saved.closest(".jp-OutputArea-child").previousElementSibling;
  if (!output.matches(".jp-OutputArea-child")) output = output.previousElementSibling;
  const content = output.querySelector(".jp-OutputArea-output");
  content.classList.remove("jupyter-widgets");
  content.textContent = "Loading widget...";
  return true;
}).length
"""


def hides_loading_message(page: Page) -> None:
    """Check that a reopened notebook hides Jupyter's message about widgets that it is still loading."""
    assert page.evaluate(_SHOW_LOADING) == len(_PANELS)
    expect(page.get_by_text("Loading widget").locator("visible=true")).to_have_count(0)


def shows_static_output(page: Page) -> None:
    """Check that the page shows the static output of all four panels, with rows and pictures, and no live panels."""
    expect(page.get_by_text(_HOW_TO_USE).locator("visible=true")).to_have_count(len(_PANELS))
    expect(page.locator(".dnb:visible")).to_have_count(0)
    expect(page.get_by_text("model not found").locator("visible=true")).to_have_count(0)
    for text, rows in _OUTPUTS.items():
        saved = page.locator(".dnb-saved", has_text=text)
        expect(saved).to_have_count(1)
        assert saved.get_by_role("row").count() >= rows, text
        # A picture of a GraphQL schema would have thousands of types.
        if text != "Schema browser of":
            picture = saved.get_by_role("img").first
            expect(picture).to_be_visible()
            assert picture.evaluate("image => image.naturalWidth") > 300
