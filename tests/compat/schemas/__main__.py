"""Write the schema files, or compare the installed Dagster's schema with the newest file.

python -m tests.compat.schemas make           # write all files; this builds missing environments
python -m tests.compat.schemas make newest    # write only the file of the installed Dagster
python -m tests.compat.schemas check          # fail if a document does not fit the installed Dagster
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from tests.compat.environments import python_of
from tests.compat.schemas import installed_text, installed_version, report_changes, write
from tests.compat.targets import NEWEST, OLD

_TARGETS = {target.name: target for target in (*OLD, NEWEST)}
# This code must run with every supported version of Dagster.
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
        report, broken = report_changes.report(installed_version(), installed_text())
        print(report)
        sys.exit(1 if broken else 0)
    for name in options.names:
        command = [python_of(_TARGETS[name]), "-c", _TELL]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        write(*told.split("\n", 1))


if __name__ == "__main__":
    main()
