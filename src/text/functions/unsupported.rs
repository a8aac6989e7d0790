//! What NumPy has and the language has not, by name.

use super::super::error::Refusal;

/// Names that are refused, and why or what to write instead.
const NAMES: &[(&[&str], &str)] = &[
    (&["partition", "argpartition", "lexsort"], "`np.sort` and `np.argsort` order all elements"),
    (
        &["put", "put_along_axis", "place", "putmask", "copyto", "choose"],
        "assign to a part: `y[indices] = values`",
    ),
    (
        &[
            "kron",
            "cross",
            "linalg.inv",
            "linalg.solve",
            "linalg.det",
            "linalg.svd",
            "linalg.eig",
            "linalg.qr",
        ],
        "of linear algebra there are `@`, `np.dot`, `np.einsum` and `np.linalg.norm`",
    ),
    (&["histogram2d", "histogramdd", "histogram_bin_edges"], "it is not in the language; `np.histogram` is"),
    (&["isin", "intersect1d", "union1d", "setdiff1d", "trim_zeros"], "of sets there is `np.unique`"),
    (
        &["convolve", "correlate", "interp", "fft.fft", "gradient", "corrcoef", "cov"],
        "it is not in the language yet",
    ),
    (
        &[
            "random",
            "random.rand",
            "random.randn",
            "random.normal",
            "random.default_rng",
            "random.random",
            "random.randint",
        ],
        "random data is an input: `fusewire run` makes it for `NAME=f64[1000,3]`",
    ),
    (
        &["load", "loadtxt", "genfromtxt", "save", "savez", "fromfile", "memmap", "open"],
        "files are inputs and outputs: `fusewire run EXPR x=x.npy -o out.npy`",
    ),
    (
        &[
            "print",
            "input",
            "eval",
            "exec",
            "getattr",
            "setattr",
            "__import__",
            "globals",
            "locals",
            "compile",
        ],
        "nothing is evaluated as Python",
    ),
    (&["tolist", "item", "tobytes", "tofile", "dump", "dumps"], "results are arrays"),
    (
        &["vectorize", "apply_along_axis", "frompyfunc", "fromfunction", "nditer", "ndenumerate"],
        "functions of Python are not called",
    ),
    (&["fill", "itemset", "resize", "setfield", "setflags"], "arrays are changed by assignment: `y[:] = 0`"),
    (
        &[
            "isnat",
            "datetime64",
            "timedelta64",
            "datetime_as_string",
            "busday_count",
            "busday_offset",
            "is_busday",
        ],
        "there are no dates and times: `x.view(np.int64)` has the counts of them, where NumPy made them",
    ),
    (
        &[
            "complex64",
            "complex128",
            "complex",
            "sort_complex",
            "emath.sqrt",
            "emath.log",
            "emath.log2",
            "emath.log10",
            "emath.logn",
            "emath.power",
            "emath.arccos",
            "emath.arcsin",
            "emath.arctanh",
            "lib.scimath.sqrt",
            "lib.scimath.log",
        ],
        "there are no complex numbers: real and imaginary parts are two arrays",
    ),
    (
        &["longdouble", "float128", "clongdouble"],
        "there are no floats of more than 64 bits, which differ from machine to machine",
    ),
    (&["piecewise"], "`np.where` and `np.select` choose between values"),
    (&["ediff1d"], "`np.diff` is"),
    (&["trapezoid", "trapz"], "`((y[1:] + y[:-1]) / 2 * np.diff(x)).sum()` is"),
    (
        &["range", "enumerate", "zip", "map", "filter", "list", "tuple", "dict", "set", "str"],
        "operations on whole arrays are: `np.arange(10)`",
    ),
];

/// Why this name is refused, where it is known.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

/// The refusal of a name of the list.
pub(super) fn refuse(shown: &str) -> Refusal {
    Refusal::language(format!("`{shown}` is not in the language"))
}

/// The refusal of a name that nobody knows, with one that is like it.
pub(super) fn unknown(
    shown: &str,
    name: &str,
    is_known: impl Fn(&str) -> bool,
    names: &[&'static str],
) -> Refusal {
    let refusal = Refusal::language(format!("`{shown}` is not in the language"));
    let last = name.rsplit('.').next().unwrap_or(name);
    if last != name && is_known(last) {
        return refusal.help(format!("there is `{last}`"));
    }
    let near = names.iter().map(|known| (distance(name, known), *known)).min();
    match near {
        Some((distance, known)) if distance <= 1 + name.len() / 5 => {
            refusal.help(format!("did you mean `{known}`?"))
        }
        _ => refusal.help("`fusewire ops` lists the functions of the language"),
    }
}

/// How many letters have to be changed, up to a few.
fn distance(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 3 || left.len() > 40 {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, a) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (to, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(diagonal + 1).min(row[to] + 1);
        }
    }
    row[right.len()]
}
