"""Limits L14, L15 and L19 and the intention-to-treat identity (F.6), through the engine's research stages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from simulator.engine.choose import choose
from simulator.foundation.randomness import Decision, uniforms
from simulator.mechanisms import research as m6
from simulator.world.founding import Draw
from simulator.world.paths import fund_paths
from tests.limits.handmade import OFF, START, Handmade, no_projects, parameters, still

Number = npt.NDArray[np.float64]

RESEARCH = OFF._replace(research=1.0)
HONEST = {"rd_additionality": 0.0, "rd_misuse": 0.0, "subsidy_concavity": 1.0}
SALES, SHARE = 100.0, 0.12


def granted_for_ever(
    rise: float, years: int, depreciation: float, lag: float = 2.0, **changed: float
) -> Handmade:
    """One firm on its balanced path whose research grants raise it by a share ``rise`` from the first year on.

    Sales are held at their level, so that own research stays what it was.
    """
    money = rise * SHARE * SALES
    fixed = HONEST | {"rd_share": SHARE, "lag_rd": lag, "technologies_per_money": 1.0 / money}
    world = Handmade(
        [SALES],
        parameters(RESEARCH, **(fixed | changed)),
        still(
            years=years,
            grants=np.full((years, 1), money),
            research_depreciation=np.full((2, 1), depreciation),
            projects=no_projects(years),
        ),
        research=SHARE * SALES / depreciation,
    )
    for quarter in range(4 * years):
        world.sales[:] = SALES
        world.step(quarter, first_of_year=quarter % 4 == 0, year=quarter // 4)
    assert world.research[0] == pytest.approx(SHARE * SALES / depreciation, rel=1e-12)
    return world


@pytest.mark.parametrize(
    ("years", "yearly", "quarterly"),
    [(2, 0.0, 0.0), (3, 0.0126, 0.0113), (5, 0.0256, 0.0239), (10, 0.0347, 0.0340)],
)
def test_l14_output_after_a_permanent_rise_of_research(
    years: int, yearly: float, quarterly: float
) -> None:
    """+50 %, elasticity .09, depreciation .30, lag two years; the yearly step by the quarterly rate that equals it."""
    for depreciation, limit in ((0.3, quarterly), (4.0 * (1.0 - 0.7**0.25), yearly)):
        world = granted_for_ever(0.5, years, depreciation, eta_rd=0.09)
        gained = 1.0 - (1.0 - depreciation / 4.0) ** (4 * max(years - 2, 0))
        effect = np.log(world.external[0] / SALES)
        assert effect == pytest.approx(0.09 * np.log(1.0 + 0.5 * gained), abs=1e-12)
        assert effect == pytest.approx(limit, abs=6e-5)


def test_without_elasticity_grants_are_paid_and_nothing_grows() -> None:
    """No direct path from subsidy to growth, and none before the lag has passed."""
    world = granted_for_ever(0.5, 4, 0.3, eta_rd=0.0)
    assert world.city("grants_paid") == pytest.approx(4 * 0.5 * SHARE * SALES)
    assert world.stocks.granted[1] > 0.0 and world.external[0] == SALES
    assert granted_for_ever(0.5, 2, 0.3, lag=2.0).external[0] == SALES
    assert granted_for_ever(0.5, 2, 0.3, lag=1.75).external[0] > SALES


def test_f6_intention_to_treat_is_the_effect_on_compliers_less_misuse() -> None:
    """With a share .42 misused: exactly so in the research stock, to first order in output."""
    misuse = 0.42
    used = granted_for_ever(0.01, 5, 0.3, lag=1.0)
    treated = granted_for_ever(0.01, 5, 0.3, lag=1.0, rd_misuse=misuse)
    assert treated.stocks.granted[1] == pytest.approx((1.0 - misuse) * used.stocks.granted[1])
    effects = np.log([treated.external[0] / SALES, used.external[0] / SALES])
    assert effects[0] / effects[1] == pytest.approx(1.0 - misuse, abs=0.004)


def test_a_grant_is_concave_and_never_adds_more_than_itself() -> None:
    sizes = np.geomspace(1e-4, 10.0, 60)
    added = m6.effective_grant(sizes, 0.05, 0.35, 0.012, 0.6)
    assert (added <= sizes).all() and (added[:5] == sizes[:5]).all() and added[-1] < 0.1 * sizes[-1]
    split = 2.0 * m6.effective_grant(sizes / 2.0, 0.05, 0.35, 0.012, 0.6)
    assert (split >= added).all() and (split[30:] > 1.2 * added[30:]).all()


def test_a_round_spends_the_money_there_is() -> None:
    """Grants of the usual size; what fills none waits; more grants than firms make them larger. Chain by chain."""
    per_money = 10.0
    money = np.array([[0.25, 0.07, 2.0], [0.25, 0.07, 0.0]])
    chain = np.repeat([0, 1, 2], [9, 9, 5])
    world = Handmade(
        np.ones(23),
        parameters(RESEARCH, technologies_per_money=per_money, **HONEST),
        still(years=2, chains=3, grants=money, research_depreciation=np.full((2, 3), 0.3),
              projects=no_projects(2)),
        chain=chain,
        ai=np.arange(23) != 22,
    )  # fmt: skip
    found = []
    for year in range(2):
        world.step(4 * year, year=year)
        grants = np.where(world.slot > 0, world.stocks.grant[world.slot], 0.0)
        found.append([np.sort(grants[chain == c])[::-1] for c in range(3)])
        given = money[: year + 1].sum()
        paid = world.city("grants_paid")
        assert paid + world.stocks.grant_pot.sum() == pytest.approx(given, abs=1e-12)
    size = 1.0 / per_money
    assert found[0][0].tolist() == pytest.approx([size] * 2 + [0.0] * 7)
    assert found[0][1].tolist() == pytest.approx([0.0] * 9)
    assert found[0][2].tolist() == pytest.approx(
        [2.0 / 4] * 4 + [0.0]
    )  # four firms of the chain do AI
    assert found[1][0].tolist() == pytest.approx([size] * 3 + [0.0] * 6)  # 0.05 had waited
    assert found[1][1].tolist() == pytest.approx([size] + [0.0] * 8)
    assert not found[1][2].any()


def jump(outcome: Number, running: Number, width: float) -> tuple[float, float]:
    """Regression discontinuity at zero: local linear on both sides, with its robust standard error."""
    near = np.abs(running) <= width
    y, s = outcome[near], running[near]
    above = (s >= 0.0).astype(float)
    x = np.column_stack([np.ones_like(s), above, s, above * s])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    left = y - x @ beta
    covariance = inverse @ (x.T * left**2) @ x @ inverse
    return float(beta[1]), float(np.sqrt(covariance[1, 1]))


def test_l19_selection_by_score_looks_like_an_effect_that_is_not_there() -> None:
    """Grants without effect: granted firms win more fund tickets, but not at the cutoff of the score."""
    n, tickets, rounds = 3000, 3000, 8
    money = 20.0
    p = parameters(RESEARCH, eta_rd=0.0, technologies_per_money=n / 2 / money)
    gaps, jumps = [], []
    for seed in range(rounds):
        quality = np.exp(0.5 * np.random.default_rng(seed).standard_normal(n))
        forcing = still(
            grants=[[money]],
            research_depreciation=np.full((2, 1), 0.3),
            tickets=np.full(tickets, 0.1),
            first_ticket=[0, tickets],
        )
        world = Handmade(np.ones(n), p, forcing, quality=quality)
        world.step(0, seed=seed)
        granted = world.slot > 0
        assert granted.sum() == n // 2 and (world.external == 1.0).all()
        won = np.bincount(np.searchsorted(world.world.firms.ids, world.stocks.owner), minlength=n)
        luck = uniforms(world.world.firms.ids, START, Decision.GRANT_ROUND, seed, 0)[0]
        score = m6.grant_score(quality, luck, p.research.grant_score_noise)
        assert score[granted].min() > score[~granted].max()
        running = score - (score[granted].min() + score[~granted].max()) / 2.0
        error = np.sqrt(won[granted].var() + won[~granted].var()) / np.sqrt(n / 2)
        gaps.append((won[granted].mean() - won[~granted].mean()) / error)
        jumps.append([*jump(won, running, 0.6), *jump(won + 0.4 * granted, running, 0.6)])
    assert min(gaps) > 5.0
    estimate, error, with_effect, _ = np.mean(jumps, axis=0)
    assert abs(estimate) < 2.0 * error / np.sqrt(rounds)
    assert with_effect > 4.0 * error / np.sqrt(rounds)  # it would be seen if it were there


def paid_in(rate: float, opening: float, commitments: Number) -> tuple[Number, Number]:
    """Committed and paid-in money by quarter of a fund that starts with nothing paid in."""
    p = parameters(k_drawdown=rate, fund_committed=opening, fund_paid_in=0.0)
    draw = Draw(1, 0, uniforms, choose("plain").choose_place)
    stocks = fund_paths(commitments, p, draw).stocks
    return stocks[:, 0], stocks[:, 1]


def test_l15_drawdown_of_a_single_vintage_and_of_uniform_ones() -> None:
    """615 of 1104 after eight years: a rate of .102 for one vintage, about .24 for even ones over the eight years."""
    committed, paid = paid_in(0.102, 1104.0, np.zeros(32))
    assert paid[-1] == pytest.approx(1104.0 * (1.0 - np.exp(-0.102 * 8)), rel=1e-12)
    assert paid[-1] == pytest.approx(615.0, abs=1.0)
    committed, paid = paid_in(0.24, 0.0, np.full(32, 1104.0 / 8))
    assert committed[-1] == pytest.approx(1104.0)
    limit = 1.0 - (1.0 - np.exp(-0.24 * 8)) / (0.24 * 8)
    # A quarter's commitments are all there from its start: half a quarter more than an even stream.
    assert paid[-1] / 1104.0 == pytest.approx(limit, abs=0.24 / 8 / 2)
    assert paid[-1] / 1104.0 == pytest.approx(0.557, abs=0.015)
    for rate in (0.05, 0.24, 2.0, 50.0):
        committed, paid = paid_in(rate, 100.0, np.array([40.0, 0.0] * 16))
        assert (paid <= committed).all() and (np.diff(paid) >= 0.0).all()
