"""Turn Dagster's union responses into results or errors, according to ``__typename``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_nb.errors import (
    ConfigProblem,
    DagsterNbError,
    JobNotFoundError,
    LocationNotFoundError,
    NotFoundError,
    QueryError,
    RunConfigInvalidError,
    RunNotFoundError,
    RunStateError,
    ServerError,
    UnauthorizedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ERROR_TYPES", "config_problems", "to_error", "unwrap"]

Node = dict[str, Any]

_NO_MESSAGE = "the server gave no reason."


def unwrap(node: Node, *expected: str) -> Node:
    """Return a response if it has an expected type; otherwise raise the error that it represents.

    Parameters
    ----------
    node
        A member of one of the schema's ``…OrError`` or ``…Result`` unions, with its ``__typename``.
    expected
        The types that the caller expects.

    Raises
    ------
    DagsterNbError
        The error that the response represents.

    Examples
    --------
    >>> unwrap({"__typename": "RunIds", "results": ["a"]}, "RunIds")["results"]
    ['a']
    """
    if node["__typename"] in expected:
        return node
    raise to_error(node)


def to_error(node: Node) -> DagsterNbError:
    """Return the `DagsterNbError` for an error in the server's response.

    Parameters
    ----------
    node
        The response, with its ``__typename``. An unknown type becomes a `ServerError` that contains the type's name.

    Examples
    --------
    >>> to_error({"__typename": "UnauthorizedError", "message": "no"})
    UnauthorizedError('the server denied the request (no). Ask its administrator for the permission.')
    """
    typename = node["__typename"]
    make = ERROR_TYPES.get(typename)
    if make is not None:
        return make(node)
    return ServerError(
        f"the server returned {typename} ({_message(node)}), which this version of dagster_nb does not support. Update "
        f"dagster_nb, or check the server's log."
    )


def config_problems(node: Node) -> list[ConfigProblem]:
    """Return the problems of a run config.

    Parameters
    ----------
    node
        A ``RunConfigValidationInvalid``.
    """
    problems = [
        ConfigProblem(
            path=_config_path(error), reason=error.get("reason", ""), message=error.get("message", _NO_MESSAGE).strip()
        )
        for error in node.get("errors") or ()
    ]
    # Even if the server gives no details, the config is invalid.
    return problems or [ConfigProblem(path="", reason="", message=_NO_MESSAGE)]


def _config_path(error: Node) -> str:
    """Join the keys that lead to a problem. The keys come from ``stack``, because ``path`` leaves out list indices."""
    path = ""
    for entry in (error.get("stack") or {}).get("entries") or ():
        if "listIndex" in entry:
            path += f"[{entry['listIndex']}]"
        else:
            # Entries of an unknown kind are shown as "?".
            key = entry.get("fieldName", entry.get("mapKey", "?"))
            path += f".{key}" if path else str(key)
    return path


def _message(node: Node) -> str:
    return (node.get("message") or "no message").strip().rstrip(".")


def _no_run(node: Node) -> str:
    return f"the server has no run {node.get('runId')!r}. client.runs() lists all runs."


def _server_error(node: Node) -> ServerError:
    message = (node.get("message") or "no message").strip()
    return ServerError(
        f"Dagster failed (see the .stack of this error, or the server's log): {message}",
        stack="".join(node.get("stack") or []),
        class_name=node.get("className"),
    )


def _invalid_config(node: Node) -> RunConfigInvalidError:
    problems = config_problems(node)
    return RunConfigInvalidError(
        f"the run config is not valid for job {node.get('pipelineName')!r}. Nothing was launched. "
        "Correct these parts of the config:",
        errors=problems,
    )


# All error types of the unions in our documents. A test compares this table with the installed schema.
ERROR_TYPES: Mapping[str, Callable[[Node], DagsterNbError]] = {
    "PythonError": _server_error,
    "UnauthorizedError": lambda node: UnauthorizedError(
        f"the server denied the request ({_message(node)}). Ask its administrator for the permission."
    ),
    "InvalidPipelineRunsFilterError": lambda node: QueryError(
        f"the server rejected the filter: {_message(node)}. Correct the arguments that filter the runs."
    ),
    "BackfillNotFoundError": lambda node: NotFoundError(
        f"the server has no such backfill ({_message(node)}). client.backfills() lists all backfills."
    ),
    "RunNotFoundError": lambda node: RunNotFoundError(_no_run(node)),
    "RunGroupNotFoundError": lambda node: RunNotFoundError(_no_run(node)),
    "PipelineNotFoundError": lambda node: JobNotFoundError(
        f"the server has no such job ({_message(node)}). client.jobs() lists all jobs."
    ),
    "RepositoryNotFoundError": lambda node: JobNotFoundError(
        f"the server has no such repository ({_message(node)}). client.repositories() lists all repositories."
    ),
    "RepositoryLocationNotFound": lambda node: LocationNotFoundError(
        f"the server has no such code location ({_message(node)}). client.locations() lists all code locations."
    ),
    "AssetNotFoundError": lambda node: NotFoundError(
        f"the server has no such asset ({_message(node)}). client.assets() lists all assets."
    ),
    "AssetCheckNeedsMigrationError": lambda node: ServerError(
        f"the server cannot read asset checks ({_message(node)}). Fix the cause on the server, then try again."
    ),
    "AssetCheckNeedsUserCodeUpgrade": lambda node: ServerError(
        f"the server cannot read asset checks ({_message(node)}). Fix the cause on the server, then try again."
    ),
    "AssetCheckNeedsAgentUpgradeError": lambda node: ServerError(
        f"the server cannot read asset checks ({_message(node)}). Fix the cause on the server, then try again."
    ),
    "InstigationStateNotFoundError": lambda node: NotFoundError(
        f"the server has no such schedule or sensor ({_message(node)}). "
        "client.schedules() and client.sensors() list them."
    ),
    "ScheduleNotFoundError": lambda node: NotFoundError(
        f"the server has no such schedule ({_message(node)}). client.schedules() lists all schedules."
    ),
    "SensorNotFoundError": lambda node: NotFoundError(
        f"the server has no such sensor ({_message(node)}). client.sensors() lists all sensors."
    ),
    "RunConfigValidationInvalid": _invalid_config,
    "InvalidSubsetError": lambda node: RunConfigInvalidError(
        f"the selection is not valid for the job ({_message(node)}). client.ops() lists the ops of a job."
    ),
    "InvalidStepError": lambda node: RunConfigInvalidError(
        f"the job has no step {node.get('invalidStepKey')!r}. client.ops() lists the ops of a job."
    ),
    "InvalidOutputError": lambda node: RunConfigInvalidError(
        f"step {node.get('stepKey')!r} has no output {node.get('invalidOutputName')!r}. client.ops() lists the outputs."
    ),
    "PresetNotFoundError": lambda node: RunConfigInvalidError(
        f"the job has no such preset ({_message(node)}). Pass run_config= instead."
    ),
    "ModeNotFoundError": lambda node: RunConfigInvalidError(
        f"the job has no such mode ({_message(node)}). dagster_nb does not support modes. Launch the job in Dagster."
    ),
    "NoModeProvidedError": lambda node: RunConfigInvalidError(
        f"the job needs a mode ({_message(node)}), and dagster_nb does not support modes. Launch the job in Dagster."
    ),
    "ConflictingExecutionParamsError": lambda node: RunConfigInvalidError(
        f"the arguments conflict ({_message(node)}). Leave one of them out."
    ),
    "RunConflict": lambda node: RunStateError(
        f"a run with that id already exists ({_message(node)}). Launch again to get another id."
    ),
    "PartitionSetNotFoundError": lambda node: NotFoundError(
        f"the job has no partitions ({_message(node)}). Leave out the partition keys."
    ),
    "PartitionKeysNotFoundError": lambda node: NotFoundError(
        f"there are no such partitions ({_message(node)}). client.partitions() lists the partitions."
    ),
    "TerminateRunFailure": lambda node: RunStateError(_message(node)),
    "ReloadNotSupported": lambda node: RunStateError(
        f"this code location cannot be reloaded ({_message(node)}). Restart its code server instead."
    ),
}
