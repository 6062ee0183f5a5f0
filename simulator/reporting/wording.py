"""How numbers and names are worded for people, in Chinese, English or both.

Figures and tables say the same thing in the same words, so the words live in one place.
"""

import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from simulator.foundation.units import format_quantity, unit_word
from simulator.observables import observable_of
from simulator.policy.effects import CHANNELS
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.targets import Probability, Spread

if TYPE_CHECKING:
    from simulator.experiments.cases import Factor
    from simulator.experiments.discovery import Condition
    from simulator.experiments.intervals import Estimate

UNBOUNDED = 1000.0
"""Times its estimate from which on an end of an interval is not worth a number."""

UNITS: Mapping[str, Name] = {
    "家": Name(zh="家", en="firms"),
    "家/年": Name(zh="家/年", en="firms a year"),
    "项": Name(zh="项", en="items"),
    "个": Name(zh="个", en="items"),
    "个/年": Name(zh="个/年", en="items a year"),
    "人": Name(zh="人", en="persons"),
    "人/年": Name(zh="人/年", en="persons a year"),
    "名": Name(zh="名", en="persons"),
    "种": Name(zh="种", en="kinds"),
    "stage": Name(zh="个阶段", en="stages"),
    "规划单位 unit of the plan": Name(zh="规划单位", en="unit of the plan"),
    "share": Name(zh="占比", en="share"),
    "ratio": Name(zh="比值", en="ratio"),
    "qualitative": Name(zh="定性", en="qualitative"),
    "1": Name(zh="", en=""),
}
"""Units of counts and shares as words; money is written in 亿元 in both languages."""

GRADES: Mapping[str, Name] = {
    "stated": Name("规划明示", "stated"),
    "reported": Name("公布统计", "reported"),
    "literature": Name("文献", "literature"),
    "assumed": Name("假定", "assumed"),
}
"""How well a number is grounded, in a word."""

MECHANISMS: Mapping[str, Name] = {
    "founding": Name("期初", "founding"),
    "check": Name("核对", "check"),
    "left_out": Name("未用", "left out"),
    "benchmark": Name("简单基准", "benchmark"),
}
"""What reads a parameter where no numbered equation does."""

KINDS: Mapping[str, Name] = {"flow": Name("流量", "flow"), "stock": Name("存量", "stock")}
"""Whether a series is measured over a year or at its end."""


# Chinese fonts draw curly quotes as wide as a character, which tears English words apart.
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")


def said(name: Name, lang: Lang, joint: str = " ") -> str:
    """The name in the language asked for; both joined, or one of them where they are the same."""
    return joint.join(lines(name, lang))


def lines(name: Name, lang: Lang) -> tuple[str, ...]:
    """The name as one line for each language asked for."""
    english = name.en.translate(_STRAIGHT)
    if lang == "both":
        return (name.zh,) if name.zh == name.en else (name.zh, english)
    return (name.zh,) if lang == "zh" else (english,)


def unit_text(unit: str, lang: Lang) -> str:
    """The unit of an axis written out; money in 亿元, a year's too, says what that is in CNY."""
    name = unit_name(unit)
    if unit.startswith("亿元"):
        return name.zh if lang == "zh" else f"{name.en} (10亿元 = 1 billion CNY)"
    return said(name, lang, joint="  ")


def unit_name(unit: str) -> Name:
    """The unit as a word in both languages."""
    return UNITS.get(unit) or Name(zh=unit_word(unit, "zh"), en=unit_word(unit, "en"))


def amount(value: float | None, unit: str, lang: Lang) -> str:
    """A number with its unit in a sentence: `652亿元`, `25家`, in English `25 firms`."""
    if unit.startswith("亿元"):
        return f"{number(value)}亿元"
    if lang == "zh":
        return f"{number(value)}{unit_name(unit).zh}"
    word = unit_name(unit).en
    return f"{number(value)} {word}".rstrip() if word != "items" else number(value)


def passing(comparator: str) -> Name:
    """The verb of a goal: to pass it, or to reach it."""
    return Name(zh="超过", en="passing") if comparator == ">" else Name(zh="达到", en="reaching")


def percent(share: float | None) -> str:
    """A share as people read it: `11%`, `3.4%`, `<0.1%`; a dash for none."""
    if share is None or math.isnan(share):
        return "–"
    if share < 0.0:
        shown = percent(-share)
        return ">−0.1%" if shown.startswith("<") else f"−{shown}"
    if 0.0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1.0:
        return ">99.9%"
    if 0.0 < share < 0.095 or 0.905 < share < 1.0:
        return f"{share * 100:.1f}%"
    return f"{share * 100:.0f}%"


def interval(found: Probability | None) -> str:
    """The 95 % interval of a probability: `9.2–13%`; empty for none."""
    if found is None:
        return ""
    low, high = percent(found.low), percent(found.high)
    return f"{low.removesuffix('%')}–{high}"


def number(value: float | None, *, sign: bool = False) -> str:
    """About three digits, a true minus, an exponent only for huge sizes: `1085`, `31.4`, `1e18`; a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    size = abs(value)
    if math.isinf(value) or size < 1e-6:
        return "0" if size < 1.0 else "∞"
    if size >= 1e15:
        return f"{value:{'+' if sign else ''}.3g}".replace("e+", "e").replace("-", "−")
    digits = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "+0", "") else text.replace("-", "−")


def spread(found: Spread | None) -> str:
    """The 5–95 % range of a spread: `310–1085`; empty for none."""
    return "" if found is None else f"{number(found.low)}–{number(found.high)}"


def chance_text(found: "Estimate | Probability") -> str:
    """A share with its interval in one line: `12% (8.1–17%)`."""
    low, high = percent(found.low).removesuffix("%"), percent(found.high)
    return f"{percent(found.value)} ({low}–{high})"


def cost_text(cost: "Estimate") -> Name:
    """What a probability costs: `230亿元 (190–300)`; what lies beyond the bounds of levers in words."""
    if math.isinf(cost.low):
        return Name("超出上下限的力度", "more than the bounds allow")
    low = number(cost.low)
    if math.isinf(cost.value):
        return Name(f"{low}亿元以上，或超出上下限", f"{low}亿元 or more, or is out of the bounds")
    value = number(cost.value)
    if math.isinf(cost.high):
        return Name(
            f"{value}亿元（{low} 以上，或超出上下限）",
            f"{value}亿元 ({low} or more, or out of the bounds)",
        )
    high = number(cost.high)
    return Name(f"{value}亿元（{low}–{high}）", f"{value}亿元 ({low}–{high})")


def condition_text(condition: "Condition", lang: Lang) -> str:
    """The bounds of a condition with their unit: `≥ 420亿元`, `0.1 – 0.3`."""
    factor = condition.factor
    low, high = (
        format_quantity(float(f"{value:.3g}"), factor.unit, lang) if math.isfinite(value) else ""
        for value in (condition.low, condition.high)
    )
    if low and high:
        return f"{low} – {high}"
    return f"≥ {low}" if low else f"≤ {high}"


def channels_text(keys: Collection[str], lang: Lang) -> str:
    """The channels a lever acts through: their names in Chinese, the keys that say as much in English."""
    return said(
        Name("、".join(CHANNELS[key].meaning.zh for key in keys), ", ".join(keys)), lang, "\n"
    )


def mechanism_text(mechanism: str, lang: Lang) -> str:
    """The equation that reads a parameter, or the founding of the city."""
    return said(MECHANISMS.get(mechanism, Name(mechanism, mechanism)), lang, " / ")


def points(share: float) -> str:
    """A signed difference of probabilities in percentage points: `+3.1`, `0`."""
    text = f"{share * 100:+.1f}".replace("-", "−")
    return "0" if text[1:] == "0.0" else text


def setting_text(factor: "Factor", value: float) -> str:
    """A value of a factor whose unit stands elsewhere: a number, or `on` and `off` of a switch."""
    return factor.text(value) if factor.kind == "mechanism" else number(value)


def unit_suffix(unit: str, lang: Lang) -> str:
    """A unit behind a number or a name; nothing for pure numbers."""
    return "" if unit in ("1", "ratio", "share") else f" {said(unit_name(unit), lang, ' / ')}"


def metric_name(metric: str) -> Name:
    """`core_revenue@2027` as people say it."""
    series, _, year = metric.partition("@")
    if metric.startswith("P("):
        return Name(f"{metric} 的概率", f"chance {metric}")
    name = observable_of(series).name
    return Name(f"{name.zh}（{year} 年）", f"{name.en} in {year}")


def is_unbounded(found: "Estimate", end: float) -> bool:
    """Whether an end of an interval is so far from its estimate that a number would say nothing.

    Only of what has one sign: beside a change of nearly zero any interval is many times as wide.
    """
    return found.low * found.high >= 0.0 and abs(end) > UNBOUNDED * abs(found.value) > 0.0


def end_text(found: "Estimate", end: float, text: Callable[[float], str]) -> str:
    """One end of an interval; ∞ where it is unbounded."""
    if is_unbounded(found, end):
        return "∞" if end > 0.0 else "−∞"
    return text(end)
