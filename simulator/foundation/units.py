"""Quantities with units, read and written so that no factor of ten slips through.

1亿元 = 1e8 CNY = 0.1 billion CNY; 1万亿元 = 1e12 CNY = 1000 billion CNY. The table below is all
there is: a unit that is not in it is refused, and so is a bare number wherever it could be read
in more than one way (money, persons, anything per year, durations, percent).
"""

import math
import re
import unicodedata
from contextlib import suppress
from decimal import Decimal
from typing import NamedTuple


class QuantityError(ValueError):
    """A text that is no quantity of the wanted unit; `zh` says why in Chinese."""

    def __init__(self, what: str, zh: str) -> None:
        """Keep the reason in both languages."""
        self.zh = zh
        super().__init__(what)


class Unit(NamedTuple):
    """One row of the table: what it measures, its size in that dimension, how it is printed."""

    dimension: str
    factor: Decimal
    zh: str
    en: str


def _unit(dimension: str, factor: str, zh: str, en: str) -> Unit:
    return Unit(dimension, Decimal(factor), zh, en)


_UNITS: dict[str, Unit] = {
    "CNY": _unit("money", "1", "元", "CNY"),
    "万元": _unit("money", "1e4", "万元", "万元"),
    "million CNY": _unit("money", "1e6", "百万元", "million CNY"),
    "亿元": _unit("money", "1e8", "亿元", "亿元"),
    "billion CNY": _unit("money", "1e9", "十亿元", "billion CNY"),
    "万亿元": _unit("money", "1e12", "万亿元", "万亿元"),
    "trillion CNY": _unit("money", "1e12", "万亿元", "trillion CNY"),
    "CNY/yr": _unit("money a year", "1", "元/年", "CNY/yr"),
    "万元/年": _unit("money a year", "1e4", "万元/年", "万元/yr"),
    "million CNY/yr": _unit("money a year", "1e6", "百万元/年", "million CNY/yr"),
    "亿元/年": _unit("money a year", "1e8", "亿元/年", "亿元/yr"),
    "billion CNY/yr": _unit("money a year", "1e9", "十亿元/年", "billion CNY/yr"),
    "万元/人": _unit("money a person", "1", "万元/人", "万元 per person"),
    "人": _unit("persons", "1", "人", "persons"),
    "万人": _unit("persons", "1e4", "万人", "万 persons"),
    "人/年": _unit("persons a year", "1", "人/年", "persons/yr"),
    "家": _unit("firms", "1", "家", "firms"),
    "家/年": _unit("firms a year", "1", "家/年", "firms/yr"),
    "个": _unit("items", "1", "个", "items"),
    "项": _unit("items", "1", "项", "items"),
    "个/年": _unit("items a year", "1", "个/年", "items/yr"),
    "个/亿元": _unit("items for money", "1", "个/亿元", "items per 亿元"),
    "项/年": _unit("items a year", "1", "项/年", "items/yr"),
    "count": _unit("count", "1", "个", ""),
    "PFLOPS": _unit("compute", "1", "PFLOPS", "PFLOPS"),
    "yr": _unit("years", "1", "年", "yr"),
    "km": _unit("distance", "1", "公里", "km"),
    "1/yr": _unit("a year", "1", "/年", "/yr"),
    "share/yr": _unit("a year", "1", "/年", "/yr"),
    "%/yr": _unit("a year", "0.01", "%/年", "%/yr"),
    "log-points": _unit("log-points", "1", "对数点", "log-points"),
    "log-points/yr": _unit("log-points a year", "1", "对数点/年", "log-points/yr"),
    "1": _unit("number", "1", "", ""),
    "share": _unit("number", "1", "", ""),
    "ratio": _unit("number", "1", "", ""),
    "%": _unit("number", "0.01", "%", "%"),
}

_SPELLINGS: dict[str, str] = {
    "元": "CNY",
    "yuan": "CNY",
    "RMB": "CNY",
    "人民币": "CNY",
    "人民币元": "CNY",
    "CNY/年": "CNY/yr",
    "元/年": "CNY/yr",
    "萬元": "万元",
    "億元": "亿元",
    "萬億元": "万亿元",
    "million yuan": "million CNY",
    "million RMB": "million CNY",
    "billion yuan": "billion CNY",
    "billion RMB": "billion CNY",
    "trillion yuan": "trillion CNY",
    "trillion RMB": "trillion CNY",
    "million CNY/年": "million CNY/yr",
    "billion CNY/年": "billion CNY/yr",
    "百万元": "million CNY",
    "亿元/yr": "亿元/年",
    "億元/年": "亿元/年",
    "万元/yr": "万元/年",
    "萬元/年": "万元/年",
    "person": "人",
    "persons": "人",
    "people": "人",
    "人/yr": "人/年",
    "persons/yr": "人/年",
    "people/yr": "人/年",
    "firm": "家",
    "firms": "家",
    "家/yr": "家/年",
    "firms/yr": "家/年",
    "項": "项",
    "個": "个",
    "items": "个",
    "个/yr": "个/年",
    "items/yr": "个/年",
    "项/yr": "项/年",
    "year": "yr",
    "years": "yr",
    "年": "yr",
    "公里": "km",
    "/yr": "1/yr",
    "/年": "1/yr",
    "1/年": "1/yr",
    "share/年": "share/yr",
    "%/年": "%/yr",
    "% a year": "%/yr",
    "log-point": "log-points",
    "log-pt": "log-points",
    "对数点": "log-points",
    "log-pt/yr": "log-points/yr",
    "log-points/年": "log-points/yr",
    "对数点/年": "log-points/yr",
    "-": "1",
}

_UNITS_BY_FOLD = {
    **{spelling.casefold(): unit for spelling, unit in _SPELLINGS.items()},
    **{unit.casefold(): unit for unit in _UNITS},
}

# A field of these units may be written as a bare number: there is only one way to read it.
_BARE = frozenset({"1", "share", "ratio", "count", "个", "项", "家", "log-points"})

_COUNTS = frozenset({"firms", "items", "persons", "count"})

_QUANTITY = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>.*)")
_NUMBER_AHEAD = re.compile(r"[\d.,'_+-]")


def normalise_unit(text: str) -> str:
    """The table's spelling of a unit: `亿元/yr` → `亿元/年`; QuantityError when it is unknown."""
    # NFKC turns full-width characters (％ ／ ３) into the plain ones.
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()
    plain = re.sub(r"\s*/\s*", "/", plain)
    found = _UNITS_BY_FOLD.get(plain.casefold())
    if found is None:
        raise QuantityError(f"unknown unit {text.strip()!r}", f"未知单位“{text.strip()}”")
    return found


def is_unit(text: str) -> bool:
    """Whether the table knows the unit."""
    try:
        normalise_unit(text)
    except QuantityError:
        return False
    return True


def unit_word(unit: str, lang: str) -> str:
    """The unit as a word in `zh` or `en`; one that the table does not know stays as it is."""
    return unit_name(unit, lang) if is_unit(unit) else unit


def takes_bare_number(unit: str) -> bool:
    """Whether a field of this unit may be written as a bare number."""
    return normalise_unit(unit) in _BARE


def accepted_units(unit: str) -> tuple[str, ...]:
    """The units in which a field of `unit` may be written, its own first."""
    own = normalise_unit(unit)
    others = tuple(name for name in _UNITS if name != own and _converts(name, own))
    return (own, *others)


def parse_quantity(text: str | int | float, unit: str) -> float:
    """The value of `text` in `unit`.

    A bare number is taken only where `unit` is dimensionless, a share, log-points or a count
    (个, 家, 项); anything else must name its unit. A value written in `unit` itself comes back
    as the very number written. Raises QuantityError, with the reason, for an unknown or foreign
    unit, a bare number where the unit matters, digits grouped by commas, and for values that
    are not finite.
    """
    wanted = normalise_unit(unit)
    if isinstance(text, bool):
        raise QuantityError(f"{text} is not a quantity", f"{text} 不是数量")
    if isinstance(text, int | float):
        return _bare(text, wanted)
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _QUANTITY.fullmatch(plain)
    if found is None:
        raise QuantityError(f"{text!r} is not a number with a unit", f"“{text}”不是带单位的数")
    number, written = found["number"], found["unit"].strip()
    if not written:
        return _bare(float(number), wanted)
    # What follows the number must not look like more of it: 1,000亿元 reads as 1 or as 1000.
    if _NUMBER_AHEAD.match(written) and not (is_unit(written) and "/" in written):
        raise QuantityError(
            f"{text!r} is not a plain number; write it without separators",
            f"“{text}”不是普通数字；请勿使用分隔符",
        )
    given = normalise_unit(written)
    if not _converts(given, wanted):
        raise QuantityError(
            f"{text!r} measures {_UNITS[given].dimension}, not {_UNITS[wanted].dimension}",
            f"“{text}”的单位与所需单位 {wanted} 量纲不同",
        )
    value = _finite(float(number))
    if _UNITS[given].factor == _UNITS[wanted].factor:
        return value
    # Exact decimals: 3e6万元 is 300亿元 and not 300.00000000000006.
    return _finite(float(Decimal(number) * (_UNITS[given].factor / _UNITS[wanted].factor)))


def read_understood(text: str | int | float, unit: str, understood: str) -> tuple[float, bool]:
    """The value of `text` in `unit`, and whether its `/年` was left to be understood.

    `understood` is the unit without it, in which the same number may be written, or empty where
    nothing is understood. Raises QuantityError as `parse_quantity` does.
    """
    try:
        return parse_quantity(text, unit), False
    except QuantityError:
        if understood:
            with suppress(QuantityError):
                return parse_quantity(text, understood), True
        raise


def unit_name(unit: str, lang: str = "en") -> str:
    """A unit for people: `亿元/年` is `亿元/yr` in English, and itself in Chinese and in both."""
    row = _UNITS[normalise_unit(unit)]
    return row.en if lang == "en" else row.zh


def plain_number(value: float) -> str:
    """The shortest text that reads back as exactly this number, without a needless `.0`."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value))


def exact_quantity(value: float, unit: str) -> str | float | int:
    """How a file states the value: reads back through `parse_quantity` as the same number."""
    own = normalise_unit(unit)
    if own in _BARE:
        return int(value) if float(value).is_integer() and abs(value) < 1e15 else float(value)
    gap = "" if own[0] > "\u2e80" else " "
    return f"{plain_number(float(value))}{gap}{own}"


def format_quantity(value: float, unit: str, lang: str = "en") -> str:
    """The value for people: `1000亿元 (100 billion CNY)` in English, `1000亿元` in Chinese.

    Of money a year, `300亿元/yr (30 billion CNY/yr)` and `300亿元/年`.
    `lang` is `zh`, `en` or `both`; six significant digits.
    """
    own = normalise_unit(unit)
    row = _UNITS[own]
    number = _short(value)
    if row.dimension in ("money", "money a year"):
        home = f"{number}{unit_name(own, lang)}" if row.zh == own else f"{number} {own}"
        if lang == "zh":
            return f"{number}{row.zh}"
        yearly = "/yr" if row.dimension == "money a year" else ""
        cny = value * float(row.factor)
        for size, word in ((1e9, "billion CNY"), (1e6, "million CNY"), (1.0, "CNY")):
            if abs(cny) >= size or size == 1.0:
                return f"{home} ({_short(cny / size)} {word}{yearly})"
    if own in ("share", "share/yr") and lang != "zh":
        return f"{_short(value * 100)} %{'/yr' if own == 'share/yr' else ''}"
    if own in ("share", "share/yr"):
        return f"{_short(value * 100)}%{'/年' if own == 'share/yr' else ''}"
    if lang == "zh":
        return f"{number}{row.zh}"
    label = f"{number}{row.en}" if row.en.startswith("/") else f"{number} {row.en}".rstrip()
    return f"{label} ({number}{row.zh})" if lang == "both" and row.zh != row.en else label


def _converts(given: str, wanted: str) -> bool:
    source, target = _UNITS[given].dimension, _UNITS[wanted].dimension
    return source == target or (target == "count" and source in _COUNTS)


def _bare(value: float, unit: str) -> float:
    if unit not in _BARE:
        raise QuantityError(
            f"the bare number {value} does not say its unit", f"数字 {value} 没有写明单位"
        )
    return _finite(value)


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise QuantityError(f"{number} is not a finite number", f"{number} 不是有限数")
    return number


def _short(value: float) -> str:
    text = f"{value:.6g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e15 else text
