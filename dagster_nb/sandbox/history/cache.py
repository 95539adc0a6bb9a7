"""Copies of histories in the user's cache, so that the next demo starts sooner."""

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

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HistoryCache"]

MAX_COPIES = 2
MAX_AGE = dt.timedelta(hours=6)
TEMPORARY_PREFIX = ".new-"
ABANDONED_SECONDS = 3600.0
NOT_COPIED = ("dagster.yaml", "logs")


class HistoryCache:
    """The copies of one history.

    A copy is reused for the same number of runs and the same seed, if the same code wrote it for the same version of
    Dagster. A copy only appears once it is complete, and its name depends on all these values, so two demos that start
    at the same time cannot corrupt each other's copy.

    Parameters
    ----------
    runs, seed
        Of the history.
    """

    def __init__(self, *, runs: int, seed: int) -> None:
        # Dagster is imported here because only the extra "demo" installs it; without it, demo() says how to install it.
        from platformdirs import user_cache_path  # noqa: PLC0415

        self.folder = user_cache_path("dagster_nb") / "demo"
        code = hashlib.sha256()
        for file in sorted(Path(__file__).parent.parent.rglob("*.py")):
            code.update(file.read_bytes())
        identity = json.dumps([version("dagster"), code.hexdigest(), runs, seed])
        self.name = hashlib.sha256(identity.encode()).hexdigest()[:20]

    def find(self, fits: Callable[[dt.datetime], bool]) -> Path | None:
        """Return the newest copy whose end (UTC) satisfies ``fits``; None if there is none."""
        for copy in sorted(self.folder.glob(f"{self.name}-*"), reverse=True):
            if fits(dt.datetime.fromtimestamp(int(copy.name.rsplit("-", 1)[1]), dt.UTC)):
                with contextlib.suppress(OSError):  # the most recently used copies are kept
                    os.utime(copy)
                return copy
        return None

    def find_recent(self, now: dt.datetime) -> Path | None:
        """Return the newest copy that ends today (UTC) and at most six hours ago."""
        return self.find(lambda until: until.date() == now.astimezone(dt.UTC).date() and now - until <= MAX_AGE)

    def keep(self, home: Path, *, until: dt.datetime) -> None:
        """Copy the history of a home that ends at ``until``; if the cache cannot be written, do nothing."""
        new = self.folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            shutil.copytree(home, new, ignore=shutil.ignore_patterns(*NOT_COPIED))
            # This fails if another demo has finished first; its copy is identical.
            new.rename(self.folder / f"{self.name}-{int(until.timestamp())}")
            self._remove_old()
        shutil.rmtree(new, ignore_errors=True)

    def _remove_old(self) -> None:
        by_use = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        finished = [path for path in by_use if not path.name.startswith(TEMPORARY_PREFIX)]
        abandoned = [
            path
            for path in by_use
            if path.name.startswith(TEMPORARY_PREFIX) and time.time() - path.stat().st_mtime > ABANDONED_SECONDS
        ]
        for path in [*finished[MAX_COPIES:], *abandoned]:
            shutil.rmtree(path, ignore_errors=True)
