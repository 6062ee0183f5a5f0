"""Founding on a user's own list of firms: they replace the drawn catalogue, the rest stays as drawn.

A firm's draws are addressed by its name, so the order of the list changes nothing, and a firm keeps
its luck when others come or go.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.foundation.randomness import Decision, Ids, Origin, name_ids
from simulator.world.firms import Table
from simulator.world.founding import (
    Base,
    Draw,
    append_outside,
    draw_age,
    draw_node,
    draw_quality,
)
from simulator.world.places import Ground
from simulator.world.population import FOUNDING_YEAR, Population
from simulator.world.state import Parameters

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

UNKNOWN = -1
ORIGIN_SHIFT = np.uint64(60)  # the first four bits of an id tell where a firm comes from


class Listed(NamedTuple):
    """A list of firms as columns, in the order of their names."""

    ids: Ids
    revenue: Number  # 亿元/yr
    chain: Label
    node: Label  # UNKNOWN where the list says nothing
    place: Label
    age: Label  # quarters at the end of the founding year, or UNKNOWN
    catalogue: Label
    ai: Label
    software: Label  # 0, 1 or UNKNOWN
    public: Label

    @property
    def in_catalogue(self) -> Number:
        """Revenue of the firms in the catalogue, 亿元/yr."""
        return self.revenue[self.catalogue > 0]


def listed_firms(population: Population, ground: Ground, nodes: tuple[str, ...]) -> Listed:
    """The list as columns; ``nodes`` are the ids of all nodes in the order of the ground."""
    firms = population.firms
    chains = [ground.chains.index(firm.chain) for firm in firms]
    end = Quarter(FOUNDING_YEAR, 4)

    def node(chain: int, id_: str) -> int:
        first = int(ground.first_node[chain])
        last = int(ground.first_node[chain + 1])
        return first + nodes[first:last].index(id_) if id_ else UNKNOWN

    def column(values: list[int]) -> Label:
        return np.array(values, dtype=np.int64)

    # Sixty bits of the name: thousands of firms get ids of their own, which 24 bits would not give.
    ids = name_ids(tuple(firm.name for firm in firms)) >> np.uint64(4)
    ids |= np.uint64(Origin.NAMED) << ORIGIN_SHIFT
    return Listed(
        ids,
        np.array([firm.revenue for firm in firms]),
        column(chains),
        column([node(c, firm.node) for c, firm in zip(chains, firms, strict=True)]),
        column([ground.places.index(firm.place) for firm in firms]),
        column(
            [
                UNKNOWN if f.founded is None else end.index - Quarter(f.founded, 3).index
                for f in firms
            ]
        ),
        column([firm.catalogue for firm in firms]),
        column([firm.ai for firm in firms]),
        column([UNKNOWN if firm.software is None else int(firm.software) for firm in firms]),
        column([firm.public for firm in firms]),
    )


def found_listed(ground: Ground, listed: Listed, base: Base, p: Parameters, draw: Draw) -> Table:
    """Found the firms of a list at their revenue, and the drawn firms outside the catalogue around them.

    Sales are set, external sales not yet. What the list leaves open (node, age, software) is drawn.
    """
    ids = listed.ids
    _, node_luck = draw.pair(ids, Decision.FOUNDING_KIND)
    _, software_luck = draw.pair(ids, Decision.FOUNDING_PLACE)
    age_luck, _ = draw.pair(ids, Decision.FOUNDING_AGE)
    drawn_node = draw_node(ground, listed.chain, node_luck)
    drawn_software = software_luck < p.demography.software_share
    table = Table(0)
    table.append(
        ids,
        sales=listed.revenue,
        chain=listed.chain,
        node=np.where(listed.node == UNKNOWN, drawn_node, listed.node),
        place=listed.place,
        catalogue=listed.catalogue,
        ai=listed.ai,
        software=np.where(listed.software == UNKNOWN, drawn_software, listed.software),
        named=listed.public,
        quality=draw_quality(draw, ids),
        ai_share=p.demography.core_ai_share,
        age=np.where(listed.age == UNKNOWN, draw_age(ground, age_luck), listed.age),
    )
    append_outside(table, base, ground, p, draw)
    return table
