"""The shipped priors say where every number comes from, and are what the evidence allows."""

import numpy as np
import pytest

from simulator.foundation.parameters import GRADES, load_priors
from simulator.foundation.tables import read_table, shipped
from simulator.foundation.units import parse_quantity

PRIORS = load_priors()
TABLE = {row["name"]: row for row in read_table(shipped("calibration", "priors.csv"))}
SOURCES = {row["id"]: row for row in read_table(shipped("calibration", "sources.csv"))}
TABLES_WITH_SOURCES = (
    ("calibration", "priors.csv"),
    ("calibration", "moments.csv"),
    ("calibration", "vintage_priors.csv"),
    ("calibration", "vintage_size_classes.csv"),
    ("calibration", "outcomes.csv"),
    ("data", "lever_assumptions.csv"),
    ("data", "founding", "constructions.csv"),
    ("data", "founding", "named_firms.csv"),
    ("data", "founding", "chain_mix.csv"),
    ("data", "founding", "place_shares.csv"),
    ("data", "founding", "age_classes.csv"),
    ("data", "founding", "software_size_classes_2017.csv"),
    ("data", "founding", "national_growth.csv"),
)
MODEL_NAMES = (
    "g_nat_ai",
    "g_nat_parameter_sd",
    "g_nat_yearly_sd",
    "g_nat_persistence",
    "g_nat_2024",
    "loading_national",
    "net_entry_share_national",
    "chain_deviation_sd",
    "chain_shock_sd",
    "city_shock_sd",
    "age_growth_slope",
    "rho_size",
    "laplace_b_small",
    "beta_size_var",
    "b_cap",
    "h_age0",
    "h_age1",
    "h_age2",
    "h_age3_6",
    "h_age7p",
    "h_hightech_mult",
    "exit_size_exponent",
    "exit_named",
    "g_entry",
    "entrant_size",
    "entrant_log_sd",
    "arrivals_rate",
    "arrival_size_min",
    "arrival_size_max",
    "arrival_size_exponent",
    "attract_lag",
    "butfor_attract",
    "ecosystem_firms",
    "catalogue_firms",
    "n10_2024",
    "founding_tail",
    "catalogue_threshold",
    "unnamed_max_size",
    "ecosystem_ai_share",
    "core_ai_share",
    "software_share",
    "fund_committed",
    "fund_paid_in",
    "k_drawdown",
    "haihe_ai_share",
    "fund_landing_share",
    "ticket_mean",
    "ticket_log_sd",
    "m_crowdin",
    "lag_inv_rev",
    "ticket_effective_years",
    "vc_growth_effect",
    "rev_capital_ratio",
    "capacity_headroom",
    "capacity_max_rate",
    "capacity_depreciation",
    "scenario_direct",
    "contract_duration",
    "contract_size_exponent",
    "contract_data_rich_share",
    "scenario_commercial",
    "io_column_sum",
    "rpc",
    "capable_node_size",
    "logit_specialisation",
    "logit_incentive",
    "agg_local",
    "zone_effect_muni",
    "ai_pilot_prod",
    "zone_gdp_effect",
    "def_drift",
    "reporting_noise_sd",
    "base_core_revenue",
    "startup_response",
    "survival_response",
    "growth_response",
    "linkage_response",
    "gbm_volatility",
)
GRID = np.linspace(0.0, 1.0, 101)


def used_sources() -> dict[str, set[str]]:
    """Which tables use which source."""
    used: dict[str, set[str]] = {}
    for parts in TABLES_WITH_SOURCES:
        for row in read_table(shipped(*parts)):
            # A moment rests on exactly one source.
            for source in row.get("sources", row.get("source", "")).split(";"):
                used.setdefault(source, set()).add(parts[-1])
    return used


def test_the_names_the_model_needs_are_there_and_marked_as_read() -> None:
    assert set(MODEL_NAMES) <= set(PRIORS)
    check_only = {"zone_gdp_effect", "g_nat_parameter_sd"}
    assert {name for name in MODEL_NAMES if PRIORS[name].use != "model"} == check_only


def test_priors_are_complete() -> None:
    for name, parameter in PRIORS.items():
        assert parameter.unit and parameter.meaning.en, name
        assert any("一" <= letter <= "鿿" for letter in parameter.meaning.zh), name
        assert parameter.sources and parameter.grade in GRADES, name


def test_draws_are_finite_and_never_leave_the_bounds() -> None:
    for name, parameter in PRIORS.items():
        draws = parameter.distribution.quantile(GRID)
        assert np.all(np.isfinite(draws)) and np.all(np.diff(draws) >= 0.0), name
        assert parameter.low <= draws[0] and draws[-1] <= parameter.high, name
        assert parameter.admits(parameter.low) and parameter.admits(parameter.high), name


def test_central_values_lie_in_the_middle_of_the_draws() -> None:
    for name, parameter in PRIORS.items():
        if parameter.distribution.is_fixed:
            assert parameter.distribution.median == parameter.central, name
        else:
            tenth, rest = (parameter.distribution.quantile(u) for u in (0.1, 0.9))
            assert tenth < parameter.central < rest, name


def test_units_are_known_to_the_unit_table() -> None:
    for parameter in PRIORS.values():
        text = f"{parameter.central} {'' if parameter.unit == '1' else parameter.unit}"
        assert parse_quantity(text, parameter.unit) == pytest.approx(parameter.central)


def test_every_source_is_known_and_every_known_source_is_used() -> None:
    used = used_sources()
    assert set(used) - set(SOURCES) == set()
    assert set(SOURCES) - set(used) == set()


def test_sources_are_unique_and_dated() -> None:
    rows = read_table(shipped("calibration", "sources.csv"))
    assert len(rows) == len(SOURCES)
    for row in rows:
        assert row["title"] and row["date"][:4].isdigit() and row["grade"] in GRADES


def test_grades_follow_what_was_read() -> None:
    # The frequency of a redefinition is a guess although its size was read.
    guessed_although_read = {"def_drift"}
    for name, row in TABLE.items():
        read = row["verified"] == "seen" and name not in guessed_although_read
        allowed = {"stated", "reported", "literature"} if read else {"assumed"}
        assert row["grade"] in allowed, name


def test_a_reported_or_literature_prior_has_such_a_source() -> None:
    for parameter in PRIORS.values():
        if parameter.grade != "assumed":
            grades = {SOURCES[source]["grade"] for source in parameter.sources}
            assert parameter.grade in grades, parameter.name


def test_national_growth_contains_its_parameter_uncertainty_once() -> None:
    growth = PRIORS["g_nat_ai"].distribution
    median, sigma, shift = growth.numbers
    assert (median + shift, shift) == (pytest.approx(0.22), -1.0)
    assert sigma == PRIORS["g_nat_parameter_sd"].central


def test_drift_has_the_mean_that_its_note_states() -> None:
    shares = (np.arange(4000) + 0.5) / 4000
    mean = float(np.mean(PRIORS["def_drift"].distribution.quantile(shares)))
    assert "Mean 0.035" in PRIORS["def_drift"].note
    assert mean == pytest.approx(0.035, abs=5e-4)


def test_fund_figures_agree_with_each_other() -> None:
    central = {name: parameter.central for name, parameter in PRIORS.items()}
    assert central["haihe_paidin"] == pytest.approx(
        central["fund_paid_in"] / central["fund_committed"], abs=1e-3
    )
    invested = central["haihe_ai_share"] * central["fund_paid_in"]
    assert invested / 150 == pytest.approx(central["ticket_mean"], abs=0.005)


def test_base_value_runs_between_its_constructions() -> None:
    base = PRIORS["base_core_revenue"].distribution
    assert base.kind == "constructions"
    assert base.lower == pytest.approx((91.62 + 74.8) / 0.9)
    assert base.upper == 900.0
    assert base.median == pytest.approx(400.0, abs=5.0)


def test_reversion_stays_small_enough_for_the_tail() -> None:
    assert PRIORS["rho_size"].distribution.lower >= 0.98
