//! Quotients and remainders of integers, which are computed with floats, shifts and products, where they could go
//! wrong: beside multiples of the divisor, and at the ends of each dtype.

use fusewire::Element;
use fusewire::prelude::*;

/// An integer with what its division is by definition, in 128 bits.
trait Integer: Element + Default + PartialEq + std::fmt::Debug + Into<i128> {
    const LOWEST: i128;
    const HIGHEST: i128;
    /// Wrapped around.
    fn of(value: i128) -> Self;
}

macro_rules! integers {
    ($($int:ident)+) => {$(
        impl Integer for $int {
            const LOWEST: i128 = $int::MIN as i128;
            const HIGHEST: i128 = $int::MAX as i128;
            fn of(value: i128) -> Self {
                value as $int
            }
        }
    )+};
}
integers! { i8 u8 i16 u16 i32 u32 i64 u64 }

/// The quotient rounded down, what it leaves, and what the quotient rounded towards zero leaves.
fn expected(x: i128, d: i128) -> [i128; 3] {
    if d == 0 {
        return [0; 3];
    }
    let rest = x.rem_euclid(d);
    let rest = if d < 0 && rest != 0 { rest + d } else { rest };
    [(x - rest) / d, rest, x % d]
}

/// Numbers of a dtype: all of 8 bits, and of others the ends, the middle, powers of two, and those beside them.
fn numbers<T: Integer>() -> Vec<i128> {
    let fits = |x: &i128| (T::LOWEST..=T::HIGHEST).contains(x);
    let mut numbers: Vec<i128> = if size_of::<T>() == 1 {
        (T::LOWEST..=T::HIGHEST).collect()
    } else {
        let powers = (0..64).flat_map(|k| [-(1i128 << k), 1 << k]);
        let others = [3, 5, 7, 10, 11, 60, 100, 641, 1000, 7919, 10_000, 65_521, 1_000_003, 6_700_417];
        let all = powers.chain(others).chain(others.map(|x: i128| -x)).chain([T::LOWEST, T::HIGHEST]);
        all.flat_map(|x| [x - 1, x, x + 1]).filter(fits).collect()
    };
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Dividends for a divisor: all numbers, and multiples of it with what is beside them.
fn dividends<T: Integer>(numbers: &[i128], divisor: i128) -> Vec<T> {
    let (mut dividends, mut state) = (numbers.to_vec(), 1u64);
    for at in 0..if size_of::<T>() == 1 { 0 } else { 300 } {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = T::of(i128::from(state >> 3 >> (at % 16))).into();
        let multiple = if divisor == 0 { x } else { x - x % divisor };
        dividends.extend([x, multiple - 1, multiple, multiple + 1]);
    }
    // The largest multiples have the largest errors.
    if divisor != 0 {
        for end in [T::LOWEST, T::HIGHEST] {
            let multiple = end - end % divisor;
            dividends.extend([
                multiple - 1,
                multiple,
                multiple + 1,
                multiple - divisor - 1,
                multiple - divisor,
            ]);
        }
    }
    dividends.into_iter().filter(|x| (T::LOWEST..=T::HIGHEST).contains(x)).map(T::of).collect()
}

fn outputs<'g>(x: Expr<'g>, d: impl Into<fusewire::Argument<'g>> + Copy) -> [Expr<'g>; 3] {
    [x.floor_divide(d).named("quotient"), x.remainder(d).named("rest"), x.fmod(d).named("left")]
}

fn hold<T: Integer>(program: &Program, x: &[T], divisors: &[T]) {
    let mut results = [(); 3].map(|()| vec![T::default(); x.len()]);
    let [quotient, rest, left] = &mut results;
    let mut inputs: Vec<(&str, View<'_>)> = vec![("x", x.into())];
    if divisors.len() > 1 {
        inputs.push(("d", divisors.into()));
    }
    program.run(inputs, [("quotient", quotient), ("rest", rest), ("left", left)]).unwrap();
    for (at, x) in x.iter().enumerate() {
        let d = divisors[at % divisors.len()];
        let wanted = expected((*x).into(), d.into()).map(T::of);
        let found = [results[0][at], results[1][at], results[2][at]];
        assert_eq!(found, wanted, "{x:?} by {d:?} in {}", T::DTYPE);
    }
}

fn by_constants<T: Integer + for<'g> Into<fusewire::Argument<'g>>>() {
    let numbers = numbers::<T>();
    for divisor in &numbers {
        let g = Graph::new();
        let n = g.dim("n", 0..=10_000);
        let x = g.input("x", T::DTYPE, n);
        let program = g.plan(outputs(x, T::of(*divisor)), &Limits::default()).unwrap().compile().unwrap();
        hold(&program, &dividends::<T>(&numbers, *divisor), &[T::of(*divisor)]);
    }
}

fn by_elements<T: Integer>() {
    let g = Graph::new();
    let n = g.dim("n", 0..=10_000_000);
    let (x, d) = (g.input("x", T::DTYPE, n), g.input("d", T::DTYPE, n));
    let program = g.plan(outputs(x, d), &Limits::default()).unwrap().compile().unwrap();
    let numbers = numbers::<T>();
    let (mut x, mut d) = (Vec::new(), Vec::new());
    for divisor in &numbers {
        let some = dividends::<T>(&numbers, *divisor);
        d.extend(vec![T::of(*divisor); some.len()]);
        x.extend(some);
    }
    hold(&program, &x, &d);
}

macro_rules! tests {
    ($($int:ident $constants:ident $elements:ident;)+) => {$(
        #[test]
        fn $constants() {
            by_constants::<$int>();
        }

        #[test]
        fn $elements() {
            by_elements::<$int>();
        }
    )+};
}
tests! {
    i8 i8_by_constants i8_by_elements;
    u8 u8_by_constants u8_by_elements;
    i16 i16_by_constants i16_by_elements;
    u16 u16_by_constants u16_by_elements;
    i32 i32_by_constants i32_by_elements;
    u32 u32_by_constants u32_by_elements;
    i64 i64_by_constants i64_by_elements;
    u64 u64_by_constants u64_by_elements;
}
