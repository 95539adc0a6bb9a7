"""A fake Dagster inside the test process. Tests set its runs and its faults."""

from tests.unit.fake.dagster import FakeDagster
from tests.unit.fake.execute_graphql import installed_schema
from tests.unit.fake.runs import make_run, matching

__all__ = ["FakeDagster", "installed_schema", "make_run", "matching"]
