"""What an input may hold, said in Chinese too: the few phrases that stand between words, numbers and units."""

import re
from typing import Final

_PHRASES: Final[tuple[tuple[str, str], ...]] = (
    (r"a scenario file that exists", "已有的情景文件"),
    (r"a chain that ends", "有终点的继承关系"),
    (r"one scenario file, relative to this one, or the name of a shipped one",
     "一个情景文件，路径相对于本文件；或随附情景之名"),
    (r"a CSV table of firms, relative to this file", "企业名单（CSV 表），路径相对于本文件"),
    (r"a fitted file \(YAML\), relative to this file, or none", "拟合文件（YAML），路径相对于本文件；或 none"),
    (r"a CSV file in the same folder", "同一文件夹中的 CSV 文件"),
    (r"CSV in UTF-8, UTF-16 with its mark, or GBK; from Excel: save as CSV UTF-8",
     "UTF-8、带标记的 UTF-16 或 GBK 的 CSV；Excel 请另存为 CSV UTF-8"),
    (r"a number with one of (.+)", r"数字加单位：\1 之一"),
    (r"a number such as 1,234\.5, or 3\.2亿元", "数字，如 1,234.5；或 3.2亿元"),
    (r"a number in (.+)", r"以 \1 为单位的数"),
    (r"an amount in (.+), without a unit of its own", r"以\1计的金额，不另写单位"),
    (r"a header such as revenue \(亿元\) or 营业收入（万元）, or a column unit",
     "列名如 revenue (亿元) 或 营业收入（万元），或另设“单位”列"),
    (r"a finite number", "有限的数"),
    (r"a number", "数"),
    (r"a whole number from (.+) to (.+)", r"\1 至 \2 的整数"),
    (r"a whole number", "整数"),
    (r"a word or a whole number", "词或整数"),
    (r"a list", "列表"),
    (r"a mapping", "键值映射"),
    (r"words", "词"),
    (r"plain text", "纯文本"),
    (r"key: value", "键: 值"),
    (r"above 0, at most 1", "大于 0，至多 1"),
    (r"above 0", "大于 0"),
    (r"0 or more", "不小于 0"),
    (r"after (\d+Q\d)", r"晚于 \1"),
    (r"each year once, such as 2025", "每个年份一次，如 2025"),
    (r"each once", "各一次"),
    (r"one of the two", "二者之一"),
    (r"such as (.+)", r"例如 \1"),
    (r"2025 or 2025Q1, up to (\d+)", r"2025 或 2025Q1，至 \1 年"),
    (r"a key, id or name that `simulate levers` lists", "“simulate levers”所列的键、编号或名称"),
    (r"a name that `simulate metrics` lists", "“simulate metrics”所列的名称"),
    (r"a new word of small letters, digits and _", "由小写字母、数字和 _ 组成的新键名"),
    (r"a dotted path once, such as (.+)", r"以点分隔的路径，只写一次，例如 \1"),
    (r"a day such as (.+)", r"日期，例如 \1"),
    (r"a-z, 0-9, - and _, beginning with a letter", "a-z、0-9、- 与 _，以字母开头"),
    (r"one value, or dist: with one of (.+)", r"单个取值，或 dist: 取 \1 之一"),
    (r"\[…\] of (.+); or all", r"[…]，取自 \1；或 all"),
    (r"\[…\] of (.+)", r"[…]，取自 \1"),
    (r"plans: (\[.*\]); \[\] for none", r"plans: \1；[] 表示无"),
    (r"ai 1, or catalogue 0", "人工智能为 1，或名录为 0"),
    (r"a year", "年份"),
    (r"a target only for (.+)", r"只有\1可写目标"),
    (r"one reading with a key and without rules", "一个有键名而无规则的读法"),
)  # fmt: skip


def allowed_zh(allowed: str) -> str:
    """What is allowed, in Chinese; words, numbers and units that need no translation stay as they are."""
    for pattern, chinese in _PHRASES:
        found = re.fullmatch(pattern, allowed, re.DOTALL)
        if found is not None:
            return found.expand(chinese)
    return allowed.replace(" or ", " 或 ")
