"""The buttons for the selected runs, the question before, and the outcomes after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.confirm import Confirm
from dagster_nb.panels.explorer.acting import ACTIONS, Actions
from dagster_nb.panels.markup import grid, link, plural, status, text
from dagster_nb.panels.notices import ErrorBox

if TYPE_CHECKING:
    from dagster_nb.panels.explorer.acting import Outcome
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ActionBar"]

_BUTTONS = ("terminate", "from_failure", "all_steps", "delete")
_WORDS = {
    "already_finished": "had ended already",
    "not_cancelable": "cannot be stopped safely",
    "not_finished": "has not ended, and was left alone",
    "not_found": "does not exist any more",
    "unauthorized": "not permitted",
    "canceling": "asked to stop",
}


class ActionBar:
    """Draws what can be done to the selected runs.

    Parameters
    ----------
    model
        Whose selection.
    actions
        What does it.
    """

    def __init__(self, model: ExplorerModel, actions: Actions):
        self._model = model
        self._actions = actions
        self.confirm = Confirm()
        self._words = widgets.HTML()
        self._buttons: dict[str, Any] = {}
        for name in _BUTTONS:
            button = widgets.Button(description=ACTIONS[name].name, layout=widgets.Layout(width="auto"))
            button.on_click(lambda _button, name=name: self.ask(name))
            self._buttons[name] = button
        self._none = widgets.Button(description="Select none", layout=widgets.Layout(width="auto"))
        self._none.on_click(lambda _button: model.select([]))
        row = widgets.HBox([self._words, *self._buttons.values(), self._none])
        row.add_class("dnb-wrap")
        self._outcomes = widgets.HTML()
        self._force = widgets.Button(
            description="Mark as canceled instead…", button_style="danger", layout=widgets.Layout(width="auto")
        )
        self._force.on_click(lambda _button: self._ask_to_force())
        self._dismiss = widgets.Button(description="Dismiss", layout=widgets.Layout(width="auto"))
        self._dismiss.on_click(lambda _button: actions.dismiss())
        after = widgets.HBox([self._force, self._dismiss])
        after.add_class("dnb-wrap")
        self._after = widgets.VBox([self._outcomes, after], layout=widgets.Layout(display="none"))
        self._after.add_class("dnb-box")
        self._error = ErrorBox()
        self.widget: Any = widgets.VBox(
            [row, self.confirm.widget, self._error.widget, self._after],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section")

    def ask(self, name: str) -> None:
        """Ask whether to do it to the runs that are selected now, whatever is selected later."""
        if self._actions.possible(name) is None:
            self._ask(name, self._model.selection)

    def draw(self) -> None:
        """Draw which buttons can be pressed, and why the others cannot."""
        count = len(self._model.selection)
        shown = set(self._model.window["run_id"]) if count else set()
        hidden = sum(run_id not in shown for run_id in self._model.selection)
        elsewhere = f", {hidden} of them on other pages" if hidden else ""
        words = (
            f"<strong>{plural(count, 'run')} selected</strong>{elsewhere}"
            if count
            else ('<span class="dnb-muted">Select runs to act on them</span>')
        )
        self._set(self._words, f'<span role="status">{words}</span>')
        for name, button in self._buttons.items():
            why = self._actions.possible(name)
            button.disabled = why is not None
            button.tooltip = why or ACTIONS[name].question.format(runs=plural(count, "run"))
        self._none.layout.display = "" if count else "none"

    def draw_outcomes(self) -> None:
        """Draw what came of it, run by run."""
        actions = self._actions
        if actions.error is not None:
            self._error.show(actions.error)
        else:
            self._error.clear()
        if actions.doing is not None:
            self._set(
                self._outcomes,
                f'<span role="status">{text(actions.doing.name)}: {plural(len(actions.asked_of), "run")}…</span>',
            )
        elif actions.outcomes and actions.done is not None:
            follows = " · following them" if actions.following else ""
            rows = [self._outcome(one) for one in actions.outcomes]
            self._set(
                self._outcomes,
                f'<div role="status"><strong>{text(actions.done.name)}</strong>{follows}</div>'
                f'<div class="dnb-scroll">{grid(["Run", "Job", "Outcome", "Now", ""], rows)}</div>',
            )
        visible = actions.doing is not None or bool(actions.outcomes)
        self._after.layout.display = "" if visible else "none"
        self._dismiss.layout.display = "" if actions.outcomes else "none"
        self._force.layout.display = "" if self._stubborn() else "none"
        self.draw()

    def _ask(self, name: str, ids: tuple[str, ...]) -> None:
        action = ACTIONS[name]
        runs = self._model.store
        things = []
        for run_id in ids:
            row = runs.row(run_id)
            job = "" if row is None else f" {text(row['job_name'])} {status(str(row['status']))}"
            things.append(f'<span class="dnb-mono">{text(run_id)}</span>{job}')
        self.confirm.ask(
            action.question.format(runs=plural(len(ids), "run")),
            things=things,
            count=len(ids),
            button=f"{action.name}: {plural(len(ids), 'run')}",
            danger=action.danger,
            agreed=lambda: self._actions.take(name, ids),
        )

    def _stubborn(self) -> tuple[str, ...]:
        return tuple(
            one.run_id for one in self._actions.outcomes if one.outcome == "not_cancelable" and not one.settled
        )

    def _ask_to_force(self) -> None:
        self._ask("force", self._stubborn())

    def _outcome(self, one: Outcome) -> list[str]:
        row = self._model.store.row(one.run_id)
        job = "" if row is None else text(row["job_name"])
        what = text(_WORDS.get(one.outcome, one.outcome.replace("_", " ")))
        if one.new_run_id is not None:
            what += f" as {self._link(one.new_run_id)}"
        now = "" if one.status is None else status(one.status)
        return [self._link(one.run_id), job, what, now, text(one.message)]

    def _link(self, run_id: str) -> str:
        url = getattr(self._model.source, "url", None)
        short = f'<span class="dnb-mono" title="{run_id}">'
        return f"{short}{link(f'{url}/runs/{run_id}', run_id[:8]) if url else text(run_id[:8])}</span>"

    @staticmethod
    def _set(widget: Any, value: str) -> None:  # noqa: ANN401
        if widget.value != value:
            widget.value = value
