"""NumPy's times for the workloads of `records.rs`: `python benches/records_peers.py`, on one thread."""

import time

import numpy as np

N = 500_000
random = np.random.default_rng(7)
rows = np.zeros(N, np.dtype([("id", "i8"), ("sensor", "i4"), ("temp", "f4"), ("alarm", "?")]))
rows["id"] = np.arange(N)
rows["sensor"] = random.integers(0, 100, N)
rows["temp"] = random.random(N, dtype="f4") * 40
rows["alarm"] = random.random(N) < 0.3
mask = rows["alarm"].copy()


def timed(name, run):
    times = []
    for _ in range(31):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(f"{name:<26} numpy {np.median(times) * 1e6:>16.1f} us")


timed("W6 mean(temp) where ..", lambda: rows["temp"][(rows["sensor"] == 42) & rows["alarm"]].mean())
timed("temp * sensor + id", lambda: rows["temp"] * rows["sensor"].astype("f4") + rows["id"].astype("f4"))
timed("filter by a mask", lambda: rows[mask])
timed("argsort by sensor, temp", lambda: np.lexsort((rows["temp"], rows["sensor"])))
