"""Write the schema files, or report how the installed Dagster's schema differs from them.

python -m tests.compat.schemas make           # all; environments of old versions are built where there are none
python -m tests.compat.schemas make newest    # only the file of the installed Dagster
python -m tests.compat.schemas check          # fails if the installed Dagster lacks something that a document uses
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.compat.environments import python_of
from tests.compat.schemas import check, installed_text, installed_version, write
from tests.compat.targets import NEWEST, OLD

_TARGETS = {target.name: target for target in (*OLD, NEWEST)}
# The code that runs in an environment with any version of Dagster.
_TELL = """
from importlib.metadata import version
from dagster_graphql.schema import create_schema
print(version("dagster-graphql"))
print(create_schema())
"""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("make").add_argument("names", nargs="*", metavar="NAME", default=[*_TARGETS])
    commands.add_parser("check")
    options = parser.parse_args(arguments)
    if options.command == "check":
        report, broken = check.report(installed_version(), installed_text())
        print(report)
        sys.exit(1 if broken else 0)
    for name in options.names:
        command = [python_of(_TARGETS[name]), "-c", _TELL]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        write(*told.split("\n", 1))


if __name__ == "__main__":
    main()
