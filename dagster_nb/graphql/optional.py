"""What the answer to a document can do without, where a server does not have it: its column is NA then.

All else is needed. Without a run's id a row is nobody's; and what is read to be sent back in a mutation, such as the
selection of a run that is to be executed again, must not go missing on the way.
"""

from __future__ import annotations

__all__ = ["optional"]

# How an error is described. That it is one, and which, its ``__typename`` says.
_ERRORS = {
    "Error.message",
    "InvalidOutputError.invalidOutputName",
    "InvalidOutputError.stepKey",
    "InvalidStepError.invalidStepKey",
    "PythonError.className",
    "PythonError.message",
    "PythonError.stack",
    "EvaluationStack.entries",
    "EvaluationStackListItemEntry.listIndex",
    "EvaluationStackMapKeyEntry.mapKey",
    "EvaluationStackMapValueEntry.mapKey",
    "EvaluationStackPathEntry.fieldName",
    "PipelineConfigValidationError.message",
    "PipelineConfigValidationError.reason",
    "PipelineConfigValidationError.stack",
    "RunConfigValidationInvalid.errors",
    "RunConfigValidationInvalid.pipelineName",
    "RunNotFoundError.runId",
    "TerminateRunFailure.message",
    "... on Error",
    "... on EvaluationStackListItemEntry",
    "... on EvaluationStackMapKeyEntry",
    "... on EvaluationStackMapValueEntry",
    "... on EvaluationStackPathEntry",
    "... on InvalidOutputError",
    "... on InvalidStepError",
    "... on PythonError",
    "... on RunConfigValidationInvalid",
    "... on RunNotFoundError",
}
_RUN = {
    "RepositoryOrigin.repositoryLocationName",
    "RepositoryOrigin.repositoryName",
    "Run.assetSelection",
    "Run.creationTime",
    "Run.endTime",
    "Run.jobName",
    "Run.parentRunId",
    "Run.repositoryOrigin",
    "Run.rootRunId",
    "Run.runConfig",
    "Run.solidSelection",
    "Run.startTime",
    "Run.status",
    "Run.tags",
    "Run.updateTime",
}
_EVENT = {
    "ErrorEvent.error",
    "MessageEvent.eventType",
    "MessageEvent.level",
    "MessageEvent.message",
    "MessageEvent.timestamp",
    "... on ErrorEvent",
}

_OPTIONAL = {
    # That it worked, the answer's type says.
    "delete_run": {"DeletePipelineRunSuccess.runId", "... on DeletePipelineRunSuccess"},
    "daemons": {"DaemonStatus.healthy", "DaemonStatus.lastHeartbeatTime", "DaemonStatus.required"},
    "events": _EVENT,
    "job_ops": {"ISolidDefinition.description", "SolidDefinition.configField"},
    "launch_run": _RUN,
    "locations": {"PythonError.causes", "WorkspaceLocationEntry.loadStatus", "WorkspaceLocationEntry.updatedTimestamp"},
    "reexecute_run": _RUN,
    "repositories": {"Pipeline.description", "Pipeline.isAssetJob", "Pipeline.tags"},
    # Who asks for one run knows its id.
    "run": {*_RUN, "Run.runId"},
    "run_config_schema": {"ConfigTypeField.defaultValueAsJson", "ConfigTypeField.description"},
    "run_logs": _EVENT,
    # The server refuses by itself what it does not permit.
    "run_states": {"Run.hasDeletePermission", "Run.hasTerminatePermission"},
    "runs": _RUN,
    "server": {"Query.version"},
    "terminate_runs": {
        "TerminateRunFailure.run",
        "TerminateRunSuccess.run",
        "... on TerminateRunFailure",
        "... on TerminateRunSuccess",
    },
    "steps": {"RunStepStats.attempts", "RunStepStats.endTime", "RunStepStats.startTime", "RunStepStats.status"},
}


def optional(document: str) -> frozenset[str]:
    """Return what the answer to a document can do without.

    Parameters
    ----------
    document
        Its name.

    Returns
    -------
    frozenset of str
        Fields as ``"Type.field"``, fragments as ``"... on Type"``.

    Examples
    --------
    >>> "Run.creationTime" in optional("runs"), "Run.runId" in optional("runs")
    (True, False)
    """
    return frozenset(_ERRORS | _OPTIONAL.get(document, set()))
