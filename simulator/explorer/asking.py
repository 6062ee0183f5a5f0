"""The door of the page's questions: JSON of unknown origin becomes a `Question`, or is refused with a reason.

Nothing of a request is trusted: every field has a type, a length and a set of allowed values, unknown fields are
refused, and entries and levers are looked up among those that there are.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, cast

from simulator.explorer.ensembles import MOST
from simulator.explorer.shelf import Aim, Change, Dose, Entry, Layer, Shelf
from simulator.foundation.findings import Allowed, nearest
from simulator.reporting.charts import Mode

Tongue = Literal["zh", "en"]
View = Literal["table", "matters", "sources", "ledger"]
TONGUES: Final = ("zh", "en")
MODES: Final = ("light", "dark")
VIEWS: Final = ("table", "matters", "sources", "ledger")
LAYERS: Final = 4
"""External conditions that may lie over one scenario."""
BESIDE: Final = 4
"""Scenarios that may stand beside the one that is moved."""
LONGEST_NAME: Final = 80
OBJECT: Final = Allowed("an object", "对象")

Choice = TypeVar("Choice", bound=str)


class RefusedError(Exception):
    """A request that is not answered, with an HTTP status and the reason in both languages."""

    def __init__(self, en: str, zh: str, status: int = 400) -> None:
        """Keep the reason."""
        self.en, self.zh, self.status = en, zh, status
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario on the page: an entry with some of it changed, and what the page calls it."""

    entry: Entry
    change: Change
    name: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """All that a page wants to see; `after` is how many members its last picture of this had.

    `asker` is the tab, `move` counts its questions, so that a later one takes the place of an earlier one.
    """

    asker: str
    move: int
    current: Shown
    against: Shown | None
    beside: tuple[Shown, ...]
    metric: str
    view: View
    lang: Tongue
    mode: Mode
    after: int
    members: int

    @property
    def shown(self) -> tuple[Shown, ...]:
        """Everything on the page: the moved scenario, the comparison, those beside it."""
        return (self.current, *((self.against,) if self.against else ()), *self.beside)


def read_json(body: bytes) -> dict[str, object]:
    """One JSON object; RefusedError for anything else, numbers that are none included."""

    def refuse(word: str) -> object:
        raise ValueError(f"{word} is not a number")

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name stands twice in an object")
        return found

    try:
        found = json.loads(body.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
        # Halves of characters, which JSON can escape and no answer could hold.
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as problem:
        raise RefusedError(f"the body is not JSON: {problem}", "请求内容不是 JSON") from None
    if not isinstance(found, dict):
        raise RefusedError("the body is not a JSON object", "请求内容不是 JSON 对象")
    return cast(dict[str, object], found)


def read_question(sheet: Mapping[str, object], shelf: Shelf, metrics: tuple[str, ...]) -> Question:
    """A question of the page; RefusedError names the field that is wrong."""
    _only(sheet, tuple(Question.__dataclass_fields__), "")
    beside = sheet.get("beside", [])
    if not isinstance(beside, list) or len(beside) > BESIDE:
        raise _wrong("beside", Allowed(f"a list of at most {BESIDE}", f"至多 {BESIDE} 项的列表"))
    against = sheet.get("against")
    return Question(
        asker=_text(sheet, "asker", 64),
        move=_whole(sheet, "move", 2**53),
        current=read_shown(sheet.get("current"), shelf, "current"),
        against=None if against is None else read_shown(against, shelf, "against"),
        beside=tuple(read_shown(item, shelf, f"beside[{i}]") for i, item in enumerate(beside)),
        metric=_choice(sheet, "metric", metrics),
        view=cast(View, _choice(sheet, "view", VIEWS)),
        lang=read_tongue(sheet),
        mode=cast(Mode, _choice(sheet, "mode", MODES)),
        after=_whole(sheet, "after", 2**31),
        members=max(1, _whole(sheet, "members", MOST)),
    )


def read_tongue(sheet: Mapping[str, object]) -> Tongue:
    """The language of a request."""
    return cast(Tongue, _choice(sheet, "lang", TONGUES))


def read_shown(found: object, shelf: Shelf, path: str) -> Shown:
    """A scenario on the page: the id of its entry, doses and aims by lever key, ids of conditions, a name."""
    if not isinstance(found, dict):
        raise _wrong(path, OBJECT)
    _only(found, ("entry", "doses", "aims", "layers", "name"), f"{path}.")
    entry = shelf.entries.get(_text(found, "entry", 4096))
    if entry is None:
        raise RefusedError(f"{path}.entry: no such scenario", f"{path}.entry：没有这个情景", 404)
    saved = entry.run is not None
    doses = _by_lever(found, "doses", shelf, path, saved)
    aims = _by_lever(found, "aims", shelf, path, saved)
    change = Change(
        {key: _dose(dose, f"{path}.doses.{key}") for key, dose in doses.items()},
        {key: _aim(aim, shelf, f"{path}.aims.{key}") for key, aim in aims.items()},
        _layers(found.get("layers", []), shelf, f"{path}.layers", saved),
    )
    name = found.get("name", "")
    if not isinstance(name, str) or len(name) > LONGEST_NAME:
        raise _wrong(f"{path}.name", _at_most(LONGEST_NAME))
    return Shown(entry, change, name)


def _by_lever(
    found: Mapping[str, object], what: str, shelf: Shelf, path: str, saved: bool
) -> dict[str, object]:
    """What a request says of some levers, by their keys."""
    given = found.get(what, {})
    if not isinstance(given, dict) or (given and saved):
        raise _wrong(
            f"{path}.{what}",
            Allowed("an object; none for a saved run", "对象；已保存的运行不带此项"),
        )
    for key in given:
        if key not in shelf.levers:
            near = nearest(str(key), shelf.levers)
            en, zh = (f", such as {near}", f"，例如 {near}") if near else ("", "")
            raise _wrong(f"{path}.{what}.{key}"[:200], Allowed(f"a lever{en}", f"政策工具{zh}"))
    return given


def _aim(found: object, shelf: Shelf, path: str) -> Aim:
    """`{chains: [ids], districts: [ids]}`, of which one may be absent."""
    if not isinstance(found, dict):
        raise _wrong(path, OBJECT)
    _only(found, ("chains", "districts"), f"{path}.")
    registry = shelf.home.scenario.library.registry
    return Aim(
        _ids(found, "chains", registry.chain_ids, path),
        _ids(found, "districts", registry.place_ids, path),
    )


def _ids(
    found: Mapping[str, object], key: str, known: Collection[str], path: str
) -> tuple[str, ...]:
    """Some ids, each known and named once."""
    if key not in found:
        return ()
    given = found[key]
    different = Allowed(f"1 to {len(known)} different ids", f"1 至 {len(known)} 个不同的 id")
    if not isinstance(given, list) or not 1 <= len(given) <= len(known):
        raise _wrong(f"{path}.{key}", different)
    if len({str(item) for item in given}) != len(given):
        raise _wrong(f"{path}.{key}", different)
    some = ", ".join(list(known)[:4])
    for item in given:
        if not isinstance(item, str) or item not in known:
            raise _wrong(f"{path}.{key}", Allowed(f"ids such as {some}", f"id，例如 {some}"))
    return tuple(given)


def _layers(found: object, shelf: Shelf, path: str, saved: bool) -> tuple[Layer, ...]:
    """External conditions by their ids, the later above the earlier."""
    most = 0 if saved else LAYERS
    if not isinstance(found, list) or len(found) > most:
        raise _wrong(
            path,
            Allowed(f"a list of at most {most} external conditions", f"至多 {most} 项外部条件"),
        )
    layers = []
    for item in found:
        layer = shelf.layers.get(item) if isinstance(item, str) else None
        if layer is None or layer in layers:
            raise _wrong(
                path,
                Allowed(
                    "different ones of the external conditions of the page",
                    "本页所列的不同外部条件",
                ),
            )
        layers.append(layer)
    return tuple(layers)


def _dose(found: object, path: str) -> Dose:
    """A number, or `{years: {2025: 200}, linear: false}`; bounds are the scenario reader's to check."""
    if not isinstance(found, dict):
        return Dose(((None, _number(found, path)),))
    _only(found, ("years", "linear"), f"{path}.")
    years, linear = found.get("years"), found.get("linear", False)
    if not isinstance(years, dict) or not 1 <= len(years) <= 60 or not isinstance(linear, bool):
        raise _wrong(
            path,
            Allowed(
                "a number, or years with numbers and `linear` true or false",
                "数；或各年之数与取值 true、false 的 linear",
            ),
        )
    points: list[tuple[int | None, float]] = []
    for year in sorted(years):
        if not (isinstance(year, str) and year.isascii() and year.isdigit() and len(year) == 4):
            raise _wrong(f"{path}.years", Allowed("years of four digits", "四位数的年份"))
        points.append((int(year), _number(years[year], f"{path}.years.{year}")))
    return Dose(tuple(points), linear)


def _number(found: object, path: str) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > 1e15:
        raise _wrong(path, Allowed("a number", "数"))
    value = float(found)
    if not math.isfinite(value):
        raise _wrong(path, Allowed("a finite number", "有限的数"))
    return value


def _text(sheet: Mapping[str, object], name: str, longest: int) -> str:
    found = sheet.get(name)
    if not isinstance(found, str) or not 1 <= len(found) <= longest:
        raise _wrong(name, _at_most(longest))
    return found


def _whole(sheet: Mapping[str, object], name: str, most: int) -> int:
    found = sheet.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        raise _wrong(name, Allowed(f"a whole number from 0 to {most}", f"0 至 {most} 的整数"))
    return found


def _choice(sheet: Mapping[str, object], name: str, allowed: tuple[str, ...]) -> str:
    found = sheet.get(name)
    if not isinstance(found, str) or found not in allowed:
        some = ", ".join(allowed[:8]) + (" …" if len(allowed) > 8 else "")
        raise _wrong(name, Allowed(f"one of {some}", f"{some} 之一"))
    return found


def _only(sheet: Mapping[str, object], known: tuple[str, ...], path: str) -> None:
    fields = ", ".join(known)
    for name in sheet:
        if name not in known:
            raise _wrong(f"{path}{name}"[:200], Allowed(f"only {fields}", f"仅 {fields}"))


def _at_most(longest: int) -> Allowed:
    return Allowed(f"a text of at most {longest} characters", f"至多 {longest} 个字符的文字")


def _wrong(path: str, allowed: Allowed) -> RefusedError:
    return RefusedError(f"{path}: allowed: {allowed.en}", f"{path}：允许：{allowed.zh}")
