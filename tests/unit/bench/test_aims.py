import pytest

from tests.bench import aims

AUDIT = {aims.AUDIT: 1.5}


def test_figure_beyond_its_aim_is_told_to_be_so() -> None:
    assert list(aims.table(AUDIT, {"audit"}).rows[aims.AUDIT]) == [1.5, "s", 1, "", "no"]


def test_figure_as_large_as_its_aim_is_good() -> None:
    assert aims.table({aims.AUDIT: 1}, {"audit"}).rows[aims.AUDIT][-1] == "yes"


def test_section_that_was_not_measured_is_left_out() -> None:
    assert list(aims.table(AUDIT, {"audit"}).rows) == [aims.AUDIT]


def test_aim_without_a_figure_is_no_table() -> None:
    with pytest.raises(KeyError, match="memory at rest"):
        aims.table(AUDIT, {"audit", "memory"})


def test_figure_without_an_aim_is_no_table() -> None:
    with pytest.raises(KeyError, match="made up"):
        aims.table({**AUDIT, "made up": 1.0}, {"audit"})
