"""The monitor: a model that follows a run, and a panel that draws it."""

from dagster_nb.panels.monitor.monitor import RunMonitor

__all__ = ["RunMonitor"]
