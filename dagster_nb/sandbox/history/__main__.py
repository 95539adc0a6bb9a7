"""Fill ``$DAGSTER_HOME`` with the demo's history: from the kept copy, or anew.

Run by the demo before its Dagster starts; prints how far it is as JSON lines.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import time
from pathlib import Path

from .kept import KeptCopy
from .plan import last_full_hour, plan_history

TRUTH_NAME = "truth.json"


def tell(share: float) -> None:
    """Report progress to the demo."""
    sys.stdout.write(json.dumps({"progress": round(share, 3)}) + "\n")
    sys.stdout.flush()


def build(home: Path, runs: int, seed: int, until: dt.datetime) -> None:
    """Plan and write a history, and what is true about it."""
    from dagster import DagsterInstance  # noqa: PLC0415 - not needed where there is a kept copy

    from .write import write_plan  # noqa: PLC0415

    history = plan_history(runs, seed=seed, until=until)
    with DagsterInstance.from_config(str(home)) as instance:
        write_plan(instance, history, events=True, on_progress=tell)
    (home / TRUTH_NAME).write_text(json.dumps(history.truth.to_json()), encoding="utf-8")


def main() -> None:
    """Fill the home."""
    parser = argparse.ArgumentParser(prog="python -m dagster_nb.sandbox.history")
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    home = Path(os.environ["DAGSTER_HOME"])
    kept = KeptCopy(runs=arguments.runs, seed=arguments.seed)
    if not kept.copy_to(home, now=dt.datetime.now(dt.UTC)):
        until = last_full_hour(time.time())
        build(home, arguments.runs, arguments.seed, until)
        kept.keep(home, until=until)
    tell(1.0)


if __name__ == "__main__":
    main()
