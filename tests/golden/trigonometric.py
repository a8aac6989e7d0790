"""Golden values of sin, cos and tan, and the constants of `src/runtime/maths/trigonometric.rs` and `angle_reduction.rs`.

    python tests/golden/trigonometric.py            writes trigonometric.txt next to this script
    python tests/golden/trigonometric.py constants  prints the constants

Needs mpmath and nothing else. A line of the file is `x sin cos tan`: x by its bits as f64, a result
by those of the nearest f64, and what it lacks of the true value in thousandths of a unit in the last
place. Never edit the file by hand.
"""

import math
import pathlib
import random
import struct
import sys

from mpmath import mp, mpf

mp.prec = 1400  # the largest f64 has 1024 bits before the point; some results need 180 more


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def near_multiple(exponent):
    """An f64 in [2^(exponent - 1), 2^exponent) very near to a multiple of pi/2: its significand is
    the denominator of a convergent of 2^(exponent - 53) / (pi/2)."""
    rest = mpf(2) ** (exponent - 53) * 2 / mp.pi
    previous, denominator = 0, 1
    while True:
        rest = 1 / (rest - mp.floor(rest))
        following = int(mp.floor(rest)) * denominator + previous
        if following >= 2**53:
            return math.ldexp(denominator << (53 - denominator.bit_length()), exponent - 53)
        previous, denominator = denominator, following


def arguments():
    random.seed(20)
    sign = lambda: random.choice((1, -1))
    log_uniform = lambda low, high: sign() * math.exp(random.uniform(math.log(low), math.log(high)))
    for x in (5e-324, 2.2250738585072014e-308, 1e-300, 1e-20, 1e-8, 1.7976931348623157e308):
        yield x
    yield math.ldexp(6381956970095103, 797)  # of all f64, the nearest to a multiple of pi/2
    yield math.ldexp(1.0, 1000)
    for _ in range(150):
        yield log_uniform(1e-9, 0.1)
    for _ in range(400):
        yield sign() * random.uniform(0, 1)
    for _ in range(400):
        yield log_uniform(1, 1e6)
    for _ in range(200):
        yield log_uniform(1e5, 1e10)
    for _ in range(150):
        yield log_uniform(1e9, 1e22)
    for _ in range(100):
        yield log_uniform(1e22, 1e308)
    # The nearest to multiples of pi/4: where the quadrant changes, and the zeros and poles.
    multiples = list(range(1, 120)) + [random.randrange(1, 2**n) for n in range(8, 53) for _ in range(3)]
    for k in multiples:
        nearest = sign() * float(k * mp.pi / 4)
        yield nearest
        yield math.nextafter(nearest, 0)
    for exponent in range(1, 1024, 7):
        yield near_multiple(exponent)


def result(value):
    """The bits of `value` rounded to f64, and what to add for `value` itself in thousandths of a
    unit in the last place."""
    nearest = float(value)
    return f"{bits(nearest):016x}:{int(mp.nint((value - mpf(nearest)) / mpf(math.ulp(nearest)) * 1000))}"


def write():
    with pathlib.Path(__file__).with_suffix(".txt").open("w") as file:
        for x in arguments():
            print(f"{bits(x):016x}", *(result(f(mpf(x))) for f in (mp.sin, mp.cos, mp.tan)), file=file)


def remez(function, weight, low, high, terms):
    """The minimax polynomial of `function` with the error times `weight`, on [low, high]."""
    mp.prec = 160
    points = [low + (high - low) * (1 - mp.cos(mp.pi * i / terms)) / 2 for i in range(terms + 1)]
    grid = [low + (high - low) * (1 - mp.cos(mp.pi * i / 2000)) / 2 for i in range(2001)]
    values = [(function(x), weight(x)) for x in grid]
    for _ in range(12):
        matrix = mp.matrix(terms + 1)
        right = mp.matrix(terms + 1, 1)
        for row, x in enumerate(points):
            for column in range(terms):
                matrix[row, column] = x**column
            matrix[row, terms] = (-1) ** row / weight(x)
            right[row] = function(x)
        solution = mp.lu_solve(matrix, right)
        coefficients = [solution[i] for i in range(terms)]
        errors = [(value - mp.polyval(coefficients[::-1], x)) * w for x, (value, w) in zip(grid, values)]
        extrema = [0]
        for i in range(1, len(grid)):
            if (errors[i] > 0) != (errors[extrema[-1]] > 0):
                extrema.append(i)
            elif abs(errors[i]) > abs(errors[extrema[-1]]):
                extrema[-1] = i
        while len(extrema) > terms + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if len(extrema) < terms + 1:
            break
        points = [grid[i] for i in extrema]
    return coefficients, max(map(abs, errors))


def rounded(function, weight, low, high, terms):
    """As `remez`, with coefficients of f64: each of the first three, which matter most, is rounded
    before the others are found, so that they make up for its error."""
    coefficients = []
    for count in range(3):
        power = lambda x: x**count
        rest = lambda x: (function(x) - mp.polyval(coefficients[::-1], x)) / power(x)
        found, error = remez(rest if count else function, lambda x: weight(x) * power(x), low, high, terms - count)
        coefficients.append(mpf(float(found[0])))
    return coefficients + found[1:], error


def series(x, first):
    """The sum of (-x)^i / (first + 2i)!."""
    return mp.nsum(lambda i: (-x) ** i / mp.factorial(first + 2 * i), [0, 25])


def constants():
    # Parts of pi/2 with so many bits that their products with the quotient are exact.
    def parts(*widths):
        rest, result = mp.pi / 2, []
        for width in widths:
            scale = mpf(2) ** (width - 1 - int(mp.floor(mp.log(rest, 2))))
            part = mp.nint(rest * scale) / scale if width == 53 else mp.floor(rest * scale) / scale
            result.append(float(part))
            rest -= part
        return result

    for name, widths in [
        ("f64 fused", (53, 33, 53)),
        ("f64", (33, 33, 33, 53)),
        ("f64 medium", (25, 25, 25, 25, 53)),
        ("f32 fused", (53, 53)),
        ("f32", (25, 25, 53)),
    ]:
        print(f"pi/2, {name}:", *map(repr, parts(*widths)))
    print("pi/2, 128 bits:", hex(int(mp.floor(mp.pi / 2 * mpf(2) ** 127))))
    words = int(mp.floor(2 / mp.pi * mpf(2) ** 1280))
    print("2/pi:", *(f"0x{words >> (64 * i) & (2**64 - 1):016x}" for i in reversed(range(20))))

    low, high = mpf(2) ** -40, mpf("0.7856") ** 2
    for name, sine_terms, cosine_terms in [("f64", 6, 6), ("f32", 3, 3)]:
        # Positive: (r - sin r) / r^3 and (cos r - 1 + r^2 / 2) / r^4, in powers of r^2.
        sine = rounded(lambda x: series(x, 3), lambda x: x / (mp.sin(mp.sqrt(x)) / mp.sqrt(x)), low, high, sine_terms)
        cosine = rounded(lambda x: series(x, 4), lambda x: x * x / mp.cos(mp.sqrt(x)), low, high, cosine_terms)
        for which, (coefficients, error) in (("sin", sine), ("cos", cosine)):
            print(name, which, *(repr(float(c)) for c in coefficients), f"error 2^{float(mp.log(error, 2)):.1f}")


if __name__ == "__main__":
    constants() if sys.argv[1:] == ["constants"] else write()
