"""Validation: the stylised facts on an ensemble with firm histories, and fund accounts beside the reported ones.

Every fact of `calibration/stylised_facts.csv` gets a line: computed and judged, or what it waits for. No fact is
dropped, and nothing is tuned here. A fact or account is marked `fitted` where a parameter was set from that very
figure, so that agreeing with it proves nothing; the others are checks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np

from simulator.experiments.folder import SHEET
from simulator.experiments.histories import Floats, History, record_all
from simulator.experiments.store import open_run, resolve_path
from simulator.experiments.stylised_facts import (
    FACTS,
    YEARS_NEEDED,
    Evidence,
    Sample,
    growth_of,
    standardised,
)
from simulator.foundation.calendar import Period, Quarter, Schedule
from simulator.foundation.findings import UsageError
from simulator.foundation.parameters import Distribution, cell_choice, cell_number, cell_text
from simulator.foundation.tables import Row, read_table, shipped
from simulator.mechanisms.demand import laplace_scale
from simulator.model import Member, Study, prepare
from simulator.policy.effects import lever_tables
from simulator.registry import Name
from simulator.scenario import Scenario, load_scenario
from simulator.scenario.entries import LeverSetting

Verdict = Literal["pass", "miss", "not_applicable"]
Mark = Literal["fitted", "check"]
MEMBERS: Final = 60
LAST_YEAR: Final = 2034
LUCK_MEMBERS: Final = 400
COMMON_SHOCKS: Final = ("g_nat_yearly_sd", "chain_deviation_sd", "chain_shock_sd", "city_shock_sd")
ONLY_LUCK: Final = ("firms", "firm_shocks")
"""Switches left on where firms have nothing but luck; without the first they would not move at all."""
SCENARIO: Final = "no_policy.yaml"
BASE_VALUE: Final = "base_core_revenue"


@dataclass(frozen=True, slots=True)
class Fact:
    """A stylised fact: what is expected, from where, and what a miss would mean."""

    id: str
    name: Name
    unit: str
    low: float
    high: float
    how: str
    fitted_by: str  # parameters or construction the fact was used for; "" for a check
    waits_for: str  # mechanism or reason; "" when it is computed
    miss: str  # side of a miss that `reason` explains: low or high
    reason: Name
    source: str
    address: str

    @property
    def mark(self) -> Mark:
        """Whether agreeing proves anything."""
        return "fitted" if self.fitted_by else "check"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A fact with what the model gives: value and 5–95 % range over members, verdict, and why."""

    fact: Fact
    verdict: Verdict
    sample: Sample | None
    reason: Name


@dataclass(frozen=True, slots=True)
class Account:
    """A reported figure of the funds beside the model's; value with 5–95 % range over members.

    `miss` says why the reported figure lies outside that range where it does, as far as is known.
    """

    key: str
    name: Name
    unit: str
    date: str
    reported: float
    mark: Mark
    fitted_by: str
    note: Name
    miss: Name
    source: str
    model: Sample

    @property
    def verdict(self) -> Verdict:
        """`pass` where the reported figure lies in the model's range, to a hundredth of itself."""
        slack = 0.01 * abs(self.reported)
        inside = self.model.low - slack <= self.reported <= self.model.high + slack
        return "pass" if inside else "miss"


class Shapes(NamedTuple):
    """What the figure shows: standardised growth of all members, sizes of firms in the last year."""

    growth: Floats
    sizes: tuple[Floats, ...]  # one array for each member, 亿元 a year


@dataclass(frozen=True, slots=True)
class Validation:
    """Everything `simulate validate` finds."""

    stem: str
    name: Name
    seed: int
    members: int
    period: Period
    judgements: tuple[Judgement, ...]
    accounts: tuple[Account, ...]
    shapes: Shapes


def load_facts(path: Path | None = None) -> tuple[Fact, ...]:
    """All stylised facts in table order. Raises InputError or CellError for a bad table."""
    return tuple(
        _fact(row) for row in read_table(path or shipped("calibration", "stylised_facts.csv"))
    )


def scenario_of(
    source: Path | None, overrides: Mapping[str, object] | None = None, data: Path | None = None
) -> Scenario:
    """The scenario of a run folder or a file; without one no policy, long enough for life tables (`LAST_YEAR`)."""
    overrides = dict(overrides or {})
    if source is None:
        path = shipped("scenarios", SCENARIO)
        return load_scenario(path, {"period.end": f"{LAST_YEAR}Q4", **overrides}, data)
    if not resolve_path(source).is_dir():
        return load_scenario(source, overrides, data)
    run = open_run(source)
    sheet = load_scenario(run.path / SHEET, overrides, data or run.library.folder)
    return replace(sheet, stem=run.stem)


def validate(
    scenario: Scenario,
    members: int = MEMBERS,
    workers: int = 2,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
    luck_members: int = LUCK_MEMBERS,
) -> Validation:
    """Compute every fact on `members` members of a scenario whose period is whole years.

    The size of luck (SF26) and of zones (SF37, SF38) come from small ensembles of their own, on the same
    seed. Raises UsageError for a period of parts of years or fewer than two members.
    """
    if members < 2:
        raise UsageError("validation needs at least two members", "检验至少需要两个成员")
    years = scenario.period.years
    if len(scenario.period.quarters) != 4 * len(years):
        raise UsageError(
            f"the period {scenario.period} is not of whole years",
            f"检验需要整年的时段（现为 {scenario.period}）",
        )
    done, total = 0, members + luck_members + 2 * max(members // 2, 2)

    def advance() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    histories = record_all(prepare(scenario), range(members), workers, engine, advance)
    luck, expected = luck_alone(scenario, luck_members, engine, advance)
    pairs = zone_pairs(scenario, max(members // 2, 2), workers, engine, advance)
    growth = tuple(growth_of(history) for history in histories)
    evidence = Evidence(histories, growth, luck, expected, pairs)
    facts = load_facts()
    judgements = tuple(judge(fact, evidence, len(years)) for fact in facts)
    shapes = Shapes(
        np.concatenate([standardised(item) for item in growth]),
        tuple(_last_sizes(history) for history in histories),
    )
    series = {name: _stack(histories, name) for name in _SERIES}
    return Validation(
        scenario.stem,
        scenario.name,
        scenario.seed,
        members,
        scenario.period,
        judgements,
        accounts(scenario, series, _drawn(histories)),
        shapes,
    )


def judge(fact: Fact, evidence: Evidence, years: int) -> Judgement:
    """Compare one fact with the evidence, or say why that cannot be done."""
    compute = FACTS.get(fact.id)
    if fact.waits_for or compute is None:
        return Judgement(fact, "not_applicable", None, _waiting(fact))
    needed = YEARS_NEEDED.get(fact.id, 1)
    if years < needed:
        reason = Name(
            f"需要至少 {needed} 年的时段。", f"Needs a period of at least {needed} years."
        )
        return Judgement(fact, "not_applicable", None, reason)
    if fact.id in ("SF37", "SF38") and not evidence.zones:
        reason = Name("登记中没有园区类工具。", "The registry holds no zone levers.")
        return Judgement(fact, "not_applicable", None, reason)
    sample = compute(evidence)
    if fact.low <= sample.value <= fact.high:
        return Judgement(fact, "pass", sample, Name("", ""))
    side = "low" if sample.value < fact.low else "high"
    unexplained = Name("尚无解释。", "Not explained yet.")
    return Judgement(fact, "miss", sample, fact.reason if fact.miss == side else unexplained)


def luck_alone(
    scenario: Scenario, members: int, engine: str = "auto", done: Callable[[], None] = lambda: None
) -> tuple[Floats, float]:
    """Growth of the catalogue around its trend when firms have nothing but luck, and its sd by Gabaix's formula.

    All parameters at their medians, no common shocks, no other mechanism on. The formula is the root of the mean
    of Σ w²s², with s² the variance of e^{ε − ln E e^ε} for the Laplace scale of M3.
    """
    assumptions = {
        name: distribution if name == BASE_VALUE else Distribution.fixed(distribution.median)
        for name, distribution in scenario.assumptions.items()
    }
    assumptions |= {name: Distribution.fixed(0.0) for name in COMMON_SHOCKS}
    start = scenario.period.start
    lucky = replace(
        scenario,
        period=Period(start, Quarter(start.year, 4)),
        levers=(),
        assumptions=assumptions,
        mechanisms={name: name in ONLY_LUCK for name in scenario.mechanisms},
    )
    study = prepare(lucky)
    growth, variance = [], []
    for member in range(members):
        found = _one_year(study, member, engine)
        growth.append(found[0])
        variance.append(found[1])
        done()
    # The trend is common to all and no luck; what is left is growth around it.
    factor = np.array(growth)
    return factor / factor.mean() - 1.0, float(np.sqrt(np.mean(variance)))


def zone_pairs(
    scenario: Scenario,
    members: int,
    workers: int = 2,
    engine: str = "auto",
    done: Callable[[], None] = lambda: None,
) -> tuple[tuple[History, History], ...]:
    """Members without levers, and with every pilot zone of the newest plan at its highest dose throughout."""
    without = replace(scenario, levers=())
    study = prepare(without)
    plans = [d.id for d in study.registry.documents]
    zones = [
        lever
        for lever in study.registry.levers
        if lever.kind == "pilot_zone" and lever.document == plans[-1]
    ]
    assumed = lever_tables(study.library).assumptions
    settings = []
    for lever in zones:
        known = assumed.get(lever.id)
        if known is not None:
            dose = Schedule(
                ((None, known.high),), False, scenario.period.start, scenario.period.end
            )
            settings.append(
                LeverSetting(lever, known.attribute, known.unit, dose, lever.chains, lever.places)
            )
    if not settings:
        return ()
    ordered = tuple(sorted(settings, key=lambda setting: setting.lever.id))
    with_zones = prepare(replace(scenario, levers=ordered))
    off = record_all(study, range(members), workers, engine, done)
    on = record_all(with_zones, range(members), workers, engine, done)
    return tuple(zip(off, on, strict=True))


def accounts(
    scenario: Scenario, series: Mapping[str, Floats], drawn: Mapping[str, Floats]
) -> tuple[Account, ...]:
    """Fund accounts beside the reported ones, at the quarter each is reported for; none that lies outside the run.

    `series` are (members, quarters) from the founding quarter on, `drawn` (members,). Founded at the end of 2024, the
    model starts from the reported stocks, so what it says of earlier years is paid-in money through its shares;
    founded at the end of 2017, everything was placed since then.
    """
    quarters = (scenario.period.start.shift(-1), *scenario.period.quarters)
    found = []
    for row in read_table(shipped("calibration", "fund_accounts.csv")):
        lever = cell_text(row, "lever", empty=True)
        when = Quarter.parse(cell_text(row, "quarter"))
        absent = lever and all(setting.lever.id != lever for setting in scenario.levers)
        if row["founding"] != scenario.founding or when not in quarters or absent:
            continue
        now = quarters.index(when)
        if lever:
            model = np.full(
                len(drawn["k_drawdown"]), _spent(scenario, lever, quarters[1 : now + 1])
            )
        else:
            model = _account_at(row["account"], now, series, drawn)
        found.append(
            Account(
                row["account"],
                Name(cell_text(row, "name_zh"), cell_text(row, "name_en")),
                cell_text(row, "unit"),
                cell_text(row, "date"),
                cell_number(row, "reported"),
                "fitted" if cell_choice(row, "mark", ("fitted", "check")) == "fitted" else "check",
                cell_text(row, "fitted_by", empty=True),
                Name(cell_text(row, "note_zh"), cell_text(row, "note_en")),
                Name(
                    cell_text(row, "miss_zh", empty=True) or "尚无解释。",
                    cell_text(row, "miss_en", empty=True) or "Not explained yet.",
                ),
                cell_text(row, "source"),
                _spread(model),
            )
        )
    return tuple(found)


def _account_at(
    account: str, now: int, series: Mapping[str, Floats], drawn: Mapping[str, Floats]
) -> Floats:
    """The model's figure of an account at a quarter; (members,)."""
    at = {name: values[:, now] for name, values in series.items()}
    landing = drawn["fund_landing_share"]
    if now == 0:  # at founding nothing was placed yet: the reported years are in the paid-in stock
        ai = at["fund_paid_in"] * drawn["haihe_ai_share"]
        tickets = ai * landing / drawn["ticket_mean"]
        landed = ai * landing * (1.0 + drawn["m_crowdin"])
    else:
        ai, tickets = at["fund_invested"] / landing, at["tickets"]
        landed = at["fund_invested"] + at["private_coinvestment"]
    return {
        "committed": at["fund_committed"],
        "paid_in": at["fund_paid_in"],
        "ai_invested": ai,
        "ai_projects": tickets / landing,
        "landed_projects": tickets,
        "landed_investment": landed,
        "projects_a_year": 4.0 * tickets / landing / max(now, 1),
    }[account]


def _spent(scenario: Scenario, lever: str, quarters: Sequence[Quarter]) -> float:
    """Money a lever has cost over these quarters, 亿元."""
    cost = lever_tables(scenario.library).assumptions[lever].cost_per_unit
    dose = next(setting.dose for setting in scenario.levers if setting.lever.id == lever)
    return cost * sum(dose.values(quarters)) / 4.0


_SERIES: Final = (
    "fund_committed",
    "fund_paid_in",
    "fund_invested",
    "private_coinvestment",
    "tickets",
)


def _one_year(study: Study, member: int, engine: str) -> tuple[float, float]:
    """Growth factor of the founding catalogue in a year, and the variance of its luck by the formula."""
    model = Member(study, member, engine=engine)
    table = model.world.firms
    listed = np.asarray(table.column("catalogue")) > 0
    before = np.array(table.column("external"))[listed]
    p = model.world.parameters.demand
    reference = float(model.world.stocks.catalogue_reference[0])
    scale = np.asarray(
        laplace_scale(before, reference, p.laplace_b_small, p.beta_size_var, p.b_cap)
    )
    weight = before / before.sum()
    factor = (1.0 - scale**2) ** 2 / (1.0 - 4.0 * scale**2) - 1.0
    model.step()
    after = np.array(model.world.firms.column("external"))[listed]
    model.close()
    return float(after.sum() / before.sum()), float((weight**2 * factor).sum())


def _fact(row: Row) -> Fact:
    return Fact(
        cell_text(row, "id"),
        Name(cell_text(row, "statistic_zh"), cell_text(row, "statistic_en")),
        cell_text(row, "unit", empty=True),
        cell_number(row, "expected_low"),
        cell_number(row, "expected_high"),
        cell_text(row, "how"),
        cell_text(row, "fitted_by", empty=True),
        cell_text(row, "waits_for", empty=True),
        cell_text(row, "miss", empty=True),
        Name(cell_text(row, "reason_zh", empty=True), cell_text(row, "reason_en", empty=True)),
        cell_text(row, "source"),
        cell_text(row, "url", empty=True),
    )


def _waiting(fact: Fact) -> Name:
    """Why a fact is not computed."""
    return fact.reason if fact.reason.en else Name("未计算。", "Not computed.")


def _last_sizes(history: History) -> Floats:
    row = history.revenue[-1]
    return np.sort(row[np.isfinite(row) & (row > 0.0)])[::-1]


def _stack(histories: Sequence[History], name: str) -> Floats:
    return np.stack([history.series[name] for history in histories])


def _drawn(histories: Sequence[History]) -> dict[str, Floats]:
    names = histories[0].parameters
    return {name: np.array([h.parameters[name] for h in histories]) for name in names}


def _spread(values: Floats) -> Sample:
    low, middle, high = np.quantile(values, (0.05, 0.5, 0.95)).tolist()
    return Sample(middle, low, high)
