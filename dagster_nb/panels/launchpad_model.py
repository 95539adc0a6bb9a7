"""What is filled in on a launchpad, what is wrong with it, and the one launch that comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import yaml

from dagster_nb.errors import RunConfigInvalidError
from dagster_nb.panels.config_lines import Problem, problem_of_error, problems_of
from dagster_nb.panels.explorer.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagster_nb.client.arguments.job_address import JobAddress
    from dagster_nb.client.sync_client import Run
    from dagster_nb.errors import ConfigProblem
    from dagster_nb.panels.background import Background, Task
    from dagster_nb.panels.launch_source import Scaffold

__all__ = ["LaunchpadModel", "as_yaml", "parse_ops", "parse_tags"]

# Whoever types goes on typing; asking at every key would ask for nothing but half words.
_TYPING_SECONDS = 0.4


class Source(Protocol):
    """What a launchpad asks: see `LaunchSource`."""

    @property
    def url(self) -> str:
        """The server's root."""

    @property
    def read_only(self) -> bool:
        """Whether nothing can be launched."""

    def jobs(self) -> list[tuple[JobAddress, bool]]:
        """Return the jobs."""

    def scaffold(self, address: JobAddress, *, is_asset_job: bool) -> Scaffold:
        """Return what there is to fill in for a job."""

    def partition_config(self, address: JobAddress, partition: str) -> str:
        """Return the config of a partition."""

    def check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[ConfigProblem]:
        """Return what is wrong with a config."""

    def launch(self, address: JobAddress, **options: Any) -> Run:  # noqa: ANN401
        """Launch the job."""


class LaunchpadModel:
    """The state of a launchpad.

    Parameters
    ----------
    source
        Whom to ask.
    background
        Where the asking goes on.
    wanted
        The job to begin with, its location and its repository, each None where it is not said.
    config
        What the editor begins with; None means the job's own scaffold.
    """

    def __init__(
        self,
        source: Source,
        background: Background,
        wanted: tuple[str | None, str | None, str | None] = (None, None, None),
        config: str | None = None,
    ):
        self.source = source
        self.signals = Signals()
        self.jobs: list[tuple[JobAddress, bool]] | None = None
        self.address: JobAddress | None = None
        self.scaffold: Scaffold | None = None
        self.config = ""
        self.tags = ""
        self.ops = ""
        self.partition = ""
        self.problems: list[Problem] = []
        self.checked = False
        self.error: tuple[Exception, Callable[[], None] | None] | None = None
        self.run: Run | None = None
        self._background = background
        self._wanted = wanted
        self._given = config
        self._loaded = ""
        self._later: Callable[[], None] = lambda: None

    @property
    def checking(self) -> bool:
        """Whether it is not known yet if what is filled in is right."""
        return self.scaffold is not None and not self.checked and self.error is None

    @property
    def loading(self) -> bool:
        """Whether the jobs, the job or a partition are being asked for."""
        return any(map(self._background.busy, ("jobs", "job", "partition")))

    @property
    def launching(self) -> bool:
        """Whether a launch is under way."""
        return self._background.busy("launch")

    @property
    def can_launch(self) -> bool:
        """Whether a press of the button would do anything: not while something is known to be wrong."""
        if self.scaffold is None or self.run is not None or self.launching or self.source.read_only:
            return False
        return not (self.checked and self.problems)

    @property
    def is_edited(self) -> bool:
        """Whether the config is another than the one that was loaded."""
        return self.config != self._loaded

    def load(self) -> None:
        """Ask for the jobs."""
        self.error = None
        self._background.start(
            "jobs", lambda _task: self.source.jobs(), done=self._see_jobs, failed=self._fail(self.load)
        )
        self.signals.emit("jobs")

    def choose(self, address: JobAddress | None) -> None:
        """Turn to another job, or to none; what was filled in is another job's."""
        if address == self.address:
            return
        self.address, self.scaffold, self.problems, self.partition, self.ops = address, None, [], "", ""
        self._stop_checking()
        self._load_job()

    def edit(self, **filled: str) -> None:
        """Fill in ``config``, ``tags``, ``ops``; it is checked once nobody types any more.

        Parameters
        ----------
        **filled
            The texts.
        """
        changed = {name: words for name, words in filled.items() if words != getattr(self, name)}
        for name, words in changed.items():
            setattr(self, name, words)
        if changed:
            self._recheck()

    def choose_partition(self, partition: str) -> None:
        """Turn to a partition; its config is loaded, unless the config was edited."""
        if partition == self.partition:
            return
        self.partition = partition
        if self.is_edited:
            self._recheck()
        else:
            self.reset()

    def reset(self) -> None:
        """Load the config of the partition, or the job's scaffold, in place of what was edited."""
        if self.scaffold is None or self.address is None:
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
            failed=self._fail(self.reset),
        )
        self.signals.emit("state")

    def launch(self) -> None:
        """Launch what is filled in, once, if it is right; a second press while that is under way does nothing."""
        address = self.address
        if not self.can_launch or address is None:
            return
        self._stop_checking()
        config, partition = self.config, self.partition
        found = self._own_problems()
        if found:
            self._see_problems(found)
            return
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
                return problems_of(error.errors, config) or [problem_of_error(error)]

        self._background.start("launch", launch, done=self._launched, failed=self._fail(None))
        self.signals.emit("state")

    def again(self) -> None:
        """Go back to what was filled in, for another launch."""
        self.run = None
        self.signals.emit("run")
        self._recheck()

    # Coming home

    def _see_jobs(self, jobs: list[tuple[JobAddress, bool]]) -> None:
        self.jobs = jobs
        job, location, repository = self._wanted
        found = [
            address
            for address, _ in jobs
            if address.job == job and location in {None, address.location} and repository in {None, address.repository}
        ]
        if len(found) == 1:
            self.choose(found[0])
        elif job is not None:
            where = f" in location {location!r}" if location is not None else ""
            words = "several repositories have" if found else "the server has no"
            self.error = ValueError(f"{words} job {job!r}{where}; choose one from the list."), None
        self.signals.emit("jobs")
        self.signals.emit("state")

    def _load_job(self) -> None:
        address = self.address
        self.error = None
        self._background.stop("job")
        if address is not None:
            is_asset_job = dict(self.jobs or ()).get(address, False)
            self._background.start(
                "job",
                lambda _task: self.source.scaffold(address, is_asset_job=is_asset_job),
                done=self._see_job,
                failed=self._fail(self._load_job),
            )
        self.signals.emit("job")
        self.signals.emit("state")

    def _see_job(self, scaffold: Scaffold) -> None:
        self.scaffold = scaffold
        self._load_config(scaffold.config)
        if self._given is not None:
            self.config, self._given = self._given, None
        self.signals.emit("job")

    def _load_config(self, config: str) -> None:
        self.config = self._loaded = config
        self._recheck()
        self.signals.emit("config")

    def _recheck(self) -> None:
        """Check what is filled in, a little later; an answer to what it was before is of no interest."""
        self._stop_checking()
        # What was wrong with it stays in sight until it is known to be right.
        self.error, self.checked = None, False
        self._later = self._background.later(_TYPING_SECONDS, self._check_now)
        self.signals.emit("state")

    def _stop_checking(self) -> None:
        self._later()
        self._background.stop("check")

    def _check_now(self) -> None:
        address, config, ops = self.address, self.config, parse_ops(self.ops)
        if address is None or self.scaffold is None:
            return
        if found := self._own_problems():
            self._see_problems(found)
            return
        self._background.start(
            "check",
            lambda _task: self._check(address, config, ops),
            done=self._see_problems,
            failed=self._fail(self._recheck),
        )

    def _own_problems(self) -> list[Problem]:
        """Return what can be seen to be wrong without asking anybody."""
        found = [Problem(words) for words in parse_tags(self.tags)[1]]
        if self.scaffold is not None and self.partition and self.partition not in self.scaffold.partitions:
            found.append(Problem(f"the job has no partition {self.partition!r}"))
        return found

    def _check(self, address: JobAddress, config: str, ops: Sequence[str]) -> list[Problem]:
        try:
            return problems_of(self.source.check(address, config, ops), config)
        except RunConfigInvalidError as error:
            # No config at all, or a selection that fits no op.
            return [problem_of_error(error)]

    def _see_problems(self, problems: list[Problem]) -> None:
        self.problems, self.checked = problems, True
        self.signals.emit("state")

    def _launched(self, result: Run | list[Problem]) -> None:
        if isinstance(result, list):
            self._see_problems(result)
            return
        self.problems, self.checked = [], True
        self.run = result
        self.signals.emit("state")
        self.signals.emit("run")

    def _fail(self, retry: Callable[[], None] | None) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            self.error = error, retry
            self.signals.emit("state")

        return failed


def parse_tags(words: str) -> tuple[dict[str, str], list[str]]:
    """Return tags from lines of ``key: value``, and what is wrong with them.

    Parameters
    ----------
    words
        The lines; empty ones count for nothing.

    Examples
    --------
    >>> parse_tags("team: data")
    ({'team': 'data'}, [])
    """
    tags: dict[str, str] = {}
    wrong = []
    for line in filter(None, map(str.strip, words.splitlines())):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon or not key:
            wrong.append(f"a tag is written as key: value, not {line!r}")
        elif key in tags:
            wrong.append(f"the tag {key!r} is given twice")
        else:
            tags[key] = value
    return tags, wrong


def parse_ops(words: str) -> list[str]:
    """Return an op selection from words with commas or spaces between.

    Parameters
    ----------
    words
        Such as ``"load, transform+"``.

    Examples
    --------
    >>> parse_ops("load, transform+")
    ['load', 'transform+']
    """
    return words.replace(",", " ").split()


def as_yaml(config: Any) -> str:  # noqa: ANN401 - text, or whatever YAML can hold
    """Return a config as YAML text; text stays as it is."""
    return config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
