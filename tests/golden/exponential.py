"""Writes exponential.txt next to this script, with mpmath and nothing else:
`python tests/golden/exponential.py`. `src/runtime/maths/tests/exponential.rs` holds the f64 functions
against it.

A line with a name starts a function. The others are one value each, `x y d`: the bits of x, those
of y = f(x) rounded to nearest, and f(x) - y in hundredths of the last place of y.
"""

import math
import pathlib
import random
import struct

import mpmath

mpmath.mp.prec = 300
random.seed(1)


def uniform(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def magnitudes(low, high, count):
    """Of either sign, uniform in the exponent of two."""
    return [random.choice((-1, 1)) * 2.0 ** random.uniform(low, high) for _ in range(count)]


def around(x, count=4):
    """x rounded and its neighbours."""
    values = [float(x)]
    for _ in range(count):
        values = [math.nextafter(values[0], -math.inf), *values, math.nextafter(values[-1], math.inf)]
    return values


def ties(step, highest):
    """Around the borders of the argument reduction, where the reduced argument is largest."""
    values = []
    for n in range(highest):
        border = (n + mpmath.mpf(1) / 2) * step
        values += around(border, 1) + around(-border, 1)
        values += [float(border * (1 + sign * mpmath.mpf(2) ** -random.randint(4, 40))) for sign in (-1, 1)]
    return values


TINY = magnitudes(-1074, -60, 60) + magnitudes(-60, -1, 200) + around(0, 3) + around(2.0**-1022, 2)
LN_2 = mpmath.log(2)
LARGEST = mpmath.mpf(2) ** 1024
FUNCTIONS = {
    "exp2": (
        lambda x: mpmath.mpf(2) ** x,
        uniform(-1075, 1024, 300) + uniform(-1, 1, 300) + uniform(-1076, -1020, 200) + ties(1, 40)
        + around(1024) + around(-1022) + around(-1074) + around(-1075) + TINY,
    ),
    "expm1": (
        mpmath.expm1,
        uniform(-40, 709.78, 300) + uniform(-1, 1, 300) + uniform(-38.5, -36, 100) + uniform(36, 38.5, 100)
        + uniform(707, 709.78, 50) + ties(LN_2, 58) + around(mpmath.log(LARGEST)) + TINY,
    ),
}  # fmt: skip


def bits(x):
    return struct.pack(">d", x).hex()


def rounded(exact):
    """The nearest double, and by how many of its last places `exact` is more."""
    if exact == 0:
        return 0.0, mpmath.mpf(0)
    exponent = max(mpmath.frexp(exact)[1] - 53, -1074)
    scaled = mpmath.ldexp(exact, -exponent)
    integer = int(mpmath.nint(scaled))
    try:
        nearest = math.ldexp(integer, exponent)
    except OverflowError:
        return math.copysign(math.inf, integer), mpmath.mpf(0)
    return nearest, scaled - integer


with open(pathlib.Path(__file__).with_suffix(".txt"), "w", newline="\n") as file:
    for name, (function, arguments) in FUNCTIONS.items():
        file.write(f"{name}\n")
        for x in arguments:
            y, difference = rounded(function(mpmath.mpf(x)))
            if x == 0 and name != "exp2":
                y = x
            file.write(f"{bits(x)} {bits(y)} {round(float(difference) * 100)}\n")
