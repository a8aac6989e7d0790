"""Writes what NumPy does, as golden files next to this script: `python tests/golden/generate.py`
with NumPy 2.x and mpmath. `ir/tests/golden` holds the reference evaluator against them.

One line is one case, `call = result`. Never edit the files by hand. The tokens:

    f64:3ff0000000000000,7ff0000000000000   elements of one dtype; floats by their bits, any NaN as nan
    i32:1,-2   bool:0,1   i64:              the others in decimal; the last one has no elements
    True   1   1.5                          a plain Python number, which takes the dtype it meets (NEP 50)
    f32                                     a dtype
    [2,3]   [1:5:2,::-1]   all              a shape or axes; slices; axis=None
    !TypeError                              NumPy refuses the call
"""

import decimal
import itertools
import math
import pathlib
import random
import warnings

import mpmath
import numpy as np

HERE = pathlib.Path(__file__).parent
DTYPES = {"bool": np.bool_}
DTYPES |= {f"{kind[0]}{bits}": getattr(np, f"{kind}{bits}") for bits in [8, 16, 32, 64] for kind in ["int", "uint"]}
DTYPES |= {f"f{bits}": getattr(np, f"float{bits}") for bits in [16, 32, 64]}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}

# Functions whose values come from mpmath, correctly rounded: NumPy's own differ between machines.
EXACT = {
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "logaddexp2": lambda x, y: mpmath.log(mpmath.power(2, x) + mpmath.power(2, y), 2),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "log1p": mpmath.log1p,
    "log10": mpmath.log10,
    "log2": lambda x: mpmath.log(x, 2),
    "log": mpmath.log,
    "hypot": mpmath.hypot,
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
    "power": mpmath.power,
    "lgamma": lambda x: mpmath.re(mpmath.loggamma(x)),
    "atanh": mpmath.atanh,
    "acosh": mpmath.acosh,
    "asinh": mpmath.asinh,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erfc": mpmath.erfc,
    "erf": mpmath.erf,
    "expm1": mpmath.expm1,
    "exp2": lambda x: mpmath.power(2, x),
    "sinc": lambda x: mpmath.sincpi(x),
    "tanh": mpmath.tanh,
    "cosh": mpmath.cosh,
    "sinh": mpmath.sinh,
    "atan2": mpmath.atan2,
    "atan": mpmath.atan,
    "acos": mpmath.acos,
    "asin": mpmath.asin,
    "tan": mpmath.tan,
    "cos": mpmath.cos,
    "sin": mpmath.sin,
    "exp": mpmath.exp,
}
# Functions that NumPy does not have, with one that treats dtypes alike.
ALIKE = {"softplus": "exp", "lgamma": "exp", "gelu": "exp", "sigmoid": "exp", "erfc": "exp", "erf": "exp", "relu": "square", }
UNARY = "negative positive absolute sign square reciprocal sqrt deg2rad rad2deg floor ceil trunc rint".split()
UNARY += "isnan isfinite isinf isposinf isneginf signbit spacing nan_to_num logical_not invert bitwise_count".split()
OF_TWO = ["atan2", "power", "hypot", "logaddexp", "logaddexp2"]
UNARY += [name for name in [*EXACT, *ALIKE] if name not in OF_TWO]
UNARY += "fabs mantissa exponent conjugate real imag angle isreal iscomplex".split()
UNARY = list(dict.fromkeys(UNARY))
ARITHMETIC = "add subtract multiply divide floor_divide remainder fmod minimum maximum fmin fmax".split()
COMPARISONS = "equal not_equal less less_equal greater greater_equal".split()
LOGICAL = "logical_and logical_or logical_xor".split()
# NumPy's functions by fusewire's names, where those are others.
NUMPY = {"select": np.where, "mantissa": lambda x: np.frexp(x)[0], "exponent": lambda x: np.frexp(x)[1]}
# `np.angle` of bool is that of i64, as it takes the integer 0 for the imaginary part.
NUMPY["angle"] = lambda z: np.arctan2(np.imag(z), np.real(z))
BITS = "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split()
FLOAT_PARTS = "copysign nextafter heaviside isclose ldexp".split()
BINARY = ARITHMETIC + COMPARISONS + LOGICAL + BITS + FLOAT_PARTS + [name for name in EXACT if name in OF_TWO]
REDUCTIONS = "sum prod min max mean".split()

# The first base class that fits names the error.
ERRORS = (TypeError, OverflowError, ZeroDivisionError, IndexError, ValueError)

random.seed(1)
decimal.getcontext().prec = 60


def elements(array):
    """The elements of an array as one token."""
    array = np.asarray(array)
    name = NAMES[array.dtype]
    if name[0] in "biu":
        texts = [str(int(value)) for value in array.ravel()]
    else:
        bits = np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}").ravel()
        digits = 2 * array.dtype.itemsize
        texts = [
            "nan" if np.isnan(value) else f"{int(pattern):0{digits}x}"
            for value, pattern in zip(array.ravel(), bits)
        ]
    return f"{name}:{','.join(texts)}"


def listed(values):
    """A shape, axes or slices as one token; `None` is every axis."""
    return "all" if values is None else f"[{','.join(str(value) for value in values)}]"


def shaped(array):
    """A result with its shape."""
    return f"{listed(array.shape)} {elements(array)}"


def dtype_name(array):
    """Its dtype, also one that fusewire does not have."""
    return NAMES.get(array.dtype, f"{array.dtype.kind}{8 * array.dtype.itemsize}")


def operand(value):
    """An array's elements, or a Python number as it is written."""
    return repr(value) if isinstance(value, (bool, int, float)) else elements(value)


def result(compute, show):
    """What the call gives, or which error it raises."""
    try:
        return show(compute())
    except ERRORS as error:
        return "!" + next(base.__name__ for base in ERRORS if isinstance(error, base))


def write(name, lines, script="generate.py"):
    """Writes a file, each case once."""
    lines = list(dict.fromkeys(lines))
    header = f"# NumPy {np.__version__}, written by tests/golden/{script}: do not edit\n"
    (HERE / name).write_text(header + "".join(line + "\n" for line in lines))
    print(f"{name}: {len(lines)} cases")


def array(dtype, *values):
    """A 1-d array of a dtype, given by its short name."""
    return np.array(values, dtype=DTYPES[dtype])


def exact(op, *operands):
    """The correctly rounded values of a function."""
    like = getattr(np, ALIKE.get(op, op))
    approximate = like(*operands)
    dtype = approximate.dtype.type

    def one(*x):
        # What one operand of f16 or f32 needs is more than mpmath's 53 bits where digits cancel.
        with mpmath.workprec(200):
            value = EXACT[op](*[mpmath.mpf(x) for x in x])
            nearest = dtype(float(value))
            if not np.isfinite(nearest):
                return nearest
            # What is not f64 was rounded twice: one of its neighbours may be nearer.
            around = [np.nextafter(nearest, dtype(-math.inf)), nearest, np.nextafter(nearest, dtype(math.inf))]
            finite = [value for value in around if np.isfinite(value)]
            return min(finite, key=lambda near: abs(mpmath.mpf(float(near)) - value))

    # Zeros have a sign, and what is no number follows the rules of C99, in NumPy as well.
    def is_special(x, value):
        # NumPy's sinc overflows on the way.
        no_number = not np.isfinite(value) and op != "sinc"
        return not all(map(math.isfinite, x)) or no_number or value == 0 or (len(x) > 1 and 0 in x)

    columns = [np.asarray(operand, dtype=np.float64).tolist() for operand in operands]
    rows = list(zip(*columns))
    if op in ALIKE:
        return np.array([one(*row) for row in rows], dtype=dtype)
    values = [value if is_special(row, value) else one(*row) for row, value in zip(rows, approximate)]
    return np.array(values, dtype=dtype)


def numpy_function(op):
    """NumPy's function for an operation of the op table."""
    return NUMPY.get(op) or getattr(np, op)


def call(op, *operands):
    """An operation of the op table, by fusewire's name."""
    if op == "power" and np.result_type(*operands).kind != "f":
        # What NumPy refuses is in a test of its own.
        return np.power(*operands)
    if op == "relu":
        x = operands[0].astype(np.square(operands[0]).dtype)
        return np.where((x > 0) | np.isnan(x), x, x.dtype.type(0))
    if op in EXACT:
        return exact(op, *operands)
    return np.asarray(numpy_function(op)(*operands))


# Promotion: every operation on every choice of dtypes and Python numbers. One number fits any dtype,
# one does not fit i32, one no integer dtype.
WEAK = [True, 1, 1.5, 2**40, 2**70]


def promotion_lines():
    def line(op, operands):
        arrays = [np.ones(1, DTYPES[value]) if value in NAMES.values() else value for value in operands]
        texts = [value if isinstance(value, str) else repr(value) for value in operands]
        compute = lambda: np.asarray(numpy_function(ALIKE.get(op, op))(*arrays))
        return f"{op} {' '.join(texts)} = {result(compute, dtype_name)}"

    for bounds in itertools.product(DTYPES, repeat=3):
        if len(set(bounds)) < 3:
            yield line("clip", bounds)
    for op in UNARY:
        for dtype in DTYPES:
            yield line(op, [dtype])
    anything = list(DTYPES) + WEAK
    for op in BINARY:
        for left, right in itertools.product(anything, repeat=2):
            if isinstance(left, str) or isinstance(right, str):
                yield line(op, [left, right])
    # The mask is never promoted: as an array, one dtype is enough.
    for left, right in itertools.product(anything, repeat=2):
        yield line("select", ["bool", left, right])
    for mask in [True, *DTYPES]:
        yield line("select", [mask, "i32", "f32"])


# Values at which something changes: signs of zero, halves, the ends of a range, what is no number.
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, math.inf, -math.inf, math.nan]
MORE_FLOATS = [-0.5, 1.5, 2.5, 3.5, -3.0, 0.1, -0.1, 2.0**0.5, 1e30, -1e30, 2.0**52 - 0.5]
FLOAT_PAIRS = [(0.1, 0.2), (1 / 3, 7.1), (5.3, -0.1), (1.0, 0.1), (-1.0, 0.1), (1e17, 3.0), (-1e17, 3.0)]
FLOAT_PAIRS += [(7.25, -3.0), (-7.25, 3.0), (-7.25, -3.0), (6.0, 0.1), (-6.0, 0.1)]
FLOAT_PAIRS += [(1e-30, -1e30), (2.0**24, 1.0), (2.0**53, 1.0)]
SOME_FLOATS = [0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan]


def edges(dtype, more):
    """Operands of a dtype; `more` of them for operations on one or two, else few."""
    if dtype == "bool":
        return [False, True]
    if dtype[0] in "iu":
        limits = np.iinfo(DTYPES[dtype])
        few = list(dict.fromkeys([0, 1, -1 if limits.min else 2, limits.min, limits.max]))
        return few + [3, -3 if limits.min else 5, 7, limits.max // 3] if more else few
    limits = np.finfo(DTYPES[dtype])
    if not more:
        return SOME_FLOATS
    return FLOATS + [float(limits.max), float(limits.smallest_subnormal)]


def element_lines():
    def line(op, *operands):
        try:
            computed = call(op, *operands)
        except (TypeError, OverflowError, ValueError):
            return
        # What is refused, and dtypes that fusewire does not have, are in `promotion.txt`.
        if computed.dtype in NAMES:
            yield f"{op} {' '.join(map(operand, operands))} = {elements(computed)}"

    for op, dtype in itertools.product(UNARY, DTYPES):
        values = edges(dtype, True)
        if dtype.startswith("f"):
            values = values + MORE_FLOATS + [float(np.finfo(DTYPES[dtype]).min)]
        if op in EXACT and dtype in ["f16", "f32", "f64"]:
            values = values + [-745, -709, -104, -103, -88, -10, -2, 2, 10, 88, 89, 709, 710]
            values += [random.uniform(-90, 90) for _ in range(20)] + [random.uniform(-1, 1) for _ in range(20)]
        if op in ALIKE:
            # mpmath knows neither infinities nor the sign of zero as C99 does.
            is_plain = lambda x: math.isfinite(x) and (x != 0 or math.copysign(1, x) > 0)
            values = [value for value in values if is_plain(float(array(dtype, value)[0]))]
        for value in values:
            yield from line(op, array(dtype, value))
    for dtype in DTYPES:
        values = edges(dtype, False)
        for value, lower, upper in itertools.product(values, repeat=3):
            yield from line("clip", *[array(dtype, operand) for operand in (value, lower, upper)])
    for op, dtype in itertools.product(BINARY, DTYPES):
        values = edges(dtype, op in ARITHMETIC + BITS + FLOAT_PARTS + OF_TWO)
        pairs = list(itertools.product(values, repeat=2))
        if op in ARITHMETIC + OF_TWO and dtype.startswith("f"):
            pairs += FLOAT_PAIRS + [(random.uniform(-100, 100), random.uniform(-9, 9)) for _ in range(10)]
        for left, right in pairs:
            yield from line(op, array(dtype, left), array(dtype, right))
    exponents = [0, 1, -1, 15, -14, -24, -25, 127, -126, -149, -150, 1023, 1024, -1022, -1074, -1075, 2098, -2098, 2099]
    exponents += [-3000, 4000, 2**31 - 1, -(2**31)]
    for dtype, exponent in itertools.product(["f16", "f32", "f64"], exponents):
        limits = np.finfo(DTYPES[dtype])
        numbers = [1.0, -1.5, 1 + float(limits.eps), 2 - float(limits.eps), 1.25, -0.0, math.inf, -math.inf, math.nan]
        numbers += [float(limits.max), float(limits.smallest_subnormal), -3 * float(limits.smallest_subnormal)]
        for number in numbers:
            yield from line("ldexp", array(dtype, number), array("i32", exponent))
            yield from line("ldexp", array(dtype, number), exponent)
        for wide in [2**31, -(2**40), 2**63 - 1, -(2**63)]:
            yield from line("ldexp", array(dtype, 1.5), array("i64", wide))
    for mask, dtype in itertools.product(DTYPES, repeat=2):
        for value in edges(mask, False):
            yield from line("select", array(mask, value), array(dtype, 1), array(dtype, 0))
    # Operands are promoted first, which may round.
    pairs = [("i64", 2**53 + 1, "f64", 1.0), ("i64", 2**24 + 1, "f32", 0.0), ("i32", 2**24 + 1, "f32", 0.0)]
    pairs += [("i64", -(2**63), "i32", -1), ("bool", True, "i32", -1), ("bool", True, "f32", 0.5)]
    pairs += [("f32", 0.1, "f64", 0.1), ("i64", 2**63 - 1, "f64", 2.0**63)]
    pairs += [("u8", 200, "i8", -100), ("u32", 2**32 - 1, "i32", -1), ("u8", 255, "f16", 0.5)]
    pairs += [("u64", 2**63 + 1, "i64", 2**63 - 1), ("u64", 2**64 - 1, "i64", -1), ("u64", 5, "i8", 5)]
    pairs += [("i16", 2**15 - 1, "f16", 1.0), ("f16", 0.1, "f32", 0.1)]
    for op in ["add", "multiply", "divide", "floor_divide", "equal", "less"]:
        for left_dtype, left, right_dtype, right in pairs:
            left, right = array(left_dtype, left), array(right_dtype, right)
            yield from line(op, left, right)
            yield from line(op, right, left)
    # Python numbers are converted to the array's dtype, which may round, too.
    numbers = [True, 0, -1, 3, 2**31 - 1, -(2**31), 2**24 + 1, 0.1, -2.5, 1e30, 1e-50, math.inf, math.nan]
    numbers += [2**53 + 1, 2**60 + 2**36 + 1, 2**63 - 1, -(2**63), 1e300, 255, 256, 2**64 - 1, 70000.0, 1e-7]
    for op, dtype, number in itertools.product(["add", "multiply", "less"], DTYPES, numbers):
        strong = array(dtype, 1)
        yield from line(op, strong, number)
        yield from line(op, number, strong)


def broadcast_lines():
    def filled(shape):
        return np.arange(math.prod(shape)).reshape(shape)

    small = [shape for rank in range(3) for shape in itertools.product([0, 1, 2, 3], repeat=rank)]
    pairs = list(itertools.product(small, repeat=2))

    def related(shape):
        """A shape that often broadcasts with this one: some axes stretched, some cut off in front."""
        changed = [random.choice([size, size, 1, random.choice([0, 2])]) for size in shape]
        return tuple(changed[random.randrange(len(shape) + 1):])

    def deep():
        return tuple(random.choice([0, 1, 1, 2, 2, 3]) for _ in range(random.randint(3, 6)))

    for _ in range(250):
        shape = deep()
        pair = [shape, related(shape)]
        random.shuffle(pair)
        pairs.append(tuple(pair))

    def show(computed):
        return shaped(computed) if computed.size <= 24 else listed(computed.shape)

    for left, right in pairs:
        compute = lambda: filled(left) + 100 * filled(right)
        yield f"add {listed(left)} {listed(right)} = {result(compute, show)}"
    for _ in range(120):
        shape = deep()
        mask, left, right = random.sample([shape, related(shape), related(shape)], 3)
        compute = lambda: np.where(filled(mask) % 2 == 1, filled(left), 100 * filled(right))
        yield f"select {listed(mask)} {listed(left)} {listed(right)} = {result(compute, show)}"


# A view is `name argument`; the argument of a slice is the text between the brackets.
def view(source, name, argument):
    if name == "slice":
        parts = [part.split(":") for part in argument]
        return source[tuple(slice(*(int(end) if end else None for end in part)) for part in parts)]
    if name == "permute_dims":
        return np.permute_dims(source, argument)
    if name == "broadcast_to":
        return np.broadcast_to(source, argument)
    return getattr(np, name)(source, axis=None if argument is None else tuple(argument))


def axis_sets(rank):
    """Every set of axes, some counted from the end."""
    for count in range(rank + 1):
        for axes in itertools.combinations(range(rank), count):
            yield axes
            yield tuple(axis - rank for axis in axes)


def view_lines():
    def line(shape, steps):
        def compute():
            current = np.arange(math.prod(shape)).reshape(shape)
            for name, argument in steps:
                current = view(current, name, argument)
            return current

        calls = " | ".join(f"{name} {listed(argument)}" for name, argument in steps)
        return f"{listed(shape)} {calls} = {result(compute, shaped)}"

    ends = ["", -9, -5, -4, -1, 0, 1, 3, 5, 9]
    for start, stop, step in itertools.product(ends, ends, ["", 2, 3, -1, -2, 7, -7]):
        yield line((5,), [("slice", [f"{start}:{stop}:{step}"])])
    for size, start, stop, step in itertools.product([0, 1], ["", -1, 0, 1], ["", -2, 0, 1], [1, -1]):
        yield line((size,), [("slice", [f"{start}:{stop}:{step}"])])
    far = [-(2**63), 2**63 - 1, ""]
    for start, stop, step in itertools.product(far, far, [1, -1, 2**62, -(2**62), 2**63 - 1]):
        yield line((3,), [("slice", [f"{start}:{stop}:{step}"])])
    yield line((5,), [("slice", ["::0"])])
    yield line((5,), [("slice", ["::1", "::1"])])
    yield line((), [("slice", ["::1"])])
    yield line((), [("slice", [])])

    def random_slices(rank):
        end = lambda: random.choice(["", "", random.randint(-5, 5)])
        step = lambda: random.choice(["", 1, 2, -1, -2])
        return [f"{end()}:{end()}:{step()}" for _ in range(random.randint(0, rank))]

    for _ in range(150):
        shape = tuple(random.randint(0, 4) for _ in range(random.randint(1, 4)))
        yield line(shape, [("slice", random_slices(len(shape)))])

    for rank in range(5):
        shape = (2, 3, 2, 2)[:rank]
        for order in itertools.permutations(range(rank)):
            yield line(shape, [("permute_dims", order)])
        yield line(shape, [("permute_dims", [-1 - axis for axis in range(rank)])])
    yield line((2, 3, 1, 2, 1, 2), [("permute_dims", (5, 3, 4, 0, 2, 1))])
    for order in [(0,), (0, 0), (0, 1, 2), (0, 2), (-3, 0), (-1, 1)]:
        yield line((2, 3), [("permute_dims", order)])

    for shape in [(), (3,), (2, 3), (2, 0)]:
        for count in range(3):
            rank = len(shape) + count
            for axes in itertools.product(range(-rank - 1, rank + 1), repeat=count):
                yield line(shape, [("expand_dims", axes)])

    for shape in [(), (1,), (3,), (1, 3), (1, 3, 1), (1, 0, 1), (2, 1, 1, 2)]:
        yield line(shape, [("squeeze", None)])
        for axes in axis_sets(len(shape)):
            yield line(shape, [("squeeze", axes)])
    for axes in [(0, 0), (0, -3), (3,), (-4,)]:
        yield line((1, 3, 1), [("squeeze", axes)])

    for shape in [(), (3,), (2, 3), (2, 0, 2), (2, 1, 3)]:
        yield line(shape, [("flip", None)])
        for axes in axis_sets(len(shape)):
            yield line(shape, [("flip", axes)])

    sources = [(), (1,), (2,), (0,), (2, 1), (1, 3), (2, 3), (1, 1)]
    targets = [(), (0,), (1,), (2,), (2, 3), (2, 2), (0, 3), (2, 0), (1, 2, 3), (2, 2, 3), (2, 1, 2, 2)]
    for source, target in itertools.product(sources, targets):
        yield line(source, [("broadcast_to", target)])
    yield line((2, 1, 1), [("broadcast_to", (1, 2, 1, 2, 1, 3))])

    def random_view(shape):
        rank = len(shape)
        some = lambda: tuple(sorted(random.sample(range(rank), random.randint(0, rank))))
        name = random.choice("slice permute_dims expand_dims squeeze flip broadcast_to".split())
        argument = {
            "slice": lambda: random_slices(rank),
            "permute_dims": lambda: random.sample(range(rank), rank),
            "expand_dims": lambda: [random.randint(-rank - 1, rank)],
            "squeeze": lambda: None,
            "flip": some,
            "broadcast_to": lambda: [random.choice([1, 2])] * (rank < 4) + [
                2 if size == 1 and random.random() < 0.5 else size for size in shape
            ],
        }[name]()
        return name, argument

    for _ in range(150):
        start = tuple(random.choice([1, 2, 3]) for _ in range(random.randint(1, 3)))
        current, steps = np.empty(start), []
        for _ in range(random.randint(2, 5)):
            steps.append(random_view(current.shape))
            current = view(current, *steps[-1])
        if current.size <= 48:
            yield line(start, steps)


def reduction_lines():
    def line(op, axes, keepdims, source):
        axis = None if axes is None else tuple(axes)
        compute = lambda: getattr(np, op)(source, axis=axis, keepdims=keepdims)
        shown = result(compute, lambda reduced: shaped(np.asarray(reduced)))
        return f"{op} {listed(axes)} {'keep' if keepdims else 'drop'} {shaped(source)} = {shown}"

    def sample(dtype, shape):
        """Small multiples of a quarter, so that every sum is exact in any order."""
        count = math.prod(shape)
        if dtype == "bool":
            values = [random.random() < 0.6 for _ in range(count)]
        elif dtype[0] in "iu":
            values = [random.randint(-9 if dtype[0] == "i" else 0, 9) for _ in range(count)]
        else:
            values = [random.randint(-12, 12) / 4 for _ in range(count)]
        return array(dtype, *values).reshape(shape)

    for shape, dtype, op in itertools.product([(2, 1, 3), (2, 0, 2)], DTYPES, REDUCTIONS):
        source = sample(dtype, shape)
        yield line(op, None, False, source)
        yield line(op, None, True, source)
        for axes in axis_sets(len(shape)):
            # Axes from the front without `keepdims`, from the end with it.
            yield line(op, axes, any(axis < 0 for axis in axes), source)
    for dtype, op in itertools.product(DTYPES, REDUCTIONS):
        for shape in [(), (0,), (1,), (0, 0), (0, 3, 0), (3, 2)]:
            source = sample(dtype, shape)
            for axes in [None, (), (0,)]:
                if axes is None or len(axes) <= len(shape):
                    yield line(op, axes, False, source)
    deep = sample("i32", (2, 2, 3, 1, 2, 1))
    for op in REDUCTIONS:
        for axes in [(0, 2), (1, 3, 5), (0, 1, 2, 3, 4, 5), (4, 0), (-2, 1)]:
            yield line(op, axes, False, deep)
        for axes in [(0, 0), (0, -2), (2,), (-3,), (0, 1, 2)]:
            yield line(op, axes, False, sample("f64", (2, 3)))
            yield line(op, axes, False, sample("f64", (2, 0)))

    nan, inf = math.nan, math.inf
    special = [[nan, 1, 2], [1, nan, 2], [1, 2, nan], [nan]]
    special += [[inf, 1], [inf, -inf], [-inf, 1], [inf, nan, -inf]]
    special += [[-0.0], [-0.0, -0.0], [0.0, -0.0], [-0.0, 1], [inf, 0.0], [0.5, -3, 0.0]]
    for dtype, op, values in itertools.product(["f32", "f64"], REDUCTIONS, special):
        yield line(op, None, False, array(dtype, *values))
    for dtype, op in itertools.product([dtype for dtype in DTYPES if dtype[0] in "iu"], REDUCTIONS):
        limits = np.iinfo(DTYPES[dtype])
        low = -1 if limits.min else 0
        for values in [[limits.max, 1], [limits.min, low], [limits.max, limits.max, 3], [limits.min], [0, 5]]:
            # NumPy adds integers as floats for a mean, so here too the sums must be exact.
            if op != "mean" or dtype[1:] != "64":
                yield line(op, None, False, array(dtype, *values))
    for dtype, op, spread in itertools.product(["f32", "f64"], REDUCTIONS, [1.0, 4.0]):
        values = [random.uniform(0.5, 2.0) * random.choice([1, -1]) * spread for _ in range(40)]
        yield line(op, None, False, array(dtype, *values))


def range_lines():
    def line(name, compute, arguments):
        return f"{name} {' '.join(map(str, arguments))} = {result(compute, shaped)}"

    integers = [-7, -1, 0, 1, 5, 10]
    steps = [-11, -3, -1, 0, 1, 2, 3, 11]
    floats = [(0.0, 1.0, 0.1), (1.0, 0.0, -0.1), (0, 1, 0.25), (0.0, 5, 1), (5, 0, -0.5), (0.5, 0.5, 1.0)]
    floats += [(0.0, 1.0, -0.1), (-1.0, 1.0, 0.3), (1.0, 1.3, 0.1), (1, 2, 0.05), (-0.0, 2.0, 1.0)]
    floats += [(0.1, 1e10, 3e9), (1e16, 1e16 + 10, 3.0), (1e-3, 1e3, 99.7), (2.5, -2.5, -0.7)]
    floats += [(7.0, 7.5, 0.1), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    floats += [(0.0, math.inf, 1.0), (0.0, math.nan, 1.0), (0.0, -math.inf, 1.0)]
    floats += [(0.0, 5.0, math.inf), (0.0, -5.0, math.inf), (0.0, 1e-300, 1e300), (0.0, 1e300, 1e-300)]
    floats += [(0.0, 5.0, math.nan), (-0.0, 1.0, 1.0), (-0.0, 3, 2)]
    number = lambda: random.uniform(-5, 5) * 10 ** random.randint(-3, 3)
    floats += [(number(), number(), number()) for _ in range(60)]
    mixed = [(2**62, 2**62 + 5, 2), (-(2**63), -(2**63) + 3, 1), (2**63 - 1, 2**63 - 5, -2), (0, 3, True)]
    for arguments in [*itertools.product(integers, integers, steps), *floats, *mixed]:
        compute = lambda: np.arange(*arguments)
        # Nothing long is worth a line.
        if result(compute, lambda made: "long" if made.size > 300 else "") != "long":
            yield line("arange", compute, arguments)

    bounds = [(0, 1), (0, 10), (1, 0), (-1.5, 2.5), (3, 3), (0.1, 0.7), (-0.0, 1.0)]
    bounds += [(1e300, -1e300), (0.0, 1e-320), (1e16, 1e16 + 2), (0.0, math.inf), (0.0, 5e-324)]
    bounds += [(random.uniform(-9, 9), random.uniform(-9, 9)) for _ in range(12)]
    for start, stop in bounds:
        for count, endpoint in itertools.product([0, 1, 2, 3, 4, 7, 10], (True, False)):
            compute = lambda: np.linspace(start, stop, count, endpoint=endpoint)
            arguments = [start, stop, count, "closed" if endpoint else "open"]
            yield line("linspace", compute, arguments)


def cast_lines():
    integers = [0, 1, -1, 7, 100, 200, -200, 300, 2**16 - 1, 2**16 + 3, 2**24 + 1, 2**31, -(2**31) - 1, 2**32]
    integers += [2**53 + 1, -(2**53) - 1, 2**60 + 2**36 + 1, 2**64 - 2**10, 2049, 65519, 65520, 4095, -2051]
    floats = [0.0, -0.0, 0.5, -0.5, 0.1, 0.99, -1.99, 2.5, 100.7, -100.7, 200.5, 300.2, 65504.0, 65519.9, 65520.0]
    floats += [1e9, -1e9, 1e18, -1e18, 1e19, 3e38, 1e-7, 6e-8, 2.98e-8, 2.99e-8, 1.0009765625, 1.00048828125]
    floats += [1.0004882812500002, 2147483647.9, -2147483648.9, 5e-324, 1e-45, 1e-46, 1e39, -1e39]
    floats += [3.4028235677973366e38, 1.0000000596046448, 1.7e308, math.inf, -math.inf, math.nan]

    def values_of(dtype):
        if dtype == "bool":
            return [False, True]
        if dtype.startswith("f"):
            return floats
        limits = np.iinfo(DTYPES[dtype])
        return [value for value in integers if limits.min <= value <= limits.max] + [limits.min, limits.max]

    for source, target in itertools.product(DTYPES, repeat=2):
        for value in values_of(source):
            # Outside of the integer's range C leaves the result undefined, and NumPy with it.
            if source.startswith("f") and target[0] in "iu":
                value = float(DTYPES[source](value))
                limits = np.iinfo(DTYPES[target])
                if not math.isfinite(value) or not limits.min <= math.trunc(value) <= limits.max:
                    continue
            before = array(source, value)
            yield f"{elements(before)} {target} = {elements(before.astype(DTYPES[target]))}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    write("promotion.txt", promotion_lines())
    write("element.txt", element_lines())
    write("broadcast.txt", broadcast_lines())
    write("view.txt", view_lines())
    write("reduction.txt", reduction_lines())
    write("range.txt", range_lines())
    write("cast.txt", cast_lines())
