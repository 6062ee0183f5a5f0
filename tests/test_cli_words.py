"""The program speaks one language at a time: help, placeholders, wrong usage, completion."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from simulator.cli import program
from simulator.cli.program import Argument, Command, Family, Option
from simulator.cli.words import PLACEHOLDERS, in_both, in_chinese, placeholder
from simulator.foundation.findings import reason_zh

BASELINE = str(Path(__file__).parent.parent / "scenarios" / "baseline.yaml")
HAN = "[\u3400-\u9fff]"
MONEY_AND_NAMES = re.compile(r"[\d ]*亿元|医疗健康")
"""Chinese that an English page holds on purpose: the unit of money, and a name to search for."""
THE_SAME = {"ID", "CSV", "YYYY", "MM", "DD"}
"""Placeholders that are the same in both languages."""


def pages() -> Iterator[tuple[str, ...]]:
    yield ()
    for name, command in program.commands.items():
        yield (name,)
        if isinstance(command, Family):
            yield from ((name, below) for below in command.commands)


PAGES = list(pages())


def command_of(words: tuple[str, ...]) -> Command:
    found: click.Command = program
    for word in words:
        assert isinstance(found, click.Group)
        found = found.commands[word]
    assert isinstance(found, Command)
    return found


def call(lang: str, *words: str) -> Result:
    clean = {"LC_ALL": "C.UTF-8", "SIMULATE_LANG": lang, "NO_COLOR": "1"}
    return CliRunner(env=clean).invoke(program, list(words), terminal_width=400)


def english_sentence(text: str) -> re.Match[str] | None:
    """Three English words in a row; names, code and numbers between Chinese are none."""
    return re.search(r"\b[A-Za-z]?[a-z’']+(?:,? [A-Za-z]?[a-z’']+){2}", text)


@pytest.mark.parametrize("words", PAGES, ids=" ".join)
def test_a_help_page_is_in_one_language(words: tuple[str, ...]) -> None:
    for lang in ("en", "zh"):
        shown = call(lang, *words, "-h")
        assert shown.exit_code == 0
        page = re.split(r"\n(?:Example:|示例:)", shown.stdout)[0]
        for line in page.splitlines():
            if lang == "en":
                assert not re.search(HAN, MONEY_AND_NAMES.sub("", line)), line
            else:
                own = line.removeprefix(f"用法：{' '.join(['simulate', *words])}")
                assert not english_sentence(own.replace("billion CNY", "")), line
                assert "[required]" not in line and "default:" not in line


@pytest.mark.parametrize("words", PAGES[1:], ids=" ".join)
def test_everything_is_explained_in_both(words: tuple[str, ...]) -> None:
    command = command_of(words)
    assert command.help and re.search(HAN, command.zh)
    both = " ".join(call("both", *words, "-h").stdout.split())
    for parameter in command.params:
        assert isinstance(parameter, Option | Argument), parameter.name
        english = parameter.help if isinstance(parameter, Option) else parameter.en
        assert english and re.search(HAN, parameter.zh), parameter.name
        assert " ".join(english.split()) in both and parameter.zh.replace(" ", "") in both.replace(
            " ", ""
        )


def test_every_placeholder_is_known() -> None:
    for words in PAGES[1:]:
        command = command_of(words)
        context = Command.context_class(command, info_name=command.name)
        for parameter in command.params:
            if getattr(parameter, "is_flag", False) or getattr(parameter, "count", False):
                continue
            for word in re.findall(r"[A-Z]{2,}", parameter.make_metavar(context)):
                assert word in PLACEHOLDERS or word in THE_SAME, f"{' '.join(words)}: {word}"
    assert placeholder("[TARGET:]WIDTH") == "[目标:]半宽"
    assert "用法：simulate run [选项] 情景\n" in call("zh", "run", "-h").stdout
    assert "Usage: simulate run [OPTIONS] SCENARIO\n" in call("en", "run", "-h").stdout


WRONG = [
    ("rnu",),
    ("tasks", "mrak"),
    ("run",),
    ("new",),
    ("extend", "results/none"),
    ("run", BASELINE, "--forse"),
    ("run", BASELINE, "--sxx"),
    ("run", BASELINE, "-n"),
    ("run", BASELINE, "-n", "0"),
    ("run", BASELINE, "-n", "many"),
    ("run", BASELINE, "--force=yes"),
    ("run", BASELINE, "again"),
    ("run", BASELINE, "--data", "/no/such"),
    ("run", BASELINE, "--data", BASELINE),
    ("run", BASELINE, "--engine", "compild"),
    ("run", BASELINE, "--set", "x"),
    ("run", BASELINE, "--json", "--seed", "1.5"),
    ("--lang", "zz", "runs"),
    ("plot", "results/none", "scorecrd"),
    ("resume", "results/none"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_told_in_the_readers_language(words: tuple[str, ...]) -> None:
    told = {lang: call(lang, *words) for lang in ("en", "zh", "both")}
    assert {result.exit_code for result in told.values()} == {2}
    first = {lang: result.stderr.splitlines()[0] for lang, result in told.items()}
    unquoted = {lang: re.sub(r"'[^']*'", "", line) for lang, line in first.items()}
    assert first["en"].startswith("Error: ") and not re.search(
        HAN, MONEY_AND_NAMES.sub("", unquoted["en"])
    )
    if "--lang" not in words:
        assert first["zh"].startswith("错误：") and not english_sentence(unquoted["zh"])
        assert re.search(HAN, unquoted["both"].removeprefix("Error / 错误: "))
        assert re.search("[a-z]+ [a-z.]", unquoted["both"].removeprefix("Error / 错误: "))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("Missing argument 'A'.", "缺少参数 'A'。"),
        ("Missing option '-n'. Choose from:\n\ta,\n\tb", "缺少选项 '-n'。 可选：a,\n\tb"),
        ("No such option '--a'. Did you mean '--b'?", "没有选项 '--a'。是否想写 '--b'？"),
        ("'x' is not a valid float.", "'x' 不是数。"),
        ("Path '/a b' is not writable.", "路径 '/a b' 无法写入。"),
        ("File 'a' is a directory.", "文件 'a' 是目录。"),
        ("Option '-x' requires 2 arguments.", "选项 '-x' 需要 2 个值。"),
        ("Could not open file 'a': no", "无法打开文件 'a'：no"),
        ("something of ours", "something of ours"),
    ],
)
def test_words_of_click(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
    assert in_both(chinese) == (english != chinese)


def test_reasons_of_the_system() -> None:
    assert reason_zh(FileNotFoundError(2, "No such file or directory", "x")) == "没有该文件或目录"
    assert reason_zh(OSError(9999, "odd")) == "odd" and reason_zh(OSError("plain")) == "plain"


@pytest.mark.parametrize(
    ("shell", "words", "number", "lang", "says"),
    [
        ("bash", "simulate ru", "1", "en", "run"),
        ("zsh", "simulate r", "1", "zh", "运行一个情景"),
        ("zsh", "simulate run --se", "2", "zh", "全部随机抽取的种子"),
        ("zsh", "simulate run --se", "2", "en", "Seed of all draws"),
        ("bash", "simulate run --engine c", "3", "en", "compiled"),
        ("zsh", "simulate tasks m", "2", "zh", "mark"),
        ("fish", "simulate ru", "ru", "en", "run"),
    ],
)
def test_the_shell_completes(
    shell: str, words: str, number: str, lang: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SIMULATE_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", number)
    result = call(lang)
    assert result.exit_code == 0 and says in result.stdout and not result.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_shell_gets_its_script(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SIMULATE_COMPLETE", f"{shell}_source")
    result = call("en")
    assert result.exit_code == 0 and "_SIMULATE_COMPLETE" in result.stdout
    assert os.environ["_SIMULATE_COMPLETE"] == f"{shell}_source"
