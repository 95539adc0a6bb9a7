"""The command line: ``dagster-nb demo``, ``dagster-nb export``, ``dagster-nb digest`` and ``dagster-nb history``."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dagster_nb.errors import DagsterNbError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagster_nb.history.history import History
    from dagster_nb.sandbox.demo import Demo
    from dagster_nb.sandbox.jupyterlab import JupyterLab

__all__ = ["main"]

WAIT_SECONDS = 1.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dagster_nb")
def cli() -> None:
    """Dagster's run history for pandas and Jupyter."""


@cli.command()
@click.option("--runs", default=2000, show_default=True, help="Number of finished runs in the history.")
@click.option("--port", type=int, help="Port for Dagster. Default: a free port.")
@click.option("--lab/--no-lab", default=True, help="Whether to open JupyterLab.")
def demo(*, runs: int, port: int | None, lab: bool) -> None:
    """Start JupyterLab and a real Dagster with a sample run history, until you press Ctrl-C."""
    from dagster_nb.sandbox.demo import start_demo  # noqa: PLC0415 - the other commands need no Dagster
    from dagster_nb.sandbox.jupyterlab import JupyterLab  # noqa: PLC0415

    # By default, Python exits immediately on these signals, but the demo must first stop the processes that it started.
    for name in {"SIGTERM", "SIGHUP"} & signal.Signals.__members__.keys():
        signal.signal(signal.Signals[name], lambda *_: sys.exit(0))
    with ExitStack() as stack:
        dagster = stack.enter_context(start_demo(runs=runs, port=port, on_progress=_print_steps()))
        click.echo(f"Dagster is running at {dagster.url}")
        if not lab:
            click.echo(f"Connect from Python: dagster_nb.connect({dagster.url!r})")
            click.echo("Press Ctrl-C to stop Dagster.")
            _wait_for_dagster(dagster)
        opened = stack.enter_context(JupyterLab(dagster.url))
        click.echo(f"Opening JupyterLab in your browser, in the folder {opened.folder}")
        click.echo("If no browser opens, use the address that JupyterLab prints below.")
        click.echo("Press Ctrl-C to stop Dagster and JupyterLab.")
        _wait_for_jupyterlab(opened, dagster)


def _print_steps() -> Callable[[str, float], None]:
    """Return a function that prints each step of the startup only once."""
    printed = set()

    def print_step(step: str, _progress: float) -> None:
        if step not in printed:
            printed.add(step)
            click.echo(f"{step} ...")

    return print_step


def _wait_for_dagster(dagster: Demo) -> NoReturn:
    while (reason := dagster.exit_reason(timeout=WAIT_SECONDS)) is None:
        pass
    raise DagsterNbError(f"Dagster stopped unexpectedly. {reason}\nTo start it again, run: dagster-nb demo")


def _wait_for_jupyterlab(lab: JupyterLab, dagster: Demo) -> None:
    """Wait for JupyterLab to exit. If Dagster exits first, JupyterLab stays open, because notebooks may be unsaved."""
    dagster_reason = None
    while (lab_reason := lab.exit_reason(timeout=WAIT_SECONDS)) is None:
        if dagster_reason is None and (dagster_reason := dagster.exit_reason()) is not None:
            click.echo(
                f"Dagster stopped unexpectedly. {dagster_reason}\n"
                "Notebooks can no longer connect to Dagster. Save them, press Ctrl-C, then run: dagster-nb demo",
                err=True,
            )
    if dagster_reason is not None:
        raise DagsterNbError(f"Dagster stopped unexpectedly. {dagster_reason}\nTo start it again, run: dagster-nb demo")
    if lab_reason:
        raise DagsterNbError(lab_reason)


_url = click.option(
    "--url",
    help="Address of the Dagster server. Default: $DAGSTER_NB_URL or, if that is not set, http://localhost:3000.",
)
_token = click.option(
    "--token",
    envvar="DAGSTER_NB_TOKEN",
    help="Token for Dagster+. Prefer $DAGSTER_NB_TOKEN: other users of this machine can see command-line arguments.",
)
_allow_http = click.option(
    "--allow-http", is_flag=True, help="Allow sending the token to another machine over unencrypted http."
)


@cli.command()
@click.argument("path", type=click.Path(dir_okay=False, writable=True))
@_url
@_token
@click.option("--history", metavar="PATH", help="Read from the history at this path, without a server.")
@click.option("--deleted", is_flag=True, help="With --history: include runs that Dagster has deleted.")
@_allow_http
@click.option("--job", multiple=True, help="Only runs of this job; can be repeated.")
@click.option("--status", multiple=True, help="Only runs with this status, such as FAILURE; can be repeated.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Only runs with this tag; can be repeated.")
@click.option("--location", multiple=True, help="Only runs of this code location; can be repeated.")
@click.option(
    "--created-after", help="Only runs created after a point in time: a date, a time, or how long ago, such as 7d."
)
@click.option(
    "--created-before", help="Only runs created before a point in time: a date, a time, or how long ago, such as 24h."
)
@click.option("--limit", type=int, help="Maximum number of runs, newest first.")
@click.option(
    "--include", multiple=True, help="Add a column: run_config, asset_selection or op_selection; can be repeated."
)
def export(
    path: str,
    *,
    url: str | None,
    token: str | None,
    allow_http: bool,
    history: str | None,
    deleted: bool,
    tags: Sequence[str],
    **filters: Any,  # noqa: ANN401
) -> None:
    """Write run history to the file PATH: .parquet, .csv or .jsonl."""
    from dagster_nb.client.connect import connect  # noqa: PLC0415 - so that --help is quick
    from dagster_nb.export_runs import write_runs  # noqa: PLC0415

    # Leave out the options that the user did not pass. An empty option, for example from an unset "$SINCE", is passed
    # to runs(), which rejects it.
    chosen = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in filters.items()
        if value is not None and value != ()
    }
    if tags:
        chosen["tags"] = _parse_tags(tags)
    if history is not None:
        from dagster_nb.history.opening import open_history  # noqa: PLC0415

        if url is not None:
            raise click.UsageError("--url and --history cannot be used together. Use one of them.")
        count = write_runs(open_history(history), path, deleted=deleted, **chosen)
    elif deleted:
        raise click.UsageError(
            "--deleted works only with --history PATH, because a server does not keep deleted runs. Add --history PATH."
        )
    else:
        with connect(url, token=token, allow_http=allow_http) as client:
            count = write_runs(client, path, **chosen)
    click.echo(f"Wrote {count:,} {'run' if count == 1 else 'runs'} to {path}")


@cli.command()
@_url
@_token
@_allow_http
@click.option("--history", metavar="PATH", help="Read from the history at this path, without a server.")
@click.option("--since", default="24h", show_default=True, help="Start of the period: a time, or how long ago.")
@click.option("--as-of", help="End of the period. Default: now, or the last refresh of the history.")
@click.option("--html", type=click.Path(dir_okay=False, writable=True), help="Write one self-contained HTML file.")
@click.option("--markdown", type=click.Path(dir_okay=False, writable=True), help="Write a Markdown file.")
def digest(
    *,
    url: str | None,
    token: str | None,
    allow_http: bool,
    history: str | None,
    since: str,
    as_of: str | None,
    html: str | None,
    markdown: str | None,
) -> None:
    """Print what is wrong and what changed. The exit code is 1 if there is an error or a warning, otherwise 0.

    Exit code 2 means that the digest could not be created.
    """
    from dagster_nb.analysis import digest as find  # noqa: PLC0415 - so that --help is quick
    from dagster_nb.client.connect import connect  # noqa: PLC0415

    if history is not None and url is not None:
        raise click.UsageError("--url and --history cannot be used together. Use one of them.")
    try:
        if history is not None:
            from dagster_nb.history.opening import open_history  # noqa: PLC0415

            found = find(open_history(history), since, as_of)
        else:
            with connect(url, token=token, allow_http=allow_http, progress=False) as client:
                found = find(client, since, as_of)
        if html is not None:
            found.to_html(html)
        if markdown is not None:
            Path(markdown).write_text(found.to_markdown(), encoding="utf-8")
    except (DagsterNbError, ValueError, OSError) as error:
        click.echo(f"dagster-nb: {error}", err=True)
        sys.exit(2)
    click.echo(repr(found))
    if found.has_problems:
        sys.exit(1)


@cli.group()
def history() -> None:
    """Keep all runs of a deployment in a Delta table.

    PATH is a local folder or an object storage URL such as s3://bucket/dagster. The credentials for object storage are
    read from the usual environment variables, such as AWS_ACCESS_KEY_ID. Without PATH, the table is in your user data
    folder, with a separate folder for each server.
    """


@history.command()
@click.argument("path", required=False)
@_url
@_token
@_allow_http
def refresh(*, path: str | None, url: str | None, token: str | None, allow_http: bool) -> None:
    """Read what has changed since the last refresh. The first refresh reads all runs."""
    from dagster_nb.client.connect import connect  # noqa: PLC0415 - so that --help is quick

    with connect(url, token=token, allow_http=allow_http) as client:
        found = client.history(path)
        result = found.refresh()
    click.echo(f"{found.path}: {result}")


@history.command()
@click.argument("path", required=False)
@_url
@_token
@_allow_http
def info(*, path: str | None, url: str | None, token: str | None, allow_http: bool) -> None:
    """Print the number of runs, the time of the oldest run, and the time of the last refresh."""
    with _open_history(path, url, token, allow_http=allow_http) as found:
        for name, value in found.facts().items():
            click.echo(f"{name:<10} {value}")


@history.command()
@click.argument("path", required=False)
@_url
@_token
@_allow_http
def compact(*, path: str | None, url: str | None, token: str | None, allow_http: bool) -> None:
    """Merge small files, and delete files that are no longer needed."""
    with _open_history(path, url, token, allow_http=allow_http) as found:
        found.compact()
        click.echo(f"Compacted {found.path}")


@contextmanager
def _open_history(path: str | None, url: str | None, token: str | None, *, allow_http: bool) -> Iterator[History]:
    """Open the history at a path, without a server. If there is no path, open the history of the server."""
    from dagster_nb.client.connect import connect  # noqa: PLC0415 - so that --help is quick
    from dagster_nb.history.opening import open_history  # noqa: PLC0415

    if path is not None:
        yield open_history(path)
        return
    with connect(url, token=token, allow_http=allow_http) as client:
        yield client.history()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command. If the command fails, print the error on one line and exit with code 1.

    Parameters
    ----------
    arguments
        The command-line arguments. Default: the arguments of this process.
    """
    try:
        cli(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except (DagsterNbError, ValueError, OSError) as error:
        click.echo(f"dagster-nb: {error}", err=True)
        sys.exit(1)


def _parse_tags(pairs: Sequence[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"expected KEY=VALUE, got {pair!r}", param_hint="--tag")
        tags.setdefault(key, []).append(value)
    return tags
