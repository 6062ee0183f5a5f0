"""Numbers stay where they are until somebody moves them on purpose (see headline.py)."""

import json

import pytest

from tests.golden.headline import FILE, SCENARIOS, headline

GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))


def test_every_shipped_scenario_has_its_golden_series():
    assert sorted(GOLDEN) == SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_headline_series_have_not_moved(scenario):
    found = headline(scenario)
    assert found.keys() == GOLDEN[scenario].keys()
    for name, series in GOLDEN[scenario].items():
        assert found[name] == pytest.approx(series, rel=1e-9, abs=1e-12), name
