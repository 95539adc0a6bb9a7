"""Run JupyterLab alongside Dagster. In a git checkout, it shows the example notebooks."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Self

from dagster_nb.errors import MissingExtraError

from .supervised_process import SupervisedProcess, new_folder

__all__ = ["JupyterLab", "notebooks_folder"]

FIRST_NOTEBOOK = "01_explore_run_history.ipynb"
# JupyterLab needs up to this many seconds to stop its kernels.
GRACE_SECONDS = 10.0
# These settings prevent JupyterLab from asking about news and updates at its first start.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


class JupyterLab:
    """A running JupyterLab server, as a context manager. JupyterLab writes its output to standard error.

    Parameters
    ----------
    dagster_url
        The address of the Dagster that ``dnb.connect()`` uses in the notebooks.

    Attributes
    ----------
    folder : pathlib.Path
        The folder with the example notebooks, or the current folder.

    Raises
    ------
    MissingExtraError
        If JupyterLab is not installed.
    """

    def __init__(self, dagster_url: str) -> None:
        if importlib.util.find_spec("jupyterlab") is None:
            raise MissingExtraError('JupyterLab is not installed. Install it with: pip install "dagster_nb[demo]"')
        notebooks = notebooks_folder()
        self.folder = notebooks or Path.cwd()
        configuration = new_folder()
        command = [
            *[sys.executable, "-m", "jupyterlab"],
            f"--ServerApp.root_dir={self.folder}",
            "--ServerApp.log_level=WARN",
        ]
        if notebooks:
            command.append(f"--LabApp.default_url=/lab/tree/{FIRST_NOTEBOOK}")
        if os.geteuid() == 0:
            # By default, JupyterLab refuses to run as root, but root is often the only user of a container.
            command.append("--allow-root")
        paths = [str(configuration), os.environ.get("JUPYTER_CONFIG_PATH", "")]
        self._process = SupervisedProcess(
            command,
            folder=configuration,
            files={configuration / "labconfig" / "default_setting_overrides.json": json.dumps(SETTINGS)},
            environment={
                "DAGSTER_NB_URL": dagster_url,
                "JUPYTER_CONFIG_PATH": os.pathsep.join(path for path in paths if path),
            },
            grace_seconds=GRACE_SECONDS,
            show_output=True,
        )

    def exit_reason(self, timeout: float = 0.0) -> str | None:
        """Return why JupyterLab exited, or None if it is still running after ``timeout`` seconds.

        The reason is "" if there was no error.
        """
        ended = self._process.wait(timeout)
        if ended is None:
            return None
        if not ended.code:
            return ""
        return f"JupyterLab exited with code {ended.code}. Find the cause in its output above, then start it again."

    def close(self) -> None:
        """Stop JupyterLab and its kernels."""
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def notebooks_folder() -> Path | None:
    """Return the folder with the example notebooks, or None if the package is not in a git checkout."""
    folder = Path(__file__).parents[2] / "notebooks"
    return folder if (folder / FIRST_NOTEBOOK).exists() else None
