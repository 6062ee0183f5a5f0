"""The command that holds the model against what is known about firms and funds."""

from pathlib import Path

import click

from simulator.cli.options import (
    COUNT,
    MOST_MEMBERS,
    data_option,
    figure_option,
    figure_path,
    machine_options,
    set_option,
)
from simulator.cli.program import argument, command, option
from simulator.cli.progress import progress_bar
from simulator.cli.session import session_of


@command(
    "validate",
    zh="用企业的历史核对典型事实（规模、增速、进入与退出等），逐项给出期望区间、模型值、结论与不符的原因，"
    "并把基金账目与公布数并列；不为迎合而调参。不给参数时用无新规划情景至 2034 年。",
    example="validate -n 60",
)
@argument(
    "source",
    metavar="[RUN|SCENARIO]",
    required=False,
    type=click.Path(path_type=Path),
    en="A run folder or a scenario file; by default no policy, to 2034.",
    zh="运行文件夹或情景文件；默认为无新规划情景，至 2034 年。",
)
@option(
    "-n",
    "--members",
    type=click.IntRange(2, MOST_MEMBERS),
    default=60,
    metavar="N",
    help="Members whose firms are followed; 60 by default.",
    zh="记录企业历史的成员数；默认 60。",
)
@option(
    "--until",
    type=COUNT,
    metavar="YEAR",
    help="Last year, instead of the scenario's own.",
    zh="终止年份，替代情景自身的年份。",
)
@set_option()
@figure_option("results/validation/SCENARIO", "results/validation/情景名")
@machine_options
@data_option()
def validate(
    source: Path | None,
    members: int,
    until: int | None,
    overrides: dict[str, str],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Hold the stylised facts of firms against histories of single firms.

    Every fact is printed with its expected range, the model's value and a verdict; a miss with its reason, a fact that
    waits for a mechanism as such. Fund accounts stand beside the reported ones. Nothing is tuned here.
    """
    import os

    from simulator.experiments import validation
    from simulator.reporting import figures, terminal

    session = session_of()
    if until is not None:
        overrides = {"period.end": f"{until}Q4", **overrides}
    scenario = validation.scenario_of(source, overrides, data)
    with progress_bar(session) as report:
        found = validation.validate(
            scenario, members, workers or os.cpu_count() or 1, engine, report
        )
    path = figure_path(output, Path("results") / "validation" / found.stem)
    drawn = figures.save(figures.firm_shapes(found), path)
    told = terminal.validation_json(found)
    told["figures"] = [str(file) for file in drawn]
    session.answer(lambda: terminal.validation(found, session.lang), told)
    session.say(f"figure: {drawn[0]}", f"图：{drawn[0]}")
