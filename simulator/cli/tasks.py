"""The checklist: `simulate tasks` lists it, `tasks mark` marks items, `tasks export` writes a table."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

import click
from click.core import ParameterSource

from simulator.cli.catalogues import grep_option, plan_option
from simulator.cli.options import data_option
from simulator.cli.program import NearChoice, argument, command, family, option, unknown_value
from simulator.cli.session import session_of

if TYPE_CHECKING:
    from simulator.checklist import CheckItem, Mark
    from simulator.registry import Lookup

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
STATUSES = ("open", "under_way", "done", "missed")
FILE = Path("my_tasks.csv")


class Filters(TypedDict):
    """What the options of a listing say."""

    grep: str
    plan: str
    sector: str
    lever: str
    status: str | None
    file: Path
    data: Path | None


class Listing(NamedTuple):
    """The items chosen, and the marks of the user's file."""

    items: "tuple[CheckItem, ...]"
    marks: "dict[str, Mark]"


def file_option() -> Decorator:
    """`--file`: the user's marks."""
    return option(
        "--file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=FILE,
        show_default=True,
        envvar="SIMULATE_TASKS_FILE",
        metavar="CSV",
        help="Your marks: a small CSV of your own, never the data that are shipped.",
        zh="你的标记：自己的一个小 CSV，绝不写入随附数据。",
    )


def filter_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose items."""
    for decorate in (
        data_option(),
        file_option(),
        option(
            "--status",
            type=NearChoice(STATUSES),
            metavar="STATUS",
            help="Only items marked so: open, under_way, done or missed.",
            zh="只列出该状态的条目：open 未开始、under_way 进行中、done 已完成、missed 未达到。",
        ),
        option(
            "--lever",
            default="",
            metavar="LEVER",
            help="Only items that this lever answers to, such as tj27_funds.",
            zh="只列出由该政策工具对应的条目，例如 tj27_funds。",
        ),
        option(
            "--sector",
            default="",
            metavar="SECTOR",
            help="Only this sector, such as health or 医疗健康.",
            zh="只列出该领域，例如 health 或 医疗健康。",
        ),
        plan_option(),
        grep_option(),
    ):
        function = decorate(function)
    return function


@family(
    "tasks",
    zh="清单：全部定性任务与定性目标、各自对应的政策工具或指标，以及你的标记。",
    example="tasks --plan tj-2025-2027 --sector health",
)
@filter_options
@click.pass_context
def tasks(context: click.Context, **filters: Unpack[Filters]) -> None:
    """List the qualitative tasks and targets, what answers to each, and your marks.

    Principles and goals that nothing in the model answers to say so.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context)
        return
    from simulator.reporting import terminal

    session = session_of()
    items, marks = _listing(context, filters)
    session.answer(
        lambda: terminal.checklist(items, marks, session.lang),
        terminal.checklist_json(items, marks),
    )


@command(
    "mark",
    zh="标记条目：未开始、进行中、已完成或未达到，可附说明；整体写入，不会留下半个文件。",
    example='tasks mark q-tj27-2-3-1-02 under_way --note "…" --file my_tasks.csv',
)
@argument(
    "words",
    nargs=-1,
    required=True,
    metavar="ID…",
    en="Ids (or names) of items, as `simulate tasks` lists them.",
    zh="条目编号（或名称），见 simulate tasks。",
)
@argument(
    "status",
    type=NearChoice(STATUSES),
    metavar="STATUS",
    en="open, under_way, done or missed.",
    zh="open 未开始、under_way 进行中、done 已完成、missed 未达到。",
)
@option(
    "--note",
    metavar="TEXT",
    help="A note; without this option the one that is there stays.",
    zh="说明；不给此项则保留原有说明。",
)
@file_option()
@data_option()
def mark(
    words: tuple[str, ...], status: Any, note: str | None, file: Path, data: Path | None
) -> None:
    """Mark items of the checklist in a CSV of your own.

    Nothing is written when one of the ids is unknown.
    """
    import datetime

    from simulator.checklist import STATUSES as MEANING
    from simulator.checklist import checklist, set_marks
    from simulator.registry import load_library

    session = session_of()
    items = checklist(load_library(data))
    today = datetime.date.today().isoformat()
    marked = set_marks(file, items, words, status, note, today)
    what = MEANING[status]
    lines = [f"{item.id}: {item.name.text(session.lang)}" for item in marked]
    head = session.phrase(
        f"{file}: {len(marked)} marked as {what.en}", f"{file}：{len(marked)} 项标为{what.zh}"
    )
    session.answer(
        "\n".join((head, *lines)),
        {"file": str(file), "status": status, "marked": [item.id for item in marked]},
    )


@command(
    "export",
    zh="把清单与标记写成 CSV（UTF-8 带 BOM，电子表格可直接打开）。",
    example="tasks export --plan tj-2025-2027 -o tasks.csv",
)
@filter_options
@option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="The table to write.",
    zh="要写的表。",
)
@option("--force", is_flag=True, help="Overwrite the file.", zh="覆盖已有文件。")
@click.pass_context
def export(context: click.Context, output: Path, force: bool, **filters: Unpack[Filters]) -> None:
    """Write the checklist with your marks as a table for spreadsheets."""
    from simulator.checklist import export_csv

    session = session_of()
    items, marks = _listing(context, filters)
    export_csv(output, items, marks, force=force)
    done = session.phrase(f"{output}: {len(items)} items", f"{output}：{len(items)} 项")
    session.answer(done, {"file": str(output), "items": len(items)})


tasks.add_command(mark)
tasks.add_command(export)


def _listing(context: click.Context, filters: Filters) -> Listing:
    """The items that the options choose, with the user's marks."""
    from simulator.checklist import checklist, chosen, read_marks
    from simulator.registry import load_library

    library = load_library(filters["data"])
    registry = library.registry
    items = checklist(library)
    file = filters["file"]
    # The file comes into being with the first mark; one that was asked for has to be there.
    asked_for = context.get_parameter_source("file") is ParameterSource.COMMANDLINE
    if asked_for and not file.exists():
        raise FileNotFoundError(2, "No such file", str(file))
    marks = read_marks(file, items) if file.exists() else {}
    picked = chosen(
        items,
        marks,
        plan=_id(registry.document, filters["plan"], registry.documents),
        sector=_id(registry.sector, filters["sector"], registry.sectors),
        lever=_id(registry.lever, filters["lever"], registry.levers),
        status=filters["status"] or "",
        words=filters["grep"],
    )
    return Listing(picked, marks)


def _id(lookup: "Lookup[Any]", word: str, entries: Sequence[Any]) -> str:
    """The id of the entry called so, empty for no word; a usage error names the nearest."""
    if not word:
        return ""
    try:
        return str(lookup(word).id)
    except KeyError:
        unknown_value(word, [entry.key if entry.id[1:2] == "-" else entry.id for entry in entries])


def _refuse_options_before(context: click.Context) -> None:
    """Options of the listing in front of a further command would be passed over in silence."""
    given = [
        name
        for name in Filters.__annotations__
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        session = session_of()
        names = ", ".join(f"--{name}" for name in given)
        below = context.invoked_subcommand
        raise click.UsageError(
            session.phrase(
                f"{names}: write the options behind '{below}'.",
                f"{names}：选项请写在 {below} 之后。",
            )
        )
