"""The state of a launchpad: the user's input, its problems, and the launch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_nb.errors import NotFoundError, RunConfigInvalidError
from dagster_nb.panels.changes import Changes
from dagster_nb.panels.launchpad.locate_problems import Problem, locate_problems, problem_from_error
from dagster_nb.panels.launchpad.parse_and_format_fields import parse_ops, parse_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.sync_client import Run
    from dagster_nb.panels.background import Background, Task
    from dagster_nb.panels.launchpad.source import LaunchpadSource, Scaffold

__all__ = ["LaunchpadModel", "Start"]

# Wait for a pause before checking, so that half-typed words are not checked.
_SECONDS_AFTER_TYPING = 0.4


@dataclass(frozen=True, slots=True)
class Start:
    """The initial text of a launchpad's fields.

    Parameters
    ----------
    job, location, repository
        The job, its code location and its repository, or None.
    config
        A YAML string, or None for the default config of the job or the partition.
    tags, ops, partition
        The initial text of these fields.
    """

    job: str | None = None
    location: str | None = None
    repository: str | None = None
    config: str | None = None
    tags: str = ""
    ops: str = ""
    partition: str = ""


class LaunchpadModel:
    """The state of a launchpad, which changes only in the kernel's thread.

    The model emits the changes ``jobs`` (the list of jobs), ``job`` (another job), ``config`` (the text was replaced),
    ``run`` (a run was launched, or the form is visible again) and ``state`` (all other changes).

    Parameters
    ----------
    source
        The source, which reads from the server and launches runs.
    background
        The panel's background tasks, which send the requests.
    start
        The initial text of the fields.
    """

    def __init__(self, source: LaunchpadSource, background: Background, start: Start | None = None):
        self.source = source
        self.changes = Changes()
        self.jobs: list[tuple[JobAddress, bool]] | None = None
        self.address: JobAddress | None = None
        self.scaffold: Scaffold | None = None
        self.config = ""
        self.tags = ""
        self.ops = ""
        self.partition = ""
        self.problems: list[Problem] = []
        self.checked = False
        self.error: Exception | None = None
        self.retry: Callable[[], None] | None = None
        self.run: Run | None = None
        self._background = background
        self._start: Start | None = start or Start()
        # The config that was loaded last, and its partition.
        self._loaded = ("", "")
        # Whether the server reported the current problems in its response to a launch.
        self._was_rejected = False
        self._cancel_check: Callable[[], None] = lambda: None

    @property
    def loading(self) -> bool:
        """Whether the list of jobs, a job or the config of a partition is being read."""
        return self._background.busy("jobs", "job", "partition")

    @property
    def checking(self) -> bool:
        """Whether a check is in progress."""
        return self.scaffold is not None and not self.checked and self.error is None

    @property
    def launching(self) -> bool:
        """Whether a launch is in progress."""
        return self._background.busy("launch")

    @property
    def can_launch(self) -> bool:
        """Whether `launch` would launch the job. `launch` does nothing while there are known problems."""
        if self.scaffold is None or self.run is not None or self.source.reason_forbidden:
            return False
        if self.loading or self.launching or (self.checked and self.problems):
            return False
        return not self.has_other_config

    @property
    def is_edited(self) -> bool:
        """Whether the user has edited the config since it was loaded."""
        return self.config != self._loaded[0]

    @property
    def has_other_config(self) -> bool:
        """Whether the config belongs to a different partition than the chosen one."""
        return not self.is_edited and self._loaded[1] != self.partition

    @property
    def needs_partition(self) -> bool:
        """Whether the default config is invalid. If so, the user must first choose a partition or write a config."""
        return (
            self.scaffold is not None
            and bool(self.scaffold.partitions)
            and not self.partition
            and not self.is_edited
            and bool(self.problems)
            and not self._was_rejected
            and not self._problems_outside_config()
        )

    def load(self) -> None:
        """Read the list of jobs."""
        self.error = None
        self._background.start(
            "jobs", lambda _task: self.source.jobs(), done=self._show_jobs, failed=self._fail(self.load)
        )
        self.changes.emit("jobs")

    def choose(self, address: JobAddress | None) -> None:
        """Choose another job. None means no job.

        This resets the config, the ops and the partition to the defaults of the new job, but keeps the tags.
        """
        if address == self.address:
            return
        self.address, self.scaffold, self.problems, self.partition, self.ops = address, None, [], "", ""
        self._stop_checking()
        self._load_job()

    def edit(self, *, config: str | None = None, tags: str | None = None, ops: str | None = None) -> None:
        """Change the text of fields. After a pause without further changes, check the text."""
        before = self.config, self.tags, self.ops
        self.config = self.config if config is None else config
        self.tags = self.tags if tags is None else tags
        self.ops = self.ops if ops is None else ops
        if (self.config, self.tags, self.ops) != before:
            self._check_later()

    def choose_partition(self, partition: str) -> None:
        """Choose a partition, or "" for none. Load its config unless the user has edited the config."""
        if partition == self.partition:
            return
        self.partition = partition
        self._background.stop("partition")
        if self.is_edited or not self._partition_exists:
            self._check_later()
        else:
            self.reset()

    def reset(self) -> None:
        """Load the config of the chosen partition or, if no partition is chosen, the default config of the job."""
        if self.scaffold is None or self.address is None or not self._partition_exists:
            return
        address, partition = self.address, self.partition
        if not partition:
            self._load_config(self.scaffold.config)
            return
        self._stop_checking()
        self.error, self.checked = None, False
        self._background.start(
            "partition",
            lambda _task: self.source.partition_config(address, partition),
            done=self._load_config,
            failed=self._partition_failed,
        )
        self.changes.emit("state")

    def use_config_of_run(self, run_id: str = "") -> None:
        """Replace the config with the config of one of the job's runs.

        Parameters
        ----------
        run_id
            The id of the run, or at least its first eight characters. If empty, use the newest run.
        """
        address = self.address
        if self.scaffold is None or address is None:
            return

        def failed(error: Exception) -> None:
            # A retry cannot help, because the job has no such run.
            is_final = isinstance(error, ValueError | NotFoundError)
            self._fail(None if is_final else lambda: self.use_config_of_run(run_id))(error)

        self._stop_checking()
        self.error, self.checked = None, False
        self._background.start(
            "partition", lambda _task: self.source.run_config(address, run_id), done=self._use_config, failed=failed
        )
        self.changes.emit("state")

    def launch(self) -> None:
        """Check the input again, then launch the job. Do nothing while a launch is in progress."""
        address = self.address
        if not self.can_launch or address is None:
            return
        self._stop_checking()
        if found := self._problems_outside_config():
            self._show_problems(found)
            return
        config, partition = self.config, self.partition
        tags, ops = parse_tags(self.tags)[0], parse_ops(self.ops)
        self.error = None

        def launch(_task: Task[Run | list[Problem]]) -> Run | list[Problem]:
            if problems := self._check(address, config, ops):
                return problems
            try:
                return self.source.launch(
                    address,
                    run_config=config,
                    tags=tags or None,
                    op_selection=ops or None,
                    partition_key=partition or None,
                )
            except RunConfigInvalidError as error:
                return locate_problems(error.errors, config) or [problem_from_error(error)]

        # Show no Retry button, because the server may have launched the job even if the response was lost.
        self._background.start("launch", launch, done=self._show_launch, failed=self._fail(None))
        self.changes.emit("state")

    def return_to_form(self) -> None:
        """Show the form again with the previous input, so that the user can launch another run."""
        self.run = None
        self.changes.emit("run")
        self._check_later()

    # Results

    def _show_jobs(self, jobs: list[tuple[JobAddress, bool]]) -> None:
        self.jobs = jobs
        start = self._start
        if start is not None and start.job is not None:
            found = [
                address
                for address, _ in jobs
                if address.job == start.job
                and start.location in {None, address.location}
                and start.repository in {None, address.repository}
            ]
            if len(found) == 1:
                self.choose(found[0])
            else:
                where = f" in location {start.location!r}" if start.location is not None else ""
                problem = "Several repositories have a job" if found else "The server has no job"
                message = f"{problem} {start.job!r}{where}. Choose a job from the list."
                self.error, self.retry = ValueError(message), None
        self.changes.emit("jobs")
        self.changes.emit("state")

    def _load_job(self) -> None:
        address = self.address
        self.error = None
        self._background.stop("job")
        self._background.stop("partition")
        if address is not None:
            is_asset_job = dict(self.jobs or ()).get(address, False)
            self._background.start(
                "job",
                lambda _task: self.source.scaffold(address, is_asset_job=is_asset_job),
                done=self._show_job,
                failed=self._fail(self._load_job),
            )
        self.changes.emit("job")
        self.changes.emit("state")

    def _show_job(self, scaffold: Scaffold) -> None:
        self.scaffold = scaffold
        start, self._start = self._start, None
        if start is not None:
            self.tags, self.ops, self.partition = start.tags, start.ops, start.partition
        self._loaded = scaffold.config, ""
        self.config = scaffold.config
        if start is not None and start.config is not None:
            self.config = start.config
            self._loaded = scaffold.config, self.partition
        self._check_later()
        self.changes.emit("job")
        if self.partition and not self.is_edited:
            self.reset()

    def _load_config(self, config: str) -> None:
        self.config = config
        self._loaded = config, self.partition
        self._check_later()
        self.changes.emit("config")

    def _use_config(self, config: str) -> None:
        # Treat this config as if the user had edited it, so that choosing another partition does not replace it.
        self.config = config
        self._check_later()
        self.changes.emit("config")

    def _partition_failed(self, error: Exception) -> None:
        if isinstance(error, ValueError):
            # The partition no longer exists, so a retry cannot help.
            self._show_problems([Problem(str(error))])
        else:
            self._fail(self.reset)(error)

    def _show_problems(self, problems: list[Problem]) -> None:
        self.problems, self.checked = problems, True
        self.changes.emit("state")

    def _show_launch(self, result: Run | list[Problem]) -> None:
        if isinstance(result, list):
            self._was_rejected = True
            self._show_problems(result)
            return
        self.problems, self.checked = [], True
        self.run = result
        self.changes.emit("state")
        self.changes.emit("run")

    def _fail(self, retry: Callable[[], None] | None) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            self.error, self.retry = error, retry
            self.changes.emit("state")

        return failed

    # Checking

    def _check_later(self) -> None:
        """Check the input after a pause, and ignore the result of any earlier check."""
        self._stop_checking()
        # Keep showing the known problems until the new text has been checked.
        self.error, self.checked, self._was_rejected = None, False, False
        self._cancel_check = self._background.later(_SECONDS_AFTER_TYPING, self._check_now)
        self.changes.emit("state")

    def _stop_checking(self) -> None:
        self._cancel_check()
        self._background.stop("check")

    def _check_now(self) -> None:
        address, config, ops = self.address, self.config, parse_ops(self.ops)
        if address is None or self.scaffold is None:
            return
        if found := self._problems_outside_config():
            self._show_problems(found)
            return
        self._background.start(
            "check",
            lambda _task: self._check(address, config, ops),
            done=self._show_problems,
            failed=self._fail(self._check_later),
        )

    @property
    def _partition_exists(self) -> bool:
        return not self.partition or (self.scaffold is not None and self.partition in self.scaffold.partitions)

    def _problems_outside_config(self) -> list[Problem]:
        """Return the problems in all fields except the config. This needs no request to the server."""
        found = [Problem(message) for message in parse_tags(self.tags)[1]]
        if self.scaffold is not None and not self._partition_exists:
            keys = self.scaffold.partitions
            step = f"Choose one from {keys[0]!r} to {keys[-1]!r}." if keys else "Clear the Partition field."
            found.append(Problem(f"The job has no partition {self.partition!r}. {step}"))
        return found

    def _check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[Problem]:
        try:
            return locate_problems(self.source.check(address, config, ops), config)
        except RunConfigInvalidError as error:
            # The text is not a valid config, or the selection matches no ops.
            return [problem_from_error(error)]
