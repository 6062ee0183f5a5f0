"""The report: every number in its text is a cell of the results; it needs nothing else; its bytes repeat."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from simulator.cli import program
from simulator.experiments.attribution import attribute
from simulator.experiments.attribution_table import (
    StoredAttribution,
    UnfitAttribution,
    answers,
    keep_attribution,
    stored_attribution,
)
from simulator.experiments.backtest import records_of
from simulator.experiments.cases import Cases
from simulator.experiments.comparison import Comparison, compare_runs
from simulator.experiments.ledger import ledger_of
from simulator.experiments.resting import drawn
from simulator.experiments.runs import folder_name, run
from simulator.experiments.store import Run, open_run
from simulator.foundation.findings import UsageError
from simulator.observables import observable_of
from simulator.policy.ledger import ACCOUNTS, ROLES
from simulator.registry import Name
from simulator.reporting import Lang, figures, fonts
from simulator.reporting.figures import flows, page
from simulator.reporting.report import LARGEST, report_html, write_report
from simulator.reporting.report.cells import Cell, Text
from simulator.reporting.report.markup import Sheet
from simulator.reporting.report.pictures import Gallery, recoloured
from simulator.targets import goals_of, joint, trust_in

SCENARIOS = Path(__file__).parents[2] / "scenarios"
LANGS: tuple[Lang, ...] = ("zh", "en", "both")
MEMBERS = 3
CONVENTIONS = {
    "interval": 0.95, "low": 0.05, "high": 0.95, "half": 0.5, "most": 0.9, "yuan": 1, "million": 100, "10yi": 10,
    "50yi": 50, "100yi": 100, "0.05": 0.05, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "0.95": 0.95,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two small stored runs of the shipped scenarios, the first with an attribution to the second."""
    place = tmp_path_factory.mktemp("runs")
    push, baseline = (
        run(SCENARIOS / f"{stem}.yaml", n=MEMBERS, engine="plain", out=place / stem)
        for stem in ("push", "baseline")
    )
    groups = {
        "all": [s.lever.key for s in push.scenario.levers if s not in baseline.scenario.levers]
    }
    cases = Cases(1, "plain", None)
    found = attribute(push.scenario, baseline.scenario, members=2, custom=groups, cases=cases)
    keep_attribution(push, found)
    return push, baseline


@pytest.fixture(scope="module")
def truth(runs: tuple[Run, Run]) -> "Truth":
    """The tables of both."""
    return Truth(runs)


@pytest.fixture(scope="module")
def pages(runs: tuple[Run, Run]) -> dict[str, str]:
    """The report in each language: of both runs in both, of one run in one."""
    return {lang: report_html(runs if lang == "both" else runs[:1], lang) for lang in LANGS}


@dataclass(eq=False)
class Reader(HTMLParser):
    """Texts of the body outside drawings: with the cell they stand in, or none."""

    places: list[str | None] = field(default_factory=list)
    found: list[tuple[str | None, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    referred: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(told)
        self.ids += [told["id"] or ""] if "id" in told else []
        for name in ("for", "aria-labelledby", "href"):
            self.referred |= {part.lstrip("#") for part in (told.get(name) or "").split()}
        self.referred |= set(re.findall(r"url\(#([^)]+)\)", str(told)))
        if tag not in ("meta", "input", "br"):
            outer = self.places[-1] if self.places else None
            aside = "ASIDE" if tag in ("svg", "style", "title") else outer
            self.places.append(told.get("data-cell") or aside)

    def handle_endtag(self, tag: str) -> None:
        self.places.pop()

    def handle_data(self, data: str) -> None:
        place = self.places[-1] if self.places else None
        if place != "ASIDE" and data.strip():
            self.found.append((place, data))


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    assert not reader.places, "elements are not closed"
    return reader


class Truth:
    """What the tables of the runs hold, read without the report's own reader."""

    def __init__(self, held: tuple[Run, ...]) -> None:
        self.runs = {folder_name(item.stem, item.hash): item for item in held}
        self.first = held[0]
        self.compared: Comparison = compare_runs(held)

    @cache  # noqa: B019
    def at(self, place: str) -> Any:
        """A number or a text, whichever stands there."""
        table, row, column = place.split("|")
        if table.partition("/")[0] in self.runs:
            label, _, table = table.partition("/")
            return getattr(self, "_" + re.sub(r"\W", "_", table))(self.runs[label], row, column)
        if table.startswith("comparison"):
            return self._comparison(table, row, column)
        lang = column.rpartition("_")[2]
        return self._shipped(table, row, column, lang)

    def _comparison(self, table: str, row: str, column: str) -> Any:
        if table == "comparison":
            return self.compared.n
        label, key, *year = row.split("@")
        rows: Any = (
            self.compared.targets if table.endswith("targets") else self.compared.differences
        )
        own = next(
            item for item in rows
            if item.label == label
            and (item.series == key and item.year == int(year[0]) if year else item.key == key and not item.published)
        )  # fmt: skip
        if column.startswith("name_"):
            return getattr(own.name, column[-2:])
        return getattr(own, column.removesuffix("*100")) * (100 if column.endswith("*100") else 1)

    def _shipped(self, table: str, row: str, column: str, lang: str) -> Any:
        registry = self.first.library.registry
        if table == "conventions":
            return CONVENTIONS[row]
        if table == "commands":
            return "simulate report RUN --against SCENARIO"
        if table.startswith("registry/"):
            kind = table.removeprefix("registry/")
            own = next(item for item in getattr(registry, kind) if item.id == row)
            if column.startswith("clause"):
                return own.clause.text(lang)
            return own.key if column == "key" else getattr(own.name, lang)
        if table == "observables":
            about = self.first.describe(row)
            return about.name_zh if lang == "zh" else about.name_en
        if table == "ledger/accounts":
            return next(getattr(a.name, lang) for a in ACCOUNTS if a.key == row)
        if table == "target_outcomes":
            return getattr(records_held(registry)[row], lang)
        if table == "constructions.csv":
            return next(getattr(c.meaning, lang) for c in self.first.library.constructions if c.id == row)  # fmt: skip
        if table == "priors.csv":
            prior = self.first.library.priors[row]
            if column.startswith("meaning"):
                return getattr(prior.meaning, lang)
            return {"name": row, "unit": prior.unit, "sources": prior.sources}[column]
        assert table == "sources.csv", table
        path = Path(__file__).parents[2] / "calibration" / "sources.csv"
        return next(r[column] for r in rows_of(path) if r["id"] == row)

    def _targets_csv(self, item: Run, row: str, column: str) -> Any:
        if not row:
            return item.n
        held = rows_of(item.path / "targets.csv")
        own = next(r for r in held if r["target"] == row)
        if column.startswith("by_construction."):
            return re.search(rf"{column.partition('.')[2]}=(\S+) ", own["by_construction"])[1]  # type: ignore[index]
        return own[column]

    def _summary_parquet(self, item: Run, row: str, column: str) -> Any:
        series, year = row.split("@")
        key, _, element = series.removesuffix("]").partition("[")
        frame = summary_of(item.path)
        frame = frame[(frame["year"] == int(year)) & (frame["quantile"] == float(column))]
        if observable_of(series).dimension == "district":
            frame = frame[(frame.region == f"Tianjin|{element}") & (frame.variable == key)]
        else:
            frame = frame[frame.variable == (f"{key}|{element}" if element else key)]
        assert len(frame) == 1
        return float(frame["value"].iloc[0])

    def _ledger_csv(self, item: Run, row: str, column: str) -> Any:
        entries = [r for r in rows_of(item.path / "ledger.csv") if r["variable"] == "entry"]

        def total(chosen: Callable[[dict[str, str]], bool]) -> float:
            return sum(float(r["mean"]) for r in entries if chosen(r))

        source = total(lambda r: ROLES[r["account_from"]] == "source")
        if row == "role=held":
            ends = total(lambda r: ROLES[r["account_to"]] not in ("held", "source"))
            return source - ends
        if row.startswith("out of"):
            return source
        if row.startswith("into role="):
            roles = row.removeprefix("into role=").split("+")
            return total(lambda r: ROLES[r["account_to"]] in roles)
        wanted = dict(part.split("=") for part in row.split(";"))
        found = total(lambda r: all(r[k] == v for k, v in wanted.items()))
        return found / source if column == "mean/put up" else found

    def _manifest_json(self, item: Run, row: str, column: str) -> Any:
        if row == "data":
            return tuple(item.manifest["data"])
        found: Any = json.loads((item.path / "manifest.json").read_text(encoding="utf-8"))
        for part in row.split("."):
            found = found[part]
        return str(found)

    def _scenario_resolved_yaml(self, item: Run, row: str, column: str) -> Any:
        sheet = sheet_of(item.path / "scenario.resolved.yaml")
        for part in row.split("."):
            sheet = sheet[part]
        if row == "name":
            return sheet[column[-2:]]
        return sheet[column]

    def _joint(self, item: Run, row: str, column: str) -> Any:
        own = next(x for x in joints_of(item, goals_of(item)) if x.document == row)
        held = own.probability
        return {
            "name_zh": own.name.zh, "name_en": own.name.en, "counted": len(own.keys), "total": own.total,
            "probability": held.value, "probability_low": held.low, "probability_high": held.high,
        }[column]  # fmt: skip

    def _districts(self, item: Run, row: str, column: str) -> Any:
        def revenue(district: str) -> Any:
            places = [p.id for p in item.library.registry.places if district in (p.id, p.parent)]
            return sum(item.annual(f"district_core_revenue[{place}]") for place in places)

        own = revenue(row)
        if column == "share":
            tops = [p.id for p in item.library.registry.places if p.parent is None]
            return np.median(own[:, -1] / sum(revenue(place)[:, -1] for place in tops))
        found = {"first": np.median(own[:, 0]), "last": np.median(own[:, -1])}
        found["p05"], found["p95"] = np.quantile(own[:, -1], [0.05, 0.95])
        return found[column]

    def _size_classes(self, item: Run, row: str, column: str) -> Any:
        number, year = int(row[5]), int(row.partition("@")[2])
        names = ("catalogue_firms", "firms_10", "firms_50", "firms_100")
        place = item.years.index(year)
        above = [item.annual(name)[:, place] for name in names] + [0.0]
        return np.median(above[number] - above[number + 1])

    def _pipelines(self, item: Run, row: str, column: str) -> Any:
        started = item.values(f"milestones_started[{row}]")[:, -1]
        delivered = item.values(f"milestones_delivered[{row}]")[:, -1]
        found = {"delivered": np.median(delivered), "under_way": np.median(started - delivered)}
        found["p05"], found["p95"] = np.quantile(delivered, [0.05, 0.95])
        found["planned"] = next(t.value for t in item.library.registry.targets if t.key == row)
        return found[column]

    def _parameters(self, item: Run, row: str, column: str) -> Any:
        level = {"median": 0.5, "p05": 0.05, "p95": 0.95}[column]
        return np.quantile(item.parameters(row), level)

    def _counts(self, item: Run, row: str, column: str) -> Any:
        rows = [r for r in rows_of(item.path / "targets.csv") if r["extra"] == "False"]
        scored = [r for r in rows if r["probability"]]
        grades = grades_of(item)
        keys = [r["target"] for r in rows if f"milestones_delivered[{r['target']}]" in item.series]
        chance = {r["target"]: r["probability"] for r in rows}
        done = sum(float(chance[key] or 0.0) >= 0.5 for key in keys)
        dosed = [
            s for s in item.scenario.levers if any(s.dose.values(item.scenario.period.quarters))
        ]
        told = "\n".join(note.text("en") for note in item.scenario.notes)
        dead = [s for s in dosed if re.search(rf"{s.lever.key}\b.*(declares no|never act)", told)]
        found = {
            "targets": len(rows),
            "scored": len(scored),
            "likely": sum(float(r["probability"]) > 0.5 for r in scored),
            "drawn parameters": len(grades),
            "pipelines": len(keys),
            "pipelines reached": done,
            "levers": len(item.scenario.levers),
            "levers that act": len(dosed) - len(dead),
            "levers at zero": len(item.scenario.levers) - len(dosed),
            "levers without effect": len(dead),
            **{f"drawn parameters {grade}": grades.count(grade) for grade in set(grades)},
        }
        return found[row]

    def _years(self, item: Run, row: str, column: str) -> Any:
        return int(row)

    def _attribution_csv(self, item: Run, row: str, column: str) -> Any:
        outcome, _, group = row.rpartition("@")
        rows = rows_of(item.path / "attribution.csv")
        own = next(
            r for r in rows if r["group"] == group and (not outcome or r["outcome"] == outcome)
        )
        value = own[column.removesuffix("*100")]
        return 100.0 * float(value) if column.endswith("*100") else value

    def _trust(self, item: Run, row: str, column: str) -> Any:
        return getattr(trust_in(item).caution, column[-2:])

    def _notes(self, item: Run, row: str, column: str) -> Any:
        note = item.scenario.notes[int(row)]
        return {"path": note.path, "what_zh": note.what_zh, "what_en": note.what}[column]

    def _run_json(self, item: Run, row: str, column: str) -> Any:
        return json.loads((item.path / "run.json").read_text())[column]

    def _failures_csv(self, item: Run, row: str, column: str) -> Any:
        return len(item.failures)


@cache
def joints_of(item: Run, goals: tuple[Any, ...]) -> Any:
    return joint(goals, item)


@cache
def grades_of(item: Run) -> tuple[str, ...]:
    return drawn(item)[2]


@cache
def records_held(registry: Any) -> dict[str, Name]:
    return records_of(registry)


@cache
def sheet_of(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text("utf-8"))


@cache
def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@cache
def summary_of(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path / "summary.parquet")
    return frame[frame.subannual == "Year"]


def agrees(text: str, value: Any) -> bool:
    """Whether a text says the value: the very words, or a number rounded as far as it is printed."""
    if isinstance(value, tuple):
        return text in value
    if isinstance(value, dict):  # doses by year: every number printed is one of the sheet's
        given = set(re.findall(r"\d+(?:\.\d+)?", str(value)))
        said = re.findall(r"\d+(?:\.\d+)?", text)
        return all(any(abs(float(n) - float(g)) < 0.006 for g in given) for n in said)
    if text == str(value) or (text == "" and value in ("1", "")):
        return True
    if text == "–":
        return value in (None, "") or np.isnan(float(value))
    if re.fullmatch(r"[\d.]+[^\d%]+", str(value)):  # a dose with its unit
        value = re.match(r"[\d.]+", str(value))[0]  # type: ignore[index]
    found = re.fullmatch(r"([<>]?)([+−-]?)(\d+(?:\.(\d+))?)(?:e(\d+))?(%?)", text)
    if found is None:
        return False
    bound, sign, digits, decimals, power, percent = found.groups()
    scale = 100.0 if percent else 1.0
    shown = float(digits) * (-1 if sign in "−-" and sign else 1) * 10.0 ** int(power or 0)
    true = float(value) * scale
    if bound:
        return true < shown if bound == "<" else true > shown
    unit = 10.0 ** (int(power or 0) - (2 if power else len(decimals or "")))
    return abs(shown - true) <= 0.5 * unit * 1.000001 + 1e-9


def test_runs_of_different_periods_are_compared_over_the_years_of_both(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    shorter = run(
        SCENARIOS / "baseline.yaml",
        n=MEMBERS,
        engine="plain",
        set={"period.end": "2026Q4"},
        out=tmp_path / "shorter",
    )
    for pair in ((runs[0], shorter), (shorter, runs[0])):
        told = " ".join(re.sub(r"<[^>]+>", "", report_html(pair, "en")).split())
        assert "medians of 2026" in told
        assert "Mean of 2026" in told


@pytest.mark.parametrize("lang", LANGS)
def test_every_number_in_the_text_is_a_cell_of_the_results(
    pages: dict[str, str], truth: "Truth", lang: str
) -> None:
    found = read(pages[lang]).found
    bare = [text for place, text in found if place is None and re.search(r"\d", text)]
    assert not bare, f"numbers without a cell: {bare}"
    cells = [(place, text) for place, text in found if place is not None]
    wrong = [
        (place, text, truth.at(place)) for place, text in cells if not agrees(text, truth.at(place))
    ]
    assert not wrong
    tables = {place.split("|")[0].rpartition("/")[2] for place, _ in cells}
    expected = {
        "targets.csv",
        "summary.parquet",
        "ledger.csv",
        "manifest.json",
        "attribution.csv",
        "joint",
        "priors.csv",
    }
    assert expected <= tables and len(cells) > 500


def test_the_check_of_numbers_can_fail() -> None:
    assert agrees("17%", 0.1718) and not agrees("17%", 0.178) and not agrees("17%", 0.0017)
    assert agrees("<0.1%", 0.0007) and not agrees("<0.1%", 0.002)
    assert agrees("−8.48", -8.4751) and not agrees("8.48", -8.4751) and not agrees("655", 6550.0)
    assert agrees("–", "") and not agrees("–", "0.5")


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_needs_nothing_else_and_runs_nothing(pages: dict[str, str], lang: str) -> None:
    text = pages[lang]
    assert len(text.encode()) < LARGEST
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & reader.tags
    assert not {name for name in reader.attributes if name.startswith("on") or name == "src"}
    assert "default-src 'none'" in text and "@import" not in text
    assert not re.findall(r"url\((?!#|data:)", text) and "http-equiv" in text
    assert set(re.findall(r'href="([^"#][^"]*)"', text)) == set()


@pytest.mark.parametrize("lang", LANGS)
def test_ids_are_unique_and_every_reference_leads_somewhere(
    pages: dict[str, str], lang: str
) -> None:
    reader = read(pages[lang])
    assert len(set(reader.ids)) == len(reader.ids)
    assert reader.referred - {""} <= set(reader.ids)


def test_one_language_says_nothing_in_the_other(pages: dict[str, str]) -> None:
    chinese = re.compile("[\u4e00-\u9fff]")
    english = [text for place, text in read(pages["en"]).found if place is None]
    said = " ".join(english).replace("亿元", "").replace("中文", "")
    assert not chinese.search(said), chinese.findall(said)
    bodies = {lang: text.partition("<body>")[2] for lang, text in pages.items()}
    assert 'lang="zh-CN"' not in bodies["en"] and 'lang="en"' not in bodies["zh"]
    assert 'lang="zh-CN"' in bodies["both"] and 'id="tongue-zh"' in pages["both"]


def test_the_money_told_adds_up(truth: "Truth", pages: dict[str, str]) -> None:
    told = {p.split("|")[1]: p for p, _ in read(pages["en"]).found if p and "ledger.csv" in p}
    put, spent, lost, left = (
        truth.at(told[row])
        for row in ("out of role=source", "into role=received", "into role=misused+administered+lapsed", "role=held")
    )  # fmt: skip
    assert put == pytest.approx(spent + lost + left, rel=1e-9) and put > 0.0


def test_the_same_results_give_the_same_bytes(
    runs: tuple[Run, Run], pages: dict[str, str], tmp_path: Path
) -> None:
    again = [open_run(runs[0].path)]
    path = write_report(again, tmp_path / "a.html", "zh")
    assert path.read_text(encoding="utf-8") == pages["zh"]
    with pytest.raises(FileExistsError):
        write_report(again, path, "zh")
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_without_an_attribution_the_command_that_adds_it_is_told(runs: tuple[Run, Run]) -> None:
    assert "simulate report RUN --against SCENARIO" in report_html(runs[1:], "en")
    assert stored_attribution(runs[1]) is None
    held = stored_attribution(runs[0])
    assert isinstance(held, StoredAttribution) and held.members == 2 and held.by == "custom"
    outcome = held.outcomes[0]
    parts = [float(held.rows[outcome, group]["share"]) for group in held.groups(outcome)]
    assert sum(parts) == pytest.approx(float(held.rows[outcome, "total"]["share"]))


def test_an_attribution_of_something_else_is_left_out_in_words(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    shutil.copytree(runs[0].path, tmp_path / "copy")
    own = open_run(tmp_path / "copy")
    file = own.path / "attribution.csv"
    kept = file.read_text(encoding="utf-8")
    head, first, *rest = kept.splitlines(keepends=True)
    assert isinstance(stored_attribution(own), StoredAttribution)
    damaged = {
        "of another run": kept.replace(own.hash, runs[1].hash),
        "is no table": "".join([head.replace("outcome", "aim"), first, *rest]),
        "is not whole": "".join([head, *rest]),  # without the total of the first outcome
        "contradicts itself": "".join([head, first.replace(",2,custom,", ",3,custom,"), *rest]),
        "does not hold": kept.replace("P(tj27_core_revenue)", "P(tj99_nothing)"),
    }
    sound = stored_attribution(own)
    assert isinstance(sound, StoredAttribution)
    share = sound.rows[sound.outcomes[0], "total"]["share"]
    cases = [
        *((words, text.encode()) for words, text in damaged.items()),
        ("is no table", b"\xff\xfe" + kept.encode()),
        ("is no table", kept.replace(own.hash, "x" * 200_000, 1).encode()),
        ("without its number", kept.replace(",2,custom,", ",four,custom,").encode()),
        ("without its number", kept.replace(",2,custom,", ",0,custom,").encode()),
        ("without its number", kept.replace(share, "much", 1).encode()),
        ("without its number", kept.replace(share, "nan", 1).encode()),
        ("a cell too few", "".join([head, first.rpartition(",")[0] + "\n", *rest]).encode()),
        ("too many", "".join([head, first.rstrip() + ",1\n", *rest]).encode()),
    ]
    for words, data in cases:
        assert data != kept.encode()
        file.write_bytes(data)
        unfit = stored_attribution(own)
        assert isinstance(unfit, UnfitAttribution) and words in unfit.reason.en
    page = report_html([own], "both")
    assert "is left out" in page and "未采用" in page and "--against SCENARIO" in page


def test_an_attribution_is_used_again_only_for_the_same_question(
    runs: tuple[Run, Run], tmp_path: Path
) -> None:
    push, baseline = runs
    held = stored_attribution(push)
    assert isinstance(held, StoredAttribution)
    assert not answers(held, push, baseline.scenario, 2)  # groups of its own, not kinds
    asked = replace(held, by="kind")
    assert answers(asked, push, baseline.scenario, 2)
    assert not answers(asked, push, baseline.scenario, 3) and not answers(
        None, push, baseline.scenario, 1
    )
    assert not answers(asked, push, push.scenario, 2)
    other = {
        (o.replace("tj27_core_revenue", "tj27_firms_10yi"), g): r for (o, g), r in held.rows.items()
    }
    assert not answers(replace(asked, rows=other), push, baseline.scenario, 2)


def test_one_member_alone_has_a_report_and_no_spread(tmp_path: Path) -> None:
    alone = run(SCENARIOS / "baseline.yaml", n=1, engine="plain", out=tmp_path / "one")
    told = report_html([alone], "both")
    assert "No parameter differs between members." in told
    assert "没有在成员之间不同的参数。" in told


def test_a_run_given_twice_and_no_run_are_refused(runs: tuple[Run, Run]) -> None:
    with pytest.raises(UsageError, match="twice"):
        report_html([runs[0], runs[0]])
    with pytest.raises(UsageError, match="no run"):
        report_html([])


def test_texts_of_others_cannot_become_markup() -> None:
    cell = Cell('a"b', "<r>", "c", None, Name("<b>&", '"><script>'), named=True)
    shown = Sheet("both").block("p", Text("{x}甲<乙", "{x}a<b", {"x": cell}))
    assert "<b>" not in shown and "<script" not in shown and "甲&lt;乙" in shown
    assert 'data-cell="a&quot;b|&lt;r&gt;|c_zh"' in shown


def test_figures_take_the_colours_of_the_page(runs: tuple[Run, Run]) -> None:
    assert (
        recoloured(f"fill: {page.INK}; stroke: #ffffff")
        == "fill: var(--ink); stroke: var(--ground)"
    )
    half = recoloured(f"fill: {page.tint(page.COLOURS[0], 0.48)}")
    assert half == "fill: color-mix(in srgb, var(--series-1) 48%, var(--ground))"
    drawing = Gallery().add(figures.firm_sizes(runs[0], lang="zh"), "a b")
    assert 'aria-labelledby="a b"' in drawing and not re.search(r"#[0-9a-f]{6}\b", drawing)
    assert "<text" not in drawing and "metadata" not in drawing


def test_the_command_writes_once_and_says_where(runs: tuple[Run, Run], tmp_path: Path) -> None:
    words = ["report", str(runs[1].path), "-o", str(tmp_path / "r.html"), "--lang", "en", "--json"]
    first = CliRunner().invoke(program, words)
    assert first.exit_code == 0, first.stderr
    told = json.loads(first.stdout)
    assert told["file"].endswith("r.html") and told["bytes"] == (tmp_path / "r.html").stat().st_size
    assert CliRunner().invoke(program, words).exit_code == 2
    assert CliRunner().invoke(program, ["report", str(tmp_path)]).exit_code == 2


def test_every_pot_gives_on_what_it_got_and_ribbons_are_as_wide(runs: tuple[Run, Run]) -> None:
    found = flows.money_flow(ledger_of(runs[0]))
    nodes = {node for flow in found.flows for node in (flow.source, flow.destination)}
    for pot in (flows.BUDGETS, flows.PROJECTS, flows.FUNDS):
        assert pot in nodes and found.into(pot) == found.out_of(pot)
    assert sum(found.out_of(node) for node in flows.COLUMNS[0]) == sum(
        found.into(node) for node in flows.COLUMNS[-1]
    )
    placed = flows.layout(found, "zh")
    put = sum(found.out_of(node) for node in flows.COLUMNS[0])
    for node, (_, height) in placed.nodes.items():
        assert height == pytest.approx(max(found.into(node), found.out_of(node)) * flows.TALL / put)
    # What arrives at the ends of the picture, in inches, is all that was put up.
    x = max(ribbon.end[0] for ribbon in placed.ribbons)
    arriving = sum(ribbon.width for ribbon in placed.ribbons if ribbon.end[0] == x)
    assert arriving == pytest.approx(flows.TALL)
    missing = next(flow for flow in found.flows if flow.destination == flows.FUNDS)
    broken = found._replace(flows=tuple(flow for flow in found.flows if flow != missing))
    assert broken.into(flows.FUNDS) != broken.out_of(flows.FUNDS)


@pytest.mark.parametrize("lang", LANGS)
def test_texts_of_the_money_flow_stay_on_the_page(runs: tuple[Run, Run], lang: Lang) -> None:
    figure = figures.flow(runs[0], lang=lang)
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height
        font = Path(str(text.get_fontproperties().get_file()))
        assert fonts.missing_glyphs(text.get_text(), font) == ""
    ends = [text for text in figure.texts if text.get_ha() == "right"]
    boxes = [text.get_window_extent() for text in ends]
    for one, first in enumerate(boxes):
        for second in boxes[:one]:
            across = min(first.x1, second.x1) - max(first.x0, second.x0)
            down = min(first.y1, second.y1) - max(first.y0, second.y0)
            assert across <= 1 or down <= 3
