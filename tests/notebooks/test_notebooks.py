"""The example notebooks run without errors on the demo."""

from __future__ import annotations

import re

import pytest

import dagster_nb as dnb
from dagster_nb.sandbox.definitions import defs, sales_assets
from dagster_nb.sandbox.history.job_profiles import JOB_PROFILES
from tests.notebooks.readme_chart_pictures import questions
from tests.notebooks.run_notebook import NOTEBOOKS, run
from tests.suite_token import authenticate_kernels, contains_token, leaks_of_kernels


@pytest.fixture(scope="module")
def demo():
    with dnb.demo() as demo:
        yield demo


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_warnings_and_does_not_contain_the_suites_token(demo, path, tmp_path):
    # Use fewer runs, because writing a million takes minutes.
    environment = {"DAGSTER_NB_NOTEBOOK_RUNS": "20_000", **authenticate_kernels(tmp_path)}
    ran = run(path, demo.url, environment=environment)
    assert not contains_token(ran)
    assert leaks_of_kernels(tmp_path) == []
    for cell in ran.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text


@pytest.mark.parametrize("one", questions(), ids=lambda one: one.picture.stem)
def test_the_code_of_each_picture_in_the_readme_draws_a_chart(demo, one):
    axes = one.axes(demo.client)
    assert axes.has_data()
    assert one.picture.stat().st_size > 5_000, "draw the picture again: python -m tests.notebooks.readme_chart_pictures"


def test_the_readme_answers_six_questions():
    assert len(questions()) == 6


@pytest.mark.parametrize("number", ["01", "03", "04"])
def test_the_first_notebooks_work_with_any_dagster_because_they_name_no_jobs(number):
    import nbformat

    [path] = [path for path in NOTEBOOKS if path.stem.startswith(number)]
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert [name for name in JOB_PROFILES if name in code] == []


def test_the_first_notebook_opens_with_a_table_that_can_be_read_at_a_glance():
    import nbformat

    connect, table, *_ = (cell for cell in nbformat.read(NOTEBOOKS[0], as_version=4).cells if cell.cell_type == "code")
    assert "dnb.connect(" in connect.source
    assert "dnb.style(runs" in table.source
    shown = re.sub("<[^>]+>", " ", table.outputs[-1].data["text/html"])
    assert re.search(r" [0-9a-f]{8} ", shown), "ids are short"
    assert re.search(r" \d+(\.\d)? (s|min|h)\b", shown), "durations are readable"
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|\d days|\+00:00", shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_saved_notebook_is_readable_without_widgets(path):
    import nbformat

    saved = nbformat.read(path, as_version=4)
    assert saved.metadata.kernelspec.name == "python3"
    code = [cell for cell in saved.cells if cell.cell_type == "code"]
    assert code[-1].outputs or code[-2].outputs, "save the notebook with outputs: python -m tests.notebooks"
    for cell in code:
        for output in cell.outputs:
            assert output.output_type != "error"
            data = output.get("data")
            if data is not None:
                assert "text/html" in data or "image/png" in data or "text/plain" in data
                assert "application/vnd.jupyter.widget-view+json" not in data


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem >= "06"], ids=lambda path: path.stem)
def test_the_notebooks_that_work_with_any_dagster_contain_no_names_from_the_demo(path):
    import nbformat

    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    names = [*JOB_PROFILES, *(asset.key.path[-1] for asset in sales_assets), *(one.name for one in defs.sensors)]
    assert not [name for name in names for source in code if re.search(rf"[\'\"/]{name}\b", source)]
