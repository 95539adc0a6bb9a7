import numpy as np
import pandas as pd
import pytest

from dagster_nb.analysis.rolling_quantiles import rolling_quantiles, usual_window


def test_rolling_quantiles_agree_with_those_of_numpy():
    random = np.random.default_rng(0)
    when = pd.Series(pd.date_range("2026-01-01", periods=200, freq="h", tz="UTC"))
    values = random.lognormal(3, 1, 200).round(3)
    order = random.permutation(200)
    rolled = rolling_quantiles(when[order], pd.Series(pd.to_timedelta(values, unit="s"))[order], pd.Timedelta("24h"))
    assert len(rolled) == 100
    for time, count, p50, p95 in rolled.iloc[[3, 50, 99]].itertuples(index=False):
        window = values[(when > time - pd.Timedelta("24h")) & (when <= time)]
        assert count == len(window)
        assert p50 == pytest.approx(np.quantile(window, 0.5))
        assert p95 == pytest.approx(np.quantile(window, 0.95))


def test_an_empty_frame_has_no_rolling_quantiles():
    rolled = rolling_quantiles(
        pd.Series([], dtype="datetime64[us, UTC]"), pd.Series([], dtype="timedelta64[us]"), pd.Timedelta("1h")
    )
    assert rolled.empty
    assert usual_window(pd.Series([pd.NaT], dtype="datetime64[us, UTC]")) > pd.Timedelta(0)
