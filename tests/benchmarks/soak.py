"""Keep an explorer and a monitor open in a kernel for hours, and print the kernel's resource use every minute.

    python -m tests.benchmarks.soak                # two hours
    python -m tests.benchmarks.soak --minutes 30

The demo keeps launching and finishing runs. All numbers in the table should level off. The command only measures: it
does not fail if a number grows.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel

import dagster_nb as dnb

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient

_SECONDS_BETWEEN_LAUNCHES = 10.0
_JOB = "sync_crm"
_OPEN = """
import gc, threading
import psutil
from comm import get_comm_manager
import dagster_nb as dnb

client = dnb.connect({url!r}, progress=False)
explorer = dnb.RunExplorer(client)
explorer._header._interval.value = {interval}
monitor = None
"""
# Open a new monitor for the newest run each time, as a user does who opens one run after another.
_MEASURE = """
if monitor is not None:
    monitor.close()
monitor = dnb.RunMonitor(client.run({run_id!r}))
gc.collect()
process = psutil.Process()
print(
    round(process.memory_info().rss / 2**20), len(get_comm_manager().comms), len(process.net_connections()),
    threading.active_count(), len(explorer.model.runs), sep=" | ",
)
"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--interval", type=int, default=5, help="seconds between refreshes of the explorer")
    options = parser.parse_args(arguments)
    with dnb.demo(runs=2000) as demo:
        manager, kernel = start_new_kernel()
        try:
            _execute(kernel, _OPEN.format(url=demo.url, interval=options.interval))
            print(
                "| minute | memory (MB) | comms | sockets | threads | runs in the explorer |\n|---|---|---|---|---|---|"
            )
            for minute in range(options.minutes + 1):
                run = _launch_for_a_minute(demo.client) if minute else demo.client.launch(_JOB)
                print(f"| {minute} | {_execute(kernel, _MEASURE.format(run_id=run.run_id))} |", flush=True)
        finally:
            kernel.stop_channels()
            manager.shutdown_kernel(now=True)


def _launch_for_a_minute(client: dnb.DagsterClient) -> dnb.Run:
    deadline = time.monotonic() + 60
    run = client.launch(_JOB)
    while time.monotonic() < deadline:
        time.sleep(_SECONDS_BETWEEN_LAUNCHES)
        run = client.launch(_JOB)
    return run


def _execute(kernel: BlockingKernelClient, code: str) -> str:
    """Execute code in a kernel and return its standard output."""
    printed: list[str] = []

    def take(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    reply = kernel.execute_interactive(code, timeout=300, output_hook=take)
    if reply["content"]["status"] != "ok":
        raise RuntimeError("\n".join(reply["content"]["traceback"]))
    return "".join(printed).strip()


if __name__ == "__main__":
    main()
