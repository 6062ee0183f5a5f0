"""The targets due in a run, a bar for the probability of each."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from simulator.registry import Name
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    FAINT,
    INK,
    MARGIN,
    MUTED,
    TRACK,
    Page,
    colour_of,
    foot,
    lighter,
    text_width,
    wrap,
)
from simulator.reporting.wording import amount, interval, lines, number, passing, percent, said
from simulator.targets import (
    JointScore,
    Probability,
    TargetScore,
    goal_text,
    goals_of,
    joint,
    score,
)

_BAR_X, _BAR_W, _VALUE_X = 5.0, 3.3, 8.45


class _Row(NamedTuple):
    """One line of the scorecard; `kind` is head, target, minor or empty (no probability).

    `words` are the wrapped lines of the name with their sizes, `note` is the goal.
    """

    kind: str
    words: tuple[tuple[str, float], ...]
    note: str
    height: float
    found: Probability | None = None
    value: float | None = None
    text: Name | None = None


def scorecard(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """Every target due in the run: probability with its interval, or why there is none.

    The revenue target is followed by its published figure, the benchmark L13 and the probability
    within each construction of the base value; targets that no plan holds stand apart at the end.
    """
    goals = goals_of(run)
    scores = score(goals, run)
    joints = joint(goals, run)
    colour = colour_of(run.scenario.stem)
    rows = _rows(scores, joints, lang)
    title, subtitle = _words(run, scores, joints)
    page = Page(lang, title, subtitle, body=sum(row.height for row in rows) + 0.45, **foot(run))
    _scale(page, 0.32)
    y = 0.42
    for row in rows:
        _draw_row(page, row, y, colour)
        y += row.height
    page.finish()
    return page.figure


def _words(
    run: Ensemble, scores: Sequence[TargetScore], joints: Sequence[JointScore]
) -> tuple[Name, Name]:
    plan = [item for item in scores if not item.extra]
    scored = [item for item in plan if item.probability is not None]
    lead = next((item for item in scored if item.metric == "core_revenue"), None)
    lead = lead or (scored[0] if scored else None)
    zh = f"{len(plan)} 项目标中目前可评估 {len(scored)} 项"
    en = f"{len(scored)} of {len(plan)} targets can be judged so far"
    if lead is not None and lead.probability is not None:
        chance, verb = percent(lead.probability.value), passing(lead.comparator)
        aim = amount(lead.value, lead.unit, "zh")
        zh = f"{lead.year} 年{lead.name.zh}{verb.zh} {aim}的概率 {chance}；{zh}"
        aim = amount(lead.value, lead.unit, "en")
        en = f"{lead.name.en}: {chance} chance of {verb.en} {aim} in {lead.year}; {en}"
    return Name(zh=zh, en=en), Name(
        zh=f"{run.scenario.name.zh}；横条为达成概率，细线为 95% 蒙特卡洛区间",
        en=f"{run.scenario.name.en}; bars: probability of reaching the target, "
        "thin line: 95% Monte Carlo interval",
    )


def _rows(scores: Sequence[TargetScore], joints: Sequence[JointScore], lang: Lang) -> list[_Row]:
    rows: list[_Row] = []
    plan = [item for item in scores if not item.extra]
    for item in plan:
        if item.probability is not None:
            rows += _scored_rows(item, lang)
    for both in joints:
        if len(both.keys) > 1:
            name = Name(
                zh=f"以上 {len(both.keys)} 项同时达到", en=f"All {len(both.keys)} of these together"
            )
            rows.append(_row("target", name, "", lang, found=both.probability))
    for status, head in (
        ("not_modelled", Name(zh="尚未建模", en="Not modelled yet")),
        ("input", Name(zh="政策投入：看是否到位", en="Policy inputs: delivered or not")),
        ("by_hand", Name(zh="人工评分", en="Scored by hand")),
    ):
        some = [item for item in plan if item.status == status]
        if some:
            rows.append(_row("head", head, "", lang))
        rows += [_row("empty", i.name, _aim(i, lang), lang, text=i.reason) for i in some]
    apart = [item for item in scores if item.extra]
    if apart:
        head = Name(zh="情景另加、不属于规划的目标", en="Added by the scenario, in no plan")
        rows.append(_row("head", head, "", lang))
    for item in apart:
        if item.probability is None:
            rows.append(_row("empty", item.name, _aim(item, lang), lang, text=item.reason))
        else:
            rows.append(_row("target", item.name, _aim(item, lang), lang, found=item.probability))
    return rows


def _scored_rows(item: TargetScore, lang: Lang) -> list[_Row]:
    rows = [_row("target", item.name, _aim(item, lang), lang, found=item.probability)]
    if item.published is not None:
        name = Name(zh="按公布口径（含口径漂移）", en="as published, with definition drift")
        rows.append(_row("minor", name, "", lang, found=item.published))
    if item.benchmark is not None:
        name = Name(zh="简单基准（几何布朗运动）", en="naive benchmark (GBM)")
        rows.append(_row("minor", name, "", lang, value=item.benchmark))
    for part in item.by_construction:
        name = Name(
            zh=f"基期 {number(part.base)}亿元：{part.name.zh}",
            en=f"base {number(part.base)}亿元: {part.name.en}",
        )
        rows.append(_row("minor", name, "", lang, found=part.probability))
    return rows


def _row(
    kind: str,
    name: Name,
    note: str,
    lang: Lang,
    *,
    found: Probability | None = None,
    value: float | None = None,
    text: Name | None = None,
) -> _Row:
    """A row with its name wrapped to the column, and as tall as that needs."""
    if kind == "head":
        return _Row(kind, ((said(name, lang, "  "), 9.5),), note, 0.44)
    if kind == "minor":
        return _Row(kind, ((said(name, lang, "  "), 8.5),), note, 0.27, found, value)
    room = _BAR_X - 0.2 - MARGIN
    beside = room - (text_width(note, 9.5) + 0.15 if note else 0.0)
    words: tuple[tuple[str, float], ...] = ()
    for place, part in enumerate(lines(name, lang)):
        size = 10.5 if place == 0 else 8.5
        # The goal stands beside the first line, so that one is the narrower.
        words += tuple((w, size) for w in wrap(part, beside if place == 0 else room, size))
    height = sum(size for _, size in words) / 72 * 1.4 + 0.16
    return _Row(kind, words, note, max(height, 0.36), found, value, text)


def _aim(item: TargetScore, lang: Lang) -> str:
    """The goal beside a name; in English counts go without their Chinese measure word."""
    unit = "" if lang == "en" and item.unit != "亿元" else item.unit
    return goal_text(item.comparator, item.value, item.value_high, unit).replace(" ", "")


def _scale(page: Page, y: float) -> None:
    """The scale of the bars, written once above them."""
    for share in (0.0, 0.5, 1.0):
        page.write(_BAR_X + share * _BAR_W, y - 0.14, percent(share), 8.5, FAINT, ha="center")
    page.rule(MARGIN, page.width - MARGIN, y)


def _draw_row(page: Page, row: _Row, y: float, colour: str) -> None:
    middle = y + row.height / 2
    if row.kind == "head":
        page.write(MARGIN, y + row.height - 0.14, row.words[0][0], row.words[0][1], MUTED)
        page.rule(MARGIN, page.width - MARGIN, y + row.height - 0.01)
        return
    if row.kind == "minor":
        page.write(MARGIN + 0.22, middle, row.words[0][0], row.words[0][1], MUTED)
    else:
        _draw_name(page, row, middle)
    if row.text is not None:
        words = "\n".join(lines(row.text, page.lang))
        page.write(_BAR_X, middle, words, 8.5 if page.lang == "both" else 9.0, FAINT)
        return
    share = row.found.value if row.found else row.value or 0.0
    thick = 0.08 if row.kind == "minor" else 0.17
    page.bar(_BAR_X, middle - thick / 2, _BAR_W, thick, TRACK)
    fill = colour if row.kind == "target" else lighter(colour)
    page.bar(_BAR_X, middle - thick / 2, _BAR_W * share, thick, fill)
    if row.found is not None:
        x0, x1 = _BAR_X + row.found.low * _BAR_W, _BAR_X + row.found.high * _BAR_W
        page.rule(x0, x1, middle, INK, 1.1)
        for x in (x0, x1):
            page.upright(x, middle - 0.04, middle + 0.04, INK, 1.1)
    size = 9.0 if row.kind == "minor" else 12.0
    page.write(_VALUE_X + 0.48, middle, percent(share), size, INK, ha="right")
    if row.found is not None:
        page.write(_VALUE_X + 0.56, middle, interval(row.found), 8.5, MUTED)


def _draw_name(page: Page, row: _Row, middle: float) -> None:
    """The lines of a target's name, centred, with its goal at the right end of the first."""
    y = middle - sum(size for _, size in row.words) / 72 * 1.4 / 2
    for place, (text, size) in enumerate(row.words):
        step = size / 72 * 1.4
        first = size == row.words[0][1]
        page.write(MARGIN, y + step / 2, text, size, INK if first else MUTED)
        if row.note and place == 0:
            page.write(_BAR_X - 0.2, y + step / 2, row.note, 9.5, MUTED, ha="right")
        y += step
