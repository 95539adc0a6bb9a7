"""If no run matches a misspelled name, the explorer suggests an existing name, and one click applies it."""

import pytest

from dagster_nb.panels.explorer import RunExplorer
from dagster_nb.panels.explorer.filters import ExplorerFilters
from dagster_nb.panels.explorer.misspelled_filters import corrected
from dagster_nb.similar_names import SimilarName
from tests.unit.panels.conftest import FakeSource, make_runs


@pytest.fixture
def explore():
    made = []

    def make(**filters):
        frame = make_runs(5, jobName="ingest_orders", tags=[{"key": "team", "value": "data"}])
        made.append(RunExplorer(FakeSource(frame), **filters).wait())
        return made[-1]

    yield make
    for one in made:
        one.close()


def lines(explorer):
    view = explorer._misspelled_view.widget
    assert (view.layout.display == "none") == (not view.children)
    return view.children


@pytest.mark.parametrize(
    ("filters", "similar"),
    [
        ({"job": "ingest_ordres"}, "ingest_orders"),
        ({"location": "etll"}, "etl"),
        ({"tags": {"Team": "data"}}, "team"),
    ],
)
def test_one_click_corrects_a_misspelled_filter(explore, filters, similar):
    explorer = explore(**filters)
    assert explorer.frame.empty
    (line,) = lines(explorer)
    assert f"Did you mean '{similar}'?" in line.description
    line.click()
    explorer.wait()
    assert len(explorer.frame) == 5
    assert lines(explorer) == ()


def test_no_correction_is_offered_if_no_name_is_similar(explore):
    assert lines(explore(job="something_else")) == ()
    assert lines(explore(status="FAILURE")) == ()


def test_the_suggestion_disappears_with_the_filter(explore):
    explorer = explore(job="ingest_ordres")
    assert lines(explorer)
    explorer.set_filters()
    assert lines(explorer.wait()) == ()


def test_only_the_misspelled_name_is_replaced():
    filters = ExplorerFilters.parse(job=["ingest_ordres", "nightly", "ingest_orders"], tags={"team": "a", "taem": "b"})
    job = corrected(filters, SimilarName("job", "ingest_ordres", "ingest_orders"))
    assert job.job == ("ingest_orders", "nightly")
    tag = corrected(filters, SimilarName("tag", "taem", "owner"))
    assert tag.tags == (("team", ("a",)), ("owner", ("b",)))
