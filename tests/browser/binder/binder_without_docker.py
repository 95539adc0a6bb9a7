"""Build and start this repository the way Binder does, but without Docker.

The build runs the steps of the Dockerfile that repo2docker prints. A virtual environment with the same versions of the
Jupyter packages replaces the image's conda environment. As in the image, the home folder is a clean clone of the
committed files.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from tests.browser.lab import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[3]
# JupyterHub escapes special characters in user names.
SERVICE_PREFIX = "/user/x%40y.org/"
# Importing repo2docker prints warnings about its dependencies, so find its folder without importing it.
_REPO2DOCKER = find_spec("repo2docker")
assert _REPO2DOCKER is not None
assert _REPO2DOCKER.origin is not None
_BUILDPACKS = Path(_REPO2DOCKER.origin).parent / "buildpacks"
# pip may need environment variables with these prefixes to find the package index. They are set only during the build.
_INDEX = ("PIP_", "UV_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Every Python process runs this code. It blocks and records connections to other machines.
_GUARD = """
import os, sys

def guard(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in {None, "", "localhost", "0.0.0.0", "::", "::1", os.uname().nodename} and not host.startswith("127."):
        with open(STRANGERS, "a") as strangers:
            strangers.write(f"{host} {sys.argv}\\n")
        raise OSError(f"no network here: {host}")

sys.addaudithook(guard)
"""


def dockerfile(repository: Path) -> str:
    """Return the Dockerfile that repo2docker generates for a repository."""
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id=1000",
        "--user-name=jovyan",
        ".",
    ]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Plan:
    """The parts of a Dockerfile that use files from the repository."""

    python: str
    early: list[str]
    steps: list[str]
    entrypoint: str

    @classmethod
    def of(cls, text: str) -> Plan:
        python = re.search(r"Building conda environment for python=(\S+)", text)
        entrypoint = re.search(r'^ENV R2D_ENTRYPOINT="(.*)"$', text, re.MULTILINE)
        assert python, text
        assert entrypoint, text
        before, copied, after = text.partition(" src/ ${REPO_DIR}/\n")
        assert copied, "the Dockerfile of this repo2docker does not copy the repository. Update `Plan.of`."
        return cls(python[1], re.findall(r"^RUN (.*binder/.*)$", before, re.MULTILINE),
                   re.findall(r"^RUN (.*)$", after, re.MULTILINE), entrypoint[1])  # fmt: skip

    def preinstalled_packages(self) -> list[str]:
        """Return pinned requirements for the Jupyter packages in Binder's base image."""
        conda = _BUILDPACKS / "conda"
        named = (conda / f"environment.py-{self.python}.yml").read_text()
        wanted = re.findall(r"^- (jupyter\S*?|notebook|ipywidgets)==", named, re.MULTILINE)
        lock = (conda / f"environment.py-{self.python}-linux-64.lock").read_text()
        found = {name: re.search(rf"/{name}-([\d.]+)-[^/]*\.conda", lock) for name in wanted}
        assert {"jupyterlab", "notebook"} <= set(found)
        assert all(found.values()), found
        return [f"{name.removesuffix('-singleuser')}=={match[1]}" for name, match in found.items() if match]


class Replay:
    """A clone of the repository, built the way Binder builds it."""

    def __init__(self, folder: Path):
        self.home = folder / "jovyan"
        self.prefix = folder / "env"
        self.strangers = folder / "strangers"
        # Git refuses to read a repository that another user owns, unless its configuration marks the folder as safe.
        configuration = folder / "gitconfig"
        configuration.write_text("[safe]\n\tdirectory = *\n")
        git = {**os.environ, "GIT_CONFIG_GLOBAL": str(configuration)}
        subprocess.run(["git", "clone", "-q", "--no-local", str(ROOT), str(self.home)], env=git, check=True)
        self.plan = Plan.of(dockerfile(self.home))
        guard = folder / "guard" / "sitecustomize.py"
        guard.parent.mkdir()
        guard.write_text(f"STRANGERS = {str(self.strangers)!r}\n{_GUARD}")
        self.environment = {
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
            "NB_PYTHON_PREFIX": str(self.prefix),
            "KERNEL_PYTHON_PREFIX": str(self.prefix),
            "PATH": os.pathsep.join([f"{self.prefix}/bin", "/usr/local/bin", "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }
        self.offline = {"PYTHONPATH": str(guard.parent)}

    def install_base(self) -> None:
        """Create a virtual environment with the packages of Binder's base image."""
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "-q", "--seed", "--python", sys.executable, str(self.prefix)], check=True)
        install = [
            *uv,
            "pip",
            "install",
            "-q",
            "--python",
            f"{self.prefix}/bin/python",
            *self.plan.preinstalled_packages(),
        ]
        subprocess.run(install, check=True)

    def step(self, command: str, *, environment: Mapping[str, str] | None = None, online: bool = False) -> str:
        """Run one step of the Dockerfile."""
        index = {name: value for name, value in os.environ.items() if name.upper().startswith(_INDEX)}
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.home,
            env={**self.environment, **(index if online else self.offline), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def build(self) -> None:
        """Run the steps in order. Only `pip install` has network access."""
        self.install_base()
        for command in self.plan.steps:
            self.step(command, online="pip install" in command)


class Session:
    """A running image: JupyterLab under a JupyterHub path prefix, and the processes that `binder/start` starts."""

    def __init__(self, replay: Replay):
        self.replay = replay
        self.token = secrets.token_hex(16)
        self.port, self.dagster_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}{SERVICE_PREFIX.rstrip('/')}"
        self.dagster_url = f"http://127.0.0.1:{self.dagster_port}{quote(SERVICE_PREFIX)}dagster"
        self.root = replay.home
        # If a process is killed, its temporary files stay, so use a folder that pytest deletes.
        temporary = replay.home.parent / "tmp"
        temporary.mkdir(exist_ok=True)
        self.environment = {
            **replay.environment,
            **replay.offline,
            "R2D_ENTRYPOINT": replay.plan.entrypoint.replace("${REPO_DIR}", str(replay.home)),
            "JUPYTERHUB_SERVICE_PREFIX": SERVICE_PREFIX,
            "DAGSTER_NB_PORT": str(self.dagster_port),
            "TMPDIR": str(temporary),
        }
        self._log = (replay.home.parent / "session.log").open("ab")
        # The command that BinderHub runs, plus `expose_app_in_browser`, which lets tests call JupyterLab commands.
        self.process = self.start(
            "jupyter", "lab", "--ip=127.0.0.1", f"--port={self.port}", "--no-browser", "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={SERVICE_PREFIX}", f"--IdentityProvider.token={self.token}",
            "--ServerApp.allow_root=True", "--LabApp.expose_app_in_browser=True",
        )  # fmt: skip

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Run a command through the image's entry point."""
        entrypoint = str(_BUILDPACKS / "repo2docker-entrypoint")
        return subprocess.Popen(
            [f"{self.replay.prefix}/bin/python", "-u", entrypoint, *command],
            cwd=self.replay.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Wait until JupyterLab responds."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=2):  # noqa: S310
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(self.log())

    def log(self) -> str:
        """Return the output of JupyterLab and Dagster."""
        dagster = self.replay.home / ".local" / "state" / "dagster_nb" / "demo.log"
        texts = [
            Path(self._log.name).read_text()[-4000:],
            dagster.read_text() if dagster.exists() else "Dagster has written no log",
        ]
        return "\n".join(texts)

    def family(self) -> list[psutil.Process]:
        """Return all processes of the session."""
        mine = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get("HOME") == str(self.replay.home):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine

    def close(self) -> None:
        """Stop all processes of the session and check that none remain."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            left = self.family()
            for process in left:
                try:
                    process.send_signal(number)
                except psutil.NoSuchProcess:
                    continue
            psutil.wait_procs(left, timeout=15)
        self.process.wait(15)
        self._log.close()
        assert self.family() == []
