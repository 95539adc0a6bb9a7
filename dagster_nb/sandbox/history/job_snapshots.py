"""Store the parts of a job's definition that its runs refer to: steps, snapshots and origin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster._core.execution.api import create_execution_plan
from dagster._core.execution.plan.inputs import FromStepOutput
from dagster._core.execution.plan.outputs import StepOutputHandle
from dagster._core.execution.plan.state import KnownExecutionState, PastExecutionState
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.snap import snapshot_from_execution_plan

from dagster_nb.sandbox.definitions import defs

from .job_profiles import JOB_PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import AssetKey, DagsterInstance, JobDefinition
    from dagster._core.definitions.dependency import NodeHandle
    from dagster._core.execution.plan.handle import ResolvedFromDynamicStepHandle, StepHandle
    from dagster._core.execution.plan.plan import ExecutionPlan

    from .planned import PlannedRun

__all__ = ["REPOSITORY", "JobSnapshot", "StepSnapshot", "repository_origin", "store_job_snapshots"]

REPOSITORY = "__repository__"
NOTHING = "Nothing"


@dataclass(frozen=True, slots=True)
class StepSnapshot:
    """A step of an execution plan."""

    handle: StepHandle | ResolvedFromDynamicStepHandle
    node: NodeHandle
    inputs: tuple[tuple[str, StepOutputHandle], ...]
    outputs: tuple[tuple[str, str], ...]
    asset_key: AssetKey | None


@dataclass(slots=True)
class JobSnapshot:
    """A job, with its steps by key and the ids of its stored snapshots."""

    definition: JobDefinition
    origin: RemoteJobOrigin
    instance: DagsterInstance
    snapshot_id: str
    steps: dict[str, StepSnapshot] = field(default_factory=dict)
    plan_id: str = ""
    _pasts: dict[str, PastExecutionState] = field(default_factory=dict)

    def plan_id_of(self, run: PlannedRun) -> str:
        """Store the execution plan of a run and return its id.

        The plan of a re-execution names the earlier run that produced each output, so that users can also re-execute
        the re-execution.
        """
        past = self._pasts[run.parent_run_id] if run.parent_run_id else None
        if run.status == "FAILURE":
            self._pasts[run.run_id] = PastExecutionState(run.run_id, set(self.produced(run)), past)
        if past is None or run.selection is None:
            return self.plan_id
        known = KnownExecutionState(parent_state=past, ready_outputs=_all_outputs(past))
        plan = create_execution_plan(
            self.definition, run.run_config, step_keys_to_execute=list(run.selection), known_state=known
        )
        return self.store(plan)

    def store(self, plan: ExecutionPlan) -> str:
        """Store an execution plan and return its id."""
        return self.instance.run_storage.add_execution_plan_snapshot(
            snapshot_from_execution_plan(plan, self.snapshot_id)
        )

    def produced(self, run: PlannedRun) -> Sequence[StepOutputHandle]:
        """Return the outputs of the steps that succeeded."""
        return [
            StepOutputHandle(step.key, name)
            for step in run.steps
            if step.failure is None
            for name, _ in self.steps[step.key].outputs
        ]


def _all_outputs(past: PastExecutionState | None) -> set[StepOutputHandle]:
    return past.produced_outputs | _all_outputs(past.get_parent_state()) if past else set()


def repository_origin(location: str) -> RemoteRepositoryOrigin:
    """Return the origin of the demo's repository.

    The host and the socket in the origin do not matter, because Dagster only compares the name.
    """
    return RemoteRepositoryOrigin(
        GrpcServerCodeLocationOrigin(host="localhost", socket=f"{location}.sock", location_name=location), REPOSITORY
    )


def store_job_snapshots(
    instance: DagsterInstance, location: str, configs: dict[str, dict[str, Any]]
) -> dict[str, JobSnapshot]:
    """Store the snapshots of jobs.

    Parameters
    ----------
    instance
        The instance in which to store the snapshots.
    location
        The name of the code location.
    configs
        The names of the jobs, each with a valid run config.

    Returns
    -------
    dict
        The snapshots by job name.
    """
    repository = defs.get_repository_def()
    snapshots = {}
    for name, config in configs.items():
        definition = repository.get_job(name)
        plan = create_execution_plan(definition, config)
        job = JobSnapshot(
            definition=definition,
            origin=RemoteJobOrigin(repository_origin(location), name),
            instance=instance,
            snapshot_id=instance.run_storage.add_job_snapshot(definition.get_job_snapshot()),
            steps=_steps(plan),
        )
        job.plan_id = job.store(plan)
        if list(job.steps) != list(JOB_PROFILES[name].steps):
            raise AssertionError(
                f"the profile of job {name} does not match its definition, which has the steps {list(job.steps)}. "
                "Correct JOB_PROFILES."
            )
        snapshots[name] = job
    return snapshots


def _steps(plan: ExecutionPlan) -> dict[str, StepSnapshot]:
    steps = {}
    for step in plan.get_steps_to_execute_in_topo_order():
        steps[step.key] = StepSnapshot(
            handle=step.handle,
            node=step.node_handle,
            inputs=tuple(
                (i.name, i.source.step_output_handle)
                for i in step.step_inputs
                if isinstance(i.source, FromStepOutput) and i.dagster_type_key != NOTHING
            ),
            outputs=tuple((output.name, output.dagster_type_key) for output in step.step_outputs),
            asset_key=next((o.properties.asset_key for o in step.step_outputs if o.properties.asset_key), None),
        )
    return steps
