/* The quarter as scalar C: one loop a stage, the C library's exp and log, the engine's own draws.
 * Columns and parameters are named by the header that c_code.py writes from the model's own classes. */
#include "names.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DT 0.25
#define LOGISTIC_SCALE 0.5513288954217921 /* sqrt(3)/pi */

static void two_uniforms(uint64_t id, uint32_t purpose, const Forcing *x, double *drawn) {
    uint32_t quarter = (uint32_t)x->quarter, seed = (uint32_t)x->seed, member = (uint32_t)x->member;
    uint32_t c0 = (uint32_t)id, c1 = (uint32_t)(id >> 32), c2 = quarter, c3 = purpose;
    uint32_t k0 = seed, k1 = member;
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    drawn[0] = ((double)(((uint64_t)(c0 >> 6) << 26) | (c1 >> 6)) + 0.5) * 0x1p-52;
    drawn[1] = ((double)(((uint64_t)(c2 >> 6) << 26) | (c3 >> 6)) + 0.5) * 0x1p-52;
}

static double uniform(uint64_t id, uint32_t purpose, const Forcing *x) {
    double drawn[2];
    two_uniforms(id, purpose, x, drawn);
    return drawn[0];
}

static void move(World *w, int64_t from, int64_t to, const World *source) {
    w->ids[to] = source->ids[from];
    for (int k = 0; k < N_NUMBERS; k++)
        w->numbers[k * w->capacity + to] = source->numbers[k * source->capacity + from];
    for (int k = 0; k < N_LABELS; k++)
        w->labels[k * w->capacity + to] = source->labels[k * source->capacity + from];
}

static int64_t leave(World *w, const Forcing *x, const double *p) {
    int64_t kept = 0;
    for (int64_t i = 0; i < w->n; i++) {
        int64_t years = age(i) / 4;
        double table = years < 1 ? p_h_age0 : years < 2 ? p_h_age1 : years < 3 ? p_h_age2
                     : years < 7 ? p_h_age3_6 : p_h_age7p;
        double size = fmin(1.5, exp(-p_exit_size_exponent * log(external(i) / x->reference)));
        double own = named(i) ? p_exit_named : table * p_h_hightech_mult * size;
        double h = fmin(0.95, own * fmax(0.0, 1.0 - x->survival[chain(i) * x->places + place(i)]));
        double hazard = p_exit * (1.0 - sqrt(sqrt(1.0 - h)));
        if (uniform(w->ids[i], DECISION_EXIT, x) >= hazard) {
            if (kept < i) move(w, i, kept, w);
            age(kept) += 1;
            kept++;
        }
    }
    return kept;
}

static void enter(World *w, const World *births, const Forcing *x) {
    for (int64_t i = x->first_birth; i < x->last_birth; i++) move(w, i, w->n++, births);
}

static void admit(World *w, const double *p) {
    for (int64_t i = 0; i < w->n; i++)
        if (ai(i) && sales(i) >= p_catalogue_threshold) catalogue(i) = 1;
}

static void grow_yearly(World *w, const Forcing *x, const double *p, double *work) {
    int64_t n = w->n, groups = 2 * x->chains;
    double *log_e = work, *log_a = work + n, held[MOST_PLACES];
    double means[2 * MOST_CHAINS] = {0}, counts[2 * MOST_CHAINS] = {0};
    double total[2] = {0}, by_age[2] = {0}, by_gap[2] = {0};
    for (int64_t i = 0; i < n; i++) {
        log_e[i] = log(external(i));
        log_a[i] = log(1.0 + age(i) * DT);
        if (age(i) > 0) {
            int64_t group = catalogue(i) * x->chains + chain(i);
            counts[group] += 1.0;
            means[group] += log_e[i];
        }
    }
    for (int64_t k = 0; k < x->places; k++)
        held[k] = exp(p_alpha_skill * log(fmin(1.0, w->fill[k] / x->national_fill)));
    for (int64_t g = 0; g < groups; g++) means[g] = counts[g] > 0.0 ? means[g] / counts[g] : 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (age(i) == 0) continue;
        int64_t k = catalogue(i);
        total[k] += external(i);
        by_age[k] += external(i) * log_a[i];
        by_gap[k] += external(i) * (log_e[i] - means[k * x->chains + chain(i)]);
    }
    for (int k = 0; k < 2; k++)
        if (total[k] > 0.0) {
            by_age[k] /= total[k];
            by_gap[k] /= total[k];
        }
    for (int64_t i = 0; i < n; i++) {
        if (age(i) == 0) continue;
        int64_t k = catalogue(i);
        double gap = log_e[i] - means[k * x->chains + chain(i)];
        double by_years = p_age_growth_slope * (log_a[i] - by_age[k]);
        double reversion = (p_rho_size - 1.0) * (gap - by_gap[k]);
        double relative = external(i) / w->catalogue_reference;
        double b = fmin(p_b_cap, p_laplace_b_small * exp(-p_beta_size_var * log(relative)));
        double u = uniform(w->ids[i], DECISION_FIRM_SHOCK, x) - 0.5;
        double size = -b * log(1.0 - 2.0 * fabs(u));
        double shock = p_firm_shocks * ((u < 0.0 ? -size : size) + log(1.0 - b * b));
        capacity(i) *= fmax(1.0, exp(shock));
        double drift = x->drift[chain(i)] > 0.0 ? x->drift[chain(i)] * held[place(i)] : x->drift[chain(i)];
        external(i) *= exp(drift + p_age_effect * by_years + p_reversion * reversion + shock);
    }
}

static void grow_quarterly(World *w, const Forcing *x, const double *p) {
    double cell[MOST_CHAINS * MOST_PLACES];
    for (int64_t c = 0; c < x->chains; c++) {
        double share = w->chain_sales[c] > 0.0 ? w->chain_contract[c] / w->chain_sales[c] : 0.0;
        double uplift = p_contract_data_rich_share * p_scenario_commercial / 2.5 * share;
        for (int64_t k = 0; k < x->places; k++)
            cell[c * x->places + k] = exp(DT * (x->growth[c * x->places + k] + uplift));
    }
    for (int64_t i = 0; i < w->n; i++) {
        external(i) *= cell[chain(i) * x->places + place(i)];
        if (ticket_until(i) >= x->quarter) external(i) *= exp(DT * lift(i));
    }
}

typedef struct {
    double score, waiting;
    int64_t row;
} Candidate;

static int by_score(const void *a, const void *b) {
    const Candidate *one = a, *other = b;
    return one->score != other->score ? (one->score < other->score ? 1 : -1) : one->row < other->row ? -1 : 1;
}

static int by_waiting(const void *a, const void *b) {
    const Candidate *one = a, *other = b;
    return one->waiting != other->waiting ? (one->waiting > other->waiting ? 1 : -1) : one->row < other->row ? -1 : 1;
}

static int64_t slot_of(World *w, int64_t i) {
    if (slot(i) == 0) slot(i) = ++w->slots_used[0];
    return slot(i);
}

static void award(World *w, const Forcing *x, const double *p) {
    int64_t begin = x->first_project[x->year], end = x->first_project[x->year + 1];
    int64_t able = 0, winners = 0, count[MOST_CHAINS], eligible[MOST_CHAINS] = {0};
    double added[MOST_CHAINS], money = 0.0, drawn[2];
    memset(w->grant, 0, x->slots * sizeof(double));
    for (int64_t c = 0; c < x->chains; c++) {
        w->grant_pot[c] += p_research * x->grants[c];
        money += w->grant_pot[c];
    }
    if (begin == end && money == 0.0) return;
    Candidate *ranked = malloc(2 * w->n * sizeof(Candidate)), *builders = ranked + w->n;
    for (int64_t i = 0; i < w->n; i++) {
        if (!ai(i)) continue;
        two_uniforms(w->ids[i], DECISION_GRANT_ROUND, x, drawn);
        double error = LOGISTIC_SCALE * log(drawn[0] / (1.0 - drawn[0]));
        ranked[able].score = log(quality(i)) + p_grant_score_noise * error;
        ranked[able].waiting = -log(drawn[1]) / (external(i) * quality(i));
        ranked[able++].row = i;
        eligible[chain(i)]++;
    }
    for (int64_t c = 0; c < x->chains; c++) {
        double size = 1.0 / p_technologies_per_money;
        count[c] = eligible[c] ? (int64_t)floor(w->grant_pot[c] * p_technologies_per_money + 1e-9) : 0;
        if (count[c] > eligible[c]) {
            count[c] = eligible[c];
            size = w->grant_pot[c] / (double)eligible[c];
        }
        double paid = (double)count[c] * size, kept = (1.0 + p_rd_additionality) * (1.0 - p_rd_misuse);
        w->grant_pot[c] = fmax(0.0, w->grant_pot[c] - paid);
        w->grants_paid[0] += paid;
        double concave = exp(p_subsidy_concavity * log(size / p_rd_grant_reference));
        added[c] = fmin(size, kept * p_rd_grant_reference * concave);
    }
    memcpy(builders, ranked, able * sizeof(Candidate));
    qsort(ranked, able, sizeof(Candidate), by_score);
    qsort(builders, able, sizeof(Candidate), by_waiting);
    for (int64_t k = 0; k < able; k++) {
        int64_t i = ranked[k].row;
        if (count[chain(i)] == 0) continue;
        count[chain(i)]--;
        w->grant[slot_of(w, i)] = added[chain(i)];
        ranked[winners++] = ranked[k];
    }
    if (winners == 0) winners = able;
    for (int64_t k = begin, build = 0, research = 0; able > 0 && k < end; k++)
        w->project_slot[k] = slot_of(w, x->carrier[k] == BUILDER ? builders[build++ % able].row
                                                                 : ranked[research++ % winners].row);
    free(ranked);
}

static void learn(World *w, const Forcing *x, const double *p) {
    for (int64_t k = 0; k < x->slots; k++) w->row[k] = -1;
    for (int64_t i = 0; i < w->n; i++) {
        double kept = 1.0 - DT * x->depreciation[software(i) * x->nodes + node(i)];
        research(i) = kept * research(i) + DT * p_rd_share * sales(i);
        int64_t k = slot(i);
        if (k == 0) continue;
        double *ring = w->lead + k * x->ring;
        w->row[k] = i;
        w->granted[k] = kept * w->granted[k] + DT * w->grant[k];
        ring[x->quarter % x->ring] = log(1.0 + w->granted[k] / research(i));
        double rise = ring[(x->quarter + 2) % x->ring] - ring[(x->quarter + 1) % x->ring];
        external(i) *= exp(p_eta_rd * rise);
    }
}

static void invest(World *w, const Forcing *x, const double *p) {
    for (int64_t t = x->first_ticket; t < x->last_ticket; t++) {
        uint32_t purpose = DECISION_TICKET_CHOICE | (uint32_t)(t - x->first_ticket) << 8;
        double shortest = INFINITY;
        int64_t winner = -1;
        for (int64_t i = 0; i < w->n; i++) {
            if (!catalogue(i)) continue;
            double u = uniform(w->ids[i], purpose, x);
            double waiting = -log(u) / (sqrt(external(i)) * quality(i));
            if (waiting < shortest) {
                shortest = waiting;
                winner = i;
            }
        }
        if (winner < 0) return;
        double private_money = p_m_crowdin * x->tickets[t];
        w->owner[t] = w->ids[winner];
        w->amount[t] = x->tickets[t] + private_money;
        lift(winner) = p_vc_growth_effect * fmin(1.0, w->amount[t] / external(winner));
        w->due[t] = x->quarter + (int64_t)floor(p_lag_inv_rev / DT + 0.5);
        ticket_until(winner) = x->quarter + (int64_t)floor(p_ticket_effective_years / DT + 0.5);
        w->invested[0] += x->tickets[t];
        w->invested[1] += private_money;
        w->invested[2] += 1.0;
    }
}

static void build(World *w, const Forcing *x, const double *p) {
    double limit = (x->first_of_year ? p_capacity_max_rate : 0.0) + p_capacity_depreciation * DT;
    for (int64_t i = 0; i < w->n; i++) {
        double demand = external(i) + contract(i) + intermediate(i);
        double kept = capacity(i) * (1.0 - p_capacity_depreciation * DT);
        capacity(i) = kept + fmin(fmax(0.0, (1.0 + p_capacity_headroom) * demand - kept), limit * capacity(i));
    }
    for (int64_t t = 0; t < x->last_ticket; t++)
        if (w->due[t] == x->quarter)
            for (int64_t i = 0; i < w->n; i++)
                if (w->ids[i] == w->owner[t]) capacity(i) += p_rev_capital_ratio * w->amount[t];
}

static void gross_output(const double *final, const double *shares, const double *a, int64_t n, double *x) {
    double m[MOST_CHAINS][MOST_CHAINS];
    for (int64_t i = 0; i < n; i++) {
        x[i] = final[i];
        for (int64_t j = 0; j < n; j++) m[i][j] = (i == j) - shares[i] * a[i * n + j];
    }
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = k + 1; i < n; i++) {
            double factor = m[i][k] / m[k][k];
            for (int64_t j = k + 1; j < n; j++) m[i][j] -= factor * m[k][j];
            x[i] -= factor * x[k];
        }
    for (int64_t k = n - 1; k >= 0; k--) {
        for (int64_t j = k + 1; j < n; j++) x[k] -= m[k][j] * x[j];
        x[k] /= m[k][k];
    }
}

static void sell(World *w, const Forcing *x, const double *p) {
    double weights[MOST_CHAINS] = {0}, by_chain[MOST_CHAINS] = {0}, contracts[MOST_CHAINS] = {0};
    double largest[MOST_NODES] = {0}, nodes[MOST_CHAINS] = {0}, capable[MOST_CHAINS] = {0};
    double shares[MOST_CHAINS], final[MOST_CHAINS], gross[MOST_CHAINS];
    for (int64_t i = 0; i < w->n; i++) {
        contract(i) = ai(i) ? exp(p_contract_size_exponent * log(external(i))) : 0.0;
        weights[chain(i)] += contract(i);
        by_chain[chain(i)] += external(i);
        largest[node(i)] = fmax(largest[node(i)], sales(i));
    }
    for (int64_t i = 0; i < w->n; i++) {
        int64_t c = chain(i);
        double pool = p_contracts * p_scenario_direct * x->contracts[c];
        contract(i) = weights[c] > 0.0 ? pool / weights[c] * contract(i) : 0.0;
        contracts[c] += contract(i);
    }
    for (int64_t k = 0; k < x->nodes; k++) {
        nodes[w->node_chain[k]] += 1.0;
        capable[w->node_chain[k]] += largest[k] >= p_capable_node_size;
    }
    for (int64_t c = 0; c < x->chains; c++) {
        double coverage = capable[c] / nodes[c] / w->coverage[c];
        final[c] = by_chain[c] + contracts[c];
        shares[c] = fmin(0.9, p_rpc * coverage * (1.0 + x->linkage[c]));
    }
    gross_output(final, shares, w->purchases, x->chains, gross);
    for (int64_t c = 0; c < x->chains; c++) {
        w->chain_sales[c] = 0.0;
        w->chain_contract[c] = contracts[c];
    }
    for (int64_t i = 0; i < w->n; i++) {
        int64_t c = chain(i);
        intermediate(i) = p_links * (gross[c] - final[c]) / by_chain[c] * external(i);
        double demand = external(i) + contract(i) + intermediate(i);
        sales(i) = p_capacity > 0.0 ? fmin(demand, capacity(i)) : demand;
        w->chain_sales[c] += sales(i);
    }
}

static void deliver(World *w, const Forcing *x, const double *p, Measures *m) {
    double invested = 0.0, sold = 0.0;
    for (int64_t k = 0; k < x->first_project[x->year + 1]; k++) {
        int64_t i = w->row[w->project_slot[k]], begun = x->begun[k], due = x->due_step[k];
        if (i < 0) continue;
        int64_t quarters = due - begun > 1 ? due - begun : 1;
        if (x->step < begun + quarters) invested += x->investment[k] / (DT * (double)quarters);
        if (!x->succeeds[k] || x->step < due) continue;
        if (x->step == due) {
            w->delivered[x->target[k]] += 1.0;
            capacity(i) += p_rev_capital_ratio * x->investment[k];
        }
        double years = DT * (double)(x->step - due + 1);
        sold += p_rev_capital_ratio * x->investment[k] * fmin(1.0, years / p_project_ramp);
    }
    m->city[PROJECT_INVESTMENT] = invested;
    m->city[PROJECT_SALES] = sold;
}

static double share_of(double part, double total) { return total > 0.0 ? part / total : 0.0; }

static double supplied(double pool, double job_share, double people, const double *p) {
    return p_commute_home_share * pool + (1.0 - p_commute_home_share) * job_share * people;
}

static void staff(World *w, const Forcing *x, const double *p) {
    double before[MOST_PLACES], placed[MOST_PLACES], jobs = 0.0, everybody = 0.0, looking = 0.0;
    if (p_talent == 0.0) return;
    for (int64_t k = 0; k < x->places; k++) {
        before[k] = w->wanted[k];
        w->wanted[k] = 0.0;
        jobs += before[k];
        everybody += w->pool[k];
    }
    for (int64_t i = 0; i < w->n; i++) w->wanted[place(i)] += sales(i);
    for (int64_t k = 0; k < x->places; k++) {
        double graduates = p_talent_graduates * share_of(before[k], jobs) * everybody;
        double joining = graduates + p_talent_retention * x->programme[k];
        w->pool[k] = w->pool[k] * (1.0 - p_talent_attrition * DT) + DT * joining;
        w->wanted[k] /= x->per_head;
    }
    jobs = everybody = 0.0;
    for (int64_t k = 0; k < x->places; k++) {
        jobs += w->wanted[k];
        everybody += w->pool[k];
        for (int64_t t = 0; t < x->hired_targets; t++) looking += DT * x->promised[t * x->places + k];
    }
    for (int64_t k = 0; k < x->places; k++) {
        double share = share_of(w->wanted[k], jobs), here = 0.0;
        double working = supplied(w->pool[k], share, everybody, p);
        w->fill[k] = w->wanted[k] > 0.0 ? fmin(1.0, working / w->wanted[k]) : 1.0;
        for (int64_t t = 0; t < x->hired_targets; t++) here += DT * x->promised[t * x->places + k];
        double offered = supplied(here, share, looking, p);
        double opened = fmax(0.0, w->wanted[k] - before[k] + p_talent_attrition * DT * before[k]);
        double posts = (x->first_of_year ? 0.0 : w->posts[k]) + p_high_end_posts * opened;
        placed[k] = fmin(1.0, share_of(posts, offered));
        w->posts[k] = fmax(0.0, posts - placed[k] * offered);
    }
    for (int64_t t = 0; t < x->hired_targets; t++) {
        const double *promised = x->promised + t * x->places;
        double coming = 0.0;
        for (int64_t k = 0; k < x->places; k++) coming += DT * promised[k];
        for (int64_t k = 0; k < x->places; k++)
            w->hired[t] += placed[k] * supplied(DT * promised[k], share_of(w->wanted[k], jobs), coming, p);
    }
}

static void record(World *w, const Forcing *x, Measures *m) {
    double largest[10] = {0};
    double *city = m->city;
    for (int k = 0; k <= FIRMS_100; k++) city[k] = 0.0;
    memset(m->chain, 0, 3 * x->chains * sizeof(double));
    memset(m->place, 0, 2 * x->places * sizeof(double));
    memset(m->cell, 0, x->chains * x->places * sizeof(double));
    for (int64_t i = 0; i < w->n; i++) {
        double listed = (double)catalogue(i), core = listed * sales(i);
        double final = external(i) + contract(i), demand = final + intermediate(i);
        city[CORE_REVENUE] += core;
        city[CORE_REVENUE_CONSOLIDATED] += core * final / demand;
        city[CORE_SCALE] += core * ai_share(i);
        city[SOFTWARE_REVENUE] += software(i) * sales(i);
        city[ECOSYSTEM_REVENUE] += (1.0 - listed) * sales(i);
        city[CONTRACT_REVENUE] += listed * contract(i);
        city[INTERMEDIATE_REVENUE] += listed * intermediate(i);
        city[LOST_TO_CAPACITY] += listed * (demand - sales(i));
        city[CATALOGUE_FIRMS] += listed;
        city[FIRMS_10] += core >= 10.0;
        city[FIRMS_50] += core >= 50.0;
        city[FIRMS_100] += core >= 100.0;
        m->chain[chain(i)] += core;
        m->chain[x->chains + chain(i)] += listed;
        m->chain[2 * x->chains + chain(i)] += sales(i);
        m->place[place(i)] += core;
        m->place[x->places + place(i)] += listed;
        m->cell[chain(i) * x->places + place(i)] += core;
        if (core > largest[9]) {
            int k = 9;
            while (k > 0 && core > largest[k - 1]) {
                largest[k] = largest[k - 1];
                k--;
            }
            largest[k] = core;
        }
    }
    double top = 0.0;
    for (int k = 0; k < 10; k++) top += largest[k];
    city[TOP10_SHARE] = top / fmax(city[CORE_REVENUE], 1e-300);
    city[FIRMS] = (double)w->n;
    city[FUND_INVESTED] = w->invested[0];
    city[PRIVATE_COINVESTMENT] = w->invested[1];
    city[TICKETS] = w->invested[2];
    city[GRANTS_PAID] = w->grants_paid[0];
    double pool = 0.0, wanted = 0.0, filled = 0.0;
    for (int64_t k = 0; k < x->places; k++) {
        pool += w->pool[k];
        wanted += w->wanted[k];
        filled += w->wanted[k] * w->fill[k];
        m->place[2 * x->places + k] = w->fill[k];
    }
    city[TALENT_POOL] = pool;
    city[TALENT_WANTED] = wanted;
    city[TALENT_FILL] = wanted > 0.0 ? filled / wanted : 1.0;
}

void quarter(World *w, const World *births, const Forcing *x, const double *p, Measures *m, double *work) {
    int64_t before = w->n;
    w->n = leave(w, x, p);
    int64_t exits = before - w->n;
    enter(w, births, x);
    admit(w, p);
    if (x->first_of_year) grow_yearly(w, x, p, work);
    grow_quarterly(w, x, p);
    if (x->first_of_year) award(w, x, p);
    learn(w, x, p);
    invest(w, x, p);
    build(w, x, p);
    sell(w, x, p);
    deliver(w, x, p, m);
    staff(w, x, p);
    record(w, x, m);
    m->city[EXITS] = exits / DT;
}
