"""Press keys that are JupyterLab shortcuts, such as ``x``, which cuts the selected cell."""

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
# Skip Enter on these elements, because it would open a link or press a button.
TAKES_ENTER = "element => !['A', 'BUTTON', 'SUMMARY'].includes(element.tagName)"


def press_keys(page, panel, focusable=FOCUSABLE):
    """Press every key on every focusable element of a panel, and return the number of keystrokes.

    After each element, check that the notebook's cells are unchanged.
    """
    before = page.evaluate(CELLS)
    pressed = 0
    for element in panel.locator(focusable).all():
        if not element.is_visible() or element.is_disabled():
            continue
        has_enter = element.evaluate(TAKES_ENTER)
        for key in KEYS if has_enter else [key for key in KEYS if key != "Enter"]:
            # The previous key may have removed the element.
            if not element.is_visible():
                break
            element.evaluate("element => element.focus()")
            page.keyboard.press(key)
            pressed += 1
        assert page.evaluate(CELLS) == before, element
    return pressed
