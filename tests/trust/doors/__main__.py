"""The figures of the trials, printed and recorded."""

import argparse
import multiprocessing
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

import tests.trust.doors
from tests.trust.doors import DOORS, at_door
from tests.trust.doors.bench import Trial
from tests.trust.records import Record, Row, Said

NAMES: Mapping[str, Said] = {
    "scenario": Said("情景文件", "scenario files"),
    "layer": Said("外部条件文件", "layers of conditions"),
    "--set": Said("--set 取值", "--set values"),
    "--data": Said("另一城市的数据文件夹", "data folders of a city"),
    "firms.csv": Said("企业名单", "lists of firms"),
    "facts.csv": Said("新数据表", "tables of new figures"),
    "fitted.yaml, posterior.csv": Said("拟合文件与后验", "fitted files and posteriors"),
    "marks of tasks": Said("任务标记文件", "files of marks"),
    "run folder": Said("运行文件夹", "run folders"),
    "command line": Said("命令行", "command lines"),
    "settings": Said("环境变量", "environment variables"),
    "explorer": Said("浏览器请求", "requests to the explorer"),
    "process": Said("独立进程", "processes of their own"),
}
OUTCOMES: Mapping[str, Said] = {
    "read": Said("读入", "read"), "refused": Said("拒绝", "refused"), "usage": Said("用法错误", "usage"),
    "incomplete": Said("不完整", "incomplete"), "not met": Said("未达到", "not met"), "2xx": Said("应答", "answered"),
    "4xx": Said("拒绝", "refused"),
}  # fmt: skip


def record(trials: Sequence[Trial], mended: int, asked: int, seed: int, own: int) -> Record:
    """The figures of the trials."""
    faults = [trial for trial in trials if trial.fault]
    rows = []
    for door, name in NAMES.items():
        counted = Counter(trial.outcome for trial in trials if trial.door == door)
        if counted:
            total = counted.total()
            words = [OUTCOMES.get(key, Said(key, key)) for key, _ in counted.most_common()]
            numbers = [number for _, number in counted.most_common()]
            rows.append(
                Row(name, Said(
                    f"{total} 次：" + "、".join(f"{w.zh} {n}" for w, n in zip(words, numbers, strict=True)),
                    f"{total}: " + ", ".join(f"{n} {w.en}" for w, n in zip(words, numbers, strict=True)),
                ))
            )  # fmt: skip
    rows.append(
        Row(
            Said("崩溃、挂起、静默忽略或说明不全", "crashes, hangs, silences, poor words"),
            Said(f"{len(faults)}", f"{len(faults)}"),
        )
    )
    rows.append(
        Row(
            Said("此前试验发现并已修正的缺陷", "faults that earlier trials found, mended"),
            Said(f"{mended}", f"{mended}"),
        )
    )
    zh = f"各入口共 {len(trials)} 次受损输入；"
    en = f"{len(trials)} damaged inputs at every door; "
    if faults:
        finding = Said(f"{zh}{len(faults)} 次结果有误", f"{en}{len(faults)} ended wrongly")
    else:
        finding = Said(
            f"{zh}每次都以约定的退出码结束，无回溯、无遗留文件、无静默忽略",
            f"{en}each ended with a documented code: no traceback, nothing left behind, nothing passed over",
        )
    command = f"python -m tests.trust.doors --trials {asked} --seed {seed} --processes {own}"
    return Record("doors", Said("错误输入", "Bad input"), command, finding, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures, and record them when asked to; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(description=tests.trust.doors.__doc__)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", choices=sorted((*DOORS, "process")))
    parser.add_argument("--processes", type=int, default=0, help="calls in processes of their own")
    parser.add_argument("--jobs", type=int, default=1, help="doors tried at the same time")
    parser.add_argument(
        "--mended", type=int, default=0, help="faults found so far and mended, for the record"
    )
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args(arguments)
    counts = {name: max(1, round(asked.trials * share)) for name, (_, share) in DOORS.items()}
    counts["process"] = asked.processes
    if asked.door:
        counts = {asked.door: asked.trials}
    trials: list[Trial] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=context) as pool:
        begun = [
            pool.submit(at_door, name, n, asked.seed * 1_000_003) for name, n in counts.items()
        ]
        for door in begun:
            trials += door.result()
    told = record(trials, asked.mended, asked.trials, asked.seed, asked.processes)
    print(told.show())
    if asked.record:
        told.write()
    return int(any(trial.fault for trial in trials))


if __name__ == "__main__":
    sys.exit(main())
