"""The catalogue of measured series: what each is called, in which unit, about whom.

A series name is the key for the city (`core_revenue`) and `key[id]` for a chain, a place or a plan target
(`chain_core_revenue[indigenous_it]`). Flows are annual rates: the figure of a year is the mean of its four
quarters. Stocks and counts at the end of a year are those of its fourth quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.registry import Name


@dataclass(frozen=True)
class Observable:
    """One measured quantity."""

    key: str
    name: Name
    unit: str
    dimension: Literal["city", "chain", "district", "target"]
    kind: Literal["flow", "stock"]
    perimeter: str
    metric: str  # plan metric it answers, or ""
    equation: str


CATALOGUE_PERIMETER = "catalogue"
OUTSIDE = "outside the catalogue"
ALL = "all modelled firms"
FUNDS = "fund chain"
PROJECTS = "counted projects"
BUDGETS = "government budgets"


def _city(key: str, zh: str, en: str, unit: str, kind: Literal["flow", "stock"], perimeter: str,
          metric: str = "", equation: str = "") -> Observable:  # fmt: skip
    return Observable(key, Name(zh, en), unit, "city", kind, perimeter, metric, equation)


CATALOGUE: tuple[Observable, ...] = (
    _city("core_revenue", "人工智能基础核心企业营业收入", "Revenue of basic and core AI enterprises",
          "亿元", "flow", CATALOGUE_PERIMETER, "core_revenue", "M1–M3, M9–M15"),
    _city("core_revenue_published", "基础核心企业营业收入（公布口径，含口径漂移）",
          "Revenue of basic and core AI enterprises as published (with definition drift)",
          "亿元", "flow", CATALOGUE_PERIMETER, "", "M20"),
    _city("core_revenue_consolidated", "基础核心企业最终销售（剔除链间互售）",
          "Final sales of basic and core AI enterprises (sales among chains taken out)",
          "亿元", "flow", CATALOGUE_PERIMETER, "", "M11"),
    _city("core_scale", "人工智能核心产业规模（人工智能部分）", "Core AI industry scale (AI part of revenue)",
          "亿元", "flow", CATALOGUE_PERIMETER, "core_scale", "M1–M3"),
    _city("software_revenue", "模型内软件企业营业收入", "Revenue of modelled software firms",
          "亿元", "flow", ALL, "software_revenue", "M1–M3"),
    _city("ecosystem_revenue", "名录外企业营业收入", "Revenue of firms outside the catalogue",
          "亿元", "flow", OUTSIDE, "", "M1–M3"),
    _city("contract_revenue", "场景合同收入（名录企业）", "Revenue from scenario contracts (catalogue)",
          "亿元", "flow", CATALOGUE_PERIMETER, "", "M10"),
    _city("intermediate_revenue", "链间销售（名录企业）", "Sales to other modelled chains (catalogue)",
          "亿元", "flow", CATALOGUE_PERIMETER, "", "M11"),
    _city("lost_to_capacity", "受产能限制少收的收入", "Revenue lost to the capacity limit",
          "亿元", "flow", CATALOGUE_PERIMETER, "", "M9"),
    _city("top10_share", "前十名企业收入占比", "Share of the ten largest firms in core revenue",
          "share", "flow", CATALOGUE_PERIMETER, "", ""),
    _city("firms", "模型内企业数", "Modelled firms", "家", "stock", ALL, "", "M12–M14"),
    _city("catalogue_firms", "名录企业数", "Firms in the catalogue", "家", "stock", CATALOGUE_PERIMETER,
          "", "M12–M14"),
    _city("firms_10", "10亿元以上企业数", "Firms at 10亿元 (1 bn CNY) or above", "家", "stock",
          CATALOGUE_PERIMETER, "firms_revenue_ge_10yi", "M17"),
    _city("firms_50", "50亿元以上企业数", "Firms at 50亿元 (5 bn CNY) or above", "家", "stock",
          CATALOGUE_PERIMETER, "firms_revenue_ge_50yi", "M17"),
    _city("firms_100", "100亿元以上企业数", "Firms at 100亿元 (10 bn CNY) or above", "家", "stock",
          CATALOGUE_PERIMETER, "firms_revenue_ge_100yi", "M17"),
    _city("entries", "新创企业", "Start-ups", "家/年", "flow", ALL, "", "M12"),
    _city("arrivals", "引进落地企业", "Attracted firms that arrive", "家/年", "flow", CATALOGUE_PERIMETER,
          "", "M13"),
    _city("exits", "退出企业", "Exits", "家/年", "flow", ALL, "", "M14"),
    _city("fund_committed", "基金认缴规模", "Fund money committed", "亿元", "stock", FUNDS, "", "M8"),
    _city("fund_paid_in", "基金实缴规模", "Fund money paid in", "亿元", "stock", FUNDS, "", "M8"),
    _city("fund_invested", "期初以来基金直投名录企业", "Fund money invested in catalogue firms since the start",
          "亿元", "stock", FUNDS, "", "M8"),
    _city("private_coinvestment", "期初以来社会资本跟投", "Private money invested beside it since the start",
          "亿元", "stock", FUNDS, "", "M8"),
    _city("tickets", "期初以来基金投资项目数", "Fund tickets since the start", "个", "stock", FUNDS, "", "M8"),
    _city("feature_clusters", "特色产业聚集区", "Feature areas that are large and specialised", "个", "stock",
          CATALOGUE_PERIMETER, "feature_clusters", "M18"),
    _city("budget_factor", "市级预算为计划的倍数", "Budget of the municipality over its plan", "1", "stock",
          BUDGETS, "", "M21"),
    Observable("milestones_started", Name("各目标已启动项目", "Projects started toward a target"), "个",
               "target", "stock", PROJECTS, "", "M7, M16"),
    Observable("milestones_delivered", Name("各目标已交付项目", "Projects delivered toward a target"), "个",
               "target", "stock", PROJECTS, "", "M7, M16"),
    Observable("chain_core_revenue", Name("各产业链核心企业营业收入", "Core revenue by chain"), "亿元",
               "chain", "flow", CATALOGUE_PERIMETER, "", "M1–M3, M11"),
    Observable("chain_catalogue_firms", Name("各产业链名录企业数", "Catalogue firms by chain"), "家",
               "chain", "stock", CATALOGUE_PERIMETER, "", "M12–M14"),
    Observable("district_core_revenue", Name("各区核心企业营业收入", "Core revenue by district and zone"),
               "亿元", "district", "flow", CATALOGUE_PERIMETER, "", "M15"),
    Observable("district_catalogue_firms", Name("各区名录企业数", "Catalogue firms by district and zone"),
               "家", "district", "stock", CATALOGUE_PERIMETER, "", "M15"),
    Observable("district_budget_factor", Name("各区政府预算为计划的倍数", "Budget of the district over its plan"),
               "1", "district", "stock", BUDGETS, "", "M21"),
)  # fmt: skip

BY_KEY = {observable.key: observable for observable in CATALOGUE}


def observable_of(series: str) -> Observable:
    """The observable a series name belongs to; raises KeyError for an unknown one."""
    return BY_KEY[series.partition("[")[0]]


def series_for_metric(metric: str) -> str | None:
    """City series that answers a plan metric, or None when no mechanism produces it yet."""
    return next((o.key for o in CATALOGUE if o.metric == metric and o.dimension == "city"), None)
