"""Against which Dagsters the suite runs."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True)
class Target:
    """A Dagster.

    Parameters
    ----------
    name
        What ``-k`` and the table call it.
    requirements
        What its environment has; empty: it is the one that runs the tests.
    postgres
        Whether its storage is a PostgreSQL; else SQLite, which is Dagster's default.
    """

    name: str
    requirements: tuple[str, ...] = ()
    postgres: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor, such as (1, 13)."""
        known = self.name if self.name[0].isdigit() else version("dagster")
        major, minor = known.split(".")[:2]
        return int(major), int(minor)

    def since(self, minor: int) -> bool:
        """Whether it is 1.``minor`` or newer."""
        return self.release >= (1, minor)


def _old(release: str) -> Target:
    packages = ("dagster", "dagster-graphql", "dagster-webserver")
    # What these were released with, where they do not say so themselves: they import pkg_resources, and up to 1.7 they
    # call watchdog, which tells of new events, in a way that newer ones do not know.
    companions = ("setuptools<80", "watchdog<5") if int(release.split(".")[1]) < 8 else ("setuptools<80",)
    return Target(release, (*(f"{name}=={release}" for name in packages), *companions))


OLD = [_old(release) for release in ("1.5.14", "1.6.14", "1.7.16", "1.8.13", "1.9.13", "1.10.21", "1.11.16", "1.12.22")]
NEWEST = Target("newest")
# Released apart from Dagster, and sometimes later; the lower bounds keep a resolver from choosing ancient versions.
POSTGRES = Target(
    "postgresql",
    ("dagster>=1.13", "dagster-graphql>=1.13", "dagster-webserver>=1.13", "dagster-postgres>=0.29"),
    postgres=True,
)
TARGETS = [*OLD, NEWEST, POSTGRES]
