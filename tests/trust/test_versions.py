"""The lowest versions are tried ones, and the record is of the present bounds and pins (see also tests/golden)."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from packaging.version import Version

from tests.trust import versions
from tests.trust.records import FOLDER
from tests.trust.supply import pins

RECORD = FOLDER / "versions.json"


def test_every_lower_bound_is_below_the_pin():
    lowest = dict(pin.lower().split("==") for pin in versions.lowest())
    assert len(lowest) > 20
    pinned = {name.replace("-", "_"): version for name, version in pins().items()}
    for name, bound in lowest.items():
        held = pinned[re.sub(r"[-.]", "_", name)]
        assert Version(bound) <= Version(held), name


def test_the_record_is_of_the_present_bounds():
    rows = {row[0][1]: row[1][1] for row in json.loads(RECORD.read_text(encoding="utf-8"))["rows"]}
    (lowest,) = (found for what, found in rows.items() if what.startswith("lowest"))
    bounds = dict(pin.split("==") for pin in versions.lowest())
    for name in versions.SHOWN:
        tried = Version(re.search(rf"{name} ([\w.]+)", lowest)[1])
        assert tried == Version(bounds[name]), f"{name}: python -m tests.trust.versions --record"


def test_how_far_numbers_are_apart(tmp_path: Path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    np.savez(one, a=np.array([1.0, 0.0, 4.0]), b=np.array([[3.0]]))
    np.savez(two, a=np.array([1.0, 0.0, 4.0 * (1 + 1e-13)]), b=np.array([[3.0]]))
    assert versions.apart(one, one) == (0, 4, 0.0)
    differing, total, largest = versions.apart(one, two)
    assert (differing, total) == (1, 4) and largest == pytest.approx(1e-13, rel=0.01)
    np.savez(one, a=np.array([np.nan, 1.0]))
    np.savez(two, a=np.array([np.nan, np.nan]))
    assert versions.apart(one, two) == (1, 2, np.inf)
