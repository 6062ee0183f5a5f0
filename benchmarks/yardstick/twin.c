/* The quarter as scalar C: one loop a stage, the C library's exp and log, the engine's own draws.
 * Columns and parameters are named by the header that c_code.py writes from the model's own classes. */
#include "names.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DT 0.25

static double uniform(uint64_t id, uint32_t quarter, uint32_t purpose, uint32_t seed, uint32_t member) {
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
    uint64_t whole = ((uint64_t)(c0 >> 6) << 26) | (c1 >> 6);
    return ((double)whole + 0.5) * 0x1p-52;
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
        if (uniform(w->ids[i], x->quarter, DECISION_EXIT, x->seed, x->member) >= hazard) {
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
    double *log_e = work, *log_a = work + n;
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
        double u = uniform(w->ids[i], x->quarter, DECISION_FIRM_SHOCK, x->seed, x->member) - 0.5;
        double size = -b * log(1.0 - 2.0 * fabs(u));
        double shock = p_firm_shocks * ((u < 0.0 ? -size : size) + log(1.0 - b * b));
        capacity(i) *= fmax(1.0, exp(shock));
        external(i) *= exp(x->drift[chain(i)] + p_age_effect * by_years + p_reversion * reversion + shock);
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

static void invest(World *w, const Forcing *x, const double *p) {
    for (int64_t t = x->first_ticket; t < x->last_ticket; t++) {
        uint32_t purpose = DECISION_TICKET_CHOICE | (uint32_t)(t - x->first_ticket) << 8;
        double shortest = INFINITY;
        int64_t winner = -1;
        for (int64_t i = 0; i < w->n; i++) {
            if (!catalogue(i)) continue;
            double u = uniform(w->ids[i], x->quarter, purpose, x->seed, x->member);
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

static void record(World *w, const Forcing *x, Measures *m) {
    double largest[10] = {0};
    double *city = m->city;
    memset(city, 0, N_CITY * sizeof(double));
    memset(m->chain, 0, 2 * x->chains * sizeof(double));
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
}

void quarter(World *w, const World *births, const Forcing *x, const double *p, Measures *m, double *work) {
    int64_t before = w->n;
    w->n = leave(w, x, p);
    int64_t exits = before - w->n;
    enter(w, births, x);
    admit(w, p);
    if (x->first_of_year) grow_yearly(w, x, p, work);
    grow_quarterly(w, x, p);
    invest(w, x, p);
    build(w, x, p);
    sell(w, x, p);
    record(w, x, m);
    m->city[EXITS] = exits / DT;
}
