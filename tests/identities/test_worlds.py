"""Same bytes where nothing differs, other bytes where something does."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.engine.choose import choose
from simulator.foundation.calendar import Quarter
from simulator.foundation.parameters import load_priors
from simulator.model import TianjinAI, prepare
from simulator.policy.effects import load_lever_effects
from simulator.registry import load_registry
from simulator.scenario import Scenario
from tests.limits.handmade import NOTHING, no_doses, scenario, with_doses

PAST = {"period.start": "2018Q1", "period.end": "2020Q4"}
WITHOUT = scenario("no_policy")
BASELINE = scenario("baseline")
EFFECTS = load_lever_effects(load_registry(), load_priors())
REACHING = {effect.lever for effect in EFFECTS}
IDLE = [s.lever.id for s in BASELINE.levers if s.lever.id not in REACHING]
ACTING = [s.lever.id for s in BASELINE.levers if s.lever.id in REACHING]


def bytes_of(case: Scenario, member: int) -> bytes:
    return prepare(case).simulate(member).values.tobytes()


def only(case: Scenario, *levers: str) -> Scenario:
    """The scenario with no other levers than these."""
    return dataclasses.replace(case, levers=tuple(s for s in case.levers if s.lever.id in levers))


@pytest.mark.parametrize("member", [0, 3, 51])
def test_every_dose_zero_is_no_policy(member: int) -> None:
    silent = with_doses(BASELINE, no_doses(BASELINE))
    assert len(silent.levers) == 40
    assert bytes_of(silent, member) == bytes_of(WITHOUT, member)
    assert bytes_of(BASELINE, member) != bytes_of(WITHOUT, member)


def test_dose_zero_written_in_a_scenario_is_no_policy() -> None:
    overrides = {
        f"levers.{s.lever.key}.{s.attribute}": f"0{_unit(s.unit)}" for s in BASELINE.levers
    }
    silent = scenario("baseline", overrides=overrides)
    assert not any(s.dose.at(Quarter(2026, 1)) for s in silent.levers)
    assert bytes_of(silent, 1) == bytes_of(WITHOUT, 1)


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def test_a_lever_that_never_acts_changes_no_byte() -> None:
    """Without a mechanism yet, or in force only after the period; a second lever at a dose changes some."""
    assert IDLE and "l-tj27-organisation" in IDLE
    reference = bytes_of(WITHOUT, 2)
    assert bytes_of(only(BASELINE, *IDLE), 2) == reference
    late = only(BASELINE, "l-tj27-funds")
    (funds,) = late.levers
    after = dataclasses.replace(funds.dose, start=Quarter(2028, 1), end=Quarter(2030, 4))
    late = dataclasses.replace(late, levers=(dataclasses.replace(funds, dose=after),))
    assert bytes_of(late, 2) == reference
    both = dataclasses.replace(BASELINE, levers=(*late.levers, *only(BASELINE, *ACTING[:1]).levers))
    assert bytes_of(both, 2) == bytes_of(only(BASELINE, *ACTING[:1]), 2)
    assert bytes_of(only(BASELINE, "l-tj27-funds"), 2) != reference


def test_levers_that_act_change_bytes() -> None:
    """At their highest dose, each of a handful by itself."""
    reference = bytes_of(WITHOUT, 2)
    for lever in ("l-tj27-funds", "l-tj27-talent", "l-tj27-benchmarks", "l-tj27-firm-ladder", "l-tj27-alliance",
                  "l-tj27-zone-compute", "l-tj27-district-money"):  # fmt: skip
        assert bytes_of(only(BASELINE, lever), 2) != reference, lever


SEPARATE = NOTHING | {"firm_shocks": True, "exit": True, "entry": True, "arrivals": True}


def firms_after(model: TianjinAI, quarters: int) -> dict[int, tuple[float, int, int]]:
    """External sales, age and place of every living firm by id."""
    for _ in range(quarters):
        model.step()
    firms = model.world.firms
    rows = zip(
        firms.column("external").tolist(),
        firms.column("age").tolist(),
        firms.column("place").tolist(),
        strict=True,
    )
    return dict(zip(firms.ids.tolist(), rows, strict=True))


@pytest.mark.parametrize("largest", [True, False])
def test_removing_a_firm_changes_no_other_firms_draws(largest: bool) -> None:
    """Without links, reversion and age, which share by design, all others live, grow and die bit for bit as before."""
    study = prepare(scenario("baseline", mechanisms=SEPARATE))
    whole, fewer = TianjinAI(study, 4), TianjinAI(study, 4)
    external = fewer.world.firms.column("external")
    row = int(np.argmax(external)) if largest else len(external) // 2
    gone = int(fewer.world.firms.ids[row])
    fewer.world.firms.remove([row])
    before, after = firms_after(whole, 12), firms_after(fewer, 12)
    before.pop(gone, None)
    assert before == after
    assert len(before) > 500


def test_one_firm_more_changes_no_other_firms_draws() -> None:
    """Policy arrivals and start-ups come beside the firms of the world without policy, which stay as they are."""
    plain = TianjinAI(prepare(scenario("no_policy", mechanisms=SEPARATE)), 4)
    quiet = {"zone_effect_muni": 0.0, "growth_response": 0.0, "ai_pilot_prod": 0.0}
    quiet |= {"survival_response": 0.0, "logit_incentive": 0.0}
    pushed = TianjinAI(
        prepare(scenario("push", mechanisms=SEPARATE, startup_response=0.3, **quiet)), 4
    )
    without, with_policy = firms_after(plain, 12), firms_after(pushed, 12)
    assert without.items() <= with_policy.items()
    assert len(with_policy) > len(without)


@pytest.mark.parametrize("member", [0, 33])
@pytest.mark.parametrize(
    ("stem", "overrides", "mechanisms"),
    [
        ("no_policy", PAST, {}),
        ("baseline", {"seed": 4294967295}, {"links": False, "capacity": False}),
        ("push", {"period.end": "2030Q4"}, {}),
        ("lean", {}, {"exit": False, "firm_shocks": False}),
    ],
)
def test_both_engines_give_the_same_bytes(
    stem: str, overrides: dict[str, object], mechanisms: dict[str, bool], member: int
) -> None:
    plain = choose("plain")
    auto = choose("auto")
    if auto.NAME == plain.NAME:
        pytest.skip("Numba is not installed")
    study = prepare(scenario(stem, mechanisms, overrides))
    one, other = study.simulate(member, "plain"), study.simulate(member, "compiled")
    odd = [study.series[j] for j in np.unique(np.argwhere(one.values != other.values)[:, 1])]
    assert not odd
    assert one.values.tobytes() == other.values.tobytes()


def test_both_engines_leave_the_same_firms() -> None:
    """Not only the sums: every column of every firm, at both foundings."""
    for overrides in ({}, PAST):
        study = prepare(scenario("no_policy" if overrides else "push", overrides=overrides))
        worlds = []
        for engine in ("plain", "auto"):
            model = TianjinAI(study, 9, engine=engine)
            for _ in study.simulated:
                model.step()
            worlds.append(model.world.firms)
        assert worlds[0].n == worlds[1].n
        assert worlds[0].ids.tobytes() == worlds[1].ids.tobytes()
        for name in type(worlds[0].columns.firms)._fields:
            assert worlds[0].column(name).tobytes() == worlds[1].column(name).tobytes(), name


def test_the_same_parameters_meet_other_luck() -> None:
    study = prepare(scenario("baseline"))
    own, same, other = (study.simulate(3, "plain", luck) for luck in (None, 3, 11))
    assert own.values.tobytes() == same.values.tobytes()
    drawn = len(study.draws.names)
    assert own.parameters[:drawn].tobytes() == other.parameters[:drawn].tobytes()
    names = study.parameter_names
    for name in ("construction", "n10_2024"):
        place = names.index(name)
        assert own.parameters[place] == other.parameters[place]
    founding = study.series.index("core_revenue")
    assert own.values[0, founding] == pytest.approx(other.values[0, founding])  # the base is drawn
    assert abs(own.values[-1, founding] / other.values[-1, founding] - 1.0) > 1e-3
    stranger = study.simulate(11, "plain")
    assert stranger.values.tobytes() != other.values.tobytes()
