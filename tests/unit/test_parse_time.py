from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest

from dagster_nb.parse_time import to_seconds

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)),
        (datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 3, tzinfo=UTC)),  # noqa: DTZ001 - naive means UTC
        (datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 2, 1, tzinfo=UTC)),
        (date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC)),
        (pd.Timestamp("2026-01-02T03:00", tz="Asia/Tokyo"), datetime(2026, 1, 1, 18, tzinfo=UTC)),
        (pd.Timestamp("2026-01-02"), datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04+01:00", datetime(2026, 1, 2, 2, 4, tzinfo=UTC)),
        (timedelta(hours=2), NOW - timedelta(hours=2)),
        (pd.Timedelta("90min"), NOW - timedelta(minutes=90)),
        ("30s", NOW - timedelta(seconds=30)),
        ("90min", NOW - timedelta(minutes=90)),
        ("24h", NOW - timedelta(hours=24)),
        ("1.5 d", NOW - timedelta(days=1.5)),
        (" 2w ", NOW - timedelta(weeks=2)),
    ],
)
def test_times_are_parsed_exactly(moment, expected):
    seconds = to_seconds(moment, "created_after", now=NOW)
    assert round(seconds * 1_000_000) == (expected - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "moment",
    [
        "", "yesterday", "1m", "1M", "1 month", "2026", "-1h", "24", 24, 1.5, True, object(), pd.NaT, pd.NA,
        float("nan"), np.nan, timedelta(hours=-1), "999999999999w", ["24h"], b"24h", "2026-13-01",
    ],
)  # fmt: skip
def test_the_error_for_any_other_value_lists_the_accepted_forms(moment):
    with pytest.raises(ValueError, match="created_after is not a point in time.*'24h'"):
        to_seconds(moment, "created_after", now=NOW)


def test_none_means_that_there_is_no_time_limit():
    assert to_seconds(None, "created_after") is None
