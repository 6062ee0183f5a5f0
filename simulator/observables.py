"""The catalogue of measured series: what each is called, in which unit, about whom.

A series name is the key for the city (`core_revenue`) and `key[id]` for a chain, a place or a plan target
(`chain_core_revenue[indigenous_it]`). Flows are annual rates: the figure of a year is the mean of its four
quarters. Stocks and counts at the end of a year are those of its fourth quarter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.registry import Name, Registry


@dataclass(frozen=True)
class Observable:
    """One measured quantity."""

    key: str
    name: Name
    unit: str
    dimension: Literal["city", "chain", "district", "target"]
    kind: Literal["flow", "stock"]
    perimeter: Name
    metric: str  # plan metric it answers, or ""
    equation: str


CATALOGUE_PERIMETER = Name("名录企业", "catalogue")
OUTSIDE = Name("名录外企业", "outside the catalogue")
ALL = Name("模型内全部企业", "all modelled firms")
FUNDS = Name("基金链", "fund chain")
PROJECTS = Name("计数项目", "counted projects")
AI_FIRMS = Name("模型内人工智能企业", "modelled AI firms")
BROAD = Name("模型内企业与带动产业", "modelled and related")
RELATED = Name("带动产业", "related industries")
NAMED = Name("点名企业", "named firms")
PEOPLE = Name("企业人才", "people of firms")
GRANTS = Name("受补助者", "grant recipients")
PLANTS = Name("重大项目", "major projects")
BUDGETS = Name("政府预算", "government budgets")


def _city(key: str, zh: str, en: str, unit: str, kind: Literal["flow", "stock"], perimeter: Name,
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
    _city("talent_pool", "人才存量", "Pool of people", "人", "stock", PEOPLE, "", "M4"),
    _city("talent_wanted", "企业所需人才", "People firms want", "人", "stock", PEOPLE, "", "M4"),
    _city("talent_fill", "人才充足率（按收入加权）", "Share of wanted people who are there (revenue-weighted)",
          "share", "stock", PEOPLE, "", "M5"),
    _city("specialised_smes", "专精特新企业", "Specialised SMEs of AI-related fields", "家", "stock", ALL,
          "specialised_smes", "M17"),
    _city("hightech_niche_leaders", "细分领域领先的人工智能高新技术企业", "High-tech AI firms leading a niche",
          "家", "stock", AI_FIRMS, "hightech_niche_leaders", "M17"),
    _city("leading_firms", "人工智能科技领军企业", "Leading AI technology firms", "家", "stock", AI_FIRMS,
          "leading_firms_total", "M17"),
    _city("leading_firms_brand", "细分领域国际化品牌企业", "Leading firms with an international brand",
          "家", "stock", AI_FIRMS, "leading_firms_international_brand", "M17"),
    _city("leading_firms_top3", "细分领域国内前三企业", "Leading firms in the domestic top three of a niche",
          "家", "stock", AI_FIRMS, "leading_firms_domestic_top3", "M17"),
    _city("large_clusters", "千亿规模产业集群（按产业链）", "Clusters of 1000亿元 (100 bn CNY) or more, by chain",
          "个", "stock", BROAD, "clusters_ge_1000yi", "M18"),
    _city("related_revenue", "带动相关产业规模（不含核心）", "Related industry revenue, apart from core",
          "亿元", "flow", RELATED, "related_revenue", "M19"),
    _city("smart_tech_revenue", "智能科技产业营业收入（模型内企业与带动产业）",
          "Smart-technology revenue (modelled firms and related industries)", "亿元", "flow", BROAD,
          "smart_tech_revenue", "M19"),
    _city("grants_paid", "期初以来研发补助", "Research grants paid to AI firms since the start", "亿元", "stock",
          GRANTS, "", "M6"),
    _city("project_investment", "重大项目当年投资", "Investment of major projects", "亿元", "flow", PLANTS,
          "induced_investment", "M16"),
    _city("project_sales", "已交付重大项目的销售收入", "Sales of delivered major projects", "亿元", "flow", PLANTS,
          "new_sales_revenue", "M16"),
    _city("budget_factor", "市级预算为计划的倍数", "Budget of the municipality over its plan", "1", "stock",
          BUDGETS, "", "M21"),
    Observable("project_size_begun", Name("单个项目已启动的规模", "Size of the single project begun"),
               "规划单位 unit of the plan",
               "target", "stock", PROJECTS, "", "M16"),
    Observable("project_size_delivered", Name("单个项目已建成的规模", "Size of the single project delivered"),
               "规划单位 unit of the plan",
               "target", "stock", PROJECTS, "", "M16"),
    Observable("named_firm_revenue", Name("点名企业中最小者的营业收入", "Revenue of the smallest named firm"), "亿元",
               "target", "flow", NAMED, "firm_revenue_named", "M17"),
    Observable("named_firms_reached", Name("达到目标规模的点名企业数", "Named firms that reach the size asked"), "家",
               "target", "stock", NAMED, "", "M17"),
    Observable("named_cluster_scale", Name("点名集群规模", "Scale of the named cluster"), "亿元",
               "target", "flow", BROAD, "cluster_scale", "M18"),
    Observable("milestones_started", Name("各目标已启动项目（人才为招引人数）",
               "Projects started toward a target (of people: those who come)"), "个",
               "target", "stock", PROJECTS, "", "M5, M7, M16"),
    Observable("milestones_delivered", Name("各目标已交付项目（人才为已到岗人数）",
               "Projects delivered toward a target (of people: those hired)"), "个",
               "target", "stock", PROJECTS, "", "M5, M7, M16"),
    Observable("chain_core_revenue", Name("各产业链核心企业营业收入", "Core revenue by chain"), "亿元",
               "chain", "flow", CATALOGUE_PERIMETER, "", "M1–M3, M11"),
    Observable("chain_catalogue_firms", Name("各产业链名录企业数", "Catalogue firms by chain"), "家",
               "chain", "stock", CATALOGUE_PERIMETER, "", "M12–M14"),
    Observable("chain_revenue", Name("各产业链全部模型企业营业收入", "Revenue of all modelled firms by chain"), "亿元",
               "chain", "flow", ALL, "", "M1–M3, M11"),
    Observable("district_core_revenue", Name("各区核心企业营业收入", "Core revenue by district and zone"),
               "亿元", "district", "flow", CATALOGUE_PERIMETER, "", "M15"),
    Observable("district_catalogue_firms", Name("各区名录企业数", "Catalogue firms by district and zone"),
               "家", "district", "stock", CATALOGUE_PERIMETER, "", "M15"),
    Observable("district_talent_fill", Name("各区人才充足率",
               "Share of wanted people who are there by district and zone"), "share", "district", "stock", PEOPLE,
               "", "M5"),
    Observable("district_budget_factor", Name("各区政府预算为计划的倍数", "Budget of the district over its plan"),
               "1", "district", "stock", BUDGETS, "", "M21"),
)  # fmt: skip

BY_KEY = {observable.key: observable for observable in CATALOGUE}

APART = Name(
    "区不含其中的功能区，功能区各有序列",
    "a district without its functional zones, which have their own",
)
"""What the series of districts leave out."""


def observable_of(series: str) -> Observable:
    """The observable a series name belongs to; raises KeyError for an unknown one."""
    return BY_KEY[series.partition("[")[0]]


def series_name(series: str, registry: Registry) -> Name:
    """The name of a series; of a chain, place or target its own name too, which tells the series apart.

    Firms in a functional zone are in the zone's series only: a district that has zones says that it is without them.
    """
    observable = observable_of(series)
    element = series.partition("[")[2].rstrip("]")
    if not element:
        return observable.name
    if observable.dimension == "target":
        zh, en = registry.target(element).name
    elif observable.dimension == "chain":
        zh, en = registry.chain(element).name
    else:
        zh, en = registry.place(element).name
        if registry.zones_of(element):
            zh, en = f"{zh}（不含其中功能区）", f"{en} without its functional zones"
    return Name(f"{zh}·{observable.name.zh}", f"{en}: {observable.name.en}")
