"""Finds the layers of a scenario and lays them over each other."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.tables import parse_yaml, read_yaml, shipped, show_path, shown_file
from simulator.registry import Data, Name, load_library
from simulator.scenario.assembly import assemble
from simulator.scenario.entries import NO_FIT, STORED, Origin, Scenario
from simulator.scenario.facts import Facts
from simulator.scenario.fit import read_fit
from simulator.scenario.reading import (
    TOP_KEYS,
    Key,
    LeverSheet,
    Reader,
    Sheet,
    Source,
    TargetSheet,
    shown,
)


def load_scenario(
    path: str | Path,
    overrides: Mapping[str, object] | None = None,
    data: Data = None,
    fitted: str | Path | None = None,
    layers: Sequence[str | Path] = (),
) -> Scenario:
    """Read a scenario file with its parents and overrides.

    `overrides` maps dotted paths to values as `--set` takes them: `levers.tj27_funds.size` to
    `300亿元/年`. `data` is the city's data or the folder of them, by default what is shipped.
    `fitted` names a fitted file that lies between the priors and the scenario files; unless given, that of the data
    is used where there is one and the run does not start before it. The key `fit` of a layer names another, or `none`.
    `layers` are files of external conditions laid over the scenario file, below the overrides; they hold levers,
    assumptions and mechanisms, and their names are added to the scenario's.
    Raises InputError with every finding of every layer.
    """
    library = load_library(data)
    facts = Facts.of(library)
    findings: list[Finding] = []
    if library.folder is not None:
        # A city's own founding tables are read when it runs; what is wrong with them is said before. They need numpy.
        from simulator.world.places import load_ground

        try:
            load_ground(library)
        except InputError as error:
            findings.extend(error.findings)
    sheets: list[Sheet] = []
    sheets.extend(_read_files(Path(path), facts, findings))
    names: list[tuple[str, Name]] = []
    for layer in map(Path, layers):
        sheet = _read_layer(layer, facts, findings)
        if sheet.name is not None:
            names.append((layer.stem, sheet.name))
        sheets.append(replace(sheet, name=None))
    if overrides:
        sheets.append(_read_overrides(overrides, facts, findings))
    asked = [sheet.fit for sheet in sheets if sheet.fit is not None]
    chosen = asked[-1] if asked else fitted if fitted is not None else library.fitted
    fit = None
    if chosen is not None and chosen != NO_FIT:
        fit, lowest = read_fit(Path(chosen), facts, findings)
        unasked = not asked and fitted is None
        start = next((s.start for s in reversed(sheets) if s.start is not None), None)
        if unasked and fit and fit.begins and start and start < fit.begins:
            fit, lowest = None, None
        if lowest is not None and not asked:
            lowest.origins["fit"] = Origin("fitted", str(chosen), 1, 1)
        sheets[:0] = [lowest] if lowest is not None else []
    merged = _merge(sheets, facts, findings)
    scenario = None
    if merged.readable:
        scenario = assemble(merged, facts, Path(path), findings, fit)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or scenario is None:
        raise InputError(_in_file_order(errors))
    for stem, added in names:
        name = Name(f"{scenario.name.zh}＋{added.zh}", f"{scenario.name.en} + {added.en}")
        scenario = replace(scenario, name=name, stem=f"{scenario.stem}-{stem}")
    return scenario


def shipped_scenario(name: str) -> Path | None:
    """The file of a shipped scenario by its bare name, `baseline` or `plans/tj-2018-2020`; None when there is none."""
    if not re.fullmatch(r"(plans/)?[\w-]+", name, re.ASCII):
        return None
    return _real_file(shipped("scenarios").joinpath(*f"{name}.yaml".split("/")))


MOST_BYTES: Final = 100_000
"""Of a scenario file; a resolved one has a quarter of that."""
LAYER_KEYS: Final = ("schema_version", "name", "levers", "assumptions", "mechanisms")
"""What a layer of external conditions may hold."""


def _read_layer(path: Path, facts: Facts, findings: list[Finding]) -> Sheet:
    """One layer of external conditions."""
    if _real_file(path) is None:
        findings.append(_no_file(path, [], False, None))
        return Sheet("layer", readable=False)
    try:
        source = read_yaml(path, MOST_BYTES)
    except InputError as error:
        findings.extend(error.findings)
        return Sheet("layer", readable=False)
    reader = Reader(source, "layer", facts, findings)
    sheet = reader.read(LAYER_KEYS)
    if isinstance(source.value, dict) and "name" not in source.value:
        reader.fault((), "name is missing", "缺少名称", Allowed.same("name: {zh: …, en: …}"))
    sheet.origins.pop("name", None)
    return sheet


def _in_file_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, line by line, the files in the order in which they were met."""
    once = dict.fromkeys(findings)
    files = list(dict.fromkeys(finding.file for finding in once))
    return sorted(once, key=lambda item: (files.index(item.file), item.line, item.column))


def _read_files(path: Path, facts: Facts, findings: list[Finding]) -> list[Sheet]:
    """The file and its parents, the eldest first."""
    sheets: list[Sheet] = []
    seen: dict[Path, Path] = {}
    layer = "file"
    current: Path | None = path
    asked: tuple[Source, Key] | None = None
    while current is not None:
        real = _real_file(current)
        if real is None or real in seen:
            findings.append(_no_file(current, [*seen.values(), current], real in seen, asked))
            sheets.append(Sheet(layer, readable=False))
            break
        seen[real] = current
        try:
            source = read_yaml(current, MOST_BYTES)
        except InputError as error:
            findings.extend(error.findings)
            sheets.append(Sheet(layer, readable=False))
            break
        reader = Reader(source, layer, facts, findings)
        sheets.append(reader.read())
        sheets[-1].stored = current.name == STORED
        if sheets[-1].stored:
            _keep_quiet(sheets[-1])
        parent = source.value.get("extends") if isinstance(source.value, dict) else None
        if isinstance(source.value, dict) and "extends" in source.value:
            if not isinstance(parent, str) or not parent.strip():
                reader.fault(
                    ("extends",),
                    f"{shown(parent)} is not a file name",
                    "此处应为文件名",
                    allowed=Allowed(
                        "one scenario file, relative to this one, or the name of a shipped one",
                        "一个情景文件，路径相对于本文件；或随附情景之名",
                    ),
                )
                sheets.append(Sheet(layer, readable=False))
                break
            asked = (source, ("extends",))
            beside = Path(os.path.normpath(current.parent / parent.strip()))
            named = shipped_scenario(parent.strip()) if facts.library.folder is None else None
            current = named if named is not None and _real_file(beside) is None else beside
        else:
            current = None
        layer = "extended file"
    return sheets[::-1]


def _keep_quiet(stored: Sheet) -> None:
    """Drop where doses leave their year to be understood: that was told when the run began."""
    for lever in stored.levers.values():
        if lever.dose is not None:
            lever.dose = replace(lever.dose, understood=None)


def _real_file(path: Path) -> Path | None:
    """The file itself, behind links; None when there is none."""
    try:
        return Path(os.path.realpath(path)) if path.is_file() else None
    except (OSError, ValueError):  # a name too long or with odd characters, a closed folder
        return None


def _no_file(
    path: Path, chain: Sequence[Path], cyclic: bool, asked: tuple[Source, Key] | None
) -> Finding:
    file, line, column, dotted = str(path), 0, 0, ""
    if asked is not None:
        source, key = asked
        file, dotted = source.file, show_path(key)
        line, column = source.position(key)
    if cyclic:
        names = " → ".join(item.name for item in chain)
        what, zh = f"the files extend each other in a circle: {names}", f"继承关系成环：{names}"
        allowed = Allowed("a chain that ends", "有终点的继承关系")
        return Finding(file, line, column, dotted, what, zh, allowed)
    what, zh = f"no file {str(path)!r}", f"没有文件“{path}”"
    try:
        if path.is_dir():
            what, zh = f"{str(path)!r} is a folder", f"“{path}”是文件夹"
        beside = (item.name for item in path.parent.glob("*.yaml"))
        near = sorted(name for name in beside if name != Path(file).name)
    except (OSError, ValueError):
        near = []
    named = shipped_scenario(path.as_posix())
    return Finding(
        file,
        line,
        column,
        dotted,
        what,
        zh,
        allowed=Allowed("a scenario file that exists", "已有的情景文件"),
        suggestion=nearest(path.name, near) or (shown_file(named) if named else ""),
    )


@dataclass(frozen=True)
class _Overrides:
    """The `--set` arguments as one source without lines."""

    value: object
    file: str = "--set"

    def position(self, path: Key, *, key: bool = False) -> tuple[int, int]:
        return (0, 0)


def _read_overrides(
    overrides: Mapping[str, object], facts: Facts, findings: list[Finding]
) -> Sheet:
    tree: dict[str, object] = {}
    for dotted, value in overrides.items():
        try:
            plain = _plain_override(dotted, value)
            _plant(tree, dotted, plain)
        except InputError as error:
            findings.extend(error.findings)
    reader = Reader(_Overrides(tree), "--set", facts, findings)
    sections = tuple(key for key in TOP_KEYS if key not in ("schema_version", "extends"))
    return reader.read(sections) if tree else reader.sheet


def _plain_override(dotted: str, value: object) -> object:
    """The value of one `--set`, read as YAML where it is text."""
    if not isinstance(value, str):
        return value
    try:
        return parse_yaml(value, "--set").value
    except InputError as error:
        first = error.findings[0]
        raise InputError(
            [
                Finding(
                    "--set",
                    0,
                    0,
                    dotted,
                    f"{value!r} cannot be read: {first.what}",
                    f"无法读取“{value}”：{first.what_zh}",
                    first.allowed,
                )
            ]
        ) from None


def _plant(tree: dict[str, object], dotted: str, value: object) -> None:
    keys = [key.strip() for key in dotted.split(".")]
    if not all(keys):
        raise InputError([_clash(dotted)])
    branch = tree
    for key in keys[:-1]:
        below = branch.setdefault(key, {})
        if not isinstance(below, dict):
            raise InputError([_clash(dotted)])
        branch = cast(dict[str, object], below)
    if keys[-1] in branch:
        raise InputError([_clash(dotted)])
    branch[keys[-1]] = value


def _clash(dotted: str) -> Finding:
    return Finding(
        "--set",
        0,
        0,
        dotted,
        "names no single value of its own",
        "该路径为空或与另一项设置冲突",
        Allowed(
            "a dotted path once, such as levers.tj27_funds.size",
            "以点分隔的路径，只写一次，例如 levers.tj27_funds.size",
        ),
    )


_SINGLE = (
    "name",
    "description",
    "start",
    "end",
    "plans",
    "population",
    "construction",
    "government",
)


def _merge(sheets: Sequence[Sheet], facts: Facts, findings: list[Finding]) -> Sheet:
    merged = Sheet("merged")
    for sheet in sheets:
        for name in _SINGLE:
            if getattr(sheet, name) is not None:
                setattr(merged, name, getattr(sheet, name))
        merged.members = merged.members if sheet.members is None else sheet.members
        merged.seed = merged.seed if sheet.seed is None else sheet.seed
        merged.assumptions.update(sheet.assumptions)
        merged.mechanisms.update(sheet.mechanisms)
        merged.readings.update(sheet.readings)
        merged.origins.update(sheet.origins)
        merged.readable = merged.readable and sheet.readable
        for lever, given in sheet.levers.items():
            _overlay(merged.levers.setdefault(lever, LeverSheet()), given)
        for key, target in sheet.targets.items():
            _overlay(merged.targets.setdefault(key, TargetSheet()), target)
        _refuse_years(sheet, merged, facts, findings)
    return merged


def _overlay(below: LeverSheet | TargetSheet, above: LeverSheet | TargetSheet) -> None:
    for name, value in vars(above).items():
        if value is not None:
            setattr(below, name, value)


def _refuse_years(sheet: Sheet, merged: Sheet, facts: Facts, findings: list[Finding]) -> None:
    """Years outside the period as the layer that names them sees it.

    A later layer may shorten the period; that makes a year unused, which is only noted, and so it is in the sheet
    that a run folder keeps of both layers.
    """
    if merged.start is None or merged.end is None or sheet.stored:
        return
    first, last = merged.start.year, merged.end.year
    for lever, given in sheet.levers.items():
        for year, place in (given.dose.places if given.dose else {}).items():
            if not first <= year <= last:
                findings.append(
                    Finding(
                        *place,
                        path=f"levers.{facts.registry.lever(lever).key}"
                        f".{facts.dose(lever).attribute}.{year}",
                        what=f"year {year} is outside the period",
                        what_zh=f"年份 {year} 不在模拟期内",
                        allowed=Allowed.span(first, last),
                    )
                )
    for key, target in sheet.targets.items():
        if target.deadline is not None and not first <= target.deadline <= last:
            origin = sheet.origins[f"targets.{key}.deadline"]
            findings.append(
                Finding(
                    origin.file,
                    origin.line,
                    origin.column,
                    path=f"targets.{key}.deadline",
                    what=f"year {target.deadline} is outside the period",
                    what_zh=f"年份 {target.deadline} 不在模拟期内",
                    allowed=Allowed.span(first, last),
                )
            )
