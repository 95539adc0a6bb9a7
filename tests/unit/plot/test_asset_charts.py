"""Charts of assets, partitions, metadata and ticks show the right data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from dagster_nb.plot import asset_graph, metadata, partitions, ticks


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def cells(ax, words):
    """Return the column and the row of each cell whose legend entry starts with these words."""
    [collection] = [one for one in ax.collections if one.get_label().startswith(words)]
    middles = [path.vertices[:4].mean(axis=0) for path in collection.get_paths()]
    return [(round(x), round(y)) for x, y in middles]


def names(labels):
    return [label.get_text() for label in labels]


def test_days_are_arranged_by_month_and_the_gap_is_visible_and_labeled(daily_partitions, ax, render):
    partitions(daily_partitions, ax=ax)
    assert legend(ax) == ["materialized (56)", "materializing (1)", "failed (2)", "missing (1)"]
    assert names(ax.get_yticklabels()) == ["2026-01", "2026-02", "2026-03"]
    assert cells(ax, "missing") == [(20, 0)]
    assert cells(ax, "failed") == [(9, 1), (10, 1)]
    [gap] = [one for one in ax.collections if one.get_label().startswith("missing")]
    assert gap.get_facecolor().size == 0
    assert gap.get_edgecolor().size
    caption = ax.get_xlabel().replace("\n", " · ")
    assert "60 partitions · missing: 2026-01-21 · failed: 2026-02-10, 2026-02-11" in caption
    render(ax)


def test_months_are_in_order_even_if_the_partitions_are_not(daily_partitions, ax):
    partitions(daily_partitions.sample(frac=1, random_state=0), ax=ax)
    assert names(ax.get_yticklabels()) == ["2026-01", "2026-02", "2026-03"]
    assert cells(ax, "missing") == [(20, 0)]


def test_two_dimensional_partitions_use_both_axes(ax, render):
    days, colors = [f"2026-01-{day:02}" for day in range(1, 11)], ["red", "green"]
    rows = [(f"{color}|{day}", color, day) for color in colors for day in days]
    frame = pd.DataFrame(rows, columns=["partition_key", "dimension.color", "dimension.day"]).assign(
        status="MATERIALIZED"
    )
    frame.loc[frame["partition_key"] == "green|2026-01-03", "status"] = "MISSING"
    partitions(frame, ax=ax)
    assert names(ax.get_yticklabels()) == colors
    assert cells(ax, "missing") == [(2, 1)]
    assert ax.get_xlabel().startswith("day by color")
    render(ax)


def test_partitions_without_dates_are_drawn_in_rows(ax, render):
    keys = [f"customer-{number}" for number in range(200)]
    frame = pd.DataFrame({"partition_key": keys, "status": ["SUCCESS"] * 150 + ["FAILURE"] * 49 + [None]})
    partitions(frame, ax=ax)
    assert legend(ax) == ["succeeded (150)", "failed (49)", "missing (1)"]
    width = int(names(ax.get_yticklabels())[1].removeprefix("customer-"))
    assert cells(ax, "missing") == [(199 % width, 199 // width)]
    assert "missing: customer-199" in ax.get_xlabel()
    assert "failed" not in ax.get_xlabel()
    render(ax)


def test_labels_are_below_the_cells_if_there_are_only_a_few_partitions(ax):
    frame = pd.DataFrame({"partition_key": ["north", "south"], "status": ["SUCCESS", "MISSING"]})
    partitions(frame, ax=ax)
    assert names(ax.get_xticklabels()) == ["north", "south"]


def test_thousands_of_daily_partitions_can_be_drawn(ax, render):
    keys = pd.date_range("2016-01-01", periods=3650).strftime("%Y-%m-%d")
    partitions(pd.DataFrame({"partition_key": keys, "status": "MATERIALIZED"}), ax=ax)
    assert "3,650 partitions" in ax.get_xlabel()
    assert len(ax.get_yticklabels()) < 60
    render(ax)


def test_the_most_frequent_metadata_label_is_drawn_by_default(materializations, ax):
    metadata(materializations, ax=ax)
    assert ax.get_ylabel() == "share"
    assert "30 materializations · 1 more numeric label" in ax.get_xlabel()
    assert ax.lines[0].get_ydata().tolist() == materializations["metadata.share"].tolist()[::-1]
    assert ax.lines[0].get_xdata()[0] == date2num(materializations["timestamp"].iloc[-1])


def test_chosen_metadata_labels_are_drawn_without_gaps(materializations, ax):
    metadata(materializations, ["rows", "metadata.share"], ax=ax)
    assert [len(line.get_xdata()) for line in ax.lines[:2]] == [29, 30]
    assert {"rows", "share"} <= {text.get_text() for text in ax.texts}


@pytest.mark.parametrize("wrong", ["note", "ok", "nothing"])
def test_a_metadata_label_without_numbers_raises_an_error(materializations, ax, wrong):
    with pytest.raises(ValueError, match=f"there is no numeric metadata '{wrong}'. Use one of: 'rows'"):
        metadata(materializations, wrong, ax=ax)


def test_partitions_on_the_x_axis_show_their_last_materialization(ax):
    times = pd.date_range("2026-03-01", periods=3, freq="D", tz="UTC")
    frame = pd.DataFrame(
        {"timestamp": times, "partition_key": ["2026-01-02", "2026-01-01", "2026-01-02"], "metadata.rows": [1, 2, 3]}
    )
    metadata(frame.iloc[::-1], x="partition_key", ax=ax)
    assert ax.lines[0].get_ydata().tolist() == [2, 3]
    assert (
        ax.lines[0].get_xdata().tolist() == date2num(np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")).tolist()
    )
    assert "2 partitions" in ax.get_xlabel()
    with pytest.raises(ValueError, match="x must be 'timestamp' or 'partition_key'"):
        metadata(frame, x="run_id", ax=ax)


def test_partitions_without_dates_are_sorted(ax, render):
    frame = pd.DataFrame({"partition_key": ["b", "a", None], "metadata.rows": [1, 2, 3]})
    metadata(frame, x="partition_key", ax=ax)
    assert names(ax.get_xticklabels()) == ["a", "b"]
    assert ax.lines[0].get_ydata().tolist() == [2, 1]
    render(ax)


def test_an_asset_without_numeric_metadata_gives_a_message(materializations, ax):
    metadata(materializations[["timestamp", "metadata.note"]], ax=ax)
    assert [text.get_text() for text in ax.texts] == ["no numeric metadata"]


def test_ticks_have_one_lane_per_name_and_one_marker_per_status(sensor_ticks, ax, render):
    ticks(sensor_ticks, ax=ax)
    assert names(ax.get_yticklabels()) == ["files", "hourly"]
    drawn = {line.get_label(): len(line.get_xdata()) for line in ax.lines}
    assert drawn == {"skipped": 48, "launched runs": 11, "failed": 1}
    assert len({line.get_marker() for line in ax.lines}) == 3
    [note] = [text.get_text() for text in ax.texts]
    assert note == "1 failed"
    assert "60 ticks" in ax.get_xlabel()
    render(ax)


def test_all_failed_ticks_are_drawn_even_if_others_are_sampled(ax, render):
    times = pd.date_range("2026-01-01", periods=50_000, freq="30s", tz="UTC")
    status = np.where(np.arange(50_000) % 500 == 7, "FAILURE", "SKIPPED")
    ticks(pd.DataFrame({"name": "files", "status": status, "timestamp": times}), ax=ax)
    drawn = {line.get_label(): len(line.get_xdata()) for line in ax.lines}
    assert drawn["failed"] == 100
    assert drawn["skipped"] < 4_000
    assert "of 49,900 ticks" in ax.get_xlabel()
    render(ax)


def test_the_busiest_names_have_their_own_lanes(sensor_ticks, ax):
    others = pd.concat([sensor_ticks, sensor_ticks.tail(3).assign(name="a"), sensor_ticks.tail(2).assign(name="b")])
    ticks(others, max_groups=2, ax=ax)
    assert names(ax.get_yticklabels())[0] == "files"
    assert len(ax.get_yticklabels()) == 2
    assert sum(len(line.get_xdata()) for line in ax.lines) == len(others)


def test_assets_are_in_the_boxes_of_their_groups_and_outdated_assets_are_labeled(assets, ax, render):
    asset_graph(assets, ax=ax)
    written = [text.get_text() for text in ax.texts]
    assert {"sources", "sales", "reports", "raw", "report"} <= set(written)
    assert "shop/orders\n(stale)" in written
    assert [text for text in written if text.startswith("shop/revenue\n(never")]
    assert legend(ax) == ["fresh", "stale", "never materialized", "unknown status"]
    [nodes] = ax.collections
    assert len({tuple(color) for color in nodes.get_facecolor()}) == 4
    render(ax)


def test_assets_of_a_single_group_have_no_box(assets, ax):
    asset_graph(assets.assign(group="all"), ax=ax)
    assert "all" not in [text.get_text() for text in ax.texts]
