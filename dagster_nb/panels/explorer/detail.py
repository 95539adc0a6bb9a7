"""Draws the run that is looked at closely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import pandas as pd

from dagster_nb import plot
from dagster_nb.panels.explorer.source import can
from dagster_nb.panels.markup import ago, grid, link, moment, plural, span, status, text
from dagster_nb.panels.notices import ErrorBox, in_words
from dagster_nb.panels.pictures import image

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_nb.panels.explorer.looking import Look
    from dagster_nb.panels.explorer.model import ExplorerModel
    from dagster_nb.panels.stage import Stage

__all__ = ["Detail"]

_LINES = 500
_RELATIVES = 12
_STEPS, _CONFIG, _EVENTS, _OUTPUT = "Steps", "Config", "Events", "Output"


class Detail:
    """Draws a run: what went wrong first, then what it was and who it is related to.

    Parameters
    ----------
    model
        Whose run.
    look
        What is known of it.
    stage
        How wide, and how dark.
    """

    def __init__(self, model: ExplorerModel, look: Look, stage: Stage):
        self._model = model
        self._look = look
        self._stage = stage
        self.launchpad: Callable[[pd.Series, str], object] | None = None
        source = model.source
        parts = [_STEPS, _CONFIG]
        parts += [_EVENTS] if can(source, "events") else []
        parts += [_OUTPUT] if can(source, "logs") else []
        self._top = widgets.HTML(layout=widgets.Layout(width="100%"))
        self._error = ErrorBox(dismissable=False)
        self.choice: Any = widgets.ToggleButtons(options=parts, value=_STEPS, style={"button_width": "auto"})
        self._open = widgets.Button(description="Open in Launchpad", layout=widgets.Layout(width="auto"))
        self._close = widgets.Button(description="Close", layout=widgets.Layout(width="auto"))
        self._part = widgets.HTML(layout=widgets.Layout(width="100%"))
        row = widgets.HBox([self.choice, self._open, self._close])
        row.add_class("dnb-wrap")
        self.widget: Any = widgets.VBox(
            [self._top, self._error.widget, row, self._part],
            layout=widgets.Layout(display="none", width="100%", overflow="visible"),
        )
        self.widget.add_class("dnb-detail")
        self.choice.observe(lambda _change: self.draw_part(), names="value")
        self._close.on_click(lambda _button: model.open(None))
        self._open.on_click(lambda _button: self._launch())
        stage.on_change(self.draw_part)

    def draw(self) -> None:
        """Draw the run as it is known now."""
        row = self._look.row
        self.widget.layout.display = "none" if row is None else ""
        if row is None:
            self._top.value = self._part.value = ""
            return
        if self._look.error is not None:
            self._error.show(self._look.error, self._look.ask)
        else:
            self._error.clear()
        self._open.layout.display = "" if self.launchpad is not None and self._look.closeup is not None else "none"
        self._top.value = "".join([self._title(row), self._failures(row), self._facts(row)])
        self.draw_part()

    def draw_part(self) -> None:
        """Draw the part of it that was chosen."""
        if self._look.row is None:
            return
        if self._look.closeup is None:
            self._part.value = '<p class="dnb-muted" role="status">Reading…</p>' if self._look.error is None else ""
            return
        self._part.value = {
            _STEPS: self._steps, _CONFIG: self._config, _EVENTS: self._events, _OUTPUT: self._output
        }[self.choice.value]()  # fmt: skip

    # The parts

    def _title(self, row: pd.Series) -> str:
        run_id = str(row["run_id"])
        url = getattr(self._model.source, "url", None)
        there = link(f"{url}/runs/{run_id}", "open in Dagster") if url else ""
        now = self._model.clock()
        words = [f"created {moment(row['creation_time'])} UTC ({ago(row['creation_time'], now)})"]
        if not pd.isna(row["queue_duration"]):
            words.append(f"queued for {span(row['queue_duration'])}")
        if not pd.isna(row["duration"]):
            words.append(f"took {span(row['duration'])}")
        elif not pd.isna(row["start_time"]):
            words.append(f"running for {span((now - row['start_time']).floor('s'))} so far")
        return (
            f'<div class="dnb-head" role="heading" aria-level="3">{status(str(row["status"]))}'
            f'<span class="dnb-title">{text(row["job_name"])}</span>'
            f'<span class="dnb-mono">{text(run_id)}</span>{there}</div>'
            f'<div class="dnb-muted">{" · ".join(words)}</div>'
        )

    def _failures(self, row: pd.Series) -> str:
        closeup = self._look.closeup
        if row["status"] != "FAILURE" or closeup is None or closeup.failures is None:
            return ""
        boxes = []
        for failure in closeup.failures.head(5).to_dict("records"):
            where = "the run itself" if pd.isna(failure["step_key"]) else f"step {text(failure['step_key'])}"
            kind = "" if pd.isna(failure["error_class"]) else f"{text(failure['error_class'])}: "
            message = "" if pd.isna(failure["error_message"]) else text(str(failure["error_message"])[:4000])
            boxes.append(
                f'<div class="dnb-box dnb-box-error"><div>✖ Failed in <strong>{where}</strong></div>'
                f'<div class="dnb-said dnb-mono">{kind}{message}</div></div>'
            )
        rest = len(closeup.failures) - len(boxes)
        return "".join(boxes) + (f'<p class="dnb-muted">and {plural(rest, "more failure")}</p>' if rest > 0 else "")

    def _facts(self, row: pd.Series) -> str:
        tags = [[text(key), text(value)] for key, value in sorted(row["tags"].items())]
        shown = grid([], tags) if tags else '<span class="dnb-muted">none</span>'
        where = " · ".join(text(row[name]) for name in ("location", "repository") if not pd.isna(row[name]))
        rows = [["Code location", where or "—"]]
        for name, word in (("partition_key", "Partition"), ("launched_by", "Launched by")):
            if not pd.isna(row[name]):
                rows.append([word, text(row[name])])
        above, below = self._look.relatives()
        known = {str(run_id) for run_id in above["run_id"]}
        unknown = [
            f'<span class="dnb-mono">{text(value[:8])}</span>'
            for value in dict.fromkeys(row[name] for name in ("parent_run_id", "root_run_id"))
            if isinstance(value, str) and value not in known and value != row["run_id"]
        ]
        if len(above) or unknown:
            rows.append(["Re-executes", "<br>".join([*self._runs(above), *unknown])])
        if len(below):
            rows.append(["Re-executed by", "<br>".join(self._runs(below))])
        return (
            f'<div class="dnb-columns"><div>{grid([], rows)}</div>'
            f'<div><div class="dnb-muted">Tags</div>{shown}</div></div>'
        )

    def _runs(self, runs: pd.DataFrame) -> list[str]:
        url = getattr(self._model.source, "url", None)
        lines = []
        for run_id, name, when in zip(runs["run_id"], runs["status"], runs["creation_time"], strict=True):
            shown = link(f"{url}/runs/{run_id}", run_id[:8]) if url else text(run_id[:8])
            lines.append(f'<span class="dnb-mono">{shown}</span> {status(str(name))} {ago(when, self._model.clock())}')
        return [*lines[:_RELATIVES], *([f"and {len(lines) - _RELATIVES} more"] if len(lines) > _RELATIVES else [])]

    def _steps(self) -> str:
        closeup = self._look.closeup
        steps = None if closeup is None else closeup.steps
        if steps is None:
            return '<p class="dnb-muted">This source knows no steps.</p>'
        if steps.empty:
            return '<p class="dnb-muted">No step has started.</p>'
        names = ", ".join(
            f"{key} {state}" for key, state in zip(steps["step_key"][:20], steps["status"][:20], strict=True)
        )
        return image(
            lambda ax: plot.step_gantt(steps, ax=ax),
            alt=f"Chart of {plural(len(steps), 'step')}, each from its start to its end: {names}.",
            width=min(max(self._stage.width - 40, 320), 1400),
            height=min(max(130, 84 + 24 * len(steps)), 560),
            dark=self._stage.dark,
        )

    def _config(self) -> str:
        closeup = self._look.closeup
        if closeup is None or not closeup.config:
            return '<p class="dnb-muted">It was launched without a config of its own.</p>'
        return f'<pre class="dnb-text" tabindex="0" aria-label="Run config">{text(closeup.config)}</pre>'

    def _events(self) -> str:
        if self._look.log_error is not None:
            return self._log_problem()
        events = self._look.events
        if events is None:
            self._look.ask_for_log(output=False)
            return '<p class="dnb-muted" role="status">Reading the events…</p>'
        rest = len(events) - _LINES
        more = f'<p class="dnb-muted">the last {_LINES} of {len(events):,} events</p>' if rest > 0 else ""
        rows = [
            [
                f'<span class="dnb-number">{event["timestamp"]:%H:%M:%S.%f}'[:-3] + "</span>",
                text(event["level"]),
                "" if pd.isna(event["step_key"]) else text(event["step_key"]),
                self._message(event),
            ]
            for event in events.tail(_LINES).to_dict("records")
        ]
        return (
            f'{more}<div class="dnb-scroll" tabindex="0">{grid(["Time (UTC)", "Level", "Step", "Event"], rows)}</div>'
        )

    @staticmethod
    def _message(event: dict[Any, Any]) -> str:
        kind = "" if pd.isna(event["event_type"]) else f'<span class="dnb-muted">{text(event["event_type"])}</span> '
        error = "" if pd.isna(event["error_message"]) else f"\n{event['error_class']}: {event['error_message']}"
        message = "" if pd.isna(event["message"]) else str(event["message"])
        return f'{kind}<span class="dnb-said">{text((message + error)[:4000])}</span>'

    def _output(self) -> str:
        if self._look.log_error is not None:
            return self._log_problem()
        output = self._look.output
        if output is None:
            self._look.ask_for_log(output=True)
            return '<p class="dnb-muted" role="status">Reading what it printed…</p>'
        if not output.strip():
            return '<p class="dnb-muted">Nothing was printed, or it was not captured.</p>'
        lines = output.splitlines()
        more = f'<p class="dnb-muted">the last {_LINES} of {len(lines):,} lines</p>' if len(lines) > _LINES else ""
        shown = text("\n".join(lines[-_LINES:]))
        return f'{more}<pre class="dnb-text" tabindex="0" aria-label="Output of the run">{shown}</pre>'

    def _log_problem(self) -> str:
        title, message = in_words(self._look.log_error or ValueError())
        # A look at another part and back tries again.
        self._look.log_error = None
        return f'<p role="alert">✖ {text(title)}: {text(message)}</p>'

    def _launch(self) -> None:
        if self.launchpad is not None and self._look.row is not None and self._look.closeup is not None:
            self.launchpad(self._look.row, self._look.closeup.config)
