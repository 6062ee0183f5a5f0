"""The soak in a small form: a few seconds of a few clients, some thousand members."""

from pathlib import Path

import pytest

from simulator.experiments.cases import Cases
from tests.explorer.pages import open_site, quick, served
from tests.trust import records, soak
from tests.trust.records import Row, Said
from tests.trust.soak import STORE, STUB, Sample, Tally, Visitor, grow, held, record, run_rows

LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@LINUX
def test_many_members_leave_memory_files_and_threads_as_they_were(tmp_path: Path) -> None:
    out = tmp_path / "store" / "run"
    found = grow(2000, ["-c", STORE, str(out), "2000"], out)
    told = held(found.samples)
    assert told.flat and told.open_files[1] - told.open_files[0] <= 3 and told.more_later <= 0
    rows = run_rows(found, STUB)
    assert len(rows) >= 2 and not any("不成立" in row.found.zh for row in rows)


def test_growth_is_seen_where_there_is_some() -> None:
    flat = [Sample(at, 300.0 + at % 3, 7, 4) for at in range(100)]
    leaking = [Sample(at, 300.0 + at, 7 + at // 10, 4 + at // 20) for at in range(100)]
    assert held(flat).flat and held(flat).more_later == 0
    told = held(leaking)
    assert not told.flat and told.grown == pytest.approx(69.0) and told.more_later > 0
    rows = run_rows(soak.Grown(100, tuple(leaking), ()), STUB)
    assert all(row.found.en.startswith("does not hold") for row in rows)


def test_clients_do_everything_and_meet_no_wrong_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a server whose members take no time; the numbers it is held to come from those members too."""
    monkeypatch.setattr(soak, "POSITIONS", (100, 300))
    (tmp_path / "scenarios").mkdir()
    text = f"extends: {soak.ROOT / soak.BASELINE}\nperiod: {{end: {soak.UNTIL}}}\n"
    (tmp_path / soak.BASELINE).write_text(text, encoding="utf-8")
    direct = soak.Direct(tmp_path, soak.MOST, Cases(workers=1, prepare=quick()))
    direct.make([None, *soak.POSITIONS])
    tally = Tally()
    with served(open_site(tmp_path)) as address:
        visitor = Visitor(1, address, direct, tally)
        for habit in (visitor.look, visitor.hang_up, visitor.load_half, visitor.save):
            habit()
        for _ in range(3):
            visitor.look()
        visitor.mumble()
    assert tally.wrong == []
    assert tally.done["picture"] >= 2 and tally.done["saved"] == tally.done["refused"] == 1


def test_what_is_not_measured_keeps_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FOLDER", tmp_path)
    store = Row(Said("存储", f"{STUB.en}: memory"), Said("平", "flat"))
    record([store], "command").write()
    page = Row(
        Said("探索页面：内存", "explorer: memory"), Said("不成立：涨", "does not hold: grows")
    )
    made = record([page], "command")
    assert list(made.rows) == [page, store] and "explorer: memory" in made.finding.en
