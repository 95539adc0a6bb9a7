"""Environments for Dagsters other than the one that runs the tests: built once, kept in the user's cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from uv import find_uv_bin

if TYPE_CHECKING:
    from tests.compat.targets import Target

# The newest that Dagster 1.5 runs on with ready-made wheels.
PYTHON = "3.11"
# Compiled once and for all: where Python is set to write no bytecode, as in many containers, each process of Dagster
# would compile two thousand modules, which takes longer than all else that it does.
INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")
CACHE = Path(platformdirs.user_cache_dir("dagster_nb")) / "compat"


class CannotBuildError(RuntimeError):
    """An environment could not be built; the message says what to do."""


def python_of(target: Target) -> str:
    """Return the interpreter of a target's environment, which is built if it is not there."""
    if not target.requirements:
        return sys.executable
    recipe = "\n".join((PYTHON, *INSTALL, *target.requirements))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    folder = CACHE / f"{target.name}-{digest}"
    if not folder.exists():
        _build(target, folder)
    return str(_python(folder))


def _build(target: Target, folder: Path) -> None:
    """Build under another name and rename, so that an environment is complete even if a build was interrupted."""
    CACHE.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}-building-", dir=CACHE))
    try:
        _uv("venv", "--quiet", "--relocatable", "--python", PYTHON, str(aside / "env"))
        _uv(*INSTALL, "--python", str(_python(aside / "env")), *target.requirements)
        try:
            (aside / "env").rename(folder)
        except OSError:
            # Somebody else was faster.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _uv(*arguments: str) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuildError(
            f"`uv {' '.join(arguments)}` failed:\n{done.stderr.strip()}\n"
            f"These tests need Python {PYTHON} and a network that reaches a package index the first time. Where there "
            f"is no Python {PYTHON}: `uv python install {PYTHON}`."
        )


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
