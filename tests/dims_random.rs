//! Random programs over sizes that are not known, beside the same programs over known sizes.

#[path = "common/dims.rs"]
mod random;

use fusewire::ArrayType;
use fusewire::ir::{self, Symbol};
use fusewire::prelude::*;
use fusewire::testing::TypedArray;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use random::{DIMS, NAMES, Step, call, shape, sizes, steps};

fn value(dim: &Dim, binding: &[u64; DIMS]) -> Option<u64> {
    dim.value(&|symbol: &Symbol| NAMES.iter().position(|name| *name == &*symbol.name).map(|at| binding[at]))
}

/// The same program over dims and over the sizes of one binding, call by call.
struct Both<'s, 'c> {
    /// The steps that both took.
    taken: Vec<usize>,
    symbolic: Vec<Expr<'s>>,
    concrete: Vec<Expr<'c>>,
    /// A call that one of them refuses, or whose sizes follow other rules than those of a binding to 1.
    last: Option<(Expr<'s>, Expr<'c>)>,
}

fn build<'s, 'c>(
    symbolic_graph: &'s Graph,
    concrete_graph: &'c Graph,
    steps: &[Step],
    bounds: &[(u64, u64); DIMS],
    binding: &[u64; DIMS],
    only: Option<&[usize]>,
) -> Result<Both<'s, 'c>, TestCaseError> {
    let dims = [0, 1, 2].map(|at| symbolic_graph.dim(NAMES[at], bounds[at].0..=bounds[at].1).dim());
    let (open, known) = (sizes(&dims), sizes(&binding.map(Dim::from)));
    let mut both = Both { taken: Vec::new(), symbolic: Vec::new(), concrete: Vec::new(), last: None };
    for (at, step) in steps.iter().enumerate() {
        if only.is_some_and(|only| !only.contains(&at)) {
            continue;
        }
        let a = call(symbolic_graph, step, &both.symbolic, &open, at);
        let b = call(concrete_graph, step, &both.concrete, &known, at);
        let (Some(a), Some(b)) = (a, b) else { continue };
        let (Some(left), Some(right)) = (shape(a), shape(b)) else {
            both.last = Some((a, b));
            continue;
        };
        // A size that is 1 by accident stretches only where it is known.
        if right.iter().any(Dim::is_one)
            && left.iter().zip(right.iter()).any(|(a, b)| b.is_one() && !a.is_one())
        {
            continue;
        }
        prop_assert_eq!(left.len(), right.len());
        let fits = left.iter().zip(right.iter()).all(|(a, b)| value(a, binding) == b.known());
        if !fits {
            // Sizes that must be equal and are not: the concrete call cannot have been sound.
            both.last = Some((a, b));
            continue;
        }
        for (dim, size) in left.iter().zip(right.iter()) {
            let size = size.upper();
            prop_assert!(dim.lower() <= size && size <= dim.upper(), "{dim} has the size {size}");
        }
        both.taken.push(at);
        both.symbolic.push(a);
        both.concrete.push(b);
    }
    Ok(both)
}

/// The graph without the bounds of its sizes.
fn written(graph: &Graph) -> String {
    let text = format!("{graph:?}");
    let parts: Vec<&str> =
        text.split("<=").map(|part| part.trim_start_matches(|digit: char| digit.is_ascii_digit())).collect();
    parts.join("")
}

fn given(binding: &[u64; DIMS], plan: &ir::Plan) -> Vec<(&'static str, u64)> {
    let pairs = NAMES.iter().zip(binding).map(|(name, size)| (*name, *size));
    pairs.filter(|(name, _)| plan.dims().iter().any(|dim| *dim.name == **name)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/dims_random.proptest-regressions"))),
        ..ProptestConfig::default() })]

    #[test]
    fn the_symbolic_verdict_is_the_concrete_one(
        steps in steps(),
        binding in [2u64..9, 2u64..9, 2u64..9],
        slack in [0u64..3, 0u64..3, 0u64..3],
        limit in 1u64..2000,
    ) {
        // The binding is the largest that the bounds allow.
        let bounds = [0, 1, 2].map(|at: usize| (binding[at].saturating_sub(slack[at]).max(2), binding[at]));
        let (open, known) = (Graph::new(), Graph::new());
        let both = build(&open, &known, &steps, &bounds, &binding, None)?;
        let limits = Limits::default().with_elements(limit);
        let last = both.last.into_iter();
        let pairs = both.symbolic.iter().copied().zip(both.concrete.iter().copied()).chain(last);
        // Where every size is largest there, limits must be decided alike. One that shrinks as a dim grows
        // is taken to be larger than it is.
        let is_largest = |expr: &Expr<'_>| {
            shape(*expr).is_none_or(|shape| shape.iter().all(|dim| Some(dim.upper()) == value(dim, &binding)))
        };
        // And a call that does nothing at these sizes, as a roll all the way around, makes nothing to be limited.
        let calls = |graph: &Graph| format!("{graph:?}").lines().count();
        let exact = both.symbolic.iter().all(is_largest) && calls(&open) == calls(&known);
        for (symbolic, concrete) in pairs {
            for limits in [Limits::default(), limits.clone()] {
                let symbolic = open.plan([symbolic], &limits).and_then(|plan| {
                    plan.check_sizes(&given(&binding, &plan)).map(|()| plan)
                });
                let concrete = known.plan([concrete], &limits);
                prop_assert!(
                    symbolic.is_ok() == concrete.is_ok() || (symbolic.is_err() && !exact && limits.elements.is_some()),
                    "\n{:?}\n{:?}\n{:?}\n{:?}", open, known, symbolic.err(), concrete.err()
                );
            }
        }
    }

    #[test]
    fn a_plan_that_passes_is_safe_at_every_size_and_its_largest_extent_is_exact(
        steps in steps(),
        binding in [2u64..9, 2u64..9, 2u64..9],
        limit in 100u64..20_000,
    ) {
        let bounds = [(2, 9); DIMS];
        let (open, known) = (Graph::new(), Graph::new());
        let both = build(&open, &known, &steps, &bounds, &binding, None)?;
        let limits = Limits::default().with_elements(limit).with_bytes(limit * 8);
        for (position, (symbolic, concrete)) in both.symbolic.iter().zip(&both.concrete).enumerate() {
            let Ok(plan) = open.plan([*symbolic], &limits) else { continue };
            if plan.check_sizes(&given(&binding, &plan)).is_ok() {
                let made = known.plan([*concrete], &limits);
                prop_assert!(made.is_ok(), "{:?}\n{:?}", open, made.err());
            }
            // At the largest extent the same program passes, and beyond it no longer.
            for (at, dim) in NAMES.iter().enumerate() {
                let Some(largest) = plan.max_extent(dim) else { continue };
                for (upper, passes) in [(largest, true), (largest.saturating_add(1), false)] {
                    if upper > 1 << 40 {
                        continue;
                    }
                    let (again, spare) = (Graph::new(), Graph::new());
                    let mut bounds = bounds;
                    bounds[at].1 = upper.max(2);
                    let rebuilt = build(&again, &spare, &steps, &bounds, &binding, Some(&both.taken))?;
                    // Other bounds may leave a size open that had no choice before.
                    if rebuilt.taken != both.taken {
                        continue;
                    }
                    let rebuilt = &rebuilt.symbolic[position];
                    let verdict = again.plan([*rebuilt], &limits);
                    // With other bounds a size may take a simpler form, which has a smaller bound; and sizes
                    // that must be equal give more to choose from.
                    let has_same_form = written(&open) == written(&again);
                    // What is stored only where there is room for it does not count then; nor does what is stored for
                    // the sake of a join, which other bounds may let be cut.
                    let is_optional = |stored: &ir::plan::Stored| {
                        use ir::StoreReason::{Again, Broadcast, InOutput, Joined, Pieces, Recomputed};
                        matches!(
                            stored.reason,
                            Again { .. } | Broadcast { .. } | InOutput { .. } | Joined(_) | Pieces | Recomputed { .. }
                        )
                    };
                    let has_room = !plan.stored().iter().any(is_optional);
                    let is_exact = plan.requirements().is_empty() && has_same_form && has_room;
                    // And a slice that had no elements within the bounds may have some beyond.
                    prop_assert!(
                        verdict.is_ok() == passes || (verdict.is_ok() && !is_exact) || !has_same_form,
                        "{dim} <= {upper}: {:?}\n{open:?}", verdict.err()
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/dims_random.proptest-regressions"))),
        ..ProptestConfig::default() })]

    #[test]
    fn one_program_gives_the_bits_of_a_program_for_each_size(
        steps in steps(),
        bindings in prop::collection::vec([2u64..40, 2u64..12, 2u64..9], 3),
    ) {
        let bounds = [(0, 1000); DIMS];
        let (open, spare) = (Graph::new(), Graph::new());
        // What the first binding leaves out is left out for all.
        let both = build(&open, &spare, &steps, &bounds, &bindings[0], None)?;
        let names: Vec<String> = (0..both.symbolic.len()).map(|at| format!("y{at}")).collect();
        let outputs = both.symbolic.iter().zip(&names).map(|(expr, name)| expr.named(name));
        let Ok(plan) = open.plan(outputs, &Limits::default()) else { return Ok(()) };
        let program = plan.compile().unwrap();
        for binding in &bindings {
            let (again, known) = (Graph::new(), Graph::new());
            let sized = build(&again, &known, &steps, &bounds, binding, Some(&both.taken))?;
            let given = given(binding, program.plan());
            if sized.taken != both.taken || program.plan().check_sizes(&given).is_err() {
                continue;
            }
            let outputs = sized.concrete.iter().zip(&names).map(|(expr, name)| expr.named(name));
            let concrete = known.plan(outputs, &Limits::default());
            prop_assert!(concrete.is_ok(), "{:?}", concrete.err());
            let concrete = concrete.unwrap().compile().unwrap();
            let program = given.iter().fold(program.clone(), |program, (name, size)| program.with_size(name, *size));
            prop_assert_eq!(bits(&program, binding), bits(&concrete, binding), "{:?}", open);
        }
    }
}

/// The bits of every output on inputs made up from their names.
fn bits(program: &Program, binding: &[u64; DIMS]) -> Vec<String> {
    let sized = |array: &ArrayType| -> Vec<u64> {
        array.shape.iter().map(|dim| value(dim, binding).unwrap_or(0)).collect()
    };
    let inputs: Vec<(String, TypedArray)> = program
        .plan()
        .inputs()
        .iter()
        .map(|port| {
            let seed = port.name.bytes().map(u64::from).sum();
            (port.name.to_string(), TypedArray::random(F64, &sized(&port.array), seed))
        })
        .collect();
    let mut outputs: Vec<(String, Vec<f64>, Vec<usize>)> = program
        .plan()
        .outputs()
        .iter()
        .map(|port| {
            let sizes: Vec<usize> = sized(&port.array).iter().map(|size| *size as usize).collect();
            (port.name.to_string(), vec![0.5; sizes.iter().product()], sizes)
        })
        .collect();
    let views: Vec<(&str, View<'_>)> =
        inputs.iter().map(|(name, array)| (name.as_str(), array.view())).collect();
    let written: Vec<(&str, ViewMut<'_>)> = outputs
        .iter_mut()
        .map(|(name, elements, sizes)| (name.as_str(), ViewMut::new(elements, &sizes[..])))
        .collect();
    program.run(views, written).unwrap();
    outputs
        .iter()
        .map(|(name, elements, _)| {
            let bits: Vec<u64> = elements.iter().map(|element| element.to_bits()).collect();
            format!("{name} {bits:x?}")
        })
        .collect()
}
