"""Times NumPy on the divisions of `benches/dtypes.rs`, in cache: `python benches/dtypes_peers.py`."""

import statistics
import time

import numpy as np

COUNT = 32_768
ROUNDS = 15


def median(run):
    """The median of several rounds of repeated calls, in microseconds."""
    run()
    start = time.perf_counter()
    run()
    repeats = max(1, int(2e-3 / max(time.perf_counter() - start, 1e-8)))
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeats):
            run()
        times.append((time.perf_counter() - start) / repeats)
    return 1e6 * statistics.median(times)


def main():
    for name in ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]:
        dtype = np.dtype(name)
        limits = np.iinfo(dtype)
        x = np.random.default_rng(1).integers(limits.min, limits.max, COUNT, dtype=dtype, endpoint=True)
        three, any_divisor = dtype.type(3), (x & dtype.type(63)) + dtype.type(1)
        out = np.empty_like(x)
        for sign, function in [("//", np.floor_divide), ("%", np.remainder)]:
            for what, divisor in [("3", three), ("any", any_divisor)]:
                short = name.replace("uint", "u").replace("int", "i")
                print(f"{short} {sign} {what} 32k".ljust(26), f"{median(lambda: function(x, divisor, out=out)):10.1f} us")


main()
