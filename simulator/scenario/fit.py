"""The fit in force: rows of a posterior that members draw, and the verdict that stands beside every probability."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.foundation.calendar import Quarter
from simulator.foundation.findings import Allowed, Finding, InputError, nearest
from simulator.foundation.parameters import POSTERIOR, CellError, Distribution, cell_number
from simulator.foundation.tables import Document, Row, read_bytes, read_table, read_yaml, shown_file
from simulator.registry import Name
from simulator.scenario.entries import FIT, Fit, Origin
from simulator.scenario.facts import Facts
from simulator.scenario.reading import Reader, Sheet, between

KEYS: Final = ("schema_version", "assumptions", "posterior", "from", "verdict", "standing", "made")
WEIGHT: Final = "weight"
MOST_BYTES: Final = 100_000


def read_fit(path: Path, facts: Facts, findings: list[Finding]) -> tuple[Fit | None, Sheet | None]:
    """A fitted file as the lowest layer above the priors; what is wrong goes to `findings`.

    It holds `assumptions` (one distribution each), `posterior` (a table beside it whose rows are drawn by weight, a
    column for each parameter), `from` (the first quarter of a run that takes it unasked) and the `verdict` of its
    backtest in both languages.
    """
    try:
        source = read_yaml(path, MOST_BYTES)
    except InputError as error:
        findings.extend(error.findings)
        return None, None
    reader = Reader(source, "fitted", facts, findings)
    sheet = reader.read(KEYS)
    value = source.value if isinstance(source.value, dict) else {}
    papers = {f"{FIT}/fitted.yaml": source.text.encode()}
    named = value.get("posterior")
    if named is not None:
        table = _table_beside(path, source, named, findings)
        if table is not None:
            try:
                papers[f"{FIT}/{table.name}"] = read_bytes(table)
                _read_rows(read_table(table), table, facts, sheet, findings)
            except InputError as error:
                findings.extend(error.findings)
    verdict = _verdict(source, value, findings)
    digest = hashlib.sha256()
    for name, content in sorted(papers.items()):
        digest.update(name.encode() + b"\0" + content.replace(b"\r\n", b"\n") + b"\0")
    standing = value.get("standing")
    fit = Fit(
        str(path),
        verdict,
        standing if isinstance(standing, str) else "",
        digest.hexdigest(),
        tuple(papers.items()),
        _begins(source, value, findings),
    )
    return fit, sheet


def _begins(
    source: Document, value: Mapping[str | int, object], findings: list[Finding]
) -> Quarter | None:
    said = value.get("from")
    if said is None:
        return None
    try:
        return Quarter.parse(str(said))
    except ValueError:
        what = f"{said!r} is not a quarter"
        allowed = Allowed.same("2025Q1")
        findings.append(source.finding(("from",), what, f"“{said}”不是季度", allowed=allowed))
        return None


def _table_beside(
    path: Path, source: Document, named: object, findings: list[Finding]
) -> Path | None:
    table = path.parent / str(named)
    try:
        plain = isinstance(named, str) and table.name == named and table.is_file()
        near = nearest(table.name, sorted(item.name for item in path.parent.glob("*.csv")))
    except (OSError, ValueError):  # a name too long or with odd characters
        plain, near = False, None
    if plain:
        return table
    findings.append(
        source.finding(
            ("posterior",),
            f"no table {str(named)!r} beside the fitted file",
            f"拟合文件旁没有表“{named}”",
            allowed=Allowed("a CSV file in the same folder", "同一文件夹中的 CSV 文件"),
            suggestion=near or "",
        )
    )
    return None


def _read_rows(
    rows: Sequence[Row], table: Path, facts: Facts, sheet: Sheet, findings: list[Finding]
) -> None:
    """Put one joint distribution for each column into the sheet."""
    shown = shown_file(table)
    if not rows:
        findings.append(Finding(shown, 1, 1, "", "the posterior has no row", "后验表没有数据行"))
        return
    columns: dict[str, list[float]] = {name: [] for name in rows[0]}
    before = len(findings)
    for name in columns:
        prior = facts.priors.get(name)
        if name != WEIGHT and (prior is None or prior.use != "model"):
            what = f"{name!r} is no parameter of the model"
            near = nearest(name, facts.priors)
            findings.append(
                rows[0].finding(name, what, f"没有模型参数“{name}”", suggestion=near or "")
            )
    for row in rows:
        for name, values in columns.items():
            try:
                number = cell_number(row, name)
                prior = facts.priors.get(name)
                if name == WEIGHT and not number > 0.0:
                    raise CellError(name, "a weight must be above 0", "权重须大于 0")
                if prior is not None and not prior.minimum <= number <= prior.maximum:
                    raise CellError(
                        name,
                        f"{number:g} is outside the bounds of {name}",
                        f"{number:g} 超出 {name} 的范围",
                        allowed=between(prior.minimum, prior.maximum, prior.unit),
                    )
                values.append(number)
            except CellError as fault:
                findings.append(fault.finding(row))
    if len(findings) > before:
        return
    weights = columns.pop(WEIGHT, [1.0] * len(rows))
    total = sum(weights)
    for name, values in columns.items():
        sheet.assumptions[name] = Distribution(
            POSTERIOR, tuple(values), weights=tuple(weight / total for weight in weights)
        )
        sheet.origins[f"assumptions.{name}"] = Origin("fitted", shown, 1, 1)


def _verdict(
    source: Document, value: Mapping[str | int, object], findings: list[Finding]
) -> Name | None:
    said = value.get("verdict")
    if said is None:
        return None
    words = said if isinstance(said, dict) else {}
    zh, en = words.get("zh"), words.get("en")
    if not isinstance(zh, str) or not isinstance(en, str):
        what, allowed = "the verdict needs both languages", Allowed.same("verdict: {zh: …, en: …}")
        findings.append(source.finding(("verdict",), what, "结论须有中英文", allowed=allowed))
        return None
    return Name(zh, en)
