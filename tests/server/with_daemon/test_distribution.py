"""The built wheel and sdist work in an environment without Dagster."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from dagster_nb.graphql import documents

ROOT = Path(__file__).parents[3]
PROGRAM = """
import importlib.util, sys
assert importlib.util.find_spec("dagster") is None
import dagster_nb as dnb
assert "site-packages" in dnb.__file__
with dnb.connect(sys.argv[1]) as client:
    runs = client.runs()
    assert len(runs) == client.count_runs(), len(runs)
    print(len(runs.columns), str(runs["creation_time"].dtype))
try:
    dnb.demo()
except dnb.MissingExtraError as error:
    assert "pip install" in str(error)
else:
    raise SystemExit("a demo without Dagster?")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    # Build the wheel from the sdist, so that a file missing from either fails the tests.
    subprocess.run([sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(folder), str(ROOT)], check=True)
    return folder


def test_the_archives_contain_only_the_needed_files(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
    assert {f"dagster_nb/graphql/documents/{name}.graphql" for name in documents.names()} <= set(files)
    assert "dagster_nb/py.typed" in files
    assert any(name.endswith("licenses/LICENSE") for name in files)
    assert {name.split("/")[0] for name in files if ".dist-info" not in name} == {"dagster_nb"}
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "dagster_nb/__init__.py"} <= names


def test_the_editor_and_the_interactive_charts_keep_the_wheel_small(built):
    (wheel,) = built.glob("*.whl")
    # Without these parts, the wheel was 450 KB. They may add up to 700 KB.
    assert wheel.stat().st_size < 1_150_000


@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz"])
def test_the_package_works_without_dagster(built, tmp_path, server, kind):
    (package,) = built.glob(kind)
    python = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    uv = [sys.executable, "-m", "uv"]
    # Do not compile all packages, because only one program will run in this environment.
    environment = {**os.environ, "UV_COMPILE_BYTECODE": "0"}
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(tmp_path / "venv")], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", str(python), str(package)], check=True, env=environment)
    done = subprocess.run(
        [str(python), "-c", PROGRAM, server.url], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "16 datetime64[us, UTC]\n"
