"""``ActionBar``: the buttons that act on the selected runs, the confirmation, and the outcomes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.confirm import Confirm
from dagster_nb.panels.error_box import ErrorBox
from dagster_nb.panels.explorer.actions import ACTIONS, ActionsModel
from dagster_nb.panels.markup import attribute, grid, link, status, text
from dagster_nb.words import plural, short_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.panels.explorer.actions import Outcome
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ActionBar"]

_BUTTONS = ("terminate", "from_failure", "all_steps", "delete")
_OUTCOMES = {
    "already_finished": "had already finished",
    "not_cancelable": "cannot be stopped safely",
    "not_finished": "has not finished, so it was not deleted",
    "not_found": "no longer exists",
    "unauthorized": "not permitted",
    "canceling": "asked to stop",
}


class ActionBar:
    """The buttons that act on the selected runs, the confirmation, and the outcomes.

    Parameters
    ----------
    model
        The explorer's model.
    actions
        The actions.
    """

    def __init__(self, model: ExplorerModel, actions: ActionsModel):
        self._model = model
        self._actions = actions
        self.confirm = Confirm(model.background)
        on_click = model.background.on_click
        self._selected = widgets.HTML()
        self._buttons = {name: _button(ACTIONS[name].name) for name in _BUTTONS}
        for name, button in self._buttons.items():
            on_click(button, partial(self.ask, name))
        self._select_none = _button("Select none")
        on_click(self._select_none, lambda: model.select([]))
        row = widgets.HBox([self._selected, *self._buttons.values(), self._select_none])
        row.add_class("dnb-wrap")
        self._outcomes = widgets.HTML()
        self._force = _button("Mark as canceled instead…", style="danger")
        on_click(self._force, self._ask_to_force)
        self._dismiss = _button("Dismiss")
        on_click(self._dismiss, actions.dismiss)
        buttons = widgets.HBox([self._force, self._dismiss])
        buttons.add_class("dnb-wrap")
        self._outcome_box = widgets.VBox([self._outcomes, buttons], layout=widgets.Layout(display="none"))
        self._outcome_box.add_class("dnb-box")
        self._error = ErrorBox(model.background)
        self.widget: Any = widgets.VBox(
            [row, self.confirm.widget, self._error.widget, self._outcome_box],
            layout=widgets.Layout(width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-section")

    def ask(self, name: str, run_ids: Sequence[str] | None = None) -> None:
        """Ask the user to confirm an action on some runs, by default on the selected runs.

        If the selection changes before the user confirms, the action still affects the same runs.
        """
        if self._actions.reason_disabled(name, run_ids) is None:
            self._ask(name, self._model.selection if run_ids is None else tuple(run_ids))

    def draw(self) -> None:
        """Enable the buttons of the available actions, and show why the other buttons are disabled."""
        count = len(self._model.selection)
        shown = set(self._model.page_runs["run_id"]) if count else set()
        hidden = sum(run_id not in shown for run_id in self._model.selection)
        elsewhere = f", {hidden} of them on other pages" if hidden else ""
        words = (
            f"<strong>{plural(count, 'run')} selected</strong>{elsewhere}"
            if count
            else '<span class="dnb-muted">Select runs to act on them</span>'
        )
        _set(self._selected, f'<span role="status">{words}</span>')
        for name, button in self._buttons.items():
            reason = self._actions.reason_disabled(name)
            button.disabled = reason is not None
            button.tooltip = reason or ACTIONS[name].question.format(runs=plural(count, "run"))
        self._select_none.layout.display = "" if count else "none"

    def draw_outcomes(self) -> None:
        """Draw the outcome of each run."""
        actions = self._actions
        if actions.error is not None:
            self._error.show(actions.error)
        else:
            self._error.clear()
        if actions.current is not None:
            count = plural(len(actions.run_ids), "run")
            _set(self._outcomes, f'<span role="status">{text(actions.current.name)}: {count}…</span>')
        elif actions.outcomes and actions.last is not None:
            follows = " · following the runs until they finish" if actions.is_following else ""
            rows = [self._outcome_cells(one) for one in actions.outcomes]
            _set(
                self._outcomes,
                f'<div role="status"><strong>{text(actions.last.name)}</strong>{follows}</div>'
                f'<div class="dnb-scroll">{grid(["Run", "Job", "Outcome", "Now", ""], rows)}</div>',
            )
        visible = actions.current is not None or bool(actions.outcomes)
        self._outcome_box.layout.display = "" if visible else "none"
        self._dismiss.layout.display = "" if actions.outcomes else "none"
        self._force.layout.display = "" if self._not_cancelable() else "none"
        self.draw()

    def _ask(self, name: str, run_ids: tuple[str, ...]) -> None:
        action = ACTIONS[name]
        things = []
        for run_id in run_ids:
            run = self._model.cache.run(run_id)
            job = "" if run is None else f" {text(run['job_name'])} {status(str(run['status']))}"
            things.append(f'<span class="dnb-mono">{text(run_id)}</span>{job}')
        count = plural(len(run_ids), "run")
        self.confirm.ask(
            action.question.format(runs=count),
            things=things,
            count=len(run_ids),
            button=f"{action.name}: {count}",
            danger=action.is_irreversible,
            agreed=partial(self._actions.start, name, run_ids),
        )

    def _not_cancelable(self) -> tuple[str, ...]:
        return tuple(
            one.run_id for one in self._actions.outcomes if one.outcome == "not_cancelable" and not one.is_final
        )

    def _ask_to_force(self) -> None:
        self._ask("force", self._not_cancelable())

    def _outcome_cells(self, one: Outcome) -> list[str]:
        run = self._model.cache.run(one.run_id)
        job = "" if run is None else text(run["job_name"])
        outcome = text(_OUTCOMES.get(one.outcome, one.outcome.replace("_", " ")))
        if one.new_run_id is not None:
            outcome += f" as {self._link(one.new_run_id)}"
        now = "" if one.status is None else status(one.status)
        return [self._link(one.run_id), job, outcome, now, text(one.message)]

    def _link(self, run_id: str) -> str:
        url = getattr(self._model.source, "url", None)
        label = short_id(run_id)
        shown = text(label) if url is None else link(f"{url}/runs/{run_id}", label)
        return f'<span class="dnb-mono" title="{attribute(run_id)}">{shown}</span>'


def _button(label: str, *, style: str = "") -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.Button(description=label, button_style=style, layout=widgets.Layout(width="auto"))


def _set(widget: Any, value: str) -> None:  # noqa: ANN401
    # Do not set an equal value, because the browser would redraw the widget.
    if widget.value != value:
        widget.value = value
