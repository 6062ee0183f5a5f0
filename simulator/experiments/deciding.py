"""What decides an outcome: a ranked list of causes whose shares of its variance sum to one.

Outcomes are predicted, for members left out, by a sum of smooth terms of single parameters (`resting.smooth`): the
strong ones by least squares, the many weak ones by ridge regression on what is left. The share of a parameter is the
covariance of its term with the outcome over the outcome's variance, so that shares of parameters add up to what they
explain together, and a parameter that decides nothing gets nought on average. The base value falls into two causes:
which perimeter is meant, and its level within that perimeter. What the same members do with other luck tells the share
of luck, and interactions of parameters are what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.experiments.inference import Floats, Integers, Interval
from simulator.experiments.resting import (
    DEGREE,
    FEWEST,
    FOLDS,
    drawn,
    first_order,
    headline,
    outcome_of,
    smooth,
)
from simulator.experiments.store import Run
from simulator.registry import Name

STRONG: Final = 0.01
"""First-order share from which a parameter is fitted without shrinkage."""
MOST_STRONG: Final = 12
PENALTY: Final = 300.0
RESAMPLES: Final = 500
SEED: Final = 20250101
BASE: Final = "base_core_revenue"
PERIMETER, LEVEL, LUCK, MIXED, REST = "perimeter", "base level", "luck", "interactions", "rest"

GROUPS: Final[Mapping[str, Name]] = {
    PERIMETER: Name("基数口径（四种口径之一）", "perimeter of the base value"),
    LEVEL: Name("基数水平（口径之内）", "base value within its perimeter"),
    "loading": Name("对全国增长的载荷与净进入份额", "loading on the nation's growth"),
    "nation": Name("全国增速", "national growth"),
    "shocks": Name("年度冲击的大小（全国、链、全市）", "size of yearly shocks"),
    "large firms": Name("大企业：期初个数与规模尾部", "large firms at founding"),
    "luck of firms": Name("企业冲击的尺度", "scale of the luck of firms"),
    "stock": Name("期初其他企业存量", "other firms at founding"),
    "entry": Name("进入、引进与退出", "entry, arrival and exit"),
    "people": Name("人才", "people"),
    "research": Name("研发与技术", "research and technology"),
    "money": Name("基金与产能", "funds and capacity"),
    "demand": Name("场景需求与本地联系", "scenario demand and local links"),
    "place": Name("选址与园区", "places and zones"),
    "projects": Name("项目、称号与集群", "projects, titles and clusters"),
    "reporting": Name("统计口径漂移与报告误差", "definitions and reporting"),
    "other": Name("其他参数", "other parameters"),
    LUCK: Name("运气：单个企业与逐年冲击", "luck: firms, yearly shocks"),
    MIXED: Name("参数之间的交互", "interactions of parameters"),
    REST: Name("运气与交互", "luck and interactions"),
}
"""Causes by key, in the words of the table."""
_BY_NAME: Final = {
    "loading_national": "loading",
    "net_entry_share_national": "loading",
    "g_nat_ai": "nation",
    "g_nat_2024": "nation",
    "n10_2024": "large firms",
    "founding_tail": "large firms",
    "unnamed_max_size": "large firms",
    "laplace_b_small": "luck of firms",
    "beta_size_var": "luck of firms",
    "zone_effect_muni": "place",
}
_BY_MECHANISM: Final = {
    "M1": "shocks", "M2": "luck of firms", "M3": "luck of firms", "M4": "people", "M5": "people", "M6": "research",
    "M7": "research", "M8": "money", "M9": "money", "M10": "demand", "M11": "demand", "M12": "entry", "M13": "entry",
    "M14": "entry", "M15": "place", "M16": "projects", "M17": "projects", "M18": "projects", "M19": "projects",
    "M20": "reporting", "founding": "stock",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause and its share of the variance with a bootstrap 90 % interval; `parameters` in falling order."""

    key: str
    name: Name
    share: Interval
    parameters: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """What decides one outcome: causes in falling order, their shares sum to one."""

    key: str
    name: Name
    members: int
    repeated: int  # members met by other luck; 0 where luck and interactions stand together
    causes: tuple[Cause, ...]


def group_of(name: str, mechanism: str) -> str:
    """The cause that a parameter belongs to."""
    return _BY_NAME.get(name) or _BY_MECHANISM.get(mechanism, "other")


def decided(runs: Sequence[Run], keys: Sequence[str] = ()) -> tuple[Decided, ...]:
    """What decides each headline outcome of a run (or those of `keys`).

    `runs` are the run and, from `split.repeat_luck`, the same members with other luck; with the run alone luck and
    interactions are one. Raises ValueError for fewer than `FEWEST` members.
    """
    run = runs[0]
    if run.n < FEWEST:
        raise ValueError(f"needs at least {FEWEST} members, has {run.n}")
    names, draws, _ = drawn(run)
    perimeter = np.asarray(run.parameters("construction"))
    groups = [group_of(name, run.scenario.parameters[name].mechanism) for name in names]
    found = []
    for goal in headline(run, keys):
        outcome = outcome_of(run, goal)
        if outcome is None or not outcome.std() > 0.0:
            continue
        terms = components(draws, outcome)
        luck = None
        if len(runs) > 1:
            again = [outcome_of(other, goal) for other in runs[1:]]
            shared = [np.isin(run.members, other.members) for other in runs[1:]]
            pairs = [
                (outcome[inside] - other) ** 2 / 2.0
                for other, inside in zip(again, shared, strict=True)
                if other is not None
            ]
            luck = np.concatenate(pairs)
        causes = shares(names, groups, terms, outcome, perimeter, luck)
        found.append(Decided(goal.key, goal.name, run.n, 0 if luck is None else len(luck), causes))
    return tuple(found)


def components(draws: Floats, outcome: Floats) -> Floats:
    """What each parameter of draws (n, P) adds to the outcome (n,) of members left out, (n, P); mean about nought."""
    features = smooth(draws)
    features = features - features.mean(axis=0)
    terms = np.zeros(draws.shape)
    fold = np.arange(len(outcome)) % FOLDS
    for k in range(FOLDS):
        own, other = fold == k, fold != k
        first = np.array([first_order(column, outcome[other]) for column in draws[other].T])
        strong = np.argsort(-first)[:MOST_STRONG]
        strong = np.sort(strong[first[strong] > STRONG])
        columns = (strong[:, np.newaxis] * DEGREE + np.arange(DEGREE)).ravel()
        weak = np.setdiff1d(np.arange(features.shape[1]), columns)
        slopes = np.zeros(features.shape[1])
        centred = outcome[other] - outcome[other].mean()
        design = np.column_stack([np.ones(len(centred)), features[other][:, columns]])
        fitted = np.linalg.lstsq(design, centred, rcond=None)[0]
        slopes[columns] = fitted[1:]
        left = centred - design @ fitted
        gram = features[other][:, weak].T @ features[other][:, weak]
        gram[np.diag_indices_from(gram)] += PENALTY
        slopes[weak] = np.linalg.solve(gram, features[other][:, weak].T @ left)
        terms[own] = (features[own] * slopes).reshape(own.sum(), -1, DEGREE).sum(axis=2)
    return terms


def shares(
    names: Sequence[str],
    groups: Sequence[str],
    terms: Floats,
    outcome: Floats,
    perimeter: Floats,
    luck: Floats | None,
) -> tuple[Cause, ...]:
    """Causes in falling order. `luck` are half squared differences between two lucks of the same parameters, (m,).

    Where luck alone comes out above what parameters leave, interactions are nought and luck takes all that is left.
    """
    columns = dict(zip(names, terms.T, strict=True))
    within: dict[str, dict[str, Floats]] = {}
    for name, group in zip(names, groups, strict=True):
        if name == BASE:
            means = _by_group(columns[name], perimeter)
            within.setdefault(PERIMETER, {})[name] = means
            within.setdefault(LEVEL, {})[name] = columns[name] - means
        else:
            within.setdefault(group, {})[name] = columns[name]
    summed = [np.sum(list(held.values()), axis=0) for held in within.values()]
    rows = np.array(summed).reshape(-1, len(outcome))
    chooser = np.random.default_rng(SEED)
    everyone = np.arange(len(outcome))
    middle = _split(rows, outcome, everyone, luck, np.arange(0 if luck is None else len(luck)))
    drawn_again = np.array(
        [
            _split(
                rows,
                outcome,
                chooser.integers(0, len(outcome), len(outcome)),
                luck,
                np.empty(0, int) if luck is None else chooser.integers(0, len(luck), len(luck)),
            )
            for _ in range(RESAMPLES)
        ]
    )
    low, high = np.quantile(drawn_again, (0.05, 0.95), axis=0)
    keys = [*within, *((REST,) if luck is None else (LUCK, MIXED))]
    variance = outcome.var()
    found = []
    for i, key in enumerate(keys):
        parts = [
            (name, float(np.mean(column * (outcome - outcome.mean())) / variance))
            for name, column in within.get(key, {}).items()
        ]
        interval = Interval(float(low[i]), float(middle[i]), float(high[i]))
        ranked = tuple(sorted(parts, key=lambda part: -part[1]))
        found.append(Cause(key, GROUPS[key], interval, ranked))
    return tuple(sorted(found, key=lambda cause: -cause.share.median))


def _split(
    rows: Floats, outcome: Floats, picks: Integers, luck: Floats | None, lucky: Integers
) -> Floats:
    """Shares of each cause, then luck and interactions (or their sum); they add up to one."""
    y = outcome[picks] - outcome[picks].mean()
    variance = float(np.mean(y**2))
    told = rows[:, picks] @ y / len(y) / variance
    rest = 1.0 - float(told.sum())
    if luck is None:
        return np.append(told, rest)
    alone = min(float(luck[lucky].mean()) / variance, max(rest, 0.0))
    return np.concatenate([told, [alone, rest - alone]])


def _by_group(values: Floats, groups: Floats) -> Floats:
    """Each value replaced by the mean of its group; nought where there is one group only."""
    kinds = np.unique(groups)
    if len(kinds) < 2:
        return np.zeros(len(values))
    means = np.empty(len(values))
    for kind in kinds:
        means[groups == kind] = values[groups == kind].mean()
    return np.asarray(means - values.mean())
