"""The fast YAML reader agrees with the general parser, or declines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.foundation.blocks import NotPlain, read_blocks
from simulator.foundation.tables import parse_yaml, shipped

FILES = (
    "actors",
    "baselines",
    "chains",
    "districts",
    "documents",
    "levers",
    "qualitative",
    "targets",
)
SAMPLE = """\
# a comment
schema_version: 1
levers:
  - id: l-tj18-fund-group
    name_zh: 新一代人工智能科技产业母基金及基金群
    size:
      value: 1000
      share: -0.5
      unit: 亿元
    start: '2018'
    end: null
    named: true
    chains: []
    mechanism: Equity through a mother fund
      and sub-funds; raises entry.
    notes: 'Named: it''s
      the fund.'
    linked: [t-a, 't: b', 3,
      "c"]
  - text
other:
"""
PIECES = st.sampled_from(
    [
        *[
            "a: 1",
            "- b",
            "- c: d",
            "key:",
            "'x'",
            "''",
            '"y"',
            "[a, b]",
            "[]",
            "{}",
            "# c",
            " # d",
            ": ",
            "- ",
            "null",
            "Null",
            "~",
            "true",
        ],
        *[
            "yes",
            "012",
            "1_0",
            "0x1F",
            "1e3",
            "1.",
            "-5",
            "+5",
            ".5",
            "2020-01-01",
            ">",
            "&a",
            "*a",
            "!t",
            "? a",
            "---",
            "...",
            "%Y",
            ",",
            "，",
        ],
        *[
            "a b",
            "a:b",
            "a #b",
            "'open",
            "[a: b]",
            "[a,]",
            "@x",
            "<<: a",
            "12:30",
            "null: 1",
            "5: 3",
            "k : v",
            "c]",
            "0o17",
            "=",
        ],
        '"\\"',
        "--",
        "\t",
        "\u3000",
        "\u2028",
        "\x85",
        "|",
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    lines = SAMPLE.splitlines()
    for _ in range(draw(st.integers(0, 3))):
        i = draw(st.integers(0, len(lines) - 1))
        line = lines[i]
        column = draw(st.integers(0, len(line)))
        piece = draw(PIECES)
        lines[i : i + 1] = draw(
            st.sampled_from(
                [
                    [line[:column] + piece + line[column:]],
                    [line[: len(line) - len(line.lstrip())] + piece],
                    [" " * draw(st.integers(1, 3)) + line],
                    [line[draw(st.integers(1, 3)) :]],
                    [line, line],
                    [line, draw(st.sampled_from(["", "  # c"]))],
                    [line[:column], line[column:]],
                    [],
                ]
            )
        ) or ["#"]
    return "\n".join(lines)


def same(one: object, two: object) -> bool:
    """Equal in value, type and order of keys."""
    return repr(one) == repr(two)


@pytest.mark.parametrize("name", [name for name in FILES if name != "qualitative"])
def test_shipped_files_are_read_exactly(name: str) -> None:
    text = shipped("data", f"{name}.yaml").read_text(encoding="utf-8")
    # The first part is long enough to hold every form, and short enough for the slow parser.
    cut = text.rfind("\n  - id: ", 0, 20_000)
    part = text[: cut if cut > 0 else None]
    assert same(read_blocks(part), parse_yaml(part, name).value)


@pytest.mark.parametrize("name", FILES)
def test_no_shipped_file_is_declined(name: str) -> None:
    assert read_blocks(shipped("data", f"{name}.yaml").read_text(encoding="utf-8"))


def test_the_sample_is_read() -> None:
    value = read_blocks(SAMPLE)
    assert same(value, parse_yaml(SAMPLE, "sample").value)
    assert list(read_blocks(SAMPLE, only=("other",))) == ["other"]


@settings(max_examples=250, deadline=None, derandomize=True)
@given(damaged())
def test_whatever_is_accepted_is_what_the_general_parser_reads(text: str) -> None:
    try:
        value = read_blocks(text)
    except NotPlain:
        return
    assert same(value, parse_yaml(text, "damaged").value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        " a: 1",
        "a: 1\na: 2",
        "a: {b: 1}",
        "a: |\n  b",
        "a: &x 1",
        "a: 1 # note",
        "a: b: c",
        "a: 1.",
        "a: 0x1F",
        "a: Yes\nb: ~",
        "a: .inf",
        "a: 2027-12-31",
        'a: "\\n"',
        "a: [b, [c]]",
        "a: 'open",
        "a:\n- b",
        "a: b\n\n  c",
        "a: b\n# c\n  d",
        "---\na: 1",
        "a:\tb",
        "2025: a",
        "null: a",
    ],
)
def test_anything_in_doubt_is_declined(text: str) -> None:
    with pytest.raises(NotPlain):
        read_blocks(text)
