import pandas as pd
import pytest

from dagster_nb.analysis.time_buckets import usual_frequency
from dagster_nb.time_zones import time_zone


@pytest.mark.parametrize(
    ("span", "freq"),
    [("90min", "1min"), ("24h", "15min"), ("4D", "1h"), ("20D", "6h"), ("90D", "1D"), ("9999D", "1MS")],
)
def test_the_default_frequency_depends_on_the_period(span, freq):
    start = pd.Timestamp("2000-01-01", tz="UTC")
    assert usual_frequency(start, start + pd.Timedelta(span)) == freq


def test_the_default_frequency_is_the_shortest_if_there_are_no_times():
    assert usual_frequency(pd.NaT, pd.NaT) == "1min"


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd"])
def test_an_unknown_time_zone_is_rejected(name):
    with pytest.raises(ValueError, match="there is no time zone"):
        time_zone(name)
