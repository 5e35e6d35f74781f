# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# scipy.special carries no types; this is the only file of the package that touches it.
"""Quantiles of the normal, t and beta distributions, from ``scipy.special`` alone.

``scipy.stats`` would add half a second to every command that reads an interval.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import special


def two_sided_z(level: float) -> float:
    """Return z with ``level`` of a standard normal between -z and z."""
    return float(special.ndtri(0.5 + level / 2))


def normal_tail(z: float) -> float:
    """Return the probability that a standard normal exceeds ``z``."""
    return float(special.ndtr(-z))


def normal_quantile(p: float) -> float:
    """Return the ``p`` quantile of a standard normal."""
    return float(special.ndtri(p))


def t_quantile(p: float, freedom: float) -> float:
    """Return the ``p`` quantile of Student's t with ``freedom`` degrees of freedom."""
    return float(special.stdtrit(freedom, p))


def t_tail(t: float, freedom: float) -> float:
    """Return the probability that Student's t exceeds ``t``."""
    return float(special.stdtr(freedom, -t))


def noncentral_t_at_most(t: float, freedom: float, shift: float) -> float:
    """Return P(T <= t) for a noncentral t with ``shift`` (Lenth 1989, by ``scipy.special``)."""
    return float(special.nctdtr(freedom, shift, t))


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the ``p`` quantile of Beta(a, b)."""
    return float(special.betaincinv(a, b, p))


def binomial_at_most(k: int, n: int, p: float) -> float:
    """Return P(X <= k) for X ~ Binomial(n, p)."""
    if k >= n:
        return 1.0
    return 0.0 if k < 0 else float(special.bdtr(k, n, p))


@cache
def log_factorials(n: int) -> npt.NDArray[np.float64]:
    """Return log(0!) to log(n!)."""
    return np.asarray(special.gammaln(np.arange(n + 1) + 1.0), dtype=np.float64)


def normal_tails(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the probability that a standard normal exceeds each ``z``."""
    return np.asarray(special.ndtr(-z), dtype=np.float64)


def beta_quantiles(
    p: float, a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the ``p`` quantile of each Beta(a, b)."""
    return np.asarray(special.betaincinv(a, b, p), dtype=np.float64)


def log_beta(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the logarithm of the beta function."""
    return np.asarray(special.betaln(a, b), dtype=np.float64)
