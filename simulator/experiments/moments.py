"""Moments: reported figures that the model can be held against, and what each says of a simulated member.

Every row of `calibration/moments.csv` carries observable, reduction, period, perimeter, source and date. A figure of
one perimeter is never compared with a series of another: the loader names both. Growth across a re-basing is no
growth, so that a level of one basis is never divided by a level of another.
"""

import math
from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

import numpy as np

from simulator.experiments.inference import Floats, Integers, Observed, Side
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import CellError, cell_choice, cell_number, cell_text
from simulator.foundation.randomness import Decision, name_ids, uniforms
from simulator.foundation.tables import Row, read_table, shipped
from simulator.observables import BY_KEY
from simulator.registry import Name

Reduction = Literal["level", "growth", "ratio", "share", "trend", "spread"]
Role = Literal["fit", "check"]
REDUCTIONS: Final = ("level", "growth", "ratio", "share", "trend", "spread")
SPANS: Final = ("ratio", "spread")
"""Reductions of a period from one year to another."""
TREND_YEARS: Final = 4
SIDES: Final = ("two", "lower", "upper")
ROLES: Final = ("fit", "check")
NATIONAL: Final = "national_growth"
"""The driver of M1: drawn in every member, no series of the city."""
PERIMETERS: Final[Mapping[str, str]] = {
    "software_revenue": "software",
    "core_revenue": "catalogue",
    "core_scale": "core_ai_part",
    "fund_committed": "fund_group",
    "fund_paid_in": "fund_group",
    "fund_invested": "fund_group",
    "tickets": "fund_group",
    NATIONAL: "national_ai_core",
}
"""About whom each observable speaks, in the words of the table."""
WORDS: Final[Mapping[str, Name]] = {
    "software": Name("软件和信息技术服务业", "software and IT services"),
    "software_services": Name("规上软件服务业", "above-scale software services"),
    "catalogue": Name("名录企业", "catalogue firms"),
    "core_ai_part": Name("核心企业的人工智能部分", "AI part of core firms"),
    "fund_group": Name("海河信创与人工智能基金群", "Haihe funds for IT innovation and AI"),
    "national_ai_core": Name("全国人工智能核心产业", "national AI core industry"),
    "national_software": Name("全国软件业", "national software"),
    "smart_tech": Name("智能科技产业", "smart technology industry"),
    "chain_value_added": Name("在链工业增加值", "value added of in-chain industry"),
    "smart_factories": Name("智能工厂", "smart factories"),
    "titles": Name("企业称号（全行业）", "firm titles, all industries"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One reported figure.

    `value` is in `unit`, `sd` its error in log points; `observable` is a city series, two of them with a slash for a
    share, `national_growth`, or empty where no series measures it. A `trend` is growth of a year before the founding,
    held against a member's mean growth in its first years, with the luck of one year in its sd. `known` is the first
    day on which it was public.
    """

    id: str
    observable: str
    reduction: Reduction
    period: str
    value: float
    unit: str
    sd: float
    side: Side
    basis: str
    perimeter: str
    source: str
    known: date
    role: Role
    note: Name

    @property
    def logarithm(self) -> float:
        """What a statistic is held against: the log of a level, ratio or share; ln(1+g) of a growth rate."""
        return math.log1p(self.value) if self.is_rate else math.log(self.value)

    @property
    def is_rate(self) -> bool:
        """Whether the value is a growth rate."""
        return self.reduction in ("growth", "trend")

    @property
    def last_year(self) -> int:
        """The year the figure speaks of, the later of two."""
        return int(self.period[-4:] if self.reduction in SPANS else self.period[:4])

    def rates(self, first: int) -> range:
        """Years of the growth rates whose spread it is; as many first years of a run that begins after the first."""
        begin, count = int(self.period[:4]), self.last_year - int(self.period[:4]) + 1
        begin = begin if begin > first else first + 1
        return range(begin, begin + count)

    def series(self) -> tuple[str, ...]:
        """The recorded series it needs."""
        return tuple(self.observable.split("/")) if self.observable not in ("", NATIONAL) else ()


class Block(NamedTuple):
    """What statistics are taken from: n members' values of some series, and national growth where it is asked."""

    quarters: tuple[Quarter, ...]
    values: dict[str, Floats]  # (n, quarters) by series
    national: Mapping[int, Floats]  # year → ln(1+g) of (n,) members


def day_of(text: str) -> date:
    """The last day that a written date may mean: `2025` is the end of the year, `2025-05` of the month."""
    parts = [int(part) for part in text.split("-")]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    return date(year, month, parts[2] if len(parts) > 2 else monthrange(year, month)[1])


def source_days(path: Path | None = None) -> dict[str, date]:
    """First day on which each source of `sources.csv` can be taken as known; judgement is always known."""
    rows = read_table(path or shipped("calibration", "sources.csv"))
    return {
        row["id"]: date.min if row["kind"] == "judgement" else day_of(row["date"]) for row in rows
    }


def load_moments(path: Path | None = None, sources: Path | None = None) -> tuple[Moment, ...]:
    """All moments in table order.

    Raises InputError with every fault: a perimeter that is not the observable's, an unknown source or one of another
    date, a repeated id, a share of one series, a period that does not fit.
    """
    days = source_days(sources)
    found: list[Moment] = []
    findings: list[Finding] = []
    seen: set[str] = set()
    for row in read_table(path or shipped("calibration", "moments.csv")):
        try:
            moment = _moment(row, days)
            if moment.id in seen:
                raise CellError("id", f"{moment.id} stands twice", f"{moment.id} 重复")
            seen.add(moment.id)
            found.append(moment)
        except CellError as fault:
            findings.append(fault.finding(row))
    if findings:
        raise InputError(findings)
    return tuple(found)


def known_by(moments: Sequence[Moment], origin: date | None) -> tuple[Moment, ...]:
    """The moments that were public before a day; all of them without one."""
    return tuple(m for m in moments if origin is None or m.known < origin)


def measured(
    moments: Sequence[Moment], series: Collection[str], years: Collection[int]
) -> tuple[Moment, ...]:
    """The moments that a run with these series and years can be held against."""
    return tuple(
        m
        for m in moments
        if m.observable
        and (m.last_year in years or m.reduction == "trend")
        and (m.reduction != "spread" or set(m.rates(min(years))) <= set(years))
        and (m.observable == NATIONAL or set(m.series()) <= set(series))
        and (m.reduction != "ratio" or int(m.period[:4]) in years)
    )


def statistics(moments: Sequence[Moment], block: Block) -> Floats:
    """What each member says of each moment, (n, K) logarithms. KeyError for a series the block lacks.

    Values that are not positive give a very low logarithm instead of a failure.
    """
    return np.column_stack([_statistic(m, block) for m in moments]) if moments else np.empty((0, 0))


def reported(moments: Sequence[Moment], scales: Floats | None = None) -> Observed:
    """The moments as observed values; distance is counted in `scales`, by default in their own sd."""
    own = np.array([m.sd for m in moments])
    return Observed(
        np.array([m.logarithm for m in moments]),
        own if scales is None else scales,
        tuple(m.side for m in moments),
    )


def report_error(moments: Sequence[Moment], members: Integers, seed: int) -> Floats:
    """Errors of the reported figures as a member draws them, (n, K) log points.

    Addressed by (seed, member, moment), so that another moment or more members change none.
    """
    from scipy.special import ndtri

    ids = name_ids(tuple(f"moment {m.id}" for m in moments))
    sd = np.array([m.sd for m in moments])
    rows = [uniforms(ids, 0, Decision.REPORTED_FIGURE, seed, int(member))[0] for member in members]
    return np.asarray(sd * ndtri(np.array(rows).reshape(len(members), len(moments))))


def annual(block: Block, series: str, year: int) -> Floats:
    """Annual figure, (n,): mean of a flow's quarters, last quarter of a stock; the founding year as it is."""
    rows = [i for i, quarter in enumerate(block.quarters) if quarter.year == year]
    if not rows:
        raise KeyError(f"{series} does not reach {year}")
    values = block.values[series]
    if BY_KEY[series.partition("[")[0]].kind == "stock":
        return np.asarray(values[:, rows[-1]])
    return np.asarray(values[:, rows].mean(axis=1))


def _statistic(m: Moment, block: Block) -> Floats:
    if m.observable == NATIONAL:
        return block.national[m.last_year]
    if m.reduction == "share":
        over, under = (_level(block, name, m.period) for name in m.series())
        return _log(over) - _log(under)
    if m.reduction == "trend":
        first = block.quarters[0].year
        last = min(first + TREND_YEARS, block.quarters[-1].year)
        gone = _log(annual(block, m.observable, last)) - _log(annual(block, m.observable, first))
        return np.asarray(gone / (last - first))
    if m.reduction == "spread":
        rates = m.rates(block.quarters[0].year)
        levels = [annual(block, m.observable, year) for year in (rates[0] - 1, *rates)]
        return _log(np.diff(_log(np.column_stack(levels)), axis=1).std(axis=1, ddof=1))
    now = _level(block, m.observable, m.period)
    if m.reduction == "level":
        return _log(now)
    year = int(m.period[:4])
    if m.reduction == "growth":
        return _log(now) - _log(annual(block, m.observable, year - 1))
    return _log(annual(block, m.observable, m.last_year)) - _log(annual(block, m.observable, year))


def _level(block: Block, series: str, period: str) -> Floats:
    if "Q" in period:
        quarter = Quarter.parse(period)
        return np.asarray(block.values[series][:, block.quarters.index(quarter)])
    return annual(block, series, int(period[:4]))


def _log(values: Floats) -> Floats:
    return np.log(np.maximum(values, 1e-9))


def _moment(row: Row, days: Mapping[str, date]) -> Moment:
    source = cell_text(row, "source")
    if source not in days:
        raise CellError(
            "source",
            f"{source!r} is no row of sources.csv",
            f"sources.csv 中没有“{source}”",
            suggestion=nearest(source, days) or "",
        )
    try:
        known = day_of(cell_text(row, "source_date"))
    except ValueError:
        allowed = Allowed("2025, 2025-05 or 2025-05-27", "2025, 2025-05 或 2025-05-27")
        raise CellError("source_date", "not a date", "不是日期", allowed) from None
    if known != days[source]:
        raise CellError(
            "source_date",
            f"{row['source_date']} is not the date of {source} in sources.csv ({days[source]})",
            f"与 sources.csv 中 {source} 的日期（{days[source]}）不符",
        )
    reduction = cast(Reduction, cell_choice(row, "reduction", REDUCTIONS))
    observable = cell_text(row, "observable", empty=True)
    perimeter = cell_choice(row, "perimeter", WORDS)
    _check_observable(observable, reduction, perimeter)
    value, sd = cell_number(row, "value"), cell_number(row, "sd")
    if not value > (-1.0 if reduction in ("growth", "trend") else 0.0) or not sd > 0.0:
        raise CellError("value", "value and sd must be above 0", "数值与 sd 须大于 0")
    period = cell_text(row, "period")
    _check_period(period, reduction)
    role = cast(Role, cell_choice(row, "role", ROLES))
    if role == "fit" and not observable:
        what, what_zh = "no series measures a moment to fit", "待拟合的事实没有对应序列"
        raise CellError("role", what, what_zh, Allowed.same("check"))
    return Moment(
        cell_text(row, "id"),
        observable,
        reduction,
        period,
        value,
        cell_text(row, "unit"),
        sd,
        cast(Side, cell_choice(row, "side", SIDES)),
        cell_text(row, "basis"),
        perimeter,
        source,
        known,
        role,
        Name(cell_text(row, "note_zh", empty=True), cell_text(row, "note_en", empty=True)),
    )


def _check_observable(observable: str, reduction: Reduction, perimeter: str) -> None:
    if not observable:
        return
    parts = observable.split("/")
    if (len(parts) == 2) != (reduction == "share"):
        allowed = Allowed("one/other", "某序列/另一序列")
        raise CellError("observable", "a share needs two series", "占比须有两个序列", allowed)
    for key in parts:
        if key not in PERIMETERS:
            raise CellError(
                "observable",
                f"{key!r} has no perimeter here",
                f"“{key}”未登记口径",
                allowed=Allowed.one_of(PERIMETERS),
                suggestion=nearest(key, PERIMETERS) or "",
            )
        if PERIMETERS[key] != perimeter:
            own = WORDS[PERIMETERS[key]]
            other = WORDS[perimeter]
            raise CellError(
                "perimeter",
                f"{key} speaks of {own.en}, the figure of {other.en}: never spliced",
                f"{key} 的口径为“{own.zh}”，该数的口径为“{other.zh}”：不可拼接",
                allowed=Allowed.same(PERIMETERS[key]),
            )


def _check_period(period: str, reduction: Reduction) -> None:
    good = {
        **dict.fromkeys(SPANS, len(period) == 9 and period[4] == "-" and period[:4] < period[5:]),
        "growth": len(period) == 4,
        "trend": len(period) == 4,
    }.get(reduction, len(period) in (4, 6))
    if not good or not period[:4].isdigit():
        allowed = Allowed("2021, 2025Q1, 2020H1 or 2018-2021", "2021, 2025Q1, 2020H1 或 2018-2021")
        what = f"{period!r} is no period of a {reduction}"
        raise CellError("period", what, f"“{period}”不是有效时期", allowed)
