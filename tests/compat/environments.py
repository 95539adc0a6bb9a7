"""Build environments with other versions of Dagster and keep them in the user's cache folder."""

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

# The newest Python for which Dagster 1.5 and its dependencies have wheels.
PYTHON = "3.11"
# Compile the bytecode during the installation. In many containers, Python does not write bytecode, so each Dagster
# process would otherwise spend most of its time compiling two thousand modules.
INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")
CACHE = Path(platformdirs.user_cache_dir("dagster_nb")) / "compat"


class CannotBuildError(RuntimeError):
    """An environment could not be built."""


def python_of(target: Target) -> str:
    """Build a target's environment if it does not exist, and return the path of its Python."""
    if not target.requirements:
        return sys.executable
    recipe = "\n".join((PYTHON, *INSTALL, *target.requirements))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    folder = CACHE / f"{target.name}-{digest}"
    if not folder.exists():
        _build(target, folder)
    return str(_python(folder))


def _build(target: Target, folder: Path) -> None:
    """Build the environment under a temporary name and rename it when it is complete."""
    CACHE.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"{target.name}-building-", dir=CACHE))
    try:
        _uv("venv", "--quiet", "--relocatable", "--python", PYTHON, str(aside / "env"))
        _uv(*INSTALL, "--python", str(_python(aside / "env")), *target.requirements)
        try:
            (aside / "env").rename(folder)
        except OSError:
            # Another process may have built the environment in the meantime.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _uv(*arguments: str) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuildError(
            f"`uv {' '.join(arguments)}` failed:\n{done.stderr.strip()}\n"
            f"These tests need Python {PYTHON} and network access to a package index on the first run. If there "
            f"is no Python {PYTHON}, run `uv python install {PYTHON}`."
        )


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
