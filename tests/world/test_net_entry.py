"""The account of net entry is closed: without luck an industry grows as its loading says, and not without newcomers."""

import numpy as np
import pytest

from simulator.foundation.tables import shipped
from simulator.model import prepare
from simulator.scenario import load_scenario

QUIET = {
    "period.end": "2022Q4",
    "assumptions.loading_national": "0.75",
    "assumptions.g_nat_ai": "20 %/yr",
    "assumptions.g_nat_yearly_sd": "0 log-points",
    "assumptions.net_entry_share_national": "25 %",
    "assumptions.city_shock_sd": "0 log-points/yr",
    "assumptions.chain_shock_sd": "0 log-points/yr",
    "assumptions.chain_deviation_sd": "0 log-points/yr",
    "mechanisms.firm_shocks": "off",
}


def software_growth(**more: str) -> float:
    """Mean yearly growth of software revenue from 2018 to 2022, log points."""
    sheet = {**QUIET, **{key.replace("__", "."): value for key, value in more.items()}}
    study = prepare(load_scenario(shipped("scenarios", "hindcast.yaml"), sheet))
    column = study.series.index("software_revenue")
    found = []
    for member in range(8):
        values = study.simulate(member).values[:, column]
        found.append(np.log(values[17:21].mean() / values[1:5].mean()) / 4.0)
    return float(np.mean(found))


def test_software_of_2017_grows_as_its_loading_says() -> None:
    assert software_growth() == pytest.approx(0.75 * np.log(1.2), abs=0.02)


def test_without_newcomers_exits_and_the_share_of_net_entry_are_missing() -> None:
    assert software_growth(mechanisms__entry="off") < 0.75 * np.log(1.2) - 0.02
