"""Draws random expressions of the language, and compares the `fusewire` command with NumPy.

    python tests/command_numpy/compare.py FUSEWIRE [--count 300] [--seed 1] [--page PAGE] [--show]

For each expression, dtype and shape are NumPy's, integers and truths are equal, and floats are within 64 units in the
last place of the largest value of the result, in the narrowest float that the expression mentions: reductions are added
in another order, and functions have errors of their own. Where the command refuses, NumPy refuses as well, or `ALLOWED` says which difference of docs/semantics.md it
is. Where NumPy refuses, so does the command, unless `COMPUTED` says which difference it is.
"""

import argparse
import ast
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")

UNITS = 64

# What the command refuses and NumPy does not, by a part of the message: a row of docs/semantics.md, or of
# docs/command.md.
ALLOWED = [
    "does not hold",  # a number that the dtype does not hold is a mistake
    "cannot hold",
    "does not fit",
    "two axes or more",  # triangles of a vector
    "shares memory with",  # a view of what was assigned to since
    "is not in the language",  # by name
    "are not in the language",
    "elements, but there are",  # whether one is to be stretched is decided before data is known
    "elements that different masks select have other axes",  # whether they are stretched is not known before
    "have other axes than these places",
    "is not added to an array of",  # `np.add.at` cuts off what integers do not hold
]

# What pages show that are no arrays: how memory is laid out, which arrays share it, and descriptions of records.
NO_ARRAYS = re.compile(r"\.flags|\.base\b|\.strides|shares_memory|broadcast_shapes|\.fields|itemsize|\['name'\]|dtype$|np\.float(32|64)$")

# What NumPy refuses and the command does not, by a part of NumPy's message.
COMPUTED = [
    "'tuple' object cannot be interpreted",  # places along several axes
    "Integers to negative integer powers",
    "read-only",  # what NumPy gives as a view that cannot be written is an array of its own
    "cannot convert float infinity",  # numbers that integers do not hold have a value all the same
    "cannot convert float NaN",
    "numpy boolean subtract",  # quantiles of truths
    "zero-size array to reduction",  # how many a mask selects is not known when a plan is made
]


def arrays():
    draw = np.random.default_rng(7)
    return {
        "x": draw.normal(size=(3, 4)),
        "y": draw.normal(size=4).astype(np.float32),
        "z": draw.uniform(0.5, 2.0, size=(2, 3, 4)),
        "h": draw.uniform(0.5, 2.0, size=(3, 4)).astype(np.float16),
        "i": draw.integers(-9, 10, size=(3, 4)),
        "k": draw.integers(1, 5, size=4).astype(np.int32),
        "u": draw.integers(0, 200, size=(3, 1)).astype(np.uint8),
        "b": draw.integers(0, 2, size=(3, 4)).astype(bool),
        "c": np.asfortranarray(draw.normal(size=(3, 4))),
        "s": np.array(2.5),
        "j": np.array([2, -3]),
        "n": np.where(draw.uniform(size=(3, 4)) < 0.3, np.nan, draw.normal(size=(3, 4))),
    }


UNARY = """sqrt exp log sin cos tan arcsin arctan sinh cosh tanh exp2 expm1 log2 log10 log1p cbrt square reciprocal
abs absolute fabs sign floor ceil trunc rint negative positive isnan isfinite isinf logical_not deg2rad rad2deg degrees
radians signbit arcsinh arctanh fix angle conj real imag isreal iscomplex""".split()
BINARY = """add subtract multiply divide true_divide floor_divide remainder mod fmod power maximum minimum fmax fmin
hypot arctan2 logaddexp copysign equal not_equal less less_equal greater greater_equal logical_and logical_or
logical_xor nextafter float_power""".split()
BITS = "bitwise_and bitwise_or bitwise_xor gcd lcm".split()
REDUCE = "sum prod mean min max amin amax any all var std argmin argmax ptp count_nonzero nansum nanmean nanmax nanstd".split()
METHODS = "sum prod mean min max any all var std argmin argmax".split()
OPERATORS = "+ - * / // % ** < <= > >= == != & | ^ << >>".split()
DTYPES = "np.float32 np.float64 np.int32 np.int64 np.uint8 np.bool_ float int bool 'f4' np.float16 np.int16".split()


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, *choices):
        return self.random.choice(choices)

    def of(self, choices):
        return self.random.choice(choices)

    def number(self):
        return self.one("0", "1", "2", "3", "-1", "0.5", "2.5", "1e-3", "np.pi", "True", "np.float32(1.5)", "10", "np.inf", "7")

    def axis(self):
        return self.one("0", "1", "-1", "None", "(0, 1)", "0", "-1", "2", "()")

    def index(self):
        item = lambda: self.one("0", "-1", "1", ":", "1:", ":-1", "::2", "::-1", "1:3", "-2:", "None", "...", "::-2", "5:", "0:0", "2:0:-1")
        return ", ".join(item() for _ in range(self.random.randint(1, 3)))

    def advanced(self):
        """A subscript with arrays of indices and masks."""
        item = lambda: self.one("j", "[0, 2]", "[-1, 0]", "[[0], [1]]", "[1]", "np.array(1)", "b[:, 0]", "b[0]", "b", "y > 0", "0", "-1", "1", ":", "1:", "::2", "::-1", "1:3", "None", "...")
        return ", ".join(item() for _ in range(self.random.randint(1, 3)))

    def selected(self):
        """Elements that a mask selects."""
        return self.one("x[x > 0]", "x[b]", "i[i > 0]", "z[:, b]", "x[b[:, 0]]", "x[:, b[0]]", "x[b[:, 0], 1:3]", "x[1, b[0]]", "x[b[:, 0], 0]", "z[1, b]", "z[..., b[0]]", "z[:, b[:, 0], 1]", "z[:, b[:, 0], ::2]", "z[0, :, b[0]]", "x[~b]", "y[y > 0]", "n[b]", "c[b]", "z[:, b[:, 0]]", "n[:, b[0]]")

    def of_selected(self):
        one, selected = self.one, self.selected()
        return one(
            selected,
            f"np.{self.of(UNARY)}({selected})",
            f"{selected} {one('+', '*', '/', '-')} {one('2', '0.5', 's', selected)}",
            f"{selected}.{one('sum', 'mean', 'max', 'min', 'prod', 'any', 'all', 'std', 'var')}({one('', '', 'axis=0', 'axis=-1', 'keepdims=True', 'axis=0, keepdims=True')})",
            f"np.{one('median', 'nanmedian', 'nanmean', 'nansum', 'nanmax', 'count_nonzero', 'ptp', 'linalg.norm', 'average')}({selected}{one('', '', ', axis=0', ', axis=-1')})",
            f"np.{one('quantile', 'nanquantile')}({selected}, {one('0.25', '[0.1, 0.9]', '0.5')}{one('', ', axis=0', ', axis=-1')})",
            f"np.sort({selected}{one('', ', axis=0', ', axis=-1')})",
            f"np.{one('cumsum', 'cumprod')}({selected})",
            f"np.unique({one('i', 'u', 'b')}) * 2",
            f"{selected}[{one(':2', '1:', '1:3', ':0', '-1', '0', '1', '::-1', '::2', '-2:', '1:-1', '-1::-2', '5:1:-2')}]",
            f"np.{one('argmax', 'argmin')}({selected}{one('', '', ', axis=0', ', axis=-1')})",
            f"{selected}[::-1] {one('+', '*')} {one('y', 'k', selected)}",
            f"({selected} - {selected}.mean({one('', 'axis=0', 'axis=-1, keepdims=True', 'axis=0, keepdims=True')}))",
            f"{selected}.size",
            f"np.compress(b[0], {one('x', 'z')}, axis={one('-1', '1', '2')})",
        )

    def value(self, depth):
        if depth <= 0 or self.random.random() < 0.15:
            return self.of("x x y z i k u b c s h".split())
        e = lambda: self.value(depth - 1)
        kind = self.random.randint(0, 30)
        if kind <= 5:
            left, right = e(), self.one(e(), self.number())
            if self.random.random() < 0.2:
                left, right = right, left
            return f"({left} {self.of(OPERATORS)} {right})"
        if kind == 6:
            return f"({self.one('-', '~', '+')}{e()})"
        if kind <= 9:
            return f"np.{self.of(UNARY)}({e()})"
        if kind <= 11:
            return f"np.{self.of(BINARY)}({e()}, {self.one(e(), self.number())})"
        if kind == 12:
            return f"np.{self.of(BITS)}({e()}, {e()})"
        if kind <= 15:
            extra = self.one("", "", ", keepdims=True")
            name = self.of(REDUCE)
            if name in ("sum", "prod", "mean") and self.random.random() < 0.3:
                extra += f", dtype={self.of(DTYPES)}"
            if name in ("var", "std") and self.random.random() < 0.5:
                extra += f", ddof={self.one('1', '0', '0.5')}"
            if name in ("sum", "prod", "mean", "any", "all", "var") and self.random.random() < 0.2:
                extra += ", where=b"
            return f"np.{name}({e()}, axis={self.axis()}{extra})"
        if kind == 16:
            return f"{e()}.{self.of(METHODS)}({self.one('', '0', 'axis=-1', 'axis=1, keepdims=True')})"
        if kind <= 19:
            return f"{e()}[{self.index()}]"
        if kind == 20:
            return f"np.where({e()}, {self.one(e(), self.number())}, {self.one(e(), self.number())})"
        if kind == 21:
            return f"{e()}.astype({self.of(DTYPES)})"
        if kind == 22:
            return self.one(f"{e()}.T", f"{e()}.reshape(-1)", f"{e()}.reshape(4, -1)", f"{e()}.ravel()", f"np.transpose({e()})", f"{e()}.reshape(({e()}).shape)", f"np.swapaxes({e()}, 0, -1)", f"np.moveaxis({e()}, 0, -1)", f"np.squeeze({e()})", f"np.expand_dims({e()}, 1)", f"{e()}.mT")
        if kind == 23:
            return self.one(f"np.concatenate([{e()}, {e()}], axis={self.one('0', '-1', 'None')})", f"np.stack([{e()}, {e()}], axis={self.one('0', '1', '-1')})", f"np.vstack(({e()}, {e()}))", f"np.hstack(({e()}, {e()}))", f"np.tile({e()}, {self.one('2', '(2, 1)')})", f"np.repeat({e()}, 2, axis={self.one('0', 'None', '-1')})", f"np.roll({e()}, {self.one('1', '-2')}, axis={self.one('0', 'None', '-1')})")
        if kind == 24:
            return self.one(f"np.pad({e()}, 1)", "np.pad({}, (1, 2), mode='{}')".format(e(), self.one("edge", "reflect", "symmetric", "wrap")), f"np.diff({e()}, axis={self.one('0', '-1')})", f"np.flip({e()}, axis={self.one('0', 'None', '-1')})", f"np.rot90({e()})", f"np.tril({e()})", f"np.triu({e()}, 1)", f"np.diagonal({e()})", f"np.trace({e()})", f"np.diag({e()})", f"np.outer({self.of('yk')}, {self.of('yk')})", f"np.vecdot({e()}, {e()})")
        if kind == 25:
            return self.one(f"np.clip({e()}, {self.number()}, {self.number()})", f"{e()}.clip(0, 3)", f"{e()}.clip(max=2)", f"np.round({e()}, {self.one('0', '1', '2', '-1')})", f"np.isclose({e()}, {e()})", f"np.array(np.allclose({e()}, {e()}))", f"np.nan_to_num({e()})", f"np.average({e()}, axis={self.one('0', 'None')})", f"np.linalg.norm({e()}, axis={self.one('0', 'None', '-1')})", f"np.divmod({e()}, {self.one('3', 'i', '2.5')})[{self.one('0', '1')}]")
        if kind == 26:
            return self.one("np.zeros((3, 4))", "np.ones(4, dtype=np.int32)", "np.full((3, 1), 7)", "np.arange(4)", "np.arange(12.0).reshape(3, 4)", "np.linspace(0, 1, 4)", "np.eye(4)", "np.eye(3, 4, 1)", "np.array([1, 2, 3, 4])", "np.array([[1.5], [2], [3]], dtype=np.float32)", f"np.zeros_like({e()})", f"np.full_like({e()}, 2)", "np.arange(1, 9, 2)", "np.tri(3, 4)", "np.identity(4)", "np.linspace(0, 1, 4, endpoint=False)")
        if kind == 27:
            return self.one(f"np.nanmedian({e()}, axis={self.axis()})", f"np.nanquantile({e()}, {self.one('0.3', '[0.2, 0.5]')}, axis={self.one('0', '-1', 'None')})", f"np.nancumsum({e()}, axis={self.one('0', '-1', 'None')})", f"np.nancumprod({e()})", f"np.median({e()}, axis={self.axis()})", f"np.mean({e()}, dtype={self.of(DTYPES)}, where=b)")
        if kind <= 29:
            return f"{self.of('x x i c z h n'.split())}[{self.advanced()}]"
        return f"({e()} {self.one('+', '-', '*')} {e()}.mean())"

    def program(self):
        """Statements, the last of which is an expression."""
        kind = self.random.randint(0, 13)
        value = lambda: self.value(self.random.randint(1, 3))
        simple = lambda: self.one(self.number(), "0", "1", "2.5")
        if kind <= 5:
            return value()
        if kind == 6:
            name = self.of("xicz")
            return f"w = {name}.copy(); w[{self.index()}] {self.one('=', '=', '+=', '*=')} {self.one(simple(), simple(), 'w[0]', 'w.max()')}; w"
        if kind == 7:
            name = self.of("xic")
            return f"w = {name} * 1; w[{self.one('w > 0', 'b', 'w <= 1')}] {self.one('=', '+=')} {simple()}; w"
        if kind == 8:
            return f"t = {value()}; t {self.one('+=', '-=', '*=', '/=', '//=', '**=')} {self.one(simple(), 't')}; t"
        if kind == 9:
            return self.of_selected()
        if kind <= 11:
            name = self.of("xicz")
            assigned = self.one(simple(), simple(), "w[0]", "[5, 6]", "w.max()", "[[1], [2]]")
            return f"w = {name}.copy(); w[{self.advanced()}] {self.one('=', '=', '+=', '*=')} {assigned}; w"
        if kind == 12:
            mask = self.one("w > 0", "b", "~b", "b[:, 0]", ":, b[0]", "b[:, 0], 1:3", "1, b[0]", "b[:, 0], 0")
            assigned = self.one(f"w[{mask}] * 2", f"np.sort(w[{mask}])", f"np.cumsum(w[{mask}])", f"w[{mask}].mean()", f"np.sort(w[{mask}], axis=0)", f"w[{mask}] + w[{mask}].max()", "3")
            at = f"np.add.at(w, {self.one('[0, 0, 1]', '(j, j)', '(0, [1, 1])', '1')}, {simple()})"
            return f"w = {self.of('xic')}.copy(); {self.one(f'w[{mask}] = {assigned}', f'w[{mask}] += {assigned}', at)}; w"
        return f"p, q = {value()}, {value()}; w = p * 2 - q; np.{self.of(UNARY)}(w)"


def reference(program, names):
    scope = {"np": np, **{name: array.copy() for name, array in names.items()}}
    *statements, last = [part.strip() for part in program.split(";")]
    exec("\n".join(statements), scope)
    return np.asarray(eval(last, scope))


def narrowest(program):
    """The epsilon of the narrowest float that an expression computes with; functions make one of small integers."""
    functions = re.search(r"np\.(sqrt|exp|log|sin|cos|tan|arc|cbrt|rint|deg|rad|hypot|copysign|nextafter|logaddexp)", program)
    small = re.search(r"\b[ub]\b|uint8|bool|[<>=!]|np\.(is|logical|sign)", program)
    if re.search(r"\bh\b|float16", program) or (functions and small):
        return np.finfo(np.float16).eps
    if re.search(r"\by\b|float32|f4|int16", program):
        return np.finfo(np.float32).eps
    return np.finfo(np.float64).eps


def differs(ours, theirs, program):
    """What is different, or nothing."""
    if ours.dtype != theirs.dtype:
        return f"dtype {ours.dtype}, not {theirs.dtype}"
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, not {theirs.shape}"
    if not np.issubdtype(theirs.dtype, np.floating):
        if "reciprocal" in program and np.issubdtype(theirs.dtype, np.integer):
            # Of the integer 0 it is whatever the processor gives.
            ours = np.where(theirs == np.iinfo(theirs.dtype).min, theirs, ours)
        return None if np.array_equal(ours, theirs) else f"{ours.tolist()}, not {theirs.tolist()}"
    eps = float(max(np.finfo(theirs.dtype).eps, narrowest(program)))
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    special = ~np.isfinite(theirs) | ~np.isfinite(ours)
    if not np.array_equal(ours[special], theirs[special], equal_nan=True):
        return f"{ours.tolist()}, not {theirs.tolist()}"
    ours, theirs = ours[~special], theirs[~special]
    if theirs.size == 0:
        return None
    allowed = UNITS * eps * max(np.abs(theirs).max(), 1e-30)
    worst = np.abs(ours - theirs).max()
    return None if worst <= allowed else f"off by {worst}, {worst / eps:.3g} units of 1: {ours.tolist()}, not {theirs.tolist()}"


def compare(fusewire, folder, names, number, program):
    """(verdict, detail): "same", "both refuse", "allowed", or "WRONG"."""
    try:
        theirs, raised = reference(program, names), None
    except Exception as error:  # noqa: BLE001
        theirs, raised = None, error
    out = os.path.join(folder, f"out{number}.npy")
    given = [f"{name}={os.path.join(folder, name)}.npy" for name in names]
    done = subprocess.run([fusewire, "run", program, *given, "-o", out], capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 1) or "panicked" in done.stderr or done.stdout:
        return "WRONG", f"exit code {done.returncode}: {done.stderr}"
    if done.returncode == 1:
        if os.path.exists(out) or not done.stderr.startswith("error"):
            return "WRONG", "a refusal that wrote, or said nothing"
        if raised is not None:
            return "both refuse", ""
        if any(reason in done.stderr for reason in ALLOWED):
            return "allowed", done.stderr
        return "WRONG", f"refused: {done.stderr}\nNumPy: {theirs.dtype}{theirs.shape}"
    ours = np.load(out)
    os.remove(out)
    if raised is not None:
        # An array without axes is a number, and may have another dtype after an update.
        number = ours.shape == () and "same_kind" in str(raised)
        if number or any(reason in str(raised) for reason in COMPUTED):
            return "allowed", str(raised)
        return "WRONG", f"{ours.dtype}{ours.shape}, where NumPy refuses: {raised}"
    problem = differs(ours, theirs, program)
    if problem and re.search("signbit|copysign", program):
        return "allowed", "which sign NaN has depends on the processor"
    return ("same", "") if problem is None else ("WRONG", problem)


def parts(expression):
    """The arrays that an assertion compares."""
    if isinstance(expression, ast.BoolOp):
        return [part for value in expression.values for part in parts(value)]
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.Not):
        return parts(expression.operand)
    if isinstance(expression, ast.Compare):
        return [part for value in [expression.left, *expression.comparators] for part in parts(value)]
    if isinstance(expression, ast.Tuple):
        return [part for value in expression.elts for part in parts(value)]
    if isinstance(expression, ast.Call) and getattr(expression.func, "attr", "") == "tolist":
        return parts(expression.func.value)
    if isinstance(expression, (ast.Call, ast.Subscript, ast.BinOp, ast.Attribute, ast.UnaryOp, ast.Name)):
        text = ast.unparse(expression)
        return [f"np.array({text})" if text.endswith(".shape") else text]
    return []


def of_page(path):
    """The array expressions of the Python blocks of a page, each with the statements before it in its block, and the
    records that these make, which the command takes as files. What is no array is left out, and counted."""
    programs, records, left_out, scope = [], {}, [], {"np": np}
    for block in re.findall(r"```python\n(.*?)```", open(path).read(), re.DOTALL):
        before = []
        for statement in ast.parse(block).body:
            if isinstance(statement, ast.Assert):
                for text in parts(statement.test):
                    program = "; ".join([*before, text])
                    (left_out if NO_ARRAYS.search(program) else programs).append(program)
            elif isinstance(statement, ast.Try):
                # What NumPy refuses.
                refused = [ast.unparse(part.value) for part in statement.body if isinstance(part, ast.Expr)]
                programs += ["; ".join([*before, text]) for text in refused]
            if isinstance(statement, ast.FunctionDef):
                left_out.append(f"def {statement.name}")
            exec(compile(ast.Module([statement], []), path, "exec"), scope)
            if isinstance(statement, (ast.Assign, ast.AugAssign, ast.Expr)):
                names = [target.id for target in getattr(statement, "targets", []) if isinstance(target, ast.Name)]
                made = [scope[name] for name in names]
                if any(isinstance(value, np.dtype) for value in made):
                    continue
                if any(isinstance(value, np.ndarray) and value.dtype.names for value in made):
                    records |= dict(zip(names, made))
                    continue
                before.append(ast.unparse(statement))
    return programs, records, left_out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fusewire")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--page", help="the expressions of a page in place of random ones")
    options = parser.parse_args()
    names = arrays()
    draw = Draw(options.seed)
    programs = []
    if options.page:
        programs, records, left_out = of_page(options.page)
        names |= records
        assert len(programs) > 60, programs
        print(f"{len(programs)} expressions of the page; no arrays: {', '.join(text.split('; ')[-1] for text in left_out)}")
    wanted = len(programs) or options.count
    counts = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        for name, array in names.items():
            np.save(os.path.join(folder, name), array)
        accepted = 0
        number = 0
        wrong = 0
        while accepted < wanted and number < 20 * wanted:
            batch = programs[number : number + 40] if programs else [draw.program() for _ in range(40)]
            if not batch:
                break
            jobs = [pool.submit(compare, options.fusewire, folder, names, number + at, program) for at, program in enumerate(batch)]
            for program, job in zip(batch, jobs):
                verdict, detail = job.result()
                # What both refuse shows little: it does not count.
                accepted += verdict in ("same", "allowed", "WRONG")
                # A page shows nothing that is not in the language.
                verdict = "WRONG" if options.page and verdict == "allowed" else verdict
                wrong += verdict == "WRONG"
                counts[verdict] = counts.get(verdict, 0) + 1
                if verdict == "WRONG" or (options.show and verdict == "allowed"):
                    print(f"{verdict}: {program}\n    {detail.strip()}")
            number += len(batch)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
