"""A digest can be a frame, text, Markdown or an HTML page."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser

import pandas as pd
import pytest

from dagster_nb import analysis
from dagster_nb.analysis.digests import read_evidence
from dagster_nb.analysis.digests.digest import Digest
from dagster_nb.analysis.digests.findings import Finding
from dagster_nb.analysis.digests.summary import Summary
from dagster_nb.errors import UnsupportedServerError
from dagster_nb.sandbox.history.plan import plan_history
from tests.unit.analysis.digests.planned_source import PlannedSource
from tests.unit.analysis.digests.quiet_weeks import false_alarms

AS_OF = pd.Timestamp("2026-11-25 09:00", tz="UTC")
HOSTILE = "<img src=x onerror=alert(1)>`*_[link](http://x)\n# \x1b[2J@here ``` </pre>"
SUMMARY = Summary("http://host:3000", AS_OF - pd.Timedelta("24h"), AS_OF, 7)


def finding(text=HOSTILE, severity="warning"):
    return Finding("new failure", severity, text, text, AS_OF, "certain", text, f"client.launch({text!r})", ["a"])


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def parsed(html):
    tags = Tags()
    tags.feed(html)
    return tags


def test_text_from_the_server_is_escaped(tmp_path):
    digest = Digest([finding()], SUMMARY)
    digest.to_html(tmp_path / "digest.html")
    for html in (digest._repr_html_(), (tmp_path / "digest.html").read_text(encoding="utf-8")):
        tags = parsed(html)
        assert not {"img", "script", "a"} & {tag for tag, _ in tags.seen}
        assert not [name for _, attrs in tags.seen for name in attrs if name.startswith("on")]
        assert "<img src=x onerror=alert(1)>" in tags.text
    markdown = digest.to_markdown()
    assert "<img" not in markdown.replace("client.launch('<img", "")
    assert r"\[link\]\(http" in markdown
    assert "````python" in markdown
    assert r"\@here" in markdown
    for text in (repr(digest), markdown):
        assert "\x1b" not in text


def test_the_page_is_self_contained_and_readable_on_phones_and_in_dark_mode(tmp_path):
    Digest([finding("slow")], SUMMARY).to_html(tmp_path / "digest.html")
    html = (tmp_path / "digest.html").read_text(encoding="utf-8")
    tags = parsed(html)
    assert not [attrs for _, attrs in tags.seen if {"src", "href"} & set(attrs)]
    names = {attrs.get("name"): attrs.get("content") for tag, attrs in tags.seen if tag == "meta"}
    assert names["viewport"] == "width=device-width, initial-scale=1"
    assert names["color-scheme"] == "light dark"


def test_a_digest_without_findings_has_one_line():
    digest = Digest([], SUMMARY)
    assert "Nothing to report; 7 runs checked." in repr(digest).splitlines()
    assert not digest.has_problems
    assert digest.findings.empty


@pytest.mark.parametrize("found", [[], [finding("a", "note"), finding("b", "error")]])
def test_findings_have_the_documented_columns_and_start_with_the_worst(found):
    frame = Digest(found, SUMMARY).findings
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "kind": "string", "severity": "category", "subject": "string", "what": "string",
        "since": "datetime64[us, UTC]", "certainty": "string", "evidence": "string", "next_step": "string",
        "run_ids": "object",
    }  # fmt: skip
    assert frame["what"].tolist() == ["b", "a"][: len(found)]


@pytest.fixture(scope="module")
def source():
    return PlannedSource(plan_history(400, seed=0, until=dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC)))


def test_the_digest_names_data_that_the_source_does_not_provide(source):
    class Old:
        url = source.url
        runs, count_runs = source.runs, source.count_runs

        def failures(self, _runs):
            raise UnsupportedServerError("needs Dagster 9")

    digest = analysis.digest(Old(), since="60d", as_of="2026-11-25T14:00")
    text = repr(digest)
    assert "Not checked: causes of failures: needs Dagster 9" in text
    assert "Not checked: schedules and sensors: this source does not provide them" in text
    assert len(digest.findings)


@pytest.mark.parametrize(
    ("statuses", "count"), [(["MATERIALIZED"], 0), (["MISSING"], 1), (["MATERIALIZED", "MISSING"], 1), ([], 1)]
)
def test_a_partition_is_not_missing_if_all_assets_of_the_job_have_it(statuses, count):
    history = plan_history(2000, seed=0, until=dt.datetime(2026, 11, 25, 14, tzinfo=dt.UTC))

    class WithAssets(PlannedSource):
        def assets(self):
            names = [str(number) for number in range(len(statuses))]
            return pd.DataFrame({
                "asset": pd.array(names, dtype="string"), "asset_path": [[name] for name in names],
                "is_partitioned": pd.array([True] * len(names), dtype="boolean"),
                "job_names": [["other", history.truth.missing_job] for _ in names],
                "last_materialization": pd.Series([AS_OF] * len(names), dtype="datetime64[us, UTC]"),
            })  # fmt: skip

        def partitions(self, *, asset):
            status = statuses[int(asset[0])]
            return pd.DataFrame({"partition_key": [history.truth.missing_partition], "status": [status]})

        def materializations(self, asset):
            return pd.DataFrame({"asset": [asset], "timestamp": [AS_OF]})

    found = analysis.digest(WithAssets(history), since="60d", as_of="2026-11-25T14:00").findings
    assert found[found["kind"] == "missing partition"]["subject"].tolist() == [history.truth.missing_job] * count


def test_the_digest_says_how_many_failures_it_omits(source, monkeypatch):
    monkeypatch.setattr(read_evidence, "_MAX_FAILURES", 3)
    source.requested_failures.clear()
    digest = analysis.digest(source, since="60d", as_of="2026-11-25T14:00")
    failed = source.frame[source.frame["status"] == "FAILURE"]["run_id"].tolist()
    assert len(source.requested_failures) == 3
    [line] = [line for line in repr(digest).splitlines() if "causes of failures" in line]
    left = int(line.split("those of ")[1].split()[0])
    assert 0 < left <= len(failed) - 3


def test_a_digest_raises_connection_errors(source):
    class Broken(PlannedSource):
        def schedules(self):
            raise ConnectionError("no route")

    with pytest.raises(ConnectionError):
        analysis.digest(Broken(source._history), as_of="2026-11-25T14:00")


@pytest.mark.parametrize(("since", "as_of"), [("soon", "2026-11-25"), ("2026-11-26", "2026-11-25"), (None, None)])
def test_invalid_times_raise_a_value_error(source, since, as_of):
    with pytest.raises(ValueError, match="since"):
        analysis.digest(source, since=since, as_of=as_of)


def test_weeks_without_problems_rarely_have_findings():
    # `python -m tests.unit.analysis.digests.quiet_weeks 200` simulates more weeks.
    assert not {kind: count for kind, count in false_alarms(6).items() if count > 1}
