"""Options and arguments that several commands share, each worded once in both languages."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from simulator.cli.program import NearChoice, argument, option
from simulator.cli.session import session_of

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
ENGINES = ("auto", "compiled", "plain")
EXECUTORS = ("auto", "threads", "processes")
SEEDS = click.IntRange(0, 2**32 - 1)
MOST_MEMBERS = 1_000_000
MOST_POINTS = 65_536
COUNT = click.IntRange(1, MOST_MEMBERS)


class Finite(click.FloatRange):
    """A number between two bounds; what is no number lies between none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or a usage error."""
        number = super().convert(value, param, ctx)
        if number != number:
            message = f"{value} is not in the range {self._describe_range()}."
            raise click.BadParameter(message, ctx, param)
        return float(number)


def settings(
    context: click.Context, parameter: click.Parameter, values: Sequence[str]
) -> dict[str, str]:
    """`--set KEY=VALUE`, several times, as a mapping; a key given twice is a usage error."""
    found: dict[str, str] = {}
    session = session_of(context)
    for value in values:
        key, equals, wanted = value.partition("=")
        key = key.strip()
        if not (key and equals):
            message = session.phrase(
                f"{value!r} is not KEY=VALUE, such as levers.tj27_funds.size=300亿元/yr.",
                f"{value!r} 不是 KEY=VALUE 的形式，例如 levers.tj27_funds.size=300亿元/年。",
            )
            raise click.BadParameter(message, context, parameter)
        if key in found:
            message = session.phrase(f"{key!r} is set twice.", f"{key!r} 设置了两次。")
            raise click.BadParameter(message, context, parameter)
        found[key] = wanted.strip()
    return found


def set_option() -> Decorator:
    """The option `--set`."""
    return option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        callback=settings,
        help="Set one value above all files; may be given several times.",
        zh="在所有文件之上设置一个取值；可多次使用。",
    )


def data_option() -> Decorator:
    """The option `--data`."""
    return option(
        "--data",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder with the data of another city: plans, levers, chains, districts, firms.",
        zh="另一座城市的数据文件夹：规划、政策工具、产业链、区域与期初企业。",
    )


def layer_option(
    en: str = "External conditions laid over the scenario, such as scenarios/conditions/national_slump.yaml.",
    zh: str = "叠加在情景之上的外部条件，例如 scenarios/conditions/national_slump.yaml。",
) -> Decorator:
    """`--layer FILE`, several times."""
    return option(
        "--layer",
        "layers",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"{en} Several times.",
        zh=f"{zh}可多次使用。",
    )


def scenario_argument(name: str = "scenario", nargs: int = 1) -> Decorator:
    """A scenario file, or several."""
    # Whether the file can be read is said by its reader, with exit code 3 like any invalid file.
    return argument(
        name,
        nargs=nargs,
        required=True,
        type=click.Path(path_type=Path),
        metavar="SCENARIO" if nargs == 1 else "SCENARIO…",
        en="A scenario file (YAML).",
        zh="情景文件（YAML）。",
    )


def machine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--workers` and `--engine`: they change the time a run takes and no byte of its result."""
    workers = option(
        "--workers",
        type=COUNT,
        metavar="N",
        help="Threads or processes; by default one for each processor. Changes no byte.",
        zh="线程或进程数；默认每个处理器一个。不影响结果。",
    )
    engine = option(
        "--engine",
        type=NearChoice(ENGINES),
        default="auto",
        help="The loops: compiled (Numba) or plain numpy; the same bytes.",
        zh="循环引擎：compiled（Numba）或 plain（numpy）；结果逐位相同。",
    )
    return workers(engine(function))


def executor_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--executor` and `--cluster`: where members are simulated; they change no byte either."""
    executor = option(
        "--executor",
        type=NearChoice(EXECUTORS),
        default="auto",
        help="Threads of one process, or processes; auto takes threads for short work and both for long.",
        zh="同一进程内的线程，或多个进程；auto：短则用线程，长则两者并用。",
    )
    cluster = option(
        "--cluster",
        metavar="ADDRESS|local",
        help="A Dask scheduler, such as tcp://127.0.0.1:8786, or local for one on this machine.",
        zh="Dask 调度器，例如 tcp://127.0.0.1:8786；local 表示在本机启动。",
    )
    return executor(cluster(function))


def members_option(required: bool = False) -> Decorator:
    """`-n`: always the total."""
    return option(
        "-n",
        "--members",
        type=COUNT,
        required=required,
        metavar="N",
        help="Total number of members.",
        zh="成员总数。",
    )


def results_option() -> Decorator:
    """`--results`: where run folders are kept."""
    return option(
        "--results",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("results"),
        envvar="SIMULATE_RESULTS",
        help="Folder of the run folders; by default results.",
        zh="存放运行文件夹的目录；默认 results。",
    )


def run_argument() -> Decorator:
    """A run folder."""
    return argument(
        "folder",
        metavar="RUN",
        type=click.Path(path_type=Path),
        en="A run folder, such as results/latest.",
        zh="运行文件夹，例如 results/latest。",
    )


def figure_option(en: str = "results/decisions", zh: str = "") -> Decorator:
    """`-o`: where the figure goes; `en` and `zh` say where it goes by default."""
    return option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help=f"Where the figure goes, without suffix; by default {en}.",
        zh=f"图的路径，不含后缀；默认 {zh or en}。",
    )


def figure_path(given: Path | None, otherwise: Path) -> Path:
    """The path of a figure without its suffix."""
    path = given or otherwise
    return path.with_suffix("") if path.suffix in {".png", ".svg"} else path


def seed_option(default: int | None = None) -> Decorator:
    """`--seed`."""
    return option(
        "--seed",
        type=SEEDS,
        default=default,
        metavar="N",
        help="Seed of all draws.",
        zh="全部随机抽取的种子。",
    )


def published_option() -> Decorator:
    """`--published`: which figure is judged."""
    return option(
        "--published", is_flag=True, help="Judge the published figure.", zh="按公布口径评判。"
    )


def keys_option() -> Decorator:
    """`--target`, several times: which targets of a run."""
    return option(
        "--target",
        "keys",
        multiple=True,
        metavar="KEY",
        help="Only this target; several times.",
        zh="只看该目标；可多次使用。",
    )


def target_option(en: str = "", zh: str = "") -> Decorator:
    """`--target`: what is asked for."""
    return option(
        "--target",
        default="",
        metavar="KEY|joint:PLAN",
        help="A target, or all scored targets of a plan together; by default the headline." + en,
        zh="一个目标，或某规划全部可评目标同时实现；默认为首要目标。" + zh,
    )


def metric_option() -> Decorator:
    """`--metric`: the annual figure looked at."""
    return option(
        "-m",
        "--metric",
        default="core_revenue",
        metavar="SERIES[@YEAR]",
        help="The annual figure looked at; by default core revenue of the last year.",
        zh="所看的年度数；默认为末年核心营收。",
    )


def members_of(
    count: int,
    en: str = "Members of each case, the same in all.",
    zh: str = "每个情形的成员数，各情形相同。",
) -> Decorator:
    """`-n`: members of each case."""
    return option(
        "-n",
        "--members",
        type=COUNT,
        default=count,
        show_default=True,
        metavar="N",
        help=en,
        zh=zh,
    )
