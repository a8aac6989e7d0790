"""Writes records.txt and records.npy: what NumPy makes of structured arrays.

    python tests/golden/records.py

Lines of records.txt, with tabs between their parts:

    layout  packed|aligned  name:code ...  itemsize  offsets  descriptor
        a dtype of these fields; the descriptor is what `.npy` files have, padding included
    rows    case  descriptor  bytes
        the rows of a case, in hexadecimal
    field   case  name  elements
        a field of all rows, copied out of them, in hexadecimal
    score   case  elements
        weight * 2 - age in float64, in hexadecimal
    filter  case  mask  bytes
        the rows that a mask of 0 and 1 selects
    sort    case  names  indices
        the stable order by the fields, the first of which decides
    bare    descriptor
        a descriptor that `numpy.lib.format` reads, with fields that are carried but not computed with

A stable order by several keys is `lexsort` with the keys turned around. It does not order records, so text is
ordered by its rank among the distinct values. NumPy's own `argsort(order=...)` breaks ties by the fields that are not
named and is not stable.
"""

import itertools
import os
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CODES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "U3", "U10", "S5", "S1", "M8[D]", "c8", "c16", "V3"]
lines = []


def line(*parts):
    lines.append("\t".join(str(part) for part in parts))


def descriptor(dtype):
    return repr(np.lib.format.dtype_to_descr(dtype))


def hexed(array):
    return np.ascontiguousarray(array).tobytes().hex()


random = np.random.default_rng(11)
choices = [list(pair) for pair in itertools.islice(itertools.permutations(CODES, 2), 0, None, 7)]
choices += [list(random.choice(CODES, size)) for size in random.integers(1, 9, 60)]
for codes in choices:
    fields = [(f"f{at}", code) for at, code in enumerate(codes)]
    for layout in ("packed", "aligned"):
        dtype = np.dtype(fields, align=layout == "aligned")
        offsets = " ".join(str(dtype.fields[name][1]) for name, _ in fields)
        named = " ".join(f"{name}:{code}" for name, code in fields)
        line("layout", layout, named, dtype.itemsize, offsets, descriptor(dtype))

NAMES = ["", "a", "ab", "abc", "b", "Zoë", "zoe", "Ångström", "\U0001F600", "\uffff", "ab\0c", "0123456789"]
FIELDS = [
    ("active", "?"), ("name", "U10"), ("age", "i2"), ("id", "u8"), ("weight", "f8"), ("tag", "S5"),
    ("height", "f4"), ("half", "f2"), ("level", "i1"), ("born", "M8[D]"), ("delta", "i8"), ("kind", "u4"), ("one", "S1"),
]
KEYS = [
    ["age"], ["name"], ["weight"], ["height", "age"], ["half", "name"], ["active", "name", "id"], ["tag", "age"],
    ["one", "tag", "level"], ["level", "weight"], ["id"], ["delta", "kind"], ["kind", "delta"], ["name", "height", "level"],
]


def rank(values):
    return np.unique(values, return_inverse=True)[1] if values.dtype.kind in "US" else values


def rows(dtype, count):
    made = np.zeros(count, dtype)
    pick = lambda values: random.choice(np.array(values), count)
    floats = [0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 2.0**-20, 3.25, -7.0]
    made["active"] = random.random(count) < 0.5
    made["name"] = pick(NAMES)
    made["age"] = pick([-300, -1, 0, 1, 7, 255, 256, 32767, -32768])
    made["id"] = pick(np.array([0, 1, 2**63, 2**64 - 1, 2**63 - 1, 5], dtype="u8"))
    made["weight"] = pick(floats + [1e300, -1e-300])
    made["tag"] = pick([b"", b"a", b"ab", b"abcde", b"abcdf", b"\xff", b"b"])
    made["height"] = pick(floats)
    made["half"] = pick(floats)
    made["level"] = pick([-128, -1, 0, 1, 127])
    made["born"] = pick([-1, 0, 20000]).astype("M8[D]")
    made["delta"] = pick([-(2**63), -1, 0, 2**63 - 1])
    made["kind"] = pick([0, 1, 2**31, 2**32 - 1]).astype("u4")
    made["one"] = pick([b"", b"x", b"\x80"])
    return made


for layout, count in (("packed", 61), ("aligned", 61), ("packed", 0), ("aligned", 1), ("packed", 130)):
    dtype = np.dtype(FIELDS, align=layout == "aligned")
    case, made = f"{layout}-{count}", rows(dtype, count)
    line("rows", case, descriptor(dtype), hexed(made))
    for name in dtype.names:
        line("field", case, name, hexed(made[name]))
    with np.errstate(all="ignore"):
        line("score", case, hexed(made["weight"] * 2 - made["age"]))
    for mask in (random.random(count) < 0.4, np.zeros(count, bool), np.ones(count, bool), made["active"]):
        line("filter", case, "".join("01"[int(keep)] for keep in mask), hexed(made[mask]))
    for keys in KEYS:
        order = np.lexsort([rank(made[key]) for key in reversed(keys)])
        line("sort", case, " ".join(keys), " ".join(map(str, order)))
    if case == "aligned-61":
        np.save(os.path.join(HERE, "records.npy"), made)

inner = np.dtype([("x", "f4"), ("y", "f4")])
for dtype in (
    np.dtype([("point", inner), ("n", "i4")]),
    np.dtype([("grid", "f8", (2, 3)), ("n", "i4")]),
    np.dtype([("points", inner, (4,)), ("n", "i4")]),
    np.dtype([("it's", "i4"), ('"', "i2"), ("tab\there", "i1"), ("é", "f4")]),
    np.dtype([(("a title", "n"), "i4")]),
    np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [4, 12], "itemsize": 32}),
):
    line("bare", descriptor(dtype), dtype.itemsize, " ".join(str(dtype.fields[name][1]) for name in dtype.names))

with open(os.path.join(HERE, "records.txt"), "w", encoding="utf-8") as file:
    file.write("\n".join(lines) + "\n")
