"""The actions on the selected runs, and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from dagster_nb.panels.explorer.fetching import fetch_by_id
from dagster_nb.panels.explorer.source import has_methods
from dagster_nb.panels.reason_forbidden import reason_forbidden
from dagster_nb.statuses import FINISHED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.panels.background import Task
    from dagster_nb.panels.explorer.model import ExplorerModel

__all__ = ["ACTIONS", "Action", "ActionsModel", "Outcome"]

_SECONDS_BETWEEN_READS = 1.0
_MAX_SECONDS_TO_FOLLOW = 900.0


@dataclass(frozen=True)
class Action:
    """An action on runs.

    Parameters
    ----------
    name
        The label of the action's button.
    method
        The method of the source that the action needs.
    question
        The question that the user must confirm. ``{runs}`` stands for the number of runs.
    call
        A function that calls the source with run ids, and returns a frame of outcomes.
    is_irreversible
        Whether the confirmation button is red.
    is_followed
        Whether to keep reading the statuses of the runs after the action, until the runs have finished.
    """

    name: str
    method: str
    question: str
    call: Callable[[Any, list[str]], pd.DataFrame]
    is_irreversible: bool = True
    is_followed: bool = True


ACTIONS: dict[str, Action] = {
    "terminate": Action(
        "Terminate", "terminate", "Terminate {runs}? Steps that have finished keep their results.",
        lambda source, ids: source.terminate(ids),
    ),
    "from_failure": Action(
        "Re-execute from failure", "reexecute_many",
        "Re-execute {runs} from failure? Each new run executes only the steps that failed or did not run.",
        lambda source, ids: source.reexecute_many(ids, strategy="from_failure"), is_irreversible=False,
    ),
    "all_steps": Action(
        "Re-execute", "reexecute_many", "Re-execute {runs}? Each new run executes all steps.",
        lambda source, ids: source.reexecute_many(ids, strategy="all_steps"), is_irreversible=False,
    ),
    "delete": Action(
        "Delete", "delete", "Delete {runs}, with all logs and events? This cannot be undone.",
        lambda source, ids: source.delete(ids), is_followed=False,
    ),
    "force": Action(
        "Mark as canceled", "terminate",
        "Mark {runs} as canceled now? Processes that are still running will not be stopped.",
        lambda source, ids: source.terminate(ids, force=True),
    ),
}  # fmt: skip


@dataclass
class Outcome:
    """The outcome of an action for one run.

    Attributes
    ----------
    run_id : str
        The id of the run.
    outcome, message : str
        The outcome and the message from the client.
    new_run_id : str or None
        The id of the new run, if the run was re-executed.
    status : str or None
        The status of `followed_id`.
    """

    run_id: str
    outcome: str
    message: str
    new_run_id: str | None = None
    status: str | None = None

    @property
    def followed_id(self) -> str:
        """The id of the run whose status is read after the action."""
        return self.new_run_id or self.run_id

    @property
    def is_final(self) -> bool:
        """Whether the outcome is final, so that the status of the run need not be read again."""
        return (
            self.outcome in ("deleted", "not_found")
            or (self.new_run_id is None and self.outcome == "invalid")
            or (self.status in FINISHED)
        )


class ActionsModel:
    """The action in progress, and the outcomes of the last action.

    After each change, the explorer's model emits ``actions``.

    Parameters
    ----------
    model
        The explorer's model, which has the selection.
    """

    def __init__(self, model: ExplorerModel):
        self._model = model
        self.current: Action | None = None
        self.last: Action | None = None
        self.run_ids: tuple[str, ...] = ()
        self.outcomes: list[Outcome] = []
        self.error: Exception | None = None
        self.is_following = False

    def reason_disabled(self, name: str, run_ids: Sequence[str] | None = None) -> str | None:
        """Return the reason why an action is not available, or None if it is available.

        Parameters
        ----------
        name
            A key of `ACTIONS`.
        run_ids
            The runs, or None for the selected runs.
        """
        is_selection = run_ids is None
        run_ids = self._model.selection if run_ids is None else run_ids
        source = self._model.source
        if not has_methods(source, ACTIONS[name].method):
            return "this source cannot change runs; open the explorer with a client"
        if (reason := reason_forbidden(source, ACTIONS[name].method)) is not None:
            return reason
        if self.current is not None:
            return f"wait until the action {self.current.name!r} has finished"
        if not run_ids:
            return "select runs first"
        if name in ("terminate", "from_failure"):
            statuses = self._statuses_of(run_ids)
            if name == "terminate" and statuses <= FINISHED:
                return "these runs have finished" if is_selection else "this run has finished"
            if name == "from_failure" and not statuses & {"FAILURE", "CANCELED"}:
                return "none of these runs failed" if is_selection else "this run did not fail"
        return None

    def start(self, name: str, run_ids: Sequence[str]) -> None:
        """Start an action.

        Parameters
        ----------
        name
            A key of `ACTIONS`.
        run_ids
            The runs to act on.
        """
        action = ACTIONS[name]
        source: Any = self._model.source
        ids = list(run_ids)
        self.current, self.run_ids = action, tuple(ids)
        self.outcomes, self.error, self.last = [], None, None
        self._model.background.stop("follow")

        def work(_task: Task[Any]) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
            answer = action.call(source, ids)
            return answer, fetch_by_id(source, _ids_in(answer))

        self._model.background.start("action", work, done=self._finish, failed=self._fail)
        self._model.changes.emit("actions")

    def dismiss(self) -> None:
        """Clear the outcomes and stop following the runs."""
        self._model.background.stop("follow")
        self.outcomes, self.error, self.last, self.is_following = [], None, None, False
        self._model.changes.emit("actions")

    def _finish(self, answer: tuple[pd.DataFrame, list[pd.DataFrame]]) -> None:
        frame, pages = answer
        action, self.current, self.last = self.current, None, self.current
        self.outcomes = [_outcome(row) for row in frame.to_dict("records")]
        self._update(pages, deleted=[one.run_id for one in self.outcomes if one.outcome in ("deleted", "not_found")])
        if action is not None and action.is_followed:
            self._follow()
        self._model.changes.emit("actions")

    def _fail(self, error: Exception) -> None:
        self.current, self.error = None, error
        self._model.changes.emit("actions")

    def _follow(self) -> None:
        unfinished = [one.followed_id for one in self.outcomes if not one.is_final]
        if not unfinished:
            return
        source = self._model.source
        self.is_following = True

        def work(task: Task[Any]) -> None:
            left, seconds = unfinished, 0.0
            while left and not task.stopped and seconds < _MAX_SECONDS_TO_FOLLOW:
                task.sleep(_SECONDS_BETWEEN_READS)
                seconds += _SECONDS_BETWEEN_READS
                pages = fetch_by_id(source, left)
                statuses = _statuses_in(pages)
                left = [run_id for run_id in left if run_id in statuses and statuses[run_id] not in FINISHED]
                task.report(pages)

        def on_progress(pages: list[pd.DataFrame]) -> None:
            if self._update(pages):
                self._model.changes.emit("actions")

        self._model.background.start(
            "follow", work, done=self._stop_following, failed=self._stop_following, on_progress=on_progress
        )

    def _stop_following(self, error: Exception | None) -> None:
        self.is_following, self.error = False, error
        self._model.changes.emit("actions")

    def _update(self, pages: list[pd.DataFrame], *, deleted: Sequence[str] = ()) -> bool:
        """Record the current state of the runs. Return whether a status has changed."""
        statuses = _statuses_in(pages)
        changed = False
        for one in self.outcomes:
            status = statuses.get(one.followed_id, one.status)
            changed |= status != one.status
            one.status = status
        if changed or deleted:
            self._model.update(pages, deleted=deleted)
        return changed

    def _statuses_of(self, run_ids: Sequence[str]) -> set[str]:
        runs = self._model.runs
        return {str(status) for status in runs["status"][runs["run_id"].isin(run_ids)]}


def _ids_in(answer: pd.DataFrame) -> list[str]:
    columns = [name for name in ("parent_run_id", "run_id") if name in answer.columns]
    return list(dict.fromkeys(run_id for name in columns for run_id in answer[name].dropna()))


def _statuses_in(pages: list[pd.DataFrame]) -> dict[str, str]:
    return {
        run_id: str(status) for page in pages for run_id, status in zip(page["run_id"], page["status"], strict=True)
    }


def _outcome(row: dict[Any, Any]) -> Outcome:
    text = {name: None if pd.isna(value) else str(value) for name, value in row.items()}
    if "parent_run_id" in text:
        return Outcome(text["parent_run_id"] or "", text["outcome"] or "", text["message"] or "", text["run_id"])
    return Outcome(text["run_id"] or "", text["outcome"] or "", text["message"] or "")
