"""Writes how Python reads expressions, as `text_grammar.txt` next to this script: `python tests/golden/text_grammar.py`.
The tests of `src/text/grammar.rs` hold the parser of `fusewire::text` against it.

A line is an expression, a tab, and what Python's own `ast` makes of it: `(operator operand ...)`, and behind each `@`
the piece of the text from which to which byte it goes.
"""

import ast
import pathlib
import random
import struct

draw = random.Random(7)
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**", ast.MatMult: "@"}
BINARY |= {ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.LShift: "<<", ast.RShift: ">>"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
UNARY = {ast.USub: "u-", ast.UAdd: "u+", ast.Invert: "u~"}


def dotted(node):
    """The path of a name in numpy, or None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        path = dotted(node.value)
        path = path and path.split(".")[0] in ("np", "numpy") and f"{path}.{node.attr}"
        # With brackets in it, it is an attribute of a value.
        return path if path and node.end_col_offset - node.col_offset == len(path) else None
    return None


def dumped(node):
    at = f"@{node.col_offset}-{node.end_col_offset}" if hasattr(node, "col_offset") else ""
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, float):
            return f"f:{struct.pack('>d', value).hex()}{at}"
        names = {True: "True", False: "False", None: "None", ...: "..."}
        if isinstance(value, str):
            return f"s:{value}{at}"
        return (f"i:{value}" if type(value) is int else names[value]) + at
    if dotted(node):
        return f"n:{dotted(node)}{at}"
    if isinstance(node, ast.BinOp):
        return f"({BINARY[type(node.op)]} {dumped(node.left)} {dumped(node.right)}){at}"
    if isinstance(node, ast.UnaryOp):
        return f"({UNARY[type(node.op)]} {dumped(node.operand)}){at}"
    if isinstance(node, ast.Compare):
        assert len(node.ops) == 1
        return f"({COMPARE[type(node.ops[0])]} {dumped(node.left)} {dumped(node.comparators[0])}){at}"
    if isinstance(node, ast.Attribute):
        return f"(.{node.attr} {dumped(node.value)}){at}"
    if isinstance(node, ast.Call):
        path = dotted(node.func)
        parts = [f"call {path}"] if path else [f"method {node.func.attr}", dumped(node.func.value)]
        parts += [dumped(argument) for argument in node.args]
        parts += [f"{keyword.arg}={dumped(keyword.value)}" for keyword in node.keywords]
        return f"({' '.join(parts)}){at}"
    if isinstance(node, ast.Subscript):
        return f"(index {dumped(node.value)} {dumped(node.slice)}){at}"
    if isinstance(node, ast.Slice):
        return f"(slice {' '.join('_' if part is None else dumped(part) for part in (node.lower, node.upper, node.step))}){at}"
    if isinstance(node, (ast.Tuple, ast.List)):
        name = "tuple" if isinstance(node, ast.Tuple) else "list"
        return f"({' '.join([name, *map(dumped, node.elts)])}){at}"
    raise ValueError(ast.dump(node))


def space():
    return draw.choice(["", "", " ", " ", "  "])


def drawn(depth):
    if depth == 0 or draw.random() < 0.1:
        return draw.choice(["x", "y_1", "été", "np.pi", "numpy.linalg.norm", "0", "7", "0x1F", "0b101", "0o17", "1_000", "1.5", ".5", "5.", "1e3", "2.5E-3", "True", "None", "...", "'a b'", '"c"'])
    deeper = lambda: drawn(depth - 1)
    kind = draw.choices(["binary", "unary", "compare", "bracket", "call", "method", "attribute", "index", "tuple", "list"], [40, 14, 6, 12, 8, 5, 4, 8, 3, 3])[0]
    if kind == "binary":
        return f"{deeper()}{space()}{draw.choice(list(BINARY.values()))}{space()}{deeper()}"
    if kind == "unary":
        return f"{draw.choice('-+~')}{space()}{deeper()}"
    if kind == "compare":
        return f"{deeper()} {draw.choice(list(COMPARE.values()))} {deeper()}"
    if kind == "bracket":
        return f"({space()}{deeper()}{space()})"
    if kind == "call":
        keywords = draw.choice(["", "", f", axis={space()}{deeper()}", f", dtype=np.float32, keepdims = {deeper()}"])
        return f"{draw.choice(['np.sum', 'abs', 'numpy.where'])}({deeper()}{keywords})"
    if kind == "method":
        return f"{primary(depth)}.{draw.choice(['sum', 'mean'])}({draw.choice(['', deeper(), 'axis=1'])})"
    if kind == "attribute":
        return f"{primary(depth)}.{draw.choice(['T', 'shape'])}"
    if kind == "index":
        part = lambda: draw.choice([deeper(), ":", "::", f"{deeper()}:", f":{deeper()}", f"{deeper()}:{deeper()}:{deeper()}", "::-1", "...", "None"])
        return f"{primary(depth)}[{', '.join(part() for _ in range(draw.choice([1, 1, 2, 3])))}]"
    if kind == "tuple":
        return f"({deeper()}, {deeper()})"
    return f"[{deeper()}, {deeper()}]"


def primary(depth):
    return draw.choice(["x", "y_1", f"({drawn(depth - 1)})"])


def is_of_the_language(tree):
    """One comparison at a time, and only names and methods are called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) > 1:
            return False
        if isinstance(node, ast.Call) and not (dotted(node.func) or isinstance(node.func, ast.Attribute)):
            return False
    return True


def main():
    lines, seen = [], set()
    while len(lines) < 1500:
        text = drawn(draw.choice([2, 3, 3, 4]))
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            continue
        if text in seen or len(text) > 160 or not is_of_the_language(tree):
            continue
        seen.add(text)
        lines.append(f"{text}\t{dumped(tree)}")
    pathlib.Path(__file__).with_name("text_grammar.txt").write_text("\n".join(lines) + "\n")


main()
