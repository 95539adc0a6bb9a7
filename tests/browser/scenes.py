"""Scenes for `press_keys`: functions that open parts of a panel, in the notebook of `test_accessibility.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.lab import Notebook

    Scene = Callable[[], object]

# Show only two runs, so that the table is small.
_RESET = """
explorer.wait()
state = explorer.filters, set(explorer.selection), explorer.model.open_run_id
if state != ({"run_ids": two}, set(two), failed.run_id):
    explorer.set_filters(run_ids=two); explorer.wait()
    explorer.model.select(two); explorer.model.open_run(failed.run_id); explorer.wait()
"""
_MANY_RUNS = """
explorer.set_filters(); explorer.wait()
explorer.model.select(explorer.frame['run_id'].head(12))
"""


class ExplorerScenes:
    """The scenes of the explorer. In the notebook, the variable ``two`` contains the ids of two failed runs."""

    def __init__(self, notebook: Notebook):
        self._notebook = notebook
        self._explorer = notebook.page.locator(".dnb-explorer")
        self._detail = self._explorer.locator(".dnb-detail")

    def all(self) -> list[Scene]:
        """Return all scenes."""
        explorer, dialog = self._explorer, self._explorer.get_by_role("alertdialog")
        click = self._click
        return [
            click("Steps", self._detail.get_by_role("img")),
            click("Columns", explorer.get_by_role("button", name="Default columns")),
            click("Code", explorer.get_by_text("runs = client.runs(").first),
            self._log,
            click("Config", self._detail.get_by_role("button", name="Config", pressed=True)),
            click("Failures", explorer.get_by_title("Asks for confirmation before anything is launched")),
            click("Compare two runs", explorer.get_by_text("equal in both runs")),
            click("Delete", dialog),
            click("Re-execute", dialog),
            click("Open in Launchpad", explorer.get_by_role("textbox", name="Run config, as YAML")),
            self._row_menu,
            self._many_runs,
            self._misspelled_job,
        ]

    def visible_together(self) -> list[list[Scene]]:
        """Return all scenes and a chart with the focus, as lists of scenes that the panel shows at the same time."""
        steps, columns, code, log, config, failures, compare, delete, again, launchpad, menu, many, misspelt = (
            self.all()
        )
        return [
            [steps, columns, code, self._chart],
            [log, failures, delete],
            [config, compare, again],
            [launchpad, menu],
            [many],
            [misspelt],
        ]

    def _chart(self) -> None:
        self._reset()
        self._button("Durations").click()
        stage = self._explorer.locator(".dnb-charts .dnb-chart-stage")
        stage.focus()
        stage.press("Home")
        expect(stage.locator(".dnb-chart-tip")).to_be_visible()

    def _reset(self) -> None:
        # Ask the kernel, because the page may not show the effect of the last key yet.
        self._notebook.run(_RESET)
        expect(self._explorer.locator("tr[aria-selected=true]")).to_have_count(2)
        expect(self._detail).to_contain_text("Failed in step")

    def _button(self, name: str) -> Locator:
        return self._explorer.get_by_role("button", name=name, exact=True).first

    def _click(self, name: str, shown: Locator) -> Scene:
        """Return a scene that presses a button, unless the part that the button shows is already visible."""

        def scene() -> None:
            self._reset()
            if not shown.is_visible():
                self._button(name).click()
            expect(shown).to_be_visible()

        return scene

    def _log(self) -> None:
        self._reset()
        if not self._button("Events").is_visible():
            self._button("Log").click()
        self._button("Events").click()
        expect(self._detail.get_by_label("Level")).to_be_visible()

    def _row_menu(self) -> None:
        self._reset()
        self._explorer.locator("tr[data-run]").first.focus()
        self._notebook.page.keyboard.press("Shift+F10")
        expect(self._explorer.get_by_role("menuitem").filter(has_text="Re-execute from failure")).to_be_visible()

    def _many_runs(self) -> None:
        self._notebook.run(_MANY_RUNS)
        self._button("Delete").click()
        expect(self._explorer.get_by_placeholder("12", exact=True)).to_be_visible()

    def _misspelled_job(self) -> None:
        self._notebook.run("explorer.set_filters(job='sync_crn'); explorer.wait()")
        expect(self._explorer.get_by_text("Did you mean")).to_be_visible()


def other_scenes(notebook: Notebook, name: str) -> list[Scene]:
    """Return the scenes of another panel."""
    # An earlier test may have opened a launchpad in the explorer.
    panel = notebook.page.locator(f".dnb-{name}:not(.dnb-explorer *)")

    def run(code: str) -> Scene:
        return lambda: notebook.run(code)

    def choose_simple_job() -> None:
        # Remove the keys that have been typed into the fields. Choosing another job clears all fields but the tags.
        notebook.run("pad.model.edit(tags=''); pad.model.choose(partitioned); pad.model.choose(simple); pad.wait()")
        expect(panel.get_by_role("button", name="Launch", exact=True)).to_be_enabled()

    def click(button: str, shown: Locator) -> Scene:
        def scene() -> None:
            # The last key may still be causing an action.
            notebook.run("monitor.wait()")
            if not shown.is_visible():
                panel.get_by_role("button", name=button, exact=True).first.click()
            expect(shown).to_be_visible()

        return scene

    return {
        "launchpad": [
            run("pad.config = 'ops: {}'; pad.wait()"),
            run("pad.model.choose(partitioned); pad.wait()"),
            choose_simple_job,
        ],
        "monitor": [
            click("Events", panel.get_by_label("Level")),
            click("stderr", panel.get_by_role("button", name="stderr", pressed=True)),
            click("Re-execute", panel.get_by_role("alertdialog")),
        ],
        "schema": [
            run("browser.search('')"),
            run("browser.search('what returns a Run?')"),
        ],
    }[name]
