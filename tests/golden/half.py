"""Writes what NumPy gives for float16 and ml_dtypes for bfloat16, as half.txt next to this script:
`python tests/golden/half.py`. `tests/numpy/half.rs` holds compiled kernels against it.

Both compute in float32 and round once, as fusewire does. ml_dtypes also converts by way of float32, which
rounds float64 and large integers twice: here are only values that float32 holds, and the others are held
against a rule in the test. Lines are

    every add bf16 0123456789abcdef     the FNV-1a hash, two bytes of each result at a time with 7fff for
                                        NaN, of an operation on every pattern, or on `every_pair`
    cast f32 bf16 3f800000=3f80 ...     operands and results by their bits, one by one; NaN as nan
"""

import math
import pathlib
import random

import ml_dtypes
import numpy as np

DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64}
DTYPES |= {f"{kind[0]}{bits}": getattr(np, f"{kind}{bits}") for bits in [8, 16, 32, 64] for kind in ["int", "uint"]}
PATTERNS = np.arange(65536, dtype=np.uint32)

random.seed(3)


def bits(array):
    return array.view(f"u{array.dtype.itemsize}")


def every_pair(dtype):
    """Every pattern beside one that its bits are shuffled to."""
    other = PATTERNS * 40503 + 12345 & 0xFFFF
    return [pattern.astype(np.uint16).view(DTYPES[dtype]) for pattern in (PATTERNS, other)]


def hashed(array):
    """The hash of a result in a dtype of 16 bits."""
    patterns = np.where(np.isnan(array.astype(np.float32)), 0x7FFF, bits(array))
    state = 0xCBF29CE484222325
    for pattern in patterns.tolist():
        state = (state ^ pattern) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{state:016x}"


def listed(array):
    digits = 2 * array.dtype.itemsize
    is_nan = np.isnan(array.astype(np.float64))
    return ["nan" if nan else f"{int(x):0{digits}x}" for nan, x in zip(is_nan, bits(array))]


def line(name, given, computed):
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    pairs = " ".join(f"{x}={y}" for x, y in zip(listed(given), listed(computed)))
    return f"{name} {names[given.dtype]} {names[computed.dtype]} {pairs}"


def floats(source, target):
    """Values at, next to and between those of the target; of f64 to bf16 only those that f32 holds."""
    info = ml_dtypes.finfo(DTYPES[target])
    largest, smallest = float(info.max), float(info.smallest_subnormal)
    values = [0.0, -0.0, math.inf, -math.inf, math.nan, largest, -largest, smallest / 2, -smallest / 2, 1e-45, 5e-324]
    values += [largest * (1 + float(info.eps) / 4) * side for side in [1 - 2**-24, 1, 1 + 2**-22, -1]]
    patterns = [1, 2, 3, 0x3FF, 0x400, 0x401, 0x7F, 0x80, 0x81] + [random.randrange(0x7BFF) for _ in range(150)]
    for pattern in patterns:
        low, high = np.array([pattern, pattern + 1], np.uint16).view(DTYPES[target]).astype(np.float64)
        middle = (low + high) / 2
        near = 2.0 ** random.choice([-23, -30, -52])
        values += [low, middle, -middle, middle * (1 + near), middle * (1 - near)]
    with np.errstate(all="ignore"):
        given = np.array(values).astype(DTYPES[source])
        is_single = given.astype(np.float32).astype(np.float64) == given
    return given if target == "f16" else given[is_single | np.isnan(given)]


def integers(source, target):
    limits = np.iinfo(DTYPES[source])
    values = [limits.min, limits.max, 0, 1, 255, 256, 257, 258, 259, 2047, 2048, 2049, 2051, 4095, 65519, 65520]
    values += [random.randint(-(2**24), 2**24) >> random.randrange(20) for _ in range(60)]
    values = [value for value in values if limits.min <= value <= limits.max]
    given = np.array(values, DTYPES[source])
    return given[[int(np.float32(value)) == value for value in values]]


def lines():
    for dtype in ["f16", "bf16"]:
        left, right = every_pair(dtype)
        for name in ["add", "multiply", "divide"]:
            yield f"every {name} {dtype} {hashed(getattr(np, name)(left, right))}"
        yield f"every sqrt {dtype} {hashed(np.sqrt(left))}"
        # Where the result is neither 0 nor 1 nor infinite.
        moderate = left[(abs(left.astype(np.float32)) > 2.0**-8) & (abs(left.astype(np.float32)) < 90)]
        moderate = moderate[:: len(moderate) // 500]
        yield line("exp", moderate, np.exp(moderate))
        for source in ["f32", "f64"]:
            given = floats(source, dtype)
            yield line("cast", given, given.astype(DTYPES[dtype]))
        for source in [name for name in DTYPES if name[0] in "iu"]:
            given = integers(source, dtype)
            yield line("cast", given, given.astype(DTYPES[dtype]))
            limits = np.iinfo(DTYPES[source])
            values = left.astype(np.float64)
            values = left[(np.trunc(values) >= limits.min) & (np.trunc(values) < float(limits.max))]
            values = values[:: len(values) // 100]
            yield line("cast", values, values.astype(DTYPES[source]))


if __name__ == "__main__":
    np.seterr(all="ignore")
    versions = f"NumPy {np.__version__}, ml_dtypes {ml_dtypes.__version__}"
    text = "".join(line + "\n" for line in [f"# {versions}, written by tests/golden/half.py: do not edit", *lines()])
    pathlib.Path(__file__).with_suffix(".txt").write_text(text)
