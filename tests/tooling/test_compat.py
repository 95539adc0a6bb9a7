"""The helpers in `tests/compat` that write the README's table and build environments."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.compat import environments, table
from tests.compat.conftest import Evidence
from tests.compat.targets import NEWEST, OLD, TARGETS


@pytest.fixture
def results():
    results = table.Results()
    for capability in table.CAPABILITIES:
        for target in ("1.5.14", "newest"):
            results.add(capability, target, passed=True)
    return results


def row(made, capability):
    [line] = [line for line in made.splitlines() if line.startswith(f"| {table.CAPABILITIES[capability]} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_the_table_has_one_row_per_capability_and_one_column_per_version(results):
    made = results.table(["1.5.14", "newest"])
    assert made.splitlines()[0] == "| | 1.5 | newest |"
    assert len(made.splitlines()) == 2 + len(table.CAPABILITIES)
    assert all(row(made, capability) == ["✓", "✓"] for capability in table.CAPABILITIES)


def test_a_cell_shows_a_failure_if_one_test_failed_and_skipped_tests_do_not_count(results):
    results.add("times", "newest", passed=False)
    results.add("times", "newest", passed=True)
    made = results.table(["1.5.14", "newest", "postgresql"])
    assert row(made, "times") == ["✓", "✗", "✗"]
    assert row(made, "runs") == ["✓", "✓", "✗"]


def test_footnotes_are_numbered_and_listed_below_the_table(results):
    results.note("follow", "1.5.14", "cannot", lacks=True)
    results.note("runs", "1.5.14", "some columns are NA", lacks=False)
    results.note("runs", "newest", "some columns are NA", lacks=False)
    results.note("runs", "newest", "and so on", lacks=False)
    made = results.table(["1.5.14", "newest"])
    assert row(made, "runs") == ["✓ <sup>1</sup>", "✓ <sup>1 2</sup>"]
    assert row(made, "follow") == ["no <sup>3</sup>", "✓"]
    assert made.endswith("<sup>1</sup> some columns are NA  \n<sup>2</sup> and so on  \n<sup>3</sup> cannot")


def test_the_table_is_written_between_its_markers(monkeypatch, tmp_path):
    readme = tmp_path / "README.md"
    monkeypatch.setattr(table, "README", readme)
    readme.write_text(f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n", encoding="utf-8")
    table.write("| new |")
    assert table.written() == "| new |"
    assert readme.read_text(encoding="utf-8") == f"before\n{table.BEGIN}\n\n| new |\n\n{table.END}\nafter\n"
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the table"):
        table.write("| new |")


def test_the_readme_has_one_row_per_capability():
    assert all(f"| {title} |" in table.written() for title in table.CAPABILITIES.values())


class TestEnvironments:
    @pytest.fixture(autouse=True)
    def cache(self, monkeypatch, tmp_path):
        monkeypatch.setattr(environments, "CACHE", tmp_path / "cache")
        return tmp_path / "cache"

    def test_the_newest_target_is_the_installed_dagster(self):
        import sys

        assert environments.python_of(NEWEST) == sys.executable

    def test_an_existing_environment_is_not_rebuilt(self, monkeypatch, cache):
        built = []

        def uv(*arguments):
            built.append(arguments[0])
            if arguments[0] == "venv":
                (cache / arguments[-1] / "bin").mkdir(parents=True)

        monkeypatch.setattr(environments, "_uv", uv)
        first = environments.python_of(OLD[0])
        assert environments.python_of(OLD[0]) == first
        assert built == ["venv", "pip"]
        assert len(list(cache.iterdir())) == 1

    def test_a_failed_build_leaves_no_files_and_the_error_says_what_to_do(self, monkeypatch, cache):
        monkeypatch.setattr(environments, "find_uv_bin", lambda: "false")
        with pytest.raises(environments.CannotBuildError, match="uv python install"):
            environments.python_of(OLD[0])
        assert list(cache.iterdir()) == []


def test_targets_have_different_names_and_releases():
    assert len({target.name for target in TARGETS}) == len(TARGETS) == 10
    assert [target.release for target in OLD] == [(1, minor) for minor in range(5, 13)]
    assert NEWEST.release >= (1, 13)
    assert not OLD[1].since(7)
    assert OLD[2].since(7)


class TestTheEndOfARun:
    """A run of all compatibility tests fails if the README's table differs from the results."""

    @pytest.fixture
    def evidence(self, results, monkeypatch):
        evidence = Evidence()
        evidence.results = results
        evidence.suite, evidence.ran = 2, {"one", "two"}
        monkeypatch.setattr(table, "written", lambda: results.table([target.name for target in TARGETS]))
        return evidence

    @pytest.fixture
    def session(self):
        return SimpleNamespace(config=SimpleNamespace(getoption={}.get), exitstatus=pytest.ExitCode.OK)

    def test_the_test_run_passes_if_the_readme_has_the_same_table(self, evidence, session):
        evidence.pytest_sessionfinish(session)
        assert session.exitstatus == pytest.ExitCode.OK

    def test_the_test_run_fails_if_the_readme_has_a_different_table(self, evidence, session, monkeypatch):
        monkeypatch.setattr(table, "written", lambda: "all is well")
        evidence.pytest_sessionfinish(session)
        assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
        assert evidence.wrong

    def test_a_partial_test_run_does_not_check_the_readme(self, evidence, session, monkeypatch):
        monkeypatch.setattr(table, "written", lambda: "all is well")
        evidence.ran.remove("two")
        evidence.pytest_sessionfinish(session)
        assert session.exitstatus == pytest.ExitCode.OK

    def test_reports_contain_the_results_of_the_tests(self):
        """If pytest-xdist is used, the main process receives only the reports."""
        evidence = Evidence()
        notes = [("It lacks this.", True)]
        for name, when, outcome, capability in [
            ("one", "setup", "passed", "launch"),
            ("one", "call", "passed", "launch"),
            ("two", "setup", "failed", "runs"),
        ]:
            result = (capability, "1.5.14", notes if when == "call" else [], 3)
            evidence.pytest_runtest_logreport(
                pytest.TestReport(name, (name, 0, name), {}, outcome, None, when, user_properties=[("compat", result)])
            )
        assert evidence.ran == {"one", "two"}
        assert evidence.suite == 3
        assert row(evidence.results.table(["1.5.14"]), "runs") == ["✗"]
        assert row(evidence.results.table(["1.5.14"]), "launch") == ["no <sup>1</sup>"]
