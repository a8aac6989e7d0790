//! Expressions that are made to harm: too deep, too long, too large. Each is one clear refusal, or works.

use fusewire::prelude::*;
use fusewire::text::{DEEPEST, Expression, MOST_BYTES};
use std::time::{Duration, Instant};

fn outcome(text: &str) -> Result<Plan, String> {
    let inputs = [("x", "f64[3]".parse().unwrap()), ("n", "f64[n<=9]".parse().unwrap())];
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    let plan = expression.plan(&inputs, &Limits::default()).map_err(|error| error.to_string());
    drop(expression);
    plan
}

#[test]
fn nesting_is_refused_beyond_the_stated_depth() {
    let deep = 100_000;
    let nested = [
        format!("{}x{}", "(".repeat(deep), ")".repeat(deep)),
        format!("{}x", "(".repeat(deep)),
        format!("{}x{}", "[".repeat(deep), "]".repeat(deep)),
        format!("x{}", "[0".repeat(deep)),
        format!("{}x", "-".repeat(deep)),
        format!("{}x", "~ ".repeat(deep)),
        format!("x{}", " ** 2".repeat(deep)),
        format!("x{}", " ** -2".repeat(deep)),
        format!("{}x{}", "np.sqrt(".repeat(deep), ")".repeat(deep)),
        format!("{}x{}", "f(-[".repeat(deep), "])".repeat(deep)),
        format!("{}x", "not ".repeat(deep)),
        format!("{}x", "{".repeat(deep)),
    ];
    for text in nested {
        let error = outcome(&text).unwrap_err();
        assert!(error.contains(&format!("nested more than {DEEPEST} deep")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let exactly = |depth: usize| format!("{}x{}", "(".repeat(depth), ")".repeat(depth));
    assert!(outcome(&exactly(DEEPEST)).is_ok());
    assert!(outcome(&exactly(DEEPEST + 1)).is_err());
    let signs = |depth: usize| format!("{}x", "-".repeat(depth));
    assert!(outcome(&signs(DEEPEST)).is_ok());
    assert!(outcome(&signs(DEEPEST + 1)).is_err());
}

#[test]
fn long_flat_chains_work() {
    let timed = |what: &str, text: &str| {
        let started = Instant::now();
        let plan = outcome(text).unwrap();
        println!("{what}: {:?}", started.elapsed());
        plan
    };
    // Built as a whole; planning takes its time in proportion where the compiler does not optimise.
    let started = Instant::now();
    let sum = Expression::parse(&format!("x{}", "+x".repeat(200_000))).unwrap();
    let g = Graph::new();
    assert_eq!(sum.build(&g, &[("x", "f64[3]".parse().unwrap())]).unwrap().len(), 1);
    println!("a sum of 200 001 arrays: {:?}", started.elapsed());
    timed("a plan of 30 001 arrays", &format!("x{}", "+x".repeat(30_000)));
    let numbers = timed("a sum of 200 001 numbers", &format!("x * (1{})", "+1".repeat(200_000)));
    assert_eq!(numbers.kernels().len(), 1);
    timed("20 000 methods", &format!("x{}", ".ravel()".repeat(20_000)));
    timed("10 000 statements", &format!("y = x\n{}y", "y = -y\n".repeat(10_000)));
    timed("10 000 brackets side by side", &format!("x{}", " + (x * 2)".repeat(10_000)));
}

#[test]
fn texts_are_cut_off_before_they_are_parsed() {
    let started = Instant::now();
    let long = "x+".repeat(5 << 20);
    let error = outcome(&long).unwrap_err();
    assert!(error.contains("operators"), "{error}");
    let error = outcome(&"x".repeat(MOST_BYTES + 1)).unwrap_err();
    assert!(error.contains("bytes"), "{error}");
    assert_eq!(error.lines().count(), 1);
    assert!(outcome(&" ".repeat(MOST_BYTES)).is_err());
    assert!(outcome(&format!("x{}", "#".repeat(10 << 20))).is_ok());
    assert!(outcome(&"x".repeat(10 << 20)).unwrap_err().contains("is not defined"));
    assert!(outcome(&format!("x * {}", "9".repeat(1 << 20))).is_err());
    assert!(outcome(&format!("x * '{}'", "9".repeat(1 << 20))).is_err());
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn sizes_that_overflow_are_refused() {
    for text in [
        "np.zeros((10**18, 10**18))",
        "np.zeros(10**30)",
        "np.ones((2**63, 2))",
        "np.zeros(-1)",
        "np.arange(10**18) + 0",
        "np.arange(0, 1, 1e-300)",
        "np.arange(0, 1, 0)",
        "np.linspace(0, 1, 10**17) + 1",
        "np.eye(10**10) * 2",
        "np.tile(x, 10**18) * 2",
        "np.tile(x, (10**18, 10**18)) * 2",
        "np.repeat(x, 2**62) * 2",
        "np.pad(x, 2**63 - 1) * 2",
        "np.broadcast_to(x, (2**62, 2**62, 3)) * 2",
        "np.expand_dims(x, tuple(range(100)))",
        "x.reshape(2**62, 2**62)",
        "x.reshape(-2)",
        "np.diff(np.arange(10**6), 10**6)",
        "x << 2**100",
        "x * 2**1000",
        "x * 10**400",
        "2.0**5000 * x",
        "1 // 0 * x",
        "1 % 0.0 * x",
        "n[10**6]",
        "np.roll(x, 2**63)",
        "np.round(x, 2**40)",
        "np.full(3, 2**70)",
        "y = [1] * 3; y",
        "np.zeros((1,) + (1, 1) + (1, 2), dtype='O')",
        "n.reshape(n.shape[0] - 10, -1)",
        "x[np.zeros(10**9, dtype=int), np.zeros(10**9, dtype=int)]",
        "x[None][np.zeros((10**5, 1), dtype=int), np.zeros(10**5, dtype=int)]",
        "np.tile(x > 0, 10**18)",
    ] {
        let error = outcome(text).expect_err(text);
        assert!(error.starts_with("error["), "{text}: {error}");
    }
    let axes = "1, ".repeat(100);
    assert!(outcome(&format!("np.zeros(({axes}))")).is_err());
    // Sliced and rolled by amounts beyond every axis, as in NumPy.
    for text in
        ["x[10**30:]", "x[:-10**30]", "x[::2**62]", "x[::-2**63]", "np.roll(x, 2**62)", "x[x > 0][2**63:]"]
    {
        assert!(outcome(text).is_ok(), "{text}: {:?}", outcome(text).err());
    }
}

#[test]
fn names_do_not_multiply() {
    // A tuple of tuples, each twice as large as the one before.
    let mut text = "t = (1, 1)\n".to_owned();
    (0..60).for_each(|_| text.push_str("t = (t, t)\n"));
    let error = outcome(&format!("{text}np.array(t)")).unwrap_err();
    assert!(error.contains("elements or"), "{error}");
    let started = Instant::now();
    let mut text = String::new();
    (0..999).for_each(|name| text.push_str(&format!("v{name} = x + {name}\n")));
    text.push_str(&"v0[0] = 1\n".repeat(20_000));
    outcome(&format!("{text}v0")).unwrap();
    let many: String = (0..2000).map(|name| format!("v{name} = x\n")).collect();
    assert!(outcome(&format!("{many}v0")).unwrap_err().contains("names"));
    let wrong = "q + 1; ".repeat(50_000);
    assert!(outcome(&wrong).unwrap_err().contains("more"));
    let axes: Vec<String> = (5..20_005).map(|axis| format!("x.sum(axis={axis})")).collect();
    assert!(outcome(&axes.join(" + ")).unwrap_err().contains("more"));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
