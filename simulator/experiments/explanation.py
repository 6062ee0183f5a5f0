"""From a number back to what made it, from a parameter forward to what it moves, and the life of one firm.

A value is taken apart along the equations its series names: the levers in force that enter them, with dose, cost,
place in the scenario and grade, and the assumptions they read, with prior, source, grade and how strongly members
with more of it have more of the value (rank correlation over the run's own members with its interval: association,
which for an addressed draw is effect plus luck). A firm is followed quarter by quarter in one member, beside the same
firm with the same luck in the same scenario without any lever.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import lever_cost
from simulator.experiments.comparison import parse_metric
from simulator.experiments.intervals import Estimate, mean_of, median_of, rank_correlation
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.foundation.parameters import Parameter
from simulator.foundation.randomness import Origin, entity_id, name_group
from simulator.foundation.units import format_quantity
from simulator.observables import Observable, observable_of, series_name
from simulator.policy.effects import CHANNELS, lever_tables
from simulator.registry import Chain, Lever, Name, Place
from simulator.scenario import OriginRow, Scenario, origin_rows
from simulator.scenario.facts import Facts

if TYPE_CHECKING:
    from simulator.experiments.store import Run
    from simulator.model import Member

Floats = npt.NDArray[np.float64]

ORIGINS: Final = {
    Origin.NAMED: Name("具名企业", "a named firm"),
    Origin.FOUNDING: Name("期初企业（未具名）", "an unnamed firm of the founding stock"),
    Origin.STARTUP: Name("新创企业", "a start-up"),
    Origin.ARRIVAL: Name("自行落户企业", "a firm that came anyway"),
    Origin.POLICY_ARRIVAL: Name("招商引进企业", "a firm that policy brought"),
}
COLUMNS: Final = {
    "external": Name("最终销售", "final sales"),
    "contract": Name("场景合同收入", "revenue from scenario contracts"),
    "intermediate": Name("链间销售", "sales to other chains"),
    "capacity": Name("产能", "capacity"),
    "lift": Name("基金项目带来的增速", "growth a fund ticket adds"),
    "sales": Name("营业收入", "revenue"),
}
"""Columns in which a divergence is looked for, causes before the revenue they end in."""


ADDING: Final = ("district_core_revenue", "district_catalogue_firms")
"""Series of districts that add up with those of their functional zones; shares and factors do not."""


class LeverLine(NamedTuple):
    """A lever that enters the value: its dose as set and where, its channels, cost of the period, grade."""

    lever: Lever
    dose: str
    place: str
    channels: tuple[str, ...]
    cost: float
    grade: str


class ParameterLine(NamedTuple):
    """An assumption that an equation of the value reads; `association` is its rank correlation with the value."""

    parameter: Parameter
    value: str
    place: str
    association: Estimate


@dataclass(frozen=True, slots=True)
class ValueStory:
    """One annual figure of a run and what it rests on; `low` and `high` hold 90 % of the members."""

    run: str
    metric: str
    observable: Observable
    members: int
    mean: Estimate
    median: Estimate
    low: float
    high: float
    equations: tuple[str, ...]
    levers: tuple[LeverLine, ...]
    parameters: tuple[ParameterLine, ...]
    median_with_zones: float | None = (
        None  # of a district whose series leaves its functional zones out
    )


class Moved(NamedTuple):
    """A series that goes with a parameter, in the last year."""

    metric: str
    name: Name
    association: Estimate


@dataclass(frozen=True, slots=True)
class ParameterStory:
    """One assumption forward: the levers that act through it and the series that go with it in a run."""

    run: str
    parameter: Parameter
    value: str
    place: str
    members: int
    levers: tuple[Lever, ...]
    moved: tuple[Moved, ...]


class Moment(NamedTuple):
    """One thing that happened to a firm, when, in both languages."""

    quarter: Quarter
    text: Name


@dataclass(frozen=True, slots=True)
class Life:
    """One firm in one scenario: money by quarter (NaN where it is not there), and what happened."""

    scenario: Scenario
    quarters: tuple[Quarter, ...]
    columns: dict[str, Floats]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class FirmStory:
    """The life of a firm beside the same firm without any lever, and the first point at which they part."""

    member: int
    firm: int
    name: Name
    life: Life
    without: Life
    divergence: Moment | None


def equations_of(text: str) -> tuple[str, ...]:
    """`M1–M3, M9` as `("M1", "M2", "M3", "M9")`."""
    found: list[str] = []
    for part in re.split(r"[,，、]\s*", text):
        numbers = [int(n) for n in re.findall(r"M(\d+)", part)]
        if len(numbers) == 2:
            found += [f"M{n}" for n in range(numbers[0], numbers[1] + 1)]
        else:
            found += [f"M{n}" for n in numbers]
    return tuple(dict.fromkeys(found))


def explain_value(run: "Run", metric: str, lang: str = "en") -> ValueStory:
    """Take an annual figure of a run apart, values worded in `lang`; UsageError for an unknown metric."""
    series, year = parse_metric(metric, run.series, run.years)
    registry = run.library.registry
    observable = replace(observable_of(series), name=series_name(series, registry))
    values = run.annual(series)[:, run.years.index(year)]
    # Funds reach revenue through the tickets that M9 turns into capacity and growth.
    own = equations_of(observable.equation) or tuple(f"M{n}" for n in range(1, 21))
    equations = (*own, "M8") if "M9" in own and "M8" not in own else own
    scenario = run.scenario
    rows = _sheet_of(scenario, lang)
    lines = [
        ParameterLine(
            scenario.parameters[name],
            *_value_and_place(run, rows, name, lang),
            rank_correlation(run.parameters(name), values),
        )
        for name in sorted(scenario.assumptions)
        if scenario.parameters[name].use == "model"
        and scenario.parameters[name].mechanism in (*equations, "founding")
    ]
    lines.sort(key=lambda line: -abs(line.association.value))
    low, high = np.quantile(values, [0.05, 0.95]).tolist()
    return ValueStory(
        str(run.path),
        f"{series}@{year}",
        observable,
        run.n,
        mean_of(values),
        median_of(values),
        low,
        high,
        equations,
        _lever_lines(run, rows, equations, lang),
        tuple(lines),
        _with_zones(run, series, year),
    )


def _with_zones(run: "Run", series: str, year: int) -> float | None:
    """The median of a district with its functional zones; None where there are none, or nothing adds up."""
    key, _, element = series.rstrip("]").partition("[")
    zones = [zone.id for zone in run.library.registry.zones_of(element)]
    if key not in ADDING or not zones:
        return None
    held = [name for zone in zones if (name := f"{key}[{zone}]") in run.series]
    whole = sum(run.annual(name)[:, run.years.index(year)] for name in (series, *held))
    return float(np.median(whole))


def explain_parameter(run: "Run", name: str, lang: str = "en", most: int = 12) -> ParameterStory:
    """What an assumption moves in a run; UsageError for an unknown name."""
    scenario = run.scenario
    if name not in scenario.assumptions:
        hint = did_you_mean(name, scenario.assumptions)
        raise UsageError(f"no assumption {name!r}{hint.en}", f"没有假设 {name!r}{hint.zh}")
    effects = lever_tables(run.library).effects
    ids = {effect.lever for effect in effects if effect.parameter == name}
    drawn = run.parameters(name)
    year = run.years[-1]
    moved = []
    for series in run.series:
        if run.describe(series).dimension not in ("city", "target"):
            continue
        association = rank_correlation(drawn, run.annual(series)[:, -1])
        if association.value != 0.0:
            described = run.describe(series)
            full = Name(described.name_zh, described.name_en)
            moved.append(Moved(f"{series}@{year}", full, association))
    moved.sort(key=lambda row: -abs(row.association.value))
    return ParameterStory(
        str(run.path),
        scenario.parameters[name],
        *_value_and_place(run, _sheet_of(scenario, lang), name, lang),
        run.n,
        tuple(item.lever for item in scenario.levers if item.lever.id in ids),
        tuple(moved[:most]),
    )


def explain_firm(
    scenario: Scenario, firm: str = "largest", member: int = 0, engine: str = "auto"
) -> FirmStory:
    """Follow one firm of one member: `largest` (at the end of the period), a named firm's id, or a number.

    UsageError for a firm that the member never has.
    """
    from simulator.model import prepare

    study = prepare(scenario)
    known = {item.id: entity_id(Origin.NAMED, name_group(item.id)) for item in study.ground.named}
    wanted = known.get(firm.replace("-", "_")) or known.get(firm)
    if wanted is None and re.fullmatch(r"\d+", firm):
        wanted = int(firm)
    if wanted is None and firm != "largest":
        hint = did_you_mean(firm, [*known, "largest"])
        raise UsageError(
            f"no firm {firm!r}; allowed: largest, {', '.join(known)}, or a firm's number{hint.en}",
            f"没有企业 {firm!r}；可用：largest、{'、'.join(known)} 或企业编号{hint.zh}",
        )
    identity, life = _life(scenario, wanted, member, engine)
    without = dataclasses.replace(scenario, levers=(), plans=())
    _, other = _life(without, identity, member, engine)
    called = {number: item for item, number in known.items()}.get(identity)
    kind = ORIGINS.get(Origin(identity >> 60), Name("企业", "a firm"))
    name = Name(called, called) if called else kind
    return FirmStory(member, identity, name, life, other, _divergence(life, other))


def _sheet_of(scenario: Scenario, lang: str) -> dict[str, OriginRow]:
    """Every value of the scenario and where it was set, by its path."""
    return {row.path: row for row in origin_rows(scenario, lang)}


def _value_and_place(
    run: "Run", rows: Mapping[str, OriginRow], name: str, lang: str
) -> tuple[str, str]:
    """An assumption as the sheet writes it, and the line that sets it."""
    scenario = run.scenario
    row = rows[f"assumptions.{name}"]
    parameter = scenario.parameters[name]
    # A stored sheet states every prior again: one that still stands points at the table.
    stands = scenario.assumptions[name] == parameter.distribution
    stated = Facts.of(run.library).prior_origin(name)
    place = stated.text(lang) if stands else row.place.removeprefix(f"{run.path}/")
    return row.value, place


def _lever_lines(
    run: "Run", rows: Mapping[str, OriginRow], equations: tuple[str, ...], lang: str
) -> tuple[LeverLine, ...]:
    scenario = run.scenario
    tables = lever_tables(scenario.library)
    quarters = scenario.period.quarters
    found = []
    for setting in scenario.levers:
        channels = tuple(
            dict.fromkeys(
                effect.channel
                for effect in tables.effects
                if effect.lever == setting.lever.id
                and CHANNELS[effect.channel].mechanism in equations
            )
        )
        if not channels or not any(setting.dose.values(quarters)):
            continue
        size = tables.assumptions[setting.lever.id]
        row = rows[f"levers.{setting.lever.key}.{setting.attribute}"]
        cost = lever_cost(setting, size, quarters)
        stands = setting.dose.points == ((None, size.default),)
        stated = Facts.of(run.library).size_origin(setting.lever.id)
        place = stated.text(lang) if stands else row.place.removeprefix(f"{run.path}/")
        found.append(LeverLine(setting.lever, row.value, place, channels, cost, size.grade))
    return tuple(sorted(found, key=lambda line: -line.cost))


def _life(scenario: Scenario, firm: int | None, member: int, engine: str) -> tuple[int, Life]:
    """Step a member and keep one firm; without a number the largest of the catalogue at the end."""
    from simulator.model import Member, prepare

    study = prepare(scenario)
    if firm is None:
        model = Member(study, member, engine=engine)
        for _ in study.simulated:
            model.step()
        table = model.world.firms
        sales = np.where(np.asarray(table.column("catalogue")) > 0, table.column("sales"), -1.0)
        firm = int(table.ids[int(np.argmax(sales))])
        model.close()
    model = Member(study, member, engine=engine)
    states = [_state(model, firm)]
    for _ in study.simulated:
        model.step()
        states.append(_state(model, firm))
    model.close()
    if not any(states):
        if scenario.levers:
            raise UsageError(
                f"member {member} has no firm {firm}", f"成员 {member} 中没有企业 {firm}"
            )
        empty = {name: np.full(len(states), np.nan) for name in COLUMNS}
        return firm, Life(scenario, study.quarters, empty, ())
    columns = {
        name: np.array([state[name] if state else np.nan for state in states]) for name in COLUMNS
    }
    places = study.registry.places
    chains = study.registry.chains
    return firm, Life(
        scenario, study.quarters, columns, _moments(study.quarters, states, chains, places)
    )


def _state(model: "Member", firm: int) -> dict[str, float]:
    table = model.world.firms
    rows = np.flatnonzero(table.ids == np.uint64(firm))
    if not len(rows):
        return {}
    names = (*COLUMNS, "age", "chain", "place", "catalogue", "ticket_until")
    return {name: float(table.column(name)[int(rows[0])]) for name in names}


def _moments(
    quarters: tuple[Quarter, ...],
    states: list[dict[str, float]],
    chains: tuple[Chain, ...],
    places: tuple[Place, ...],
) -> tuple[Moment, ...]:
    found: list[Moment] = []
    before: dict[str, float] = {}
    shorter = False
    for quarter, state in zip(quarters, states, strict=True):
        if state and not before:
            chain = chains[int(state["chain"])].name
            place = places[int(state["place"])].name
            money = _money(state["sales"])
            years = state["age"] / 4
            first = quarter == quarters[0]
            zh = f"{'期初' if first else '出现'}：{chain.zh}，{place.zh}，成立约 {years:.1f} 年，年营收 {money}"
            en = (
                f"{'is there at the start' if first else 'appears'}: {chain.en}, {place.en}, about {years:.1f} "
                f"years old, revenue {money} a year"
            )
            found.append(Moment(quarter, Name(zh, en)))
            if state["catalogue"]:
                found.append(
                    Moment(quarter, Name("列入核心企业名录", "stands in the core catalogue"))
                )
        elif before and not state:
            money = _money(before["sales"])
            words = Name(
                f"退出，此前年营收 {money}", f"exits, with revenue of {money} a year before"
            )
            found.append(Moment(quarter, words))
            break
        elif state:
            if state["catalogue"] > before["catalogue"]:
                found.append(Moment(quarter, Name("进入核心企业名录", "joins the core catalogue")))
            if state["ticket_until"] > before["ticket_until"]:
                lift = f"{state['lift'] * 100:.2g}"
                words = Name(
                    f"获基金投资，增速加 {lift} 个百分点/年",
                    f"gets a fund ticket: {lift} points a year more",
                )
                found.append(Moment(quarter, words))
            if state["contract"] > 0.0 and before["contract"] == 0.0:
                money = _money(state["contract"])
                words = Name(
                    f"开始有场景合同收入 {money}/年",
                    f"first revenue from scenario contracts, {money} a year",
                )
                found.append(Moment(quarter, words))
            if quarter.quarter == 1 and before["external"] > 0.0:
                rise = state["external"] / before["external"] - 1.0
                money = _money(state["sales"])
                words = Name(
                    f"最终销售{'增长' if rise >= 0 else '下降'} {abs(rise):.0%}，年营收 {money}",
                    f"final sales {'rise' if rise >= 0 else 'fall'} by {abs(rise):.0%}, revenue {money} a year",
                )
                found.append(Moment(quarter, words))
            wanted = state["external"] + state["contract"] + state["intermediate"]
            if state["sales"] < wanted * (1.0 - 1e-9) and not shorter:
                short = _money(wanted - state["sales"])
                words = Name(
                    f"产能不足，少收 {short}/年", f"is short of capacity and forgoes {short} a year"
                )
                found.append(Moment(quarter, words))
            shorter = state["sales"] < wanted * (1.0 - 1e-9)
        before = state
    return tuple(found)


def _divergence(life: Life, other: Life) -> Moment | None:
    """The first quarter and the first column in which two lives differ."""
    for t, quarter in enumerate(life.quarters):
        for name, words in COLUMNS.items():
            one, two = life.columns[name][t], other.columns[name][t]
            if np.isnan(one) and np.isnan(two):
                continue
            if np.isnan(one) or np.isnan(two):
                text = Name("只在一种情形下存在", "is there in only one of the two")
                return Moment(quarter, text)
            if abs(one - two) > 1e-12 * max(abs(one), abs(two)):
                plain = name == "lift"
                shown = [f"{value:.4g}" if plain else _money(value) for value in (one, two)]
                text = Name(
                    f"{words.zh}首次不同：{shown[0]}，无政策时 {shown[1]}",
                    f"{words.en} differ for the first time: {shown[0]}, without levers {shown[1]}",
                )
                return Moment(quarter, text)
    return None


def _money(value: float) -> str:
    return format_quantity(float(f"{value:.4g}"), "亿元", "zh")
