"""Writes power.txt beside itself: arguments and exact results of functions in f64.

Each line after a `# function` line is: x, y (absent for functions of one argument) and the result
as the hexadecimal bits of f64, then what the exact value lies above that result, in thousandths of
a unit in the last place. Needs mpmath. Deterministic: fixed seed.
"""

import math
import pathlib
import random
import struct

from mpmath import mp, mpf

mp.prec = 2400  # exact sums of any two f64
SMALLEST = mpf(2) ** -1074
LIMIT = mpf(2) ** 1024 - mpf(2) ** 970  # rounds to infinity


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def from_bits(integer):
    return struct.unpack("<d", struct.pack("<Q", integer))[0]


def round_f64(value):
    """The nearest f64 and how far `value` is above it, in units in the last place."""
    size = abs(value)
    if size >= LIMIT:
        return math.copysign(math.inf, value), 0
    exponent = max(int(mp.floor(mp.log(size, 2))) - 52, -1074) if size else -1074
    unit = mpf(2) ** exponent
    count = mp.nint(value / unit)
    return float(count * unit), value / unit - count


def line(function, *arguments):
    with mp.workprec(function.precision):
        result, above = round_f64(function(*map(mpf, arguments)))
    # Bits grow away from zero, so count from there.
    above = int(mp.nint(above * 1000)) * (-1 if result < 0 else 1)
    return " ".join(f"{bits(value):016x}" for value in (*arguments, result)) + f" {above}"


def power(x, y):
    if y == mp.nint(y) and x < 0:
        return (-1 if y % 2 else 1) * mp.exp(y * mp.log(-x))
    return mp.exp(y * mp.log(x))


power.precision = 250


def any_positive():
    return from_bits(random.randrange(1, bits(math.inf)))


def near_one():
    return 1 + random.choice([-0.5, 1]) * 2.0 ** random.uniform(-52, 0)


def power_arguments():
    def to_power(x, low, high):
        return x, random.uniform(low, high) / (math.log2(x) or 1.0)

    for _ in range(300):
        yield to_power(any_positive(), -1076, 1025)
        yield to_power(near_one(), -1022, 1024)
        yield random.uniform(0, 10), random.uniform(-10, 10)
    for _ in range(150):
        # The largest errors: a logarithm of 1/2 without an integer part, times much.
        yield to_power(random.uniform(0.69, 0.73), -1022, 1024)
        yield to_power(random.uniform(1.37, 1.43), -1022, 1024)
        # Subnormal results and bases, and the border of overflow.
        yield to_power(any_positive(), -1075, -1020)
        yield from_bits(random.randrange(1, 1 << 52)), random.uniform(-0.9, 0.9)
        yield to_power(any_positive(), 1023.9, 1024)
        yield -random.uniform(0, 10), float(random.randint(-30, 30))
    for _ in range(60):
        for y in (1.0, 2.0, 0.5, -1.0, -0.5, 3.0):
            yield random.uniform(0.1, 10) * 2.0 ** random.randint(-300, 300), y
    for base in (2.0, 3.0, 10.0, 0.5, 0.1):
        for y in range(-20, 21):
            yield base, float(y)


FUNCTIONS = {"power": (power, power_arguments)}

if __name__ == "__main__":
    random.seed(1)
    lines = []
    for name, (function, arguments) in FUNCTIONS.items():
        lines.append(f"# {name}")
        lines.extend(line(function, *values) for values in arguments())
    pathlib.Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")
