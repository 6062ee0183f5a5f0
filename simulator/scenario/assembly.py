"""Turns merged layers into a scenario, and looks for what would have no effect."""

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from simulator.foundation.calendar import Period, Quarter, Schedule
from simulator.foundation.findings import UNSAID, Allowed, Finding, InputError, Severity
from simulator.foundation.parameters import Distribution, Parameter
from simulator.foundation.tables import shown_file
from simulator.foundation.units import (
    QuantityError,
    format_quantity,
    parse_quantity,
)
from simulator.policy.effects import LeverAssumption, LeverEffect, revenue_goal
from simulator.registry import AS_REGISTERED, Lever, Name, Rule, key_of
from simulator.scenario.entries import (
    MECHANISMS,
    BudgetRule,
    ExtraTarget,
    Fit,
    LeverSetting,
    Origin,
    Scenario,
    distribution_sheet,
)
from simulator.scenario.facts import Facts
from simulator.scenario.reading import (
    LAST_YEAR,
    LEVER_KEYS,
    DoseSheet,
    LeverSheet,
    Place,
    Sheet,
    between,
    centre,
    number_with_unit,
    with_unit,
)
from simulator.world.population import Population, read_population

POPULATION_FOUNDING: Final = "2024Q4"
STATED_BY_LIST: Final = ("base_core_revenue", "catalogue_firms", "n10_2024", "unnamed_max_size")
"""Parameters that a list of firms makes idle."""
DEFAULT_MEMBERS: Final = 1000
DEFAULT_SEED: Final = 1
DEFAULT_RULE: Final[BudgetRule] = "fixed"
RULED: Final = "adaptive_gain"
"""The parameter that only an adaptive government reads."""
FEWEST_FIRMS: Final = 0.5
"""Firms expected at founding below which what moves firms finds none in most members."""
# The switches of which one must be on for a channel to move anything.
_CHANNEL_SWITCHES: Final = {
    "entry": ("entry",),
    "arrivals": ("arrivals",),
    "survival": ("exit",),
    "demand": ("contracts",),
    "linkage": ("links",),
    "fund": ("funds",),
    "talent_supply": ("talent",),
    "hires": ("talent",),
    "knowledge": ("research",),
    "location": ("arrivals", "entry"),  # only firms that are new choose their place
}
# Channels that move something even while firms are frozen: funds are committed and counted projects listed.
_WITHOUT_FIRMS: Final = ("fund", "milestone", "technology")
# The parameters that stand before everything a channel does, and the channels that act on firms in their cells.
_CHANNEL_PARAMETERS: Final = {
    "arrivals": ("butfor_attract",),
    "fund": ("k_drawdown", "haihe_ai_share", "fund_landing_share"),
}
_MOVES_FIRMS: Final = ("growth", "survival")
# The switches whose mechanisms read the parameters of an equation; hazards also set the entry rate.
_READERS: Final = {
    "M3": ("firm_shocks",),
    "M4": ("talent",),
    "M5": ("talent",),
    "M6": ("research",),
    "M8": ("funds",),
    "M9": ("capacity",),
    "M10": ("contracts",),
    "M11": ("links",),
    "M13": ("arrivals",),
    "M14": ("exit", "entry"),
    "M20": ("observation",),
}
_PARAMETER_SWITCHES: Final = {"age_growth_slope": ("age_effect",), "rho_size": ("reversion",)}
_USES: Final = {
    "later": ("its mechanism is not built", "相关机制尚未建成"),
    "check": ("it only serves checks", "仅用于检验"),
    "left_out": ("it is left out on purpose", "有意不采用"),
}


def assemble(
    sheet: Sheet, facts: Facts, path: Path, findings: list[Finding], fit: Fit | None = None
) -> Scenario | None:
    """The scenario of merged layers, or None when they do not make one.

    What is wrong or without effect is added to `findings`; `path` is the file asked for.
    """
    return _Assembly(sheet, facts, path, findings, fit).scenario()


class _Assembly:
    """Turns the merged layers into a scenario, and looks for what has no effect."""

    def __init__(
        self, sheet: Sheet, facts: Facts, path: Path, findings: list[Finding], fit: Fit | None
    ) -> None:
        self.fit = fit
        self.sheet = sheet
        self.facts = facts
        self.path = path
        self.findings = findings
        self.origins: dict[str, Origin] = {}
        self.without_effect: list[str] = []

    def scenario(self) -> Scenario | None:
        sheet = self.sheet
        plans = f"plans: [{self._some_plan()}]"
        period_form = Allowed.same("period: {start: 2025Q1, end: 2027Q4}")
        for key, zh, allowed in (
            ("name", "名称", Allowed.same("name: {zh: …, en: …}")),
            ("plans", "规划文件", Allowed(f"{plans}; [] for none", f"{plans}；[] 表示无")),
            ("period.start", "起始季度", period_form),
            ("period.end", "结束季度", period_form),
        ):
            if key not in sheet.origins:
                self._find(key, f"{key} is missing", f"缺少{zh}", allowed)
        period = self._period()
        targets = self._targets(period)
        if period is None or sheet.name is None or sheet.plans is None or targets is None:
            return None
        for key in ("description", "members", "seed"):
            self.origins[key] = Origin("default", "")
        mechanisms = {name: sheet.mechanisms.get(name, True) for name in MECHANISMS}
        self.origins.update({f"mechanisms.{name}": Origin("default", "") for name in MECHANISMS})
        rule = sheet.government or DEFAULT_RULE
        self.origins["government.rule"] = Origin("default", "")
        self._note_rule(rule, period, sheet.plans)
        self._note_later(period, sheet.plans)
        levers = self._levers(period, sheet.plans, mechanisms)
        population = self._population(period)
        assumptions = self._assumptions(mechanisms, population is not None, rule)
        readings = self._readings(period, sheet.plans)
        scenario = Scenario(
            name=sheet.name,
            description=sheet.description or sheet.name,
            stem=self.path.stem,
            file=shown_file(self.path),
            period=period,
            founding=self.facts.foundings[period.start],
            plans=sheet.plans,
            levers=levers,
            assumptions=assumptions,
            parameters=dict(self.facts.priors),
            library=self.facts.library,
            fit=self.fit,
            base_construction=sheet.construction,
            population=population,
            mechanisms=mechanisms,
            government=rule,
            members=DEFAULT_MEMBERS if sheet.members is None else sheet.members,
            seed=DEFAULT_SEED if sheet.seed is None else sheet.seed,
            extra_targets=targets,
            readings=readings,
            without_effect=frozenset(self.without_effect),
            notes=_without_repeats(item for item in self.findings if item.severity == "note"),
            origins={**self.origins, **sheet.origins},
        )
        return scenario

    def _some_plan(self) -> str:
        documents = self.facts.registry.documents
        return documents[-1].id if documents else ""

    def _period(self) -> Period | None:
        start, end = self.sheet.start, self.sheet.end
        foundings = self.facts.foundings
        if start is not None and start not in foundings:
            self._find(
                "period.start",
                f"no founding state for a start in {start}",
                f"没有可供 {start} 起始的初始状态",
                allowed=Allowed.one_of(sorted(foundings)),
            )
            start = None
        if end is not None and (end.quarter != 4 or end.year > LAST_YEAR):
            self._find(
                "period.end",
                f"{end} is not the last quarter of a year up to {LAST_YEAR}",
                f"{end} 不是 {LAST_YEAR} 年以前某年的第四季度",
                allowed=Allowed.same(f"2027Q4, …, {LAST_YEAR}Q4"),
            )
            end = None
        if start is None or end is None:
            return None
        if end < start:
            allowed = Allowed(f"after {start}", f"晚于 {start}")
            self._find("period.end", f"{end} is before {start}", f"{end} 早于 {start}", allowed)
            return None
        return Period(start, end)

    def _levers(
        self, period: Period, plans: tuple[str, ...], mechanisms: Mapping[str, bool]
    ) -> tuple[LeverSetting, ...]:
        settings: list[LeverSetting] = []
        planned = [lever for lever in self.facts.registry.levers if lever.document in plans]
        named = [
            lever
            for lever in self.facts.registry.levers
            if lever.document not in plans and lever.id in self.sheet.levers
        ]
        idle: dict[tuple[str, bool], list[Lever]] = {}
        weakened: dict[tuple[str, str], list[Lever]] = {}
        for lever in sorted((*planned, *named), key=lambda lever: lever.id):
            given = self.sheet.levers.get(lever.id)
            size = self.facts.sizes.get(lever.id)
            awaited = self._awaited(lever, size)
            if awaited:
                self._find_lever(lever, awaited[0], awaited[1])
                self.without_effect.append(lever.id)
            if size is None:
                continue
            setting = _setting(lever, size, given, self.facts)
            settings.append(setting)
            path = f"levers.{lever.key}"
            self.origins[f"{path}.{size.attribute}"] = self.facts.size_origin(lever.id)
            for key in LEVER_KEYS:
                self.origins[f"{path}.{key}"] = Origin("plan", lever.document)
            if setting.dose.end < setting.dose.start:
                self._find_lever(
                    lever,
                    f"ends in {setting.dose.end}, before its start in {setting.dose.start}",
                    f"结束（{setting.dose.end}）早于开始（{setting.dose.start}）",
                    key="end" if given is not None and given.end is not None else "start",
                    severity="error",
                )
                continue
            if not any(setting.dose.values(period.quarters)):
                if setting == _setting(lever, size, None, self.facts):
                    away = setting.dose.end < period.start or setting.dose.start > period.end
                    idle.setdefault((lever.document, away), []).append(lever)
                else:
                    self._find_lever(lever, *_never_dosed(setting, period))
            elif not awaited:
                self._note_dead(lever, setting, mechanisms, weakened)
            if given is not None and given.dose is not None:
                self._note_years(lever, setting, given.dose, period)
                self._note_understood(setting, given.dose, period)
        for (why, why_zh), levers in weakened.items():
            names = ", ".join(lever.key for lever in levers)
            act = "levers act" if len(levers) > 1 else "lever acts"
            self._find(
                "plans" if plans else "levers",
                f"{len(levers)} {act} in part only; without effect: {why}: {names}",
                f"{len(levers)} 项政策工具仅部分起作用；无作用者：{why_zh}：{names}",
                severity="note",
            )
        for (document, away), levers in idle.items():
            names = ", ".join(lever.key for lever in levers[:3]) + (
                ", …" if len(levers) > 3 else ""
            )
            have = "levers of {} have" if len(levers) > 1 else "lever of {} has"
            years = " (their years lie outside it)" if away else ""
            years_zh = f"（其年份在 {period} 之外）" if away else ""
            self._find(
                "plans",
                f"{len(levers)} {have.format(document)} a dose of zero throughout {period}{years}: {names}",
                f"{document} 有 {len(levers)} 项政策工具在 {period} 内剂量始终为零{years_zh}：{names}",
                severity="note",
            )
        return tuple(settings)

    def _note_rule(self, rule: BudgetRule, period: Period, plans: tuple[str, ...]) -> None:
        goal = revenue_goal(self.facts.registry, plans, period.start.shift(-1).year)
        if rule == "adaptive" and goal is None:
            self._find(
                "government.rule",
                "governments cannot adapt: no plan in force has a core-revenue target to steer by",
                "政府无从自适应：生效规划中没有可供参照的核心营收目标",
                severity="note",
            )

    def _note_later(self, period: Period, plans: tuple[str, ...]) -> None:
        """Note the targets of the plans in force that fall due after the period, as it judges none of them."""
        later = self.facts.registry.due_after(period.end.year, plans) if plans else ()
        if later:
            keys = ", ".join(target.key for target in later)
            self._find(
                "period.end",
                f"{len(later)} targets of the plans fall due after {period.end} and are never judged: {keys}",
                f"规划中有 {len(later)} 项目标在 {period.end} 之后到期，不会评判：{keys}",
                severity="note",
            )

    def _awaited(self, lever: Lever, size: LeverAssumption | None) -> tuple[str, str] | None:
        """Why a lever has no effect yet, in both languages; None when it has one."""
        channels = self.facts.channels.get(lever.id, frozenset())
        if size is None:
            return (
                "has no effect yet: its size is not in the table of assumptions",
                "暂无作用：假设表中尚无其规模",
            )
        if not channels:
            return "declares no effect", "声明无直接作用"
        return None

    def _note_dead(
        self,
        lever: Lever,
        setting: LeverSetting,
        mechanisms: Mapping[str, bool],
        weakened: dict[tuple[str, str], list[Lever]],
    ) -> None:
        """Note a lever none of whose effects can move anything, and gather those of which some cannot."""
        effects = self.facts.effects.get(lever.id, ())
        off = {effect.channel: self._off(effect, mechanisms) for effect in effects}
        if all(off.values()):
            names = ", ".join(sorted(set(off.values())))
            what = f"can never act: its mechanisms are switched off ({names})"
            self._find_lever(lever, what, f"不起作用：相关机制已关闭（{names}）")
            self.without_effect.append(lever.id)
            return
        reasons = [self._dead(effect, setting, mechanisms) for effect in effects]
        told = [reason for reason in dict.fromkeys(reasons) if reason is not None]
        if all(reasons):
            what = "; ".join(reason[0] for reason in told)
            what_zh = "；".join(reason[1] for reason in told)
            self._find_lever(lever, f"can never act: {what}", f"不起作用：{what_zh}")
            self.without_effect.append(lever.id)
            return
        for reason in told:
            weakened.setdefault(reason, []).append(lever)

    @staticmethod
    def _off(effect: LeverEffect, mechanisms: Mapping[str, bool]) -> str:
        """The switches without which a channel moves nothing, where all of them are off; else empty."""
        if not mechanisms["firms"] and effect.channel not in _WITHOUT_FIRMS:
            return "firms"
        names = _CHANNEL_SWITCHES.get(effect.channel, ())
        return ", ".join(names) if names and not any(mechanisms[name] for name in names) else ""

    def _dead(
        self, effect: LeverEffect, setting: LeverSetting, mechanisms: Mapping[str, bool]
    ) -> tuple[str, str] | None:
        """Why an effect can move nothing, in both languages; None when it can."""
        channel = effect.channel
        if off := self._off(effect, mechanisms):
            return f"{channel} ({off} switched off)", f"{channel}（{off} 已关闭）"
        for name in (effect.parameter, *_CHANNEL_PARAMETERS.get(channel, ())):
            given = self.sheet.assumptions.get(name) if name else None
            if given is not None and given.is_fixed and given.numbers[0] == 0.0:
                return f"{channel} ({name} is zero)", f"{channel}（{name} 为零）"
        if effect.scale == 0.0:
            return f"{channel} (its scale is zero)", f"{channel}（系数为零）"
        if channel in _MOVES_FIRMS:
            firms = self.facts.firms_in(setting.chains, setting.places)
            if firms < FEWEST_FIRMS:
                return (
                    f"{channel} (about {firms:.1f} firms are expected in its chains and districts)",
                    f"{channel}（所涉产业链与区内预计仅约 {firms:.1f} 家企业）",
                )
        return None

    def _note_years(
        self, lever: Lever, setting: LeverSetting, dose: DoseSheet, period: Period
    ) -> None:
        named = [year for year, _ in dose.points if year is not None]
        path = f"levers.{lever.key}.{setting.attribute}"
        window = range(setting.dose.start.year, setting.dose.end.year + 1)
        for year in named:
            if year not in period.years or year not in window:
                where = str(period) if year not in period.years else f"{window[0]}–{window[-1]}"
                self._find(
                    path,
                    f"the dose of {year} is never used: the lever is in force in {where}"
                    if year in period.years
                    else f"the dose of {year} is never used: the period is {where}",
                    f"{year} 年的剂量不会被使用（有效期 {where}）",
                    suggestion=f"end: {year}" if year > window[-1] else "",
                    severity="note",
                    place=dose.places[year],
                )
        bare = [y for y in period.years if y in window and named and y < min(named)]
        if bare:
            self._find(
                path,
                f"no dose for {', '.join(map(str, bare))}: zero until {min(named)}",
                f"{'、'.join(map(str, bare))} 年没有剂量：按零处理",
                severity="note",
            )

    def _note_understood(self, setting: LeverSetting, dose: DoseSheet, period: Period) -> None:
        """Say how a dose is read that leaves its year to be understood, and what it sums to over the period."""
        inside = [q for q in period.quarters if setting.dose.start <= q <= setting.dose.end]
        money = {year: 0.0 for year in dict.fromkeys(quarter.year for quarter in inside)}
        for quarter in inside:
            money[quarter.year] += setting.dose.at(quarter) / 4.0
        total = sum(money.values())
        if dose.understood is None or total == 0.0:
            return
        first, last = inside[0], inside[-1]
        whole = first.quarter == 1 and last.quarter == 4
        span = f"{first.year}–{last.year}" if whole else f"{first}–{last}"
        if whole and first.year == last.year:
            span = str(first.year)
        terms = [
            f"{count} × {value:.6g}" if (count := len(list(run))) > 1 else f"{value:.6g}"
            for value, run in itertools.groupby(money.values())
        ]
        summed = f"{' + '.join(terms)} = " if len(money) > 1 else ""
        points = [(year, f"{value:.6g}亿元") for year, value in dose.points]
        if points[0][0] is None:
            each = points[0][1]
            given, given_zh = (
                f"{each} is read as new commitments of {each}",
                f"{each}读作每年新增认缴{each}",
            )
            how, how_zh = f"write {each}/yr to say so", f"写作 {each}/年 即明示"
            if len(money) > 1:
                other = f"{dose.points[0][1] ** 2 / total:.6g}亿元"
                how += f", or {other}/yr for {each} in all"
                how_zh += f"，若指全期共{each}则写 {other}/年"
        else:
            told = ", ".join(f"{year}: {each}" for year, each in points)
            given = f"{told} {'are' if len(points) > 1 else 'is'} read as new commitments"
            given_zh = f"{told} 读作每年新增认缴"
            how, how_zh = "write 亿元/yr to say so", "写作 亿元/年 即明示"
        self._find(
            f"levers.{setting.lever.key}.{setting.attribute}",
            f"{given} a year, {summed}{total:.6g}亿元 over {span}; {how}",
            f"{given_zh}，{span}{' 年' if whole else ' '}共 {summed}{total:.6g}亿元；{how_zh}",
            severity="note",
            place=dose.understood,
        )

    def _population(self, period: Period) -> Population | None:
        """The user's own list of firms, checked; None without one or when it is not valid."""
        file = self.sheet.population
        if file is None:
            return None
        if self.facts.foundings[period.start] != POPULATION_FOUNDING:
            self._find(
                "population",
                f"a list of firms founds a start in 2025Q1 only, not in {period.start}",
                f"企业名单只能用于 2025Q1 起始的情景，而非 {period.start}",
                allowed=Allowed.same("period: {start: 2025Q1, end: …}"),
            )
            return None
        try:
            population = read_population(file, self.facts.registry)
        except InputError as error:
            self.findings.extend(error.findings)
            return None
        self.findings.extend(population.notes)
        self._note_sum(population)
        if self.sheet.construction is not None:
            self._find(
                "assumptions.base_construction",
                "unused: the list of firms states the base value",
                "未使用：企业名单已给出基数",
                severity="note",
            )
        return population

    def _note_sum(self, population: Population) -> None:
        """Note a list whose sum is a factor of ten away from every reading of the base value."""
        prior = self.facts.priors["base_core_revenue"]
        total = population.catalogue_revenue
        if not prior.low / 10.0 < total < prior.high * 10.0:
            known = between(prior.low, prior.high, prior.unit).en
            self._find(
                "population",
                f"the catalogue of the list adds up to {format_quantity(total, prior.unit)}, which is now the "
                f"base value; check the unit, and whether the list is whole (known: {known})",
                f"名单中名录企业合计{format_quantity(total, prior.unit, 'zh')}，即为基数；请核对单位及名单是否完整"
                f"（已知范围 {format_quantity(prior.low, prior.unit, 'zh')} 至 "
                f"{format_quantity(prior.high, prior.unit, 'zh')}）",
                severity="note",
            )

    def _assumptions(
        self, mechanisms: Mapping[str, bool], listed: bool, rule: BudgetRule
    ) -> dict[str, Distribution]:
        assumptions: dict[str, Distribution] = {}
        for name, prior in sorted(self.facts.priors.items()):
            given = self.sheet.assumptions.get(name)
            assumptions[name] = prior.distribution if given is None else given
            path = f"assumptions.{name}"
            self.origins[path] = self.facts.prior_origin(name)
            if given is None:
                continue
            # A sheet that states every prior sets none of them anew.
            if _same(given, prior):
                continue
            if listed and name in STATED_BY_LIST:
                self._find(
                    path,
                    "unused parameter: the list of firms states it",
                    "未使用的参数：企业名单已给出",
                    severity="note",
                )
            elif prior.use != "model":
                self._find(
                    path,
                    f"unused parameter: {_USES[prior.use][0]} ({prior.mechanism})",
                    f"未使用的参数：{_USES[prior.use][1]}（{prior.mechanism}）",
                    severity="note",
                )
            elif name == RULED and rule == "fixed":
                self._find(
                    path,
                    "unused parameter: budgets are fixed (government: adaptive reads it)",
                    "未使用的参数：预算为固定规则（government: adaptive 时使用）",
                    severity="note",
                )
            elif off := self._switched_off(prior, mechanisms):
                self._find(
                    path,
                    f"unused parameter: its mechanism is switched off ({off})",
                    f"未使用的参数：相关机制已关闭（{off}）",
                    severity="note",
                )
            middle = centre(given)
            # Another year of a number that is known (a fund's size) is no slip; a distribution states it anew.
            stated = given.is_fixed or prior.low < prior.high
            if stated and middle is not None and not prior.low <= middle <= prior.high:
                told = Name(
                    format_quantity(middle, prior.unit, "zh"), format_quantity(middle, prior.unit)
                )
                self._find(
                    path,
                    f"{told.en} is outside the evidence" + _slip(middle, prior).en,
                    f"{told.zh} 超出证据范围" + _slip(middle, prior).zh,
                    allowed=between(prior.low, prior.high, prior.unit),
                    severity="note",
                )
        return assumptions

    @staticmethod
    def _switched_off(prior: Parameter, mechanisms: Mapping[str, bool]) -> str:
        """The switches that are all off, so that nothing reads the parameter; else empty."""
        readers = _PARAMETER_SWITCHES.get(prior.name) or _READERS.get(prior.mechanism, ())
        if readers and not mechanisms["firms"] and not {"funds", "observation"} & set(readers):
            return "firms"
        off = [name for name in readers if not mechanisms[name]]
        return ", ".join(off) if len(off) == len(readers) else ""

    def _targets(self, period: Period | None) -> tuple[ExtraTarget, ...] | None:
        targets: list[ExtraTarget] = []
        good = True
        for key, given in sorted(self.sheet.targets.items()):
            path = f"targets.{key}"
            for name in ("name", "metric", "comparator", "value", "deadline"):
                if f"{path}.{name}" not in self.sheet.origins:
                    self._find(f"{path}.{name}", f"{name} is missing", f"缺少 {name}", near=path)
            if (
                given.name is None
                or given.metric is None
                or given.comparator is None
                or given.value is None
                or given.deadline is None
            ):
                good = False
                continue
            metric = next(m for m in self.facts.registry.metrics if m.id == given.metric)
            try:
                value = parse_quantity(given.value, metric.unit)
                if value < 0.0:
                    raise QuantityError(f"{given.value!r} is below zero", f"“{given.value}”小于零")
            except QuantityError as error:
                self._find(
                    f"{path}.value",
                    str(error),
                    error.zh,
                    allowed=number_with_unit(metric.unit),
                    suggestion=with_unit(given.value, metric.unit),
                )
                good = False
                continue
            if period is not None and given.deadline not in period.years:
                self._find(
                    f"{path}.deadline",
                    f"never judged: {given.deadline} is outside {period}",
                    f"不会评判：{given.deadline} 年不在 {period} 内",
                    severity="note",
                )
            if f"{path}.note" not in self.sheet.origins:
                self.origins[f"{path}.note"] = Origin("default", "")
            targets.append(
                ExtraTarget(
                    key=key,
                    id=key,
                    name=given.name,
                    note=given.note or given.name,
                    metric=given.metric,
                    comparator=given.comparator,
                    value=value,
                    unit=metric.unit,
                    flow_or_stock="level_at_deadline",
                    year=given.deadline,
                )
            )
        return tuple(targets) if good else None

    def _readings(self, period: Period, plans: tuple[str, ...]) -> dict[str, str]:
        """The readings picked in place of those taken, in registry order; two that clash are an error."""
        registry = self.facts.registry
        due = {
            target.id
            for target in registry.targets
            if target.deadline.year in period.years and (not plans or target.document in plans)
        }
        chosen: dict[str, str] = {}
        rules: dict[str, tuple[Rule, str]] = {}
        for ambiguity in registry.ambiguities:
            if not ambiguity.choices:
                continue
            path = f"readings.{ambiguity.key}"
            self.origins[path] = Origin("registry", "")
            picked = self.sheet.readings.get(ambiguity.id)
            if picked is None:
                continue
            if not due & set(ambiguity.judged):
                self._find(
                    path,
                    f"changes nothing: none of its targets is judged in {period} under these plans",
                    f"不起作用：所涉目标都不在 {period} 与所列规划之内评判",
                    severity="note",
                )
            reading = next(item for item in ambiguity.choices if item.key == picked)
            if reading.rules:
                chosen[ambiguity.id] = picked
            for id_, rule in reading.rules.items():
                before, other = rules.get(id_, (AS_REGISTERED, ""))
                try:
                    rules[id_] = before.joined(rule), ambiguity.key
                except ValueError as error:
                    self._find(
                        path,
                        f"clashes with readings.{other} about {key_of(id_)}: {error}",
                        f"与 readings.{other} 对 {key_of(id_)} 的读法相冲突：{error}",
                        allowed=Allowed("one of the two", "二者之一"),
                    )
        return chosen

    def _find_lever(
        self,
        lever: Lever,
        what: str,
        what_zh: str,
        key: str = "",
        severity: Severity = "note",
    ) -> None:
        path = f"levers.{lever.key}" + (f".{key}" if key else "")
        self._find(
            path,
            what,
            f"{lever.name.zh}：{what_zh}",
            severity=severity,
            near=path if lever.id in self.sheet.levers else "plans",
        )

    def _find(
        self,
        path: str,
        what: str,
        what_zh: str,
        allowed: Allowed = UNSAID,
        suggestion: str = "",
        severity: Severity = "error",
        near: str = "",
        place: Place | None = None,
    ) -> None:
        """A finding about the merged sheet, at the place that set `path` or stands `near`."""
        if place is None:
            place = self._place(near or path)
        self.findings.append(
            Finding(
                *place,
                path=path,
                what=what,
                what_zh=what_zh,
                allowed=allowed,
                suggestion=suggestion,
                severity=severity,
            )
        )

    def _place(self, path: str) -> Place:
        origins = self.sheet.origins
        origin = origins.get(path)
        if origin is None:
            within = [origins[key] for key in origins if key.startswith(f"{path}.")]
            origin = within[0] if within else None
        if origin is None:
            return Place(shown_file(self.path), 1, 1)
        return Place(origin.file, origin.line, origin.column)


def _setting(
    lever: Lever, size: LeverAssumption, given: LeverSheet | None, facts: Facts
) -> LeverSetting:
    given = given or LeverSheet()
    dose = given.dose or DoseSheet(((None, size.default),), False, {})
    # In the order of the registry, so that the order in a file changes nothing.
    chains = facts.in_order(lever.chains, facts.registry.chains)
    places = facts.in_order(lever.places, facts.registry.places)
    return LeverSetting(
        lever=lever,
        attribute=size.attribute,
        unit=size.unit,
        dose=Schedule(
            points=dose.points,
            linear=dose.linear,
            start=given.start or Quarter(lever.start, 1),
            end=given.end or Quarter(lever.end, 4),
        ),
        chains=chains if given.chains is None else given.chains,
        places=places if given.places is None else given.places,
    )


def _never_dosed(setting: LeverSetting, period: Period) -> tuple[str, str]:
    """Why the dose of a setting is zero throughout a period, in both languages."""
    dose = setting.dose
    if dose.end < period.start or dose.start > period.end:
        return (
            f"can never act: it is in force in {dose.start}–{dose.end}, outside {period}",
            f"不起作用：其有效期 {dose.start}–{dose.end} 在 {period} 之外",
        )
    return (
        f"can never act: its dose is zero throughout {period}",
        f"不起作用：{period} 内剂量始终为零",
    )


def _slip(value: float, prior: Parameter) -> Name:
    """Words for a value that is inside the evidence once it is taken ten times, or a tenth of it."""
    if prior.low <= value * 10.0 <= prior.high:
        return Name(
            "；其十倍则在范围之内，请核对单位", "; ten times as much is inside: check the unit"
        )
    if prior.low <= value / 10.0 <= prior.high:
        return Name(
            "；其十分之一则在范围之内，请核对单位", "; a tenth of it is inside: check the unit"
        )
    return Name("", "")


def _same(given: Distribution, prior: Parameter) -> bool:
    return distribution_sheet(given, prior.unit) == distribution_sheet(
        prior.distribution, prior.unit
    )


def _without_repeats(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
