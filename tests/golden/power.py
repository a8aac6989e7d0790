"""Writes power.txt beside itself: arguments and exact results of functions in f64.

Each line after a `# function` line is: x, y (absent for functions of one argument) and the result
as the hexadecimal bits of f64, then what the exact value lies above that result, in thousandths of
a unit in the last place. Needs mpmath. Deterministic: the seed is fixed.
"""

import math
import pathlib
import random
import struct

from mpmath import mp, mpf

# Enough for the cancellation in the logarithms of sums.
mp.prec = 250
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
    result, above = round_f64(function(*map(mpf, arguments)))
    # Bits grow away from zero, so count from there.
    above = int(mp.nint(above * 1000)) * (-1 if result < 0 else 1)
    return " ".join(f"{bits(value):016x}" for value in (*arguments, result)) + f" {above}"


def power(x, y):
    if y == mp.nint(y) and x < 0:
        return (-1 if y % 2 else 1) * mp.exp(y * mp.log(-x))
    return mp.exp(y * mp.log(x))



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


def cbrt(x):
    return mp.cbrt(x) if x > 0 else -mp.cbrt(-x)



def cbrt_arguments():
    for _ in range(300):
        yield (any_positive(),)
        yield (-any_positive(),)
        yield (random.uniform(1, 8),)
        yield (from_bits(random.randrange(1, 1 << 52)),)
    for i in range(1, 100):
        yield (float(i**3),)


def hypot(x, y):
    return mp.sqrt(x * x + y * y)



def hypot_arguments():
    for _ in range(250):
        yield any_positive(), any_positive()
        x = any_positive()
        yield x, -x * 2.0 ** random.uniform(-3, 3)
        yield random.uniform(-2, 2), random.uniform(-2, 2) * 2.0 ** random.uniform(-30, 0)
        yield tuple(from_bits(random.randrange(1, 1 << 54)) for _ in range(2))
        # The border of overflow.
        yield tuple(random.uniform(1.0, 1.7e308) for _ in range(2))
    for x, y in ((3, 4), (5, 12), (8, 15), (7, 24), (20, 21), (1, 1), (1, 0), (0, 2)):
        for scale in (1.0, 2.0**-1074, 2.0**-1022, 2.0**1000):
            yield x * scale, y * scale


def logaddexp(x, y):
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))



def logaddexp2(x, y):
    return max(x, y) + mp.log1p(mp.power(2, -abs(x - y))) / mp.log(2)



EXPONENTIALS = {math.exp: mp.exp, math.exp2: lambda x: mp.power(2, x)}
LOGS = {math.log: mp.log, math.log2: lambda x: mp.log(x) / mp.log(2)}


def logaddexp_arguments(exp, log):
    for _ in range(200):
        yield random.uniform(-10, 10), random.uniform(-10, 10)
        yield random.uniform(-800, 800), random.uniform(-800, 800)
        scale = 2.0 ** random.uniform(-30, 30)
        yield random.uniform(-1, 1) * scale, random.uniform(-1, 1) * scale
        yield 2.0 ** random.uniform(-100, 0), random.uniform(-140, 0)
        # Results near zero.
        total = exp(random.choice([-1, 1]) * 2.0 ** random.uniform(-20, 0))
        part = random.uniform(0, 1) * total
        yield log(part), log(total - part)
    for x in (0.0, 1.0, 1e300, -1e300, 1e-300):
        for difference in (0.0, 1e-300, 1e-17, 0.5, 36.0, 37.0, 53.0, 54.0, 1022.0, 1e300):
            yield x, x - difference
    # Results nearer zero, with a larger operand of any size.
    for _ in range(300):
        x = log(random.choice([0.5, 1 - 2.0 ** random.uniform(-40, -1)]))
        yield x, log(random.choice([-1, 1]) * -x * 2.0 ** random.uniform(-45, -3) + 1 - exp(x))
        yield log(1 - exp(x)), x
    yield -1.0, -1.0
    # Results nearest zero: the logarithms of a probability and of its complement, and the nearest of many.
    for count in [1] * 300 + [200] * 60:
        def nearness(x):
            y = float(LOGS[log](1 - EXPONENTIALS[exp](mpf(x))))
            return abs(EXPONENTIALS[exp](mpf(x)) + EXPONENTIALS[exp](mpf(y)) - 1) / -max(x, y), x, y
        _, x, y = min(nearness(-(2.0 ** random.uniform(-100, 7))) for _ in range(count))
        yield x, y


FUNCTIONS = {
    "power": (power, power_arguments),
    "cbrt": (cbrt, cbrt_arguments),
    "hypot": (hypot, hypot_arguments),
    "logaddexp": (logaddexp, lambda: logaddexp_arguments(math.exp, math.log)),
    "logaddexp2": (logaddexp2, lambda: logaddexp_arguments(math.exp2, math.log2)),
}

if __name__ == "__main__":
    lines = []
    for name, (function, arguments) in FUNCTIONS.items():
        random.seed(1)
        lines.append(f"# {name}")
        lines.extend(line(function, *values) for values in arguments())
    pathlib.Path(__file__).with_suffix(".txt").write_text("\n".join(lines) + "\n")
