"""Governments that adapt: the past stays, money that is spent ahead runs out, and no model is kept alive."""

import dataclasses
import gc
import math
import weakref
from functools import cache

import mesa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.mechanisms.budgets import HIGHEST, LOWEST, path_level, wanted_factor
from simulator.model import Study, TianjinAI, prepare
from simulator.model.tianjin import GovernmentAgent
from simulator.policy.budgets import MUNICIPALITY, Office, office_of
from simulator.policy.governments import Government
from simulator.scenario import load_scenario
from tests.limits.handmade import scenario

PAST = {"period.start": "2018Q1", "period.end": "2020Q4", "plans": "[tj-2018-2020]"}


@cache
def study(rule: str, stem: str = "baseline", end: str = "2027Q4", **values: float) -> Study:
    case = scenario(stem, overrides={"period.end": end}, **values)
    return prepare(dataclasses.replace(case, government=rule))


def state_of(model: TianjinAI) -> bytes:
    """Everything that could differ: living firms, tickets under way, all recorded rows."""
    firms = model.world.firms
    columns = [firms.column(name).tobytes() for name in type(firms.columns.firms)._fields]
    people, *others = (model.world.stocks.people, *model.world.stocks._replace(people=None))
    stocks = [np.asarray(part).tobytes() for part in (*people, *others) if part is not None]
    return b"".join([firms.ids.tobytes(), *columns, *stocks, model.block.tobytes()])


@pytest.mark.parametrize("quarter", [0, 3, 8])
@pytest.mark.parametrize("stem", ["baseline", "push"])
def test_laying_out_again_as_planned_changes_no_byte(stem: str, quarter: int) -> None:
    plain, again = (TianjinAI(study("fixed", stem), 3) for _ in range(2))
    for t in range(12):
        if t == quarter:
            again.lay_out(again.study.scaled_channels(again.factors))
        plain.step()
        again.step()
    assert state_of(again) == state_of(plain)


@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from([0, 4, 8]),
    st.floats(0.0, 2.0),
    st.floats(0.0, 2.0),
    st.integers(0, 40),
)
def test_the_past_never_changes(quarter: int, city: float, district: float, member: int) -> None:
    """Doses scaled from some year on leave every row before it, and the firms born and tickets issued until then."""
    plain, other = (TianjinAI(study("fixed", "push"), member) for _ in range(2))
    for _ in range(quarter):
        plain.step()
        other.step()
    before = other.world
    born, issued = int(before.first_birth[quarter]), int(before.forcing.first_ticket[quarter])
    births, tickets = before.births, before.forcing.tickets
    for office, factors in other.factors.items():
        factors[quarter:] = district if office else city
    other.lay_out(other.study.scaled_channels(other.factors))
    after = other.world
    assert (after.first_birth[: quarter + 1] == plain.world.first_birth[: quarter + 1]).all()
    assert (
        after.forcing.first_ticket[: quarter + 1] == plain.world.forcing.first_ticket[: quarter + 1]
    ).all()
    assert (after.forcing.tickets[:issued] == tickets[:issued]).all()
    assert after.births.columns.ids[:born].tobytes() == births.columns.ids[:born].tobytes()
    assert (
        after.births.columns.numbers[:, :born].tobytes()
        == births.columns.numbers[:, :born].tobytes()
    )
    for old, new in zip(plain.world.stocks[1:4], after.stocks[1:4], strict=True):
        assert (old[:issued] == new[:issued]).all() and len(new) == len(after.forcing.tickets)
    assert (other.block[: quarter + 1] == plain.block[: quarter + 1]).all()
    for name in ("growth", "survival", "linkage", "contracts", "fund"):
        old, new = getattr(plain.world.forcing, name), getattr(after.forcing, name)
        assert (old[:quarter] == new[:quarter]).all(), name


def test_without_gain_adaptive_is_fixed() -> None:
    for member in (0, 7):
        still = study("adaptive", adaptive_gain=0.0).simulate(member)
        planned = study("fixed", adaptive_gain=0.0).simulate(member)
        assert still.values.tobytes() == planned.values.tobytes()


def test_the_first_year_is_as_planned_and_later_years_differ() -> None:
    adaptive, fixed = study("adaptive"), study("fixed")
    factor = adaptive.series.index("budget_factor")
    for member in (0, 7):
        one, other = adaptive.simulate(member).values, fixed.simulate(member).values
        assert one[:5].tobytes() == other[:5].tobytes()
        assert one[5:].tobytes() != other[5:].tobytes()
        assert (other[:, factor] == 1.0).all()
        assert (one[5:9, factor] == one[5, factor]).all() and one[5, factor] != 1.0


def test_factors_follow_the_published_figures() -> None:
    """Recomputed here from the recorded series, the way a reader of the year-books would."""
    case = study("adaptive", adaptive_gain=0.8)
    names = case.series.index
    for member in (1, 2, 5):
        model = TianjinAI(case, member)
        for _ in case.simulated:
            model.step()
        annual = model.block[1:].reshape(3, 4, -1).mean(axis=1)
        base, goal = model.block[0, names("core_revenue")], 1000.0
        left = 3.0
        for year, row in ((2025, 0), (2026, 1), (2027, 2)):
            wanted = 1.0
            if row:
                path = base * (goal / base) ** ((year - 1 - 2024) / 3)
                published = annual[row - 1, names("core_revenue_published")]
                wanted = min(max(1.0 + 0.8 * math.log(path / published), 0.5), 2.0)
            factor = min(wanted, left)
            left -= factor
            assert annual[row, names("budget_factor")] == pytest.approx(factor, rel=1e-9)
        binhai = [
            p
            for p, name in enumerate(case.ground.places)
            if "binhai" in (name, case.ground.parent[p])
        ]
        own = [names(f"district_core_revenue[{case.ground.places[p]}]") for p in binhai]
        drift = annual[0, names("core_revenue_published")] / annual[0, names("core_revenue")]
        path = model.block[0, own].sum() * (goal / base) ** (1 / 3)
        wanted = 1.0 + 0.8 * math.log(path / (drift * annual[0, own].sum()))
        for place in ("binhai", "teda"):
            found = annual[1, names(f"district_budget_factor[{place}]")]
            assert found == pytest.approx(min(max(wanted, 0.5), 2.0), rel=1e-9)
        assert annual[1, names("district_budget_factor[dongli]")] == 1.0  # no lever of its own


def test_spending_ahead_runs_out() -> None:
    """Where the target is out of reach: twice the plan in the second year, then nothing is left."""
    case = study("adaptive", "base_low", "2027Q4", adaptive_gain=10.0)
    factor = case.series.index("budget_factor")
    values = np.stack([case.simulate(member).values for member in range(4)])
    yearly = values[:, 4::4, factor]
    assert (yearly.sum(axis=1) <= 3.0 + 1e-9).all()
    behind = yearly[:, 1] == HIGHEST
    assert behind.any() and (yearly[behind, 0] == 1.0).all()
    assert yearly[behind, 2] == pytest.approx(np.zeros(behind.sum()), abs=1e-9)
    committed = values[behind, :, case.series.index("fund_committed")]
    assert committed[:, -1] == pytest.approx(committed[:, 8])


@pytest.mark.parametrize("engine", ["plain", "compiled"])
def test_both_engines_and_any_order_of_members_give_the_same_bytes(engine: str) -> None:
    pytest.importorskip("numba")
    case = study("adaptive", "push")
    again = prepare(case.scenario)
    for member in (9, 0):
        first = case.simulate(member, engine)
        assert first.values.tobytes() == again.simulate(member, "plain").values.tobytes()


def test_without_a_target_in_force_nothing_is_adapted() -> None:
    case = scenario("no_policy", overrides=PAST)
    both = [
        prepare(dataclasses.replace(case, government=rule)).simulate(1).values.tobytes()
        for rule in ("fixed", "adaptive")
    ]
    assert both[0] == both[1]
    noted = load_scenario("scenarios/no_policy.yaml", {"government": "adaptive"}).notes
    assert [note.path for note in noted] == ["government.rule"]


def test_a_lever_in_one_district_is_the_districts() -> None:
    case = study("fixed")
    mine = {s.lever.id: office_of(s, case.ground) for s in case.scenario.levers}
    assert mine["l-tj27-zone-smart-city"] == "binhai"  # a functional zone of that district
    assert mine["l-tj27-zone-connected"] == mine["l-tj27-funds"] == MUNICIPALITY
    assert len(case.offices) == 17
    assert sum(o.planned.sum() for o in case.offices) == pytest.approx(99.9, abs=0.2)


@given(
    st.lists(st.floats(0.0, 50.0), min_size=1, max_size=8),
    st.lists(st.floats(1e-3, 1e3), min_size=8, max_size=8),
    st.floats(0.0, 10.0),
)
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_no_government_spends_more_than_its_plan(
    planned: list[float], published: list[float], gain: float
) -> None:
    office = Office("", (0,), np.array(planned), sum(planned))
    government = Government(office, gain, 1.0, 4.0)
    spent = []
    for year, money in enumerate(planned):
        if year == 0:
            government.keep_to_plan(0)
        else:
            government.adapt(year, year / len(planned), published[year])
        assert 0.0 <= government.factor <= HIGHEST
        spent.append(government.factor * money)
    assert sum(spent) <= sum(planned) * (1.0 + 1e-9)
    assert government.left >= -1e-9


def test_the_rule_by_hand() -> None:
    assert wanted_factor(0.5, 200.0, 200.0) == 1.0
    assert wanted_factor(0.5, 200.0, 200.0 / math.e) == pytest.approx(1.5)
    assert wanted_factor(5.0, 200.0, 20.0) == HIGHEST and wanted_factor(5.0, 2.0, 20.0) == LOWEST
    assert path_level(400.0, 1000.0, 0.0) == 400.0
    assert path_level(400.0, 1000.0, 1.0) == pytest.approx(1000.0, rel=1e-14)
    assert path_level(250.0, 1000.0, 0.5) == pytest.approx(500.0)


def test_governments_are_agents_and_no_run_is_kept_alive() -> None:
    """Mesa 3.3 ties every model that had agents to a table of its class; later versions have none."""
    case = study("adaptive")
    model = TianjinAI(case, 0)
    assert set(model.agents) == set(model.governments)
    assert [type(agent) for agent in model.agents] == [GovernmentAgent] * 17
    assert len({agent.unique_id for agent in model.agents}) == 17
    table = getattr(mesa.Agent, "_ids", {})
    shells, held = [weakref.ref(model)], len(table)
    columns = weakref.ref(model.world.firms)
    model.close()
    assert columns() is None
    del model
    finished = TianjinAI(case, 1)
    for _ in case.simulated:
        finished.step()
    shells.append(weakref.ref(finished))
    del finished
    case.simulate(2)
    gc.collect()
    assert [shell() for shell in shells] == [None, None]
    assert len(table) == held - (1 if table or held else 0)


def test_any_gain_is_drawn_whatever_the_rule() -> None:
    """The gain is drawn under both rules, so paired members share every other draw."""
    fixed, adaptive = (study(rule).simulate(4).parameters for rule in ("fixed", "adaptive"))
    assert fixed.tobytes() == adaptive.tobytes()
