"""Select rows of a frame of runs as `DagsterClient.runs` does, for sources that need no server."""

from __future__ import annotations


def select_runs(frame, *, created_after=None, created_before=None, status=None, run_ids=None):
    if created_after is not None:
        frame = frame[frame["creation_time"] > created_after]
    if created_before is not None:
        frame = frame[frame["creation_time"] < created_before]
    if status is not None:
        frame = frame[frame["status"].isin(status)]
    if run_ids is not None:
        frame = frame[frame["run_id"].isin(run_ids)]
    return frame
