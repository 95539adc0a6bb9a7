"""A copy of the last demo's history, so that the next one starts at once."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import time
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KeptCopy", "of_today"]

COPIES = 2
OLDEST = dt.timedelta(hours=6)
TEMPORARY = ".new-"
ABANDONED_SECONDS = 3600.0
NOT_KEPT = ("dagster.yaml", "logs")


def of_today(until: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a history that ends then ends today (UTC), some hours ago at most."""
    return until.date() == now.astimezone(dt.UTC).date() and now - until <= OLDEST


class KeptCopy:
    """The place of one history in the user's cache.

    A copy is used again for the same history only: the same runs and seed, written by the same code for the same
    Dagster, and with an end that suits. It appears all at once, under a name that tells all this, so that two demos
    that start side by side cannot spoil it for each other.

    Parameters
    ----------
    runs, seed
        Of the history.
    """

    def __init__(self, *, runs: int, seed: int) -> None:
        self.folder = user_cache_path("dagster_nb") / "demo"
        code = hashlib.sha256()
        for file in sorted(Path(__file__).parent.parent.rglob("*.py")):
            code.update(file.read_bytes())
        identity = json.dumps([version("dagster"), code.hexdigest(), runs, seed])
        self.name = hashlib.sha256(identity.encode()).hexdigest()[:20]

    def copy_to(self, home: Path, *, suits: Callable[[dt.datetime], bool]) -> bool:
        """Copy it into a home; tell whether there was one.

        Parameters
        ----------
        home
            Where to.
        suits
            Tells whether a history that ends then (UTC) will do; the newest that does is taken.
        """
        for kept in sorted(self.folder.glob(f"{self.name}-*"), reverse=True):
            until = dt.datetime.fromtimestamp(int(kept.name.rsplit("-", 1)[1]), dt.UTC)
            if not suits(until):
                continue
            try:
                shutil.copytree(kept, home, dirs_exist_ok=True)
                os.utime(kept)
            except OSError:  # somebody else is just tidying up
                for path in home.iterdir():
                    if path.name not in NOT_KEPT:
                        _remove(path)
            else:
                return True
        return False

    def keep(self, home: Path, *, until: dt.datetime) -> None:
        """Keep a home's history; a cache that cannot be written to is no reason to fail.

        Parameters
        ----------
        home
            What to copy.
        until
            The end of its history.
        """
        new = self.folder / f"{TEMPORARY}{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            shutil.copytree(home, new, ignore=shutil.ignore_patterns(*NOT_KEPT))
            # Fails where another demo was faster, whose copy is as good.
            new.rename(self.folder / f"{self.name}-{int(until.timestamp())}")
            self._tidy()
        _remove(new)

    def _tidy(self) -> None:
        copies = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        finished = [path for path in copies if not path.name.startswith(TEMPORARY)]
        abandoned = [
            path
            for path in copies
            if path.name.startswith(TEMPORARY) and time.time() - path.stat().st_mtime > ABANDONED_SECONDS
        ]
        for path in [*finished[COPIES:], *abandoned]:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
