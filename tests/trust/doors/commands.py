"""Arguments, environment variables, and processes of their own."""

# ruff: noqa: E501 - tables of odd words

import os
import random
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

import click

from simulator.cli import program
from tests.trust.doors.bench import (
    CODES,
    ROOT,
    SPEAKING,
    Bench,
    Heard,
    Trial,
    call,
    outcome,
    wrong_with,
)
from tests.trust.doors.scenarios import KEYS
from tests.trust.mutators import VALUES, YAML, damage

PATHS = (
    "", " ", ".", "..", "/", "nothing.yaml", "/etc/passwd", "/dev/null", "/proc/self/mem", "x" * 300, "链/情景.yaml",
    "\u202egnp.yaml", "-", "--", "~", "*", "http://example.invalid/x.yaml", "file:///etc/passwd", "a\udcffb", "latest", "C:\\x",
    "scenarios", "nothing/there.yaml", "\x1b[31mred",
)  # fmt: skip
WORDS = (
    "", " ", "0", "-1", "1", "2", "1e9", "99999999999999999999", "nan", "inf", "1/0", "亿元", "core_revenue", "core_revenu",
    "core_revenue@2027", "core_revenue@1800", "core_revenue[x]", "tj27_core_revenue", "tj27_core_revenu", "joint:tj-2025-2027",
    "joint:x", "joint:", "tj27_funds=0:500:6", "tj27_funds=0:500:99999999999", "tj27_funds=nan,1", "tj27_funds=1_0", "tj27_funds=",
    "=", "a=b", "tj27_funds=0:inf", "tj27_core_revenue>=0.5", "tj27_core_revenue>=nan", "x" * 5000, "链" * 1000, "[", "(((", "*",
    "'; DROP TABLE x", "$(true)", "`true`", "%n%s", "\u202e", "\x1b[31m", "a\nb", "a\udcffb", "tcp://127.0.0.1:1", "local",
)  # fmt: skip
IDLE = frozenset({"doctor", "warmup", "explore", "calibrate", "backtest", "hinges", "validate"})
"""Commands that would work long, or serve, whatever the words are: they always get an option that is none."""


def command_door(bench: Bench, chance: random.Random) -> Trial:
    """A command with options and arguments by chance, most of them odd."""
    name, chosen = chance.choice(sorted(program.commands.items()))
    words = [
        name
        if chance.random() < 0.95
        else chance.choice((name[:-1], name + "s", name.upper(), "", "链"))
    ]
    if isinstance(chosen, click.Group) and chance.random() < 0.6:
        below, chosen = chance.choice(sorted(chosen.commands.items()))
        words.append(below)
    for parameter in chosen.params:
        if isinstance(parameter, click.Argument):
            pool = PATHS if isinstance(parameter.type, click.Path) else PATHS + WORDS
            for _ in range(chance.choice((0, 1, 1, 1, 2))):
                words.append(chance.choice(pool))
        elif chance.random() < 0.2 and parameter.opts[0] != "--version":
            option = max(parameter.opts, key=len)
            if chance.random() < 0.1:
                option = chance.choice(
                    (option[:-1], option + "x", option.upper(), "---", option[1:])
                )
            words.append(option)
            if not getattr(parameter, "is_flag", False) or chance.random() < 0.05:
                pool = PATHS if isinstance(parameter.type, click.Path) else WORDS
                words.append(chance.choice(pool))
    if name in IDLE:
        words.append("--nothing")
    before = bench.listing()
    heard = call(*SPEAKING, *words)
    fault = wrong_with(heard, CODES | {4, 5})
    left = bench.listing() - before
    if not fault and heard.code != 0 and left:
        fault = f"files are left: {sorted(left)[:3]}"
    for path in sorted(left, reverse=True):
        target = bench.folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
    return Trial("command line", name, outcome(heard), fault, " ".join(map(ascii, words))[:400])


SETTINGS: Mapping[str, Sequence[str]] = {
    "SIMULATE_LANG": ("fr", "", "ZH", "zh ", "\ud800", "both"),
    "SIMULATE_JSON": ("maybe", "", "1", "0"),
    "SIMULATE_QUIET": ("2", "yes", "-"),
    "SIMULATE_VERBOSE": ("x", "-1", "99", ""),
    "SIMULATE_CHECK_OVERRIDES": ("x", "seed=1", "a=1 a=2", ""),
    "SIMULATE_CHECK_DATA": ("/nothing", "", "."),
    "SIMULATE_CHEK_DATA": ("x",),
    "SIMULATE_RUN_MEMBERS": ("abc", "-1", "0", "1e3", ""),
    "SIMULATE_RESULTS": ("/proc/nothing", "", "a\nb"),
    "COLUMNS": ("0", "-5", "abc", "99999999999", "", "1"),
    "LINES": ("0", "x"),
    "LANG": ("", "zh_CN.GB18030", "C", "xx_YY.ZZ", "zh", "\ud800"),
    "LC_ALL": ("", "zh_CN", "C", "POSIX", "xx"),
    "NO_COLOR": ("", "1", "no"),
    "FORCE_COLOR": ("1", ""),
    "TERM": ("dumb", "", "xterm-9999color"),
    "TZ": ("Nowhere/None", "", ":", "UTC+99"),
    "HOME": ("", "/nothing", "/dev/null"),
    "NUMBA_CACHE_DIR": ("/proc/x", "", "/dev/null"),
    "MPLCONFIGDIR": ("/proc/x", ""),
    "PYTHONHASHSEED": ("0",),
}


def setting_door(bench: Bench, chance: random.Random) -> Trial:
    """A few odd environment variables."""
    names = chance.sample(sorted(SETTINGS), chance.choice((1, 2, 3)))
    settings = {name: chance.choice(SETTINGS[name]).replace("\ud800", "\udcff") for name in names}
    words = chance.choice(
        (
            ["check", str(bench.baseline)],
            ["levers"],
            ["-h"],
            ["run", "-h"],
            ["runs"],
            ["plans"],
            ["show", "no.yaml"],
        )
    )
    heard = call(*words, **settings)
    fault = wrong_with(heard._replace(warned=()))
    return Trial(
        "settings", ", ".join(names), outcome(heard), fault, repr(settings) + " ".join(words)
    )


def processes(bench: Bench, trials: int, seed: int) -> list[Trial]:
    """Calls in processes of their own, with odd surroundings and an address space of four gibibytes."""
    found = []
    for number in range(trials):
        chance = random.Random(f"process {seed} {number}")
        names = chance.sample(sorted(SETTINGS), 2)
        settings = {n: chance.choice(SETTINGS[n]).replace("\ud800", "\udcff") for n in names}
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("SIMULATE_")}
        surroundings |= {"PYTHONPATH": str(ROOT), **settings}
        surroundings |= chance.choice(
            (
                {},
                {"PYTHONIOENCODING": "ascii"},
                {"PYTHONUTF8": "0", "LC_ALL": "C"},
                {"PYTHONWARNINGS": "error"},
            )
        )
        if chance.random() < 0.2:
            surroundings.pop("HOME", None)
        whole = chance.choice(sorted(bench.folder.glob("scenarios/*.yaml")))
        damaged = damage(whole.read_text(encoding="utf-8"), YAML, chance)
        file = whole.with_name("damaged.yaml")
        file.write_bytes(damaged.data)
        words = chance.choice((
            ["check", str(file)], ["show", str(file)], ["run", str(file), "-n", "1", "--engine", "plain", "--no-figures", "--out", "out"],
            ["levers"], ["runs"], ["targets", "nothing"], ["plans", "--coherence"], ["-h"], ["metrics"],
            ["check", str(bench.baseline), "--set", f"{chance.choice(KEYS)}={chance.choice([v for v in VALUES if chr(0) not in v and len(v) < 5000])}"],
        ))  # fmt: skip
        words = ["--lang", chance.choice(("zh", "en", "both")), *words]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "simulator", *words], env=surroundings, capture_output=True, timeout=600, cwd=bench.work,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
            )  # fmt: skip
            text = done.stderr.decode("utf-8", "backslashreplace")
            heard = Heard(done.returncode, "", re.sub(r"[\x00-\x08\x1b]", "", text), ())
            fault = wrong_with(heard)
            result = outcome(heard)
        except subprocess.TimeoutExpired:
            result, fault = "hangs", "no end after 600 s"
        if result != "read" and (bench.work / "out").exists():
            fault = fault or "a folder is left of a refused call"
        shutil.rmtree(bench.work / "out", ignore_errors=True)
        file.unlink()
        found.append(Trial("process", damaged.kind, result, fault, f"{settings} {' '.join(words)}"))
    return found
