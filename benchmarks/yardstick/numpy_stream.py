"""The quarter as idiomatic numpy: arrays, masks, numpy's own functions, one generator, no pairing by firm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.yardstick.luck import Addressed, Stream
from benchmarks.yardstick.worlds import Start, addresses, flat
from simulator.foundation.randomness import Decision
from simulator.world.firms import Firms
from simulator.world.measures import BY_CHAIN, BY_PLACE
from simulator.world.state import BUILDER, Address, World

DT = 0.25
STAGES = (
    "leave",
    "enter",
    "admit",
    "grow_yearly",
    "grow_quarterly",
    "award",
    "learn",
    "invest",
    "build",
    "sell",
    "deliver",
    "staff",
    "record",
)
YEARLY = ("grow_yearly", "award")
LOGISTIC_SCALE = math.sqrt(3.0) / math.pi


class City:
    """The world of one member as a dictionary of arrays."""

    def __init__(self, start: Start, world: World, luck: Stream | Addressed) -> None:
        self.world, self.luck, self.p = world, luck, world.parameters
        self.calendar = list(addresses(start))
        self.n_chains = len(start.study.ground.chains)
        self.n_places = len(start.study.ground.places)
        self.f = {name: world.firms.column(name).copy() for name in Firms._fields}
        self.ids = world.firms.ids.copy()
        stocks, research = world.stocks, self.p.research
        self.contracts, self.chain_sales = np.zeros(self.n_chains), stocks.chain_sales.copy()
        self.pot, self.paid = stocks.grant_pot.copy(), 0.0
        self.grant, self.granted = (np.zeros(len(stocks.row)) for _ in range(2))
        self.row = np.full(len(stocks.row), -1)
        self.lead = np.zeros((len(stocks.row), round(research.lag_rd / DT) + 2))
        self.slots = 0
        self.holder = np.zeros(len(stocks.project_slot), dtype=np.int64)
        self.delivered = np.zeros(stocks.delivered.shape[1])
        people = stocks.people
        self.pool, self.wanted, self.fill = (
            people.pool.copy(),
            people.wanted.copy(),
            people.fill.copy(),
        )
        self.posts, self.hired = people.posts.copy(), np.zeros(people.hired.shape[1])
        self.tickets: list[tuple[int, float, int]] = []
        self.invested = self.coinvested = 0.0
        self.figures: dict[str, float] = {}

    def step(self, now: Address) -> None:
        for stage in STAGES:
            if stage not in YEARLY or now.first_of_year:
                getattr(self, stage)(now)

    def by(self, label: str, values: Any, size: int) -> Any:
        return np.bincount(self.f[label], weights=values, minlength=size)

    def leave(self, now: Address) -> None:
        p, f = self.p.demography, self.f
        years = f["age"] // 4
        table = np.array([p.h_age0, p.h_age1, p.h_age2, *[p.h_age3_6] * 4, p.h_age7p])[
            np.minimum(years, 7)
        ]
        relative = f["external"] / self.world.forcing.reference[now.year]
        size = np.minimum(1.5, relative**-p.exit_size_exponent)
        own = np.where(f["named"] > 0, p.exit_named, table * p.h_hightech_mult * size)
        survival = self.world.forcing.survival[now.step][f["chain"], f["place"]]
        yearly = np.minimum(0.95, own * np.maximum(0.0, 1.0 - survival))
        hazard = self.p.switches.exit * (1.0 - (1.0 - yearly) ** 0.25)
        stay = self.luck.column(Decision.EXIT, now, self.ids) >= hazard
        self.figures["exits"] = float(np.count_nonzero(~stay)) / DT
        self.ids = self.ids[stay]
        self.f = {name: column[stay] for name, column in f.items()}
        self.f["age"] += 1

    def enter(self, now: Address) -> None:
        new = slice(*self.world.first_birth[now.step : now.step + 2])
        births = self.world.births
        self.ids = np.concatenate([self.ids, births.ids[new]])
        self.f = {
            name: np.concatenate([column, births.column(name)[new]])
            for name, column in self.f.items()
        }

    def admit(self, now: Address) -> None:
        f = self.f
        f["catalogue"][(f["ai"] > 0) & (f["sales"] >= self.p.demography.catalogue_threshold)] = 1

    def grow_yearly(self, now: Address) -> None:
        d, on, f = self.p.demand, self.p.switches, self.f
        old = f["age"] > 0
        log_e, log_a = np.log(f["external"]), np.log1p(f["age"] * DT)
        group = f["catalogue"] * self.n_chains + f["chain"]
        counts = np.bincount(group, old, 2 * self.n_chains)
        means = np.bincount(group, old * log_e, 2 * self.n_chains) / np.maximum(counts, 1.0)
        gap = log_e - means[group]
        weight = old * f["external"]
        total = np.maximum(self.by("catalogue", weight, 2), 1e-300)
        mean_age = self.by("catalogue", weight * log_a, 2) / total
        mean_gap = self.by("catalogue", weight * gap, 2) / total
        age = d.age_growth_slope * (log_a - mean_age[f["catalogue"]])
        reversion = (d.rho_size - 1.0) * (gap - mean_gap[f["catalogue"]])
        reference = self.world.stocks.catalogue_reference[0]
        b = np.minimum(d.b_cap, d.laplace_b_small * (f["external"] / reference) ** -d.beta_size_var)
        u = self.luck.column(Decision.FIRM_SHOCK, now, self.ids)
        laplace = np.sign(u - 0.5) * -b * np.log(1.0 - 2.0 * np.abs(u - 0.5))
        shock = on.firm_shocks * (laplace + np.log1p(-b * b))
        national = self.world.forcing.people.national_fill[now.year]
        held = np.minimum(1.0, self.fill / national) ** self.p.talent.alpha_skill
        chain = self.world.forcing.drift[now.year][:, None]
        drift = np.where(chain > 0.0, chain * held, chain)[f["chain"], f["place"]]
        growth = drift + on.age_effect * age + on.reversion * reversion + shock
        f["capacity"][old] *= np.maximum(1.0, np.exp(shock[old]))
        f["external"][old] *= np.exp(growth[old])

    def grow_quarterly(self, now: Address) -> None:
        c, f = self.p.contracts, self.f
        share = np.divide(
            self.contracts,
            self.chain_sales,
            out=np.zeros(self.n_chains),
            where=self.chain_sales > 0.0,
        )
        uplift = c.contract_data_rich_share * c.scenario_commercial / 2.5 * share
        cell = np.exp(DT * (self.world.forcing.growth[now.step] + uplift[:, None]))
        f["external"] *= cell[f["chain"], f["place"]]
        lifted = f["ticket_until"] >= now.quarter
        f["external"][lifted] *= np.exp(DT * f["lift"][lifted])

    def award(self, now: Address) -> None:
        r, f, forcing = self.p.research, self.f, self.world.forcing
        projects = forcing.projects
        listed = range(*projects.first[now.year : now.year + 2])
        self.grant[:] = 0.0
        self.pot += self.p.switches.research * forcing.grants[now.year]
        able = np.flatnonzero(f["ai"])
        if not len(able) or not (listed or self.pot.any()):
            return
        noise, luck = self.luck.pair(Decision.GRANT_ROUND, now, self.ids[able])
        quality = f["quality"][able]
        score = np.log(quality) + r.grant_score_noise * LOGISTIC_SCALE * np.log(
            noise / (1.0 - noise)
        )
        builders = able[np.argsort(-np.log(luck) / (f["external"][able] * quality))]
        ranked = able[np.argsort(-score)]
        wins = np.zeros(len(self.ids), dtype=bool)
        added = np.zeros(self.n_chains)
        for chain in range(self.n_chains):
            eligible = ranked[f["chain"][ranked] == chain]
            count = math.floor(self.pot[chain] * r.technologies_per_money + 1e-9)
            size = 1.0 / r.technologies_per_money
            if count > len(eligible) > 0:
                count, size = len(eligible), self.pot[chain] / len(eligible)
            if count and len(eligible):
                self.pot[chain] = max(0.0, self.pot[chain] - count * size)
                self.paid += count * size
                kept = (1.0 + r.rd_additionality) * (1.0 - r.rd_misuse) * r.rd_grant_reference
                added[chain] = min(
                    size, kept * (size / r.rd_grant_reference) ** r.subsidy_concavity
                )
                wins[eligible[:count]] = True
        granted = ranked[wins[ranked]]
        self.grant[self.slots_of(granted)] = added[f["chain"][granted]]
        researchers = granted if len(granted) else ranked
        built = projects.carrier[listed.start : listed.stop] == BUILDER
        carriers = np.empty(len(listed), dtype=np.int64)
        carriers[built] = builders[np.arange(np.count_nonzero(built)) % len(builders)]
        carriers[~built] = researchers[np.arange(np.count_nonzero(~built)) % len(researchers)]
        self.holder[listed.start : listed.stop] = self.slots_of(carriers)

    def slots_of(self, rows: Any) -> Any:
        slot = self.f["slot"]
        new = np.unique(rows[slot[rows] == 0])
        slot[new] = self.slots + 1 + np.arange(len(new))
        self.slots += len(new)
        return slot[rows]

    def learn(self, now: Address) -> None:
        r, f = self.p.research, self.f
        kept = 1.0 - DT * self.world.forcing.research_depreciation[f["software"], f["node"]]
        f["research"] = kept * f["research"] + DT * r.rd_share * f["sales"]
        rows = np.flatnonzero(f["slot"])
        slot, ring = f["slot"][rows], self.lead.shape[1]
        self.row[:] = -1
        self.row[slot] = rows
        self.granted[slot] = kept[rows] * self.granted[slot] + DT * self.grant[slot]
        self.lead[slot, now.quarter % ring] = np.log1p(self.granted[slot] / f["research"][rows])
        rise = self.lead[slot, (now.quarter + 2) % ring] - self.lead[slot, (now.quarter + 1) % ring]
        f["external"][rows] *= np.exp(r.eta_rd * rise)

    def invest(self, now: Address) -> None:
        finance, f, forcing = self.p.finance, self.f, self.world.forcing
        listed = np.flatnonzero(f["catalogue"])
        first, last = forcing.first_ticket[now.step : now.step + 2]
        for number in range(first, last if len(listed) else first):
            u = self.luck.column(Decision.TICKET_CHOICE, now, self.ids[listed], number - first)
            odds = np.sqrt(f["external"][listed]) * f["quality"][listed]
            winner = listed[np.argmin(-np.log(u) / odds)]
            amount = (1.0 + finance.m_crowdin) * forcing.tickets[number]
            f["lift"][winner] = finance.vc_growth_effect * min(1.0, amount / f["external"][winner])
            f["ticket_until"][winner] = now.quarter + np.floor(
                finance.ticket_effective_years / DT + 0.5
            )
            due = now.quarter + int(np.floor(finance.lag_inv_rev / DT + 0.5))
            self.tickets.append((self.ids[winner], amount, due))
            self.invested += forcing.tickets[number]
            self.coinvested += finance.m_crowdin * forcing.tickets[number]

    def build(self, now: Address) -> None:
        finance, f = self.p.finance, self.f
        demand = f["external"] + f["contract"] + f["intermediate"]
        kept = f["capacity"] * (1.0 - finance.capacity_depreciation * DT)
        limit = finance.capacity_max_rate * now.first_of_year + finance.capacity_depreciation * DT
        wanted = np.maximum(0.0, (1.0 + finance.capacity_headroom) * demand - kept)
        f["capacity"] = kept + np.minimum(wanted, limit * f["capacity"])
        for owner, amount, due in self.tickets:
            if due == now.quarter:
                f["capacity"][self.ids == owner] += finance.rev_capital_ratio * amount

    def sell(self, now: Address) -> None:
        p, f, links, forcing = self.p, self.f, self.world.links, self.world.forcing
        c, n = p.contracts, self.n_chains
        weight = np.where(f["ai"] > 0, f["external"] ** c.contract_size_exponent, 0.0)
        weights = self.by("chain", weight, n)
        pool = p.switches.contracts * c.scenario_direct * forcing.contracts[now.step]
        per_weight = np.divide(pool, weights, out=np.zeros(n), where=weights > 0.0)
        f["contract"] = per_weight[f["chain"]] * weight
        external = self.by("chain", f["external"], n)
        self.contracts = self.by("chain", f["contract"], n)
        final = external + self.contracts
        largest = np.zeros(len(links.node_chain))
        np.maximum.at(largest, f["node"], f["sales"])
        nodes = np.bincount(links.node_chain, minlength=n)
        capable = np.bincount(links.node_chain, largest >= p.linkages.capable_node_size, n)
        coverage = capable / nodes / links.coverage
        shares = np.minimum(0.9, p.linkages.rpc * coverage * (1.0 + forcing.linkage[now.step]))
        gross = np.linalg.solve(np.eye(n) - shares[:, None] * links.purchases, final)
        induced = p.switches.links * (gross - final)
        f["intermediate"] = np.divide(induced, external, out=np.zeros(n), where=external > 0.0)[
            f["chain"]
        ]
        f["intermediate"] *= f["external"]
        demand = f["external"] + f["contract"] + f["intermediate"]
        f["sales"] = np.minimum(demand, f["capacity"]) if p.switches.capacity else demand
        self.chain_sales = self.by("chain", f["sales"], n)

    def deliver(self, now: Address) -> None:
        projects, step = self.world.forcing.projects, now.step
        ratio, ramp = self.p.finance.rev_capital_ratio, self.p.milestones.project_ramp
        known = slice(0, projects.first[now.year + 1])
        row = self.row[self.holder[known]]
        begun, due, money = projects.begun[known], projects.due[known], projects.investment[known]
        quarters = np.maximum(due - begun, 1)
        spending = (row >= 0) & (step < begun + quarters)
        done = (row >= 0) & (projects.succeeds[known] > 0) & (step >= due)
        new = done & (step == due)
        np.add.at(self.delivered, projects.target[known][new], 1.0)
        np.add.at(self.f["capacity"], row[new], ratio * money[new])
        grown = np.minimum(1.0, DT * (step - due[done] + 1) / ramp)
        self.figures["project_investment"] = (money[spending] / (DT * quarters[spending])).sum()
        self.figures["project_sales"] = (ratio * money[done] * grown).sum()

    def staff(self, now: Address) -> None:
        t, paths = self.p.talent, self.world.forcing.people
        if not self.p.switches.talent:
            return
        before, home = self.wanted, t.commute_home_share
        joining = t.talent_graduates * before / before.sum() * self.pool.sum()
        joining += t.talent_retention * paths.programme[now.step]
        self.pool = self.pool * (1.0 - t.talent_attrition * DT) + DT * joining
        self.wanted = self.by("place", self.f["sales"], self.n_places) / paths.per_head[now.year]
        jobs = self.wanted / self.wanted.sum()
        working = home * self.pool + (1.0 - home) * jobs * self.pool.sum()
        some = self.wanted > 0.0
        share = np.divide(working, self.wanted, out=np.ones(self.n_places), where=some)
        self.fill = np.minimum(1.0, share)
        left = np.zeros(self.n_places) if now.first_of_year else self.posts
        leaving = t.talent_attrition * DT * before
        posts = left + t.high_end_posts * np.maximum(0.0, self.wanted - before + leaving)
        coming = DT * paths.promised[now.step]
        coming = home * coming + (1.0 - home) * jobs * coming.sum(axis=1, keepdims=True)
        offered = coming.sum(axis=0)
        none = np.zeros(self.n_places)
        placed = np.minimum(1.0, np.divide(posts, offered, out=none, where=offered > 0.0))
        self.hired += (placed * coming).sum(axis=1)
        self.posts = np.maximum(0.0, posts - placed * offered)

    def record(self, now: Address) -> None:
        f = self.f
        in_catalogue = f["catalogue"]
        core = in_catalogue * f["sales"]
        final = f["external"] + f["contract"]
        demand = final + f["intermediate"]
        self.figures |= {
            "core_revenue": core.sum(),
            "core_revenue_consolidated": (core * final / demand).sum(),
            "core_scale": (core * f["ai_share"]).sum(),
            "software_revenue": (f["software"] * f["sales"]).sum(),
            "ecosystem_revenue": ((1 - in_catalogue) * f["sales"]).sum(),
            "contract_revenue": (in_catalogue * f["contract"]).sum(),
            "intermediate_revenue": (in_catalogue * f["intermediate"]).sum(),
            "lost_to_capacity": (in_catalogue * (demand - f["sales"])).sum(),
            "top10_share": np.partition(core, -10)[-10:].sum() / core.sum(),
            "firms": float(len(core)),
            "catalogue_firms": float(in_catalogue.sum()),
            "firms_10": float((core >= 10.0).sum()),
            "firms_50": float((core >= 50.0).sum()),
            "firms_100": float((core >= 100.0).sum()),
            "fund_invested": self.invested,
            "private_coinvestment": self.coinvested,
            "tickets": float(len(self.tickets)),
            "talent_pool": self.pool.sum(),
            "talent_wanted": self.wanted.sum(),
            "talent_fill": (self.wanted * self.fill).sum() / self.wanted.sum(),
            "grants_paid": self.paid,
        }
        chains = [
            self.by("chain", values, self.n_chains) for values in (core, in_catalogue, f["sales"])
        ]
        places = [self.by("place", values, self.n_places) for values in (core, in_catalogue)]
        self.figures |= flat(BY_CHAIN, chains) | flat(BY_PLACE[:3], [*places, self.fill])
        self.figures |= flat(("delivered", "hired"), [self.delivered, self.hired])


def walk(city: City) -> dict[str, float]:
    """Step a city through its calendar; its totals at the end."""
    for now in city.calendar:
        city.step(now)
    return {name: float(value) for name, value in city.figures.items()}
