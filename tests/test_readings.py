"""A reading changes how a target is judged, and nothing else; the verdict says where that matters."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from simulator.foundation.calendar import Period, Quarter
from simulator.observables import BY_KEY
from simulator.readings import reading_scores, verdict_of
from simulator.registry import AS_REGISTERED, Rule, Target, load_registry
from simulator.targets import completed_by, goals_of, judged_at, met, read, score
from tests.reporting.ensembles import Made, ensemble, with_series

REGISTRY = load_registry()
CORE = REGISTRY.target("tj27_core_revenue")
FACTORIES = REGISTRY.target("tj27_smart_factories")
DELIVERED = "milestones_delivered"


@pytest.fixture(scope="module")
def run() -> Made:
    return ensemble(n=4)


def counted(run: Made, **paths: list[float]) -> Made:
    """The run with projects delivered by quarter toward targets, alike in every member."""
    table = {f"{DELIVERED}[{key}]": np.tile(path, (run.n, 1)) for key, path in paths.items()}
    return with_series(run, **table)


def passes(target: Target, run: Made, **rule: object) -> bool:
    return bool(met(replace(target, rule=replace(AS_REGISTERED, **rule)), run).all())


def test_every_shipped_reading_names_series_that_exist_and_targets_it_can_judge() -> None:
    pickable = [item for item in REGISTRY.ambiguities if item.choices]
    assert len(pickable) >= 15
    for item in pickable:
        assert not item.choices[0].rules and all(reading.rules for reading in item.choices[1:])
        assert all(reading.name.zh != reading.name.en for reading in item.choices)
        for reading in item.choices:
            for id_, rule in reading.rules.items():
                assert rule.series is None or rule.series.partition("[")[0] in BY_KEY
                assert REGISTRY.target(id_).value is not None
                assert rule != AS_REGISTERED
    nesting = REGISTRY.ambiguity("tier_nesting").choices
    assert [reading.key for reading in nesting] == ["nested", "added"]
    assert nesting[1].rules["t-tj27-firms-10yi"] == Rule(value=28.0)


def test_the_three_may_stand_outside_the_twenty_five(run: Made) -> None:
    firms = REGISTRY.target("tj27_firms_10yi")
    made = with_series(run, firms_10=np.full_like(run.table["firms_10"], 27.0))
    assert met(firms, made).all()
    outside = read(firms, REGISTRY, {"a-tier-nesting": "added"})
    assert not met(outside, made).any()
    (found,) = score([outside], made)
    assert found.value == 28.0 and found.read_as[0].zh.startswith("相加")
    assert met(firms, made).all(), "the registry's own target is as it was"


@pytest.mark.parametrize(
    ("day", "completed"),
    [
        (date(2019, 11, 11), Quarter(2019, 3)),
        (date(2019, 12, 31), Quarter(2019, 4)),
        (date(2019, 12, 30), Quarter(2019, 3)),
        (date(2020, 3, 31), Quarter(2020, 1)),
        (date(2020, 1, 1), Quarter(2019, 4)),
        (date(2020, 2, 29), Quarter(2019, 4)),
    ],
)
def test_a_day_completes_the_quarters_before_it(day: date, completed: Quarter) -> None:
    assert completed_by(day) == completed


def test_a_deadline_on_a_day_is_held_at_the_last_completed_quarter(run: Made) -> None:
    live = REGISTRY.target("jz18_sorting_live")
    assert judged_at(live) == Quarter(2019, 3)
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2020, 4)).quarters)
    late = [2.0 if quarter >= Quarter(2019, 4) else 1.0 for quarter in quarters]
    made = counted(replace(run, quarters=quarters), jz18_sorting_live=late)
    assert not met(live, made).any()
    assert met(read(live, REGISTRY, {"a-day-deadline": "containing_quarter"}), made).all()
    for at, year, quarter in (("year_end", 2019, 4), ("year_start", 2018, 4)):
        assert judged_at(replace(live, rule=Rule(at=at))) == Quarter(year, quarter)


def test_a_flow_due_within_a_year_is_the_mean_of_four_quarters(run: Made) -> None:
    rising = np.tile(np.arange(13.0) * 100.0, (run.n, 1))
    made = with_series(run, core_revenue=rising)
    spring = replace(CORE, deadline=date(2026, 6, 30))  # 2025Q3 … 2026Q2 hold 300 … 600
    for value, expected in ((449.0, True), (451.0, False)):
        assert passes(spring, made, value=value) is expected
    early = replace(CORE, deadline=date(2025, 4, 2))  # 2024 stands for its three last quarters
    assert passes(early, made, value=24.9) and not passes(early, made, value=25.1)


def test_cumulative_run_rate_and_increase_are_three_figures(run: Made) -> None:
    # A flow of 100, 200, 400 a year in 2025–2027, of 50 in 2024.
    yearly = np.repeat([100.0, 200.0, 400.0], 4)
    made = with_series(run, core_revenue=np.tile([50.0, *yearly], (run.n, 1)))
    sales = replace(CORE, flow_or_stock="cumulative_over_plan")
    for rule, figure in (
        ({}, 700.0),
        ({"counting": "last_year"}, 400.0),
        ({"counting": "increase"}, 350.0),
    ):
        assert passes(sales, made, **rule, value=figure - 1.0)
        assert not passes(sales, made, **rule, value=figure + 1.0)
    stock = replace(FACTORIES, metric="firms_revenue_ge_10yi")
    grown = with_series(run, firms_10=np.tile([5.0, *np.arange(10.0, 22.0)], (run.n, 1)))
    for rule, figure in (
        ({}, 21.0),
        ({"counting": "last_year"}, 4.0),
        ({"counting": "increase"}, 16.0),
    ):
        assert passes(stock, grown, **rule, value=figure)
        assert not passes(stock, grown, **rule, value=figure + 1.0)


def test_nothing_from_before_a_day_counts(run: Made) -> None:
    path = [0.0, 30.0, *[250.0] * 11]
    made = counted(run, tj27_smart_factories=path)
    assert met(FACTORIES, made).all()
    since = read(FACTORIES, REGISTRY, {"a-smart-factories": "from_issue"})
    assert met(since, made).all()  # 220 of the 250 came after the first quarter
    assert not met(since, counted(run, tj27_smart_factories=[0.0, 60.0, *path[2:]])).any()


def test_a_range_is_met_from_its_lower_end_within_it_or_at_its_upper_end(run: Made) -> None:
    areas = REGISTRY.target("tj27_clusters")
    for count, lower, inside, upper in ((2, 0, 0, 0), (3, 1, 1, 0), (4, 1, 1, 1), (5, 1, 0, 1)):
        made = with_series(run, feature_clusters=np.full_like(run.table["firms_10"], float(count)))
        for key, expected in (("lower_end", lower), ("inside", inside), ("upper_end", upper)):
            goal = read(areas, REGISTRY, {"a-ranges": key})
            assert met(goal, made).all() == bool(expected), (count, key)


def test_one_running_counter_needs_the_years_before(run: Made) -> None:
    tech = read(REGISTRY.target("tj27_key_tech"), REGISTRY, {"a-key-tech-mixed": "running"})
    young = counted(run, tj27_key_tech=[60.0] * 13, ch18_key_tech=[50.0] * 13)
    (found,) = score([tech], young)
    assert found.probability is None and "2025" in found.reason.en and "2025" in found.reason.zh
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2027, 4)).quarters)
    long = [1.0] * len(quarters)
    old = replace(run, quarters=quarters)
    made = counted(old, tj27_key_tech=[60 * x for x in long], ch18_key_tech=[50 * x for x in long])
    assert met(tech, made).all()
    assert not met(REGISTRY.target("tj27_key_tech"), made).any()


def test_about_is_nine_tenths(run: Made) -> None:
    made = counted(run, tj27_benchmarks=[27.0] * 13)
    benchmarks = REGISTRY.target("tj27_benchmarks")
    assert not met(benchmarks, made).any()
    assert met(read(benchmarks, REGISTRY, {"a-bare-counts": "about"}), made).all()


def test_a_promised_input_is_judged_where_a_reading_names_its_series(run: Made) -> None:
    quarters = (Quarter(2017, 4), *Period(Quarter(2018, 1), Quarter(2020, 4)).quarters)
    paid = np.full_like(run.table["core_revenue"], 1000.0)
    made = with_series(replace(run, quarters=quarters), fund_paid_in=paid)
    fund = REGISTRY.target("tj18_fund_group")
    assert score([fund], made)[0].status == "input"
    (found,) = score([read(fund, REGISTRY, {"a-fund-group": "paid_in"})], made)
    assert found.probability is not None and found.probability.value == 1.0


def test_rules_add_up_unless_they_clash() -> None:
    both = Rule(value=28.0).joined(Rule(share=0.9))
    assert both == Rule(value=28.0, share=0.9)
    with pytest.raises(ValueError, match="series"):
        Rule(series="core_scale").joined(Rule(series="core_revenue_published"))
    with pytest.raises(KeyError, match="neste"):
        read(CORE, REGISTRY, {"a-tier-nesting": "neste"})


@pytest.mark.parametrize(
    ("probability", "verdict"),
    [(0.0, "unlikely"), (1 / 3, "unlikely"), (0.34, "open"), (0.66, "open"), (2 / 3, "likely")],
)
def test_verdicts_part_at_a_third_and_two_thirds(probability: float, verdict: str) -> None:
    assert verdict_of(probability) == verdict


def test_a_reading_that_turns_the_answer_is_marked() -> None:
    run = ensemble(n=50)
    table = np.full_like(run.table["core_revenue"], 950.0)
    made = with_series(run, core_revenue=table, core_revenue_published=table * 1.1)
    rows = {(r.ambiguity.key, r.reading.key): r for r in reading_scores([CORE], made, {})}
    taken = rows["published_figure", "actual"]
    other = rows["published_figure", "published"]
    assert (taken.in_force, taken.verdict, taken.changes) == (True, "unlikely", False)
    assert (other.in_force, other.verdict, other.changes) == (False, "likely", True)
    # What the run does not record is told, not judged.
    absent = rows["gross_sales", "final_sales"]
    assert absent.probability is None and absent.verdict is None and not absent.changes
    picked = {"a-published-figure": "published"}
    (goal,) = (read(CORE, REGISTRY, picked),)
    rows = {(r.ambiguity.key, r.reading.key): r for r in reading_scores([goal], made, picked)}
    assert rows["published_figure", "published"].in_force
    assert rows["published_figure", "actual"].changes
    assert rows["deadline_year", "start_of_year"].verdict == "likely"
    clash = rows["core_definition", "same_perimeter"]
    assert clash.probability is None and "clashes" in clash.reason.en


def test_picked_readings_reach_every_goal_of_a_run(run: Made) -> None:
    sheet = replace(run.scenario, readings={"a-tier-nesting": "added"})
    goals = goals_of(replace(run, scenario=sheet))
    changed = {goal.key: goal.rule for goal in goals if goal.rule != AS_REGISTERED}
    assert changed == {"tj27_firms_10yi": Rule(value=28.0)}
