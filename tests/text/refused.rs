//! What is outside of the language, or wrong, is refused by name, with the piece of the text that it is about.

use fusewire::prelude::*;
use fusewire::text::Expression;

/// What is wrong with each expression, on `x` f64[3, 4], `m` bool[3, 4], `i` i32[4] and the number `k`.
fn refusals(expressions: &[&str]) -> String {
    let inputs = [("x", "f64[3,4]"), ("m", "bool[3,4]"), ("i", "i32[4]"), ("k", "3")];
    let inputs = inputs.map(|(name, spec)| (name, spec.parse().unwrap()));
    let mut text = String::new();
    for expression in expressions {
        let error = match Expression::parse(expression) {
            Ok(parsed) => parsed.plan(&inputs, &Limits::default()).expect_err(expression).to_string(),
            Err(error) => error.to_string(),
        };
        text.push_str(&error);
        text.push_str("\n\n");
    }
    text
}

#[test]
fn python_that_is_not_of_the_language() {
    insta::assert_snapshot!(refusals(&[
        "for row in x: row",
        "while True: x",
        "if k: x",
        "x if k else x",
        "[row for row in x]",
        "lambda y: y",
        "def f(y): return y",
        "class A: pass",
        "import os",
        "from numpy import sqrt",
        "with x: x",
        "try: x",
        "assert k",
        "del x",
        "x and m",
        "x or m",
        "not x",
        "x in m",
        "x is m",
        "y := x",
        "f'{x}'",
        "1j * x",
        "{1: 2}",
        "{1, 2}",
        "*x, y = x",
        "np.add(*x)",
        "np.add(**x)",
        "0 < x < 1",
        "await x",
        "x = yield",
        "print(x)",
        "open('/etc/passwd').read()",
        "eval('x')",
        "__import__('os').system('true')",
        "x.__class__.__base__",
        "np.core.multiarray",
        "(x + 1)(2)",
        "x[0](1)",
        "x.dtype.name",
        "global x",
    ]));
}

#[test]
fn text_that_is_not_well_formed() {
    insta::assert_snapshot!(refusals(&[
        "",
        "   # nothing",
        "x +",
        "x + * 2",
        "(x",
        "x)",
        "[1, 2",
        "x[1",
        "x[]",
        "x[1:2:3:4]",
        "x y",
        "2x",
        "012 * x",
        "x = ",
        "= x",
        "1 = x",
        "x + 1 = x",
        "x() = 1",
        "x.T = 1",
        "x ? m",
        "x $ m",
        "'abc",
        "x; ; x +",
        "x \\ y",
        "sum(x,,1)",
        "x..T",
        "x.1",
        "np.",
        "(x]",
        "x\u{202e} + \u{1b}[31m",
        "x +\n1",
        "99999999999999999999999999999999999999999999 * x",
    ]));
}

#[test]
fn calls_and_names_that_are_wrong() {
    insta::assert_snapshot!(refusals(&[
        "y + 1",
        "np.sme(x)",
        "np.foo.bar(x)",
        "x.sme()",
        "x.sqrt()",
        "x.std",
        "x.foo",
        "np.sqrt",
        "np.sqrt()",
        "np.sqrt(x, x)",
        "np.sqrt(x, axis=0)",
        "x.sum(axis=2)",
        "x.sum(axis='user')",
        "x.sum(axis=1.5)",
        "x.sum(0, axis=1)",
        "x.sum(axes=0)",
        "x.sum(keepdims=1)",
        "x.astype('complex')",
        "x.astype()",
        "x.reshape(5, -1)",
        "x.reshape('a')",
        "np.concatenate(x)",
        "np.concatenate([])",
        "np.concatenate([x, i])",
        "np.stack([x, i])",
        "np.pad(x, 1, mode='mirror')",
        "np.pad(x, -1)",
        "np.where(m)",
        "np.linalg.inv(x)",
        "np.random.rand(3)",
        "k(x)",
        "x(1)",
        "np.sqrt(x, out=k)",
        "np.sqrt(x, out=i)",
        "np.sqrt(x, out=y[0])",
        "1 + np.sqrt(x, out=x)",
        "np.sqrt(x, where=m)",
        "np.min(x, where=m)",
        "np.full(3, 'a')",
        "np.array([[1, 2], [3]])",
        "np.eye('a')",
        "'x' + x",
        "x + None",
        "2 @ x",
        "x @ x",
        "np.einsum('ij', x, x)",
        "np.einsum(x)",
        "np.quantile(x, 2)",
        "np.histogram(x)",
        "np.histogram(x, 4, (1,))",
        "np.bincount(i)",
        "np.searchsorted(x, 1, side='up')",
        "np.searchsorted(i, x[9])",
        "np.take(x, 1.5)",
        "np.take(x, 1, mode='up')",
        "np.cumsum(x, axis=4)",
        "np.nanmedian(x)",
        "np.isin(x, x)",
        "x + ...",
        "[1, 2] * 2",
        "k.real",
        "k.sum()",
        "[x].T",
    ]));
}

#[test]
fn parts_and_assignments_that_are_wrong() {
    insta::assert_snapshot!(refusals(&[
        "x[5]",
        "x[0, 1, 2]",
        "x[..., ...]",
        "x[::0]",
        "x[1.5]",
        "x[True]",
        "x['a']",
        "x[m, 0]",
        "x[[0.5]]",
        "x[[0], [1]]",
        "x[m[0]]",
        "x[m][0]",
        "x[m] + x",
        "x[m] + x[~m]",
        "x[m].T",
        "x[m].sum(axis=1)",
        "x[m].min(where=m)",
        "np.allclose(x[m[:, 0]], 1)",
        "np.trace(x[m[:, 0]], 1)",
        "np.sort(x[m])",
        "x[m] = x[~m]; x",
        "x[[0, 1], 0] = 1; x",
        "x[[[0, 1]]] = 1; x",
        "k[0]",
        "x.shape[2]",
        "x.shape['a']",
        "x[9] = 1; x",
        "x[0] = i[:3]; x",
        "x[m] = i; x",
        "x[m[0]] = 1; x",
        "i[0] = 2 ** 40; i",
        "i[0] = np.nan; i",
        "i += 0.5; i",
        "i += x; i",
        "m -= m; m",
        "k[0] = 1; k",
        "y[0] = 1; y",
        "y, z = x; y",
        "y, z = 1, 2, 3; y",
        "y = x[1:]; x[0] = 1; y",
        "y = x[1:]; y[0] = 1; x",
        "y = x, x[0]; x[0] = 1; y[1]",
        "y = x.T; x += 1; y",
        "y, z += 1; y",
        "'abc'",
        "None",
        "()",
    ]));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    insta::assert_snapshot!(refusals(&[
        "y = x + q\nz = np.sme(x)\nw = x.sum(axis=3) + x[7]\ny, z, w, i & x"
    ]));
}
