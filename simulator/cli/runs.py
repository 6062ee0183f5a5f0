"""Commands that make and read run folders."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.options import (
    MOST_MEMBERS,
    data_option,
    executor_options,
    figure_option,
    figure_path,
    layer_option,
    machine_options,
    members_option,
    results_option,
    run_argument,
    scenario_argument,
    seed_option,
    set_option,
)
from simulator.cli.program import NearChoice, argument, command, option, unknown_value
from simulator.cli.progress import Report, progress_bar
from simulator.cli.scenarios import load
from simulator.cli.session import ExitCode, InterruptedRunError, Session, session_of

if TYPE_CHECKING:
    from simulator.experiments.store import Run
    from simulator.targets import CheckResult

WITH_A_RUN = ("fan", "scorecard", "chains", "districts", "money")
FIGURES = (*WITH_A_RUN, "flow", "district_map", "firm_sizes", "pipelines", "cross")
FORMATS = ("csv", "parquet", "netcdf", "xlsx")


@contextmanager
def watched(session: Session) -> Iterator[Report | None]:
    """Progress on the terminal; Ctrl-C becomes an error that names the command to go on with."""
    import shlex

    from simulator.experiments.simulation import RunInterrupted

    try:
        with progress_bar(session) as report:
            yield report
    except RunInterrupted as stop:
        path = shlex.quote(str(stop.path))
        raise InterruptedRunError(f"simulate resume {path}") from stop


@command(
    "run",
    zh="运行一个情景，得到目标表、运行文件夹与图。已计算过的结果直接显示；更大的 -n 只增补成员。",
    example="run scenarios/baseline.yaml -n 1000 --set levers.tj27_funds.size=300亿元/yr",
)
@scenario_argument()
@members_option()
@seed_option()
@set_option()
@layer_option()
@option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run folder itself; by default results/SCENARIO-HASH.",
    zh="运行文件夹本身；默认 results/情景名-哈希。",
)
@results_option()
@option(
    "--force",
    is_flag=True,
    help="Compute anew and replace what is stored.",
    zh="重新计算并替换已存结果。",
)
@option("--no-figures", is_flag=True, help="Draw no figures.", zh="不作图。")
@option(
    "--until-half-width",
    metavar="[TARGET:]WIDTH",
    help="Add members until half the Wilson interval of the headline target (or TARGET) is no wider, such as 0.02; "
    "-n is then the most.",
    zh="增加成员，直到主要目标（或 TARGET）的 Wilson 区间半宽不大于此值，例如 0.02；此时 -n 为上限。",
)
@machine_options
@executor_options
@data_option()
def run(
    scenario: Path,
    members: int | None,
    seed: int | None,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    out: Path | None,
    results: Path,
    force: bool,
    no_figures: bool,
    until_half_width: str | None,
    workers: int | None,
    engine: str,
    executor: str,
    cluster: str | None,
    data: Path | None,
) -> ExitCode:
    """Run one scenario: target table, run folder, figures.

    A run that is stored already is shown; a larger -n only adds members.
    """
    from simulator.experiments import runs

    session = session_of()
    with watched(session) as report:
        # Layers make another scenario than the file, and so another run folder.
        laid = load(scenario, overrides, data, layers) if layers else None
        done = runs.run(
            laid or scenario,
            n=members,
            seed=seed,
            set=None if laid else overrides,
            out=out,
            workers=workers,
            engine=engine,
            force=force,
            progress=report,
            data=None if laid else data,
            executor=executor,
            cluster=cluster,
            until_half_width=until_half_width,
            results=results,
        )
    return _tell_run(session, done, figures=not no_figures)


@command(
    "resume",
    zh="续算中断的运行。与不中断的运行逐字节相同。",
    example="resume results/latest",
)
@run_argument()
@machine_options
@executor_options
@data_option()
def resume(
    folder: Path,
    workers: int | None,
    engine: str,
    executor: str,
    cluster: str | None,
    data: Path | None,
) -> ExitCode:
    """Finish an interrupted run; the same bytes as a run without interruption."""
    from simulator.experiments import runs

    session = session_of()
    with watched(session) as report:
        done = runs.resume(
            folder,
            workers=workers,
            engine=engine,
            progress=report,
            data=data,
            executor=executor,
            cluster=cluster,
        )
    return _tell_run(session, done, figures=True)


@command(
    "extend",
    zh="为已有运行增加成员；-n 是总数。",
    example="extend results/latest -n 4000",
)
@run_argument()
@members_option(required=True)
@machine_options
@executor_options
@data_option()
def extend(
    folder: Path,
    members: int,
    workers: int | None,
    engine: str,
    executor: str,
    cluster: str | None,
    data: Path | None,
) -> ExitCode:
    """Add members to a run; -n is the total."""
    from simulator.experiments import runs

    session = session_of()
    with watched(session) as report:
        done = runs.extend(
            folder,
            members,
            workers=workers,
            engine=engine,
            progress=report,
            data=data,
            executor=executor,
            cluster=cluster,
        )
    return _tell_run(session, done, figures=True)


@command(
    "compare",
    zh="比较两个或更多情景或运行：成员一一配对，第一个为参照，给出差异及其区间，并作图。",
    example="compare scenarios/baseline.yaml scenarios/push.yaml",
)
@argument(
    "scenarios",
    nargs=-1,
    required=True,
    metavar="SCENARIO…",
    en="Scenario files or run folders; the first is the reference.",
    zh="情景文件或运行文件夹；第一个为参照。",
)
@members_option()
@seed_option()
@set_option()
@option(
    "-m",
    "--metric",
    "metrics",
    multiple=True,
    metavar="SERIES[@YEAR]",
    help="What to compare; several times. By default every series of the city.",
    zh="比较的序列；可多次使用。默认为全市各序列。",
)
@option(
    "--unpaired",
    is_flag=True,
    help="Measure what pairing gains by running with other seeds too.",
    zh="另用其他种子运行，实测配对的收益。",
)
@figure_option("results/comparisons")
@results_option()
@machine_options
@executor_options
@data_option()
def compare(
    scenarios: tuple[str, ...],
    members: int | None,
    seed: int | None,
    overrides: dict[str, str],
    metrics: tuple[str, ...],
    unpaired: bool,
    output: Path | None,
    results: Path,
    workers: int | None,
    engine: str,
    executor: str,
    cluster: str | None,
    data: Path | None,
) -> None:
    """Compare two or more scenarios or runs, member by member.

    Paired members share every draw, so that a difference is what the scenario does.
    """
    from simulator.experiments import comparison

    session = session_of()
    with watched(session) as report:
        found = comparison.compare(
            *scenarios,
            n=members,
            seed=seed,
            set=overrides,
            metrics=metrics or None,
            unpaired=unpaired,
            workers=workers,
            engine=engine,
            progress=report,
            data=data,
            executor=executor,
            cluster=cluster,
            results=results,
        )
    from simulator.reporting import figures, terminal

    series = metrics[0].partition("@")[0] if metrics else "core_revenue"
    path = output or results / "comparisons" / "-".join((*found.labels, series))
    drawn = figures.save(figures.overlay(found.runs, series), path, _provenance(found.runs[0]))
    told = terminal.comparison_json(found)
    told["figures"] = [str(file) for file in drawn]
    session.answer(lambda: terminal.comparison(found, session.lang), told)
    session.say(f"figure: {drawn[0]}", f"图：{drawn[0]}")


@command(
    "targets",
    zh="目标概率、区间、缺口与首达年份。给出几个运行或情景时，列出全部规划的每项目标，各按施行其规划的运行评判；"
    "不给时列出全部目标的条款、口径、期限与判断方式。",
    example='targets results/latest --check "tj27_core_revenue>=0.6"',
)
@argument(
    "sources",
    nargs=-1,
    metavar="[RUN|SCENARIO]…",
    en="Run folders or scenario files, which are run or taken from what is stored; without any, how each target "
    "is judged.",
    zh="运行文件夹，或情景文件（已存结果直接取用，否则先运行）；不给则列出各目标的判断方式。",
)
@members_option()
@option(
    "--check",
    "checks",
    multiple=True,
    metavar="EXPRESSION",
    help="Exit with 5 unless it holds, such as 'tj27_core_revenue>=0.6'; several times.",
    zh="不满足则以 5 退出，例如 'tj27_core_revenue>=0.6'；可多次使用。",
)
@option(
    "--readings",
    is_flag=True,
    help="Add the passages that can be read in several ways, each reading, the one taken, and the probability under "
    "each.",
    zh="另列可有几种读法之处、各种读法、所取者，以及各读法下的概率。",
)
@option(
    "--split",
    is_flag=True,
    help="Add how much of each probability's doubt is luck, base value, other parameters and reading; simulates the "
    "members again with other luck.",
    zh="另列各概率的不确定性中运气、基数口径、其余参数与读法各占多少；需以不同运气重算成员。",
)
@option(
    "--target",
    "keys",
    multiple=True,
    metavar="KEY",
    help="Only these targets in --readings and --split; several times.",
    zh="--readings 与 --split 只列这些目标；可多次使用。",
)
@option(
    "--repeats",
    type=click.IntRange(2, MOST_MEMBERS),
    default=4,
    metavar="K",
    help="Lucks for each set of parameters in --split; 4 by default.",
    zh="--split 中每组参数配以几种运气；默认 4。",
)
@option(
    "--draws",
    type=click.IntRange(2, MOST_MEMBERS),
    metavar="M",
    help="Sets of parameters in --split; by default the run's members, at most 200.",
    zh="--split 所用的参数组数；默认为运行的成员，至多 200。",
)
@option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Every target of every plan as comma-separated values.",
    zh="以逗号分隔值列出全部规划的每项目标。",
)
@results_option()
@machine_options
@data_option()
def targets(
    sources: tuple[str, ...],
    members: int | None,
    checks: tuple[str, ...],
    readings: bool,
    split: bool,
    keys: tuple[str, ...],
    repeats: int,
    draws: int | None,
    as_csv: bool,
    results: Path,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> ExitCode:
    """Probability, interval, shortfall and first year reached of every target.

    With several runs or scenarios: all targets of all plans, each judged where its plan is in force. Without any:
    clause, perimeter and deadline of all targets, and how each is judged.
    """
    from simulator.reporting import terminal

    session = session_of()
    if not sources:
        for flag, given in (("--check", checks), ("--split", split), ("--csv", as_csv)):
            if given:
                raise click.UsageError(
                    session.phrase(f"{flag} needs a run.", f"{flag} 需要运行结果。")
                )
        from simulator.registry import load_library
        from simulator.targets import judge_all

        library = load_library(data)
        registry, judged = library.registry, judge_all(library)
        session.answer(
            lambda: terminal.ledger(registry, judged, session.lang, readings=readings),
            terminal.ledger_json(registry, judged, readings=readings),
        )
        return ExitCode.DONE
    if len(sources) > 1 and (checks or split):
        raise click.UsageError(
            session.phrase(
                "--check and --split take one run or scenario.",
                "--check 与 --split 只用于一个运行或情景。",
            )
        )
    from simulator.targets import check_expression

    wanted = [check_expression(text) for text in checks]
    opened = [
        _run_or_open(session, Path(source), members, results, workers, engine, data)
        for source in sources
    ]
    if as_csv or len(opened) > 1:
        return _tell_plans(session, opened, as_csv, readings, keys)
    (run_,) = opened
    scores, together = run_.targets(), _joint(run_)
    held = [check.evaluate(scores, together) for check in wanted]
    told = {"run": str(run_.path), **terminal.scores_json(scores, together)}
    told["due_later"] = list(terminal.later_targets(run_))
    told["checks"] = [_plain_check(result) for result in held]
    beside = _beside(run_)
    told["resting_on_assumed"] = _plain_resting(beside)
    parts: list[Callable[[], str]] = [
        lambda: terminal.scores(run_, scores, together, session.lang, *beside)
    ]
    registry = run_.library.registry
    if readings:
        own = {item.id for item in scores}
        judged_here = [target for target in registry.targets if target.id in own]
        tried = _readings(run_, keys)
        parts.append(lambda: terminal.readings(registry, judged_here, session.lang))
        parts.append(lambda: terminal.reading_scores(tried, session.lang))
        told.update(terminal.readings_json(registry, judged_here))
        told["reading_scores"] = terminal.reading_scores_json(tried)
    if split:
        parted = _split(session, run_, keys, repeats, draws, workers, engine)
        parts.append(lambda: terminal.splits(parted, session.lang))
        told["splits"] = terminal.splits_json(parted)
    session.answer(lambda: "\n".join(part() for part in parts), told)
    for result in held:
        session.say(_check_text(result, "en"), _check_text(result, "zh"))
    return ExitCode.DONE if all(result.met for result in held) else ExitCode.CHECK_NOT_MET


@command(
    "plot",
    zh="作一张图（PNG 与 SVG）：fan[:序列]、scorecard、chains、districts、money、flow、district_map、firm_sizes、"
    "pipelines 或 cross。",
    example="plot results/latest fan:core_revenue -o core_revenue",
)
@run_argument()
@argument(
    "figure",
    metavar="FIGURE",
    en="fan:SERIES (names: simulate metrics), scorecard, chains, districts, money, flow (money from fund to firm), "
    "district_map (schematic), firm_sizes, pipelines (projects planned, under way, delivered) or cross (districts by "
    "chains; meets the members again and keeps what they say in the run folder).",
    zh="fan:序列（名称见 simulate metrics）、scorecard、chains、districts、money（资金账）、flow（资金由基金到企业）、"
    "district_map（分区示意图）、firm_sizes（企业规模）、pipelines（项目规划、在建、交付）或 "
    "cross（区与产业链交叉；需重算成员，结果存入运行文件夹）。",
)
@figure_option("the run's figures folder", "为运行的 figures 文件夹")
def plot(folder: Path, figure: str, output: Path | None) -> None:
    """Draw one figure as PNG and SVG."""
    session = session_of()
    kind, _, series = figure.partition(":")
    if kind not in FIGURES or (series and kind != "fan"):
        unknown_value(figure, ("fan:core_revenue", *FIGURES))
    from simulator.experiments.store import open_run
    from simulator.reporting import figures

    opened = open_run(folder)
    series = series or "core_revenue"
    if kind == "fan" and series not in opened.series:
        unknown_value(series, opened.series)
    lang = session.lang
    if kind == "fan":
        picture = figures.fan(opened, series, lang=lang)
    elif kind == "cross":
        from simulator.experiments.cross import record_cross, stored_cross

        kept = stored_cross(opened)
        if kept is None:
            with progress_bar(session) as report:
                kept = record_cross(opened, progress=report)
        picture = figures.cross(opened, kept, lang=lang)
    else:
        picture = getattr(figures, kind)(opened, lang=lang)
    name = f"{kind}-{series.replace('[', '-').rstrip(']')}" if kind == "fan" else kind
    path = figure_path(output, opened.path / "figures" / name)
    drawn = figures.save(picture, path, _provenance(opened))
    files = [str(file) for file in drawn]
    session.answer("\n".join(files), {"figures": files})


@command(
    "export",
    zh="导出供其他工具使用的表：csv（IAMC 长表，UTF-8 BOM）、parquet、netcdf 或 xlsx（所选语言的工作簿）。",
    example="export results/latest --format csv -o tables",
)
@run_argument()
@option(
    "--format",
    "form",
    type=NearChoice(FORMATS),
    default="csv",
    help="csv (IAMC long and tidy), parquet, netcdf, or xlsx (a workbook in the chosen language).",
    zh="csv（IAMC 长表）、parquet、netcdf 或 xlsx（所选语言的工作簿）。",
)
@option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder or file to write.",
    zh="要写的文件夹或文件。",
)
@option("--force", is_flag=True, help="Overwrite files.", zh="覆盖已有文件。")
def export(folder: Path, form: str, output: Path, force: bool) -> None:
    """Write tables for other tools."""
    from simulator.experiments.store import open_run
    from simulator.reporting import export as writer

    session = session_of()
    opened = open_run(folder)
    written = [
        str(path) for path in writer.export(opened, output, form, force=force, lang=session.lang)
    ]
    session.answer("\n".join(written), {"files": written})


@command("runs", zh="列出运行文件夹，最新在前。", example="runs")
@results_option()
def runs_command(results: Path) -> None:
    """List the run folders, newest first."""
    from simulator.experiments.store import list_runs
    from simulator.reporting import terminal

    session = session_of()
    entries = list_runs(results)
    nothing = session.phrase(f"no runs in {results}", f"{results} 中没有运行结果")
    session.answer(
        lambda: terminal.runs(entries, session.lang) if entries else nothing,
        {"runs": terminal.runs_json(entries)},
    )


def _run_or_open(
    session: Session,
    source: Path,
    members: int | None,
    results: Path,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> "Run":
    """The run of a scenario file, as far as it is not stored yet, or the run in a folder."""
    from simulator.experiments import runs
    from simulator.experiments.store import open_run

    if source.is_file() and source.suffix in {".yaml", ".yml"}:
        with watched(session) as report:
            return runs.run(
                source,
                n=members,
                workers=workers,
                engine=engine,
                progress=report,
                data=data,
                results=results,
            )
    if data is not None:
        raise click.UsageError(
            session.phrase(
                "a run folder carries its own data; --data goes without RUN.",
                "运行文件夹自带数据；--data 只在不给运行文件夹时使用。",
            )
        )
    if members is not None:
        raise click.UsageError(
            session.phrase(
                "a run folder has its members; -n goes with a scenario file (more: simulate extend).",
                "运行文件夹的成员已定；-n 只用于情景文件（增加成员用 simulate extend）。",
            )
        )
    return open_run(source)


def _tell_plans(
    session: Session, opened: Sequence["Run"], as_csv: bool, readings: bool, keys: Sequence[str]
) -> ExitCode:
    """Print every target of every plan, each judged where its plan is in force."""
    from simulator.experiments.judgement import judge_plans
    from simulator.reporting import terminal

    found = judge_plans(opened)
    told = terminal.judgement_json(found)
    tried = [row for run_ in opened for row in _readings(run_, keys)] if readings else []
    if readings:
        told["reading_scores"] = terminal.reading_scores_json(tried)

    def text() -> str:
        if as_csv:
            return terminal.judgement_csv(found).rstrip("\n")
        shown = terminal.judgement(found, session.lang)
        return shown + "\n" + terminal.reading_scores(tried, session.lang) if readings else shown

    session.answer(text, told)
    return ExitCode.DONE


def _readings(opened: "Run", keys: Sequence[str]) -> Any:
    """The run's plan targets under every reading, or those named of them."""
    from simulator.readings import reading_scores
    from simulator.registry import Target
    from simulator.targets import goals_of

    chosen = [goal for goal in goals_of(opened) if isinstance(goal, Target)]
    known = [goal.key for goal in chosen]
    for key in keys:
        if key not in known:
            unknown_value(key, known)
    named = [goal for goal in chosen if not keys or goal.key in keys]
    return reading_scores(named, opened, opened.scenario.readings)


def _split(
    session: Session,
    opened: "Run",
    keys: Sequence[str],
    repeats: int,
    draws: int | None,
    workers: int | None,
    engine: str,
) -> Any:
    """The split of the run's probabilities; Ctrl-C keeps what is simulated for the same command."""
    import shlex

    from simulator.experiments.simulation import RunInterrupted
    from simulator.experiments.split import repeat_luck, splits

    try:
        with progress_bar(session) as report:
            repeated = repeat_luck(opened, repeats, draws, workers, engine, report)
    except RunInterrupted as stop:
        path = shlex.quote(str(opened.path))
        raise InterruptedRunError(f"simulate targets {path} --split") from stop
    return splits(repeated, keys)


def _tell_run(session: Session, done: "Run", figures: bool) -> ExitCode:
    """Print what a run gives: the target table, what has no effect yet, where everything is."""
    from simulator.reporting import terminal

    if done.reused:
        session.say(f"already computed: {done.path}", f"已计算：{done.path}")
    for notice in done.notices:
        if not notice.what.startswith("already computed"):
            session.say(notice.text("en"), notice.text("zh"))
    scores, together = done.targets(), _joint(done)
    drawn = _draw(session, done) if figures else []
    told: dict[str, object] = {
        "run": str(done.path),
        "reused": done.reused,
        "members": done.n,
        "failed": len(done.failures),
        "seed": done.seed,
        "hash": done.hash,
        "digest": done.digest(),
        "precision": done.manifest["precision"],
        **terminal.scores_json(scores, together),
        "due_later": list(terminal.later_targets(done)),
        "notes": [note.text("both") for note in done.scenario.notes],
        "figures": [str(path) for path in drawn],
    }
    session.answer(lambda: _run_text(session, done, scores, together, drawn), told)
    if done.failures:
        count, table = len(done.failures), done.path / "failures.csv"
        session.say(
            f"{count} members failed; reasons and the commands that repeat them: {table}",
            f"{count} 个成员失败；原因与重现命令：{table}",
        )
        return ExitCode.INCOMPLETE
    return ExitCode.DONE


def _run_text(
    session: Session, done: "Run", scores: Any, together: Any, drawn: Sequence[Path]
) -> str:
    from simulator.reporting import terminal

    shown = terminal.scores(done, scores, together, session.lang, *_beside(done))
    lines = [shown.rstrip("\n"), ""]
    notes = done.scenario.notes
    if notes:
        lines.append(
            session.phrase("Notes (places: simulate check):", "说明（位置见 simulate check）：")
        )
        said = (session.phrase(note.what, note.what_zh) for note in notes)
        lines += [
            f"  {note.path}: {what}" if note.path else f"  {what}"
            for note, what in zip(notes, said, strict=True)
        ]
    lines.append(session.phrase(f"results: {done.path}", f"结果：{done.path}"))
    if drawn:
        where = done.path / "figures"
        lines.append(session.phrase(f"figures: {where}", f"图：{where}"))
    return "\n".join(lines)


def _beside(opened: "Run") -> tuple[Any, Any]:
    """What is printed beside the probabilities: shares that rest on assumed parameters, and earlier outcomes."""
    from simulator.experiments.backtest import records_of
    from simulator.experiments.resting import resting_shares

    own = opened.library.folder is None
    return resting_shares(opened), records_of(opened.library.registry) if own else {}


def _plain_resting(beside: tuple[Any, Any]) -> list[dict[str, object]]:
    return [{"target": name._asdict(), "share": share} for name, share in beside[0]]


def _joint(opened: "Run") -> Any:
    from simulator.targets import goals_of, joint

    return joint(goals_of(opened), opened)


def _draw(session: Session, done: "Run") -> list[Path]:
    """The figures of the run folder, drawn unless those there are younger than the run."""
    folder = done.path / "figures"
    names = {"core_revenue": "fan"} | {kind: kind for kind in WITH_A_RUN if kind != "fan"}
    expected = [folder / f"{name}{suffix}" for name in names for suffix in (".png", ".svg")]
    finished = (done.path / "run.json").stat().st_mtime
    if all(path.exists() and path.stat().st_mtime >= finished for path in expected):
        return expected
    from simulator.reporting import figures

    session.say("drawing figures …", "正在作图 …")
    drawn: list[Path] = []
    for name, kind in names.items():
        picture = getattr(figures, kind)(done)
        drawn.extend(figures.save(picture, folder / name, _provenance(done)))
    return drawn


def _provenance(done: "Run") -> dict[str, str]:
    manifest = done.manifest
    return {
        "Scenario": done.stem,
        "Hash": done.hash,
        "Seed": str(done.seed),
        "Members": str(done.n),
        "Version": done.version,
        "Commit": str(manifest["commit"]),
    }


def _plain_check(result: "CheckResult") -> dict[str, object]:
    return {
        "check": result.check.text,
        "met": result.met,
        "probability": result.probability._asdict(),
    }


def _check_text(result: "CheckResult", lang: str) -> str:
    text, share = result.check.text, f"{result.probability.value:.3f}"
    if lang == "zh":
        return f"检查 {text}：{'满足' if result.met else '不满足'}（{share}）"
    return f"check {text}: {'met' if result.met else 'not met'} ({share})"
