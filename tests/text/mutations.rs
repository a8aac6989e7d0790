//! Expressions that are well formed, and what is left of them when pieces are exchanged: nothing panics, and every
//! refusal underlines a piece of the text. `PROPTEST_CASES=1000000` for as many.

use fusewire::prelude::*;
use fusewire::text::{Expression, Input, Spec};
use proptest::prelude::*;

const GOLDEN: &str = include_str!("../golden/text.txt");

/// Pieces that are put into expressions.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ";",
    "\n",
    "=",
    "==",
    "+=",
    "**",
    "*",
    "//",
    "-",
    "~",
    "@",
    ".",
    "...",
    "'",
    "\"",
    "\\",
    "#",
    "0",
    "1e999",
    "0x",
    "1_",
    "-1",
    "None",
    "True",
    "np.",
    "numpy.",
    "x",
    "a",
    "e",
    "m",
    "axis=",
    "keepdims=True",
    "dtype='f4'",
    "out=a",
    "lambda",
    "for",
    "and",
    "é",
    "\u{202e}",
    "\0",
    "\u{1f600}",
    "99999999999999999999999999999999999999999",
    "9223372036854775807",
    "[::-1]",
    "[0]",
    "[m]",
    "[m[:, 0], 0]",
    "[m[:, 0], m[0]]",
    "[np.where(m)]",
    "[np.where(m)[0] - 1]",
    "np.where(m)[0]",
    "len(",
    "float(",
    "slice(",
    "np.add.reduce(",
    ".astype('d')",
    "[:, m[0]]",
    "[~m]",
    "[[0, -1], [1, 0]]",
    "[[0, 1], None, [2]]",
    "[[[0], [1]]]",
    "np.sort(",
    "np.nanmedian(",
    "np.cumsum(",
    "np.add.at(a, ",
    ".T",
    ".sum()",
    ".reshape(-1)",
    "np.where(",
    "(a)",
    "\t",
    "\r\n",
    " ",
    "1.5",
    ".5",
    "5.",
    "1e5",
    "<",
    "<<",
    "&",
    "|",
    "^",
    "%",
    "!=",
    "->",
    ":=",
    "f'",
    "_",
];

fn specs() -> Vec<(&'static str, Input)> {
    let lines = GOLDEN.lines().filter_map(|line| line.strip_prefix("in "));
    let specs = lines.map(|line| {
        let mut parts = line.split(' ');
        let (name, dtype, shape) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        (name, format!("{dtype}{shape}").parse::<Spec>().unwrap().into())
    });
    specs.collect()
}

fn seeds() -> Vec<String> {
    GOLDEN.lines().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned).collect()
}

/// Changes to a text: at which character, how many go, and what comes.
type Change = (prop::sample::Index, usize, Option<prop::sample::Index>);

fn changed(mut text: Vec<char>, changes: &[Change], other: &[char]) -> String {
    for (at, dropped, piece) in changes {
        let at = at.index(text.len() + 1);
        let end = (at + dropped).min(text.len());
        let new: Vec<char> = match piece {
            Some(piece) => PIECES[piece.index(PIECES.len())].chars().collect(),
            // A piece of another expression.
            None => {
                let start = at.min(other.len());
                other[start..(start + 7).min(other.len())].to_vec()
            }
        };
        text.splice(at..end, new);
    }
    text.into_iter().collect()
}

/// A few thousand, unless the environment says how many.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(
        seed in prop::sample::select(seeds()),
        other in prop::sample::select(seeds()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<Option<prop::sample::Index>>()), 1..4),
    ) {
        let other: Vec<char> = other.chars().collect();
        let text = changed(seed.chars().collect(), &changes, &other);
        let error = match Expression::parse(&text) {
            Err(error) => error,
            Ok(expression) => match expression.plan(&specs(), &Limits::default()) {
                Ok(plan) => {
                    prop_assert!(!plan.outputs().is_empty());
                    return Ok(());
                }
                Err(error) => error,
            },
        };
        prop_assert!(!error.located().is_empty());
        for located in error.located() {
            if let Some(span) = &located.span {
                prop_assert!(text.get(span.clone()).is_some(), "{text:?} {span:?}");
            }
        }
        let shown = error.to_string();
        prop_assert!(shown.starts_with("error["), "{shown}");
        prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    }
}
