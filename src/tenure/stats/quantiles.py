# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false
# scipy.special carries no types; this is the only file of the package that touches it.
"""Quantiles of the normal, t and beta distributions, from ``scipy.special`` alone.

``scipy.stats`` would add half a second to every command that reads an interval.
"""

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


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the ``p`` quantile of Beta(a, b)."""
    return float(special.betaincinv(a, b, p))


def binomial_at_most(k: int, n: int, p: float) -> float:
    """Return P(X <= k) for X ~ Binomial(n, p)."""
    if k >= n:
        return 1.0
    return 0.0 if k < 0 else float(special.bdtr(k, n, p))
