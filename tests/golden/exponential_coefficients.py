"""Prints the constants of `src/runtime/maths/logaddexp_at_zero.rs`: `python tests/golden/exponential_coefficients.py`
with mpmath. Each is a sum of as many numbers as are asked for."""

import mpmath

mpmath.mp.prec = 400


def parts(value, count):
    numbers = []
    for _ in range(count):
        numbers.append(float(value))
        value -= mpmath.mpf(numbers[-1])
    return numbers


def literal(number):
    """As Rust's lints want it: thousands apart, no superfluous zeros."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "_".join(fraction[i : i + 3] for i in range(0, len(fraction), 3))
    return f"{whole}.{fraction or 0}" + (f"e{int(exponent)}" if exponent else "")


def show(numbers):
    return ", ".join(map(literal, numbers))


def inverse_factorials(indices, count):
    print(f"// 1 / n! for n from {indices[0]} to {indices[-1]}")
    for n in indices:
        print(f"    ({show(parts(1 / mpmath.factorial(n), count))}),")


inverse_factorials(range(23, 35), 1)
inverse_factorials(range(22, 13, -1), 2)
inverse_factorials(range(13, 0, -1), 3)
high = float(mpmath.floor(mpmath.log(2) * 2**32) / 2**32)
print("// ln 2, the first part of 32 bits")
print(show([high, *parts(mpmath.log(2) - mpmath.mpf(high), 3)]))
print("// ln 2")
print(show(parts(mpmath.log(2), 3)))
print("// log2 e")
print(show(parts(1 / mpmath.log(2), 2)))
