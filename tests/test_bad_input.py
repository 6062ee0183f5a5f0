"""Damaged scenarios at the door people use: exit code, one clear message with the place, nothing left behind."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli import program

DAMAGED = Path(__file__).parent / "scenario" / "damaged"
FILES = sorted(DAMAGED.glob("*.yaml"))
COMMANDS = ("run", "check", "show")


def test_there_are_enough_damaged_files():
    assert len(FILES) >= 30


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_damaged_file_ends_with_its_place_and_leaves_nothing(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        done = CliRunner(env={"LC_ALL": "C.UTF-8", "NO_COLOR": "1"}).invoke(
            program, ["--lang", "en", command, str(file)]
        )
        said = done.stdout + done.stderr
        assert done.exit_code in (2, 3), said
        assert "Traceback" not in said and "internal error" not in said
        assert ".yaml:" in said  # `check` lists faults as its result, the others as an error
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "override",
    [
        "levers.tj27_funds.size=300",
        "levers.tj27_fund.size=300亿元",
        "assumptions.base_core_revenue=-5亿元",
        "assumptions.base_core_revenue=nan亿元",
        "seed=-1",
        "members=0",
        "period.end=2026Q3",
        "mechanisms.exits=off",
        "no_equals_sign",
    ],
)
def test_a_wrong_override_is_named(override, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    baseline = str(Path(__file__).parent.parent / "scenarios" / "baseline.yaml")
    done = CliRunner(env={"LC_ALL": "C.UTF-8"}).invoke(
        program, ["--lang", "en", "run", baseline, "--set", override]
    )
    assert done.exit_code in (2, 3), done.stderr
    assert any(part in done.stderr for part in override.split("=")[0].split("."))
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())
