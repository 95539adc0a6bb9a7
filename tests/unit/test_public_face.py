"""All public names exist, are documented, and have types."""

from __future__ import annotations

import graphlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import dagster_nb as dnb

ROOT = Path(__file__).parents[2]


def test_every_public_name_exists():
    assert sorted(dnb.__all__) == dnb.__all__
    for name in dnb.__all__:
        assert getattr(dnb, name) is not None
    assert set(dnb.__all__) <= set(dir(dnb))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dnb.nonsense


def test_all_errors_have_a_common_base_class():
    errors = [getattr(dnb, name) for name in dnb.__all__ if name.endswith("Error")]
    assert len(errors) == 21
    for error in errors:
        assert issubclass(error, dnb.DagsterNbError)
        assert error.__name__ in sys.modules["dagster_nb.errors"].__doc__
    builtins = {
        "ConnectionFailedError": ConnectionError,
        "RequestTimeoutError": TimeoutError,
        "WaitTimeoutError": TimeoutError,
        "UnauthorizedError": PermissionError,
        "NotFoundError": LookupError,
        "RunConfigInvalidError": ValueError,
    }
    for name, builtin in builtins.items():
        assert issubclass(getattr(dnb, name), builtin)
    for error in (dnb.RunNotFoundError, dnb.JobNotFoundError, dnb.LocationNotFoundError):
        assert error.__base__ is dnb.NotFoundError
    assert issubclass(dnb.DagsterNbWarning, UserWarning)


def test_the_documented_error_tree_matches_the_classes():
    drawn = re.findall(r"^( *)((?:│   )*)[├└]── (\w+)", sys.modules["dagster_nb.errors"].__doc__, re.MULTILINE)
    parents = {}
    path = [dnb.DagsterNbError]
    for _, level, name in drawn:
        if name in {"ActionInterrupt", "DagsterNbWarning"}:
            continue
        depth = level.count("│") + 1
        parents[name] = path[depth - 1]
        path[depth:] = [getattr(dnb, name)]
    assert {name: getattr(dnb, name).__bases__[0] for name in parents} == parents
    assert set(parents) | {"DagsterNbError"} == {name for name in dnb.__all__ if name.endswith("Error")}


@pytest.mark.parametrize("kind", [dnb.DagsterClient, dnb.AsyncDagsterClient])
def test_clients_accept_the_arguments_of_connect(kind):
    parameters = dict(inspect.signature(kind).parameters)
    assert parameters.pop("transport").kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters == dict(inspect.signature(dnb.connect).parameters)


def public_methods(kind):
    return {name for name, value in inspect.getmembers(kind, callable) if not name.startswith("_")}


def test_both_clients_have_the_same_methods():
    assert public_methods(dnb.AsyncDagsterClient) - {"open"} == public_methods(dnb.DagsterClient) - {"history"}
    assert public_methods(dnb.AsyncRun) == public_methods(dnb.Run)


@pytest.mark.parametrize("kind", [dnb.DagsterClient, dnb.Run])
def test_a_derived_method_has_a_signature_and_a_docstring(kind):
    for name in public_methods(kind) - {"close"}:
        method = getattr(kind, name)
        signature = inspect.signature(method)
        assert next(iter(signature.parameters)) == "self"
        assert "Async" not in str(signature.return_annotation), name
        assert method.__doc__
        assert not inspect.iscoroutinefunction(method)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda client: client.runs(stat="FAILURE"),
            "runs() got an unexpected keyword argument 'stat'. Did you mean 'status'?",
        ),
        (
            lambda client: client.iter_runs(jobs="a"),
            "iter_runs() got an unexpected keyword argument 'jobs'. Did you mean 'job'?",
        ),
        (lambda client: client.launch(), "launch() missing a required argument: 'job'"),
        (lambda client: client.steps("a", "b"), "steps() too many positional arguments"),
    ],
)
def test_the_error_for_an_invalid_argument_names_the_public_method(fake, call, message):
    with fake.connect() as client, pytest.raises(TypeError) as caught:
        call(client)
    assert str(caught.value) == f"DagsterClient.{message}"


def test_methods_of_the_asynchronous_client_are_named_after_its_class():
    with pytest.raises(TypeError, match=r"^AsyncDagsterClient\.runs\(\) got an unexpected keyword argument 'stat'"):
        dnb.AsyncDagsterClient("http://localhost:1").runs(stat="FAILURE")
    assert dnb.Run.wait.__qualname__ == "Run.wait"


def test_the_optional_columns_are_columns_of_the_frames():
    from dagster_nb.frames.runs import INCLUDABLE, IncludedColumn

    assert get_args(IncludedColumn) == tuple(INCLUDABLE)


def test_the_modules_of_the_client_have_no_circular_imports():
    folder = ROOT / "dagster_nb" / "client"
    modules = {f"dagster_nb.client.{'.'.join(path.relative_to(folder).with_suffix('').parts)}": path
               for path in folder.rglob("*.py") if path.name != "__init__.py"}  # fmt: skip
    pattern = re.compile(r"^ *from (dagster_nb\.client[\w.]*) import", re.MULTILINE)
    imports = {name: set(pattern.findall(path.read_text(encoding="utf-8"))) for name, path in modules.items()}
    assert set().union(*imports.values()) <= set(modules)
    # Include imports under TYPE_CHECKING, because circular dependencies of types also make modules harder to
    # understand.
    assert list(graphlib.TopologicalSorter(imports).static_order())


def test_everything_public_has_a_docstring():
    for name in set(dnb.__all__) - {"Moment", "RunsLike"}:  # type aliases cannot have a docstring
        thing = getattr(dnb, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
                    assert inspect.getdoc(value), f"{name}.{attribute}"


PROGRAM = """
import asyncio
import pandas as pd
import dagster_nb as dnb
from collections.abc import Iterator
from typing import Literal, assert_type

client = dnb.connect("http://localhost:3000", token="x", wait=60)
assert_type(client, dnb.DagsterClient)
assert_type(client.url, str)
assert_type(client.runs(job="a", status=["FAILURE"], tags={"team": ["a", "b"]}, created_after="24h"), pd.DataFrame)
assert_type(client.iter_runs(limit=5), Iterator[pd.DataFrame])
assert_type(client.count_runs(), int)
run = client.launch("nightly", run_config={"ops": {}})
assert_type(run, dnb.Run)
assert_type(client.run("a"), dnb.Run)
assert_type(run.wait(timeout=5), dnb.Run)
assert_type(run.refresh().reexecute(strategy="all_steps"), dnb.Run)
assert_type(run.compute_logs(), dnb.ComputeLogs)
assert_type(run.duration, pd.Timedelta)
assert_type(client.terminate(run), pd.DataFrame)
outcome: Literal[
    "canceled", "canceling", "already_finished", "not_cancelable", "not_found", "unauthorized", "failed", "unknown"
] = run.terminate()
assert_type(run.client, dnb.DagsterClient)

def terminate(runs: dnb.RunsLike, since: dnb.Moment) -> None:
    client.runs(run_ids=runs, created_after=since)

terminate([run, "a"], "24h")
client.runs(include="run_config")
client.runs(include=["run_config", "op_selection"])
assert_type(client.terminate(client.runs()), pd.DataFrame)
assert_type(client.delete(["a", run]), pd.DataFrame)
assert_type(client.run_config_schema("nightly"), dnb.RunConfigSchema)
assert_type(client.run_config_schema("nightly").validate({}), list[dnb.ConfigProblem])

async def main() -> None:
    async with dnb.AsyncDagsterClient() as aclient:
        assert_type(await aclient.runs(), pd.DataFrame)
        assert_type(await aclient.launch("nightly"), dnb.AsyncRun)
        async for page in aclient.iter_runs():
            assert_type(page, pd.DataFrame)

asyncio.run(main())
assert_type(client.graphql_document("runs"), str)
dnb.RunExplorer(client)
dnb.Launchpad(client)
dnb.RunMonitor(run)
client.launch("nightly", asset_selection=["a", ["b/c", "d"]])
assert_type(client.materialize([["a/b", "c"]], partition_keys=["x"]), dnb.Run | dnb.Backfill)
assert_type(client.backfill("nightly", ["x"]), dnb.Backfill)
cancelation: Literal["canceled", "canceling", "already_finished"] = client.cancel_backfill("a")
assert_type(client.start(client.schedules()), pd.DataFrame)
assert_type(client.materializations(["shop", "orders"]), pd.DataFrame)
"""


def test_a_type_checker_infers_the_documented_types(tmp_path):
    program = tmp_path / "program.py"

    def check(text):
        program.write_text(text)
        # If mypy can use the cache of the last full check, it takes only a second.
        options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
        return subprocess.run(
            [sys.executable, "-m", "mypy", *options, str(program)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = check(PROGRAM)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = [
        "client.runs(stat='FAILURE')", "client.launch(5)", "run.wait(timout=3)", "run.reexecute(strategy='all')",
        "dnb.DagsterClient(tokn='x')", "client.runs(include='config')",
    ]  # fmt: skip
    done = check("\n".join([PROGRAM, *wrong, ""]))
    assert done.stdout.count("error:") == len(wrong), done.stdout
