"""What a page is told once: entries, levers with bounds and clauses, metrics, and its words."""

import json
from collections.abc import Mapping
from typing import Any, Final

from simulator.experiments.backtest import records_of
from simulator.experiments.cases import cost_is_assumed
from simulator.experiments.moments import WORDS as PERIMETERS
from simulator.explorer.ensembles import STAGES
from simulator.explorer.shelf import Dose, Entry, Shelf
from simulator.explorer.wording import WORDS
from simulator.observables import CATALOGUE
from simulator.policy.effects import CHANNELS, lever_tables
from simulator.policy.ledger import ACCOUNTS
from simulator.registry import Name
from simulator.reporting.wording import GRADES
from simulator.scenario import Scenario, Schedule
from simulator.targets import UNCALIBRATED, trust_of

Plain = dict[str, Any]
METRICS: Final = tuple(item.key for item in CATALOGUE if item.dimension == "city")
UNITS: Final[Mapping[str, Name]] = {
    "亿元/年": Name("亿元/年", "亿元/yr"),
    "个/年": Name("个/年", "items/yr"),
    "家/年": Name("家/年", "firms/yr"),
    "人/年": Name("人/年", "people/yr"),
    "1": Name("力度", "level"),
}
"""Units of doses, short enough to stand beside a field."""


def catalogue(shelf: Shelf, lang: str = "") -> Plain:
    """Everything that does not depend on a question, as plain values.

    `lang` is the language the page starts in, empty for that of the browser.
    """
    scenario = shelf.home.scenario
    registry = scenario.library.registry
    return {
        "lang": lang,
        "entries": [entry_sheet(entry) for entry in shelf.entries.values()],
        "layers": [
            {
                "id": layer.id,
                "name": name(layer.name),
                "doses": {key: dose_sheet(dose) for key, dose in layer.doses.items()},
            }
            for layer in shelf.layers.values()
        ],
        "chains": [{"id": chain.id, "name": name(chain.name)} for chain in registry.chains],
        "districts": [{"id": place.id, "name": name(place.name)} for place in registry.places],
        "home": shelf.home.id,
        "years": list(scenario.period.years),
        "levers": _levers(shelf),
        "kinds": {kind.id: name(kind.name) for kind in scenario.library.registry.kinds},
        "grades": {key: name(found) for key, found in GRADES.items()},
        "units": {unit: name(word) for unit, word in UNITS.items()},
        "metrics": [
            {"key": item.key, "name": name(item.name), "unit": item.unit}
            for item in CATALOGUE
            if item.key in METRICS
        ],
        "caution": name(UNCALIBRATED),
        "stages": list(STAGES),
        "folder": str(shelf.folder),
        "words": WORDS,
    }


def letters(shelf: Shelf) -> str:
    """Every character of the words that a page may show, each once; names that are typed may have others."""
    library = shelf.home.scenario.library
    registry = library.registry
    words = [
        *(item.name.zh for item in registry.documents),
        *(item.name.zh for item in registry.targets),
        *(item.name.zh for item in ACCOUNTS),
        *(item.name.zh for item in CATALOGUE),
        *(item.meaning.zh for item in library.constructions),
        *(item.meaning.zh for item in library.priors.values()),
        *(
            text.zh
            for entry in shelf.entries.values()
            for target in entry.scenario.extra_targets
            for text in (target.name, target.note)
        ),
        *(trust_of(entry.scenario).caution.zh for entry in shelf.entries.values()),
        *(item.zh for item in (*records_of(registry).values(), *PERIMETERS.values())),
    ]
    told = json.dumps(catalogue(shelf), ensure_ascii=False)
    return "".join(sorted({*told, *"".join(words)}))


def entry_sheet(entry: Entry) -> Plain:
    """An entry with the doses of its levers and what they are aimed at."""
    scenario = entry.scenario
    return {
        "id": entry.id,
        "name": name(scenario.name),
        "description": name(scenario.description),
        "saved": entry.run is not None,
        "members": entry.run.n if entry.run else scenario.members,
        "doses": {item.lever.key: dose_sheet(item.dose) for item in scenario.levers},
        "aims": _aims(scenario),
    }


def _aims(scenario: Scenario) -> dict[str, dict[str, list[str]]]:
    """Chains and districts of the levers that do not act on all of them."""
    every = len(scenario.library.registry.chains)
    found: dict[str, dict[str, list[str]]] = {}
    for item in scenario.levers:
        if item.chains and len(item.chains) < every:
            found.setdefault(item.lever.key, {})["chains"] = list(item.chains)
        if item.places:
            found.setdefault(item.lever.key, {})["districts"] = list(item.places)
    return found


def dose_sheet(schedule: Schedule) -> object:
    """A dose as the page writes it: a number, or values by year."""
    dose = Dose.of(schedule)
    if dose.points[0][0] is None:
        return dose.points[0][1]
    return {"years": {str(year): value for year, value in dose.points}, "linear": dose.linear}


def name(found: Name) -> Plain:
    """A text in both languages."""
    return {"zh": found.zh, "en": found.en}


def _levers(shelf: Shelf) -> list[Plain]:
    library = shelf.home.scenario.library
    tables = lever_tables(library)
    years = shelf.home.scenario.period.years
    channels: dict[str, list[str]] = {}
    for effect in tables.effects:
        moved = channels.setdefault(effect.lever, [])
        if effect.channel not in moved:
            moved.append(effect.channel)
    found = []
    for lever in shelf.levers.values():
        size = tables.assumptions[lever.id]
        document = library.registry.document(lever.document)
        found.append(
            {
                "key": lever.key,
                "name": name(lever.name),
                "kind": lever.kind,
                "unit": size.unit,
                "low": min(0.0, size.low),
                "high": size.high,
                "usual": [size.low, size.high],
                "default": size.default,
                "cost": size.cost_per_unit,
                "cost_assumed": cost_is_assumed(size),
                "ramp": size.ramp_years,
                "grade": size.grade,
                "sources": list(size.sources),
                "reasoning": {"zh": size.reasoning.zh, "en": size.reasoning.en},
                "document": name(document.name),
                "clause": {"zh": lever.clause.text("zh"), "en": lever.clause.text("en")},
                "years": [year for year in years if lever.start <= year <= lever.end],
                "moves": [
                    {"zh": CHANNELS[key].meaning.zh, "en": CHANNELS[key].meaning.en}
                    for key in channels.get(lever.id, ())
                ],
            }
        )
    return found
