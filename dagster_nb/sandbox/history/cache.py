"""Keep copies of histories in the user's cache, so that the demo starts faster the next time."""

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
    """The copies of a history with a given number of runs and seed.

    The name of a copy contains the number of runs, the seed, a hash of the code and the version of Dagster. A copy only
    appears once it is complete, so two demos that start at the same time cannot corrupt each other's copies.

    Parameters
    ----------
    runs, seed
        The number of runs and the seed of the history.
    """

    def __init__(self, *, runs: int, seed: int) -> None:
        # Import these packages only here, because only the extra "demo" installs them.
        from platformdirs import user_cache_path  # noqa: PLC0415

        self.folder = user_cache_path("dagster_nb") / "demo"
        code = hashlib.sha256()
        for file in sorted(Path(__file__).parent.parent.rglob("*.py")):
            code.update(file.read_bytes())
        identity = json.dumps([version("dagster"), code.hexdigest(), runs, seed])
        self.name = hashlib.sha256(identity.encode()).hexdigest()[:20]

    def find(self, fits: Callable[[dt.datetime], bool]) -> Path | None:
        """Return the newest copy for whose end (UTC) ``fits`` returns True, or None if there is none."""
        for copy in sorted(self.folder.glob(f"{self.name}-*"), reverse=True):
            if fits(dt.datetime.fromtimestamp(int(copy.name.rsplit("-", 1)[1]), dt.UTC)):
                # Mark this copy as recently used, because `keep` removes the least recently used copies.
                with contextlib.suppress(OSError):
                    os.utime(copy)
                return copy
        return None

    def find_recent(self, now: dt.datetime) -> Path | None:
        """Return the newest copy that ends today (UTC) and not more than six hours ago."""
        return self.find(lambda until: until.date() == now.astimezone(dt.UTC).date() and now - until <= MAX_AGE)

    def keep(self, home: Path, *, until: dt.datetime) -> None:
        """Copy a history that ends at ``until`` into the cache. Do nothing if the cache is not writable."""
        new = self.folder / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            shutil.copytree(home, new, ignore=shutil.ignore_patterns(*NOT_COPIED))
            # Renaming fails if another demo has already created the same copy.
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
