"""Commands that list what there is: levers, metrics, plans."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.cli.options import data_option
from simulator.cli.program import command, option, unknown_value
from simulator.cli.session import session_of

if TYPE_CHECKING:
    from simulator.registry import Registry

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def grep_option() -> Decorator:
    """`--grep`: only entries that contain the words."""
    return option(
        "--grep",
        default="",
        metavar="WORDS",
        help="Only entries that contain these words, in either language.",
        zh="只列出含有这些字词（中文或英文）的条目。",
    )


def plan_option() -> Decorator:
    """`--plan`: only entries of one plan document."""
    return option(
        "--plan",
        default="",
        metavar="DOCUMENT",
        help="Only this plan, such as tj-2025-2027.",
        zh="只列出该规划，例如 tj-2025-2027。",
    )


@command(
    "levers",
    zh="列出政策工具：键名、单位、默认值、范围、条款与作用渠道。",
    example="levers --grep 基金",
)
@grep_option()
@plan_option()
@data_option()
def levers(grep: str, plan: str, data: Path | None) -> None:
    """List the levers: key, unit, default, bounds, clause, channels."""
    from simulator.registry import load_library
    from simulator.reporting import terminal

    session = session_of()
    library = load_library(data)
    registry = library.registry
    chosen = registry.levers_of(_document(registry, plan)) if plan else registry.levers
    rows = terminal.lever_rows(library, [item for item in chosen if _matches(grep, item)])
    session.answer(
        lambda: terminal.levers(rows, session.lang), {"levers": terminal.levers_json(rows)}
    )


@command(
    "metrics",
    zh="列出观测序列：单位、口径、方程。",
    example="metrics --grep revenue",
)
@grep_option()
def metrics(grep: str) -> None:
    """List the measured series: unit, perimeter, equation."""
    from simulator.observables import CATALOGUE
    from simulator.reporting import terminal

    session = session_of()
    rows = [item for item in CATALOGUE if _matches(grep, item)]
    session.answer(
        lambda: terminal.metrics(rows, session.lang), {"metrics": terminal.metrics_json(rows)}
    )


@command(
    "plans",
    zh="列出规划文件及其全部目标，以及每个目标如何判断。",
    example="plans --plan tj-2025-2027 --coherence",
)
@plan_option()
@option(
    "--coherence",
    is_flag=True,
    help="Instead, the arithmetic that the targets imply for one another: what binds or conflicts.",
    zh="改为列出目标之间隐含的算术：哪些起约束作用，哪些相互矛盾。",
)
@data_option()
def plans(plan: str, coherence: bool, data: Path | None) -> None:
    """List the plan documents, their targets, and how each target is judged."""
    from simulator.registry import load_library
    from simulator.reporting import terminal
    from simulator.targets import judge_all

    session = session_of()
    library = load_library(data)
    registry = library.registry
    chosen = _document(registry, plan) if plan else ""
    if coherence:
        from simulator.coherence import coherence as implied_by

        implied = implied_by(registry, library.constructions)
        found = [item for item in implied if not chosen or chosen in item.documents]
        session.answer(
            lambda: terminal.coherence(found, session.lang),
            {"implications": terminal.coherence_json(found)},
        )
        return
    judged = [item for item in judge_all(library) if not chosen or item.target.document == chosen]
    session.answer(
        lambda: terminal.plans(registry, judged, session.lang),
        {"plans": terminal.plans_json(registry, judged)},
    )


def _document(registry: "Registry", word: str) -> str:
    """The id of the document called so; a usage error names the nearest."""
    try:
        return registry.document(word).id
    except KeyError:
        unknown_value(word, [document.id for document in registry.documents])


def _matches(words: str, entry: Any) -> bool:
    """Whether the entry's key or names contain the words."""
    name = entry.name
    text = f"{entry.key} {getattr(entry, 'id', '')} {name.zh} {name.en}".casefold()
    return words.casefold() in text
