"""A code location that is almost empty."""

from dagster import Definitions, job, op


@op
def nothing():
    pass


@job
def idle():
    nothing()


defs = Definitions(jobs=[idle])
