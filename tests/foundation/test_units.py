"""Quantities with units: what is taken, what is refused, and that nothing slips by a factor."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.foundation.units import (
    QuantityError,
    accepted_units,
    exact_quantity,
    format_quantity,
    is_unit,
    normalise_unit,
    parse_quantity,
    read_understood,
    takes_bare_number,
)

FIELD_UNITS = (
    *("亿元", "亿元/年", "万元/人", "人", "人/年", "家", "家/年", "个", "个/年", "项", "count"),
    *("PFLOPS", "yr", "km", "1/yr", "share/yr", "log-points", "log-points/yr"),
    *("1", "share", "ratio", "%"),
)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("300亿元", "亿元", 300.0),
        ("300 亿元", "亿元", 300.0),
        ("３００億元", "亿元", 300.0),
        ("30000000000 CNY", "亿元", 300.0),
        ("3e6万元", "亿元", 300.0),
        ("30 billion CNY", "亿元", 300.0),
        ("30 Billion yuan", "亿元", 300.0),
        ("1000 billion CNY", "亿元", 10000.0),
        ("1万亿元", "亿元", 10000.0),
        ("1 亿元", "CNY", 1e8),
        ("1亿元", "million CNY", 100.0),
        ("0.1亿元", "亿元", 0.1),
        ("20亿元/yr", "亿元/年", 20.0),
        ("2 billion CNY / 年", "亿元/年", 20.0),
        ("60 人/年", "人/年", 60.0),
        ("60 persons/yr", "人/年", 60.0),
        ("1.5万人", "人", 15000.0),
        ("12 %", "share", 0.12),
        ("12％", "ratio", 0.12),
        ("0.12", "share", 0.12),
        (0.12, "1", 0.12),
        (12, "家", 12.0),
        ("12家", "count", 12.0),
        ("12 项", "个", 12.0),
        ("12 %/yr", "1/yr", 0.12),
        ("0.12 1/yr", "1/yr", 0.12),
        ("0.12/年", "share/yr", 0.12),
        ("2年", "yr", 2.0),
        (".5 PFLOPS", "PFLOPS", 0.5),
        ("-3 log-pt/yr", "log-points/yr", -3.0),
        ("250 万元/人", "万元/人", 250.0),
        ("7%", "%", 7.0),
        ("0.07 share", "%", 7.0),
    ],
)
def test_taken(text: str | float, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        (300, "亿元", "does not say its unit"),
        ("300", "亿元", "does not say its unit"),
        (0, "亿元/年", "does not say its unit"),
        (60, "人", "does not say its unit"),
        ("60", "人/年", "does not say its unit"),
        (5, "家/年", "does not say its unit"),
        (0.1, "1/yr", "does not say its unit"),
        (2, "yr", "does not say its unit"),
        (12, "%", "does not say its unit"),
        ("300 亿", "亿元", "unknown unit"),
        ("300 billion", "亿元", "unknown unit"),
        ("300 USD", "亿元", "unknown unit"),
        ("300亿元/年", "亿元", "measures money a year, not money"),
        ("60 人", "人/年", "measures persons, not persons a year"),
        ("60 个", "家", "measures items, not firms"),
        ("60 人/年", "亿元", "measures persons a year"),
        ("12 %", "log-points", "measures number"),
        ("12 %", "1/yr", "measures number"),
        ("1,000亿元", "亿元", "without separators"),
        ("1_000亿元", "亿元", "without separators"),
        ("1 000 亿元", "亿元", "without separators"),
        ("1'000亿元", "亿元", "without separators"),
        ("1.000.000 CNY", "亿元", "without separators"),
        ("3 1", "1", "without separators"),
        ("亿元", "亿元", "not a number"),
        ("", "1", "not a number"),
        ("three", "1", "not a number"),
        ("nan", "1", "not a number"),
        ("-inf亿元", "亿元", "not a number"),
        ("0x10 亿元", "亿元", "unknown unit"),
        (math.nan, "1", "not a finite"),
        (math.inf, "家", "not a finite"),
        ("1e999", "1", "not a finite"),
        ("1e999999999 万元", "亿元", "not a finite"),
        (10**400, "1", "not a finite"),
        (True, "1", "not a quantity"),
        ("1 亿元", "furlongs", "unknown unit 'furlongs'"),
    ],
)  # fmt: skip
def test_refused(text: str | float, unit: str, reason: str) -> None:
    with pytest.raises(QuantityError, match=reason) as caught:
        parse_quantity(text, unit)
    assert caught.value.zh


@pytest.mark.parametrize("unit", FIELD_UNITS)
@given(value=some.floats(allow_nan=False, allow_infinity=False))
def test_an_exact_quantity_reads_back_as_the_same_number(unit: str, value: float) -> None:
    assert parse_quantity(exact_quantity(value, unit), unit) == value


@pytest.mark.parametrize("unit", [unit for unit in FIELD_UNITS if unit != "count"])
def test_every_accepted_unit_goes_there_and_back(unit: str) -> None:
    units = accepted_units(unit)
    assert units[0] == normalise_unit(unit)
    # "1" is the name of having no unit, and is not written.
    for other in set(units) - {"1"}:
        there = parse_quantity(f"2 {other}", unit)
        if unit != "1":
            assert parse_quantity(f"{there!r} {unit}", other) == pytest.approx(2.0, rel=1e-15)


def test_bare_numbers_are_taken_where_there_is_one_reading() -> None:
    bare = {unit for unit in FIELD_UNITS if takes_bare_number(unit)}
    assert bare == {"1", "share", "ratio", "log-points", "家", "个", "项", "count"}


def test_money_keeps_its_size() -> None:
    assert parse_quantity("1亿元", "CNY") == 100_000_000
    assert parse_quantity("1亿元", "billion CNY") == 0.1
    assert parse_quantity("1万亿元", "billion CNY") == 1000.0
    assert parse_quantity("100 billion CNY", "亿元") == 1000.0


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (1000.0, "亿元", "1000亿元", "1000亿元 (100 billion CNY)"),
        (0.58, "亿元", "0.58亿元", "0.58亿元 (58 million CNY)"),
        (-120.0, "亿元", "-120亿元", "-120亿元 (-12 billion CNY)"),
        (0.0, "亿元", "0亿元", "0亿元 (0 CNY)"),
        (200.0, "亿元/年", "200亿元/年", "200亿元/yr (20 billion CNY/yr)"),
        (12345678.0, "CNY", "12345678元", "12345678 CNY (12.3457 million CNY)"),
        (60.0, "人/年", "60人/年", "60 persons/yr"),
        (25.0, "家", "25家", "25 firms"),
        (0.125, "share", "12.5%", "12.5 %"),
        (0.2, "share/yr", "20%/年", "20 %/yr"),
        (0.1, "1/yr", "0.1/年", "0.1/yr"),
        (0.25, "log-points", "0.25对数点", "0.25 log-points"),
        (3.0, "1", "3", "3"),
        (300.0, "count", "300个", "300"),
        (2.0, "yr", "2年", "2 yr"),
    ],
)
def test_for_people(value: float, unit: str, zh: str, en: str) -> None:
    assert format_quantity(value, unit, "zh") == zh
    assert format_quantity(value, unit, "en") == en


def test_both_languages_at_once() -> None:
    assert format_quantity(60.0, "人/年", "both") == "60 persons/yr (60人/年)"
    assert format_quantity(1000.0, "亿元", "both") == "1000亿元 (100 billion CNY)"
    assert format_quantity(300.0, "亿元/年", "both") == "300亿元/年 (30 billion CNY/yr)"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("300亿元/年", (300.0, False)),
        ("30 billion CNY/yr", (300.0, False)),
        ("300亿元", (300.0, True)),
        ("3e6万元", (300.0, True)),
    ],
)
def test_a_year_may_be_understood(text: str, found: tuple[float, bool]) -> None:
    assert read_understood(text, "亿元/年", "亿元") == found


@pytest.mark.parametrize("text", ["300人/年", "300", 300.0, "300亿"])
def test_nothing_else_is_understood(text: str | float) -> None:
    for understood in ("亿元", ""):
        with pytest.raises(QuantityError) as caught:
            read_understood(text, "亿元/年", understood)
        with pytest.raises(QuantityError, match=re.escape(str(caught.value))):
            parse_quantity(text, "亿元/年")
    with pytest.raises(QuantityError, match="measures money, not money a year"):
        read_understood("300亿元", "亿元/年", "")


def test_units_by_other_spellings() -> None:
    assert {normalise_unit(word) for word in ("亿元/yr", "億元/年", " 亿元 / 年 ")} == {"亿元/年"}
    assert is_unit("％") and is_unit("pflops") and not is_unit("亩")
