"""Click's own words in Chinese: its messages for wrong usage, its placeholders, and the reasons of the system.

English is matched as click prints it, so that a message which the table does not know stays readable English
instead of becoming half of a sentence; a test provokes every one of them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "ADDRESS": "地址",
    "AFTER": "改后",
    "ARGS": "参数",
    "BEFORE": "改前",
    "COMMAND": "命令",
    "DATE": "日期",
    "DIR": "目录",
    "DIRECTORY": "目录",
    "DOCUMENT": "规划",
    "EXPRESSION": "条件",
    "FACTOR": "因素",
    "FIGURE": "图",
    "FILE": "文件",
    "FLOAT": "数",
    "GROUP": "组",
    "HIGH": "高",
    "INTEGER": "整数",
    "KEY": "键",
    "KIND": "类别",
    "LEVER": "工具",
    "LOW": "低",
    "METRIC": "指标",
    "MONEY": "金额",
    "NAME": "名称",
    "OPTIONS": "选项",
    "PATH": "路径",
    "PERCENT": "百分数",
    "PLAN": "规划",
    "PORT": "端口",
    "RANGE": "范围",
    "RUN": "运行",
    "SCENARIO": "情景",
    "SECTOR": "领域",
    "SERIES": "序列",
    "STATUS": "状态",
    "STEPS": "步数",
    "TARGET": "目标",
    "TEXT": "文字",
    "VALUE": "值",
    "WIDTH": "半宽",
    "WORDS": "字词",
    "YEAR": "年份",
}
"""What stands for a value in a usage line; shorter ones (N, K, ID, CSV) are the same in both languages."""

_KINDS: Final[Mapping[str, str]] = {
    "Directory": "目录",
    "File": "文件",
    "Path": "路径",
    "argument": "参数",
    "option": "选项",
    "parameter": "参数",
    "integer": "整数",
    "integer range": "整数",
    "float": "数",
    "float range": "数",
    "boolean": "是非值",
    "readable": "读取",
    "writable": "写入",
    "executable": "执行",
}
_Form = str | Callable[[re.Match[str]], str]
_MESSAGES: Final[tuple[tuple[str, _Form], ...]] = (
    (r"Invalid value for (.+?): ", r"\1 的值无效："),
    (r"Invalid value: ", "值无效："),
    (
        r"Missing (argument|option|parameter)(?: (.+?))?\.(?= |$)",
        lambda m: f"缺少{_KINDS[m[1]]} {m[2] or ''}。",
    ),
    (r"Choose from:\s+", "可选："),
    (r"No such (option|command) (\S+?)\.", lambda m: f"没有{_KINDS.get(m[1], '命令')} {m[2]}。"),
    (r" ?\(?Did you mean (?:one of: )?(.+?)\?\)?$", r"是否想写 \1？"),
    (
        r"(\S+) is not a valid (integer range|integer|float range|float)\.",
        lambda m: f"{m[1]} 不是{_KINDS[m[2]]}。",
    ),
    (r"(\S+) is not a valid boolean\. Recognized values: (.+)", r"\1 不是是非值。可用：\2"),
    (r"(\S+) is not in the range (.+?)\.$", r"\1 不在范围 \2 之内。"),
    (r"(\S+) is not one of (.+?)\.$", r"\1 不在可选值之中。可用：\2。"),
    (
        r"(Directory|File|Path) ('.*?') does not exist\.",
        lambda m: f"{_KINDS[m[1]]} {m[2]} 不存在。",
    ),
    (r"(Directory|File|Path) ('.*?') is a file\.", lambda m: f"{_KINDS[m[1]]} {m[2]} 是文件。"),
    (
        r"(Directory|File|Path) ('.*?') is a directory\.",
        lambda m: f"{_KINDS[m[1]]} {m[2]} 是目录。",
    ),
    (
        r"(Directory|File|Path) ('.*?') is not (readable|writable|executable)\.",
        lambda m: f"{_KINDS[m[1]]} {m[2]} 无法{_KINDS[m[3]]}。",
    ),
    (r"Got unexpected extra arguments? \((.+)\)$", r"多出的参数：\1。"),
    (r"Option (\S+) requires an argument\.", r"选项 \1 需要一个值。"),
    (r"Option (\S+) requires (\d+) arguments\.", r"选项 \1 需要 \2 个值。"),
    (r"Option (\S+) does not take a value\.", r"选项 \1 不带值。"),
    (r"Could not open file ('.*?'): ", r"无法打开文件 \1："),
)


def placeholder(text: str) -> str:
    """A usage line's placeholders in Chinese: `KEY=VALUE` gives `键=值`."""
    return re.sub(r"[A-Z]{2,}", lambda word: PLACEHOLDERS.get(word[0], word[0]), text)


def readable(message: str) -> str:
    """A message with the middle of very long words left out: nobody reads it, and patterns take its square."""
    return re.sub(r"\S{300,}", lambda word: f"{word[0][:150]}…{word[0][-50:]}", message)


def in_chinese(message: str) -> str:
    """A message of click in Chinese; one that it did not write stays as it is."""
    for pattern, form in _MESSAGES:
        message = re.sub(pattern, form, message, count=1, flags=re.DOTALL)
    return message


def in_both(message: str) -> bool:
    """Whether a message speaks Chinese by itself, apart from what it quotes."""
    return bool(re.search(r"[\u4e00-\u9fff]", re.sub(r"'[^']*'", "", message)))
