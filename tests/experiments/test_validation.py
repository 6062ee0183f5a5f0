"""Histories agree with what the model records; validation judges every fact and drops none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.histories import History, record, record_all
from simulator.experiments.validation import (
    Validation,
    accounts,
    load_facts,
    luck_alone,
    scenario_of,
    validate,
)
from simulator.foundation.calendar import Period, Quarter
from simulator.foundation.findings import UsageError
from simulator.model import prepare
from simulator.reporting import figures, terminal


@pytest.fixture(scope="module")
def history() -> History:
    return record(prepare(scenario_of(None, {"period.end": "2026Q4"})), 3)


@pytest.fixture(scope="module")
def found() -> Validation:
    scenario = scenario_of(None, {"period.end": "2026Q4"})
    return validate(scenario, members=2, luck_members=3)


def test_revenue_of_firms_adds_up_to_the_city(history: History) -> None:
    everyone = history.series["core_revenue"] + history.series["ecosystem_revenue"]
    assert np.nansum(history.revenue[0]) == pytest.approx(everyone[0])
    # Firms of part of a year are in the city's figure and not in the histories.
    assert np.nansum(history.revenue[1]) < everyone[1:5].mean()
    assert np.nansum(history.revenue[1]) > 0.9 * everyone[1:5].mean()


def test_stocks_and_exits_are_those_recorded(history: History) -> None:
    assert history.present.sum(axis=1).tolist() == history.series["firms"][[0, 4, 8]].tolist()
    listed = history.catalogue.sum(axis=1)
    assert listed.tolist() == history.series["catalogue_firms"][[0, 4, 8]].tolist()
    quarterly = history.series["exits"][1:].reshape(2, 4) / 4.0
    assert history.exits.tolist() == pytest.approx(quarterly.sum(axis=1).tolist())


def test_recording_changes_nothing(history: History) -> None:
    study = prepare(scenario_of(None, {"period.end": "2026Q4"}))
    values = study.simulate(3).values[:, study.series.index("core_revenue")]
    assert history.series["core_revenue"].tobytes() == values.tobytes()


def test_threads_keep_the_order() -> None:
    study = prepare(scenario_of(None, {"period.end": "2025Q4"}))
    seen: list[int] = []
    several = record_all(study, range(4), workers=2, done=lambda: seen.append(1))
    assert [item.member for item in several] == [0, 1, 2, 3]
    assert len(seen) == 4
    again = record(study, 2)
    assert several[2].revenue.tobytes() == again.revenue.tobytes()


def test_no_fact_is_dropped(found: Validation) -> None:
    assert [j.fact.id for j in found.judgements] == [fact.id for fact in load_facts()]
    for judgement in found.judgements:
        assert (judgement.sample is None) == (judgement.verdict == "not_applicable")
        assert judgement.verdict == "pass" or (judgement.reason.zh and judgement.reason.en)
        if judgement.sample and judgement.verdict == "pass":
            assert judgement.fact.low <= judgement.sample.value <= judgement.fact.high
    short = {j.fact.id for j in found.judgements if "years" in j.reason.en}
    assert {"SF14", "SF17", "SF38"} <= short


def test_accounts_say_what_was_fitted(found: Validation) -> None:
    marks = {account.key: account for account in found.accounts}
    assert marks["paid_in"].model.value == marks["paid_in"].reported == 615.0
    assert marks["landed_investment"].mark == "check"
    for account in found.accounts:
        assert (account.mark == "fitted") == bool(account.fitted_by)
        assert account.model.low <= account.model.value <= account.model.high
    assert marks["paid_in"].verdict == "pass" and marks["landed_investment"].verdict == "miss"
    assert "later rounds" in marks["landed_investment"].miss.en


def test_hindcast_accounts_are_what_was_placed_since_2017() -> None:
    scenario = scenario_of(Path("scenarios/hindcast.yaml"))
    now = scenario.period.quarters.index(Quarter(2025, 2)) + 1
    made = dict.fromkeys(
        ("fund_committed", "fund_paid_in", "fund_invested", "private_coinvestment", "tickets"),
        np.arange(len(scenario.period.quarters) + 1.0)[np.newaxis],
    )
    drawn = {"fund_landing_share": np.array([0.5]), "k_drawdown": np.array([0.1])}
    found = {account.key: account for account in accounts(scenario, made, drawn)}
    assert found["committed"].model.value == found["paid_in"].model.value == now
    assert found["ai_projects"].model.value == found["ai_invested"].model.value == 2.0 * now
    assert found["landed_investment"].model.value == 2.0 * now
    # Eleven quarters of 100亿元 over three years at 0.364 a yuan.
    assert found["special_fund_spent"].model.value == pytest.approx(0.364 * 33.33 * 11 / 4)
    assert (found["committed"].mark, found["paid_in"].mark) == ("check", "fitted")
    # What a paid-in sum, an invested one, a landed one and an executed one are all held against is printed.
    assert {"paid_in", "ai_invested", "landed_investment", "special_fund_spent"} <= set(found)
    spent = found["special_fund_spent"]
    assert spent.verdict == "miss" and "eleven of twelve quarters" in spent.miss.en


def test_luck_alone_is_as_large_as_the_formula() -> None:
    growth, expected = luck_alone(scenario_of(None), 60)
    # The error of a standard deviation from sixty Laplace-like draws is about twelve per cent.
    assert growth.std() == pytest.approx(expected, rel=0.4)
    assert abs(growth.mean()) < 1e-12


def test_tables_and_figure(found: Validation, tmp_path: Path) -> None:
    for lang in ("zh", "en", "both"):
        text = terminal.validation(found, lang)  # type: ignore[arg-type]
        assert all(judgement.fact.id in text for judgement in found.judgements)
        assert "landed_investment" in text
    told = terminal.validation_json(found)
    assert len(told["facts"]) == len(found.judgements)
    for file in figures.save(figures.firm_shapes(found), tmp_path / "shapes"):
        assert file.stat().st_size > 10_000


def test_odd_periods_are_refused() -> None:
    scenario = scenario_of(None)
    odd = replace(scenario, period=Period(Quarter(2025, 1), Quarter(2025, 3)))
    with pytest.raises(UsageError, match="whole years"):
        validate(odd)
    with pytest.raises(UsageError, match="two members"):
        validate(scenario, members=1)
