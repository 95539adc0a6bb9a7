"""Fill ``$DAGSTER_HOME`` with the demo's history: from the kept copy, or anew.

Run by the demo before its Dagster starts; prints how far it is as JSON lines.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import time
from pathlib import Path

from .fill import fill, tell
from .kept import of_today
from .plan import last_full_hour


def main() -> None:
    """Fill the home."""
    parser = argparse.ArgumentParser(prog="python -m dagster_nb.sandbox.history")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    now = time.time()
    fill(
        Path(os.environ["DAGSTER_HOME"]),
        runs=arguments.runs,
        seed=arguments.seed,
        until=last_full_hour(now),
        suits=lambda until: of_today(until, dt.datetime.fromtimestamp(now, dt.UTC)),
    )
    tell(1.0)


if __name__ == "__main__":
    main()
