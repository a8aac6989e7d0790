//! Searches in vectors that are in order, and counts.

use super::sort::{Bits, Keys, Order};
use super::{Lanes, PIECE, Pieces, by_width, integer, typed};
use crate::lines::{Array, Line, cast};
use fusewire_ir::routine::{COUNTING_PARTS, RoutineCall};
use fusewire_ir::{DType, Diagnostic, DiagnosticKind, Side};
use std::ops::Range;

/// How many elements in order come before a key: those that are less, and equal ones at the right side.
fn position<B: Ord>(length: u64, key_at: impl Fn(u64) -> B, key: &B, side: Side) -> u64 {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low + (high - low) / 2;
        let other = key_at(middle);
        let is_before = if side == Side::Left { other < *key } else { other <= *key };
        if is_before { low = middle + 1 } else { high = middle }
    }
    low
}

/// The keys of a vector in order: on the stack where it is short.
struct Sorted<'k, B> {
    keys: &'k Keys<B>,
    line: Line,
    near: [B; PIECE],
}

impl<'k, B: Bits> Sorted<'k, B> {
    fn new(line: Line, keys: &'k Keys<B>) -> Self {
        let mut near = [B::default(); PIECE];
        line.read(0, &mut near);
        near.iter_mut().for_each(|bits| *bits = keys.key(*bits));
        Self { keys, line, near }
    }

    fn key(&self, at: u64) -> B {
        match self.near.get(at as usize) {
            Some(key) => *key,
            None => self.keys.key(self.line.get(at)),
        }
    }

    fn position(&self, key: B, side: Side) -> u64 {
        let length = self.line.length();
        if length <= PIECE as u64 {
            return position(length, |at| self.near[at as usize], &key, side);
        }
        position(length, |at| self.key(at), &key, side)
    }
}

/// Writes the position where each value belongs. Values and results have at least one axis.
pub(super) fn searchsorted(
    sorted: &Array,
    values: &Array,
    results: &[Array],
    dtype: DType,
    side: Side,
    parts: u64,
) {
    by_width!(dtype.bytes(), search_all(sorted, values, results, dtype, side, parts));
}

fn search_all<B: Bits>(
    sorted: &Array,
    values: &Array,
    results: &[Array],
    dtype: DType,
    side: Side,
    parts: u64,
) {
    let keys = Keys::<B>::new(Order::new(dtype, false));
    let sorted = Sorted::new(sorted.line(0, 0), &keys);
    let values = Pieces::new(values);
    Lanes { scratch: &mut [], parts }.each(0..values.count(), 0, &|pieces, _| {
        let (mut piece, mut positions) = ([B::default(); PIECE], [0i64; PIECE]);
        for number in pieces {
            let count = values.read(number, &mut piece);
            for (to, bits) in positions.iter_mut().zip(&piece[..count]) {
                *to = sorted.position(keys.key(*bits), side) as i64;
            }
            let (line, range) = values.place(number);
            for result in results {
                result.line(values.axis(), line).write(range.start, &positions[..count]);
            }
        }
    });
}

/// Calls `count` for each part of the pieces, with counts of its own that are 0, and adds them up.
fn in_parts<E: Send>(
    pieces: u64,
    length: usize,
    lanes: Lanes<'_>,
    count: &(impl Fn(Range<u64>, &mut [u64]) -> Result<(), E> + Sync),
    results: &[Array],
) -> Result<(), E> {
    let counts = cast::<u64>(lanes.scratch);
    let room = counts.len().checked_div(length).unwrap_or(1) as u64;
    let parts = lanes.parts.min(COUNTING_PARTS).min(room).min(pieces).max(1);
    let counts = &mut counts[..parts as usize * length];
    counts.fill(0);
    some_parts(0..parts, counts, &|part, counts| {
        count(pieces * part / parts..pieces * (part + 1) / parts, counts)
    })?;
    let (total, others) = counts.split_at_mut(length);
    for other in others.chunks_exact(length.max(1)) {
        total.iter_mut().zip(other).for_each(|(total, count)| *total += count);
    }
    results.iter().for_each(|result| result.line(0, 0).write(0, total));
    Ok(())
}

fn some_parts<E: Send>(
    parts: Range<u64>,
    counts: &mut [u64],
    count: &(impl Fn(u64, &mut [u64]) -> Result<(), E> + Sync),
) -> Result<(), E> {
    let number = parts.end - parts.start;
    if number <= 1 {
        return count(parts.start, counts);
    }
    let middle = parts.start + number / 2;
    let (left, right) = counts.split_at_mut(counts.len() / number as usize * (number / 2) as usize);
    let (left, right) = rayon::join(
        || some_parts(parts.start..middle, left, count),
        || some_parts(middle..parts.end, right, count),
    );
    // The first of several errors is the same in any number of parts.
    left.and(right)
}

/// Counts the elements between edges.
pub(super) fn histogram(
    values: &Array,
    edges: &Array,
    results: &[Array],
    call: &RoutineCall,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let dtype = call.operands[0].array.dtype;
    by_width!(dtype.bytes(), histogram_of(values, edges, results, call, lanes))
}

fn histogram_of<B: Bits>(
    values: &Array,
    edges: &Array,
    results: &[Array],
    call: &RoutineCall,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let keys = Keys::<B>::new(Order::new(call.operands[0].array.dtype, false));
    let edges = Sorted::new(edges.line(0, 0), &keys);
    let bins = edges.line.length().saturating_sub(1);
    if let Some(at) = (0..bins).find(|at| edges.key(*at) > edges.key(at + 1)) {
        let name = &call.operands[1].given.name;
        let message = format!(
            "`histogram`: the edges `{name}` are not in ascending order: [{}] is less than [{at}]",
            at + 1
        );
        let mut diagnostic = Diagnostic::new(DiagnosticKind::Order, message).at(call.site);
        for operand in &call.operands {
            diagnostic = diagnostic.operand(operand.given.note());
        }
        return Err(Box::new(diagnostic));
    }
    let (lowest, highest, values) = (edges.key(0), edges.key(bins), Pieces::new(values));
    let count = |pieces: Range<u64>, counts: &mut [u64]| {
        let mut piece = [B::default(); PIECE];
        for number in pieces {
            let count = values.read(number, &mut piece);
            for bits in &piece[..count] {
                let key = keys.key(*bits);
                if lowest <= key && key <= highest {
                    let bin = edges.position(key, Side::Right).min(bins) - 1;
                    counts[bin as usize] += 1;
                }
            }
        }
        Ok(())
    };
    in_parts(values.count(), bins as usize, lanes, &count, results)
}

/// Writes a number if another is the same.
pub(super) fn expect(
    found: &Array,
    wanted: &Array,
    results: &[Array],
    call: &RoutineCall,
    message: &str,
) -> Result<(), Box<Diagnostic>> {
    let [found, wanted]: [i64; 2] = [found, wanted].map(|number| number.line(0, 0).get(0));
    if found != wanted {
        let message = message.replace("{found}", &found.to_string()).replace("{wanted}", &wanted.to_string());
        return Err(Box::new(Diagnostic::new(DiagnosticKind::Shape, message).at(call.site)));
    }
    results.iter().for_each(|result| result.line(0, 0).write(0, &[found]));
    Ok(())
}

/// Counts integers, or adds up their weights.
pub(super) fn bincount(
    values: &Array,
    weights: Option<&Array>,
    results: &[Array],
    call: &RoutineCall,
    lanes: Lanes<'_>,
) -> Result<(), Box<Diagnostic>> {
    let length = results.first().map_or(0, |result| result.sizes()[0]);
    let pieces = Pieces::new(values);
    macro_rules! counted {
        ($I:ty) => {{
            let count = |numbers: Range<u64>, counts: &mut [u64]| {
                let (mut piece, mut added) = ([<$I>::default(); PIECE], [0.0f64; PIECE]);
                for number in numbers {
                    let count = pieces.read(number, &mut piece);
                    if let Some(weights) = weights {
                        Pieces::new(weights).read(number, &mut added);
                    }
                    for (at, value) in piece[..count].iter().enumerate() {
                        let bin = usize::try_from(integer(*value)).unwrap_or(usize::MAX);
                        let Some(sum) = counts.get_mut(bin) else {
                            return Err((number, at, integer(*value)));
                        };
                        *sum = match weights {
                            None => *sum + 1,
                            Some(_) => (f64::from_bits(*sum) + added[at]).to_bits(),
                        };
                    }
                }
                Ok(())
            };
            // The sum of weights has one order.
            let lanes = Lanes { parts: if weights.is_some() { 1 } else { lanes.parts }, ..lanes };
            in_parts(pieces.count(), length as usize, lanes, &count, results).err()
        }};
    }
    let wrong = typed!(call.operands[0].array.dtype, counted);
    let Some((number, at, value)) = wrong else { return Ok(()) };
    let (line, range) = pieces.place(number);
    let index = values.index(pieces.axis(), line, range.start + at as u64);
    let index: Vec<String> = index.iter().map(ToString::to_string).collect();
    let name = &call.operands[0].given.name;
    let message = format!(
        "`bincount`: {value} at [{}] of `{name}` is out of bounds for {length} bins",
        index.join(", ")
    );
    let mut diagnostic = Diagnostic::new(DiagnosticKind::Index, message).at(call.site);
    for operand in &call.operands {
        diagnostic = diagnostic.operand(operand.given.note());
    }
    Err(Box::new(diagnostic))
}
