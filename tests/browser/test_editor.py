"""The editor on an empty page: typing, completion, documentation, problems and the fallback if it cannot start."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from dagster_nb.panels.viewport import STATIC, Viewport

expect.set_options(timeout=60_000)

TEXT = "ops:\n  load:\n    config:\n      rows: many\n"
PAGE = """
async ([script, traits]) => {
  const listeners = {};
  window.sent = [];
  window.traits = traits;
  window.model = {
    get: (name) => traits[name],
    set: (name, value) => (traits[name] = value),
    save_changes: () => {},
    on: (name, call) => (listeners[name] ??= []).push(call),
    off: () => {},
    send: (content) => window.sent.push(content),
  };
  window.change = (name, value) => {
    traits[name] = value;
    (listeners[`change:${name}`] ?? []).forEach((call) => call());
  };
  window.answer = (content) => listeners["msg:custom"].forEach((call) => call(content));
  window.keys = [];
  document.addEventListener("keydown", (event) => window.keys.push(event.key));
  const module = await import(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  window.close = module.default.render({ model, el: document.querySelector("#editor") });
}
"""


@pytest.fixture
def page(context):
    made = context.new_page()
    made.errors = []
    made.on("pageerror", lambda error: made.errors.append(str(error)))
    made.set_content(
        f"<style>{Viewport._css}</style><div class='dnb' style='width:700px'><div id='editor'></div></div>"
    )
    yield made
    assert made.errors == []
    made.close()


def show(page, **traits):
    defaults = {"value": TEXT, "problems": [], "disabled": False, "label": "Run config", "language": "yaml"}
    page.evaluate(PAGE, [(STATIC / "editor.js").read_text("utf-8"), {**defaults, **traits}])
    return page.get_by_role("textbox", name="Run config")


def value(page):
    return page.evaluate("traits.value")


def last(page, kind):
    page.wait_for_function("kind => sent.some((one) => one.type === kind)", arg=kind)
    return page.evaluate("kind => sent.filter((one) => one.type === kind).at(-1)", kind)


def test_users_can_type_and_indent_and_undo_and_submit_text_in_the_editor(page):
    editor = show(page)
    editor.press("ControlOrMeta+End")
    editor.press_sequentially("  write:")
    editor.press("Enter")
    editor.press_sequentially("config: 1")
    assert value(page) == f"{TEXT}  write:\n    config: 1"
    editor.press("ControlOrMeta+z")
    editor.press("ControlOrMeta+z")
    assert value(page) != f"{TEXT}  write:\n    config: 1"
    editor.press("ControlOrMeta+y")
    editor.press("ControlOrMeta+Enter")
    assert last(page, "submit") == {"type": "submit", "value": value(page)}
    # The editor stops all key events, because JupyterLab would treat them as shortcuts.
    assert page.evaluate("keys") == []


def test_the_keyboard_can_leave_the_editor(page):
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button>Next</button>')")
    editor = show(page)
    editor.focus()
    editor.press("Tab")
    expect(editor).to_be_focused()
    editor.press("Escape")
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()


def test_the_kernel_provides_the_completions(page):
    editor = show(page)
    editor.press("ControlOrMeta+End")
    editor.press_sequentially("😀: 1\nro")
    asked = last(page, "complete")
    page.wait_for_function("sent.at(-1).text.endsWith('ro')")
    asked = last(page, "complete")
    # The cursor counts an emoji as one character, as Python does.
    assert asked["cursor"] == len(asked["text"])
    candidate = {"text": "rows: ", "label": "rows", "kind": "property", "detail": "Int", "info": "How many rows."}
    page.evaluate("([id, candidate]) => answer({ id, word: 'ro', candidates: [candidate] })", [asked["id"], candidate])
    expect(page.locator(".cm-completionInfo")).to_have_text("How many rows.")
    page.get_by_role("option", name="rows").click()
    assert value(page).endswith("rows: ")


def test_problems_are_underlined_and_keys_are_explained(page):
    problem = {"line": 4, "start": 6, "end": 10, "message": "<b>rows</b> must be a number"}
    editor = show(page, problems=[problem])
    marked = page.locator(".cm-lintRange-error")
    expect(marked).to_have_text("rows")
    expect(editor).to_have_attribute("aria-invalid", "true")
    marked.hover()
    expect(page.locator(".cm-tooltip-lint")).to_have_text("<b>rows</b> must be a number")
    asked = last(page, "hover")
    page.evaluate("id => answer({ id, text: 'rows: Int, default <3>' })", asked["id"])
    expect(page.locator(".dnb-hover")).to_have_text("rows: Int, default <3>")
    page.evaluate("change('problems', [])")
    expect(marked).to_have_count(0)


def test_problems_and_their_list_can_be_reached_with_the_keyboard(page):
    problems = [{"line": line, "start": 2, "end": 6, "message": f"problem {line}"} for line in (2, 3)]
    editor = show(page, problems=problems)
    hints = page.locator(f"#{editor.get_attribute('aria-describedby')}")
    expect(hints).to_contain_text("F8: next problem")
    # The editor removes an announcement again, so record them.
    page.evaluate(
        """() => {
          window.announced = [];
          const element = document.querySelector(".cm-announced");
          const record = () => element.textContent.trim() && announced.push(element.textContent.trim());
          new MutationObserver(record).observe(element, { childList: true, characterData: true, subtree: true });
        }"""
    )
    for message in ("problem 2", "problem 3", "problem 2"):
        editor.press("F8")
        expect(page.locator(".cm-tooltip-lint")).to_have_text(message)
        page.wait_for_function("message => announced.at(-1)?.includes(message)", arg=message)
    editor.press("ControlOrMeta+Shift+KeyM")
    found = page.get_by_role("listbox", name="Diagnostics")
    expect(found).to_be_focused()
    expect(found.get_by_role("option")).to_have_text(["problem 2", "problem 3"])
    page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    expect(editor).to_be_focused()
    page.evaluate("change('problems', [])")
    editor.press("F8")
    expect(page.locator(".cm-tooltip-lint")).to_have_count(0)


def test_the_plain_text_area_is_hidden_if_the_script_works_even_if_the_area_appears_later(page):
    area = page.locator(".dnb-editor-fallback")
    add_area = "document.querySelector('#editor').insertAdjacentHTML('afterend', '<p class=dnb-editor-fallback>area')"
    page.evaluate(add_area)
    expect(area).to_be_visible()
    show(page)
    expect(area).to_be_hidden()
    area.evaluate("area => area.remove()")
    page.evaluate(add_area)
    expect(area).to_be_hidden()
    assert page.evaluate("traits.has_started")


def test_text_from_the_kernel_replaces_the_content_and_can_be_undone(page):
    editor = show(page)
    page.evaluate("change('value', 'a: 1')")
    expect(editor).to_have_text("a: 1")
    editor.press("ControlOrMeta+z")
    expect(editor).to_contain_text("rows: many")
    assert value(page) == TEXT
    page.evaluate("change('disabled', true)")
    expect(page.get_by_role("textbox", name="Run config")).to_have_attribute("contenteditable", "false")


def test_searches_its_text(page):
    editor = show(page)
    editor.press("ControlOrMeta+f")
    field = page.get_by_role("textbox", name="Find")
    field.press_sequentially("rows")
    expect(page.locator(".cm-searchMatch")).to_have_text("rows")


def test_highlights_graphql(page):
    show(page, language="graphql", value='query Q($a: Int) { runs(limit: $a, name: "x") { id } } # all')
    expect(page.locator(".cm-line span").get_by_text("query", exact=True)).to_be_visible()
    assert page.locator(".cm-line span").count() > 5


def test_a_plain_text_area_replaces_an_editor_that_cannot_start(page):
    page.evaluate(
        """
        () => { window.MutationObserver = class extends MutationObserver {
          observe(target, options) {
            if (target.classList?.contains("cm-content")) throw new Error("this browser does not allow it");
            super.observe(target, options);
          }
        } }
        """
    )
    area = show(page)
    assert area.evaluate("area => area.tagName") == "TEXTAREA"
    expect(area).to_have_value(TEXT)
    area.fill("a: 1")
    assert value(page) == "a: 1"
    area.press("ControlOrMeta+Enter")
    assert last(page, "submit")["value"] == "a: 1"
    assert page.evaluate("keys") == []
