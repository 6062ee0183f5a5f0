"""What all members of a scenario share: ground, channels, distributions, calendar, names of what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.foundation.calendar import Quarter
from simulator.policy.budgets import Office, district_of, office_of, offices
from simulator.policy.effects import (
    LeverEffect,
    counted_targets,
    lever_tables,
    revenue_goal,
    sized_targets,
)
from simulator.policy.levers import Channels, open_channels
from simulator.registry import Library, Registry, Target
from simulator.scenario import Scenario
from simulator.world.draws import ParameterDraws
from simulator.world.goals import named_firm_targets
from simulator.world.listed import Listed, listed_firms
from simulator.world.measures import OwnSeries, measure_names
from simulator.world.places import Ground, load_ground
from simulator.world.state import Switches

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

DERIVED = ("construction", "n10_founding", "catalogue_founding", "arrivals_signed")


class MemberResult(NamedTuple):
    """One member: recorded series (quarters, series) and its drawn parameters (parameters,)."""

    values: Number
    parameters: Number


class Study:
    """What all members of a scenario share: ground, channels, distributions, calendar."""

    def __init__(self, scenario: Scenario) -> None:
        """Read the ground and open the channels; raises InputError for bad data."""
        self.scenario = scenario
        self.library: Library = scenario.library
        self.registry: Registry = self.library.registry
        self.ground: Ground = load_ground(self.library)
        self.simulated: tuple[Quarter, ...] = scenario.period.quarters
        self.quarters: tuple[Quarter, ...] = (self.simulated[0].shift(-1), *self.simulated)
        self.years: tuple[int, ...] = scenario.period.years
        self.effects: tuple[LeverEffect, ...] = lever_tables(self.library).effects
        self.counted: tuple[str, ...] = counted_targets(self.effects)
        self.sized: tuple[str, ...] = sized_targets(self.effects, self.registry)
        # Who stands for a named firm is known where the firms of 2017 are founded.
        by_name = named_firm_targets(self.ground) if scenario.founding == "2017Q4" else ()
        self.named: tuple[str, ...] = by_name
        due = {target.id for target in self.registry.targets if target.deadline.year in self.years}
        self.clusters = tuple(c for c in self.ground.goal_clusters if c.target in due)
        named = tuple(cluster.target for cluster in self.clusters)
        self.own = OwnSeries(*(self._keys(ids) for ids in (self.sized, by_name, named)))
        self.series: tuple[str, ...] = measure_names(
            self.ground.chains, self.ground.places, self._keys(self.counted), self.own
        )
        end = len(self.series) - len(self.own.names)
        self.delivered = slice(end - len(self.counted), end)  # columns of a recorded row
        self.last_stage = last_stages(self.registry)
        self.switches = Switches(**{k: float(on) for k, on in scenario.mechanisms.items()})
        self.constructions = self.library.constructions
        self.draws = ParameterDraws(
            scenario.assumptions,
            self.constructions,
            scenario.base_construction,
            self.years,
            scenario.seed,
        )
        self.parameter_names: tuple[str, ...] = (*self.draws.names, *DERIVED)
        self.year_start: Label = np.array(
            [self.simulated.index(Quarter(q.year, 1)) for q in self.simulated]
        )
        prior = self.library.priors["arrivals_rate"].distribution
        self.closes_entry_account: bool = scenario.assumptions["arrivals_rate"] == prior

    @property
    def measured_by_quarter(self) -> bool:
        """Whether a target names firms or a cluster, which the firms' columns answer quarter by quarter."""
        return bool(self.named or self.clusters)

    def _keys(self, targets: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.registry.target(target).key for target in targets)

    def values_asked(self, targets: tuple[str, ...]) -> Number:
        """What each target asks for, in its unit; shape (targets,)."""
        return np.array([self.registry.target(target).value or 0.0 for target in targets])

    @cached_property
    def listed(self) -> Listed | None:
        """The user's own list of firms as columns; None where the catalogue is drawn."""
        population = self.scenario.population
        if population is None:
            return None
        nodes = tuple(node.id for chain in self.registry.chains for node in chain.nodes)
        return listed_firms(population, self.ground, nodes)

    @cached_property
    def channels(self) -> Channels:
        """Exposure tables of the scenario's levers, all as planned."""
        return self._open(None)

    def scaled_channels(self, factors: Mapping[str, Number]) -> Channels:
        """Exposure tables when each government scales the doses of its levers, (T,) by its id."""
        levers = self.scenario.levers
        return self._open({s.lever.id: factors[office_of(s, self.ground)] for s in levers})

    def _open(self, factors: Mapping[str, Number] | None) -> Channels:
        assumptions = lever_tables(self.library).assumptions
        levers = self.scenario.levers
        return open_channels(
            levers, assumptions, self.effects, self.ground, self.simulated, factors
        )

    @cached_property
    def offices(self) -> tuple[Office, ...]:
        """The governments of the city, the municipality first, with their planned budgets."""
        assumptions = lever_tables(self.library).assumptions
        return offices(self.scenario.levers, assumptions, self.ground, self.simulated)

    @cached_property
    def districts(self) -> tuple[str, ...]:
        """Id of the district that each place is or lies in."""
        return tuple(district_of(self.ground, place) for place in range(len(self.ground.places)))

    @cached_property
    def seat_of_place(self) -> Label:
        """Position among the offices of the government of each place's district."""
        seats = [office.id for office in self.offices]
        return np.array([seats.index(district) for district in self.districts], dtype=np.int64)

    @cached_property
    def year_of(self) -> Label:
        """Position among the years of each simulated quarter."""
        return np.array([quarter.year - self.years[0] for quarter in self.simulated])

    @cached_property
    def metrics(self) -> dict[str, str]:
        """What each target of the registry is measured by."""
        return {target.id: target.metric for target in self.registry.targets}

    @cached_property
    def goal(self) -> tuple[float, int] | None:
        """Core revenue (亿元) and year that adaptive governments steer for; None without a target in force."""
        target = revenue_goal(self.registry, self.scenario.plans, self.quarters[0].year)
        if target is None or target.value is None:
            return None
        return target.value, target.deadline.year

    def simulate(self, member: int, engine: str = "auto", luck: int | None = None) -> MemberResult:
        """Run one member to the end of the period; thread-safe, a function of (scenario, seed, member, luck).

        With `luck`, the member keeps its parameters and base value, and draws all else as member `luck` does.
        """
        from simulator.model.member import Member

        one = Member(self, member, engine=engine, luck=luck)
        one.advance(len(self.simulated))
        result = MemberResult(one.block, one.parameter_row)
        one.close()
        return result


def last_stages(registry: Registry) -> dict[str, str]:
    """For each target that is a dated stage of something, the last stage: all of them are one row of projects."""
    stages = [target for target in registry.targets if target.comparator == "by_date"]
    last: dict[tuple[str, str], Target] = {}
    for target in sorted(stages, key=lambda target: target.deadline):
        last[target.document, target.metric] = target
    return {target.id: last[target.document, target.metric].id for target in stages}


def prepare(scenario: Scenario) -> Study:
    """Everything the members of a scenario share."""
    return Study(scenario)
