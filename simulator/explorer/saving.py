"""Saves what the page shows as a scenario file, only inside the working folder and never over another unasked."""

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.explorer.asking import LONGEST_NAME, RefusedError, Shown, read_shown, read_tongue
from simulator.explorer.shelf import Entry, Shelf
from simulator.foundation.files import alone, draft_of, write_atomically
from simulator.foundation.findings import reason_zh
from simulator.registry import Name
from simulator.scenario import load_scenario, sheet_text

_PART: Final = re.compile(r"[\w][\w .+-]{0,79}")
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True, slots=True)
class Saving:
    """A wish to save: what, where, under which name."""

    shown: Shown
    path: Path
    name: Name
    overwrite: bool


def read_saving(sheet: Mapping[str, object], shelf: Shelf) -> Saving:
    """A wish of the page; RefusedError names what is wrong with it."""
    for key in sheet:
        if key not in ("shown", "file", "zh", "en", "overwrite", "lang"):
            raise RefusedError(f"{key[:80]}: unknown", f"{key[:80]}：未知字段")
    read_tongue(sheet)
    overwrite = sheet.get("overwrite", False)
    if not isinstance(overwrite, bool):
        raise RefusedError("overwrite: allowed: true or false", "overwrite：允许 true 或 false")
    names = []
    for key in ("zh", "en"):
        text = sheet.get(key)
        text = text.strip() if isinstance(text, str) else ""
        if not 1 <= len(text) <= LONGEST_NAME or not text.isprintable():
            raise RefusedError(
                f"the name ({key}) must have 1 to {LONGEST_NAME} characters",
                f"名称（{key}）应为 1 至 {LONGEST_NAME} 个字符",
            )
        names.append(text)
    shown = read_shown(sheet.get("shown"), shelf, "shown")
    if shown.entry.run is not None:
        raise RefusedError("a saved run is read-only", "已保存的运行为只读")
    return Saving(shown, _place(sheet.get("file"), shelf.folder), Name(*names), overwrite)


def save(saving: Saving, shelf: Shelf) -> Entry:
    """Write the file and put it on the shelf.

    The text is checked by the reader of scenarios before it takes its place. RefusedError (409) for a file that is
    there and is not to be overwritten, or that the saved scenario extends.
    """
    with shelf.writing:
        return _save(saving, shelf)


def _save(saving: Saving, shelf: Shelf) -> Entry:
    path = saving.path
    if path.exists() and path.samefile(saving.shown.entry.path):
        raise RefusedError(
            f"{path.name} is what the scenario extends; choose another name",
            f"{path.name} 是该情景所继承的文件；请另选名称",
            409,
        )
    content = saving_text(saving, shelf).encode("utf-8")
    draft = draft_of(path)
    try:
        with alone(path):
            if path.exists() and not saving.overwrite:
                raise RefusedError(
                    f"{path.name} exists; allow overwriting or choose another name",
                    f"{path.name} 已存在；请允许覆盖或另选名称",
                    409,
                )
            try:
                draft.write_bytes(content)
                load_scenario(draft, data=shelf.data)
                write_atomically(path, content)
            finally:
                with contextlib.suppress(OSError):
                    draft.unlink(missing_ok=True)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        zh = f"无法写入：{reason_zh(problem)}"
        raise RefusedError(f"cannot write: {reason}", zh, 409) from None
    return shelf.add(path)


def saving_text(saving: Saving, shelf: Shelf) -> str:
    """The scenario file: the parent, the names, and the values in which the shown scenario differs from it.

    External conditions are written out, so that the file says the same wherever it is taken.
    """
    entry = saving.shown.entry
    parent = os.path.relpath(entry.path.resolve(), saving.path.parent)
    sheet: dict[str, object] = {
        "schema_version": 1,
        "extends": Path(parent).as_posix(),
        "name": {"zh": saving.name.zh, "en": saving.name.en},
    }
    before = entry.scenario.resolved()
    after = shelf.scenario(entry, saving.shown.change).resolved()
    for part in ("levers", "assumptions", "mechanisms"):
        if found := _differing(before.get(part, {}), after.get(part, {})):
            sheet[part] = found
    return sheet_text(sheet)


def _differing(before: object, after: object) -> dict[str, object]:
    """The values of a part of a sheet that are others than before; of each lever, those of its keys."""
    assert isinstance(before, dict) and isinstance(after, dict)
    found: dict[str, object] = {}
    for key, value in after.items():
        old = before.get(key)
        if old == value:
            continue
        is_lever = isinstance(old, dict) and "districts" in old
        found[key] = _differing(old, value) if is_lever else value
    return found


def _place(found: object, folder: Path) -> Path:
    """The file meant: `name.yaml`, or with folders that are there, below the working folder also behind links."""
    if not isinstance(found, str) or not 1 <= len(found) <= 400:
        raise RefusedError(
            "file: allowed: a name such as my_push.yaml", "file：允许如 my_push.yaml"
        )
    parts = found.strip().split("/")
    if len(parts) > 12 or not all(_PART.fullmatch(p) and not _RESERVED.fullmatch(p) for p in parts):
        raise RefusedError(
            f"{found!r}: allowed: letters, digits and _ - + . in folders divided by /",
            f"“{found}”：文件名只能含字母、数字与 _ - + .，文件夹以 / 分隔",
        )
    if not parts[-1].endswith(".yaml"):
        parts[-1] += ".yaml"
    path = folder.joinpath(*parts)
    inside = Path(os.path.realpath(path.parent))
    if not inside.is_relative_to(folder) or (path.is_symlink()):
        raise RefusedError(f"{found!r} is outside the working folder", f"“{found}”不在工作目录内")
    if not inside.is_dir():
        raise RefusedError(
            f"there is no folder {'/'.join(parts[:-1])}", f"没有文件夹 {'/'.join(parts[:-1])}"
        )
    return inside / parts[-1]
