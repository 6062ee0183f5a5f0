"""Numbers and names are worded alike everywhere."""

import math

import pytest

from simulator.registry import Name
from simulator.reporting import wording
from simulator.targets import Probability, Spread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1084.6, "1085"),
        (31.42, "31.4"),
        (2.5, "2.5"),
        (3.0, "3"),
        (0.7713, "0.771"),
        (-0.00452, "−0.00452"),
        (-0.0000000001, "0"),
        (99.97, "100"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_numbers_have_three_digits_and_a_true_minus(value: float | None, text: str) -> None:
    assert wording.number(value) == text


def test_signs_are_written_where_asked() -> None:
    assert wording.number(1e18) == "1e18" and wording.number(-2.5e17, sign=True) == "−2.5e17"
    assert wording.number(25.0, sign=True) == "+25"
    assert wording.number(-25.0, sign=True) == "−25"
    assert wording.number(0.0, sign=True) == "0"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (0.0004, "<0.1%"),
        (0.034, "3.4%"),
        (0.111, "11%"),
        (0.95, "95.0%"),
        (0.9999, ">99.9%"),
        (1.0, "100%"),
        (None, "–"),
    ],
)
def test_shares_never_round_to_certainty(share: float | None, text: str) -> None:
    assert wording.percent(share) == text


def test_ranges_are_short() -> None:
    assert wording.interval(Probability(0.11, 0.092, 0.131, 1000)) == "9.2–13%"
    assert wording.interval(None) == ""
    assert wording.spread(Spread(600.0, 310.2, 1085.1)) == "310–1085"
    assert wording.spread(None) == ""


def test_names_come_in_the_language_asked_for() -> None:
    name = Name(zh="“滨海”新区", en="“Binhai” New Area")
    assert wording.said(name, "zh") == "“滨海”新区"
    assert wording.said(name, "en") == '"Binhai" New Area'
    assert wording.said(name, "both", " · ") == '“滨海”新区 · "Binhai" New Area'
    assert wording.lines(Name("GPU", "GPU"), "both") == ("GPU",)


@pytest.mark.parametrize(
    ("unit", "zh", "en"),
    [
        ("亿元", "652亿元", "652亿元"),
        ("亿元/年", "652亿元", "652亿元"),
        ("家", "652家", "652 firms"),
        ("个", "652个", "652"),
    ],
)
def test_amounts_carry_their_unit(unit: str, zh: str, en: str) -> None:
    assert wording.amount(652.0, unit, "zh") == zh
    assert wording.amount(652.0, unit, "en") == en


def test_money_on_an_axis_says_what_it_is_in_cny() -> None:
    assert wording.unit_text("亿元", "en") == "亿元 (10亿元 = 1 billion CNY)"
    assert wording.unit_text("亿元", "zh") == "亿元"
    assert wording.unit_text("家", "both") == "家  firms"
    assert wording.unit_text("PFLOPS", "en") == "PFLOPS"
