"""Numbers stay where they are until somebody moves them on purpose (see headline.py)."""

import functools
import json

import pytest

from tests.golden.headline import (
    ABSOLUTE,
    FILE,
    MEMBERS,
    RELATIVE,
    SCENARIOS,
    Headline,
    arithmetic,
    headline,
)

TOLD = json.loads(FILE.read_text(encoding="utf-8"))
GOLDEN = {scenario: Headline(**told) for scenario, told in TOLD["scenarios"].items()}


@functools.cache
def found(scenario: str) -> Headline:
    return headline(scenario)


def test_every_shipped_scenario_has_its_golden_series():
    assert sorted(GOLDEN) == SCENARIOS
    assert all(len(set(golden.digests)) == MEMBERS for golden in GOLDEN.values())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_headline_series_have_not_moved(scenario):
    series = found(scenario).series
    assert series.keys() == GOLDEN[scenario].series.keys()
    for name, golden in GOLDEN[scenario].series.items():
        assert series[name] == pytest.approx(golden, rel=RELATIVE, abs=ABSOLUTE), name


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_plain_engine_has_the_same_bits(scenario):
    assert headline(scenario, "plain", 1).digests == found(scenario).digests[:1]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_not_a_bit_has_moved(scenario):
    if arithmetic() != TOLD["arithmetic"]:
        pytest.skip(
            "Python, numpy or scipy round otherwise here: series are held to 1e-9, bits are not"
        )
    assert found(scenario).digests == GOLDEN[scenario].digests
