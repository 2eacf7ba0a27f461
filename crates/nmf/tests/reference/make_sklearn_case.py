"""Writes sklearn_case.json: the objective of scikit-learn's KL factorization after every sweep from one start.

Usage: python make_sklearn_case.py > ../solver/sklearn_case.json      (scikit-learn 1.9)
"""
import json
import sys
import warnings

import numpy as np
from sklearn.decomposition import non_negative_factorization
from sklearn.exceptions import ConvergenceWarning

SWEEPS = 40

warnings.simplefilter("ignore", ConvergenceWarning)
rng = np.random.default_rng(7)
data = rng.poisson(4 * rng.gamma(0.5, 1, (18, 3)) @ rng.gamma(0.5, 1, (3, 14))).astype(float)
dictionary, activations = rng.random((18, 3)) + 0.1, rng.random((3, 14)) + 0.1


def objective(w, h):
    y = w @ h
    seen = data > 0
    return float((data[seen] * np.log(data[seen] / y[seen])).sum() - data.sum() + y.sum())


trace = [objective(dictionary, activations)]
for sweeps in range(1, SWEEPS + 1):
    w, h, _ = non_negative_factorization(
        data,
        W=dictionary.copy(),
        H=activations.copy(),
        n_components=3,
        init="custom",
        solver="mu",
        beta_loss="kullback-leibler",
        tol=0,
        max_iter=sweeps,
    )
    trace.append(objective(w, h))
json.dump(dict(data=data.tolist(), dictionary=dictionary.tolist(), activations=activations.tolist(), objective=trace), sys.stdout)
