"""How a member begins: its founding, and the layout of all that policy moves and no firm does.

Every draw is addressed, so laying out again with other doses from some quarter on gives the quarters before it again,
bit for bit. That is how a government changes its budgets in the course of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulator.model.study import Study
from simulator.policy.levers import Channels
from simulator.world.firms import Table
from simulator.world.founding import (
    TIER,
    Base,
    BirthPlan,
    Draw,
    close_entry_account,
    found_2017,
    found_2024,
    lay_out_births,
    node_depreciation,
    settle_links,
    settle_research,
)
from simulator.world.goals import Backdrop, lay_out_backdrop, stand_ins
from simulator.world.listed import Listed, found_listed
from simulator.world.paths import GrowthPaths, contract_spending, fund_paths, growth_paths
from simulator.world.people import people_paths, settle_people
from simulator.world.pipelines import (
    INVESTED_IN,
    Reserved,
    carrier_of,
    projects_so_far,
    run_pipelines,
)
from simulator.world.state import Forcing, Parameters, World, open_stocks, parameters_of
from simulator.world.titles import open_titles

Number = npt.NDArray[np.float64]
Label = npt.NDArray[np.int64]

DT = 0.25
NO_CONSTRUCTION = -1  # recorded where a list of firms states the base value


class Laid(NamedTuple):
    """All that policy moves and no firm does, over the T quarters of a period."""

    births: Table
    first_birth: Label  # (T + 1,)
    forcing: Forcing
    projects: Number  # (T, 2·targets)
    hired: Label  # which counted targets count people
    holders: int  # firms that may ever hold a grant or carry a project, at most


class Founded(NamedTuple):
    """One member before its first quarter."""

    world: World
    backdrop: Backdrop
    parameters: Number  # (parameters,)
    layout: Layout


@dataclass(frozen=True)
class Layout:
    """What a member's quarters are laid out from, whatever its levers do: draws, paths, sizes at founding."""

    study: Study
    values: dict[str, float]
    parameters: Parameters
    draw: Draw
    growth: GrowthPaths
    reference: Number  # (Y,) size against which hazard measures a firm, 亿元/yr
    depreciation: Number  # (2, nodes) of research, see `Forcing`
    unmoved: BirthPlan  # who would come without policy
    does_ai: int  # firms that do AI at founding

    def lay_out(self, channels: Channels) -> Laid:
        """Births, forcing and projects when levers act through these channels."""
        study, p, draw = self.study, self.parameters, self.draw
        ground = study.ground
        shape = (len(study.simulated), len(ground.chains), len(ground.places))

        def channel(name: str, shape: tuple[int, ...]) -> Number:
            return channels.channel(name, self.values.__getitem__, shape)

        plan = self.unmoved._replace(
            entry=1.0 + channel("entry", shape) @ ground.place_share,
            incentive=channel("location", shape),
            policy=tuple((s.lever, s.rates, s.chain_weights) for s in channels.signings),
        )
        births, first_birth = lay_out_births(plan, ground, p, draw)
        settle_research(births, self.depreciation, p, draw.loops)
        funds = fund_paths(channel("fund", shape[:1]), p, draw)
        grants = np.zeros((len(study.years), len(ground.chains)))
        np.add.at(grants, study.year_of, DT * channel("knowledge", shape[:2]))
        pipelines = run_pipelines(
            self._reserved(channels),
            ground.carried,
            study.counted,
            study.year_start,
            p.milestones,
            draw,
        )
        of_people, promised = self._promised(channels, shape)
        # Of people, those who come are started and those hired are delivered, as the engine finds them posts.
        hired = np.array([study.counted.index(target) for target in of_people], dtype=np.int64)
        projects = np.hstack((pipelines.started, pipelines.delivered))
        projects[:, hired] += projects_so_far(np.cumsum(DT * promised.sum(axis=2), axis=0))
        forcing = Forcing(
            drift=self.growth.drift,
            reference=self.reference,
            published=self.growth.published,
            growth=channel("growth", shape),
            survival=channel("survival", shape),
            linkage=channel("linkage", shape) @ ground.place_share,
            contracts=contract_spending(
                channel("demand", shape[:2]), p.contracts.contract_duration, draw.loops
            ),
            fund=funds.stocks,
            tickets=funds.tickets,
            first_ticket=funds.first_ticket,
            people=people_paths(
                study.years,
                self.growth.national,
                channel("talent_supply", shape[::2]),
                promised,
                p.talent,
            ),
            grants=grants,
            research_depreciation=self.depreciation,
            projects=pipelines.carried,
        )
        # All that ever do AI may hold a grant or carry a project.
        holders = self.does_ai + int(np.sum(births.column("ai")))
        return Laid(births, first_birth, forcing, projects, hired, holders)

    def _reserved(self, channels: Channels) -> list[Reserved]:
        study = self.study
        metric = study.metrics
        return [
            Reserved(
                r.target,
                r.technology,
                (self.values[r.parameter] if r.parameter else 1.0) * r.rates,
                carrier_of(metric[r.target], r.technology),
                metric[r.target] in INVESTED_IN,
                r.target in study.sized,
                study.last_stage.get(r.target, ""),
            )
            for r in channels.reservations
        ]

    def _promised(
        self, channels: Channels, shape: tuple[int, int, int]
    ) -> tuple[tuple[str, ...], Number]:
        """Targets that count people, and those who come for a post toward each; (T, targets, P) a year."""
        of_people = tuple(sorted({r.target for r in channels.recruits}))
        promised = np.zeros((shape[0], len(of_people), shape[2]))
        execution = self.parameters.milestones.execution_counts
        for r in channels.recruits:
            strength = execution * (self.values[r.parameter] if r.parameter else 1.0)
            promised[:, of_people.index(r.target)] += strength * r.rates
        return of_people, promised


def found_world(study: Study, member: int, draw: Draw) -> Founded:
    """Found one member: draw its parameters, then its firms, its paths and the firms to come with the draw's luck."""
    scenario, ground = study.scenario, study.ground
    values, construction, drift = study.draws.of(member)
    p = parameters_of(values, study.switches)
    if study.listed is not None:
        construction = NO_CONSTRUCTION
        firms = found_listed(ground, study.listed, _listed_base(study.listed, values), p, draw)
    elif scenario.founding == "2024Q4":
        base = _base(study, values, construction, member)
        firms = found_2024(ground, base, p, draw)
    else:
        firms = found_2017(ground, values["unnamed_max_size"], p, draw)
    open_titles(firms, study.quarters[0].year, p.titles, draw.loops)
    named = stand_ins(firms, ground, draw) if study.named else ()
    links = settle_links(firms, ground, p, draw.loops)
    depreciation = node_depreciation(ground, p)
    settle_research(firms, depreciation, p, draw.loops)
    columns = firms.columns.firms
    listed = columns.catalogue[: firms.n] > 0
    external, sales = columns.external[: firms.n], columns.sales[: firms.n]
    median = median_of(external)
    founding_year = study.quarters[0].year
    growth = growth_paths(study.years, founding_year, drift, ground, p, draw)
    backdrop = lay_out_backdrop(study.quarters, growth.national, study.clusters, named, p, draw)
    index = np.exp(np.cumsum(growth.drift @ ground.chain_mix))
    loading = p.demand.loading_national
    newcomers = close_entry_account(
        firms, ground, p, loading * float(np.log1p(p.demand.g_nat_ai)), median, draw.loops
    )
    if not study.closes_entry_account:
        newcomers = newcomers._replace(catalogue=values["arrivals_rate"])
    entered = p.demand.net_entry_share_national * loading * np.cumsum(growth.national)
    by_chain = columns.chain[: firms.n]
    chain_sales = np.asarray(np.bincount(by_chain, sales, len(ground.chains)), dtype=np.float64)
    chain_external = np.bincount(by_chain, external, len(ground.chains))
    final_share = np.where(chain_sales > 0.0, chain_external / np.maximum(chain_sales, 1e-300), 1.0)
    unmoved = BirthPlan(
        first_quarter=study.simulated[0].index,
        n_founding=firms.n,
        median_size=median_of(sales),
        final_share=final_share,
        size_index=index[study.year_of],
        entry=np.ones(1),
        incentive=np.zeros(1),
        newcomers=newcomers,
        industry_index=(index * np.exp(entered))[study.year_of],
        # The firms of 2017 are the software industry, and so are those that join them.
        software_share=1.0 if scenario.founding == "2017Q4" else p.demography.software_share,
        policy=(),
    )
    does_ai = int(np.sum(columns.ai[: firms.n]))
    layout = Layout(study, values, p, draw, growth, median * index, depreciation, unmoved, does_ai)
    laid = layout.lay_out(study.channels)
    reference = median_of(external[listed]) if listed.any() else median
    by_place = columns.place[: firms.n]
    place_sales = np.asarray(np.bincount(by_place, sales, len(ground.places)), dtype=np.float64)
    steps = len(study.simulated)
    people = settle_people(
        place_sales, founding_year, (steps, len(laid.hired)), p.talent, p.switches.talent
    )
    stocks = open_stocks(
        len(laid.forcing.tickets),
        chain_sales,
        reference,
        people,
        holders=laid.holders,
        lag=int(np.floor(p.research.lag_rd / DT + 0.5)),
        projects=len(laid.forcing.projects.begun),
        counted=(steps, len(study.counted)),
    )
    derived = (
        float(construction),
        float(np.count_nonzero(listed & (sales >= TIER))),
        float(np.count_nonzero(listed)),
        newcomers.catalogue,
    )
    row = np.array([*values.values(), *derived])
    world = World(
        firms,
        laid.births,
        laid.first_birth,
        p,
        laid.forcing,
        links,
        stocks,
        laid.projects,
        laid.hired,
    )
    return Founded(world, backdrop, row, layout)


def median_of(column: Number) -> float:
    """Median of a column that is not empty."""
    half = len(column) // 2
    if len(column) % 2:
        return float(np.partition(column, half)[half])
    middle = np.partition(column, (half - 1, half))[half - 1 : half + 1]
    return float((middle[0] + middle[1]) / 2.0)


def _listed_base(listed: Listed, values: dict[str, float]) -> Base:
    """The stock of 2024 as a list of firms states it; the values drawn for it are overwritten."""
    revenue = listed.in_catalogue
    values["base_core_revenue"] = float(revenue.sum())
    values["n10_2024"] = float(np.count_nonzero(revenue >= TIER))
    values["catalogue_firms"] = float(len(revenue))
    names = ("catalogue_firms", "ecosystem_firms", "founding_tail", "unnamed_max_size")
    stated = values["base_core_revenue"], NO_CONSTRUCTION, values["n10_2024"]
    return Base(*stated, *(values[name] for name in names))


def _base(study: Study, values: dict[str, float], construction: int, member: int) -> Base:
    """The stock of 2024, with the count above the tier drawn from its prior inside what X₀ leaves room for."""
    chosen = study.constructions[construction]
    inside = dict(chosen.inside)
    named = [firm.revenue * inside[firm.id] for firm in study.ground.named if firm.id in inside]
    above = sum(revenue >= TIER for revenue in named)
    room = values["base_core_revenue"] - sum(named)
    most = above + int(0.6 * room / TIER)
    drawn = study.draws.truncated("n10_2024", member, above - 0.5, most + 0.5)
    n10 = float(min(max(round(drawn), above), most))
    values["n10_2024"] = n10
    names = ("catalogue_firms", "ecosystem_firms", "founding_tail", "unnamed_max_size")
    return Base(values["base_core_revenue"], construction, n10, *(values[n] for n in names))
