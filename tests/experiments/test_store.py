"""Opened runs: arrays, annual figures, tables, and folders that are refused."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.experiments import store
from simulator.experiments.errors import DamagedError, MismatchError, NotARunError
from simulator.experiments.folder import encode_table, spans
from simulator.experiments.runs import extend, resume
from simulator.experiments.store import list_runs, open_run
from simulator.foundation.findings import UsageError


def test_values_are_what_the_study_gave(lab):
    made = open_run(lab.run(120).path)
    study = lab.studies[-1]
    for member in (0, 49, 50, 119):
        genuine = study.simulate(member)
        for position, name in enumerate(made.series):
            assert made.values(name)[member].tolist() == genuine.values[:, position].tolist()
        assert made.parameters("base_core_revenue")[member] == genuine.parameters[0]
    assert made.last == 119
    with pytest.raises(ValueError, match="read-only"):
        made.values("firms")[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        made.members[0] = 7


def test_annual_figures_are_means_of_flows_and_ends_of_stocks(lab):
    made = lab.run(20)
    assert made.years == (2024, 2025, 2026, 2027)
    core, invested = made.values("core_revenue"), made.values("fund_invested")
    annual = made.annual("core_revenue")
    assert annual[:, 0].tolist() == core[:, 0].tolist()
    assert annual[:, 3] == pytest.approx(core[:, 9:13].mean(axis=1), rel=1e-15)
    assert made.annual("fund_invested").tolist() == invested[:, [0, 4, 8, 12]].tolist()


def test_an_unfinished_year_has_no_annual_figure(lab):
    made = lab.run(5)
    cut = replace(made._manifest, quarters=made._manifest.quarters[:8])
    shorter = store.Run(made._folder, cut, made._parts)
    assert shorter.years == (2024, 2025)


def test_unknown_names_are_told(lab):
    made = lab.run(5)
    with pytest.raises(KeyError, match="core_revenu"):
        made.values("core_revenu")
    with pytest.raises(KeyError):
        made.parameters("nothing")
    with pytest.raises(UsageError, match="did you mean chain"):
        made.to_frame("chains")
    with pytest.raises(UsageError, match=r"plot .* cross records it"):
        made.to_frame("cross")


def test_frame_is_long_by_place(lab):
    made = lab.run(20)
    frame = made.to_frame("chain")
    assert list(frame.columns) == ["member", "year", "chain", "chain_core_revenue"]
    assert len(frame) == 20 * 4 * 2
    one = frame[(frame.chain == "connected_vehicles") & (frame.member == 7)]
    expected = made.annual("chain_core_revenue[connected_vehicles]")[7]
    assert one.chain_core_revenue.tolist() == expected.tolist()
    assert list(made.to_frame().columns)[:3] == ["member", "year", "core_revenue"]


def test_reading_in_small_blocks_changes_nothing(lab, monkeypatch):
    made = open_run(lab.run(120).path)
    whole = {series.name: values.copy() for series, values in made.each_series()}
    monkeypatch.setattr(store, "_BLOCK_BYTES", 1)
    again = open_run(made.path)
    for series, values in again.each_series():
        assert values.tolist() == whole[series.name].tolist()
    assert again.values("firms").tolist() == whole["firms"].tolist()


def test_summary_is_tidy_and_right(lab):
    made = lab.run(120)
    table = pq.read_table(made.path / "summary.parquet").to_pandas()
    assert list(table.columns)[:7] == [
        "model", "scenario", "region", "variable", "unit", "year", "value",
    ]  # fmt: skip
    assert set(table.scenario) == {"toy"}
    chosen = table[
        (table.variable == "core_revenue")
        & (table.year == 2027)
        & (table.subannual == "Year")
        & (table["quantile"] == 0.95)
    ]
    expected = np.quantile(made.annual("core_revenue")[:, -1], 0.95)
    assert chosen.value.tolist() == [expected]
    assert "chain_core_revenue|indigenous_it" in set(table.variable)


def test_ledger_has_no_rows_of_zeros(lab, scenario):
    idle = lab.run(20)
    assert not (idle.path / "ledger.csv").exists()
    active = lab.run(20, scenario=replace(scenario, push=2.0))
    text = (active.path / "ledger.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
    assert [row["year"] for row in rows] == ["2025", "2026", "2027"]
    assert float(rows[-1]["median"]) == 24.0


def test_fan_shows_quantiles_and_draws_itself(lab):
    made = lab.run(60)
    flow, stock = made.fan("core_revenue"), made.fan("firms")
    assert flow.labels == ("2024", "2025", "2026", "2027")
    assert stock.labels[0] == "2024Q4" and stock.bands.shape == (5, 13)
    assert flow.median.tolist() == np.median(made.annual("core_revenue"), axis=0).tolist()
    assert (np.diff(flow.bands, axis=0) >= 0).all()
    picture = ElementTree.fromstring(made.fan("core_revenue")._repr_svg_())
    shapes = [child.tag.rpartition("}")[2] for child in picture]
    assert shapes.count("polygon") == 2 and shapes.count("polyline") == 1
    assert "亿元" in made._repr_html_() and made.hash[:8] in made._repr_html_()


def test_fan_of_nothing_still_draws(lab):
    ElementTree.fromstring(lab.run(3).fan("fund_invested")._repr_svg_())


def test_older_format_is_refused_by_name(lab):
    made = lab.run(5)
    sheet = json.loads((made.path / "manifest.json").read_text())
    sheet |= {"format": 0, "version": "0.0.9"}
    (made.path / "manifest.json").write_text(json.dumps(sheet))
    with pytest.raises(MismatchError, match=r"an older version of simulate \(0\.0\.9") as told:
        open_run(made.path)
    assert told.value.exit_code == 3
    assert [entry.status for entry in list_runs(lab.root)] == ["other version"]


@pytest.mark.parametrize("name", ["manifest.json", "run.json", "parts/index.jsonl"])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}\n'])
def test_damaged_papers_are_told_and_force_mends_them(lab, name, text):
    made = lab.run(5)
    (made.path / name).write_text(text)
    with pytest.raises(store.StoreError) as told:
        open_run(made.path)
    assert str(made.path) in str(told.value)
    list_runs(lab.root)
    again = lab.run(5, force=True)
    assert again.digest() == made.digest()


@pytest.mark.parametrize("day", ["yesterday", "", "2026-11-01"])
def test_a_run_that_says_no_time_is_listed_as_damaged(lab, day):
    made, other = lab.run(5), lab.run(5, seed=2)
    paper = json.loads((made.path / "run.json").read_text()) | {"finished": day}
    (made.path / "run.json").write_text(json.dumps(paper))
    found = {entry.path: entry.status for entry in list_runs(lab.root)}
    assert found == {made.path: "damaged", other.path: "complete"}
    with pytest.raises(DamagedError, match=r"run\.json: damaged"):
        open_run(made.path)


def test_what_is_not_a_run_is_told(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(NotARunError, match="not a run folder") as told:
            open_run(path)
        assert told.value.exit_code == 2 and "不是" in told.value.text("zh")


def test_list_runs_names_each_state(lab, scenario):
    first = lab.run(20)
    lab.fails = frozenset({2})
    second = lab.run(20, seed=2)
    lab.fails = frozenset()
    cut = lab.run(20, scenario=replace(scenario, stem="cut"))
    (cut.path / "run.json").unlink()
    (lab.root / "notes").mkdir()
    (lab.root / "notes" / "a.txt").write_text("mine")
    found = {(entry.stem, entry.seed): entry for entry in list_runs(lab.root)}
    assert {key: entry.status for key, entry in found.items()} == {
        ("toy", 1): "complete",
        ("toy", 2): "failed",
        ("cut", 1): "incomplete",
    }
    for path, minute in ((first.path, "30"), (second.path, "45")):
        paper = json.loads((path / "run.json").read_text(encoding="utf-8"))
        paper["finished"] = f"2026-11-01T12:{minute}:00+00:00"
        (path / "run.json").write_text(json.dumps(paper), encoding="utf-8")
    order = [(entry.stem, entry.seed) for entry in list_runs(lab.root)]
    assert order == [("cut", 1), ("toy", 2), ("toy", 1)]  # what is not finished, then the newest
    assert found["toy", 1].members == 20 and found["toy", 1].size > 1000
    assert list_runs(lab.root / "nowhere") == ()


def test_latest_names_the_newest_as_link_or_text(lab, monkeypatch):
    first = lab.run(5)
    second = lab.run(5, seed=2)
    assert open_run(lab.root / "latest").hash == second.hash
    lab.run(5)
    assert open_run(lab.root / "latest").hash == first.hash

    def refuse(self, target, target_is_directory=False):
        raise OSError("links are not allowed here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    lab.run(5, seed=2)
    assert not (lab.root / "latest").is_symlink()
    assert open_run(lab.root / "latest").hash == second.hash


@pytest.mark.parametrize("links", [True, False])
def test_latest_stays_with_the_newest_unless_a_kill_came_between(lab, links):
    first, second = lab.run(5), lab.run(5, seed=2)
    latest, draft = lab.root / "latest", lab.root / ".latest.999999999.tmp"

    def killed_while_naming(made):
        if links:
            draft.symlink_to(made.path.name)
        else:
            draft.write_text(f"{made.path.name}\n")

    (lab.root / ".latest.lock").write_text("999999999")
    killed_while_naming(second)
    extend(first.path, 60, machinery=lab.machinery)
    assert open_run(latest).hash == second.hash
    resume(second.path, machinery=lab.machinery)
    assert not draft.is_symlink() and not draft.exists()
    killed_while_naming(first)
    resume(first.path, machinery=lab.machinery)
    assert open_run(latest).hash == first.hash
    latest.unlink()
    resume(second.path, machinery=lab.machinery)
    assert not latest.is_symlink(), "nothing was left half-way"
    (lab.root / ".latest.lock").write_text("999999999")
    resume(second.path, machinery=lab.machinery)
    assert open_run(latest).hash == second.hash


def test_tables_have_the_same_bytes_each_time():
    columns = {"member": np.arange(3, dtype=np.int32), "x": np.array([0.1, -0.0, 1e300])}
    first = encode_table(columns)
    assert first == encode_table({name: column.copy() for name, column in columns.items()})
    table = pq.read_table(pa.BufferReader(first))
    assert table["x"].to_numpy().tobytes() == columns["x"].tobytes()


def test_spans_cover_every_member_once_and_are_cut_the_same_for_any_total():
    longest = list(spans(12_345))
    for total in (1, 49, 50, 51, 1000, 1003, 10_000, 10_001, 10_499, 12_345):
        cut = list(spans(total))
        assert [m for span in cut for m in span.members] == list(range(total))
        assert cut[:-1] == longest[: len(cut) - 1] and cut[-1].first == longest[len(cut) - 1].first
    assert sum(1 for _ in spans(1_000_000)) == 2180


def test_a_run_across_both_sizes_of_parts_reads_back(lab, monkeypatch, contents, tmp_path):
    monkeypatch.setattr("simulator.experiments.folder.LARGE_FROM", 200)
    monkeypatch.setattr("simulator.experiments.folder.LARGE_PART_MEMBERS", 100)
    lab.run(250, out=tmp_path / "grown")
    grown, straight = (lab.run(430, out=tmp_path / name) for name in ("grown", "straight"))
    assert contents(grown.path) == contents(straight.path)
    assert grown.values("firms").shape[0] == 430


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, simulator\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'numba', 'mesa', 'matplotlib', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)), 'run' in dir(simulator))\n"
        "print(simulator.__version__)\n"
        "import simulator.experiments.errors\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import simulator.experiments.store\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    before, version, errors, opened = done.stdout.splitlines()
    assert before == "[] True" and errors == "[]" and opened == "['numpy']"
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'version = "{version}"' in project


def test_whatever_the_store_offers_is_there():
    assert all(hasattr(store, name) for name in store.__all__)


def test_the_package_has_no_other_names():
    import simulator

    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        simulator.rum  # noqa: B018


def test_a_run_says_what_it_is(lab):
    lab.fails = frozenset({2, 60})
    made = lab.run(70, seed=3)
    assert repr(made) == f"Run({str(made.path)!r}, n=68, seed=3)"
    assert (made.n, made.requested, made.seed, made.stem, made.last) == (68, 70, 3, "toy", 69)
    assert [failure.member for failure in made.failures] == [2, 60]
    assert made.members.dtype == np.int64
    assert made.members.tolist() == [m for m in range(70) if m not in (2, 60)]
    assert made.hash == made.manifest["hash"] and made.version == made.manifest["version"]
    assert made.parameter_names == ("base_core_revenue", "construction")
    assert str(made.quarters[0]) == "2024Q4" and len(made.quarters) == 13
    described = made.describe("firms")
    assert (described.unit, described.kind, described.name_zh) == ("家", "stock", "企业数")
    with pytest.raises(TypeError):
        made.manifest["seed"] = 4
    assert made.values("firms").shape == (68, 13) and made.parameters("construction").shape == (68,)
    with pytest.raises(KeyError, match=f"{made.path.name} has no series 'x'"):
        made.describe("x")
    assert not made.reused and made.notices == ()


def test_a_run_without_parts_has_no_members(lab):
    made = lab.run(5)
    empty = store.Run(made._folder, made._manifest, [])
    assert empty.members.dtype == np.int64 and (empty.n, empty.last) == (0, -1)
    assert empty.failures == () and empty.requested == 5


def test_the_first_parts_are_a_run_of_their_own(lab):
    made = lab.run(120)
    assert [(part.n, part.last) for part in made.each_part()] == [(50, 49), (50, 99), (20, 119)]
    sizes = {members: made.head(members).n for members in (1, 50, 51, 100, 101, 500)}
    assert sizes == {1: 50, 50: 50, 51: 100, 100: 100, 101: 120, 500: 120}
    head = made.head(51)
    assert head.scenario is made.scenario
    assert head.values("firms").tolist() == made.values("firms")[:100].tolist()
    second = list(made.each_part())[1]
    assert second.members.tolist() == list(range(50, 100))
    assert second.annual("core_revenue").tolist() == made.annual("core_revenue")[50:100].tolist()


def test_chosen_series_come_in_their_order_with_their_annual_figures(lab):
    made = lab.run(20)
    chosen = [made.describe(name) for name in ("firms", "core_revenue")]
    found = list(made.each_series(chosen))
    assert [series.name for series, _ in found] == ["firms", "core_revenue"]
    assert [series.name for series, _ in made.each_series()] == list(made.series)
    for series, values in found:
        annual = made.annual_of(values, series.kind)
        assert annual.tolist() == made.annual(series.name).tolist()
    with pytest.raises(ValueError, match="read-only"):
        made.annual("firms")[0, 0] = 1.0


def test_what_was_read_is_kept_within_bounds(lab, monkeypatch):
    made = lab.run(20)
    size = made.values("firms").nbytes
    assert made.values("firms") is made.values("firms")
    assert made.parameters("construction") is made.parameters("construction")
    # Room for two columns, of which an eighth is read ahead: one at a time.
    monkeypatch.setattr(store, "_BLOCK_BYTES", 2 * size)
    again = open_run(made.path)
    first = again.values("firms")
    again.values("core_revenue")
    assert again.values("firms") is first and len(again._cache) == 2
    again.values("fund_invested")
    assert list(again._cache) == ["core_revenue", "fund_invested"]
    assert again.values("firms").tolist() == first.tolist()


def test_neighbours_are_read_ahead_in_blocks(monkeypatch):
    names = [f"s{number}" for number in range(7)]
    monkeypatch.setattr(store, "_BLOCK_BYTES", 8 * 8 * 3 * 10)
    assert [list(store._with_neighbours(names, place, 10)) for place in (0, 2, 3, 6)] == [
        names[:3],
        names[:3],
        names[3:6],
        names[6:],
    ]
    assert list(store._with_neighbours(names, 4, 1000)) == ["s4"]
    assert list(store._with_neighbours(names, 4, 0)) == names


def test_a_fan_says_when_in_which_unit_and_of_what(lab):
    made = lab.run(20)
    flow, stock = made.fan("core_revenue"), made.fan("firms")
    assert flow.times == (2024.0, 2025.0, 2026.0, 2027.0)
    assert stock.times[:5] == (2024.75, 2025.0, 2025.25, 2025.5, 2025.75)
    assert (flow.key, flow.name_zh, flow.name_en, flow.unit) == (
        "core_revenue",
        "营收",
        "Core revenue",
        "亿元",
    )
    assert flow.quantiles == stock.quantiles == store.QUANTILES
    assert stock.bands[2].tolist() == np.median(made.values("firms"), axis=0).tolist()


def test_a_table_is_by_member_and_year(lab):
    lab.fails = frozenset({1})
    made = lab.run(3)
    frame = made.to_frame()
    assert list(frame.columns) == ["member", "year", "core_revenue", "firms", "fund_invested"]
    assert frame.member.tolist() == [0] * 4 + [2] * 4
    assert frame.year.tolist() == [2024, 2025, 2026, 2027] * 2
    assert frame.firms.tolist() == made.annual("firms").reshape(-1).tolist()
    chains = made.to_frame("chain")
    assert chains.chain.tolist() == ["indigenous_it"] * 8 + ["connected_vehicles"] * 8
    assert chains.member.tolist() == frame.member.tolist() * 2
    with pytest.raises(UsageError, match="allowed: chain, city") as told:
        made.to_frame("district")
    assert "可用：chain、city" in told.value.what_zh


def test_a_notice_is_in_either_language_or_both():
    notice = store.Notice("what", "什么")
    assert (notice.text(), notice.text("en")) == ("what", "what")
    assert (notice.text("zh"), notice.text("both")) == ("什么", "what | 什么")


def test_an_incomplete_run_says_how_much_is_there(lab):
    lab.fails = frozenset({7})
    made = lab.run(60)
    (made.path / "run.json").unlink()
    with pytest.raises(store.IncompleteError, match="59 of 60 members") as told:
        open_run(made.path)
    assert "60 个成员中已存 59 个" in told.value.what_zh


@pytest.mark.parametrize(
    ("change", "words", "zh"),
    [
        ({"hash": "f" * 64}, "does not belong to this manifest", "与清单不符"),
        ({"members": 6}, "does not belong to this manifest", "与清单不符"),
        ({"digest": "f" * 64}, "does not name the parts of this run", "与本次运行不符"),
    ],
)
def test_papers_of_another_run_are_damage(lab, change, words, zh):
    made = lab.run(5)
    paper = json.loads((made.path / "run.json").read_text(encoding="utf-8"))
    (made.path / "run.json").write_text(json.dumps(paper | change), encoding="utf-8")
    with pytest.raises(store.DamagedError, match=words) as told:
        open_run(made.path)
    assert zh in told.value.what_zh


def test_a_small_run_is_checked_when_opened_and_a_large_one_when_read(lab, monkeypatch):
    made = lab.run(5)
    size = made._folder.check_sizes(made._parts)
    (file,) = (made.path / "parts").glob("members-*.parquet")
    data = file.read_bytes()
    file.write_bytes(b"\0" + data[1:])
    monkeypatch.setattr(store, "_CHECKED_AT_ONCE", size)
    with pytest.raises(store.DamagedError, match="members 0 to 4"):
        open_run(made.path)
    monkeypatch.setattr(store, "_CHECKED_AT_ONCE", size - 1)
    opened = open_run(made.path)
    with pytest.raises(store.DamagedError, match="members 0 to 4"):
        opened.values("firms")
    with pytest.raises(store.DamagedError):
        opened.verify()
    opened = open_run(made.path)
    assert opened.parameters("construction").size == 5
    file.unlink()
    with pytest.raises(store.DamagedError, match="members 0 to 4"):
        open_run(made.path)


@pytest.mark.parametrize("text", ["../other", "a/b", "a\\b", "", "\n"])
def test_a_text_of_the_latest_names_a_neighbour_only(tmp_path, text):
    (tmp_path / "latest").write_text(text)
    assert store.resolve_path(tmp_path / "latest") == tmp_path / "latest"


def test_the_latest_is_followed_and_other_names_are_not(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "latest").write_text(" run\n", encoding="utf-8")
    assert store.resolve_path(tmp_path / "latest") == tmp_path / "run"
    (tmp_path / "other").write_text("run")
    assert store.resolve_path(tmp_path / "other") == tmp_path / "other"
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "latest").symlink_to("run")
    assert store.resolve_path(tmp_path / "deep" / "latest") == tmp_path / "deep" / "run"
    (tmp_path / "other").unlink()
    (tmp_path / "other").symlink_to("run")
    assert store.resolve_path(tmp_path / "other") == tmp_path / "other"


def test_the_list_holds_runs_and_neither_links_nor_what_is_hidden(lab):
    made = lab.run(5, seed=4)
    made.path.rename(made.path.with_name(".hidden"))
    assert list_runs(lab.root) == ()
    (lab.root / ".hidden").rename(made.path)
    (lab.root / "link").symlink_to(made.path)
    (lab.root / "file").write_text("")
    (lab.root / "broken").mkdir()
    (lab.root / "broken" / "manifest.json").write_text("{")
    entries = {entry.path.name: entry for entry in list_runs(lab.root)}
    assert set(entries) == {made.path.name, "broken"}
    entry = entries[made.path.name]
    assert (entry.stem, entry.hash, entry.seed, entry.members) == ("toy", made.hash, 4, 5)
    assert (entry.status, entry.version) == ("complete", made.version)
    assert entry.finished is not None and entry.finished.utcoffset() is not None
    assert entry.size == sum(f.stat().st_size for f in made.path.rglob("*") if f.is_file())
    broken = entries["broken"]
    assert (broken.status, broken.stem, broken.hash, broken.version) == (
        "damaged",
        "broken",
        "",
        "",
    )
    assert (broken.seed, broken.members, broken.finished, broken.size) == (0, 0, None, 1)
    assert list_runs(lab.root / "file") == ()


def test_runs_of_one_moment_are_listed_by_name(lab):
    made = lab.run(5)
    entry = list_runs(lab.root)[0]
    both = [replace(entry, path=lab.root / name) for name in ("b", "a")]
    assert [each.path.name for each in sorted(both, key=store._newest_first)] == ["a", "b"]
    unfinished = replace(entry, finished=None)
    assert store._newest_first(unfinished)[0] == float("-inf") < store._newest_first(entry)[0]
    assert made.path == entry.path
