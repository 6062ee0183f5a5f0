"""From the data files to a checked registry.

Ids of all tables are gathered first, so that every reference can be checked where it is read;
then each file is turned into entries. All faults of all files are raised together.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from simulator.foundation.findings import Finding, InputError
from simulator.foundation.tables import Document as File
from simulator.foundation.tables import read_yaml, shipped, shown_file
from simulator.registry import building
from simulator.registry import entries as e
from simulator.registry.building import References
from simulator.registry.names import key_of
from simulator.registry.reading import Known, Sheet
from simulator.registry.registry import LABELS, Registry

REQUIRED = ("documents", "targets", "levers", "chains", "districts")
"""Files every city must have."""

OPTIONAL = ("actors", "baselines", "qualitative")
"""Files a city may leave out; their tables are then empty."""

Stamp = tuple[tuple[str, int, int], ...]
"""Name, size and time of files: a changed file is read anew within one process."""

# Of the long checklist only the sectors are referred to by other files.
_ONLY = {"qualitative": ("schema_version", "sectors")}


def load_registry(directory: Path | str | None = None) -> Registry:
    """The checked registry of the data files in `directory` (default: those shipped).

    An unchanged directory is read once per process. Raises `InputError` with every fault of every
    file: syntax, types, unknown keys, ids, references, clauses, units, periods.
    """
    folder = _resolved(directory)
    return _load(folder, _stamp(folder))


def load_actors(directory: Path | str | None = None) -> tuple[e.Actor, ...]:
    """Departments, firms, institutes and other bodies with every mention of them."""
    return load_registry(directory).actors


def load_tasks(directory: Path | str | None = None) -> tuple[e.Task, ...]:
    """The qualitative items (tasks, goals, principles, safeguards), read when first asked for.

    Raises `InputError` with every fault of the file.
    """
    folder = _resolved(directory)
    return _load_tasks(folder, _stamp(folder))


def stamp_of(paths: Iterable[Path]) -> Stamp:
    """Name, size and time of the files that are there."""
    found = []
    for path in paths:
        if path.exists():
            state = path.stat()
            found.append((path.name, state.st_size, state.st_mtime_ns))
    return tuple(found)


def _stamp(directory: Path) -> Stamp:
    return stamp_of(directory / f"{name}.yaml" for name in (*REQUIRED, *OPTIONAL))


def _resolved(directory: Path | str | None) -> Path:
    return (shipped("data") if directory is None else Path(directory)).resolve()


@cache
def _load(directory: Path, stamp: Stamp) -> Registry:
    if not directory.is_dir():
        file = shown_file(directory)
        raise InputError([Finding(file, 0, 0, "", "no such directory", "没有这个目录")])
    findings: list[Finding] = []
    registry = _Sheets(directory, findings).registry()
    _raise(findings)
    return registry


@cache
def _load_tasks(directory: Path, stamp: Stamp) -> tuple[e.Task, ...]:
    registry = _load(directory, stamp)
    path = directory / "qualitative.yaml"
    if not path.exists():
        return ()
    findings: list[Finding] = []
    sheet = Sheet(read_yaml(path), findings)
    sheet.top.ignore("sectors")
    tasks = tuple(building.tasks(sheet, References.of(registry)))
    sheet.top.ignore("types")
    building.head(sheet)
    _raise(findings)
    return tasks


def _raise(findings: list[Finding]) -> None:
    """All faults in the order of the files, each once."""
    if findings:
        placed = sorted(set(findings), key=lambda found: (found.file, found.line, found.column))
        raise InputError(placed)


class _Sheets:
    """The files of one city under reading."""

    def __init__(self, directory: Path, findings: list[Finding]) -> None:
        self.directory = directory
        self.findings = findings
        self.sheets: dict[str, Sheet] = {}
        digest = hashlib.sha256()
        for name in (*REQUIRED, *OPTIONAL):
            path = directory / f"{name}.yaml"
            file = File({"schema_version": building.VERSION}, shown_file(path), "")
            if name in REQUIRED or path.exists():
                try:
                    file = read_yaml(path, only=_ONLY.get(name))
                    digest.update(f"{name}\0{file.text}\0".encode())
                except InputError as error:
                    findings.extend(error.findings)
            self.sheets[name] = Sheet(file, findings)
        self.digest = digest.hexdigest()
        if findings:
            # Without one file the references of all others would seem broken.
            raise InputError(findings)

    def registry(self) -> Registry:
        """Everything read and checked; faults are in `findings`."""
        files = self.sheets
        refs = self.references()
        targets, levers = files["targets"], files["levers"]
        chains, districts = files["chains"], files["districts"]
        actors, baselines, tasks = (files[name] for name in OPTIONAL)
        city = building.city(districts)
        documents = tuple(building.documents(files["documents"], refs, city.id))
        plans = {document.id: document for document in documents}
        metrics = tuple(building.metrics(targets))
        units = {metric.id: metric.unit for metric in metrics}
        places = tuple(building.places(districts, refs))
        goals = tuple(building.targets(targets, refs, plans, units))
        registry = Registry(
            directory=str(self.directory),
            digest=self.digest,
            city=city,
            documents=documents,
            metrics=metrics,
            targets=goals,
            ambiguities=tuple(building.ambiguities(targets, refs, goals)),
            kinds=tuple(e.Kind(id=id_, name=name) for id_, name in building.plain(levers, "kinds")),
            channels=tuple(
                e.Channel(id=id_, name=name) for id_, name in building.plain(levers, "channels")
            ),
            levers=tuple(building.levers(levers, refs, plans)),
            chains=tuple(building.chains(chains, refs)),
            linkages=tuple(building.linkages(chains, refs)),
            weaknesses=tuple(building.weaknesses(chains, refs)),
            tracks=tuple(building.tracks(chains, refs)),
            places=places,
            regions=tuple(building.regions(districts, refs)),
            actors=tuple(building.actors(actors, refs)),
            sectors=tuple(
                e.Sector(id=id_, name=name)
                for id_, name in building.plain(tasks, "sectors", required=False)
            ),
            baselines=tuple(building.baselines(baselines, refs)),
            numbers=tuple(building.numbers(baselines, refs)),
            derived=tuple(building.derived(baselines, refs)),
        )
        building.check_chain_file(chains, refs)
        building.check_place_file(districts, refs, places)
        targets.top.ignore("unit_note", "vocab")
        tasks.top.ignore("types", "items")
        for sheet in files.values():
            building.head(sheet)
        self.check_keys()
        return registry

    def references(self) -> References:
        def known(file: str, key: str, table: str | None = None) -> Known:
            return self.sheets[file].known(key, LABELS[table or key])

        for file, key in (
            ("targets", "ambiguities"),
            ("chains", "linkages"),
            ("chains", "tracks_2025"),
            ("districts", "outside_regions"),
            ("baselines", "baselines"),
            ("baselines", "numbers"),
            ("baselines", "derived"),
        ):
            known(file, key, {"tracks_2025": "tracks", "outside_regions": "regions"}.get(key))
        return References(
            documents=known("documents", "documents"),
            clauses=building.read_clauses(self.sheets["documents"]),
            metrics=known("targets", "metrics"),
            targets=known("targets", "targets"),
            levers=known("levers", "levers"),
            kinds=known("levers", "kinds"),
            channels=known("levers", "channels"),
            chains=known("chains", "chains"),
            weaknesses=known("chains", "weaknesses"),
            places=known("districts", "districts", "places"),
            actors=known("actors", "actors"),
            sectors=known("qualitative", "sectors"),
        )

    def check_keys(self) -> None:
        """No two entries of a table may be typed alike; ids with a prefix are unique overall."""
        met: dict[str, str] = {}
        for file, key in (
            ("documents", "documents"),
            ("targets", "targets"),
            ("targets", "ambiguities"),
            ("levers", "levers"),
            ("chains", "chains"),
            ("chains", "weaknesses"),
            ("chains", "linkages"),
            ("districts", "districts"),
            ("actors", "actors"),
            ("baselines", "baselines"),
            ("baselines", "numbers"),
            ("baselines", "derived"),
        ):
            sheet = self.sheets[file]
            rows = sheet.top.data.get(key)
            typed: dict[str, str] = {}
            for i, row in enumerate(rows if isinstance(rows, list) else ()):
                word = row.get("id") if isinstance(row, dict) else None
                if not isinstance(word, str):
                    continue
                other = typed.setdefault(key_of(word), word)
                table = f"{file}.{key}"
                if other != word:
                    sheet.fault(
                        (key, i, "id"),
                        f"{word} and {other} are both typed {key_of(word)}",
                        f"{word} 与 {other} 的键同为 {key_of(word)}",
                    )
                if word[1:2] == "-" and met.setdefault(word, table) != table:
                    sheet.fault(
                        (key, i, "id"),
                        f"id {word} is taken in {met[word]}",
                        f"编号 {word} 已用于 {met[word]}",
                    )
