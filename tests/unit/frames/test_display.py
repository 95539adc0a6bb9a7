"""`style` formats a frame for display without changing the frame."""

import pandas as pd
import pytest

from dagster_nb import style

RUN_ID = "4ba746c7-9b3f-4f0a-8d1c-1a2b3c4d5e6f"


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "run_id": pd.array([RUN_ID, "x" * 36], dtype="string"),
            "job_name": pd.array(["etl", "<img onerror=alert(1)>"], dtype="string"),
            "status": pd.Categorical(["FAILURE", "NEW"]),
            "start_time": pd.to_datetime(["2026-01-01 23:30:00.25", None], utc=True),
            "duration": pd.to_timedelta([5025, None], unit="s"),
            "partition_key": pd.array([None, None], dtype="string"),
            "tags": [{"team": "data"}, {}],
        }
    )


def test_ids_and_durations_and_times_and_statuses_are_formatted(runs):
    shown = repr(style(runs))
    assert "4ba746c7 " in shown
    assert RUN_ID not in shown
    assert "✖ FAILURE" in shown
    assert "✱ NEW" in shown
    assert "1 h 24 min" in shown
    assert "2026-01-01 23:30:00" in shown
    assert "—" in shown


def test_style_does_not_change_the_frame(runs):
    before = runs.copy(deep=True)
    repr(style(runs))
    style(runs)._repr_html_()
    pd.testing.assert_frame_equal(runs, before)


def test_times_are_shown_in_the_given_time_zone(runs):
    shown = repr(style(runs, tz="Asia/Tokyo"))
    assert "2026-01-02 08:30:00" in shown
    assert "times in Asia/Tokyo" in shown
    with pytest.raises(ValueError, match="there is no time zone 'Nowhere'"):
        style(runs, tz="Nowhere")


def test_html_is_escaped_and_contains_the_full_run_id(runs):
    html = style(runs)._repr_html_()
    assert "<img" not in html
    assert "&lt;img onerror=alert(1)&gt;" in html
    assert f'title="{RUN_ID}"' in html
    assert '<span style="color: #D55E00">✖</span> FAILURE' in html


def test_empty_columns_and_details_are_hidden_unless_requested(runs):
    shown = repr(style(runs))
    assert "partition_key" not in shown
    assert "team" not in shown
    assert "5 of 7 columns" in shown
    assert "team: data" in repr(style(runs, columns=["run_id", "tags"]))
    with pytest.raises(ValueError, match="no column 'nowhere'. Choose from its columns: run_id, "):
        style(runs, columns=["nowhere"])


def test_only_the_first_rows_of_a_long_frame_are_shown():
    frame = pd.DataFrame({"step_key": [f"step{i}" for i in range(3000)]})
    shown = repr(style(frame))
    assert "step19" in shown
    assert "step20" not in shown
    assert shown.endswith("20 of 3,000 rows")


def test_an_empty_frame_shows_its_column_names(runs):
    assert "run_id" in style(runs.iloc[:0])._repr_html_()
    assert repr(style(runs.iloc[:0])).endswith("(columns=… selects others)")


def test_numbers_are_rounded_to_four_digits():
    frame = pd.DataFrame({"rate": [0.9766081871, 12_345.678, 9.314391e-09, None], "count": [171, 2, 3, 4]})
    shown = repr(style(frame))
    for text in ("0.9766 ", "12,346 ", "9.314e-09 ", "171"):
        assert text in shown
    assert "0.97660" not in shown


def test_headers_have_the_same_alignment_as_their_cells(runs):
    html = style(runs.assign(count=[1, 2], is_asset_job=True))._repr_html_()
    left, right = ("run_id", "status", "start_time", "is_asset_job"), ("duration", "count")
    for name in (*left, *right):
        alignment = "left" if name in left else "right"
        assert f'<th style="text-align: {alignment}; white-space: nowrap">{name}</th>' in html
    # The second run has no duration, so its cell contains a dash.
    assert html.count('<td style="text-align: right') == 4


def test_the_status_of_a_code_location_is_shown_as_a_word():
    shown = style(pd.DataFrame({"location": ["shop"], "status": ["loaded"]}))
    assert "shop loaded" in repr(shown)
    assert ">loaded</td>" in shown._repr_html_()


def test_text_with_several_lines_is_shown_in_one_row():
    shown = repr(style(pd.DataFrame({"message": ["no such job.\n  Did you mean etl?"]})))
    assert "no such job. Did you mean etl?" in shown


def test_the_caption_gives_the_number_of_chosen_columns(runs):
    assert repr(style(runs, columns="run_id")).endswith("1 of 7 columns")


def test_long_text_is_shortened():
    assert "…" in repr(style(pd.DataFrame({"error_message": ["x" * 500]})))


def test_a_frame_read_from_parquet_looks_the_same(runs):
    pyarrow = pytest.importorskip("pyarrow")
    frame = runs.drop(columns="tags")
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    assert repr(style(table.to_pandas(types_mapper=pd.ArrowDtype))) == repr(style(frame))
