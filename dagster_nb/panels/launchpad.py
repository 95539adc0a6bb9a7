"""``Launchpad``: choose a job, write its config, launch it, and watch it run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets

from dagster_nb.panels.background import Background
from dagster_nb.panels.editor import Editor
from dagster_nb.panels.job_picker import JobPicker
from dagster_nb.panels.launch_source import LaunchSource
from dagster_nb.panels.launchpad_model import LaunchpadModel, as_yaml
from dagster_nb.panels.markup import link, plural, text
from dagster_nb.panels.monitor import RunMonitor
from dagster_nb.panels.notices import ErrorBox, in_words
from dagster_nb.panels.stage import STATIC, Stage, dispose, faces, panel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagster_nb.client.sync_client import DagsterClient, Run
    from dagster_nb.panels.config_lines import Problem

__all__ = ["Launchpad"]

_PATIENCE_SECONDS = 2.0
_PROBLEMS = 8
_LONGEST_PROBLEM = 600


class _LaunchpadStage(Stage):
    # Text, which anywidget takes as well: a widget has one style sheet.
    _css = "".join((STATIC / name).read_text("utf-8") for name in ("panel.css", "launchpad.css"))  # type: ignore[assignment]


class Launchpad:
    """A panel to launch a job with a config of one's own.

    The editor starts from the job's own scaffold. What is filled in is checked as it is typed, and each problem is
    shown with its path and its line; while something is known to be wrong, nothing can be launched. Ctrl-Enter or
    Cmd-Enter in the editor launches. After the launch the panel follows the run, as `RunMonitor` does.

    Parameters
    ----------
    client
        The client.
    job
        The job to begin with.
    location, repository
        Where it is, if several repositories have a job of that name.
    run_config
        The config to begin with, a dict or YAML text; None means the job's scaffold.

    Attributes
    ----------
    config : str
        What is in the editor.
    run : Run or None
        The run that was launched last.

    Examples
    --------
    >>> dnb.Launchpad(client, "nightly")  # doctest: +SKIP
    """

    def __init__(
        self,
        client: DagsterClient,
        job: str | None = None,
        location: str | None = None,
        repository: str | None = None,
        *,
        run_config: Mapping[str, Any] | str | None = None,
    ):
        self._background = Background(self._crashed)
        given = None if run_config is None else as_yaml(run_config)
        self.model = LaunchpadModel(LaunchSource(client), self._background, (job, location, repository), given)
        self.run: Run | None = None
        self.monitor: RunMonitor | None = None
        self._stage = _LaunchpadStage()
        self._head = widgets.HTML(f'<div class="dnb-muted">{link(client.url, client.url)}</div>')
        self._crash = ErrorBox()
        self._error = ErrorBox(dismissable=False)
        self._picker = JobPicker(self.model, self._background)
        self._partition = _field(
            widgets.Combobox(description="Partition", placeholder="none", ensure_option=False, continuous_update=False)
        )
        self._ops = _field(widgets.Text(description="Ops to run", placeholder="all", continuous_update=True))
        self._known_ops = widgets.HTML()
        self._tags = _field(
            widgets.Textarea(description="Tags", placeholder="team: data", rows=3, continuous_update=True)
        )
        options = widgets.VBox(
            [self._picker.widget, self._partition, self._ops, self._known_ops, self._tags],
            layout=widgets.Layout(flex="1 1 250px", min_width="0", width="auto", overflow="visible"),
        )
        self._title = widgets.HTML()
        self._editor = Editor(label="Run config, as YAML", disabled=True)
        self._reset = widgets.Button(description="Reset config", layout=widgets.Layout(width="auto"), disabled=True)
        self._launch = widgets.Button(description="Launch", button_style="primary", layout=widgets.Layout(width="auto"))
        self._state = widgets.HTML()
        buttons = widgets.HBox([self._launch, self._reset, self._state])
        buttons.add_class("dnb-wrap")
        self._problems = widgets.HTML()
        writing = widgets.VBox(
            [self._title, self._editor, self._problems, buttons],
            layout=widgets.Layout(flex="3 1 420px", min_width="0", width="auto", overflow="visible"),
        )
        self._form = widgets.HBox([options, writing], layout=widgets.Layout(width="100%", overflow="visible"))
        self._form.add_class("dnb-launch-form")
        self._form.layout.flex_flow = "row wrap"
        self._form.layout.grid_gap = "8px 20px"
        self._again = widgets.Button(
            description="Launch another",
            layout=widgets.Layout(width="auto", align_self="flex-start"),
        )
        self._running = widgets.VBox(
            [self._again], layout=widgets.Layout(display="none", width="100%", overflow="visible")
        )
        self.widget: Any = panel(
            self._stage, [self._head, self._crash.widget, self._error.widget, self._form, self._running]
        )
        self.widget.add_class("dnb-launchpad")
        self._closed = False
        self._listen()
        self._draw_job()
        self.model.load()

    @property
    def config(self) -> str:
        """What is in the editor."""
        return self.model.config

    @config.setter
    def config(self, config: Mapping[str, Any] | str) -> None:
        self.model.edit(config=as_yaml(config))
        self._draw_config()

    def launch(self) -> None:
        """Press the button: launch what is filled in, if it is right."""
        self.model.launch()

    def wait(self, timeout: float = 60.0) -> Self:
        """Wait until what goes on in the form is done, and return the launchpad; for notebooks that run by themselves.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        """
        model = self.model
        self._background.wait(lambda: not (model.loading or model.checking or model.launching), timeout)
        return self

    def close(self) -> None:
        """End all that goes on, and take the panel away; a run that was launched goes on."""
        if self._closed:
            return
        self._closed = True
        self._background.close()
        self.model.signals.clear()
        if self.monitor is not None:
            self.monitor.close()
        dispose(self)

    def __repr__(self) -> str:
        model = self.model
        lines = [f"Launchpad of {model.source.url}: {'no job chosen' if model.address is None else model.address.job}"]
        if model.error is not None:
            lines.append(str(model.error[0]))
        if model.run is not None:
            lines.append(f"launched {model.run!r}")
        if model.scaffold is not None:
            lines += [f"  {line}" for line in model.config.rstrip().splitlines()]
        lines += [f"✖ {_words(problem)}{problem.message}" for problem in model.problems]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - what IPython passes and takes
        self._background.wait(lambda: not self.model.loading, _PATIENCE_SECONDS)
        widget = None if self._closed else self.widget
        return faces(widget, options, plain=repr(self), html=self._static_html())

    def _static_html(self) -> str:
        if self.monitor is not None:
            return self.monitor._static_html()  # noqa: SLF001 - a panel inside a panel
        model = self.model
        error = "" if model.error is None else f"<p>{text(': '.join(in_words(model.error[0])))}</p>"
        if model.address is None:
            jobs = "".join(f"<li>{text(one.job)} ({text(one.location)})</li>" for one, _ in model.jobs or ())
            return f"<div><p><strong>Launchpad</strong> of {text(model.source.url)}</p>{error}<ul>{jobs}</ul></div>"
        return (
            f"<div><p><strong>Launchpad</strong>: {text(model.address.job)} in {text(model.address.location)}, on "
            f"{text(model.source.url)}</p>{error}<pre>{text(model.config)}</pre>{self._problems_html()}</div>"
        )

    def _listen(self) -> None:
        model, on = self.model, self.model.signals.on
        on("jobs", self._draw_state)
        on("job", self._draw_job)
        on("config", self._draw_config)
        on("state", self._draw_state)
        on("run", self._draw_run)
        # JupyterLab has widgets answered in a thread beside the kernel's, so what they say is brought home first.
        home = self._background.bring
        self._editor.observe(lambda change: home(partial(model.edit, config=change["new"])), names="value")
        self._editor.on_submit(lambda: home(model.launch))
        self._tags.observe(lambda change: home(partial(model.edit, tags=change["new"])), names="value")
        self._ops.observe(lambda change: home(partial(model.edit, ops=change["new"])), names="value")
        self._partition.observe(
            lambda change: home(partial(model.choose_partition, change["new"].strip())), names="value"
        )
        self._launch.on_click(lambda _button: home(model.launch))
        self._reset.on_click(lambda _button: home(model.reset))
        self._again.on_click(lambda _button: home(model.again))

    def _draw_job(self) -> None:
        model = self.model
        if model.address is None:
            self._title.value = '<div class="dnb-muted">Choose a job.</div>'
        else:
            self._title.value = (
                f'<div role="heading" aria-level="3"><strong>{text(model.address.job)}</strong> '
                f'<span class="dnb-muted">{text(model.address.location)} · {text(model.address.repository)}</span>'
                "</div>"
            )
        scaffold = model.scaffold
        self._partition.options = tuple(reversed(scaffold.partitions)) if scaffold is not None else ()
        self._partition.value, self._ops.value = model.partition, model.ops
        self._partition.layout.display = "" if scaffold is not None and scaffold.partitions else "none"
        self._ops.layout.display = "" if scaffold is not None and scaffold.ops else "none"
        names = ", ".join(text(op) for op in scaffold.ops) if scaffold is not None else ""
        self._known_ops.value = f'<div class="dnb-muted">of {names}; load* adds what follows</div>' if names else ""
        self._draw_config()
        self._draw_state()

    def _draw_config(self) -> None:
        self._editor.value = self.model.config

    def _draw_state(self) -> None:
        model = self.model
        ready = model.scaffold is not None
        self._editor.disabled = not ready or model.launching
        self._launch.disabled = not model.can_launch
        self._reset.disabled = not ready or not model.is_edited or model.launching
        problems = model.problems
        lines: dict[str, str] = {}
        for problem in problems:
            if problem.line is not None:
                lines.setdefault(str(problem.line), problem.message)
        self._editor.marks = lines
        self._editor.invalid = bool(problems)
        self._problems.value = self._problems_html()
        self._state.value = f'<span role="status">{self._state_words()}</span>'
        if model.error is None:
            self._error.clear()
        elif self._error.error is not model.error[0]:
            error, retry = model.error
            self._error.show(error, None if retry is None else partial(self._background.bring, retry))

    def _state_words(self) -> str:
        model = self.model
        if model.source.read_only:
            return "This client is read-only, and launches nothing."
        if model.loading:
            return "Reading…"
        if model.launching:
            return "Launching…"
        if model.scaffold is None or model.error is not None:
            return ""
        if not model.checked:
            return '<span class="dnb-muted">Checking…</span>'
        if model.problems:
            return f"✖ {plural(len(model.problems), 'problem')}: nothing can be launched like this."
        return (
            '● The config fits. <span class="dnb-muted">Ctrl-Enter in the editor launches; Esc, Tab leaves it.</span>'
        )

    def _problems_html(self) -> str:
        problems = self.model.problems
        if not problems:
            return ""
        items = []
        for problem in problems[:_PROBLEMS]:
            message = problem.message
            if len(message) > _LONGEST_PROBLEM:
                message = f"{message[:_LONGEST_PROBLEM]}…"
            items.append(f'<li><strong class="dnb-mono">{text(_words(problem))}</strong>{text(message)}</li>')
        rest = len(problems) - len(items)
        more = f'<div class="dnb-muted">and {rest} more</div>' if rest > 0 else ""
        return (
            f'<div class="dnb-box dnb-box-error" role="alert"><ul class="dnb-things">{"".join(items)}</ul>{more}</div>'
        )

    def _draw_run(self) -> None:
        run, before = self.model.run, self.monitor
        self.monitor = None
        if run is None:
            self._running.children = (self._again,)
        else:
            self.run = run
            self.monitor = RunMonitor(run)
            self._running.children = (self._again, self.monitor.widget)
        self._form.layout.display = "" if run is None else "none"
        self._running.layout.display = "none" if run is None else ""
        if before is not None:
            before.close()

    def _crashed(self, error: Exception) -> None:
        self._crash.show(error)


def _field(field: Any) -> Any:  # noqa: ANN401 - ipywidgets has no types
    field.add_class("dnb-field")
    field.layout.width = "100%"
    return field


def _words(problem: Problem) -> str:
    """Return where a problem is, ready for what it is to follow."""
    parts = [*([f"line {problem.line}"] if problem.line is not None else []), *([problem.path] if problem.path else [])]
    return f"{' · '.join(parts)}: " if parts else ""
