use super::*;

fn symbol(name: &str, lower: u64, upper: u64) -> SizeExpr {
    SizeExpr::symbol(Symbol { name: name.into(), lower, upper })
}

fn number(value: i128) -> SizeExpr {
    SizeExpr::known(value)
}

#[test]
fn the_same_polynomial_is_the_same_value() {
    let (n, m) = (symbol("n", 0, 10), symbol("m", 1, 5));
    assert_eq!(n.plus(&m), m.plus(&n));
    assert_eq!(n.plus(&number(1)).times(&number(2)), n.times(&number(2)).plus(&number(2)));
    assert_eq!(n.plus(&m).times(&n.minus(&m)), n.times(&n).minus(&m.times(&m)));
    assert_eq!(n.minus(&n), number(0));
    assert_eq!(n.times(&number(6)).ceil_div(&number(3)), n.times(&number(2)));
    assert_eq!(n.times(&m).to_string(), "m*n");
}

#[test]
fn minima_and_maxima_that_the_bounds_decide_vanish() {
    let (n, m) = (symbol("n", 5, 10), symbol("m", 0, 5));
    assert_eq!(n.at_least(&m), n);
    assert_eq!(n.at_most(&m), m);
    assert_eq!(n.at_most(&number(3)), number(3));
    assert_eq!(n.minus(&number(1)).at_least(&n), n);
    assert_eq!(n.at_most(&number(7)).to_string(), "min(7, n)");
}

#[test]
fn bounds_follow_the_signs() {
    let (n, m) = (symbol("n", 2, 10), symbol("m", 1, 4));
    assert_eq!(n.minus(&m).bounds(), Interval { lower: -2, upper: 9 });
    assert_eq!(n.ceil_div(&m).bounds(), Interval { lower: 1, upper: 10 });
    assert_eq!(n.times(&m).bounds(), Interval { lower: 2, upper: 40 });
    let narrow = Bounds::declared().with("n", 2, 3);
    assert_eq!(n.times(&m).bounds_in(&narrow), Interval { lower: 2, upper: 12 });
}

#[test]
fn bounds_of_what_occurs_with_both_signs() {
    let (n, m, k) = (symbol("n", 2, 10), symbol("m", 0, 4), symbol("k", 1, 3));
    let one = number(1);
    // Exact where terms are products of what is at its lower bound or above it.
    let exact = [
        (n.minus(&one).times(&m), 0, 36),
        (n.minus(&one).times(&m.plus(&one)).times(&k), 1, 135),
        (n.times(&n).minus(&n), 2, 90),
        (n.minus(&one).times(&n.minus(&one)).times(&k), 1, 243),
        (m.times(&number(2)).minus(&m.times(&n)), -32, 0),
    ];
    for (size, lower, upper) in exact {
        assert_eq!(size.bounds(), Interval { lower, upper }, "{size}");
    }
    // Within the bounds of every part, never closer than values come, and closer for smaller ranges.
    let sizes = [
        n.times(&m).minus(&m.times(&k)).minus(&n),
        n.minus(&m).times(&n.minus(&k)),
        n.ceil_div(&number(3)).times(&m).minus(&m).minus(&n.at_most(&k)),
        n.minus(&number(6)).times(&n.minus(&number(6))).times(&m.minus(&k)),
    ];
    for size in &sizes {
        for (lower, upper) in [(2, 10), (2, 7), (4, 10), (5, 5)] {
            let narrow = Bounds::declared().with("n", lower, upper);
            let bounds = size.bounds_in(&narrow);
            assert!(size.bounds().lower <= bounds.lower && bounds.upper <= size.bounds().upper, "{size}");
            for (n, m, k) in
                (lower..=upper).flat_map(|n| (0..=4).flat_map(move |m| (1..=3).map(move |k| (n, m, k))))
            {
                let value = size.value(&|symbol| {
                    Some(match &*symbol.name {
                        "n" => n,
                        "m" => m,
                        _ => k,
                    })
                });
                assert!(bounds.contains(value.unwrap()), "{size} {n} {m} {k}");
            }
        }
    }
}

#[test]
fn what_has_no_value_says_why() {
    let n = symbol("n", 0, u64::MAX);
    let huge = (0..2).fold(number(i128::MAX), |huge, _| huge.plus(&number(i128::MAX)));
    assert_eq!(huge.problem(), Some(SizeProblem::Overflow));
    assert_eq!(number(1).ceil_div(&n).problem(), Some(SizeProblem::DividesByZero));
    let deep = (1..100).fold(n.clone(), |deep, at| deep.minus(&number(at)).at_least(&number(0)).at_most(&n));
    assert_eq!(deep.problem(), Some(SizeProblem::TooComplicated));
    assert_eq!(n.times(&n).bounds().upper, i128::MAX, "saturates");
    assert_eq!(n.times(&n).value(&|_| Some(u64::MAX)), None, "but is never wrong");
}

#[test]
fn numbers_beyond_64_bits_are_numbers() {
    let large = SizeExpr::known(i128::from(i64::MAX) + 1);
    assert_eq!(large.as_known(), Some(1 << 63));
    assert_eq!(SizeExpr::from(i64::MAX).plus(&1.into()), large);
    assert_eq!(large.minus(&1.into()), i64::MAX.into());
    assert_eq!(SizeExpr::from(1 << 62).times(&2.into()), large);
    assert_eq!(SizeExpr::from(i64::MIN).minus(&1.into()).as_known(), Some(-(1 << 63) - 1));
    assert_eq!(SizeExpr::from(i64::MIN).times(&(-1).into()), large);
    assert_eq!(large.exact_div(&2.into()), Some((1 << 62).into()));
    assert_eq!(SizeExpr::from(i64::MIN).exact_div(&(-1).into()), Some(large.clone()));
    assert_eq!((large.to_string(), large.bounds().lower), ((1u64 << 63).to_string(), 1 << 63));
    // No number on the way wraps around.
    assert_eq!(large.times(&large).times(&large).problem(), Some(SizeProblem::Overflow));
}

#[test]
fn a_quotient_by_more_than_any_size_has_its_value() {
    let n = symbol("n", 0, u64::MAX);
    // What is left of -1 is nearly as large as the divisor.
    for by in [3, (1 << 100) - 1, (1 << 100) + 1, 1 << 120] {
        let quotient = n.minus(&number(1)).ceil_div(&number(by));
        assert_eq!(quotient.problem(), None);
        assert!(!quotient.to_string().contains("beyond"), "{quotient}");
        for size in [0, 1, 2, 3, u64::MAX] {
            let expected = ceil_div(i128::from(size) - 1, by);
            assert_eq!(quotient.value(&|_| Some(size)), Some(expected), "{quotient}");
            assert!(quotient.bounds().contains(expected), "{quotient}");
        }
    }
}
