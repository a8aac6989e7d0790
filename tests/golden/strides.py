"""Writes how NumPy's views lie in memory, as strides.txt next to this script: `python tests/golden/strides.py` with
NumPy 2.x. `tests/memory.rs` holds fusewire against it.

One line is two views of one array of bytes, with what NumPy says of them:

    [4,6] ; permute_dims [1,0] index [-1,1:3:1] ; - = [2] [6] - 17 ; [4,6] [6,1] c 4900 ; shared

First the sizes of the array, whose elements are 0, 1, 2, ...; then the calls that make either view (`-` for none), where `+` in
an index is a new axis. After `=` for each the sizes, the strides, `c`, `f`, `cf` or `-` for contiguity, and the sum of all elements,
each times its position from 1 on in C order; then `shared` or `apart`. `copy` stands for a view that NumPy cannot make.
"""

import pathlib
import random

import numpy as np

HERE = pathlib.Path(__file__).parent


def text(numbers):
    return "[" + ",".join(map(str, numbers)) + "]"


def sliced(random_, size):
    end = lambda: random_.choice(["", str(random_.randint(-size - 1, size + 1))])
    return f"{end()}:{end()}:{random_.choice([1, 1, 2, 3, -1, -2])}"


def as_slice(part):
    start, stop, step = part.split(":")
    number = lambda text: int(text) if text else None
    return slice(number(start), number(stop), int(step))


def as_item(text):
    return {"+": None, "...": ...}.get(text) if text in ["+", "..."] else as_slice(text) if ":" in text else int(text)


def factors(random_, count):
    sizes = []
    while count > 1:
        divisor = random_.choice([d for d in range(2, count + 1) if count % d == 0])
        sizes.append(divisor)
        count //= divisor
    random_.shuffle(sizes)
    if random_.random() < 0.3:
        sizes.insert(random_.randint(0, len(sizes)), 1)
    return sizes


def step(random_, x):
    """A call that makes a view of x, and the view, or None where it takes a copy."""
    choices = ["expand_dims", "broadcast_to", "reshape", "squeeze"]
    if x.ndim:
        choices += ["slice", "index", "index", "permute_dims", "flip", "sliding_window"]
    if x.ndim > 1:
        choices += ["diagonal", "permute_dims"]
    call = random_.choice(choices)
    axis = random_.randrange(x.ndim) if x.ndim else 0
    if call == "slice":
        parts = [sliced(random_, size) for size in x.shape[: random_.randint(1, x.ndim)]]
        return f"slice [{','.join(parts)}]", x[tuple(map(as_slice, parts))]
    if call == "index":
        at = lambda size: str(random_.randint(-size, size - 1)) if size and random_.random() < 0.4 else sliced(random_, size)
        items = [at(size) for size in x.shape]
        first = random_.randint(0, x.ndim)
        last = random_.randint(max(first, 1), x.ndim)
        items[first:last] = random_.choice([["..."], items[first:last]]) if last < x.ndim else ["..."] * random_.randint(0, 1)
        if not items or random_.random() < 0.3:
            items.insert(random_.randint(0, len(items)), "+")
        return f"index [{','.join(items)}]", x[tuple(map(as_item, items if "..." in items else [*items, "..."]))]
    if call == "permute_dims":
        order = random_.sample(range(x.ndim), x.ndim)
        return f"permute_dims {text(order)}", x.transpose(order)
    if call == "flip":
        return f"flip [{axis}]", np.flip(x, axis)
    if call == "expand_dims":
        axis = random_.randint(0, x.ndim)
        return f"expand_dims [{axis}]", np.expand_dims(x, axis)
    if call == "squeeze":
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
        return f"squeeze {text(axes)}", np.squeeze(x, tuple(axes))
    if call == "broadcast_to":
        sizes = [random_.choice([2, 3]) if size == 1 and random_.random() < 0.7 else size for size in x.shape]
        sizes = [2] * random_.choice([0, 0, 1]) + sizes
        return f"broadcast_to {text(sizes)}", np.broadcast_to(x, sizes)
    if call == "sliding_window":
        if x.shape[axis] == 0:
            return step(random_, x)
        window = random_.randint(1, x.shape[axis])
        return f"sliding_window [{window},{axis}]", np.lib.stride_tricks.sliding_window_view(x, window, axis)
    if call == "diagonal":
        axes = random_.sample(range(x.ndim), 2)
        return f"diagonal {text(axes)}", np.diagonal(x, 0, *axes)
    sizes = factors(random_, x.size) if x.size else list(x.shape)
    try:
        return f"reshape {text(sizes)}", x.reshape(sizes, copy=False)
    except ValueError:
        return f"reshape {text(sizes)}", None


def view(random_, base):
    calls, x = [], base
    for _ in range(random_.choice([0, 1, 1, 2, 2, 3, 4])):
        call, made = step(random_, x)
        calls.append(call)
        if made is None:
            return " ".join(calls), None
        x = made
        if x.size > 500 or x.ndim > 6:
            break
    return " ".join(calls) or "-", x


def facts(x):
    if x is None:
        return "copy"
    flags = ("c" if x.flags.c_contiguous else "") + ("f" if x.flags.f_contiguous else "")
    total = sum(int(element) * position for position, element in enumerate(x.ravel(), 1))
    return f"{text(x.shape)} {text(x.strides)} {flags or '-'} {total}"


def main():
    random_ = random.Random(20)
    sizes = [[], [1], [7], [24], [4, 6], [1, 5], [3, 1, 4], [2, 3, 4], [0, 3], [3, 0], [2, 2, 3, 2], [2, 1, 2, 3, 2], [6, 6]]
    lines = {}
    for _ in range(4000):
        shape = random_.choice(sizes)
        base = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
        (one, x), (other, y) = view(random_, base), view(random_, base)
        shared = "shared" if x is not None and y is not None and np.shares_memory(x, y) else "apart"
        lines[f"{text(shape)} ; {one} ; {other} = {facts(x)} ; {facts(y)} ; {shared}"] = None
    header = f"# NumPy {np.__version__}, written by tests/golden/strides.py: do not edit"
    (HERE / "strides.txt").write_text("\n".join([header, *lines]) + "\n")


main()
