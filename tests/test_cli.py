"""The command line: help in both languages, exit codes, lazy imports, no traceback for mistakes."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from simulator.cli import program
from simulator.cli.pages import columns, display_width, wrap
from simulator.cli.program import Command
from simulator.cli.session import Session
from simulator.foundation.findings import Finding, InputError
from simulator.scenario import loading

ROOT = Path(__file__).parent.parent
BASELINE = str(ROOT / "scenarios" / "baseline.yaml")
COMMANDS = sorted(program.commands)
HEAVY = {"numpy", "pandas", "pyarrow", "scipy", "mesa", "numba", "matplotlib", "rich", "ruamel"}
ISSUE = (
    "run compare targets check show schema new diff levers metrics plans runs doctor plot export "
    "resume extend warmup tasks validate reach attribute sensitivity sweep discover conditions robust "
    "explain calibrate backtest update warn assumed decides hinges report explore"
)


def call(*arguments: str, **environment: str) -> Result:
    clean = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": "", "NO_COLOR": "1", **environment}
    return CliRunner(env=clean).invoke(program, list(arguments))


def process(*arguments: str, **more: object) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
        **more,  # type: ignore[call-overload]
    )


def test_every_command_of_the_issue_is_there() -> None:
    assert set(COMMANDS) == set(ISSUE.split())
    assert {name for _, _, names in program.sections for name in names} == set(COMMANDS)


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_in_both_languages(name: str, flag: str) -> None:
    words = [name] if name else []
    english, chinese = call(*words, flag), call("--lang", "zh", *words, flag)
    both, late = call("--lang=both", *words, flag), call(*words, flag, "--lang", "zh")
    assert {page.exit_code for page in (english, chinese, both, late)} == {0}
    assert english.stdout.startswith("Usage: simulate") and "用法：" not in english.stdout
    assert chinese.stdout.startswith("用法：simulate") and "Usage" not in chinese.stdout
    assert late.stdout == chinese.stdout
    assert len(both.stdout) > max(len(english.stdout), len(chinese.stdout))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained_twice(name: str) -> None:
    command = program.commands[name]
    assert isinstance(command, Command)
    assert command.help and command.zh and command.example.startswith(name)
    for parameter in command.params:
        english = getattr(parameter, "en", None) or getattr(parameter, "help", None)
        assert english and getattr(parameter, "zh", None), f"{name}: {parameter.name}"


@pytest.mark.parametrize("width", [20, 33, 80])
def test_wrapped_lines_fit_and_lose_nothing(width: int) -> None:
    text = "Total number of members 成员总数，默认为一千。 then（另见）some more words"
    lines = wrap(text, width)
    assert max(map(display_width, lines)) <= width + 2  # a closing mark may stand over the edge
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_columns_are_aligned_on_terminal_columns() -> None:
    first, second = columns([("天津", "a"), ("xy", "b")]).split("\n")
    assert display_width(first[: first.index("a")]) == display_width(second[: second.index("b")])


@pytest.mark.parametrize(
    ("environment", "head"),
    [
        ({}, "Usage:"),
        ({"LC_ALL": "zh_CN.UTF-8"}, "用法："),
        ({"LC_ALL": "zh_CN.UTF-8", "SIMULATE_LANG": "en"}, "Usage:"),
        ({"SIMULATE_LANG": "zh"}, "用法："),
    ],
)
def test_language_follows_environment(environment: dict[str, str], head: str) -> None:
    assert call("run", "-h", **environment).stdout.startswith(head)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rnu", BASELINE], "Did you mean 'run'?"),
        (["run"], "SCENARIO"),
        (["run", BASELINE, "--forse"], "--force"),
        (["run", BASELINE, "-n", "0"], "-n"),
        (["run", BASELINE, "-n", "many"], "-n"),
        (["run", BASELINE, "--seed", "-1"], "--seed"),
        (["run", BASELINE, "--seed", "4294967296"], "--seed"),
        (["run", BASELINE, "--engine", "compild"], "Did you mean 'compiled'?"),
        (["run", BASELINE, "--executor", "proceses"], "Did you mean 'processes'?"),
        (["run", BASELINE, "--cluster", "local", "--executor", "processes"], "exclude"),
        (["run", BASELINE, "--until-half-width", "wide"], "half width"),
        (["run", BASELINE, "--until-half-width", "tj27_core_revenu:0.1"], "tj27_core_revenue"),
        (["run", BASELINE, "--set", "levers.tj27_funds.size"], "KEY=VALUE"),
        (["run", BASELINE, "--set", "seed=1", "--set", "seed=2"], "twice"),
        (["run", BASELINE, "--data", "/no/such/folder"], "/no/such/folder"),
        (["plot", "results/none", "scorecrd"], "Did you mean 'scorecard'?"),
        (["export", "results/none", "--format", "xls", "-o", "x"], "csv"),
        (["targets", "--check", "tj27_core_revenue>=0.6"], "--check"),
        (["--lang", "fr", "runs"], "--lang"),
        (["compare", BASELINE], "two"),
        (["levers", "--plan", "tj-2025-2072"], "Did you mean 'tj-2025-2027'?"),
        (["resume", "results/none"], "results/none"),
        (["targets", "results/none"], "results/none"),
    ],
)
def test_usage_errors(arguments: list[str], says: str, tmp_path: Path) -> None:
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        for lang in ("en", "zh"):
            result = (
                call("--lang", lang, *arguments) if arguments[0] != "--lang" else call(*arguments)
            )
            assert result.exit_code == 2, result.output
            assert result.stdout == ""
            assert "Traceback" not in result.stderr
            assert says in result.stderr or lang == "zh"
        assert not list(tmp_path.iterdir())
    finally:
        os.chdir(before)


def test_a_missing_scenario_is_invalid_and_leaves_nothing(tmp_path: Path) -> None:
    result = process("run", "no_such.yaml", cwd=tmp_path)
    assert result.returncode == 3
    assert "no_such.yaml" in result.stderr and "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


def test_version_as_text_and_as_json() -> None:
    text, told = call("--version"), call("--json", "--version")
    assert text.exit_code == told.exit_code == 0
    assert text.stdout == f"simulate {json.loads(told.stdout)['version']}\n"


def test_errors_under_json_are_one_object() -> None:
    result = call("--json", "rnu")
    told = json.loads(result.stdout)
    assert told["schema_version"] == 1
    assert told["error"]["exit_code"] == result.exit_code == 2


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (InputError([Finding("a.yaml", 3, 5, "seed", "bad", "错")]), 3, "a.yaml:3:5: seed: bad"),
        (click.UsageError("no"), 2, "no"),
        (FileExistsError(17, "File exists", "a.yaml"), 2, "a.yaml"),
        (OSError(28, "No space left on device", "a.png"), 4, "free some space"),
        (OSError(errno.EROFS, "Read-only file system", "a.yaml"), 4, "folder that can be written"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("secret"), 1, "internal error: ZeroDivisionError: secret"),
    ],
)
def test_exit_codes(
    raised: BaseException, code: int, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        raise raised

    monkeypatch.setattr(program.commands["doctor"], "callback", fail)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    result = call("doctor")
    assert result.exit_code == code
    assert says in result.stderr and "Traceback" not in result.stderr
    if code == 1:
        (saved,) = tmp_path.glob("simulate-error-*.txt")
        assert "ZeroDivisionError" in saved.read_text() and str(saved) in result.stderr
        assert "Traceback" in call("-v", "doctor").stderr


def test_interrupted_run_names_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.experiments import runs

    def stop(*_: object, **__: object) -> None:
        raise runs.RunInterrupted(Path("results/a b"), 50, 100)

    monkeypatch.setattr(runs, "run", stop)
    result = call("run", BASELINE)
    assert result.exit_code == 130
    assert "simulate resume 'results/a b'" in result.stderr


def loaded_by(*calls: list[str]) -> set[str]:
    """The modules that are loaded after these calls in a fresh process."""
    script = (
        "import json, sys\n"
        "from simulator.cli import program\n"
        f"for words in {list(calls)!r}:\n"
        "    try: program.main(words)\n"
        "    except SystemExit as end: assert end.code == 0, words\n"
        "print(json.dumps(list(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by(["-h"], ["run", "-h"], ["--lang", "zh", "compare", "-h"])
    assert "click" in loaded and not loaded & HEAVY


def test_readers_load_no_engine() -> None:
    loaded = loaded_by(["check", BASELINE], ["show", BASELINE], ["levers"], ["plans"])
    assert not loaded & {"numba", "mesa", "pandas", "matplotlib", "scipy.stats", "distributed"}


def test_a_closed_pipe_is_no_error() -> None:
    reader = subprocess.Popen(
        [sys.executable, "-m", "simulator", "plans"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert reader.stdout is not None and reader.stderr is not None
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    assert reader.wait(timeout=60) == 141


@pytest.mark.parametrize(
    "arguments",
    [
        ["levers"],
        ["metrics"],
        ["plans"],
        ["targets"],
        ["doctor"],
        ["schema"],
        ["runs"],
        ["check", BASELINE],
        ["show", BASELINE],
        ["show", BASELINE, "--origins"],
        ["diff", BASELINE, str(ROOT / "scenarios" / "no_policy.yaml")],
    ],
    ids=" ".join,
)
def test_readers_in_every_language_and_as_json(arguments: list[str]) -> None:
    printed = {}
    for lang in ("en", "zh", "both"):
        result = call("--lang", lang, *arguments)
        assert result.exit_code == 0, result.stderr
        printed[lang] = result.stdout
    assert all(printed.values())
    told = json.loads(call(*arguments, "--json").stdout)
    assert told["schema_version"] == 1 and len(told) > 1


def test_grep_finds_both_languages() -> None:
    chinese = json.loads(call("levers", "--grep", "基金", "--json").stdout)["levers"]
    english = json.loads(call("levers", "--grep", "FUND", "--json").stdout)["levers"]
    everything = json.loads(call("levers", "--json").stdout)["levers"]
    assert 0 < len(chinese) < len(everything) and 0 < len(english) < len(everything)


def test_new_writes_a_child_that_checks(tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    assert call("new", str(child), "--extends", BASELINE).exit_code == 0
    assert call("check", str(child)).exit_code == 0
    again = call("new", str(child), "--extends", BASELINE)
    assert again.exit_code == 2 and str(child) in again.stderr
    assert call("new", str(child), "--extends", BASELINE, "--force").exit_code == 0
    assert call("diff", BASELINE, str(child)).exit_code == 0


def test_new_needs_no_file_to_start_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("new", "demo").exit_code == 0
    assert call("new", "harder", "--extends", "push").exit_code == 0
    assert "extends: push\n" in Path("harder.yaml").read_text("utf-8")
    again = call("new", "demo")
    assert again.exit_code == 2 and "demo.yaml" in again.stderr
    for child, parent in (
        ("demo.yaml", BASELINE),
        ("harder.yaml", str(ROOT / "scenarios" / "push.yaml")),
    ):
        rows = json.loads(call("diff", parent, child, "--json").stdout)["differences"]
        assert not [row for row in rows if row["path"] not in ("name", "name.zh", "name.en")]


def test_a_new_scenario_never_takes_the_place_of_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped_one = tmp_path / "baseline.yaml"
    shipped_one.write_bytes(Path(BASELINE).read_bytes())
    monkeypatch.setattr(loading, "shipped", lambda *parts: tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("link.yaml").symlink_to("baseline.yaml")
    for words in (("baseline",), ("link",), ("baseline.yaml", "--extends", "link.yaml")):
        refused = call("--lang", "both", "new", *words, "--force")
        assert refused.exit_code == 2 and "cannot extend itself" in refused.stderr
        assert "不能继承自身" in refused.stderr
    assert shipped_one.read_bytes() == Path(BASELINE).read_bytes()


def test_a_schema_is_written_through_a_link_and_into_a_pipe(tmp_path: Path) -> None:
    printed = call("schema").stdout
    real, link, pipe = (tmp_path / name for name in ("real.json", "link.json", "pipe"))
    real.write_text("old")
    link.symlink_to("real.json")
    assert call("schema", "-o", str(link)).exit_code == 0
    assert link.is_symlink() and real.read_text("utf-8") == printed
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    assert call("schema", "-o", str(pipe)).exit_code == 0
    reader.join(10)
    assert heard == [printed] and pipe.is_fifo()


def test_new_for_another_city_says_what_to_start_from(tmp_path: Path) -> None:
    data = ("--data", str(ROOT / "examples" / "city_xingang"))
    result = call("new", str(tmp_path / "demo"), *data)
    assert result.exit_code == 2 and "--extends" in result.stderr
    named = call("new", str(tmp_path / "demo"), "--extends", "baseline", *data)
    assert named.exit_code == 3 and "'baseline'" in named.stderr


def test_check_lists_every_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("schema_version: 1\nname: {zh: 坏, en: Bad}\nsedd: 3\nmembers: 0\n", "utf-8")
    result = call("check", str(broken), BASELINE)
    assert result.exit_code == 3
    assert f"{broken}:3:1" in result.stdout and "seed" in result.stdout
    assert f"{broken}:4" in result.stdout and f"{BASELINE}: valid" in result.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one run of three members."""
    folder = tmp_path_factory.mktemp("cli") / "results"
    result = call("run", BASELINE, "-n", "3", "--no-figures", "--results", str(folder))
    assert result.exit_code == 0, result.stderr
    assert "already computed" not in result.stderr
    for wanted in ("1000亿元", "10000亿元", "Notes", f"results: {folder}"):
        assert wanted in result.stdout
    return folder


def test_a_repeated_run_says_so_and_prints_the_same(results: Path) -> None:
    words = ["run", BASELINE, "-n", "3", "--no-figures", "--results", str(results)]
    english, chinese = call(*words), call("--lang", "zh", *words)
    assert "already computed" in english.stderr and "已计算" in chinese.stderr
    assert english.exit_code == chinese.exit_code == 0 and english.stdout != chinese.stdout
    assert call("-q", *words).stderr == ""
    assert len([path for path in results.iterdir() if path.is_dir() and path.name != "latest"]) == 1


def test_a_run_that_grows_says_why_it_stopped(results: Path) -> None:
    words = ["run", BASELINE, "-n", "3", "--until-half-width", "0.45", "--no-figures", "--json"]
    done = call(*words, "--results", str(results))
    assert done.exit_code == 0 and "half width of tj27_core_revenue" in done.stderr
    assert "半宽" in call("--lang", "zh", *words, "--results", str(results)).stderr


def test_run_as_json_is_one_object_with_all_targets(results: Path) -> None:
    words = ["run", BASELINE, "-n", "3", "--no-figures", "--results", str(results), "--json"]
    told = json.loads(call(*words).stdout)
    assert told["reused"] is True and told["members"] == 3
    in_plan = [target for target in told["targets"] if not target["extra"]]
    assert len(in_plan) == 11 and len(told["targets"]) == 12


@pytest.mark.parametrize(("check", "code"), [("tj27_core_revenue>=0", 0), ("joint>0.99", 5)])
def test_check_decides_the_exit_code(results: Path, check: str, code: int) -> None:
    result = call("targets", str(results / "latest"), "--check", check)
    assert result.exit_code == code
    assert ("not met" in result.stderr) == (code == 5)
    told = json.loads(call("targets", str(results / "latest"), "--check", check, "--json").stdout)
    assert told["checks"][0]["met"] == (code == 0)


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ("tj27_core_revenu>=1", "tj27_core_revenue"),
        ("tj27_core_revenue", "tj27_core_revenue>=0.6"),
        ("tj27_core_revenue>=2", "probability"),
        ("tj27_standing>=0.1", "checklist, by hand"),
    ],
)
def test_a_bad_check_is_a_usage_error(results: Path, check: str, says: str) -> None:
    result = call("targets", str(results / "latest"), "--check", check)
    assert result.exit_code == 2 and says in result.stderr


def test_extend_resume_plot_and_export(results: Path, tmp_path: Path) -> None:
    latest = str(results / "latest")
    longer = call("extend", latest, "-n", "5", "--json")
    assert longer.exit_code == 0 and json.loads(longer.stdout)["members"] == 5
    assert len(json.loads(longer.stdout)["figures"]) == 10
    assert call("resume", latest).exit_code == 0
    plotted = call("plot", latest, "fan:firms", "-o", str(tmp_path / "firms.png"), "--lang", "zh")
    assert plotted.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"firms.png", "firms.svg"}
    unknown = call("plot", latest, "fan:core_revenu", "-o", str(tmp_path / "x"))
    assert unknown.exit_code == 2 and "Did you mean 'core_revenue'?" in unknown.stderr
    assert call("export", latest, "-o", str(tmp_path)).exit_code == 0
    assert call("export", latest, "-o", str(tmp_path)).exit_code == 2
    assert call("export", latest, "-o", str(tmp_path), "--force").exit_code == 0


def test_failed_members_give_code_four(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.experiments.folder import Failure
    from simulator.experiments.store import Run

    monkeypatch.setattr(Run, "failures", (Failure(2, "ValueError: no", "trace"),))
    words = ["run", BASELINE, "-n", "3", "--no-figures", "--results", str(results)]
    result = call(*words)
    assert result.exit_code == 4 and "failures.csv" in result.stderr


def test_defaults_from_the_environment(results: Path) -> None:
    told = json.loads(
        call(
            "run",
            BASELINE,
            "--no-figures",
            "--json",
            SIMULATE_RUN_MEMBERS="2",
            SIMULATE_RESULTS=str(results),
        ).stdout
    )
    assert told["reused"] is True and Path(told["run"]).parent == results


def test_check_tells_what_a_shorter_period_drops_and_counts_levers_once(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text(
        f"schema_version: 1\nextends: {ROOT / 'scenarios' / 'push.yaml'}\n"
        "name: {zh: 短, en: Short}\nperiod: {end: 2026Q4}\n",
        encoding="utf-8",
    )
    told = call("check", str(path)).stdout
    assert "40 levers: 33 act, 5 at zero, 2 without effect on what is modelled" in told
    assert (
        "11 targets of the plans fall due after 2026Q4 and are never judged: tj27_key_tech" in told
    )
    assert "fall due after" not in call("check", BASELINE).stdout
    assert "40 项政策工具：33 项起作用" in call("--lang", "zh", "check", BASELINE).stdout


def test_json_holds_no_number_that_is_none() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        Session(json=True).answer("", {"path": [float("nan")]})
