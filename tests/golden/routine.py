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
    told = told if isinstance(told, list) else [told]
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


def cumulative_lines():
    def initial(compute, first):
        def computed(x, axis):
            made = compute(x, axis=axis)
            size = list(x.shape)
            size[axis] = 1
            return np.concatenate([np.full(size, first, made.dtype), made], axis=axis)

        return computed

    plain = {"cumulative_sum": np.cumsum, "cumulative_prod": np.cumprod}
    plain |= {"cumulative_max": np.maximum.accumulate, "cumulative_min": np.minimum.accumulate}
    for dtype, shape, name in itertools.product(DTYPES, SHAPES, plain):
        x = sample(dtype, shape)
        if name == "cumulative_prod" and dtype != "bool":
            # Exact in any dtype and order.
            factors = [1, -1, 2, 0.5] if dtype[0] == "f" else [1, 2, 3]
            x = array(dtype, *[random.choice(factors) for _ in range(x.size)]).reshape(shape)
        for axis in range(-1, len(shape) - 1):
            compute = plain[name]
            yield line(name, axis, [x], lambda: compute(x, axis=axis))
            if name in ["cumulative_sum", "cumulative_prod"]:
                first = int(name == "cumulative_prod")
                yield line(name, ["from", axis], [x], lambda: initial(compute, first)(x, axis))
    for dtype, shape, name in itertools.product(["f16", "f32", "f64"], SHAPES, plain):
        x = sample(dtype, shape, special=True)
        yield line(name, -1, [x], lambda: plain[name](x, axis=-1))
    for dtype, shape, special in itertools.product(["f32", "f64"], SHAPES, [False, True]):
        x = sample(dtype, shape, special)
        for axis in range(-1, len(shape) - 1):
            yield line("cumulative_logsumexp", axis, [x], lambda: np.logaddexp.accumulate(x, axis=axis))
    yield line("cumulative_sum", 2, [sample("f64", (2, 3))], lambda: np.cumsum(np.ones((2, 3)), axis=2))


def take_lines():
    integers = [name for name in DTYPES if name[0] in "iu"]
    for (dtype, shape), mode in itertools.product(itertools.product(DTYPES, SHAPES), ["raise", "wrap", "clip"]):
        x = sample(dtype, shape)
        for axis in range(-1, len(shape) - 1):
            kind = random.choice(integers)
            size = shape[axis]
            low = 0 if kind[0] == "u" else -size
            reach = 0 if mode == "raise" else 3
            low -= reach if kind[0] == "i" else 0
            for at in random.sample([(), (0,), (4,), (2, 3)], 1):
                count = int(np.prod(at))
                values = [random.randint(low, max(size - 1 + reach, low)) for _ in range(count)]
                indices = array(kind, *values).reshape(at)
                yield line("take", [mode, axis], [x, indices], lambda: np.take(x, indices, axis, mode=mode))
    x = sample("f64", (2, 3))
    for values, axis in [([0, 3], 1), ([-4], 1), ([2], 0), ([0], 2)]:
        indices = array("i64", *values)
        yield line("take", ["raise", axis], [x, indices], lambda: np.take(x, indices, axis))
    indices = array("f64", 1.0)
    yield line("take", ["raise", 0], [x, indices], lambda: np.take(x, indices, 0))
    for dtype, shape in itertools.product(DTYPES, SHAPES):
        x = sample(dtype, shape)
        for axis in range(-1, len(shape) - 1):
            for length in random.sample([0, 1, 4], 2):
                size = list(shape)
                size[axis] = length
                # Other axes of size 1 broadcast.
                size = [1 if other != axis % len(shape) and random.random() < 0.3 else count for other, count in enumerate(size)]
                kind = random.choice(integers)
                low = 0 if kind[0] == "u" else -shape[axis]
                values = [random.randint(low, max(shape[axis] - 1, low)) for _ in range(int(np.prod(size)))]
                indices = array(kind, *values).reshape(size)
                yield line("take_along_axis", axis, [x, indices], lambda: np.take_along_axis(x, indices, axis))
    x, indices = sample("f64", (2, 3)), array("i64", 0, 1)
    yield line("take_along_axis", 0, [x, indices], lambda: np.take_along_axis(x, indices, 0))
    indices = array("i64", *range(8)).reshape(4, 2)
    yield line("take_along_axis", 1, [x, indices], lambda: np.take_along_axis(x, indices, 1))
    indices = array("i64", 0, 1, 0, 7).reshape(2, 2)
    yield line("take_along_axis", 1, [x, indices], lambda: np.take_along_axis(x, indices, 1))


def put_lines():
    def put(x, indices, values, axis, mode, adds):
        """Writes or adds one part after another."""
        made = np.array(x, np.result_type(x, values))
        shape = list(x.shape)
        shape[axis] = len(indices)
        parts = np.moveaxis(made, axis, 0)
        for index, value in zip(indices.tolist(), np.moveaxis(np.broadcast_to(values, shape), axis, 0)):
            at = {"wrap": lambda at: at % len(parts), "clip": lambda at: min(max(at, 0), len(parts) - 1)}
            index = at[mode](index) if mode in at else index
            parts[index] = parts[index] + value if adds else value
        return made

    for (dtype, shape), mode in itertools.product(itertools.product(DTYPES, SHAPES), ["raise", "wrap", "clip"]):
        for axis in range(-1, len(shape) - 1):
            size = shape[axis]
            if size == 0:
                continue
            other = random.choice([dtype, dtype, *DTYPES])
            reach = 0 if mode == "raise" else 3
            x, count = sample(dtype, shape), random.choice([0, 1, 5])
            indices = array("i32", *[random.randint(-size - reach, size - 1 + reach) for _ in range(count)])
            whole = [count if at == axis % len(shape) else length for at, length in enumerate(shape)]
            few = [1 if random.random() < 0.3 else length for length in whole]
            values = sample(other, tuple(random.choice([whole, few, few[-1:], []])))
            for name in ["put", "scatter_add"]:
                operands = [x, indices, values]
                yield line(name, [mode, axis], operands, lambda: put(*operands, axis, mode, name == "scatter_add"))
    x, one, two = np.ones(3), np.ones(1), np.ones(2)
    for values, axis in [([3], 0), ([-4], 0), ([0], 1)]:
        indices = array("i64", *values)
        yield line("put", ["raise", axis], [x, indices, one], lambda: put(x, indices, one, axis, "raise", False))
    indices = array("i64", 0)
    yield line("scatter_add", ["raise", 0], [x, indices, two], lambda: put(x, indices, two, 0, "raise", True))


def length_lines():
    def padded(made, length, axis=0):
        """As long as it may become, zero behind what is there."""
        size = list(made.shape)
        size[axis] = length - size[axis]
        return np.concatenate([made, np.zeros(size, made.dtype)], axis)

    for dtype, shape, special in itertools.product(DTYPES, SHAPES, [False, True]):
        if special and dtype[0] not in "fb":
            continue
        x = sample(dtype, shape, special)
        for axis in range(-1, len(shape) - 1):
            mask = sample("bool", (shape[axis],))
            yield line("compress", axis, [x, mask], lambda: padded(np.compress(mask, x, axis), shape[axis], axis))
            count = np.array(np.count_nonzero(mask))
            yield line("compress_count", axis, [x, mask], lambda: count)
            yield line("nonzero", axis, [x], lambda: padded(np.nonzero(x)[axis], x.size))
        values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
        yield line("unique", "values", [x], lambda: padded(values, x.size))
        yield line("unique", "counts", [x], lambda: padded(counts, x.size))
        yield line("unique", "inverse", [x], lambda: inverse.reshape(shape))
        yield line("unique", "count", [x], lambda: np.array(len(values)))
    x = np.ones((2, 3))
    yield line("compress", 1, [x, np.ones((2, 3), bool)], lambda: np.compress(np.ones((2, 3), bool), x, 1))


def search_lines():
    for dtype, other in itertools.product(DTYPES, DTYPES):
        if random.random() < 0.5 and dtype != other:
            continue
        ordered = np.sort(sample(dtype, (random.choice([1, 6, 17]),), dtype == other))
        values = sample(other, (2, 5), True)
        for side in ["left", "right"]:
            yield line("searchsorted", side, [ordered, values], lambda: np.searchsorted(ordered, values, side))
    for dtype in DTYPES:
        ordered = np.sort(sample(dtype, (5,)))
        for shape in [(), (0,), (3,)]:
            values = sample(dtype, shape)
            yield line("searchsorted", "left", [ordered, values], lambda: np.searchsorted(ordered, values))
            empty = ordered[:0]
            yield line("searchsorted", "right", [empty, values], lambda: np.searchsorted(empty, values, "right"))
            if dtype != "bool":
                yield line("digitize", [], [ordered, values], lambda: np.digitize(values, ordered))
    square, two = np.ones((2, 2)), np.ones(2)
    yield line("searchsorted", "left", [square, two], lambda: np.searchsorted(square, two))
    for dtype in [name for name in DTYPES if name != "bool"]:
        for shape in [(0,), (40,), (3, 5)]:
            values, edges = sample(dtype, shape, True), np.sort(sample(dtype, (random.choice([2, 5, 9]),)))
            yield line("histogram", [], [values, edges], lambda: np.histogram(values, edges)[0])
            finite = sample(dtype, shape)
            for bins, low, high in [(1, 0.0, 1.0), (7, -2.0, 1.5), (4, -3.0, 3.0)]:
                told = [bins, low, high]
                yield line("histogram", told, [finite], lambda: np.histogram(finite, bins, (low, high))[0])
    ones, edges = np.ones(3), array("f64", 1.0, 0.0, 2.0)
    yield line("histogram", [], [ones, edges], lambda: np.histogram(ones, edges)[0])
    yield line("histogram", [2, 1.0, 0.0], [ones], lambda: np.histogram(ones, 2, (1.0, 0.0))[0])
    for dtype in [name for name in DTYPES if name[0] in "iu" and name != "u64"]:
        for count in [0, 1, 30]:
            values = array(dtype, *[random.randint(0, 6) for _ in range(count)])
            yield line("bincount", 7, [values], lambda: np.bincount(values, minlength=7))
            if count == 0:
                continue
            weights = sample("f64", (count,))
            yield line("bincount", 7, [values, weights], lambda: np.bincount(values, weights, minlength=7))
    negative = array("i32", 1, -1)
    yield line("bincount", 3, [negative], lambda: np.bincount(negative, minlength=3))


def contraction_lines():
    def exact(dtype, shape):
        """Small enough for products of several operands to be exact."""
        if dtype[0] == "f":
            return array(dtype, *[random.randint(-4, 4) / 2 for _ in range(int(np.prod(shape)))]).reshape(shape)
        return sample(dtype, shape)

    shapes = [((3, 4), (4, 2)), ((3, 17), (17, 5)), ((1, 4), (4, 1)), ((3, 0), (0, 2)), ((0, 3), (3, 2))]
    shapes += [((4,), (4, 3)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5))]
    shapes += [((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (3, 4, 2)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3))]
    shapes += [((3, 4), (3, 2)), ((2, 3, 4), (3, 4, 5)), ((), (3,))]
    for dtype, (left, right) in itertools.product(DTYPES, shapes):
        a, b = exact(dtype, left), exact(dtype, right)
        yield line("matmul", [], [a, b], lambda: np.matmul(a, b))
        if dtype in ["f64", "i32"]:
            yield line("dot", [], [a, b], lambda: np.dot(a, b))
    for dtype, other in itertools.product(DTYPES, DTYPES):
        a, b = exact(dtype, (2, 3)), exact(other, (3, 4))
        yield line("matmul", [], [a, b], lambda: np.matmul(a, b))
    a, b = exact("f64", (2, 3, 4)), exact("f64", (4, 3, 2))
    for count in [0, 1, 4]:
        yield line("tensordot", count, [a, b], lambda: np.tensordot(a, b, count))
    b = exact("f64", (3, 4, 5))
    yield line("tensordot", 2, [a, b], lambda: np.tensordot(a, b, 2))
    for axes, others in [([1], [0]), ([2, 1], [1, 0]), ([-1], [-2]), ([], []), ([1, 1], [0, 0]), ([0], [0]), ([1], [0, 1])]:
        told = [listed(axes), listed(others)]
        yield line("tensordot", told, [a, b], lambda: np.tensordot(a, b, (axes, others)))
    einsums = [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ij,jk->ki", [(2, 3), (3, 4)]),
        ("ij,kj->ik", [(2, 3), (4, 3)]),
        ("ij,ij->ij", [(2, 3), (2, 3)]),
        ("ij,ij->i", [(2, 3), (2, 3)]),
        ("ij,ij->", [(2, 3), (2, 3)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,j->ji", [(2,), (3,)]),
        ("ii->i", [(3, 3)]),
        ("ii", [(3, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij", [(2, 3)]),
        ("ba", [(2, 3)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]),
        ("bij,bjk->ikb", [(2, 3, 4), (2, 4, 5)]),
        ("bij,jk->bik", [(2, 3, 4), (4, 5)]),
        ("ij,bjk->bik", [(3, 4), (2, 4, 5)]),
        ("ij,bjk->bki", [(3, 4), (2, 4, 5)]),
        ("bhid,bhjd->bhij", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("aib,bjc->aijc", [(2, 3, 4), (4, 3, 2)]),
        ("aib,bjc->ajic", [(2, 3, 4), (4, 3, 2)]),
        ("ijk,jkl->il", [(2, 3, 4), (3, 4, 5)]),
        ("ijk,kjl->il", [(2, 3, 4), (4, 3, 5)]),
        ("iij,jk->ik", [(3, 3, 2), (2, 4)]),
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]),
        ("ij,jk,kl,lm->mi", [(2, 3), (3, 4), (4, 2), (2, 5)]),
        ("i,i,i->i", [(4,), (4,), (4,)]),
        ("i,ij,j->", [(2,), (2, 3), (3,)]),
        ("ab,cd->adbc", [(2, 3), (2, 2)]),
        ("ij,kl->il", [(2, 3), (4, 5)]),
        ("...ij,...jk->...ik", [(2, 3, 4), (2, 4, 5)]),
        ("...ij,...jk->...ik", [(3, 4), (2, 4, 5)]),
        ("...ij->...ji", [(2, 3, 4)]),
        ("...i,i", [(2, 3), (3,)]),
        ("i...->...", [(2, 3)]),
        ("ij,ij->ij", [(1, 3), (2, 3)]),
        ("ij,jk->ik", [(2, 1), (3, 4)]),
        (",i->i", [(), (3,)]),
        ("ij,jk->ik", [(2, 3), (4, 5)]),
        ("ij,jk->iz", [(2, 3), (3, 5)]),
        ("ij,jk->ii", [(2, 3), (3, 5)]),
        ("ij,jk", [(2, 3)]),
        ("ijk,jk", [(2, 3), (3, 5)]),
    ]
    for subscripts, shapes in einsums:
        for dtype in ["f64", "f32", "i16", "bool"]:
            operands = [exact(dtype, shape) for shape in shapes]
            yield line("einsum", subscripts, operands, lambda: np.einsum(subscripts, *operands))
    for dtype, other in [("f16", "f32"), ("i8", "u8"), ("bool", "f16"), ("i64", "f32")]:
        operands = [exact(dtype, (2, 3)), exact(other, (3, 4))]
        yield line("einsum", "ij,jk->ik", operands, lambda: np.einsum("ij,jk->ik", *operands))


def statistic_lines():
    for dtype, shape in itertools.product(DTYPES, SHAPES):
        x = sample(dtype, shape)
        if x.size == 0:
            continue
        axes = [None, *((axis,) for axis in range(len(shape))), *itertools.combinations(range(len(shape)), 2)]
        for axis in axes:
            yield line("median", listed(axis), [x], lambda: np.median(x, axis))
            if dtype != "bool":
                part = random.choice([0.0, 0.25, 0.3, 0.5, 0.77, 1.0])
                yield line("quantile", [part, listed(axis)], [x], lambda: np.quantile(x, part, axis))
    for dtype in ["f16", "f32", "f64"]:
        x = sample(dtype, (3, 4))
        x[1, 2] = np.nan
        yield line("median", "[1]", [x], lambda: np.median(x, 1))
        yield line("quantile", [0.4, "[1]"], [x], lambda: np.quantile(x, 0.4, 1))
    yield line("quantile", [1.5, "all"], [np.ones(3)], lambda: np.quantile(np.ones(3), 1.5))
    yield line("median", "[1]", [np.ones(3)], lambda: np.median(np.ones(3), 1))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    random.seed(2)
    lines = [*sort_lines(), *cumulative_lines(), *take_lines(), *search_lines(), *contraction_lines(), *statistic_lines()]
    lines += [*put_lines(), *length_lines()]
    generate.write("routine.txt", lines, "routine.py")
