"""Writes what NumPy gives for joins, rolls, pads and repetitions next to this script: `python tests/golden/join.py`
with NumPy 2.x. `tests/join.rs` holds compiled programs against it.

A case is `call = result`, in the tokens of `generate.py`. An operand is a dtype and a shape, `i16[2,3]`; its
elements are `1 + (i + 10 * k) % 100` in C order, where `k` counts the operands, and modulo 2 for `bool`.
The widths of `pad` are pairs one after another, or one pair for all axes.
"""

import itertools
import math
import random

import numpy as np

from generate import DTYPES, listed, result, shaped, write

MODES = ["constant:7", "edge", "reflect", "symmetric", "wrap"]
# Longer results are left out.
LONGEST = 90
# Nothing, one, odd sizes, and the edges of vectors of 16 and 32 bytes.
SIZES = [0, 1, 2, 3, 5, 8, 17]


def filled(name, shape, k):
    values = 1 + (np.arange(math.prod(shape)) + 10 * k) % 100
    return (values % 2 if name == "bool" else values).astype(DTYPES[name]).reshape(shape)


def pairs(widths):
    return list(zip(widths[::2], widths[1::2]))


def compute(call, argument, operands):
    arrays = [filled(name, shape, k) for k, (name, shape) in enumerate(operands)]
    match call:
        case "concat":
            return np.concatenate(arrays, axis=argument[0])
        case "stack":
            return np.stack(arrays, axis=argument[0])
        case "tile":
            return np.tile(arrays[0], argument[0])
        case "repeat":
            return np.repeat(arrays[0], argument[0], axis=argument[1])
        case "roll":
            shifts, axes = argument
            return np.roll(arrays[0], shifts, axis=axes)
        case "pad":
            mode, _, number = argument[0].partition(":")
            more = {"constant_values": int(number)} if number else {}
            widths = pairs(argument[1])
            return np.pad(arrays[0], widths if len(widths) > 1 else widths[0], mode=mode, **more)


def line(call, argument, *operands):
    def token(value):
        return listed(value) if isinstance(value, (tuple, list)) else "all" if value is None else str(value)

    words = [call, *map(token, argument), *(f"{name}{listed(shape)}" for name, shape in operands)]
    def short(array):
        if array.size > LONGEST:
            raise StopIteration
        return shaped(array)

    try:
        return f"{' '.join(words)} = {result(lambda: compute(call, argument, operands), short)}"
    except StopIteration:
        return None


def shape_of(rank, most=60):
    while True:
        shape = tuple(random.choice(SIZES) for _ in range(rank))
        if math.prod(shape) <= most:
            return shape


def any_axis(rank):
    return random.randrange(-rank, rank)


def concat_lines():
    names = list(DTYPES)
    for left, right in itertools.product(names, names):
        yield line("concat", [0], (left, (2,)), (right, (1,)))
    for size, other in itertools.product(SIZES + [33], SIZES + [33]):
        yield line("concat", [0], ("u8", (size,)), ("u8", (other,)))
    for rank, _ in itertools.product(range(1, 7), range(25)):
        shape, axis = shape_of(rank, 60), any_axis(rank)
        operands = []
        for _ in range(random.randint(1, 5)):
            own = list(shape)
            own[axis] = random.choice([0, 1, 2, 3])
            operands.append((random.choice(["i16", "i16", "u8", "f32", "bool"]), tuple(own)))
        yield line("concat", [axis], *operands)
        for call, positions in [("stack", range(-rank - 1, rank + 1)), ("concat", range(-rank - 1, rank + 1))]:
            count = random.randint(1, 3)
            yield line(call, [random.choice(positions)], *[(random.choice(["i8", "u16"]), shape)] * count)
    yield line("concat", [0], ("i8", ()), ("i8", ()))
    yield line("stack", [0], ("i8", ()), ("i8", ()))
    yield line("stack", [-1], ("i8", ()))
    yield line("concat", [0], ("i8", (2,)), ("i8", (2, 1)))
    yield line("concat", [1], ("i8", (2, 2)), ("i8", (1, 2)))
    yield line("concat", [0], ("i8", (2, 2)), ("i8", (2, 1)))
    yield line("stack", [0], ("i8", (2, 2)), ("i8", (2, 1)))


def repeat_lines():
    for rank, _ in itertools.product(range(7), range(20)):
        shape = shape_of(rank, 30)
        counts = tuple(random.choice([0, 1, 1, 2, 3]) for _ in range(random.randint(0, rank + 2)))
        yield line("tile", [counts], ("i16", shape))
        axis = random.choice([None, any_axis(rank)]) if rank else None
        yield line("repeat", [random.choice([0, 1, 2, 5]), axis], ("u8", shape))


def roll_lines():
    shifts = [0, 1, -1, 2, 5, -7, 17, 10**12, -(2**63), 2**63 - 1]
    for size, shift in itertools.product(SIZES, shifts):
        yield line("roll", [(shift,), (0,)], ("i16", (size,)))
    for rank, _ in itertools.product(range(7), range(30)):
        shape = shape_of(rank)
        axes = tuple(random.sample(range(rank), random.randint(min(1, rank), rank)))
        axes = tuple(axis - rank if random.random() < 0.5 else axis for axis in axes)
        many = tuple(random.choice(shifts[:8]) for _ in axes)
        if axes:
            yield line("roll", [many, axes], (random.choice(["i16", "u8", "f16"]), shape))
    for rank in range(7):
        yield line("roll", [(random.choice(shifts),), None], ("i16", shape_of(rank)))
    yield line("roll", [(1,), (0, 1, 2)], ("i16", (2, 3, 4)))
    yield line("roll", [(1, 2), (1,)], ("i16", (2, 5)))
    yield line("roll", [(1, 2), (0, 1, 2)], ("i16", (2, 3, 4)))
    yield line("roll", [(1,), (2,)], ("i16", (2, 3)))


def pad_lines():
    for mode, size, before, after in itertools.product(MODES, SIZES[:5], [0, 1, 2, 7], [0, 1, 3]):
        yield line("pad", [mode, (before, after)], ("i16", (size,)))
    for mode in MODES:
        for size in [1, 2, 3, 5]:
            yield line("pad", [mode, (30, 23)], ("u8", (size,)))
        for rank, _ in itertools.product(range(1, 7), range(12)):
            shape = shape_of(rank, 40 if rank < 5 else 12)
            widths = tuple(random.choice([0, 0, 1, 2]) for _ in range(2 * rank))
            yield line("pad", [mode, widths], (random.choice(["i16", "i8", "f16"]), shape))
        yield line("pad", [mode, (1, 2)], ("i16", (3, 4)))
    yield line("pad", ["edge", (1, 1, 1, 1)], ("i16", (3, 4, 5)))


if __name__ == "__main__":
    random.seed(4)
    lines = itertools.chain(concat_lines(), repeat_lines(), roll_lines(), pad_lines())
    write("join.txt", filter(None, lines), "join.py")
