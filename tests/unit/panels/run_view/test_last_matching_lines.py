"""Only the end of a long text is searched for the lines to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_nb.panels.run_view import last_matching_lines as module
from dagster_nb.panels.run_view.last_matching_lines import last_lines

TEXTS = st.text(st.sampled_from("aB1 \n"), max_size=60)


@given(text=TEXTS, wanted=st.sampled_from(["", "a", "b", "1 ", "zz"]), count=st.integers(1, 5), block=st.integers(1, 9))
def test_the_lines_equal_those_from_a_search_of_the_whole_text(text, wanted, count, block):
    lines = text.removesuffix("\n").split("\n") if text else []
    matching = [line for line in lines if wanted.strip() in line.lower()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_LENGTH", block)
        found = last_lines(text, wanted, max_lines=count)
    assert found.shown == matching[-count:]
    assert found.total == len(lines)
    assert found.has_more == (len(matching) > count)


@pytest.mark.parametrize("wanted", ["", "ROW"])
def test_only_the_end_of_a_long_text_is_split(wanted, monkeypatch):
    read = []
    blocks = module._blocks_from_end
    monkeypatch.setattr(module, "_blocks_from_end", lambda text: (read.append(one) or one for one in blocks(text)))
    found = last_lines("".join(f"row {number}\n" for number in range(1_000_000)), wanted)
    assert found.shown[-1] == "row 999999"
    assert len(found.shown) == module.MAX_LINES
    assert len(read) == 1


def test_a_very_long_line_is_cut():
    [line] = last_lines("x" * 100_000).shown
    assert len(line) < 5_000
    assert line.endswith("…")


def test_colors_and_carriage_returns_are_removed():
    assert last_lines("\x1b[31mred\x1b[0m\r\nplain\r\n", "red").shown == ["red"]
