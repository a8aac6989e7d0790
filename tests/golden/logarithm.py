"""Writes the logarithms and inverse hyperbolic functions of f64, as mpmath computes them, to the
golden file next to this script: `python tests/golden/logarithm.py` with mpmath and nothing else.

One line is one case, `function argument result error`: the bits of the argument and of the result
rounded to nearest, then what the exact result exceeds it by, in millionths of its last place. Never
edit the file by hand.
"""

import pathlib
import random
import struct

import mpmath

# Beyond that of the smallest result (2^-1074) by far more than an f64 holds.
mpmath.mp.prec = 400
MIN_SUBNORMAL = 5e-324
MIN_NORMAL = 2.2250738585072014e-308
MAX = 1.7976931348623157e308
RANDOM = random.Random(20240607)


def log1p(x):
    # mpmath's own loses the small arguments.
    return x - x * x / 2 if abs(x) < mpmath.mpf(2) ** -200 else mpmath.log(1 + x)


def asinh(x):
    return x - x**3 / 6 if abs(x) < mpmath.mpf(2) ** -60 else mpmath.asinh(x)


def acosh(x):
    return mpmath.log(x + mpmath.sqrt((x - 1) * (x + 1)))


def atanh(x):
    return x + x**3 / 3 if abs(x) < mpmath.mpf(2) ** -60 else mpmath.log((1 + x) / (1 - x)) / 2


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def from_bits(x):
    return struct.unpack("<d", struct.pack("<Q", x))[0]


def neighbours(x, count):
    """The numbers up to `count` places from `x`."""
    return [from_bits(bits(x) + i) for i in range(-count, count + 1)]


def log_uniform(low, high, count):
    """Exponents of two evenly from `low` to `high`."""
    return [2.0 ** RANDOM.uniform(low, high) for _ in range(count)]


def uniform(low, high, count):
    return [RANDOM.uniform(low, high) for _ in range(count)]


def any_finite(count):
    return [from_bits(RANDOM.randrange(bits(MAX) + 1)) for _ in range(count)]


def signed(values):
    return [RANDOM.choice([-x, x]) for x in values]


def logarithm_arguments():
    sqrt_half = 0.5**0.5
    values = neighbours(1.0, 20) + neighbours(MIN_NORMAL, 5) + [MIN_SUBNORMAL, 2 * MIN_SUBNORMAL, MAX]
    values += [2.0**n for n in range(-1074, 1024, 23)] + [10.0**n for n in range(23)]
    # Where the exponent that is split off changes.
    for n in range(-20, 21):
        values += neighbours(sqrt_half * 2.0**n, 2)
    values += [x for n in (-2, -1, 0, 1, 2) for x in uniform(0.99 * sqrt_half * 2.0**n, 1.01 * sqrt_half * 2.0**n, 60)]
    values += [1 + x for x in signed(log_uniform(-53, -1, 250))]
    values += log_uniform(-1074, -1022, 60) + uniform(0.0, 4.0, 250) + uniform(0.65, 1.5, 350)
    return values + any_finite(350)


def log1p_arguments():
    values = [from_bits(bits(-1.0) - i) for i in range(1, 20)] + [MIN_SUBNORMAL, -MIN_SUBNORMAL, MAX]
    for border in (0.5**0.5 - 1, 2**0.5 - 1, 2 * 2**0.5 - 1, 2.0**-53, 2.0**53, 2.0**104):
        values += neighbours(border, 10) + neighbours(-border, 10) * (border < 1)
    values += [2.0**n - 1 for n in range(1, 60)] + signed(log_uniform(-1074, -60, 100))
    values += signed(log_uniform(-60, -0.01, 500)) + uniform(-1.0, 4.0, 600) + log_uniform(0, 120, 200)
    return values + any_finite(250)


def asinh_arguments():
    values = [MIN_SUBNORMAL, MIN_NORMAL, MAX]
    for border in (2.0**-16, 1.0, 2.0**26, 2.0**52, 2.0**511, 2.0**-0.5 / 2, 0.75):
        values += neighbours(border, 10)
    values += log_uniform(-1074, -60, 100) + log_uniform(-60, 1, 600) + uniform(0.0, 4.0, 600)
    return signed(values + log_uniform(0, 120, 200) + any_finite(300))


def acosh_arguments():
    values = [from_bits(bits(1.0) + i) for i in range(1, 40)] + [MAX]
    for border in (1.25, 2.0**26, 2.0**52, 2.0**511, 0.75 * 2**0.5):
        values += neighbours(border, 10)
    values += [1 + x for x in log_uniform(-52, 1, 600)] + uniform(1.0, 4.0, 700)
    return values + log_uniform(0, 120, 200) + log_uniform(0, 1023.9, 300)


def atanh_arguments():
    values = [from_bits(bits(1.0) - i) for i in range(1, 40)] + [MIN_SUBNORMAL, MIN_NORMAL]
    for border in (2.0**-16, 0.5, 1 / 3, (2**0.5 - 1) / (2**0.5 + 1)):
        values += neighbours(border, 10)
    values += log_uniform(-1074, -60, 100) + log_uniform(-60, -0.01, 700) + uniform(0.0, 1.0, 700)
    return signed(values + [1 - x for x in log_uniform(-53, -1, 300)])


FUNCTIONS = {
    "log": (mpmath.log, logarithm_arguments),
    # The quotients come out exact at powers.
    "log2": (lambda x: mpmath.log(x) / mpmath.log(2), logarithm_arguments),
    "log10": (lambda x: mpmath.log(x) / mpmath.log(10), logarithm_arguments),
    "log1p": (log1p, log1p_arguments),
    "asinh": (asinh, asinh_arguments),
    "acosh": (acosh, acosh_arguments),
    "atanh": (atanh, atanh_arguments),
}


def nearest(exact):
    """`exact` rounded to f64, and the remainder in last places; `float` rounds subnormals wrongly."""
    if exact == 0:
        return 0.0, 0.0
    exponent = max(mpmath.frexp(exact)[1], -1021) - 53
    scaled = mpmath.ldexp(exact, -exponent)
    rounded = mpmath.nint(scaled)
    return float(mpmath.ldexp(rounded, exponent)), scaled - rounded


def main():
    path = pathlib.Path(__file__).with_suffix(".txt")
    with path.open("w") as file:
        print("# mpmath, written by tests/golden/logarithm.py: do not edit", file=file)
        for name, (function, arguments) in FUNCTIONS.items():
            for x in dict.fromkeys(arguments()):
                result, error = nearest(function(mpmath.mpf(x)))
                error = int(mpmath.nint(error * 10**6))
                print(f"{name} {bits(x):x} {bits(result):x} {error}", file=file)


main()
