//! What a program keeps between runs: calls that are ready for arrays of a certain form, and code.

use super::work::{Launches, Work};
use crate::bind::{Given, Layouts};
use crate::block::Block;
use crate::lower::Compiled;
use fusewire_ir::kernel::Buffer;
use fusewire_ir::plan::Plan;
use std::collections::HashMap;
use std::sync::Arc;

/// The work of every step for arrays that were checked. The addresses in it are followed only while the
/// arrays of a call are borrowed that lie there.
pub(super) struct Prepared {
    pub(super) inputs: Layouts,
    pub(super) outputs: Layouts,
    pub(super) launches: Launches,
    pub(super) _workspace: Block,
    pub(super) bytes: usize,
}

impl Prepared {
    /// The most that a program keeps between calls: for a few threads, or a few layouts in turns.
    pub(super) const MOST: usize = 4;
    /// The most workspace that is kept with it. Preparing anew costs little beside filling more.
    pub(super) const MOST_BYTES: usize = 1 << 18;

    pub(super) fn fits(&self, inputs: &Given, outputs: &Given) -> bool {
        let same = |ours: &Layouts, given: &Given| {
            given.rest.is_empty()
                && given.refused.is_empty()
                && ours.iter().zip(&given.layouts).all(|pair| match pair {
                    (Some(ours), Some(given)) => given.has_form_of(ours),
                    (None, None) => true,
                    _ => false,
                })
        };
        same(&self.inputs, inputs) && same(&self.outputs, outputs)
    }

    /// Goes over to arrays of the same form.
    pub(super) fn relocate(&mut self, plan: &Plan, inputs: &Layouts, outputs: &Layouts) {
        let by = |from: &Layouts, to: &Layouts, at: usize| match (&from[at], &to[at]) {
            (Some(from), Some(to)) => (to.address as i64).wrapping_sub(from.address as i64),
            _ => 0,
        };
        let moved = |buffer: Buffer| match buffer {
            Buffer::Output(at) => by(&self.outputs, outputs, at),
            Buffer::Input(at) => {
                let over = (0..outputs.len()).find(|output| plan.in_place_input(*output) == Some(at));
                over.map_or_else(|| by(&self.inputs, inputs, at), |at| by(&self.outputs, outputs, at))
            }
            Buffer::Workspace(at) => {
                plan.stored()[at].output.map_or(0, |output| by(&self.outputs, outputs, output))
            }
            Buffer::Constant(_) | Buffer::Index => 0,
        };
        self.launches.0.iter_mut().for_each(|launch| launch.relocate(&moved));
        self.inputs.clone_from(inputs);
        self.outputs.clone_from(outputs);
    }
}

/// Code that is not compiled again while a program lives: that for densely packed arrays, made before
/// the first run, and that for the layouts that were bound.
#[derive(Default)]
pub(super) struct HeldCode(HashMap<usize, Arc<Compiled>>);

impl HeldCode {
    /// The most routines held for each kernel; programs that meet more layouts than that begin anew.
    pub(super) const PER_KERNEL: usize = 64;

    pub(super) fn hold(&mut self, launches: &Launches, kernels: usize) {
        let most = Self::PER_KERNEL * kernels;
        for code in launches.0.iter().flat_map(Work::code) {
            if self.0.len() >= most {
                self.0.clear();
            }
            self.0.insert(Arc::as_ptr(&code) as usize, code);
        }
    }
}
