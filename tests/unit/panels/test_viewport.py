"""Pictures fit into the panel."""

import pytest

from dagster_nb.panels.viewport import Viewport


@pytest.mark.parametrize(
    ("panel", "margin", "picture"),
    [(800, 8, 792), (800, 40, 760), (200, 8, 320), (5_000, 8, 1_600)],
    ids=["fills the panel", "leaves a margin", "has a minimum", "has a maximum"],
)
def test_the_width_of_a_picture_follows_the_panel(panel, margin, picture):
    viewport = Viewport()
    viewport.width = panel
    assert viewport.picture_width(1_600, margin=margin) == picture
    viewport.close()
