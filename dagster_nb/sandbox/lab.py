"""JupyterLab on the notebooks of the tour, beside a Dagster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from dagster_nb.errors import MissingExtraError

__all__ = ["Lab", "notebooks_folder"]

# Two questions that JupyterLab asks at its first start, and that have nothing to do with Dagster.
_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


class Lab:
    """A running JupyterLab; a context manager.

    Parameters
    ----------
    dagster_url
        What ``dnb.connect()`` finds in it.
    browser
        Whether it opens a browser's tab.

    Attributes
    ----------
    folder : pathlib.Path
        Where the notebooks are.

    Raises
    ------
    MissingExtraError
        If JupyterLab is not installed.
    """

    def __init__(self, dagster_url: str, *, browser: bool = True):
        if shutil.which("jupyter-lab", path=_scripts()) is None:
            raise MissingExtraError('JupyterLab is not installed: pip install "dagster_nb[demo]"')
        self._config = tempfile.TemporaryDirectory(prefix="dagster_nb-lab-")
        overrides = Path(self._config.name) / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir()
        overrides.write_text(json.dumps(_SETTINGS), encoding="utf-8")
        self.folder = notebooks_folder()
        arguments = ["--LabApp.default_url=/lab/tree/01_explore_run_history.ipynb"]
        if not browser:
            arguments.append("--no-browser")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # JupyterLab asks root to say so; in a container there is nobody else.
            arguments.append("--allow-root")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "jupyterlab", "--ServerApp.log_level=WARN", *arguments],
            cwd=self.folder,
            # Ctrl-C is for whoever started this: JupyterLab would ask whether it is meant.
            start_new_session=True,
            env={
                **os.environ,
                "DAGSTER_NB_URL": dagster_url,
                "JUPYTER_CONFIG_PATH": os.pathsep.join(
                    filter(None, [self._config.name, os.environ.get("JUPYTER_CONFIG_PATH")])
                ),
            },
        )

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait until JupyterLab ends, and return its exit code."""
        return self._process.wait()

    def close(self) -> None:
        """Stop JupyterLab with all its kernels."""
        self._process.terminate()
        self._process.wait()
        self._config.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def notebooks_folder() -> Path:
    """Return where the notebooks of the tour are: the checkout's own, else a copy of those in the package.

    The copy goes into the folder ``dagster_nb-notebooks`` here, once, so that what a person changes there stays.
    """
    package = Path(__file__).parents[1]
    checkout = package.parent / "notebooks"
    if checkout.is_dir():
        return checkout
    copy = Path.cwd() / "dagster_nb-notebooks"
    if not copy.exists():
        shutil.copytree(package / "notebooks", copy)
    return copy


def _scripts() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
