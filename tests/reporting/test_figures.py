"""Figures: nothing overlaps or leaves the page, the finding is in the title, bytes repeat."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image

from simulator.experiments.cross import Cross
from simulator.experiments.early_warning import Watch
from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UsageError
from simulator.policy.ledger import Ledger
from simulator.registry import Name, load_library, load_registry
from simulator.reporting import Lang, figures, fonts
from simulator.reporting.figures import (
    calibration,
    counted,
    decisions,
    factors,
    firms,
    page,
    rows,
    tiles,
)
from simulator.reporting.figures.scales import scale_up
from simulator.reporting.terminal import decisions as terminal_decisions
from simulator.reporting.wording import number
from tests.reporting import answers
from tests.reporting.ensembles import Floats, Made, ensemble, scenario, with_series

EXAMPLE = Path(__file__).parents[2] / "examples" / "city_xingang"
LANGS: tuple[Lang, ...] = ("zh", "en", "both")
BASELINE = ensemble(n=200)
LONG = ensemble(n=120, end=2035)
PUSH = ensemble(scenario("push", "加码情景", "Push"), n=200, lift=0.02)
LEAN = ensemble(scenario("lean", "精简情景", "Lean"), n=200, lift=-0.001)
SAME = replace(BASELINE, scenario=scenario("no_policy", "无规划情景", "No policy"))

COUNTED = [
    goal.key for goal in load_registry().targets if goal.document == "tj-2025-2027" and goal.value
]
STARTED = np.linspace(2.0, 60.0, BASELINE.n)[:, None] * np.ones(
    BASELINE.table["core_revenue"].shape
)
PROJECTS = with_series(
    BASELINE,
    **{f"milestones_started[{key}]": STARTED for key in COUNTED[:4]},
    **{f"milestones_delivered[{key}]": np.floor(STARTED / 2.0) for key in COUNTED[:4]},
)

DRAWN: dict[str, Callable[[Lang], Figure]] = {
    "fan": lambda lang: figures.fan(BASELINE, lang=lang),
    "fan of a stock": lambda lang: figures.fan(PUSH, "firms_10", lang=lang),
    "fan without a target": lambda lang: figures.fan(BASELINE, "catalogue_firms", lang=lang),
    "fan of a chain": lambda lang: figures.fan(
        BASELINE, "chain_core_revenue[indigenous_it]", lang=lang
    ),
    "fan to 2035": lambda lang: figures.fan(LONG, lang=lang),
    "scorecard": lambda lang: figures.scorecard(BASELINE, lang=lang),
    "chains": lambda lang: figures.chains(BASELINE, lang=lang),
    "districts": lambda lang: figures.districts(BASELINE, lang=lang),
    "district map": lambda lang: figures.district_map(BASELINE, lang=lang),
    "firm sizes": lambda lang: figures.firm_sizes(BASELINE, lang=lang),
    "pipelines": lambda lang: figures.pipelines(PROJECTS, lang=lang),
    "cross": lambda lang: figures.cross(BASELINE, crossed(1.0), lang=lang),
    "cross of nothing": lambda lang: figures.cross(BASELINE, crossed(0.0), lang=lang),
    "overlay": lambda lang: figures.overlay([BASELINE, PUSH, LEAN], lang=lang),
    "overlay of equals": lambda lang: figures.overlay([BASELINE, SAME], lang=lang),
    "money": lambda lang: money(answers.ledger(), lang),
    "money without budgets": lambda lang: money(answers.ledger(empty=True), lang),
    "fit": lambda lang: calibration.learned(answers.calibration(), lang=lang),
    "backtest": lambda lang: calibration.forecasts(answers.backtest(), lang=lang),
    "warning": lambda lang: warning(answers.watch(), lang),
    "warning of another series": lambda lang: warning(answers.watch(other=True), lang),
    "attribution": lambda lang: decisions.attribution(answers.attribution(), lang=lang),
    "attribution to many": lambda lang: decisions.attribution(
        answers.attribution(groups=14, long=True), lang=lang
    ),
    "attribution of nothing": lambda lang: decisions.attribution(
        answers.attribution(zero=True), lang=lang
    ),
    "frontier": lambda lang: decisions.frontier(answers.reach(), lang=lang),
    "frontier that reaches": lambda lang: decisions.frontier(answers.reach("reached"), lang=lang),
    "frontier of nothing": lambda lang: decisions.frontier(answers.reach("nothing"), lang=lang),
    "morris": lambda lang: factors.ranking(answers.sensitivity(), lang=lang),
    "morris without bound": lambda lang: factors.ranking(answers.sensitivity(wide=True), lang=lang),
    "morris of nothing": lambda lang: factors.ranking(answers.sensitivity(zero=True), lang=lang),
    "sobol": lambda lang: factors.ranking(answers.sensitivity(method="sobol"), lang=lang),
    "response": lambda lang: factors.response(answers.sweep(), lang=lang),
    "response of nothing": lambda lang: factors.response(answers.sweep("zero"), lang=lang),
    "heat map": lambda lang: factors.response(answers.sweep("heat"), lang=lang),
    "wide heat map": lambda lang: factors.response(answers.sweep("wide"), lang=lang),
    "flat heat map": lambda lang: factors.response(answers.sweep("flat"), lang=lang),
    "spread sweep": lambda lang: factors.response(answers.spread_sweep(), lang=lang),
    "box": lambda lang: factors.box(answers.discovery(3), lang=lang),
    "box of one condition": lambda lang: factors.box(answers.discovery(1, missed=True), lang=lang),
    "no box": lambda lang: factors.box(answers.discovery(0), lang=lang),
    "conditions": lambda lang: decisions.across(answers.across(), lang=lang),
    "conditions of nothing": lambda lang: decisions.across(answers.across(zero=True), lang=lang),
    "robust": lambda lang: decisions.robust(answers.robust(5), lang=lang),
    "robust of nothing": lambda lang: decisions.robust(answers.robust(2, zero=True), lang=lang),
}
UNSAID = ("fit", "backtest")
"""Figures of the fit itself: they say its verdict, and no scenario."""


def crossed(scale: float) -> Cross:
    registry = load_registry()
    chains = tuple(chain.id for chain in registry.chains)
    places = tuple(place.id for place in registry.places)
    drawn = np.random.default_rng(5).lognormal(-2.0, 3.0, (40, 2, len(chains), len(places)))
    return Cross(np.arange(40), (2024, 2027), chains, places, scale * np.floor(drawn * 100) / 100)


def test_the_contents_say_where_every_figure_is_drawn() -> None:
    contents = figures.__doc__ or ""
    told: dict[str, set[str]] = {}
    home = ""
    for line in re.findall(r"^ {4}(.+)$", contents, re.MULTILINE):
        home, names = line[:13].strip() or home, line[13:38]
        told.setdefault(home, set()).update(names.replace(",", " ").split())
    drawn: dict[str, set[str]] = {}
    for path in sorted(Path(str(figures.__file__)).parent.glob("*.py")):
        functions = [
            node
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
        names = {node.name for node in functions if ast.unparse(node.returns or node) == "Figure"}
        drawn |= {path.stem: names} if names else {}
        assert path.stem == "__init__" or re.search(rf"\b{path.stem}\b", contents)
    assert told == drawn


def test_a_warning_says_the_unit_of_its_bound() -> None:
    assert "低于 610家即" in words(picture("warning of another series", "zh"))
    assert "below 610 firms in 2026" in words(picture("warning of another series", "en"))


def test_every_square_of_the_cross_says_its_median() -> None:
    found = crossed(1.0)
    medians = np.median(found.table[:, -1], axis=0)
    told = words(picture("cross", "en")).split("\n")
    assert number(float(medians.max())) in told
    shown = [text for text in told if re.fullmatch(r"[\d.]+", text)]
    assert len(shown) == int((medians > 0.0).sum()) > 20
    assert not [
        t
        for t in words(picture("cross of nothing", "en")).split("\n")
        if re.fullmatch(r"[\d.]+", t)
    ]


def money(ledger: Ledger, lang: Lang) -> Figure:
    with patch("simulator.experiments.ledger.ledger_of", lambda run: ledger):
        return figures.money(BASELINE, lang=lang)  # type: ignore[arg-type]


def warning(found: Watch, lang: Lang) -> Figure:
    return calibration.warning(BASELINE, found, lang=lang)  # type: ignore[arg-type]


@cache
def picture(name: str, lang: Lang) -> Figure:
    figure = DRAWN[name](lang)
    figure.draw_without_rendering()
    return figure


def texts(figure: Figure) -> list[Text]:
    found = figure.findobj(lambda a: isinstance(a, Text) and a.get_visible() and a.get_text() != "")
    return [text for text in found if isinstance(text, Text)]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", DRAWN)
def test_texts_stay_on_the_page_apart_and_drawable(name: str, lang: Lang) -> None:
    figure = picture(name, lang)
    placed = [(text, text.get_window_extent()) for text in texts(figure)]
    width, height = figure.canvas.get_width_height()
    for text, box in placed:
        assert box.x0 >= 0 and box.y0 >= 0, f"{text.get_text()!r} leaves the page"
        assert box.x1 <= width and box.y1 <= height, f"{text.get_text()!r} leaves the page"
        font = Path(str(text.get_fontproperties().get_file()))
        assert fonts.missing_glyphs(text.get_text(), font) == ""
    for (one, first), (other, second) in combinations(placed, 2):
        # Boxes hold the space above letters; three pixels of it may touch.
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 1 or down <= 3, f"{one.get_text()!r} overlaps {other.get_text()!r}"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", [name for name in DRAWN if name not in UNSAID])
def test_each_figure_says_how_far_it_is_trusted_and_where_it_comes_from(
    name: str, lang: Lang
) -> None:
    shown = words(picture(name, lang))
    if lang != "en":
        assert "未校准" in shown or "已回测" in shown
        assert "来源：simulate" in shown and "种子 1" in shown
    if lang != "zh":
        assert "uncalibrated" in shown or "backtested" in shown
        assert "Source: simulate" in shown and "seed 1" in shown


def test_the_title_of_the_fan_holds_the_finding() -> None:
    level = np.full_like(BASELINE.table["core_revenue"], 640.0)
    level[:50] = 1200.0
    shown = words(figures.fan(with_series(BASELINE, core_revenue=level), lang="en"))
    flat = shown.replace("\n", " ")
    assert "median 640亿元 in 2027, 25% chance of passing 1000亿元" in flat
    assert "Target 2027: >1000亿元 (100 billion CNY)" in flat
    assert "亿元 (10亿元 = 1 billion CNY)" in flat


def test_the_fan_shows_the_base_values_of_the_constructions() -> None:
    base = np.array([250.0, 325.0, 500.0, 650.0])[BASELINE.drawn["construction"].astype(int)]
    run = replace(BASELINE, drawn={**BASELINE.drawn, "base_core_revenue": base})
    shown = words(figures.fan(run, lang="zh")).split("\n")
    assert {"250", "325", "500", "650"} <= set(shown)
    founded_elsewhere = replace(run, drawn={})
    assert "基期" not in words(figures.fan(founded_elsewhere, lang="zh"))


def test_flows_are_drawn_by_year_and_stocks_by_quarter() -> None:
    flow = figures.fan(BASELINE, lang="en").axes[0]
    stock = figures.fan(BASELINE, "firms_10", lang="en").axes[0]
    lines = [max(np.size(line.get_xdata()) for line in axes.lines) for axes in (flow, stock)]
    assert lines == [4, 13]
    assert [label.get_text() for label in flow.get_xticklabels()] == [
        "2024",
        "2025",
        "2026",
        "2027",
    ]


def test_the_scorecard_shows_every_target_of_the_plan_and_the_literal_one() -> None:
    shown = words(figures.scorecard(BASELINE, lang="zh"))
    for target in load_registry().targets:
        if target.document == "tj-2025-2027":
            assert target.name.zh in shown
    assert "尚未建模：M7 技术攻关" in shown
    assert "不属于规划的目标" in shown and ">10000亿元" in shown
    for part in ("低口径", "龙头口径", "龙头加长尾", "宽口径", "几何布朗运动", "口径漂移"):
        assert part in shown
    assert "11 项目标中目前可评估 3 项" in shown.replace("\n", "")


def test_a_district_counts_the_firms_of_its_zones() -> None:
    registry = load_registry()
    series = {f"district_core_revenue[{place.id}]": 0.0 for place in registry.places}
    series["district_core_revenue[binhai]"] = 30.0
    series["district_core_revenue[binhai_hightech]"] = 60.0
    series["district_core_revenue[xiqing]"] = 10.0
    shape = BASELINE.table["core_revenue"].shape
    run = with_series(BASELINE, **{name: np.full(shape, value) for name, value in series.items()})
    shown = words(figures.districts(run, lang="zh"))
    assert "滨海新区约占全市核心营收的 90%" in shown
    assert "各区含其功能区" in shown
    assert "90" in shown.split("\n") and "60" in shown.split("\n")


def test_the_fan_of_a_district_says_that_its_zones_are_apart() -> None:
    whole = words(figures.fan(BASELINE, "district_core_revenue[binhai]", lang="both"))
    assert "滨海新区（不含其中功能区）" in whole
    assert "Binhai New Area without its functional zones" in whole
    plain = words(figures.fan(BASELINE, "district_core_revenue[xiqing]", lang="both"))
    assert "西青区·" in plain and "zones" not in plain


def test_chains_that_grow_alike_are_not_ranked() -> None:
    shape = BASELINE.table["core_revenue"].shape
    names = [name for name in BASELINE.series if name.startswith("chain_")]
    equal = with_series(BASELINE, **{name: np.full(shape, 10.0) for name in names})
    assert "各链增速相近" in words(figures.chains(equal, lang="zh"))
    rising = np.full(shape, 10.0)
    rising[:, 9:] = 20.0
    one = with_series(equal, **{"chain_core_revenue[big_data]": rising})
    assert "“大数据”增长最快，年均 26%" in words(figures.chains(one, lang="zh")).replace("\n", "")


def test_the_overlay_names_the_paired_difference() -> None:
    lifted = with_series(
        replace(BASELINE, scenario=PUSH.scenario),
        core_revenue=BASELINE.table["core_revenue"] + 25.0,
    )
    shown = words(figures.overlay([BASELINE, lifted], lang="en")).replace("\n", " ")
    assert "Push: 25亿元 more than Baseline on average in 2027" in shown
    assert "+25 ± 0" in shown
    equal = words(figures.overlay([BASELINE, SAME], lang="zh")).replace("\n", "")
    assert "无可分辨的差别" in equal


def test_the_overlay_refuses_runs_that_share_no_draws() -> None:
    with pytest.raises(ValueError, match="different seeds"):
        figures.overlay([BASELINE, replace(PUSH, seed=2)])
    with pytest.raises(ValueError, match="at least two"):
        figures.overlay([BASELINE])


@pytest.mark.parametrize("runs", [[BASELINE, LONG], [LONG, BASELINE]])
def test_runs_of_different_periods_are_laid_over_each_other_where_both_have_figures(
    runs: list[Made],
) -> None:
    drawn = figures.overlay(runs, "firms_10", lang="both")
    told = words(drawn).replace("\n", "")
    assert "只画各运行共有的 2024–2027 年" in told
    assert "only what all runs cover: 2024–2027" in told
    assert "2028" not in told
    one = ensemble(replace(BASELINE.scenario, stem="short"), n=120)
    one = replace(one, quarters=one.quarters[:1], table={k: v[:, :1] for k, v in one.table.items()})
    assert "2024 alone" in words(figures.overlay([one, *runs], lang="en"))
    with pytest.raises(UsageError, match="no year in common"):
        figures.overlay([one, replace(BASELINE, quarters=BASELINE.quarters[1:], table=later())])


def later() -> dict[str, Floats]:
    return {key: values[:, 1:] for key, values in BASELINE.table.items()}


def test_a_series_that_the_run_lacks_is_an_error() -> None:
    with pytest.raises(KeyError, match="firms_500"):
        figures.fan(BASELINE, "firms_500")


def test_empty_series_are_drawn_without_a_warning() -> None:
    zero = np.zeros_like(BASELINE.table["core_revenue"])
    names = [name for name in BASELINE.series if "[" in name]
    run = with_series(BASELINE, core_revenue=zero, **dict.fromkeys(names, zero))
    for figure in (figures.fan(run), figures.chains(run), figures.districts(run)):
        figure.draw_without_rendering()


def test_one_scenario_keeps_one_colour_and_no_two_share_one() -> None:
    assert page.colour_of("baseline") == page.BASELINE
    stems = ["baseline", "push", "baseline_low", "baseline_high", "lean", "mine"]
    colours = page.colours_of(stems)
    assert len(set(colours)) == len(stems)
    assert colours[:2] == [page.colour_of("baseline"), page.colour_of("push")]
    assert page.colours_of([f"s{i}" for i in range(20)])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("figures")
    yield figures.save(
        figures.fan(BASELINE), folder / "deep" / "fan", {"Scenario": "基准", "Seed": "1"}
    )


def test_saved_files_repeat_byte_for_byte(saved: tuple[Path, Path], tmp_path: Path) -> None:
    again = figures.save(figures.fan(BASELINE), tmp_path / "fan", {"Scenario": "基准", "Seed": "1"})
    for first, second in zip(saved, again, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert [path.suffix for path in saved] == [".png", ".svg"]
    assert sorted(path.name for path in saved[0].parent.iterdir()) == ["fan.png", "fan.svg"]


def test_saved_files_carry_their_provenance(saved: tuple[Path, Path]) -> None:
    with Image.open(saved[0]) as picture:
        told = dict(picture.info)
    assert told["Scenario"] == "基准"
    assert told["Seed"] == "1"
    assert "baseline-" in told["Source"]
    assert "Creation Time" not in told
    svg = saved[1].read_text(encoding="utf-8")
    assert "基准" in svg and "<dc:date>" not in svg
    # Texts are outlines: no font is needed where the picture is shown.
    assert not re.search(r"<text[ >]", svg)


def test_lines_break_where_a_reader_would() -> None:
    assert page.wrap("short", 5.0, 10.0) == ["short"]
    chinese = page.wrap(
        "全市核心营收中位数约 652亿元（公布口径），超过目标的概率很小，不是预测。", 2.0, 12.0
    )
    assert len(chinese) > 1
    assert all(line[0] not in "，。）；：" and line[-1] not in "（“" for line in chinese)
    assert not any(line.endswith("652") for line in chinese)
    english = page.wrap("Revenue of basic and core AI enterprises in the city", 1.6, 12.0)
    assert " ".join(english) == "Revenue of basic and core AI enterprises in the city"
    for lines, width in ((chinese, 2.0), (english, 1.6)):
        assert all(page.text_width(line, 12.0) <= width for line in lines)


WRAPPED = (
    "实心点：240 个未参与选择的成员，竖线为 95% 区间；空心点：选择时的 64 个成员；灰色菱形：基准情景本身；"
    "横线：所求概率费用的 95% 区间。费用为全期财政预算，多为假定",
    "2027 年“自主可控信息系统”约占核心营收的 70%；“工业机器人”增长最快，年均 70%",
    "全市核心营业收入超过 1000亿元的目标口径没有公布基期数（见《行动方案》第 3 条），Shapley 份额按四种口径分别给出",
    "天津滨海高新技术产业开发区与中新天津生态城、滨海新区智能网联车产业链营业收入之和",
)


@pytest.mark.parametrize("text", WRAPPED)
@pytest.mark.parametrize("width", [1.5, 2.5, 4.0, 6.5])
def test_chinese_breaks_at_marks_and_between_words(text: str, width: float) -> None:
    lines = page.wrap(text, width, 9.5)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(page.text_width(line, 9.5) <= width for line in lines)
    for line, following in pairwise(lines):
        assert line[-1] not in "（“《" and following[0] not in "，。；：、）”》%"
        assert not (line[-1].isdigit() and following[0] > "\u2e7f")  # a number and its unit
        for word in ("菱形", "口径", "营业收入", "“工业机器人”", "滨海新区", "智能网联车"):
            for cut in range(1, len(word)):
                head, tail = word[:cut].rstrip(), word[cut:].lstrip()
                split = line.endswith(head) and following.startswith(tail)
                assert not split, f"{line} | {following}"


def test_lines_prefer_the_end_of_a_sentence() -> None:
    for text in WRAPPED[:2]:
        assert all(line[-1] in "，；：。、" for line in page.wrap(text, 4.5, 9.5)[:-1])
    assert page.wrap("灰色菱形" * 9, 2.0, 9.5)[0].endswith("菱形")


def test_long_names_of_scenarios_stay_on_the_page() -> None:
    name = Name(zh="很长的情景名称" * 9, en="a very long name of a scenario " * 7)
    run = replace(BASELINE, scenario=replace(BASELINE.scenario, name=name))
    figure = figures.fan(run)
    figure.draw_without_rendering()
    width, _ = figure.canvas.get_width_height()
    assert all(text.get_window_extent().x1 <= width for text in texts(figure))


def test_every_district_has_a_tile_of_its_own_near_its_neighbours() -> None:
    library = load_library()
    tiles = library.tiles
    assert set(tiles) == {place.id for place in library.registry.places if place.parent is None}
    assert len(set(tiles.values())) == len(tiles)
    # North is up and east is right.
    assert tiles["jizhou"][1] < tiles["baodi"][1] < tiles["heping"][1] < tiles["jinnan"][1]
    assert tiles["xiqing"][0] < tiles["nankai"][0] < tiles["hedong"][0] < tiles["binhai"][0]


def test_the_map_says_that_it_is_schematic_and_shades_by_size() -> None:
    shown = words(figures.district_map(BASELINE, lang="both")).replace("\n", "")
    assert "示意图" in shown and "schematic" in shown
    shades = [tiles.shade(value, page.COLOURS[0]) for value in (0.5, 2.0, 5.0, 20.0, 50.0, 500.0)]
    assert len(set(shades)) == 6 and shades[-1] == page.COLOURS[0]
    assert page.ink_on(shades[0]) == page.INK and page.ink_on(shades[-1]) == "#ffffff"


def test_a_city_without_a_layout_gets_its_districts_in_order_of_size() -> None:
    plain = replace(BASELINE, library=load_library(EXAMPLE))
    series = {
        f"district_core_revenue[{p.id}]": np.full_like(STARTED, 5.0)
        for p in plain.library.registry.places
    }
    shown = words(figures.district_map(replace(plain, table=series), lang="en"))
    assert "not a map" in shown.replace("\n", " ") and "schematic" not in shown


def test_size_classes_add_up_to_all_catalogue_firms() -> None:
    classes = firms.size_classes(BASELINE)
    total = sum(found.counts for found in classes)
    np.testing.assert_array_equal(total, BASELINE.annual("catalogue_firms"))
    with pytest.raises(KeyError, match="firms_50"):
        firms.size_classes(
            replace(
                BASELINE,
                table={"firms_10": STARTED, "catalogue_firms": STARTED, "firms_100": STARTED},
            )
        )


def test_pipelines_hold_what_is_started_and_not_delivered() -> None:
    found = counted.pipelines_of(PROJECTS)
    assert [item.key for item in found] == COUNTED[:4]
    np.testing.assert_array_equal(
        found[0].under_way, STARTED[:, -1] - np.floor(STARTED[:, -1] / 2.0)
    )
    with pytest.raises(KeyError, match="counts no projects"):
        figures.pipelines(BASELINE)


def test_a_single_project_is_shown_by_its_size_and_judged_once_begun_at_its_deadline() -> None:
    long = ensemble(replace(BASELINE.scenario, plans=("tj-2018-2020",)), n=40)
    quarters = tuple(Quarter(2017 + i // 4, 1 + i % 4) for i in range(3, 31))
    shape = (long.n, len(quarters))
    ones, late = np.ones(shape), np.zeros(shape)
    late[:, quarters.index(Quarter(2021, 1)) :] = 1.0
    key = "tj18_exascale"
    held = {
        f"milestones_started[{key}]": ones,
        f"milestones_delivered[{key}]": late,
        f"project_size_begun[{key}]": 1e18 * ones,
        f"project_size_delivered[{key}]": 0.8e18 * late,
    }
    long = replace(long, quarters=quarters, table={**held, "core_revenue": 200.0 * ones})
    (found,) = counted.pipelines_of(long)
    assert (found.year, found.planned, found.chance, found.likely) == (2020, 1e18, 1.0, True)
    assert np.all(found.under_way == 1e18)
    assert np.all(found.delivered == 0.0)
    told = words(figures.pipelines(long, lang="zh")).replace("\n", "")
    assert "1 项计数目标（2020 年到期）中，1 项的中位数按期达到规划数" in told
    assert "单个项目以启动为准" in told


@pytest.mark.parametrize("lang", LANGS)
def test_an_interval_without_bound_leaves_the_bars_to_be_seen(lang: Lang) -> None:
    drawn = picture("morris without bound", lang)
    told = words(drawn).replace("\n", "").replace(" ", "")
    assert "∞" in told
    assert "e+18" not in told
    assert "arrows" in told or "箭头" in told
    longest = max(bar.get_width() for bar in drawn.artists if isinstance(bar, Rectangle))
    assert longest * page.Page.width > 0.99 * (rows.RIGHT - rows.LEFT) / rows.WIDEST
    listed = "".join(terminal_decisions.sensitivity(answers.sensitivity(wide=True), lang).split())
    assert "…∞" in listed
    assert "6.32e" not in listed


def test_money_below_one_is_no_share() -> None:
    said = []
    for shares in (False, True):
        axes = Figure().subplots()
        scale_up(axes, 0.8, shares=shares)
        said.append([label.get_text() for label in axes.get_yticklabels()])
    assert said[0][1] == "0.2" and said[1][1] == "20%"
