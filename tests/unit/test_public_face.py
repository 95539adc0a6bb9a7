"""The names that users call, and how a type checker sees them."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dagster_nb as dnb

ROOT = Path(__file__).parents[2]


def test_every_public_name_is_there():
    assert sorted(dnb.__all__) == dnb.__all__
    for name in dnb.__all__:
        assert getattr(dnb, name) is not None
    assert set(dnb.__all__) <= set(dir(dnb))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = dnb.nonsense


def test_the_errors_are_one_tree():
    errors = [getattr(dnb, name) for name in dnb.__all__ if name.endswith("Error")]
    assert len(errors) == 19
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


def test_the_documented_tree_has_the_levels_of_the_real_one():
    drawn = re.findall(r"^( *)((?:│   )*)[├└]── (\w+)", sys.modules["dagster_nb.errors"].__doc__, re.MULTILINE)
    parents = {}
    path = [dnb.DagsterNbError]
    for _, level, name in drawn:
        if name == "DagsterNbWarning":
            continue
        depth = level.count("│") + 1
        parents[name] = path[depth - 1]
        path[depth:] = [getattr(dnb, name)]
    assert {name: getattr(dnb, name).__bases__[0] for name in parents} == parents
    assert set(parents) | {"DagsterNbError"} == {name for name in dnb.__all__ if name.endswith("Error")}


@pytest.mark.parametrize("kind", [dnb.DagsterClient, dnb.AsyncDagsterClient])
def test_the_clients_take_the_arguments_of_connect(kind):
    parameters = dict(inspect.signature(kind).parameters)
    assert parameters.pop("transport").kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters == dict(inspect.signature(dnb.connect).parameters)


def public_methods(kind):
    return {name for name, value in inspect.getmembers(kind, callable) if not name.startswith("_")}


def test_both_clients_have_the_same_methods():
    assert public_methods(dnb.AsyncDagsterClient) - {"open"} == public_methods(dnb.DagsterClient)
    assert public_methods(dnb.AsyncRun) == public_methods(dnb.Run)


@pytest.mark.parametrize("kind", [dnb.DagsterClient, dnb.Run])
def test_a_derived_method_has_signature_and_docstring(kind):
    for name in public_methods(kind) - {"close"}:
        method = getattr(kind, name)
        signature = inspect.signature(method)
        assert next(iter(signature.parameters)) == "self"
        assert "Async" not in str(signature.return_annotation), name
        assert method.__doc__
        assert not inspect.iscoroutinefunction(method)


def test_every_public_thing_has_a_docstring():
    for name in set(dnb.__all__) - {"Moment", "RunsLike"}:  # Python gives no docstring to a type alias.
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
"""


def test_a_type_checker_sees_the_right_types(tmp_path):
    program = tmp_path / "program.py"

    def check(text):
        program.write_text(text)
        # With what the last check of the whole found out, it takes a second.
        options = ["--strict", "--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
        return subprocess.run(
            [sys.executable, "-m", "mypy", *options, str(program)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = check(PROGRAM)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = [
        "client.runs(stat='FAILURE')", "client.launch(5)", "run.wait(timout=3)", "run.reexecute(strategy='all')",
        "dnb.DagsterClient(tokn='x')",
    ]  # fmt: skip
    done = check("\n".join([PROGRAM, *wrong, ""]))
    assert done.stdout.count("error:") == len(wrong), done.stdout
