//! The reference evaluator, and the dtypes and shapes that the graph decides, against NumPy.
//!
//! `tests/golden/generate.py` writes the files and explains their tokens. Every answer is brought
//! into the same text as NumPy's; what differs on purpose stands in a list with its reason.

mod cast;
mod element;
mod promotion;
mod range;
mod reduction;
mod shape;
mod tokens;

/// Cases in which fusewire means something else than NumPy.
pub struct Difference {
    pub reason: &'static str,
    /// Takes the call, NumPy's result and ours.
    pub explains: fn(&str, &str, &str) -> bool,
}

/// A golden file with the number of cases that it has at least.
pub struct Golden {
    pub name: &'static str,
    pub text: &'static str,
    pub least: usize,
}

/// Answers every case of a file. Those that do not agree must be explained by a difference, and every
/// difference must explain one.
pub fn hold(
    golden: &Golden,
    differences: &[Difference],
    answer: impl Fn(&str) -> String,
    agree: impl Fn(&str, &str, &str) -> bool,
) {
    let lines: Vec<&str> = golden.text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() >= golden.least, "{} has only {} cases", golden.name, lines.len());
    let mut used = vec![0usize; differences.len()];
    let mut failures = Vec::new();
    for line in lines {
        let (call, numpy) = line.split_once(" = ").expect("a case is `call = result`");
        let ours = answer(call);
        if agree(call, numpy, &ours) {
            continue;
        }
        match differences.iter().position(|difference| (difference.explains)(call, numpy, &ours)) {
            Some(at) => used[at] += 1,
            None => failures.push(format!("{call}\n    NumPy {numpy}\n    ours  {ours}")),
        }
    }
    let shown = failures.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{}: {} cases differ:\n{shown}", golden.name, failures.len());
    for (difference, used) in differences.iter().zip(used) {
        assert!(used > 0, "{}: no case differs because {}", golden.name, difference.reason);
    }
}

/// The same text, or both refuse.
pub fn same(_call: &str, numpy: &str, ours: &str) -> bool {
    numpy == ours || (numpy.starts_with('!') && ours.starts_with('!'))
}
