"""``RunMonitor``: one run, while it goes on."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets
import pandas as pd

from dagster_nb import plot
from dagster_nb.panels.background import Background
from dagster_nb.panels.confirm import Confirm
from dagster_nb.panels.log_window import LEVELS, LogWindow
from dagster_nb.panels.markup import text
from dagster_nb.panels.monitor_model import MonitorModel
from dagster_nb.panels.monitor_words import (
    elapsed,
    failures_html,
    head_html,
    log_html,
    outcome,
    steps_alt,
    stop_words,
)
from dagster_nb.panels.notices import ErrorBox, said
from dagster_nb.panels.pictures import image
from dagster_nb.panels.stage import STATIC, Stage, dispose, faces, panel

if TYPE_CHECKING:
    from dagster_nb.client.sync_client import Run

__all__ = ["RunMonitor"]

_PATIENCE_SECONDS = 2.0
# What comes in one burst is drawn once, and a picture that grows is no film.
_DRAWING_SECONDS = 0.2
_SECONDS_BETWEEN_PICTURES = 2.0
_STATIC_LINES = 20
_ALL_STEPS = "all of the run"
_FORCE = (
    "It is marked as canceled at once, whether or not it stops: whatever still runs of it is left to itself, may go on "
    "writing, and may even turn the run into a success. It is meant for runs whose process is gone, or does not heed "
    "being asked."
)


class _MonitorStage(Stage):
    # Text, which anywidget takes as well: a widget has one style sheet.
    _css = "".join((STATIC / name).read_text("utf-8") for name in ("panel.css", "monitor.css"))  # type: ignore[assignment]


class RunMonitor:
    """A panel that follows a run: its steps as a chart that grows, its log, what became of it, and a way to stop it.

    The server tells the events as they happen; where no websocket is let through, it is asked for them, and the panel
    says so. All of it goes on in the background; the kernel stays free.

    Parameters
    ----------
    run
        A `Run`, such as ``client.launch(...)`` or ``client.run(run_id)`` gives.

    Attributes
    ----------
    run_id : str
        The run.
    status : str
        How it stands, such as ``"SUCCESS"``.
    events : pandas.DataFrame
        The events so far, with the columns of `DagsterClient.events`.

    Raises
    ------
    TypeError
        If this is no `Run`.

    Examples
    --------
    >>> dnb.RunMonitor(client.launch("nightly"))  # doctest: +SKIP
    """

    def __init__(self, run: Run):
        client: Any = getattr(run, "_client", None)
        if not hasattr(client, "follow"):
            raise TypeError(f"RunMonitor takes a Run, such as client.run(run_id) gives, not {type(run).__name__}.")
        self._background = Background(self._crashed)
        self.model = MonitorModel(client, run, self._background)
        self._stage = _MonitorStage()
        self._head = widgets.HTML(layout=widgets.Layout(flex="1 1 360px", width="auto"))
        self._stop = _button("Terminate", "danger")
        self._force = _button("Force…", "")
        top = widgets.HBox([self._head, self._stop, self._force])
        top.add_class("dnb-wrap")
        self._confirm = Confirm()
        self._error = ErrorBox(dismissable=False)
        self._crash = ErrorBox()
        self._outcome = widgets.HTML()
        self._stop_words = widgets.HTML()
        self._steps = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._level: Any = widgets.Dropdown(
            options=[("all levels", LEVELS[0]), *((f"{level} and above", level) for level in LEVELS[1:])],
            description="Level",
            layout=widgets.Layout(width="220px"),
            style={"description_width": "initial"},
        )
        self._step: Any = widgets.Dropdown(
            options=[(_ALL_STEPS, "")],
            description="Step",
            layout=widgets.Layout(width="240px"),
            style={"description_width": "initial"},
        )
        self._text: Any = widgets.Text(
            description="Find",
            placeholder="in the log",
            layout=widgets.Layout(width="220px"),
            style={"description_width": "initial"},
        )
        self._shown = widgets.HTML()
        bar = widgets.HBox([self._level, self._step, self._text, self._shown])
        bar.add_class("dnb-wrap")
        self._log: Any = widgets.HTML(tabbable=True, layout=widgets.Layout(width="100%"))
        self._log.add_class("dnb-log")
        self.widget: Any = panel(
            self._stage,
            [
                top,
                self._confirm.widget,
                self._error.widget,
                self._crash.widget,
                self._outcome,
                self._stop_words,
                self._steps,
                bar,
                self._log,
            ],
        )
        self.widget.add_class("dnb-monitor")
        self._closed = False
        self._dirty: set[str] = set()
        self._pictured = float("-inf")
        self._outdated = True
        self._listen()
        self.model.start()
        self._draw_all()

    @property
    def run_id(self) -> str:
        """The run."""
        return self.model.run_id

    @property
    def status(self) -> str:
        """How the run stands, as far as the monitor knows."""
        return self.model.look.status

    @property
    def events(self) -> pd.DataFrame:
        """The events so far, with the columns of `DagsterClient.events`."""
        return self.model.log.events

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the run has ended and all is shown, and return the monitor; for notebooks that run by themselves.

        Parameters
        ----------
        timeout
            Seconds to wait at most; None waits as long as it takes.
        """
        self._background.wait(lambda: not self.model.following, float("inf") if timeout is None else timeout)
        self._draw_all()
        return self

    def confirm_terminate(self, *, force: bool = False) -> None:
        """Ask in the panel whether to stop the run.

        Parameters
        ----------
        force
            Whether to mark it as canceled at once, whether or not it stops.
        """
        named = f'{text(self.model.job_name)} <span class="dnb-mono">{text(self.run_id)}</span>'
        self._confirm.ask(
            f"Mark this run as canceled? {_FORCE}" if force else "Stop this run? What it has done so far stays done.",
            things=[named],
            count=1,
            button="Mark as canceled" if force else "Terminate run",
            agreed=partial(self._background.bring, partial(self.model.terminate, force=force)),
        )

    def close(self) -> None:
        """Stop following, and take the panel away; the run goes on."""
        if self._closed:
            return
        self._closed = True
        self._background.close()
        self.model.signals.clear()
        dispose(self)

    def __repr__(self) -> str:
        model = self.model
        words = outcome(model.look)
        lines = [
            f"RunMonitor of run {self.run_id} of {model.job_name}: {self.status}",
            f"{elapsed(model.look, _now())}; {model.url}",
        ]
        if words is not None:
            lines.append(" ".join(filter(None, words[1:])))
        if model.error is not None:
            lines.append(str(model.error))
        if model.look.failures is not None:
            lines += [
                f"  in {failure['step_key']}: {failure['error_class']}: {failure['error_message']}"
                for failure in model.look.failures.to_dict("records")
            ]
        lines.append(model.log.words)
        return "\n".join(lines)

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - what IPython passes and takes
        self._background.wait(lambda: not self.model.following, _PATIENCE_SECONDS)
        widget = None if self._closed else self.widget
        return faces(widget, options, plain=repr(self), html=self._static_html())

    def _static_html(self) -> str:
        model = self.model
        words = outcome(model.look)
        parts = [head_html(model, _now())]
        if model.look.failures is not None:
            parts.append(failures_html(model.look.failures))
        if words is not None:
            parts.append(said(*words[1:], kind=words[0]))
        if model.error is not None:
            parts.append(said(str(model.error)))
        parts.append(self._picture(width=900, ground="white"))
        last = LogWindow(_STATIC_LINES)
        last.add(model.log.events)
        parts.append(f"<p>{text(last.words)}</p>{log_html(last)}")
        return f"<div>{''.join(parts)}</div>"

    def _listen(self) -> None:
        on = self.model.signals.on
        for name in ("head", "steps", "log", "stop"):
            on(name, partial(self._soon, name))
        # JupyterLab has widgets answered in a thread beside the kernel's, so what they say is brought home first.
        home, choose = self._background.bring, self.model.choose
        self._level.observe(lambda change: home(partial(choose, level=change["new"])), names="value")
        self._step.observe(lambda change: home(partial(choose, step=change["new"] or None)), names="value")
        self._text.observe(lambda change: home(partial(choose, text=change["new"])), names="value")
        self._stop.on_click(lambda _button: home(self.confirm_terminate))
        self._force.on_click(lambda _button: home(partial(self.confirm_terminate, force=True)))
        self._stage.on_change(partial(home, partial(self._soon, "picture")))

    def _soon(self, name: str) -> None:
        if not self._dirty:
            self._background.later(_DRAWING_SECONDS, self._draw)
        self._dirty.add(name)

    def _draw_all(self) -> None:
        self._dirty |= {"head", "picture", "log", "stop"}
        self._draw()

    def _draw(self) -> None:
        dirty, self._dirty = self._dirty, set()
        if "head" in dirty:
            self._draw_head()
        self._outdated = self._outdated or "steps" in dirty
        self._draw_steps(anew="picture" in dirty)
        if "log" in dirty:
            self._draw_log()
        if "stop" in dirty:
            self._draw_stop()

    def _draw_head(self) -> None:
        model = self.model
        self._head.value = head_html(model, _now())
        words = outcome(model.look)
        shown = ""
        if words is not None:
            kind, title, more = words
            failures = "" if model.look.failures is None else failures_html(model.look.failures)
            shown = f'<div class="dnb-box dnb-box-{kind}">{failures}{said(title, more, kind="note")}</div>'
        self._outcome.value = shown
        if model.error is None:
            self._error.clear()
        elif self._error.error is not model.error:
            self._error.show(model.error, partial(self._background.bring, model.start))

    def _draw_steps(self, *, anew: bool) -> None:
        steps, running = self.model.look.steps, not self.model.look.is_finished
        # Those that go on grow though nothing happens.
        self._outdated = self._outdated or (running and len(steps) > 0 and bool(steps["end_time"].isna().any()))
        due = time.monotonic() - self._pictured >= _SECONDS_BETWEEN_PICTURES
        if anew or (self._outdated and (due or not running)):
            self._pictured, self._outdated = time.monotonic(), False
            width = min(max(self._stage.width - 8, 320), 1400)
            self._steps.value = self._picture(width=width, dark=self._stage.dark)

    def _picture(self, *, width: int, **options: Any) -> str:  # noqa: ANN401 - see `image`
        steps = self.model.look.steps
        if steps.empty:
            words = "No step has run." if self.model.look.is_finished else "No step has started yet."
            return f'<p class="dnb-muted">{words}</p>'
        return image(
            lambda ax: plot.step_gantt(steps, as_of=_now(), ax=ax),
            alt=steps_alt(steps),
            width=width,
            height=min(max(110, 70 + 22 * len(steps)), 480),
            **options,
        )

    def _draw_log(self) -> None:
        log = self.model.log
        options = [(_ALL_STEPS, ""), *((step, step) for step in log.steps)]
        if list(self._step.options) != options:
            chosen = self._step.value
            self._step.options = options
            # It may be one that has not logged anything yet, after a new start.
            self._step.value = chosen if chosen in log.steps else ""
        self._shown.value = f'<span class="dnb-muted" role="status">{text(log.words)}</span>'
        self._log.value = log_html(log)

    def _draw_stop(self) -> None:
        model = self.model
        can_be_stopped = not model.look.is_finished and not model.client.read_only
        asked = model.stop_outcome is not None or model.look.status == "CANCELING"
        self._stop.layout.display = "" if can_be_stopped else "none"
        self._stop.disabled = model.stopping or model.look.status == "CANCELING"
        self._force.layout.display = "" if can_be_stopped and asked else "none"
        self._force.disabled = model.stopping
        if not can_be_stopped:
            self._confirm.cancel()
        words = stop_words(model)
        self._stop_words.value = f'<div class="dnb-box dnb-box-warning">{words}</div>' if words else ""
        if model.stop_error is not None:
            self._crash.show(model.stop_error)

    def _crashed(self, error: Exception) -> None:
        self._crash.show(error)


def _button(words: str, style: str) -> Any:  # noqa: ANN401 - ipywidgets has no types
    return widgets.Button(description=words, button_style=style, layout=widgets.Layout(width="auto", flex="none"))


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")
