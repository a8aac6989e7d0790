"""Writes what NumPy gives for expressions in text, as `text.txt` next to this script: `python tests/golden/text.py`.
`tests/text/numpy.rs` holds `fusewire::text` against it.

Some expressions are listed below, the others are drawn: a fixed seed, every construct of the language. A line is

    in NAME DTYPE SHAPE = ELEMENTS      an input; elements are bit patterns in hexadecimal, in C order
    > EXPRESSION                        statements are separated by `; `
    = DTYPE SHAPE TOLERANCE = ELEMENTS  a result of it; the tolerance is in units in the last place of the largest
    ! ERROR                             NumPy refuses it

The tolerance of a result is 4, and where that is more, 16 times what a change of all inputs in their last place
makes of it: both libraries round, and an expression may magnify that.
"""

import pathlib
import random
import warnings

import numpy as np

HERE = pathlib.Path(__file__).parent
NAMES = {"bool": "bool", "float16": "f16", "float32": "f32", "float64": "f64"}
NAMES |= {f"{sign}int{bits}": f"{sign or 'i'}{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
BITS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}

warnings.simplefilter("ignore")
np.seterr(all="ignore")
draw = random.Random(20)


def floats(shape, dtype, salt):
    values = np.random.default_rng(salt).integers(-32, 33, shape) / 8
    return np.asarray(values, dtype)


def ints(shape, dtype, salt, low, high):
    return np.random.default_rng(salt).integers(low, high, shape).astype(dtype)


INPUTS = {
    "a": floats((3, 4), np.float64, 1),
    "b": floats((4,), np.float32, 2),
    "c": ints((3, 1), np.int32, 3, -9, 10),
    "d": ints((3, 4), np.uint8, 4, 0, 200),
    "e": floats((2, 3, 4), np.float64, 5),
    "f": floats((3, 4), np.float32, 6),
    "h": floats((4,), np.float16, 7),
    "k": ints((3, 4), np.int8, 8, -100, 100),
    "m": ints((3, 4), bool, 9, 0, 2),
    "n": ints((4,), np.int64, 10, -50, 50),
    "s": floats((), np.float64, 11),
    "p": np.where(floats((3, 4), np.float64, 12) > 2, np.nan, floats((3, 4), np.float64, 13)),
}

LISTED = pathlib.Path(__file__).with_name("text_listed.txt").read_text().splitlines()


def value(depth):
    """An expression."""
    if depth <= 0 or draw.random() < 0.12:
        return leaf()
    deeper = lambda: value(depth - 1)
    kind = draw.choices(
        ["binary", "unary", "compare", "function", "binary function", "reduce", "index", "shape", "bracket", "where", "cast", "join", "bits", "order", "indices", "product"],
        [24, 5, 5, 8, 4, 10, 9, 9, 3, 4, 4, 3, 3, 4, 4, 2],
    )[0]
    if kind == "binary":
        operator = draw.choice(["+", "-", "*", "/", "+", "-", "*", "//", "%"])
        return f"{operand(depth)} {operator} {operand(depth)}"
    if kind == "unary":
        return f"{draw.choice('-+')}{operand(depth)}"
    if kind == "compare":
        return f"{operand(depth)} {draw.choice(['<', '<=', '>', '>=', '==', '!='])} {operand(depth)}"
    if kind == "bits":
        names = draw.choice([["d", "k", "n", "c", "3"], ["m", "(a > 0)", "(k < b)", "np.isnan(p)"]])
        operator = draw.choice(["&", "|", "^"])
        shifted = draw.choice([f"{draw.choice('dknc')} {draw.choice(['<<', '>>'])} {draw.randrange(5)}", f"~{draw.choice('dkmnc')}"])
        return draw.choice([f"{draw.choice(names)} {operator} {draw.choice(names)}", shifted])
    if kind == "function":
        name = draw.choice(
            ["abs", "sign", "square", "floor", "ceil", "trunc", "rint", "isfinite", "sqrt", "exp", "sin", "cos", "arctan", "tanh", "log1p",
             "expm1", "cbrt", "negative", "isnan", "logical_not", "exp2", "arcsinh", "deg2rad", "nan_to_num", "positive", "fabs"]
        )
        return f"{prefix()}{name}({deeper()})"
    if kind == "binary function":
        name = draw.choice(["minimum", "maximum", "fmin", "fmax", "hypot", "arctan2", "copysign", "logical_and", "logical_or", "add", "multiply", "heaviside", "float_power" if False else "logaddexp", "remainder", "subtract", "greater", "equal"])
        return f"np.{name}({deeper()}, {deeper()})"
    if kind == "reduce":
        name = draw.choice(["sum", "mean", "min", "max", "prod", "any", "all", "std", "var", "argmax", "argmin", "ptp", "nansum", "nanmax", "nanmean", "count_nonzero", "median"])
        keywords = [f"axis={draw.choice(['0', '1', '-1', '(0, 1)', '(0, -1)', 'None'])}"] if draw.random() < 0.7 else []
        keywords += ["keepdims=True"] if draw.random() < 0.3 else []
        if name in ("std", "var") and draw.random() < 0.5:
            keywords.append(f"ddof={draw.choice([0, 1])}")
        if name in ("sum", "prod", "mean") and draw.random() < 0.3:
            keywords.append(draw.choice(["dtype=np.float64", "dtype='f4'", "dtype=float"]))
        if name in ("sum", "any", "all", "mean") and draw.random() < 0.2:
            keywords.append("where=m")
        draw.shuffle(keywords)
        method = name in ("sum", "mean", "min", "max", "prod", "any", "all", "std", "var", "argmax", "argmin") and draw.random() < 0.5
        if method:
            return f"{target(depth)}.{name}({', '.join(keywords)})"
        return f"{prefix()}{name}({', '.join([deeper(), *keywords])})"
    if kind == "index":
        return f"{target(depth)}[{indices()}]"
    if kind == "shape":
        form = draw.choice(
            ["{}.T", "{}.reshape(-1)", "{}.reshape(4, -1)", "{}.ravel()", "np.transpose({})", "np.expand_dims({}, 0)", "np.squeeze({})", "np.flip({})",
             "np.flip({}, axis=-1)", "np.roll({}, 1)", "np.roll({}, -1, axis=0)", "np.repeat({}, 2, axis=0)", "np.tile({}, 2)", "np.diff({})",
             "{}.swapaxes(0, -1)", "np.broadcast_to({}, (2, 3, 4))", "np.moveaxis({}, 0, -1)", "np.atleast_2d({})", "np.pad({}, 1)",
             "np.pad({}, 1, mode='edge')", "np.tril({})", "np.rot90({})", "np.reshape({}, (2, 6))", "np.zeros_like({})", "{}.flatten()", "{}.copy()"]
        )
        return form.format(target(depth))
    if kind == "order":
        form = draw.choice(
            ["np.sort({})", "np.sort({}, axis=0)", "np.argsort({}, kind='stable')", "np.cumsum({})", "np.cumsum({}, axis=-1)", "np.median({})", "np.median({}, axis=0)",
             "np.quantile({}, 0.25, axis=-1)", "{}.cumsum(0)", "np.maximum.accumulate({})", "np.searchsorted(np.arange(4), {})", "np.percentile({}, [10, 90])"]
        )
        return form.format(target(depth))
    if kind == "indices":
        form = draw.choice(
            ["{}[[0, -1]]", "{}[:, [2, 0, 0]]", "{}[..., [1]]", "np.take({}, [1, 0], axis=-1)", "{}.take([3, 0])", "{}[[1, 0], ..., 0]", "{}[0, [1, 2]]", "{}[np.array([[1], [0]])]",
             "{}[[True, False, True]]", "a[m] * {}", "np.abs({}[m])", "{}[m].sum()", "f[f > {}]", "{}[m[:, 0]].mean(axis=0)", "{}[np.argmin(n)]"]
        )
        return form.format(target(depth))
    if kind == "product":
        return draw.choice(["{} @ {}", "np.dot({}, {})", "np.matmul({}, {})", "np.vecdot({}, {})"]).format(operand(depth), operand(depth))
    if kind == "where":
        return f"np.where({condition(depth)}, {deeper()}, {deeper()})"
    if kind == "cast":
        form = draw.choice(
            ["{}.astype(np.float32)", "{}.astype('i4')", "{}.astype(float)", "np.float64({})", "{}.round(1)", "np.clip({}, 0, 3)", "{}.clip(-1, 2.5)",
             "np.round({})", "{}.astype(bool)", "np.float32({})", "{}.astype('f2')", "np.asarray({}, dtype=np.float64)"]
        )
        return form.format(target(depth))
    if kind == "join":
        return draw.choice(["np.concatenate([{}, {}])", "np.stack([{}, {}], axis=-1)", "np.vstack(({}, {}))", "np.hstack([{}, {}])"]).format(deeper(), deeper())
    return f"({deeper()})"


def prefix():
    return draw.choice(["np.", "np.", "numpy."])


def leaf():
    return draw.choice(
        ["a", "a", "a", "b", "c", "d", "e", "f", "f", "h", "k", "m", "n", "s", "p", "a", "f", "2", "0.5", "3", "-1", "1e-1", "np.pi", "True", "np.float32(1.5)",
         "np.arange(4)", "np.ones((3, 4))", "np.eye(4)", "np.linspace(0, 1, 4)", "np.int64(3)", "0x1f", "1_0.5", "np.array([1, 2, 3, 4])", "np.array([[1.5], [2], [-3]])"]
    )


def operand(depth):
    """What an operator of any binding may stand beside: with brackets or without."""
    inner = value(depth - 1 - draw.randrange(2))
    return f"({inner})" if draw.random() < 0.5 else inner


def target(depth):
    """What a method may be called on."""
    inner = value(depth - 2)
    return inner if inner.isidentifier() and inner not in ("True",) else f"({inner})"


def condition(depth):
    return draw.choice(["m", "a > 0", "~m", f"{operand(depth)} > {operand(depth)}", "(f < 1) & m", "np.isnan(p)"])


def indices():
    def one():
        return draw.choice(
            ["0", "-1", "1", ":", "1:", ":-1", "::2", "::-1", "...", "None", "1:3", "-2:", "2::-1", ":0", "5:1:-2", "np.newaxis", "1:-1", "-100:100:3", "::-2", "2"]
        )

    return ", ".join(one() for _ in range(draw.choice([1, 1, 2, 2, 3])))


def part():
    return draw.choice(
        ["1:3", "0", ":, 1", ":, 1:3", "1:, ::2", "::2", "::-1", "-1", "...", "0, 0", "1:2, -2:", "::2, ::3", ":", "2:0:-1", "..., ::-1", "-1, 1:3", ":0", "..., -1"]
    )


def statements(depth):
    """A short program."""
    name = draw.choice(["a", "f", "d", "k", "e"])
    lines = [f"y = {draw.choice([name, name, f'{name}.copy()', f'{name} * 2', f'{value(1)}'])}"]
    for _ in range(draw.choice([1, 1, 2, 3])):
        new = draw.choice([value(depth - 1), leaf(), "0", "1.5", "y * 2", f"y[{part()}]", "y[::-1]"])
        lines.append(
            draw.choice(
                [f"y[{part()}] = {new}", f"y[{part()}] = {new}", f"y[{condition(1)}] = {draw.choice(['0', '-1', '2.5', 's'])}", f"y += {new}",
                 f"y[{part()}] {draw.choice(['+', '-', '*', '//'])}= {new}", f"y {draw.choice(['*', '-', '%', '**'])}= {draw.choice(['2', '3', '0.5'])}",
                 f"np.{draw.choice(['add', 'multiply', 'minimum'])}(y, {new}, out=y)", f"t = {new}", f"u, v = {new}, y", f"y = y[{part()}]"]
            )
        )
    lines.append(draw.choice(["y", "y", f"y, {name}", "y.sum()", f"y + {name}"]))
    return "; ".join(lines)


def evaluate(text, inputs):
    names = {name: np.array(array) for name, array in inputs.items()} | {"np": np, "numpy": np}
    *before, last = text.split("; ")
    for line in before:
        exec(line, names)
    result = eval(last, names)
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def changed(seed):
    """The inputs, each float changed by up to one unit in its last place."""
    generator = np.random.default_rng(seed)
    return {
        name: array if array.dtype.kind != "f" else (array + generator.uniform(-1, 1, array.shape) * np.spacing(np.abs(array))).astype(array.dtype)
        for name, array in INPUTS.items()
    }


def tolerance(text, results):
    units = [4.0] * len(results)
    for seed in range(6):
        try:
            others = evaluate(text, changed(seed))
        except Exception:
            continue
        for at, (result, other) in enumerate(zip(results, others)):
            if result.dtype.kind != "f" or result.size == 0 or result.shape != other.shape:
                continue
            finite = np.isfinite(result) & np.isfinite(other)
            if not finite.any():
                continue
            unit = np.spacing(np.abs(result[finite]).max())
            distance = np.abs(result[finite].astype(np.float64) - other[finite].astype(np.float64)).max()
            units[at] = max(units[at], 16 * float(distance / np.float64(unit)) if unit else units[at])
    return [round(min(unit, 1e15), 1) for unit in units]


def written(array):
    words = np.ascontiguousarray(array).reshape(-1).view(BITS[array.dtype.itemsize])
    shape = ",".join(map(str, array.shape))
    return f"{NAMES[array.dtype.name]} [{shape}]", " ".join(f"{word:x}" for word in words)


def case(text):
    try:
        results = evaluate(text, INPUTS)
    except Exception as error:
        return [f"> {text}", f"! {type(error).__name__}"]
    if any(result.dtype.name not in NAMES or result.size > 500 or result.ndim > 6 for result in results):
        return None
    lines = [f"> {text}"]
    for result, units in zip(results, tolerance(text, results)):
        typed, elements = written(result)
        lines.append(f"= {typed} {units:g} = {elements}")
    return lines


def main():
    lines = [f"# NumPy {np.__version__}, written by tests/golden/text.py: do not edit"]
    for name, array in INPUTS.items():
        typed, elements = written(array)
        lines.append(f"in {name} {typed} = {elements}")
    for text in LISTED:
        if text and not text.startswith("#"):
            lines += case(text) or [f"# {text}: not comparable"]
    seen, kept, refused = set(LISTED), 0, 0
    while kept < 900:
        text = value(draw.choice([2, 3, 3, 4])) if draw.random() < 0.65 else statements(2)
        if text in seen or len(text) > 200:
            continue
        seen.add(text)
        made = case(text)
        if made is None or (made[-1].startswith("!") and refused >= 200):
            continue
        refused += made[-1].startswith("!")
        kept += 1
        lines += made
    (HERE / "text.txt").write_text("\n".join(lines) + "\n")
    print(f"{kept} drawn, {refused} of them refused")


main()
