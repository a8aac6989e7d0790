use super::super::Lgamma;
use super::super::dispatch::InstructionSet;
use super::super::dispatch::slices::run_unary;

/// Where log gamma leaves the range of f64, at poles, zeros and infinities; values from mpmath.
#[test]
fn lgamma_special_values_are_those_of_c99() {
    let cases = [
        (f64::INFINITY, f64::INFINITY),
        (f64::NEG_INFINITY, f64::INFINITY),
        (f64::MAX, f64::INFINITY),
        (-f64::MAX, f64::INFINITY),
        (1.3e308, f64::INFINITY),
        (2.56e305, f64::INFINITY),
        (2.55e305, 1.790_672_594_142_003_3e308),
        (0.0, f64::INFINITY),
        (-0.0, f64::INFINITY),
        (-1.0, f64::INFINITY),
        (-1e300, f64::INFINITY),
        (1.0, 0.0),
        (2.0, 0.0),
        (0.5, 0.572_364_942_924_700_1),
        (5e-324, 744.440_071_921_381_2),
    ];
    for set in InstructionSet::available() {
        for (x, expected) in cases {
            let mut value = [x];
            run_unary::<Lgamma, f64>(set, &mut value);
            let error = value[0].to_bits().abs_diff(f64::to_bits(expected));
            assert!(error <= 2, "{set:?}: lgamma({x:e}) = {:e}, not {expected:e}", value[0]);
        }
        let mut value = [f64::NAN];
        run_unary::<Lgamma, f64>(set, &mut value);
        assert!(value[0].is_nan(), "{set:?}");
    }
}

/// Below zero, where most of the formula may cancel; values from mpmath.
#[test]
fn lgamma_is_within_the_bound_below_zero() {
    let cases = [
        (-8.000009213508628, 0.9902171962866995),
        (-15.000000000000323, 0.860933776518747),
        (-1.5040394155260772, 0.8572831982891653),
        (-4.0000321, 7.168552352674398),
        (-6.001, 0.3266328508025435),
        (-11.9999999, -3.8691185860265795),
    ];
    for set in InstructionSet::available() {
        for (x, expected) in cases {
            let mut value = [x];
            run_unary::<Lgamma, f64>(set, &mut value);
            let error = value[0].to_bits().abs_diff(f64::to_bits(expected));
            assert!(error <= 2, "{set:?}: lgamma({x:e}) = {:e}, not {expected:e}", value[0]);
        }
    }
}
