"""What the ops of the demo do instead of moving real data."""

import sys
import time
from typing import Any

import dagster as dg

Table = dict[str, Any]
"""What an op hands on: the name of a table in the warehouse and how many rows it has."""

ROWS_A_SECOND = 40_000
LONGEST_SECONDS = 0.6


def process(context: dg.OpExecutionContext | dg.AssetExecutionContext, rows: int, *, what: str) -> None:
    """Take a moment for that many rows, and say so in the log, on stdout and on stderr."""
    context.log.info("%s: %s rows", what, f"{rows:,}")
    sys.stdout.write(f"{what}: reading {rows:,} rows\n")
    time.sleep(min(rows / ROWS_A_SECOND, LONGEST_SECONDS))
    if not rows:
        sys.stderr.write(f"{what}: warning: nothing to read\n")
    sys.stderr.write(f"{what}: done\n")


def table(name: str, rows: int) -> Table:
    """Describe a table of the warehouse."""
    return {"table": name, "rows": rows}
