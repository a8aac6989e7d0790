//! For people who test their own expressions: random graphs, and a check that holds compiled code
//! against the reference evaluator.
//!
//! ```
//! use fusewire::prelude::*;
//!
//! let g = Graph::new();
//! let x = g.input("x", F64, [20, 3]);
//! let scaled = (x - x.mean(Axis(0))).exp();
//! fusewire::testing::check(&g.recipe([scaled])?).map_err(|mismatch| panic!("{mismatch}")).unwrap();
//! # Ok::<(), fusewire::Error>(())
//! ```

mod arrays;
mod functions;
mod pieces;
mod strategy;

pub use arrays::TypedArray;
pub use pieces::{check_chunked, check_repairs, touched_bytes};
pub use strategy::recipes;

use crate::plan::Plan;
use crate::recipe::Recipe;
use arrays::Placement;
use fusewire_ir::graph::{Graph, NodeId, Op};
use fusewire_ir::interpret::{self, Array};
use fusewire_ir::{
    DType, Dim, ElementOp, Error, Limits, Scalar, SiteId, Sizes, Symbol, resolve, routine_tolerance,
};
use std::collections::HashMap;
use std::fmt;

/// What machine code this process has made and has not freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeCount {
    /// Routines compiled so far.
    pub compiled: usize,
    /// Bytes of code that are alive.
    pub bytes: usize,
}

/// Counts machine code, in all programs together.
#[must_use]
pub fn count_code() -> CodeCount {
    CodeCount { compiled: crate::cache::count_compiled(), bytes: crate::jit::live_bytes() }
}

/// Where compiled code and what it should have computed differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch(String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Mismatch {}

/// Checks a recipe on inputs made up from their names: ordinary numbers with special ones among them.
/// Sizes that are not known are small ones within their bounds.
///
/// Each node is compiled alone and held against the reference evaluator on the operands that compiled
/// code gave it: bit for bit, or within the bound that its row of the op table states. Then the fused
/// program must give the same bits as the nodes did one by one, for inputs and outputs in any layout.
///
/// # Errors
/// The first difference, or the diagnostics where the recipe cannot be planned.
pub fn check(recipe: &Recipe) -> Result<(), Mismatch> {
    check_at(recipe, &[])
}

/// Checks a recipe as [`check`] does, with these sizes for its dims.
///
/// # Errors
/// The first difference, or the diagnostics where the recipe cannot be planned or the sizes are refused.
pub fn check_at(recipe: &Recipe, sizes: &[(&str, u64)]) -> Result<(), Mismatch> {
    check_on(recipe, &random_inputs(recipe, sizes))
}

/// Inputs made up from their names, for these sizes of dims.
fn random_inputs(recipe: &Recipe, sizes: &[(&str, u64)]) -> HashMap<String, Array> {
    let size_of = |symbol: &Symbol| {
        let asked = sizes.iter().find(|(name, _)| *name == &*symbol.name);
        Some(asked.map_or(5.min(symbol.upper).max(symbol.lower), |(_, size)| *size))
    };
    recipe
        .inputs()
        .into_iter()
        .map(|(name, array)| {
            let sizes: Vec<u64> = array.shape.iter().map(|dim| dim.value(&size_of).unwrap_or(0)).collect();
            let made = TypedArray::random(array.dtype, &sizes, seed(&name)).to_reference();
            (name, made)
        })
        .collect()
}

/// Checks a recipe as [`check`] does, on these inputs.
///
/// # Errors
/// The first difference, or the diagnostics where the recipe cannot be planned.
pub fn check_on(recipe: &Recipe, inputs: &HashMap<String, Array>) -> Result<(), Mismatch> {
    let (graph, outputs) = recipe.parts();
    let limits = Limits::default();
    let plan = recipe.plan(&limits).map_err(failed("plan"))?;
    let sizes = sizes(&plan, inputs)?;
    let values = one_by_one(graph, outputs, inputs, &sizes)?;
    if let Some(defect) = plan.tasks().find_map(|task| task.defect()) {
        return Err(Mismatch(format!("a step is unsound: {defect}\n{recipe:?}")));
    }
    for placement in Placement::ALL {
        let fused = run(&plan, inputs, &sizes, placement)?;
        for ((fused, port), site) in fused.iter().zip(plan.outputs()).zip(outputs) {
            let expected = &values[&graph.call_site(*site).node];
            same(expected, fused, |_, _| Bound::Ulps(0)).map_err(|difference| {
                Mismatch(format!(
                    "fused differs from unfused ({placement:?}), output `{}`: {difference}\n{recipe:?}{}",
                    port.name,
                    plan.steps().iter().map(|step| step.to_string()).collect::<String>(),
                ))
            })?;
        }
    }
    Ok(())
}

fn seed(name: &str) -> u64 {
    // FNV-1a: the same numbers for the same name on every machine.
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn failed(stage: &'static str) -> impl Fn(Error) -> Mismatch {
    move |error| Mismatch(format!("{stage}: {error}"))
}

/// Every reachable node compiled alone, each held against the reference.
fn one_by_one(
    graph: &Graph,
    outputs: &[SiteId],
    inputs: &HashMap<String, Array>,
    sizes: &Sizes,
) -> Result<HashMap<NodeId, Array>, Mismatch> {
    let nodes: Vec<NodeId> = outputs.iter().map(|site| graph.call_site(*site).node).collect();
    let mut values: HashMap<NodeId, Array> = HashMap::new();
    for node in graph.reachable_nodes(&nodes) {
        if let Op::Input(name) = &graph.node(node).op {
            let given = inputs.get(&**name);
            let given = given.ok_or_else(|| Mismatch(format!("no array for input `{name}`")))?;
            values.insert(node, given.clone());
            continue;
        }
        let operands: Vec<&Array> = graph.operands(node).iter().map(|operand| &values[operand]).collect();
        let Some((alone, site)) = graph.isolated(node) else {
            return Err(Mismatch(format!("node {node:?} is wrong: {:?}", graph.diagnostics())));
        };
        let limits = Limits::default().with_elements(u64::MAX);
        let plan = Plan::new(alone.plan(&[site], &limits).map_err(failed("plan alone"))?);
        let named =
            operands.iter().enumerate().map(|(slot, operand)| (format!("operand{slot}"), (*operand).clone()));
        let computed = run(&plan, &named.collect(), sizes, Placement::Dense)?.remove(0);
        let op = &graph.node(node).op;
        let expected = interpret::evaluate_node(graph, node, &operands, sizes)
            .ok_or_else(|| Mismatch(format!("no reference for `{}`", op.name())))?;
        let mismatch = |difference: String| {
            let operands: Vec<String> = operands.iter().map(|operand| operand.array.to_string()).collect();
            Mismatch(format!("`{}` of {}: {difference}", op.name(), operands.join(", ")))
        };
        let reduced = reduced_elements(op, &operands);
        let tolerances = match op {
            Op::Routine(routine) => routine_tolerance(routine, &operands, &expected),
            _ => Vec::new(),
        };
        same(&expected, &computed, |at, value| match op {
            // Near the zeros of the result digits cancel.
            Op::Element(ElementOp::Lgamma | ElementOp::Logaddexp | ElementOp::Logaddexp2) => {
                let epsilon = value.dtype().float_info().map_or(0.0, |info| info.epsilon);
                Bound::Absolute(4.0 * epsilon * value.as_f64().abs().max(1.0))
            }
            Op::Element(op) => Bound::Ulps(ulps(*op, value.dtype())),
            Op::Reduce { op, .. } => Bound::Absolute(interpret::reduction_tolerance(*op, &reduced[at])),
            Op::Routine(_) => Bound::Absolute(tolerances.get(at).copied().unwrap_or(0.0)),
            _ => Bound::Ulps(0),
        })
        .map_err(mismatch)?;
        values.insert(node, computed);
    }
    Ok(values)
}

/// How far a result may be from the reference, in units in the last place. The reference is rounded as
/// well, and where an exponent begins a unit is half as large on one side.
fn ulps(op: ElementOp, dtype: DType) -> u64 {
    match (op.row().ulp, dtype) {
        (0.0, _) => 0,
        (_, DType::F16 | DType::BF16) => 1,
        (ulp, DType::F32) => (ulp + 2.0) as u64,
        (ulp, _) => (ulp + 1.0) as u64,
    }
}

/// For each result of a reduction, the elements that it combines.
fn reduced_elements(op: &Op, operands: &[&Array]) -> Vec<Vec<Scalar>> {
    let (Op::Reduce { axes, .. }, [operand]) = (op, operands) else { return Vec::new() };
    let sizes: Vec<usize> = operand.array.shape.iter().map(|dim| dim.upper() as usize).collect();
    let kept = |axis: usize| !axes.contains(&axis);
    let results: usize = (0..sizes.len()).filter(|axis| kept(*axis)).map(|axis| sizes[axis]).product();
    let mut elements = vec![Vec::new(); results];
    for (at, element) in operand.elements.iter().enumerate() {
        let (mut rest, mut result, mut step) = (at, 0, 1);
        for axis in (0..sizes.len()).rev() {
            if kept(axis) {
                result += rest % sizes[axis] * step;
                step *= sizes[axis];
            }
            rest /= sizes[axis];
        }
        elements[result].push(*element);
    }
    elements
}

/// How far a computed element may be from the reference.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// None: the same bits, signs of zeros among them. Which of two NaN an operation gives is open, and so is the sign of it.
    Bits,
    /// In units in the last place.
    Ulps(u64),
    /// In value.
    Absolute(f64),
}

/// Compares two arrays. Any NaN equals any other; zeros of both signs do where elements may differ at all.
fn same(expected: &Array, computed: &Array, bound: impl Fn(usize, Scalar) -> Bound) -> Result<(), String> {
    if expected.array.dtype != computed.array.dtype || expected.elements.len() != computed.elements.len() {
        return Err(format!("expected {}, computed {}", expected.array, computed.array));
    }
    for (at, (wanted, found)) in expected.elements.iter().zip(&computed.elements).enumerate() {
        if wanted.bits() == found.bits() {
            continue;
        }
        let bound = bound(at, *wanted);
        let are_nan = wanted.as_f64().is_nan() && found.as_f64().is_nan();
        if are_nan || wanted == found && !matches!(bound, Bound::Bits) {
            continue;
        }
        let close = match bound {
            Bound::Bits => false,
            Bound::Ulps(ulps) => ulp_distance(*wanted, *found).is_some_and(|distance| distance <= ulps),
            Bound::Absolute(limit) => (wanted.as_f64() - found.as_f64()).abs() <= limit,
        };
        if !close {
            return Err(format!("element {at} of {}: expected {wanted}, computed {found}", expected.array));
        }
    }
    Ok(())
}

/// How many floats lie between two floats of one dtype; `None` for anything else.
fn ulp_distance(a: Scalar, b: Scalar) -> Option<u64> {
    // Bit patterns of floats of one sign are ordered like the floats.
    let ordered = |bits: i64, sign: i64| if bits < 0 { sign.wrapping_sub(bits) } else { bits };
    match (a, b) {
        (Scalar::F32(a), Scalar::F32(b)) if a.is_finite() == b.is_finite() => {
            let place = |x: f32| ordered(i64::from(x.to_bits() as i32), i64::from(i32::MIN));
            Some(place(a).abs_diff(place(b)))
        }
        (Scalar::F64(a), Scalar::F64(b)) if a.is_finite() == b.is_finite() => {
            let place = |x: f64| ordered(x.to_bits() as i64, i64::MIN);
            Some(place(a).abs_diff(place(b)))
        }
        (Scalar::F16(a), Scalar::F16(b)) if a.is_finite() == b.is_finite() => {
            let place = |x: u16| ordered(i64::from(x as i16), i64::from(i16::MIN));
            Some(place(a.to_bits()).abs_diff(place(b.to_bits())))
        }
        (Scalar::BF16(a), Scalar::BF16(b)) if a.is_finite() == b.is_finite() => {
            let place = |x: u16| ordered(i64::from(x as i16), i64::from(i16::MIN));
            Some(place(a.to_bits()).abs_diff(place(b.to_bits())))
        }
        _ => None,
    }
}

/// The sizes that inputs give to the dims of a plan.
fn sizes(plan: &Plan, inputs: &HashMap<String, Array>) -> Result<Sizes, Mismatch> {
    let mut axes = Vec::new();
    for port in plan.inputs() {
        let given = inputs.get(&*port.name);
        let given = given.ok_or_else(|| Mismatch(format!("no array for input `{}`", port.name)))?;
        axes.extend(port.array.shape.iter().zip(given.array.shape.iter().map(Dim::upper)));
    }
    let mut sizes = Sizes::new();
    match resolve(&axes, &mut sizes).first() {
        Some((at, misfit)) => Err(Mismatch(format!("`{}` of size {}: {misfit:?}", axes[*at].0, axes[*at].1))),
        None => Ok(sizes),
    }
}

/// Runs a plan on reference arrays, placed in memory in some way.
fn run(
    plan: &Plan,
    inputs: &HashMap<String, Array>,
    sizes: &Sizes,
    placement: Placement,
) -> Result<Vec<Array>, Mismatch> {
    // Whatever the blocks of rows, the bits are the same.
    let block_rows = Placement::ALL.iter().position(|other| *other == placement).map(|at| at as u64);
    let block_rows = block_rows.filter(|rows| *rows > 0).unwrap_or(u64::MAX);
    let mut program = plan.clone().compile().map_err(failed("compile"))?.with_block_rows(block_rows);
    for dim in plan.dims() {
        if let Some(size) = sizes.get(&dim.name) {
            program = program.with_size(&dim.name, *size);
        }
    }
    let mut arrays = Vec::new();
    for port in plan.inputs() {
        let given = inputs.get(&*port.name);
        let given = given.ok_or_else(|| Mismatch(format!("no array for input `{}`", port.name)))?;
        arrays.push((port.name.to_string(), TypedArray::from_reference(given, placement)));
    }
    let mut results: Vec<(String, TypedArray)> = plan
        .outputs()
        .iter()
        .map(|port| {
            let dims = port.array.shape.iter();
            let sizes: Vec<u64> = dims.map(|dim| crate::bind::size(dim, sizes)).collect();
            (port.name.to_string(), TypedArray::zeroed(port.array.dtype, &sizes, placement))
        })
        .collect();
    let inputs: Vec<(&str, crate::View<'_>)> =
        arrays.iter().map(|(name, array)| (name.as_str(), array.view())).collect();
    let outputs: Vec<(&str, crate::ViewMut<'_>)> =
        results.iter_mut().map(|(name, array)| (name.as_str(), array.view_mut())).collect();
    program.run(inputs, outputs).map_err(failed("run"))?;
    Ok(results.iter().map(|(_, array)| array.to_reference()).collect())
}
