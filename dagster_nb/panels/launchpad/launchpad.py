"""``Launchpad``: a panel for choosing a job, writing its config, launching it and following the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import ipywidgets as widgets

from dagster_nb.errors import RunNotFoundError
from dagster_nb.panels.launchpad.form import Form
from dagster_nb.panels.launchpad.model import LaunchpadModel, Start
from dagster_nb.panels.launchpad.parse_and_format_fields import config_text, ops_text, own_tags, tags_text
from dagster_nb.panels.launchpad.source import LaunchSource
from dagster_nb.panels.launchpad.static_output import static_html
from dagster_nb.panels.markup import link
from dagster_nb.panels.monitor import RunMonitor
from dagster_nb.panels.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    import pandas as pd

    from dagster_nb.client.sync_client import DagsterClient, Run

__all__ = ["Launchpad", "launch_arguments"]


class Launchpad(Panel):
    """A panel for launching a job with your own config.

    The editor initially contains the job's default config, or the config of the partition that you choose. The panel
    checks your input while you type, and shows each problem with its path and its line. The Launch button is disabled
    until you have fixed the problems. You can also press Ctrl-Enter or Cmd-Enter in the editor to launch the job. After
    the launch, the panel follows the run, like `RunMonitor`.

    Parameters
    ----------
    client
        The client.
    job
        The initial job. If None, users choose a job in the panel.
    location, repository
        The code location and the repository of the job, if several repositories have a job with this name.
    run_config
        The initial config, as a dict or a YAML string. None means the default config of the job or the partition.
    tags
        Tags for the run, in addition to the tags that Dagster adds.
    partition_key
        The initial partition.
    op_selection
        The ops to run, in Dagster's selection syntax. None means all ops.
    tz
        The time zone in which the times of the launched run are shown, such as ``"Europe/Paris"``. None means the time
        zone of the browser.

    Attributes
    ----------
    config : str
        The text in the editor. You can assign a dict or a YAML string.
    run : Run or None
        The run that was launched last.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid, or if there is no such time zone.

    Examples
    --------
    >>> dnb.Launchpad(client, "nightly", partition_key="2026-01-01")  # doctest: +SKIP
    """

    def __init__(
        self,
        client: DagsterClient,
        job: str | None = None,
        location: str | None = None,
        repository: str | None = None,
        *,
        run_config: Mapping[str, Any] | str | None = None,
        tags: Mapping[str, str] | None = None,
        partition_key: str | None = None,
        op_selection: str | Iterable[str] | None = None,
        tz: str | tzinfo | None = None,
    ):
        start = Start(
            job,
            location,
            repository,
            config=None if run_config is None else config_text(run_config),
            tags=tags_text(tags),
            ops=ops_text(op_selection),
            partition=partition_key or "",
        )
        super().__init__(tz=tz)
        self.model = LaunchpadModel(LaunchSource(client), self.background, start)
        self.run: Run | None = None
        self.monitor: RunMonitor | None = None
        self._form = Form(self.model, self.background)
        self._back = widgets.Button(
            description="Launch another", layout=widgets.Layout(width="auto", align_self="flex-start")
        )
        self._launched = widgets.VBox(
            [self._back], layout=widgets.Layout(display="none", width="100%", overflow="visible")
        )
        head = widgets.HTML(f'<div class="dnb-muted">{link(client.url, client.url)}</div>')
        self._fill(head, self._form.widget, self._launched)
        self.add_class("dnb-launchpad")
        self.background.on_click(self._back, self.model.return_to_form)
        self.model.changes.on("state", lambda: self._show_error(self.model.error, self.model.retry))
        self.model.changes.on("run", self._draw_run)
        self._watch_connection(client)
        self.model.load()

    @classmethod
    def from_run(cls, run: Run, *, tz: str | tzinfo | None = None) -> Self:
        """Create a launchpad with the arguments of a run.

        The launchpad contains the run's job, config, partition, op selection and tags, except for the tags that Dagster
        itself adds.

        Parameters
        ----------
        run
            A `Run`, for example the result of ``client.run(run_id)``.
        tz
            As in `Launchpad`.

        Raises
        ------
        RunNotFoundError
            If the run has been deleted.
        ConnectionFailedError, RequestTimeoutError, UnauthorizedError

        Examples
        --------
        >>> dnb.Launchpad.from_run(client.run(run_id))  # doctest: +SKIP
        """
        client = run.client
        found = client.runs(run_ids=[run.run_id], include=("run_config", "op_selection"))
        if found.empty:
            raise RunNotFoundError(f"run {run.run_id} has been deleted. Choose another run.")
        return cls(client, **launch_arguments(found.iloc[0]), tz=tz)

    @property
    def config(self) -> str:
        """The text in the editor."""
        return self.model.config

    @config.setter
    def config(self, config: Mapping[str, Any] | str) -> None:
        self.model.edit(config=config_text(config))
        self.model.changes.emit("config")

    def launch(self) -> None:
        """Launch the job, as the Launch button does. Do nothing if the button is disabled."""
        self.model.launch()

    def _is_busy(self) -> bool:
        return self.model.loading or self.model.checking or self.model.launching

    def _is_ready_to_show(self) -> bool:
        return not self.model.loading

    def _static_text(self) -> str:
        model = self.model
        job = "no job chosen" if model.address is None else model.address.job
        lines = [f"Launchpad on {model.source.url}: {job}"]
        if model.error is not None:
            lines.append(str(model.error))
        if model.run is not None:
            lines.append(f"launched {model.run!r}")
        if model.scaffold is not None:
            lines += [f"  {line}" for line in model.config.rstrip().splitlines()]
        if model.needs_partition:
            lines.append("Choose a partition to load its config, or write your own config.")
        else:
            lines += [f"✖ {': '.join(filter(None, [one.place, one.message]))}" for one in model.problems]
        return "\n".join(lines)

    def _static_html(self) -> str:
        if self.monitor is not None:
            return self.monitor._static_html()  # noqa: SLF001 - the monitor is part of this panel
        return static_html(self.model)

    def _draw_run(self) -> None:
        run, previous = self.model.run, self.monitor
        self.monitor = None
        if run is None:
            self._launched.children = (self._back,)
        else:
            self.run = run
            self.monitor = RunMonitor(run, tz=self.viewport.tz)
            self._launched.children = (self._back, self.monitor)
        self._form.widget.layout.display = "" if run is None else "none"
        self._launched.layout.display = "none" if run is None else ""
        if previous is not None:
            previous.close()


def launch_arguments(run: pd.Series) -> dict[str, Any]:
    """Return the arguments with which `Launchpad` can launch the same run again.

    Parameters
    ----------
    run
        A row of ``client.runs(include=("run_config", "op_selection"))``.

    Examples
    --------
    >>> import pandas as pd
    >>> launch_arguments(pd.Series({"job_name": "nightly", "location": "etl", "tags": {"team": "data"}}))
    {'job': 'nightly', 'location': 'etl', 'tags': {'team': 'data'}}
    """
    names = {
        "job": "job_name",
        "location": "location",
        "repository": "repository",
        "partition_key": "partition_key",
        "run_config": "run_config",
        "op_selection": "op_selection",
    }
    found = {name: run.get(column) for name, column in names.items()}
    # Omit an empty config, so that the launchpad starts with the job's default config.
    given = {name: value for name, value in found.items() if isinstance(value, str | list | dict) and value}
    return {**given, "tags": own_tags(run.get("tags") or {})}
