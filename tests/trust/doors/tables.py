"""The data of another city, lists of firms, figures, fits, marks."""

import contextlib
import csv
import io
import json
import os
import random
import re
import shutil
import unicodedata
from decimal import Decimal, InvalidOperation
from pathlib import Path

from simulator.foundation.tables import parse_yaml
from simulator.registry import load_library
from simulator.scenario import load_scenario
from simulator.world.population import UNITS, read_population
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
from tests.trust.doors.scenarios import runs
from tests.trust.mutators import TABLE, YAML, damage


def data_door(bench: Bench, chance: random.Random) -> Trial:
    """One file of a city's folder, damaged, renamed or left out."""
    city = bench.work / f"city{chance.randrange(10**9)}"
    shutil.copytree(bench.folder / "city", city)
    try:
        file = chance.choice(
            sorted(path for path in city.rglob("*") if path.suffix in (".yaml", ".csv"))
        )
        act, exhibit = chance.random(), ""
        if act < 0.05:
            kind = f"{file.name} left out"
            file.unlink()
        elif act < 0.1:
            kind = f"{file.name} under another name"
            file.rename(file.with_name(f"{file.stem}s{file.suffix}"))
        elif act < 0.13:
            kind = f"{file.name} is a folder"
            file.unlink()
            file.mkdir()
        else:
            mutators = YAML if file.suffix == ".yaml" else TABLE
            found = damage(file.read_text(encoding="utf-8-sig"), mutators, chance)
            file.write_bytes(found.data)
            kind, exhibit = f"{found.kind} in {file.name}", shown(found.data)
        command = chance.choice(("check", "check", "show", "levers", "plans", "tasks"))
        words = [str(city / "baseline.yaml")] if command in ("check", "show") else []
        if command == "plans" and chance.random() < 0.5:
            words.append("--coherence")
        heard = call(*SPEAKING, command, *words, "--data", str(city))
        fault = wrong_with(heard)
        if (
            not fault
            and heard.code == 3
            and not any(
                city.name in f["file"] or f["file"].endswith("calibration/priors.csv")
                for f in findings_of(heard)
            )
        ):
            fault = f"another place is named: {findings_of(heard)[0]['file']}"
        if not fault and heard.code == 0 and command == "check" and chance.random() < 0.3:
            fault = runs(load_scenario(city / "baseline.yaml", data=city))
    finally:
        shutil.rmtree(city)
    return Trial("--data", kind, outcome(heard), fault, exhibit)


def firms_door(bench: Bench, chance: random.Random) -> Trial:
    """A list of firms; one that is taken is read again by hand."""
    found = damage((bench.folder / "firms.csv").read_text(encoding="utf-8-sig"), TABLE, chance)
    file = bench.put("firms.csv", found.data)
    text = f"extends: {os.path.relpath(bench.baseline, bench.work)}\nschema_version: 1\npopulation: firms.csv\n"
    own = bench.put("own.yaml", text.encode())
    try:
        heard = call(*SPEAKING, "check", str(own))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if "firms.csv" in named else f"another file is named: {named}"
        if not fault and heard.code == 0:
            fault = misread_firms(file)
            if not fault and chance.random() < 0.03:
                fault = runs(load_scenario(own))
    finally:
        file.unlink()
        own.unlink()
    return Trial("firms.csv", found.kind, outcome(heard), fault, shown(found.data))


def misread_firms(file: Path) -> str:
    """What of a list was read otherwise than it stands, by a second reading that shares no code with the first."""
    data = file.read_bytes()
    codes = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    text = ""
    for code in codes:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(code)
            break
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    mark = max(",\t;", key=text.lstrip("\n").partition("\n")[0].count)
    rows = [
        row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(map(str.strip, row))
    ]
    head = [plain(cell) for cell in rows[0]]
    names = next(i for i, word in enumerate(head) if re.search("name|名称|企业", word))
    money = next(i for i, word in enumerate(head) if re.search("revenue|营收|营业收入|收入", word))
    units = next((i for i, word in enumerate(head) if word in ("单位", "unit")), None)
    stated = re.findall("亿元|万元|元|cny", head[money])
    expected = {}
    for row in rows[1:]:
        cell = plain(row[money]).replace(",", "")
        own = (
            re.findall("亿元|万元|元|cny", cell)
            or (units is not None and [plain(row[units])])
            or stated
        )
        try:
            number = Decimal(re.sub("[^0-9.eE+-]", "", cell.replace("cny", "")))
        except InvalidOperation:
            return f"{row[money]!r} was taken for an amount"
        expected[plain(row[names])] = float(number) * UNITS[own[0] or stated[0]]
    read = {
        firm.name.casefold(): firm.revenue
        for firm in read_population(file, load_library().registry).firms
    }
    if set(read) != set(expected) or len(read) != len(rows) - 1:
        return f"{len(rows) - 1} rows, {len(read)} firms"
    for name, value in expected.items():
        if abs(read[name] - value) > 1e-9 * abs(value):
            return f"{name}: {read[name]} read, {value} written"
    return ""


def plain(text: str) -> str:
    """A cell as people read it."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def facts_door(bench: Bench, chance: random.Random) -> Trial:
    """Figures for `simulate update`."""
    more = "core_revenue_published,2026,700亿元,0.15,catalogue,lower\ncore_revenue,2025,470亿元,0.2,catalogue,two\n"
    text = (bench.folder / "facts.csv").read_text(encoding="utf-8-sig") + more
    found = damage(text, TABLE, chance)
    file = bench.put("facts.csv", found.data)
    output = bench.work / "weights"
    heard = call(*SPEAKING, "update", str(bench.run()), "--facts", str(file), "-o", str(output))
    fault = wrong_with(heard)
    if not fault and heard.code == 0:
        rows = (
            found.data.decode("utf-8-sig")
            .replace("\r\n", "\n")
            .replace("\r", "\n")
            .strip()
            .split("\n")
        )
        told = json.loads(heard.out)
        count = len([row for row in rows[1:] if row.strip(", ")])
        if len(told["figures"]) != count:
            fault = f"{count} rows, {len(told['figures'])} figures"
    file.unlink()
    for left in bench.work.glob("weights*"):
        if heard.code != 0:
            fault = fault or "a file is left of a refused call"
        left.unlink() if left.is_file() else shutil.rmtree(left)
    return Trial("facts.csv", found.kind, outcome(heard), fault, shown(found.data))


def fit_door(bench: Bench, chance: random.Random) -> Trial:
    """A fitted file or its posterior."""
    folder = bench.work / "fit"
    folder.mkdir(exist_ok=True)
    for name in ("fitted.yaml", "posterior.csv"):
        shutil.copy(bench.folder / "calibration" / name, folder)
    name = chance.choice(("fitted.yaml", "posterior.csv"))
    mutators = YAML if name == "fitted.yaml" else TABLE
    found = damage((folder / name).read_text(encoding="utf-8-sig"), mutators, chance)
    (folder / name).write_bytes(found.data)
    extends = os.path.relpath(bench.baseline, folder)
    own = folder / "own.yaml"
    own.write_text(f"schema_version: 1\nextends: {extends}\nfit: fitted.yaml\n", encoding="utf-8")
    try:
        heard = call(*SPEAKING, "check", str(own))
        fault = wrong_with(heard)
        if not fault and heard.code == 3:
            named = {Path(item["file"]).name for item in findings_of(heard)}
            fault = "" if named & {name, "fitted.yaml"} else f"another file is named: {named}"
        if not fault and heard.code == 0:
            fault = misread_fit(folder, own)
    finally:
        shutil.rmtree(folder)
    return Trial("fitted.yaml, posterior.csv", found.kind, outcome(heard), fault, shown(found.data))


def misread_fit(folder: Path, own: Path) -> str:
    """What of a fit was passed over."""
    scenario = load_scenario(own)
    sheet = parse_yaml(
        (folder / "fitted.yaml").read_text(encoding="utf-8-sig"), "fitted.yaml"
    ).value
    assert isinstance(sheet, dict)
    if "posterior" not in sheet:
        return ""
    text = (folder / "posterior.csv").read_text(encoding="utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text)) if any(map(str.strip, row))]
    for name in rows[0]:
        found = scenario.assumptions.get(name.strip())
        if found is not None and len(found.numbers) != len(rows) - 1:
            return f"{name}: {len(rows) - 1} rows, {len(found.numbers)} read"
    return ""


def marks_door(bench: Bench, chance: random.Random) -> Trial:
    """The file of marks of the checklist."""
    file = bench.work / "marks.csv"
    task = json.loads(call("--json", "tasks").out)["tasks"]
    for item in task[:3]:
        assert (
            call("tasks", "mark", item["id"], "done", "--note", "第一", "--file", str(file)).code
            == 0
        )
    found = damage(file.read_text(encoding="utf-8-sig"), TABLE, chance)
    file.write_bytes(found.data)
    words = chance.choice((["tasks"], ["tasks", "mark", task[5]["id"], "open"]))
    heard = call(*SPEAKING, *words, "--file", str(file))
    fault = wrong_with(heard)
    if not fault and heard.code != 0 and file.read_bytes() != found.data:
        fault = "a refused file was written to"
    file.unlink()
    return Trial("marks of tasks", found.kind, outcome(heard), fault, shown(found.data))
