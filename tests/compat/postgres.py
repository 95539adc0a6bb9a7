"""Run a temporary PostgreSQL server, and install PostgreSQL if it is missing."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy

from dagster_nb.sandbox.supervised_process import SupervisedProcess, new_folder
from tests import debian

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "dagster"
# If code uses the time zone of the session by mistake, its times will be off by five and a half hours.
TIMEZONE = "Asia/Kolkata"
_UP_SECONDS = 60
_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
_HELP = (
    "PostgreSQL was not found and could not be installed. Install it (`apt-get install postgresql`), or put its "
    "programs on the path: PATH=/usr/lib/postgresql/15/bin:$PATH pytest tests/compat"
)


class NoPostgresError(RuntimeError):
    """PostgreSQL is missing or did not start."""


@contextmanager
def postgres() -> Iterator[str]:
    """Run a new PostgreSQL server and yield its SQLAlchemy URL."""
    programs = _find() or _install()
    folder = Path(tempfile.mkdtemp(prefix="dagster_nb-postgres-"))
    process = None
    try:
        as_user = _as_another_user(folder)
        data = str(folder / "data")
        subprocess.run(
            [*as_user, programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C",
             "--no-sync"],
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        port = _free_port()
        command = [
            *as_user, str(programs / "postgres"), "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={folder}", "-c", "fsync=off", "-c", f"timezone={TIMEZONE}",
        ]  # fmt: skip
        process = SupervisedProcess(command, folder=new_folder(), grace_seconds=10.0)
        url = f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/postgres"
        _wait_until_up(url, process)
        yield url
    finally:
        if process is not None:
            process.close()
        shutil.rmtree(folder, ignore_errors=True)


def _find() -> Path | None:
    on_path = shutil.which("postgres")
    if on_path and shutil.which("initdb"):
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def _install() -> Path:
    # Installing Debian's package starts a server on the default port, unless this file forbids it.
    if shutil.which("apt-get") and os.geteuid() == 0 and not _NO_CLUSTER.exists():
        _NO_CLUSTER.parent.mkdir(exist_ok=True)
        _NO_CLUSTER.write_text("create_main_cluster = false\n")
    debian.install("postgresql", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold")
    found = _find()
    if found is None:
        raise NoPostgresError(_HELP)
    return found


def _as_another_user(folder: Path) -> list[str]:
    """Return the beginning of a command that runs as another user, because PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "postgres" if "postgres" in names else "nobody"
    shutil.chown(folder, user)
    group = str(pwd.getpwnam(user).pw_gid)
    return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(url: str, process: SupervisedProcess) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    deadline = time.monotonic() + _UP_SECONDS
    while True:
        try:
            engine.connect().close()
        except sqlalchemy.exc.OperationalError:
            if time.monotonic() > deadline or not process.running:
                raise NoPostgresError(f"PostgreSQL did not start. Fix the cause in its log:\n{process.log()}") from None
            time.sleep(0.1)
        else:
            return
