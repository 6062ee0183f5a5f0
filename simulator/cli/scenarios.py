"""Commands about scenario files: check, show, diff, new, schema."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.options import data_option, layer_option, scenario_argument, set_option
from simulator.cli.program import argument, command, option
from simulator.cli.session import ExitCode, plain_finding, session_of
from simulator.foundation.files import write_alone
from simulator.foundation.findings import Finding, InputError

if TYPE_CHECKING:
    from simulator.scenario import Scenario


def load(
    path: Path,
    overrides: dict[str, str] | None = None,
    data: Path | None = None,
    layers: Sequence[Path] = (),
) -> "Scenario":
    """The scenario; InputError with every finding."""
    from simulator.scenario import load_scenario

    return load_scenario(path, overrides or {}, data, layers=layers)


@command(
    "check",
    zh="检查情景文件，一次列出全部问题。列出的说明（如尚无作用的政策工具）不算错误。",
    example="check scenarios/baseline.yaml scenarios/push.yaml",
)
@scenario_argument("paths", nargs=-1)
@set_option()
@data_option()
def check(paths: tuple[Path, ...], overrides: dict[str, str], data: Path | None) -> ExitCode:
    """Check scenario files and list everything that is wrong at once.

    Notes (such as a lever that has no effect yet) are listed and are no errors.
    """
    session = session_of()
    lines: list[str] = []
    results: list[dict[str, object]] = []
    faulty = False
    for path in paths:
        findings: tuple[Finding, ...]
        try:
            scenario = load(path, overrides, data)
        except InputError as error:
            findings, verdict = error.findings, session.phrase("invalid", "无效")
            valid, faulty = False, True
        else:
            count = len(scenario.levers)
            findings, valid = scenario.notes, True
            verdict = session.phrase(
                f"valid: {scenario.name.en}, {scenario.period}, {count} lever{'' if count == 1 else 's'} in force",
                f"有效：{scenario.name.zh}，{scenario.period}，{count} 项政策工具生效",
            )
        lines += [f"{path}: {verdict}", *(f"  {item.text(session.lang)}" for item in findings)]
        plain = [plain_finding(finding) for finding in findings]
        results.append({"file": str(path), "valid": valid, "findings": plain})
    session.answer("\n".join(lines), {"scenarios": results})
    return ExitCode.INVALID if faulty else ExitCode.DONE


@command(
    "show",
    zh="显示解析后的情景，即实际使用的每个取值。加 --origins 注明取值出自哪一层、哪一行。",
    example="show scenarios/push.yaml --origins",
)
@scenario_argument("path")
@option(
    "--origins",
    is_flag=True,
    help="Name the layer, file and line that set each value.",
    zh="注明设置每个取值的层、文件与行。",
)
@set_option()
@layer_option()
@data_option()
def show(
    path: Path,
    origins: bool,
    overrides: dict[str, str],
    layers: tuple[Path, ...],
    data: Path | None,
) -> None:
    """Show the resolved scenario: every value that is used.

    Layers, later above earlier: priors, fitted values, extended files, the file, `--layer`, `--set`.
    """
    from simulator.scenario import origin_rows, sheet_text

    session = session_of()
    scenario = load(path, overrides, data, layers)
    sheet: dict[str, object] = {"scenario": scenario.resolved(), "digest": scenario.digest()}
    if not origins:
        session.answer(sheet_text(scenario.resolved()).rstrip("\n"), sheet)
        return
    from simulator.reporting import terminal

    rows = origin_rows(scenario, session.lang)
    sheet["origins"] = terminal.origins_json(rows)["values"]
    session.answer(lambda: terminal.origins(rows, session.lang), sheet)


@command(
    "diff",
    zh="两个情景或两次运行之间的变更说明：取值差异、移动的资金、变动的年份；若为两次运行，另给配对的预期变化及区间。",
    example="diff scenarios/baseline.yaml scenarios/push.yaml",
)
@argument(
    "before",
    type=click.Path(path_type=Path),
    metavar="BEFORE",
    en="A scenario file or a run folder.",
    zh="情景文件或运行文件夹。",
)
@argument(
    "after",
    type=click.Path(path_type=Path),
    metavar="AFTER",
    en="A scenario file or a run folder.",
    zh="情景文件或运行文件夹。",
)
@data_option()
def diff(before: Path, after: Path, data: Path | None) -> None:
    """Write the change note between two scenarios or runs.

    Values set differently, money moved, years shifted; of two runs also the expected change with its interval.
    """
    from simulator.experiments.change_note import change_note
    from simulator.reporting.terminal import decisions

    session = session_of()
    note = change_note(before, after, data=data, lang=session.lang)
    content = [{"path": v.path, "before": v.before, "after": v.after} for v in note.values]
    told = {"differences": content, **decisions.change_note_json(note)}
    session.answer(lambda: decisions.change_note(note, str(before), str(after), session.lang), told)


@command(
    "new",
    zh="新建一个情景文件，继承另一个情景，只写差异。",
    example="new my_push.yaml --extends scenarios/push.yaml",
)
@argument(
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    en="The file to write; .yaml is added where it has no ending.",
    zh="要写的文件；无扩展名时加 .yaml。",
)
@option(
    "--extends",
    "parent",
    type=click.Path(path_type=Path),
    metavar="SCENARIO",
    help="The scenario to start from: a file, or the name of a shipped one; baseline unless given.",
    zh="所继承的情景：文件或随附情景之名；缺省为 baseline。",
)
@option("--name-zh", default="", help="Chinese name.", zh="中文名称。")
@option("--name-en", default="", help="English name.", zh="英文名称。")
@option("--force", is_flag=True, help="Overwrite the file.", zh="覆盖已有文件。")
@data_option()
def new(
    path: Path, parent: Path | None, name_zh: str, name_en: str, force: bool, data: Path | None
) -> None:
    """Write a scenario file that extends another and holds only differences."""
    from simulator.registry import Name
    from simulator.scenario import child_text

    session = session_of()
    if bool(name_zh) != bool(name_en):
        raise click.UsageError(
            session.phrase(
                "--name-zh and --name-en go together.", "--name-zh 与 --name-en 须同时给出。"
            )
        )
    if path.name and not path.suffix:
        path = path.with_suffix(".yaml")
    if parent is None and data is not None:
        raise click.UsageError(
            session.phrase(
                "--extends is needed with --data: shipped scenarios are of the shipped city.",
                "使用 --data 时须给出 --extends：随附情景属于随附的城市。",
            )
        )
    parent = parent or Path("baseline")
    if path.exists() and path.resolve() == parent.resolve():
        raise click.UsageError(
            session.phrase("a scenario cannot extend itself.", "情景不能继承自身。")
        )
    text = child_text(parent, path, Name(name_zh, name_en) if name_zh else None, data)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_alone(path, text.encode(), force=force)
    written = session.phrase(f"{path} written; edit it, then:", f"已写入 {path}；编辑后运行：")
    further = f" --data {data}" if data else ""
    session.answer(f"{written}\nsimulate check {path}{further}", {"file": str(path)})


@command(
    "schema",
    zh="输出情景文件的 JSON Schema，供编辑器提示与检查。",
    example="schema -o scenarios/scenario.schema.json",
)
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file instead of standard output.",
    zh="写入该文件而非标准输出。",
)
@data_option()
def schema(output: Path | None, data: Path | None) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    import json

    from simulator.scenario import json_schema

    session = session_of()
    sheet = json_schema(data)
    text = json.dumps(sheet, ensure_ascii=False, indent=2)
    if output is None:
        session.answer(text, {"schema": sheet})
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    write_alone(output, f"{text}\n".encode())
    done = session.phrase(f"{output} written", f"已写入 {output}")
    session.answer(done, {"file": str(output)})
