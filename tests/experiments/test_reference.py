"""An interrupted ensemble goes on where it was, byte for byte; the shipped fit belongs to the model that is here."""

from pathlib import Path

import numpy as np
import pytest

from simulator.experiments.calibration import inputs_digest, witnesses
from simulator.experiments.reference import CHUNK, Reference, simulate_reference
from simulator.experiments.vintage import Vintage, make_vintage
from simulator.foundation.tables import read_yaml, shipped
from simulator.model import Study
from simulator.scenario import load_scenario

SERIES = ("software_revenue", "fund_paid_in")
MEMBERS = 2 * CHUNK + 3


@pytest.fixture(scope="module")
def vintage(tmp_path_factory: pytest.TempPathFactory) -> Vintage:
    return make_vintage(tmp_path_factory.mktemp("vintage"))


def simulated(vintage: Vintage, kept: Path | None, stop: int | None = None) -> Reference:
    def report(done: int, _: int) -> None:
        if stop is not None and done >= stop:
            raise KeyboardInterrupt

    return simulate_reference(
        vintage.scenario, vintage.folder, MEMBERS, SERIES, until=2018, progress=report, kept=kept
    )


def test_an_interrupted_ensemble_goes_on_with_the_same_bytes(
    vintage: Vintage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = simulated(vintage, None)
    with pytest.raises(KeyboardInterrupt):
        simulated(vintage, tmp_path, stop=CHUNK)
    (file,) = tmp_path.rglob("*.npy")
    members: list[int] = []
    simulate = Study.simulate

    def counted(self: Study, member: int, engine: str = "auto", luck: int | None = None):  # type: ignore[no-untyped-def]
        members.append(member)
        return simulate(self, member, engine, luck)

    monkeypatch.setattr(Study, "simulate", counted)
    again = simulated(vintage, tmp_path)
    assert sorted(members) == list(range(CHUNK, MEMBERS))
    assert again.draws.tobytes() == whole.draws.tobytes()
    for name in SERIES:
        assert again.block.values[name].tobytes() == whole.block.values[name].tobytes()
    for year, values in whole.block.national.items():
        assert again.block.national[year].tobytes() == values.tobytes()
    members.clear()
    file.write_bytes(file.read_bytes()[:100])
    assert simulated(vintage, tmp_path).draws.tobytes() == whole.draws.tobytes()
    assert sorted(members) == list(range(CHUNK))


def test_the_shipped_fit_was_made_by_this_model_and_these_tables(tmp_path: Path) -> None:
    sheet = read_yaml(shipped("calibration", "fitted.yaml")).value
    assert isinstance(sheet, dict)
    made = sheet["made"]
    again = "made by other tables or another model: run simulate calibrate and ship its files"
    assert made["tables"] == inputs_digest(), again
    told = np.array(list(made["facts"].values())).T
    assert witnesses(tmp_path, len(told), seed=made["seed"]) == pytest.approx(told, rel=2e-5), again


def test_runs_from_2025_take_the_shipped_fit_and_earlier_ones_do_not() -> None:
    now = load_scenario(shipped("scenarios", "baseline.yaml"))
    assert now.fit is not None and now.fit.verdict is not None
    assert now.origins["assumptions.loading_national"].layer == "fitted"
    assert now.assumptions["loading_national"].kind == "posterior"
    assert now.assumptions["base_core_revenue"].kind == "constructions"
    priors = load_scenario(shipped("scenarios", "baseline.yaml"), {"fit": "none"})
    assert priors.fit is None
    assert (
        priors.assumptions["loading_national"]
        == priors.library.priors["loading_national"].distribution
    )
    for name in ("hindcast.yaml", "plans/pilot-zone-2020-2024.yaml"):
        assert load_scenario(shipped("scenarios", name)).fit is None
