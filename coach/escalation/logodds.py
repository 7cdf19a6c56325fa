"""Log-odds: the scale on which independent reasons add up."""

import math


def to_log_odds(probability: float) -> float:
    """ln(p / (1 - p)), with p kept within 0.01..0.99, since no model is surer than that."""
    p = min(max(probability, 0.01), 0.99)
    return math.log(p / (1 - p))


def to_probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
