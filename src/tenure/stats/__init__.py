"""How sure we are: intervals, paired and clustered designs, missing grades, decisions, planning.

Pure functions of numbers (numpy, ``scipy.special`` and ``scipy.optimize``); nothing here knows a model or a dossier.
Which interval is used where, and why, stands in each module's first lines; the coverage each
reaches is measured in ``tests/stats``.
"""

from tenure.stats.agreement import Agreement, kappa, krippendorff
from tenure.stats.clustered import Worth, codes_of, gap_interval, share_interval, worth
from tenure.stats.corrected import allocate
from tenure.stats.decide import (
    equivalent,
    holm,
    paired_power,
    pairs_for_gap,
    sample_size_for_upper,
)
from tenure.stats.interval import Interval, one_sided
from tenure.stats.means import bootstrap_mean, mean_clustered, mean_t, welch
from tenure.stats.missing import Worst, worst_case
from tenure.stats.paired import mcnemar, tango
from tenure.stats.paired_limits import joined_limits
from tenure.stats.proportion import (
    clopper_pearson,
    joined,
    lower_bound,
    newcombe,
    upper_bound,
    wilson,
)
from tenure.stats.ranks import permutation_p, spearman
from tenure.stats.sequential import Design, boundaries, looks
from tenure.stats.shares import components, jackknife, percentile, variance_share, without_each

__all__ = [
    "Agreement",
    "Design",
    "Interval",
    "Worst",
    "Worth",
    "allocate",
    "bootstrap_mean",
    "boundaries",
    "clopper_pearson",
    "codes_of",
    "components",
    "equivalent",
    "gap_interval",
    "holm",
    "jackknife",
    "joined",
    "joined_limits",
    "kappa",
    "krippendorff",
    "looks",
    "lower_bound",
    "mcnemar",
    "mean_clustered",
    "mean_t",
    "newcombe",
    "one_sided",
    "paired_power",
    "pairs_for_gap",
    "percentile",
    "permutation_p",
    "sample_size_for_upper",
    "share_interval",
    "spearman",
    "tango",
    "upper_bound",
    "variance_share",
    "welch",
    "wilson",
    "without_each",
    "worst_case",
    "worth",
]
