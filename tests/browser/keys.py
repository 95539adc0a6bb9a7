"""Press the keys that are commands of JupyterLab and Notebook, such as ``x``, which cuts the selected cell."""

from __future__ import annotations

KEYS = ["a", "b", "c", "d", "x", "m", "y", "z", "Enter", "Escape"]
CELLS = """
jupyterapp.shell.currentWidget.content.widgets.map(
  ({ model }) => [model.type, model.sharedModel.source, model.executionCount]
)
"""
FOCUSABLE = """:is(
  button:not([tabindex="-1"]), input:not([tabindex="-1"]), select, textarea, a[href], summary, [tabindex="0"],
  [contenteditable="true"]
)"""
# Enter on a link would open it, and on a button it could stop what a test is doing.
TAKES_ENTER = "element => !['A', 'BUTTON', 'SUMMARY'].includes(element.tagName)"


def press_keys(page, panel, focusable=FOCUSABLE):
    """Press every key on every focusable element of a panel, check the cells, and return how many were pressed."""
    before = page.evaluate(CELLS)
    pressed = 0
    for element in panel.locator(focusable).all():
        if not element.is_visible() or element.is_disabled():
            continue
        has_enter = element.evaluate(TAKES_ENTER)
        for key in KEYS if has_enter else [key for key in KEYS if key != "Enter"]:
            # A key may have removed the element.
            if not element.is_visible():
                break
            element.evaluate("element => element.focus()")
            page.keyboard.press(key)
            pressed += 1
        assert page.evaluate(CELLS) == before, element
    return pressed
