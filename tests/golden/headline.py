"""Golden headline series: what every shipped scenario gave when the numbers were last changed on purpose.

Refresh, and say why under *Changed numbers* in CHANGELOG.md:

    .venv/bin/python -m tests.golden.headline
"""

import json
from pathlib import Path

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


def headline(scenario: str) -> dict[str, list[float]]:
    """Mean over the first members of each headline series, quarter by quarter from founding."""
    study = prepare(load_scenario(ROOT / scenario))
    blocks = [study.simulate(member).values for member in range(MEMBERS)]
    mean = sum(blocks) / MEMBERS
    return {name: mean[:, study.series.index(name)].tolist() for name in SERIES}


def refresh() -> None:
    """Write the present numbers as the golden ones."""
    golden = {scenario: headline(scenario) for scenario in SCENARIOS}
    FILE.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    refresh()
