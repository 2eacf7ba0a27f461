"""Runs scikit-learn's multiplicative updates for NMF in blocks of iterations, as cofactor-bench asks for them.

    sklearn_nmf.py FOLDER dense|sparse

FOLDER holds starts.bin (int64), index.bin (int32), values.bin (compressed rows), dictionary.bin (M x K) and activations.bin
(K x T), float64 by rows, and sizes.txt with M, T and K. A line on standard input is a number of iterations to go on for; the
answer is a line with the processor seconds used so far, followed by both factors as raw float64. Only the iterations are timed.
scikit-learn evaluates its objective when it starts; as blocks are not a user's calls, that is left out.
"""

import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse
from sklearn.decomposition import _nmf
from threadpoolctl import threadpool_limits


def read(folder, layout):
    rows, columns, atoms = (int(word) for word in (folder / "sizes.txt").read_text().split())
    parts = [np.fromfile(folder / f"{name}.bin", dtype) for name, dtype in
             (("values", np.float64), ("index", np.int32), ("starts", np.int64))]
    data = scipy.sparse.csr_matrix((parts[0], parts[1], parts[2]), shape=(rows, columns))
    dictionary = np.fromfile(folder / "dictionary.bin").reshape(rows, atoms)
    activations = np.fromfile(folder / "activations.bin").reshape(atoms, columns)
    return data if layout == "sparse" else data.toarray(), dictionary, activations


def main():
    data, w, h = read(Path(sys.argv[1]), sys.argv[2])
    _nmf._beta_divergence = lambda *_, **__: 1.0
    seconds = 0.0
    with threadpool_limits(limits=1):
        for line in sys.stdin:
            start = time.process_time()
            w, h, _ = _nmf._fit_multiplicative_update(
                data, w, h, beta_loss="kullback-leibler", max_iter=int(line), tol=0)
            seconds += time.process_time() - start
            out = sys.stdout.buffer
            out.write(f"{seconds!r}\n".encode())
            out.write(np.ascontiguousarray(w).tobytes())
            out.write(np.ascontiguousarray(h).tobytes())
            out.flush()


main()
