"""What a Dagster answers: a union, whose ``__typename`` says whether it is what was asked for or one of its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import (
    ConfigProblem,
    DagsterNbError,
    JobNotFoundError,
    QueryError,
    RunConfigInvalidError,
    RunNotFoundError,
    RunStateError,
    ServerError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ANSWER_ERRORS", "config_problems", "to_error", "unwrap"]

Node = dict[str, Any]

_UNTOLD = "the server does not say what is wrong."


def unwrap(node: Node, *expected: str) -> Node:
    """Return the answer if it is of an expected type, else raise the error that it is.

    Parameters
    ----------
    node
        A member of one of the schema's ``…OrError`` or ``…Result`` unions, with its ``__typename``.
    expected
        The names of the types that mean success.

    Raises
    ------
    DagsterNbError
        The error of our own that stands for the server's.

    Examples
    --------
    >>> unwrap({"__typename": "RunIds", "results": ["a"]}, "RunIds")["results"]
    ['a']
    """
    if node["__typename"] in expected:
        return node
    raise to_error(node)


def to_error(node: Node) -> DagsterNbError:
    """Return the error of our own that an error in the server's answer stands for.

    Parameters
    ----------
    node
        The answer, with its ``__typename``. A type that this package has never heard of becomes a `ServerError` that
        names it.

    Examples
    --------
    >>> to_error({"__typename": "UnauthorizedError", "message": "no"})
    UnauthorizedError('the server refused: no')
    """
    typename = node["__typename"]
    make = ANSWER_ERRORS.get(typename)
    if make is not None:
        return make(node)
    return ServerError(f"the server answered {typename}: {_message(node)}")


def config_problems(node: Node) -> list[ConfigProblem]:
    """Return what is wrong with a run config.

    Parameters
    ----------
    node
        A ``RunConfigValidationInvalid``.
    """
    problems = [
        ConfigProblem(
            path=_config_path(error), reason=error.get("reason", ""), message=error.get("message", _UNTOLD).strip()
        )
        for error in node.get("errors") or ()
    ]
    # What is wrong is not right for want of words.
    return problems or [ConfigProblem(path="", reason="", message=_UNTOLD)]


def _config_path(error: Node) -> str:
    """Join the keys that lead to a problem; ``stack`` is used, since ``path`` leaves out list positions."""
    path = ""
    for entry in error.get("stack", {}).get("entries", ()):
        if "listIndex" in entry:
            path += f"[{entry['listIndex']}]"
        else:
            # A kind of place that this package has never heard of is a place still.
            key = entry.get("fieldName", entry.get("mapKey", "?"))
            path += f".{key}" if path else str(key)
    return path


def _message(node: Node) -> str:
    return node.get("message") or "it gave no message"


def _server_error(node: Node) -> ServerError:
    message = _message(node).strip()
    return ServerError(
        f"Dagster failed: {message}", stack="".join(node.get("stack") or []), class_name=node.get("className")
    )


def _invalid_config(node: Node) -> RunConfigInvalidError:
    problems = config_problems(node)
    return RunConfigInvalidError(
        f"the run config does not fit job {node.get('pipelineName')!r}; nothing was launched:", errors=problems
    )


# Every error type of the unions that our documents ask for; a test holds this against the installed schema.
ANSWER_ERRORS: Mapping[str, Callable[[Node], DagsterNbError]] = {
    "PythonError": _server_error,
    "UnauthorizedError": lambda node: UnauthorizedError(f"the server refused: {_message(node)}"),
    "InvalidPipelineRunsFilterError": lambda node: QueryError(f"the server refused the filter: {_message(node)}"),
    "RunNotFoundError": lambda node: RunNotFoundError(f"the server knows no run {node.get('runId')!r}."),
    "RunGroupNotFoundError": lambda node: RunNotFoundError(f"the server knows no run {node.get('runId')!r}."),
    "PipelineNotFoundError": lambda node: JobNotFoundError(f"the server knows no such job: {_message(node)}"),
    "RepositoryNotFoundError": lambda node: JobNotFoundError(f"the server knows no such repository: {_message(node)}"),
    "RepositoryLocationNotFound": lambda node: JobNotFoundError(f"no such code location: {_message(node)}"),
    "RunConfigValidationInvalid": _invalid_config,
    "InvalidSubsetError": lambda node: RunConfigInvalidError(f"the selection does not fit the job: {_message(node)}"),
    "InvalidStepError": lambda node: RunConfigInvalidError(f"the job has no step {node.get('invalidStepKey')!r}."),
    "InvalidOutputError": lambda node: RunConfigInvalidError(
        f"step {node.get('stepKey')!r} has no output {node.get('invalidOutputName')!r}."
    ),
    "PresetNotFoundError": lambda node: RunConfigInvalidError(f"no such preset: {_message(node)}"),
    "ModeNotFoundError": lambda node: RunConfigInvalidError(f"no such mode: {_message(node)}"),
    "NoModeProvidedError": lambda node: RunConfigInvalidError(f"no mode given: {_message(node)}"),
    "ConflictingExecutionParamsError": lambda node: RunConfigInvalidError(f"arguments conflict: {_message(node)}"),
    "RunConflict": lambda node: RunStateError(f"a run of that id exists already: {_message(node)}"),
    "TerminateRunFailure": lambda node: RunStateError(_message(node)),
    "ReloadNotSupported": lambda node: RunStateError(f"this code location cannot be reloaded: {_message(node)}"),
}
