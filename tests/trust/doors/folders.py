"""Run folders of another version, or with a damaged, missing or strange paper."""

# ruff: noqa: E501 - tables of odd words

import random
import shutil

from tests.trust.doors.bench import CODES, SPEAKING, Bench, Trial, call, outcome, shown, wrong_with
from tests.trust.mutators import TABLE, YAML, damage, json_text_damage

PAPERS = (
    "manifest.json", "run.json", "parts/index.jsonl", "scenario.resolved.yaml", "targets.csv", "ledger.csv",
    "summary.parquet", "fit/fitted.yaml", "fit/posterior.csv", "parts",
)  # fmt: skip
READERS = (
    ("targets", "RUN"), ("targets", "RUN", "--csv"), ("targets", "RUN", "--readings"), ("assumed", "RUN"),
    ("warn", "RUN", "--no-figures"), ("runs", "--results", "WORK"), ("diff", "RUN", "BASELINE"),
    ("explain", "RUN", "--value", "core_revenue@2027"), ("export", "RUN", "-o", "WORK/table.csv"), ("explain", "RUN", "--parameter", "rpc"),
)  # fmt: skip


def run_door(bench: Bench, chance: random.Random) -> Trial:
    """A run folder of another version, or with a damaged, missing or strange paper."""
    folder = bench.work / "run"
    for left in bench.work.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    shutil.copytree(bench.run(), folder)
    name = chance.choice(PAPERS)
    paper, exhibit = folder / name, ""
    if name == "parts":
        paper = chance.choice(sorted(paper.glob("*.parquet")))
        name = paper.name
    if chance.random() < 0.08:
        kind = "left out"
        paper.unlink()
    elif chance.random() < 0.05:
        kind = "is a folder"
        paper.unlink()
        paper.mkdir()
    elif paper.suffix == ".parquet":
        data = bytearray(paper.read_bytes())
        kind = chance.choice(("cut short", "a byte turned", "text", "empty"))
        data[chance.randrange(len(data))] ^= 0xFF
        bodies = {
            "cut short": data[: len(data) // 2],
            "a byte turned": data,
            "text": b"x,y\n1,2\n",
            "empty": b"",
        }
        paper.write_bytes(bytes(bodies[kind]))
    else:
        text = paper.read_text(encoding="utf-8-sig")
        if name.endswith((".json", ".jsonl")):
            found = json_text_damage(text.strip(), chance)
            # One line a part: the index keeps its line end.
            found = found._replace(data=found.data + b"\n")
        else:
            found = damage(text, YAML if name.endswith(".yaml") else TABLE, chance)
        paper.write_bytes(found.data)
        kind, exhibit = found.kind, shown(found.data)
    before = bench.listing()
    places = {"RUN": str(folder), "WORK": str(bench.work), "BASELINE": str(bench.baseline)}
    words = [
        places.get(word, word.replace("WORK", str(bench.work))) for word in chance.choice(READERS)
    ]
    heard = call(*SPEAKING, *words)
    fault = wrong_with(heard, CODES | {4})
    left = bench.listing() - before
    if not fault and heard.code != 0 and left:
        fault = f"files are left of a refused call: {sorted(left)[:3]}"
    if not fault and heard.code in (3, 4) and "run" not in heard.out:
        fault = "the folder is not named"
    shutil.rmtree(folder)
    for path in bench.work.glob("table*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return Trial(
        "run folder", f"{kind} in {name}", outcome(heard), fault, f"{' '.join(words)} | {exhibit}"
    )
