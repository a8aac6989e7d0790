"""Writes what NumPy gives for functions composed of operations, as `composed.txt` next to this script:
`python tests/golden/composed.py`. `tests/composed_numpy.rs` holds compiled programs against it.

One line is one case, `function arguments... | dtype kind shape = result`. The tokens are those of
`generate.py`; the elements of an operand follow from dtype, kind and shape by the formula of `made`, which
the test repeats, so that long arrays take no room. `!` is a call that NumPy refuses.
"""

import itertools
import math
import pathlib
import warnings

import mpmath
import numpy as np

from generate import DTYPES, listed, shaped

HERE = pathlib.Path(__file__).parent
SHAPES = [(), (0,), (1,), (2,), (7,), (16,), (33,), (257,), (0, 3), (3, 0), (5, 33), (33, 2)]
SHAPES += [(3, 1, 16), (2, 0, 2), (1, 7, 2, 3)]
KINDS = ["plain", "special", "missing", "sparse", "wide", "equal"]


def codes(count, salt=0):
    """Numbers from 0 to 96 that look random."""
    index = np.arange(count, dtype=np.uint64) + np.uint64(1000 * salt + 1)
    mixed = index * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(33)) % np.uint64(97)


def made(dtype, kind, shape, salt=0):
    """An operand."""
    code = codes(math.prod(shape), salt).astype(np.int64)
    if dtype == "bool":
        values = {"sparse": code < 5, "equal": code >= 0}.get(kind, code % 3 == 0)
    elif dtype[0] in "iu":
        values = code - 48 if dtype[0] == "i" else code
        if kind == "sparse":
            values = np.where(code < 90, 0, values)
        if kind == "wide":
            limits = np.iinfo(DTYPES[dtype])
            values = np.where(code < 20, limits.min, np.where(code > 80, limits.max, values.astype(DTYPES[dtype])))
        if kind == "equal":
            values = code % 2
    else:
        values = (code - 48) / 4
        if kind == "special":
            values = np.where(code < 4, np.inf, np.where(code < 8, -np.inf, values))
        if kind == "missing":
            values = np.where(code < 40, np.nan, values)
        if kind == "sparse":
            values = np.where(code < 90, 0.0, values)
        if kind == "wide":
            values = np.where(code < 3, np.nan, values * (50.0 if dtype == "f16" else 1000.0))
        if kind == "equal":
            values = code % 2 * np.nan if code.size > 3 and code[0] % 2 else code % 2
    return np.asarray(values).astype(DTYPES[dtype]).reshape(shape)


def mask_for(shape):
    return (codes(math.prod(shape), 7) < 60).reshape(shape)


def rounded_once(compute):
    """A function on f16 computed in f32 and rounded once, as fusewire does it; NumPy rounds every step."""

    def call(x, *arguments, **options):
        if x.dtype != np.float16:
            return compute(x, *arguments, **options)
        return np.asarray(compute(x.astype(np.float32), *arguments, **options)).astype(np.float16)

    return call


def logsumexp(x, axis, keepdims):
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return np.logaddexp.reduce(x, axis=axis, keepdims=keepdims)


def norm(order):
    return rounded_once(lambda x, axis, keepdims: np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=order))


def exactly(compute):
    """A function of floats computed in more precision than they have."""

    def call(x, axis):
        dtype = x.dtype if x.dtype.kind == "f" else np.float64
        return np.asarray(compute(x.astype(np.longdouble), axis)).astype(dtype)

    call.__name__ = compute.__name__
    return call


@exactly
def softmax(x, axis):
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return powers / np.sum(powers, axis=axis, keepdims=True)


@exactly
def log_softmax(x, axis):
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    below = x - np.where(np.isfinite(largest), largest, 0)
    return below - np.log(np.sum(np.exp(below), axis=axis, keepdims=True))


def average(x, weights, axis, keepdims):
    """NumPy refuses weights that add to 0 when it sees them: then it is the quotient of the sums."""
    if x.dtype == np.float16:
        return average(x.astype(np.float32), weights.astype(np.float32), axis, keepdims).astype(np.float16)
    try:
        return np.average(x, axis, weights, keepdims=keepdims)
    except ZeroDivisionError:
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        return np.sum(x * weights, axis, keepdims=keepdims) / np.sum(weights, axis, x.dtype, keepdims=keepdims)


def place(compute, fill):
    """NumPy has one axis or all. Where all are NaN it refuses, and with infinities it takes NaN for one."""

    def call(x, axis, keepdims):
        if axis is not None and len(axis) != 1:
            # The place among the elements of all the axes, in C order.
            rank = x.ndim
            axes = sorted(axis % rank for axis in axis)
            kept = [axis for axis in range(rank) if axis not in axes]
            flat = x.transpose(kept + axes).reshape(
                [x.shape[axis] for axis in kept] + [math.prod(x.shape[axis] for axis in axes)]
            )
            found = call(flat, (-1,), False)
            shape = [1 if axis in axes else x.shape[axis] for axis in range(rank)]
            return found.reshape(shape) if keepdims else found
        axis = None if axis is None else axis[0]
        if fill is None or x.dtype.kind != "f":
            return np.asarray(compute(x, axis=axis, keepdims=keepdims))
        missing = np.isnan(x)
        value = np.where(missing, -fill, x)
        best = np.expand_dims(np.asarray(compute(value, axis=axis)), 0 if axis is None else axis)
        # The first number among those that are as good as the best.
        extreme = (np.min if fill > 0 else np.max)(np.where(missing, fill, x), axis=axis, keepdims=True)
        good = (x == extreme) & ~missing
        found = np.argmax(good, axis=axis, keepdims=keepdims)
        return np.where(np.any(good, axis=axis, keepdims=keepdims), found, -1)

    return call


REDUCTIONS = {
    "any": np.any,
    "all": np.all,
    "count_nonzero": np.count_nonzero,
    "ptp": np.ptp,
    "var": rounded_once(np.var),
    "std": rounded_once(np.std),
    "norm": norm(2),
    "logsumexp": rounded_once(logsumexp),
    "nansum": rounded_once(np.nansum),
    "nanprod": rounded_once(np.nanprod),
    "nanmin": np.nanmin,
    "nanmax": np.nanmax,
    "nanmean": rounded_once(np.nanmean),
    "nanvar": rounded_once(np.nanvar),
    "nanstd": rounded_once(np.nanstd),
    "argmin": place(np.argmin, None),
    "argmax": place(np.argmax, None),
    "nanargmin": place(np.argmin, math.inf),
    "nanargmax": place(np.argmax, -math.inf),
}
# With an argument.
for ddof in [1, 2]:
    for name in ["var", "std", "nanvar", "nanstd"]:
        REDUCTIONS[f"{name}_ddof {ddof}"] = (
            lambda function, ddof: rounded_once(lambda x, **options: function(x, ddof=ddof, **options))
        )(getattr(np, name), ddof)
for order in [0, 1, 3, math.inf, -math.inf]:
    REDUCTIONS[f"norm_of_order {order}"] = norm(order)


def with_initial(function):
    """NumPy converts the initial value to the elements' dtype; in fusewire `bool` gives way to a number."""
    return lambda x, **options: function(x.astype(np.int64) if x.dtype == bool else x, initial=3, **options)


for name, function in [("min", np.min), ("max", np.max)]:
    REDUCTIONS[f"{name}_initial 3"] = with_initial(function)
for dtype in ["i8", "i32", "u64", "f32", "f64", "bool"]:
    for name, function in [("sum", np.sum), ("prod", np.prod)]:
        REDUCTIONS[f"{name}_as {dtype}"] = lambda x, function=function, dtype=dtype, **options: function(
            x, dtype=DTYPES[dtype], **options
        )
for dtype in ["i16", "f32", "f64"]:
    REDUCTIONS[f"mean_as {dtype}"] = lambda x, dtype=dtype, **options: np.mean(x, dtype=DTYPES[dtype], **options)
# With a mask of the same shape, or of the last axis alone.
for name in ["sum", "prod", "mean", "any", "all", "var", "std", "min_initial", "max_initial", "count"]:
    for which in ["same", "last"]:

        def masked(x, name=name, which=which, **options):
            mask = mask_for(x.shape if which == "same" else x.shape[-1:])
            if name == "count":
                return np.sum(np.broadcast_to(mask, x.shape), dtype=np.int64, **options)
            function = getattr(np, name.split("_")[0])
            if name.endswith("initial"):
                return with_initial(function)(x, where=mask, **options)
            return (rounded_once(function) if name in ["mean", "var", "std", "sum", "prod"] else function)(
                x, where=mask, **options
            )

        REDUCTIONS[f"masked.{name} {which}"] = masked


def rounded_products(function):
    """Products of f16 are made and summed in f32."""

    def compute(x, y):
        if x.dtype == np.float16:
            return function(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
        return function(x, y)

    return compute


def bessel(x):
    """The modified Bessel function of order 0, rounded once; NumPy's is of the dtype of floats, else f64."""
    values = [math.inf if abs(v) > 800 else float(mpmath.besseli(0, v)) if v == v else v for v in x.astype(np.float64).tolist()]
    return np.array(values, dtype=np.i0(x[:1]).dtype)


def is_defined(name, x):
    """Not what C leaves undefined, and not sums of NumPy that another order of additions changes much."""
    to = name.split("_as ")[-1]
    if "_as " in name and x.dtype.kind == "f" and to[0] in "iu":
        return False
    return not ("prod" in name and x.size > 33 and (x.dtype.kind == "f" or "_as f" in name))


def reduction_lines():
    names = list(REDUCTIONS)
    turn = itertools.count()
    for shape_at, shape in enumerate(SHAPES):
        for dtype_at, dtype in enumerate(DTYPES):
            kind = KINDS[(shape_at + dtype_at) % len(KINDS)]
            x = made(dtype, kind, shape)
            axes = [None] + [axes for count in range(1, len(shape) + 1) for axes in itertools.combinations(range(len(shape)), count)]
            # Every function on every dtype and on every shape, but not on every pair of the two.
            for name in names[(shape_at + dtype_at) % 4 :: 4]:
                if not is_defined(name, x):
                    continue
                for _ in range(1 if len(shape) < 2 else 2):
                    at = next(turn)
                    chosen = axes[at % len(axes)]
                    if chosen is not None and at % 3 == 0:
                        chosen = tuple(axis - len(shape) for axis in chosen)
                    keepdims = at % 5 < 2
                    try:
                        result = shaped(np.asarray(REDUCTIONS[name](x, axis=chosen, keepdims=keepdims)))
                    except (ValueError, TypeError):
                        result = "!"
                    call = f"{name} {listed(chosen)} {'keep' if keepdims else 'drop'}"
                    yield f"{call} | {dtype} {kind} {listed(shape)} = {result}"


def arrangement_lines():
    def line(name, arguments, compute, dtype, *shapes, kind="plain"):
        operands = [made(dtype, kind, shape, salt) for salt, shape in enumerate(shapes)]
        try:
            results = compute(*operands)
            results = results if isinstance(results, (tuple, list)) else [results]
            result = " ; ".join(shaped(np.asarray(result)) for result in results)
        except (ValueError, TypeError, IndexError):
            result = "!"
        written = " ".join([name, *map(str, arguments)])
        return f"{written} | {dtype} {kind} {' '.join(map(listed, shapes))} = {result}"

    arrays = [(), (3,), (2, 3), (0, 2), (2, 3, 2), (2, 1, 2, 3)]
    for shape in arrays:
        rank = len(shape)
        for count in range(rank + 1):
            for axes in itertools.combinations(range(-rank, rank), count):
                yield line("flip", [listed(axes)], lambda x: np.flip(x, axes), "i32", shape)
        yield line("flip", ["all"], lambda x: np.flip(x), "i32", shape)
        for first, second in itertools.product(range(-rank, rank), repeat=2):
            yield line("swapaxes", [first, second], lambda x: np.swapaxes(x, first, second), "i32", shape)
            yield line("moveaxis", [listed([first]), listed([second])], lambda x: np.moveaxis(x, first, second), "i16", shape)
            if first != second:
                for quarters in range(-1, 5):
                    compute = lambda x: np.rot90(x, quarters, (first, second))
                    yield line("rot90", [quarters, listed([first, second])], compute, "f32", shape)
        for axis, order in itertools.product(range(-rank, rank), range(5)):
            for dtype in ["bool", "i8", "u8", "f64"]:
                yield line("diff", [order, axis], lambda x: np.diff(x, order, axis), dtype, shape)
        for diagonal in [-2, -1, 0, 1, 2]:
            if rank != 1:
                yield line("tril", [diagonal], lambda x: np.tril(x, diagonal), "i64", shape)
                yield line("triu", [diagonal], lambda x: np.triu(x, diagonal), "f32", shape)
        for other in arrays[:4]:
            yield line("outer", [], np.multiply.outer, "i32", shape, other)
    for source, destination in [([0, 1], [-1, 0]), ([2, 0], [0, 1]), ([0, 0], [1, 2]), ([0], [1, 2]), ([0, 1, 2], [2, 1, 0])]:
        yield line("moveaxis", [listed(source), listed(destination)], lambda x: np.moveaxis(x, source, destination), "i8", (2, 3, 4))
    for length in [0, 1, 7, 16, 33, 257]:
        yield line("flip", ["[0]"], lambda x: np.flip(x), "i16", (length,))
        yield line("diff", [1, 0], lambda x: np.diff(x), "i16", (length,))
        for dtype in DTYPES:
            compute = lambda x, y: np.asarray(np.vecdot(x.astype(np.float32), y.astype(np.float32))).astype(np.float16) if dtype == "f16" else np.vecdot(x, y)
            yield line("vecdot", [], compute, dtype, (length,), (length,))
    for left, right in [((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((3,), (1,)), ((1,), (3,)), ((), (3,)), ((2, 0), (0,)), ((2, 3), (2, 3)), ((2,), (3,)), ((1,), (1,))]:
        yield line("vecdot", [], np.vecdot, "f64", left, right)
    for rows, columns, diagonal in itertools.product([0, 1, 2, 5], [0, 1, 3], [-5, -1, 0, 1, 2**62]):
        for name, function in [("eye", np.eye), ("tri", np.tri)]:
            yield line(name, [rows, columns, diagonal], lambda: function(rows, columns, diagonal, dtype=np.int8), "i8")
    for shapes in [[(2,), (3,)], [(2,)], [(), (3,)], [(2,), (0,)], [(2,), (3,), (4,)], [(1,), (3,), (), (2,)]]:
        for indexing in ["xy", "ij"]:
            yield line("meshgrid", [indexing], lambda *x: np.meshgrid(*x, indexing=indexing), "f64", *shapes)
    for shape in [(2,), (2, 3), (0, 2), (2, 1, 3)]:
        yield line("indices", [listed(shape)], lambda: list(np.indices(shape)), "i64")
    for shapes in [[(2, 1), (3,)], [(), (2, 2)], [(2,), (3,)], [(1, 3), (2, 1), ()], [(0, 1), (1, 2)]]:
        yield line("broadcast_arrays", [], np.broadcast_arrays, "f32", *shapes)
    for dtype, kind in itertools.product(DTYPES, KINDS):
        yield line("modf", [], np.modf, dtype, (33,), kind=kind)
        yield line("frexp", [], np.frexp, dtype, (33,), kind=kind)
    for dtype, kind in itertools.product(DTYPES, KINDS):
        yield line("i0", [], bessel, dtype, (33,), kind=kind)
    for dtype in DTYPES:
        for exponent in [-1, 0, 0.5, 3]:
            yield line("float_power", [exponent], lambda x: np.float_power(np.abs(x), exponent), dtype, (7,))
        for matrix, vector in [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((4, 1, 3), (4, 3)), ((0, 3), (3,)), ((2, 0), (0,))]:
            yield line("matvec", [], rounded_products(np.matvec), dtype, matrix, vector)
        for vector, matrix in [((3,), (3, 2)), ((3,), (4, 3, 2)), ((4, 3), (3, 2)), ((3,), (3, 0)), ((0,), (0, 2))]:
            yield line("vecmat", [], rounded_products(np.vecmat), dtype, vector, matrix)
    for matrix, vector in [((2, 3), (2,)), ((3,), (3,)), ((2, 3), ()), ((2, 3), (1,)), ((4, 2, 3), (5, 3))]:
        yield line("matvec", [], np.matvec, "f64", matrix, vector)
        yield line("vecmat", [], np.vecmat, "f64", vector, matrix)
    # NumPy takes differences of `bool` and of integers without sign as they are, which wrap around.
    for dtype in ["i8", "i32", "i64", "f32", "f64"]:
        for shape, axis in [((33,), 0), ((1,), 0), ((0,), 0), ((5, 7), 0), ((5, 7), -1), ((2, 0, 2), 1), ((3,), 1), ((3,), -2)]:
            yield line("unwrap", [axis], lambda x: np.unwrap(x, axis=axis), dtype, shape)
            for discontinuity, period in [(12.0, 7.0), (0.0, 24.0), (12.0, 24.0)]:
                compute = lambda x: np.unwrap(x, discontinuity, axis, period=period)
                yield line("unwrap_period", [axis, period, discontinuity], compute, dtype, shape)
    for dtype in [name for name in DTYPES if name[0] in "iu"]:
        classes = 60
        yield line("one_hot", [classes], lambda x: x[..., None] == np.arange(classes), dtype, (5,))
    for shape in arrays:
        yield line("matrix_transpose", [], np.matrix_transpose, "i32", shape)
        for offset in [-3, -1, 0, 1, 2]:
            for dtype in ["bool", "i8", "u16", "f16", "f64"]:
                yield line("trace", [offset], rounded_once(lambda x: np.trace(x, offset)), dtype, shape)
    for dtype, kind in itertools.product(DTYPES, KINDS):
        for shape, axes in [((7,), (0,)), ((0,), (0,)), ((), ()), ((5, 33), (1,)), ((3, 1, 16), (0, -1)), ((2, 0, 2), (1,))]:
            for function in [softmax, log_softmax]:
                compute = lambda x: function(x, axes)
                yield line(function.__name__, [listed(axes)], compute, dtype, shape, kind=kind)
    for dtype in DTYPES:
        for shape, weights in [((7,), (7,)), ((5, 33), (33,)), ((5, 33), (5, 1)), ((3, 1, 16), ()), ((2, 3), (2,)), ((3,), (2, 3))]:
            for axes, keepdims in [((0,), False), ((-1,), True)]:
                arguments = [listed(axes), "keep" if keepdims else "drop"]
                compute = lambda x, w: average(x, np.broadcast_to(w, x.shape), axes, keepdims)
                yield line("average", arguments, compute, dtype, shape, weights)
    yield line("one_hot", [3], lambda x: x[..., None] == np.arange(3), "u8", ())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    lines = list(dict.fromkeys([*reduction_lines(), *arrangement_lines()]))
    header = f"# NumPy {np.__version__}, written by tests/golden/composed.py: do not edit\n"
    (HERE / "composed.txt").write_text(header + "".join(line + "\n" for line in lines))
    print(f"composed.txt: {len(lines)} cases")
