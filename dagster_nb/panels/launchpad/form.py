"""The form of a launchpad: its fields, its buttons, and the problems in the user's input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from dagster_nb.panels.editor import Editor, editor_box
from dagster_nb.panels.launchpad.config_completion import ConfigHelp
from dagster_nb.panels.launchpad.job_picker import JobPicker
from dagster_nb.panels.markup import text
from dagster_nb.words import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster_nb.panels.background import Background
    from dagster_nb.panels.launchpad.model import LaunchpadModel

__all__ = ["Form", "problems_html"]

_MAX_PROBLEMS = 8
_MAX_MESSAGE_LENGTH = 600


class Form:
    """The form that shows the state of a launchpad and lets users change it.

    Parameters
    ----------
    model
        The state of the launchpad.
    background
        The panel's background tasks, which run the handlers of widget events in the kernel's thread.
    """

    def __init__(self, model: LaunchpadModel, background: Background):
        self._model = model
        self._picker = JobPicker(model, background)
        self._partition = _field(
            widgets.Combobox(description="Partition", placeholder="none", ensure_option=False, continuous_update=False)
        )
        self._ops = _field(widgets.Text(description="Ops to run", placeholder="all", continuous_update=True))
        self._ops_help = widgets.HTML()
        self._tags = _field(
            widgets.Textarea(description="Tags", placeholder="team: data", rows=3, continuous_update=True)
        )
        self._title = widgets.HTML()
        self._editor = Editor(label="Run config, as YAML", disabled=True)
        self._reset = widgets.Button(description="Reset config", layout=widgets.Layout(width="auto"), disabled=True)
        self._last_run = widgets.Button(description="Config of the last run", layout=widgets.Layout(width="auto"))
        self._any_run: Any = widgets.Text(
            placeholder="run id", continuous_update=False, layout=widgets.Layout(width="170px")
        )
        self._of_run = widgets.Button(description="Config of this run:", layout=widgets.Layout(width="auto"))
        templates = widgets.HBox([self._reset, self._last_run, self._of_run, self._any_run])
        templates.add_class("dnb-wrap")
        self._problems = widgets.HTML()
        self._launch = widgets.Button(description="Launch", button_style="primary", layout=widgets.Layout(width="auto"))
        self._state = widgets.HTML()
        buttons = widgets.HBox([self._launch, self._state])
        buttons.add_class("dnb-wrap")
        fields = [self._picker.widget, self._partition, self._ops, self._ops_help, self._tags]
        self.widget: Any = widgets.HBox(
            [
                _column(fields, flex="1 1 250px"),
                _column([self._title, templates, editor_box(self._editor), self._problems, buttons], "3 1 420px"),
            ],
            layout=widgets.Layout(width="100%", overflow="visible", flex_flow="row wrap", grid_gap="8px 20px"),
        )
        self.widget.add_class("dnb-launch-form")
        self._listen(background)
        self._draw_job()

    def _listen(self, background: Background) -> None:
        model, on = self._model, self._model.changes.on
        on("job", self._draw_job)
        on("config", self._draw_config)
        on("jobs state", self._draw_state)
        background.on_change(self._editor, lambda config: model.edit(config=config))
        background.on_change(self._tags, lambda tags: model.edit(tags=tags))
        background.on_change(self._ops, lambda ops: model.edit(ops=ops))
        background.on_change(self._partition, lambda partition: model.choose_partition(partition.strip()))
        background.on_click(self._launch, model.launch)
        background.on_click(self._reset, model.reset)
        background.on_click(self._last_run, model.use_config_of_run)
        background.on_click(self._of_run, self._use_config_of_run)
        background.on_change(self._any_run, lambda _run_id: self._use_config_of_run())
        self._editor.on_submit(lambda config: background.call(partial(self._submit, config)))

    def _use_config_of_run(self) -> None:
        if run_id := self._any_run.value.strip():
            self._model.use_config_of_run(run_id)

    def _submit(self, config: str) -> None:
        # The new value of the editor can arrive after the event for Ctrl-Enter.
        self._editor.value = config
        self._model.launch()

    def _draw_job(self) -> None:
        address, scaffold = self._model.address, self._model.scaffold
        if address is None:
            self._title.value = '<div class="dnb-muted">Choose a job.</div>'
        else:
            self._title.value = (
                f'<div role="heading" aria-level="3"><strong>{text(address.job)}</strong> '
                f'<span class="dnb-muted">{text(address.location)} · {text(address.repository)}</span></div>'
            )
        partitions = scaffold.partitions if scaffold is not None else ()
        ops = scaffold.ops if scaffold is not None else ()
        self._partition.options = tuple(reversed(partitions))
        self._partition.value, self._ops.value, self._tags.value = (
            self._model.partition,
            self._model.ops,
            self._model.tags,
        )
        self._partition.layout.display = "" if partitions or self._model.partition else "none"
        self._ops.layout.display = "" if ops or self._model.ops else "none"
        self._ops_help.value = _ops_help(ops, scaffold.example if scaffold is not None else "")
        if scaffold is None or scaffold.schema is None:
            self._editor.help_with(None)
        else:
            known = ConfigHelp(scaffold.schema)
            self._editor.help_with(known.complete, known.describe)
        self._draw_config()
        self._draw_state()

    def _draw_config(self) -> None:
        self._editor.value = self._model.config

    def _draw_state(self) -> None:
        model = self._model
        is_ready = model.scaffold is not None
        problems = [] if model.needs_partition else model.problems
        self._editor.problems = [
            {"line": one.line, "start": one.start, "end": one.end, "message": one.message}
            for one in problems
            if one.line is not None
        ]
        self._editor.disabled = not is_ready or model.launching
        self._launch.disabled = not model.can_launch
        self._launch.tooltip = model.source.reason_forbidden or ""
        for field in (self._last_run, self._of_run, self._any_run):
            field.disabled = not is_ready or model.launching
        self._reset.disabled = not is_ready or model.launching or not (model.is_edited or model.has_other_config)
        self._problems.value = problems_html(model)
        self._state.value = f'<span role="status">{self._state_text()}</span>'

    def _state_text(self) -> str:
        """Return HTML that says what the launchpad is doing, or what the user must do next."""
        model = self._model
        if (reason := model.source.reason_forbidden) is not None:
            return f"Runs cannot be launched here: {text(reason)}."
        if model.loading:
            return "Loading…"
        if model.launching:
            return "Launching…"
        if model.scaffold is None or model.error is not None:
            return ""
        if model.needs_partition:
            return "Choose a partition to load its config, or write your own config."
        if not model.checked:
            return '<span class="dnb-muted">Checking…</span>'
        if model.problems:
            return f"✖ Fix {plural(len(model.problems), 'problem')} before launching."
        if model.has_other_config:
            return "Click Reset config to load the config of this partition."
        return (
            '● The config is valid. <span class="dnb-muted">In the editor, press Ctrl-Enter to launch the job.</span>'
        )


def problems_html(model: LaunchpadModel) -> str:
    """Return the problems as HTML. Return "" if there are none, or if the user must choose a partition first."""
    if not model.problems or model.needs_partition:
        return ""
    items = []
    for problem in model.problems[:_MAX_PROBLEMS]:
        message = problem.message
        if len(message) > _MAX_MESSAGE_LENGTH:
            message = f"{message[:_MAX_MESSAGE_LENGTH]}…"
        place = f'<strong class="dnb-mono">{text(f"{problem.place}: ")}</strong>' if problem.place else ""
        items.append(f"<li>{place}{text(message)}</li>")
    rest = len(model.problems) - len(items)
    more = f'<div class="dnb-muted">and {rest} more</div>' if rest > 0 else ""
    listed = f'<ul class="dnb-things" tabindex="0" aria-label="Problems">{"".join(items)}</ul>'
    return f'<div class="dnb-box dnb-box-error" role="alert">{listed}{more}</div>'


def _ops_help(ops: Sequence[str], example: str) -> str:
    if not ops:
        return ""
    names = ", ".join(text(op) for op in ops)
    more = f" {text(example)} also runs the ops after {text(example.rstrip('*'))}." if example else ""
    return f'<div class="dnb-muted">The job has {names}.{more}</div>'


def _field(field: Any) -> Any:  # noqa: ANN401 - ipywidgets has no types
    field.add_class("dnb-field")
    field.layout.width = "100%"
    return field


def _column(children: list[Any], flex: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.VBox(children, layout=widgets.Layout(flex=flex, min_width="0", width="auto", overflow="visible"))
