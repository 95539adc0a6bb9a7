"""The command ``dagster-nb``: a thin face for people who have no notebook open yet, or want none."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from dagster_nb.errors import DagsterNbError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dagster_nb")
def cli() -> None:
    """Bring Dagster's run history to pandas and Jupyter."""


@cli.command()
@click.option("--runs", default=2000, show_default=True, help="How many finished runs the history has.")
@click.option("--port", type=int, help="Where Dagster serves; a free port by default.")
@click.option("--lab/--no-lab", default=True, help="Whether to open JupyterLab on the notebooks.")
def demo(*, runs: int, port: int | None, lab: bool) -> None:
    """Start a real Dagster with a history, and JupyterLab beside it, until Ctrl-C."""
    from dagster_nb.sandbox.demo import demo as start  # noqa: PLC0415 - the other commands need no Dagster
    from dagster_nb.sandbox.lab import Lab  # noqa: PLC0415

    # Asked to end in another way than by Ctrl-C, or left alone by its terminal, it stops what it started all the same.
    for name in {"SIGTERM", "SIGHUP"} & signal.Signals.__members__.keys():
        signal.signal(signal.Signals[name], lambda *_: sys.exit(0))
    with ExitStack() as stack:
        dagster = stack.enter_context(start(runs=runs, port=port))
        click.echo(f"Dagster serves at {dagster.url}")
        opened = stack.enter_context(Lab(dagster.url)) if lab else None
        if opened is None:
            click.echo(f"Connect with dagster_nb.connect({dagster.url!r}). Ctrl-C stops it.")
        else:
            click.echo(f"JupyterLab opens {opened.folder}. Ctrl-C stops both.")
        while (why := dagster.exit_reason()) is None and (opened is None or opened.running):
            pass
        if why is not None and opened is not None:
            # Somebody may be at work there.
            click.echo(
                f"Dagster ended. {why}\nThe notebooks find it no more: save them, Ctrl-C, and start again.", err=True
            )
            opened.wait()
        if why is not None:
            raise DagsterNbError(f"Dagster ended. {why}")
        if opened is not None and (code := opened.wait()):
            raise DagsterNbError(f"JupyterLab ended with code {code}; what it wrote above may say why.")


@cli.command()
@click.argument("path", type=click.Path(dir_okay=False, writable=True))
@click.option("--url", help="The server; $DAGSTER_NB_URL or http://localhost:3000 by default.")
@click.option("--token", envvar="DAGSTER_NB_TOKEN", help="A Dagster+ token; better given as $DAGSTER_NB_TOKEN.")
@click.option("--job", multiple=True, help="Only runs of this job; may be given again.")
@click.option("--status", multiple=True, help="Only runs in this status, such as FAILURE; may be given again.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Only runs with this tag; may be given again.")
@click.option("--location", multiple=True, help="Only runs of this code location; may be given again.")
@click.option("--created-after", help="A date, a time, or how long ago: 7d.")
@click.option("--created-before", help="A date, a time, or how long ago: 24h.")
@click.option("--limit", type=int, help="The most runs to write.")
@click.option("--include", multiple=True, help="A further column: run_config, asset_selection, op_selection.")
def export(path: str, *, url: str | None, token: str | None, tags: Sequence[str], **filters: Any) -> None:  # noqa: ANN401
    """Write run history to PATH: .parquet, .csv or .jsonl."""
    from dagster_nb.client.connect import connect  # noqa: PLC0415 - so that --help is quick
    from dagster_nb.export import write_runs  # noqa: PLC0415

    # An option that is given and empty, such as an unset "$SINCE", is no option left out: runs() refuses it.
    asked = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in filters.items()
        if value is not None and value != ()
    }
    if tags:
        asked["tags"] = _tags(tags)
    with connect(url, token=token) as client:
        count = write_runs(client, path, **asked)
    click.echo(f"{count:,} runs written to {path}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error is one readable line and an exit code of 1.

    Parameters
    ----------
    arguments
        The words of the command line; those of the process by default.
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


def _tags(pairs: Sequence[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"a tag is KEY=VALUE, not {pair!r}.", param_hint="--tag")
        tags.setdefault(key, []).append(value)
    return tags
