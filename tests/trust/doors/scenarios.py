"""Scenario files, layers of conditions and single values."""

import json
import random
import re
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from simulator.foundation.findings import InputError
from simulator.foundation.tables import parse_yaml
from simulator.scenario import Scenario, load_scenario, sheet_text
from tests.trust.doors.bench import (
    SPEAKING,
    Bench,
    Trial,
    call,
    findings_of,
    outcome,
    shown,
    wrong_with,
)
from tests.trust.mutators import VALUES, YAML, damage


def scenario_door(bench: Bench, chance: random.Random) -> Trial:
    """A scenario file, checked or shown; one that is taken must say what it stands for."""
    whole = chance.choice(sorted(bench.folder.glob("scenarios/**/*.yaml")))
    found = damage(whole.read_text(encoding="utf-8"), YAML, chance)
    # Beside the whole one, so that what it extends is found.
    file = whole.with_name("damaged.yaml")
    file.write_bytes(found.data)
    conditions = whole.parent.name == "conditions"
    try:
        if conditions:
            heard = call(*SPEAKING, "show", str(bench.baseline), "--layer", str(file))
        else:
            heard = call(*SPEAKING, chance.choice(("check", "show")), str(file))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if "damaged.yaml" in named else f"another file is named: {named}"
        if not fault and heard.code == 0 and not conditions:
            fault = wrongly_taken(file, whole, chance)
    finally:
        file.unlink()
    return Trial(
        "layer" if conditions else "scenario", found.kind, outcome(heard), fault, shown(found.data)
    )


def wrongly_taken(file: Path, whole: Path, chance: random.Random) -> str:
    """What of a damaged scenario that loads was passed over; empty where all of it was read."""
    scenario, before = load_scenario(file), whole_scenario(whole)
    document = parse_yaml(file.read_text(encoding="utf-8-sig"), str(file))
    read = {(origin.line, origin.column) for origin in scenario.origins.values()}
    for path in leaves(document.value):
        if document.position(path, key=True) not in read:
            return f"{path} was not read"
    again = file.with_name("again.yaml")
    again.write_text(sheet_text(scenario.resolved()), encoding="utf-8")
    try:
        # The fit is a layer of its own and stands in no sheet: laid over the sheet it changes nothing.
        resolved = load_scenario(
            again, fitted=scenario.fit.file if scenario.fit else "none"
        ).resolved()
    finally:
        again.unlink()
    if resolved != scenario.resolved():
        return "its resolved sheet reads otherwise"
    if scenario.resolved() == before.resolved() and [n.what for n in scenario.notes] == [
        n.what for n in before.notes
    ]:
        value = parse_yaml(whole.read_text(encoding="utf-8"), str(whole)).value
        if not harmless(document.value, value):
            return "nothing came of a changed value"
    return runs(scenario) if chance.random() < 0.05 else ""


@cache
def whole_scenario(path: Path) -> Scenario:
    """A scenario of the bench as it was."""
    return load_scenario(path)


def harmless(after: object, before: object) -> bool:
    """Whether two sheets may mean the same: spelt or ordered otherwise, zero in another unit, a default left out."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            pairs = {str(k).casefold(): plain(v) for k, v in value.items()}
            return {
                k: v for k, v in pairs.items() if k not in ("members", "seed", "schema_version")
            }
        if isinstance(value, list):
            return sorted(map(repr, map(plain, value)))
        word = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value))).casefold()
        word = re.sub("--+", "-", word.replace("億", "亿"))
        return re.sub(r"^[+-]?0(\.0*)?(?=[^\d.]|$).*", "0", word)  # nothing, in whatever unit

    return plain(after) == plain(before)


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The keys of a scenario sheet that set something of their own."""
    from tests.scenario.test_mutations import SECTIONS

    depth = SECTIONS.get(str(path[0]), 1) if path else 2
    if isinstance(value, dict) and len(path) < depth:
        for key, entry in value.items():
            if path or key not in ("schema_version", "extends"):
                yield from leaves(entry, (*path, key))
    else:
        yield path


def runs(scenario: Scenario) -> str:
    """What is wrong with simulating one member of a scenario that was found valid."""
    from simulator.model import prepare

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = prepare(scenario).simulate(0, engine="plain")
    except InputError as error:
        return f"found valid, and refused when it runs: {error}"
    except Exception as error:
        return f"found valid, and breaks when it runs: {type(error).__name__}: {error}"
    return "" if result.values.size else "nothing was simulated"


KEYS = (
    "levers.tj27_funds.size", "levers.tj27_talent.intake", "levers.tj27_funds", "levers", "assumptions.rpc",
    "assumptions.base_core_revenue", "assumptions.k_drawdown", "members", "seed", "period.end", "period", "plans",
    "mechanisms.exit", "government", "government.rule", "name", "name.zh", "population", "fit", "readings", "targets.x",
    "targets.x.value", "extends", "schema_version", "levers.tj27_funds.size.2026", "levers.tj27_funds.chains", "", ".",
    "levers..size", "levers.tj27_fund.size", "a" * 5000, "链", "\u202e", "levers.tj27_funds.size.2026.x", "__class__",
)  # fmt: skip
SIZES = (
    "300亿元",
    "30",
    "3e2亿元",
    "{2025: 100亿元}",
    "{from: {2025: 1亿元}, interpolate: linear}",
    "2027Q4",
    "0.5",
    "all",
)


def set_door(bench: Bench, chance: random.Random) -> Trial:
    """One or two `--set`."""
    pairs = []
    for _ in range(chance.choice((1, 1, 2))):
        value = chance.choice(VALUES if chance.random() < 0.7 else SIZES)
        pairs.append(
            f"{chance.choice(KEYS)}{chance.choice(('=', '=', '=', ' = ', '==', ''))}{value}"
        )
    command = chance.choice(("check", "show"))
    words = [word for pair in pairs for word in ("--set", pair)]
    heard = call(*SPEAKING, command, str(bench.baseline), *words)
    fault = wrong_with(heard)
    if not fault and heard.code == 0 and command == "show":
        before = json.loads(call(*SPEAKING, command, str(bench.baseline)).out)
        after = json.loads(heard.out)
        default = {p.replace(" ", "").partition("=")[2] for p in pairs} <= {
            "300亿元",
            "2027Q4",
            "true",
            "all",
        }
        if before["scenario"] == after["scenario"] and not default:
            fault = "accepted and without effect"
    return Trial("--set", command, outcome(heard), fault, " ".join(pairs)[:300])
