"""The model held against what is known of firms and funds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.wording import (
    amount,
    lines,
    number,
    said,
)

if TYPE_CHECKING:
    from simulator.experiments.validation import Validation
from simulator.reporting.terminal.tables import SCHEMA_VERSION, Plain, finite, grid, page


def validation(found: "Validation", lang: Lang = "both") -> str:
    """Every stylised fact with range, value and verdict; why it is missed or not computed; fund accounts."""
    table = grid(
        lang,
        ("left", Name("事实", "Fact")),
        ("right", Name("期望", "expected")),
        ("right", Name("模型\n5–95%", "model\n5–95%")),
        ("left", Name("结论", "verdict")),
        keys=[item.fact.id for item in found.judgements],
    )
    for item in found.judgements:
        fact, sample = item.fact, item.sample
        name = Text(fact.id, style="bold")
        for text in lines(fact.name, lang):
            name.append("\n" + text, style="default")
        value = (
            f"{_figure(sample.value)}\n{_figure(sample.low)}–{_figure(sample.high)}"
            if sample
            else "–"
        )
        verdict = Text(said(_VERDICTS[item.verdict], lang), style=_VERDICT_STYLES[item.verdict])
        if fact.fitted_by and sample:
            verdict.append("\n" + said(_MARKS["fitted"], lang), style="dim")
        table.add_row(name, f"{_figure(fact.low)}–{_figure(fact.high)}", value, verdict)
    parts: list[RenderableType] = [Text(_validation_head(found, lang), style="bold"), table]
    for verdict_key, title in (("miss", _MISSES), ("not_applicable", _WAITING)):
        chosen = [item for item in found.judgements if item.verdict == verdict_key]
        if chosen:
            parts += ["", Text(said(title, lang), style="bold")]
        for item in chosen:
            waits = f" [{item.fact.waits_for}]" if item.fact.waits_for else ""
            parts.append(Text(f"{item.fact.id}{waits}: {said(item.reason, lang)}"))
    if found.accounts:
        parts += ["", _account_table(found, lang)]
        parts += [Text(f"{a.key}: {said(a.note, lang)}", style="dim") for a in found.accounts]
        missed = [account for account in found.accounts if account.verdict == "miss"]
        if missed:
            parts += ["", Text(said(_MISSED_ACCOUNTS, lang), style="bold")]
        parts += [Text(f"{a.key}: {said(a.miss, lang)}") for a in missed]
    return page(*parts)


def validation_json(found: "Validation") -> Plain:
    """Facts and accounts; None where nothing is computed."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": found.stem,
        "seed": found.seed,
        "members": found.members,
        "period": str(found.period),
        "facts": [
            {
                "id": item.fact.id,
                "name": item.fact.name._asdict(),
                "unit": item.fact.unit,
                "expected_low": item.fact.low,
                "expected_high": item.fact.high,
                "value": finite(item.sample.value) if item.sample else None,
                "low": finite(item.sample.low) if item.sample else None,
                "high": finite(item.sample.high) if item.sample else None,
                "verdict": item.verdict,
                "mark": item.fact.mark,
                "fitted_by": item.fact.fitted_by,
                "waits_for": item.fact.waits_for,
                "reason": item.reason._asdict(),
                "how": item.fact.how,
                "source": item.fact.source,
                "url": item.fact.address,
            }
            for item in found.judgements
        ],
        "accounts": [
            {
                "key": item.key,
                "name": item.name._asdict(),
                "unit": item.unit,
                "date": item.date,
                "reported": item.reported,
                "model": finite(item.model.value),
                "low": finite(item.model.low),
                "high": finite(item.model.high),
                "mark": item.mark,
                "fitted_by": item.fitted_by,
                "verdict": item.verdict,
                "miss": item.miss._asdict() if item.verdict == "miss" else None,
                "note": item.note._asdict(),
                "source": item.source,
            }
            for item in found.accounts
        ],
    }


_VERDICTS: Mapping[str, Name] = {
    "pass": Name("符合", "pass"),
    "miss": Name("不符", "miss"),
    "not_applicable": Name("不适用", "not applicable"),
}


_VERDICT_STYLES: Mapping[str, str] = {"pass": "green", "miss": "yellow", "not_applicable": "dim"}


_MARKS: Mapping[str, Name] = {
    "fitted": Name("据此设定", "fitted"),
    "check": Name("核对", "check"),
}


_MISSES = Name(
    "不符之处及原因（原因据默认情景查明）", "Misses, and why (examined on the default scenario)"
)


_MISSED_ACCOUNTS = Name(
    "公布数在模型区间之外的账目及原因",
    "Accounts whose reported figure lies outside the model's range, and why",
)
_WAITING = Name("未计算，所待之机制", "Not computed: what each waits for")


def _validation_head(found: "Validation", lang: Lang) -> str:
    counts = {key: sum(i.verdict == key for i in found.judgements) for key in _VERDICTS}
    name = Name(
        f"{found.name.zh}，{found.period}，{found.members} 个成员：{counts['pass']} 项符合，"
        f"{counts['miss']} 项不符，{counts['not_applicable']} 项不适用",
        f"{found.name.en}, {found.period}, {found.members} members: {counts['pass']} pass, "
        f"{counts['miss']} miss, {counts['not_applicable']} not applicable",
    )
    return said(name, lang, "\n")


def _account_table(found: "Validation", lang: Lang) -> Table:
    table = grid(
        lang,
        ("left", Name("基金账目", "Fund account")),
        ("right", Name("公布", "reported")),
        ("right", Name("模型\n5–95%", "model\n5–95%")),
        ("left", Name("性质", "mark")),
        ("left", Name("结论", "verdict")),
        keys=[item.key for item in found.accounts],
    )
    for item in found.accounts:
        name = Text(item.key, style="bold")
        for text in lines(item.name, lang):
            name.append("\n" + text, style="default")
        sample = item.model
        table.add_row(
            name,
            f"{amount(item.reported, item.unit, lang)}\n{item.date}",
            f"{number(sample.value)}\n{number(sample.low)}–{number(sample.high)}",
            said(_MARKS[item.mark], lang) + (f"\n{item.fitted_by}" if item.fitted_by else ""),
            Text(said(_VERDICTS[item.verdict], lang), style=_VERDICT_STYLES[item.verdict]),
        )
    return table


def _figure(value: float) -> str:
    """A statistic in at most three decimals, a true minus."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")
