"""What would it take: reach, attribute, sensitivity, sweep, discover, conditions, robust, explain."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.options import (
    COUNT,
    MOST_MEMBERS,
    MOST_POINTS,
    Finite,
    data_option,
    figure_option,
    figure_path,
    layer_option,
    machine_options,
    members_of,
    metric_option,
    published_option,
    scenario_argument,
    set_option,
    target_option,
)
from simulator.cli.program import NearChoice, argument, command, option
from simulator.cli.progress import progress_bar
from simulator.cli.scenarios import load
from simulator.cli.session import Session, session_of
from simulator.foundation.files import write_alone

if TYPE_CHECKING:
    from simulator.experiments.cases import Cases
    from simulator.experiments.sensitivity import Method
    from simulator.experiments.sweeps import Design

FOLDER = Path("results") / "decisions"


@contextmanager
def evaluator(session: Session, workers: int | None, engine: str) -> Iterator["Cases"]:
    """The evaluator of cases with progress on the terminal; says ahead what it is going to cost."""
    from simulator.experiments.cases import Cases, expected_seconds

    with progress_bar(session) as report:
        held = Cases(workers, engine, report)

        def plan(member_runs: int, planned: Callable[[int], None] = held.plan) -> None:
            planned(member_runs)
            minutes = expected_seconds(member_runs, 12, held.workers) / 60
            least = minutes < 0.1
            session.say(
                f"about {member_runs} member runs, "
                + ("seconds" if least else f"{minutes:.1f} minutes")
                + f" on {held.workers} quiet cores",
                f"约 {member_runs} 次成员运行，{held.workers} 个空闲处理器约需"
                + ("数秒" if least else f" {minutes:.1f} 分钟"),
            )

        held.plan = plan  # type: ignore[method-assign]
        yield held


def deliver(
    session: Session, found: Any, picture: Any, words: Any, output: Path | None, name: str
) -> None:
    """Print a result and draw its figure; the figure's files stand in the JSON too."""
    from simulator.reporting.figures import save
    from simulator.reporting.terminal import decisions

    drawn = save(picture(found, lang=session.lang), figure_path(output, FOLDER / name))
    told = {**decisions.plain(found), "figures": [str(file) for file in drawn]}
    session.answer(lambda: words(found, session.lang), told)
    session.say(f"figure: {drawn[0]}", f"图：{drawn[0]}")


@command(
    "attribute",
    zh="把两个情景之差按政策工具分组归因（Shapley 份额，与顺序无关，合计等于总差），给出指标与概率两方面的份额与区间。",
    example="attribute scenarios/push.yaml --against scenarios/baseline.yaml",
)
@scenario_argument()
@option(
    "--against",
    required=True,
    type=click.Path(path_type=Path),
    metavar="SCENARIO",
    help="The scenario it is held against.",
    zh="所对照的情景。",
)
@option(
    "--by",
    default="kind",
    metavar="kind|document|lever",
    help="How levers are grouped; by default by kind.",
    zh="政策工具的分组方式；默认按类别。",
)
@option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME=LEVER,LEVER",
    help="A group of your own; the levers left out stand one by one.",
    zh="自定分组；未列入者单独成组。",
)
@metric_option()
@target_option()
@published_option()
@option(
    "--orders",
    type=click.IntRange(4, MOST_POINTS),
    metavar="N",
    help="Draw so many orders instead of all coalitions (more than 8 groups: 24).",
    zh="抽取的顺序数，代替全部组合（多于 8 组时默认 24）。",
)
@members_of(200)
@set_option()
@figure_option()
@machine_options
@data_option()
def attribute(
    scenario: Path,
    against: Path,
    by: str,
    groups: tuple[str, ...],
    metric: str,
    target: str,
    published: bool,
    orders: int | None,
    members: int,
    overrides: dict[str, str],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Share the difference of two scenarios out among groups of levers.

    Shapley shares depend on no order and add up to the whole difference, in a metric and in the chance of a target.
    """
    from simulator.experiments import attribution
    from simulator.reporting.figures import decisions as figures_decisions
    from simulator.reporting.terminal import decisions

    session = session_of()
    one, two = load(scenario, overrides, data), load(against, None, data)
    custom = _custom(session, groups)
    with evaluator(session, workers, engine) as cases:
        found = attribution.attribute(
            one, two, members=members, by=by, custom=custom, metric=metric, target=target,
            published=published, orders=orders, cases=cases,
        )  # fmt: skip
    name = f"attribution-{one.stem}-{two.stem}"
    deliver(session, found, figures_decisions.attribution, decisions.attribution, output, name)


@command(
    "reach",
    zh="要达到某概率最少需要什么：在上下限与预算内把目标（或整个规划）提高到各概率的最低费用方案；达不到就直说，"
    "并给出最高概率。方案在未参与选择的新成员上复核。",
    example="reach scenarios/baseline.yaml --target tj27_core_revenue --budget 300亿元",
)
@scenario_argument()
@target_option()
@option(
    "--budget",
    default="",
    metavar="MONEY",
    help="What the searched levers may cost over the period, such as 300亿元.",
    zh="所搜索工具全期的预算，例如 300亿元。",
)
@option(
    "--levels",
    default="50,80,95",
    show_default=True,
    metavar="PERCENT,…",
    help="Wished probabilities in percent.",
    zh="所求概率，百分数。",
)
@option(
    "--lever",
    "levers",
    multiple=True,
    metavar="KEY|KIND",
    help="Search only these; several times. The others keep the scenario's doses.",
    zh="只搜索这些工具；可多次使用，其余保持情景自身的力度。",
)
@published_option()
@members_of(64)
@option(
    "--fresh",
    type=COUNT,
    default=240,
    show_default=True,
    metavar="N",
    help="Fresh members that check the packages.",
    zh="用于复核方案的新成员数。",
)
@set_option()
@layer_option()
@figure_option()
@machine_options
@data_option()
def reach(
    scenario: Path,
    target: str,
    budget: str,
    levels: str,
    levers: tuple[str, ...],
    published: bool,
    members: int,
    fresh: int,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Find the cheapest lever packages that lift a target to wished probabilities, or say that none does.

    Packages are checked on fresh members that took no part in choosing them.
    """
    from simulator.experiments import reach as search
    from simulator.reporting.figures import decisions as figures_decisions
    from simulator.reporting.terminal import decisions

    session = session_of()
    loaded = load(scenario, overrides, data, layers)
    wished = _levels(session, levels)
    money = _money(session, budget)
    with evaluator(session, workers, engine) as cases:
        found = search.reach(
            loaded, target, levels=wished, budget=money, only=levers, members=members, fresh=fresh,
            published=published, cases=cases,
        )  # fmt: skip
    name = f"reach-{loaded.stem}-{found.aim.key.replace(':', '-')}"
    deliver(session, found, figures_decisions.frontier, decisions.reach, output, name)


@command(
    "sensitivity",
    zh="什么最要紧：用 Morris 筛选或 Sobol 指数给政策工具与假设排序。",
    example="sensitivity scenarios/baseline.yaml --method morris --metric core_revenue@2027",
)
@scenario_argument()
@option(
    "--method",
    type=NearChoice(("morris", "sobol")),
    default="morris",
    help="morris (few cases, ranking) or sobol (shares of variance, many cases).",
    zh="morris（情形少，给排序）或 sobol（方差份额，情形多）。",
)
@metric_option()
@option(
    "--target",
    default="",
    metavar="KEY|joint:PLAN",
    help="Look at the chance of a target instead of a metric.",
    zh="改看某目标的概率。",
)
@option(
    "--factor",
    "factors",
    multiple=True,
    metavar="levers|assumptions|KEY",
    help="What varies; several times. By default all levers and assumptions.",
    zh="变动的因素；可多次使用。默认全部政策工具与假设。",
)
@option(
    "--size",
    type=click.IntRange(2, MOST_POINTS),
    metavar="N",
    help="Trajectories (morris, by default 16) or base points (sobol, a power of two, by default 64).",
    zh="轨道数（morris，默认 16）或基点数（sobol，须为 2 的幂，默认 64）。",
)
@members_of(
    1,
    "Members of each trajectory or base point, of its own.",
    "每条轨道或每个基点各自的成员数。",
)
@set_option()
@layer_option()
@figure_option()
@machine_options
@data_option()
def sensitivity(
    scenario: Path,
    method: "Method",
    metric: str,
    target: str,
    factors: tuple[str, ...],
    size: int | None,
    members: int,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Rank levers and assumptions by how much they move an outcome."""
    from simulator.experiments import sensitivity as analysis
    from simulator.reporting.figures import factors as figures_factors
    from simulator.reporting.terminal import decisions

    session = session_of()
    loaded = load(scenario, overrides, data, layers)
    with evaluator(session, workers, engine) as cases:
        found = analysis.sensitivity(
            loaded, f"P({target})" if target else metric, method=method, factors=factors,
            size=size, members=members, cases=cases,
        )  # fmt: skip
    name = f"{method}-{loaded.stem}-{target or metric.partition('@')[0]}"
    deliver(session, found, figures_factors.ranking, decisions.sensitivity, output, name)


@command(
    "sweep",
    zh="让若干因素在网格、列表或 Sobol 设计上变动，看指标与概率如何响应；画响应曲线或热图，并存为 CSV。",
    example="sweep scenarios/baseline.yaml --over tj27_funds=0:600:4 --over tj27_hq_attraction=0:60:4",
)
@scenario_argument()
@option(
    "--over",
    "axes",
    multiple=True,
    required=True,
    metavar="KEY=LOW:HIGH:STEPS",
    help="A lever, assumption or mechanism and its values (also KEY=VALUE,VALUE); several times.",
    zh="因素及其取值（亦可写 KEY=值,值）；可多次使用。",
)
@option(
    "--design",
    type=NearChoice(("grid", "list", "sobol")),
    default="grid",
    help="grid (all combinations), list (side by side) or sobol (spread evenly).",
    zh="grid（全部组合）、list（逐一并列）或 sobol（均匀铺开）。",
)
@option(
    "--points",
    type=COUNT,
    default=32,
    show_default=True,
    metavar="N",
    help="Points of a Sobol design, a power of two.",
    zh="Sobol 设计的点数，须为 2 的幂。",
)
@option("--force", is_flag=True, help="Replace an earlier sweep.", zh="替换已有的扫描结果。")
@metric_option()
@target_option()
@members_of(48)
@set_option()
@layer_option()
@figure_option()
@machine_options
@data_option()
def sweep(
    scenario: Path,
    axes: tuple[str, ...],
    design: "Design",
    points: int,
    force: bool,
    metric: str,
    target: str,
    members: int,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Run a scenario over a grid, a list or a Sobol design of levers and assumptions."""
    from simulator.experiments import sweeps
    from simulator.reporting.figures import factors as figures_factors
    from simulator.reporting.terminal import decisions

    session = session_of()
    loaded = load(scenario, overrides, data, layers)
    over = [sweeps.axis_of(loaded, text) for text in axes]
    name = f"sweep-{loaded.stem}-" + "-".join(axis.factor.key for axis in over)
    table = (output or FOLDER / name).with_suffix(".csv")
    if table.exists() and not force:  # before anything is simulated for it
        why = session.phrase("file exists; --force replaces it", "文件已存在；--force 可替换")
        raise click.UsageError(f"{table}: {why}")
    with evaluator(session, workers, engine) as cases:
        found = sweeps.sweep(
            loaded, axes, design=design, points=points, metric=metric, target=target,
            members=members, cases=cases,
        )  # fmt: skip
    table.parent.mkdir(parents=True, exist_ok=True)
    write_alone(table, found.to_frame().to_csv(index=False).encode("utf-8-sig"))
    deliver(session, found, figures_factors.response, decisions.sweep, output, name)
    session.say(f"cases: {table}", f"各情形：{table}")


@command(
    "discover",
    zh="在什么条件下目标会实现（或落空）：用 PRIM 在政策力度与假设的空间里寻找条件，一半成员寻找，另一半检验。",
    example="discover scenarios/baseline.yaml --target tj27_core_revenue",
)
@scenario_argument()
@target_option()
@option("--missed", is_flag=True, help="Look for what makes it miss.", zh="寻找落空的条件。")
@option(
    "--own-doses",
    is_flag=True,
    help="Keep the scenario's doses and look at assumptions only.",
    zh="保持情景自身力度，只看假设。",
)
@published_option()
@members_of(500)
@set_option()
@layer_option()
@figure_option()
@machine_options
@data_option()
def discover(
    scenario: Path,
    target: str,
    missed: bool,
    own_doses: bool,
    published: bool,
    members: int,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Find the conditions on levers and assumptions under which a target is reached or missed."""
    from simulator.experiments import discovery
    from simulator.reporting.figures import factors as figures_factors
    from simulator.reporting.terminal import decisions

    session = session_of()
    loaded = load(scenario, overrides, data, layers)
    with evaluator(session, workers, engine) as cases:
        found = discovery.discover(
            loaded, target, missed=missed, members=members, levers=not own_doses,
            published=published, cases=cases,
        )  # fmt: skip
    name = f"discover-{loaded.stem}-{found.aim.key.replace(':', '-')}" + (
        "-missed" if missed else ""
    )
    deliver(session, found, figures_factors.box, decisions.discovery, output, name)


@command(
    "conditions",
    zh="同一情景在各种外部条件下（全国景气、低迷、投融资寒冬等）的结果；条件是一个个小文件，可自备。",
    example="conditions scenarios/baseline.yaml",
)
@scenario_argument()
@layer_option(
    "Conditions to compare; by default those of scenarios/conditions.",
    "所比较的条件；默认 scenarios/conditions 中全部。",
)
@metric_option()
@target_option()
@members_of(96)
@set_option()
@figure_option()
@machine_options
@data_option()
def conditions(
    scenario: Path,
    layers: tuple[Path, ...],
    metric: str,
    target: str,
    members: int,
    overrides: dict[str, str],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Compare one scenario across external conditions, member by member."""
    from simulator.experiments import robustness
    from simulator.reporting.figures import decisions as figures_decisions
    from simulator.reporting.terminal import decisions

    session = session_of()
    with evaluator(session, workers, engine) as cases:
        found = robustness.conditions(
            scenario, layers, overrides=overrides, data=data, metric=metric, target=target,
            members=members, cases=cases,
        )  # fmt: skip
    name = f"conditions-{found.scenario.stem}"
    deliver(session, found, figures_decisions.across, decisions.across, output, name)


@command(
    "robust",
    zh="在有争议机制的各种读法与外部条件之下给若干方案排序：最大后悔值、达标前景份额，以及机制之争占方差的份额。",
    example="robust scenarios/baseline.yaml scenarios/lean.yaml scenarios/push.yaml",
)
@scenario_argument("scenarios", nargs=-1)
@layer_option(
    "Conditions; by default those of scenarios/conditions.",
    "外部条件；默认 scenarios/conditions 中全部。",
)
@metric_option()
@target_option()
@option(
    "--wished",
    type=Finite(0.0, 100.0),
    default=10.0,
    show_default=True,
    metavar="PERCENT",
    help="The chance of the target that satisfices.",
    zh="视为满意的目标概率，百分数。",
)
@members_of(24)
@set_option()
@figure_option()
@machine_options
@data_option()
def robust(
    scenarios: tuple[Path, ...],
    layers: tuple[Path, ...],
    metric: str,
    target: str,
    wished: float,
    members: int,
    overrides: dict[str, str],
    output: Path | None,
    workers: int | None,
    engine: str,
    data: Path | None,
) -> None:
    """Rank packages over contested mechanisms and external conditions, by regret and satisficing."""
    from simulator.experiments import robustness
    from simulator.reporting.figures import decisions as figures_decisions
    from simulator.reporting.terminal import decisions

    session = session_of()
    with evaluator(session, workers, engine) as cases:
        found = robustness.robust(
            scenarios, layers, overrides=overrides, data=data, metric=metric, target=target,
            wished=wished / 100.0, members=members, cases=cases,
        )  # fmt: skip
    name = "robust-" + "-".join(path.stem for path in scenarios)
    deliver(session, found, figures_decisions.robust, decisions.robust, output, name)


@command(
    "explain",
    zh="数字从何而来：由运行结果的一个数追溯到情景行、参数、来源与等级；由一个参数看它影响什么；或用句子讲述一家企业的"
    "历程，并与没有任何政策工具时的同一企业对照。",
    example="explain results/latest --value core_revenue@2027",
)
@argument(
    "source",
    metavar="RUN|SCENARIO",
    type=click.Path(path_type=Path),
    en="A run folder (--value, --parameter) or a scenario file (--firm).",
    zh="运行文件夹（--value、--parameter）或情景文件（--firm）。",
)
@option(
    "--value",
    default="",
    metavar="SERIES[@YEAR]",
    help="The annual figure to trace back.",
    zh="要追溯的年度数。",
)
@option(
    "--parameter",
    default="",
    metavar="NAME",
    help="The assumption to follow forward.",
    zh="要看其影响的假设。",
)
@option(
    "--firm",
    default="",
    metavar="largest|ID",
    help="The firm to follow: the largest at the end, a named firm, or a number.",
    zh="要讲述的企业：largest（期末最大）、具名企业编号或数字编号。",
)
@option(
    "--member",
    type=click.IntRange(0, MOST_MEMBERS),
    default=0,
    show_default=True,
    metavar="M",
    help="The member in which the firm is followed.",
    zh="在哪个成员中讲述该企业。",
)
@set_option()
@data_option()
def explain(
    source: Path,
    value: str,
    parameter: str,
    firm: str,
    member: int,
    overrides: dict[str, str],
    data: Path | None,
) -> None:
    """Trace a number back to scenario lines and sources, a parameter forward, or follow one firm.

    A firm is set beside the same firm, with the same luck, in the same scenario without any lever.
    """
    session = session_of()
    if sum(map(bool, (value, parameter, firm))) != 1:
        raise click.UsageError(
            session.phrase(
                "give exactly one of --value, --parameter and --firm.",
                "--value、--parameter、--firm 三者须且只须给一个。",
            )
        )
    from simulator.experiments import explanation
    from simulator.reporting.terminal import decisions

    found: Any
    if firm:
        found = explanation.explain_firm(load(source, overrides, data), firm, member)
        session.answer(lambda: decisions.firm_story(found, session.lang), decisions.plain(found))
        return
    from simulator.experiments.store import open_run

    opened = open_run(source)
    if value:
        found = explanation.explain_value(opened, value, session.lang)
        session.answer(lambda: decisions.value_story(found, session.lang), decisions.plain(found))
    else:
        found = explanation.explain_parameter(opened, parameter, session.lang)
        session.answer(
            lambda: decisions.parameter_story(found, session.lang), decisions.plain(found)
        )


def _custom(session: Session, groups: Sequence[str]) -> dict[str, list[str]]:
    """`NAME=LEVER,LEVER` several times as a mapping."""
    found: dict[str, list[str]] = {}
    for text in groups:
        name, equals, levers = text.partition("=")
        if not (name and equals and levers):
            message = f"{text!r} is not NAME=LEVER,LEVER."
            raise click.UsageError(
                session.phrase(message, f"{text!r} 不是 名称=工具,工具 的形式。")
            )
        found[name.strip()] = [lever.strip().replace("-", "_") for lever in levers.split(",")]
    return found


def _levels(session: Session, text: str) -> tuple[float, ...]:
    """`50,80,95` or `50%` as shares."""
    try:
        levels = tuple(float(part.strip().removesuffix("%")) / 100 for part in text.split(","))
    except ValueError:
        levels = ()
    if not levels or not all(0.0 < level < 1.0 for level in levels):
        message = f"--levels is {text!r}; write percents between 0 and 100, such as 50,80,95."
        zh = f"--levels 的值 {text!r} 无效；应为 0 至 100 之间的百分数，例如 50,80,95。"
        raise click.UsageError(session.phrase(message, zh))
    return tuple(sorted(levels))


def _money(session: Session, text: str) -> float | None:
    """`300亿元` as 亿元; None for no budget."""
    from simulator.foundation.units import QuantityError, parse_quantity

    if not text:
        return None
    try:
        return parse_quantity(text, "亿元")
    except QuantityError as error:
        message = f"--budget is {text!r}; write an amount such as 300亿元 ({error})."
        zh = f"--budget 的值 {text!r} 无效，应为金额，例如 300亿元（{error.zh}）。"
        raise click.UsageError(session.phrase(message, zh)) from None
