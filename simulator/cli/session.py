"""One call of the program: its language, its output, and how an error ends it.

Exit codes: 0 done; 1 internal error; 2 usage; 3 scenario or data invalid; 4 incomplete run or
failed members; 5 `--check` not met; 130 interrupted; 141 the reader of a pipe went away.
"""

import dataclasses
import errno
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import click

from simulator.cli.words import in_both, in_chinese, readable
from simulator.foundation.findings import Finding, InputError, UsageError, plain_line, reason_zh
from simulator.foundation.memory import is_short_of_memory

SCHEMA_VERSION = 1
Language = Literal["zh", "en", "both"]
LANGUAGES: tuple[Language, ...] = ("zh", "en", "both")


class ExitCode(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    INVALID = 3
    INCOMPLETE = 4
    CHECK_NOT_MET = 5
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class InterruptedRunError(Exception):
    """Ctrl-C while members were computed; `advice` is the command that goes on from there."""

    def __init__(self, advice: str) -> None:
        """Keep the command to print."""
        self.advice = advice
        super().__init__(advice)


class PipeClosedError(Exception):
    """The reader of standard output went away, as `head` does."""


@runtime_checkable
class TellingError(Protocol):
    """An error that brings its exit code and its own words in both languages."""

    exit_code: int

    def text(self, lang: str) -> str:
        """The message in `en`, `zh` or `both`."""
        ...


@dataclass
class Session:
    """What the global options say about one call of the program; `chosen` is the language that was asked for."""

    lang: Language = "en"
    chosen: Language | Literal[""] = ""
    json: bool = False
    quiet: bool = False
    verbose: int = 0

    @classmethod
    def early(cls, arguments: Sequence[str], environment: Mapping[str, str]) -> "Session":
        """The session before the arguments are parsed, for help and for errors in the arguments."""
        words = [environment.get("SIMULATE_LANG", "")]
        session = cls(lang=locale_language(environment))
        for position, argument in enumerate(arguments):
            if argument == "--":
                break
            name, equals, value = argument.partition("=")
            if name == "--lang":
                words.append(value if equals else "".join(arguments[position + 1 : position + 2]))
            session.json = session.json or argument == "--json"
            session.verbose += argument in {"-v", "--verbose"}
        for language in LANGUAGES:
            if language == words[-1]:
                session.lang = session.chosen = language
        return session

    def phrase(self, en: str, zh: str) -> str:
        """The words in the session's language; `both` gives English, then Chinese."""
        return {"en": en, "zh": zh}.get(self.lang, f"{en} / {zh}")

    def say(self, en: str, zh: str) -> None:
        """A line for people on standard error; nothing under `--quiet`."""
        if not self.quiet:
            click.echo(self.phrase(en, zh), err=True)

    def answer(self, text: str | Callable[[], str], content: Mapping[str, Any]) -> None:
        """The result on standard output: `text`, or `content` as one object under `--json`."""
        if self.json:
            import json

            whole = {"schema_version": SCHEMA_VERSION, **content}
            # What no strict reader takes (NaN, Infinity) is a fault here, never an answer.
            told = json.dumps(whole, ensure_ascii=False, indent=2, default=str, allow_nan=False)
        else:
            told = text() if callable(text) else text
        try:
            click.echo(told)
        except BrokenPipeError as closed:
            raise PipeClosedError from closed


def locale_language(environment: Mapping[str, str]) -> Language:
    """`zh` when the locale is Chinese, else `en`; LC_ALL outranks LC_MESSAGES and LANG."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return "zh" if environment[name].lower().startswith("zh") else "en"
    return "en"


def session_of(context: click.Context | None = None) -> Session:
    """The session of the running command; while a shell completes a line, none runs."""
    context = context or click.get_current_context(silent=True)
    return context.ensure_object(Session) if context else Session.early((), os.environ)


def report(error: Exception, session: Session) -> ExitCode:
    """Say on standard error what went wrong (under `--json` in the object too); give the code."""
    findings: list[dict[str, Any]] = []
    advice = ""
    match error:
        case PipeClosedError() | BrokenPipeError():
            # Python would flush standard output again at exit and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.BROKEN_PIPE
        case InterruptedRunError():
            code, message = ExitCode.INTERRUPTED, session.phrase("interrupted", "已中断")
            advice = session.phrase(
                f"finished members are kept; go on with: {error.advice}",
                f"已完成的成员已保存；继续请运行：{error.advice}",
            )
        case click.Abort():
            code, message = ExitCode.INTERRUPTED, session.phrase("interrupted", "已中断")
            advice = session.phrase(
                "the same command starts again; 'simulate resume RUN' finishes a run begun earlier",
                "再次运行同一命令即可；“simulate resume RUN” 续算已开始的运行",
            )
        case InputError():
            code = ExitCode.INVALID
            message = "\n".join(finding.text(session.lang) for finding in error.findings)
            findings = [plain_finding(finding) for finding in error.findings]
        case click.ClickException():
            code, message = ExitCode.USAGE, _usage_message(error, session)
            if isinstance(error, click.UsageError) and error.ctx is not None:
                path = error.ctx.command_path
                advice = session.phrase(f"'{path} -h' shows the help", f"“{path} -h” 显示帮助")
        case UsageError():
            code, message = ExitCode.USAGE, error.text(session.lang)
        case TellingError():
            code, message = ExitCode(error.exit_code), error.text(session.lang)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            code, message = ExitCode.INCOMPLETE, _file_message(error, session)
            advice = session.phrase(
                "what is complete is kept; free some space and run the same command again",
                "已完成的部分保留；请腾出空间后重新运行同一命令",
            )
        case OSError(errno=errno.EROFS):
            code, message = ExitCode.INCOMPLETE, _file_message(error, session)
            advice = session.phrase(
                "choose a folder that can be written and run the same command again",
                "请换到可写的文件夹后重新运行同一命令",
            )
        case FileNotFoundError() if not _stands_somewhere():
            code = ExitCode.USAGE
            message = session.phrase("the current directory no longer exists", "当前目录已不存在")
            advice = session.phrase(
                "change to another one (cd) and run the same command again",
                "请换到其他目录（cd）后重新运行同一命令",
            )
        case (
            FileNotFoundError()
            | FileExistsError()
            | PermissionError()
            | IsADirectoryError()
            | NotADirectoryError()
            | OSError(errno=errno.ENAMETOOLONG | errno.ELOOP | errno.EINVAL)
        ):
            code, message = ExitCode.USAGE, _file_message(error, session)
        case _ if is_short_of_memory(error):
            code = ExitCode.INCOMPLETE
            message = session.phrase("not enough memory", "内存不足")
            advice = session.phrase(
                "what is complete is kept; raise the limit (ulimit -v) or give --workers 1, and run the command again",
                "已完成的部分保留；请提高内存上限（ulimit -v）或使用 --workers 1，然后重新运行同一命令",
            )
        case _:
            code, message, advice = ExitCode.INTERNAL, *_internal(error, session)
    head = (
        {"en": "Error: ", "zh": "错误："}.get(session.lang, "Error / 错误: ")
        if code != ExitCode.INTERRUPTED
        else ""
    )
    message = "\n".join(map(plain_line, message.split("\n")))
    click.echo(f"{head}{message}", err=True)
    if advice:
        click.echo(advice, err=True)
    if session.json:
        told = {"exit_code": int(code), "message": message, "advice": advice, "findings": findings}
        session.answer("", {"error": told})
    return code


def _usage_message(error: click.ClickException, session: Session) -> str:
    """What was wrong with the arguments."""
    english, own = readable(error.format_message()), readable(error.message)
    if session.lang == "en":
        return english
    chinese = in_chinese(english)
    if session.lang == "zh":
        return chinese
    if not in_both(own):
        return english if chinese == english else f"{english} / {chinese}"
    # A command of ours said it in both languages already; only the head is click's.
    head = english.removesuffix(own)
    return f"{head.removesuffix(': ')} / {in_chinese(head)}{own}" if head else english


def _stands_somewhere() -> bool:
    """Whether the current directory is still there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _file_message(error: OSError, session: Session) -> str:
    name = error.filename or session.phrase("the output", "输出")
    why = error.strerror or str(error)
    return session.phrase(f"cannot use {name}: {why}", f"无法使用 {name}：{reason_zh(error)}")


def _internal(error: Exception, session: Session) -> tuple[str, str]:
    """Message and advice of an internal error; the traceback is saved, or shown when verbose."""
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(error))
    first = str(error).partition("\n")[0]
    message = session.phrase(
        f"internal error: {type(error).__name__}: {first}",
        f"内部错误：{type(error).__name__}：{first}",
    )
    if session.verbose:
        return message, trace
    handle, name = tempfile.mkstemp(prefix="simulate-error-", suffix=".txt", text=True)
    os.close(handle)
    Path(name).write_text(trace, encoding="utf-8")
    return message, session.phrase(
        f"this is a fault of the program; the traceback is in {name}",
        f"这是程序的缺陷；回溯信息在 {name}",
    )


def plain_finding(finding: Finding) -> dict[str, Any]:
    """A finding as JSON holds it."""
    allowed = {"allowed": finding.allowed.en, "allowed_zh": finding.allowed.zh}
    return {**dataclasses.asdict(finding), **allowed}
