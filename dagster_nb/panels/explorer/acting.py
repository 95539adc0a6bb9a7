"""Doing something to the selected runs, and following what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.frames.columns import FINISHED
from dagster_nb.panels.explorer.fetching import fetch_ids
from dagster_nb.panels.explorer.source import can

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.panels.background import Task
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ACTIONS", "Action", "Actions", "Outcome"]

_SECONDS_BETWEEN_LOOKS = 1.0
_LONGEST_WATCH_SECONDS = 900.0


@dataclass(frozen=True)
class Action:
    """Something that can be done to runs.

    Parameters
    ----------
    name
        What its button says.
    needs
        The method that the source must have.
    question
        What is asked before; ``{runs}`` is how many.
    call
        Does it: the source and the ids, and what came of each as a frame.
    danger
        Whether it cannot be taken back.
    watched
        Whether the runs are followed afterwards.
    """

    name: str
    needs: str
    question: str
    call: Callable[[Any, list[str]], pd.DataFrame]
    danger: bool = True
    watched: bool = True


ACTIONS: dict[str, Action] = {
    "terminate": Action(
        "Terminate", "terminate", "Stop {runs}? What was done so far stays done.",
        lambda source, ids: source.terminate(ids),
    ),
    "from_failure": Action(
        "Re-execute from failure", "reexecute_many", "Run the failed steps of {runs} again, each as a new run?",
        lambda source, ids: source.reexecute_many(ids, strategy="from_failure"), danger=False,
    ),
    "all_steps": Action(
        "Re-execute", "reexecute_many", "Run all steps of {runs} again, each as a new run?",
        lambda source, ids: source.reexecute_many(ids, strategy="all_steps"), danger=False,
    ),
    "delete": Action(
        "Delete", "delete", "Delete {runs}, with all logs and events? This cannot be undone.",
        lambda source, ids: source.delete(ids), watched=False,
    ),
    "force": Action(
        "Mark as canceled", "terminate",
        "Mark {runs} as canceled at once, without waiting for any process? A process that lives on goes on.",
        lambda source, ids: source.terminate(ids, force=True),
    ),
}  # fmt: skip


@dataclass
class Outcome:
    """What became of one run.

    Attributes
    ----------
    run_id : str
        The run that something was asked of.
    outcome, message : str
        What came of it.
    new_run_id : str or None
        The run that was launched in its place.
    status : str or None
        The status of whichever of the two is followed.
    """

    run_id: str
    outcome: str
    message: str
    new_run_id: str | None = None
    status: str | None = None

    @property
    def watched(self) -> str:
        """The run to follow."""
        return self.new_run_id or self.run_id

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen."""
        return (
            self.outcome in ("deleted", "not_found")
            or (self.new_run_id is None and self.outcome == "invalid")
            or (self.status in FINISHED)
        )


class Actions:
    """What was asked of which runs, and what came of it.

    Events of the model's signals: ``acting``.

    Parameters
    ----------
    model
        Whose runs.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.outcomes: list[Outcome] = []
        self.doing: Action | None = None
        self.asked_of: tuple[str, ...] = ()
        self.done: Action | None = None
        self.error: Exception | None = None
        self.following = False

    def possible(self, name: str) -> str | None:
        """Return why an action cannot be taken now; None if it can."""
        source = self._model.source
        if not can(source, ACTIONS[name].needs):
            return "this source cannot change anything"
        if getattr(source, "read_only", False):
            return "this client is read-only"
        if self.doing is not None:
            return f"{self.doing.name.lower()} is under way"
        if not self._model.selection:
            return "select runs first"
        if name in ("terminate", "from_failure"):
            statuses = set(self._statuses())
            if name == "terminate" and statuses <= FINISHED:
                return "these runs have ended"
            if name == "from_failure" and not statuses & {"FAILURE", "CANCELED"}:
                return "none of these runs failed"
        return None

    def take(self, name: str, ids: Sequence[str]) -> None:
        """Do it to exactly these runs.

        Parameters
        ----------
        name
            A key of `ACTIONS`.
        ids
            The runs.
        """
        action = ACTIONS[name]
        source: Any = self._model.source
        runs = list(ids)
        self.doing, self.asked_of = action, tuple(runs)
        self.outcomes, self.error, self.done = [], None, None
        self._model.background.stop("follow")

        def work(_task: Task[Any]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
            answer = action.call(source, runs)
            return answer, fetch_ids(source, _to_read(answer))

        self._model.background.start("action", work, done=self._finished, failed=self._failed)
        self._model.signals.emit("acting")

    def dismiss(self) -> None:
        """Follow no more, and forget."""
        self._model.background.stop("follow")
        self.outcomes, self.error, self.done, self.following = [], None, None, False
        self._model.signals.emit("acting")

    def _finished(self, answer: tuple[pd.DataFrame, list[pd.DataFrame]]) -> None:
        frame, pages = answer
        action, self.doing, self.done = self.doing, None, self.doing
        self.outcomes = [_outcome(row) for row in frame.to_dict("records")]
        self._see(pages, gone=[one.run_id for one in self.outcomes if one.outcome in ("deleted", "not_found")])
        if action is not None and action.watched:
            self._follow()
        self._model.signals.emit("acting")

    def _failed(self, error: Exception) -> None:
        self.doing, self.error = None, error
        self._model.signals.emit("acting")

    def _follow(self) -> None:
        left = [one.watched for one in self.outcomes if not one.settled]
        if not left:
            return
        source = self._model.source
        self.following = True

        def work(task: Task[Any]) -> None:
            waiting, waited = left, 0.0
            while waiting and not task.stopped and waited < _LONGEST_WATCH_SECONDS:
                task.sleep(_SECONDS_BETWEEN_LOOKS)
                waited += _SECONDS_BETWEEN_LOOKS
                pages = fetch_ids(source, waiting)
                now = {
                    run_id: status
                    for page in pages
                    for run_id, status in zip(page["run_id"], page["status"], strict=True)
                }
                waiting = [run_id for run_id in waiting if run_id in now and now[run_id] not in FINISHED]
                task.report(pages)

        def told(pages: list[pd.DataFrame]) -> None:
            if self._see(pages):
                self._model.signals.emit("acting")

        self._model.background.start(
            "follow", work, done=lambda _none: self._follow_no_more(), failed=self._lost_sight, on_progress=told
        )

    def _follow_no_more(self) -> None:
        self.following = False
        self._model.signals.emit("acting")

    def _lost_sight(self, error: Exception) -> None:
        self.error = error
        self._follow_no_more()

    def _see(self, pages: list[pd.DataFrame], *, gone: Sequence[str] = ()) -> bool:
        """Take in how the runs are now, and tell whether anything changed."""
        now = {
            run_id: str(status) for page in pages for run_id, status in zip(page["run_id"], page["status"], strict=True)
        }
        changed = False
        for one in self.outcomes:
            status = now.get(one.watched, one.status)
            changed |= status != one.status
            one.status = status
        if changed or gone:
            self._model.take_in(pages, gone=gone)
        return changed

    def _statuses(self) -> list[str]:
        view = self._model.view
        return [str(status) for status in view["status"][view["run_id"].isin(self._model.selection)]]


def _to_read(answer: pd.DataFrame) -> list[str]:
    ids = [run_id for name in ("parent_run_id", "run_id") if name in answer.columns for run_id in answer[name].dropna()]
    return list(dict.fromkeys(ids))


def _outcome(row: dict[Any, Any]) -> Outcome:
    text = {name: None if pd.isna(value) else str(value) for name, value in row.items()}
    if "parent_run_id" in text:
        return Outcome(text["parent_run_id"] or "", text["outcome"] or "", text["message"] or "", text["run_id"])
    return Outcome(text["run_id"] or "", text["outcome"] or "", text["message"] or "")
