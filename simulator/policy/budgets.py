"""Whose lever it is, what it costs, and what a government has to spend.

A lever whose places all lie in one district is that district's; every other lever is the municipality's. The money that
exists is what the plan spends over the whole period. A special fund is announced in full although only a part of it is
carried out: its dose is the announced money, and what lapses is booked by the ledger.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.policy.effects import LeverAssumption
from simulator.policy.levers import Setting
from simulator.world.places import Ground

Number = npt.NDArray[np.float64]

DT: Final = 0.25
MUNICIPALITY: Final = ""
"""Id of the municipality among the governments; a district government has the id of its district."""
SPECIAL_FUND: Final = "fiscal_special_fund"


class Office(NamedTuple):
    """A government before a member starts: who it is, where, and what its plan spends; Y years."""

    id: str
    places: tuple[int, ...]  # positions among the places; the whole city for the municipality
    planned: Number  # (Y,) 亿元
    money: float  # of all years together, 亿元


def district_of(ground: Ground, place: int) -> str:
    """Id of the district a place is or lies in."""
    return ground.parent[place] or ground.places[place]


def places_of(setting: Setting, ground: Ground) -> list[int]:
    """Positions of the places a lever acts in: a district takes in its zones, no place means the whole city."""
    named = [
        place
        for place, name in enumerate(ground.places)
        if name in setting.places or ground.parent[place] in setting.places
    ]
    return named or list(range(len(ground.places)))


def office_of(setting: Setting, ground: Ground) -> str:
    """Id of the government whose lever this is."""
    districts = {district_of(ground, place) for place in places_of(setting, ground)}
    return districts.pop() if len(districts) == 1 else MUNICIPALITY


def is_announced(setting: Setting, assumption: LeverAssumption) -> bool:
    """Whether a lever's dose is the announced money of a special fund, of which only a part is carried out."""
    return (
        setting.lever.kind == SPECIAL_FUND
        and assumption.attribute == "budget"
        and assumption.cost_per_unit < 1.0
    )


def yearly_rate(
    setting: Setting, assumption: LeverAssumption, quarters: Sequence[Quarter]
) -> Number:
    """Budget of a lever as planned, by quarter; (T,) 亿元 a year."""
    cost = 1.0 if is_announced(setting, assumption) else assumption.cost_per_unit
    return cost * np.array([setting.dose.at(quarter) for quarter in quarters])


def offices(
    settings: Sequence[Setting],
    assumptions: Mapping[str, LeverAssumption],
    ground: Ground,
    quarters: Sequence[Quarter],
) -> tuple[Office, ...]:
    """The municipality, then the district governments in the order of the places, with what they plan to spend."""
    years = [quarter.year - quarters[0].year for quarter in quarters]
    own = {place: name for place, name in enumerate(ground.places) if not ground.parent[place]}
    planned = {name: np.zeros(years[-1] + 1) for name in (MUNICIPALITY, *own.values())}
    for setting in settings:
        assumption = assumptions.get(setting.lever.id)
        if assumption is not None:
            money = DT * yearly_rate(setting, assumption, quarters)
            planned[office_of(setting, ground)] += np.bincount(years, money)
    everywhere = range(len(ground.places))
    return tuple(
        Office(
            name,
            tuple(p for p in everywhere if not name or district_of(ground, p) == name),
            money,
            float(money.sum()),
        )
        for name, money in planned.items()
    )
