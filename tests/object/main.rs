//! Plans as object files, linked and run from C beside compiled code of this process.

mod c;
mod page;
#[path = "../common/dims.rs"]
mod random;
mod refusals;

use c::{Call, FORMS, Form, Memory};
use fusewire::prelude::*;
use fusewire::testing::{TypedArray, recipes};
use fusewire::{Level, Target};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Random elements, in C order.
fn elements(dtype: DType, sizes: &[usize], seed: u64) -> Vec<u8> {
    let sizes: Vec<u64> = sizes.iter().map(|size| *size as u64).collect();
    let elements = TypedArray::random(dtype, &sizes, seed).elements();
    elements.iter().flat_map(|element| element.bits().to_le_bytes()[..dtype.bytes()].to_vec()).collect()
}

/// A call of a plan on random arrays in some form, for these sizes of its dims.
fn call(plan: &Plan, target: &Target, form: Form, sizes: &[(&str, u64)]) -> Call {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("plan{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let object = plan.to_object(&name, target).unwrap();
    call_of(plan, object, form, sizes)
}

fn call_of(plan: &Plan, object: fusewire::Object, form: Form, sizes: &[(&str, u64)]) -> Call {
    let size = |name: &str| sizes.iter().find(|(known, _)| *known == name).map(|(_, size)| *size);
    let memory = |port: &fusewire::ir::plan::Port, seed: u64| {
        let shape = port.array.shape.iter();
        let shape: Vec<usize> =
            shape.map(|dim| dim.value(&|symbol| size(&symbol.name)).unwrap() as usize).collect();
        let dtype = port.array.dtype;
        (port.name.to_string(), Memory::new(dtype, &shape, &elements(dtype, &shape, seed), form))
    };
    let taken = |at: usize| (0..plan.outputs().len()).any(|output| plan.in_place_input(output) == Some(at));
    let inputs = plan.inputs().iter().enumerate().filter(|(at, _)| !taken(*at));
    let header = object.header();
    let is_argument = |name: &str| {
        header.contains(&format!("dim `{name}`")) && header.contains(&format!("    uint64_t {name};"))
    };
    let dims = sizes.iter().filter(|(name, _)| is_argument(name));
    Call {
        inputs: inputs.map(|(at, port)| memory(port, at as u64 + 1)).collect(),
        outputs: plan.outputs().iter().enumerate().map(|(at, port)| memory(port, 100 + at as u64)).collect(),
        dims: dims.map(|(name, size)| (name.to_string(), *size)).collect(),
        edits: "",
        sizes: plan.dims().iter().map(|dim| size(&dim.name).unwrap()).collect(),
        object,
    }
}

/// Runs all of it from C, and compares every byte of every output.
fn compare(name: &str, cases: &[(&str, Plan, Call)]) {
    let calls: Vec<Call> = cases.iter().map(|(_, _, call)| call.clone()).collect();
    for ((what, plan, call), given) in cases.iter().zip(c::run(name, &calls)) {
        assert_eq!((given.status, &*given.message), (0, "fine"), "{what}");
        for (at, (expected, given)) in call.expected(plan).iter().zip(&given.outputs).enumerate() {
            assert_eq!(expected.differs(given), None, "{what}: output {at} of\n{}", plan.explain());
        }
    }
}

fn plan<'g>(g: &'g Graph, outputs: impl IntoIterator<Item = Expr<'g>>) -> Plan {
    g.plan(outputs, &Limits::default()).unwrap()
}

/// A plan in every form of its arrays, for each of these sizes.
fn in_all_forms<'s>(what: &'s str, plan: &Plan, sizes: &[&[(&str, u64)]]) -> Vec<(&'s str, Plan, Call)> {
    let target = Target::host().unwrap();
    let object = call(plan, &target, Form::Dense, sizes[0]).object;
    let cases = sizes.iter().flat_map(|sizes| FORMS.map(|form| call_of(plan, object.clone(), form, sizes)));
    cases.map(|call| (what, plan.clone(), call)).collect()
}

#[test]
fn plans_of_every_sort_give_the_same_bits() {
    let mut cases = Vec::new();
    let none: &[&[(&str, u64)]] = &[&[]];
    for dtype in [F64, F32, F16] {
        let g = Graph::new();
        let (x, y, s) = (g.input("x", dtype, [33, 70]), g.input("y", dtype, [70]), g.input("s", dtype, ()));
        let outputs = [((x - y) * s + 0.5).named("line"), (x.sin() * y.exp() + x.power(y)).named("maths")];
        cases.extend(in_all_forms("broadcast, and functions of vectors", &plan(&g, outputs), none));
    }
    for dtype in [I8, U16, I32, U64, I64] {
        let g = Graph::new();
        let (x, y) = (g.input("x", dtype, [5, 67]), g.input("y", dtype, [5, 1]));
        let outputs =
            [(x * y - x).named("product"), x.floor_divide(y).named("quotient"), x.less(y).named("less")];
        cases.extend(in_all_forms("integers", &plan(&g, outputs), none));
    }
    let g = Graph::new();
    let (x, m) = (g.input("x", F64, [300]), g.input("m", Bool, [300]));
    let outputs =
        [m.select(x, -x).astype(I32).named("i"), (!m & x.greater(0.0)).named("b"), x.astype(F32).named("f")];
    cases.extend(in_all_forms("bool and casts", &plan(&g, outputs), none));
    let g = Graph::new();
    let x = g.input("x", F32, [40, 9000]);
    let outputs = [x.sum(Axis(1)).named("rows"), x.max(Axis(0)).named("columns"), x.mean(All).named("mean")];
    cases.extend(in_all_forms("reductions", &plan(&g, outputs), none));
    let g = Graph::new();
    let x = g.input("x", F64, [50, 300]);
    cases.extend(in_all_forms("softmax", &plan(&g, [x.softmax(Axis(1)).named("softmax")]), none));
    let g = Graph::new();
    let x = g.input("x", F64, [64]);
    let steps = x.slice_axis(Axis(0), 1..) - x.slice_axis(Axis(0), Slice::new(0, -1));
    let weights = g.constant(&[1.5; 126], [2, 63]);
    let outputs = [(steps * weights).named("steps"), g.concat(Axis(0), [x, x * 2]).named("join")];
    cases.extend(in_all_forms("views, constants, joins", &plan(&g, outputs), none));
    let g = Graph::new();
    let (n, m) = (g.dim("n", 0..=100_000), g.dim("m", 0..=100_000));
    let (x, y) = (g.input("x", F64, [n, m]), g.input("y", F64, [m]));
    let outputs = [(x * y).cos().named("cos"), x.sum(Axis(0)).named("sum"), x.sum(Axis(1)).named("across")];
    let sizes: &[&[(&str, u64)]] = &[
        &[("n", 3), ("m", 500)],
        &[("n", 0), ("m", 7)],
        &[("n", 7), ("m", 0)],
        &[("n", 1), ("m", 1)],
        &[("n", 5000), ("m", 2)],
    ];
    let limits = Limits::default().with_elements(10_000_000_000);
    cases.extend(in_all_forms("dims", &g.plan(outputs, &limits).unwrap(), sizes));
    let g = Graph::new();
    let n = g.dim("n", 0..=10_000);
    let x = g.input("x", F32, (n, 5));
    let outputs = [
        x.prod(Axis(0)).named("prod"),
        x.mean(Axis(0)).named("mean"),
        x.greater(0).all(Axis(0)).named("all"),
    ];
    // Over no elements a total is not what lanes begin with.
    cases.extend(in_all_forms("over nothing", &plan(&g, outputs), &[&[("n", 0)], &[("n", 9000)]]));
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [20, 30]), g.input("y", F64, [30]));
    let in_place = plan(&g, [(x.tanh() + y).named("out")]).in_place("out", "x").unwrap();
    cases.extend(in_all_forms("in place", &in_place, none));
    compare("sorts", &cases);
}

/// The same random numbers in every run.
fn runner(seed: u8) -> TestRunner {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config::default(), seed)
}

#[test]
fn random_plans_give_the_same_bits() {
    let mut runner = runner(7);
    let host = Target::host().unwrap();
    let targets = [host.clone(), Target::linux(host.level().min(Level::V3)), Target::linux(Level::V2)];
    let mut cases = Vec::new();
    let strategy = recipes(12);
    while cases.len() < 100 {
        let recipe = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(plan) = recipe.plan(&Limits::default()) else { continue };
        let at = cases.len();
        if plan.to_object("refused", &targets[0]).is_err() {
            // Routines and functions of the user, as another test says.
            continue;
        }
        let call = call(&plan, &targets[at % 3], FORMS[at % FORMS.len()], &[]);
        cases.push(("random", plan, call));
    }
    compare("random", &cases);
}

/// A random plan over dims that are not known, with sizes for them that it takes.
fn symbolic(runner: &mut TestRunner) -> Option<(Plan, Vec<(&'static str, u64)>)> {
    let strategy = (random::steps(), [0u64..40, 0u64..12, 0u64..9]);
    let (steps, binding) = strategy.new_tree(runner).unwrap().current();
    let g = Graph::new();
    let dims = random::NAMES.map(|name| g.dim(name, 0..=1000).dim());
    let open = random::sizes(&dims);
    let mut made: Vec<Expr<'_>> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        made.extend(random::call(&g, step, &made, &open, at).filter(|expr| random::shape(*expr).is_some()));
    }
    let names: Vec<String> = (0..made.len()).map(|at| format!("y{at}")).collect();
    // Outputs of arrays that were made last, which take the most steps.
    let outputs = made.iter().zip(&names).rev().take(3).map(|(expr, name)| expr.named(name));
    let plan = g.plan(outputs, &Limits::default()).ok()?;
    let pairs = random::NAMES.iter().zip(binding).map(|(name, size)| (*name, size));
    let sizes: Vec<(&str, u64)> =
        pairs.filter(|(name, _)| plan.dims().iter().any(|dim| *dim.name == **name)).collect();
    (!sizes.is_empty() && plan.check_sizes(&sizes).is_ok()).then_some((plan, sizes))
}

#[test]
fn random_plans_over_dims_give_the_same_bits() {
    let mut runner = runner(11);
    let target = Target::host().unwrap();
    let mut cases = Vec::new();
    while cases.len() < 100 {
        let Some((plan, sizes)) = symbolic(&mut runner) else { continue };
        let call = call(&plan, &target, FORMS[cases.len() % FORMS.len()], &sizes);
        cases.push(("random over dims", plan, call));
    }
    compare("random_dims", &cases);
}

#[test]
fn a_call_that_is_wrong_says_so_and_writes_nothing() {
    let g = Graph::new();
    let n = g.dim("n", 2..=100);
    let (x, y) = (g.input("x", F64, (n, 3)), g.input("y", F64, [n * 2 - 1]));
    let z = g.input("z", F64, [g.dim("k", 0..=50).dim()]);
    let first = z.slice_axis(Axis(0), ..4).expect_shape([4]);
    let plan = plan(&g, [(x * x.sum(Axis(0))).exp().named("out"), (y.sum(All) + first).named("more")]);
    let right = call(&plan, &Target::host().unwrap(), Form::Dense, &[("n", 9), ("k", 6)]);
    let wrong = [
        ("a.x.shape[1] = 4;", "axis 1 of input `x` is not 3"),
        ("a.x.shape[0] = 1; a.y.shape[0] = 1; a.out.shape[0] = 1;", "dim `n` is outside 2..=100"),
        ("a.x.shape[0] = UINT64_MAX;", "dim `n` is outside 2..=100"),
        ("a.out.shape[0] = 8;", "axis 0 of output `out` is not `n`"),
        ("a.y.shape[0] = 18;", "axis 0 of input `y` is not `2*n - 1`"),
        ("a.y.shape[0] = UINT64_MAX;", "axis 0 of input `y` is more than 199"),
        ("a.z.shape[0] = 3;", "axis 0 of output `more` is not `min(4, k)`"),
        ("a.z.shape[0] = 3; a.more.shape[0] = 3;", "`expect_shape` needs min(4, k) = 4"),
        ("a.x.data = NULL;", "input `x` has elements, but its data is NULL"),
        ("a.out.data = (double *)a.x.data + 1;", "output `out` shares memory with input `x`"),
        ("a.more.data = a.out.data;", "output `out` shares memory with output `more`"),
        ("a.out.strides[1] = 0;", "output `out` meets itself: two of its elements share memory"),
        (
            "a.workspace = NULL;",
            "the workspace is NULL or too small: `{}_workspace_bytes` says what is enough",
        ),
        ("a.x.data = (void *)(w + 128);", "the workspace shares memory with input `x`"),
        ("a.more.data = (void *)(w + 128);", "the workspace shares memory with output `more`"),
        (
            "a.workspace_bytes -= 64;",
            "the workspace is NULL or too small: `{}_workspace_bytes` says what is enough",
        ),
    ];
    let mut calls = vec![right.clone()];
    calls.extend(wrong.map(|(edits, _)| Call { edits, ..right.clone() }));
    let given = c::run("wrong", &calls);
    assert_eq!(given[0].status, 0);
    for ((edits, expected), given) in wrong.iter().zip(&given[1..]) {
        assert_eq!(given.message, expected.replace("{}", right.object.name()), "{edits}");
        assert!(given.status > 0, "{edits}");
        for ((_, before), after) in right.outputs.iter().zip(&given.outputs) {
            assert!(before.bytes == *after, "{edits}: something was written");
        }
    }
}

/// Arrays may have any name, and the headers of any two plans go together, in C as in C++ and where compilers define words of their own.
#[test]
fn names_of_arrays_and_functions_meet_nothing() {
    let names = [
        "unix",
        "linux",
        "NULL",
        "EOF",
        "errno",
        "exp",
        "main",
        "double",
        "class",
        "and",
        "size_t",
        "I",
        "arguments",
        "workspace",
        "status",
        "a",
        "a_array",
        "a_dense",
        "a_arguments",
        "A",
        "A_WORKSPACE_BYTES",
        "fusewire_min",
        "_Bool",
        "x y",
        "x_y",
        "int",
        "int_",
    ];
    let g = Graph::new();
    let n = g.dim("n", 1..=9);
    let arrays = names.map(|name| g.input(name, F64, [n]));
    let sum = arrays.iter().copied().reduce(|sum, x| sum + x).unwrap();
    let plan = plan(&g, [sum.named("register"), (sum.sum(All) * 2).named("this")]);
    let objects = ["a", "A"].map(|name| plan.to_object(name, &Target::host().unwrap()).unwrap());
    let directory = c::directory("names");
    let mut source = String::from(
        "#include <math.h>\n#include <stdio.h>\n#include <errno.h>\n#include \"a.h\"\n#include \"A.h\"\n",
    );
    source.push_str(
        "int main(void) {\n    double x[2] = {1, exp(0.0)}, y[2], z;\n    static unsigned char w[1 << 16];\n",
    );
    source.push_str("    if (a_WORKSPACE_BYTES > sizeof w || A_WORKSPACE_BYTES > sizeof w) return 1;\n");
    for name in ["a", "A"] {
        let inputs = "x, ".repeat(names.len());
        source.push_str(&format!(
            "    int {name}s = {name}_dense({inputs}y, &z, 2, w, sizeof w);\n    printf(\"%d %g %g\\n\", {name}s, y[1], z);\n"
        ));
    }
    source.push_str("    return 0;\n}\n");
    let has_cpp = std::process::Command::new("c++").arg("--version").output().is_ok();
    let languages = [("c", "gnu11"), ("c++", "gnu++20")];
    for (language, standard) in languages.into_iter().take(1 + usize::from(has_cpp)) {
        let program = c::linked_as(&directory, &source, &objects.each_ref(), language, standard);
        let output = std::process::Command::new(program).output().unwrap();
        c::checked(&output, "the program");
        let total = names.len();
        let line = format!("0 {total} {}\n", 4 * total);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), line.repeat(2));
    }
}
