"""One member of a study: its world, its governments, and the schedule that moves them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simulator.engine.choose import Engine, choose, founding_loops
from simulator.foundation.calendar import Quarter
from simulator.model.layout import found_world
from simulator.model.study import Study, prepare
from simulator.policy.budgets import MUNICIPALITY, Office
from simulator.policy.governments import Government
from simulator.policy.levers import Channels
from simulator.scenario import Scenario
from simulator.world.founding import Draw
from simulator.world.goals import measure_named, measure_related
from simulator.world.measures import (
    BUDGET_FACTOR,
    CORE_REVENUE,
    CORE_REVENUE_PUBLISHED,
    FEATURE_CLUSTERS,
    FUND_COMMITTED,
    FUND_PAID_IN,
    LEADING_FIRMS_TOP3,
    PLACE_BUDGET_FACTOR,
    PLACE_CORE_REVENUE,
    SPECIALISED_SMES,
    measures_of,
    place_columns,
)
from simulator.world.pipelines import projects_so_far
from simulator.world.places import count_feature_areas
from simulator.world.state import Stretch, carry_stocks
from simulator.world.titles import count_titles, review_titles

Number = npt.NDArray[np.float64]

QUARTERS_A_YEAR = 4


class Member:
    """One member of a study; ``step()`` is one quarter.

    ``world`` holds the firms as columns, ``block`` the recorded series (quarters, series), of which row 0 is the
    founding state, and ``measures`` the latest row by name. ``luck`` is the member whose draws of everything but
    parameters it takes: its own, unless the same parameters are to meet other luck.
    """

    def __init__(
        self,
        study: Study | Scenario,
        member: int = 0,
        *,
        engine: str = "auto",
        luck: int | None = None,
    ) -> None:
        """Found the world of one member. Raises ValueError when no world fits the drawn parameters."""
        self.study = study if isinstance(study, Study) else prepare(study)
        seed = self.study.scenario.seed
        self.member = member
        self.luck = member if luck is None else luck
        self.engine: Engine = choose(engine)
        self.quarters_done = 0
        ground = self.study.ground
        rows = len(self.study.quarters)
        self.block = np.zeros((rows, len(self.study.series)))
        self.cells = np.zeros((rows, len(ground.chains), len(ground.places)))
        self.draw = Draw(
            seed,
            self.luck,
            self.engine.uniforms,
            self.engine.choose_place,
            founding_loops(self.engine),
        )
        self.world, self.backdrop, self.parameter_row, self.layout = found_world(
            self.study, member, self.draw
        )
        self._list_projects()
        self._measure_founding()
        self.governments = self._seat_governments()
        own = np.ones((len(self.governments), len(self.study.simulated)))
        self.factors = {g.office.id: row for g, row in zip(self.governments, own, strict=True)}
        self._record_factors(slice(0, 1))

    def step(self) -> None:
        """Advance one quarter: exits, entry, growth, finance, demand, recording (the schedule of the model).

        Raises RuntimeError past the end of the period or when a result is not a finite number.
        """
        self.advance(1)

    def advance(self, quarters: int) -> None:
        """Advance some quarters, as so many steps do; the engine gets as many at a time as the calendar allows.

        Raises RuntimeError past the end of the period or when a result is not a finite number.
        """
        study = self.study
        end = self.quarters_done + quarters
        if end > len(study.simulated):
            raise RuntimeError(f"the period ends with {study.simulated[-1]}")
        while self.quarters_done < end:
            now = study.simulated[self.quarters_done].quarter
            longest = 1 if study.measured_by_quarter else QUARTERS_A_YEAR + 1 - now
            self._compute(min(end, self.quarters_done + longest))

    def _compute(self, stop: int) -> None:
        """Compute the quarters up to step ``stop``, all of one calendar year, and measure them."""
        study, world = self.study, self.world
        start = self.quarters_done
        if study.simulated[start].quarter == 1:
            self._set_budgets(start)
        world.firms.reserve(int(world.first_birth[stop] - world.first_birth[start]))
        world.firms.n = self.engine.quarters(
            world.firms.columns,
            world.firms.n,
            world.births.columns,
            world.first_birth,
            world.parameters,
            world.forcing,
            world.links,
            world.stocks,
            Stretch(
                study.scenario.seed,
                self.luck,
                study.simulated[0].index,
                Quarter(study.years[0], 1).index,
                start,
                stop,
            ),
            self.block,
            self.cells,
        )
        self.quarters_done = stop
        rows = slice(start + 1, stop + 1)
        titles = slice(SPECIALISED_SMES, LEADING_FIRMS_TOP3 + 1)
        self.block[rows, titles] = self.block[start, titles]
        if self.quarter.quarter == QUARTERS_A_YEAR and world.parameters.switches.firms > 0.0:
            review_titles(world.firms, self.quarter.year, world.parameters.titles, self.draw.loops)
            self._count_titles()
        self.block[rows, study.delivered] += world.stocks.delivered[start:stop]
        self.block[rows, study.delivered.start + world.hired] += projects_so_far(
            world.stocks.people.hired[start:stop]
        )
        self._measure(rows)
        self._record_factors(rows)
        if stop == len(study.simulated):
            self._end()
        finite = np.isfinite(self.block[rows])
        if not finite.all():
            step, odd = np.argwhere(~finite)[0]
            quarter = study.simulated[start + step]
            raise RuntimeError(
                f"{study.series[odd]} is not a finite number in {quarter} (member {self.member})"
            )

    def close(self) -> None:
        """Let go of everything, so that columns need not wait for the collector."""
        self._end()
        self.__dict__.clear()

    def _end(self) -> None:
        """Be forgotten by whatever else knows of this member: nothing does."""

    def _seat(self, office: Office, gain: float, base: float, goal: float | None) -> Government:
        return Government(office, gain, base, goal)

    def lay_out(self, channels: Channels) -> None:
        """Lay out again what levers move, from the coming year on; what has happened stays.

        To be called between two years, since a year's projects are listed at once; ``channels`` must be those of the
        present layout in every year that is over.
        """
        world, now = self.world, self.quarters_done
        issued = int(world.forcing.first_ticket[now])
        listed = int(world.forcing.projects.first[self.quarter.year + 1 - self.study.years[0]])
        laid = self.layout.lay_out(channels)
        world.births, world.first_birth, world.forcing = laid.births, laid.first_birth, laid.forcing
        world.projects, world.hired = laid.projects, laid.hired
        world.stocks = carry_stocks(
            world.stocks,
            (issued, len(laid.forcing.tickets)),
            (listed, len(laid.forcing.projects.begun)),
            laid.holders,
        )
        self._list_projects()

    @property
    def quarter(self) -> Quarter:
        """The quarter last computed."""
        return self.study.quarters[self.quarters_done]

    @property
    def measures(self) -> dict[str, float]:
        """Latest recorded row by series name."""
        return dict(zip(self.study.series, self.block[self.quarters_done].tolist(), strict=True))

    def _measure_founding(self) -> None:
        world = self.world
        measures = measures_of(self.block[0], self.cells[0])
        self.engine.record(world.firms.columns, world.firms.n, world.parameters, measures)
        measures.city[FUND_COMMITTED] = world.parameters.finance.fund_committed
        measures.city[FUND_PAID_IN] = world.parameters.finance.fund_paid_in
        measures.city[CORE_REVENUE_PUBLISHED] = measures.city[CORE_REVENUE]
        self.engine.count_people(world.stocks.people, measures)
        self._count_titles()
        self._measure(slice(0, 1))

    def _count_titles(self) -> None:
        world, now = self.world, self.quarters_done
        first = float(self.backdrop.niche_first[now])
        count_titles(world.firms, first, world.parameters.titles, self.draw, self.block[now])

    def _measure(self, rows: slice) -> None:
        """Write what the engines do not sum: areas, clusters, related revenue, and what single targets ask for."""
        study, p = self.study, self.world.parameters
        ground = study.ground
        areas = count_feature_areas(ground.areas, self.cells[rows], p.clusters.cluster_threshold)
        self.block[rows, FEATURE_CLUSTERS] = areas
        measure_related(rows, self.block, len(ground.chains), self.backdrop, p)
        if study.measured_by_quarter:
            self._own[self.quarters_done, 2 * len(study.sized) :] = measure_named(
                self.world.firms,
                self.quarters_done,
                self.backdrop,
                study.clusters,
                study.values_asked(study.named),
                p,
            )

    def _list_projects(self) -> None:
        """Write projects started and delivered into the quarters to come, and the sizes of single ones."""
        study, now = self.study, self.quarters_done
        projects = self.world.projects[now:]
        end = study.delivered.stop
        self.block[now + 1 :, end - projects.shape[1] : end] = projects
        self._own = self.block[:, end:]
        columns = np.array([study.counted.index(target) for target in study.sized], dtype=np.int64)
        planned = study.values_asked(study.sized)
        realised = planned * self.world.parameters.milestones.project_size_realised
        self._own[now + 1 :, : 2 * len(columns)] = np.hstack(
            [projects[:, columns] * planned, projects[:, len(study.counted) + columns] * realised]
        )

    def _seat_governments(self) -> tuple[Government, ...]:
        """The governments, each with the founding revenue of its places and its share of the target."""
        study = self.study
        place, whole = self._published(slice(0, 1))
        gain = self.world.parameters.budgets.adaptive_gain
        own = np.bincount(study.seat_of_place, place, len(study.offices)).tolist()
        seated = []
        for seat, office in enumerate(study.offices):
            base = own[seat] if office.id else whole
            goal = study.goal[0] * base / whole if study.goal is not None and whole > 0.0 else None
            seated.append(self._seat(office, gain, base, goal))
        return tuple(seated)

    def _set_budgets(self, t: int) -> None:
        """Let every government set its budget for the year that begins with step ``t`` (M21)."""
        study = self.study
        year = study.simulated[t].year
        if t == 0 or study.scenario.government == "fixed" or study.goal is None:
            for government in self.governments:
                government.keep_to_plan(year - study.years[0])
            return
        place, whole = self._published(slice(t + 1 - QUARTERS_A_YEAR, t + 1))
        place = place * self.world.forcing.published[year - 1 - study.years[0]]
        founding_year = study.quarters[0].year
        passed = (year - 1 - founding_year) / (study.goal[1] - founding_year)
        for government in self.governments:
            office = government.office
            published = float(place[list(office.places)].sum()) if office.id else whole
            government.adapt(year - study.years[0], passed, published)
            self.factors[office.id][t : t + QUARTERS_A_YEAR] = government.factor
        # The present layout has this year as planned.
        if any(government.factor != 1.0 for government in self.governments):
            self.lay_out(study.scaled_channels(self.factors))

    def _published(self, rows: slice) -> tuple[Number, float]:
        """Mean over recorded rows: true core revenue by place (P,) and the published figure of the city, 亿元."""
        columns = place_columns(PLACE_CORE_REVENUE, *self.cells.shape[1:])
        place = np.asarray(self.block[rows, columns].mean(axis=0))
        return place, float(self.block[rows, CORE_REVENUE_PUBLISHED].mean())

    def _record_factors(self, rows: slice) -> None:
        """Write what each government spends of its plan this year, for the city and by place."""
        factors = {government.office.id: government.factor for government in self.governments}
        self.block[rows, BUDGET_FACTOR] = factors[MUNICIPALITY]
        columns = place_columns(PLACE_BUDGET_FACTOR, *self.cells.shape[1:])
        self.block[rows, columns] = [factors[district] for district in self.study.districts]
