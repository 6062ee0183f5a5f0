"""The commands of what it would take: tables in both languages, JSON, figures, and what they refuse."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulator.cli import program

ROOT = Path(__file__).parent.parent
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
PUSH = str(ROOT / "scenarios" / "push.yaml")
SLUMP = str(ROOT / "scenarios" / "conditions" / "national_slump.yaml")
BOOM = str(ROOT / "scenarios" / "conditions" / "national_boom.yaml")


def call(*arguments: str) -> Result:
    clean = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "", "NO_COLOR": "1"}
    return CliRunner(env=clean).invoke(program, list(arguments))


def told(place: Path, *arguments: str) -> tuple[dict[str, object], str]:
    """The JSON of a command, and its table in both languages (every case of which is cached on disk by nobody)."""
    path = str(place / arguments[0])
    plain = call(*arguments, "-o", path, "--json", "--quiet")
    assert plain.exit_code == 0, plain.output
    shown = call(*arguments, "-o", path, "--lang", "both")
    assert shown.exit_code == 0, shown.output
    content = json.loads(plain.stdout)
    assert [Path(file).suffix for file in content["figures"]] == [".png", ".svg"]
    assert all(Path(file).stat().st_size > 5000 for file in content["figures"])
    return content, shown.stdout + shown.stderr


def test_attribute(tmp_path: Path) -> None:
    content, text = told(tmp_path, "attribute", PUSH, "--against", BASELINE, "-n", "2",
                         "--group", "all=tj27_funds,tj27_benchmarks,tj27_open_scenarios,tj27_ai_manufacturing,"
                         "tj27_hq_attraction,tj27_exchange")  # fmt: skip
    metric = content["outcomes"][0]  # type: ignore[index]
    assert metric["shares"][0]["share"]["value"] == pytest.approx(metric["total"]["value"])
    assert content["exact"] and content["coalitions"] == 2
    assert "份额" in text and "share" in text and "member runs" in text and "residual" in text


def test_reach_says_not_reachable(tmp_path: Path) -> None:
    content, text = told(tmp_path, "reach", BASELINE, "--lever", "tj27_benchmarks", "-n", "2",
                         "--fresh", "2", "--levels", "95%", "--budget", "20亿元")  # fmt: skip
    frontier = content["frontier"]
    assert frontier["levels"] == [
        {"level": 0.95, "status": "not_reachable", "package": None, "cost": None}
    ]  # type: ignore[index]
    assert content["budget"] == 20.0 and frontier["best"]["cost"] <= 20.0 + 1e-6  # type: ignore[index]
    assert "not reachable within the bounds; the best is" in text and "达不到" in text


def test_sensitivity_and_sweep(tmp_path: Path) -> None:
    content, text = told(tmp_path, "sensitivity", BASELINE, "--factor", "base_core_revenue",
                         "--factor", "tj27_funds", "--size", "2", "-n", "1")  # fmt: skip
    assert content["effects"][0]["factor"]["key"] == "base_core_revenue"  # type: ignore[index]
    assert "μ*" in text
    for axes in (["tj27_hq_attraction=0,60"], ["tj27_hq_attraction=0,60", "tj27_funds=0,500"]):
        over = [word for axis in axes for word in ("--over", axis)]
        content, text = told(tmp_path, "sweep", BASELINE, *over, "-n", "2", "--force")
        assert len(content["points"]) == 2 ** len(axes)  # type: ignore[arg-type]
        assert (tmp_path / "sweep.csv").read_bytes().startswith(b"\xef\xbb\xbftj27_hq_attraction")
    again = call("sweep", BASELINE, *over, "-o", str(tmp_path / "sweep"))
    assert again.exit_code == 2 and "--force" in again.stderr


def test_discover(tmp_path: Path) -> None:
    content, text = told(tmp_path, "discover", BASELINE, "--own-doses", "-n", "48",
                         "--set", "assumptions.g_nat_ai=0.35 share/yr")  # fmt: skip
    assert content["members"] == 48 and "tj27_core_revenue" in text


def test_conditions_and_layers(tmp_path: Path) -> None:
    content, text = told(
        tmp_path, "conditions", BASELINE, "--layer", SLUMP, "--layer", BOOM, "-n", "2"
    )
    assert [row["name"]["en"] for row in content["rows"]][1:] == ["National slump", "National boom"]  # type: ignore[attr-defined]
    assert "Not available" in text and "不能回答" in text
    shown = call("show", BASELINE, "--layer", SLUMP, "--origins", "--json")
    values = {row["path"]: row for row in json.loads(shown.stdout)["origins"]}
    assert values["assumptions.g_nat_ai"]["layer"] == "layer"
    run = call(
        "run", BASELINE, "--layer", SLUMP, "-n", "2", "--no-figures", "--results", str(tmp_path)
    )
    assert run.exit_code == 0, run.output
    assert any(path.name.startswith("baseline-national_slump-") for path in tmp_path.iterdir())


def test_robust(tmp_path: Path) -> None:
    content, text = told(tmp_path, "robust", BASELINE, PUSH, "--layer", SLUMP, "-n", "2")
    assert content["packages"][0]["stem"] == "push"  # type: ignore[index]
    assert "regret" in text and "后悔" in text


def test_explain(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    assert call("run", BASELINE, "-n", "4", "--no-figures", "--out", folder).exit_code == 0
    value = call("explain", folder, "--value", "core_revenue@2027", "--lang", "both")
    assert value.exit_code == 0 and "tj27_funds" in value.stdout and "秩相关" in value.stdout
    parameter = call("explain", folder, "--parameter", "butfor_attract", "--json")
    assert json.loads(parameter.stdout)["parameter"]["mechanism"] == "M13"
    firm = call("explain", PUSH, "--firm", "largest", "--lang", "both")
    assert firm.exit_code == 0, firm.output
    assert "期初" in firm.stdout and "First divergence" in firm.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["attribute", PUSH], "--against"),
        (["attribute", PUSH, "--against", PUSH, "-n", "2"], "the same levers"),
        (["attribute", PUSH, "--against", BASELINE, "--group", "x"], "NAME=LEVER"),
        (["reach", BASELINE, "--levels", "110"], "between 0 and 100"),
        (["reach", BASELINE, "--budget", "300"], "300亿元"),
        (["reach", BASELINE, "--target", "t", "--lever", "funds"], "neither an acting lever"),
        (["sweep", BASELINE, "--over", "tj27_fund=1,2"], "did you mean tj27_funds"),
        (["sensitivity", BASELINE, "--method", "mories"], "Did you mean 'morris'?"),
        (["robust", BASELINE], "two scenarios"),
        (["explain", BASELINE], "exactly one"),
    ],
)
def test_what_is_asked_wrongly_is_a_usage_error(arguments: list[str], says: str) -> None:
    found = call(*arguments)
    assert found.exit_code == 2, found.output
    assert says in found.stderr
