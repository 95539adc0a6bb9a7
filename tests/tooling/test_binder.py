"""The files for Binder match the rest of the project, and do not contain names from the machine that wrote them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config import PyFileConfigLoader

from dagster_nb.sandbox.local_dagster import LocalDagster

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
LOCK = (BINDER / "requirements.txt").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def lines(text):
    """Return the lines of a requirements file, without its comments."""
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def required():
    """Return the requirements of the package, of its extras and of requirements.in."""
    here, *others = lines((BINDER / "requirements.in").read_text(encoding="utf-8"))
    extras = re.fullmatch(r"\.\[(.+)\]", here)[1].split(",")
    of_extras = [line for extra in extras for line in PROJECT["optional-dependencies"][extra.strip()]]
    return sorted({*PROJECT["dependencies"], *of_extras, *others})


@pytest.mark.parametrize("requirement", required())
def test_the_pins_match_the_requirements_of_the_project(requirement):
    pins = {canonicalize_name(pin.name): pin for pin in (Requirement(line) for line in lines(LOCK) if line != ".")}
    wanted = Requirement(requirement)
    (pin,) = pins[canonicalize_name(wanted.name)].specifier
    assert wanted.specifier.contains(pin.version, prereleases=True), "run the command at the top of requirements.txt"


def test_every_line_of_the_lock_file_is_a_pin_or_the_package_itself():
    assert lines(LOCK).count(".") == 1
    for line in lines(LOCK):
        assert line == "." or re.fullmatch(r"[a-z0-9][a-z0-9._-]*==[0-9][\w.!+]*", line), line


def test_the_lock_file_contains_the_command_that_writes_it_and_no_addresses():
    command = LOCK.splitlines()[1]
    assert command.startswith("#    uv pip compile binder/requirements.in ")
    assert command.endswith(" -o binder/requirements.txt")
    assert not re.search(r"://|index|find-links|(?<!binder)/(?!requirements)", LOCK)


def test_the_lock_file_is_for_the_python_version_of_binder():
    python = re.fullmatch(r"python-(3\.\d+)\n", (BINDER / "runtime.txt").read_text(encoding="utf-8"))[1]
    assert f"--python-version {python} " in LOCK
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_each_script_is_executable_and_stops_at_the_first_error(name):
    script = BINDER / name
    assert script.stat().st_mode & 0o111 == 0o111
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/bash\n")
    assert "\nset -euo pipefail\n" in text
    assert name != "start" or text.endswith('\nexec "$@"\n')


@pytest.mark.parametrize(
    ("prefix", "requested", "seen"),
    [
        (None, "/dagster", "/dagster"),
        ("/user/x/", "/user/x/dagster", "/user/x/dagster"),
        ("/user/x%40y.org%20z/", "/user/x%2540y.org%2520z/dagster", "/user/x%40y.org%20z/dagster"),
    ],
)
def test_kernel_and_browser_find_dagster_for_any_user_name(prefix, requested, seen, tmp_path):
    quiet = tmp_path / "setsid"
    quiet.write_text("#!/bin/sh\n")
    quiet.chmod(0o755)
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "DAGSTER_PORT": "tcp://10.0.0.1:80",  # Kubernetes sets this variable for a service named "dagster"
        **({"JUPYTERHUB_SERVICE_PREFIX": prefix} if prefix else {}),
    }
    names = ["DAGSTER_NB_URL", "DAGSTER_NB_BROWSER_URL", "DAGSTER_WEBSERVER_PATH_PREFIX"]
    command = [BINDER / "start", "printenv", *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"http://127.0.0.1:3000{requested}", seen, seen]
    assert LocalDagster(path_prefix=seen).url.endswith(requested)


def test_the_proxy_ignores_the_dagster_address_set_by_kubernetes(monkeypatch):
    monkeypatch.setenv("DAGSTER_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("DAGSTER_NB_PORT", "3001")
    configuration = PyFileConfigLoader("jupyter_server_config.py", str(BINDER / "jupyter")).load_config()
    assert configuration.ServerProxy.servers["dagster"]["port"] == 3001


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_waits_for_a_server_that_is_still_starting(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "".join(line for cell in cells if cell["cell_type"] == "code" for line in cell["source"])
    calls = re.findall(r"\bdnb\.connect\((.*?)\)", code)
    assert calls
    assert all("wait=" in call for call in calls)


def test_the_badges_of_the_readme_open_existing_notebooks():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [urlsplit(link) for link in re.findall(r"https://mybinder\.org/v2/[^\s)]+", readme)]
    paths = [parse_qs(link.query)["urlpath"][0] for link in links]
    assert paths[0] == "lab/tree/notebooks/01_explore_run_history.ipynb"
    for path in paths:
        assert (ROOT / re.sub(r"^(lab/tree|voila/render)/", "", path)).is_file(), path
