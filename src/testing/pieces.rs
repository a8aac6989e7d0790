//! Plans that run piece by piece, held against the same plans run as a whole.

use super::arrays::Placement;
use super::{Bound, Mismatch, TypedArray, failed, random_inputs, run, same};
use crate::axes::Axis;
use crate::chunked::Chunked;
use crate::plan::Plan;
use crate::recipe::Recipe;
use fusewire_ir as ir;
use fusewire_ir::body::{Body, Code};
use fusewire_ir::index_map::AxisMap;
use fusewire_ir::kernel::Buffer;
use fusewire_ir::plan::{Step, Task};
use fusewire_ir::{Dim, Fate, Limits, PlanNode, Repaired, SizeExpr, Sizes, Symbol};
use std::collections::{BTreeMap, HashMap};

/// Cuts a recipe along an axis of an input or output, or of its first output where none is named, with pieces of at most this many bytes, and checks that it has the bits of the
/// whole. `None` where it cannot be cut.
///
/// # Errors
/// The first difference, or the diagnostics where the recipe cannot be planned or run.
pub fn check_chunked(
    recipe: &Recipe,
    port: Option<&str>,
    axis: Axis,
    bytes: u64,
) -> Result<Option<u64>, Mismatch> {
    let plan = recipe.plan(&Limits::default()).map_err(failed("plan"))?;
    let chunked = match port {
        Some(port) => plan.chunked_along(port, axis, bytes),
        None => plan.chunked(axis, bytes),
    };
    let Ok(chunked) = chunked else { return Ok(None) };
    if chunked.bytes() > bytes {
        return Err(Mismatch(format!("a piece touches {} bytes of {bytes}\n{recipe:?}", chunked.bytes())));
    }
    let touched = touched_bytes(&chunked);
    if touched > chunked.bytes() {
        return Err(Mismatch(format!(
            "a piece touches {touched} bytes, and {} are promised\n{recipe:?}",
            chunked.bytes()
        )));
    }
    if let Some(defect) = chunked.plan().tasks().find_map(|task| task.defect()) {
        return Err(Mismatch(format!("a task is unsound: {defect}\n{recipe:?}")));
    }
    if let Some(name) = misplaced(chunked.plan()) {
        return Err(Mismatch(format!("`{name}` is not made where the plan says\n{recipe:?}")));
    }
    let inputs = random_inputs(recipe, &[]);
    let whole = run(&plan, &inputs, &Sizes::new(), Placement::Dense)?;
    for (placement, threads) in Placement::ALL.into_iter().zip([2, 1, 3].into_iter().cycle()) {
        let arrays: Vec<(String, TypedArray)> = plan
            .inputs()
            .iter()
            .map(|port| (port.name.to_string(), TypedArray::from_reference(&inputs[&*port.name], placement)))
            .collect();
        let mut results: Vec<(String, TypedArray)> = plan
            .outputs()
            .iter()
            .map(|port| {
                let sizes: Vec<u64> = port.array.shape.iter().map(fusewire_ir::Dim::upper).collect();
                (port.name.to_string(), TypedArray::zeroed(port.array.dtype, &sizes, placement))
            })
            .collect();
        let inputs: Vec<(&str, crate::View<'_>)> =
            arrays.iter().map(|(name, array)| (name.as_str(), array.view())).collect();
        let outputs: Vec<(&str, crate::ViewMut<'_>)> =
            results.iter_mut().map(|(name, array)| (name.as_str(), array.view_mut())).collect();
        let program = chunked.clone().compile().map_err(failed("compile"))?.with_threads(threads);
        program.run(inputs, outputs).map_err(failed("run"))?;
        for ((_, pieces), whole) in results.iter().zip(&whole) {
            same(whole, &pieces.to_reference(), |_, _| Bound::Bits).map_err(|difference| {
                Mismatch(format!(
                    "in {} pieces ({placement:?}, {threads} threads): {difference}\n{recipe:?}{}",
                    chunked.pieces(),
                    chunked.plan().steps().iter().map(ToString::to_string).collect::<String>()
                ))
            })?;
        }
    }
    Ok(Some(chunked.pieces()))
}

/// A node that is in memory, but written by none of the tasks that are said to compute it; its name.
fn misplaced(plan: &ir::Plan) -> Option<&str> {
    let tasks: Vec<Task<'_>> = plan.tasks().collect();
    let is_misplaced = |node: &&PlanNode| {
        let buffer = match node.fate {
            Fate::Output(at, _) => Buffer::Output(at),
            Fate::Stored(at, _) => Buffer::Workspace(at),
            _ => return false,
        };
        !node.kernels.iter().any(|at| tasks.get(*at).is_some_and(|task| task.writes(buffer)))
    };
    plan.nodes().iter().find(is_misplaced).map(PlanNode::name)
}

/// The most bytes that a piece of a plan touches, or that a step does which runs once on whole arrays: workspace, and what all accesses meet of inputs, outputs and
/// constants, found by going through every iteration. Dims of the user have their upper bounds.
#[must_use]
pub fn touched_bytes(chunked: &Chunked) -> u64 {
    let (plan, cut) = (chunked.plan(), chunked.cut());
    let mut largest = 0;
    for round in cut.rounds() {
        let tasks: Vec<Task<'_>> = plan.steps()[round.steps.clone()].iter().flat_map(Step::tasks).collect();
        if round.in_pieces {
            for piece in 0..cut.pieces() {
                largest = largest.max(bytes_met(plan, &tasks, &cut.sizes(piece), piece + 1 == cut.pieces()));
            }
        } else {
            for task in tasks {
                largest = largest.max(bytes_met(plan, &[task], &[], true));
            }
        }
    }
    plan.workspace_bytes() + largest
}

/// Bytes of the caller's arrays that tasks meet on a piece.
fn bytes_met(plan: &ir::Plan, tasks: &[Task<'_>], sizes: &[(&str, u64)], is_last: bool) -> u64 {
    let size_of = |symbol: &Symbol| {
        let piece = sizes.iter().find(|(name, _)| **name == *symbol.name);
        Some(piece.map_or(symbol.upper, |(_, size)| *size))
    };
    let memory_of = |buffer: Buffer| match buffer {
        Buffer::Workspace(at) => plan.stored()[at].output.map_or(buffer, Buffer::Output),
        Buffer::Input(at) => {
            let over = (0..plan.outputs().len()).find(|output| plan.in_place_input(*output) == Some(at));
            over.map_or(buffer, Buffer::Output)
        }
        _ => buffer,
    };
    let known = |size: &SizeExpr| size.value(&size_of).expect("a size has a value");
    // For each array, whether its elements have been met.
    let mut met: HashMap<Buffer, Vec<bool>> = HashMap::new();
    let mut bytes = 0;
    let mut meet = |buffer: Buffer, map: &[AxisMap], extents: &[u64]| {
        let memory = memory_of(buffer);
        let array = match memory {
            Buffer::Input(at) => &plan.inputs()[at].array,
            Buffer::Output(at) => &plan.outputs()[at].array,
            Buffer::Constant(at) => &plan.constants()[at].array,
            _ => return,
        };
        let (mut first, mut elements) = (0, 1);
        // Of each loop that moves, how often it runs and how far it steps from element to element.
        let mut loops: BTreeMap<usize, (u64, i128)> = BTreeMap::new();
        for (axis, dim) in map.iter().zip(array.shape.iter()).rev() {
            first += known(&axis.start) * elements;
            for term in &axis.terms {
                let step = &mut loops.entry(term.axis).or_insert((extents[term.axis], 0)).1;
                *step += known(&term.step) * elements;
            }
            elements *= i128::from(dim.upper());
        }
        let met = met.entry(memory).or_insert_with(|| vec![false; elements as usize]);
        for iteration in 0..loops.values().map(|(extent, _)| extent).product() {
            let (mut rest, mut at): (u64, i128) = (iteration, first);
            for (extent, step) in loops.values() {
                at += i128::from(rest % extent) * step;
                rest /= extent;
            }
            let element = &mut met[usize::try_from(at).expect("an access stays in its array")];
            bytes += if *element { 0 } else { array.dtype.bytes() as u64 };
            *element = true;
        }
    };
    let value = |dim: &Dim| dim.value(&size_of).unwrap_or(0);
    for task in tasks {
        match task {
            Task::Kernel(kernel) => {
                let extents: Vec<u64> = kernel.loops.iter().map(|l| value(&l.extent)).collect();
                // Totals that go on are used after the last piece.
                let of_body = |body: &Body| -> Vec<usize> {
                    let read = body.instructions.iter().filter_map(|instruction| match instruction.code {
                        Code::Load(access) => Some(access),
                        _ => None,
                    });
                    read.chain(body.stores.iter().map(|store| store.access)).collect()
                };
                let is_nothing = |is_reduced: bool| {
                    kernel
                        .loops
                        .iter()
                        .zip(&extents)
                        .any(|(l, extent)| l.reduced == is_reduced && *extent == 0)
                };
                let mut accesses = Vec::new();
                if !is_nothing(false) && !is_nothing(true) {
                    accesses.extend(of_body(&kernel.body));
                }
                if !is_nothing(false) && (kernel.carried.is_none() || is_last) {
                    accesses.extend(of_body(&kernel.epilogue));
                }
                for access in accesses.into_iter().map(|access| &kernel.accesses[access]) {
                    meet(access.buffer, &access.map, &extents);
                }
            }
            Task::Routine(call) => {
                for operand in &call.operands {
                    let extents: Vec<u64> = operand.array.shape.iter().map(value).collect();
                    // What has no elements may begin beyond the array that it is a part of.
                    if !extents.contains(&0) {
                        meet(operand.access.buffer, &operand.access.map, &extents);
                    }
                }
                let extents: Vec<u64> = call.result.shape.iter().map(value).collect();
                if extents.contains(&0) {
                    continue;
                }
                let mut map: Vec<AxisMap> = (0..extents.len()).map(AxisMap::follow).collect();
                if let Some((axis, start)) = &call.begin {
                    map[*axis].start = start.clone();
                }
                call.written.iter().for_each(|buffer| meet(*buffer, &map, &extents));
            }
        }
    }
    bytes
}

/// Looks at every repair that a refusal of a recipe proposes: it is a sound plan that compiles, within the limits, with the peak that it states;
/// pieces have the bits of the whole. How many there are.
///
/// # Errors
/// The first that does not hold.
pub fn check_repairs(recipe: &Recipe, limits: &Limits) -> Result<usize, Mismatch> {
    let (graph, outputs) = recipe.parts();
    let repairs = graph.repairs(outputs, limits);
    for (repair, repaired) in &repairs {
        let wrong = |what: &str| Err(Mismatch(format!("{what}: {}\n{recipe:?}", repair.text)));
        let plan = match repaired {
            Repaired::Plan(plan) => plan,
            Repaired::Chunked(cut) => cut.plan(),
            _ => continue,
        };
        if plan.workspace_bytes() > limits.bytes {
            return wrong("more workspace than allowed");
        }
        if plan.peak_bytes() != repair.peak {
            return wrong("another peak");
        }
        if plan.kernels().iter().any(|kernel| kernel.defect().is_some()) {
            return wrong("a kernel is unsound");
        }
        let most = plan.kernels().iter().map(|kernel| kernel.iterations()).max().unwrap_or(0);
        if let Repaired::Chunked(cut) = repaired {
            if limits.elements.is_some_and(|limit| most > limit) {
                return wrong("loops over more elements than allowed");
            }
            let axis = Axis(cut.axis() as isize);
            let raised = raised(&repair.text, limits);
            let again =
                recipe.plan(&raised).and_then(|plan| plan.chunked_along(cut.port(), axis, cut.bytes()));
            if !again.is_ok_and(|again| again.pieces() == cut.pieces()) {
                return wrong("what it says to write is refused, or another plan");
            }
            if limits.bytes >= Limits::DEFAULT_BYTES
                && check_chunked(recipe, Some(cut.port()), axis, cut.bytes())?.is_none()
            {
                return wrong("it cannot be cut");
            }
        }
        Plan::new(plan.clone()).compile().map_err(failed("compile a repair"))?;
    }
    Ok(repairs.len())
}

/// The limits of a plan that the text of a repair says to cut.
fn raised(text: &str, limits: &Limits) -> Limits {
    let mut raised = limits.clone();
    if text.contains(".with_elements(u64::MAX)") {
        raised = raised.with_elements(u64::MAX);
    }
    let bytes = text.split(".with_bytes(").nth(1).and_then(|rest| rest.split(')').next());
    match bytes.and_then(|bytes| bytes.replace('_', "").parse().ok()) {
        Some(bytes) => raised.with_bytes(bytes),
        None => raised,
    }
}
