"""Parameters of members: each the quantile of its distribution at one uniform addressed by (seed, member, name).

Fitted parameters are drawn together: one uniform of the member names a row of the posterior for all of them.
Members are drawn in fixed blocks, because quantiles of columns are cheap; a member's draw depends on neither the number
of members nor the block. The blocks last used are shared by all threads.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.parameters import (
    POSTERIOR,
    Construction,
    Distribution,
    nearest_construction,
)
from simulator.foundation.randomness import (
    Decision,
    Origin,
    entity_id,
    name_group,
    name_ids,
    uniforms,
)

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

BLOCK = 200
KEPT = 4  # blocks kept; members are simulated nearly in their order
BASE, DRIFT = "base_core_revenue", "def_drift"
ROW = "row of the fit"
"""The address that all fitted parameters of a member share, so that they come from one row."""


class MemberDraw(NamedTuple):
    """What one member drew."""

    values: dict[str, float]  # by parameter name; the drift is its mean over the years
    construction: int  # index of the base value's perimeter
    drift: Number  # (Y,) definition drift of each year, log points (M20)


class _Luck(NamedTuple):
    """Uniforms of a block, and the columns that distributions made of them: scenarios differ in few of them."""

    uniforms: Number  # (parameters, BLOCK)
    columns: dict[tuple[int, Distribution], Number]


class _Block(NamedTuple):
    first: int
    luck: Number  # (parameters, BLOCK)
    values: Number  # (parameters, BLOCK)
    constructions: Label  # (BLOCK,)
    drift: Number  # (Y, BLOCK)


@lru_cache(maxsize=512)
def _cut(prior: Distribution, lower: float, upper: float) -> Distribution:
    return prior.truncated(lower, upper)


class ParameterDraws:
    """Draws the parameters of any member of a scenario; safe to share between threads."""

    def __init__(
        self,
        assumptions: Mapping[str, Distribution],
        constructions: Sequence[Construction],
        chosen: str | None,
        years: Sequence[int],
        seed: int,
    ) -> None:
        """``chosen`` is the construction a scenario fixes, or None; ``years`` are the simulated ones."""
        self.names: tuple[str, ...] = tuple(sorted(assumptions))
        self._assumptions = assumptions
        self._constructions = constructions
        self._chosen = chosen
        self._seed = seed
        self._joint = frozenset(n for n in self.names if assumptions[n].kind == POSTERIOR)
        self._addresses = tuple(ROW if n in self._joint else n for n in self.names)
        city = name_group("city")
        self._years = np.array(
            [entity_id(Origin.PROCESS, city, year) for year in years], dtype=np.uint64
        )
        self._open_blocks()

    def _open_blocks(self) -> None:
        self._drawing = threading.Lock()
        self._blocks: dict[int, _Block] = {}

    def __getstate__(self) -> dict[str, object]:
        """Everything but the blocks at hand, which are drawn again elsewhere."""
        held = ("_drawing", "_blocks")
        return {name: value for name, value in vars(self).items() if name not in held}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """Take over in another process."""
        vars(self).update(state)
        self._open_blocks()

    def of(self, member: int) -> MemberDraw:
        """Parameters of a member."""
        block = self._block(member)
        row = member - block.first
        values = dict(zip(self.names, block.values[:, row].tolist(), strict=True))
        drift = block.drift[:, row]
        values[DRIFT] = float(drift.mean())
        return MemberDraw(values, int(block.constructions[row]), drift)

    def truncated(self, name: str, member: int, lower: float, upper: float) -> float:
        """The member's own draw of a parameter whose prior is cut to [lower, upper] for it."""
        prior = self._assumptions[name]
        if prior.is_fixed:
            return min(max(prior.median, lower), upper)
        if prior.upper <= lower or prior.lower >= upper:
            return lower if prior.upper <= lower else upper
        if name in self._joint:
            luck = uniforms(name_ids((name,)), 0, Decision.PARAMETER, self._seed, member)[0][0]
        else:
            block = self._block(member)
            luck = block.luck[self.names.index(name), member - block.first]
        return _cut(prior, lower, upper).quantile(float(luck))

    def _block(self, member: int) -> _Block:
        first = member - member % BLOCK
        with self._drawing:
            block = self._blocks.get(first)
            if block is None:
                block = self._blocks[first] = self._draw(first)
                if len(self._blocks) > KEPT:
                    del self._blocks[next(iter(self._blocks))]
        return block

    def _draw(self, first: int) -> _Block:
        members = range(first, first + BLOCK)
        luck = _luck(self._addresses, self._seed, members)
        values = np.empty_like(luck.uniforms)
        constructions = np.zeros(BLOCK, dtype=np.int64)
        for i, name in enumerate(self.names):
            if name == BASE:
                constructions, values[i] = self._base(luck.uniforms[i])
            else:
                values[i] = self._column(i, name, luck)
        years = _luck_of_years(self._years.tobytes(), self._seed, members)
        drift = self._assumptions[DRIFT].quantile(years)
        return _Block(first, luck.uniforms, values, constructions, drift)

    def _column(self, i: int, name: str, luck: _Luck) -> Number:
        distribution = self._assumptions[name]
        column = luck.columns.get((i, distribution))
        if column is None:
            draw = distribution.row_values if name in self._joint else distribution.quantile
            column = draw(luck.uniforms[i])
            # Any number may be set by hand; as many columns as priors are kept.
            if not distribution.is_fixed:
                luck.columns[i, distribution] = column
        return column

    def _base(self, luck: Number) -> tuple[Label, Number]:
        """Base values X₀ with their perimeters: drawn together, or the construction nearest to a given X₀.

        One uniform names the component by its place among the weights and draws inside it.
        """
        distribution = self._assumptions[BASE]
        labels = [construction.id for construction in self._constructions]
        if distribution.kind == "constructions":
            edges = np.concatenate([[0.0], np.cumsum(distribution.weights)])
            if self._chosen is None:
                index = np.searchsorted(edges[1:-1], luck, side="right")
                within = (luck - edges[index]) / (edges[index + 1] - edges[index])
            else:
                index, within = np.full(len(luck), labels.index(self._chosen)), luck
            values = np.empty_like(luck)
            for k, component in enumerate(distribution.components):
                values[index == k] = component.quantile(within[index == k])
            return index, values
        values = np.asarray(distribution.quantile(luck))
        if self._chosen is not None:
            index = np.full(len(luck), labels.index(self._chosen))
        else:
            index = np.array([nearest_construction(self._constructions, x) for x in values])
        smallest = np.array([c.distribution.lower for c in self._constructions])
        return index, np.maximum(values, smallest[index])


@lru_cache(maxsize=16)
def _luck(addresses: tuple[str, ...], seed: int, members: range) -> _Luck:
    """The luck of a block of members, shared by all scenarios of a seed."""
    return _Luck(_uniforms(name_ids(addresses), Decision.PARAMETER, seed, members), {})


@lru_cache(maxsize=16)
def _luck_of_years(ids: bytes, seed: int, members: range) -> Number:
    """The luck of a block's definition drift, (Y, BLOCK), shared likewise."""
    years = np.frombuffer(ids, dtype=np.uint64)
    return _uniforms(years, Decision.DEFINITION_DRIFT, seed, members)


def _uniforms(ids: npt.NDArray[np.uint64], decision: Decision, seed: int, members: range) -> Number:
    columns = np.array(members, dtype=np.uint64)
    return uniforms(ids[:, np.newaxis], 0, decision, seed, columns)[0]
