"""What the plans count: how much of each target is delivered, under way, and still to begin."""

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
from simulator.reporting.wording import lines, number, percent
from simulator.targets import DELIVERED, Floats, goals_of, met, probability

STARTED = "milestones_started"


class Pipeline(NamedTuple):
    """One counted target: what is planned, and by member what is started and delivered by the end of the run."""

    key: str
    name: Name
    unit: str
    planned: float
    started: Floats
    delivered: Floats
    chance: float | None

    @property
    def under_way(self) -> Floats:
        """Started and not delivered."""
        return self.started - self.delivered


def pipelines_of(run: Ensemble) -> tuple[Pipeline, ...]:
    """The counted targets of the run in the order of the plan; empty where it counts no projects."""
    found = []
    for goal in goals_of(run):
        names = f"{STARTED}[{goal.key}]", f"{DELIVERED}[{goal.key}]"
        if not isinstance(goal, Target) or goal.value is None:
            continue
        if not all(name in run.series for name in names):
            continue
        started, delivered = (run.values(name)[:, -1] for name in names)
        try:
            chance = probability(met(goal, run)).value
        except KeyError:
            chance = None
        found.append(
            Pipeline(goal.key, goal.name, goal.unit, goal.value, started, delivered, chance)
        )
    return tuple(found)


def pipelines(run: Ensemble, *, lang: Lang = "both") -> Figure:
    """A bar for each counted target: delivered, under way, and the line of what is planned.

    KeyError for a run that counts no projects toward a target.
    """
    found = pipelines_of(run)
    if not found:
        raise KeyError("the run counts no projects toward a target with a figure")
    year = run.years[-1]
    whole = sum(float(np.median(item.delivered)) >= item.planned for item in found)
    title = Name(
        f"{len(found)} 项计数目标中，{whole} 项到 {year} 年底的交付中位数达到规划数",
        f"{whole} of {len(found)} counted targets: the median delivers what is planned by the end of {year}",
    )
    subtitle = Name(
        f"{run.scenario.name.zh}；深色为已交付，浅色为在建（中位数），细线为交付数的 5–95%，红线为规划数，各行刻度不同"
        "；达成概率按条款的期限与口径评判",
        f"{run.scenario.name.en}; dark: delivered, light: under way (medians), thin line: 5–95% of deliveries, red: "
        "planned, each row to its own scale; the probability is judged by each clause's deadline and wording",
    )
    left, right = 3.9, 7.1
    names = [_name(item, lang, left - 0.2 - MARGIN) for item in found]
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


def _name(item: Pipeline, lang: Lang, room: float) -> list[tuple[str, float]]:
    """The lines of a target's name with their sizes; the unit behind the first language."""
    words = []
    for place, text in enumerate(lines(item.name, lang)):
        size = 10.0 if place == 0 else 8.5
        words += [(part, size) for part in wrap(text, room, size)]
    unit = f" ({item.unit})" if lang == "zh" else ""
    last, size = words[-1]
    if unit and text_width(last + unit, size) <= room:
        words[-1] = (last + unit, size)
    return words
