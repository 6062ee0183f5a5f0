"""Local input–output links among the seven chains.

(M11) x = (I − R̂A)^{-1} f;  intermediate revenue x_c − f_c is shared among the firms of c ∝ e_i
      A_{cd} = purchases from chain c per yuan of output of chain d (column sums ``io_column_sum``)
      R̂_c = min(0.9, rpc·(cov_c/cov_c(0))·(1 + linkage channel));
      cov_c = share of the chain's nodes whose largest local firm reaches ``capable_node_size``
Revenue is gross: sales to other modelled chains are counted, so final sales are reported beside it.
Source: column sums and purchase coefficient assumed; registered linkages from the plans.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.foundation.mathematics import minimum

LARGEST_LOCAL_SHARE = 0.9
OWN_CHAIN_SHARE = 0.5  # half of a chain's purchases within the seven are from itself


class Linkages(NamedTuple):
    """Parameters of local links (M11)."""

    io_column_sum: float
    rpc: float
    capable_node_size: float


def local_share(purchase_share: Any, coverage: Any, coverage_at_founding: Any, linkage: Any) -> Any:
    """Local purchase share R̂_c (M11); ``linkage`` is the relative rise the channel adds."""
    return minimum(
        LARGEST_LOCAL_SHARE, purchase_share * (coverage / coverage_at_founding) * (1.0 + linkage)
    )


def solve_gross(final: Any, shares: Any, purchases: Any, work: Any, gross: Any) -> None:
    """Solve (I − R̂A)·x = f by Gaussian elimination (M11).

    ``final``, ``shares``, ``gross`` have length c; ``purchases`` and ``work`` are (c, c). The matrix is
    diagonally dominant (column sums of R̂A below one), so no pivoting is needed. ``work`` and ``gross`` are written.
    """
    size = final.shape[0]
    for i in range(size):
        gross[i] = final[i]
        for j in range(size):
            work[i, j] = -shares[i] * purchases[i, j]
        work[i, i] += 1.0
    for k in range(size):
        for i in range(k + 1, size):
            factor = work[i, k] / work[k, k]
            for j in range(k + 1, size):
                work[i, j] -= factor * work[k, j]
            gross[i] -= factor * gross[k]
    for k in range(size - 1, -1, -1):
        total = gross[k]
        for j in range(k + 1, size):
            total -= work[k, j] * gross[j]
        gross[k] = total / work[k, k]
