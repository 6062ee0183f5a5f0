"""Firms as columns: one row a living firm, rows that died are removed in stable order.

To add a column, add one field to `Firms`; storage, growth, removal and entry follow from it.
"""

from __future__ import annotations

from typing import NamedTuple, get_type_hints

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

SPARE = 1.03125  # room for firms to come: memory per firm counts where a run has a million of them


class Firms(NamedTuple):
    """The columns, numbers before labels. Money is 亿元 a year at the average rate of the current calendar year."""

    external: Number  # e: final sales outside the seven chains, 亿元/yr
    contract: Number  # revenue from scenario contracts, 亿元/yr
    intermediate: Number  # sales to other modelled chains, 亿元/yr
    sales: Number  # revenue, demand held by capacity, 亿元/yr
    capacity: Number  # κ, 亿元/yr
    research: Number  # H: own research stock, 亿元
    lift: Number  # growth its latest fund ticket adds while it works, log points a year
    quality: Number  # fixed draw with mean 1
    ai_share: Number  # AI part of revenue, 0–1
    age: Label  # quarters
    chain: Label
    node: Label  # position in the list of all nodes of all chains
    place: Label  # district or functional zone
    catalogue: Label  # 1 if in the catalogue of basic and core AI enterprises
    software: Label  # 1 if counted in software and IT services
    ai: Label  # 1 if the firm does AI and may join the catalogue
    named: Label  # 1 for a firm with its own reported revenue
    ticket_until: Label  # last absolute quarter in which a fund ticket lifts growth
    sme_years: Label  # year-ends at which the firm was eligible for the title of specialised SME
    hightech_years: Label  # the same for high-tech firms
    slot: Label  # its place among the firms that ever held a grant or a project, 0 for none


NUMBERS = tuple(k for k, t in get_type_hints(Firms).items() if t == Number)
LABELS = tuple(k for k, t in get_type_hints(Firms).items() if t == Label)


def living(firms: Firms, n: int) -> Firms:
    """The first ``n`` rows of every column, as views."""
    return Firms._make([column[:n] for column in firms])


class Columns(NamedTuple):
    """Storage of a table as the engines see it: blocks for moving rows, named views for reading them."""

    ids: Ids  # (capacity,)
    numbers: Number  # (columns, capacity)
    labels: Label  # (columns, capacity)
    firms: Firms  # views of the rows of both blocks


def _views(numbers: Number, labels: Label) -> Firms:
    return Firms._make([*numbers, *labels])


def empty_columns(capacity: int) -> Columns:
    """Zeroed storage for ``capacity`` firms."""
    numbers = np.zeros((len(NUMBERS), capacity))
    labels = np.zeros((len(LABELS), capacity), dtype=np.int64)
    return Columns(np.zeros(capacity, dtype=np.uint64), numbers, labels, _views(numbers, labels))


class Table:
    """A table of firms with spare rows: ``columns`` of some capacity, of which the first ``n`` rows live."""

    def __init__(self, capacity: int) -> None:
        """Make room for ``capacity`` firms; none lives yet."""
        self.columns = empty_columns(max(capacity, 1))
        self.n = 0

    @property
    def capacity(self) -> int:
        """Rows there is room for."""
        return int(self.columns.ids.shape[0])

    @property
    def ids(self) -> Ids:
        """Ids of the living firms, shape (n,)."""
        return self.columns.ids[: self.n]

    def column(self, name: str) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
        """Living rows of one column, shape (n,); a view, not a copy."""
        view: npt.NDArray[np.float64] | npt.NDArray[np.int64] = getattr(self.columns.firms, name)
        return view[: self.n]

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` more firms, keeping those that live."""
        if self.n + rows <= self.capacity:
            return
        old, self.columns = self.columns, empty_columns(int(SPARE * (self.n + rows)))
        for new_block, old_block in zip(self.columns[:3], old[:3], strict=True):
            new_block[..., : self.n] = old_block[..., : self.n]

    def append(self, ids: Ids, **columns: npt.ArrayLike) -> slice:
        """Add firms with the given columns (the rest zero) and return where they stand."""
        self.reserve(len(ids))
        rows = slice(self.n, self.n + len(ids))
        self.columns.ids[rows] = ids
        for name in Firms._fields:
            getattr(self.columns.firms, name)[rows] = columns.pop(name, 0)
        if columns:
            raise TypeError(f"no such column: {', '.join(columns)}")
        self.n = rows.stop
        return rows

    def remove(self, rows: npt.ArrayLike) -> None:
        """Remove rows by position, keeping the order of the others (for experiments and tests)."""
        kept = np.ones(self.n, dtype=bool)
        kept[np.asarray(rows)] = False
        count = int(kept.sum())
        for block in self.columns[:3]:
            block[..., :count] = block[..., : self.n][..., kept]
        self.n = count

    def order_by(self, key: npt.ArrayLike) -> None:
        """Sort the living rows by a key, ties in their present order."""
        order = np.argsort(np.asarray(key), kind="stable")
        for block in self.columns[:3]:
            block[..., : self.n] = block[..., : self.n][..., order]
