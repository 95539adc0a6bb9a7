"""A fake Dagster in the process of the tests, which a test can fill with runs and make fail."""

from tests.unit.fake.dagster import FakeDagster
from tests.unit.fake.runs import make_run, matching
from tests.unit.fake.schema import installed_schema

__all__ = ["FakeDagster", "installed_schema", "make_run", "matching"]
