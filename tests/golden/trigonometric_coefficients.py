#!/usr/bin/env python3
"""Prints the minimax polynomials and split constants of the trigonometric, hyperbolic, error and
gamma functions in src/runtime/maths. Needs mpmath. Each polynomial minimises the largest weighted error,
by the Remez exchange in 200-bit arithmetic, and is then rounded to f64."""
from mpmath import mp, mpf
mp.prec = 300

def remez(function, weight, low, high, count):
    """Coefficients of the polynomial in u of `count` terms that minimises
    |weight(u) (p(u) - function(u))| on [low, high], and that error."""
    low, high = mpf(low), mpf(high)
    nodes = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * (i + mpf(1) / 2) / (count + 1))
             for i in range(count + 1)]
    grid = [(low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * i / (24 * count)) for i in range(24 * count + 1)]
    values = [(u, function(u), weight(u)) for u in grid]
    for _ in range(12):
        matrix = mp.matrix(count + 1, count + 1)
        right = mp.matrix(count + 1, 1)
        for i, u in enumerate(nodes):
            for j in range(count):
                matrix[i, j] = u ** j
            matrix[i, count] = (-1) ** i / weight(u)
            right[i] = function(u)
        solution = mp.lu_solve(matrix, right)
        coefficients = [solution[j] for j in range(count)]
        errors = [(w * (mp.polyval(coefficients[::-1], u) - f), u) for u, f, w in values]
        # One extremum for each run of errors of the same sign.
        extrema = []
        for error in errors:
            if error[0] == 0:
                continue
            if extrema and (extrema[-1][0] > 0) == (error[0] > 0):
                extrema[-1] = max(extrema[-1], error, key=lambda e: abs(e[0]))
            else:
                extrema.append(error)
        while len(extrema) > count + 1:
            extrema.pop(0 if abs(extrema[0][0]) < abs(extrema[-1][0]) else -1)
        if len(extrema) < count + 1:
            break
        largest, smallest = max(abs(e[0]) for e in extrema), min(abs(e[0]) for e in extrema)
        nodes = [u for _, u in extrema]
        if largest < smallest * 1.02:
            break
    return coefficients, max(abs(e[0]) for e in errors)

def show(name, function, weight, low, high, count, first=None):
    coefficients, error = remez(function, weight, low, high, count)
    print(f"// {name}: weighted error 2^{float(mp.log(error, 2)):.1f}")
    print(f"const {name}: [f64; {count}] = [")
    for c in coefficients:
        print(f"    {literal(c)},")
    print("];")

def literal(value):
    """The shortest Rust literal of the nearest f64, its digits in groups of three."""
    mantissa, _, exponent = repr(float(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    groups = "_".join(fraction[i:i + 3] for i in range(0, len(fraction), 3)) or "0"
    return f"{whole}.{groups}" + (f"e{int(exponent)}" if exponent else "")

def split(name, value, *bits):
    """Parts of `value`, each of the given number of bits, that add up to it."""
    for index, count in enumerate(bits):
        exponent = mp.floor(mp.log(abs(value), 2)) + 1
        unit = mpf(2) ** (exponent - count)
        part = mp.nint(value / unit) * unit if count == 53 else mp.floor(value / unit) * unit
        print(f"const {name}_{index}: f64 = {literal(part)};")
        value -= part

root = lambda u: mp.sqrt(u)
small = mpf(10) ** -40     # the lower end of intervals where the function has a removable singularity
one = lambda u: mpf(1)
# f(s) = s + s^3 p(s^2): the error relative to f.
def odd(name, f, limit, count, scale=1):
    show(name, lambda u: (f(root(u)) / root(u) / scale - 1) / u, lambda u: u * root(u) * scale / f(root(u)),
         small, mpf(limit) ** 2, count)
# f(s) = 1 + half s^2 + s^4 p(s^2)
def even(name, f, half, limit, count):
    show(name, lambda u: (f(root(u)) - 1 - half * u) / u ** 2, lambda u: u ** 2 / f(root(u)), small, mpf(limit) ** 2, count)

def trigonometric():
    quarter = mp.pi / 4 * mpf("1.0001")
    odd("SINE", mp.sin, quarter, 6)
    even("COSINE", mp.cos, -mpf(1) / 2, quarter, 6)
    half = mp.pi / 2 * mpf("1.00001")
    odd("SINE_F32", mp.sin, half, 4)
    odd("HALF_TANGENT", mp.tan, mp.pi / 8 * mpf("1.0001"), 9)
    odd("TANGENT_F32", mp.tan, quarter, 7)
    split("HALF_PI_FUSED", mp.pi / 2, 53, 53, 53)
    split("HALF_PI", mp.pi / 2, 33, 33, 33, 53)
    split("PI_FUSED", mp.pi, 53, 53)
    split("PI", mp.pi, 33, 53)
    words = int(mp.floor(2 / mp.pi * mpf(2) ** 280)) if mp.prec < 1400 else 0
    saved, mp.prec = mp.prec, 1400
    words = int(mp.floor(2 / mp.pi * mpf(2) ** (64 * 20)))
    mp.prec = saved
    print("const TWO_OVER_PI: [u64; 20] = [")
    for i in range(19, -1, -1):
        print(f"    0x{(words >> (64 * i)) & (2**64 - 1):016x},")
    print("];")

def inverse_trigonometric():
    odd("ARCSINE", mp.asin, mpf("0.50001"), 12)
    odd("ARCTANGENT", mp.atan, mpf("0.50001"), 13)
    odd("ARCSINE_F32", mp.asin, mpf("0.50001"), 5)
    odd("ARCTANGENT_F32", mp.atan, 1, 9)
    split("HALF_PI", mp.pi / 2, 53, 53)
    split("PI", mp.pi, 53, 53)
    split("QUARTER_PI", mp.pi / 4, 50, 53)

def hyperbolic():
    limit = mp.log(2) / 2 * mpf("1.0002")
    odd("SINE", mp.sinh, limit, 5)
    even("COSINE", mp.cosh, mpf(1) / 2, limit, 5)
    odd("SINE_F32", mp.sinh, limit, 3)
    even("COSINE_F32", mp.cosh, mpf(1) / 2, limit, 2)
    # e^r = 1 + r + r^2 / 2 + r^3 p(r): the error relative to e^r - 1.
    for name, count in (("EXPONENTIAL", 10), ("EXPONENTIAL_F32", 5)):
        show(name, lambda r: (mp.expm1(r) - r - r ** 2 / 2) / r ** 3, lambda r: abs(r ** 3 / mp.expm1(r)),
             -limit, limit * mpf("1.0000001"), count)
    split("LN_2_FUSED", mp.log(2), 53, 53)
    split("LN_2", mp.log(2), 42, 53)

def inverse_hyperbolic():
    odd("AREA_TANGENT", mp.atanh, mpf("0.2035"), 8)
    odd("AREA_TANGENT_F32", mp.atanh, mpf("0.2035"), 3)
    split("HALF_LN_2", mp.log(2) / 2, 42, 53)

def error_function():
    scale = 2 / mp.sqrt(mp.pi)
    odd("ERROR", mp.erf, mpf("0.6501"), 9, scale)
    odd("ERROR_F32", mp.erf, mpf("0.6501"), 5, scale)
    # (1 + 2 x) exp(x^2) erfc(x), which varies little, in u = 1 / (x + 3) - 5/32.
    def scaled_complement(u):
        x = 1 / (u + mpf(5) / 32) - 3
        return mp.exp(x ** 2) * mp.erfc(x) * (1 + 2 * x)
    for name, last, count in (("SCALED_COMPLEMENT", "27.4", 22), ("SCALED_COMPLEMENT_F32", "10.3", 10)):
        show(name, scaled_complement, lambda u: 1 / scaled_complement(u),
             1 / (mpf(last) + 3) - mpf(5) / 32, 1 / mpf("3.649") - mpf(5) / 32, count)
    split("TWO_OVER_ROOT_PI", scale, 53, 53)

def error_function_table():
    """The table of src/runtime/maths/error_function_table.rs."""
    print("pub(super) static ROWS: Rows = Rows([")
    for k in range(385):
        r = mpf(k) / 64
        value = mp.erf(r)
        slope = 2 / mp.sqrt(mp.pi) * mp.exp(-r * r)
        print(f"    [{literal(value)}, {literal(value - mpf(float(value)))}, {literal(slope)}, {literal(r)}],")
    print("]);")

def gamma():
    show("GAMMA_AT_2", lambda z: mp.loggamma(2 + z) / z if z else mp.psi(0, 2), lambda z: 1 / abs(mp.loggamma(2+z)/z) if z else 1/mp.psi(0,2), -mpf("0.5"), mpf("0.5"), 20)

if __name__ == "__main__":
    import sys
    for section in sys.argv[1:] or ["trigonometric", "inverse_trigonometric", "hyperbolic", "inverse_hyperbolic", "error_function", "gamma"]:
        print(f"\n// {section}")
        globals()[section]()
