"""Writes what NumPy's routines do on whole arrays as `routine.txt`: `python tests/golden/routine.py` with
NumPy 2.x. The tokens are those of `generate.py`; a call is the routine, what it is told, and a shape with
elements for each operand."""

import itertools
import random
import warnings

import numpy as np

import generate
from generate import DTYPES, array, listed, result, shaped

SHAPES = [(0,), (1,), (5,), (17,), (3, 4), (4, 1), (2, 0), (2, 3, 5), (2, 3, 1, 4)]


def line(name, told, operands, compute):
    """A case."""
    told = [told] if isinstance(told, str) else told
    words = [name, *(str(word) for word in told), *(shaped(operand) for operand in operands)]
    return f"{' '.join(words)} = {result(compute, lambda made: shaped(np.asarray(made)))}"


def sample(dtype, shape, special=False):
    """Small multiples of a quarter, so that sums are exact in any order; equal ones among them."""
    count = int(np.prod(shape))
    if dtype == "bool":
        values = [random.random() < 0.6 for _ in range(count)]
    elif dtype[0] in "iu":
        values = [random.randint(-9 if dtype[0] == "i" else 0, 9) for _ in range(count)]
    else:
        values = [random.randint(-12, 12) / 4 for _ in range(count)]
        if special:
            unusual = [0.0, -0.0, np.nan, np.inf, -np.inf]
            values = [random.choice(unusual) if random.random() < 0.5 else value for value in values]
    return array(dtype, *values).reshape(shape)


def sort_lines():
    def descending(sort):
        # Equal elements stay as they stand.
        return lambda x, axis: np.flip(sort(np.flip(x, axis), axis), axis)

    def ascending_sort(x, axis):
        return np.sort(x, axis, kind="stable")

    def ascending_argsort(x, axis):
        return np.argsort(x, axis, kind="stable")

    def descending_argsort(x, axis):
        return x.shape[axis] - 1 - descending(ascending_argsort)(x, axis)

    sorts = {
        ("sort", "up"): ascending_sort,
        ("sort", "down"): descending(ascending_sort),
        ("argsort", "up"): ascending_argsort,
        ("argsort", "down"): descending_argsort,
    }
    for dtype, shape, special in itertools.product(DTYPES, SHAPES, [False, True]):
        if special and dtype[0] != "f":
            continue
        x = sample(dtype, shape, special)
        for (name, direction), axis in itertools.product(sorts, range(-1, len(shape) - 1)):
            compute = sorts[name, direction]
            yield line(name, [direction, axis], [x], lambda: compute(x, axis))
    for name, axis in itertools.product(["sort", "argsort"], [1, -2]):
        x = sample("f64", (3,))
        yield line(name, ["up", axis], [x], lambda: sorts[name, "up"](x, axis))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    random.seed(2)
    lines = [*sort_lines()]
    generate.write("routine.txt", lines, "routine.py")
