"""The quarter as plain Mesa: a firm is an agent with attributes, a stage a loop over agents."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import mesa
import numpy as np

from benchmarks.yardstick.luck import Addressed, Stream
from benchmarks.yardstick.worlds import TOTALS, Start, addresses, flat
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


class Firm(mesa.Agent):
    """One firm; its attributes are the columns of `simulator.world.firms.Firms`."""

    def __init__(self, model: City, id: int, attributes: dict[str, Any]) -> None:
        super().__init__(model)
        self.id = id
        self.alive = True
        self.grant = self.granted = 0.0
        self.leads: deque[float] | None = None  # of those that ever held a grant or a project
        self.__dict__.update(attributes)

    @property
    def demand(self) -> float:
        return self.external + self.contract + self.intermediate

    def hazard(self, reference: float, survival: float, p: Any) -> float:
        years = self.age // 4
        h = (
            (p.h_age0, p.h_age1, p.h_age2)[years]
            if years < 3
            else p.h_age3_6
            if years < 7
            else p.h_age7p
        )
        size = min(1.5, (self.external / reference) ** -p.exit_size_exponent)
        own = p.exit_named if self.named else h * p.h_hightech_mult * size
        return 1.0 - (1.0 - min(0.95, own * max(0.0, 1.0 - survival))) ** 0.25

    def shock(self, u: float, reference: float, d: Any) -> float:
        b = min(d.b_cap, d.laplace_b_small * (self.external / reference) ** -d.beta_size_var)
        size = -b * math.log(1.0 - 2.0 * abs(u - 0.5))
        return (-size if u < 0.5 else size) + math.log(1.0 - b * b)


@dataclass
class Project:
    """A project that a firm carries."""

    begun: int
    due: int
    succeeds: int
    target: int
    carrier: int
    investment: float
    holder: Firm | None = None


class City(mesa.Model):
    """The world of one member; `step` is one quarter."""

    def __init__(self, start: Start, world: World, luck: Stream | Addressed) -> None:
        super().__init__()
        self.world, self.luck, self.p = world, luck, world.parameters
        self.chains = range(len(start.study.ground.chains))
        self.places = range(len(start.study.ground.places))
        self.calendar = list(addresses(start))
        self.forcing = {
            name: part.tolist()
            for name, part in world.forcing._asdict().items()
            if isinstance(part, np.ndarray)
        }
        self.contracts = [0.0 for _ in self.chains]
        self.chain_sales = world.stocks.chain_sales.tolist()
        self.tickets: list[tuple[int, float, int]] = []  # owner, amount, due
        self.invested = self.coinvested = self.paid = 0.0
        self.pot = world.stocks.grant_pot.tolist()
        self.ring = round(self.p.research.lag_rd / DT) + 2
        projects = {k: part.tolist() for k, part in world.forcing.projects._asdict().items()}
        self.first_project = projects.pop("first")
        rows = zip(*projects.values(), strict=True)
        self.projects = [Project(**dict(zip(projects, row, strict=True))) for row in rows]
        self.delivered = [0.0] * world.stocks.delivered.shape[1]
        self.paths = {k: part.tolist() for k, part in world.forcing.people._asdict().items()}
        people = world.stocks.people
        self.pool, self.wanted, self.fill, self.posts = (
            part.tolist() for part in (people.pool, people.wanted, people.fill, people.posts)
        )
        self.hired = [0.0] * people.hired.shape[1]
        self.figures: dict[str, float] = {}
        self.firms: list[Firm] = []
        self.quarters_done = 0
        self.newborn = self._as_firms(world.births)
        self.firms = self._as_firms(world.firms)

    def _as_firms(self, table: Any) -> list[Firm]:
        columns = {name: table.column(name).tolist() for name in Firms._fields}
        return [
            Firm(self, id, {name: column[row] for name, column in columns.items()})
            for row, id in enumerate(table.ids.tolist())
        ]

    def step(self) -> None:
        now = self.calendar[self.quarters_done]
        self.quarters_done += 1
        for stage in STAGES:
            if stage not in YEARLY or now.first_of_year:
                getattr(self, stage)(now)

    def ids(self) -> list[int]:
        return [firm.id for firm in self.firms]

    def leave(self, now: Address) -> None:
        p, on = self.p.demography, self.p.switches.exit
        reference, survival = (
            self.forcing["reference"][now.year],
            self.forcing["survival"][now.step],
        )
        draw = self.luck.each(Decision.EXIT, now, self.ids())
        staying = []
        for firm in self.firms:
            if draw(firm.id) >= on * firm.hazard(reference, survival[firm.chain][firm.place], p):
                firm.age += 1
                staying.append(firm)
            else:
                firm.alive = False
                firm.remove()
        self.figures["exits"] = (len(self.firms) - len(staying)) / DT
        self.firms = staying

    def enter(self, now: Address) -> None:
        first, last = self.world.first_birth[now.step : now.step + 2]
        self.firms.extend(self.newborn[first:last])

    def admit(self, now: Address) -> None:
        for firm in self.firms:
            if firm.ai and firm.sales >= self.p.demography.catalogue_threshold:
                firm.catalogue = 1

    def grow_yearly(self, now: Address) -> None:
        d, on = self.p.demand, self.p.switches
        old = [firm for firm in self.firms if firm.age > 0]
        logs: dict[tuple[int, int], list[float]] = {}
        for firm in old:
            logs.setdefault((firm.catalogue, firm.chain), []).append(math.log(firm.external))
        means = {group: sum(values) / len(values) for group, values in logs.items()}
        total, by_age, by_gap = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
        for firm in old:
            k = firm.catalogue
            total[k] += firm.external
            by_age[k] += firm.external * math.log(1.0 + firm.age * DT)
            by_gap[k] += firm.external * (math.log(firm.external) - means[k, firm.chain])
        reference = float(self.world.stocks.catalogue_reference[0])
        draw = self.luck.each(Decision.FIRM_SHOCK, now, self.ids())
        drift = self.forcing["drift"][now.year]
        national = self.paths["national_fill"][now.year]
        held = [min(1.0, fill / national) ** self.p.talent.alpha_skill for fill in self.fill]
        for firm in self.firms:
            u = draw(firm.id)
            if firm.age == 0:
                continue
            k = firm.catalogue
            gap = math.log(firm.external) - means[k, firm.chain]
            age = d.age_growth_slope * (math.log(1.0 + firm.age * DT) - by_age[k] / total[k])
            reversion = (d.rho_size - 1.0) * (gap - by_gap[k] / total[k])
            shock = on.firm_shocks * firm.shock(u, reference, d)
            firm.capacity *= max(1.0, math.exp(shock))
            growth = drift[firm.chain] * (held[firm.place] if drift[firm.chain] > 0.0 else 1.0)
            growth += on.age_effect * age + on.reversion * reversion + shock
            firm.external *= math.exp(growth)

    def grow_quarterly(self, now: Address) -> None:
        c, growth = self.p.contracts, self.forcing["growth"][now.step]
        rate = c.contract_data_rich_share * c.scenario_commercial / 2.5
        for firm in self.firms:
            sales = self.chain_sales[firm.chain]
            uplift = rate * self.contracts[firm.chain] / sales if sales > 0.0 else 0.0
            firm.external *= math.exp(DT * (growth[firm.chain][firm.place] + uplift))
            if firm.ticket_until >= now.quarter:
                firm.external *= math.exp(DT * firm.lift)

    def award(self, now: Address) -> None:
        r, on = self.p.research, self.p.switches.research
        first, last = self.first_project[now.year : now.year + 2]
        for firm in self.firms:
            firm.grant = 0.0
        for chain in self.chains:
            self.pot[chain] += on * self.forcing["grants"][now.year][chain]
        able = [firm for firm in self.firms if firm.ai]
        if not able or not (first < last or any(self.pot)):
            return
        draw = self.luck.each_pair(Decision.GRANT_ROUND, now, [firm.id for firm in able])
        score, waiting = {}, {}
        for firm in able:
            noise, u = draw(firm.id)
            error = LOGISTIC_SCALE * math.log(noise / (1.0 - noise))
            score[firm] = math.log(firm.quality) + r.grant_score_noise * error
            waiting[firm] = -math.log(u) / (firm.external * firm.quality)
        ranked = sorted(able, key=score.__getitem__, reverse=True)
        winners = set()
        for chain in self.chains:
            eligible = [firm for firm in ranked if firm.chain == chain]
            count = math.floor(self.pot[chain] * r.technologies_per_money + 1e-9)
            size = 1.0 / r.technologies_per_money
            if count > len(eligible) > 0:
                count, size = len(eligible), self.pot[chain] / len(eligible)
            if not count or not eligible:
                continue
            self.pot[chain] = max(0.0, self.pot[chain] - count * size)
            self.paid += count * size
            kept = (1.0 + r.rd_additionality) * (1.0 - r.rd_misuse) * r.rd_grant_reference
            for firm in eligible[:count]:
                firm.grant = min(size, kept * (size / r.rd_grant_reference) ** r.subsidy_concavity)
                firm.leads = firm.leads or deque([0.0] * self.ring, self.ring)
                winners.add(firm)
        researchers = cycle([firm for firm in ranked if firm in winners] or ranked)
        builders = cycle(sorted(able, key=waiting.__getitem__))
        for project in self.projects[first:last]:
            project.holder = next(builders if project.carrier == BUILDER else researchers)
            project.holder.leads = project.holder.leads or deque([0.0] * self.ring, self.ring)

    def learn(self, now: Address) -> None:
        r, depreciation = self.p.research, self.forcing["research_depreciation"]
        for firm in self.firms:
            kept = 1.0 - DT * depreciation[firm.software][firm.node]
            firm.research = kept * firm.research + DT * r.rd_share * firm.sales
            if firm.leads is None:
                continue
            firm.granted = kept * firm.granted + DT * firm.grant
            firm.leads.append(math.log(1.0 + firm.granted / firm.research))
            firm.external *= math.exp(r.eta_rd * (firm.leads[1] - firm.leads[0]))

    def invest(self, now: Address) -> None:
        f = self.p.finance
        first, last = self.forcing["first_ticket"][now.step : now.step + 2]
        listed = [firm for firm in self.firms if firm.catalogue]
        for number in range(first, last if listed else first):
            draw = self.luck.each(
                Decision.TICKET_CHOICE, now, [firm.id for firm in listed], number - first
            )
            winner = min(
                listed,
                key=lambda firm: (
                    -math.log(draw(firm.id)) / (math.sqrt(firm.external) * firm.quality)
                ),
            )
            ticket = self.forcing["tickets"][number]
            amount = ticket + f.m_crowdin * ticket
            winner.lift = f.vc_growth_effect * min(1.0, amount / winner.external)
            winner.ticket_until = now.quarter + math.floor(f.ticket_effective_years / DT + 0.5)
            self.tickets.append(
                (winner.id, amount, now.quarter + math.floor(f.lag_inv_rev / DT + 0.5))
            )
            self.invested += ticket
            self.coinvested += f.m_crowdin * ticket

    def build(self, now: Address) -> None:
        f = self.p.finance
        limit = (f.capacity_max_rate if now.first_of_year else 0.0) + f.capacity_depreciation * DT
        due = [(owner, amount) for owner, amount, when in self.tickets if when == now.quarter]
        for firm in self.firms:
            kept = firm.capacity * (1.0 - f.capacity_depreciation * DT)
            wanted = max(0.0, (1.0 + f.capacity_headroom) * firm.demand - kept)
            firm.capacity = kept + min(wanted, limit * firm.capacity)
            for owner, amount in due:
                if firm.id == owner:
                    firm.capacity += f.rev_capital_ratio * amount

    def sell(self, now: Address) -> None:
        p, c = self.p, self.p.contracts
        weights, external, contract = ([0.0 for _ in self.chains] for _ in range(3))
        node_chain = self.world.links.node_chain.tolist()
        largest = [0.0 for _ in node_chain]
        for firm in self.firms:
            firm.contract = firm.external**c.contract_size_exponent if firm.ai else 0.0
            weights[firm.chain] += firm.contract
            external[firm.chain] += firm.external
            largest[firm.node] = max(largest[firm.node], firm.sales)
        for firm in self.firms:
            pool = (
                p.switches.contracts
                * c.scenario_direct
                * self.forcing["contracts"][now.step][firm.chain]
            )
            weight = weights[firm.chain]
            firm.contract = pool / weight * firm.contract if weight > 0.0 else 0.0
            contract[firm.chain] += firm.contract
        shares = []
        for chain in self.chains:
            own = [
                largest[k] >= p.linkages.capable_node_size
                for k, at in enumerate(node_chain)
                if at == chain
            ]
            coverage = sum(own) / len(own) / float(self.world.links.coverage[chain])
            linkage = 1.0 + self.forcing["linkage"][now.step][chain]
            shares.append(min(0.9, p.linkages.rpc * coverage * linkage))
        final = [e + k for e, k in zip(external, contract, strict=True)]
        gross = _gross(final, shares, self.world.links.purchases.tolist())
        self.contracts, self.chain_sales = contract, [0.0 for _ in self.chains]
        for firm in self.firms:
            induced = p.switches.links * (gross[firm.chain] - final[firm.chain])
            firm.intermediate = induced / external[firm.chain] * firm.external
            firm.sales = min(firm.demand, firm.capacity) if p.switches.capacity else firm.demand
            self.chain_sales[firm.chain] += firm.sales

    def deliver(self, now: Address) -> None:
        ratio, ramp = self.p.finance.rev_capital_ratio, self.p.milestones.project_ramp
        invested = sold = 0.0
        for project in self.projects[: self.first_project[now.year + 1]]:
            firm, money = project.holder, project.investment
            if firm is None or not firm.alive:
                continue
            quarters = max(project.due - project.begun, 1)
            if now.step < project.begun + quarters:
                invested += money / (DT * quarters)
            if not project.succeeds or now.step < project.due:
                continue
            if now.step == project.due:
                self.delivered[project.target] += 1.0
                firm.capacity += ratio * money
            sold += ratio * money * min(1.0, DT * (now.step - project.due + 1) / ramp)
        self.figures |= {"project_investment": invested, "project_sales": sold}

    def staff(self, now: Address) -> None:
        t, before = self.p.talent, self.wanted
        if not self.p.switches.talent:
            return
        sales = [0.0 for _ in self.places]
        for firm in self.firms:
            sales[firm.place] += firm.sales
        home, everybody, jobs = t.commute_home_share, sum(self.pool), sum(before)
        programme = self.paths["programme"][now.step]
        for k in self.places:
            joining = t.talent_graduates * before[k] / jobs * everybody
            joining += t.talent_retention * programme[k]
            self.pool[k] = self.pool[k] * (1.0 - t.talent_attrition * DT) + DT * joining
        self.wanted = [amount / self.paths["per_head"][now.year] for amount in sales]
        everybody, jobs = sum(self.pool), sum(self.wanted)
        coming = [[DT * rate for rate in row] for row in self.paths["promised"][now.step]]
        totals = [sum(row) for row in coming]
        for k in self.places:
            wanted, share = self.wanted[k], self.wanted[k] / jobs
            working = home * self.pool[k] + (1.0 - home) * share * everybody
            self.fill[k] = min(1.0, working / wanted) if wanted > 0.0 else 1.0
            left = 0.0 if now.first_of_year else self.posts[k]
            grown = max(0.0, wanted - before[k] + t.talent_attrition * DT * before[k])
            posts = left + t.high_end_posts * grown
            offered = [
                home * row[k] + (1.0 - home) * share * all_
                for row, all_ in zip(coming, totals, strict=True)
            ]
            whole = sum(offered)
            placed = min(1.0, posts / whole) if whole > 0.0 else 0.0
            for target, people in enumerate(offered):
                self.hired[target] += placed * people
            self.posts[k] = max(0.0, posts - placed * whole)

    def record(self, now: Address) -> None:
        found = dict.fromkeys(TOTALS, 0.0) | self.figures
        by_chain = {name: [0.0 for _ in self.chains] for name in BY_CHAIN}
        by_place = {name: [0.0 for _ in self.places] for name in BY_PLACE[:2]}
        for name in TOTALS[: TOTALS.index("exits")]:
            found[name] = 0.0
        for firm in self.firms:
            found["software_revenue"] += firm.software * firm.sales
            by_chain["chain_revenue"][firm.chain] += firm.sales
            if not firm.catalogue:
                found["ecosystem_revenue"] += firm.sales
                continue
            final = firm.external + firm.contract
            found["core_revenue"] += firm.sales
            found["core_revenue_consolidated"] += firm.sales * final / firm.demand
            found["core_scale"] += firm.sales * firm.ai_share
            found["contract_revenue"] += firm.contract
            found["intermediate_revenue"] += firm.intermediate
            found["lost_to_capacity"] += firm.demand - firm.sales
            found["catalogue_firms"] += 1.0
            for size in (10, 50, 100):
                found[f"firms_{size}"] += firm.sales >= size
            by_chain["chain_core_revenue"][firm.chain] += firm.sales
            by_chain["chain_catalogue_firms"][firm.chain] += 1.0
            by_place["district_core_revenue"][firm.place] += firm.sales
            by_place["district_catalogue_firms"][firm.place] += 1.0
        top = sorted((firm.sales for firm in self.firms if firm.catalogue), reverse=True)[:10]
        found["top10_share"] = sum(top) / found["core_revenue"]
        found["firms"] = float(len(self.firms))
        found["fund_invested"], found["private_coinvestment"] = self.invested, self.coinvested
        found["tickets"], found["grants_paid"] = float(len(self.tickets)), self.paid
        found["talent_pool"], found["talent_wanted"] = sum(self.pool), sum(self.wanted)
        filled = sum(wanted * fill for wanted, fill in zip(self.wanted, self.fill, strict=True))
        found["talent_fill"] = filled / found["talent_wanted"]
        found |= flat(by_chain, by_chain.values()) | flat(by_place, by_place.values())
        rows = (self.fill, self.delivered, self.hired)
        self.figures = found | flat((BY_PLACE[2], "delivered", "hired"), rows)


def _gross(final: list[float], shares: list[float], purchases: list[list[float]]) -> list[float]:
    """Solve (I − R̂A)x = f by elimination without pivoting."""
    n = len(final)
    a = [[(i == j) - shares[i] * purchases[i][j] for j in range(n)] + [final[i]] for i in range(n)]
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            a[i] = [x - factor * y for x, y in zip(a[i], a[k], strict=True)]
    x = [0.0] * n
    for k in reversed(range(n)):
        x[k] = (a[k][n] - sum(a[k][j] * x[j] for j in range(k + 1, n))) / a[k][k]
    return x


def walk(city: City) -> dict[str, float]:
    """Step a city through its calendar; its totals at the end."""
    for _ in city.calendar:
        city.step()
    return city.figures
