"""One city's data: where each of its tables lies, and what is read from them.

The one object that carries "which data" through the house: scenario loading, the model, the judge
of targets, figures and the hash of a run all ask it. The shipped library is Tianjin's; another city
is a folder of the same layout and no code:

    documents, targets, levers, chains, districts .yaml    what the plans state (required)
    actors, baselines, qualitative .yaml                   more of what they state (may be absent)
    lever_assumptions.csv, lever_effects.csv               what each lever is assumed to do
    founding/                                              the firms before the first quarter
    priors.csv                                             rows that replace shipped priors of the same name
    fitted.yaml                                            values fitted to this city
    district_tiles.csv                                     where districts lie on a schematic map
"""

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import (
    CellError,
    Construction,
    Parameter,
    cell_choice,
    cell_whole,
    load_constructions,
    load_priors,
)
from simulator.foundation.tables import Row, files_digest, read_table, shipped, shown_file
from simulator.registry.loading import OPTIONAL, REQUIRED, Stamp, load_registry, stamp_of
from simulator.registry.registry import Registry

LEVER_TABLES: Final = ("lever_assumptions.csv", "lever_effects.csv")
FOUNDING: Final = ("chain_mix.csv", "place_shares.csv", "constructions.csv", "named_firms.csv")
"""Founding tables every city must have."""
FOUNDING_NATIONAL: Final = ("age_classes.csv", "national_growth.csv")
"""Founding tables that speak of the country: the shipped ones stand in for absent ones."""
FOUNDING_OPTIONAL: Final = (
    "carried_projects.csv",
    "semiconductor_nodes.csv",
    "software_size_classes_2017.csv",
    "goal_firms.csv",
    "goal_clusters.csv",
)
"""Founding tables a city may leave out; they are then empty."""
OWN_OPTIONAL: Final = ("priors.csv", "fitted.yaml")
NEAR: Final = 0.85
"""How alike a name must be to that of an optional file to count as misspelt."""
TILES: Final = "district_tiles.csv"
"""Where each district lies on a schematic map: for pictures only, so no part of what decides a run."""


@dataclass(frozen=True)
class Library:
    """The data of one city; `folder` is None for what is shipped.

    `stamp` tells sizes and times of its files, so that a changed folder is another library.
    """

    folder: Path | None = None
    stamp: Stamp = ()

    @cached_property
    def registry(self) -> Registry:
        """What the plans state. Raises InputError with every fault."""
        return load_registry(self.folder)

    @cached_property
    def constructions(self) -> tuple[Construction, ...]:
        """The readings of the base value in table order. Raises InputError."""
        return load_constructions(
            self._founding("constructions.csv"), self._founding("named_firms.csv")
        )

    @cached_property
    def priors(self) -> Mapping[str, Parameter]:
        """All parameters by name, the city's own rows above those shipped. Raises InputError."""
        return load_priors(own=self.own_priors, constructions=self.constructions)

    @property
    def own_priors(self) -> Path | None:
        """The city's own rows of priors; None without any."""
        return self._own("priors.csv")

    @property
    def fitted(self) -> Path | None:
        """The file of values fitted to this city; None without one."""
        if self.folder is not None:
            return self._own("fitted.yaml")
        try:
            return shipped("calibration", "fitted.yaml")
        except InputError:
            return None

    @property
    def lever_assumptions(self) -> Path:
        """The table of sizes, bounds, costs and ramps."""
        return self._root / "lever_assumptions.csv"

    @property
    def lever_effects(self) -> Path:
        """The table of effects."""
        return self._root / "lever_effects.csv"

    @property
    def founds_2017(self) -> bool:
        """Whether there are size classes of firms to found 2017 on."""
        return self._founding("software_size_classes_2017.csv").exists()

    def founding(self, name: str) -> list[Row]:
        """The rows of a founding table; none where a city leaves it out. Raises InputError."""
        path = self._founding(name)
        if name in FOUNDING_OPTIONAL and not path.exists():
            return []
        return read_table(path)

    @cached_property
    def tiles(self) -> Mapping[str, tuple[int, int]]:
        """Column and row of each district on the schematic map, by place id; empty for a city that draws none.

        Raises InputError for a place that is no district, a cell that is no whole number and a tile taken twice.
        """
        path = self._root / TILES
        return _tiles(read_table(path), self.registry) if path.is_file() else {}

    def own_files(self) -> dict[str, Path]:
        """The files of a city's folder that count, by their names in it; none for what is shipped."""
        if self.folder is None:
            return {}
        founding = (*FOUNDING, *FOUNDING_NATIONAL, *FOUNDING_OPTIONAL)
        names = (
            *(f"{name}.yaml" for name in (*REQUIRED, *OPTIONAL)),
            *LEVER_TABLES,
            *OWN_OPTIONAL,
            TILES,
            *(f"founding/{name}" for name in founding),
        )
        return {name: self.folder / name for name in names if (self.folder / name).is_file()}

    @cached_property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """SHA-256 of everything a run reads, by what it is, sorted; the same for a copy elsewhere."""
        founding = (*FOUNDING, *FOUNDING_NATIONAL, *FOUNDING_OPTIONAL)
        groups = {
            "founding": [self._founding(name) for name in founding],
            "levers": [self.lever_assumptions, self.lever_effects],
            "priors": [shipped("calibration", "priors.csv"), *_some(self.own_priors)],
        }
        found = {"registry": self.registry.digest}
        for name, paths in groups.items():
            digest = hashlib.sha256()
            for path in paths:
                if path.exists():
                    digest.update(files_digest(path.parent, [path]).encode())
            found[name] = digest.hexdigest()
        return tuple(sorted(found.items()))

    @property
    def _root(self) -> Path:
        return self.folder or shipped("data")

    def _own(self, name: str) -> Path | None:
        path = None if self.folder is None else self.folder / name
        return path if path is not None and path.is_file() else None

    def _founding(self, name: str) -> Path:
        path = self._root / "founding" / name
        if self.folder is not None and name in FOUNDING_NATIONAL and not path.exists():
            return shipped("data", "founding", name)
        return path


Data = Library | str | Path | None
"""What may be asked for: a library in hand, the folder of one, or None for what is shipped."""


def load_library(data: Data = None) -> Library:
    """The library of a data folder, the shipped one for None; unchanged folders are read once.

    Raises InputError naming every file that is missing and every founding table of unknown name.
    """
    if isinstance(data, Library):
        return data
    if data is None:
        return _library(None, ())
    folder = Path(data).resolve()
    if folder == shipped("data").resolve():
        return _library(None, ())
    _check(folder, shown_file(Path(data)))
    return _library(folder, stamp_of(Library(folder).own_files().values()))


@cache
def _library(folder: Path | None, stamp: Stamp) -> Library:
    return Library(folder, stamp)


def _tiles(rows: Sequence[Row], registry: Registry) -> dict[str, tuple[int, int]]:
    """The table of tiles, each district at most once and no tile twice."""
    free = [place.id for place in registry.places if place.parent is None]
    found: dict[str, tuple[int, int]] = {}
    findings: list[Finding] = []
    for row in rows:
        try:
            place = cell_choice(row, "place", free)
            spot = cell_whole(row, "column"), cell_whole(row, "row")
        except CellError as error:
            findings.append(error.finding(row))
            continue
        if spot in found.values():
            what, what_zh = f"tile {spot} is taken already", f"格位 {spot} 已被占用"
            findings.append(row.finding("column", what, what_zh))
        found[place] = spot
        free.remove(place)
    if findings:
        raise InputError(findings)
    return found


def _some(path: Path | None) -> list[Path]:
    return [] if path is None else [path]


def _check(folder: Path, shown: str) -> None:
    if not folder.is_dir():
        raise InputError([Finding(shown, 0, 0, "", "no such directory", "没有这个目录")])
    needed = (
        *(f"{name}.yaml" for name in REQUIRED),
        *LEVER_TABLES,
        *(f"founding/{name}" for name in FOUNDING),
    )
    findings = [
        Finding(
            f"{shown}/{name}",
            0,
            0,
            "",
            "this file of the data folder is missing",
            "数据文件夹中缺少该文件",
        )
        for name in needed
        if not (folder / name).is_file()
    ]
    findings += _misspelt(folder, shown)
    known = (*FOUNDING, *FOUNDING_NATIONAL, *FOUNDING_OPTIONAL)
    # A table under a misspelt name would otherwise be passed over without a word.
    for path in _seen((folder / "founding").glob("*.csv")):
        if path.name not in known:
            findings.append(
                Finding(
                    f"{shown}/founding/{path.name}",
                    0,
                    0,
                    "",
                    "no founding table is called so",
                    "没有叫此名的期初表",
                    allowed=Allowed.one_of(known),
                    suggestion=nearest(path.name, known) or "",
                )
            )
    if findings:
        raise InputError(findings)


def _seen(paths: Iterable[Path]) -> list[Path]:
    """The files a person put there, sorted: what editors and systems lay beside is hidden or ends in a tilde."""
    return sorted(
        path for path in paths if not (path.name.startswith(".") or path.name.endswith("~"))
    )


def _misspelt(folder: Path, shown: str) -> Iterator[Finding]:
    """Files that were most likely meant for an optional one; scenarios and what else lies there is let be."""
    optional = (*OWN_OPTIONAL, TILES, "actors.yaml", "qualitative.yaml")
    named = {*LEVER_TABLES, *optional, *(f"{name}.yaml" for name in (*REQUIRED, *OPTIONAL))}
    for path in _seen(folder.iterdir()):
        near = difflib.get_close_matches(path.name.casefold(), optional, n=1, cutoff=NEAR)
        if path.name not in named and near:
            what, zh = "this file is not read", "该文件不会被读取"
            yield Finding(f"{shown}/{path.name}", 0, 0, "", what, zh, suggestion=near[0])
