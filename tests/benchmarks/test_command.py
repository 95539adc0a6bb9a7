"""The benchmark command measures ways of reading and prints the results as a table."""

from __future__ import annotations

import pytest

from tests.benchmarks import measure_in_rounds
from tests.benchmarks.__main__ import BARE_STEPS, CLIENT_STEPS, DIRECT_WAYS, main
from tests.benchmarks.measure_in_rounds import Measured, Place, ReadingFailedError, Way
from tests.benchmarks.reader import Sample
from tests.benchmarks.table import HEADINGS, Row, markdown

PLACE = Place("here", ("http://localhost:1",), document="")
FAST, SLOW = Way("fast", "bare_loop", 1_000), Way("slow", "bare_loop", 10, max_rounds=2)


def sample(wall, *, rows=3, digest="all"):
    return Sample(wall, cpu=0.1, server_cpu=0.2, peak=50_000_000, growth=0, rows=rows, digest=digest)


def test_the_command_prints_one_row_per_way_of_reading(tmp_path, capsys):
    main(["--part", "read", "memory", "--runs", "60", "--many", "500", "--rounds", "1", "--homes", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0] == list(HEADINGS)
    hows = [row[2] for row in rows[2:]]
    assert hows == [*(way.label for way in DIRECT_WAYS), "client.iter_runs()", "client.runs()"]
    by_how = dict(zip(hows, rows[2:], strict=True))
    small_pages = by_how["loop from Dagster's documentation, 10 per page"]
    assert small_pages[HEADINGS.index("requests")] == "7"
    assert by_how["bare loop, 1,000 per page"][HEADINGS.index("ratio to bare loop at 1,000")] == "1.00"
    assert all(float(row[3]) >= 0 for row in rows[2:])


@pytest.mark.extended
def test_the_command_measures_a_history(tmp_path, capsys):
    main(["--part", "history", "--runs", "200", "--many", "500", "--rounds", "1", "--homes", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    hows = [line.split("|")[3].strip() for line in lines[2:]]
    assert hows == [
        "history: first refresh",
        "history.runs()",
        "history.runs() of a job and 7 days",
        *(["client.runs()", "history.refresh()"] * 2),
    ]


@pytest.mark.extended
def test_the_command_compares_ways_of_reading_steps(tmp_path, capsys):
    main(["--part", "steps", "--runs", "60", "--rounds", "1", "--homes", str(tmp_path)])
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [line[3].strip() for line in lines[2:]] == [BARE_STEPS.label, CLIENT_STEPS.label]
    assert "times the bare loop" in lines[-1][-2]


def test_every_second_round_is_measured_in_reverse_order(monkeypatch):
    reads = []

    def read(one, *, counting):
        reads.append((one.way.label, counting))
        return sample(2.0 if one.way is SLOW else 1.0)

    monkeypatch.setattr(measure_in_rounds, "_read", read)
    fast, slow = measure_in_rounds.measure([(PLACE, FAST), (PLACE, SLOW)], rounds=3, on_progress=print)
    assert [label for label, _ in reads] == ["slow", "fast", "fast", "slow", "slow", "fast", "fast"]
    assert [counting for _, counting in reads] == [True, True, False, False, False, False, False]
    assert (len(fast.samples), len(slow.samples)) == (3, 2)
    assert slow.ratio_to(fast) == 2.0


def test_a_ratio_is_the_median_over_all_rounds():
    one, other = Measured(PLACE, FAST), Measured(PLACE, SLOW)
    one.samples = {1: sample(1.0), 2: sample(10.0), 3: sample(3.0)}
    other.samples = {1: sample(1.0), 2: sample(5.0), 3: sample(1.0), 4: sample(100.0)}
    assert one.ratio_to(other) == 2.0
    assert one.ratio_to(Measured(PLACE, SLOW)) is None


def test_a_way_of_reading_that_fails_is_not_repeated_and_its_row_shows_the_error(monkeypatch):
    reads = []

    def read(one, *, counting):
        reads.append(one.way.label)
        if one.way is SLOW:
            raise ReadingFailedError("it broke")
        return sample(1.0)

    monkeypatch.setattr(measure_in_rounds, "_read", read)
    measured = measure_in_rounds.measure([(PLACE, FAST), (PLACE, SLOW)], rounds=2, on_progress=print)
    assert reads == ["slow", "fast", "fast", "fast"]
    lines = markdown([Row.of(3, one) for one in measured]).splitlines()
    assert "1.00" in lines[2]
    assert "it broke" in lines[3]


def test_an_error_is_raised_if_two_ways_of_reading_read_different_runs(monkeypatch):
    def read(one, *, counting):
        return sample(1.0, digest=one.way.label)

    monkeypatch.setattr(measure_in_rounds, "_read", read)
    with pytest.raises(RuntimeError, match="read different rows"):
        measure_in_rounds.measure([(PLACE, FAST), (PLACE, SLOW)], rounds=1, on_progress=print)


def test_an_error_is_raised_if_a_way_of_reading_reads_nothing(monkeypatch):
    monkeypatch.setattr(measure_in_rounds, "_read", lambda *_, **__: sample(1.0, rows=0))
    with pytest.raises(RuntimeError, match="fast read no rows"):
        measure_in_rounds.measure([(PLACE, FAST)], rounds=1, on_progress=print)
