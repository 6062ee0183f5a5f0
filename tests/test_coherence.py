"""What the targets imply for one another follows from the registry, figure by figure."""

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from simulator.coherence import KINDS, Implication, coherence
from simulator.foundation.tables import read_table, shipped
from simulator.registry import Registry, Target, load_library
from simulator.registry.translations import in_both
from simulator.reporting import Lang, terminal

LIBRARY = load_library()
REGISTRY = LIBRARY.registry
FOUND = coherence(REGISTRY, LIBRARY.constructions)


def of(rule: str, *keys: str, among: tuple[Implication, ...] = FOUND) -> Implication:
    """The one implication of a rule whose inputs include these."""
    fits = [i for i in among if i.rule == rule and set(keys) <= {part.key for part in i.inputs}]
    assert len(fits) == 1, [item.key for item in fits]
    return fits[0]


def values(item: Implication) -> list[float]:
    return [amount.value for amount in item.amounts]


def with_target(key: str, **fields: Any) -> tuple[Implication, ...]:
    """What follows from the registry with one target changed."""
    changed: list[Target] = [
        replace(target, **fields) if target.key == key else target for target in REGISTRY.targets
    ]
    assert changed != list(REGISTRY.targets)
    return coherence(replace(REGISTRY, targets=tuple(changed)), LIBRARY.constructions)


def test_the_tiers_give_a_floor_of_370_or_400_and_the_total_binds() -> None:
    floor = of("tier_floor", "tj27_firms_50yi", "tj27_firms_10yi")
    assert floor.kind == "floor" and values(floor) == [370.0, 400.0]
    assert floor.amounts[0].arithmetic == "3 × 50 + (25 − 3) × 10 = 370亿元"
    assert "tier_nesting" in floor.ambiguities
    beyond = of("tier_share", "tj27_core_revenue")
    assert beyond.kind == "binds"
    assert values(beyond) == pytest.approx([37.0, 630.0, 63.0, 40.0, 600.0, 60.0])


def test_the_pilot_floors_conflict_with_the_later_total_on_one_perimeter_only() -> None:
    firms = of("floor_against_total", "pz24_firms_100yi", "tj27_core_revenue")
    clusters = of("floor_against_total", "pz24_clusters", "tj27_core_revenue")
    assert values(firms) == [1000.0, 1.0] and values(clusters) == [3000.0, 5000.0, 3.0]
    for item in (firms, clusters):
        assert item.kind == "conflicts" and item.condition is not None
        assert len({part.metric for part in item.perimeters}) == 2
        assert len({part.document for part in item.perimeters}) == 2
        assert "tier_tension" in item.ambiguities and "not spliced" in item.says.en
    larger = of("larger_floor", "pz24_firms_100yi", "pz24_clusters")
    assert larger.kind == "binds" and values(larger) == [1000.0, 3000.0, 2000.0]
    contained = of("tier_contained", "pz24_firms_100yi", "tj27_firms_50yi")
    assert contained.kind == "implied" and len(contained.perimeters) == 2


def test_growth_needed_from_each_construction_of_the_base() -> None:
    growth = of("growth_from_base", "tj27_core_revenue")
    assert [round(value) for value in values(growth)] == [59, 45, 26, 15]
    for amount, base in zip(growth.amounts, LIBRARY.constructions, strict=True):
        assert base.median * (1 + amount.value / 100) ** 3 == pytest.approx(1000.0)
    assert not [i for i in coherence(REGISTRY, ()) if i.rule == "growth_from_base"]


def test_two_perimeters_are_named_and_not_joined() -> None:
    between = of("growth_between_targets", "tj18_core_revenue", "tj27_core_revenue")
    assert [part.metric for part in between.perimeters] == ["core_scale", "core_revenue"]
    assert between.condition is not None and "not spliced" in between.says.en
    assert "不作拼接" in between.says.zh
    joined = with_target("tj18_core_revenue", metric="core_revenue")
    same = of("growth_between_targets", "tj18_core_revenue", among=joined)
    assert same.condition is None and not same.perimeters


def test_parts_sums_and_ratios() -> None:
    assert values(of("parts", "ch18_leading_firms")) == [10.0, 0.0]
    assert of("parts", "ch18_leading_firms").kind == "implied"
    assert values(of("sum", "pz24_rd_talents")) == [1110.0, 1000.0]
    assert values(of("named_parts", "pz24_named_firms")) == [600.0, 4.0]
    assert values(of("named_parts", "pz24_named_cluster_security")) == [2000.0, 1.0, 3.0]
    sales = of("ratio", "tj18_new_sales", "tj18_investment")
    assert sales.amounts[0].arithmetic == "1000 / 350 = 2.86"
    assert values(of("ratio", "tj18_investment", "tj18_major_projects")) == [10.0]


def test_a_promise_made_twice_counts_once() -> None:
    leaders = of("restated_target", "ch18_leading_firms_restated")
    funds = of("restated_lever", "tj18_fund_group", "ch18_fund_group")
    assert leaders.kind == funds.kind == "implied"
    assert values(leaders) == [10.0] and values(funds) == [1000.0]
    assert {clause.document for clause in funds.clauses} == {"tj-2018-2020", "chains-2018-2020"}
    assert of("promised_input", "tj18_fund_group").kind == "implied"
    restated = with_target("ch18_leading_firms_restated", value=12.0)
    assert of("restated_target", "ch18_leading_firms", among=restated).kind == "conflicts"


def test_the_literal_figure_is_ten_times_the_plan() -> None:
    literal = of("literal_figure", "tj27_core_revenue")
    assert literal.kind == "conflicts" and values(literal) == [10000.0, 10.0]
    assert "1000 billion CNY" in literal.says.en
    raised = with_target("tj27_core_revenue", value=10000.0)
    assert of("literal_figure", "tj27_core_revenue", among=raised).amounts[0].value == 1000.0


def test_figures_come_from_the_data_and_kinds_turn_with_them() -> None:
    more = with_target("tj27_firms_50yi", value=4.0)
    assert values(of("tier_floor", "tj27_firms_50yi", among=more)) == [410.0, 450.0]
    many = with_target("tj27_firms_10yi", value=110.0)
    assert of("tier_share", "tj27_core_revenue", among=many).kind == "implied"
    fewer = with_target("tj27_firms_10yi", value=2.0)
    assert values(of("tier_floor", "tj27_firms_10yi", among=fewer)) == [150.0, 170.0]
    high = with_target("tj27_core_revenue", value=3001.0)
    assert not [item for item in high if item.rule == "floor_against_total"]
    short = with_target("ch18_leading_intl", value=3.0)
    assert of("parts", "ch18_leading_firms", among=short).kind == "needs"
    broke = with_target("tj18_fund_group", value=1200.0)
    assert of("promised_input", "tj18_fund_group", among=broke).kind == "conflicts"
    early = with_target("tj27_key_tech", value=150.0)
    assert of("counter", "tj27_key_tech", among=early).kind == "needs"


def test_every_derived_figure_of_the_data_is_found() -> None:
    wanted = [item for item in REGISTRY.derived if item.inputs]
    assert len(wanted) == 10
    for figure in wanted:
        near = [
            amount.value
            for item in FOUND
            if set(figure.inputs) <= {part.id for part in item.inputs}
            for amount in item.amounts
        ]
        assert any(value == pytest.approx(figure.value, rel=2e-3) for value in near), figure.id


def test_the_arithmetic_written_out_gives_the_value() -> None:
    checked = 0
    for item in FOUND:
        for amount in item.amounts:
            match = re.fullmatch(r"([\d\s.×+−/()^max,]+) = ([\d.]+) ?\D*", amount.arithmetic)
            if match is None:
                continue
            sum_ = match[1].replace("×", "*").replace("−", "-").replace("^", "**")
            result = eval(sum_, {"__builtins__": {}, "max": max})  # a closed set of characters
            if amount.unit == "%":
                result *= 100
            assert result == pytest.approx(amount.value, abs=0.01), (item.key, amount)
            assert float(match[2]) == pytest.approx(amount.value, rel=0.02), (item.key, amount)
            checked += 1
    assert checked > 35


def test_each_names_its_clauses_and_speaks_both_languages() -> None:
    assert len({item.key for item in FOUND}) == len(FOUND)
    assert {item.kind for item in FOUND} == set(KINDS)
    order = [list(KINDS).index(item.kind) for item in FOUND]
    assert order == sorted(order)
    for item in FOUND:
        assert item.clauses and item.documents and item.amounts
        for clause in item.clauses:
            assert clause in REGISTRY.document(clause.document).clauses
        for name in (item.name, item.says, *(amount.label for amount in item.amounts)):
            assert not re.search(r"[\u4e00-\u9fff]", name.en.replace("亿元", "")), name.en
            assert re.search(r"[\u4e00-\u9fff]", name.zh), name.zh


def test_a_registry_without_targets_implies_nothing() -> None:
    empty: Registry = replace(REGISTRY, targets=(), levers=(), ambiguities=())
    assert coherence(empty, LIBRARY.constructions) == ()


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_the_table_fits_and_holds_every_figure(lang: Lang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = terminal.coherence(FOUND, lang)
    squeezed = "".join(text.split())
    for line in text.split("\n"):
        assert sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) <= 80
    for item in FOUND:
        for part in item.inputs:
            assert part.key in squeezed
    assert ("conflicts" in text) == (lang != "zh") and ("矛盾" in text) == (lang != "en")
    monkeypatch.setenv("COLUMNS", "140")
    assert "3 × 50 + (25 − 3) × 10 = 370亿元" in terminal.coherence(FOUND, lang)
    told = terminal.coherence_json(FOUND)
    assert [item["key"] for item in told] == [item.key for item in FOUND]


def test_definitions_and_readings_have_their_chinese() -> None:
    texts = {metric.definition for metric in REGISTRY.metrics}
    for item in REGISTRY.ambiguities:
        told = {reading.name.en for reading in item.readings if not reading.key}
        texts |= {*told, item.recommended_reading}
    texts.discard("1e18")
    for text in texts:
        assert in_both(text).zh != text, text
    assert {row["en"] for row in read_table(shipped("data", "translations.csv"))} == texts
    assert in_both("of another city") == ("of another city", "of another city")
