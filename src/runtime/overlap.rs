//! Which memory arrays have in common, judged by their sizes and strides.
#![allow(unsafe_code)]

use crate::{Function, exported};

/// Where the elements of an array are.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a> {
    /// The address of the element at index 0 of every axis.
    pub address: usize,
    /// Bytes of an element.
    pub item: usize,
    /// Elements along each axis.
    pub sizes: &'a [u64],
    /// Bytes from one element to the next along each axis.
    pub strides: &'a [i64],
}

/// The most axes of arrays whose memory is compared exactly; those with more are taken to meet where their ranges do.
const MOST_AXES: usize = 32;

/// Axes of more than one element, by ascending distance: bytes from one element to the next, and how many there are.
struct Axes {
    axes: [(u64, u64); MOST_AXES],
    count: usize,
}

impl Axes {
    fn get(&self) -> &[(u64, u64)] {
        &self.axes[..self.count]
    }
}

impl Array<'_> {
    fn axes(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.strides.iter().copied().zip(self.sizes.iter().copied()).filter(|(_, size)| *size > 1)
    }

    /// The axes in order; `None` where there are more than [`MOST_AXES`].
    fn ordered(&self) -> Option<Axes> {
        let mut axes = Axes { axes: [(0, 0); MOST_AXES], count: 0 };
        for (stride, size) in self.axes() {
            *axes.axes.get_mut(axes.count)? = (stride.unsigned_abs(), size);
            axes.count += 1;
        }
        axes.axes[..axes.count].sort_unstable();
        Some(axes)
    }

    /// The lowest address that is touched and the first one beyond; `None` for no elements.
    #[must_use]
    pub fn extent(&self) -> Option<(usize, usize)> {
        if self.sizes.contains(&0) {
            return None;
        }
        let (mut low, mut high) = (self.address as i128, self.address as i128);
        for (stride, size) in self.axes() {
            let reach = (i128::from(size) - 1) * i128::from(stride);
            if reach < 0 { low += reach } else { high += reach }
        }
        Some((low as usize, (high + self.item as i128) as usize))
    }

    /// May two indices lead to the same element? Only for arrays whose axes, ordered by stride, each step over the whole
    /// extent of the smaller ones is it certain that they do not.
    #[must_use]
    pub fn may_overlap_itself(&self) -> bool {
        let Some(axes) = self.ordered() else { return true };
        let mut reach = self.item as u128;
        for (stride, size) in axes.get() {
            if u128::from(*stride) < reach {
                return true;
            }
            reach += u128::from(*stride) * u128::from(size - 1);
        }
        false
    }

    /// The array as blocks without gaps: the lowest address of one, the bytes of each, and the common divisor of
    /// the steps between them, 0 for a single one.
    fn blocks(&self) -> Option<(i128, u64, u64)> {
        let mut first = self.address as i128;
        for (stride, size) in self.axes() {
            first += (i128::from(stride) * (i128::from(size) - 1)).min(0);
        }
        let (mut bytes, mut step) = (self.item as u64, 0);
        for (stride, size) in self.ordered()?.get() {
            if step == 0 && *stride == bytes {
                bytes = bytes.saturating_mul(*size);
            } else {
                step = gcd(*stride, step);
            }
        }
        Some((first, bytes, step))
    }

    /// How many bytes the address ranges of two arrays share, or `None` where no element of one can
    /// touch an element of the other.
    #[must_use]
    pub fn shared_bytes(&self, other: &Array<'_>) -> Option<u64> {
        let ((low, high), (other_low, other_high)) = (self.extent()?, other.extent()?);
        let (low, high) = (low.max(other_low), high.min(other_high));
        if low >= high {
            return None;
        }
        // Interleaved arrays (every other column, fields of rows) stay apart modulo the common divisor of all
        // strides.
        if let (Some((first, bytes, step)), Some((other_first, other_bytes, other_step))) =
            (self.blocks(), other.blocks())
        {
            let step = gcd(step, other_step);
            if step > 0 {
                let distance = (other_first - first).rem_euclid(i128::from(step)) as u64;
                if distance >= bytes && distance.saturating_add(other_bytes) <= step {
                    return None;
                }
            }
        }
        Some((high - low) as u64)
    }

    /// An array whose address, sizes and strides are words of 64 bits one after another.
    ///
    /// # Safety
    /// `words` leads to `1 + 2 * axes` words that nobody writes while the array lives.
    unsafe fn of_words<'w>(words: *const u64, axes: u64, item: u64) -> Array<'w> {
        let axes = axes as usize;
        // SAFETY: the caller's promise.
        unsafe {
            Array {
                address: *words as usize,
                item: item as usize,
                sizes: std::slice::from_raw_parts(words.add(1), axes),
                strides: std::slice::from_raw_parts(words.add(1 + axes).cast::<i64>(), axes),
            }
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `(words, axes, item)`: 1 where two indices of an array may lead to the same element. It begins with its address,
/// sizes and strides.
#[must_use]
pub fn itself_function() -> Function {
    exported!(
        "fusewire_overlaps_itself",
        fn(words: *const u64, axes: u64, item: u64) -> u64 {
            // SAFETY: compiled code passes an array as it was laid out for it, with so many axes.
            let array = unsafe { Array::of_words(words, axes, item) };
            u64::from(!array.sizes.contains(&0) && array.may_overlap_itself())
        }
    )
}

/// `(words, axes, item, words, axes, item)`: 1 where two arrays may have an element in common.
#[must_use]
pub fn pair_function() -> Function {
    exported!(
        "fusewire_overlap",
        fn(
            words: *const u64,
            axes: u64,
            item: u64,
            other_words: *const u64,
            other_axes: u64,
            other_item: u64
        ) -> u64 {
            // SAFETY: as above, for both.
            let (array, other) = unsafe {
                (Array::of_words(words, axes, item), Array::of_words(other_words, other_axes, other_item))
            };
            u64::from(array.shared_bytes(&other).is_some())
        }
    )
}
