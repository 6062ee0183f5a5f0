"""The page that every figure is drawn on: texts measured before they are placed, lines, bars, dots, colours.

Drawn with matplotlib's objects on the Agg canvas, without pyplot and without touching its settings. A page is laid
out in inches from the top left of its body, so that titles wrap and nothing overlaps, in Chinese, English or both.
"""

import io
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeAlias

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from simulator.experiments.runs import folder_name
from simulator.foundation.files import write_alone
from simulator.registry import Name, load_library
from simulator.reporting import Ensemble, Lang
from simulator.reporting.fonts import typeface
from simulator.reporting.wording import lines
from simulator.scenario import Scenario
from simulator.targets import UNCALIBRATED, trust_in, trust_of

DPI = 160
MARGIN = 0.45  # inches left and right of the texts
INK = "#1f2933"
MUTED = "#66727f"
FAINT = "#9aa5b1"
RULE = "#e4e8ec"
TRACK = "#eef1f4"
TARGET = "#b3261e"
CAUTION = "#9a6700"
BASELINE = "#5f6b7a"
LOST = "#c2571a"  # money that reached nobody it was meant for
COLOURS = ("#1f6f8b", "#c2571a", "#5d7f2e", "#7a4b94", "#a8841b", "#2f4f9e")
KNOWN_COLOURS: Mapping[str, str] = {
    "baseline": BASELINE,
    "no_policy": COLOURS[3],
    "push": COLOURS[0],
    "lean": COLOURS[1],
}
"""Shipped scenarios keep their colour; the others take one from their name."""

_MEASURE_DPI = 144
LONGEST_QUOTED = 14
LONGEST_NAME = 8
CLOSING = " ，。；：、）”》！？…％%·"
OPENING = "（“《"
WIDE = "\u2e7f"  # characters beyond it are as wide as high
WORDS = (
    *("人工智能", "基础核心", "核心企业", "营业收入", "核心营收", "政策工具", "产业链", "供应链"),
    *("高新技术", "产业开发区", "经济技术", "科创园", "功能区", "专精特新", "中位数", "百分点"),
    *("亿元", "区间", "口径", "基期", "基数", "构造", "成员", "情景"),
    *("基准", "目标", "概率", "方差", "比重", "预算", "拨款", "认缴"),
    *("实缴", "资本", "业主", "供应商", "菱形", "横线", "竖线", "细线"),
    *("粗线", "空心", "实心", "灰色", "红色", "其他", "各区", "年均"),
    *("抽样", "假定"),
)
"""Words that titles and subtitles use; names of chains and places of the shipped city come beside them."""
Picture: TypeAlias = Figure
"""What a figure is, for those who only pass it on."""


def save(
    figure: Figure, path: str | Path, metadata: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Write `<path>.png` and `<path>.svg` with the metadata inside; the two paths.

    The same figure and metadata give the same bytes. `metadata` is free text by key (scenario,
    digest, seed, versions …); the foot of the figure is added as the source.
    """
    told = {"Software": "simulate", "Source": getattr(figure, "_provenance", "")}
    told.update({key: str(value) for key, value in (metadata or {}).items()})
    base = Path(path)
    base.parent.mkdir(parents=True, exist_ok=True)
    png, svg = base.with_name(base.name + ".png"), base.with_name(base.name + ".svg")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata=told)
    write_alone(png, buffer.getvalue())
    buffer = io.BytesIO()
    # Ids in an SVG come from a salt: a fixed one makes the bytes repeatable. Texts become paths,
    # so that the picture needs no Chinese font where it is shown.
    with matplotlib.rc_context({"svg.hashsalt": "simulate", "svg.fonttype": "path"}):
        figure.savefig(
            buffer,
            format="svg",
            metadata={
                "Date": None,
                "Creator": "simulate",
                "Title": told.get("Title", ""),
                "Source": told["Source"],
                "Description": json.dumps(told, ensure_ascii=False, sort_keys=True),
            },
        )
    write_alone(svg, buffer.getvalue())
    return png, svg


def body_svg(figure: Figure) -> str:
    """The body of a page as SVG on a clear ground, without the header and foot that a report says in its own text."""
    framing: Framing = figure._framing  # type: ignore[attr-defined]
    for text in figure.texts[: framing.texts]:
        text.set_visible(False)
    figure.patch.set_visible(False)
    width, height = figure.get_size_inches()
    bottom = height - framing.top - framing.height
    cut = Bbox.from_extents(MARGIN - 0.05, bottom, width - MARGIN + 0.05, height - framing.top)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "simulate", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", bbox_inches=cut, metadata={"Date": None})
    return buffer.getvalue()


def colour_of(stem: str) -> str:
    """The colour that a scenario keeps in every figure."""
    return KNOWN_COLOURS.get(stem) or COLOURS[zlib.crc32(stem.encode()) % len(COLOURS)]


def colours_of(stems: Sequence[str]) -> list[str]:
    """One colour for each scenario, all different while the palette lasts."""
    taken: list[str] = []
    for stem in stems:
        wanted = colour_of(stem)
        free = [colour for colour in (*COLOURS, BASELINE) if colour not in taken]
        taken.append(wanted if wanted not in taken or not free else free[0])
    return taken


class Framing(NamedTuple):
    """How many of a figure's first texts are its header and foot, and where its body lies: inches from the top."""

    texts: int
    top: float
    height: float


class Page:
    """A sheet of a fixed width with header, body and foot, laid out in inches from the top left."""

    width = 10.0

    def __init__(
        self,
        lang: Lang,
        title: Name,
        subtitle: Name,
        *,
        body: float,
        footer: Name,
        caution: Name = UNCALIBRATED,
    ) -> None:
        self.lang = lang
        first, second = (15.5, 11.5) if lang == "both" else (15.5, 15.5)
        header: list[tuple[str, float, str, float]] = []
        for place, text in enumerate(lines(title, lang)):
            size = first if place == 0 else second
            for part in wrap(text, self.width - 2 * MARGIN, size):
                header.append((part, size, INK, size / 72 * 1.42))
        header.append(("", 1.0, INK, 0.05))
        for text in lines(subtitle, lang):
            for part in wrap(text, self.width - 2 * MARGIN, 9.5):
                header.append((part, 9.5, MUTED, 9.5 / 72 * 1.5))
        bottom: list[tuple[str, float, str, float]] = []
        for name, colour in ((caution, CAUTION), (footer, FAINT)):
            for text in lines(name, lang):
                for part in wrap(text, self.width - 2 * MARGIN, 8.0):
                    bottom.append((part, 8.0, colour, 8.0 / 72 * 1.55))
        self.top = 0.38 + sum(item[3] for item in header) + 0.18
        self.height = self.top + body + 0.12 + sum(item[3] for item in bottom) + 0.3
        self.figure = Figure(figsize=(self.width, self.height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(self.figure)
        y = 0.38 - self.top
        for part, size, colour, step in header:
            if part:
                self.write(MARGIN, y, part, size, colour, va="top")
            y += step
        y = body + 0.12
        for part, size, colour, step in bottom:
            self.write(MARGIN, y, part, size, colour, va="top")
            y += step
        # What the file's metadata quotes; matplotlib figures take attributes.
        self.figure._provenance = footer.en  # type: ignore[attr-defined]
        # What a report says in its own text: the texts so far, and where the body lies.
        self.figure._framing = Framing(len(self.figure.texts), self.top, body)  # type: ignore[attr-defined]

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at inches from the left and from the top of the body, without any frame."""
        axes = self.figure.add_axes(
            (
                left / self.width,
                1.0 - (self.top + top + height) / self.height,
                width / self.width,
                height / self.height,
            )
        )
        axes.set_facecolor("none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0, pad=5)
        return axes

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str = INK,
        *,
        ha: str = "left",
        va: str = "center",
    ) -> None:
        """Text at inches from the left and from the top of the body."""
        self.figure.text(
            x / self.width,
            1.0 - (self.top + y) / self.height,
            text,
            fontproperties=font(text, size),
            color=colour,
            ha=ha,
            va=va,
            linespacing=1.3,
        )

    def rule(self, x0: float, x1: float, y: float, colour: str = RULE, weight: float = 0.8) -> None:
        """A horizontal line at inches."""
        height = 1.0 - (self.top + y) / self.height
        self.figure.add_artist(
            Line2D(
                [x0 / self.width, x1 / self.width],
                [height, height],
                color=colour,
                linewidth=weight,
                solid_capstyle="butt",
            )
        )

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str) -> None:
        """A thin line between two points at inches."""
        ends = [1.0 - (self.top + y) / self.height for y in (y0, y1)]
        self.figure.add_artist(
            Line2D([x0 / self.width, x1 / self.width], ends, color=colour, linewidth=0.7)
        )

    def upright(self, x: float, y0: float, y1: float, colour: str, weight: float = 0.8) -> None:
        """A vertical line at inches."""
        ends = [1.0 - (self.top + y) / self.height for y in (y0, y1)]
        self.figure.add_artist(Line2D([x / self.width] * 2, ends, color=colour, linewidth=weight))

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle with its top left corner at inches."""
        self.figure.add_artist(
            Rectangle(
                (x / self.width, 1.0 - (self.top + y + height) / self.height),
                width / self.width,
                height / self.height,
                facecolor=colour,
                linewidth=0,
            )
        )

    def dot(
        self, x: float, y: float, colour: str, size: float = 7.0, *, hollow: bool = False
    ) -> None:
        """A round mark at inches."""
        self.figure.add_artist(
            Line2D(
                [x / self.width],
                [1.0 - (self.top + y) / self.height],
                marker="o",
                markersize=size,
                markerfacecolor="white" if hollow else colour,
                markeredgecolor=colour,
                markeredgewidth=1.4 if hollow else 0.0,
                linestyle="none",
            )
        )

    def finish(self) -> None:
        """Give every tick label the typeface; axes make their labels when asked."""
        for axes in self.figure.axes:
            for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
                label.set_fontproperties(font(label.get_text() or "0", 9.5))
                label.set_color(MUTED)


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines of at most `width` inches at `size` points, of similar length.

    Where a reader would: after a mark, else at a space, between the languages or after 的, and inside a Chinese word
    only where nothing else is left. A number stays with its unit and a short quotation whole; no line starts with a
    closing mark or ends with an opening one (kinsoku).
    """
    if text_width(text, size) <= width:
        return [text]
    limit = width
    while True:
        found = _filled(text, limit, size)
        # Lines are measured as parts of the whole; one that is drawn in another typeface may turn out wider.
        if limit < 0.9 * width or all(text_width(line, size) <= width for line in found):
            return found
        limit *= 0.98


def _filled(text: str, width: float, size: float) -> list[str]:
    """The lines that cost least: one for each line, the square of what it leaves empty, and what its break costs."""
    breaks = _breaks(text)
    places = [0, *breaks, len(text)]
    ends = [0.0] + [text_width(text[:place].rstrip(), size) for place in places[1:]]
    starts = [ends[i] + 0.3 * size / 72 * (text[p - 1 : p] == " ") for i, p in enumerate(places)]
    best, came = [0.0], [0]
    for j in range(1, len(places)):
        choices = []
        for i in range(j - 1, -1, -1):
            empty = 1.0 - (ends[j] - starts[i]) / width
            if empty < 0.0 and i < j - 1:
                break
            choices.append((best[i] + 1.0 + empty * empty + breaks.get(places[i], 0.0), i))
        cost, origin = min(choices)
        best.append(cost)
        came.append(origin)
    cuts, j = [len(text)], len(places) - 1
    while j:
        j = came[j]
        cuts.insert(0, places[j])
    return [text[i:j].strip() for i, j in pairwise(cuts)]


@lru_cache(4096)
def text_width(text: str, size: float) -> float:
    """Width in inches of one line at `size` points."""
    face = _face(typeface(text))
    face.set_size(size, _MEASURE_DPI)
    face.set_text(text)
    width, _ = face.get_width_height()
    return width / 64.0 / _MEASURE_DPI


@cache
def _face(path: Path) -> FT2Font:
    return FT2Font(str(path))


@lru_cache(4096)
def font(text: str, size: float) -> FontProperties:
    """The typeface that can draw the text, at `size` points."""
    return FontProperties(fname=typeface(text), size=size)


def _breaks(text: str) -> dict[int, float]:
    """The places before which a line may start, with what a break there costs, in lines."""
    whole = {place for start, end in _words(text) for place in range(start + 1, end)}
    found = {}
    quoted = 0
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place]
        if before == "“" and 0 <= text[place:].find("”") <= LONGEST_QUOTED:
            quoted = place + text[place:].find("”")
        cost = _break_cost(text[:place].rstrip()[-1:], before, after)
        inside = text.count("（", 0, place) > text.count("）", 0, place)
        if cost is not None and place > quoted:
            found[place] = cost + 4.0 * (place in whole) + 0.5 * inside
    return found


def _break_cost(last: str, before: str, after: str) -> float | None:
    """What a break between two characters costs; `last` is the last one that is no space; None where none may be."""
    if after in CLOSING or last in OPENING or (last.isdigit() and (after > WIDE or after == "%")):
        return None
    if last in "，。；：,;:" and (before == " " or last > WIDE):
        return 0.0
    if before == " ":
        return 0.15
    if before > WIDE and after > WIDE:
        return 0.1 if before in "、）”" or after in OPENING else 0.3 if before == "的" else 0.9
    return 0.3 if (before > WIDE) != (after > WIDE) else None


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Where known words and names stand in a text."""
    registry = load_library().registry
    names = [item.name.zh for item in (*registry.chains, *registry.places)]
    for word in (*WORDS, *(name for name in names if len(name) <= LONGEST_NAME)):
        start = text.find(word)
        while start >= 0:
            yield start, start + len(word)
            start = text.find(word, start + 1)


def foot(*runs: Ensemble) -> dict[str, Name]:
    """The foot of a page about runs: where it comes from, and what may be believed of it."""
    return {"footer": _provenance(*runs), "caution": trust_in(runs[0]).caution}


def study_foot(scenario: Scenario, members: int) -> dict[str, Name]:
    """The foot of a page about a study of a scenario: where its numbers come from, and what may be believed of them."""
    label = f"{scenario.stem}-{scenario.digest()[:8]}"
    each = "member" if members == 1 else "members"
    footer = Name(
        f"来源：simulate；情景 {scenario.name.zh}（{label}）；{members} 个成员，种子 {scenario.seed}",
        f"Source: simulate; scenario {scenario.name.en} ({label}); {members} {each}, seed {scenario.seed}",
    )
    return {"footer": footer, "caution": trust_of(scenario).caution}


def _provenance(*runs: Ensemble) -> Name:
    """Where a figure comes from: scenarios with the names of their runs, members, seed."""
    labels = [(run.scenario.name, folder_name(run.scenario.stem, run.hash)) for run in runs]
    parts = [f"{name.zh} ({label})" for name, label in labels]
    english = [f"{name.en} ({label})" for name, label in labels]
    members = min(run.n for run in runs)
    return Name(
        zh=f"来源：simulate；情景 {'、'.join(parts)}；{members} 个成员，种子 {runs[0].seed}",
        en=f"Source: simulate; scenario {', '.join(english)}; {members} members, "
        f"seed {runs[0].seed}",
    )


def shorten(text: str, width: float, size: float) -> str:
    """The text cut to `width` inches at `size` points, with an ellipsis where it was cut."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1].rstrip()
    return text + "…"


def lighter(colour: str) -> str:
    """Halfway to white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{(part + 255) // 2:02x}" for part in parts)


def tint(colour: str, strength: float, ground: str = "#ffffff") -> str:
    """The colour thinned with the ground: 1 is itself, 0 is the ground."""
    pairs = ([int(each[i : i + 2], 16) for each in (ground, colour)] for i in (1, 3, 5))
    return "#" + "".join(f"{round(low + strength * (full - low)):02x}" for low, full in pairs)


def ink_on(colour: str) -> str:
    """Dark or white letters, whichever stands out more on the colour."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "#ffffff"
