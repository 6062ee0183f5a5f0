"""Commands that fit the model to reported figures, test it on earlier plans, and bring new figures in."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import (
    MOST_MEMBERS,
    figure_option,
    figure_path,
    keys_option,
    machine_options,
    run_argument,
    scenario_argument,
    seed_option,
    set_option,
)
from simulator.cli.program import command, option
from simulator.cli.progress import progress_bar
from simulator.cli.scenarios import load
from simulator.cli.session import session_of
from simulator.foundation.files import write_alone

if TYPE_CHECKING:
    from simulator.experiments.store import Run

OUTPUT = Path("results") / "calibration"
UNFINISHED = "unfinished"
"""Where members lie until the fit is written, so that an interrupted one goes on."""
OWN = "own"
"""In there: digests of the files that an interrupted call was about to write; any other file is somebody's own."""


@command(
    "calibrate",
    zh="把最多八个参数拟合到公布数，并以滚动起点回测；写出拟合文件、后验表与图，不会擅自覆盖。"
    "默认共 7200 次模型运行；中断后再次执行同一命令即可继续，结果逐字节相同。"
    "用 --set fit=路径 使用该拟合，fit=none 只用先验。",
    example="calibrate -o results/calibration",
)
@option("-n", "--members", type=click.IntRange(80, MOST_MEMBERS), default=2400, metavar="N",
        help="Members of the fit; 2400 by default.", zh="拟合所用成员数；默认 2400。")  # fmt: skip
@option("--backtest-members", type=click.IntRange(40, MOST_MEMBERS), default=600, metavar="N",
        help="Members at each of the eight days of the backtest; 600 by default.",
        zh="回测八个起点日各用的成员数；默认 600。")  # fmt: skip
@option("--held", type=click.IntRange(20, MOST_MEMBERS), default=300, metavar="N",
        help="Members that stand in for the world in the recovery.", zh="参数恢复检验所用成员数。")  # fmt: skip
@seed_option(1)
@option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=OUTPUT, metavar="DIR",
        help="Folder of the fit; by default results/calibration.",
        zh="拟合结果文件夹；默认 results/calibration。")  # fmt: skip
@option("--no-backtest", is_flag=True, help="Skip the backtest: nothing is then called calibrated.",
        zh="不做回测：结果不得称为已校准。")  # fmt: skip
@option("--force", is_flag=True, help="Replace an earlier fit.", zh="替换已有拟合。")
@machine_options
def calibrate(
    members: int,
    backtest_members: int,
    held: int,
    seed: int,
    output: Path,
    no_backtest: bool,
    force: bool,
    workers: int | None,
    engine: str,
) -> None:
    """Fit at most eight parameters to reported figures, test on earlier plans, write the fit.

    7200 model runs by default. Interrupted, the same command goes on where it was, with the same bytes in the end.
    The priors of the fit cite none of the figures it uses. `--set fit=DIR/fitted.yaml` draws members from the result.
    """
    import os
    import shutil
    import tempfile

    from simulator.experiments import backtest as tests
    from simulator.experiments import calibration as fits
    from simulator.reporting import figures
    from simulator.reporting.figures import calibration as figures_calibration
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    threads = workers or os.cpu_count() or 1
    fitted, kept = output / fits.FITTED_FILE, output / UNFINISHED
    # What an interrupted call has written of its fit is its own to finish.
    own = kept / OWN
    ours = set(own.read_text(encoding="utf-8").split()) if own.exists() else set()
    for name in (fits.FITTED_FILE, fits.POSTERIOR_FILE, fits.RECOVERY_FILE):
        file = output / name
        if file.exists() and not (force or _digest(file.read_bytes()) in ours):
            raise FileExistsError(
                17,
                session.phrase("exists; --force replaces it", "已存在；--force 可替换"),
                str(file),
            )
    if kept.is_dir():
        session.say(f"going on with {kept}", f"继续 {kept}")
    kept.mkdir(parents=True, exist_ok=True)
    with progress_bar(session) as report, tempfile.TemporaryDirectory(dir=kept) as folder:
        found = fits.calibrate(
            Path(folder),
            members,
            seed=seed,
            held=held,
            workers=threads,
            engine=engine,
            progress=report,
            kept=kept,
        )
    tested = None
    if not no_backtest:
        with progress_bar(session) as report:
            tested = tests.backtest(
                backtest_members,
                seed=seed,
                workers=threads,
                engine=engine,
                progress=report,
                kept=kept,
            )
    verdict, standing = (tested.verdict, tested.standing) if tested else (None, "")
    drawn = list(figures.save(figures_calibration.learned(found, verdict), output / "learned"))
    if tested:
        drawn += figures.save(figures_calibration.forecasts(tested), output / "backtest")
    ours |= {_digest(content) for content in fits.fit_papers(found, verdict, standing).values()}
    write_alone(own, "\n".join(sorted(ours)).encode())
    files = fits.write_fit(found, output, verdict, standing, force=True)
    for members_of_a_day in [entry for entry in kept.iterdir() if entry.is_dir()]:
        shutil.rmtree(members_of_a_day)
    shutil.rmtree(kept)
    told = terminal_calibration.calibration_json(found, tested)
    told["files"] = [str(file) for file in (*files, *drawn)]
    session.answer(lambda: terminal_calibration.calibration(found, tested, session.lang), told)
    session.say(
        f"fit: {fitted} (use it with --set fit={fitted})",
        f"拟合：{fitted}（用 --set fit={fitted} 使用）",
    )


def _digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


@command(
    "backtest",
    zh="滚动起点回测：每个起点只用当日之前公布的数（含先验），与随机游走、AR(1)、几何布朗运动、目标值本身比较；"
    "并列出早先目标的结果。",
    example="backtest -n 600",
)
@option("-n", "--members", type=click.IntRange(40, MOST_MEMBERS), default=600, metavar="N",
        help="Members at each origin; 600 by default.", zh="每个起点的成员数；默认 600。")  # fmt: skip
@seed_option(1)
@figure_option("results/backtest")
@machine_options
def backtest(
    members: int, seed: int, output: Path | None, workers: int | None, engine: str
) -> None:
    """Forecast from earlier days with what was then public, and score against naive forecasts.

    Errors, skill, coverage of intervals and their number of points; earlier targets beside what became of them.
    """
    import os

    from simulator.experiments import backtest as tests
    from simulator.reporting import figures
    from simulator.reporting.figures import calibration as figures_calibration
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    with progress_bar(session) as report:
        found = tests.backtest(
            members,
            seed=seed,
            workers=workers or os.cpu_count() or 1,
            engine=engine,
            progress=report,
        )
    drawn = figures.save(
        figures_calibration.forecasts(found), figure_path(output, Path("results") / "backtest")
    )
    told = terminal_calibration.backtest_json(found)
    told["figures"] = [str(file) for file in drawn]
    session.answer(lambda: terminal_calibration.backtest(found, session.lang), told)
    session.say(f"figure: {drawn[0]}", f"图：{drawn[0]}")


@command(
    "update",
    zh="用新公布的数给已有运行的成员重新加权，无需重算；显示等效成员数，过少时要求重新运行。",
    example="update results/latest --facts examples/new_facts.csv",
)
@run_argument()
@option("--facts", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        help="CSV with series, year, value (with unit), sd (log points), perimeter, side.",
        zh="CSV：series、year、value（含单位）、sd（对数点）、perimeter、side。")  # fmt: skip
@option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        help="Write the weight of each member (CSV); not overwritten.",
        zh="写出各成员的权重（CSV）；不覆盖。")  # fmt: skip
def update(folder: Path, facts: Path, output: Path | None) -> None:
    """Weigh the members of a run by new figures, without running it again.

    Says how many members the answer is worth, and asks for a new run when they are too few.
    """
    from simulator.experiments import update as updates
    from simulator.experiments.store import open_run
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    opened = open_run(folder)
    found = updates.update(opened, updates.read_figures(facts, opened))
    told = terminal_calibration.update_json(found)
    if output is not None:
        write_alone(output, updates.weights_table(opened, found), force=False)
        told["weights"] = str(output)
    session.answer(lambda: terminal_calibration.update(found, session.lang), told)


@command(
    "warn",
    zh="预警：每个目标应有的逐年路径、低于何处即难以达标、哪项观测最早说明问题；命中率与误报率由另一半成员检验。",
    example="warn results/latest",
)
@run_argument()
@keys_option()
@option("--no-figures", is_flag=True, help="Draw no figures.", zh="不作图。")
def warn(folder: Path, keys: tuple[str, ...], no_figures: bool) -> None:
    """What must be seen by when if a target is still to be reached.

    Path of the members that reach it, level below which success is unlikely, the observable that tells soonest.
    """
    from simulator.cli.program import unknown_value
    from simulator.experiments import early_warning
    from simulator.experiments.store import open_run
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    opened = open_run(folder)
    known = [score.key for score in opened.targets()]
    for key in keys:
        if key not in known:
            unknown_value(key, known)
    found = early_warning.watch(opened, keys)
    told = terminal_calibration.warnings_json(found)
    if not no_figures:
        from simulator.reporting import figures
        from simulator.reporting.figures import calibration as figures_calibration

        drawn = [
            file
            for item in figures_calibration.drawn_for(found)
            for file in figures.save(
                figures_calibration.warning(opened, item),
                opened.path / "figures" / f"warn-{item.key}",
            )
        ]
        told["figures"] = [str(file) for file in drawn]
    session.answer(lambda: terminal_calibration.warnings(found, session.lang), told)


@command(
    "assumed",
    zh="每个主要目标的方差有多少基于假定参数、有多少基于有据参数、其余为运气；由运行自身的抽样估计，附区间。",
    example="assumed results/latest",
)
@run_argument()
@keys_option()
def assumed(folder: Path, keys: tuple[str, ...]) -> None:
    """How much of each headline outcome's variance rests on assumed parameters.

    From the run's own draws, with intervals; names the parameters that weigh most.
    """
    from simulator.experiments import resting
    from simulator.experiments.store import open_run
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    opened = open_run(folder)
    if opened.n < resting.FEWEST:
        words = session.phrase(
            f"{opened.n} members cannot tell: at least {resting.FEWEST} are needed (simulate extend).",
            f"{opened.n} 个成员不足以判断：至少需要 {resting.FEWEST} 个（simulate extend）。",
        )
        session.answer(words, {"targets": [], "members": opened.n, "needed": resting.FEWEST})
        return
    found = resting.resting(opened, keys)
    session.answer(
        lambda: terminal_calibration.resting(found, session.lang),
        terminal_calibration.resting_json(found),
    )


@command(
    "decides",
    zh="什么决定结果：按方差份额排序的原因清单（基数口径与水平、载荷、大企业、运气……），合计为一，附区间与条形图。",
    example="decides results/latest",
)
@run_argument()
@keys_option()
@option("--no-repeats", is_flag=True, help="Simulate nothing: luck and interactions then stand together.",
        zh="不做重复模拟：运气与交互合计。")  # fmt: skip
@option("--no-figures", is_flag=True, help="Draw no figures.", zh="不作图。")
@machine_options
def decides(
    folder: Path,
    keys: tuple[str, ...],
    no_repeats: bool,
    no_figures: bool,
    workers: int | None,
    engine: str,
) -> None:
    """What decides the outcome: causes ranked by their share of its variance, which sum to one.

    Judged on members left out; the share of luck comes from up to 200 members met by other luck.
    """
    from simulator.experiments import deciding
    from simulator.experiments.resting import FEWEST
    from simulator.experiments.split import repeat_luck
    from simulator.experiments.store import open_run
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    opened = open_run(folder)
    if opened.n < FEWEST:
        words = session.phrase(
            f"{opened.n} members cannot tell: at least {FEWEST} are needed (simulate extend).",
            f"{opened.n} 个成员不足以判断：至少需要 {FEWEST} 个（simulate extend）。",
        )
        session.answer(words, {"targets": [], "members": opened.n, "needed": FEWEST})
        return
    runs: tuple[Run, ...] = (opened,)
    if not no_repeats:
        with progress_bar(session) as report:
            runs = repeat_luck(opened, 2, None, workers, engine, report)
    found = deciding.decided(runs, keys)
    told = terminal_calibration.decided_json(found)
    if not no_figures:
        from simulator.reporting import figures
        from simulator.reporting.figures import calibration as figures_calibration

        told["figures"] = [
            str(file)
            for item in found
            for file in figures.save(
                figures_calibration.decided(opened, item),
                opened.path / "figures" / f"decides-{item.key}",
            )
        ]
    session.answer(lambda: terminal_calibration.decided(found, session.lang), told)


@command(
    "hinges",
    zh="答案系于何处：逐一去掉每个公布数、加宽每个重要先验、基数 ±20 %，列出中位数与概率的变化及方向。",
    example="hinges scenarios/baseline.yaml",
)
@scenario_argument()
@option("-n", "--members", type=click.IntRange(40, MOST_MEMBERS), default=400, metavar="N",
        help="Members of every variant; 400 by default.", zh="每个变体的成员数；默认 400。")  # fmt: skip
@option("--fit-members", type=click.IntRange(80, MOST_MEMBERS), default=1200, metavar="N",
        help="Members of the fit that figures are left out of; 1200 by default.",
        zh="供去掉公布数的拟合所用成员数；默认 1200。")  # fmt: skip
@set_option()
@machine_options
def hinges(
    scenario: Path,
    members: int,
    fit_members: int,
    overrides: dict[str, str],
    workers: int | None,
    engine: str,
) -> None:
    """What the answer hinges on: leave out each figure, double each width, move the base value.

    Every variant has the same draws; about ten thousand model runs by default.
    """
    import os

    from simulator.experiments import hinges as experiment
    from simulator.reporting.terminal import calibration as terminal_calibration

    session = session_of()
    sheet = load(scenario, overrides)
    with progress_bar(session) as report:
        found = experiment.hinges(
            sheet,
            members,
            fit_members,
            workers=workers or os.cpu_count() or 1,
            engine=engine,
            progress=report,
        )
    session.answer(
        lambda: terminal_calibration.hinges(found, session.lang),
        terminal_calibration.hinges_json(found),
    )
