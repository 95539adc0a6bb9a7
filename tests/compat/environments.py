"""Build environments for other versions of Dagster than the installed one, and keep them in the user's cache."""

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

# This is the newest Python for which Dagster 1.5 and its dependencies have wheels.
PYTHON = "3.11"
# The bytecode is compiled once here. If Python is set to write no bytecode, as in many containers, each process of
# Dagster would otherwise compile two thousand modules, which takes longer than everything else that it does.
INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")
CACHE = Path(platformdirs.user_cache_dir("dagster_nb")) / "compat"


class CannotBuildError(RuntimeError):
    """An environment could not be built; the message says what to do."""


def python_of(target: Target) -> str:
    """Return the interpreter of a target's environment; build the environment if it does not exist."""
    if not target.requirements:
        return sys.executable
    recipe = "\n".join((PYTHON, *INSTALL, *target.requirements))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    folder = CACHE / f"{target.name}-{digest}"
    if not folder.exists():
        _build(target, folder)
    return str(_python(folder))


def _build(target: Target, folder: Path) -> None:
    """Build the environment under another name and then rename it, so that it is never incomplete."""
    CACHE.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}-building-", dir=CACHE))
    try:
        _uv("venv", "--quiet", "--relocatable", "--python", PYTHON, str(aside / "env"))
        _uv(*INSTALL, "--python", str(_python(aside / "env")), *target.requirements)
        try:
            (aside / "env").rename(folder)
        except OSError:
            # Another process has built the environment first.
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
