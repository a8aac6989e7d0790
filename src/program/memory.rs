//! Where a program has its memory: constants, workspace, and arrays as they are most likely bound.

use crate::jit::CodeError;
use crate::record::field_layout;
use crate::rows::Blocks;
use crate::view::Layout;
use fusewire_ir::diagnostic::human_bytes;
use fusewire_ir::plan::Port;
use fusewire_ir::{ArrayType, DType, Diagnostic, DiagnosticKind, Error, Scalar, Site};

/// A constant array in memory.
pub(super) struct Constant {
    pub(super) layout: Layout,
    _elements: Box<[u64]>,
}

/// Where everything is in workspace.
pub(super) struct Arrangement {
    /// Where each slot begins, and at last where the workspace ends.
    pub(super) offsets: Vec<usize>,
    /// For each step, how its rows are cut, where kernels take turns on them.
    pub(super) blocks: Vec<Option<Blocks>>,
}

/// Where slots of so many bytes begin one after another, and at last where they end.
pub(super) fn offsets_of(slots: &[usize]) -> Vec<usize> {
    let mut offsets = vec![0usize];
    for bytes in slots {
        offsets.push(offsets[offsets.len() - 1].saturating_add(*bytes));
    }
    offsets
}

/// Where a workspace of so many bytes begins in the caller's memory: at a cache line.
pub(super) fn place_in(lent: &mut [u8], bytes: usize, site: Site) -> Result<usize, Error> {
    let skipped = (lent.as_ptr() as usize).wrapping_neg() % WORKSPACE_ALIGNMENT;
    if bytes == 0 {
        return Ok(WORKSPACE_ALIGNMENT);
    }
    match lent.get_mut(skipped..).filter(|rest| rest.len() >= bytes) {
        Some(rest) => Ok(rest.as_mut_ptr() as usize),
        None => {
            let message = format!(
                "the workspace has {} bytes, and {bytes} are needed from a multiple of {WORKSPACE_ALIGNMENT} on",
                lent.len()
            );
            let need = bytes.saturating_add(WORKSPACE_ALIGNMENT - 1);
            Err(Diagnostic::new(DiagnosticKind::Workspace, message)
                .at(site)
                .help(format!("{need} bytes are enough wherever they lie"))
                .into())
        }
    }
}

/// Workspace begins at a cache line.
pub(super) const WORKSPACE_ALIGNMENT: usize = 64;

pub(super) fn no_memory(bytes: usize, site: Site) -> Error {
    let message = format!(
        "the machine cannot give the {} that the plan stores between kernels",
        human_bytes(bytes as u64)
    );
    Diagnostic::new(DiagnosticKind::Workspace, message)
        .at(site)
        .help("`plan.stored()` and `plan.explain()` say what it is for")
        .into()
}

pub(super) fn not_compiled(error: CodeError) -> Error {
    Diagnostic::new(DiagnosticKind::Compile, format!("the kernel could not be compiled: {error}")).into()
}

/// A dense layout at an address, for known sizes.
pub(super) fn dense(dtype: DType, sizes: &[u64], address: usize) -> Layout {
    let mut strides = smallvec::SmallVec::from_elem(0i64, sizes.len());
    let mut step = dtype.bytes() as i64;
    for (stride, size) in strides.iter_mut().zip(sizes).rev() {
        *stride = step;
        step = step.wrapping_mul(*size as i64);
    }
    Layout { address, dtype, sizes: sizes.into(), strides, problem: None }
}

/// A dense layout at the dims' upper bounds.
pub(super) fn dense_at(array: &ArrayType, address: usize) -> Layout {
    let sizes: Vec<u64> = array.shape.iter().map(fusewire_ir::Dim::upper).collect();
    dense(array.dtype, &sizes, address)
}

/// The layout that a port is most likely bound with.
pub(super) fn expected_at(port: &Port, address: usize) -> Layout {
    let Some(of) = &port.field else { return dense_at(&port.array, address) };
    let Some(field) = of.ty.field(&of.field) else { return dense_at(&port.array, address) };
    let rows = port.array.shape.len() - usize::from(field.ty.dtype().is_none());
    let sizes: Vec<u64> = port.array.shape[..rows].iter().map(fusewire_ir::Dim::upper).collect();
    let mut layout = dense(port.array.dtype, &sizes, address);
    let mut step = of.ty.itemsize() as i64;
    for (stride, size) in layout.strides.iter_mut().zip(&sizes).rev() {
        *stride = step;
        step = step.wrapping_mul(*size as i64);
    }
    field_layout(&layout, field, field.ty.dtype().map(|_| port.array.dtype))
}

impl Constant {
    pub(super) fn new(array: &ArrayType, elements: &[Scalar]) -> Self {
        let bytes = array.dtype.bytes();
        let mut packed = vec![0u8; elements.len() * bytes];
        for (to, element) in packed.chunks_exact_mut(bytes).zip(elements) {
            to.copy_from_slice(&element.bits().to_le_bytes()[..bytes]);
        }
        let words: Box<[u64]> = packed
            .chunks(8)
            .map(|chunk| {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(word)
            })
            .collect();
        Self { layout: dense_at(array, words.as_ptr() as usize), _elements: words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No test can take the instructions of its processor away.
    #[test]
    fn what_cannot_be_compiled_says_why() {
        let why = ["the processor has no SSE4.2", "only x86-64 on Unix is supported so far"];
        let messages = why.map(|why| not_compiled(CodeError(why.into())).to_string());
        insta::assert_snapshot!(messages.join("\n\n"));
    }
}
