"""Targets are judged as the plans word them, and nothing is silently missing."""

import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest

from simulator.foundation.calendar import Period, Quarter
from simulator.foundation.findings import UsageError
from simulator.observables import BY_KEY, CATALOGUE
from simulator.registry import Name, Rule, load_library, load_registry
from simulator.targets import (
    HOW,
    MECHANISMS,
    MISSING,
    STATUSES,
    UNTESTED,
    Status,
    TargetScore,
    bar_on,
    check_expression,
    construction_groups,
    geometric_benchmark,
    goal_text,
    goals_of,
    joint,
    judge_all,
    judged_bar,
    judged_level,
    judged_path,
    measurable,
    met,
    probability,
    score,
    targets_due,
    trust_in,
    trust_of,
    wilson,
)
from tests.reporting.ensembles import LITERAL, Made, ensemble, with_series

REGISTRY = load_registry()


def under(run: Made, *plans: str) -> Made:
    """The run as that of a scenario with these plans in force."""
    return replace(run, scenario=replace(run.scenario, plans=plans))


def judged(run: Made) -> dict[str, TargetScore]:
    goals = goals_of(run)
    return {item.key: item for item in score(goals, run)}


@pytest.fixture(scope="module")
def run() -> Made:
    return ensemble(n=400)


def flat(run: Made, level: float) -> Made:
    """The run with core revenue at one level in every member and quarter."""
    table = np.full_like(run.table["core_revenue"], level)
    return with_series(run, core_revenue=table, core_revenue_published=table * 1.1)


@pytest.mark.parametrize(
    ("hits", "members", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17: table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_matches_published_intervals(
    hits: int, members: int, low: float, high: float
) -> None:
    assert wilson(hits, members) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("members", [1, 7, 1000])
def test_wilson_stays_within_zero_and_one(members: int) -> None:
    for hits in (0, members):
        low, high = wilson(hits, members)
        assert 0.0 <= low <= hits / members <= high <= 1.0


@pytest.mark.parametrize(
    ("base", "drift", "expected"),
    # The grid of limit L13: σ = 0.15, target 1000, three years.
    [
        (300, 0.25, 0.040),
        (400, 0.25, 0.2611),
        (400, 0.18, 0.074),
        (500, 0.10, 0.065),
        (600, 0.18, 0.545),
        (800, 0.25, 0.979),
    ],
)
def test_benchmark_is_limit_l13(base: float, drift: float, expected: float) -> None:
    found = geometric_benchmark(np.array([base]), 1000.0, 3.0, drift, 0.15)
    assert found == pytest.approx(expected, abs=6e-4)


def test_benchmark_integrates_over_base_values() -> None:
    parts = [
        geometric_benchmark(np.array([x]), 1000.0, 3.0, 0.2, 0.15) for x in (0.0, 400.0, 650.0)
    ]
    whole = geometric_benchmark(np.array([0.0, 400.0, 650.0]), 1000.0, 3.0, 0.2, 0.15)
    assert parts[0] == 0.0
    assert whole == pytest.approx(sum(parts) / 3.0, rel=1e-12)


def test_benchmark_of_a_run_uses_medians_of_loading_and_growth(run: Made) -> None:
    drift = float(np.median(run.drawn["loading_national"])) * math.log(1.22)
    expected = geometric_benchmark(run.drawn["base_core_revenue"], 1000.0, 3.0, drift, 0.15)
    assert judged(run)["tj27_core_revenue"].benchmark == pytest.approx(expected, rel=1e-12)


def test_every_target_of_the_registry_has_a_status() -> None:
    items = judge_all(load_library())
    assert [item.target.id for item in items] == [target.id for target in REGISTRY.targets]
    assert len(items) == 55
    for item in items:
        assert (item.status == "scored") == bool(item.series)
        assert (item.status == "not_modelled") == bool(item.mechanism)
        if item.mechanism:
            assert item.mechanism in MECHANISMS
        if item.target.modelled_how == "checklist":
            assert item.status == "by_hand"
        if item.target.modelled_how == "input":
            assert item.status == "input"


# Theirs is the mechanism of major projects with investment and sales (M16).
def test_no_target_with_a_figure_is_left_without_a_mechanism() -> None:
    items = [item for item in judge_all(load_library()) if item.target.value is not None]
    assert len(items) == 40  # 38 of their own, a restatement and a promised input
    left = [item.target.id for item in items if item.status not in ("scored", "input")]
    assert left == []


def test_a_target_with_a_day_is_judged_on_what_was_there_before_it(run: Made) -> None:
    live = REGISTRY.target("jz18_sorting_live")
    assert (live.deadline.month, live.deadline.day) == (11, 11)
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2020, 4)).quarters)
    delivered = np.zeros((run.n, len(quarters)))
    key = "milestones_delivered[jz18_sorting_live]"
    at = replace(run, quarters=quarters, table={key: delivered})
    delivered[:, quarters.index(Quarter(2019, 4)) :] = 2.0
    assert not met(live, at).any()
    delivered[:, quarters.index(Quarter(2019, 3)) :] = 2.0
    assert met(live, at).all()


def test_what_a_plan_says_twice_counts_once_in_its_joint_probability(run: Made) -> None:
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2020, 4)).quarters)
    firms = np.full((run.n, len(quarters)), 12.0)
    at = replace(run, quarters=quarters, table={"leading_firms": firms})
    goals = [g for g in goals_of(under(at)) if g.document == "chains-2018-2020"]
    scored = {item.key for item in score(goals, at) if item.status == "scored"}
    assert scored == {"ch18_leading_firms", "ch18_leading_firms_restated"}
    (found,) = joint(goals, at)
    assert found.keys == ("ch18_leading_firms",) and found.total == len(goals) - 1


def test_each_metric_has_a_series_or_a_missing_mechanism_and_never_both() -> None:
    measured = {o.metric for o in CATALOGUE if o.metric}
    judged_otherwise = {
        t.metric for t in REGISTRY.targets if t.modelled_how in ("input", "checklist")
    }
    metrics = {metric.id for metric in REGISTRY.metrics}
    assert metrics <= measured | set(MISSING) | judged_otherwise
    assert set(MISSING) <= metrics
    assert not measured & set(MISSING)


def test_whatever_is_said_of_a_target_has_words_in_both_languages() -> None:
    assert set(MISSING.values()) <= set(MECHANISMS)
    assert set(STATUSES) == set(get_args(Status))
    assert set(HOW) == {target.modelled_how for target in REGISTRY.targets}
    for words in (STATUSES, HOW, MECHANISMS):
        assert all(name.zh and name.en and name.zh != name.en for name in words.values())


def test_a_score_says_of_its_goal_what_the_registry_says(run: Made) -> None:
    goals = goals_of(run)
    for goal, found in zip(goals, score(goals, run), strict=True):
        for name in ("id", "key", "name", "document", "metric", "comparator", "value", "unit"):
            assert getattr(found, name) == getattr(goal, name), (goal.id, name)
        assert (found.value_high, found.headline) == (goal.value_high, goal.headline)
        assert (found.year, found.how) == (goal.deadline.year, HOW[goal.modelled_how])
        assert found.extra == (goal is LITERAL)
        assert found.note == (LITERAL.note if found.extra else None)
        if found.status == "scored":
            assert found.reason == found.how and not found.mechanism and found.series in run.series


def test_a_run_is_judged_on_the_plans_in_force(run: Made) -> None:
    years = range(2017, 2028)
    everything = goals_of(under(run), years=years)
    assert [goal.id for goal in everything[:-1]] == [
        target.id for target in REGISTRY.targets if 2018 <= target.deadline.year <= 2027
    ]
    own = goals_of(under(run, "tj-2025-2027"), years=years)
    assert own == goals_of(under(run), under(run, "tj-2025-2027").scenario, years)
    assert {goal.document for goal in own[:-1]} == {"tj-2025-2027"} and own[-1] is LITERAL
    assert len(own) == 12


def test_probabilities_are_calibrated_only_beside_the_verdict_of_a_backtest(run: Made) -> None:
    verdict = Name("回测通过", "the backtest passed")
    for fit, trust in (
        (None, UNTESTED),
        (SimpleNamespace(verdict=None), UNTESTED),
        (SimpleNamespace(verdict=verdict), (True, verdict)),
    ):
        scenario = SimpleNamespace(fit=fit)
        assert trust_of(scenario) == trust
        tested = SimpleNamespace(
            **{name: getattr(run, name) for name in ("library", "quarters", "years", "series")},
            values=run.values,
            annual=run.annual,
            parameters=run.parameters,
            scenario=scenario,
        )
        assert trust_in(tested) == trust
        goals = goals_of(run)
        for found in (*score(goals, tested), *joint(goals, tested)):
            assert (found.calibrated, found.caution) == trust
    assert not UNTESTED.calibrated
    assert trust_in(object()) == trust_of(None) == UNTESTED


def test_the_outcome_is_told_by_its_median_and_ninths_of_ten(run: Made) -> None:
    table = np.tile(np.linspace(0.0, 2000.0, run.n)[:, None], (1, len(run.quarters)))
    found = judged(with_series(run, core_revenue=table, core_revenue_published=table * 0.5))
    core = found["tj27_core_revenue"]
    assert core.outcome == pytest.approx((1000.0, 100.0, 1900.0))
    assert core.outcome_published == pytest.approx((500.0, 50.0, 950.0))
    assert core.published is not None and core.published.value == 0.0
    # Most members lack nothing, and nothing less than that.
    higher = judged(with_series(run, core_revenue=table * 1.5))["tj27_core_revenue"]
    assert higher.shortfall == 0.0
    lower = judged(with_series(run, core_revenue=table * 0.6))["tj27_core_revenue"]
    assert lower.shortfall == pytest.approx(400.0)


def test_each_construction_is_told_with_its_own_base_and_published_figure(run: Made) -> None:
    by_construction = judged(run)["tj27_core_revenue"].by_construction
    twin = met(REGISTRY.target("tj27_core_revenue"), run, published=True)
    for position, part in enumerate(by_construction):
        inside = run.drawn["construction"] == position
        assert part.base == pytest.approx(np.median(run.drawn["base_core_revenue"][inside]))
        assert part.published == probability(twin[inside])
        assert part.name.zh and part.name.en
    alone = {key: values for key, values in run.table.items() if not key.endswith("_published")}
    unpublished = judged(replace(run, table=alone))["tj27_core_revenue"]
    assert unpublished.published is None and unpublished.outcome_published is None
    assert all(part.published is None for part in unpublished.by_construction)


def test_the_published_figure_moves_only_what_has_one(run: Made) -> None:
    made = flat(run, 950.0)
    core, firms = REGISTRY.target("tj27_core_revenue"), REGISTRY.target("tj27_firms_10yi")
    assert not met(core, made).any() and met(core, made, published=True).all()
    assert met(firms, made).tolist() == met(firms, made, published=True).tolist()


def test_a_series_of_its_own_goes_before_one_of_the_metric(run: Made) -> None:
    goal = REGISTRY.target("tj27_firms_10yi")
    shape = np.ones_like(run.table["firms_10"])
    found = {}
    for own in ("project_size_begun", "milestones_delivered"):
        made = with_series(run, **{f"{own}[{goal.key}]": 25.0 * shape})
        (found[own],) = score([goal], made)
        assert found[own].series == f"{own}[{goal.key}]"
        assert found[own].probability is not None and found[own].probability.value == 1.0
    both = with_series(
        run,
        **{
            f"project_size_begun[{goal.key}]": 24.0 * shape,
            f"milestones_delivered[{goal.key}]": 25.0 * shape,
        },
    )
    assert not met(goal, both).any()
    (usual,) = score([goal], run)
    assert usual.series == "firms_10"


def test_no_benchmark_beside_another_perimeter_or_a_target_of_the_founding_year(run: Made) -> None:
    core = REGISTRY.target("tj27_core_revenue")
    (other,) = score(
        [replace(core, rule=Rule(series="core_scale"))],
        with_series(run, core_scale=run.table["core_revenue"]),
    )
    assert other.probability is not None and other.benchmark is None
    (now,) = score([replace(core, deadline=date(2024, 12, 31))], run)
    assert now.probability is not None and now.benchmark is None
    (half,) = score([replace(core, rule=Rule(value=500.0))], run)
    expected = geometric_benchmark(
        run.drawn["base_core_revenue"],
        500.0,
        3.0,
        float(np.median(run.drawn["loading_national"])) * math.log(1.22),
        0.15,
    )
    assert half.benchmark == pytest.approx(expected, rel=1e-12)


def test_the_first_year_is_told_only_of_a_level_as_registered(run: Made) -> None:
    core = REGISTRY.target("tj27_core_revenue")
    rules = (
        Rule(counting="increase"),
        Rule(counting="last_year"),
        Rule(since=date(2025, 6, 30)),
        Rule(plus=("t-tj27-core-revenue",)),
    )
    assert score([core], run)[0].first_reached is not None
    for rule in rules:
        (found,) = score([replace(core, rule=rule)], run)
        assert found.probability is not None and found.first_reached is None, rule
    (summed,) = score([replace(core, flow_or_stock="cumulative_over_plan")], run)
    assert summed.first_reached is None
    # Of an even number of members the lower of the two middle years.
    table = np.zeros_like(run.table["core_revenue"])
    table[:200, 5:] = table[200:, 9:] = 1500.0
    (first,) = score([core], with_series(run, core_revenue=table))
    assert first.first_reached == (2026, 1.0)


def test_a_goal_is_measurable_where_it_has_a_probability(run: Made) -> None:
    goals = goals_of(run)
    without = replace(run, table={"core_revenue": run.table["core_revenue"]})
    for made in (run, without):
        found = {goal.key: measurable(goal, made) for goal in goals}
        assert found == {item.key: item.probability is not None for item in score(goals, made)}
        assert found["tj27_firms_50yi"] == (made is run) and found["tj27_core_revenue"]
    other = replace(BY_KEY["core_revenue"], metric="something_else")
    assert not measurable(goals[0], run, [other])


def test_what_counts_in_is_added(run: Made) -> None:
    core = REGISTRY.target("tj27_core_revenue")
    twice = replace(core, rule=Rule(plus=("t-tj27-core-revenue",)))
    made = flat(run, 501.0)
    assert met(twice, made).all() and not met(core, made).any()
    assert not met(twice, flat(run, 499.0)).any()


def test_the_plan_of_2027_shows_all_its_eleven_targets_and_the_literal_one(run: Made) -> None:
    found = judged(run)
    plan = [item for item in found.values() if not item.extra]
    assert len(plan) == 11
    assert {item.document for item in plan} == {"tj-2025-2027"}
    assert [item.key for item in found.values() if item.extra] == ["literal_core_revenue"]
    assert [item.status for item in plan].count("by_hand") == 2
    assert {i.key for i in plan if i.status == "scored"} == {
        "tj27_core_revenue",
        "tj27_firms_50yi",
        "tj27_firms_10yi",
    }
    assert all(item.probability is None for item in plan if item.status != "scored")
    assert not any(item.calibrated for item in plan)
    assert all(item.caution.zh and item.caution.en for item in plan)
    assert found["tj27_key_tech"].reason.en == "not modelled yet: M7 technology projects"
    assert found["tj27_key_tech"].reason.zh.startswith("尚未建模：M7")


def test_targets_of_the_founding_year_lie_behind_the_run(run: Made) -> None:
    assert run.years[0] == 2024
    assert targets_due(REGISTRY, [2024])
    assert not [g for g in goals_of(run) if g.deadline.year == 2024]


def test_a_level_equal_to_the_goal_passes_at_least_but_not_above(run: Made) -> None:
    found = judged(flat(run, 1000.0))["tj27_core_revenue"]
    assert found.comparator == ">"
    assert found.probability is not None and found.probability.value == 0.0
    assert found.shortfall == 0.0
    assert found.first_reached is not None and found.first_reached.year is None
    firms = np.full_like(run.table["firms_10"], 25.0)
    equal = judged(with_series(run, firms_10=firms))["tj27_firms_10yi"]
    assert equal.comparator == ">="
    assert equal.probability is not None and equal.probability.value == 1.0


def test_published_figure_is_judged_beside_the_true_one(run: Made) -> None:
    found = judged(flat(run, 950.0))["tj27_core_revenue"]
    assert found.probability is not None and found.probability.value == 0.0
    assert found.published is not None and found.published.value == 1.0
    assert found.shortfall == pytest.approx(50.0)
    assert found.outcome_published is not None
    assert found.outcome_published.median == pytest.approx(1045.0)
    assert judged(run)["tj27_firms_10yi"].published is None


def test_first_year_reached_is_a_median_year_with_its_share(run: Made) -> None:
    table = np.zeros_like(run.table["core_revenue"])
    table[:100, 1:] = 1500.0  # from 2025 on
    table[100:160, 9:] = 1500.0  # from 2027 on
    found = judged(with_series(run, core_revenue=table))["tj27_core_revenue"]
    assert found.first_reached == (2025, 0.4)
    assert found.probability is not None and found.probability.value == pytest.approx(0.4)


def test_constructions_part_the_members_and_average_to_the_whole(run: Made) -> None:
    found = judged(run)["tj27_core_revenue"]
    assert [part.construction for part in found.by_construction] == [
        "low",
        "anchors",
        "tail",
        "generous",
    ]
    assert sum(part.probability.members for part in found.by_construction) == run.n
    weighted = sum(p.probability.value * p.probability.members for p in found.by_construction)
    assert found.probability is not None
    assert weighted / run.n == pytest.approx(found.probability.value)
    benchmark = sum((p.benchmark or 0.0) * p.probability.members for p in found.by_construction)
    assert benchmark / run.n == pytest.approx(found.benchmark)
    assert not judged(run)["tj27_firms_10yi"].by_construction


def test_a_given_base_value_shows_only_the_construction_it_belongs_to(run: Made) -> None:
    fixed = replace(run, drawn={**run.drawn, "construction": np.full(run.n, 2.0)})
    assert [group.id for group in construction_groups(fixed)] == ["tail"]
    assert len(judged(fixed)["tj27_core_revenue"].by_construction) == 1


def test_without_the_parameters_there_is_no_benchmark_and_no_construction(run: Made) -> None:
    found = judged(replace(run, drawn={}))["tj27_core_revenue"]
    assert found.benchmark is None
    assert found.by_construction == ()
    assert found.probability == judged(run)["tj27_core_revenue"].probability


def test_the_base_value_of_2024_says_nothing_of_a_run_founded_earlier(run: Made) -> None:
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2020, 4)).quarters)
    table = {**run.table, "core_scale": run.table["core_revenue"]}
    found = judged(replace(under(run, "tj-2018-2020"), quarters=quarters, table=table))
    assert found["tj18_core_revenue"].status == "scored"
    assert found["tj18_core_revenue"].benchmark is None
    assert found["tj18_fund_group"].status == "input"
    assert construction_groups(replace(run, quarters=quarters)) == ()


def test_a_series_that_the_run_does_not_hold_says_so(run: Made) -> None:
    table = {name: values for name, values in run.table.items() if name != "firms_50"}
    found = judged(replace(run, table=table))["tj27_firms_50yi"]
    assert found.status == "not_modelled"
    assert found.probability is None
    assert "2027" in found.reason.en and "2027" in found.reason.zh


def test_different_units_are_never_compared(run: Made) -> None:
    wrong = replace(LITERAL, metric="firms_revenue_ge_10yi")
    with pytest.raises(ValueError, match=r"亿元.*firms_10.*家"):
        score([wrong], run)


def test_joint_is_met_by_the_same_member_and_leaves_out_extra_targets(run: Made) -> None:
    goals = goals_of(run)
    (found,) = joint(goals, run)
    assert found.document == "tj-2025-2027"
    assert (len(found.keys), found.total) == (3, 11)
    by_key = {goal.key: met(goal, run) for goal in goals if goal.key in found.keys}
    together = np.logical_and.reduce(list(by_key.values()))
    assert found.probability == probability(together)
    assert found.probability.value <= min(flags.mean() for flags in by_key.values())
    assert found.published.value >= found.probability.value


def test_met_refuses_a_goal_that_nothing_measures(run: Made) -> None:
    with pytest.raises(KeyError, match="key_technologies"):
        met(REGISTRY.target("tj27_key_tech"), run)


def test_a_probability_needs_members() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        probability(np.zeros(0, dtype=bool))


@pytest.mark.parametrize(
    ("text", "key", "part", "comparator", "bound"),
    [
        ("tj27_core_revenue>=0.6", "tj27_core_revenue", "true", ">=", 0.6),
        (" t-tj27-core-revenue < 60 % ", "tj27_core_revenue", "true", "<", 0.6),
        ("tj27_core_revenue.published>.2", "tj27_core_revenue", "published", ">", 0.2),
        ("tj27_core_revenue.true>=0", "tj27_core_revenue", "true", ">=", 0.0),
        ("joint<=1", "joint", "true", "<=", 1.0),
    ],
)
def test_checks_are_read(text: str, key: str, part: str, comparator: str, bound: float) -> None:
    found = check_expression(text)
    assert (found.key, found.part, found.comparator) == (key, part, comparator)
    assert found.bound == pytest.approx(bound)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tj27_core_revenue", "is not a check"),
        ("tj27_core_revenue>=x", "is not a check"),
        ("tj27_core_revenue>=1.5", "not a probability"),
        ("tj27_core_revenue.publishd>=0.5", "did you mean published"),
        (">=0.5", "is not a check"),
    ],
)
def test_bad_checks_are_usage_errors(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        check_expression(text)


def test_checks_hold_probabilities_against_bounds(run: Made) -> None:
    goals = goals_of(run)
    scores, joints = score(goals, run), joint(goals, run)
    low = check_expression("tj27_core_revenue>=0.01").evaluate(scores)
    assert low.met
    assert low.probability == next(s for s in scores if s.key == "tj27_core_revenue").probability
    assert not check_expression("tj27_core_revenue>=0.99").evaluate(scores).met
    exactly = low.probability.value
    for sign, holds in ((">=", True), ("<=", True), (">", False), ("<", False)):
        asked = check_expression(f"tj27_core_revenue{sign}{exactly!r}")
        assert asked.evaluate(scores).met == holds, sign
    assert (
        check_expression("joint<=0.9").evaluate(scores, joints).probability == joints[0].probability
    )
    with pytest.raises(UsageError, match="did you mean tj27_core_revenue"):
        check_expression("tj27_core_revenu>=0.1").evaluate(scores)
    with pytest.raises(UsageError, match="M7"):
        check_expression("tj27_key_tech>=0.1").evaluate(scores)
    with pytest.raises(UsageError, match="no published figure"):
        check_expression("tj27_firms_10yi.published>=0.1").evaluate(scores)
    with pytest.raises(UsageError, match="exactly one plan"):
        check_expression("joint>0").evaluate(scores)


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        ((">", 1000.0, None, "亿元"), "> 1000亿元"),
        ((">=", 25.0, None, "家"), "≥ 25家"),
        (("between", 3.0, 4.0, "个"), "3–4个"),
        ((">=", 1e18, None, "次/秒"), "≥ 1e18次/秒"),
        ((">", 999999.0, None, "人"), "> 999999人"),
        (("by_date", 2026.0, None, "建成"), "建成 2026"),
        (("qualitative", None, None, "qualitative"), ""),
    ],
)
def test_goals_are_worded_as_plans_write_them(
    goal: tuple[str, float | None, float | None, str], text: str
) -> None:
    assert goal_text(*goal) == text


def test_a_bar_stands_on_the_series_that_the_goal_is_judged_on(run: Made) -> None:
    (revenue,) = (goal for goal in goals_of(run) if goal.key == "tj27_core_revenue")
    assert bar_on(revenue, "core_revenue", run.series) == judged_bar(revenue) == 1000.0
    assert bar_on(revenue, "firms", run.series) is None
    years, path = judged_path(revenue, run)
    assert years == tuple(year for year in run.years if year <= 2027)
    assert np.array_equal(path[:, -1], judged_level(revenue, run))
    assert MECHANISMS["M4"] == Name(zh="人才", en="talent")
