"""Results can be shown as trees and converted to frames."""

import pytest

from dagster_nb.playground.query_result import QueryResult, result_frame

DATA = {
    "repositoriesOrError": {
        "__typename": "RepositoryConnection",
        "nodes": [
            {"name": "a", "location": {"name": "etl"}, "jobs": [{"name": "load"}, {"name": "sum"}], "tags": ["x"]},
            {"name": "b", "location": None, "jobs": [], "tags": ["y", "z"]},
        ],
    },
    "version": "1.13.28",
}


def test_a_list_of_objects_becomes_a_frame():
    frame = result_frame(DATA, "repositoriesOrError.nodes")
    assert frame["name"].tolist() == ["a", "b"]
    assert frame["location.name"].iloc[0] == "etl"
    assert frame["location.name"].isna().iloc[1]


def test_lists_along_the_path_are_concatenated():
    assert result_frame(DATA, "repositoriesOrError.nodes.jobs").to_dict("list") == {"name": ["load", "sum"]}
    assert result_frame(DATA, "repositoriesOrError.nodes.tags").to_dict("list") == {"tags": ["x", "y", "z"]}
    assert result_frame(DATA, "version").to_dict("list") == {"version": ["1.13.28"]}


def test_an_object_becomes_one_row_and_null_becomes_none():
    assert len(result_frame(DATA, "repositoriesOrError")) == 1
    assert result_frame({"a": []}, "a").empty
    assert result_frame({"a": None}, "a.b").empty


def test_the_error_for_an_invalid_path_lists_the_fields():
    with pytest.raises(ValueError, match="has no 'node'; it has '__typename', 'nodes'"):
        result_frame(DATA, "repositoriesOrError.node")
    with pytest.raises(ValueError, match="version is '1.13.28' and has no fields"):
        result_frame(DATA, "version.a")
    error = {"runOrError": {"__typename": "PythonError", "message": "the database is locked"}}
    with pytest.raises(ValueError, match="The server answered: the database is locked"):
        result_frame(error, "runOrError.results")


def test_a_tree_escapes_html_and_stays_small():
    html = QueryResult(
        {"a": {"b": ["<img src=x onerror=alert(1)>"] * 1000, "c": None, "d": True, "e": {}}}
    )._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    assert "… and 900 more" in html
    assert "null" in html
    assert "true" in html
    assert html.count("<details") == html.count("</details>") == 2
