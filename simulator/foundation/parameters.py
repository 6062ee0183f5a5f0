"""Parameters of the model: what is known about each number, and how to draw it.

A `Distribution` is drawn by its quantile function at one uniform number, so a draw is exact,
monotone in the uniform, and never rejects. A `Parameter` is a row of `calibration/priors.csv`:
value, bounds, distribution, sources and grade. A `Construction` is one defensible reading of the
unpublished base value of core revenue, drawn together with its perimeter.
"""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast, overload

from simulator.foundation.findings import UNSAID, Allowed, Finding, InputError, nearest
from simulator.foundation.tables import Row, read_table, shipped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Grade = Literal["stated", "reported", "literature", "assumed"]
Use = Literal["model", "later", "check", "left_out"]
GRADES: Final[tuple[Grade, ...]] = ("stated", "reported", "literature", "assumed")
USES: Final[tuple[Use, ...]] = ("model", "later", "check", "left_out")

_UNBOUNDED: Final = (-math.inf, math.inf)


class DistributionError(ValueError):
    """Numbers that make no distribution; `zh` says why in Chinese."""

    def __init__(self, what: str, zh: str) -> None:
        """Keep the reason in both languages."""
        self.zh = zh
        super().__init__(what)


class Number(NamedTuple):
    """A number of a distribution; `has_unit` when it is measured in the parameter's unit."""

    name: str
    has_unit: bool
    default: float | None = None


NUMBERS: Final[Mapping[str, tuple[Number, ...]]] = {
    "fixed": (Number("value", True),),
    "uniform": (Number("low", True), Number("high", True)),
    "normal": (Number("mean", True), Number("sd", True)),
    "lognormal": (Number("median", True), Number("sigma", False), Number("shift", True, 0.0)),
    "triangular": (Number("low", True), Number("mode", True), Number("high", True)),
    "beta": (Number("a", False), Number("b", False)),
    "gamma": (Number("mean", True), Number("sd", True)),
    "halfnormal": (Number("scale", True), Number("location", True, 0.0)),
}
MIXED: Final[tuple[str, ...]] = ("mixture", "constructions")
KINDS: Final[tuple[str, ...]] = (*NUMBERS, *MIXED)
POSTERIOR: Final = "posterior"
"""Values of one parameter in the rows of a fit; parameters of one fit are drawn by the same row."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A probability distribution of one number, drawn by its quantile function.

    `numbers` follow the order of `NUMBERS[kind]`. `truncation` cuts the distribution and rescales
    it. A mixture has `components` with `weights` that sum to one; the kind `constructions` is a
    mixture whose components carry the `labels` of the base-value constructions. A lognormal has
    `shift + median·e^{sigma·z}`, so growth ḡ with ln(1+ḡ) normal has shift −1.
    Raises DistributionError for numbers that make none.
    """

    kind: str
    numbers: tuple[float, ...] = ()
    truncation: tuple[float, float] = _UNBOUNDED
    weights: tuple[float, ...] = ()
    components: tuple["Distribution", ...] = ()
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers that make no distribution."""
        if self.kind == POSTERIOR:
            _check_rows(self)
            return
        if self.kind not in KINDS:
            near = nearest(self.kind, KINDS)
            hint = f"; did you mean {near}" if near else ""
            raise DistributionError(
                f"unknown distribution {self.kind!r}; allowed {', '.join(KINDS)}{hint}",
                f"没有分布“{self.kind}”，可用 {'、'.join(KINDS)}",
            )
        if self.kind in MIXED:
            _check_mixture(self)
        else:
            _check_numbers(self.kind, self.numbers)
        low, high = self.truncation
        if math.isnan(low) or math.isnan(high):
            raise DistributionError("truncation bounds must be numbers", "截断界限须为数")
        if not (self.lower <= self.upper if self.is_fixed else self.lower < self.upper):
            raise DistributionError(
                f"nothing of the distribution lies between {low:g} and {high:g}",
                f"分布在 {low:g} 与 {high:g} 之间没有取值",
            )
        # Beta and gamma need scipy; they are checked at the first draw instead.
        if self.kind in ("normal", "lognormal", "halfnormal"):
            _truncated_shares(self)

    @classmethod
    def fixed(cls, value: float) -> "Distribution":
        """A number that is known, or taken as known."""
        return cls("fixed", (float(value),))

    @classmethod
    def of(
        cls,
        kind: str,
        numbers: Mapping[str, float],
        lower: float = -math.inf,
        upper: float = math.inf,
    ) -> "Distribution":
        """A distribution from named numbers, as scenario files and tables write them.

        `beta` and `gamma` take (mean, sd), `beta` also (a, b). Raises ValueError for an unknown
        kind or number, or a missing one.
        """
        given = dict(numbers)
        if kind == "beta" and set(given) == {"mean", "sd"}:
            given = dict(zip(("a", "b"), _beta_shape(given["mean"], given["sd"]), strict=True))
        if kind not in NUMBERS:
            near = nearest(kind, NUMBERS)
            hint = f"; did you mean {near}" if near else ""
            raise DistributionError(
                f"unknown distribution {kind!r}; allowed {', '.join(NUMBERS)}{hint}",
                f"没有分布“{kind}”，可用 {'、'.join(NUMBERS)}",
            )
        known = {number.name: number for number in NUMBERS[kind]}
        for name in given:
            if name not in known:
                raise DistributionError(
                    f"{kind} has no number {name!r}; allowed {', '.join(known)}",
                    f"{kind} 没有参数“{name}”，可用 {'、'.join(known)}",
                )
        values: list[float] = []
        for number in NUMBERS[kind]:
            value = given.get(number.name, number.default)
            if value is None:
                raise DistributionError(
                    f"{kind} needs {number.name!r}", f"{kind} 缺少参数“{number.name}”"
                )
            values.append(float(value))
        return cls(kind, tuple(values), (float(lower), float(upper)))

    @classmethod
    def mixture(
        cls, weights: Sequence[float], components: Sequence["Distribution"]
    ) -> "Distribution":
        """A mixture; the weights sum to one."""
        return cls("mixture", weights=tuple(weights), components=tuple(components))

    @classmethod
    def parse(cls, text: str) -> "Distribution":
        """A distribution from table text such as `normal(mean=0.12, sd=0.04)`.

        Mixtures read `mixture(0.93: halfnormal(scale=0.03); 0.07: lognormal(median=0.17,
        sigma=0.3))`. Raises ValueError with the reason.
        """
        text = text.strip()
        match = re.fullmatch(r"(\w+)\((.*)\)", text, re.DOTALL)
        if match is None:
            raise ValueError(f"{text!r} is not a distribution, e.g. normal(mean=0.1, sd=0.02)")
        kind, inside = match.group(1), match.group(2)
        if kind == "mixture":
            weights: list[float] = []
            parts: list[Distribution] = []
            for part in inside.split(";"):
                weight, _, component = part.partition(":")
                weights.append(_number(weight))
                parts.append(cls.parse(component))
            return cls.mixture(weights, parts)
        numbers: dict[str, float] = {}
        for item in inside.split(","):
            name, equals, value = item.partition("=")
            if not equals or name.strip() in numbers:
                raise ValueError(f"{item.strip()!r} in {text!r} is not one name=number")
            numbers[name.strip()] = _number(value)
        return cls.of(kind, numbers)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> "Distribution":
        """The inverse of `as_mapping`; plain numbers only. Raises ValueError with the reason."""
        kind = mapping.get("dist")
        if not isinstance(kind, str):
            raise ValueError("a distribution needs dist: its kind")
        lower = _plain_number(mapping.get("lower", -math.inf), "lower")
        upper = _plain_number(mapping.get("upper", math.inf), "upper")
        if kind not in MIXED:
            rest = {
                name: _plain_number(value, name)
                for name, value in mapping.items()
                if name not in ("dist", "lower", "upper")
            }
            return cls.of(kind, rest, lower, upper)
        for name in mapping:
            if name not in ("dist", "lower", "upper", "components"):
                raise ValueError(f"{kind} has no key {name!r}; allowed components, lower, upper")
        items = mapping.get("components")
        if not isinstance(items, Sequence) or isinstance(items, str):
            raise ValueError(f"{kind} needs a list of components")
        weights: list[float] = []
        parts: list[Distribution] = []
        labels: list[str] = []
        for item in items:
            if not isinstance(item, Mapping):
                raise ValueError(f"a component of {kind} is a mapping with weight and dist")
            entry = dict(cast(Mapping[str, object], item))
            weights.append(_plain_number(entry.pop("weight", None), "weight"))
            if kind == "constructions":
                labels.append(str(entry.pop("label", "")))
            parts.append(cls.from_mapping(entry))
        return cls(
            kind,
            truncation=(lower, upper),
            weights=tuple(weights),
            components=tuple(parts),
            labels=tuple(labels),
        )

    def as_mapping(self) -> dict[str, object]:
        """A plain mapping that `from_mapping` reads back to an equal distribution."""
        mapping: dict[str, object] = {"dist": self.kind}
        if self.kind == POSTERIOR:
            return mapping | {"values": list(self.numbers), "weights": list(self.weights)}
        if self.kind in MIXED:
            items: list[dict[str, object]] = []
            for index, (weight, part) in enumerate(zip(self.weights, self.components, strict=True)):
                item: dict[str, object] = {"weight": weight}
                if self.labels:
                    item["label"] = self.labels[index]
                items.append(item | part.as_mapping())
            mapping["components"] = items
        else:
            for number, value in zip(NUMBERS[self.kind], self.numbers, strict=True):
                if value != number.default:
                    mapping[number.name] = value
        for name, bound in zip(("lower", "upper"), self.truncation, strict=True):
            if math.isfinite(bound):
                mapping[name] = bound
        return mapping

    @property
    def lower(self) -> float:
        """Smallest possible value."""
        return max(self.truncation[0], self._support()[0])

    @property
    def upper(self) -> float:
        """Largest possible value."""
        return min(self.truncation[1], self._support()[1])

    @property
    def median(self) -> float:
        """Value with as much probability below as above."""
        return self.quantile(0.5)

    @property
    def is_fixed(self) -> bool:
        """Whether the distribution is one number."""
        return self.kind == "fixed"

    def truncated(self, lower: float, upper: float) -> "Distribution":
        """The same distribution inside narrower bounds; mixtures are cut as a whole.

        ValueError for the rows of a fit, which belong together.
        """
        if self.kind == POSTERIOR:
            raise ValueError("the rows of a fit are not cut")
        bounds = (max(lower, self.truncation[0]), min(upper, self.truncation[1]))
        return Distribution(
            self.kind, self.numbers, bounds, self.weights, self.components, self.labels
        )

    @overload
    def quantile(self, u: float) -> float: ...

    @overload
    def quantile(self, u: "Array") -> "Array": ...

    def quantile(self, u: "float | Array") -> "float | Array":
        """Value below which the share u of the probability lies.

        Scalars give a float, arrays an array of the same shape; values stay within
        `lower … upper` and never fall as u rises. Raises ValueError outside 0 ≤ u ≤ 1.
        """
        import numpy as np

        if not isinstance(u, np.ndarray):
            return float(self._quantile(np.float64(u)))
        return np.asarray(self._quantile(u.astype(np.float64)))

    def row_values(self, u: "Array") -> "Array":
        """For the rows of a fit: the value in the row that each share u names by the weights, in table order.

        All parameters of a fit asked with the same shares answer from the same rows.
        """
        import numpy as np

        edges = np.cumsum(self.weights)
        row = np.searchsorted(edges, u * edges[-1], side="right")
        return np.asarray(np.asarray(self.numbers)[np.minimum(row, len(self.numbers) - 1)])

    def draw_component(self, u: float) -> tuple[int, float]:
        """Component and value of a mixture from one uniform.

        The weights cut 0 … 1 into pieces; the piece of u names the component, the place of u inside
        it is the component's own uniform. So perimeter and base value are drawn together. Over
        u the value has the mixture's distribution, but it rises only within a component.
        """
        if self.kind not in MIXED:
            raise ValueError(f"{self.kind} has no components")
        start = 0.0
        last = len(self.weights) - 1
        for index, weight in enumerate(self.weights):
            if u < start + weight or index == last:
                within = min(1.0, max(0.0, (u - start) / weight))
                return index, self.components[index].quantile(within)
            start += weight
        raise AssertionError("a mixture has at least one component")

    def _support(self) -> tuple[float, float]:
        """Bounds of the distribution before truncation."""
        numbers = self.numbers
        match self.kind:
            case "fixed":
                return numbers[0], numbers[0]
            case "uniform":
                return numbers[0], numbers[1]
            case "triangular":
                return numbers[0], numbers[2]
            case "lognormal":
                return numbers[2], math.inf
            case "beta":
                return 0.0, 1.0
            case "gamma":
                return 0.0, math.inf
            case "halfnormal":
                return numbers[1], math.inf
            case "posterior":
                return min(numbers), max(numbers)
            case "mixture" | "constructions":
                lowers = [part.lower for part in self.components]
                return min(lowers), max(part.upper for part in self.components)
        return _UNBOUNDED

    def _quantile(self, u: "Array | np.float64") -> "Array | np.float64":
        import numpy as np

        if not np.all((u >= 0.0) & (u <= 1.0)):
            raise ValueError("a quantile is asked at shares between 0 and 1")
        if self.kind == POSTERIOR:
            order = np.argsort(self.numbers, kind="stable")
            edges = np.cumsum(np.asarray(self.weights)[order])
            rank = np.searchsorted(edges, u * edges[-1], side="left")
            found: Array = np.asarray(self.numbers)[order][np.minimum(rank, len(order) - 1)]
            return found
        low, high = _truncated_shares(self)
        p = np.minimum(low + (high - low) * u, high)
        if self.kind in MIXED:
            values = _mixture_quantile(self, p)
        else:
            values = _untruncated_quantile(self.kind, self.numbers, p)
        return np.minimum(np.maximum(values, self.lower), self.upper)


@functools.lru_cache(maxsize=4096)
def _truncated_shares(distribution: Distribution) -> tuple[float, float]:
    """Untruncated probability below each truncation bound."""
    if distribution.is_fixed:
        return 0.0, 1.0
    low, high = distribution.truncation
    below = 0.0 if low == -math.inf else _untruncated_cdf(distribution)(low)
    above = 1.0 if high == math.inf else _untruncated_cdf(distribution)(high)
    if not above - below > 1e-12:
        raise DistributionError(
            f"nothing of the distribution lies between {low:g} and {high:g}",
            f"分布在 {low:g} 与 {high:g} 之间没有取值",
        )
    return below, above


@functools.lru_cache(maxsize=4096)
def _bracket(distribution: Distribution) -> tuple[float, float]:
    """Values between which every quantile of a mixture lies, except at shares 0 and 1."""
    components = distribution.components
    bottom = min(part.quantile(5e-324) for part in components)
    return bottom, max(part.quantile(1.0 - 2.0**-53) for part in components)


def draw(distribution: Distribution, uniform: float) -> float:
    """A parameter draw: the quantile at one uniform number."""
    return distribution.quantile(uniform)


class Meaning(NamedTuple):
    """A sentence in Chinese and English."""

    zh: str
    en: str

    def text(self, lang: str = "en") -> str:
        """The sentence in `zh`, `en`, or `both` (zh / en)."""
        return f"{self.zh} / {self.en}" if lang == "both" else self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the model and what is known about it.

    `low … high` bound the prior, `central` is its reference value; `minimum … maximum` are what
    a user may set (wider, for sensitivity). `mechanism` is the equation that reads it; `use` says
    whether the model reads it now, later, only in checks, or leaves it out on purpose.
    """

    name: str
    meaning: Meaning
    unit: str
    low: float
    central: float
    high: float
    distribution: Distribution
    sources: tuple[str, ...]
    grade: Grade
    mechanism: str
    note: str
    minimum: float
    maximum: float
    use: Use

    def admits(self, value: float) -> bool:
        """Whether a user may set this value."""
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True, slots=True)
class Construction:
    """One reading of the unpublished core revenue of 2024, with its perimeter.

    `inside` lists the named firms in the perimeter with the share counted; `named_revenue` is their
    revenue (亿元). `distribution` is lognormal, cut below at named_revenue / 0.9 so that the named
    firms never leave less than a tenth to everyone else.
    """

    id: str
    meaning: Meaning
    weight: float
    median: float
    sigma: float
    inside: tuple[tuple[str, float], ...]
    named_revenue: float
    distribution: Distribution
    reasoning: Meaning
    sources: tuple[str, ...]


NAMED_SHARE_CEILING: Final = 0.9
LISTED_OPTIONS: Final = 12


def load_priors(
    path: Path | None = None,
    own: Path | None = None,
    constructions: Sequence[Construction] | None = None,
) -> dict[str, Parameter]:
    """All parameters by name, checked; the table is `calibration/priors.csv` unless given.

    Rows of the table `own` replace those of the same name; `constructions` are those that the base
    value is drawn from (the shipped ones unless given). Raises InputError with every finding.
    """
    findings: list[Finding] = []
    parameters: dict[str, Parameter] = {}
    rows = read_table(path or shipped("calibration", "priors.csv"))
    if own is not None:
        rows, unknown = _replaced(rows, read_table(own))
        findings += unknown
    for row in rows:
        try:
            parameter = _parameter(row, constructions)
            if parameter.name in parameters:
                raise CellError("name", "stands in the table twice", "在表中重复")
        except CellError as error:
            findings.append(error.finding(row))
        else:
            parameters[parameter.name] = parameter
    if findings:
        raise InputError(findings)
    return parameters


def _replaced(rows: list[Row], own: list[Row]) -> tuple[list[Row], list[Finding]]:
    """Rows with those of the same name in `own` in their place, and what is wrong with the names."""
    findings: list[Finding] = []
    replacing: dict[str, list[Row]] = {}
    names = [row.get("name", "") for row in rows]
    for row in own:
        try:
            name = cell_choice(row, "name", names)
        except CellError as error:
            findings.append(error.finding(row))
        else:
            replacing.setdefault(name, []).append(row)
    kept = [new for row in rows for new in replacing.get(row.get("name", ""), [row])]
    return kept, findings


def load_constructions(
    path: Path | None = None, named_firms: Path | None = None
) -> tuple[Construction, ...]:
    """The constructions of the base value in table order, checked; weights sum to one.

    Raises InputError with every finding.
    """
    findings: list[Finding] = []
    revenue: dict[str, float] = {}
    for row in read_table(named_firms or shipped("data", "founding", "named_firms.csv")):
        try:
            revenue[cell_text(row, "id")] = cell_number(row, "revenue")
        except CellError as error:
            findings.append(error.finding(row))
    constructions: list[Construction] = []
    rows = read_table(path or shipped("data", "founding", "constructions.csv"))
    for row in rows:
        try:
            constructions.append(_construction(row, revenue))
        except CellError as error:
            findings.append(error.finding(row))
    if rows and not findings and abs(sum(item.weight for item in constructions) - 1.0) > 1e-9:
        wrong = CellError("weight", "the weights do not sum to one", "权重之和不等于一")
        findings.append(wrong.finding(rows[-1]))
    if findings:
        raise InputError(findings)
    return tuple(constructions)


def mixture_of(constructions: Sequence[Construction]) -> Distribution:
    """The base value over all constructions, of kind `constructions` (亿元)."""
    return Distribution(
        "constructions",
        weights=tuple(item.weight for item in constructions),
        components=tuple(item.distribution for item in constructions),
        labels=tuple(item.id for item in constructions),
    )


def nearest_construction(constructions: Sequence[Construction], value: float) -> int:
    """Index of the construction whose median is nearest to `value` in the logarithm."""
    if not value > 0.0:
        raise ValueError("a base value is positive")
    return min(
        range(len(constructions)),
        key=lambda index: abs(math.log(constructions[index].median / value)),
    )


class CellError(ValueError):
    """What is wrong with one cell of a table, said in both languages."""

    def __init__(
        self, column: str, what: str, what_zh: str, allowed: Allowed = UNSAID, suggestion: str = ""
    ) -> None:
        super().__init__(what)
        self.column = column
        self.what = what
        self.what_zh = what_zh
        self.allowed = allowed
        self.suggestion = suggestion

    def finding(self, row: Row) -> Finding:
        """The finding at the place of the cell."""
        return row.finding(
            self.column,
            self.what,
            self.what_zh,
            allowed=self.allowed,
            suggestion=self.suggestion,
        )


def cell_text(row: Row, column: str, empty: bool = False) -> str:
    """The text of a cell, which must not be empty unless `empty`. Raises CellError."""
    if column not in row:
        raise CellError(column, f"the column {column} is missing", f"缺少列 {column}")
    text = row[column].strip()
    if not text and not empty:
        raise CellError(column, f"{column} is empty", f"{column} 为空")
    return text


def cell_number(row: Row, column: str) -> float:
    """The finite number in a cell. Raises CellError."""
    text = cell_text(row, column)
    try:
        return _number(text)
    except ValueError as error:
        raise CellError(column, str(error), f"“{text}”不是有限的数") from None


def cell_whole(row: Row, column: str) -> int:
    """The whole number in a cell. Raises CellError."""
    number = cell_number(row, column)
    if not number.is_integer():
        text = row[column].strip()
        raise CellError(column, f"{text!r} is not a whole number", f"“{text}”不是整数")
    return int(number)


def cell_choice(row: Row, column: str, words: Iterable[str]) -> str:
    """The word in a cell, one of `words`. Raises CellError with the nearest."""
    text = cell_text(row, column)
    options = tuple(words)
    if text not in options:
        raise CellError(
            column,
            f"{text!r} is unknown",
            f"未知的“{text}”",
            allowed=Allowed.one_of(options if len(options) <= LISTED_OPTIONS else ()),
            suggestion=nearest(text, options) or "",
        )
    return text


def cell_list(row: Row, column: str) -> tuple[str, ...]:
    """The entries of a cell between semicolons, at least one. Raises CellError."""
    items = tuple(item.strip() for item in cell_text(row, column).split(";"))
    if not all(items):
        raise CellError(column, f"{column} has an empty entry", f"{column} 含空项")
    return items


def _parameter(row: Row, constructions: Sequence[Construction] | None) -> Parameter:
    low, central, high = (cell_number(row, name) for name in ("low", "central", "high"))
    minimum, maximum = cell_number(row, "minimum"), cell_number(row, "maximum")
    if not minimum <= low <= central <= high <= maximum:
        raise CellError(
            "central",
            "the bounds are out of order",
            "上下限顺序不对",
            allowed=Allowed.same("minimum ≤ low ≤ central ≤ high ≤ maximum"),
        )
    return Parameter(
        name=cell_text(row, "name"),
        meaning=Meaning(cell_text(row, "meaning_zh"), cell_text(row, "meaning_en")),
        unit=cell_text(row, "unit"),
        low=low,
        central=central,
        high=high,
        distribution=_prior(row, low, high, constructions),
        sources=cell_list(row, "sources"),
        grade=cast(Grade, cell_choice(row, "grade", GRADES)),
        mechanism=cell_text(row, "mechanism"),
        note=cell_text(row, "note", empty=True),
        minimum=minimum,
        maximum=maximum,
        use=cast(Use, cell_choice(row, "use", USES)),
    )


def _prior(
    row: Row, low: float, high: float, constructions: Sequence[Construction] | None
) -> Distribution:
    """The distribution of a row, cut at its bounds."""
    text = cell_text(row, "distribution")
    try:
        if text == "constructions":
            chosen = load_constructions() if constructions is None else constructions
            for item in chosen:
                if not low <= item.median <= high:
                    raise ValueError(
                        f"the construction {item.id} lies outside the bounds {low:g} to {high:g}; "
                        "another city states its own row in the priors.csv of its data folder"
                    )
            distribution = mixture_of(chosen)
            # A member draws inside one component, so the lower bound has to hold for each.
            distribution = replace(
                distribution,
                components=tuple(
                    component.truncated(low, math.inf) for component in distribution.components
                ),
            )
        else:
            distribution = Distribution.parse(text)
        return distribution.truncated(low, high)
    except ValueError as error:
        raise CellError("distribution", str(error), f"不是有效的分布：{text}") from None


def _construction(row: Row, revenue: Mapping[str, float]) -> Construction:
    inside: list[tuple[str, float]] = []
    # A city may know the revenue of no firm at all.
    named_firms = cell_list(row, "inside") if cell_text(row, "inside", empty=True) else ()
    for item in named_firms:
        firm, _, share = (part.strip() for part in item.partition(":"))
        if firm not in revenue:
            raise CellError(
                "inside",
                f"no named firm is called {firm!r}",
                f"没有名为“{firm}”的企业",
                allowed=Allowed.one_of(revenue),
                suggestion=nearest(firm, revenue) or "",
            )
        counted = _share(share)
        if counted is None:
            raise CellError(
                "inside",
                f"the share of {firm} counted is {share!r}",
                f"{firm} 计入的份额为“{share}”",
                allowed=Allowed("above 0, at most 1", "大于 0，至多 1"),
            )
        inside.append((firm, counted))
    named = sum(revenue[firm] * share for firm, share in inside)
    median, sigma = cell_number(row, "median"), cell_number(row, "sigma")
    weight = cell_number(row, "weight")
    if not weight > 0.0:
        raise CellError("weight", "a weight must be above 0", "权重须大于 0")
    try:
        distribution = Distribution(
            "lognormal", (median, sigma, 0.0), (named / NAMED_SHARE_CEILING, math.inf)
        )
    except DistributionError as error:
        raise CellError("median", str(error), f"不是有效的分布：{error.zh}") from None
    return Construction(
        id=cell_text(row, "id"),
        meaning=Meaning(cell_text(row, "name_zh"), cell_text(row, "name_en")),
        weight=weight,
        median=median,
        sigma=sigma,
        inside=tuple(inside),
        named_revenue=named,
        distribution=distribution,
        reasoning=Meaning(cell_text(row, "reasoning_zh"), cell_text(row, "reasoning_en")),
        sources=cell_list(row, "sources"),
    )


def _share(text: str) -> float | None:
    try:
        value = _number(text)
    except ValueError:
        return None
    return value if 0.0 < value <= 1.0 else None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"{text.strip()!r} is not a finite number")
    return value


def _plain_number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name} must be a number")
    return float(value)


def _beta_shape(mean: float, sd: float) -> tuple[float, float]:
    """Shapes a, b of a beta distribution with this mean and standard deviation."""
    if not 0.0 < mean < 1.0 or not 0.0 < sd * sd < mean * (1.0 - mean):
        raise DistributionError(
            "a beta distribution needs 0 < mean < 1 and sd² < mean·(1 − mean)",
            "beta 分布须满足 0 < mean < 1 且 sd² < mean·(1 − mean)",
        )
    total = mean * (1.0 - mean) / (sd * sd) - 1.0
    return mean * total, (1.0 - mean) * total


def _check_numbers(kind: str, numbers: tuple[float, ...]) -> None:
    if len(numbers) != len(NUMBERS[kind]):
        wanted = len(NUMBERS[kind])
        raise DistributionError(
            f"{kind} has {wanted} numbers, not {len(numbers)}",
            f"{kind} 有 {wanted} 个参数，而非 {len(numbers)} 个",
        )
    if not all(math.isfinite(number) for number in numbers):
        raise DistributionError(f"the numbers of {kind} must be finite", f"{kind} 的参数须为有限数")
    names = [number.name for number in NUMBERS[kind]]
    for name in ("sd", "sigma", "scale", "a", "b", "median"):
        if name in names and not numbers[names.index(name)] > 0.0:
            raise DistributionError(
                f"{name} of {kind} must be above 0", f"{kind} 的 {name} 须大于 0"
            )
    if kind == "gamma" and not numbers[0] > 0.0:
        raise DistributionError("mean of gamma must be above 0", "gamma 的 mean 须大于 0")
    if kind == "uniform" and not numbers[0] < numbers[1]:
        raise DistributionError("uniform needs low < high", "uniform 须满足 low < high")
    if kind == "triangular" and not (numbers[0] <= numbers[1] <= numbers[2] != numbers[0]):
        raise DistributionError(
            "triangular needs low ≤ mode ≤ high and low < high",
            "triangular 须满足 low ≤ mode ≤ high 且 low < high",
        )


def _check_rows(distribution: Distribution) -> None:
    numbers, weights = distribution.numbers, distribution.weights
    if not numbers or len(numbers) != len(weights):
        raise ValueError("the rows of a fit need one weight each")
    if not all(math.isfinite(number) for number in numbers) or not all(w > 0.0 for w in weights):
        raise ValueError("the rows of a fit hold finite values and weights above 0")


def _check_mixture(distribution: Distribution) -> None:
    weights, components = distribution.weights, distribution.components
    if not components or len(weights) != len(components):
        raise DistributionError(
            f"{distribution.kind} needs one weight for each component",
            f"{distribution.kind} 的每个组成部分须有一个权重",
        )
    if not all(weight > 0.0 for weight in weights) or abs(sum(weights) - 1.0) > 1e-9:
        raise DistributionError(
            f"the weights of {distribution.kind} must be above 0 and sum to one",
            f"{distribution.kind} 的权重须大于 0 且合计为 1",
        )
    if distribution.kind == "constructions" and len(distribution.labels) != len(components):
        raise DistributionError("constructions need a label for each component", "每种口径须有名称")


def _untruncated_quantile(
    kind: str, numbers: tuple[float, ...], p: "Array | np.float64"
) -> "Array | np.float64":
    import numpy as np
    from scipy import special

    result: Array | np.float64
    match kind:
        case "uniform":
            low, high = numbers
            result = low + (high - low) * p
        case "normal":
            mean, sd = numbers
            result = mean + sd * special.ndtri(p)
        case "lognormal":
            median, sigma, shift = numbers
            result = shift + median * np.exp(sigma * special.ndtri(p))
        case "triangular":
            low, mode, high = numbers
            width = high - low
            rising = low + np.sqrt(p * width * (mode - low))
            falling = high - np.sqrt((1.0 - p) * width * (high - mode))
            result = np.where(p < (mode - low) / width, rising, falling)
        case "beta":
            a, b = numbers
            result = special.betaincinv(a, b, p)
        case "gamma":
            mean, sd = numbers
            result = special.gammaincinv((mean / sd) ** 2, p) * sd * sd / mean
        case "halfnormal":
            scale, location = numbers
            # −Φ⁻¹((1−p)/2) keeps its digits near p = 1, where Φ⁻¹((1+p)/2) loses them.
            result = location - scale * special.ndtri(0.5 * (1.0 - p))
        case _:
            result = numbers[0] + 0.0 * p
    return result


class _Arithmetic(NamedTuple):
    """What a distribution function is written in: plain floats, which import nothing, or arrays."""

    log: Callable[[Any], Any]
    erf: Callable[[Any], Any]
    erfc: Callable[[Any], Any]
    choose: Callable[[Any, Any, Any], Any]
    least: Callable[[Any, Any], Any]
    most: Callable[[Any, Any], Any]


_FLOATS: Final = _Arithmetic(
    math.log, math.erf, math.erfc, lambda condition, yes, no: yes if condition else no, min, max
)


@functools.cache
def _arrays() -> _Arithmetic:
    import numpy as np
    from scipy import special

    return _Arithmetic(np.log, special.erf, special.erfc, np.where, np.minimum, np.maximum)


@functools.lru_cache(maxsize=4096)
def _untruncated_cdf(distribution: Distribution, of: _Arithmetic = _FLOATS) -> Callable[[Any], Any]:
    """Probability below finite numbers before truncation."""
    kind, numbers = distribution.kind, distribution.numbers
    if kind in MIXED:
        parts = [
            (weight, _cdf(part, of))
            for weight, part in zip(distribution.weights, distribution.components, strict=True)
        ]
        return lambda x: of.least(1.0, sum(weight * below(x) for weight, below in parts))
    low, high = distribution._support()
    within = _cdf_within(kind, numbers, of)

    def below(x: Any) -> Any:
        inside = of.most(x, math.nextafter(low, math.inf)) if math.isfinite(low) else x
        return of.choose(x >= high, 1.0, of.choose(x <= low, 0.0, within(inside)))

    return below


def _cdf_within(kind: str, numbers: tuple[float, ...], of: _Arithmetic) -> Callable[[Any], Any]:
    """The same between the bounds of the support."""

    def normal(z: Any) -> Any:
        return 0.5 * of.erfc(-z / math.sqrt(2.0))

    match kind:
        case "uniform":
            low, high = numbers
            return lambda x: (x - low) / (high - low)
        case "normal":
            mean, sd = numbers
            return lambda x: normal((x - mean) / sd)
        case "lognormal":
            median, sigma, shift = numbers
            return lambda x: normal((of.log(x - shift) - math.log(median)) / sigma)
        case "triangular":
            low, mode, high = numbers
            # A mode at a bound leaves its branch without points, not without a divisor.
            rise, fall = (high - low) * (mode - low) or 1.0, (high - low) * (high - mode) or 1.0
            return lambda x: of.choose(
                x < mode, (x - low) ** 2 / rise, 1.0 - (high - x) ** 2 / fall
            )
        case "halfnormal":
            scale, location = numbers
            return lambda x: of.erf((x - location) / (scale * math.sqrt(2.0)))
        case "beta":
            from scipy import special

            a, b = numbers
            return lambda x: special.betainc(a, b, x)
        case "gamma":
            from scipy import special

            mean, sd = numbers
            return lambda x: special.gammainc((mean / sd) ** 2, x * mean / (sd * sd))
    return lambda x: 1.0


def _cdf(distribution: Distribution, of: _Arithmetic) -> Callable[[Any], Any]:
    """Probability below numbers after truncation."""
    untruncated = _untruncated_cdf(distribution, of)
    if distribution.truncation == _UNBOUNDED or distribution.is_fixed:
        return untruncated
    low, high = _truncated_shares(distribution)
    return lambda x: of.least(1.0, of.most(0.0, (untruncated(x) - low) / (high - low)))


def _mixture_quantile(distribution: Distribution, p: "Array | np.float64") -> "Array | np.float64":
    """Bisection between bounds that do not depend on the share, so it is monotone in it."""
    import numpy as np

    lowest, highest = distribution._support()
    probability = _untruncated_cdf(distribution, _arrays())
    start, end = _bracket(distribution)
    below, above = np.full(np.shape(p), start), np.full(np.shape(p), end)
    while True:
        middle = 0.5 * (below + above)
        if not np.any((below < middle) & (middle < above)):
            break
        short = probability(middle) < p
        below, above = np.where(short, middle, below), np.where(short, above, middle)
    return np.where(p <= 0.0, lowest, np.where(p >= 1.0, highest, above))
