"""A digest's saved page on a phone screen, in the light and the dark theme."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from dagster_nb import analysis
from dagster_nb.analysis.digests.digest import Digest
from dagster_nb.sandbox.history.plan import plan_history
from tests.browser.lab import SCREENSHOTS
from tests.unit.analysis.digests.every_kind import findings_of_every_kind
from tests.unit.analysis.digests.planned_source import PlannedSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

PHONE = {"width": 390, "height": 844}
UNTIL = dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC)

# Returns the elements that are wider than the page or their container, and the text whose contrast with the background
# is too low
PROBLEMS = """
() => {
  const found = [];
  const width = document.documentElement.clientWidth;
  const name = (element) => `${element.tagName} ${element.textContent.slice(0, 40)}`;
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.background = "Canvas";
  const numbers = (color) => {
    const [r, g, b, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, alpha];
  };
  const over = ([r, g, b, alpha], below) => [r, g, b].map((value, i) => value * alpha + below[i] * (1 - alpha));
  const luminance = (color) => {
    const linear = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = color.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const canvas = numbers(getComputedStyle(probe).backgroundColor).slice(0, 3);
  probe.remove();
  const background = (element) =>
    element ? over(numbers(getComputedStyle(element).backgroundColor), background(element.parentElement)) : canvas;
  const opacity = (element) =>
    element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
  for (const element of document.body.querySelectorAll("*")) {
    const box = element.getBoundingClientRect();
    if (box.right > width + 0.5 || box.left < -0.5) found.push(`does not fit: ${name(element)}`);
    const isBlock = getComputedStyle(element).display === "block";
    if (isBlock && element.scrollWidth > element.clientWidth) found.push(`is cut off: ${name(element)}`);
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!hasText) continue;
    const below = background(element);
    const [r, g, b, alpha] = numbers(getComputedStyle(element).color);
    const shown = over([r, g, b, alpha * opacity(element)], below);
    const [dark, light] = [luminance(below), luminance(shown)].sort((one, other) => one - other);
    const contrast = (light + 0.05) / (dark + 0.05);
    // Pictures and symbols need less contrast than text.
    const needed = element.closest("[role=img], [aria-hidden]") ? 3 : 4.5;
    if (contrast < needed) found.push(`has a contrast of ${contrast.toFixed(2)}: ${name(element)}`);
    if (parseFloat(getComputedStyle(element).fontSize) < 12) found.push(`is too small: ${name(element)}`);
  }
  return found;
}
"""
SCROLLS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory) -> Iterator[Page]:
    """Open a digest with findings of every kind, some with long names."""
    digest = analysis.digest(PlannedSource(plan_history(2000, seed=0, until=UNTIL)), since="60d", as_of=UNTIL)
    name = "a_job_with_a_very_long_name_that_does_not_fit_on_the_screen_of_a_phone"
    found = [*findings_of_every_kind(job=name, automation=name, asset=f"some/{name}"), *digest._found]
    path = tmp_path_factory.mktemp("digest") / "digest.html"
    Digest(found, digest._summary).to_html(path)
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    requested = []
    context.on("request", lambda request: requested.append(request.url))
    opened = context.new_page()
    opened.goto(path.as_uri())
    yield opened
    assert requested == [path.as_uri()], "the page should load nothing else"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_on_a_phone_and_is_readable_in_both_themes(page, scheme):
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("window.innerWidth") == PHONE["width"]
    assert not page.evaluate(SCROLLS)
    assert page.get_by_role("img").count() > 10
    assert page.evaluate(PROBLEMS) == []
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(
        path=SCREENSHOTS / f"digest_{scheme}.png", clip={"x": 0, "y": 0, "width": 390, "height": 2400}, full_page=True
    )
