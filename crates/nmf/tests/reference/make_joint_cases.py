"""Writes joint_cases.json: objective and residual before and after plain majorisation steps in numpy for the couplings and ties of the crate.

Usage: python make_joint_cases.py PATH_OF_REFERENCE_MODULE > ../solver/joint_cases.json

The module defines class Joint with the model of this crate's documentation: start, one method a block update, the objective F.
"""
import importlib.util
import json
import sys

import numpy as np

spec = importlib.util.spec_from_file_location("reference", sys.argv[1])
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

SWEEPS = 25


def instance(rng, t1, t2, m1, m2, k, j):
    own = np.sort(np.r_[np.arange(k), rng.integers(0, k, j - k)])
    s1 = (rng.random((m1, k)) < 0.8) * 1.0
    s1[rng.integers(0, m1, k), np.arange(k)] = 1
    s2 = (rng.random((m2, j)) < 0.6) * 1.0
    s2[rng.integers(0, m2, j), np.arange(j)] = 1
    a = rng.poisson(5 * (s1 * rng.gamma(0.5, 1, (m1, k))) @ rng.gamma(0.5, 1, (k, t1))) * 1.0
    b = rng.poisson(5 * (s2 * rng.gamma(0.5, 1, (m2, j))) @ rng.gamma(0.5, 1, (j, t2))) * 1.0
    p = (rng.random((m1, t1)) > 0.15) * rng.choice([0.5, 1, 2.0], (m1, t1))
    q = (rng.random((m2, t2)) > 0.15) * rng.choice([0.5, 1, 2.0], (m2, t2))
    return a, b, own, p, q, s1, s2


def case(number, mode, tie):
    rng = np.random.default_rng(1000 + number)
    t1 = int(rng.integers(5, 10))
    t2 = t1 if number % 2 else int(rng.integers(5, 10))
    m1, m2, k = int(rng.integers(4, 7)), int(rng.integers(6, 10)), int(rng.integers(2, 4))
    j = k + int(rng.integers(0, 3))
    a, b, own, p, q, s1, s2 = instance(rng, t1, t2, m1, m2, k, j)
    sampling = np.eye(t1) if t1 == t2 else rng.random((t1, t2)) * (rng.random((t1, t2)) < 0.4)
    if t1 != t2:
        sampling[rng.integers(0, t1, t2), np.arange(t2)] += 0.5
    options = dict(
        tie=tie,
        g=rng.choice([1.0, 0.5, 2.0], m2),
        c=rng.gamma(2, 1, k) + 0.2,
        lam_c=2.0,
        norm1=tie == "hard" or number % 3 == 0,
        al=[1.0, 0.3][(number // 3) % 2],
        be=2.0,
    )
    joint = reference.Joint(a, b, k, own, p, q, s1, s2, mode=mode, L=sampling, seed=number, **options)
    start = {n: getattr(joint, n).tolist() for n in ("D1", "D2", "H1", "H2", "eta")}
    joint.fit(SWEEPS)
    plain = {n: (v.tolist() if isinstance(v, np.ndarray) else v) for n, v in options.items()}
    return dict(
        name=f"{number}: {mode}, tie {tie}",
        mode=mode,
        A=a.tolist(),
        B=b.tolist(),
        P=p.tolist(),
        Q=q.tolist(),
        S1=(s1 > 0).tolist(),
        S2=(s2 > 0).tolist(),
        own=own.tolist(),
        L=sampling.tolist(),
        start=start,
        objective=joint.trace.tolist(),
        kkt=joint.kkt(),
        end={n: getattr(joint, n).tolist() for n in ("D1", "D2", "H1", "H2", "eta")},
        **plain,
    )


cases = []
for mode in ("shared", "soft", "dict"):
    for tie in ("none", "hard"):
        cases.append(case(2 * len(cases), mode, tie))
json.dump(cases, sys.stdout)
