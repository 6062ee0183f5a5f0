"""With the table of firms frozen, what firms bring about cannot move: the effects are theirs, not bookkeeping."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt
import pytest

from simulator.model import Study, TianjinAI, prepare
from simulator.targets import judge_all
from tests.limits.handmade import no_doses, scenario, with_doses

STEMS = ("baseline", "plans/tj-2018-2020", "plans/chains-2018-2020", "plans/pilot-zone-2020-2024")


@functools.cache
def study(stem: str, firms: bool, levers: bool) -> Study:
    case = scenario(stem, {"firms": firms})
    return prepare(case if levers else dataclasses.replace(case, levers=()))


@functools.cache
def block(stem: str, firms: bool, levers: bool, member: int = 1) -> npt.NDArray[np.float64]:
    return study(stem, firms, levers).simulate(member).values


def answered(stem: str) -> list[str]:
    """Series that answer the endogenous targets of the scenario's plans."""
    known = study(stem, True, True)
    return [
        item.series
        for item in judge_all(known.library)
        if item.target.document in known.scenario.plans and item.target.modelled_how == "endogenous"
    ]


@pytest.mark.parametrize("stem", STEMS)
def test_the_effect_of_levers_vanishes_with_the_firms(stem: str) -> None:
    names = study(stem, True, True).series
    series = answered(stem)
    assert series
    for name in {"core_revenue", *series}:
        column = names.index(name)
        frozen = [block(stem, False, levers)[:, column] for levers in (True, False)]
        assert frozen[0].tobytes() == frozen[1].tobytes(), name


def moved(stem: str, members: range) -> set[str]:
    """Of the series that answer, those that levers move in some member while firms live."""
    names = study(stem, True, True).series
    return {
        name
        for name in answered(stem)
        for member in members
        if not np.array_equal(
            *(block(stem, True, levers, member)[:, names.index(name)] for levers in (True, False))
        )
    }


def test_every_endogenous_target_is_among_them_and_levers_move_most() -> None:
    registry = study("baseline", True, True).registry
    asked = {t.metric for t in registry.targets if t.modelled_how == "endogenous"}
    found = {item.target.metric for s in STEMS for item in judge_all(study(s, True, True).library)
             if item.series and item.target.modelled_how == "endogenous"}  # fmt: skip
    assert found == asked
    # Whole counts of large firms and areas need more than a few members to move.
    still = {name for s in STEMS for name in set(answered(s)) - moved(s, range(3))}
    assert still <= {
        "firms_10", "firms_50", "firms_100", "feature_clusters", "large_clusters", "leading_firms_brand",
        "named_cluster_scale[pz24_named_cluster_services]",  # outside the chains
    }  # fmt: skip


def test_frozen_firms_stay_as_they_were_founded() -> None:
    model = TianjinAI(study("baseline", False, True), 1)
    table = model.world.firms
    founded = {name: table.column(name).tobytes() for name in type(table.columns.firms)._fields}
    for _ in model.study.simulated:
        model.step()
    assert {name: table.column(name).tobytes() for name in founded} == founded
    assert model.measures["entries"] == model.measures["exits"] == model.measures["tickets"] == 0.0
    assert model.measures["milestones_started[tj27_key_tech]"] > 0.0
    assert model.measures["milestones_delivered[tj27_key_tech]"] == 0.0


def test_projects_are_not_their_doses() -> None:
    """Delivered differs between members and from what was reserved, and exits are part of it."""
    for stem, target in (
        ("baseline", "tj27_key_tech"),
        ("plans/tj-2018-2020", "tj18_major_projects"),
    ):
        known = study(stem, True, True)
        columns = [
            known.series.index(f"milestones_{k}[{target}]") for k in ("started", "delivered")
        ]
        ends = np.array([known.simulate(member).values[-1, columns] for member in range(6)])
        assert (ends[:, 1] < ends[:, 0]).all() and len(set(ends[:, 1].tolist())) > 2
        stay = prepare(dataclasses.replace(known.scenario,
                       mechanisms={**known.scenario.mechanisms, "exit": False}))  # fmt: skip
        safe = np.array([stay.simulate(member).values[-1, columns] for member in range(6)])
        assert (safe[:, 0] == ends[:, 0]).all()
        if stem == "baseline":
            assert (safe[:, 1] >= ends[:, 1]).all() and safe[:, 1].sum() > ends[:, 1].sum()


def test_research_without_grants_changes_no_byte() -> None:
    """Its own research lifts no firm: with every dose zero the switch is without consequence, with doses it is not."""
    bytes_of = {}
    for research in (True, False):
        case = scenario("baseline", {"research": research})
        for dose, one in (("zero", with_doses(case, no_doses(case))), ("plan", case)):
            bytes_of[research, dose] = prepare(one).simulate(2).values.tobytes()
    assert bytes_of[True, "zero"] == bytes_of[False, "zero"]
    assert bytes_of[True, "plan"] != bytes_of[False, "plan"]
