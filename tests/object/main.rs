//! Plans as object files, linked and run from C beside compiled code of this process.

mod c;
#[path = "../common/dims.rs"]
mod random;

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
    let is_argument = |name: &str| header.contains(&format!("dim `{name}`")) && header.contains(&format!("    uint64_t {name};"));
    let dims = sizes.iter().filter(|(name, _)| is_argument(name));
    Call {
        inputs: inputs.map(|(at, port)| memory(port, at as u64 + 1)).collect(),
        outputs: plan.outputs().iter().enumerate().map(|(at, port)| memory(port, 100 + at as u64)).collect(),
        dims: dims.map(|(name, size)| (name.to_string(), *size)).collect(),
        is_short: false,
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
            let differ = expected.bytes.iter().zip(given).position(|(a, b)| a != b);
            assert_eq!(differ, None, "{what}: output {at} of\n{}", plan.explain());
        }
    }
}

#[test]
fn element_wise_plans_give_the_same_bits() {
    let g = Graph::new();
    let (x, y) = (g.input("x", F64, [33, 70]), g.input("y", F64, [70]));
    let plan = g.plan([((x - y) * 2.0).named("z")], &Limits::default()).unwrap();
    let target = Target::host().unwrap();
    let cases: Vec<_> =
        FORMS.iter().map(|form| ("subtract", plan.clone(), call(&plan, &target, *form, &[]))).collect();
    compare("element_wise", &cases);
}

/// The same random numbers in every run.
fn runner(seed: u8) -> TestRunner {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config::default(), seed)
}

#[test]
fn random_plans_give_the_same_bits() {
    let mut runner = runner(7);
    let targets = [Target::host().unwrap(), Target::linux(Level::V2)];
    let (mut cases, mut refused) = (Vec::new(), 0);
    let strategy = recipes(12);
    while cases.len() < 100 {
        let recipe = strategy.new_tree(&mut runner).unwrap().current();
        let Ok(plan) = recipe.plan(&Limits::default()) else { continue };
        let at = cases.len();
        if plan.to_object("refused", &targets[0]).is_err() {
            refused += 1;
            continue;
        }
        let call = call(&plan, &targets[at % 2], FORMS[at / 2 % FORMS.len()], &[]);
        cases.push(("random", plan, call));
    }
    println!("{refused} refused");
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
    while cases.len() < 600 {
        let Some((plan, sizes)) = symbolic(&mut runner) else { continue };
        let call = call(&plan, &target, FORMS[cases.len() % FORMS.len()], &sizes);
        cases.push(("random over dims", plan, call));
    }
    compare("random_dims", &cases);
}
