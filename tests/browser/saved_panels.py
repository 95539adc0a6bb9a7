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
