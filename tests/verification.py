"""The verification report, `docs/verification.md`: what holds the model to account, and how it came out.

    python -m tests.verification            writes the report from the record and the files at hand (a second)
    python -m tests.verification --record   first runs the tests, the stylised facts and the backtest (many minutes)
    python -m tests.verification --check    tells whether the report is current

What takes long stands in a record beside the report, with the day's numbers and no times, hosts or paths.
"""

import ast
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as Tree
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.trust import records

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "docs" / "verification.md"
RECORD = ROOT / "docs" / "verification.json"
GROUPS = (
    ("limits", "解析极限 · Analytic limits", ("tests/limits",)),
    (
        "identities",
        "会计恒等式与变形关系 · Identities and metamorphic relations",
        ("tests/identities",),
    ),
    ("engines", "两个引擎逐位一致 · The two engines agree bit for bit", ("tests/engine",)),
    (
        "inference",
        "推断：L17、L18、参数恢复 · Inference: L17, L18, recovery",
        ("tests/experiments/test_inference.py", "tests/experiments/test_calibration.py"),
    ),
    (
        "evidence",
        "起点之后的数一概不用；新数加权等于重算 · Nothing later than an origin; reweighting equals a rerun",
        (
            "tests/experiments/test_vintage_and_backtest.py",
            "tests/experiments/test_update_warning_resting.py",
            "tests/experiments/test_hinges.py",
        ),
    ),
)
OUTCOMES = {"passed": "通过 passed", "failed": "未通过 failed", "skipped": "略过 skipped"}


def record(members: int = 12) -> None:
    """Run what takes long and write the record."""
    told: dict[str, object] = {"tests": {}, "facts": [], "backtest": {}}
    results: dict[str, dict[str, str]] = {}
    for key, _, paths in GROUPS:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log.xml"
            command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={log}", *paths]
            subprocess.run([sys.executable, *command], cwd=ROOT, check=False)
            results[key] = outcomes(log)
    told["tests"] = results
    with tempfile.TemporaryDirectory() as folder:
        told["facts"] = _answer("validate", "-n", str(members), "-o", f"{folder}/facts")["facts"]
        told["backtest"] = _answer("backtest", "-o", f"{folder}/backtest")
    RECORD.write_text(json.dumps(kept(told), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def kept(told: dict[str, object]) -> dict[str, object]:
    """The record without what the report does not say."""
    facts, tested = told["facts"], told["backtest"]
    assert isinstance(facts, list) and isinstance(tested, dict)
    of_fact = (
        "id",
        "name",
        "unit",
        "expected_low",
        "expected_high",
        "value",
        "verdict",
        "mark",
        "reason",
    )
    of_test = ("members", "seed", "standing", "ratio", "points", "verdict", "scores")
    return {
        "tests": told["tests"],
        "facts": [{name: fact[name] for name in of_fact} for fact in facts],
        "backtest": {name: tested[name] for name in of_test},
    }


def outcomes(log: Path) -> dict[str, str]:
    """What became of each test of a JUnit log, by `file::test`; cases of one test together, the worst counts."""
    found: dict[str, str] = {}
    for case in Tree.parse(log).iter("testcase"):
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        kinds = {child.tag for child in case}
        now = (
            "failed"
            if kinds & {"failure", "error"}
            else "skipped"
            if "skipped" in kinds
            else "passed"
        )
        if found.get(name) != "failed":
            found[name] = now if now == "failed" or name not in found else found[name]
    return found


def report(told: dict[str, dict[str, object]]) -> str:
    """The whole report from a record and the files at hand."""
    parts = [
        "# Verification · 验证报告",
        "",
        "Written by `python -m tests.verification`; do not edit. 由上述命令生成，请勿手改。",
        "",
    ]
    for key, title, paths in GROUPS:
        held = told["tests"].get(key)
        results = held if isinstance(held, dict) else {}
        good = sum(outcome == "passed" for outcome in results.values())
        parts += [
            f"## {title}",
            "",
            f"`pytest {' '.join(paths)}`: {good} of {len(results)} passed · {len(results)} 项中 {good} 项通过",
            "",
            table(
                ("检验 Test", "文件 File", "结果 Outcome"),
                (
                    (said(name), f"`{name.partition('::')[0]}`", OUTCOMES[outcome])
                    for name, outcome in results.items()
                ),
            ),
            "",
        ]
    parts += [*_recovery(), *_golden(), *_facts(told["facts"]), *_backtest(told["backtest"])]
    for trial in records.read():
        parts += _trial(trial)
    return "\n".join(parts) + "\n"


def said(name: str) -> str:
    """What a test says: the first line of its docstring, or its name in words."""
    file, _, test = name.partition("::")
    path = ROOT / file
    if path.is_file():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == test:
                words = ast.get_docstring(node)
                if words:
                    return words.splitlines()[0]
    words = test.removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _recovery() -> list[str]:
    path = ROOT / "calibration" / "learned.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        "## 拟合的参数恢复与基于模拟的校准 · Recovery and simulation-based calibration of the shipped fit",
        "",
        "`simulate calibrate`; 50 and 90 % are right, and p should not be small · 应为 50/90 %，p 不应过小",
        "",
        table(
            ("参数 Parameter", "结论 Word", "覆盖率 Coverage 50/90 %", "秩检验 Ranks p"),
            (
                (
                    f"`{row['parameter']}`",
                    row["verdict"],
                    f"{float(row['coverage50']):.0%}/{float(row['coverage90']):.0%}",
                    f"{float(row['rank_test_p']):.2f}",
                )
                for row in rows
            ),
        ),
        "",
    ]


def _golden() -> list[str]:
    files = [
        *sorted((ROOT / "tests" / "golden").glob("*.json")),
        *sorted((ROOT / "calibration").glob("fitted.yaml")),
        *sorted((ROOT / "calibration").glob("posterior.csv")),
    ]
    return [
        "## 基准数与其摘要 · Golden numbers and their digests",
        "",
        table(
            ("文件 File", "SHA-256"),
            ((f"`{p.relative_to(ROOT).as_posix()}`", f"`{_digest(p)}`") for p in files),
        ),
        "",
    ]


def _facts(facts: object) -> list[str]:
    rows = facts if isinstance(facts, list) else []
    marks = {"pass": "符合 inside", "miss": "不符 outside", "not_applicable": "未计算 not computed"}
    return [
        "## 典型事实 · Stylised facts",
        "",
        "`simulate validate`; a miss keeps its explanation · 不符者附解释",
        "",
        table(
            ("编号 Id", "事实 Fact", "区间 Range", "模型 Model", "结果 Outcome", "说明 Reason"),
            (
                (
                    row["id"],
                    f"{row['name']['zh']} {row['name']['en']}",
                    f"{row['expected_low']:g}–{row['expected_high']:g} {row['unit']}",
                    "–" if row["value"] is None else f"{row['value']:.3g}",
                    marks.get(row["verdict"], row["verdict"]),
                    f"{row['reason']['zh']} {row['reason']['en']}".strip(),
                )
                for row in rows
            ),
        ),
        "",
    ]


def _backtest(tested: object) -> list[str]:
    found = tested if isinstance(tested, dict) else {}
    return [
        "## 回测 · Backtest",
        "",
        f"`simulate backtest -n {found['members']}`, seed {found['seed']}; errors in log points · 误差为对数点",
        "",
        table(
            (
                "对象 Subject",
                "方法 Method",
                "点数 Points",
                "平均误差 Mean",
                "RMSE",
                "CRPS",
                "覆盖 Coverage 50/90 %",
            ),
            (
                (
                    score["subject"],
                    score["method"],
                    str(score["points"]),
                    f"{score['mean_error']:+.3f}",
                    f"{score['root_square']:.3f}",
                    "–" if score["crps"] is None else f"{score['crps']:.3f}",
                    "–"
                    if score["coverage50"] is None
                    else f"{score['coverage50']:.0%}/{score['coverage90']:.0%}",
                )
                for score in found["scores"]
            ),
        ),
        "",
        f"{found['verdict']['zh']}。",
        "",
        f"{found['verdict']['en']}.",
    ]


def _trial(trial: records.Record) -> list[str]:
    return [
        "",
        f"## {trial.name.zh} · {trial.name.en}",
        "",
        f"`{trial.command}`",
        "",
        trial.finding.zh,
        "",
        trial.finding.en,
        "",
        table(
            ("试验 Trial", "结果 Found"),
            (
                (
                    f"{what.zh} · {what.en}",
                    found.zh if found.zh == found.en else f"{found.zh} · {found.en}",
                )
                for what, found in trial.rows
            ),
        ),
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def _answer(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "simulator", *arguments, "--json"]
    text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def main(arguments: Sequence[str]) -> int:
    """Write, record or check the report; 1 where it is not current."""
    if "--record" in arguments or not RECORD.exists():
        record()
    new = report(json.loads(RECORD.read_text(encoding="utf-8")))
    old = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    if "--check" in arguments:
        if new != old:
            print(
                f"{REPORT}: not current; run python -m tests.verification · 内容已过时，请运行上述命令"
            )
        return int(new != old)
    REPORT.write_text(new, encoding="utf-8", newline="\n")
    print(f"{REPORT}: {'renewed 已更新' if new != old else 'was current 已是最新'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
