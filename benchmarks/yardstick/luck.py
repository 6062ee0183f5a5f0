"""Where a yardstick's draws come from: a stream, as people write it, or the engine's addresses, to compare totals."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from simulator.foundation.randomness import uniforms
from simulator.world.state import Address

Column = npt.NDArray[Any]


class Stream:
    """One stateful generator; draws depend on the order in which they are asked for."""

    def __init__(self, seed: int) -> None:
        """Seed both generators: of numbers and of columns."""
        self._number = random.Random(seed).random
        self._column = np.random.default_rng(seed).random

    def each(
        self, decision: int, now: Address, ids: list[int], option: int = 0
    ) -> Callable[[int], float]:
        """A function that gives the draw of one firm by its id."""
        number = self._number
        return lambda firm: number()

    def each_pair(
        self, decision: int, now: Address, ids: list[int]
    ) -> Callable[[int], tuple[float, float]]:
        """A function that gives two draws of one firm by its id."""
        number = self._number
        return lambda firm: (number(), number())

    def column(self, decision: int, now: Address, ids: Column, option: int = 0) -> Column:
        """The draws of all firms."""
        return self._column(len(ids))

    def pair(self, decision: int, now: Address, ids: Column) -> tuple[Column, Column]:
        """Two draws of each firm."""
        return self._column(len(ids)), self._column(len(ids))


class Addressed:
    """The engine's own draws."""

    def each(
        self, decision: int, now: Address, ids: list[int], option: int = 0
    ) -> Callable[[int], float]:
        """As `Stream.each`."""
        drawn = self.column(decision, now, np.array(ids, dtype=np.uint64), option)
        return dict(zip(ids, drawn.tolist(), strict=True)).__getitem__

    def each_pair(
        self, decision: int, now: Address, ids: list[int]
    ) -> Callable[[int], tuple[float, float]]:
        """As `Stream.each_pair`."""
        first, second = self.pair(decision, now, np.array(ids, dtype=np.uint64))
        drawn = zip(first.tolist(), second.tolist(), strict=True)
        return dict(zip(ids, drawn, strict=True)).__getitem__

    def column(self, decision: int, now: Address, ids: Column, option: int = 0) -> Column:
        """As `Stream.column`."""
        return uniforms(ids, now.quarter, decision, now.seed, now.member, option)[0]

    def pair(self, decision: int, now: Address, ids: Column) -> tuple[Column, Column]:
        """As `Stream.pair`."""
        return uniforms(ids, now.quarter, decision, now.seed, now.member)
