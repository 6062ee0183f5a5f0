"""Paired comparison: exact differences, honest intervals, and runs that cannot be paired."""

import math
from dataclasses import replace

import numpy as np
import pytest

from simulator.experiments import comparison
from simulator.experiments.comparison import (
    TargetDifference,
    compare,
    paired_shares,
    parse_metric,
    price,
    student_95,
)
from simulator.foundation.findings import UsageError
from simulator.registry import Name

TOY = Name("玩具", "Toy")


@pytest.fixture
def held(lab, scenario, monkeypatch):
    """Compares fake scenarios; the judge of targets is tried with the real model."""
    monkeypatch.setattr(comparison, "_target_differences", lambda *rest: [])

    def call(*scenarios, **rest):
        return compare(*scenarios, results=lab.root, machinery=lab.machinery, workers=2, **rest)

    return call


def test_differences_are_between_the_same_members(lab, held, scenario):
    push = replace(scenario, stem="push", push=5.0)
    found = held(scenario, push, n=200)
    row = found.difference("core_revenue@2027")
    gap = found.runs[1].annual("core_revenue")[:, -1] - found.runs[0].annual("core_revenue")[:, -1]
    assert row.mean == pytest.approx(gap.mean(), rel=1e-14)
    assert row.p50 == pytest.approx(np.median(gap), rel=1e-14)
    assert row.low < row.mean < row.high
    assert row.half_width == pytest.approx(1.97196 * gap.std(ddof=1) / math.sqrt(200), rel=1e-4)
    assert found.labels == ("toy", "push") and found.n == 200
    assert row.relative == pytest.approx(row.mean / row.mean_first)
    assert {each.series for each in found.differences} == {"core_revenue", "firms", "fund_invested"}
    frame = found.to_frame()
    assert len(frame) == 3 * 4 and "variance_ratio" in frame.columns
    assert "core_revenue" in found._repr_html_()


def test_pairing_is_worth_much_and_other_seeds_confirm_it(lab, held, scenario):
    push = replace(scenario, stem="push", push=5.0)
    computed = held(scenario, push, n=256, metrics=["core_revenue@2027"])
    measured = held(scenario, push, n=256, metrics=["core_revenue@2027"], unpaired=True)
    ratio = computed.difference("core_revenue").variance_ratio
    assert ratio > 5
    assert measured.difference("core_revenue").variance_ratio == pytest.approx(ratio, rel=0.2)
    assert measured.difference("core_revenue").variance_ratio != ratio
    assert [study.scenario.seed for study in lab.studies] == [1, 1, 2]


def test_interval_covers_the_true_difference(held, scenario):
    """Of a hundred groups of twelve members, about 95 intervals hold the mean of all members."""
    found = held(scenario, replace(scenario, stem="push", push=5.0), n=1200)
    before, after = (found.paired("core_revenue", run)[:, -1] for run in (0, 1))
    truth = found.difference("core_revenue@2027").mean
    inside = 0
    for group in range(100):
        rows = slice(12 * group, 12 * group + 12)
        what = ("push", ("core_revenue", 2027, "亿元"))
        row = comparison._difference(*what, before[rows], after[rows], after[rows])
        inside += row.low <= truth <= row.high
    assert 88 <= inside <= 99


def test_identical_runs_differ_by_nothing(lab, held, scenario):
    found = held(scenario, replace(scenario, stem="twin"), n=50)
    row = found.difference("core_revenue@2027")
    assert (row.mean, row.low, row.high) == (0.0, 0.0, 0.0)
    assert row.variance_ratio == math.inf
    assert found.difference("fund_invested@2027").variance_ratio is None


def test_failed_members_are_left_out_of_every_pair(lab, held, scenario):
    lab.fails = frozenset({4, 9})
    held(scenario, scenario, n=30)
    lab.fails = frozenset({9, 11})
    found = held(scenario, replace(scenario, stem="push", push=1.0), n=30)
    assert 9 not in found.members and 11 not in found.members
    assert found.n == len(found.members) == found.paired("core_revenue", 1).shape[0]


def test_opened_runs_and_folders_are_taken_too(lab, held, scenario):
    first = lab.run(60)
    second = lab.run(90, scenario=replace(scenario, stem="push", push=1.0))
    assert held(first, second).n == 60
    assert held(first, second.path).labels == ("toy", "push")
    assert held(first, second, n=20).n == 20


def test_the_later_scenarios_take_members_and_seed_from_the_first(lab, held, scenario):
    first = replace(scenario, members=40, seed=7)
    found = held(first, replace(scenario, stem="push", push=1.0))
    assert [(run.requested, run.seed) for run in found.runs] == [(40, 7), (40, 7)]


def test_same_stems_are_told_apart(lab, held, scenario):
    found = held(scenario, replace(scenario, push=1.0), n=20)
    assert found.labels[0] != found.labels[1]
    assert all(label.startswith("toy-") for label in found.labels)


def test_what_cannot_be_paired_is_refused(lab, held, scenario):
    one, other = lab.run(20), lab.run(20, seed=2)
    with pytest.raises(UsageError, match="at least two"):
        held(scenario)
    with pytest.raises(UsageError, match="seeds 1, 2"):
        held(one, other)
    with pytest.raises(UsageError, match="did you mean core_revenue"):
        held(one, one, metrics=["core_revenu"])
    with pytest.raises(UsageError, match="allowed: 2024, 2025, 2026, 2027"):
        held(one, one, metrics=["core_revenue@2030"])


def test_metrics_are_read_with_or_without_a_year():
    assert parse_metric("firms@2026", ["firms"], (2025, 2026, 2027)) == ("firms", 2026)
    assert parse_metric("firms", ["firms"], (2025, 2026, 2027)) == ("firms", 2027)


def test_paired_shares_against_worked_figures():
    """100 members, 60 and 72 meet the target, 15 gained and 3 lost."""
    before = np.arange(100) < 60
    after = before.copy()
    after[:3], after[60:75] = False, True
    value, low, high, gained, lost = paired_shares(before, after)
    assert (value, gained, lost) == (0.12, 15, 3)
    centre = 16 / 102 - 4 / 102
    half = 1.959964 * math.sqrt((20 / 102 - centre**2) / 102)
    assert (low, high) == pytest.approx((centre - half, centre + half), rel=1e-6)
    same = paired_shares(before, before)
    assert same[0] == 0.0 and same[1] < 0.0 < same[2]


def test_student_quantiles_against_the_tables():
    for freedom, exact in ((1, 12.706), (4, 2.776), (6, 2.447), (11, 2.201), (49, 2.0096)):
        assert student_95(freedom) == pytest.approx(exact, abs=2e-3)


def priced(gained, lost, extra, members=200):
    """A target that `gained` and `lost` members, priced at `extra` 亿元 a member above 100."""
    before = np.arange(members) < 80
    after = before.copy()
    after[:lost], after[80 : 80 + gained] = False, True
    shares = paired_shares(before, after)
    found = TargetDifference("push", "k", TOY, False, before.mean(), after.mean(), *shares)
    spent = np.full(members, 100.0)
    return price(found, spent, spent + extra), shares


def test_a_point_of_probability_has_a_price_only_where_it_can_be_told():
    found, (value, low, high, _, _) = priced(40, 2, 30.0)
    assert found.priced_as == "price" and value == 0.19
    assert found.cost == pytest.approx(30.0 / 19.0)
    assert (found.low, found.high) == pytest.approx((0.3 / high, 0.3 / low))
    assert found.low < found.cost < found.high
    saved, (_, low, high, _, _) = priced(2, 40, -30.0)
    assert saved.priced_as == "saving" and saved.cost == pytest.approx(30.0 / 19.0)
    assert (saved.low, saved.high) == pytest.approx((-0.3 / low, -0.3 / high))
    for gained, lost, extra, words in (
        (3, 2, 30.0, "unclear"),
        (0, 0, 30.0, "unclear"),
        (40, 2, 0.0, "same_budget"),
        (40, 2, -30.0, "cheaper_and_likelier"),
        (2, 40, 30.0, "dearer_and_less_likely"),
    ):
        found, _ = priced(gained, lost, extra)
        assert found.priced_as == words
        assert found.cost is found.low is found.high is None


def test_budgets_that_vary_over_members_widen_the_price():
    steady, _ = priced(40, 2, 30.0)
    noise = np.where(np.arange(200) % 2 == 0, -20.0, 20.0)
    varied, _ = priced(40, 2, 30.0 + noise)
    assert varied.cost == pytest.approx(steady.cost)
    assert varied.low < steady.low and varied.high > steady.high
    unknown, _ = priced(40, 2, 1.0 + noise)
    assert unknown.priced_as == "same_budget"
