"""Install Debian packages for the tests, if possible."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path


def install(package: str, *options: str) -> bool:
    """Install a package. Return False if apt or root permissions are missing.

    A lock is needed, because tests run in parallel and apt fails if another apt is running. The caller checks that the
    installation succeeded.
    """
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with (Path(tempfile.gettempdir()) / "dagster_nb-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *options, package]):
            subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
    return True
