"""Shapley shares: they add up, equals get equal shares, drawn orders agree with all orders."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.attribution import (
    attribute,
    between,
    coalitions_of,
    groups_of,
    needed,
    shapley,
)
from simulator.experiments.cases import Cases, changed
from simulator.foundation.findings import UsageError
from simulator.scenario import load_scenario

BASELINE = load_scenario("scenarios/baseline.yaml")
PUSH = load_scenario("scenarios/push.yaml")
MEMBERS = np.arange(1.0, 6.0)


def game(on: frozenset[int]) -> np.ndarray:
    """Groups 0 and 1 do the same, 2 only doubles what they do, 3 does nothing."""
    alike = len(on & {0, 1})
    return MEMBERS * alike * (2.0 if 2 in on else 1.0)


def test_shares_add_up_and_equals_get_equal_shares() -> None:
    shares, error = shapley(4, game)
    assert np.allclose(shares.sum(axis=0), game(frozenset(range(4))) - game(frozenset()))
    assert np.allclose(shares[0], shares[1])
    assert np.allclose(shares[3], 0.0) and not error.any()
    # By hand: 2 adds |S ∩ {0,1}|, of which one is expected before it; the others share the rest.
    assert np.allclose(shares[2], MEMBERS) and np.allclose(shares[0], 1.5 * MEMBERS)


def test_drawn_orders_add_up_and_come_near() -> None:
    orders, exact = coalitions_of(4, 200, seed=1)
    assert not exact and len(orders) == 200
    assert all(order[::-1] == back for order, back in zip(orders[::2], orders[1::2], strict=True))
    wanted = set(needed(4, orders))
    shares, error = shapley(4, lambda on: game(on) if on in wanted else np.full(5, np.nan), orders)
    assert np.allclose(shares.sum(axis=0), game(frozenset(range(4))))
    whole, _ = shapley(4, game)
    assert np.all(np.abs(shares - whole).mean(axis=1) <= 4.0 * error + 1e-9)
    assert coalitions_of(8, None, 1) == ([], True)
    assert not coalitions_of(9, None, 1)[1]


def test_what_differs_is_grouped() -> None:
    kinds = groups_of(PUSH, BASELINE)
    assert sum(len(group.levers) for group in kinds) == 6
    assert len(groups_of(PUSH, BASELINE, "lever")) == 6
    assert len(groups_of(PUSH, BASELINE, "document")) == 1
    own = groups_of(PUSH, BASELINE, custom={"money": ["tj27_funds"]})
    assert [group.name.en for group in own].count("money") == 1 and len(own) == 6
    other = changed(PUSH, {"m_crowdin": 0.0, "exit": 0.0})
    assert len(groups_of(other, BASELINE)) == len(kinds) + 2
    everyone = frozenset(range(len(kinds)))
    assert between(PUSH, BASELINE, kinds, everyone).digest() == PUSH.digest()
    assert between(PUSH, BASELINE, kinds, frozenset()).digest() == BASELINE.digest()


def test_what_cannot_be_attributed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the same levers"):
        groups_of(BASELINE, BASELINE)
    with pytest.raises(UsageError, match="period"):
        groups_of(load_scenario("scenarios/horizon_2035.yaml"), BASELINE)
    city = Path("examples/city_xingang")
    fewer = Path(shutil.copytree(city, tmp_path / "city")) / "lever_effects.csv"
    lines = fewer.read_text("utf-8").splitlines(keepends=True)
    fewer.write_text("".join(lines[: len(lines) // 2]), "utf-8")
    push = load_scenario(city / "push.yaml", data=city)
    assert groups_of(push, load_scenario(city / "baseline.yaml", data=city))
    with pytest.raises(UsageError, match="differ in their data"):
        groups_of(push, load_scenario(city / "baseline.yaml", data=fewer.parent))
    with pytest.raises(UsageError, match="did you mean kind"):
        groups_of(PUSH, BASELINE, "kinds")
    with pytest.raises(UsageError, match="did you mean tj27_funds"):
        groups_of(PUSH, BASELINE, custom={"money": ["tj27_fund"]})


def test_the_change_of_the_model_is_shared_out_whole() -> None:
    two = changed(BASELINE, {"tj27_funds": 500.0, "tj27_hq_attraction": 40.0})
    found = attribute(
        dataclasses.replace(two, stem="two"),
        BASELINE,
        members=4,
        by="lever",
        cases=Cases(workers=1),
    )
    assert found.exact and found.coalitions == 4 and found.members == 4
    assert found.extra_cost == pytest.approx(3 * (400 * 0.18 + 36 * 0.2))
    for outcome in found.outcomes:
        total = sum(share.share.value for share in outcome.shares)
        assert total == pytest.approx(outcome.total.value, abs=1e-9)
        assert outcome.residual == pytest.approx(0.0, abs=1e-9)
        assert outcome.after - outcome.before == pytest.approx(outcome.total.value)
    assert found.outcomes[0].total.value > 0.0
