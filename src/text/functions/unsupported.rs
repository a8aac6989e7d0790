//! What NumPy has and the language has not, by name.

use super::super::error::{Refusal, nearest};

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
    (&["print"], "the value of the last line is the result: end with it, or with a tuple of several"),
    (&["type", "isinstance"], "the dtype of an array is `x.dtype`, its sizes are `x.shape`"),
    (&["sorted"], "`np.sort(x)` is"),
    (&["finfo", "iinfo"], "write the number: `2.22e-16` is the epsilon of float64, `1.19e-7` of float32"),
    (&["view"], "bytes are not taken for another dtype; values are converted with `x.astype(...)`"),
    (
        &["input", "eval", "exec", "getattr", "setattr", "__import__", "globals", "locals", "compile"],
        "nothing is evaluated as Python",
    ),
    (&["str", "object", "str_", "bytes_", "object_", "void"], "arrays hold numbers and `bool`"),
    (&["item"], "a single element is a value as it is; `float(x)` and `int(x)` make a number of it"),
    (&["tolist", "tobytes", "tofile", "dump", "dumps"], "results are arrays"),
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
        &["range", "enumerate", "zip", "map", "filter", "list", "tuple", "dict", "set"],
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
    let module = if shown == name { "" } else { "np." };
    let last = name.rsplit('.').next().unwrap_or(name);
    match nearest(&name.to_lowercase(), names.iter().copied()) {
        Some(known) => refusal.help(format!("did you mean `{module}{known}`?")),
        None if last != name && is_known(last) => refusal.help(format!("there is `{module}{last}`")),
        None => refusal.help("`fusewire ops` lists the functions of the language"),
    }
}
