"""The command that writes the report."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import COUNT, machine_options
from simulator.cli.program import argument, command, option
from simulator.cli.scenarios import load
from simulator.cli.session import Session, session_of

if TYPE_CHECKING:
    from simulator.experiments.attribution_table import Stored
    from simulator.experiments.store import Run


@command(
    "report",
    zh="把一个或几个运行写成一份可离线阅读、可打印的网页：答案、目标记分、走势、归因、资金账、假定与出处；文中每个数都可追溯到结果表。",
    example="report results/latest --lang both -o report.html",
)
@argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="RUN…",
    type=click.Path(path_type=Path),
    en="Run folders; the first is reported on, the others are compared to it.",
    zh="运行文件夹；报告第一个，其余与之比较。",
)
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The page to write; by default report.html in the first run's folder.",
    zh="要写的网页；默认为第一个运行文件夹中的 report.html。",
)
@option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="SCENARIO|RUN",
    help="Attribute the difference to this scenario to groups of levers and keep that in the run folder; simulates, "
    "with progress.",
    zh="将与此情景之差按政策工具分组归因，并存入运行文件夹；需要模拟，显示进度。",
)
@option(
    "-n",
    "--members",
    type=COUNT,
    default=64,
    show_default=True,
    metavar="N",
    help="Members of each case of the attribution.",
    zh="归因时每个情形的成员数。",
)
@option("--force", is_flag=True, help="Overwrite the page.", zh="覆盖已有网页。")
@machine_options
def report(
    folders: tuple[Path, ...],
    output: Path | None,
    against: Path | None,
    members: int,
    force: bool,
    workers: int | None,
    engine: str,
) -> None:
    """Write one or several runs as a page to read offline, to mail and to print.

    Answer, scorecard, outlook, attribution, ledger, assumptions and provenance; every number in its text can be
    followed to the results.
    """
    from simulator.experiments.store import open_run
    from simulator.reporting.report import write_report

    session = session_of()
    opened = [open_run(folder) for folder in folders]
    path = output or opened[0].path / "report.html"
    if path.exists() and not force:  # before anything is simulated for it
        raise FileExistsError(17, "file exists; --force overwrites it", str(path))
    attributed = None
    if against is not None:
        attributed = _attributed(session, opened[0], against, members, workers, engine)
    session.say("writing the report …", "正在写报告 …")
    written = write_report(opened, path, session.lang, force=force, attributed=attributed)
    size = written.stat().st_size
    session.answer(str(written), {"file": str(written), "bytes": size})


def _attributed(
    session: Session,
    run: "Run",
    against: Path,
    members: int,
    workers: int | None,
    engine: str,
) -> "Stored | None":
    """The attribution that is stored for this scenario with as many members, or a new one."""
    from simulator.cli.decisions import evaluator
    from simulator.experiments.attribution import attribute
    from simulator.experiments.attribution_table import (
        answers,
        keep_attribution,
        stored_attribution,
    )
    from simulator.experiments.store import open_run

    data = run.library.folder
    other = open_run(against).scenario if against.is_dir() else load(against, None, data)
    stored = stored_attribution(run)
    count = min(members, run.n)
    if answers(stored, run, other, count):
        return stored
    with evaluator(session, workers, engine) as cases:
        found = attribute(run.scenario, other, members=count, cases=cases)
    keep_attribution(run, found)
    return stored_attribution(run)
