"""The command line: each command parses, calls one function and prints.

Only click is imported here; what computes is imported inside the commands, so that
`simulate -h` is instant.
"""

import click

from simulator.cli import (
    calibration,
    catalogues,
    decisions,
    explore,
    machine,
    report,
    runs,
    scenarios,
    tasks,
    validation,
)
from simulator.cli.program import SETTINGS, Program, option
from simulator.cli.session import session_of


def tell_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from simulator import __version__

        session_of(context).answer(f"simulate {__version__}", {"version": __version__})
        context.exit()


@click.group(
    cls=Program,
    zh="天津人工智能产业规划：每个目标到期实现的可能性有多大？需要什么才能实现？"
    "金额单位为亿元（1000亿元 = 100 billion CNY）。",
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": SETTINGS,
        "max_content_width": 100,
    },
    no_args_is_help=False,
    invoke_without_command=True,
)
@option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=tell_version,
    help="Print the version.",
    zh="显示版本。",
)
@click.pass_context
def program(context: click.Context) -> None:
    """How likely are the targets of Tianjin's AI plans, and what would it take?

    Money is in 亿元 (1000亿元 = 100 billion CNY).
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


program.add_section(
    "Runs",
    "运行",
    (
        runs.run,
        runs.resume,
        runs.extend,
        runs.compare,
        explore.explore,
        runs.targets,
        runs.plot,
        report.report,
        runs.export,
        runs.runs_command,
        validation.validate,
    ),
)
program.add_section(
    "What would it take",
    "需要什么",
    (
        decisions.reach,
        decisions.attribute,
        decisions.sensitivity,
        decisions.sweep,
        decisions.discover,
        decisions.conditions,
        decisions.robust,
        decisions.explain,
    ),
)
program.add_section(
    "Evidence",
    "证据",
    (
        calibration.calibrate,
        calibration.backtest,
        calibration.update,
        calibration.warn,
        calibration.assumed,
        calibration.decides,
        calibration.hinges,
    ),
)
program.add_section(
    "Scenarios",
    "情景",
    (scenarios.check, scenarios.show, scenarios.diff, scenarios.new, scenarios.schema),
)
program.add_section(
    "Catalogues",
    "目录",
    (catalogues.levers, catalogues.metrics, catalogues.plans, tasks.tasks),
)
program.add_section("This machine", "本机", (machine.doctor, machine.warmup))


def main() -> None:
    """Run the program with the arguments of the process."""
    program.main()


__all__ = ["main", "program"]
