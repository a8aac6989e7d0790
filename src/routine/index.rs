//! Elements chosen by indices.

use super::{Lanes, PIECE, Pieces, by_width, integer, pieces, small, typed};
use crate::lines::{Array, Line, Plain, cast};
use fusewire_ir::routine::RoutineCall;
use fusewire_ir::{DType, Diagnostic, DiagnosticKind, OutOfBounds};
use std::ops::Add;

/// The position of nothing: there are zeros.
const NOWHERE: u64 = u64::MAX;

/// What indices choose from.
pub(super) struct Chosen<'c> {
    call: &'c RoutineCall,
    axis: usize,
    out_of_bounds: OutOfBounds,
    /// Where the indices are a piece of all: the axis, and where the piece begins along it.
    begin: Option<(usize, u64)>,
}

impl<'c> Chosen<'c> {
    pub const fn new(
        call: &'c RoutineCall,
        axis: usize,
        out_of_bounds: OutOfBounds,
        begin: Option<(usize, u64)>,
    ) -> Self {
        Self { call, axis, out_of_bounds, begin }
    }

    fn dtype(&self) -> DType {
        self.call.operands[1].array.dtype
    }

    fn bytes(&self) -> usize {
        self.call.operands[0].array.dtype.bytes()
    }

    /// The positions that a piece of a line of indices chooses, or which of them is none.
    fn resolve(&self, line: &Line, first: u64, to: &mut [u64], size: u64) -> Result<(), (usize, i128)> {
        macro_rules! resolve {
            ($I:ty) => {{
                let mut indices = [<$I>::default(); PIECE];
                let indices = &mut indices[..to.len()];
                line.read(first, indices);
                for (at, (to, index)) in to.iter_mut().zip(indices).enumerate() {
                    // Nearly every index is an element.
                    if let Some(found) = small(*index).filter(|found| *found < size) {
                        *to = found;
                        continue;
                    }
                    let index = integer(*index);
                    *to = self.out_of_bounds.resolve(index, size).ok_or((at, index))?;
                }
                Ok(())
            }};
        }
        typed!(self.dtype(), resolve)
    }

    /// The positions that all indices choose.
    fn resolve_all(&self, indices: &Array, positions: &mut [u64], size: u64) -> Result<(), Box<Diagnostic>> {
        let last = indices.sizes().len() - 1;
        let row = indices.sizes()[last];
        let mut rest = positions;
        for line in 0..indices.lines(last) {
            for first in (0..row).step_by(PIECE) {
                let count = (row - first).min(PIECE as u64) as usize;
                let (to, after) = std::mem::take(&mut rest).split_at_mut(count);
                rest = after;
                self.resolve(&indices.line(last, line), first, to, size)
                    .map_err(|(at, index)| self.wrong(indices, last, line, first + at as u64, index, size))?;
            }
        }
        Ok(())
    }

    /// The error for an index, by its value and where it stands.
    fn wrong(
        &self,
        indices: &Array,
        axis: usize,
        line: u64,
        at: u64,
        index: i128,
        size: u64,
    ) -> Box<Diagnostic> {
        let mut place = indices.index(axis, line, at);
        if let Some((of_piece, start)) = self.begin
            && let Some(along) = place.get_mut(of_piece)
        {
            *along += start;
        }
        let place: Vec<String> = place.iter().map(ToString::to_string).collect();
        let place = if place.is_empty() { String::new() } else { format!(" at [{}]", place.join(", ")) };
        let message = format!(
            "`{}`: index {index}{place} of `{}` is out of bounds for axis {} of `{}`, which has {size} element{}",
            self.call.called,
            self.call.operands[1].given.name,
            self.axis,
            self.call.operands[0].given.name,
            if size == 1 { "" } else { "s" },
        );
        let mut diagnostic =
            Diagnostic::new(DiagnosticKind::Index, message).at(self.call.site).axis(self.axis);
        for operand in &self.call.operands {
            diagnostic = diagnostic.operand(operand.given.note());
        }
        Box::new(
            diagnostic.help("`OutOfBounds::Clip` and `OutOfBounds::Wrap` choose an element for every index"),
        )
    }
}

/// Takes the parts of an axis. Operands and results have at least one axis where the indices are.
pub(super) fn take(
    x: &Array,
    indices: &Array,
    results: &[Array],
    chosen: &Chosen<'_>,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let row = indices.sizes()[indices.sizes().len() - 1];
    let positions = cast::<u64>(lanes.scratch);
    chosen.resolve_all(indices, positions, x.sizes()[chosen.axis])?;
    by_width!(chosen.bytes(), take_all(x, positions, row, results, chosen.axis, lanes.parts));
    Ok(())
}

fn take_all<B: Plain>(x: &Array, positions: &[u64], row: u64, results: &[Array], axis: usize, parts: u64) {
    let Some(result) = results.first() else { return };
    let last = result.sizes().len() - 1;
    let is_last = axis + 1 == x.sizes().len();
    // Rows of the result: for each index before the axis, for each of the positions (or, where these are the
    // rows themselves, for each row of them), for each index after it.
    let after: u64 = if is_last { 1 } else { x.sizes()[axis + 1..x.sizes().len() - 1].iter().product() };
    let chosen = if is_last { positions.len() as u64 / row.max(1) } else { positions.len() as u64 };
    let size = x.sizes()[axis];
    let pieces = Pieces::new(result);
    Lanes { scratch: &mut [], parts }.each(0..pieces.count(), 0, &|numbers, _| {
        let mut piece = [B::default(); PIECE];
        for number in numbers {
            let (line, range) = pieces.place(number);
            let (before, rest) = (line / (chosen * after), line % (chosen * after));
            let (which, inner) = (rest / after, rest % after);
            let piece = &mut piece[..(range.end - range.start) as usize];
            if is_last {
                let positions = &positions[(which * row + range.start) as usize..][..piece.len()];
                // Those that are none come last.
                if positions.last() == Some(&NOWHERE) {
                    piece.fill(B::default());
                }
                x.line(axis, before).gather(positions, piece);
            } else if positions[which as usize] == NOWHERE {
                piece.fill(B::default());
            } else {
                let line = (before * size + positions[which as usize]) * after + inner;
                x.line(x.sizes().len() - 1, line).read(range.start, piece);
            }
            for result in results {
                result.line(last, line).write(range.start, piece);
            }
        }
    });
}

/// Takes elements of each line along an axis.
pub(super) fn take_along_axis(
    x: &Array,
    indices: &Array,
    results: &[Array],
    chosen: &Chosen<'_>,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let (axis, length, size) = (chosen.axis, indices.sizes()[chosen.axis], x.sizes()[chosen.axis]);
    let mut positions = [0u64; PIECE];
    // Every index is checked before anything is written.
    for line in 0..indices.lines(axis) {
        for first in (0..length).step_by(PIECE) {
            let count = (length - first).min(PIECE as u64) as usize;
            let to = &mut positions[..count];
            chosen
                .resolve(&indices.line(axis, line), first, to, size)
                .map_err(|(at, index)| chosen.wrong(indices, axis, line, first + at as u64, index, size))?;
        }
    }
    by_width!(chosen.bytes(), take_lines(x, indices, results, chosen, lanes.parts));
    Ok(())
}

fn take_lines<B: Plain>(x: &Array, indices: &Array, results: &[Array], chosen: &Chosen<'_>, parts: u64) {
    let (axis, length, size) = (chosen.axis, indices.sizes()[chosen.axis], x.sizes()[chosen.axis]);
    Lanes { scratch: &mut [], parts }.each(0..indices.lines(axis), 0, &|lines, _| {
        let (mut positions, mut piece) = ([0u64; PIECE], [B::default(); PIECE]);
        for first in (0..length).step_by(PIECE) {
            let count = (length - first).min(PIECE as u64) as usize;
            for line in lines.clone() {
                let (source, positions) = (x.line(axis, line), &mut positions[..count]);
                if chosen.resolve(&indices.line(axis, line), first, positions, size).is_err() {
                    return;
                }
                source.gather(positions, &mut piece[..count]);
                for result in results {
                    result.line(axis, line).write(first, &piece[..count]);
                }
            }
        }
    });
}

/// Moves the parts of an axis that a mask keeps to its beginning.
pub(super) fn compress(x: &Array, mask: &Array, results: &[Array], told: (usize, usize), lanes: Lanes<'_>) {
    let (axis, bytes) = told;
    let positions = cast::<u64>(lanes.scratch);
    let mut kept = 0;
    pieces(&mask.line(0, 0), |first, piece: &[u8]| {
        for (at, _) in (first..).zip(piece).filter(|(_, is_kept)| **is_kept != 0) {
            positions[kept] = at;
            kept += 1;
        }
    });
    positions[kept..].fill(NOWHERE);
    let row = positions.len() as u64;
    by_width!(bytes, take_all(x, positions, row, results, axis, lanes.parts));
}

/// Copies an array and puts values at positions of an axis, or adds them there, one after another.
pub(super) fn put(
    operands: [&Array; 3],
    results: &[Array],
    chosen: &Chosen<'_>,
    adds: bool,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let [x, indices, values] = operands;
    let (axis, parts) = (chosen.axis, lanes.parts);
    let positions = cast::<u64>(lanes.scratch);
    chosen.resolve_all(indices, positions, x.sizes()[axis])?;
    if !adds {
        by_width!(chosen.bytes(), put_lines(x, values, results, axis, positions, parts, &|_, value| value));
        return Ok(());
    }
    macro_rules! add {
        ($T:ty) => {
            put_lines::<$T>(x, values, results, axis, positions, parts, &<$T as Sum>::plus)
        };
    }
    if chosen.call.result.dtype == DType::Bool {
        put_lines::<u8>(x, values, results, axis, positions, parts, &|a, b| a | b);
    } else {
        typed!(chosen.call.result.dtype, add);
    }
    Ok(())
}

/// What is added up in its own dtype.
trait Sum: Sized {
    fn plus(self, other: Self) -> Self;
}

macro_rules! sums {
    ($method:ident: $($number:ty)+) => { $(
        impl Sum for $number {
            fn plus(self, other: Self) -> Self {
                self.$method(other)
            }
        }
    )+ };
}
sums! { wrapping_add: u8 i8 u16 i16 u32 i32 u64 i64 }
sums! { add: f32 f64 fusewire_ir::half::f16 fusewire_ir::half::bf16 }

fn put_lines<T: Plain>(
    x: &Array,
    values: &Array,
    results: &[Array],
    axis: usize,
    positions: &[u64],
    parts: u64,
    combine: &(impl Fn(T, T) -> T + Sync),
) {
    Lanes { scratch: &mut [], parts }.each(0..x.lines(axis), 0, &|lines, _| {
        let mut piece = [T::default(); PIECE];
        for line in lines.clone() {
            pieces(&x.line(axis, line), |first, elements: &[T]| {
                results.iter().for_each(|result| result.line(axis, line).write(first, elements));
            });
        }
        for first in (0..positions.len()).step_by(PIECE) {
            let some = &positions[first..positions.len().min(first + PIECE)];
            for line in lines.clone() {
                let piece = &mut piece[..some.len()];
                values.line(axis, line).read(first as u64, piece);
                for result in results {
                    let to = result.line(axis, line);
                    for (value, at) in piece.iter().zip(some) {
                        to.write(*at, &[combine(to.get(*at), *value)]);
                    }
                }
            }
        }
    });
}
