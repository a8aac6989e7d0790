//! Plans that run piece by piece, held against the same plans run as a whole.

use super::arrays::Placement;
use super::{Bound, Mismatch, TypedArray, failed, random_inputs, run, same};
use crate::axes::Axis;
use crate::plan::Plan;
use crate::recipe::Recipe;
use fusewire_ir::{Limits, Repaired, Sizes};

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
    if let Some(defect) = chunked.plan().tasks().find_map(|task| task.defect()) {
        return Err(Mismatch(format!("a task is unsound: {defect}\n{recipe:?}")));
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
            same(whole, &pieces.to_reference(), |_, _| Bound::Ulps(0)).map_err(|difference| {
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
        if let (Repaired::Chunked(cut), Some(limit)) = (repaired, limits.elements) {
            if most > limit {
                return wrong("loops over more elements than allowed");
            }
            let axis = Axis(cut.axis() as isize);
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
