"""What every command has: bilingual help, an example, the global options, near misses named."""

import difflib
import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from simulator.cli.pages import Formatter
from simulator.cli.session import LANGUAGES, Session, report, session_of
from simulator.cli.words import placeholder
from simulator.foundation.findings import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


SETTINGS = "SIMULATE"
"""What the names of environment variables begin with."""


class Context(click.Context):
    """A context whose help pages count terminal columns."""

    formatter_class = Formatter


class Option(click.Option):
    """An option with a Chinese explanation, `zh`, beside its English `help`."""

    def __init__(self, *names: Any, zh: str = "", **rest: Any) -> None:
        """Take what click takes, and `zh`."""
        super().__init__(*names, **rest)
        self.zh = zh

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its explanation in the session's language."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        session, extra = session_of(ctx), self.get_help_extra(ctx)
        notes = []
        if "default" in extra:
            notes.append(session.phrase("default", "默认") + f": {extra['default']}")
        if "range" in extra:
            notes.append(extra["range"])
        if "required" in extra:
            notes.append(session.phrase("required", "必填"))
        note = f" [{'; '.join(notes)}]" if notes else ""
        return record[0], _said(session, self.help or "", self.zh) + note

    def make_metavar(self, ctx: click.Context) -> str:
        """What stands for the value, in Chinese when only Chinese is wanted."""
        return _placeholder(super().make_metavar(ctx), ctx)


class Argument(click.Argument):
    """A positional argument with its explanation in English (`en`) and Chinese (`zh`)."""

    def __init__(self, *names: Any, en: str, zh: str, **rest: Any) -> None:
        """Take what click takes, and the explanations."""
        super().__init__(*names, **rest)
        self.en, self.zh = en, zh

    def make_metavar(self, ctx: click.Context) -> str:
        """What stands for the value, in Chinese when only Chinese is wanted."""
        return _placeholder(super().make_metavar(ctx), ctx)


class Completing(click.Command):
    """A command whose options are explained in the reader's language while a shell completes them."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """What may stand next."""
        session, told = session_of(ctx), {}
        for parameter in self.params:
            if isinstance(parameter, Option):
                words = _said(session, parameter.help or "", parameter.zh)
                told.update(dict.fromkeys(parameter.opts, words))
        items = super().shell_complete(ctx, incomplete)
        for item in items:
            item.help = told.get(item.value, item.help)
        return items


class Command(Completing):
    """A command with bilingual help, an example, and the global options."""

    context_class = Context

    def __init__(self, *rest: Any, zh: str = "", example: str = "", **more: Any) -> None:
        """Take what click takes, the Chinese help, and one example line (without `simulate`)."""
        super().__init__(*rest, **more)
        self.zh, self.example = zh, example
        self.params = [*self.params, *global_options()]

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first line of the help, for the list of commands."""
        return _first_line(self, session_of())

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, text, arguments, options, global options, example."""
        session = session_of(ctx)
        options = session.phrase("[OPTIONS]", "[选项]").split(" / ")[0]
        pieces = [_placeholder(piece, ctx) for piece in self.collect_usage_pieces(ctx)[1:]]
        usage = " ".join([options, *pieces])
        formatter.write_usage(ctx.command_path, usage, _usage_word(session))
        formatter.write_paragraph()
        with formatter.indentation():
            english = " ".join((self.help or "").split("\n"))
            formatter.write_text(_both(session, english, self.zh))
        arguments = [
            (parameter.make_metavar(ctx), _said(session, parameter.en, parameter.zh))
            for parameter in self.params
            if isinstance(parameter, Argument)
        ]
        shared = {option.name for option in global_options()}
        own: list[tuple[str, str]] = []
        general: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None or not isinstance(parameter, click.Option):
                continue
            if isinstance(parameter, Option):
                (general if parameter.name in shared else own).append(record)
            else:  # the option click makes for help itself
                general.append((record[0], session.phrase("Show this page.", "显示本页。")))
        sections = [
            (session.phrase("Arguments", "参数"), arguments),
            (session.phrase("Options", "选项"), own),
            (session.phrase("Everywhere", "通用选项"), general),
        ]
        for title, rows in sections:
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
        if self.example:
            with formatter.section(session.phrase("Example", "示例")):
                indent = " " * formatter.current_indent
                formatter.write(f"{indent}simulate {self.example}\n")


class Family(Command, click.Group):
    """A command that does its work alone and has further commands below it."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As of any command, then the commands below."""
        super().format_help(ctx, formatter)
        session = session_of(ctx)
        rows = [(name, _first_line(shown, session)) for name, shown in self.commands.items()]
        with formatter.section(session.phrase("Commands", "子命令")):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest known."""
        _refuse_unknown(self, ctx, args)
        return super().resolve_command(ctx, args)


class Program(Completing, click.Group):
    """The group of all commands: `simulate`."""

    context_class = Context
    command_class = Command

    def __init__(self, *rest: Any, zh: str = "", **more: Any) -> None:
        """Take what click takes, and the Chinese help."""
        super().__init__(*rest, **more)
        self.zh = zh
        self.params = [*self.params, *global_options()]
        self.sections: list[tuple[str, str, tuple[str, ...]]] = []

    def add_section(self, en: str, zh: str, commands: Sequence[click.Command]) -> None:
        """Add commands under a heading of the help page."""
        for command in commands:
            self.add_command(command)
        self.sections.append((en, zh, tuple(command.name or "" for command in commands)))

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the program answers, then the commands by heading, then the global options."""
        session = session_of(ctx)
        usage = session.phrase("[OPTIONS] COMMAND [ARGS]…", "[选项] 命令 [参数]…").split(" / ")[0]
        formatter.write_usage(ctx.command_path, usage, _usage_word(session))
        formatter.write_paragraph()
        with formatter.indentation():
            english = " ".join((self.help or "").split("\n"))
            formatter.write_text(_both(session, english, self.zh))
        for en, zh, names in self.sections:
            rows = [(name, _first_line(self.commands[name], session)) for name in names]
            with formatter.section(session.phrase(en, zh)):
                formatter.write_dl(rows)
        rows = [record for option in self.params if (record := option.get_help_record(ctx))]
        page = session.phrase("Show this page; every command has one.", "显示本页；每个命令都有。")
        with formatter.section(session.phrase("Everywhere", "通用选项")):
            formatter.write_dl([*rows, ("-h, --help", page)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest known."""
        _refuse_unknown(self, ctx, args)
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> NoReturn:
        """Run one call and end the process with one of the exit codes above."""
        arguments = list(sys.argv[1:] if args is None else args)
        session = Session.early(arguments, os.environ)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What a terminal cannot show (a half of a character in a file name) is written as an escape.
            sys.stdout.reconfigure(errors="backslashreplace")
        more = {**more, "prog_name": "simulate", "standalone_mode": False, "obj": session}
        _stop_as_by_keyboard()
        for name, near in _unread_settings(self, os.environ):
            session.say(
                f"{name} is not read; did you mean {near}?", f"{name} 不会被读取；是否想写 {near}？"
            )
        try:
            code = super().main(arguments, **more)
            sys.stdout.flush()
        except Exception as error:
            code = report(error, session)
        except KeyboardInterrupt:
            code = report(click.Abort(), session)
        sys.exit(int(code or 0))


def _unread_settings(
    program: click.Group, environment: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Environment variables that look like settings of an option and are none, with the nearest that is."""
    given = [name for name in environment if name.startswith(f"{SETTINGS}_")]
    if not given:
        return
    read: dict[str, str] = {}
    holders: list[tuple[str, click.Command]] = [(SETTINGS, program)]
    for prefix, holder in holders:
        for parameter in holder.params:
            names = [
                f"{prefix}_{parameter.name}",
                *(f"{prefix}_{o.lstrip('-')}" for o in parameter.opts),
            ]
            own = parameter.envvar if isinstance(parameter.envvar, str) else names[0].upper()
            # Under the name of its flag too a person may look for it.
            for name in names:
                read.setdefault(name.upper().replace("-", "_"), own)
            read[own] = own
        if isinstance(holder, click.Group):
            holders += [
                (f"{prefix}_{name.upper()}", below) for name, below in holder.commands.items()
            ]
    for name in sorted(given):
        if read.get(name) == name:
            continue
        near = difflib.get_close_matches(name, read, n=1, cutoff=0.85)
        if name in read or near:
            yield name, read.get(name) or read[near[0]]


def _stop_as_by_keyboard() -> None:
    """Let a polite kill (SIGTERM) and a closed terminal (SIGHUP) end a call as Ctrl-C does: stored, named, exit 130.

    A signal that the parent has us ignore (`nohup`) stays ignored. Only the main thread may set handlers; the library
    sets none.
    """
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def hang_up(number: int, frame: object) -> None:
        for terminal in terminals:  # nobody reads there any more, and writing to it would fail
            os.dup2(os.open(os.devnull, os.O_WRONLY), terminal)
        raise KeyboardInterrupt

    for name, handler in (("SIGTERM", signal.default_int_handler), ("SIGHUP", hang_up)):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handler)


def _refuse_unknown(group: click.Group, ctx: click.Context, args: Sequence[str]) -> None:
    """End with a usage error when the first word is no command of the group."""
    if args and args[0] not in group.commands and not args[0].startswith("-"):
        session = session_of(ctx)
        guess = nearest(args[0], group.commands)
        english, chinese = f"No such command {args[0]!r}.", f"没有命令 {args[0]!r}。"
        if guess:
            english, chinese = (
                f"{english} Did you mean {guess!r}?",
                f"{chinese}是否想写 {guess!r}？",
            )
        raise click.UsageError(session.phrase(english, chinese), ctx)


def global_options() -> list[Option]:
    """The options that the program and each of its commands take."""

    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(session_of(context), parameter.name or "", value)

    shared: dict[str, Any] = {"expose_value": False, "callback": keep, "is_eager": True}
    return [
        Option(
            ["--lang"],
            type=click.Choice(LANGUAGES),
            help="Language of what is printed; by default that of the locale.",
            zh="输出语言；默认随系统区域设置。",
            **shared,
        ),
        Option(
            ["--json"],
            is_flag=True,
            help="One JSON object on standard output, nothing else.",
            zh="标准输出只有一个 JSON 对象。",
            **shared,
        ),
        Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="No progress and no remarks.",
            zh="不显示进度与说明。",
            **shared,
        ),
        Option(
            ["-v", "--verbose"],
            count=True,
            help="Say more; shows the traceback of an internal error.",
            zh="显示更多；内部错误时显示回溯。",
            **shared,
        ),
    ]


def command(name: str, *, zh: str, example: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function; its docstring is the English help.

    The function may return an exit code; None means done.
    """

    def make(function: Callable[..., Any]) -> Command:
        return click.command(name, cls=Command, zh=zh, example=example)(function)

    return make


def family(name: str, *, zh: str, example: str) -> Callable[[Callable[..., Any]], Family]:
    """Make of a function a command that has further commands below it."""

    def make(function: Callable[..., Any]) -> Family:
        more: dict[str, Any] = {"zh": zh, "example": example, "invoke_without_command": True}
        return click.command(name, cls=Family, no_args_is_help=False, **more)(function)

    return make


def option(*names: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A bilingual option: `help` in English, `zh` in Chinese."""
    return click.option(*names, cls=Option, **more)


def argument(*names: str, **more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A bilingual positional argument: `en` and `zh` explain it."""
    return click.argument(*names, cls=Argument, **more)


class NearChoice(click.Choice[str]):
    """A choice that names the nearest allowed value when the given one is unknown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The allowed value, or a usage error with the nearest."""
        if value in self.choices:
            return str(value)
        unknown_value(str(value), tuple(self.choices), ctx, param)


MOST_LISTED: Final = 24
"""Known values that a usage error still lists in full."""


def unknown_value(
    value: str,
    known: Sequence[str],
    ctx: click.Context | None = None,
    param: click.Parameter | None = None,
) -> NoReturn:
    """End with a usage error that names the nearest known value, and all of them when few."""
    session = session_of(ctx)
    guess = nearest(value, known)
    english, chinese = f"{value!r} is not known.", f"{value!r} 不存在。"
    if guess:
        english, chinese = f"{english} Did you mean {guess!r}?", f"{chinese}是否想写 {guess!r}？"
    if len(known) <= MOST_LISTED:
        english += f" Allowed: {', '.join(known)}."
        chinese += f"可用：{'、'.join(known)}。"
    raise click.BadParameter(session.phrase(english, chinese), ctx, param)


def _said(session: Session, english: str, chinese: str) -> str:
    """An explanation; in Chinese alone it names placeholders as the usage line does."""
    return placeholder(chinese) if session.lang == "zh" else session.phrase(english, chinese)


def _placeholder(text: str, ctx: click.Context) -> str:
    return placeholder(text) if session_of(ctx).lang == "zh" else text


def _usage_word(session: Session) -> str:
    return "Usage/用法: " if session.lang == "both" else session.phrase("Usage: ", "用法：")


def _first_line(shown: click.Command, session: Session) -> str:
    english = (shown.help or "").strip().split("\n")[0]
    chinese = shown.zh.split("。")[0] + "。" if isinstance(shown, Command) else ""
    return session.phrase(english, chinese)


def _both(session: Session, english: str, chinese: str) -> str:
    return f"{english}\n\n{chinese}" if session.lang == "both" else session.phrase(english, chinese)
