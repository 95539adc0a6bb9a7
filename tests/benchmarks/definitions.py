"""A minimal code location."""

from dagster import Definitions, job, op


@op
def nothing():
    pass


@job
def idle():
    nothing()


defs = Definitions(jobs=[idle])
