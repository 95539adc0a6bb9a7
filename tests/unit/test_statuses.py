"""The table of statuses is consistent, and its colors and markers are visible and distinct."""

import matplotlib.markers
import matplotlib.patches
import pytest
from matplotlib.colors import to_rgb

from dagster_nb.statuses import FINISHED, RUN_STATUSES, STATUSES, STEP_STATUSES, UNKNOWN, status_of


def contrast(color, background):
    """Return the contrast ratio of two colors as defined by the Web Content Accessibility Guidelines."""

    def luminance(name):
        channels = (value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in to_rgb(name))
        return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    low, high = sorted((luminance(color), luminance(background)))
    return (high + 0.05) / (low + 0.05)


def test_finished_runs_have_succeeded_or_failed_or_were_canceled():
    assert {"SUCCESS", "FAILURE", "CANCELED"} == FINISHED


def test_statuses_are_in_the_order_in_which_a_run_goes_through_them():
    assert RUN_STATUSES[0] == "QUEUED"
    assert RUN_STATUSES.index("STARTING") < RUN_STATUSES.index("STARTED") < RUN_STATUSES.index("SUCCESS")
    assert set(RUN_STATUSES) | set(STEP_STATUSES) == set(STATUSES)


def test_an_unknown_status_is_not_finished_and_has_its_own_appearance():
    assert status_of("BRAND_NEW") is UNKNOWN
    assert not UNKNOWN.is_finished
    assert UNKNOWN.symbol not in {status.symbol for status in STATUSES.values()}


@pytest.mark.parametrize("names", [RUN_STATUSES, STEP_STATUSES])
@pytest.mark.parametrize("sign", ["symbol", "marker", "hatch", "word"])
def test_every_status_has_a_different_symbol(names, sign):
    assert len({getattr(STATUSES[name], sign) for name in names}) == len(names)


@pytest.mark.parametrize("status", [*STATUSES.values(), UNKNOWN], ids=lambda status: status.name)
def test_every_status_can_be_drawn_with_enough_contrast(status):
    matplotlib.markers.MarkerStyle(status.marker)
    matplotlib.patches.Patch(hatch=status.hatch)
    assert contrast(status.color, "#FFFFFF") >= 3
    assert contrast(status.color, "#111111") >= 3
