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
    CaseOutcomes,
    Cases,
    aim_of,
    budget_of,
    metric_unit,
    metric_values,
    paired,
)
from simulator.experiments.comparison import student_95
from simulator.foundation.findings import UsageError, nearest
from simulator.observables import observable_of
from simulator.registry import Name
from simulator.scenario import LeverSetting, Scenario
from simulator.targets import goals_of, score

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


class Estimate(NamedTuple):
    """A mean over members with its 95 % interval (Monte Carlo error only)."""

    value: float
    low: float
    high: float


class Share(NamedTuple):
    """What one group did to one outcome.

    `share` is its Shapley share; `alone` its effect on the first scenario when nothing else is switched on, `last`
    when everything else is already on. `order_error` is the standard error that drawn orders leave, zero when exact.
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
        near = nearest(by, BY)
        hint = f"; did you mean {near}?" if near else ""
        raise UsageError(f"--by is {by!r}; allowed: {', '.join(BY)}{hint}")
    for what, one, two in (
        ("period", scenario.period, against.period),
        ("founding", scenario.founding, against.founding),
        ("list of firms", scenario.population, against.population),
        ("construction of the base", scenario.base_construction, against.base_construction),
        ("data", scenario.library.registry.digest, against.library.registry.digest),
    ):
        if one != two:
            raise UsageError(f"the scenarios differ in their {what}; only levers, assumptions and "
                             "mechanisms can be attributed")  # fmt: skip
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
            near = nearest(key, keys)
            hint = f"; did you mean {near}?" if near else ""
            raise UsageError(f"{key!r} is no lever that differs; they are {', '.join(keys)}{hint}")
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
            f"{scenario.stem} and {against.stem} set the same levers, assumptions and mechanisms"
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
    for _ in range(max(1, (orders or 24) // 2)):
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
    spread = pairs.mean(axis=2).std(axis=0, ddof=1) if len(pairs) > 1 else np.full(groups, np.nan)
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
    series_name = observable_of(series).name
    named = Name(f"{series_name.zh}，{year} 年", f"{series_name.en}, {year}")
    chance = Name(f"实现“{aim.name.zh}”的概率", f"Chance of: {aim.name.en}")
    outcomes = (
        _attributed(full_metric, named, metric_unit(full_metric), groups, of_metric, walked),
        _attributed(f"P({aim.key})", chance, "share", groups, of_aim, walked),
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


def headline_of(outcomes: CaseOutcomes, series: str = "core_revenue") -> str:
    """The key of the target to ask about when none is named.

    A headline target that `series` measures, else any headline, else any target; only scored ones count.
    """
    scenario = outcomes.scenario
    goals = goals_of(scenario.library.registry, outcomes.years, (), scenario.plans)
    scored = [item for item in score(goals, outcomes) if item.probability is not None]
    if not scored:
        raise UsageError(f"{scenario.stem} has no scored target")
    return min(scored, key=lambda item: (item.series != series, not item.headline)).key


def estimate(values: Floats) -> Estimate:
    """Mean of the members' values with Student's 95 % interval; no width where all are equal."""
    mean = float(values.mean())
    if values.size < 2 or values.min() == values.max():
        return Estimate(mean, mean, mean)
    half = student_95(values.size - 1) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Estimate(mean, mean - half, mean + half)


def _attributed(
    outcome: str,
    name: Name,
    unit: str,
    groups: Sequence[Group],
    values: Mapping[Coalition, Floats],
    orders: Sequence[Sequence[int]],
) -> Attributed:
    everyone: Coalition = frozenset(range(len(groups)))
    nobody: Coalition = frozenset()
    before, after = values[nobody], values[everyone]
    shares, order_errors = shapley(len(groups), values.__getitem__, orders)
    alone = [values[frozenset([i])] - before for i in range(len(groups))]
    rows = tuple(
        Share(
            group,
            estimate(shares[i]),
            estimate(alone[i]),
            estimate(after - values[everyone - {i}]),
            float(order_errors[i]),
        )
        for i, group in enumerate(groups)
    )
    total = after - before
    return Attributed(
        outcome,
        name,
        unit,
        float(before.mean()),
        float(after.mean()),
        estimate(total),
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
