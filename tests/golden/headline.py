"""Golden headline series: what every shipped scenario gave when the numbers were last changed on purpose.

Of each scenario the file keeps a few series that people read, and a digest of every bit of each member, all series and
parameters. The series hold on every machine and with every allowed version of every library, to 1e-9. The digests
hold, for both engines, wherever Python, numpy and scipy round what the model takes from them as they did here;
`arithmetic` is the digest that tells. Refresh, and say why under *Changed numbers* in CHANGELOG.md:

    .venv/bin/python -m tests.golden.headline
"""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simulator.model import prepare
from simulator.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("headline.json")
SCENARIOS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "scenarios").rglob("*.yaml")
    if not path.name.startswith(".") and path.parent.name != "conditions"
)
SERIES = (
    "core_revenue",
    "core_revenue_published",
    "software_revenue",
    "catalogue_firms",
    "firms_10",
    "fund_invested",
)
MEMBERS = 6
RELATIVE, ABSOLUTE = 1e-9, 1e-12


class Headline(NamedTuple):
    """One scenario: mean of the headline series, quarter by quarter from founding; a digest of each member."""

    series: dict[str, list[float]]
    digests: list[str]


def headline(scenario: str, engine: str = "auto", members: int = MEMBERS) -> Headline:
    """The headline of a scenario's first members."""
    study = prepare(load_scenario(ROOT / scenario))
    found = [study.simulate(member, engine) for member in range(members)]
    mean = sum(member.values for member in found) / members
    series = {name: mean[:, study.series.index(name)].tolist() for name in SERIES}
    digests = [digest(member.values, member.parameters) for member in found]
    return Headline(series, digests)


def arithmetic() -> str:
    """Digest of what the model takes from Python, numpy and scipy and IEEE-754 leaves to them, on a grid."""
    from scipy import special

    p = np.linspace(0.0, 1.0, 2003)[1:-1]
    x = np.linspace(-20.0, 20.0, 4001)
    shapes = np.array([0.3, 0.7, 1.5, 2.0, 4.0, 9.5, 30.0, 120.0])
    a, b = (side.reshape(-1, 1) for side in np.meshgrid(shapes, shapes))
    return digest(
        np.exp(x),
        np.log(np.exp(x)),
        np.log1p(p),
        np.array(np.sum(p)),
        np.array(sum(p.tolist())),  # Python 3.12 and later compensate
        special.ndtri(p),
        special.gammaincinv(shapes.reshape(-1, 1), p),
        special.betaincinv(a, b, p),
        special.betainc(a, b, p),
        special.erf(x),
        special.erfc(x),
    )


def digest(*columns: np.ndarray) -> str:
    """The first 16 letters of the SHA-256 over the bytes of columns."""
    total = hashlib.sha256()
    for column in columns:
        total.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
    return total.hexdigest()[:16]


def refresh() -> None:
    """Write the present numbers as the golden ones."""
    scenarios = {scenario: headline(scenario)._asdict() for scenario in SCENARIOS}
    golden = {"arithmetic": arithmetic(), "scenarios": scenarios}
    FILE.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    refresh()
