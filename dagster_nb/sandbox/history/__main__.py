"""Write the demo's history into ``$DAGSTER_HOME`` and keep a copy in the user's cache.

If the cache contains no copy yet, the demo runs this module before it starts Dagster. The module prints its progress as
JSON lines.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from .cache import HistoryCache
from .plan import last_full_hour
from .write import print_progress, write_new_home


def main() -> None:
    """Write the history."""
    parser = argparse.ArgumentParser(prog="python -m dagster_nb.sandbox.history")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    home = Path(os.environ["DAGSTER_HOME"])
    until = last_full_hour(time.time())
    write_new_home(home, runs=options.runs, seed=options.seed, until=until)
    HistoryCache(runs=options.runs, seed=options.seed).keep(home, until=until)
    print_progress(1.0)


if __name__ == "__main__":
    main()
