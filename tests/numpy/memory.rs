//! Elements in memory at every alignment and stride.

use fusewire::{DType, View, ViewMut};

/// Elements of an operand, of which there is a copy at every alignment.
pub const LENGTH: usize = 71;
const LINE: usize = 64;

/// Bytes from the start of a cache line on.
struct Lines {
    bytes: Vec<u8>,
    start: usize,
}

impl Lines {
    fn new(count: usize, value: u8) -> Self {
        let bytes = vec![value; count + LINE];
        let start = bytes.as_ptr().align_offset(LINE);
        Self { bytes, start }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }
}

/// How many elements of a dtype begin in a cache line.
pub const fn alignments(dtype: DType) -> usize {
    LINE / dtype.bytes()
}

/// The elements of an operand again and again, so that a run of them may begin anywhere in a cache line.
pub struct Operand {
    elements: Vec<u8>,
    lines: Lines,
    dtype: DType,
    /// In elements; 0 repeats one.
    stride: isize,
}

impl Operand {
    pub fn new(elements: &[u8], dtype: DType, stride: isize) -> Self {
        let bytes = dtype.bytes();
        assert_eq!(elements.len(), LENGTH * bytes);
        let count = LENGTH * (1 + alignments(dtype));
        let mut operand = Self { elements: elements.to_vec(), lines: Lines::new(0, 0), dtype, stride };
        let mut lines = Lines::new(count * operand.step(), 1);
        for (at, element) in elements.chunks_exact(bytes).cycle().take(count).enumerate() {
            let start = operand.start(at);
            lines.bytes_mut()[start..start + bytes].copy_from_slice(element);
        }
        operand.lines = lines;
        operand
    }

    /// Bytes from one element in memory to the next.
    fn step(&self) -> usize {
        self.stride.unsigned_abs().max(1) * self.dtype.bytes()
    }

    /// Where an element is.
    fn start(&self, at: usize) -> usize {
        let last = LENGTH * (1 + alignments(self.dtype)) - 1;
        self.step() * if self.stride < 0 { last - at } else { at }
    }

    /// Consecutive elements that give what this operand gives from `first` on.
    pub fn dense(&self, first: usize) -> Self {
        let bytes = self.dtype.bytes();
        let elements = match self.stride {
            0 => self.elements[first * bytes..][..bytes].repeat(LENGTH),
            _ => self.elements.clone(),
        };
        Self::new(&elements, self.dtype, 1)
    }

    /// `length` elements from `first` on; consecutive ones begin `alignment` elements after the start of a
    /// cache line.
    pub fn view(&self, first: usize, alignment: usize, length: usize) -> View<'_> {
        let alignments = alignments(self.dtype);
        // 55 is the inverse of LENGTH modulo each number of alignments.
        let turn = (alignments + alignment % alignments - first % alignments) * 55 % alignments;
        let address = &raw const self.lines.bytes()[self.start(first + LENGTH * turn)];
        let stride = self.stride * self.dtype.bytes() as isize;
        // SAFETY: `length` is at most LENGTH, and so many elements follow.
        unsafe { View::from_raw(address, self.dtype, &[length], &[stride]) }
    }
}

/// Memory for a result, with memory around and between its elements that must stay as it is.
pub struct Output {
    lines: Lines,
    dtype: DType,
    stride: usize,
}

impl Output {
    const UNTOUCHED: u8 = 0xa5;

    pub fn new(dtype: DType, stride: usize) -> Self {
        let bytes = (LENGTH * stride + 1) * dtype.bytes() + 3 * LINE;
        Self { lines: Lines::new(bytes, Self::UNTOUCHED), dtype, stride }
    }

    fn start(&self, alignment: usize) -> usize {
        LINE + alignment % alignments(self.dtype) * self.dtype.bytes()
    }

    pub fn view(&mut self, alignment: usize, length: usize) -> ViewMut<'_> {
        let start = self.start(alignment);
        let address = &raw mut self.lines.bytes_mut()[start];
        let step = self.stride * self.dtype.bytes();
        // SAFETY: the memory has room for LENGTH elements from every alignment on.
        unsafe { ViewMut::from_raw(address, self.dtype, &[length], &[step as isize]) }
    }

    /// Takes the elements that were written out of the memory; `None` where others were touched.
    pub fn take(&mut self, alignment: usize, length: usize, into: &mut Vec<u8>) -> Option<()> {
        let (start, bytes, stride) = (self.start(alignment), self.dtype.bytes(), self.stride);
        let memory = self.lines.bytes_mut();
        into.clear();
        if stride == 1 {
            into.extend_from_slice(&memory[start..start + length * bytes]);
            memory[start..start + length * bytes].fill(Self::UNTOUCHED);
        } else {
            for at in 0..length {
                let element = &mut memory[start + at * stride * bytes..][..bytes];
                into.extend_from_slice(element);
                element.fill(Self::UNTOUCHED);
            }
        }
        // A vector beyond the end is what may go wrong.
        let end = start + length * stride * bytes;
        let near = &memory[start - LINE..(end + LINE).min(memory.len())];
        (near == &[Self::UNTOUCHED; 5 * LINE + 3 * LENGTH * 8][..near.len()]).then_some(())
    }
}
