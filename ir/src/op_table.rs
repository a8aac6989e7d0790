//! The op table: everything about an element-wise operation stands in its row.

/// Hands the rows to a macro. The first operand of every row is `self` in the method.
#[macro_export]
macro_rules! element_ops {
    ($callback:path) => {
        $callback! {
            /// The sum. Integers wrap around; on `bool` it is logical or.
            Add: add(other), aliases ["+"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::Or, v) } else { b.apply(Primitive::Add, v) },
                reference |v| of::number2(v, i128::wrapping_add, |a, b| a + b);
            /// The difference. Integers wrap around; `bool` is refused, as in NumPy: use `^`.
            Subtract: subtract(other), aliases ["-", "minus"],
                dtypes NotBool, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Subtract, v),
                reference |v| of::number2(v, i128::wrapping_sub, |a, b| a - b);
            /// The product. Integers wrap around; on `bool` it is logical and.
            Multiply: multiply(other), aliases ["*", "times"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]) == DType::Bool { b.apply(Primitive::And, v) } else { b.apply(Primitive::Multiply, v) },
                reference |v| of::number2(v, i128::wrapping_mul, |a, b| a * b);
            /// The quotient in floating point: integers become `f64` first.
            Divide: divide(other), aliases ["/", "true_divide"],
                dtypes Quotient, cost 6, ulp 0.0,
                lower |b, v| b.apply(Primitive::Divide, v),
                reference |v| of::float2(v, |a, b| a / b);
            /// The quotient rounded down. Integers by zero give 0.
            FloorDivide: floor_divide(other), aliases ["//"],
                dtypes Arithmetic, cost 20, ulp 0.0,
                lower |b, v| lowering::call_or(b, ElementOp::FloorDivide, division::floor_divide, v), calls binary(f32, f64),
                reference of::floor_divide;
            /// The remainder of `floor_divide`: it has the sign of the divisor. Integers by zero give 0.
            Remainder: remainder(other), aliases ["%", "mod"],
                dtypes Arithmetic, cost 20, ulp 0.0,
                lower |b, v| lowering::call_or(b, ElementOp::Remainder, division::remainder, v), calls binary(f32, f64),
                reference of::remainder;
            /// The remainder of the quotient rounded towards zero: it has the sign of the dividend, as in
            /// C. Integers by zero give 0.
            Fmod: fmod(other), aliases ["truncated_remainder", "c_remainder"],
                dtypes Arithmetic, cost 20, ulp 0.0,
                lower lowering::fmod, calls binary(f32, f64),
                reference of::fmod;
            /// The value with its sign turned. Integers wrap around: the smallest stays as it is.
            Negative: negative(), aliases ["neg", "-"],
                dtypes NotBool, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Negate, v),
                reference |v| of::number1(v, i128::wrapping_neg, |a| -a);
            /// The value itself.
            Positive: positive(), aliases ["+", "identity"],
                dtypes NotBool, cost 0, ulp 0.0,
                lower |_, v| v[0],
                reference |v| v[0];
            /// The value without its sign. The smallest integer stays as it is.
            Absolute: absolute(), aliases ["abs"],
                dtypes Number, cost 1, ulp 0.0,
                lower lowering::absolute,
                reference |v| of::number1(v, i128::wrapping_abs, f64::abs);
            /// The value without its sign, as a float.
            Fabs: fabs(), aliases ["float_absolute"],
                dtypes Float, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Absolute, v),
                reference |v| of::float1(v, f64::abs);
            /// -1, 0 or 1 by the sign of the value; NaN stays.
            Sign: sign(), aliases ["signum"],
                dtypes NotBool, cost 3, ulp 0.0,
                lower lowering::sign,
                reference of::sign;
            /// The value times itself.
            Square: square(), aliases ["pow2"],
                dtypes Arithmetic, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Multiply, &[v[0], v[0]]),
                reference |v| of::number1(v, |a| a.wrapping_mul(a), |a| a * a);
            /// One divided by the value. Of integers the quotient is rounded towards zero, and by zero it
            /// is 0.
            Reciprocal: reciprocal(), aliases ["recip", "inverse"],
                dtypes Arithmetic, cost 6, ulp 0.0,
                lower lowering::reciprocal,
                reference of::reciprocal;
            /// The square root, correctly rounded; NaN below zero.
            Sqrt: sqrt(), aliases ["square_root"],
                dtypes Float, cost 6, ulp 0.0,
                lower |b, v| b.apply(Primitive::SquareRoot, v),
                reference |v| of::float1(v, f64::sqrt);
            /// e to the power of the value.
            Exp: exp(), aliases ["exponential"],
                dtypes Float, cost 16, ulp 0.9,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::exp);
            /// The sine of an angle in radians; arguments of any size are reduced exactly.
            Sin: sin(), aliases ["sine"],
                dtypes Float, cost 24, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::sin);
            /// The cosine of an angle in radians; arguments of any size are reduced exactly.
            Cos: cos(), aliases ["cosine"],
                dtypes Float, cost 24, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::cos);
            /// The tangent of an angle in radians; arguments of any size are reduced exactly.
            Tan: tan(), aliases ["tangent"],
                dtypes Float, cost 36, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::tan);
            /// The angle in radians that has this sine; NaN beyond 1.
            Asin: asin(), aliases ["arcsin"],
                dtypes Float, cost 30, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::asin);
            /// The angle in radians that has this cosine; NaN beyond 1.
            Acos: acos(), aliases ["arccos"],
                dtypes Float, cost 30, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::acos);
            /// The angle in radians that has this tangent.
            Atan: atan(), aliases ["arctan"],
                dtypes Float, cost 30, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::atan);
            /// The angle in radians of the point with this `y` and the given `x`.
            Atan2: atan2(x), aliases ["arctan2"],
                dtypes Float, cost 40, ulp 1.5,
                calls binary(f32, f64),
                reference |v| of::float2(v, f64::atan2);
            /// The hyperbolic sine.
            Sinh: sinh(), aliases ["hyperbolic_sine"],
                dtypes Float, cost 36, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::sinh);
            /// The hyperbolic cosine.
            Cosh: cosh(), aliases ["hyperbolic_cosine"],
                dtypes Float, cost 36, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::cosh);
            /// The hyperbolic tangent.
            Tanh: tanh(), aliases ["hyperbolic_tangent"],
                dtypes Float, cost 36, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::tanh);
            /// sin(pi x) / (pi x), and 1 at 0.
            Sinc: sinc(), aliases ["normalized_sinc"],
                dtypes Quotient, cost 34, ulp 4.0,
                lower lowering::sinc,
                reference |v| of::float1(v, of::sinc);
            /// 2 to the power of the value.
            Exp2: exp2(), aliases ["power_of_two"],
                dtypes Float, cost 16, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::exp2);
            /// e to the power of the value, minus 1, without losing digits near 0.
            Expm1: expm1(), aliases ["exp_m1"],
                dtypes Float, cost 18, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::exp_m1);
            /// The inverse of the hyperbolic sine.
            Asinh: asinh(), aliases ["arcsinh"],
                dtypes Float, cost 40, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::asinh);
            /// The inverse of the hyperbolic cosine; NaN below 1.
            Acosh: acosh(), aliases ["arccosh"],
                dtypes Float, cost 40, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, |x| if x < 1.0 { f64::NAN } else { libm::acosh(x) });
            /// The inverse of the hyperbolic tangent; NaN beyond 1.
            Atanh: atanh(), aliases ["arctanh"],
                dtypes Float, cost 40, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::atanh);
            /// The value to the power of `exponent`. A negative power of an integer is rounded towards zero:
            /// 0, but for 1 and -1.
            Power: power(exponent), aliases ["**", "pow", "powf", "powi"],
                dtypes Arithmetic, cost 60, ulp 1.5,
                lower lowering::power, calls binary(f32, f64, i64, u64),
                reference of::power;
            /// The cube root, also of negative values.
            Cbrt: cbrt(), aliases ["cube_root"],
                dtypes Float, cost 24, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::cbrt);
            /// The root of the sum of two squares, without overflow on the way.
            Hypot: hypot(other), aliases ["hypotenuse"],
                dtypes Float, cost 24, ulp 1.0,
                calls binary(f32, f64),
                reference |v| of::float2(v, f64::hypot);
            /// The natural logarithm; NaN below zero, -inf at zero.
            Log: log(), aliases ["ln", "natural_logarithm"],
                dtypes Float, cost 20, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::ln);
            /// The logarithm to base 2.
            Log2: log2(), aliases ["binary_logarithm"],
                dtypes Float, cost 20, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::log2);
            /// The logarithm to base 10.
            Log10: log10(), aliases ["decimal_logarithm"],
                dtypes Float, cost 20, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::log10);
            /// The natural logarithm of 1 plus the value, without losing digits near 0.
            Log1p: log1p(), aliases ["ln_1p"],
                dtypes Float, cost 24, ulp 1.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, f64::ln_1p);
            /// The logarithm of the sum of two exponentials.
            Logaddexp: logaddexp(other), aliases ["log_add_exp"],
                dtypes Float, cost 40, ulp 2.0,
                calls binary(f32, f64),
                reference |v| of::float2(v, of::logaddexp);
            /// The logarithm to base 2 of the sum of two powers of 2.
            Logaddexp2: logaddexp2(other), aliases ["log_add_exp2"],
                dtypes Float, cost 40, ulp 2.0,
                calls binary(f32, f64),
                reference |v| of::float2(v, of::logaddexp2);
            /// Degrees as radians.
            Deg2rad: deg2rad(), aliases ["radians", "to_radians"],
                dtypes Float, cost 1, ulp 1.0,
                lower |b, v| lowering::scaled(b, v[0], std::f64::consts::PI / 180.0),
                reference |v| of::float1(v, |x| x * (std::f64::consts::PI / 180.0));
            /// Radians as degrees.
            Rad2deg: rad2deg(), aliases ["degrees", "to_degrees"],
                dtypes Float, cost 1, ulp 1.0,
                lower |b, v| lowering::scaled(b, v[0], 180.0 / std::f64::consts::PI),
                reference |v| of::float1(v, |x| x * (180.0 / std::f64::consts::PI));
            /// The value where it is positive, else 0; NaN stays.
            Relu: relu(), aliases ["rectified_linear_unit"],
                dtypes Arithmetic, cost 2, ulp 0.0,
                lower lowering::relu,
                reference |v| of::maximum(&[Scalar::from_int(0, v[0].dtype()), v[0]]);
            /// The error function: how much of a normal distribution lies within the value times the root of 2.
            Erf: erf(), aliases ["error_function"],
                dtypes Float, cost 40, ulp 1.5,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::erf);
            /// 1 minus the error function, without losing digits where that is small.
            Erfc: erfc(), aliases ["complementary_error_function"],
                dtypes Float, cost 50, ulp 2.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::erfc);
            /// 1 / (1 + e^-x), the logistic function.
            Sigmoid: sigmoid(), aliases ["logistic", "expit"],
                dtypes Float, cost 25, ulp 3.0,
                lower lowering::sigmoid,
                reference |v| of::float1(v, of::sigmoid);
            /// x times the share of a normal distribution below x.
            Gelu: gelu(), aliases ["gaussian_error_linear_unit"],
                dtypes Float, cost 45, ulp 4.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, of::gelu);
            /// The natural logarithm of the absolute value of the gamma function.
            Lgamma: lgamma(), aliases ["gammaln", "ln_gamma"],
                dtypes Float, cost 60, ulp 2.0,
                calls unary(f32, f64),
                reference |v| of::float1(v, libm::lgamma);
            /// The logarithm of 1 + e^x.
            Softplus: softplus(), aliases ["log1pexp"],
                dtypes Float, cost 45, ulp 3.0,
                lower lowering::softplus,
                reference |v| of::float1(v, |x| x.max(0.0) + (-x.abs()).exp().ln_1p());
            /// The nearest integer below, in the same dtype.
            Floor: floor(), aliases ["round_down"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Floor, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::floor);
            /// The nearest integer above, in the same dtype.
            Ceil: ceil(), aliases ["round_up"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Ceil, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::ceil);
            /// The nearest integer towards zero, in the same dtype.
            Trunc: trunc(), aliases ["fix"],
                dtypes Number, cost 1, ulp 0.0,
                lower |b, v| if b.dtype(v[0]).is_float() { b.apply(Primitive::Truncate, v) } else { v[0] },
                reference |v| of::number1(v, |a| a, f64::trunc);
            /// The nearest integer, halves to even, as a float.
            Rint: rint(), aliases ["round_half_even"],
                dtypes Float, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::RoundEven, v),
                reference |v| of::float1(v, f64::round_ties_even);
            /// The value, at least `lower` and at most `upper`; `upper` where they cross, NaN where one is.
            Clip: clip(lower, upper), aliases ["clamp"],
                dtypes Number, cost 4, ulp 0.0,
                lower lowering::clip,
                reference of::clip;
            /// The smaller of two values; NaN where either is NaN.
            Minimum: minimum(other), aliases ["min2"],
                dtypes Number, cost 2, ulp 0.0,
                lower |b, v| lowering::extreme(b, Primitive::Minimum, v),
                reference of::minimum;
            /// The larger of two values; NaN where either is NaN.
            Maximum: maximum(other), aliases ["max2"],
                dtypes Number, cost 2, ulp 0.0,
                lower |b, v| lowering::extreme(b, Primitive::Maximum, v),
                reference of::maximum;
            /// The smaller of two values; the other where one is NaN.
            Fmin: fmin(other), aliases ["minimum_number"],
                dtypes Number, cost 3, ulp 0.0,
                lower |b, v| lowering::number_of_two(b, Primitive::Minimum, v),
                reference of::fmin;
            /// The larger of two values; the other where one is NaN.
            Fmax: fmax(other), aliases ["maximum_number"],
                dtypes Number, cost 3, ulp 0.0,
                lower |b, v| lowering::number_of_two(b, Primitive::Maximum, v),
                reference of::fmax;
            /// The value with the sign of another.
            Copysign: copysign(sign), aliases ["copy_sign"],
                dtypes Float, cost 3, ulp 0.0,
                lower lowering::copysign,
                reference |v| of::float2(v, f64::copysign);
            /// Is the sign bit set? `bool`; of zeros and NaN as well.
            Signbit: signbit(), aliases ["is_sign_negative"],
                dtypes FloatTest, cost 1, ulp 0.0,
                lower lowering::signbit,
                reference |v| of::test(v, f64::is_sign_negative);
            /// The value times 2 to the power of an integer, rounded once where it is subnormal.
            Ldexp: ldexp(exponent), aliases ["scalbn", "load_exponent"],
                dtypes FloatAndInteger, cost 12, ulp 0.0,
                lower lowering::ldexp,
                reference of::ldexp;
            /// The value over a power of two, at least 1/2 and less than 1 in size; `exponent` is that of the
            /// power. Zero, infinity and NaN stay.
            Mantissa: mantissa(), aliases ["frexp", "fraction"],
                dtypes Float, cost 8, ulp 0.0,
                lower lowering::mantissa,
                reference of::mantissa;
            /// The exponent of the power of two by which `mantissa` is divided, as `i32`; 0 of zero, infinity and
            /// NaN.
            Exponent: exponent(), aliases ["frexp", "ilogb"],
                dtypes FloatExponent, cost 8, ulp 0.0,
                lower lowering::exponent,
                reference of::exponent;
            /// The next float from the value towards another.
            Nextafter: nextafter(towards), aliases ["next_after"],
                dtypes Float, cost 10, ulp 0.0,
                lower lowering::nextafter,
                reference of::nextafter;
            /// The distance from the value to the next float away from zero; it has the sign of the value.
            Spacing: spacing(), aliases ["ulp"],
                dtypes Float, cost 4, ulp 0.0,
                lower lowering::spacing,
                reference of::spacing;
            /// 0 below zero, 1 above, and `at_zero` there; NaN stays.
            Heaviside: heaviside(at_zero), aliases ["step"],
                dtypes Float, cost 4, ulp 0.0,
                lower lowering::heaviside,
                reference of::heaviside;
            /// NaN as 0, and infinities as the largest and smallest finite numbers.
            NanToNum: nan_to_num(), aliases ["nan_to_zero"],
                dtypes Number, cost 5, ulp 0.0,
                lower lowering::nan_to_num,
                reference of::nan_to_num;
            /// The complex conjugate, which is the value itself: there are no complex numbers.
            Conjugate: conjugate(), aliases ["conj"],
                dtypes Arithmetic, cost 0, ulp 0.0,
                lower |_, v| v[0],
                reference |v| v[0];
            /// The real part, which is the value itself: there are no complex numbers.
            Real: real(), aliases ["real_part"],
                dtypes Number, cost 0, ulp 0.0,
                lower |_, v| v[0],
                reference |v| v[0];
            /// The imaginary part, which is 0: there are no complex numbers.
            Imag: imag(), aliases ["imaginary"],
                dtypes Number, cost 0, ulp 0.0,
                lower |b, v| b.number(0.0, v[0]),
                reference |v| Scalar::from_int(0, v[0].dtype());
            /// The angle in radians from the positive real axis: 0, pi where the sign bit is set, NaN of NaN.
            Angle: angle(), aliases ["phase", "arg"],
                dtypes Float, cost 3, ulp 0.0,
                lower lowering::angle,
                reference |v| of::float1(v, |x| 0f64.atan2(x));
            /// Is its imaginary part 0? `bool`; always, as there are no complex numbers.
            IsReal: isreal(), aliases ["is_real"],
                dtypes Comparison, cost 0, ulp 0.0,
                lower |b, _| b.constant(Scalar::Bool(true)),
                reference |_| Scalar::Bool(true);
            /// Is its imaginary part anything but 0? `bool`; never, as there are no complex numbers.
            IsComplex: iscomplex(), aliases ["is_complex"],
                dtypes Comparison, cost 0, ulp 0.0,
                lower |b, _| b.constant(Scalar::Bool(false)),
                reference |_| Scalar::Bool(false);
            /// Is it equal? `bool`.
            Equal: equal(other), aliases ["==", "eq"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::Equal, v),
                reference |v| Scalar::Bool(of::equal(v[0], v[1]));
            /// Is it different? `bool`; true for NaN.
            NotEqual: not_equal(other), aliases ["!=", "ne"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::NotEqual, v),
                reference |v| Scalar::Bool(!of::equal(v[0], v[1]));
            /// Is it less? `bool`.
            Less: less(other), aliases ["<", "lt"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::Less, v),
                reference |v| Scalar::Bool(of::less(v[0], v[1]));
            /// Is it less or equal? `bool`.
            LessEqual: less_equal(other), aliases ["<=", "le"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::LessEqual, v),
                reference |v| Scalar::Bool(of::less_equal(v[0], v[1]));
            /// Is it greater? `bool`.
            Greater: greater(other), aliases [">", "gt"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::Less, &[v[1], v[0]]),
                reference |v| Scalar::Bool(of::less(v[1], v[0]));
            /// Is it greater or equal? `bool`.
            GreaterEqual: greater_equal(other), aliases [">=", "ge"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::compare(b, Primitive::LessEqual, &[v[1], v[0]]),
                reference |v| Scalar::Bool(of::less_equal(v[1], v[0]));
            /// Are they equal within 1e-8 and 1e-5 of the second? `bool`; NaN is close to nothing.
            Isclose: isclose(other), aliases ["allclose", "approx"],
                dtypes FloatTest, cost 9, ulp 0.0,
                lower lowering::isclose,
                reference of::isclose;
            /// Is it NaN? `bool`.
            IsNan: isnan(), aliases ["is_nan"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower lowering::isnan,
                reference |v| of::test(v, f64::is_nan);
            /// Is it neither infinite nor NaN? `bool`.
            IsFinite: isfinite(), aliases ["is_finite"],
                dtypes Comparison, cost 2, ulp 0.0,
                lower lowering::isfinite,
                reference |v| of::test(v, f64::is_finite);
            /// Is it infinite? `bool`.
            IsInf: isinf(), aliases ["is_infinite"],
                dtypes Comparison, cost 2, ulp 0.0,
                lower lowering::isinf,
                reference |v| of::test(v, f64::is_infinite);
            /// Is it positive infinity? `bool`.
            IsPosInf: isposinf(), aliases ["is_positive_infinity"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::is_infinity(b, v, f64::INFINITY),
                reference |v| of::test(v, |x| x == f64::INFINITY);
            /// Is it negative infinity? `bool`.
            IsNegInf: isneginf(), aliases ["is_negative_infinity"],
                dtypes Comparison, cost 1, ulp 0.0,
                lower |b, v| lowering::is_infinity(b, v, f64::NEG_INFINITY),
                reference |v| of::test(v, |x| x == f64::NEG_INFINITY);
            /// Are both true (anything but zero)? `bool`.
            LogicalAnd: logical_and(other), aliases ["&&"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::And, v),
                reference |v| Scalar::Bool(v[0].as_bool() && v[1].as_bool());
            /// Is either true (anything but zero)? `bool`.
            LogicalOr: logical_or(other), aliases ["||"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Or, v),
                reference |v| Scalar::Bool(v[0].as_bool() || v[1].as_bool());
            /// Is exactly one true (anything but zero)? `bool`.
            LogicalXor: logical_xor(other), aliases ["xor"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Xor, v),
                reference |v| Scalar::Bool(v[0].as_bool() != v[1].as_bool());
            /// Is it false (zero)? `bool`.
            LogicalNot: logical_not(), aliases ["not"],
                dtypes Logical, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Not, v),
                reference |v| Scalar::Bool(!v[0].as_bool());
            /// Bit by bit and, on integers and `bool`.
            BitwiseAnd: bitwise_and(other), aliases ["&"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::And, v),
                reference |v| of::ints2(v, |a, b| a & b);
            /// Bit by bit or, on integers and `bool`.
            BitwiseOr: bitwise_or(other), aliases ["|"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Or, v),
                reference |v| of::ints2(v, |a, b| a | b);
            /// Bit by bit exclusive or, on integers and `bool`.
            BitwiseXor: bitwise_xor(other), aliases ["^"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Xor, v),
                reference |v| of::ints2(v, |a, b| a ^ b);
            /// Every bit turned; logical not on `bool`.
            Invert: invert(), aliases ["~", "!", "bitwise_not", "bitwise_invert"],
                dtypes Bits, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::Not, v),
                reference of::invert;
            /// The bits moved up by `amount`: times two to the power of it. An amount that is negative or that
            /// the dtype does not have leaves 0.
            LeftShift: left_shift(amount), aliases ["<<", "shl", "bitwise_left_shift"],
                dtypes Integer, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::ShiftLeft, v),
                reference of::left_shift;
            /// The bits moved down by `amount`, keeping the sign. An amount that is negative or that the dtype
            /// does not have leaves 0, or -1 of a negative value.
            RightShift: right_shift(amount), aliases [">>", "shr", "bitwise_right_shift"],
                dtypes Integer, cost 1, ulp 0.0,
                lower |b, v| b.apply(Primitive::ShiftRight, v),
                reference of::right_shift;
            /// How many bits of the absolute value are set, as `u8`.
            BitwiseCount: bitwise_count(), aliases ["popcount", "count_ones"],
                dtypes Count, cost 4, ulp 0.0,
                lower lowering::bitwise_count,
                reference of::bitwise_count;
            /// The greatest common divisor, not negative; 0 of two zeros.
            Gcd: gcd(other), aliases ["greatest_common_divisor"],
                dtypes WholeNumber, cost 100, ulp 0.0,
                lower |b, v| lowering::call_ints(b, ElementOp::Gcd, v), calls binary(i64, u64),
                reference of::gcd;
            /// The least common multiple, not negative; 0 where either is. It wraps around.
            Lcm: lcm(other), aliases ["least_common_multiple"],
                dtypes WholeNumber, cost 100, ulp 0.0,
                lower |b, v| lowering::call_ints(b, ElementOp::Lcm, v), calls binary(i64, u64),
                reference of::lcm;
            /// The first argument where this mask is true (anything but zero), else the second:
            /// NumPy's `where`.
            Select: select(if_true, if_false), aliases ["where", "choose"],
                dtypes Select, cost 1, ulp 0.0,
                lower |b, v| b.select(v[0], v[1], v[2]),
                reference |v| if v[0].as_bool() { v[1] } else { v[2] };
        }
    };
}
