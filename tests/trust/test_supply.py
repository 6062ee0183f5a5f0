"""What is built carries the tree and nothing else; every library is pinned and under an expected licence."""

import sys
import tarfile
import zipfile

import pytest

from tests.trust import supply


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> supply.Built:
    return supply.build(supply.ROOT, tmp_path_factory.mktemp("built"))


def test_the_wheel_carries_the_package_and_its_data_and_nothing_else(built, tmp_path):
    assert supply.wheel_differs(built.wheel) == []
    odd = tmp_path / built.wheel.name
    odd.write_bytes(built.wheel.read_bytes())
    with zipfile.ZipFile(odd, "a") as archive:
        archive.writestr("tests/test_model.py", "")
    assert supply.wheel_differs(odd) == ["tests/test_model.py"]


def test_the_source_archive_carries_the_tree_with_its_tests_and_builds_the_same_wheel(
    built, tmp_path
):
    assert supply.source_differs(built.source) == []
    with tarfile.open(built.source) as archive:
        assert any(name.endswith("/tests/trust/test_supply.py") for name in archive.getnames())
    tree = supply.unpacked(built.source, tmp_path / "tree")
    again = supply.build(tree, tmp_path / "again")
    assert supply.digest(again.wheel) == supply.digest(built.wheel)
    assert supply.digest(again.source) == supply.digest(built.source)


def test_every_library_has_a_licence_that_is_permissive_or_expected_by_name():
    found = supply.libraries()
    assert supply.unallowed(found) == []
    assert set(supply.COPYLEFT) <= {one.name for one in found}
    base = [one for one in found if "base" in one.asked_by]
    assert len(base) > 20
    assert [one.name for one in base if not supply.choice_is_permissive(one.licence)] == ["tqdm"]
    strange = supply.Library("new", "AGPL-3.0-only", ("base",))
    changed = found[0]._replace(name="tqdm", licence="GPL-3.0")
    assert supply.unallowed([strange, changed]) == ["new: AGPL-3.0-only", "tqdm: GPL-3.0"]


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="the page is of the pins of Python 3.11"
)
def test_the_page_of_licences_is_current():
    assert supply.PAGE.read_text(encoding="utf-8") == supply.page(), "--licences renews it"


def test_the_citation_is_of_the_version_that_is_built(built):
    version = supply.TOLD["project"]["version"]
    citation = (supply.ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation and f"-{version}-" in built.wheel.name


def test_everything_that_is_installed_is_pinned():
    assert supply.unpinned() == []
    assert {"numpy", "hatchling", "pytest"} <= supply.pins().keys()


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0 OR MIT", True),
        ("MPL-2.0 AND MIT", False),
        ("LGPL-3.0-only", False),
    ],
)
def test_what_is_permissive(expression: str, permissive: bool):
    assert supply.choice_is_permissive(expression) is permissive


def test_every_extra_of_users_is_missed_by_a_command_of_the_bare_wheel():
    asked = {call.extra for call in supply.CALLS} - {""}
    unused = {"discover"}  # EMA workbench drives the simulator; nothing here imports it
    assert asked | unused == set(supply.TOLD["project"]["optional-dependencies"]) - {"docs", "test"}
    sources = "".join(path.read_text("utf-8") for path in (supply.ROOT / "simulator").rglob("*.py"))
    assert "import ema_workbench" not in sources and "from ema_workbench" not in sources
