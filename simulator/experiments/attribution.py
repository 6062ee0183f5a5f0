"""Who moved it: Shapley shares of a change between two scenarios, by group of what was changed.

A group's share is its marginal effect averaged over all orders in which the groups could be switched on, so it
depends on no order, two groups that do the same get the same, and the shares add up to the whole change, member by
member. Up to `EXACT` groups every coalition is run; beyond that orders are drawn, each with its reverse (antithetic),
and what the drawing leaves open is told beside the sampling of members.
Source: Shapley (1953); Castro, Gómez and Tejada (2009) for drawn orders.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.experiments.cases import (
    Aim,
    Cases,
    aim_of,
    budget_of,
    headline_of,
    metric_unit,
    metric_values,
    paired,
)
from simulator.experiments.intervals import Estimate, change_of_share, mean_of, student_95
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.observables import observable_of
from simulator.registry import Name
from simulator.scenario import LeverSetting, Scenario

Floats = npt.NDArray[np.float64]
Coalition = frozenset[int]

EXACT: Final = 8
BY: Final = ("kind", "document", "lever")
ASSUMPTIONS: Final = Name("假设", "assumptions")
SWITCHES: Final = Name("机制开关", "switches of mechanisms")


class Group(NamedTuple):
    """What is switched on together: levers by id, assumptions and mechanisms by name."""

    name: Name
    levers: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()


class Share(NamedTuple):
    """What one group did to one outcome.

    `share` is its Shapley share; `alone` its effect on the first scenario when nothing else is switched on, `last`
    when everything else is already on. `order_error` is the standard error that drawn orders leave, zero when exact;
    the interval of the share holds it too.
    """

    group: Group
    share: Estimate
    alone: Estimate
    last: Estimate
    order_error: float


@dataclass(frozen=True, slots=True)
class Attributed:
    """One outcome taken apart: `before` and `after` are means, `residual` what the shares leave of the total.

    `interaction` is the total less the sum of all effects `alone`: what groups do only together.
    """

    outcome: str
    name: Name
    unit: str
    before: float
    after: float
    total: Estimate
    shares: tuple[Share, ...]
    residual: float
    interaction: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """A change between two scenarios by group, in a metric and in a probability."""

    scenario: Scenario
    against: Scenario
    aim: Aim
    by: str
    exact: bool
    orders: int
    coalitions: int
    members: int
    failed: int
    extra_cost: float
    outcomes: tuple[Attributed, ...]


def groups_of(
    scenario: Scenario,
    against: Scenario,
    by: str = "kind",
    custom: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Group, ...]:
    """What differs between two scenarios, in groups: by `kind` of lever, `document`, single `lever`, or custom names.

    Custom groups hold lever keys; what they leave out stands one by one. Assumptions and switches that differ are
    two further groups. UsageError where the scenarios differ in period, founding, list of firms or data, or not at all.
    """
    if by not in BY:
        hint = did_you_mean(by, BY)
        raise UsageError(
            f"--by is {by!r}; allowed: {', '.join(BY)}{hint.en}",
            f"--by 的值 {by!r} 无效；可用：{'、'.join(BY)}{hint.zh}",
        )
    for what, one, two in (
        (Name("时段", "period"), scenario.period, against.period),
        (Name("期初", "founding"), scenario.founding, against.founding),
        (Name("企业名单", "list of firms"), scenario.population, against.population),
        (
            Name("基数口径", "construction of the base"),
            scenario.base_construction,
            against.base_construction,
        ),
        (Name("数据", "data"), scenario.library.digests, against.library.digests),
    ):
        if one != two:
            raise UsageError(
                f"the scenarios differ in their {what.en}; only levers, assumptions and mechanisms can be attributed",
                f"两个情景的{what.zh}不同；只有政策工具、假设与机制之差可以归因",
            )
    mine = {setting.lever.id: setting for setting in scenario.levers}
    theirs = {setting.lever.id: setting for setting in against.levers}
    differing = [
        lever
        for lever in sorted({*mine, *theirs})
        if not _same_lever(mine.get(lever), theirs.get(lever), scenario)
    ]
    registry = scenario.library.registry
    labels: dict[str, str] = {}
    named: dict[str, Name] = {}
    taken = {key: label for label, keys in (custom or {}).items() for key in keys}
    for key in taken:
        if key not in {registry.lever(lever).key for lever in differing}:
            keys = [registry.lever(lever).key for lever in differing]
            hint = did_you_mean(key, keys)
            raise UsageError(
                f"{key!r} is no lever that differs; they are {', '.join(keys)}{hint.en}",
                f"{key!r} 不是有差别的政策工具；有差别的是 {'、'.join(keys)}{hint.zh}",
            )
    kinds = {kind.id: kind.name for kind in registry.kinds}
    for lever_id in differing:
        lever = registry.lever(lever_id)
        if custom:
            label = taken.get(lever.key, lever.key)
            named.setdefault(label, Name(label, label) if lever.key in taken else lever.name)
        elif by == "kind":
            label = lever.kind
            named.setdefault(label, kinds.get(label, Name(label, label)))
        elif by == "document":
            label = lever.document
            named.setdefault(label, registry.document(label).name)
        else:
            label = lever.key
            named.setdefault(label, lever.name)
        labels[lever_id] = label
    groups = [
        Group(name, tuple(lever for lever in differing if labels[lever] == label))
        for label, name in named.items()
    ]
    assumptions = tuple(
        name for name, value in scenario.assumptions.items() if against.assumptions[name] != value
    )
    switches = tuple(
        name for name, on in scenario.mechanisms.items() if against.mechanisms[name] != on
    )
    if assumptions:
        groups.append(Group(ASSUMPTIONS, assumptions=assumptions))
    if switches:
        groups.append(Group(SWITCHES, mechanisms=switches))
    if not groups:
        raise UsageError(
            f"{scenario.stem} and {against.stem} set the same levers, assumptions and mechanisms",
            f"{scenario.stem} 与 {against.stem} 的政策工具、假设与机制都相同",
        )
    return tuple(groups)


def between(
    scenario: Scenario, against: Scenario, groups: Sequence[Group], on: Coalition
) -> Scenario:
    """`against` with the groups that are `on` taken from `scenario`; judged on the targets of `scenario`."""
    mine = {setting.lever.id: setting for setting in scenario.levers}
    levers = {setting.lever.id: setting for setting in against.levers}
    assumptions, mechanisms = dict(against.assumptions), dict(against.mechanisms)
    for position in on:
        group = groups[position]
        for lever in group.levers:
            levers.pop(lever, None)
            if lever in mine:
                levers[lever] = mine[lever]
        assumptions.update({name: scenario.assumptions[name] for name in group.assumptions})
        mechanisms.update({name: scenario.mechanisms[name] for name in group.mechanisms})
    return dataclasses.replace(
        scenario,
        levers=tuple(levers[lever] for lever in sorted(levers)),
        assumptions=assumptions,
        mechanisms=mechanisms,
    )


def coalitions_of(groups: int, orders: int | None, seed: int) -> tuple[list[tuple[int, ...]], bool]:
    """The orders to walk and whether they stand for all of them.

    Without `orders`, few groups are taken exactly (no order is returned) and many by 12 drawn orders and their
    reverses.
    """
    if orders is None and groups <= EXACT:
        return [], True
    drawn: list[tuple[int, ...]] = []
    generator = np.random.default_rng(np.random.SeedSequence([seed, groups]))
    for _ in range(max(2, (orders or 24) // 2)):
        order = tuple(int(i) for i in generator.permutation(groups))
        drawn += [order, order[::-1]]
    return drawn, False


def needed(groups: int, orders: Sequence[Sequence[int]]) -> list[Coalition]:
    """Every coalition that a Shapley value by these orders (none: exactly) asks for, smallest first."""
    everyone = range(groups)
    found: dict[Coalition, None] = {frozenset(): None}
    if orders:
        for order in orders:
            for size in range(1, groups + 1):
                found[frozenset(order[:size])] = None
        for i in everyone:  # for the effects alone and last
            found[frozenset([i])] = None
            found[frozenset(everyone) - {i}] = None
    else:
        for size in range(1, groups + 1):
            for chosen in itertools.combinations(everyone, size):
                found[frozenset(chosen)] = None
    return sorted(found, key=lambda c: (len(c), sorted(c)))


def shapley(
    groups: int, value: Callable[[Coalition], Floats], orders: Sequence[Sequence[int]] = ()
) -> tuple[Floats, Floats]:
    """Shapley shares of each member, and the standard error that drawn orders leave.

    `value` gives the members' outcomes of a coalition, shape (members,). Without `orders` the shares are exact.
    Shapes: (groups, members) and (groups,). In both cases each member's shares add up to
    value(everyone) − value(nobody).
    """
    if not orders:
        shares = np.zeros((groups, value(frozenset()).size))
        for i in range(groups):
            others = [j for j in range(groups) if j != i]
            for size in range(groups):
                weight = 1.0 / (groups * math.comb(groups - 1, size))
                for chosen in itertools.combinations(others, size):
                    before = frozenset(chosen)
                    shares[i] += weight * (value(before | {i}) - value(before))
        return shares, np.zeros(groups)
    walks = []
    for order in orders:
        walk = np.zeros((groups, value(frozenset()).size))
        for place, i in enumerate(order):
            walk[i] = value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))
        walks.append(walk)
    # An order and its reverse are one draw, their mean.
    pairs = np.array([(a + b) / 2 for a, b in zip(walks[::2], walks[1::2], strict=True)])
    spread = pairs.mean(axis=2).std(axis=0, ddof=1)
    return pairs.mean(axis=0), spread / math.sqrt(len(pairs))


def attribute(
    scenario: Scenario,
    against: Scenario,
    *,
    members: int = 200,
    by: str = "kind",
    custom: Mapping[str, Sequence[str]] | None = None,
    metric: str = "core_revenue",
    target: str = "",
    published: bool = False,
    orders: int | None = None,
    cases: Cases | None = None,
) -> Attribution:
    """Shapley shares of the change from `against` to `scenario` in a metric and in the chance of a target.

    Without `target` the first headline target on the metric's series is taken. UsageError as for `groups_of`, and for
    an unknown metric or target.
    """
    groups = groups_of(scenario, against, by, custom)
    walked, exact = coalitions_of(len(groups), orders, scenario.seed)
    wanted = needed(len(groups), walked)
    held = cases or Cases()
    held.plan(len(wanted) * members)
    # Members and seed are those of the scenario asked about, so that all coalitions are paired.
    others = dataclasses.replace(against, seed=scenario.seed)
    chosen = [between(scenario, others, groups, on) for on in wanted]
    found = held.evaluate_all(chosen, range(members))
    failed = len({member for outcome in found for member, _ in outcome.failed})
    together = dict(zip(wanted, paired(found), strict=True))
    first = together[frozenset()]
    full_metric, _ = metric_values(first, metric)
    series, _, year = full_metric.partition("@")
    aim = aim_of(scenario, target or headline_of(first, series), first, published)
    of_metric = {on: metric_values(outcome, metric)[1] for on, outcome in together.items()}
    of_aim = {on: aim.flags(outcome).astype(np.float64) for on, outcome in together.items()}
    still = unmoved(len(groups), {on: aim.levels(outcome) for on, outcome in together.items()})
    series_name = observable_of(series).name
    named = Name(f"{series_name.zh}，{year} 年", f"{series_name.en}, {year}")
    chance = Name(f"实现概率：{aim.name.zh}", f"Chance of: {aim.name.en}")
    outcomes = (
        _attributed(full_metric, named, metric_unit(full_metric), groups, of_metric, walked, None),
        _attributed(f"P({aim.key})", chance, "share", groups, of_aim, walked, still),
    )
    extra = sum(budget_of(scenario).values()) - sum(budget_of(against).values())
    return Attribution(
        scenario,
        against,
        aim,
        "custom" if custom else by,
        exact,
        len(walked),
        len(wanted),
        int(first.members.size),
        failed,
        extra,
        outcomes,
    )


def unmoved(groups: int, levels: Mapping[Coalition, Floats]) -> frozenset[int]:
    """Groups that leave every level of every member as it was, wherever both coalitions were run."""
    return frozenset(
        i
        for i in range(groups)
        if all(
            np.array_equal(found, levels[on | {i}])
            for on, found in levels.items()
            if i not in on and on | {i} in levels
        )
    )


def _attributed(
    outcome: str,
    name: Name,
    unit: str,
    groups: Sequence[Group],
    values: Mapping[Coalition, Floats],
    orders: Sequence[Sequence[int]],
    still: frozenset[int] | None,
) -> Attributed:
    """One outcome taken apart; `still` names the groups that move no level, None for an outcome that is a number."""
    everyone: Coalition = frozenset(range(len(groups)))
    nobody: Coalition = frozenset()
    before, after = values[nobody], values[everyone]
    shares, order_errors = shapley(len(groups), values.__getitem__, orders)
    alone = [values[frozenset([i])] - before for i in range(len(groups))]

    def told(changes: Floats, i: int, order_error: float = 0.0) -> Estimate:
        if still is None or i in still:
            found = mean_of(changes)
        else:
            found = change_of_share(changes)
        if order_error <= 0.0:
            return found
        # Members and orders are drawn apart, so that their errors add as squares.
        drawn = student_95(len(orders) // 2 - 1) * order_error
        low, high = (math.hypot(end - found.value, drawn) for end in found[1:])
        return Estimate(found.value, found.value - low, found.value + high)

    rows = tuple(
        Share(
            group,
            told(shares[i], i, float(order_errors[i])),
            told(alone[i], i),
            told(after - values[everyone - {i}], i),
            float(order_errors[i]),
        )
        for i, group in enumerate(groups)
    )
    total = after - before
    whole = mean_of(total) if still is None or len(still) == len(groups) else change_of_share(total)
    return Attributed(
        outcome,
        name,
        unit,
        float(before.mean()),
        float(after.mean()),
        whole,
        rows,
        float((total - shares.sum(axis=0)).mean()),
        float((total - np.sum(alone, axis=0)).mean()),
    )


def _same_lever(one: LeverSetting | None, two: LeverSetting | None, scenario: Scenario) -> bool:
    """Whether two settings are the same, or neither ever acts."""
    if one == two:
        return True
    quarters = scenario.period.quarters
    doses = [setting.dose.values(quarters) for setting in (one, two) if setting is not None]
    return not any(any(values) for values in doses)
