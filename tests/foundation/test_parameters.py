"""Draws are exact, monotone and inside their bounds; tables refuse nonsense."""

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.foundation.findings import InputError
from simulator.foundation.parameters import (
    KINDS,
    MIXED,
    NUMBERS,
    Distribution,
    draw,
    load_constructions,
    load_priors,
    mixture_of,
    nearest_construction,
)

STANDARD = NormalDist()
GRID = np.linspace(0.0, 1.0, 201)
DRIFT = "mixture(0.93: halfnormal(scale=0.03); 0.07: lognormal(median=0.172, sigma=0.3))"
ONE_OF_EACH = (
    "fixed(value=2)",
    "uniform(low=-1, high=3)",
    "normal(mean=0.1, sd=0.02)",
    "lognormal(median=1.22, sigma=0.045, shift=-1)",
    "triangular(low=0, mode=0.6, high=0.95)",
    "triangular(low=0, mode=0, high=1)",
    "triangular(low=0, mode=1, high=1)",
    "beta(a=3, b=22)",
    "beta(mean=0.016, sd=0.004)",
    "gamma(mean=2, sd=0.7)",
    "halfnormal(scale=0.03)",
    DRIFT,
)


def expected(text: str, u: float) -> float:
    """Closed forms from the textbook, without the code under test."""
    z = STANDARD.inv_cdf(u)
    return {
        "uniform(low=-1, high=3)": -1 + 4 * u,
        "normal(mean=0.1, sd=0.02)": 0.1 + 0.02 * z,
        "lognormal(median=1.22, sigma=0.045, shift=-1)": 1.22 * math.exp(0.045 * z) - 1,
        "triangular(low=0, mode=0, high=1)": 1 - math.sqrt(1 - u),
        "triangular(low=0, mode=1, high=1)": math.sqrt(u),
        "beta(a=2, b=1)": math.sqrt(u),
        "beta(a=1, b=3)": 1 - (1 - u) ** (1 / 3),
        "gamma(mean=2, sd=2)": -2 * math.log(1 - u),
        "halfnormal(scale=0.03)": 0.03 * STANDARD.inv_cdf((1 + u) / 2),
    }[text]


@pytest.mark.parametrize("u", [1e-9, 0.02, 0.5, 0.77, 0.999])
@pytest.mark.parametrize(
    "text",
    [
        "uniform(low=-1, high=3)",
        "normal(mean=0.1, sd=0.02)",
        "lognormal(median=1.22, sigma=0.045, shift=-1)",
        "triangular(low=0, mode=0, high=1)",
        "triangular(low=0, mode=1, high=1)",
        "beta(a=2, b=1)",
        "beta(a=1, b=3)",
        "gamma(mean=2, sd=2)",
        "halfnormal(scale=0.03)",
    ],
)
def test_quantiles_are_the_closed_forms(text: str, u: float) -> None:
    assert draw(Distribution.parse(text), u) == pytest.approx(expected(text, u), rel=1e-9, abs=1e-9)


def test_triangular_with_inner_mode() -> None:
    triangle = Distribution.parse("triangular(low=0, mode=0.6, high=0.95)")
    corner = 0.6 / 0.95
    assert triangle.quantile(corner) == pytest.approx(0.6)
    assert triangle.quantile(corner / 4) == pytest.approx(0.3)
    assert triangle.quantile(1 - (1 - corner) / 4) == pytest.approx(0.95 - 0.35 / 2)


def test_truncated_normal_maps_the_uniform_into_the_cut_range() -> None:
    cut = Distribution.parse("normal(mean=0.75, sd=0.25)").truncated(0.3, 1.2)
    below, above = STANDARD.cdf(-1.8), STANDARD.cdf(1.8)
    for u in (0.01, 0.4, 0.5, 0.93):
        z = STANDARD.inv_cdf(below + (above - below) * u)
        assert cut.quantile(u) == pytest.approx(0.75 + 0.25 * z, rel=1e-9)
    assert cut.median == pytest.approx(0.75)
    assert (cut.quantile(0.0), cut.quantile(1.0)) == pytest.approx((0.3, 1.2))
    assert cut.quantile(0.0) >= 0.3 and cut.quantile(1.0) <= 1.2


def test_truncating_beyond_the_support_changes_nothing() -> None:
    beta = Distribution.parse("beta(a=3, b=22)")
    np.testing.assert_array_equal(beta.truncated(-5, 5).quantile(GRID), beta.quantile(GRID))


def test_mixture_quantile_inverts_its_distribution_function() -> None:
    mixture = Distribution.parse(DRIFT)

    def below(x: float) -> float:
        half = 2 * STANDARD.cdf(x / 0.03) - 1
        return 0.93 * half + 0.07 * STANDARD.cdf(math.log(x / 0.172) / 0.3)

    for u in (0.001, 0.3, 0.5, 0.92, 0.97, 0.9999):
        assert below(mixture.quantile(u)) == pytest.approx(u, abs=1e-12)
    assert mixture.quantile(0.0) == 0.0
    assert mixture.quantile(1.0) == math.inf


def test_mixture_of_atoms_and_curves_jumps_where_it_should() -> None:
    mixture = Distribution.parse(
        "mixture(0.5: fixed(value=1); 0.25: uniform(low=2, high=4); 0.25: gamma(mean=9, sd=1))"
    )
    assert [mixture.quantile(u) for u in (0.1, 0.49)] == pytest.approx([1.0, 1.0])
    assert mixture.quantile(0.625) == pytest.approx(3.0)
    assert 4.0 < mixture.quantile(0.76) < mixture.quantile(0.99) < 20.0
    cut = mixture.truncated(2.0, 4.0)
    assert cut.quantile(0.25) == pytest.approx(2.5)


def test_component_and_value_come_from_one_uniform_with_the_mixture_law() -> None:
    mixture = Distribution.mixture(
        (0.25, 0.75),
        (
            Distribution.parse("uniform(low=0, high=1)"),
            Distribution.parse("uniform(low=0.5, high=2)"),
        ),
    )
    uniforms = (np.arange(4000) + 0.5) / 4000
    drawn = [mixture.draw_component(float(u)) for u in uniforms]
    chosen = np.array([index for index, _ in drawn])
    assert np.mean(chosen == 0) == pytest.approx(0.25, abs=1e-3)
    values = np.sort([value for _, value in drawn])
    np.testing.assert_allclose(values, mixture.quantile(uniforms), atol=2e-3)
    assert mixture.draw_component(0.0) == (0, 0.0)
    assert mixture.draw_component(1.0) == (1, 2.0)


@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_quantiles_never_fall_and_keep_the_bounds(text: str) -> None:
    distribution = Distribution.parse(text)
    values = distribution.quantile(GRID[1:-1])
    assert np.all(np.diff(values) >= 0.0)
    assert np.all((values >= distribution.lower) & (values <= distribution.upper))
    assert distribution.lower <= distribution.median <= distribution.upper


@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_one_number_and_an_array_give_the_same_bytes(text: str) -> None:
    distribution = Distribution.parse(text)
    shares = np.array([[0.1, 0.5, 0.9], [0.2, 0.33, 0.77]])
    values = distribution.quantile(shares)
    assert values.shape == shares.shape
    single = [distribution.quantile(u) for u in shares.ravel().tolist()]
    assert values.ravel().tolist() == single
    assert all(type(value) is float for value in single)


@given(
    st.floats(-2, 2),
    st.floats(0.01, 2),
    st.floats(-3, 3),
    st.floats(0.1, 3),
    st.lists(st.floats(0, 1), min_size=2, max_size=6),
)
def test_any_truncated_normal_is_monotone_and_bounded(
    mean: float, sd: float, low: float, width: float, shares: list[float]
) -> None:
    try:
        cut = Distribution.of("normal", {"mean": mean, "sd": sd}, low, low + width)
    except ValueError:
        return
    values = [cut.quantile(u) for u in sorted(shares)]
    assert values == sorted(values)
    assert low <= values[0] and values[-1] <= low + width


@pytest.mark.parametrize("text", ONE_OF_EACH)
def test_mapping_reads_back_to_the_same_distribution(text: str) -> None:
    distribution = Distribution.parse(text)
    assert Distribution.from_mapping(distribution.as_mapping()) == distribution
    if not distribution.is_fixed:
        cut = distribution.truncated(distribution.quantile(0.1), distribution.quantile(0.9))
        assert Distribution.from_mapping(cut.as_mapping()) == cut


def test_every_kind_is_tried_above() -> None:
    tried = {Distribution.parse(text).kind for text in ONE_OF_EACH}
    assert tried == set(KINDS) - {"constructions"}
    assert set(KINDS) == set(NUMBERS) | set(MIXED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("norml(mean=0, sd=1)", "did you mean normal"),
        ("normal(mean=0)", "needs 'sd'"),
        ("normal(mean=0, sd=0)", "sd of normal must be above 0"),
        ("normal(mean=0, sd=nan)", "not a finite number"),
        ("normal(mean=0, sd=1, skew=2)", "no number 'skew'"),
        ("normal(mean=0, mean=1, sd=1)", "not one name=number"),
        ("normal 0 1", "not a distribution"),
        ("uniform(low=2, high=1)", "low < high"),
        ("triangular(low=0, mode=2, high=1)", "low ≤ mode ≤ high"),
        ("beta(mean=0.5, sd=0.6)", "sd² < mean"),
        ("lognormal(median=-1, sigma=0.2)", "median of lognormal"),
        ("mixture(0.5: fixed(value=1); 0.4: fixed(value=2))", "sum to one"),
    ],
)
def test_nonsense_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Distribution.parse(text)


def test_empty_truncations_and_shares_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing of the distribution"):
        Distribution.of("normal", {"mean": 0, "sd": 1}, 40, 50)
    with pytest.raises(ValueError, match="nothing of the distribution"):
        Distribution.of("beta", {"a": 2, "b": 2}, 1.5, 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Distribution.fixed(1).quantile(1.2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Distribution.fixed(1).quantile(math.nan)


HEADER = (
    "name,meaning_en,meaning_zh,unit,low,central,high,distribution,minimum,maximum,"
    "sources,grade,mechanism,use,verified,note\n"
)
GOOD = "a,rate,比率,share,0,0.5,1,uniform(low=0; high=1),0,1,judgement,assumed,M1,model,assumed,\n"


def row(**changes: str) -> str:
    cells = dict(zip(HEADER.strip().split(","), GOOD.strip().split(","), strict=True))
    cells["distribution"] = '"uniform(low=0, high=1)"'
    return ",".join((cells | changes).values()) + "\n"


def test_a_sound_table_is_read(tmp_path: Path) -> None:
    table = tmp_path / "priors.csv"
    table.write_text(HEADER + row(), encoding="utf-8")
    parameter = load_priors(table)["a"]
    assert parameter.meaning.text("zh") == "比率"
    assert parameter.distribution.median == 0.5
    assert parameter.admits(1.0) and not parameter.admits(1.01)


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"grade": "guess"}, "grade", "unknown"),
        ({"use": "modell"}, "use", "did you mean: model"),
        ({"central": "2"}, "central", "out of order"),
        ({"low": "x"}, "low", "not a number"),
        ({"unit": ""}, "unit", "empty"),
        ({"meaning_zh": ""}, "meaning_zh", "empty"),
        ({"sources": "a;;b"}, "sources", "empty entry"),
        ({"distribution": '"uniform(low=0, hgh=1)"'}, "distribution", "no number 'hgh'"),
        ({"distribution": "fixed(value=3)"}, "distribution", "nothing of the distribution"),
    ],
)
def test_every_bad_row_is_found_at_its_cell(
    tmp_path: Path, changes: dict[str, str], column: str, reason: str
) -> None:
    table = tmp_path / "priors.csv"
    table.write_text(HEADER + row() + row(name="b", **changes) + row(), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_priors(table)
    bad, twice = caught.value.findings
    assert (bad.line, bad.path) == (3, column)
    assert bad.column == HEADER.strip().split(",").index(column) + 1
    assert reason in str(bad)
    assert (twice.line, twice.path) == (4, "name")


def test_constructions_leave_a_tenth_to_others() -> None:
    for construction in load_constructions():
        lowest = construction.distribution.quantile(0.0)
        assert construction.named_revenue <= 0.9 * lowest + 1e-9
        assert construction.distribution.median == pytest.approx(construction.median, rel=0.02)


def test_named_revenue_inside_each_construction() -> None:
    named = {item.id: item.named_revenue for item in load_constructions()}
    assert named["low"] == pytest.approx(91.62 + 74.8)
    assert named["anchors"] == pytest.approx(91.62 + 74.8 + 131.48 / 2)
    assert named["tail"] == named["generous"] == pytest.approx(91.62 + 74.8 + 131.48)


def test_nearest_construction_is_nearest_in_the_logarithm() -> None:
    constructions = load_constructions()
    ids = [item.id for item in constructions]

    def nearest(value: float) -> str:
        return ids[nearest_construction(constructions, value)]

    assert [nearest(v) for v in (30, 284, 287, 402, 405, 3000)] == [
        "low",
        "low",
        "anchors",
        "anchors",
        "tail",
        "generous",
    ]
    with pytest.raises(ValueError, match="positive"):
        nearest_construction(constructions, 0.0)


def test_base_value_mixture_keeps_labels_through_its_mapping() -> None:
    base = mixture_of(load_constructions())
    assert base.labels == ("low", "anchors", "tail", "generous")
    assert Distribution.from_mapping(base.as_mapping()) == base


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x,甲,X,1,250,0.12,hygn:1,因,why,judgement", "did you mean: hygon"),
        ("x,甲,X,1,250,0.12,hygon:2,因,why,judgement", "at most 1"),
        ("x,甲,X,0.9,250,0.12,hygon:1,因,why,judgement", "sum to one"),
        ("x,甲,X,1,250,-1,hygon:1,因,why,judgement", "sigma of lognormal"),
        ("x,甲,X,1,90,0.01,hygon:1,因,why,judgement", "nothing of the distribution"),
    ],
)
def test_bad_constructions_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "constructions.csv"
    header = "id,name_zh,name_en,weight,median,sigma,inside,reasoning_zh,reasoning_en,sources"
    table.write_text(f"{header}\n{text}\n", encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        load_constructions(table)
