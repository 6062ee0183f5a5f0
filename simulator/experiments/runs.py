"""Running a scenario: an ensemble of members, stored in parts as it grows.

`run` is the one way from a scenario to a run folder, for a first run, a continued one and a longer
one alike: it looks at what the folder already holds and simulates what is missing. Members are
addressed by (seed, member), so neither workers, order nor interruptions leave a mark on the bytes.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator.experiments.errors import (
    DamagedError,
    DiskError,
    MismatchError,
    NotARunError,
    StoreError,
)
from simulator.experiments.folder import (
    FORMAT,
    MANIFEST,
    RUN,
    SHEET,
    Completion,
    Manifest,
    Part,
    Precision,
    RunFolder,
    Series,
    beside,
    clear_errors,
    locked,
    settle,
    swap,
    values_digest,
)
from simulator.experiments.provenance import Identity, identify, versions
from simulator.experiments.simulation import Judging, Progress, RunInterrupted, simulate
from simulator.experiments.stopping import Rule, Tally, most_members, read_rule
from simulator.experiments.store import LATEST, Notice, Run, open_folder, resolve_path
from simulator.experiments.workers import EXECUTORS, LOCAL, Crew, Study, open_workers
from simulator.foundation.files import alone, draft_of, write_atomically
from simulator.foundation.findings import UsageError, did_you_mean
from simulator.registry import Data
from simulator.scenario import Scenario, load_scenario, sheet_text
from simulator.scenario.reading import LARGEST_SEED, MOST_MEMBERS

if TYPE_CHECKING:
    from simulator.policy.ledger import Ledger
    from simulator.targets import Flags, TargetScore

ENGINES = ("auto", "compiled", "plain")
RESULTS = "results"


class AllFailedError(StoreError):
    """Not one member could be simulated."""


@dataclass(frozen=True, slots=True)
class Machinery:
    """What a run needs of the rest of the simulator; tests put their own in its place."""

    load: Callable[[Path, Mapping[str, object], Data], Scenario]
    identify: Callable[[Scenario], Identity]
    prepare: Callable[[Scenario], Study]
    describe: Callable[[Sequence[str]], tuple[Series, ...]]
    score: "Callable[[Run], tuple[TargetScore, ...]]"
    judge: "Callable[[Run, str | None], tuple[str, Callable[[Run], Flags]]]"
    book: "Callable[[Run], Ledger | None]" = lambda run: None


def run(
    scenario: Scenario | str | Path,
    n: int | None = None,
    seed: int | None = None,
    set: Mapping[str, object] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    engine: str = "auto",
    force: bool = False,
    progress: Progress | None = None,
    data: Data = None,
    *,
    executor: str = "threads",
    cluster: str | None = None,
    until_half_width: str | float | None = None,
    results: str | Path = RESULTS,
    machinery: Machinery | None = None,
) -> Run:
    """Run a scenario, or take what is stored of it, and return the opened run.

    `n` is the total number of members (default: the scenario's), `set` overrides keys of a
    scenario file, `out` is the run folder itself (default: `results/<stem>-<hash>`), `workers` the
    number of threads (default: the processors of this process; never changes a byte), `engine`
    `auto`, `compiled` or `plain`, and `progress` is called with (done, total). `data` is the folder
    of another city; the run folder keeps a copy of it.

    `executor` is `threads`, `processes` or `auto` (both, for long work), `cluster` the address of a Dask scheduler or
    `local`; none of them changes a byte. With `until_half_width`, 0.02 or `tj27_core_revenue:0.02`, members are added,
    in whole parts, until half the Wilson interval of that target (by default the headline one) is no wider; `n` is
    then the largest number (default: as many as the bound can need).

    A folder of the same hash that is complete is returned as it is (`reused`), with all its members
    also when fewer are asked for, as `notices` then says; one with fewer members is extended, an
    incomplete one is finished.
    `force` computes everything anew beside it and then swaps. Failed members are listed in
    `failures` and tried again by the next call.

    Raises InputError for an invalid scenario, UsageError for an invalid argument, MismatchError
    for an `out` that holds another run, RunInterrupted on Ctrl-C and StoreError where the disk
    refuses; the last two leave a folder that the same call continues.
    """
    tools = machinery or the_machinery()
    rule = None if until_half_width is None else read_rule(until_half_width)
    if rule is not None and n is None:
        n = most_members(rule)
    crew = _crew(workers, executor, cluster)
    chosen = _chosen(scenario, n, seed, set, data, tools)
    identity = tools.identify(chosen)
    path = Path(out) if out is not None else Path(results) / folder_name(chosen.stem, identity.hash)
    job = _Job(chosen, identity, path, crew, _engine(engine), progress, tools, rule)
    done = _compute_anew(job) if force else _continue(job)
    if out is None:
        _point_latest(path)
    return done


def resume(
    path: str | Path,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    data: Data = None,
    *,
    executor: str = "threads",
    cluster: str | None = None,
    machinery: Machinery | None = None,
) -> Run:
    """Finish an interrupted run folder as it was asked for; a complete one is returned.

    NotARunError where there is none; MismatchError, naming both digests, when source or data
    have changed since; otherwise as `run`.
    """
    crew = _crew(workers, executor, cluster)
    return _go_on(path, None, crew, engine, progress, data, machinery)


def extend(
    path: str | Path,
    n: int,
    workers: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
    data: Data = None,
    *,
    executor: str = "threads",
    cluster: str | None = None,
    machinery: Machinery | None = None,
) -> Run:
    """Add members to a run folder until there are `n`; errors as for `resume`."""
    crew = _crew(workers, executor, cluster)
    return _go_on(path, n, crew, engine, progress, data, machinery)


def the_machinery() -> Machinery:
    """The simulator's own."""
    from simulator.observables import CATALOGUE

    catalogue = {observable.key: observable for observable in CATALOGUE}

    def load(path: Path, overrides: Mapping[str, object], data: Data) -> Scenario:
        return load_scenario(path, overrides, data)

    def prepare(scenario: Scenario) -> Study:
        from simulator.model import prepare

        return prepare(scenario)

    def describe(names: Sequence[str]) -> tuple[Series, ...]:
        described = []
        for name in names:
            key, _, element = name.removesuffix("]").partition("[")
            found = catalogue[key]
            described.append(
                Series(
                    name,
                    key,
                    element,
                    found.unit,
                    found.kind,
                    found.dimension,
                    found.name.zh,
                    found.name.en,
                )
            )
        return tuple(described)

    def book(run: Run) -> "Ledger":
        from simulator.experiments.ledger import ledger_of

        return ledger_of(run)

    return Machinery(load, identify, prepare, describe, Run.targets, _judge, book)


def _judge(run: Run, wanted: str | None) -> "tuple[str, Callable[[Run], Flags]]":
    """Key of the target meant (None: the headline one), and what tells for each member whether it is met."""
    from simulator.targets import goals_of, measurable, met

    goals = {goal.key: goal for goal in goals_of(run) if measurable(goal, run)}
    if wanted is None:
        # A plan has several headline targets; its revenue is the one all others are read beside.
        headline = sorted(
            (goal for goal in goals.values() if goal.headline),
            key=lambda goal: goal.metric != "core_revenue",
        )
        wanted = headline[0].key if headline else None
        if wanted is None:
            raise UsageError(
                "this run has no headline target with a probability; name one, as in "
                f"tj27_core_revenue:0.02; allowed: {', '.join(goals) or 'none'}",
                f"该运行没有可评的主要目标；请指定一个，例如 tj27_core_revenue:0.02；可用：{'、'.join(goals) or '无'}",
            )
    goal = goals.get(wanted)
    if goal is None:
        hint = did_you_mean(wanted, goals)
        raise UsageError(
            f"no target {wanted!r} with a probability in this run; allowed: {', '.join(goals)}{hint.en}",
            f"该运行中没有可评的目标 {wanted!r}；可用：{'、'.join(goals)}{hint.zh}",
        )
    return wanted, lambda members: met(goal, members)


def folder_name(stem: str, run_hash: str) -> str:
    """`<stem>-<hash8>`, without what a file system could object to."""
    kept = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in stem)
    return f"{kept.strip('._') or 'scenario'}-{run_hash[:8]}"


@dataclass(frozen=True, slots=True)
class _Job:
    """One call of `run`, with everything resolved."""

    scenario: Scenario
    identity: Identity
    path: Path
    crew: Crew
    engine: str
    progress: Progress | None
    tools: Machinery
    rule: Rule | None = None
    whole: bool = False  # finish what was asked for when the folder was begun

    @property
    def members(self) -> int:
        return self.scenario.members

    def report(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def _go_on(
    path: str | Path,
    n: int | None,
    crew: Crew,
    engine: str,
    progress: Progress | None,
    data: Data,
    machinery: Machinery | None,
) -> Run:
    tools = machinery or the_machinery()
    where = resolve_path(Path(path))
    settle(where)
    manifest = RunFolder(where).manifest()
    if manifest is None:
        raise _not_a_run(where)
    # Without being told otherwise, a folder goes on with the data that it carries.
    loaded = tools.load(where / SHEET, {}, RunFolder(where).data if data is None else data)
    chosen = replace(
        loaded, stem=manifest.stem, members=_total(manifest.members if n is None else n)
    )
    identity = tools.identify(chosen)
    rule = None
    if n is None and manifest.precision is not None:
        rule = Rule(manifest.precision.target, manifest.precision.half_width)
    job = _Job(chosen, identity, where, crew, _engine(engine), progress, tools, rule, n is None)
    done = _continue(job)
    if _was_to_be_latest(where):
        _point_latest(where)
    return done


def _chosen(
    scenario: Scenario | str | Path,
    n: int | None,
    seed: int | None,
    overrides: Mapping[str, object] | None,
    data: Data,
    tools: Machinery,
) -> Scenario:
    if overrides is not None and not isinstance(overrides, Mapping):
        raise UsageError(
            f"set= is {overrides!r:.60}; allowed: a mapping such as {{'levers.tj27_funds.size': '300亿元'}}",
            f"set= 为 {overrides!r:.60}；应为映射，例如 {{'levers.tj27_funds.size': '300亿元'}}",
        )
    if not isinstance(scenario, (str, Path)) and not is_dataclass(scenario):
        raise UsageError(
            f"a scenario is asked for, found {scenario!r:.60}; give a Scenario or the path of its file",
            f"应给出情景，得到 {scenario!r:.60}；请给出 Scenario 或情景文件路径",
        )
    if isinstance(scenario, (str, Path)):
        scenario = tools.load(Path(scenario), overrides or {}, data)
    elif overrides or data is not None:
        name = "set=" if overrides else "data="
        raise UsageError(
            f"{name} goes with a scenario file; give its path, not a loaded scenario",
            f"{name} 只用于情景文件；请给出路径而非已载入的情景",
        )
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= LARGEST_SEED):
        raise UsageError(
            f"seed is {seed!r}; allowed: a whole number from 0 to {LARGEST_SEED}",
            f"种子 {seed!r} 无效；允许 0 至 {LARGEST_SEED} 的整数",
        )
    return replace(
        scenario,
        members=scenario.members if n is None else _total(n),
        seed=scenario.seed if seed is None else int(seed),
    )


def _total(n: int) -> int:
    if not _is_whole(n) or not 1 <= n <= MOST_MEMBERS:
        raise UsageError(
            f"the number of members is {n!r}; allowed: a whole number from 1 to {MOST_MEMBERS}",
            f"成员数 {n!r} 无效；允许 1 至 {MOST_MEMBERS} 的整数",
        )
    return int(n)


def _crew(workers: int | None, executor: str, cluster: str | None) -> Crew:
    if executor not in EXECUTORS:
        hint = did_you_mean(str(executor), EXECUTORS)
        raise UsageError(
            f"executor is {executor!r}; allowed: {', '.join(EXECUTORS)}{hint.en}",
            f"executor {executor!r} 无效；可用：{'、'.join(EXECUTORS)}{hint.zh}",
        )
    if cluster is not None and executor == "processes":
        raise UsageError(
            "executor and cluster exclude each other; give one of them",
            "executor 与 cluster 互斥；只给其一",
        )
    if cluster not in (None, LOCAL) and workers is not None:
        raise UsageError(
            "workers does not go with a cluster's address: the cluster has its own",
            "给出集群地址时不能再给 workers：集群自有其数目",
        )
    return Crew(_workers(workers), executor, cluster)


def _workers(workers: int | None) -> int:
    if workers is None:
        # The processors this process may use, which can be fewer than the machine has.
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if not _is_whole(workers) or workers < 1:
        raise UsageError(
            f"workers is {workers!r}; allowed: a whole number from 1 on",
            f"workers {workers!r} 无效；允许不小于 1 的整数",
        )
    return int(workers)


def _engine(engine: str) -> str:
    if engine not in ENGINES:
        hint = did_you_mean(str(engine), ENGINES)
        raise UsageError(
            f"engine is {engine!r}; allowed: {', '.join(ENGINES)}{hint.en}",
            f"engine {engine!r} 无效；可用：{'、'.join(ENGINES)}{hint.zh}",
        )
    return engine


def _engine_of(job: _Job, work: int) -> str:
    """The engine for so many quarters of members; a cluster's workers choose for themselves."""
    from simulator.engine.choose import engine_for

    return job.engine if job.crew.cluster is not None else engine_for(job.engine, work)


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _continue(job: _Job) -> Run:
    """Return what is stored when it is enough; otherwise simulate what is missing."""
    settle(job.path)
    folder = RunFolder(job.path)
    stored = _stored(folder, job.identity)
    if stored is not None and (found := _reused(folder, stored, job)):
        folder.tidy()
        return found
    study = _prepare(job)
    with _held(job.path):
        # Another process may have begun or finished the same run while we made ready.
        folder = RunFolder(job.path)
        stored = _stored(folder, job.identity)
        if stored is not None and (found := _reused(folder, stored, job)):
            return found
        return _fill(folder, stored, study, job)


def _prepare(job: _Job) -> Study:
    """The study of a job; a stop rule that it cannot answer is refused before anything is written."""
    study = job.tools.prepare(job.scenario)
    if job.rule is not None:
        manifest = _manifest(job.scenario, job.identity, study, job.tools)
        job.tools.judge(
            Run(RunFolder(job.path), manifest, (), scenario=job.scenario), job.rule.target
        )
    return study


def _compute_anew(job: _Job) -> Run:
    """Compute beside the folder, then swap: the old run stays until the new one is whole."""
    settle(job.path)
    if RunFolder(job.path).is_fresh():
        return _continue(job)
    with contextlib.suppress(MismatchError, DamagedError):
        if RunFolder(job.path).manifest() is None:
            raise _not_a_run(job.path)
    study = _prepare(job)
    with _held(job.path):
        new = beside(job.path)
        with clear_errors(new):
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
        try:
            filled = _fill(RunFolder(new), None, study, replace(job, path=new))
        except RunInterrupted as stopped:
            raise RunInterrupted(job.path, 0, stopped.total) from None
        finally:
            if not (new / RUN).exists():
                shutil.rmtree(new, ignore_errors=True)
        swap(new, job.path)
    return open_folder(RunFolder(job.path), scenario=filled.scenario, notices=filled.notices)


def _stored(folder: RunFolder, identity: Identity) -> Manifest | None:
    """The manifest of what the folder holds; None when it is free, an error when not ours."""
    manifest = folder.manifest()
    if manifest is None:
        if not folder.is_fresh():
            raise _not_a_run(folder.path)
        return None
    if manifest.hash != identity.hash:
        raise _other_run(folder.path, manifest, identity)
    return manifest


def _reused(folder: RunFolder, stored: Manifest, job: _Job) -> Run | None:
    """The stored run when it is complete, sound and large enough."""
    completion = folder.completion()
    if completion is None or completion.failed:
        return None
    if job.rule is None and stored.members < job.members:
        return None
    notices = [
        Notice(
            f"already computed: {folder.path}",
            f"已有结果：{folder.path}",
        )
    ]
    if job.rule is None and stored.members > job.members:
        notices.append(
            Notice(
                f"{job.members} members were asked for; the stored run has {stored.members}, all "
                "of which are shown",
                f"要求 {job.members} 个成员；已存 {stored.members} 个，全部显示",
            )
        )
    scenario = replace(job.scenario, members=stored.members)
    try:
        found = open_folder(folder, scenario=scenario, reused=True, notices=notices)
    except DamagedError:
        return None
    if job.rule is not None:
        judging = _judging(job, job.rule, found)
        for part in found.each_part():
            judging.tally.add(judging.flags(part), part.last)
        if judging.tally.met_at is None and stored.members < job.members:
            return None
        found.notices = (*found.notices, _told(judging.tally.precision(), stored.members))
    # A folder that may only be read is still good to show, under the name it was stored with.
    with contextlib.suppress(DiskError):
        return _relabelled(folder, stored, found, job)
    return found


def _relabelled(folder: RunFolder, stored: Manifest, found: Run, job: _Job) -> Run:
    """Bring the names in the papers up to date: they are no part of the hash."""
    scenario = found.scenario
    sheet = _sheet(scenario)
    manifest = _named_after(stored, scenario)
    if manifest == stored and sheet == folder.sheet():
        return found
    with _held(folder.path):
        folder.write(SHEET, sheet)
        folder.write_json(MANIFEST, manifest.to_json())
        renamed = open_folder(folder, scenario=scenario, reused=True, notices=found.notices)
        _write_tables(folder, renamed, job.tools)
    return renamed


def _fill(folder: RunFolder, stored: Manifest | None, study: Study, job: _Job) -> Run:
    """Simulate what is missing of a folder we hold, then write its tables and `run.json`."""
    begun = time.monotonic()
    parts = folder.sound_parts() if stored is not None else ()
    total = _target(stored, parts, job, complete=(folder.path / RUN).exists())
    scenario = replace(job.scenario, members=total)
    manifest = _manifest(scenario, job.identity, study, job.tools)
    if stored is not None:
        if (stored.series, stored.parameters) != (manifest.series, manifest.parameters):
            raise _other_run(folder.path, stored, job.identity)
        # What began the run made the first of its numbers: its versions stay.
        manifest = _named_after(replace(stored, members=total, precision=None), scenario)
    judging = None
    if job.rule is not None:
        judging = _judging(job, job.rule, Run(folder, manifest, (), scenario=scenario), parts)
        manifest = replace(manifest, precision=judging.tally.precision())
    folder.begin(manifest, _sheet(scenario), scenario.papers())
    folder.keep_only(parts)
    stored_members = sum(len(part.good) for part in parts)
    work = (total - stored_members) * len(study.quarters)
    engine = _engine_of(job, work)
    with open_workers(job.crew, study, engine, work) as workers:
        count = workers.count
        total = simulate(folder, manifest, parts, workers, job.report, judging)
    notices = [] if stored is None or not parts else _other_versions(stored)
    if judging is not None:
        scenario = replace(scenario, members=total)
        precision = judging.tally.precision()
        manifest = replace(manifest, members=total, precision=precision)
        notices.append(_told(precision, total))
        folder.write(SHEET, _sheet(scenario))
        folder.write_json(MANIFEST, manifest.to_json())
    parts = folder.parts()
    folder.keep_only(parts)
    failed = sum(len(part.failed) for part in parts)
    _write_failures(folder, parts, scenario.seed)
    if failed == total:
        raise _all_failed(folder.path, parts)
    finished = Run(folder, manifest, parts, scenario=scenario, notices=notices)
    _write_tables(folder, finished, job.tools)
    folder.complete(
        Completion(
            format=FORMAT,
            hash=manifest.hash,
            digest=values_digest(manifest, parts),
            members=total,
            failed=failed,
            engine=engine,
            executor=job.crew.kind(work),
            workers=count,
            seconds=round(time.monotonic() - begun, 3),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )
    return finished


def _other_versions(stored: Manifest) -> list[Notice]:
    """Said where members are added to others that another Python or other libraries computed."""
    made = versions()
    first = {"Python": stored.python, **dict(stored.packages)}
    now = {"Python": made.python, **dict(made.packages)}
    differing = [
        f"{name} {first.get(name, '–')} / {now.get(name, '–')}"
        for name in dict.fromkeys((*first, *now))
        if first.get(name) != now.get(name)
    ]
    if not differing:
        return []
    return [
        Notice(
            f"the first members were computed by other versions than those added now, and the manifest names only "
            f"theirs; first / now: {', '.join(differing)}; for one set of versions run again with --force",
            f"先前的成员与本次新增的成员由不同版本算出，清单只记先前的版本；先前 / 本次：{'，'.join(differing)}；"
            "如需版本一致，请用 --force 重新运行",
        )
    ]


def _judging(job: _Job, rule: Rule, run: Run, parts: Sequence[Part] = ()) -> Judging:
    """How a run is judged while it grows; UsageError for a target that it gives no probability of.

    It never ends below what is stored.
    """
    target, flags = job.tools.judge(run, rule.target)
    least = max((part.span.last + 1 for part in parts), default=0)
    return Judging(Tally(target, rule.half_width, job.members), flags, least)


def _told(precision: Precision, members: int) -> Notice:
    """Why a run with a stop rule has as many members as it has."""
    target, bound, reached = precision.target, precision.half_width, precision.reached
    shown = "–" if reached is None else f"{reached:.4f}"
    if precision.met_at is None:
        return Notice(
            f"{members} members: the half width of {target} is {shown}, above {bound:g}; the largest number is reached",
            f"{members} 个成员：{target} 的半宽为 {shown}，大于 {bound:g}；已达最多成员数",
        )
    return Notice(
        f"{members} members: the half width of {target} is {shown} at {precision.met_at}, at most {bound:g} as asked",
        f"{members} 个成员：{target} 的半宽在 {precision.met_at} 个成员时为 {shown}，不大于所要求的 {bound:g}",
    )


def _target(stored: Manifest | None, parts: Sequence[Part], job: _Job, *, complete: bool) -> int:
    """How many members the folder will have: nothing that is stored is ever thrown away."""
    if stored is None:
        return job.members
    if complete or job.whole:
        return max(job.members, stored.members)
    return max(job.members, 1 + max((part.span.last for part in parts), default=0))


def _write_tables(folder: RunFolder, finished: Run, tools: Machinery) -> None:
    from simulator.experiments.summary import ledger_table, summary_table, targets_table

    folder.write("summary.parquet", summary_table(finished))
    folder.write("targets.csv", targets_table(tools.score(finished)))
    ledger = ledger_table(finished, tools.book(finished))
    if ledger is None:
        folder.remove("ledger.csv")
    else:
        folder.write("ledger.csv", ledger)


def _write_failures(folder: RunFolder, parts: Iterable[Part], seed: int) -> None:
    from simulator.experiments.summary import failures_table

    failures = [failure for part in parts for failure in part.failed]
    if failures:
        folder.write("failures.csv", failures_table(failures, seed, folder.data is not None))
    else:
        folder.remove("failures.csv")


def _manifest(scenario: Scenario, identity: Identity, study: Study, tools: Machinery) -> Manifest:
    made = versions()
    return Manifest(
        format=FORMAT,
        version=made.version,
        commit=made.commit,
        python=made.python,
        packages=tuple(sorted(made.packages)),
        hash=identity.hash,
        scenario=identity.scenario,
        source=identity.source,
        data=tuple(sorted(identity.data)),
        seed=identity.seed,
        members=scenario.members,
        quarters=tuple(str(quarter) for quarter in study.quarters),
        series=tools.describe(study.series),
        parameters=tuple(study.parameter_names),
        stem=scenario.stem,
        name_zh=scenario.name.zh,
        name_en=scenario.name.en,
    )


def _named_after(manifest: Manifest, scenario: Scenario) -> Manifest:
    name = scenario.name
    return replace(manifest, stem=scenario.stem, name_zh=name.zh, name_en=name.en)


def _sheet(scenario: Scenario) -> bytes:
    return sheet_text(scenario.stored()).encode()


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Make the folder if need be and keep other processes from writing to it."""
    with clear_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    with locked(path):
        yield


def _was_to_be_latest(path: Path) -> bool:
    """Whether `run` was killed while it named this folder the latest: by its draft, or before there was any."""
    left = list(path.parent.glob(f".{LATEST}.*"))
    named = path.parent / LATEST
    if not (named.exists() or named.is_symlink()):
        return bool(left)
    return any(_reads(draft) == path.name for draft in left)


def _reads(pointer: Path) -> str:
    """The name in a `latest`, finished or not: a link or a text; empty where it went meanwhile."""
    try:
        return (
            os.readlink(pointer) if pointer.is_symlink() else pointer.read_text(encoding="utf-8")
        ).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _point_latest(path: Path) -> None:
    """Let `latest` beside a folder name it: a link, or a text file where links are refused."""
    latest = path.parent / LATEST
    fresh = draft_of(latest)
    # Only a convenience: a results root that may not be written to is no reason to fail.
    with contextlib.suppress(OSError), alone(latest):
        if latest.is_symlink() and latest.readlink() == Path(path.name):
            return
        try:
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(path.name)
            os.replace(fresh, latest)
        except (OSError, NotImplementedError):
            write_atomically(latest, f"{path.name}\n".encode())


def _not_a_run(path: Path) -> NotARunError:
    if not path.exists():
        return NotARunError(f"{path}: there is no such folder", f"{path}：没有这个文件夹")
    return NotARunError(
        f"{path}: exists and is not a run folder; nothing in it was touched",
        f"{path}：已存在且不是运行结果文件夹；其中内容未作改动",
    )


def _other_run(path: Path, manifest: Manifest, identity: Identity) -> MismatchError:
    """Names each thing that differs, as it is in the folder and here."""
    here = {"scenario": identity.scenario, "source": identity.source, "seed": str(identity.seed)}
    there = {"scenario": manifest.scenario, "source": manifest.source, "seed": str(manifest.seed)}
    here |= {f"data {name}": digest for name, digest in identity.data}
    there |= {f"data {name}": digest for name, digest in manifest.data}
    differing = ", ".join(
        f"{name} {there.get(name, '–')[:8]} / {here.get(name, '–')[:8]}"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    )
    return MismatchError(
        f"{path}: holds another run ({manifest.hash[:8]}; this is {identity.hash[:8]}); stored / "
        f"here: {differing or 'recorded series'}; choose another folder or overwrite with --force",
        f"{path}：存有另一次运行（{manifest.hash[:8]}；本次为 {identity.hash[:8]}）；已存 / 本次："
        f"{differing or '记录序列'}；请另选文件夹，或用 --force 覆盖",
    )


def _all_failed(path: Path, parts: Iterable[Part]) -> AllFailedError:
    first = next(failure for part in parts for failure in part.failed)
    return AllFailedError(
        f"{path}: every member failed, member {first.member} with {first.error}; see failures.csv",
        f"{path}：所有成员均失败，成员 {first.member} 的错误为 {first.error}；见 failures.csv",
    )
