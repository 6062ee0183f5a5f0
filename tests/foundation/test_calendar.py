"""Quarters, periods and doses over time."""

import pytest

from simulator.foundation.calendar import Period, Quarter, Schedule


def test_quarters_read_and_write_themselves() -> None:
    assert Quarter.parse("2025Q1") == Quarter(2025, 1)
    assert str(Quarter.parse(" 2027q4 ")) == "2027Q4"
    assert str(Quarter(987, 2)) == "0987Q2"


@pytest.mark.parametrize(
    "text", ["", "2025", "2025Q5", "2025Q0", "25Q1", "2025-Q1", "2025Q12", "２０２５Q1"]
)
def test_other_texts_are_no_quarters(text: str) -> None:
    with pytest.raises(ValueError, match="not a quarter"):
        Quarter.parse(text)


def test_indices_count_quarters() -> None:
    quarters = [Quarter.from_index(i) for i in range(8096, 8112)]
    assert quarters[0] == Quarter(2024, 1) and quarters[-1] == Quarter(2027, 4)
    assert [q.index for q in quarters] == list(range(8096, 8112))
    assert sorted(quarters, reverse=True) == quarters[::-1]
    assert Quarter(2025, 1).shift(-1) == Quarter(2024, 4)
    assert Quarter(2025, 4).shift(1) == Quarter(2026, 1)
    assert Quarter(2025, 2).shift(0) == Quarter(2025, 2)


def test_a_period_includes_both_ends() -> None:
    period = Period(Quarter(2025, 3), Quarter(2027, 2))
    assert len(period.quarters) == 8
    assert (period.quarters[0], period.quarters[-1]) == (period.start, period.end)
    assert period.years == (2025, 2026, 2027)
    assert str(period) == "2025Q3–2027Q2"
    assert Period(Quarter(2025, 2), Quarter(2025, 1)).quarters == ()


def schedule(*points: tuple[int | None, float], linear: bool = False) -> Schedule:
    return Schedule(points, linear, Quarter(2025, 1), Quarter(2030, 4))


def yearly(dose: Schedule) -> list[float]:
    return [dose.at(Quarter(year, 2)) for year in range(2024, 2032)]


def test_one_dose_holds_from_start_to_end() -> None:
    assert yearly(schedule((None, 3.0))) == [0.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 0.0]


def test_steps_hold_until_the_next_named_year() -> None:
    dose = schedule((2026, 1.0), (2028, 5.0))
    assert yearly(dose) == [0.0, 0.0, 1.0, 1.0, 5.0, 5.0, 5.0, 0.0]


def test_lines_move_by_equal_amounts_between_named_years() -> None:
    dose = schedule((2026, 1.0), (2028, 5.0), (2030, 0.0), linear=True)
    assert yearly(dose) == [0.0, 0.0, 1.0, 3.0, 5.0, 2.5, 0.0, 0.0]


def test_a_dose_is_the_same_in_all_quarters_of_a_year() -> None:
    dose = schedule((2025, 1.0), (2029, 2.0), linear=True)
    for year in range(2025, 2031):
        assert len({dose.at(Quarter(year, quarter)) for quarter in (1, 2, 3, 4)}) == 1


def test_start_and_end_cut_within_a_year() -> None:
    dose = Schedule(((None, 2.0),), False, Quarter(2025, 3), Quarter(2026, 1))
    quarters = Period(Quarter(2025, 1), Quarter(2026, 4)).quarters
    assert dose.values(quarters) == [0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0]


def test_no_points_are_no_dose() -> None:
    assert yearly(schedule()) == [0.0] * 8
