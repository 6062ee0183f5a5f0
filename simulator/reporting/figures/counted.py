"""What the plans count: how much of each target is delivered, under way, and still to begin."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from simulator.registry import Name, Target
from simulator.reporting import Ensemble, Lang
from simulator.reporting.figures.page import (
    FAINT,
    INK,
    MARGIN,
    MUTED,
    TARGET,
    TRACK,
    Page,
    colour_of,
    foot,
    lighter,
    text_width,
    wrap,
)
from simulator.reporting.wording import lines, number, percent, unit_text
from simulator.targets import (
    BEGUN,
    DELIVERED,
    Floats,
    goals_of,
    judged_at,
    met,
    probability,
)

STARTED = "milestones_started"
SIZE_DELIVERED = "project_size_delivered"


class Pipeline(NamedTuple):
    """One counted target: what is planned, and by member what is delivered and under way at its deadline.

    In the unit of the plan: projects, or the size of a single project, such as 平方米. `chance` is that of the
    target as it is judged; None where the run cannot judge it.
    """

    key: str
    name: Name
    unit: str
    year: int
    planned: float
    delivered: Floats
    under_way: Floats
    chance: float | None

    @property
    def likely(self) -> bool:
        """Whether the median member meets the target."""
        return self.chance is not None and self.chance >= 0.5


def pipelines_of(run: Ensemble) -> tuple[Pipeline, ...]:
    """The counted targets of the run in the order of the plan; empty where it counts no projects."""
    found = []
    for goal in goals_of(run):
        names = f"{STARTED}[{goal.key}]", f"{DELIVERED}[{goal.key}]"
        moment = judged_at(goal)
        if not isinstance(goal, Target) or goal.value is None or moment not in run.quarters:
            continue
        if not all(name in run.series for name in names):
            continue
        at = run.quarters.index(moment)
        started, delivered = (run.values(name)[:, at] for name in names)
        under_way = started - delivered
        if f"{BEGUN}[{goal.key}]" in run.series:  # a single project counts by its size
            under_way = under_way * goal.value
            delivered = run.values(f"{SIZE_DELIVERED}[{goal.key}]")[:, at]
        try:
            chance = probability(met(goal, run)).value
        except KeyError:
            chance = None
        year = goal.deadline.year
        found.append(
            Pipeline(goal.key, goal.name, goal.unit, year, goal.value, delivered, under_way, chance)
        )
    return tuple(found)


def deadlines(found: Sequence[Pipeline]) -> tuple[int, int]:
    """The first and the last year in which the targets fall due."""
    return min(item.year for item in found), max(item.year for item in found)


def pipelines(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """A bar for each counted target: delivered, under way, and the line of what is planned.

    KeyError for a run that counts no projects toward a target.
    """
    found = pipelines_of(run)
    if not found:
        raise KeyError("the run counts no projects toward a target with a figure")
    first, last = deadlines(found)
    due = f"{last}" if first == last else f"{first}–{last}"
    whole = sum(item.likely for item in found)
    title = Name(
        f"{len(found)} 项计数目标（{due} 年到期）中，{whole} 项的中位数按期达到规划数",
        f"{whole} of {len(found)} counted targets due {due}: the median reaches what is planned in time",
    )
    sized = any(f"{BEGUN}[{item.key}]" in run.series for item in found)
    by_size = Name(
        "；按规模计的单个项目以启动为准", "; a single project of a size is judged once begun"
    )
    by_size = by_size if sized else Name("", "")
    subtitle = Name(
        f"{run.scenario.name.zh}；深色为已交付，浅色为在建（中位数），细线为交付数的 5–95%，红线为规划数，各行刻度不同"
        f"；均为到期时的数，达成概率按条款的期限与口径评判{by_size.zh}",
        f"{run.scenario.name.en}; dark: delivered, light: under way (medians), thin line: 5–95% of deliveries, red: "
        "planned, each row to its own scale; all at the deadline, the probability as each clause's deadline and "
        f"wording have it{by_size.en}",
    )
    left, right = 3.9, 7.1
    room = left - 0.2 - MARGIN
    names = [_name(item, lang, room, dated=first != last) for item in found]
    heights = [max(0.5, 0.19 * len(words) + 0.2) for words in names]
    page = Page(lang, title, subtitle, body=0.4 + sum(heights), **foot(run))
    colour = colour_of(run.scenario.stem)
    heads = (
        (7.75, Name("规划", "planned")),
        (8.35, Name("交付", "delivered")),
        (9.0, Name("在建", "under way")),
        (9.55, Name("概率", "chance")),
    )
    for x, head in heads:
        for n, text in enumerate(lines(head, lang)):
            page.write(x, 0.08 + 0.16 * n, text, 8.0, FAINT, ha="right")
    page.rule(MARGIN, page.width - MARGIN, 0.36)
    y = 0.4
    for item, words, height in zip(found, names, heights, strict=True):
        middle = y + height / 2
        for n, (text, size) in enumerate(words):
            down = 0.19 * (n - (len(words) - 1) / 2)
            page.write(MARGIN, middle + down, text, size, INK if size > 9 else MUTED)
        delivered, under_way = (float(np.median(x)) for x in (item.delivered, item.under_way))
        low, high = (float(q) for q in np.quantile(item.delivered, [0.05, 0.95]))
        scale = (right - left) / max(item.planned, delivered + under_way, high)
        page.bar(left, middle - 0.09, right - left, 0.18, TRACK)
        page.bar(left, middle - 0.09, delivered * scale, 0.18, colour)
        page.bar(left + delivered * scale, middle - 0.09, under_way * scale, 0.18, lighter(colour))
        if high > low:
            page.rule(left + low * scale, left + high * scale, middle, INK, 1.0)
        page.upright(left + item.planned * scale, middle - 0.15, middle + 0.15, TARGET, 1.8)
        cells = (number(item.planned), number(delivered), number(under_way), percent(item.chance))
        for (x, _), text, tone in zip(heads, cells, (MUTED, INK, MUTED, INK), strict=True):
            page.write(x, middle, text, 9.5, tone, ha="right")
        y += height
    page.finish()
    return page.figure


def _name(item: Pipeline, lang: Lang, room: float, *, dated: bool) -> list[tuple[str, float]]:
    """The lines of a target's name with their sizes; behind the last, in Chinese its unit and `dated` its year."""
    words = []
    for place, text in enumerate(lines(item.name, lang)):
        size = 10.0 if place == 0 else 8.5
        words += [(part, size) for part in wrap(text, room, size)]
    told = [unit_text(item.unit, "zh")] if lang == "zh" else []
    told += [f"{item.year} 年" if lang == "zh" else str(item.year)] if dated else []
    behind = f"（{'，'.join(told)}）" if lang == "zh" else f" ({', '.join(told)})"
    last, size = words[-1]
    if not told:
        return words
    if text_width(last + behind, size) <= room:
        words[-1] = (last + behind, size)
    elif dated:
        words.append((behind.strip(), size))
    return words
