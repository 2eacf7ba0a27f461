"""Small joint KL problems with their solutions, from plain multiplicative updates in numpy.

Independent of the crate: no coordinate steps, no acceleration, only the Lee-Seung updates of
    sum_l sum_mt w kl(x | D_l H P_l),  kl(x|y) = x log(x/y) - x + y,
a censored cell counting as min(limit, model). The tests require the crate to reach the same objective and model.

Run once, from this folder, with Python 3.11 and numpy 2.4 (three minutes; the objective and the model, not the factors,
are what must be repeatable):

    python3 make_cases.py > ../solver/cases.json
"""
import json
import numpy as np

TINY = 1e-300


def interpolation(grid, times):
    """G x T: linear interpolation, the end value outside the grid."""
    return np.array([np.interp(times, grid, unit) for unit in np.eye(len(grid))])


def effective(level, y):
    return np.where(level["censored"], np.minimum(level["data"], y), level["data"])


def objective(levels, dictionaries, h):
    total = 0.0
    for level, d in zip(levels, dictionaries):
        y = np.maximum(d @ h @ level["P"], TINY)
        v = effective(level, y)
        term = y - v
        term[v > 0] += v[v > 0] * np.log(v[v > 0] / y[v > 0])
        total += (level["weight"] * term).sum()
    return float(total)


def parts(level, d, h):
    y = np.maximum(d @ h @ level["P"], TINY)
    return level["weight"] * effective(level, y) / y


def fit(levels, h, free, sweeps, settle=3000):
    """Dictionaries first (from ones), then everything; an entry that no observed cell sees keeps its value."""
    h = h.copy()
    dictionaries = [level["support"].astype(float) for level in levels]
    for sweep in range(settle + sweeps):
        for l, level in enumerate(levels):
            s = h @ level["P"]
            a = level["weight"] @ s.T
            dictionaries[l] *= np.where(a > 0, (parts(level, dictionaries[l], h) @ s.T) / np.maximum(a, TINY), 1.0)
        if sweep >= settle and free.any():
            a = sum((d.T @ l["weight"]) @ l["P"].T for l, d in zip(levels, dictionaries))
            b = sum((d.T @ parts(l, d, h)) @ l["P"].T for l, d in zip(levels, dictionaries))
            h = np.where(free[:, None] & (a > 0), h * b / np.maximum(a, TINY), h)
    return dictionaries, h


def peaks(grid, apexes, width):
    return np.exp(-0.5 * ((grid[None, :] - np.array(apexes)[:, None]) / width) ** 2)


def simulate(rng, grid, times, h, rows, height, *, hidden=0.0, limit=None, density=0.6):
    atoms = len(h)
    support = rng.random((rows, atoms)) < density
    support[:atoms] |= np.eye(atoms, dtype=bool)[:rows]
    p = interpolation(grid, times)
    mean = (support * rng.uniform(0.2, 1.0, support.shape) * height) @ h @ p
    data = rng.poisson(mean).astype(float)
    weight = np.round(rng.uniform(0.2, 2.0, data.shape), 3)
    weight[rng.random(data.shape) < hidden] = 0.0
    censored = np.zeros(data.shape, dtype=bool)
    if limit is not None:
        censored = data < limit
        data[censored] = limit
    return {"times": times, "P": p, "data": data, "weight": weight, "censored": censored, "support": support}


def cases():
    rng = np.random.default_rng(20)
    grid, apexes = np.arange(12.0), [3.0, 5.5, 8.0]
    h = peaks(grid, apexes, 1.5)
    start = peaks(grid, np.array(apexes) + [0.4, -0.3, 0.3], 1.8) + 0.02
    all_free, none = np.ones(3, bool), np.zeros(3, bool)
    between = np.arange(11) + 0.45
    yield "one level, all activations free", grid, start, all_free, [simulate(rng, grid, grid, h, 8, 400.0)], 200_000
    yield "two levels at their own times, weights with zeros, supports", grid, start, all_free, [
        simulate(rng, grid, grid, h, 5, 300.0, hidden=0.15),
        simulate(rng, grid, between, h, 8, 500.0, hidden=0.15),
    ], 200_000
    yield "two levels, censored cells, one activation fixed", grid, start, np.array([True, False, True]), [
        simulate(rng, grid, grid, h, 5, 300.0, limit=15.0),
        simulate(rng, grid, between, h, 7, 400.0, hidden=0.1, limit=20.0),
    ], 200_000
    yield "dictionaries on fixed activations", grid, h, none, [
        simulate(rng, grid, grid, h, 6, 100.0, hidden=0.2, density=1.0),
        simulate(rng, grid, between, h, 6, 60.0, density=1.0),
    ], 100_000


def listed(array):
    return np.asarray(array).tolist()


def main():
    out = []
    for name, grid, start, free, levels, sweeps in cases():
        start = np.round(start, 6)
        dictionaries, h = fit(levels, start, free, sweeps)
        half = objective(levels, *fit(levels, start, free, sweeps // 2))
        best = objective(levels, dictionaries, h)
        assert abs(half - best) <= 1e-9 * best, f"{name}: not converged, {half} against {best}"
        out.append({
            "name": name, "grid": listed(grid), "start": listed(start), "free": listed(free), "objective": best,
            "levels": [{
                "times": listed(level["times"]), "data": listed(level["data"]), "weight": listed(level["weight"]),
                "censored": listed(level["censored"]), "support": listed(level["support"]),
                "model": listed(d @ h @ level["P"]), "dictionary": listed(d),
            } for level, d in zip(levels, dictionaries)],
        })
    print(json.dumps(out).replace('}, {"name"', '},\n{"name"'))


main()
