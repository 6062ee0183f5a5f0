"""Arithmetic that the plans' targets imply for one another, computed from the registry.

No model is run and no figure is written here: every number comes from the value, comparator, tier,
`subset_of` or `restates` of the entries, by a small table of rules. Each implication has a kind:

- `conflicts`: both cannot hold on one perimeter, so either the perimeters differ or one gives way;
- `binds`: of two floors the larger one decides;
- `floor`: meeting the target cannot give less than this;
- `implied`: met as soon as others are, or the same promise written twice, which counts once;
- `needs`: what has to happen besides: a growth rate, a ratio, a remainder.

Perimeters are never spliced: where two figures have different ones, both are named, and the
arithmetic says that it holds on one perimeter only.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final, Literal, NamedTuple

from simulator.foundation.parameters import Construction
from simulator.foundation.units import parse_quantity
from simulator.registry import Clause, Lever, Name, Registry, Size, Target
from simulator.registry.translations import in_both
from simulator.targets import BASE_YEAR, goal_text

ImplicationKind = Literal["conflicts", "binds", "floor", "implied", "needs"]

KINDS: Mapping[ImplicationKind, Name] = {
    "conflicts": Name(zh="矛盾（除非口径不同）", en="conflicts, unless the perimeters differ"),
    "binds": Name(zh="起约束作用", en="binds"),
    "floor": Name(zh="下限", en="floor"),
    "implied": Name(zh="已被包含", en="implied"),
    "needs": Name(zh="所需条件", en="needs"),
}
"""The kinds in the order in which they are shown."""

MONEY: Final = "亿元"

TOTALS: Final = ("core_revenue", "core_scale")
"""Metrics that are the whole of a revenue: a floor can be held against them."""

RATIOS: Final = (
    (
        "new_sales_revenue",
        "induced_investment",
        Name("每元投资的新增销售", "sales per yuan invested"),
    ),
    ("induced_investment", "major_projects", Name("每个项目的投资", "investment per project")),
    ("new_sales_revenue", "major_projects", Name("每个项目的新增销售", "sales per project")),
    ("related_revenue", "core_scale", Name("相关产业与核心之比", "related over core")),
    (
        "fund_group_size",
        "induced_investment",
        Name("基金群与带动投资之比", "fund group over induced investment"),
    ),
)
"""Pairs of metrics of one plan whose quotient says what the plan expects of each unit."""

SUMS: Final = (
    (
        ("talent_teams", "leading_talents", "rd_talents"),
        Name("人才三层", "The three talent tiers"),
    ),
    (("core_scale", "related_revenue"), Name("核心与相关产业", "Core and related scale")),
)
"""Figures of one plan that add up if nothing is counted twice, and nest if everything is."""

_TIER: Final = re.compile(r"(?P<what>\w+?)(?:_revenue)?_ge_(?P<size>\d+)yi")
_FOREIGN_MONEY: Final = re.compile(
    r"\d+(?:\.\d+)? (?:million|billion|trillion) (?:CNY|yuan|RMB)", re.IGNORECASE
)
_DAYS_A_YEAR: Final = 365.25


class Amount(NamedTuple):
    """One result: what it is, the arithmetic written out, its value and unit (`%` is a year's)."""

    label: Name
    arithmetic: str
    value: float
    unit: str


class Input(NamedTuple):
    """An entry that the arithmetic starts from: `stated` is its figure as the plan has it."""

    id: str
    key: str
    name: Name
    clause: Clause
    stated: str
    year: int


class Perimeter(NamedTuple):
    """What a figure covers: the metric, its definition, and the id of the plan that uses it so."""

    metric: str
    name: Name
    definition: Name
    document: str


@dataclass(frozen=True, slots=True)
class Implication:
    """One thing that the targets imply: `says` it, `amounts` compute it, `inputs` found it.

    `condition` is what must be assumed, None when nothing is; `perimeters` are named where they
    may differ; `ambiguities` are the keys of the registry's ambiguities about these very targets.
    """

    key: str
    rule: str
    kind: ImplicationKind
    name: Name
    says: Name
    amounts: tuple[Amount, ...]
    inputs: tuple[Input, ...]
    condition: Name | None = None
    perimeters: tuple[Perimeter, ...] = ()
    ambiguities: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the plans it speaks of, in order."""
        return tuple(dict.fromkeys(item.clause.document for item in self.inputs))

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses it rests on, each once."""
        return tuple(dict.fromkeys(item.clause for item in self.inputs))


def coherence(registry: Registry, constructions: Sequence[Construction]) -> tuple[Implication, ...]:
    """Everything that the targets imply for one another, by kind in the order of `KINDS`.

    `constructions` are the readings of the unpublished base value; without any, no growth from a
    base is told.
    """
    found: list[Implication] = []
    for rule in RULES:
        found.extend(rule(registry))
    found.extend(_growth_from_bases(registry, constructions))
    order = {kind: place for place, kind in enumerate(KINDS)}
    return tuple(sorted(found, key=lambda item: order[item.kind]))


class _Tier(NamedTuple):
    """A target that counts what stands at `size` 亿元 or above."""

    target: Target
    what: str
    size: float
    number: float


class _Floor(NamedTuple):
    """The revenue that the tiers of one plan cannot fall below.

    `nested` counts a firm of the upper tier in the lower one too, `added` does not; both are the
    same for a single tier. `top` is the floor at the upper end of a range, or None.
    """

    tiers: tuple[_Tier, ...]
    nested: Amount
    added: Amount | None
    top: Amount | None

    @property
    def document(self) -> str:
        return self.tiers[0].target.document

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(tier.target for tier in self.tiers)

    @property
    def deadline(self) -> date:
        return max(tier.target.deadline for tier in self.tiers)

    @property
    def name(self) -> Name:
        zh = "、".join(_count_words(tier).zh for tier in self.tiers)
        return Name(zh, " and ".join(_count_words(tier).en for tier in self.tiers))


def _tiers(registry: Registry) -> list[_Tier]:
    found = []
    for target in _first_named(registry):
        match = _TIER.fullmatch(target.metric)
        if match and target.value is not None and target.subset_of is None:
            found.append(_Tier(target, match["what"], float(match["size"]), target.value))
    return found


def _floors(registry: Registry) -> list[_Floor]:
    groups: dict[tuple[object, ...], list[_Tier]] = {}
    for tier in _tiers(registry):
        group = (tier.target.document, tier.what, *_scope(tier.target))
        groups.setdefault(group, []).append(tier)
    return [_floor(sorted(group, key=lambda tier: -tier.size)) for group in groups.values()]


def _floor(tiers: Sequence[_Tier]) -> _Floor:
    """`tiers` of one plan, the largest first."""
    nested, nested_terms, counted = 0.0, [], 0.0
    for tier in tiers:
        more = tier.number - counted
        if more > 0.0:
            nested += more * tier.size
            how = f"({_n(tier.number)} − {_n(counted)})" if counted else _n(more)
            nested_terms.append(f"{how} × {_n(tier.size)}")
            counted = tier.number
    added = sum(tier.number * tier.size for tier in tiers)
    added_terms = [f"{_n(tier.number)} × {_n(tier.size)}" for tier in tiers]
    several = len(tiers) > 1
    high = tiers[0].target.value_high
    return _Floor(
        tiers=tuple(tiers),
        nested=_money(
            Name("包含", "nested") if several else Name("下限", "floor"), nested_terms, nested
        ),
        added=_money(Name("相加", "added"), added_terms, added) if several else None,
        top=_money(
            Name("区间上端", "upper end of the range"),
            [f"{_n(high)} × {_n(tiers[0].size)}"],
            high * tiers[0].size,
        )
        if high is not None and not several
        else None,
    )


def _tier_floors(registry: Registry) -> Iterator[Implication]:
    for floor in _floors(registry):
        several = floor.added is not None
        low = floor.nested
        zh = f"{floor.name.zh}合计不会少于{_n(low.value)}{MONEY}"
        en = f"{floor.name.en} cannot make less than {_n(low.value)}{MONEY}"
        if floor.added is not None:
            zh += f"（低一级包含高一级）或{_n(floor.added.value)}{MONEY}（另计）"
            en += f" (the lower tier contains the upper) or {_n(floor.added.value)}{MONEY} (it does not)"
        yield _implication(
            registry,
            rule="tier_floor",
            kind="floor",
            name=Name("量级的收入下限", "Revenue floor of the tiers"),
            says=Name(zh + "。", en + "."),
            amounts=[low, floor.added, floor.top],
            targets=floor.targets,
            condition=_DISJOINT if not several else _YEARLY,
        )


_YEARLY: Final = Name("量级按年营业收入理解", "the tiers are read as annual revenue")
_ONE_PERIMETER: Final = Name("两个数字属同一口径", "both figures have one perimeter")
_DISJOINT: Final = Name(
    "量级按年营业收入理解，且所计单位互不重叠",
    "the tiers are read as annual revenue, and what is counted does not overlap",
)


def _floors_in_totals(registry: Registry) -> Iterator[Implication]:
    """Each floor against each revenue total that it has to fit into."""
    totals = [t for t in _first_named(registry) if t.metric in TOTALS and t.value]
    for floor in _floors(registry):
        for total in totals:
            if floor.deadline > total.deadline or _scope(total) != _scope(floor.targets[0]):
                continue
            if floor.document == total.document:
                yield _remainder(registry, floor, total)
            elif floor.nested.value >= _value(total):
                yield _clash(registry, floor, total)


def _remainder(registry: Registry, floor: _Floor, total: Target) -> Implication:
    """What a floor leaves of the total of its own plan."""
    goal, smallest = _value(total), min(tier.size for tier in floor.tiers)
    below = Name(f"不足{_n(smallest)}{MONEY}的企业", f"firms below {_n(smallest)}{MONEY}")
    amounts: list[Amount] = []
    for part in filter(None, (floor.nested, floor.added)):
        rest = max(goal - part.value, 0.0)
        share = part.value / goal * 100.0
        amounts += [
            Amount(
                _joined(part.label, Name("占目标", "share of the total")),
                f"{_n(part.value)} / {_n(goal)} = {share:.0f} %",
                share,
                "%",
            ),
            _left(_joined(part.label, Name("余额", "remainder")), goal, part.value, MONEY),
            _quotient(_joined(part.label, below), rest, smallest, "家"),
        ]
    enough = floor.nested.value >= goal
    rest = max(goal - floor.nested.value, 0.0)
    if enough:
        says = Name(
            f"量级下限已达{_n(goal)}{MONEY}，总量目标随之达到。",
            f"The tier floor already reaches {_n(goal)}{MONEY}: the total follows.",
        )
    else:
        says = Name(
            f"起约束作用的是总量。量级目标恰好达到时还差{_n(rest)}{MONEY}：须由超过门槛的部分补足，"
            f"或由多于{_n(math.floor(rest / smallest))}家不足{_n(smallest)}{MONEY}的企业补足。",
            f"The total binds. With the tiers just met, {_n(rest)}{MONEY} are missing: tier firms "
            f"above their thresholds or more than {_n(math.floor(rest / smallest))} firms "
            f"below {_n(smallest)}{MONEY} have to bring them.",
        )
    return _implication(
        registry,
        rule="tier_share",
        kind="implied" if enough else "binds",
        name=Name("量级之外的收入", "Revenue beyond the tiers"),
        says=says,
        amounts=amounts,
        targets=(*floor.targets, total),
        condition=Name(
            f"所计企业都在“{total.name.zh}”的口径之内",
            f"every firm counted lies inside the perimeter of “{total.name.en}”",
        ),
    )


def _clash(registry: Registry, floor: _Floor, total: Target) -> Implication:
    """An earlier floor that is no smaller than a later total."""
    goal, early, late = _value(total), floor.deadline.year, total.deadline.year
    ratio = _quotient(Name("下限与总量之比", "floor over total"), floor.nested.value, goal, "ratio")
    return _implication(
        registry,
        rule="floor_against_total",
        kind="conflicts",
        name=Name(
            "较早的下限不低于较晚的总量", "An earlier floor is no smaller than a later total"
        ),
        says=Name(
            f"到{early}年{floor.name.zh}已至少{_n(floor.nested.value)}{MONEY}，而{late}年全部的"
            f"目标是{_words(total).zh}。若同一口径，除非收入下降，后者早已达到；二者并存须口径不同。"
            f"两个数字不作拼接。",
            f"By {early}, {floor.name.en} make at least {_n(floor.nested.value)}{MONEY}; for {late} "
            f"the aim for everything together is {_words(total).en}. On one perimeter the later goal "
            f"would be behind us unless revenue falls; both stand only if the perimeters differ. "
            f"The figures are not spliced.",
        ),
        amounts=[floor.nested, floor.top, ratio],
        targets=(*floor.targets, total),
        condition=_ONE_PERIMETER,
        perimeters=(*floor.targets, total),
    )


def _floors_of_one_plan(registry: Registry) -> Iterator[Implication]:
    """Of two floors of one plan the larger decides, as what is counted may be the same firms."""
    for one, other in combinations(_floors(registry), 2):
        same = one.document == other.document and one.deadline == other.deadline
        if not same or _scope(one.targets[0]) != _scope(other.targets[0]):
            continue
        low, high = sorted((one, other), key=lambda floor: floor.nested.value)
        gap = high.nested.value - low.nested.value
        yield _implication(
            registry,
            rule="larger_floor",
            kind="binds",
            name=Name("两个下限中较大者起约束作用", "The larger of two floors decides"),
            says=Name(
                f"{high.name.zh}（{_n(high.nested.value)}{MONEY}）比{low.name.zh}"
                f"（{_n(low.nested.value)}{MONEY}）要求更高：即使后者全部计入前者，仍缺{_n(gap)}{MONEY}。",
                f"{high.name.en} ({_n(high.nested.value)}{MONEY}) ask for more than {low.name.en} "
                f"({_n(low.nested.value)}{MONEY}): with all of the latter inside the former, "
                f"{_n(gap)}{MONEY} are still missing.",
            ),
            amounts=[
                low.nested._replace(label=_joined(low.name, low.nested.label)),
                high.nested._replace(label=_joined(high.name, high.nested.label)),
                _left(Name("差额", "difference"), high.nested.value, low.nested.value, MONEY),
            ],
            targets=(*low.targets, *high.targets),
            condition=_DISJOINT,
        )


def _tiers_across_plans(registry: Registry) -> Iterator[Implication]:
    """A larger tier reached earlier contains a smaller tier asked for later."""
    tiers = _tiers(registry)
    for early in tiers:
        for late in tiers:
            contained = (
                early.target.document != late.target.document
                and early.what == late.what
                and early.size >= late.size
                and early.target.deadline <= late.target.deadline
                and early.number >= late.number
            )
            if not contained:
                continue
            first, then = _count_words(early), _count_words(late)
            years = (early.target.deadline.year, late.target.deadline.year)
            yield _implication(
                registry,
                rule="tier_contained",
                kind="implied",
                name=Name("较早的高量级已包含较晚的低量级", "An earlier tier contains a later one"),
                says=Name(
                    f"到{years[0]}年的{first.zh}本身就是{years[1]}年的{then.zh}：若同一口径，"
                    f"后一目标没有新增要求。",
                    f"{first.en} by {years[0]} are {then.en} by {years[1]} already: on one "
                    f"perimeter the later target asks for nothing new.",
                ),
                amounts=[
                    Amount(
                        Name("已有与所求", "had and asked for"),
                        f"{_n(early.number)} ≥ {_n(late.number)}, {_n(early.size)} ≥ {_n(late.size)}{MONEY}",
                        early.number - late.number,
                        early.target.unit,
                    )
                ],
                targets=(early.target, late.target),
                condition=_ONE_PERIMETER,
                perimeters=(early.target, late.target),
            )


def _parts(registry: Registry) -> Iterator[Implication]:
    """Targets that are parts of another one: does the whole follow, and what is left open?"""
    by_whole: dict[str, list[Target]] = {}
    for target in _first_named(registry):
        if target.subset_of is not None and target.value is not None:
            by_whole.setdefault(target.subset_of, []).append(target)
    for id_, parts in by_whole.items():
        whole = registry.target(id_)
        if whole.value is None:
            continue
        counted = [part for part in parts if part.unit == whole.unit]
        named = [part for part in parts if part.unit != whole.unit]
        if counted:
            yield _split(registry, whole, counted)
        if named:
            yield _named_parts(registry, whole, named)


def _split(registry: Registry, whole: Target, parts: Sequence[Target]) -> Implication:
    goal, values = _value(whole), [_value(part) for part in parts]
    total = sum(values)
    enough, unit = total >= goal, whole.unit
    amounts = [
        _sum(Name("各部分之和", "sum of the parts"), values, unit),
        _left(Name("未指定", "left open"), goal, total, unit),
    ]
    if enough:
        says = Name(
            f"各部分互不重叠时，“{whole.name.zh}”的{_n(goal)}{unit}随各部分达到而达到；"
            f"每有一{unit}同属两部分，总数就要另补一{unit}。",
            f"With disjoint parts the {_n(goal)} of “{whole.name.en}” follow from the parts; each "
            f"one that counts in two parts has to be made up for in the total.",
        )
    else:
        says = Name(
            f"各部分合计{_n(total)}{unit}，“{whole.name.zh}”尚缺{_n(goal - total)}{unit}。",
            f"The parts make {_n(total)}; “{whole.name.en}” leaves {_n(goal - total)} open.",
        )
    return _implication(
        registry,
        rule="parts",
        kind="implied" if enough else "needs",
        name=Name("部分与总数", "Parts and the whole"),
        says=says,
        amounts=amounts,
        targets=(whole, *parts),
        condition=Name("各部分互不重叠", "the parts do not overlap"),
    )


def _named_parts(registry: Registry, whole: Target, parts: Sequence[Target]) -> Implication:
    """Parts that are named one by one and held to a size, of a whole that is a count."""
    goal, unit = _value(whole), whole.unit
    sizes = [(max(len(part.actors), 1), _value(part)) for part in parts]
    named = sum(count for count, _ in sizes)
    terms = [f"{count} × {_n(size)}" for count, size in sizes]
    left = max(goal - named, 0.0)
    amounts = [
        _money(Name("点名者的下限", "floor of those named"), terms, sum(c * s for c, s in sizes)),
        _left(Name("未点名", "not named"), goal, named, unit),
    ]
    span_zh = span_en = _n(left)
    if whole.value_high is not None:
        label = Name("未点名（区间上端）", "not named (upper end of the range)")
        amounts.append(_left(label, whole.value_high, named, unit))
        top = _n(amounts[-1].value)
        span_zh, span_en = f"{_n(left)}–{top}", f"{_n(left)} to {top}"
    enough = named >= goal
    if enough:
        says = Name(
            f"点名的{named}{unit}达标，“{whole.name.zh}”即达标。",
            f"With the {named} named ones “{whole.name.en}” is met.",
        )
    else:
        says = Name(
            f"“{whole.name.zh}”只点名{named}{unit}，其余{span_zh}{unit}未点名。",
            f"“{whole.name.en}” names {named}; {span_en} more have to come from elsewhere.",
        )
    return _implication(
        registry,
        rule="named_parts",
        kind="implied" if enough else "needs",
        name=Name("点名者与总数", "Those named, and the count"),
        says=says,
        amounts=amounts,
        targets=(whole, *parts),
        condition=Name("点名者互不重叠", "those named do not overlap"),
    )


_ONE_EACH: Final = Name("单位不同，每个至少计一", "the units differ: each counts as one at least")


def _ratios(registry: Registry) -> Iterator[Implication]:
    for above, below, name in RATIOS:
        for top, bottom in _pairs_of_one_plan(registry, above, below):
            unit = "ratio" if top.unit == bottom.unit else f"{top.unit}/{bottom.unit}"
            amount = _quotient(name, _value(top), _value(bottom), unit)
            shown = f"{amount.value:.2f}" if unit == "ratio" else f"{_n(amount.value)}{top.unit}"
            yield _implication(
                registry,
                rule="ratio",
                kind="needs",
                name=name,
                says=Name(
                    f"两个目标同时恰好达到时，{name.zh}为{shown}。",
                    f"With both targets just met, {name.en}: {shown}.",
                ),
                amounts=[amount],
                targets=(top, bottom),
            )


def _sums(registry: Registry) -> Iterator[Implication]:
    for metrics, name in SUMS:
        for document in registry.documents:
            own = [_one(registry, document.id, metric) for metric in metrics]
            parts = [target for target in own if target is not None]
            if len(parts) < len(metrics):
                continue
            values = [_value(part) for part in parts]
            unit = parts[-1].unit
            total, largest = sum(values), max(values)
            yield _implication(
                registry,
                rule="sum",
                kind="floor",
                name=name,
                says=Name(
                    f"互不重叠时合计至少{_n(total)}{unit}；若大者包含小者，只须{_n(largest)}{unit}。",
                    f"Without overlap at least {_n(total)}{_word(unit)} together; if the largest "
                    f"contains the others, {_n(largest)}{_word(unit)} are enough.",
                ),
                amounts=[
                    _sum(Name("互不重叠", "disjoint"), values, unit),
                    _largest(Name("大者包含小者", "the largest contains the others"), values, unit),
                ],
                condition=_ONE_EACH if len({part.unit for part in parts}) > 1 else None,
                targets=parts,
            )


def _restated_targets(registry: Registry) -> Iterator[Implication]:
    for target in registry.targets:
        if target.restates is None or target.value is None:
            continue
        first = registry.target(target.restates)
        same = (first.metric, first.value) == (target.metric, target.value)
        goal, again = _value(first), _value(target)
        verdict = "=" if same else "≠"
        yield _implication(
            registry,
            rule="restated_target",
            kind="implied" if same else "conflicts",
            name=Name("重述的目标只计一次", "A restated target counts once"),
            says=Name(
                f"“{target.name.zh}”重述“{first.name.zh}”，只计一次：{_n(goal)}{first.unit}，"
                f"不是{_n(goal + again)}{first.unit}。"
                if same
                else f"“{target.name.zh}”重述“{first.name.zh}”，但数字不同。",
                f"“{target.name.en}” restates “{first.name.en}” and counts once: {_n(goal)}, not "
                f"{_n(goal + again)}."
                if same
                else f"“{target.name.en}” restates “{first.name.en}” with another figure.",
            ),
            amounts=[
                Amount(
                    Name("计一次", "counted once"),
                    f"{_n(goal)} {verdict} {_n(again)}{first.unit}",
                    goal,
                    first.unit,
                )
            ],
            targets=(first, target),
        )


def _restated_levers(registry: Registry) -> Iterator[Implication]:
    for lever in registry.levers:
        if lever.restates is None:
            continue
        first = registry.lever(lever.restates)
        if first.size is None:
            continue
        value, unit = first.size.value, first.size.unit
        again = lever.size.value if lever.size is not None else None
        same = again is None or (again == value and lever.size and lever.size.unit == unit)
        twice = "" if again is None else f", ≠ {_n(value)} + {_n(again)}"
        yield _implication(
            registry,
            rule="restated_lever",
            kind="implied" if same else "conflicts",
            name=Name("重复提到的资金只计一次", "Money named twice counts once"),
            says=Name(
                f"“{lever.name.zh}”指的是“{first.name.zh}”的同一笔{_n(value)}{unit}，只计一次。"
                if same
                else f"“{lever.name.zh}”重述“{first.name.zh}”，但数字不同。",
                f"“{lever.name.en}” means the same {_n(value)}{unit} as “{first.name.en}”: it "
                f"counts once."
                if same
                else f"“{lever.name.en}” restates “{first.name.en}” with another figure.",
            ),
            amounts=[
                Amount(Name("计一次", "counted once"), f"{_n(value)}{unit}{twice}", value, unit)
            ],
            levers=(first, lever),
        )


def _promised_inputs(registry: Registry) -> Iterator[Implication]:
    """A target that a lever's own size meets says nothing about an outcome."""
    for target in _first_named(registry):
        if target.lever is None or target.value is None:
            continue
        lever = registry.lever(target.lever)
        if lever.size is None or lever.size.unit != target.unit:
            continue
        size, goal = lever.size.value, _value(target)
        enough = size >= goal
        yield _implication(
            registry,
            rule="promised_input",
            kind="implied" if enough else "conflicts",
            name=Name("投入承诺由政策工具本身兑现", "A promised input is met by its own lever"),
            says=Name(
                f"“{target.name.zh}”就是政策工具“{lever.name.zh}”的规模：只看是否到位，不算成效。",
                f"“{target.name.en}” is the size of the lever “{lever.name.en}”: delivered or not, "
                f"never counted as an outcome.",
            ),
            amounts=[
                Amount(
                    Name("工具规模与目标", "size and target"),
                    f"{_n(size)} {'≥' if enough else '<'} {_n(goal)}{target.unit}",
                    size,
                    target.unit,
                )
            ],
            targets=(target,),
            levers=(lever,),
        )


def _counters(registry: Registry) -> Iterator[Implication]:
    """A count asked for by two plans: anew in each, or one running counter."""
    counts = [t for t in _first_named(registry) if t.flow_or_stock == "cumulative_over_plan"]
    counts = [t for t in counts if t.subset_of is None and t.value is not None]
    for early, late in combinations(sorted(counts, key=lambda t: t.deadline), 2):
        if early.metric != late.metric or early.document == late.document:
            continue
        first, then = _value(early), _value(late)
        unit = late.unit
        yield _implication(
            registry,
            rule="counter",
            kind="implied" if first >= then else "needs",
            name=Name("两个规划中的同一计数", "One count in two plans"),
            says=Name(
                f"若连续计数，{early.deadline.year}年的{_n(first)}{unit}"
                f"{'已满足' if first >= then else '不足以满足'}{late.deadline.year}年的{_n(then)}{unit}；"
                f"若各规划重新计数，两期合计{_n(first + then)}{unit}。",
                f"On one running counter the {_n(first)} of {early.deadline.year} "
                f"{'already meet' if first >= then else 'fall short of'} the {_n(then)} of "
                f"{late.deadline.year}; counted anew in each plan, both ask for {_n(first + then)}.",
            ),
            amounts=[
                _sum(Name("重新计数", "counted anew"), (first, then), unit),
                _largest(Name("连续计数", "one running counter"), (first, then), unit),
            ],
            targets=(early, late),
            perimeters=(early, late),
        )


def _stages(registry: Registry) -> Iterator[Implication]:
    """Dated stages of one thing: a later stage contains the earlier one."""
    dated = [t for t in _first_named(registry) if t.comparator == "by_date"]
    for one, other in combinations(dated, 2):
        early, late = sorted((one, other), key=_value)
        if early.metric != late.metric or _scope(early) != _scope(late):
            continue
        days = (late.deadline - early.deadline).days
        late_enough = days >= 0
        yield _implication(
            registry,
            rule="stage",
            kind="needs" if late_enough else "conflicts",
            name=Name("阶段之间的时间", "Time between two stages"),
            says=Name(
                f"若“{early.name.zh}”恰在{early.deadline}完成，到“{late.name.zh}”（{late.deadline}）"
                f"只有{days}天；后者达成即表明前者已达成。",
                f"If “{early.name.en}” is done on {early.deadline}, {days} days are left for "
                f"“{late.name.en}” ({late.deadline}); the later stage contains the earlier one.",
            ),
            amounts=[
                Amount(
                    Name("可用时间", "time left"),
                    f"{late.deadline} − {early.deadline} = {days} d",
                    float(days),
                    "d",
                )
            ],
            targets=(early, late),
        )


def _growth_between_totals(registry: Registry) -> Iterator[Implication]:
    """From one plan's revenue total to a later plan's; two perimeters are named, not spliced."""
    totals = [t for t in _first_named(registry) if t.metric in TOTALS and t.value]
    for early, late in combinations(sorted(totals, key=lambda t: t.deadline), 2):
        years = round((late.deadline - early.deadline).days / _DAYS_A_YEAR)
        if years < 1 or _scope(early) != _scope(late):
            continue
        same = early.metric == late.metric
        amount = _growth(Name("年均增速", "growth a year"), _value(early), _value(late), years)
        zh = f"由{early.deadline.year}年的{_figure(early)}到{late.deadline.year}年的{_figure(late)}，"
        en = f"From {_figure(early)} in {early.deadline.year} to {_figure(late)} in {late.deadline.year}: "
        if not same:
            zh += "分属两个口径，不作拼接；只有二者相同时，"
            en += "two perimeters, not spliced; only if they were one, "
        yield _implication(
            registry,
            rule="growth_between_targets",
            kind="needs",
            name=Name("目标到目标的增速", "Growth from target to target"),
            says=Name(
                f"{zh}才需年均{_rate(amount.value)} %。"
                if not same
                else f"{zh}需年均{_rate(amount.value)} %。",
                f"{en}{_rate(amount.value)} % a year.",
            ),
            amounts=[amount],
            targets=(early, late),
            condition=None
            if same
            else Name(
                "两个数字属同一口径，且先前目标已如数实现",
                "both figures have one perimeter, and the earlier target was met to the yuan",
            ),
            perimeters=() if same else (early, late),
        )


def _growth_from_bases(registry: Registry, bases: Sequence[Construction]) -> Iterator[Implication]:
    """The growth that each construction of the unpublished base value leaves to be had."""
    for target in _first_named(registry):
        years = target.deadline.year - BASE_YEAR
        if target.metric != "core_revenue" or target.value is None or years < 1 or not bases:
            continue
        amounts = [
            _growth(
                Name(f"{base.meaning.zh}（{base.id}）", f"{base.meaning.en} ({base.id})"),
                base.median,
                target.value,
                years,
            )
            for base in bases
        ]
        rates_zh = "、".join(_rate(amount.value) for amount in amounts)
        rates_en = ", ".join(_rate(amount.value) for amount in amounts)
        levels = ", ".join(_n(base.median) for base in bases)
        yield _implication(
            registry,
            rule="growth_from_base",
            kind="needs",
            name=Name("各口径基数所需增速", "Growth needed from each base"),
            says=Name(
                f"{BASE_YEAR}年基数没有文件公布。由{levels.replace(', ', '、')}{MONEY}起步，"
                f"到{target.deadline.year}年的{_figure(target)}分别需年均增长{rates_zh} %。",
                f"No document states the base of {BASE_YEAR}. From {levels}{MONEY}, "
                f"{_figure(target)} in {target.deadline.year} needs {rates_en} % a year.",
            ),
            amounts=amounts,
            targets=(target,),
            condition=Name(
                "以各口径的中位数为基数；基数是假定，不是公布数",
                "the medians of the constructions are the bases: assumed, not published",
            ),
        )


def _literal_readings(registry: Registry) -> Iterator[Implication]:
    """A figure that a reading quotes in another money unit, and that is not the plan's."""
    for ambiguity in registry.ambiguities:
        for target in map(registry.target, ambiguity.targets):
            if target.unit != MONEY or target.value is None:
                continue
            for quoted in _FOREIGN_MONEY.findall(" ".join(r.name.en for r in ambiguity.readings)):
                figure = parse_quantity(quoted, MONEY)
                if figure == target.value:
                    continue
                factor = figure / target.value
                yield _implication(
                    registry,
                    rule="literal_figure",
                    kind="conflicts",
                    name=Name("另一种单位的字面读法", "A figure quoted in another unit"),
                    says=Name(
                        f"“{quoted}”字面上是{_n(figure)}{MONEY}，为规划的{_figure(target)}的{_n(factor)}倍；"
                        f"没有规划载有它。",
                        f"“{quoted}” is {_n(figure)}{MONEY} when taken literally, {_n(factor)} times "
                        f"the plan's {_figure(target)}; no plan holds it.",
                    ),
                    amounts=[
                        Amount(
                            Name("字面数字", "the literal figure"),
                            f"{quoted} = {_n(figure)}{MONEY}",
                            figure,
                            MONEY,
                        ),
                        _quotient(Name("倍数", "factor"), figure, target.value, "ratio"),
                    ],
                    targets=(target,),
                )


RULES: Final[tuple[Callable[[Registry], Iterator[Implication]], ...]] = (
    _tier_floors,
    _floors_in_totals,
    _floors_of_one_plan,
    _tiers_across_plans,
    _parts,
    _ratios,
    _sums,
    _restated_targets,
    _restated_levers,
    _promised_inputs,
    _counters,
    _stages,
    _growth_between_totals,
    _literal_readings,
)
"""Every rule that needs the registry alone; that of the base values takes a table besides."""


def _implication(
    registry: Registry,
    *,
    rule: str,
    kind: ImplicationKind,
    name: Name,
    says: Name,
    amounts: Iterable[Amount | None],
    targets: Sequence[Target] = (),
    levers: Sequence[Lever] = (),
    condition: Name | None = None,
    perimeters: Sequence[Target] = (),
) -> Implication:
    inputs = [*map(_target_input, targets), *map(_lever_input, levers)]
    ids = {target.id for target in targets}
    touched = [
        ambiguity.key
        for ambiguity in registry.ambiguities
        if ids and ambiguity.targets
        if ids <= set(ambiguity.targets) or ids >= set(ambiguity.targets)
    ]
    return Implication(
        key="-".join((rule, *(item.key for item in inputs))),
        rule=rule,
        kind=kind,
        name=name,
        says=says,
        amounts=tuple(amount for amount in amounts if amount is not None),
        inputs=tuple(inputs),
        condition=condition,
        perimeters=tuple(_perimeter(registry, target) for target in perimeters),
        ambiguities=tuple(touched),
    )


def _target_input(target: Target) -> Input:
    return Input(
        target.id, target.key, target.name, target.clause, _aim(target), target.deadline.year
    )


def _lever_input(lever: Lever) -> Input:
    stated = _size_text(lever.size) if lever.size else ""
    return Input(lever.id, lever.key, lever.name, lever.clause, stated, lever.end)


def _size_text(size: Size) -> str:
    high = "" if size.value_high is None else f"–{_n(size.value_high)}"
    return f"{_n(size.value)}{high}{size.unit}"


def _perimeter(registry: Registry, target: Target) -> Perimeter:
    metric = registry.metric(target.metric)
    return Perimeter(metric.id, metric.name, in_both(metric.definition), target.document)


def _first_named(registry: Registry) -> list[Target]:
    """The targets without those that only restate another."""
    return [target for target in registry.targets if target.restates is None]


def _one(registry: Registry, document: str, metric: str) -> Target | None:
    """The city-wide target of a plan for a metric, or None."""
    for target in _first_named(registry):
        if (target.document, target.metric) == (document, metric) and target.value:
            return target
    return None


def _pairs_of_one_plan(
    registry: Registry, above: str, below: str
) -> Iterator[tuple[Target, Target]]:
    for document in registry.documents:
        top, bottom = (_one(registry, document.id, metric) for metric in (above, below))
        if top is not None and bottom is not None:
            yield top, bottom


def _scope(target: Target) -> tuple[object, ...]:
    return target.scope, target.chains, target.places


def _value(target: Target) -> float:
    assert target.value is not None, f"{target.id} has no number"
    return target.value


def _aim(target: Target) -> str:
    return goal_text(target.comparator, target.value, target.value_high, target.unit)


def _figure(target: Target) -> str:
    return f"{_n(_value(target))}{target.unit}"


def _words(target: Target) -> Name:
    """The goal in a sentence."""
    zh, en = ("超过", "more than") if target.comparator == ">" else ("不低于", "at least")
    return Name(f"{zh}{_figure(target)}", f"{en} {_figure(target)}")


def _count_words(tier: _Tier) -> Name:
    """`10家百亿…` in words: the count, what is counted, its size."""
    what = _COUNTED.get(tier.what, Name(tier.what, tier.what))
    high = tier.target.value_high
    count = _n(tier.number) if high is None else f"{_n(tier.number)}–{_n(high)}"
    return Name(
        f"{count}{tier.target.unit}{_n(tier.size)}{MONEY}以上的{what.zh}",
        f"{count} {what.en} of {_n(tier.size)}{MONEY} or more",
    )


_COUNTED: Final[Mapping[str, Name]] = {
    "firms": Name("企业", "firms"),
    "clusters": Name("集群", "clusters"),
}


def _growth(label: Name, start: float, goal: float, years: int) -> Amount:
    rate = ((goal / start) ** (1.0 / years) - 1.0) * 100.0
    text = f"({_n(goal)} / {_n(start)})^(1/{years}) − 1 = {rate:.1f} %"
    return Amount(label, text, rate, "%")


def _money(label: Name, terms: Sequence[str], value: float) -> Amount:
    return Amount(label, f"{' + '.join(terms)} = {_n(value)}{MONEY}", value, MONEY)


def _sum(label: Name, values: Sequence[float], unit: str) -> Amount:
    total = sum(values)
    return Amount(label, f"{' + '.join(map(_n, values))} = {_n(total)}{unit}", total, unit)


def _largest(label: Name, values: Sequence[float], unit: str) -> Amount:
    largest = max(values)
    return Amount(label, f"max({', '.join(map(_n, values))}) = {_n(largest)}{unit}", largest, unit)


def _left(label: Name, whole: float, part: float, unit: str) -> Amount:
    """What a part leaves of the whole; nothing where it is larger."""
    rest = max(whole - part, 0.0)
    sign = "=" if part <= whole else "→"
    return Amount(label, f"{_n(whole)} − {_n(part)} {sign} {_n(rest)}{unit}", rest, unit)


def _quotient(label: Name, above: float, below: float, unit: str) -> Amount:
    shown = f"{above / below:.2f}".rstrip("0").rstrip(".")
    return Amount(label, f"{_n(above)} / {_n(below)} = {shown}", above / below, unit)


def _joined(one: Name, other: Name) -> Name:
    return Name(f"{one.zh}：{other.zh}", f"{one.en}: {other.en}")


def _word(unit: str) -> str:
    """A unit inside an English sentence: money is named, a count is not."""
    return unit if unit == MONEY else ""


def _rate(value: float) -> str:
    return f"{value:.0f}"


def _n(value: float) -> str:
    """A figure as a plan prints it: whole numbers in full, quotients with four digits."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.4g}"
