"""Reads one layer of a scenario into a typed sheet; whatever is wrong becomes a finding."""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol, cast

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import UNSAID, Allowed, Finding, Severity, nearest
from simulator.foundation.parameters import (
    KINDS,
    MIXED,
    NUMBERS,
    Distribution,
    DistributionError,
    Parameter,
)
from simulator.foundation.tables import show_path
from simulator.foundation.units import (
    QuantityError,
    accepted_units,
    format_quantity,
    is_unit,
    read_understood,
    takes_bare_number,
)
from simulator.observables import BY_KEY
from simulator.registry import Entry, Lever, Name
from simulator.scenario.entries import (
    EVERY,
    MECHANISMS,
    NO_FIT,
    RULES,
    SCHEMA_VERSION,
    BudgetRule,
    Origin,
)
from simulator.scenario.facts import DoseSpec, Facts

TOP_KEYS: Final = (
    "schema_version",
    "extends",
    "name",
    "description",
    "period",
    "plans",
    "population",
    "fit",
    "levers",
    "assumptions",
    "mechanisms",
    "government",
    "targets",
    "readings",
    "members",
    "seed",
)
TARGET_KEYS: Final = ("name", "note", "metric", "comparator", "value", "deadline")
LEVER_KEYS: Final = ("chains", "districts", "start", "end")
COMPARATORS: Final = (">", ">=")
SWITCH_WORDS: Final = {"on": True, "off": False}
MOST_MEMBERS: Final = 1_000_000
LARGEST_SEED: Final = 2**32 - 1
LAST_YEAR: Final = 2050
Key = tuple[str | int, ...]
_UNSEEN: Final = frozenset({"Cc", "Cs"})  # control characters and halves of characters


class Source(Protocol):
    """A file or a set of overrides: plain values, and the place of each."""

    @property
    def value(self) -> object: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    def position(self, path: Key, *, key: bool = False) -> tuple[int, int]: ...  # noqa: D102


class Place(NamedTuple):
    """File, line and column of a value."""

    file: str
    line: int
    column: int


class Quantity(NamedTuple):
    """A number in the unit asked for, and whether its `/年` is understood."""

    value: float
    understood: bool


@dataclass(frozen=True)
class DoseSheet:
    """A dose over time as `Schedule.points` has it, and where each named year stands.

    `understood` is where the first value stands that leaves its `/年` to be understood.
    """

    points: tuple[tuple[int | None, float], ...]
    linear: bool
    places: Mapping[int, Place]
    understood: Place | None = None


@dataclass
class LeverSheet:
    """What a layer says of one lever; None means nothing."""

    dose: DoseSheet | None = None
    chains: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None
    start: Quarter | None = None
    end: Quarter | None = None


@dataclass
class TargetSheet:
    """What a layer says of a further target; None means nothing."""

    name: Name | None = None
    note: Name | None = None
    metric: str | None = None
    comparator: str | None = None
    value: str | int | float | None = None
    deadline: int | None = None


@dataclass
class Sheet:
    """What one layer says; None and missing keys mean that it says nothing."""

    layer: str
    name: Name | None = None
    description: Name | None = None
    start: Quarter | None = None
    end: Quarter | None = None
    plans: tuple[str, ...] | None = None
    population: Path | None = None
    fit: Path | str | None = None
    levers: dict[str, LeverSheet] = field(default_factory=dict)
    assumptions: dict[str, Distribution] = field(default_factory=dict)
    construction: str | None = None
    mechanisms: dict[str, bool] = field(default_factory=dict)
    government: BudgetRule | None = None
    targets: dict[str, TargetSheet] = field(default_factory=dict)
    readings: dict[str, str] = field(default_factory=dict)
    members: int | None = None
    seed: int | None = None
    origins: dict[str, Origin] = field(default_factory=dict)
    readable: bool = True
    stored: bool = False  # of a run folder: judged when the run began


class Reader:
    """Reads one layer into a `Sheet`; whatever is wrong goes to `findings`."""

    def __init__(self, source: Source, layer: str, facts: Facts, findings: list[Finding]) -> None:
        self.source = source
        self.layer = layer
        self.facts = facts
        self.findings = findings
        self.sheet = Sheet(layer)

    def read(self, sections: Sequence[str] = TOP_KEYS) -> Sheet:
        """What the layer says; only keys of `sections` may stand at its top level."""
        if self.source.value is None:
            self.fault((), "the file is empty", "文件为空", allowed=Allowed.one_of(sections))
            self.sheet.readable = False
            return self.sheet
        top = self._mapping((), self.source.value, sections)
        if top is None:
            self.sheet.readable = False
            return self.sheet
        for key in set(top) & {
            "name",
            "description",
            "plans",
            "population",
            "fit",
            "members",
            "seed",
        }:
            self._set_origin((key,))
        if "schema_version" in sections:
            self._schema_version(top)
        sheet = self.sheet
        if "name" in top:
            sheet.name = self._bilingual(("name",), top["name"])
        if "description" in top:
            sheet.description = self._bilingual(("description",), top["description"])
        if "period" in top:
            self._period(top["period"])
        if "plans" in top:
            sheet.plans = self._plans(("plans",), top["plans"])
        if "population" in top:
            sheet.population = self._population(("population",), top["population"])
        if "fit" in top:
            sheet.fit = self._fit(("fit",), top["fit"])
        if "levers" in top:
            self._levers(top["levers"])
        if "assumptions" in top:
            self._assumptions(top["assumptions"])
        if "mechanisms" in top:
            self._mechanisms(top["mechanisms"])
        if "government" in top:
            self._government(top["government"])
        if "targets" in top:
            self._targets(top["targets"])
        if "readings" in top:
            self._readings(top["readings"])
        if "members" in top:
            sheet.members = self._whole(("members",), top["members"], 1, MOST_MEMBERS)
        if "seed" in top:
            sheet.seed = self._whole(("seed",), top["seed"], 0, LARGEST_SEED)
        return sheet

    def fault(
        self,
        path: Key,
        what: str,
        what_zh: str,
        allowed: Allowed = UNSAID,
        suggestion: str | None = "",
        severity: Severity = "error",
        at_key: bool = False,
    ) -> None:
        """Note what is wrong at `path`, or at its key."""
        # An empty value has no place of its own; the parser puts it where the next thing begins.
        line, column = self.source.position(path, key=at_key or self._is_empty(path))
        self.findings.append(
            Finding(
                file=self.source.file,
                line=line,
                column=column,
                path=show_path(path),
                what=what,
                what_zh=what_zh,
                allowed=allowed,
                suggestion=suggestion or "",
                severity=severity,
            )
        )

    def _is_empty(self, path: Key) -> bool:
        value = self.source.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
        return value is None

    def _set_origin(self, path: Key, source_path: Key | None = None) -> None:
        line, column = self.source.position(source_path or path, key=True)
        self.sheet.origins[show_path(path)] = Origin(self.layer, self.source.file, line, column)

    def _schema_version(self, top: Mapping[str, object]) -> None:
        if "schema_version" not in top:
            self.fault(
                (),
                f"schema_version is missing; read as {SCHEMA_VERSION}",
                f"缺少 schema_version；按 {SCHEMA_VERSION} 读取",
                severity="note",
            )
            return
        version = top["schema_version"]
        if isinstance(version, bool) or version != SCHEMA_VERSION or not isinstance(version, int):
            self.fault(
                ("schema_version",),
                f"{version!r} is not a known version",
                f"未知版本 {version!r}",
                allowed=Allowed.same(str(SCHEMA_VERSION)),
            )

    def _period(self, value: object) -> None:
        period = self._mapping(("period",), value, ("start", "end"))
        for key in ("start", "end"):
            if period is not None and key in period:
                self._set_origin(("period", key))
                setattr(self.sheet, key, self._quarter(("period", key), period[key]))

    def _plans(self, path: Key, value: object) -> tuple[str, ...] | None:
        found = self._listed(path, value, "document", may_be_empty=True)
        if found is None:
            return None
        return self.facts.in_order(found, self.facts.registry.documents)

    def _population(self, path: Key, value: object) -> Path | None:
        """The file of a list of firms, named relative to the scenario file."""
        allowed = Allowed(
            "a CSV table of firms, relative to this file", "企业名单（CSV 表），路径相对于本文件"
        )
        return self._file(path, value, allowed, "*.csv")

    def _fit(self, path: Key, value: object) -> Path | str | None:
        """The fitted file, named relative to the scenario file, or `none` for the priors alone."""
        if value == NO_FIT:
            return NO_FIT
        allowed = Allowed(
            f"a fitted file (YAML), relative to this file, or {NO_FIT}",
            f"拟合文件（YAML），路径相对于本文件；或 {NO_FIT}",
        )
        return self._file(path, value, allowed, "*.yaml")

    def _file(self, path: Key, value: object, allowed: Allowed, pattern: str) -> Path | None:
        if not isinstance(value, str) or not value.strip():
            self.fault(path, f"{shown(value)} is not a file name", "此处应为文件名", allowed)
            self.sheet.readable = False
            return None
        file = Path(os.path.normpath(Path(self.source.file).parent / value.strip()))
        try:
            if file.is_file():
                return file
            near = nearest(file.name, sorted(item.name for item in file.parent.glob(pattern)))
        except (OSError, ValueError):  # a name too long or with odd characters, a closed folder
            near = None
        self.fault(path, f"no file {str(file)!r}", f"没有文件“{file}”", allowed, near)
        self.sheet.readable = False
        return None

    def _levers(self, value: object) -> None:
        levers = self._mapping(("levers",), value, None)
        spelled: dict[str, str] = {}
        for word, entry in (levers or {}).items():
            path: Key = ("levers", word)
            try:
                lever = self.facts.registry.lever(word)
            except KeyError as error:
                self.fault(
                    path,
                    f"no lever {word!r}",
                    f"没有政策工具“{word}”",
                    allowed=Allowed(
                        "a key, id or name that `simulate levers` lists",
                        "“simulate levers”所列的键、编号或名称",
                    ),
                    suggestion=self._misplaced(word) or _suggested(error),
                    at_key=True,
                )
                continue
            if lever.id in spelled:
                self._twice(path, word, spelled[lever.id])
                continue
            spelled[lever.id] = word
            read = self._lever(path, entry, lever)
            if read is not None:
                self.sheet.levers[lever.id] = read

    def _lever(self, path: Key, value: object, lever: Lever) -> LeverSheet | None:
        spec = self.facts.dose(lever.id)
        attribute = spec.attribute
        entry = self._mapping(path, value, (attribute, *LEVER_KEYS))
        if entry is None:
            return None
        sheet = LeverSheet()
        for key in entry:
            self._set_origin(("levers", lever.key, key), (*path, key))
        if attribute in entry:
            sheet.dose = self._dose((*path, attribute), entry[attribute], spec)
        if "chains" in entry:
            sheet.chains = self._aimed((*path, "chains"), entry["chains"], "chain")
        if "districts" in entry:
            sheet.places = self._aimed((*path, "districts"), entry["districts"], "district")
        if "start" in entry:
            sheet.start = self._edge((*path, "start"), entry["start"], 1)
        if "end" in entry:
            sheet.end = self._edge((*path, "end"), entry["end"], 4)
        return sheet

    def _aimed(self, path: Key, value: object, what: str) -> tuple[str, ...] | None:
        """Chains or places in the order of the registry; the whole city is the empty tuple."""
        registry = self.facts.registry
        entries: Sequence[Entry] = registry.chains if what == "chain" else registry.places
        found = [entry.id for entry in entries] if value == EVERY else None
        if found is None:
            found = self._listed(path, value, what)
        if found is None:
            return None
        whole_city = what == "district" and len(found) == len(entries)
        return () if whole_city else self.facts.in_order(found, entries)

    def _listed(
        self, path: Key, value: object, what: str, may_be_empty: bool = False
    ) -> list[str] | None:
        """A list of names of registry entries; their ids, each once."""
        registry = self.facts.registry
        tables: dict[str, tuple[Callable[[str], Entry], Sequence[Entry], str]] = {
            "document": (registry.document, registry.documents, "文件"),
            "chain": (registry.chain, registry.chains, "产业链"),
            "district": (registry.place, registry.places, "区"),
        }
        look, entries, zh = tables[what]
        allowed = Allowed.one_of(entry.id for entry in entries)
        if not isinstance(value, list) or not (value or may_be_empty):
            or_en, or_zh = ("", "") if may_be_empty else (f"; or {EVERY}", f"；或 {EVERY}")
            self.fault(
                path,
                f"{shown(value)} is not a list of {what}s"
                if not isinstance(value, list)
                else f"the list of {what}s is empty",
                f"此处应为{zh}的列表",
                allowed=Allowed(f"[…] of {allowed.en}{or_en}", f"[…]，取自 {allowed.zh}{or_zh}"),
            )
            return None
        found: dict[str, str] = {}
        good = True
        for index, word in enumerate(value):
            here: Key = (*path, index)
            try:
                entry = look(word) if isinstance(word, str) else None
            except KeyError as error:
                self.fault(
                    here, f"no {what} {word!r}", f"没有{zh}“{word}”", allowed, _suggested(error)
                )
                good = False
                continue
            if entry is None:
                self.fault(here, f"{shown(word)} is not a name", "此处应为名称", allowed)
                good = False
            elif entry.id in found:
                self._twice(here, str(word), found[entry.id])
                good = False
            else:
                found[entry.id] = str(word)
        return list(found) if good else None

    def _edge(self, path: Key, value: object, quarter: int) -> Quarter | None:
        """The start or the end of a lever: a year or a quarter."""
        if isinstance(value, int) and not isinstance(value, bool):
            if 2000 <= value <= LAST_YEAR:
                return Quarter(value, quarter)
        elif isinstance(value, str):
            text = value.strip()
            if re.fullmatch(r"20\d\d", text, re.ASCII) and int(text) <= LAST_YEAR:
                return Quarter(int(text), quarter)
            return self._quarter(path, value)
        self.fault(
            path,
            f"{shown(value)} is neither a year nor a quarter",
            "此处应为年份或季度",
            allowed=Allowed(
                f"2025 or 2025Q1, up to {LAST_YEAR}", f"2025 或 2025Q1，至 {LAST_YEAR} 年"
            ),
        )
        return None

    def _dose(self, path: Key, value: object, spec: DoseSpec) -> DoseSheet | None:
        """A dose: one quantity, one for each named year, or points to interpolate between."""
        if not isinstance(value, dict):
            dose = self._dose_quantity(path, value, spec)
            if dose is None:
                return None
            place = self._place(path) if dose.understood else None
            return DoseSheet(((None, dose.value),), False, {}, place)
        if any(isinstance(key, str) and not key.isdecimal() for key in value):
            entry = self._mapping(path, value, ("from", "interpolate"))
            if entry is None:
                return None
            how = entry.get("interpolate")
            if "from" not in entry or "interpolate" not in entry:
                missing = "interpolate" if "from" in entry else "from"
                self.fault(
                    path,
                    f"{missing} is missing",
                    f"缺少 {missing}",
                    allowed=Allowed.same("{from: {2025: …, 2027: …}, interpolate: linear}"),
                )
                return None
            if how not in ("linear", "step"):
                self.fault(
                    (*path, "interpolate"),
                    f"{shown(how)} is no way to interpolate",
                    "未知的插值方式",
                    allowed=Allowed.same("linear, step"),
                    suggestion=nearest(how, ("linear", "step")) if isinstance(how, str) else "",
                )
            return self._by_year((*path, "from"), entry["from"], spec, how == "linear")
        return self._by_year(path, value, spec, linear=False)

    def _by_year(self, path: Key, value: object, spec: DoseSpec, linear: bool) -> DoseSheet | None:
        if not isinstance(value, dict) or not value:
            self.fault(
                path,
                f"{shown(value)} names no years",
                "此处应为按年份的取值",
                allowed=Allowed.same("{2025: …, 2026: …}"),
            )
            return None
        points: dict[int, float] = {}
        places: dict[int, Place] = {}
        understood: Place | None = None
        good = True
        for key, quantity in value.items():
            here: Key = (*path, key)
            year = _year(key)
            if year is None or year in points:
                self.fault(
                    here,
                    f"year {year} stands here twice" if year else f"{key!r} is not a year",
                    f"年份 {year} 重复" if year else f"“{key}”不是年份",
                    allowed=Allowed("each year once, such as 2025", "每个年份一次，如 2025"),
                    at_key=True,
                )
                good = False
                continue
            dose = self._dose_quantity(here, quantity, spec)
            places[year] = self._place(here)
            if dose is None:
                good = False
                points[year] = 0.0
                continue
            points[year] = dose.value
            if dose.understood and understood is None:
                understood = places[year]
        if not good:
            return None
        ordered: tuple[tuple[int | None, float], ...] = tuple(sorted(points.items()))
        return DoseSheet(ordered, linear, places, understood)

    def _dose_quantity(self, path: Key, value: object, spec: DoseSpec) -> Quantity | None:
        return self._quantity_read(
            path, value, spec.unit, spec.low, spec.high, understood=spec.understood
        )

    def _place(self, path: Key) -> Place:
        return Place(self.source.file, *self.source.position(path))

    def _assumptions(self, value: object) -> None:
        priors = self.facts.priors
        entries = self._mapping(("assumptions",), value, (*priors, "base_construction"))
        for name, entry in (entries or {}).items():
            path: Key = ("assumptions", name)
            if name == "base_construction":
                self.sheet.construction = self._choice(path, entry, self.facts.constructions)
                self._set_origin(path)
            else:
                distribution = self._distribution(path, entry, priors[name])
                if distribution is not None:
                    self.sheet.assumptions[name] = distribution
                    self._set_origin(path)

    def _distribution(self, path: Key, value: object, parameter: Parameter) -> Distribution | None:
        if not isinstance(value, dict):
            fixed = self._quantity(
                path, value, parameter.unit, parameter.minimum, parameter.maximum
            )
            return None if fixed is None else Distribution.fixed(fixed)
        distribution = self._spread(path, value, parameter)
        if distribution is None or distribution.is_fixed:
            return distribution
        try:
            return distribution.truncated(parameter.minimum, parameter.maximum)
        except ValueError as error:
            self._no_distribution(path, error, parameter)
            return None

    def _spread(
        self, path: Key, value: dict[str, object], parameter: Parameter, inside: Sequence[str] = ()
    ) -> Distribution | None:
        """A distribution in words; `inside` are the further keys of a mixture's component."""
        kind = value.get("dist")
        if kind is None:
            kinds = ", ".join(KINDS)
            self.fault(
                path,
                "dist is missing",
                "缺少 dist（分布类型）",
                allowed=Allowed(
                    f"one value, or dist: with one of {kinds}",
                    f"单个取值，或 dist: 取 {kinds} 之一",
                ),
            )
            return None
        kind = self._choice((*path, "dist"), kind, KINDS)
        if kind is None:
            return None
        before = len(self.findings)
        cut = ("lower", "upper")
        if kind in MIXED:
            entry = self._mapping(path, value, ("dist", "components", *cut, *inside))
            bounds = self._bounds(path, entry or {}, parameter)
            parts = self._components(path, (entry or {}).get("components"), kind, parameter)
            if len(self.findings) > before or not parts:
                return None
            weights, components, labels = zip(*parts, strict=True)
            return self._made(
                path,
                parameter,
                lambda: Distribution(
                    kind,
                    truncation=bounds,
                    weights=weights,
                    components=components,
                    labels=labels if kind == "constructions" else (),
                ),
            )
        numbers = NUMBERS[kind]
        measured = {number.name: number.has_unit for number in numbers}
        if kind == "beta" and "mean" in value:
            measured = {"mean": True, "sd": True}
        entry = self._mapping(path, value, ("dist", *measured, *cut, *inside)) or {}
        given: dict[str, float] = {}
        for name, has_unit in measured.items():
            optional = any(number.name == name and number.default is not None for number in numbers)
            if name not in entry:
                if not optional:
                    allowed = Allowed.one_of(measured)
                    self.fault(path, f"{kind} needs {name}", f"{kind} 分布缺少 {name}", allowed)
                continue
            number = self._quantity((*path, name), entry[name], parameter.unit if has_unit else "1")
            if number is not None:
                given[name] = number
        bounds = self._bounds(path, entry, parameter)
        if len(self.findings) > before:
            return None
        return self._made(path, parameter, lambda: Distribution.of(kind, given, *bounds))

    def _components(
        self, path: Key, value: object, kind: str, parameter: Parameter
    ) -> list[tuple[float, Distribution, str]]:
        if not isinstance(value, list) or not value:
            self.fault(
                path,
                f"{kind} needs a list of components",
                f"{kind} 分布需要 components 列表",
                allowed=Allowed.same("components: [{weight: …, dist: …}, …]"),
            )
            return []
        parts: list[tuple[float, Distribution, str]] = []
        extra = ("weight", "label") if kind == "constructions" else ("weight",)
        for index, item in enumerate(value):
            here: Key = (*path, "components", index)
            if not isinstance(item, dict) or any(key not in item for key in extra):
                self.fault(
                    here,
                    f"a component needs {' and '.join(extra)}",
                    f"每个分量需要 {'、'.join(extra)}",
                    allowed=Allowed.one_of((*extra, "dist")),
                )
                continue
            weight = self._quantity((*here, "weight"), item["weight"], "1", 0.0, 1.0)
            label = ""
            if kind == "constructions":
                labels = self.facts.constructions
                label = self._choice((*here, "label"), item["label"], labels) or ""
            part = self._spread(here, item, parameter, extra)
            if weight is not None and part is not None:
                parts.append((weight, part, label))
        return parts

    def _bounds(
        self, path: Key, entry: Mapping[str, object], parameter: Parameter
    ) -> tuple[float, float]:
        bounds = {"lower": float("-inf"), "upper": float("inf")}
        for name in bounds:
            if name in entry:
                bound = self._quantity((*path, name), entry[name], parameter.unit)
                bounds[name] = bounds[name] if bound is None else bound
        return bounds["lower"], bounds["upper"]

    def _made(
        self, path: Key, parameter: Parameter, make: Callable[[], Distribution]
    ) -> Distribution | None:
        try:
            made = make()
        except (ValueError, OverflowError, ZeroDivisionError) as error:
            self._no_distribution(path, error, parameter)
            return None
        middle = centre(made)
        if middle is not None and not parameter.admits(middle):
            self.fault(
                path,
                f"the distribution is centred on {format_quantity(middle, parameter.unit)}",
                f"分布中心 {format_quantity(middle, parameter.unit, 'zh')} 超出允许范围",
                allowed=between(parameter.minimum, parameter.maximum, parameter.unit),
            )
            return None
        return made

    def _no_distribution(self, path: Key, error: Exception, parameter: Parameter) -> None:
        zh = f"分布无效：{error.zh}" if isinstance(error, DistributionError) else "分布无效"
        self.fault(
            path,
            f"not a distribution: {error}",
            zh,
            allowed=between(parameter.minimum, parameter.maximum, parameter.unit),
        )

    def _mechanisms(self, value: object) -> None:
        entries = self._mapping(("mechanisms",), value, MECHANISMS)
        for name, switch in (entries or {}).items():
            path: Key = ("mechanisms", name)
            if isinstance(switch, str) and switch.strip().lower() in SWITCH_WORDS:
                switch = SWITCH_WORDS[switch.strip().lower()]
            if isinstance(switch, bool):
                self.sheet.mechanisms[name] = switch
                self._set_origin(path)
            else:
                self.fault(
                    path,
                    f"{shown(switch)} is neither on nor off",
                    "此处应为 on 或 off",
                    allowed=Allowed.same("on, off, true, false"),
                )

    def _government(self, value: object) -> None:
        """The budget rule, in one word or as a mapping that names it."""
        path: Key = ("government",)
        if isinstance(value, dict) or value is None:
            entry = self._mapping(path, value, ("rule",))
            if entry is None:
                return
            path, value = ("government", "rule"), entry["rule"]
        self._set_origin(("government", "rule"), path)
        self.sheet.government = cast(BudgetRule | None, self._choice(path, value, RULES))

    def _targets(self, value: object) -> None:
        targets = self._mapping(("targets",), value, None)
        registry = self.facts.registry
        taken = {target.key for target in registry.targets} | {
            target.id for target in registry.targets
        }
        for key, entry in (targets or {}).items():
            path: Key = ("targets", key)
            if not re.fullmatch(r"[a-z][a-z0-9_]*", key) or key in taken:
                self.fault(
                    path,
                    f"{key!r} names a target of a plan"
                    if key in taken
                    else f"{key!r} is not a target's key",
                    f"“{key}”不能用作新目标的键名",
                    allowed=Allowed(
                        "a new word of small letters, digits and _",
                        "由小写字母、数字和 _ 组成的新键名",
                    ),
                    at_key=True,
                )
                continue
            fields = self._mapping(path, entry, TARGET_KEYS)
            if fields is not None:
                self.sheet.targets[key] = self._target(path, fields)

    def _target(self, path: Key, entry: Mapping[str, object]) -> TargetSheet:
        sheet = TargetSheet()
        for key in entry:
            self._set_origin((*path, key))
        if "name" in entry:
            sheet.name = self._bilingual((*path, "name"), entry["name"])
        if "note" in entry:
            sheet.note = self._bilingual((*path, "note"), entry["note"])
        if "metric" in entry:
            metrics = [metric.id for metric in self.facts.registry.metrics]
            sheet.metric = self._metric((*path, "metric"), entry["metric"], metrics)
        if "comparator" in entry:
            sheet.comparator = self._choice((*path, "comparator"), entry["comparator"], COMPARATORS)
        if "value" in entry:
            value = entry["value"]
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                sheet.value = value
            else:
                self.fault(
                    (*path, "value"), f"{shown(value)} is not a quantity", "此处应为带单位的数"
                )
        if "deadline" in entry:
            sheet.deadline = self._whole((*path, "deadline"), entry["deadline"], 2018, LAST_YEAR)
        return sheet

    def _readings(self, value: object) -> None:
        """Which reading of an ambiguous passage is picked, by the ambiguity's key, id or name."""
        pickable = [item for item in self.facts.registry.ambiguities if item.choices]
        entries = self._mapping(("readings",), value, None)
        spelled: dict[str, str] = {}
        for word, entry in (entries or {}).items():
            path: Key = ("readings", word)
            keys = [item.key for item in pickable]
            try:
                found = self.facts.registry.ambiguity(word)
            except KeyError as error:
                self.fault(
                    path,
                    f"no ambiguity {word!r}",
                    f"没有歧义“{word}”",
                    allowed=Allowed.one_of(keys),
                    suggestion=nearest(word, keys) or self._misplaced(word) or _suggested(error),
                    at_key=True,
                )
                continue
            if not found.choices:
                self.fault(
                    path,
                    f"{found.key} has no reading to pick: none changes how a target is judged",
                    f"{found.key} 没有可选的读法：各读法都不改变目标的判断",
                    allowed=Allowed.one_of(keys),
                    at_key=True,
                )
            elif found.id in spelled:
                self._twice(path, word, spelled[found.id])
            else:
                spelled[found.id] = word
                picked = self._choice(path, entry, [item.key for item in found.choices])
                self._set_origin(("readings", found.key), path)
                if picked is not None:
                    self.sheet.readings[found.id] = picked

    def _mapping(
        self, path: Key, value: object, keys: Iterable[str] | None
    ) -> dict[str, object] | None:
        """The entries of a mapping whose keys are known; every unknown key is a finding."""
        options = tuple(keys) if keys is not None else ()
        if not isinstance(value, dict) or not value:
            self.fault(
                path,
                "says nothing"
                if value is None or value == {}
                else f"{shown(value)} is not a mapping of keys to values",
                "此处没有内容" if value is None or value == {} else "此处应为键值映射",
                allowed=_some(options) if options else Allowed("key: value", "键: 值"),
            )
            return None
        known: dict[str, object] = {}
        for key, entry in value.items():
            if isinstance(key, str) and (keys is None or key in options):
                known[key] = entry
                continue
            word = str(key)
            self.fault(
                (*path, key),
                f"unknown key {word!r}",
                f"未知的键“{word}”",
                allowed=_some(options) if options else Allowed("words", "词"),
                # A section that this layer may not hold is not another one misspelt.
                suggestion=self._misplaced(word, path)
                or (nearest(word, options) if path or word not in TOP_KEYS else ""),
                at_key=True,
            )
        return known or None

    def _misplaced(self, word: str, path: Key = ("levers",)) -> str:
        """Where a key belongs that is known, but not here."""
        here = path[0] if path else ""
        homes = [("", TOP_KEYS), ("period", ("start", "end")), ("mechanisms", MECHANISMS)]
        homes.append(("government", ("rule",)))
        homes.append(("assumptions", (*self.facts.priors, "base_construction")))
        ambiguities = self.facts.registry.ambiguities
        homes.append(("readings", tuple(item.key for item in ambiguities if item.choices)))
        for home, keys in homes:
            if word in keys and home != here:
                return f"{home}.{word}" if home else f"{word} (at the top level)"
        if here != "levers":
            try:
                return f"levers.{self.facts.registry.lever(word).key}"
            except KeyError:
                return ""
        return ""

    def _quantity(
        self,
        path: Key,
        value: object,
        unit: str,
        minimum: float = float("-inf"),
        maximum: float = float("inf"),
    ) -> float | None:
        """A number in `unit` between two bounds."""
        found = self._quantity_read(path, value, unit, minimum, maximum)
        return None if found is None else found.value

    def _quantity_read(
        self,
        path: Key,
        value: object,
        unit: str,
        minimum: float,
        maximum: float,
        understood: str = "",
    ) -> Quantity | None:
        """A number in `unit` between two bounds, and whether its `/年` is understood."""
        bare = takes_bare_number(unit)
        forms = Allowed("a number", "数") if bare else number_with_unit(unit)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.fault(path, f"{shown(value)} is not a quantity", "此处应为带单位的数", forms)
            return None
        try:
            found = Quantity(*read_understood(value, unit, understood))
        except QuantityError as error:
            self.fault(path, str(error), error.zh, forms, with_unit(value, unit))
            return None
        if not minimum <= found.value <= maximum:
            self.fault(
                path,
                f"{shown(value)} is out of bounds",
                f"{shown(value)} 超出允许范围",
                allowed=between(minimum, maximum, unit),
            )
            return None
        return found

    def _whole(self, path: Key, value: object, minimum: int, maximum: int) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            self.fault(
                path,
                f"{shown(value)} is not a whole number from {minimum} to {maximum}",
                f"此处应为 {minimum} 至 {maximum} 的整数",
                allowed=Allowed.span(minimum, maximum),
            )
            return None
        return value

    def _quarter(self, path: Key, value: object) -> Quarter | None:
        try:
            if isinstance(value, str):
                return Quarter.parse(value)
        except ValueError:
            pass
        allowed = Allowed("such as 2025Q1", "例如 2025Q1")
        self.fault(path, f"{shown(value)} is not a quarter", "此处应为季度", allowed)
        return None

    def _metric(self, path: Key, value: object, metrics: Sequence[str]) -> str | None:
        """The metric of a target; the name of a series is answered with the metric it measures."""
        series = BY_KEY.get(value) if isinstance(value, str) and value not in metrics else None
        if series is None:
            return self._choice(path, value, metrics)
        measuring = sorted(item.key for item in BY_KEY.values() if item.metric in metrics)
        if series.metric:
            advice = Allowed(
                f"{series.metric}, the metric that this series measures",
                f"{series.metric}，即该序列所测的指标",
            )
        else:
            advice = Allowed(
                f"the metric of another series; those with one: {', '.join(measuring)} (simulate metrics)",
                f"其他序列的指标；有对应指标的序列：{'、'.join(measuring)}（simulate metrics）",
            )
        self.fault(
            path,
            f"{shown(value)} is a series, not a metric of targets",
            f"“{value}”是序列，不是目标的指标",
            allowed=advice,
            suggestion=series.metric,
        )
        return None

    def _choice(self, path: Key, value: object, options: Sequence[str]) -> str | None:
        if isinstance(value, str) and value in options:
            return value
        self.fault(
            path,
            f"{shown(value)} is not known here",
            f"此处不允许“{value}”" if isinstance(value, str | int | float) else "此处应为词",
            allowed=Allowed.one_of(options),
            suggestion=nearest(value, options) if isinstance(value, str) else "",
        )
        return None

    def _bilingual(self, path: Key, value: object) -> Name | None:
        """A text in both languages."""
        if isinstance(value, str) and value.strip():
            self.fault(
                path,
                f"{shown(value)} is in one language",
                f"“{value}”只有一种语言",
                allowed=Allowed.same(f"{{zh: {value}, en: {value}}}")
                if re.fullmatch(r"[\w ]{1,40}", value)
                else Allowed.same("{zh: …, en: …}"),
            )
            return None
        entry = self._mapping(path, value, ("zh", "en"))
        if entry is None:
            return None
        texts: list[str] = []
        for key in ("zh", "en"):
            text = entry.get(key)
            if isinstance(text, str) and any(unicodedata.category(c) in _UNSEEN for c in text):
                allowed = Allowed("plain text", "纯文本")
                self.fault((*path, key), "holds a control character", "含有控制字符", allowed)
            elif isinstance(text, str) and text.strip():
                texts.append(" ".join(text.split()))
            else:
                self.fault(
                    (*path, key) if key in entry else path,
                    f"no text in {key}",
                    f"缺少 {key} 文本",
                    allowed=Allowed.same("{zh: …, en: …}"),
                )
        return Name(*texts) if len(texts) == 2 else None

    def _twice(self, path: Key, word: str, before: str) -> None:
        self.fault(
            path,
            f"{word!r} stands here twice" + (f", before as {before!r}" if before != word else ""),
            f"“{word}”重复出现",
            allowed=Allowed("each once", "各一次"),
            at_key=True,
        )


def between(minimum: float, maximum: float, unit: str) -> Allowed:
    """Two bounds for people; a share as a number too, for so it may be written."""
    en, zh = (
        f"{format_quantity(minimum, unit, lang)} … {format_quantity(maximum, unit, lang)}"
        for lang in ("en", "zh")
    )
    if unit == "share":
        number = f"{minimum:g} … {maximum:g}"
        return Allowed(f"{number} ({en})", f"{number} ({zh})")
    return Allowed(en, zh)


def number_with_unit(unit: str) -> Allowed:
    """A number with one of the units in which a field of `unit` may be written, the first of them."""
    units = ", ".join(accepted_units(unit)[:6])
    return Allowed(f"a number with one of {units}", f"数字加单位：{units} 之一")


_FOREIGN: Final = re.compile("美元|港元|欧元|日元|USD|HKD|EUR|JPY|[$€]", re.IGNORECASE)
"""Money of other countries: no unit here is near it."""


def with_unit(value: object, unit: str) -> str:
    """What a quantity with no unit, or an unknown one, was most likely meant to be."""
    found = re.fullmatch(r"([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(\D*)", str(value).strip())
    if found is None:
        return ""
    number, written = found.groups()
    if not written:
        return "" if takes_bare_number(unit) else f"{number} {accepted_units(unit)[0]}"
    if _FOREIGN.search(written):
        return ""
    near = nearest(written, accepted_units(unit))
    if near is None and unit.endswith("/年"):
        plain = nearest(written, accepted_units(unit.removesuffix("/年")))
        near = f"{plain}/年" if plain is not None and is_unit(f"{plain}/年") else None
    return "" if near in (None, written) else f"{number} {near}"


def shown(value: object) -> str:
    """A found value in a message, however long it is."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _some(options: Sequence[str]) -> Allowed:
    """The allowed words, cut short where there are very many."""
    if len(options) <= 16:
        return Allowed.one_of(options)
    first = ", ".join(options[:16])
    return Allowed(f"{first}, … ({len(options)} in all)", f"{first}, …（共 {len(options)} 个）")


def _year(key: object) -> int | None:
    if isinstance(key, str) and re.fullmatch(r"\d{4}", key, re.ASCII):
        return int(key)
    if isinstance(key, int) and not isinstance(key, bool) and 1000 <= key <= 9999:
        return key
    return None


def _suggested(error: KeyError) -> str:
    return str(getattr(error, "suggestion", "") or "")


def centre(distribution: Distribution) -> float | None:
    """Where a plain distribution says it is centred, in the parameter's unit."""
    if distribution.kind not in NUMBERS:
        return None
    named = zip(NUMBERS[distribution.kind], distribution.numbers, strict=True)
    numbers = {number.name: value for number, value in named}
    for name in ("value", "median", "mean", "mode", "location"):
        if name in numbers:
            return numbers[name] + numbers.get("shift", 0.0)
    return None
