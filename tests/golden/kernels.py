"""Writes what NumPy gives for every element-wise operation on every choice of dtypes, next to this script:
`python tests/golden/kernels.py` with NumPy 2.x and mpmath. `tests/numpy.rs` holds compiled kernels against it.

    kernels.txt             a line for each operation: its name and the dtypes of its results, for each choice
                            of operands in the order of `choices`; `-` where NumPy refuses
    kernels.npy             the elements of all these results one after another, as bytes
    kernels_operands.npy    the operands, as bytes: for each of DTYPES four rows of LENGTH elements, the operand
                            of operations on one, then the left, the right and the third one of the others

Operations that round more than once are computed with mpmath and rounded correctly, because NumPy's own
values differ between machines. Everything else is NumPy's answer as it is.
"""

import itertools
import math
import random
import warnings

import mpmath
import numpy as np

import generate
from generate import BINARY, DTYPES, NAMES, UNARY

LENGTH = 71
# Functions that NumPy does not have, at what is no ordinary number: as in C, or the limit there.
AT_THE_ENDS = {
    "erf": math.erf,
    "erfc": math.erfc,
    "lgamma": lambda x: math.inf,
    "sigmoid": lambda x: 0.5 if x == 0 else float(x > 0),
    "softplus": lambda x: math.log(2) if x == 0 else max(x, 0.0),
    "gelu": lambda x: x if x >= 0 else -0.0,
}
# What `generate.py` does not compute exactly, or not where one operand is small beside the other.
generate.EXACT |= {
    "deg2rad": mpmath.radians,
    "rad2deg": mpmath.degrees,
    "logaddexp": lambda x, y: max(x, y) + mpmath.log1p(mpmath.exp(-abs(x - y))),
    "logaddexp2": lambda x, y: max(x, y) + mpmath.log1p(mpmath.power(2, -abs(x - y))) / mpmath.log(2),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}

random.seed(2)


def choices(op):
    """The dtypes of the operands, in the order of the results."""
    if op in UNARY:
        return [(dtype,) for dtype in DTYPES]
    pairs = list(itertools.product(DTYPES, repeat=2))
    if op in BINARY:
        return pairs
    if op == "clip":
        return [(left, right, left) for left, right in pairs]
    # `select`: a mask of any dtype, then any two dtypes.
    return [("bool", left, right) for left, right in pairs] + [(mask, "i32", "f32") for mask in DTYPES]


def distinct(dtype):
    """Operands for operations on one: the ends of the dtype, what is special, and ordinary numbers."""
    if dtype == "bool":
        return [False, True]
    if dtype[0] in "iu":
        limits = np.iinfo(DTYPES[dtype])
        values = [0, 1, limits.min, limits.max, limits.min + 1, limits.max - 1, limits.max // 2 + 1, 2, 3, 5, 7, 10]
        values += [64, 90, 100] + ([-1, -2, -3, -5, -10] if limits.min else [])
        while len(values) < LENGTH:
            value = random.randint(limits.min, limits.max) >> random.choice([0, 0, 1, limits.bits // 2])
            values += [value] if value not in values else []
        return values
    limits = np.finfo(DTYPES[dtype])
    largest, normal, smallest = float(limits.max), float(limits.smallest_normal), float(limits.smallest_subnormal)
    values = [0.0, -0.0, math.inf, -math.inf, math.nan, -math.nan, largest, -largest, smallest, -smallest]
    values += [normal, -normal, normal - smallest, 5 * smallest, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, -0.1]
    values += [1 + float(limits.eps), 1 - float(limits.epsneg), -1 + float(limits.epsneg), 3.0, math.pi, math.e]
    values += [2.0**-12, -(2.0**-12), 10.0, -10.0, 88.0, -87.3, 170.6, 2048.5, 30000.0, -30000.0, math.sqrt(largest)]
    while len(values) < LENGTH:
        values.append(random.choice([1, -1]) * random.choice([1, 5, 60]) * random.random())
    return values


def pairs(dtype, left):
    """Left or right operands: what is special beside everything special, then ordinary numbers."""
    if dtype == "bool":
        special = [False, True]
    elif dtype[0] in "iu":
        limits = np.iinfo(DTYPES[dtype])
        special = [0, 1, -1 if limits.min else 2, limits.min or 3, limits.max, 7, -3 if limits.min else 8]
    else:
        special = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan]
    count = len(special)
    values = [special[at // count if left else at % count] for at in range(count * count)]
    if dtype == "bool":
        return values + random.choices(special, k=LENGTH - len(values))
    if dtype[0] in "iu":
        # On the right amounts to shift by, and small exponents and divisors.
        values += [limits.max, limits.min, limits.max // 3, 12, 18, 100] if left else [2, 5, limits.bits - 1]
        values += [] if left else [limits.bits, limits.bits // 2, 3]
        draw = lambda: random.randint(limits.min, limits.max) >> random.choice([0, limits.bits // 2, limits.bits - 5])
    else:
        limits = np.finfo(DTYPES[dtype])
        values += [float(limits.max), float(limits.smallest_subnormal), -float(limits.max), 0.1, 2.0, 0.5]
        draw = lambda: random.choice([1, 1, -1]) * random.choice([1, 8, 60]) * random.random()
    return values + [draw() for _ in range(LENGTH - len(values))]


def operands():
    for dtype in DTYPES:
        rows = [(distinct(dtype) * LENGTH)[:LENGTH], pairs(dtype, True), pairs(dtype, False)]
        rows.append(random.sample(rows[0], LENGTH))
        yield dtype, np.array(rows, DTYPES[dtype])


def exact(op, columns):
    """The correctly rounded values of a function."""
    if op not in AT_THE_ENDS:
        return generate.exact(op, *columns)
    result = np.exp(columns[0]).dtype
    xs = columns[0].astype(np.float64)
    if op == "lgamma":
        is_plain = np.isfinite(xs) & ((xs > 0) | (xs != np.floor(xs)))
    else:
        is_plain = (np.abs(xs) < 1e4) & (xs != 0)
    values = np.empty(LENGTH, result)
    values[is_plain] = generate.exact(op, columns[0][is_plain])
    for at in np.flatnonzero(~is_plain):
        values[at] = xs[at] if np.isnan(xs[at]) else AT_THE_ENDS[op](float(xs[at]))
    return values


def compute(op, columns):
    if op == "power" and np.result_type(*columns).kind != "f":
        # NumPy refuses negative exponents altogether; for those `tests/numpy.rs` has a rule of its own.
        return np.power(columns[0], np.where(columns[1] < 0, columns[1].dtype.type(0), columns[1]))
    if op in generate.EXACT:
        return exact(op, columns)
    return generate.call(op, *columns)


def results(op, given):
    """The dtypes of the results, and their bytes."""
    dtypes, values = [], b""
    slots = [0] if op in UNARY else [1, 2, 3]
    for choice in choices(op):
        columns = [given[dtype][slot] for dtype, slot in zip(choice, slots)]
        try:
            computed = compute(op, columns)
        except TypeError:
            dtypes.append("-")
            continue
        assert computed.shape == (LENGTH,)
        dtypes.append(NAMES[computed.dtype])
        values += computed.tobytes()
    return dtypes, values


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    given = dict(operands())
    lines = [f"# NumPy {np.__version__}, mpmath {mpmath.__version__}, written by tests/golden/kernels.py: do not edit"]
    values = b""
    for op in [*UNARY, *BINARY, "clip", "select"]:
        dtypes, computed = results(op, given)
        lines.append(" ".join([op, *dtypes]))
        values += computed
    here = generate.HERE
    (here / "kernels.txt").write_text("".join(line + "\n" for line in lines))
    np.save(here / "kernels.npy", np.frombuffer(values, np.uint8))
    rows = b"".join(rows.tobytes() for rows in given.values())
    np.save(here / "kernels_operands.npy", np.frombuffer(rows, np.uint8))
