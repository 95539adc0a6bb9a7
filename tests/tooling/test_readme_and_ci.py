"""The README, CONTRIBUTING and CI agree, and everything that they mention exists."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import dagster_nb as dnb

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    return re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)


def test_ci_runs_the_test_command_of_the_readme():
    demo, tests = commands()
    assert demo.endswith("dagster-nb demo")
    assert tests.endswith("pytest -n auto")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert "set -euo pipefail" in script
    assert tests in script
    assert tests in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_tests_that_ci_runs_with_other_versions_exist():
    [paths] = re.findall(
        r"^dependent=\((.*?)\)$", (ROOT / ".ci/other_versions").read_text(), flags=re.DOTALL | re.MULTILINE
    )
    listed = subprocess.run(
        ["bash", "-c", f"ls -d {' '.join(paths.split())}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert listed.returncode == 0, listed.stderr
    assert "tests/unit/plot" in listed.stdout.split()


def test_every_test_folder_belongs_to_a_job_on_github():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]["tests"]["strategy"]["matrix"]["include"]
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert sorted(folder for job in jobs for folder in job["folders"].split()) == sorted(configured["testpaths"])


def test_extended_tests_run_on_github():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["tests"]["steps"] if "pytest" in step.get("run", "")]
    assert commands
    assert all("--extended" in command.split() for command in commands)


def test_extended_tests_run_only_with_the_option(request):
    extended = [item for item in request.session.items if item.get_closest_marker("extended")]
    assert request.config.getoption("extended") or not extended


def test_every_name_in_the_readme_exists():
    for name in re.findall(r"dnb\.(\w+)", README):
        assert hasattr(dnb, name), name
    for name in re.findall(r"client\.(\w+)\(", README):
        assert hasattr(dnb.DagsterClient, name), name


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_file_that_the_readme_links_to_exists(link):
    assert (ROOT / link).exists()


def test_the_readme_begins_with_a_picture():
    assert "![" in README.partition("\n## ")[0].partition("```")[0]


def test_the_changelog_has_an_unreleased_section():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
