/* What a firm-step cannot go without: its draws, its exp and log, and reading and writing its columns once.
 * Nothing is summed by group, no firm moves, nothing depends on anything: a floor, not a model. */
#include <stdint.h>
#include <string.h>

static inline double as_double(int64_t bits) {
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

static inline int64_t as_bits(double x) {
    int64_t bits;
    memcpy(&bits, &x, 8);
    return bits;
}

/* After Cephes (exp) and fdlibm (log), as simulator/foundation/mathematics.py; see NOTICE. */
static inline double bound_exp(double x) {
    double t = x * 1.4426950408889634 + 6755399441055744.0, n = t - 6755399441055744.0;
    double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10, z = r * r;
    double px = r * ((1.26177193074810590878e-4 * z + 3.02994407707441961300e-2) * z + 1.0);
    double q = ((3.00198505138664455042e-6 * z + 2.52448340349684104192e-3) * z + 2.27265548208155028766e-1) * z + 2.0;
    return (1.0 + 2.0 * (px / (q - px))) * as_double((as_bits(t) << 52) + 0x3FF0000000000000);
}

static inline double bound_log(double x) {
    /* The shift is of a positive number and the exponent becomes a double by its bits: AVX2 has neither instruction. */
    uint64_t bits = (uint64_t)as_bits(x), e = (bits - 0x3FE6A09E667F3BCD + (1024ull << 52)) >> 52;
    double f = as_double((int64_t)(bits - ((e - 1024) << 52))) - 1.0, s = f / (2.0 + f), z = s * s, w = z * z;
    double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double odd = z * (6.666666666666735130e-01 + w * (2.857142874366239149e-01
               + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    double half = 0.5 * f * f, k = as_double((int64_t)(e | 0x4330000000000000)) - (0x1p52 + 1024.0);
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (even + odd)) + k * 1.90821492927058770002e-10)) - f);
}

static inline double bound_draw(uint64_t id, uint64_t quarter, uint64_t purpose) {
    uint64_t low = 0xFFFFFFFFull, c0 = id & low, c1 = id >> 32, c2 = quarter, c3 = purpose, k0 = 1, k1 = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c1 = p1 & low;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c3 = p0 & low;
        k0 = (k0 + 0x9E3779B9ull) & low;
        k1 = (k1 + 0xBB67AE85ull) & low;
    }
    uint64_t whole = ((c0 >> 6) << 26) | (c1 >> 6);
    return (as_double((int64_t)(whole | 0x4330000000000000)) - 0x1p52 + 0.5) * 0x1p-52;
}

/* One quarter of n firms. `draws`, `logs` and `exps` begin with the number of passes, followed by the rows of each; the
 * first columns of a block are read and written, the others read. */
double bound(const uint64_t *ids, double *numbers, int64_t *labels, int64_t n, int64_t changed_numbers,
             int64_t asked_numbers, int64_t changed_labels, int64_t asked_labels, const int64_t *draws,
             const int64_t *logs, const int64_t *exps, uint64_t quarter, double *work) {
    for (int64_t i = 0; i < n; i++) work[i] = 1.0;
    for (int64_t k = 1; k <= draws[0]; k++)
        for (int64_t i = 0; i < draws[k]; i++) work[i] += bound_draw(ids[i], quarter, (uint64_t)k);
    for (int64_t k = 1; k <= logs[0]; k++)
        for (int64_t i = 0; i < logs[k]; i++) work[i] = 1.5 + bound_log(work[i]);
    for (int64_t k = 1; k <= exps[0]; k++)
        for (int64_t i = 0; i < exps[k]; i++) work[i] = bound_exp(-work[i]);
    for (int64_t k = 0; k < asked_numbers; k++) {
        const double *column = numbers + (changed_numbers + k) * n;
        for (int64_t i = 0; i < n; i++) work[i] += column[i];
    }
    for (int64_t k = 0; k < asked_labels; k++) {
        const int64_t *column = labels + (changed_labels + k) * n;
        for (int64_t i = 0; i < n; i++) work[i] += as_double(0x3FF0000000000000 | column[i]);
    }
    for (int64_t k = 0; k < changed_numbers; k++) {
        double *column = numbers + k * n;
        for (int64_t i = 0; i < n; i++) column[i] += 1e-12 * work[i];
    }
    for (int64_t k = 0; k < changed_labels; k++) {
        int64_t *column = labels + k * n;
        for (int64_t i = 0; i < n; i++) column[i] += 1;
    }
    return work[n / 2];
}

void bound_exp_column(double *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = bound_exp(x[i]);
}

void bound_log_column(double *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = bound_log(x[i]);
}
