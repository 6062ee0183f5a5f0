"""Supply: what is built, what it carries, what it leans on, and that it runs anywhere from an empty folder.

    python -m tests.trust.supply [--record]    builds, installs the wheel in a bare environment, runs it offline
    python -m tests.trust.supply --licences    writes THIRD_PARTY.md from the installed libraries

The wheel and the source archive are built twice and compared byte for byte, their content with the tree. The bare
environment holds the wheel and what it depends on, no extra; its home is empty, so that whatever stays after the
uninstallation is seen.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.trust.records import Record, Row, Said

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "THIRD_PARTY.md"
PROJECT = "tianjin-ai-simulator"
TOLD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IN_WHEEL = {
    "simulator": "simulator",
    "calibration": "simulator/calibration",
    "scenarios": "simulator/scenarios",
}
IN_SOURCE = (*IN_WHEEL, "benchmarks", "docs", "examples", "tests", ".ci")
ENDINGS = (
    ".py",
    ".typed",
    ".yaml",
    ".csv",
    ".md",
    ".css",
    ".js",
    ".html",
)  # what a wheel has any use for
EPOCH = "1767225600"

# Licences.

PERMISSIVE = frozenset(
    {
        *(
            "MIT",
            "MIT-CMU",
            "BSD",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "0BSD",
            "ISC",
            "Zlib",
            "PSF-2.0",
        ),
        *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "CC0-1.0", "Public-Domain"),
    }
)
SHORT = {  # what the field `License` says, as an SPDX name
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
    "BSD 3-Clause License": "BSD-3-Clause",
    "2-clause BSD": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC",
}
CLASSIFIED = {
    "OSI Approved :: MIT License": "MIT",
    "OSI Approved :: BSD License": "BSD",
    "OSI Approved :: Apache Software License": "Apache-2.0",
    "OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "OSI Approved :: ISC License (ISCL)": "ISC",
    "OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "OSI Approved :: GNU General Public License (GPL)": "GPL",
    "Public Domain": "Public-Domain",
}
READ = {  # where the metadata has no name of a licence: what the text that the library carries says
    "axe-playwright-python": "MIT AND MPL-2.0",  # its own code, and the axe-core script that it carries
    "iam-units": "GPL-3.0",
    "platypus-opt": "GPL-3.0",
}


class Copyleft(NamedTuple):
    """A licence that asks something of whoever passes the library on: which, and why it is here."""

    licence: str
    why: Said


_CERTIFICATES = Said("根证书数据", "root certificates, data")
_POSTGRES = Said(
    "pyam 经 ixmp4 带入，仅测试用；不连接任何数据库",
    "comes with pyam through ixmp4, for tests only; nothing connects to a database",
)
COPYLEFT = {
    "axe-playwright-python": Copyleft(
        "MIT AND MPL-2.0",
        Said(
            "无障碍检查，仅测试用；附带 axe-core",
            "audits the explorer in tests only; carries axe-core",
        ),
    ),
    "certifi": Copyleft("MPL-2.0", _CERTIFICATES),
    "docutils": Copyleft(
        "BSD AND GPL AND Public-Domain",
        Said(
            "构建文档网站用；其许可文件称 GPL 仅及一个编辑器文件",
            "builds the site; its own licence file has one file for an editor under the GPL",
        ),
    ),
    "hypothesis": Copyleft("MPL-2.0", Said("仅测试用", "for tests only")),
    "iam-units": Copyleft(
        "GPL-3.0", Said("pyam 带入，仅测试用", "comes with pyam, for tests only")
    ),
    "pathspec": Copyleft("MPL-2.0", Said("类型检查与构建用", "for type checks and building only")),
    "platypus-opt": Copyleft(
        "GPL-3.0",
        Said(
            "EMA workbench 带入；模拟器自身不导入，`simulate discover` 无需此附加组件",
            "comes with EMA workbench, which users may drive; the simulator imports neither, and `simulate discover` "
            "needs no extra",
        ),
    ),
    "psycopg": Copyleft("LGPL-3.0-only", _POSTGRES),
    "psycopg-binary": Copyleft("LGPL-3.0-only", _POSTGRES),
    "tqdm": Copyleft("MPL-2.0 AND MIT", Said("Mesa 等带入", "comes with Mesa and others")),
}
"""Each library under a licence that is not permissive, expected by name."""


class Library(NamedTuple):
    """A library that is needed, the licence it names, and by which parts of the project it is asked for."""

    name: str
    licence: str
    asked_by: tuple[str, ...]


def groups() -> dict[str, list[str]]:
    """Requirements of the project itself (`base`) and of each extra, without the extras that `test` takes in."""
    project = TOLD["project"]
    extras = {
        name: [line for line in lines if not line.startswith(PROJECT)]
        for name, lines in project["optional-dependencies"].items()
    }
    return {"base": list(project["dependencies"]), **extras}


def closure(requirements: Iterable[str]) -> set[str]:
    """Every library that is installed because of the requirements, by canonical name."""
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        wanted = waiting.pop()
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key in seen:
                continue
            seen.add(key)
            for line in metadata.distribution(wanted.name).requires or ():
                further = Requirement(line)
                if further.marker is None or further.marker.evaluate({"extra": extra}):
                    waiting.append(further)
    return {name for name, _ in seen}


def licence(name: str) -> str:
    """The licence of an installed library as its metadata names it; KeyError where no name can be made out."""
    told = metadata.metadata(name)
    if "License-Expression" in told:
        return told["License-Expression"]
    if name in READ:
        return READ[name]
    stated = told["License"].strip() if "License" in told else ""
    stated = SHORT.get(stated, stated)
    if names(stated) and all(map(known, names(stated))):
        return stated
    classifiers = [c.removeprefix("License :: ") for c in told.get_all("Classifier") or ()]
    found = sorted({CLASSIFIED[c] for c in classifiers if c in CLASSIFIED})
    if not found:
        raise KeyError(f"{name} names no licence that is known here: {stated[:60]!r}")
    return " AND ".join(found)


def names(expression: str) -> list[str]:
    """The licences in an SPDX expression."""
    return [part.strip("() ") for part in re.split(r" (?:AND|OR) ", expression) if part.strip()]


def known(name: str) -> bool:
    """Whether the name is one of a licence."""
    return name in PERMISSIVE or bool(
        re.fullmatch(r"(MPL|L?GPL)(-[\d.]+(-only|-or-later)?)?", name)
    )


def libraries() -> list[Library]:
    """Everything the project and its extras need, in the order of names."""
    reached = {group: closure(lines) for group, lines in groups().items()}
    everything = sorted(set().union(*reached.values()))
    found = []
    for name in everything:
        asked = (
            ("base",)
            if name in reached["base"]
            else tuple(g for g in reached if name in reached[g])
        )
        found.append(Library(name, licence(name), asked))
    return found


def page() -> str:
    """THIRD_PARTY.md: who is owed what by whoever passes the libraries on."""
    found = libraries()
    stays = [one for one in found if one.name in COPYLEFT]
    head = f"""\
# Libraries and their licences · 所用程序库及其许可

Written by `python -m tests.trust.supply --licences` from the libraries of `constraints.txt` on Python 3.11; do not
edit. The project is under the MIT licence and carries none of them: pip installs each from its own publisher. *base* is
what `pip install {PROJECT}` brings; another word is the extra that asks for the library.
由上述命令据 `constraints.txt` 所列版本生成，请勿手改。本项目采用 MIT 许可，不附带其中任何一个；*base* 为基本安装所需，
其余为提出需要的附加组件。

## Copyleft · 著佐权许可

Whoever only runs the simulator owes nothing for these. Whoever passes one of them on has to pass on source under its
own licence: of the library's own files under the MPL and the LGPL, of the whole combined work under the GPL. The base
installation needs none under the GPL or the LGPL.
仅运行模拟器者不负任何义务。再分发者须按各库自身许可提供源代码：MPL 与 LGPL 限于该库自身，GPL 及于合并后的整个作品。
基本安装不需要 GPL 或 LGPL 的程序库。

The wheels of numpy and scipy carry the runtime library of GCC, under the GPL with the exception that lets it go with
any program. zhplot carries the font Noto Sans SC under the SIL Open Font License 1.1 (see NOTICE).
numpy 与 scipy 的 wheel 含 GCC 运行库（GPL，附运行库例外，可与任何程序同行）；zhplot 含字体 Noto Sans SC
（SIL OFL 1.1，见 NOTICE）。

| library 程序库 | licence 许可 | asked for by 提出者 | why · 缘由 |
| --- | --- | --- | --- |
"""
    copyleft = [
        f"| {one.name} | {one.licence} | {', '.join(one.asked_by)} | "
        f"{COPYLEFT[one.name].why.en} · {COPYLEFT[one.name].why.zh} |"
        for one in stays
    ]
    rows = [f"| {one.name} | {one.licence} | {', '.join(one.asked_by)} |" for one in found]
    table = """

## All · 全部

| library 程序库 | licence 许可 | asked for by 提出者 |
| --- | --- | --- |
"""
    return head + "\n".join(copyleft) + table + "\n".join(rows) + "\n"


def unallowed(found: Iterable[Library]) -> list[str]:
    """Libraries under a licence that is neither permissive nor expected of that library by name."""
    return [
        f"{one.name}: {one.licence}"
        for one in found
        if not choice_is_permissive(one.licence)
        and (one.name not in COPYLEFT or COPYLEFT[one.name].licence != one.licence)
    ]


def choice_is_permissive(expression: str) -> bool:
    """Whether one of the licences offered asks for no more than to be named."""
    return any(
        all(name in PERMISSIVE for name in names(offered)) for offered in expression.split(" OR ")
    )


def unpinned() -> list[str]:
    """What the test extra installs, for this Python, and `constraints.txt` does not pin."""
    wanted = closure(line for lines in groups().values() for line in lines)
    return sorted(wanted - set(pins()))


def pins() -> dict[str, str]:
    """Version of each library pinned for this Python."""
    found: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        pin, _, marker = line.partition(";")
        if pin and not pin.startswith("#") and (not marker or Marker(marker).evaluate()):
            name, _, version = pin.strip().partition("==")
            found[canonicalize_name(name)] = version
    return found


# Wheel and source archive.


class Built(NamedTuple):
    """A wheel and a source archive."""

    wheel: Path
    source: Path


def build(tree: Path, folder: Path) -> Built:
    """Build both from a tree, with the build backend that is installed."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
    subprocess.run(command, cwd=tree, check=True, capture_output=True, env=environment)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, source)


def unpacked(source: Path, folder: Path) -> Path:
    """The tree inside a source archive."""
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(*folders: str) -> set[str]:
    """Files of the tree in these folders that are not made by running them."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def wheel_differs(wheel: Path) -> list[str]:
    """Files that the wheel should carry and does not, or carries and should not."""
    wanted = {
        name.replace(folder, inside, 1)
        for folder, inside in IN_WHEEL.items()
        for name in files(folder)
    }
    info = f"{PROJECT.replace('-', '_')}-{TOLD['project']['version']}.dist-info"
    said = (
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "licenses/NOTICE",
    )
    wanted |= {f"{info}/{name}" for name in said}
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    junk = {
        name for name in inside & wanted if Path(name).suffix not in ENDINGS and info not in name
    }
    return sorted((wanted ^ inside) | junk)


def source_differs(source: Path) -> list[str]:
    """The same of the source archive."""
    top = {
        path.name
        for path in ROOT.iterdir()
        if path.is_file() and path.suffix in (".md", ".toml", ".cff")
    }
    wanted = (
        files(*IN_SOURCE)
        | top
        | {"constraints.txt", "LICENSE", "NOTICE", ".gitignore", "results/README.md"}
    )
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    return sorted(wanted ^ (inside - {"PKG-INFO"}))


# The bare environment.


class Call(NamedTuple):
    """A command of the installed wheel: its words, and the extra it has to name when it ends with 2."""

    words: tuple[str, ...]
    extra: str = ""


CALLS = (
    Call(("--help",)),
    Call(("doctor",)),
    Call(("new", "demo")),
    Call(("check", "demo.yaml")),
    Call(("run", "demo.yaml", "-n", "20")),
    Call(("run", "demo.yaml", "-n", "20", "--set", "levers.tj27_funds.size=300亿元")),
    Call(("targets", "results/latest")),
    Call(("new", "harder", "--extends", "push")),
    Call(("compare", "demo.yaml", "harder.yaml", "-n", "20")),
    Call(("show", "demo.yaml", "--origins")),
    Call(("diff", "demo.yaml", "harder.yaml")),
    Call(("plot", "results/latest", "scorecard", "-o", "scorecard")),
    Call(("report", "results/latest", "-o", "report.html")),
    Call(("explain", "results/latest", "--value", "core_revenue@2027")),
    Call(("export", "results/latest", "--format", "csv", "-o", "tables")),
    Call(("plans", "--coherence")),
    Call(("levers", "--grep", "基金")),
    Call(("metrics",)),
    Call(("tasks", "--sector", "health")),
    Call(("schema", "-o", "scenario.schema.json")),
    Call(("explore", "demo.yaml", "--no-browser"), "explore"),
    Call(("export", "results/latest", "--format", "netcdf", "-o", "tables"), "netcdf"),
    Call(("export", "results/latest", "--format", "xlsx", "-o", "tables"), "excel"),
    Call(("sensitivity", "demo.yaml", "-n", "1", "--size", "2"), "analysis"),
    Call(("run", "demo.yaml", "-n", "4", "--seed", "7", "--cluster", "local"), "distributed"),
    Call(("warmup",)),
)


def alone() -> tuple[str, ...]:
    """What to put before a command so that it has no network; nothing where that is not permitted."""
    for words in (("unshare", "-n"), ("unshare", "-rn")):
        if shutil.which(words[0]):
            tried = subprocess.run([*words, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return words
    return ()


def bare(wheel: Path, folder: Path) -> Iterator[Row]:
    """Install the wheel in an environment of its own, run it from an empty folder, take it away again."""
    place, home, empty = folder / "venv", folder / "home", folder / "empty"
    venv.create(place, with_pip=True)
    home.mkdir()
    empty.mkdir()
    ours = re.compile("PYTHON|SIMULATE|NUMBA|XDG|VIRTUAL|MPL")
    clean = {name: value for name, value in os.environ.items() if not ours.match(name)}
    python = str(place / "bin" / "python")
    pip = [python, "-m", "pip"]
    pinned = str(ROOT / "constraints.txt")
    subprocess.run([*pip, "install", "-q", "-c", pinned, str(wheel)], check=True, env=clean)
    checked = subprocess.run([*pip, "check"], check=False, env=clean)
    yield Row(
        Said("pip check", "pip check"), _none([] if checked.returncode == 0 else ["conflicts"])
    )

    offline = alone()

    def asked(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [*offline, python, "-m", "simulator", "--lang", "en", *words]
        mine = {**clean, "HOME": str(home)}
        return subprocess.run(
            command, cwd=empty, env=mine, capture_output=True, text=True, check=False
        )

    failed: dict[bool, list[str]] = {False: [], True: []}
    for call in CALLS:
        done = asked(*call.words)
        named = f"[{call.extra}]" in done.stderr
        if done.returncode != (2 if call.extra else 0) or (call.extra and not named):
            failed[bool(call.extra)].append(f"{' '.join(call.words)} → {done.returncode}")
            print(done.stderr[-2000:], file=sys.stderr)
    zh, en = (
        ("无网络", "without a network")
        if offline
        else ("未能断网", "the network could not be cut off")
    )
    yield _counted(
        Said(f"空文件夹中可用的命令（{zh}）", f"commands in an empty folder, {en}"), False, failed
    )
    what = Said(
        "缺附加组件时退出码 2 并写明何者", "without their extra, commands end with 2 and name it"
    )
    yield _counted(what, True, failed)

    cache = json.loads(asked("--json", "doctor").stdout)["doctor"]["compiled_cache"]
    subprocess.run([*pip, "uninstall", "-q", "-y", PROJECT], check=True, env=clean)
    under = [place / "bin", *place.glob("lib/python*/site-packages")]
    left = [path.name for place in under for path in place.iterdir() if OWN.match(path.name)]
    yield Row(
        Said("卸载后留下的程序文件", "files of the program left after uninstalling"), _none(left)
    )
    caches = {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()}
    kept = sorted("~/" + "/".join(parts) for parts in caches)
    told = cache.startswith(str(home / ".cache" / PROJECT))
    yield Row(
        Said("卸载后留在用户目录者", "left in the home folder after uninstalling"), _none(kept)
    )
    yield Row(
        Said("doctor 写明编译缓存的位置", "doctor names the cache of compiled code"), _yes(told)
    )


OWN = re.compile(r"simulat|tianjin", re.IGNORECASE)


def _counted(what: Said, extra: bool, failed: dict[bool, list[str]]) -> Row:
    """How many of the calls, with or without an extra, did what they should."""
    total = sum(bool(call.extra) is extra for call in CALLS)
    good, rest = total - len(failed[extra]), "; ".join(failed[extra])
    tail = f" ({rest})" if rest else ""
    return Row(what, Said(f"{good}/{total}{tail}", f"{good} of {total}{tail}"))


def trial() -> Record:
    """All of it."""
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        one, two = build(ROOT, folder / "one"), build(ROOT, folder / "two")
        again = build(unpacked(one.source, folder / "tree"), folder / "again")
        same = digest(one.wheel) == digest(two.wheel) and digest(one.source) == digest(two.source)
        rebuilt = digest(again.wheel) == digest(one.wheel)
        rows += [
            Row(Said("两次构建字节相同", "two builds, the same bytes"), _yes(same)),
            Row(
                Said("由源码包构建出同一 wheel", "the source archive builds the same wheel"),
                _yes(rebuilt),
            ),
            _content(
                Said("wheel 的内容与代码树一致", "content of the wheel is the tree's"),
                one.wheel,
                wheel_differs(one.wheel),
            ),
            _content(
                Said(
                    "源码包的内容（含测试）与代码树一致",
                    "content of the source archive, tests too, is the tree's",
                ),
                one.source,
                source_differs(one.source),
            ),
        ]
        rows += bare(one.wheel, folder)
    found = libraries()
    strange, free = unallowed(found), unpinned()
    rows += [
        Row(
            Said("许可：程序库数；著佐权", "licences: libraries; copyleft"),
            Said(
                f"{len(found)}；{'、'.join(o.name for o in found if o.name in COPYLEFT)}",
                f"{len(found)}; {', '.join(o.name for o in found if o.name in COPYLEFT)}",
            ),
        ),
        Row(Said("许可不在允许之列", "licences outside the allowed set"), _none(strange)),
        Row(
            Said("constraints.txt 未固定者", "libraries that constraints.txt does not pin"),
            _none(free),
        ),
    ]
    finding = Said(
        "wheel 与源码包可逐字节重现，内容与代码树一致；装好的 wheel 在空文件夹、无网络时可用；卸载只留下缓存。",
        "Wheel and source archive are reproduced byte for byte and carry the tree; the installed wheel works in an "
        "empty folder without a network; its uninstallation leaves caches only. Each is measured below.",
    )
    return Record(
        "supply",
        Said("构建、安装与许可", "Supply"),
        "python -m tests.trust.supply --record",
        finding,
        rows,
    )


def _yes(true: bool) -> Said:
    return Said("是", "yes") if true else Said("否", "no")


def _none(found: list[str]) -> Said:
    return Said("、".join(found) or "无", ", ".join(found) or "none")


def _content(what: Said, archive: Path, differs: list[str]) -> Row:
    size = archive.stat().st_size / 1e6
    answer = _none(differs)
    return Row(
        what,
        Said(f"差异：{answer.zh}；{size:.1f} MB", f"differences: {answer.en}; {size:.1f} MB"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--record", action="store_true", help="keep the record under docs/trust/")
    parser.add_argument("--licences", action="store_true", help="write THIRD_PARTY.md and end")
    asked = parser.parse_args()
    if asked.licences:
        PAGE.write_text(page(), encoding="utf-8", newline="\n")
        return
    record = trial()
    print(record.show())
    if asked.record:
        print(record.write().relative_to(ROOT))


if __name__ == "__main__":
    main()
