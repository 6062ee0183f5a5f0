"""What people are told of what they wrote: whole answers in both languages, at their places.

    python -m tests.scenario.answers       writes answers.txt anew; read what changed before it is committed

Every case is a scenario file (by itself, or extending the baseline), overrides of the baseline, a layer, a fitted file
or a list of firms. Its answer is every error; where there is none, every note that the baseline has not.
"""

import functools
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from simulator.foundation.findings import Finding, InputError
from simulator.foundation.tables import shipped
from simulator.registry import load_library
from simulator.scenario import load_scenario

FILE = Path(__file__).with_name("answers.txt")
DAMAGED = Path(__file__).with_name("damaged")
ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = shipped("scenarios")
BASELINE = SCENARIOS / "baseline.yaml"
CITY = ROOT / "examples" / "city_xingang"
LEVERS = "levers: {{tj27_funds: {{{0}}}}}"
SIZE = "levers: {{tj27_funds: {{size: {0}}}}}"
BASE = "assumptions: {{base_core_revenue: {0}}}"
TARGET = "targets: {{mine: {0}}}"
GOOD = "name: {zh: 甲, en: A}, metric: core_revenue, comparator: '>', deadline: 2027"
HALF = "{dist: uniform, low: 300亿元, high: 400亿元}"
FIRMS = "name,revenue/亿元,chain,district\n甲,{0},big_data,nankai\n"


class Case(NamedTuple):
    """What is put to the reader: files by name, the one to load, and what is laid over it."""

    files: Mapping[str, str]
    loaded: str = "a.yaml"
    overrides: Mapping[str, object] = {}
    layers: tuple[str, ...] = ()
    fitted: str | None = None
    edits: tuple[tuple[str, str, str], ...] = ()  # of another city's data: file, text, in its place


def child(text: str, **more: str) -> Case:
    """A file that extends the baseline, beside others."""
    head = f"schema_version: 1\nextends: {BASELINE}\n"
    return Case({"a.yaml": f"{head}{text}\n"} | {_named(name): said for name, said in more.items()})


def whole(text: str) -> Case:
    """A file by itself."""
    return Case({"a.yaml": f"schema_version: 1\n{text}\n"})


def over(**said: object) -> Case:
    """Overrides of the baseline, by paths with two low lines for a point."""
    return Case({}, str(BASELINE), {path.replace("__", "."): value for path, value in said.items()})


def layer(*texts: str) -> Case:
    """Layers over the baseline."""
    files = {f"layer{number}.yaml": text for number, text in enumerate(texts)}
    return Case(files, str(BASELINE), layers=tuple(files))


def fit(text: str, rows: str = "k_drawdown\n0.1\n") -> Case:
    """A fitted file under the baseline."""
    files = {"fitted.yaml": f"schema_version: 1\n{text}\n", "posterior.csv": rows}
    return Case(files, str(BASELINE), fitted="fitted.yaml")


def firms(revenue: float, more: str = "") -> Case:
    """A list of one firm under the baseline."""
    return child(f"population: firms.csv\n{more}", firms_csv=FIRMS.format(revenue))


def city(*edits: tuple[str, str, str], **said: object) -> Case:
    """Another city's scenario, with its data edited."""
    return over(**said)._replace(loaded="city/baseline.yaml", edits=edits)


def _named(name: str) -> str:
    return ".".join(name.rsplit("_", 1))


CASES: Mapping[str, Case] = {
    "a version that is a switch": Case({"a.yaml": f"schema_version: true\nextends: {BASELINE}\n"}),
    "a version that is text": Case({"a.yaml": f"schema_version: '1'\nextends: {BASELINE}\n"}),
    "a version with a point": Case({"a.yaml": f"schema_version: 1.0\nextends: {BASELINE}\n"}),
    "no version": Case({"a.yaml": f"extends: {BASELINE}\n"}),
    "nothing but a version": whole(""),
    "no period and a target in part": whole(
        "name: {zh: 甲, en: A}\nplans: []\n" + TARGET.format("{comparator: '>'}")
    ),
    "half a period": whole("name: {zh: 甲, en: A}\nplans: []\nperiod: {start: 2025Q1}"),
    "years for quarters": child("period: {start: 2025, end: 2027}"),
    "an empty quarter": child("period: {start: , end: 2027Q4}"),
    "no founding state": child("period: {start: 2019Q1, end: 2019Q3}"),
    "beyond the last year": child("period: {end: 2051Q4}"),
    "an end before the start": child("period: {start: 2025Q1, end: 2024Q4}"),
    "plans in a word": child("plans: tj-2025-2027"),
    "empty plans": child("plans:"),
    "odd plans": child("plans: [7, tj-2025-2028, ~, tj-2025-2027, 三年行动, chains-2018-2020]"),
    "a list of firms that is a number": child("population: 7"),
    "a list of firms without a name": child("population: ' '"),
    "a list of firms that is not there": child("population: firm.csv", firms_csv="", firms_yaml=""),
    "a fit that is a list": child("fit: []"),
    "a fit that is not there": child("fit: fited.yaml", fitted_yaml="", fitted_csv=""),
    "levers that are known elsewhere": child(
        "levers:\n  exit: {}\n  rpc: 1\n  members: 2\n  start: 2025\n  rule: fixed\n  tier_nesting: added\n"
        "  tj27_fund: {}\n  base_construction: tail"
    ),
    "a lever under two names": child(
        "levers:\n  nobody: {}\n  tj27_funds: {size: 1亿元}\n  l-tj27-funds: {size: 2亿元}\n"
        "  天使、创业与产业投资基金: {size: 3亿元}\n  tj27_talent: 3\n  tj27_alliance: []"
    ),
    "unknown keys of a lever": child(
        LEVERS.format("intensity: 1, chain: [big_data], exit: off, 7: 8")
    ),
    "levers in a list": child("levers: [tj27_funds]"),
    "chains in a word": child(LEVERS.format("chains: every, districts: dongli")),
    "no chains and no districts": child(LEVERS.format("chains: [], districts: {}")),
    "odd districts": child(
        LEVERS.format("districts: [nowhere, 7, ~, dongli, 东丽区, xiqin, 西青区, 西青区]")
    ),
    "odd chains": child(LEVERS.format("chains: [nothing, [], big_data, 大数据, smart_terminal]")),
    "odd starts and ends": child(
        "levers:\n  tj27_funds: {start: 1999, end: 2051}\n  tj27_talent: {start: '1999', end: '2051'}\n"
        "  tj27_alliance: {start: true, end: 2025.5}\n  tj27_safety: {start: 20255, end: ２０２５}\n"
        "  tj27_data: {start: [], end: 2025Q5}\n  tj27_finance: {start: , end: ''}"
    ),
    "points without a way": child(SIZE.format("{from: {2025: 1亿元}}")),
    "a way without points": child(SIZE.format("{interpolate: linear}")),
    "points in a number": child(SIZE.format("{from: 3, interpolate: linear}")),
    "no points": child(SIZE.format("{from: {}, interpolate: step}")),
    "an odd way": child(SIZE.format("{from: {2025: 1亿元}, interpolate: 7}")),
    "a way nearly right": child(SIZE.format("{from: {2025: 1亿元}, interpolate: stepp}")),
    "points under another word": child(SIZE.format("{form: {2025: 1亿元}, interpolate: linear}")),
    "a dose of words": child(SIZE.format("{much: 1亿元}")),
    "a dose of nothing": child(SIZE.format("{}")),
    "an empty dose": child(SIZE.format("")),
    "a dose in a list": child(SIZE.format("[1亿元]")),
    "odd years": child(
        SIZE.format(
            "{25: 1亿元, 2025: 1亿元, 2026: many, 2027: true, 999: 1亿元, 10000: 1亿元, 2028: x}"
        )
    ),
    "a dose above and below": child(
        "levers: {tj27_funds: {size: 1001亿元}, tj27_talent: {intake: {2025: -1人/年, 2026: 2001人/年}}}"
    ),
    "doses in other units": child(
        "levers:\n  tj27_funds: {size: '300'}\n  tj27_talent: {intake: 3亿元}\n"
        "  tj27_hq_attraction: {signings: 10 家每年}\n  tj27_exchange: {signings: x}\n"
        "  tj27_fiscal: {budget: 1 亿元}\n  tj27_alliance: {intensity: 1 亿元}\n  tj27_data: {intensity: [1]}"
    ),
    "years beyond the period": child(
        "levers: {tj27_funds: {size: {2024: 1亿元, 2025: 1亿元, 2027: 1亿元, 2028: 1亿元}}}\n"
        "targets: {literal_core_revenue: {deadline: 2028}}"
    ),
    "odd assumptions": child(
        "assumptions:\n  base_construction: mine\n  rpd: 1\n  rpc: 0.95\n  b_cap: x\n  k_drawdown: 12 %\n"
        "  exit: off\n  tj27_funds: 1"
    ),
    "assumptions at their bounds": child(
        "assumptions: {rpc: 0.45, b_cap: 0.5, exit_named: 0.1 1/yr}"
    ),
    "assumptions in a list": child("assumptions: [rpc]"),
    "no kind": child(BASE.format("{median: 480亿元}")),
    "a kind that is a number": child(BASE.format("{dist: 7}")),
    "a lognormal without numbers": child(BASE.format("{dist: lognormal}")),
    "a lognormal of text": child(BASE.format("{dist: lognormal, median: 480, sigma: 3亿元}")),
    "a lognormal with more": child(
        BASE.format("{dist: lognormal, median: 480亿元, sigma: 0.3, mean: 3, exit: off}")
    ),
    "odd bounds": child(
        BASE.format("{dist: lognormal, median: 480亿元, sigma: 0.3, lower: 5, upper: []}")
    ),
    "bounds without anything between": child(
        BASE.format("{dist: uniform, low: 300亿元, high: 400亿元, lower: 500亿元}")
    ),
    "a centre below": child(BASE.format("{dist: lognormal, median: 29亿元, sigma: 0.3}")),
    "a centre above": child(BASE.format("{dist: normal, mean: 3001亿元, sd: 1亿元}")),
    "a fixed value below": child(BASE.format("{dist: fixed, value: 29亿元}")),
    "a mode above": child(
        BASE.format("{dist: triangular, low: 1亿元, mode: 3001亿元, high: 4000亿元}")
    ),
    "a shift above": child(
        BASE.format("{dist: lognormal, median: 2900亿元, sigma: 0.1, shift: 101亿元}")
    ),
    "a mixture of nothing": child(BASE.format("{dist: mixture}")),
    "a mixture of a number": child(BASE.format("{dist: mixture, components: 3}")),
    "odd components": child(
        BASE.format(
            "{dist: mixture, components: [3, {dist: fixed, value: 300亿元}, "
            "{weight: 2, dist: fixed, value: 300亿元}, {weight: 0.5, dist: normal, mean: 1}, {weight: x}, "
            "{weight: 0.5, label: tail, dist: fixed, value: 300亿元}]}"
        )
    ),
    "odd constructions": child(
        BASE.format(
            "{dist: constructions, lower: low, components: [{weight: 0.5, dist: fixed, value: 300亿元}, "
            "{weight: 0.5, label: mine, dist: fixed, value: 300亿元}]}"
        )
    ),
    "a mixture in a mixture": child(
        BASE.format(
            f"{{dist: mixture, components: [{{weight: 1, dist: mixture, components: [{HALF}]}}]}}"
        )
    ),
    "odd switches": child("mechanisms: {exit: 1, entries: on, links: maybe, entry: , funds: 'Of'}"),
    "switches in a word": child("mechanisms: off"),
    "a rule that is a number": child("government: 7"),
    "a rule in a list": child("government: [fixed]"),
    "an odd rule": child("government: {rule: fixd}"),
    "an empty rule": child("government: {rule: }"),
    "odd keys of targets": child(
        "targets:\n  Mine: {}\n  2x: 1\n  a-b: 1\n  t-tj27-core-revenue: 1\n  tj27_core_revenue: 1\n"
        "  good: 7\n  further: {}\n  exit: {unit: 亿元}"
    ),
    "an odd target": child(
        TARGET.format(
            "{name: A, note: {zh: 甲}, metric: core_revenu, comparator: '<', value: true, deadline: 2017}"
        )
    ),
    "a target too late": child(TARGET.format(f"{{{GOOD}, value: 5亿元}}").replace("2027", "2051")),
    "a target below zero": child(TARGET.format(f"{{{GOOD}, value: -5亿元}}")),
    "a target of a number": child(
        f"targets: {{a: {{{GOOD}, value: 500}}, b: {{{GOOD}, value: 500 家}}, c: {{{GOOD}}}, d: {{note: A}}}}"
    ),
    "targets in part": child(TARGET.format("{note: {zh: 甲, en: A}}")),
    "odd readings": child(
        "readings:\n  nothing: 1\n  tier_nestin: added\n  tier_tension: any\n  exit: off\n  tj27_funds: 1\n"
        "  tier_nesting: aded\n  a-tier-nesting: added\n  ranges: 7\n  量级是否包含: added"
    ),
    "readings that clash": child(
        "readings: {core_definition: same_perimeter, published_figure: published, gross_sales: final_sales}"
    ),
    "readings of nothing that is judged": child(
        "readings: {new_sales: run_rate, related_overlap: contains, tier_nesting: added}"
    ),
    "a name with a bell": child('name: {zh: "甲\\a", en: "A\\u0085"}'),
    "a name in one word": child("name: A\ndescription: 3"),
    "an empty name": child("name: {zh: ' ', en: }\ndescription: {en: A}"),
    "a name with more": child("name: {zh: 甲, en: A, fr: A}"),
    "numbers out of bounds": child("members: 1000001\nseed: 4294967296"),
    "numbers below their bounds": child("members: 0\nseed: -1"),
    "numbers of another kind": child("members: true\nseed: [1]"),
    "a long word": child(f"members: {'x' * 61}\nseed: {'x' * 58}\ngovernment: {'x' * 59}"),
    "keys in capitals": child("Members: 3\nrule: fixed\nperiod: {starts: 2025Q1}\n7: 8"),
    "a key in two places": child(
        "period: {exit: off, members: 3}\nmechanisms: {rule: fixed, end: 2025}"
    ),
    "levers without effect": over(
        levers__tj27_funds__size="0亿元",
        levers__tj27_talent__start="2030",
        levers__tj27_talent__end="2031",
        levers__tj27_safety__intensity=2,
        levers__tj18_haihe_fund__intensity=2,
        levers__tj27_alliance__end="2024Q4",
        levers__tj27_alliance__start="2023Q1",
    ),
    "a lever that ends as the period begins": over(
        levers__tj27_funds__start="2024", levers__tj27_funds__end="2025Q1"
    ),
    "no plan and a lever": over(
        plans=[], levers__tj27_funds__size="1亿元", mechanisms__funds="off"
    ),
    "no plan and a lever in part": over(
        plans=[], levers__tj27_compute_platforms__budget="1亿元/年", mechanisms__contracts="off"
    ),
    "funds off": over(mechanisms__funds="off"),
    "talent and research off": over(mechanisms__talent="off", mechanisms__research="off"),
    "no entry": over(mechanisms__entry="off"),
    "no new firms": over(mechanisms__entry="off", mechanisms__arrivals="off"),
    "no exit and no links": over(mechanisms__exit="off", mechanisms__links="off"),
    "responses of zero": over(
        assumptions__butfor_attract=0,
        assumptions__linkage_response=0,
        assumptions__haihe_ai_share=0,
    ),
    "a dose for no year of the lever": over(
        levers__tj27_funds__size={2026: "1亿元", 2028: "1亿元", 2029: "1亿元"}, period__end="2030Q4"
    ),
    "a dose before the lever": over(
        levers__tj27_funds__size={2025: "1亿元", 2026: "1亿元"}, levers__tj27_funds__start="2026"
    ),
    "a schedule in a shorter period": Case(
        {}, str(SCENARIOS / "push.yaml"), {"period.end": "2025Q4"}
    ),
    "an adaptive government without a plan": over(government="adaptive", plans=[]),
    "an adaptive government": over(government="adaptive", assumptions__adaptive_gain=1),
    "the gain of a fixed government": over(assumptions__adaptive_gain=1),
    "parameters that nothing reads": over(
        assumptions__gbm_volatility="0.2 log-points",
        assumptions__report_bias="0.01 log-points/yr",
        assumptions__g_nat_parameter_sd="0.04 log-points",
        assumptions__rd_misuse=0.3,
    ),
    "parameters whose mechanisms are off": over(
        mechanisms__exit="off",
        mechanisms__age_effect="off",
        mechanisms__reversion="off",
        mechanisms__observation="off",
        mechanisms__funds="off",
        assumptions__age_growth_slope="-0.02 log-points/yr",
        assumptions__rho_size=0.985,
        assumptions__exit_named="0.003 1/yr",
        assumptions__reporting_noise_sd="0.02 log-points",
        assumptions__k_drawdown="0.12 1/yr",
    ),
    "parameters of frozen firms": over(
        mechanisms__firms="off",
        assumptions__rho_size=0.985,
        assumptions__k_drawdown="0.12 1/yr",
        assumptions__reporting_noise_sd="0.02 log-points",
        assumptions__rpc=0.2,
    ),
    "values outside the evidence": over(
        assumptions__base_core_revenue="149亿元",
        assumptions__rpc=0.46,
        assumptions__b_cap="0.7 log-points",
    ),
    "a target outside a shorter period": over(period__end="2026Q4"),
    "an earlier period": over(period__start="2018Q1", period__end="2020Q4"),
    "two plans": over(plans=["tj-2018-2020", "tj-2025-2027"]),
    "overrides that clash": over(
        **{"members": 1, "members.x": 2, "": 3, "seed": "[1", "period.": 1, "plans..x": 2}
    ),
    "overrides that clash the other way": over(
        **{"members.x": 2, "members": 1, "seed": 1, " seed": 2, "name": {}}
    ),
    "overrides of nothing that is there": over(
        extends="x", schema_version=1, levers__tj27_fund__size=1
    ),
    "a layer with more": layer("schema_version: 1\nname: {zh: 甲, en: A}\nmembers: 3\ntargets: {}"),
    "a layer without a name": layer("schema_version: 1\nassumptions: {rpc: 0.2}"),
    "two layers with a fault each": layer(
        "schema_version: 1\nname: {zh: 甲, en: A}\nassumptions: {rpc: 2}", "name: A\nlevers: {x: 1}"
    ),
    "a layer that is empty": layer(""),
    "a layer that is not there": Case({"layer.yaml": ""}, str(BASELINE), layers=("layr.yaml",)),
    "a layer that is a folder": Case({"b/c.yaml": ""}, str(BASELINE), layers=("b",)),
    "a file that is not there": Case({"b.yaml": "", "a.csv": ""}),
    "a parent that is not there": whole("extends: bse.yaml"),
    "a parent that is a number": whole("extends: 7"),
    "an empty parent": whole("extends:"),
    "a fit that says nothing": fit(""),
    "a fit of one language": fit("verdict: {zh: 好}\nfrom: 2025"),
    "a fit from no quarter": fit("from: [2025Q1]\nverdict: {zh: 好, en: good}"),
    "a fit with more": fit("levers: {}\nposterior: posteriors.csv\nassumptions: {rpc: 2}"),
    "a fit with a name too long": fit(f"posterior: {'x' * 260}.csv"),
    "a fit that is no YAML": fit("posterior: [", "k_drawdown\n"),
    "a fit with a broken table": fit("posterior: posterior.csv", "k_drawdown,rpc\n0.1\n"),
    "a fit that is nowhere": fit("")._replace(fitted="nowhere.yaml"),
    "names too long": child(f"population: {'x' * 300}"),
    "a parent with a name too long": whole(f"extends: {'x' * 300}"),
    "a fit of odd columns": fit(
        "posterior: posterior.csv",
        "weight,k_drawdwn,rd_misuse,rpc,zzz\n0,1,0.3,0.2,1\n-1,1,0.3,0.91,1\nx,1,0.3,y,1\n",
    ),
    "a fit without a row": fit("posterior: posterior.csv", "weight,rpc\n"),
    "a list of firms ten times too long": firms(9000),
    "a list of firms within ten times": firms(8999.9),
    "a list of firms a tenth as long": firms(15),
    "a list of firms just within": firms(15.1),
    "a list of firms and what it states": firms(
        300,
        "assumptions: {base_construction: tail, base_core_revenue: 300亿元, n10_2024: 5家, "
        "ecosystem_firms: 1500家}",
    ),
    "a lever without a size": city(
        (
            "lever_assumptions.csv",
            "l-xg-coordination,intensity,1,1,0,3,0,0,assumed,invented,"
            "Fictional: as the plan writes it.,虚构：按方案执行。\n",
            "",
        ),
        levers__xg_coordination__intensity=3,
    ),
    "an effect of scale zero": city(
        (
            "lever_effects.csv",
            "l-xg-alliance,linkage,linkage_response,0.5",
            "l-xg-alliance,linkage,linkage_response,0",
        ),
        (
            "lever_effects.csv",
            "l-xg-drone-zone,entry,startup_response,1",
            "l-xg-drone-zone,entry,startup_response,0",
        ),
    ),
    "a start that the data cannot found": city(period__start="2018Q1"),
    "years far away": child(SIZE.format("{1000: 1亿元, 9999: 1亿元, 2026: 1亿元}")),
    "years that are no years": child(
        SIZE.format("{'999': 1亿元, '10000': 1亿元, '２０２５': 1亿元, 2026: 1亿元}")
    ),
    "a year in two ways": over(
        levers__tj27_funds__size={2025: "1亿元", "2025": "2亿元", 2026: "x"}
    ),
    "a location below": child(BASE.format("{dist: halfnormal, scale: 100亿元, location: 29亿元}")),
    "a shape without a centre": child(BASE.format("{dist: uniform, low: 1亿元, high: 31亿元}")),
    "a beta by its mean": child("assumptions: {rpc: {dist: beta, mean: 0.95, sd: 0.01, a: 3}}"),
    "a gamma in part": child("assumptions: {lag_rd: {dist: gamma, sd: 1 yr}}"),
    "a list of firms in 2018": firms(300, "period: {start: 2018Q1}"),
    "a broken list of firms": child("population: firms.csv", firms_csv="name,revenue\n甲,1\n"),
} | {f"damaged/{path.stem}": Case({}, str(path)) for path in sorted(DAMAGED.glob("*.yaml"))}


@functools.cache
def lists() -> Mapping[str, str]:
    """What the registry and the priors name, which grows and is not repeated in every answer."""
    library = load_library()
    registry = library.registry
    return {
        ", ".join(words): f"<{name}>"
        for name, words in {
            "plans": [entry.id for entry in registry.documents],
            "chains": [entry.id for entry in registry.chains],
            "districts": [entry.id for entry in registry.places],
            "metrics": [entry.id for entry in registry.metrics],
            "ambiguities": [entry.key for entry in registry.ambiguities if entry.choices],
            "parameters": list(library.priors)[:16],
        }.items()
    }


@functools.cache
def usual() -> frozenset[str]:
    """What is noted of the baseline itself."""
    return frozenset(note.what for note in load_scenario(BASELINE).notes)


def answer(case: Case, folder: Path) -> list[str]:
    """What is told of a case, two lines for each finding: English, then Chinese."""
    data = folder / "city" if case.edits or case.loaded.startswith("city") else None
    if data is not None:
        shutil.copytree(CITY, data)
    for name, before, after in case.edits:
        table = folder / "city" / name
        table.write_text(table.read_text("utf-8-sig").replace(before, after), "utf-8")
    for name, text in case.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    try:
        scenario = load_scenario(
            folder / case.loaded,
            dict(case.overrides),
            data=data,
            fitted=case.fitted and folder / case.fitted,
            layers=[folder / name for name in case.layers],
        )
    except InputError as error:
        return list(_lines(error.findings, folder))
    return list(_lines((n for n in scenario.notes if n.what not in usual()), folder))


def _lines(findings: Iterable[Finding], folder: Path) -> Iterable[str]:
    """Both lines of each finding, with its severity, without where the files lie."""
    for finding in findings:
        for lang in ("en", "zh"):
            line = finding.text(lang)
            for place in (folder, DAMAGED, SCENARIOS, ROOT):
                for shown in {str(place), str(Path(place).resolve())}:
                    line = line.replace(f"{shown}/", "")
            for words, name in lists().items():
                line = line.replace(words, name)
            yield f"{finding.severity} {line.replace('scenarios/', '')}"


def told() -> dict[str, list[str]]:
    """The answers as they were read and found good."""
    found: dict[str, list[str]] = {}
    for block in FILE.read_text(encoding="utf-8").split("\n\n"):
        name, *lines = block.strip().splitlines()
        found[name] = lines
    return found


def refresh() -> None:
    """Write the present answers as the good ones."""
    blocks = []
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            blocks.append("\n".join([name, *answer(case, Path(folder))]))
    FILE.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


if __name__ == "__main__":
    refresh()
