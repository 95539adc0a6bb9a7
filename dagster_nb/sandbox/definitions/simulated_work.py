"""Simulate the work of the demo's ops, which do not process real data."""

import sys
import time
from typing import Any

import dagster as dg

Table = dict[str, Any]
"""The output of an op: the name and the number of rows of a table in the warehouse."""

ROWS_PER_SECOND = 40_000
MAX_SECONDS = 0.6


def process(context: dg.OpExecutionContext | dg.AssetExecutionContext, rows: int, *, what: str) -> None:
    """Sleep briefly, depending on the number of rows, and write to the log, stdout and stderr."""
    context.log.info("%s: %s rows", what, f"{rows:,}")
    sys.stdout.write(f"{what}: reading {rows:,} rows\n")
    time.sleep(min(rows / ROWS_PER_SECOND, MAX_SECONDS))
    if not rows:
        sys.stderr.write(f"{what}: warning: nothing to read\n")
    sys.stderr.write(f"{what}: done\n")


def table(name: str, rows: int) -> Table:
    """Return the description of a table in the warehouse."""
    return {"table": name, "rows": rows}
