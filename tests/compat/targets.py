"""The versions of Dagster to test."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Target:
    """A Dagster instance to test.

    Parameters
    ----------
    name
        The name of the target in the table and for ``-k``.
    requirements
        The packages to install. If empty, the target uses the environment that runs the tests.
    postgres
        Whether to store runs in PostgreSQL instead of SQLite, which is Dagster's default.
    extended
        Whether to test this target only with ``pytest --extended``.
    """

    name: str
    requirements: tuple[str, ...] = ()
    postgres: bool = False
    extended: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def release(self) -> tuple[int, int]:
        """The major and minor version, such as (1, 13)."""
        known = self.name if self.name[0].isdigit() else version("dagster")
        major, minor = known.split(".")[:2]
        return int(major), int(minor)

    def since(self, minor: int) -> bool:
        """Return whether the version is 1.``minor`` or newer."""
        return self.release >= (1, minor)


OLDEST = "1.5.14"


def _old(release: str) -> Target:
    packages = ("dagster", "dagster-graphql", "dagster-webserver")
    # Old versions set no upper bounds for these packages but do not work with newer releases. They import pkg_resources
    # from setuptools, and versions up to 1.7 use watchdog in a way that watchdog 5 does not support.
    companions = ("setuptools<80", "watchdog<5") if int(release.split(".")[1]) < 8 else ("setuptools<80",)
    requirements = (*(f"{name}=={release}" for name in packages), *companions)
    return Target(release, requirements, extended=release != OLDEST)


OLD = [_old(release) for release in (OLDEST, "1.6.14", "1.7.16", "1.8.13", "1.9.13", "1.10.21", "1.11.16", "1.12.22")]
# tests/server tests the newest version too, and the target with PostgreSQL is a new version.
NEWEST = Target("newest")
# dagster-postgres is sometimes released later than Dagster, so let uv choose versions that fit together. The lower
# bounds prevent it from choosing very old versions.
POSTGRES = Target(
    "postgresql",
    ("dagster>=1.13", "dagster-graphql>=1.13", "dagster-webserver>=1.13", "dagster-postgres>=0.29"),
    postgres=True,
    extended=False,
)
TARGETS = [*OLD, NEWEST, POSTGRES]
