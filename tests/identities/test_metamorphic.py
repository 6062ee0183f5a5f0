"""Changes of description that must not change the answer: units, names, order, cuts."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest

from simulator.foundation.parameters import Construction, Distribution
from simulator.model import MemberResult, Study, TianjinAI, prepare
from simulator.world import founding
from simulator.world.draws import ParameterDraws
from simulator.world.measures import BY_CHAIN, BY_PLACE, CITY, PLACE_TALENT_FILL
from simulator.world.places import Ground
from simulator.world.state import Switches
from tests.limits.handmade import Handmade, parameters, scenario, still

MONEY_CHANNELS = ("demand", "fund", "knowledge")
IN_WAN = 1e4  # 万元 in one 亿元
MONEY_SERIES = [
    "core_revenue",
    "core_revenue_published",
    "core_revenue_consolidated",
    "core_scale",
    "software_revenue",
    "ecosystem_revenue",
    "contract_revenue",
    "intermediate_revenue",
    "lost_to_capacity",
    "fund_committed",
    "fund_paid_in",
    "fund_invested",
    "private_coinvestment",
    "grants_paid",
    "project_investment",
    "project_sales",
    "chain_core_revenue",
    "chain_revenue",
    "district_core_revenue",
    "related_revenue",
    "smart_tech_revenue",
    "named_firm_revenue",
    "named_cluster_scale",
]
IN_THE_RECORD = (
    "firms_10",
    "firms_50",
    "firms_100",
    "named_firms_reached",
)  # counted at 亿元 sizes written in the engines and in the plans

Number = npt.NDArray[np.float64]


def in_wan_yuan(study: Study, factor: float) -> Study:
    """The same study with every amount of money stated in a unit ``factor`` times smaller."""
    case = study.scenario
    values = study.draws.of(0).values
    per_money = {n for n, parameter in case.parameters.items() if "/亿元" in parameter.unit}
    money = {
        name: Distribution.fixed(
            values[name] / factor if name in per_money else factor * values[name]
        )
        for name, parameter in case.parameters.items()
        if "亿元" in parameter.unit or parameter.unit == "万元/人"
    }
    assert {"base_core_revenue", "catalogue_threshold", "capable_node_size", "ticket_mean",
            "fund_committed", "arrival_size_min", "unnamed_max_size"} <= set(money)  # fmt: skip
    other = prepare(dataclasses.replace(case, assumptions={**case.assumptions, **money}))
    ground = study.ground
    other.ground = dataclasses.replace(
        ground,
        named=tuple(
            dataclasses.replace(firm, revenue=factor * firm.revenue) for firm in ground.named
        ),
        goal_firms=tuple(
            dataclasses.replace(firm, revenue=factor * firm.revenue) for firm in ground.goal_firms
        ),
        goal_clusters=tuple(
            dataclasses.replace(cluster, outside=factor * cluster.outside)
            for cluster in ground.goal_clusters
        ),
        software_classes=tuple(
            dataclasses.replace(
                size_class,
                smallest=factor * size_class.smallest,
                largest=factor * size_class.largest,
                revenue=factor * size_class.revenue,
            )
            for size_class in ground.software_classes
        ),
    )
    other.constructions = tuple(_in_unit(c, factor) for c in study.constructions)
    other.draws = ParameterDraws(
        other.scenario.assumptions, other.constructions, None, other.years, case.seed
    )
    other.__dict__["channels"] = dataclasses.replace(
        study.channels,
        exposures=tuple(
            dataclasses.replace(e, table=factor * e.table) if e.channel in MONEY_CHANNELS else e
            for e in study.channels.exposures
        ),
        reservations=tuple(
            dataclasses.replace(r, rates=factor * r.rates) if r.parameter in per_money else r
            for r in study.channels.reservations
        ),
    )
    return other


def _in_unit(construction: Construction, factor: float) -> Construction:
    distribution = construction.distribution
    scaled = dataclasses.replace(
        distribution,
        numbers=(factor * distribution.numbers[0], *distribution.numbers[1:]),
        truncation=(factor * distribution.truncation[0], factor * distribution.truncation[1]),
    )
    return dataclasses.replace(
        construction,
        median=factor * construction.median,
        named_revenue=factor * construction.named_revenue,
        distribution=scaled,
    )


@pytest.mark.parametrize("overrides", [{}, {"period.start": "2018Q1", "period.end": "2020Q4"}])
@pytest.mark.parametrize("member", [0, 2])
def test_yi_yuan_or_wan_yuan_is_the_same_answer(
    overrides: dict[str, str], member: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All money times 10⁴: shares, counts and probabilities stay, money series are 10⁴ times theirs."""
    stem = "no_policy" if overrides else "push"
    here = prepare(scenario(stem, overrides=overrides))
    values = here.draws.of(member).values
    assumptions = {
        name: here.scenario.assumptions[name]
        if name in ("n10_2024", "arrivals_rate", "def_drift")
        else Distribution.fixed(value)
        for name, value in values.items()
    }
    here = prepare(dataclasses.replace(here.scenario, assumptions=assumptions))
    there = in_wan_yuan(here, IN_WAN)
    one = here.simulate(member, "plain")
    for name in ("TIER", "SMALLEST_FIRM", "LARGEST_OUTSIDER"):
        monkeypatch.setattr(founding, name, IN_WAN * getattr(founding, name))
    monkeypatch.setattr("simulator.model.layout.TIER", founding.TIER)
    other = there.simulate(member, "plain")  # whose text reads these numbers as they stand
    for i, series in enumerate(here.series):
        key = series.partition("[")[0]
        if key in IN_THE_RECORD:
            continue
        factor = IN_WAN if key in MONEY_SERIES else 1.0
        expected = factor * one.values[:, i]
        assert other.values[:, i] == pytest.approx(expected, rel=1e-7, abs=1e-9 * factor), series
    assert np.abs(one.values[:, 0] / one.values[0, 0] - 1.0).max() > 0.05
    assert one.values[:, here.series.index("firms")].tolist() == (
        other.values[:, here.series.index("firms")].tolist()
    )


ALL_ON = Switches()


def busy_world(
    order: npt.NDArray[np.int64],
    chain_name: npt.NDArray[np.int64],
    place_name: npt.NDArray[np.int64],
) -> tuple[Handmade, npt.NDArray[np.int64]]:
    """A year of a world with everything on; rows in ``order``, chains and places renamed."""
    rng = np.random.default_rng(8)
    n, chains, places, quarters = 800, 4, 6, 4
    p = parameters(
        ALL_ON, io_column_sum=0.5, catalogue_threshold=0.8, lag_inv_rev=0.25, lag_rd=0.25
    )
    sizes = np.exp(rng.normal(0.0, 1.0, n))
    columns = {
        "chain": rng.integers(0, chains, n),
        "place": rng.integers(0, places, n),
        "age": rng.integers(1, 80, n),
        "catalogue": rng.integers(0, 2, n),
        "ai": rng.integers(0, 2, n),
        "quality": np.exp(rng.normal(0.0, 0.3, n)),
    }
    cell = (quarters, chains, places)
    paths = {
        "drift": rng.normal(0.1, 0.1, (1, chains)),
        "growth": rng.uniform(0.0, 0.2, cell),
        "survival": rng.uniform(0.0, 0.5, cell),
        "linkage": rng.uniform(0.0, 0.5, (quarters, chains)),
        "contracts": rng.uniform(0.0, 50.0, (quarters, chains)),
        "grants": np.array([[0.3, 0.0, 2.0, 0.7]]),
    }
    purchases = rng.uniform(0.0, 0.15, (chains, chains))
    # Renaming: what stood at position i stands at name[i].
    at_chain, at_place = np.argsort(chain_name), np.argsort(place_name)
    paths = {
        "drift": paths["drift"][:, at_chain],
        "growth": paths["growth"][:, at_chain][:, :, at_place],
        "survival": paths["survival"][:, at_chain][:, :, at_place],
        "linkage": paths["linkage"][:, at_chain],
        "contracts": paths["contracts"][:, at_chain],
        "grants": paths["grants"][:, at_chain],
    }
    forcing = still(
        quarters=quarters,
        chains=chains,
        places=places,
        **paths,
        tickets=rng.uniform(0.5, 2.0, 12),
        first_ticket=np.array([0, 3, 6, 9, 12]),
        fund=np.cumsum(np.ones((quarters, 2)), axis=0),
        research_depreciation=np.full((2, chains), 0.3),
    )
    columns["chain"] = chain_name[columns["chain"]]
    columns["place"] = place_name[columns["place"]]
    world = Handmade(
        sizes[order],
        p,
        forcing,
        purchases[np.ix_(at_chain, at_chain)],
        capacity=1.1 * sizes[order],
        node=columns["chain"][order],
        **{name: column[order] for name, column in columns.items()},
    )
    world.world.firms.columns.ids[:n] = (np.uint64(1 << 50) + np.arange(n, dtype=np.uint64))[order]
    for t in range(quarters):
        world.step(t, first_of_year=t == 0, at=t)
    return world, world.world.firms.ids.astype(np.int64) - (1 << 50)


SAME = (np.arange(800), np.arange(4), np.arange(6))


def test_permuting_places_permutes_what_is_measured_by_place() -> None:
    names = np.array([3, 0, 5, 1, 4, 2])
    one, _ = busy_world(*SAME)
    other, _ = busy_world(SAME[0], SAME[1], names)
    # People are added up place by place, so their sums may differ in the last bit.
    people = [CITY.index(name) for name in ("talent_pool", "talent_wanted", "talent_fill")]
    firms = np.setdiff1d(np.arange(len(CITY)), people)
    assert other.row[firms].tobytes() == one.row[firms].tobytes()
    assert other.row[people] == pytest.approx(one.row[people], rel=1e-14)
    assert other.measures.chain.tobytes() == one.measures.chain.tobytes()
    places, there = one.measures.place, other.measures.place[:, names]
    assert there[PLACE_TALENT_FILL] == pytest.approx(places[PLACE_TALENT_FILL], rel=1e-14)
    of_firms = np.setdiff1d(np.arange(len(BY_PLACE)), PLACE_TALENT_FILL)
    assert there[of_firms].tobytes() == places[of_firms].tobytes()
    assert other.measures.place.shape == (len(BY_PLACE), 6)
    assert np.ptp(one.measures.place[0]) > 0.0


def test_renaming_chains_renames_what_is_measured_by_chain() -> None:
    names = np.array([2, 3, 1, 0])
    one, _ = busy_world(*SAME)
    other, _ = busy_world(SAME[0], names, SAME[2])
    assert other.measures.chain[:, names] == pytest.approx(one.measures.chain, rel=1e-12)
    assert other.row[: len(CITY)] == pytest.approx(one.row[: len(CITY)], rel=1e-12)
    assert other.measures.place == pytest.approx(one.measures.place, rel=1e-12)
    assert one.measures.chain.shape == (len(BY_CHAIN), 4)
    assert one.row[CITY.index("tickets")] == 12.0


def test_order_of_firms_is_irrelevant() -> None:
    shuffled = np.random.default_rng(1).permutation(800)
    one, ids = busy_world(*SAME)
    other, other_ids = busy_world(shuffled, *SAME[1:])
    assert other.row == pytest.approx(one.row, rel=1e-12)
    assert sorted(ids) == sorted(other_ids) and ids.tolist() != other_ids.tolist()
    back = np.argsort(other_ids)
    for name in ("external", "sales", "capacity"):
        column = getattr(one, name)[np.argsort(ids)]
        assert getattr(other, name)[back] == pytest.approx(column, rel=1e-12), name


def renamed(study: Study, order: npt.NDArray[np.int64]) -> Study:
    """The study with its places listed in another order."""
    ground: Ground = study.ground
    at = np.argsort(order)
    other = prepare(study.scenario)
    other.ground = dataclasses.replace(
        ground,
        places=tuple(ground.places[i] for i in order),
        parent=tuple(ground.parent[i] for i in order),
        place_share=ground.place_share[order],
        specialised=np.ascontiguousarray(ground.specialised[:, order]),
        named=tuple(dataclasses.replace(firm, place=int(at[firm.place])) for firm in ground.named),
    )
    return other


def test_listing_places_in_another_order_moves_the_city_only_within_its_luck() -> None:
    """In law: a newcomer's luck is addressed by the position of a place, so members differ and the mean does not."""
    study = prepare(scenario("baseline"))
    order = np.random.default_rng(2).permutation(len(study.ground.places))
    other = renamed(study, order)
    members = range(40)
    here, there = (np.array([_by_place(s, s.simulate(m)) for m in members]) for s in (study, other))
    difference = there.mean(axis=0)[np.argsort(order)] - here.mean(axis=0)
    # The larger places, where a mean of 40 members is near normal.
    large = study.ground.place_share > 0.03
    error = np.sqrt((here.var(axis=0) + there.var(axis=0)[np.argsort(order)]) / len(members))
    assert (np.abs(difference) < 4.0 * error)[large].all()
    assert np.argmax(here.mean(axis=0)) == np.argsort(there.mean(axis=0)[np.argsort(order)])[-1]


def _by_place(study: Study, result: MemberResult) -> Number:
    """Catalogue firms by place at the end, by position: names in ``series`` are those of the registry."""
    names = [name.startswith("district_catalogue_firms[") for name in study.series]
    return np.asarray(result.values[-1, np.array(names)])


def test_moving_a_border_leaves_the_city_as_it_was() -> None:
    """Where a border runs is nothing to the city: moving a piece of one place to another moves no other total."""
    nowhere = {"agg_local": 0.0, "logit_specialisation": 0.0}
    study = prepare(scenario("no_policy", {"talent": False}, **nowhere))
    other = _moved_border(study)
    for member in (0, 1):
        one, two = study.simulate(member).values, other.simulate(member).values
        by_place = np.array([name.startswith("district_") for name in study.series])
        assert one[:, ~by_place].tobytes() == two[:, ~by_place].tobytes()
        assert one[:, by_place].tobytes() != two[:, by_place].tobytes()


def test_a_border_matters_to_people_only_as_far_as_they_stay_at_home() -> None:
    """Where everybody goes where the jobs are, borders are nothing to the city; where they stay, they are something."""
    apart = []
    for home in (0.0, 0.5):
        nowhere = {"agg_local": 0.0, "logit_specialisation": 0.0, "commute_home_share": home}
        study = prepare(scenario("no_policy", talent_slack0=-0.2, **nowhere))
        city = np.array([not name.startswith("district_") for name in study.series])
        one, two = (s.simulate(1).values[:, city] for s in (study, _moved_border(study)))
        apart.append(np.abs(one - two).max() / np.abs(one).max())
    assert apart[0] < 1e-12
    assert apart[1] > 1e-6


def _moved_border(study: Study) -> Study:
    """The study with a piece of its largest place in its last one."""
    other = prepare(study.scenario)
    share = study.ground.place_share.copy()
    share[int(np.argmax(share))] -= 0.02
    share[-1] += 0.02
    other.ground = dataclasses.replace(study.ground, place_share=share)
    return other


def test_relabelling_a_scenario_changes_no_byte() -> None:
    case = scenario("baseline")
    other = dataclasses.replace(case, name=scenario("lean").name, stem="other", file="other.yaml")
    one, two = (TianjinAI(prepare(c), 1) for c in (case, other))
    for _ in range(12):
        one.step()
        two.step()
    assert one.block.tobytes() == two.block.tobytes()
