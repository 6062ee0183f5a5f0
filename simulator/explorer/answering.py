"""From ensembles to what the page shows: cards, charts, tables, and the command that gives the same numbers.

Everything is worded here, in the language of the question, and drawn by `reporting.charts`. Scenarios are compared over
the members that both have results for, draw by draw.
"""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulator.experiments.backtest import records_of
from simulator.experiments.cases import CaseOutcomes
from simulator.experiments.comparison import paired_shares
from simulator.experiments.fan import quantiles
from simulator.experiments.intervals import student_95
from simulator.experiments.ledger import ledger_of
from simulator.experiments.moments import WORDS as PERIMETERS
from simulator.experiments.moments import Moment, load_moments
from simulator.explorer.asking import Question, Shown, Tongue
from simulator.explorer.catalogue import METRICS
from simulator.explorer.shelf import Shelf
from simulator.explorer.wording import WORDS
from simulator.foundation.units import format_quantity
from simulator.observables import observable_of
from simulator.policy.ledger import ACCOUNTS, APPROPRIATED, ENVELOPE, YUAN
from simulator.registry import Name, Registry
from simulator.reporting import charts
from simulator.reporting.wording import (
    GRADES,
    amount,
    interval,
    number,
    percent,
    said,
    unit_text,
)
from simulator.targets import (
    Flags,
    Goal,
    TargetScore,
    bar_on,
    construction_groups,
    goals_of,
    joint,
    measurable,
    met,
    probability,
    score,
    trust_in,
)

Plain = dict[str, Any]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
SIGNS: Final = {">": ">", ">=": "≥", "between": "≥", "by_date": "≥"}
BOOKED: Final = 256
"""Members of the ledger: its means need no more."""
FIFTHS: Final = 200
"""Members from which on the lowest and the highest fifth of a parameter are compared."""
SWINGS: Final = 10
BASE_SERIES: Final = "core_revenue"
BASE_PARAMETER: Final = "base_core_revenue"
PLACES: Final = 10
"""Chains or districts with a bar of their own; the others share one."""


@dataclass(frozen=True, eq=False)
class Pictured:
    """One scenario of the page: what it is called, its colour, its members."""

    shown: Shown
    name: str
    colour: str
    outcomes: CaseOutcomes


def answer(
    question: Question, shelf: Shelf, outcomes: Sequence[CaseOutcomes], members: int
) -> Plain:
    """The whole picture for a question; `outcomes` in the order of `question.shown`."""
    look = charts.look(question.mode)
    pictured = _pictured(question, shelf, outcomes, look)
    current = pictured[0]
    against = pictured[1] if question.against else None
    lang = question.lang
    return {
        "members": members,
        "compared": None if against is None else int(_paired(current, against)[0].size),
        "failed": len(current.outcomes.failed),
        "cards": _cards(pictured, against, lang),
        "calibrated": trust_in(current.outcomes).calibrated,
        "caution": said(trust_in(current.outcomes).caution, lang),
        "legend": [{"name": item.name, "colour": item.colour} for item in pictured],
        "fan": _fan(question, pictured, against, look),
        "chains": _places(question, "chain_core_revenue", current, against, look),
        "districts": _places(question, "district_core_revenue", current, against, look),
        "command": command(question, shelf, members),
        "view": _view(question, current, against, look),
    }


def command(question: Question, shelf: Shelf, members: int) -> str:
    """The command whose run folder holds the numbers of the page."""
    current = question.current
    if current.entry.run is not None:
        return f"simulate targets {shlex.quote(current.entry.id)}"
    words = ["simulate", "run", current.entry.id]
    for layer in current.change.layers:
        words += ["--layer", layer.id]
    for key, value in shelf.overrides(current.change).items():
        words += ["--set", f"{key}={value}"]
    return shlex.join([*words, "-n", str(members)])


def _pictured(
    question: Question, shelf: Shelf, outcomes: Sequence[CaseOutcomes], look: charts.Look
) -> list[Pictured]:
    """The scenarios with their colours: the moved one first in the palette, the comparison grey."""
    found = []
    position = 0
    for shown, own in zip(question.shown, outcomes, strict=True):
        comparison = shown is question.against
        colour = look["baseline"] if comparison else look.series(position)
        position += not comparison
        named = (
            shelf.scenario(shown.entry, shown.change)
            if not shown.entry.run
            else shown.entry.scenario
        )
        title = shown.name or said(named.name, question.lang)
        if comparison:
            title = WORDS[question.lang]["compared_name"].format(name=title)
        found.append(Pictured(shown, title, colour, own))
    return found


def _paired(one: Pictured, other: Pictured) -> tuple[Rows, Rows]:
    """The rows of each in which both have the same members."""
    _, here, there = np.intersect1d(
        one.outcomes.members, other.outcomes.members, assume_unique=True, return_indices=True
    )
    return here, there


def _cards(pictured: Sequence[Pictured], against: Pictured | None, lang: Tongue) -> list[Plain]:
    """A card for each target with a probability, all of a plan together first, then by headline."""
    current = pictured[0]
    goals = [goal for goal in goals_of(current.outcomes) if measurable(goal, current.outcomes)]
    scores = score(goals, current.outcomes)
    records = records_of(current.outcomes.library.registry)
    others = [item for item in pictured[1:] if item is not against]
    cards = []
    for document in joint(goals, current.outcomes):
        together = [goal for goal in goals if goal.key in document.keys]
        words = WORDS[lang]
        title = words["all_met"].format(count=len(document.keys), total=document.total)
        cards.append(
            {
                "key": f"joint:{document.document}",
                "name": title,
                "aim": said(document.name, lang),
                "headline": True,
                **_chance(together, current, against, others, lang),
            }
        )
    ranked = sorted(
        zip(goals, scores, strict=True),
        key=lambda pair: (not pair[1].headline, pair[1].metric != "core_revenue"),
    )
    for goal, found in ranked:
        record = records.get(found.key)
        cards.append(
            {
                "key": found.key,
                "name": said(found.name, lang),
                "aim": aim(found, lang),
                "headline": found.headline,
                "extra": found.extra,
                "note": said(found.note, lang) if found.note else "",
                "outcome": _outcome(found, lang),
                "record": said(record, lang) if record else "",
                **_chance([goal], current, against, others, lang),
            }
        )
    return cards


def _chance(
    goals: Sequence[Goal],
    current: Pictured,
    against: Pictured | None,
    others: Sequence[Pictured],
    lang: Tongue,
) -> Plain:
    found = probability(_all_met(goals, current.outcomes))
    sheet: Plain = {
        "probability": found.value,
        "low": found.low,
        "high": found.high,
        "text": percent(found.value),
        "interval": interval(found),
        "change": _change(goals, current, against, lang) if against else None,
        "beside": [],
    }
    for other in others:
        if all(measurable(goal, other.outcomes) for goal in goals):
            share = probability(_all_met(goals, other.outcomes))
            sheet["beside"].append(
                {"name": other.name, "colour": other.colour, "text": percent(share.value)}
            )
    return sheet


def _change(
    goals: Sequence[Goal], current: Pictured, against: Pictured, lang: Tongue
) -> Plain | None:
    """Points won or lost against the comparison, over the members that both have."""
    if not all(measurable(goal, against.outcomes) for goal in goals):
        return None
    rows, other = _paired(current, against)
    before = _all_met(goals, against.outcomes)[other]
    after = _all_met(goals, current.outcomes)[rows]
    value, low, high, gained, lost = paired_shares(before, after)
    unit = WORDS[lang]["points"]
    return {
        "value": value,
        "text": f"{points(value)} {unit}",
        "interval": f"{points(low)} … {points(high)}",
        "clear": not low <= 0.0 <= high,
        "gained": gained,
        "lost": lost,
        "reference": percent(float(before.mean())),
    }


def points(share: float) -> str:
    """A difference of shares in percentage points: `+1.6`, `−0.4`."""
    return f"{100 * share:+.1f}".replace("-", "−")


def _all_met(goals: Sequence[Goal], outcomes: CaseOutcomes) -> Flags:
    return np.asarray(
        np.logical_and.reduce([met(goal, outcomes) for goal in goals]), dtype=np.bool_
    )


def aim(found: TargetScore, lang: Tongue) -> str:
    """What a target asks for and by when: `> 1000亿元 · 2027`."""
    if found.value is None:
        return str(found.year)
    sign = SIGNS.get(found.comparator, "")
    return f"{sign} {amount(found.value, found.unit, lang)} · {found.year}"


def _outcome(found: TargetScore, lang: Tongue) -> str:
    if found.outcome is None:
        return ""
    low, high = number(found.outcome.low), number(found.outcome.high)
    return f"{amount(found.outcome.median, found.unit, lang)} ({low}–{high})"


def _fan(
    question: Question, pictured: Sequence[Pictured], against: Pictured | None, look: charts.Look
) -> Plain:
    """The fan of the metric with its words: the moved scenario on top, the comparison grey."""
    lang, observable = question.lang, observable_of(question.metric)
    unit = short_unit(observable.unit, lang)
    others = [item for item in pictured[1:] if item is not against]
    order = [*([against] if against else []), *others, pictured[0]]
    strands = [
        charts.Strand(
            item.name, item.colour, bands(item.outcomes, question.metric), item not in others
        )
        for item in order
    ]
    current = pictured[0].outcomes
    words = WORDS[lang]
    dots = known_figures(current, question.metric, lang)
    line = None
    goals = goals_of(current)
    planned = {goal.metric for goal in goals if goal.document}
    for goal in goals:
        bar = bar_on(goal, question.metric, current.series)
        # What a scenario adds to a plan's target of the same metric is no line of its own.
        if bar is not None and (goal.document or goal.metric not in planned):
            sign = SIGNS.get(goal.comparator, "")
            line = bar, f"{words['target']} {sign} {amount(bar, goal.unit, lang)}"
            break
    last = bands(current, question.metric)[:, -1]
    name = said(observable.name, lang)
    text = words["fan_text"].format(
        name=name,
        when=times(current, question.metric)[-1],
        median=amount(float(last[2]), observable.unit, lang),
        low=number(float(last[0])),
        high=number(float(last[4])),
    )
    return {
        "chart": charts.fan(
            strands,
            times(current, question.metric),
            unit,
            look,
            goal=line,
            dots=dots,
            dot_names=(words["published"], words["constructed"]),
        ),
        "title": name,
        "unit": unit_text(observable.unit, lang),
        "text": text + (words["constructed_note"] if any(dot.hollow for dot in dots) else ""),
    }


def known_figures(outcomes: CaseOutcomes, series: str, lang: Tongue) -> list[charts.Dot]:
    """What is known of a series from elsewhere, at the times of `times`.

    Levels that were published (`calibration/moments.csv`), and for core revenue, whose base value nobody published,
    the medians of the constructions of it.
    """
    shown = times(outcomes, series)
    found = [
        charts.Dot(
            moment.period,
            moment.value,
            f"{said(PERIMETERS[moment.perimeter], lang)} ({moment.source})",
            False,
        )
        for moment in _published()
        if moment.observable == series and moment.period in shown
    ]
    if series == BASE_SERIES:
        base = outcomes.parameters(BASE_PARAMETER)
        found += [
            charts.Dot(shown[0], float(np.median(base[group.inside])), said(group.name, lang), True)
            for group in construction_groups(outcomes)
        ]
    return found


@cache
def _published() -> tuple[Moment, ...]:
    """Published levels, lower bounds left out: a dot would say more than was said."""
    return tuple(m for m in load_moments() if m.reduction == "level" and m.side == "two")


def short_unit(unit: str, lang: Tongue) -> str:
    """A unit in a cell or beside a number."""
    return unit if unit.startswith("亿元") else unit_text(unit, lang)


def bands(outcomes: CaseOutcomes, series: str) -> Floats:
    """Quantiles over members, (5, times): a flow by year, a stock by quarter."""
    flow = observable_of(series).kind == "flow"
    return quantiles(outcomes.annual(series) if flow else outcomes.values(series))


def times(outcomes: CaseOutcomes, series: str) -> list[str]:
    """The times of `bands`."""
    flow = observable_of(series).kind == "flow"
    return [str(time) for time in (outcomes.years if flow else outcomes.quarters)]


def _places(
    question: Question, key: str, current: Pictured, against: Pictured | None, look: charts.Look
) -> Plain:
    """Medians of the last year by chain or district, the largest on top, with those of the comparison."""
    lang = question.lang
    registry = current.outcomes.library.registry
    here = _last_year(current.outcomes, key)
    there = _last_year(against.outcomes, key) if against else {}
    order = sorted(here, key=lambda series: -float(np.median(here[series])))
    single = order if len(order) <= PLACES + 1 else order[:PLACES]
    named = [
        (said(element_name(series, registry), lang), here[series], there.get(series))
        for series in single
    ]
    words = WORDS[lang]
    if others := order[len(single) :]:
        # The median of what they have together, which is not the sum of their medians.
        both = [np.sum([own[s] for s in others if s in own], axis=0) for own in (here, there)]
        label = words["rest"].format(count=len(others))
        named.append((label, both[0], both[1] if there else None))
    rows = [
        charts.Row(label, float(np.median(own)), None if other is None else float(np.median(other)))
        for label, own, other in named
    ]
    names = current.name, against.name if against else ""
    best = ("、" if lang == "zh" else ", ").join(row.label for row in rows[:3])
    return {
        "chart": charts.bars(rows, "亿元", look, names=names),
        "title": words[key].format(year=current.outcomes.years[-1]),
        "unit": "亿元",
        "text": (words["largest"].format(names=best) if rows else "")
        + (words["tick_note"] if there else ""),
    }


def _last_year(outcomes: CaseOutcomes, key: str) -> dict[str, Floats]:
    """Annual figures of the last year, (members,), of every series of an observable by chain or district."""
    own = [series for series in outcomes.series if series.partition("[")[0] == key]
    return {series: outcomes.annual(series)[:, -1] for series in own}


def element_name(series: str, registry: Registry) -> Name:
    """The chain, place or target that a series belongs to."""
    key, _, element = series.removesuffix("]").partition("[")
    dimension = observable_of(key).dimension
    if dimension == "chain":
        return registry.chain(element).name
    if dimension == "district":
        return registry.place(element).name
    return registry.target(element).name


def _view(
    question: Question, current: Pictured, against: Pictured | None, look: charts.Look
) -> Plain:
    match question.view:
        case "table":
            return {"table": _table(question, current, against)}
        case "matters":
            return _matters(question, current, look)
        case "sources":
            return {"assumptions": _assumptions(current.outcomes, question.lang)}
        case "ledger":
            return _ledger(current.outcomes, question.lang)


def _table(question: Question, current: Pictured, against: Pictured | None) -> list[Plain]:
    """Every series of the city in the last year: median, 90 %, and the mean difference with its interval."""
    lang = question.lang
    rows = []
    pairs = None if against is None else _paired(current, against)
    for key in METRICS:
        if key not in current.outcomes.series:
            continue
        observable = observable_of(key)
        last = current.outcomes.annual(key)[:, -1]
        low, middle, high = (float(q) for q in np.quantile(last, (0.05, 0.5, 0.95)))
        row: Plain = {
            "key": key,
            "name": said(observable.name, lang),
            "unit": short_unit(observable.unit, lang),
            "median": number(middle),
            "range": f"{number(low)}–{number(high)}",
            "reference": "",
            "difference": "",
        }
        if against is not None and pairs is not None and key in against.outcomes.series:
            before = against.outcomes.annual(key)[pairs[1], -1]
            gap = last[pairs[0]] - before
            half = student_95(gap.size - 1) * float(gap.std(ddof=1)) / math.sqrt(gap.size)
            row["reference"] = number(float(np.median(before)))
            row["difference"] = f"{number(float(gap.mean()), sign=True)} ± {number(half)}"
        rows.append(row)
    return rows


def _matters(question: Question, current: Pictured, look: charts.Look) -> Plain:
    """The metric's mean in the lowest and the highest fifth of each uncertain parameter, the widest first."""
    outcomes, lang = current.outcomes, question.lang
    words = WORDS[lang]
    if outcomes.members.size < FIFTHS:
        return {"waiting": words["matters_wait"].format(count=FIFTHS)}
    values = outcomes.annual(question.metric)[:, -1]
    known = outcomes.scenario.parameters
    unit = observable_of(question.metric).unit
    swings = []
    for name in outcomes.parameter_names:
        drawn = outcomes.parameters(name)
        if name not in known or drawn.std() == 0.0:
            continue
        parameter = known[name]
        low_end, high_end = np.quantile(drawn, (0.2, 0.8))
        low, high = drawn <= low_end, drawn >= high_end
        swings.append(
            (
                charts.Swing(
                    f"{parameter.meaning.zh if lang == 'zh' else parameter.meaning.en}",
                    float(values[low].mean()),
                    float(values[high].mean()),
                    _quantity(float(drawn[low].mean()), parameter.unit, lang),
                    _quantity(float(drawn[high].mean()), parameter.unit, lang),
                ),
                parameter,
            )
        )
    swings.sort(key=lambda pair: -abs(pair[0].high - pair[0].low))
    swings = swings[:SWINGS]
    # What two fifths of the members differ by through luck alone; shorter bars say nothing.
    noise = float(values.std(ddof=1)) * math.sqrt(2 / (values.size / 5))
    metric = said(observable_of(question.metric).name, lang)
    return {
        "title": words["matters_title"].format(name=metric, year=outcomes.years[-1]),
        "text": words["matters_text"].format(
            noise=amount(1.96 * noise, unit, lang), count=outcomes.members.size
        ),
        "chart": charts.tornado(
            [charts.Swing(_cut(row.label), *row[1:]) for row, _ in swings],
            float(values.mean()),
            short_unit(unit, lang),
            look,
        ),
        "rows": [
            {
                "name": row.label,
                "low": f"{row.low_text} → {number(row.low)}",
                "high": f"{row.high_text} → {number(row.high)}",
                "grade": said(GRADES[parameter.grade], lang),
            }
            for row, parameter in swings
        ],
    }


def _cut(text: str, most: int = 42) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _quantity(value: float, unit: str, lang: Tongue) -> str:
    return format_quantity(float(f"{value:.3g}"), unit, lang)


def _assumptions(outcomes: CaseOutcomes, lang: Tongue) -> list[Plain]:
    """What members draw, with unit, central 90 %, grade and sources."""
    rows = []
    for name, distribution in sorted(outcomes.scenario.assumptions.items()):
        parameter = outcomes.scenario.parameters[name]
        if parameter.use != "model":
            continue
        low, middle, high = (float(distribution.quantile(u)) for u in (0.05, 0.5, 0.95))
        spread = "" if low == high else f"{number(low)} – {number(high)}"
        rows.append(
            {
                "key": name,
                "name": parameter.meaning.zh if lang == "zh" else parameter.meaning.en,
                "value": _quantity(middle, parameter.unit, lang),
                "range": spread,
                "grade": said(GRADES[parameter.grade], lang),
                "sources": ", ".join(parameter.sources),
            }
        )
    return rows


def _ledger(outcomes: CaseOutcomes, lang: Tongue) -> Plain:
    """Mean money by account and by lever over the period, 亿元."""
    kept = ledger_of(outcomes.only(outcomes.members[:BOOKED]))
    words = WORDS[lang]
    accounts = []
    for account in ACCOUNTS:
        balance = kept.balance(account.key) / YUAN
        if balance.any():
            accounts.append(
                {
                    "name": said(account.name, lang),
                    "role": words[f"role_{account.role}"],
                    "mean": number(float(np.abs(balance.mean()))),
                    "range": _span(np.abs(balance)),
                }
            )
    registry = outcomes.library.registry
    spent: dict[str, Floats] = {}
    for entry in kept.entries:
        if entry.source == ENVELOPE and entry.destination == APPROPRIATED:
            spent[entry.lever] = (
                spent.get(entry.lever, np.zeros(kept.members)) + entry.amount / YUAN
            )
    levers = [
        {
            "name": said(registry.lever(lever).name, lang),
            "mean": number(float(money.mean())),
            "share": percent(
                float(money.mean()) / max(sum(m.mean() for m in spent.values()), 1e-12)
            ),
        }
        for lever, money in sorted(spent.items(), key=lambda item: -float(item[1].mean()))
    ]
    total = float(sum(money.mean() for money in spent.values()))
    return {
        "text": words["ledger_text"].format(total=amount(total, "亿元", lang), count=kept.members),
        "accounts": accounts,
        "levers": levers,
    }


def _span(values: Floats) -> str:
    low, high = (float(q) for q in np.quantile(values, (0.05, 0.95)))
    return number(low) if low == high else f"{number(low)}–{number(high)}"
