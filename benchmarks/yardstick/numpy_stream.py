"""The quarter as idiomatic numpy: arrays, masks, numpy's own functions, one generator, no pairing by firm."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.yardstick.luck import Addressed, Stream
from benchmarks.yardstick.worlds import Start, addresses
from simulator.foundation.randomness import Decision
from simulator.world.firms import Firms
from simulator.world.state import Address, World

DT = 0.25
STAGES = (
    "leave",
    "enter",
    "admit",
    "grow_yearly",
    "grow_quarterly",
    "invest",
    "build",
    "sell",
    "record",
)


class City:
    """The world of one member as a dictionary of arrays."""

    def __init__(self, start: Start, world: World, luck: Stream | Addressed) -> None:
        self.world, self.luck, self.p = world, luck, world.parameters
        self.calendar = list(addresses(start))
        self.n_chains = len(start.study.ground.chains)
        self.n_places = len(start.study.ground.places)
        self.f = {name: world.firms.column(name).copy() for name in Firms._fields}
        self.ids = world.firms.ids.copy()
        self.contracts, self.chain_sales = np.zeros(self.n_chains), world.stocks.chain_sales.copy()
        self.tickets: list[tuple[int, float, int]] = []
        self.invested = self.coinvested = 0.0
        self.figures: dict[str, float] = {}

    def step(self, now: Address) -> None:
        for stage in STAGES:
            if stage != "grow_yearly" or now.first_of_year:
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
        drift = self.world.forcing.drift[now.year][f["chain"]]
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

    def record(self, now: Address) -> None:
        f = self.f
        listed = f["catalogue"]
        core = listed * f["sales"]
        final = f["external"] + f["contract"]
        demand = final + f["intermediate"]
        self.figures |= {
            "core_revenue": core.sum(),
            "core_revenue_consolidated": (core * final / demand).sum(),
            "core_scale": (core * f["ai_share"]).sum(),
            "software_revenue": (f["software"] * f["sales"]).sum(),
            "ecosystem_revenue": ((1 - listed) * f["sales"]).sum(),
            "contract_revenue": (listed * f["contract"]).sum(),
            "intermediate_revenue": (listed * f["intermediate"]).sum(),
            "lost_to_capacity": (listed * (demand - f["sales"])).sum(),
            "top10_share": np.partition(core, -10)[-10:].sum() / core.sum(),
            "firms": float(len(core)),
            "catalogue_firms": float(listed.sum()),
            "firms_10": float((core >= 10.0).sum()),
            "firms_50": float((core >= 50.0).sum()),
            "firms_100": float((core >= 100.0).sum()),
            "fund_invested": self.invested,
            "private_coinvestment": self.coinvested,
        }
        for label, name, size in (
            ("chain", "chain", self.n_chains),
            ("place", "district", self.n_places),
        ):
            for key, values in (("core_revenue", core), ("catalogue_firms", listed)):
                sums = self.by(label, values, size).tolist()
                self.figures |= {f"{name}_{key}[{k}]": value for k, value in enumerate(sums)}


def walk(city: City) -> dict[str, float]:
    """Step a city through its calendar; its totals at the end."""
    for now in city.calendar:
        city.step(now)
    return {name: float(value) for name, value in city.figures.items()}
