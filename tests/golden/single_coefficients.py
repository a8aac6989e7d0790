#!/usr/bin/env python3
"""Prints the minimax polynomials, quotients and split constants of the functions that src/runtime/maths computes in f32.
Needs mpmath and NumPy. Each minimises the largest weighted error, by Lawson's iteration of
weighted least squares. Its coefficients are rounded to f32 from the constant term on, and after each the
others are fitted anew, so that they make up for what rounding lost."""
import numpy as np
from mpmath import mp, mpf

mp.prec = 160
POINTS = 1500


def least_maximum(powers, values, weights):
    """Coefficients for these columns with nearly the smallest largest weighted error."""
    lawson, best = np.ones(len(values)), (np.inf, None)
    for _ in range(60):
        scale = np.sqrt(lawson) * weights
        solution = np.linalg.lstsq(powers * scale[:, None], values * scale, rcond=None)[0]
        errors = np.abs((powers @ solution - values) * weights)
        best = min(best, (errors.max(), tuple(solution)))
        lawson = lawson * errors
        lawson /= lawson.sum()
    return best[1]


def fit(name, function, weight, low, high, count, fixed=()):
    """Prints the polynomial of `count` terms, the first of which may be `fixed`, for `function` on [low, high]."""
    u = (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    exact = np.array([float(function(mpf(float(x)))) for x in u], dtype=np.longdouble)
    weights = np.array([float(weight(mpf(float(x)))) for x in u])
    coefficients = [np.float32(c) for c in fixed]
    largest = max(abs(low), abs(high))

    def value():
        return sum(np.longdouble(c) * u.astype(np.longdouble) ** i for i, c in enumerate(coefficients))

    while len(coefficients) < count:
        exponents = range(len(coefficients), count)
        powers = np.stack([(u / largest) ** i for i in exponents], 1)
        solution = least_maximum(powers, (exact - value()).astype(float), weights)
        coefficients.append(np.float32(solution[0] / largest ** len(coefficients)))
    error = float(np.max(np.abs((value() - exact) * weights)))
    print(f"{name}: weighted error 2^{np.log2(error):.1f}: {', '.join(map(literal, coefficients))}")


def fit_quotient(name, function, weight, low, high, degree):
    """Prints the quotient for `function` on [low, high] of c + u and a polynomial of `degree`."""
    u = (low + high) / 2 - (high - low) / 2 * np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    exact = np.array([float(function(mpf(float(x)))) for x in u])
    weights = np.array([float(weight(mpf(float(x)))) for x in u])
    # exact (d_0 + d_1 u + ...) - c = u, where the error of the quotient is that of this over the divisor (Loeb).
    # The first unknown is c.
    columns = np.stack([-np.ones(POINTS)] + [exact * (u / high) ** i for i in range(degree + 1)], 1)
    scales = np.array([1.0] + [high**-i for i in range(degree + 1)])

    def quotient(coefficients):
        divisor = sum(c * u**i for i, c in enumerate(coefficients[1:]))
        return (u + coefficients[0]) / divisor, divisor

    coefficients = []
    while len(coefficients) < degree + 2:
        count = len(coefficients)
        rest = u - columns[:, :count] @ (np.array(coefficients, dtype=float) / scales[:count])
        lawson, divisor, best = np.ones(POINTS), np.ones(POINTS), (np.inf, None)
        for _ in range(200):
            scale = np.sqrt(lawson) * weights / divisor
            solution = np.linalg.lstsq(columns[:, count:] * scale[:, None], rest * scale, rcond=None)[0]
            candidate = [*coefficients, *(solution * scales[count:])]
            value, divisor = quotient(candidate)
            errors = np.abs((value - exact) * weights)
            best = min(best, (errors.max(), tuple(candidate)))
            lawson *= errors
            lawson /= lawson.sum()
        coefficients.append(float(np.float32(best[1][count])))
    error = np.max(np.abs((quotient(coefficients)[0] - exact) * weights))
    print(f"{name}: weighted error 2^{np.log2(error):.1f}: {', '.join(map(literal, coefficients))}")


def literal(value):
    """The shortest Rust literal of an f32, its digits in groups of three."""
    mantissa, _, exponent = str(np.float32(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    groups = "_".join(fraction[i : i + 3] for i in range(0, len(fraction), 3)) or "0"
    return f"{whole}.{groups}" + (f"e{int(exponent)}" if exponent else "")


def split(name, value, *bits):
    """Parts of `value`, each of the given number of bits, that add up to it; the first is rounded down."""
    parts = []
    for count in bits:
        unit = mpf(2) ** (mp.floor(mp.log(abs(value), 2)) + 1 - count)
        parts.append((mp.nint if parts else mp.floor)(value / unit) * unit)
        value -= parts[-1]
    print(f"{name}: {', '.join(literal(float(part)) for part in parts)}")


def odd(name, function, limit, count):
    """P in f(x) = x + x^3 P(x^2), for the relative error."""

    def remainder(u):
        return (function(mp.sqrt(u)) / mp.sqrt(u) - 1) / u

    fit(name, remainder, lambda u: u * mp.sqrt(u) / function(mp.sqrt(u)), 1e-9, limit**2, count)


def trigonometric():
    limit = np.pi / 4 * 1.0003
    odd("sine", mp.sin, limit, 3)
    # P in cos x = 1 - x^2 / 2 + x^4 P(x^2).
    fit(
        "cosine",
        lambda u: (mp.cos(mp.sqrt(u)) - 1 + u / 2) / u**2,
        lambda u: u**2 / mp.cos(mp.sqrt(u)),
        1e-9,
        limit**2,
        3,
    )
    split("pi / 2, near", mp.pi / 2, 24, 13, 24)
    split("pi / 2, far", mp.pi / 2, 24, 24, 24)


def hyperbolic_tangent():
    # N and D in tanh x = x - x^3 N(x^2) / D(x^2).
    fit_quotient(
        "tanh",
        lambda u: (1 - mp.tanh(mp.sqrt(u)) / mp.sqrt(u)) / u,
        lambda u: u * mp.sqrt(u) / mp.tanh(mp.sqrt(u)),
        1e-9,
        1.0,
        2,
    )
    # tanh r = r N(r^2) / D(r^2), for the relative error of e^2r.
    fit_quotient(
        "tanh r",
        lambda u: mp.tanh(mp.sqrt(u)) / mp.sqrt(u),
        mp.sqrt,
        1e-9,
        float(mp.log(2) / 4 * 1.0003) ** 2,
        1,
    )
    split("ln 2 / 2", mp.log(2) / 2, 18, 24)


def error_function():
    scale = 2 / mp.sqrt(mp.pi)

    def slope(u):
        return mp.erf(mp.sqrt(u)) / mp.sqrt(u) if u > mpf(10) ** -25 else scale

    limit, centre = 1.06, 1.25
    fit("erf", lambda u: slope(u) - 1, lambda u: 1, 0, limit**2, 7)
    # The error of erf that comes from that of the root.
    fit(
        "fourth root of erfc",
        lambda x: mp.erfc(x + centre) ** 0.25,
        lambda x: 4 * mp.erfc(x + centre) ** 0.75,
        limit - centre,
        3.95 - centre,
        9,
    )


def logarithm():
    # P in log(1 + f) = f - f^2 / 2 + f^3 P(f).
    fit(
        "log(1 + f)",
        lambda f: (mp.log1p(f) - f + f * f / 2) / f**3,
        lambda f: abs(f**3 / mp.log1p(f)),
        0.69 - 1 - 1e-6,
        2 * 0.69 - 1 + 1e-6,
        9,
    )
    # P in log(1 + f) = 2 s + s^3 P(s^2), s = f / (2 + f).
    fit("artanh", lambda z: (2 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 2) / z, lambda z: z / 2, 1e-9, 0.1835**2, 3)


if __name__ == "__main__":
    trigonometric()
    hyperbolic_tangent()
    error_function()
    logarithm()
