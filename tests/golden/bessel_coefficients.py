"""Prints the coefficients of `src/expr/bessel.rs`: `python tests/golden/bessel_coefficients.py` with mpmath."""

import mpmath

mpmath.mp.prec = 400


def near_zero(count):
    """Of the power series of I0(x) in (x / 2)^2."""
    return [1 / mpmath.factorial(k) ** 2 for k in range(count)]


def far(degree):
    """Of e^-x sqrt(x) I0(x) from x = 8 on as a polynomial in 16 / x - 1: through the Chebyshev nodes."""
    nodes = [mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * (degree + 1))) for k in range(degree + 1)]

    def value(w):
        x = 16 / (w + 1)
        return mpmath.exp(-x) * mpmath.sqrt(x) * mpmath.besseli(0, x)

    values = [value(w) for w in nodes]
    polynomial = mpmath.matrix(degree + 1, 1)
    before, current = [mpmath.mpf(1)], [mpmath.mpf(0), mpmath.mpf(1)]
    for k in range(degree + 1):
        chebyshev = before
        sum_ = mpmath.fsum(v * mpmath.cos(mpmath.pi * k * (2 * j + 1) / (2 * (degree + 1))) for j, v in enumerate(values))
        coefficient = sum_ * (1 if k == 0 else 2) / (degree + 1)
        for power, part in enumerate(chebyshev):
            polynomial[power] += coefficient * part
        following = [mpmath.mpf(0)] + [2 * part for part in current]
        for power, part in enumerate(before):
            following[power] -= part
        before, current = current, following
    coefficients = list(polynomial)
    worst = max(abs(mpmath.polyval(coefficients[::-1], w) / value(w) - 1) for w in mpmath.linspace(-0.9999, 1, 400))
    print(f"// largest error of the last: {mpmath.nstr(worst, 3)}")
    return coefficients


for coefficients in [near_zero(22), far(23)]:
    print(*[f"    {float(coefficient)!r}," for coefficient in coefficients], "", sep="\n")
