"""Install a Debian package that the tests need, if this is possible."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def install(package: str, *options: str) -> bool:
    """Install a package; return False if there is no apt or the user is not root. The caller checks the result.

    Tests that run in parallel may install packages at the same moment, and apt would refuse the second.
    """
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (Path(tempfile.gettempdir()) / "dagster_nb-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *options, package]):
            subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
    return True
