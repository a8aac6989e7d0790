//! Files in memory: inputs that are read where they are, outputs that are written where they will be.
#![allow(unsafe_code)]

use super::failure::plain;
use fusewire::ir::diagnostic::human_bytes;
use fusewire::{DType, View, ViewMut};
use memmap2::{Mmap, MmapMut};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that are read.
#[derive(Clone)]
pub enum Bytes {
    /// A part of a file.
    File(Arc<Mmap>, Range<usize>),
    /// A part of memory of this process.
    Own(Arc<MmapMut>, Range<usize>),
}

impl std::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::File(map, range) => &map[range.clone()],
            Self::Own(map, range) => &map[range.clone()],
        }
    }
}

impl Bytes {
    /// All of a file.
    pub fn of_file(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is read-only. A file that another process changes changes the values that are read,
        // and one that it cuts short ends this process with a signal; neither breaks what Rust relies on here,
        // since the bytes go to compiled code as numbers, for which any bits do.
        let map = unsafe { Mmap::map(file)? };
        let range = 0..map.len();
        Ok(Self::File(map.into(), range))
    }

    /// Memory that `fill` fills.
    pub fn made(length: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, String> {
        let needs = |have: &str| format!("{} of memory are needed, {have}", human_bytes(length as u64));
        // The system promises more than it has, and ends a process that takes it at its word.
        if let Some(available) = available().filter(|available| length as u64 > *available) {
            return Err(needs(&format!("and {} are free", human_bytes(available))));
        }
        let mut map = MmapMut::map_anon(length.max(1))
            .map_err(|error| needs(&format!("which the system refuses: {}", plain(&error))))?;
        fill(&mut map[..length]);
        Ok(Self::Own(map.into(), 0..length))
    }

    /// A part of them, where they have it.
    pub fn part(&self, range: Range<usize>) -> Option<Self> {
        self.get(range.clone())?;
        let within = |whole: &Range<usize>| whole.start + range.start..whole.start + range.end;
        Some(match self {
            Self::File(map, whole) => Self::File(map.clone(), within(whole)),
            Self::Own(map, whole) => Self::Own(map.clone(), within(whole)),
        })
    }
}

/// Bytes of memory that can be had without anything being written to a disk, where Linux says so.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes of an array of these sizes, if 63 bits hold them.
pub fn byte_count(bytes: usize, sizes: &[u64]) -> Option<usize> {
    let bytes = bytes as u64;
    // No product of some of the sizes may overflow either, or strides would.
    let product = sizes
        .iter()
        .filter(|size| **size != 0)
        .try_fold(bytes, |product, size| product.checked_mul(*size))?;
    isize::try_from(product).ok()?;
    Some(if sizes.contains(&0) { 0 } else { product as usize })
}

/// Strides in bytes, of a dense array whose first axis moves fastest in Fortran's order, and slowest in C's.
fn strides(dtype: DType, sizes: &[usize], is_fortran: bool) -> Vec<isize> {
    let mut strides = vec![0; sizes.len()];
    let mut step = dtype.bytes() as isize;
    for at in 0..sizes.len() {
        let axis = if is_fortran { at } else { sizes.len() - 1 - at };
        strides[axis] = step;
        step = step.wrapping_mul(sizes[axis].max(1) as isize);
    }
    strides
}

/// Bytes as an array, if there are enough of them. `dtype` is not `bool`, for which not all bytes would do.
pub fn view<'a>(bytes: &'a [u8], dtype: DType, sizes: &[u64], is_fortran: bool) -> Option<View<'a>> {
    if byte_count(dtype.bytes(), sizes)? > bytes.len() || dtype == DType::Bool {
        return None;
    }
    let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
    let strides = strides(dtype, &sizes, is_fortran);
    // SAFETY: the strides are those of a dense array of these sizes, whose bytes were counted; the borrow of the
    // slice keeps them, and any bits are a number.
    Some(unsafe { View::from_raw(bytes.as_ptr(), dtype, &sizes, &strides) })
}

/// A file that is written in memory.
pub struct Written(MmapMut);

impl Written {
    /// All of a file, which is as long as it will be.
    pub fn of_file(file: &File) -> io::Result<Self> {
        // SAFETY: the file was made by this process under a name of its own, and its space is allocated. Whoever
        // changes it meanwhile changes results, and breaks nothing that Rust relies on: it holds numbers alone.
        Ok(Self(unsafe { MmapMut::map_mut(file)? }))
    }

    /// The bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The bytes from `start` on as a dense array in C's order, if there are enough of them.
    pub fn view(&mut self, start: usize, dtype: DType, sizes: &[u64]) -> Option<ViewMut<'_>> {
        let bytes = self.0.get_mut(start..)?;
        if byte_count(dtype.bytes(), sizes)? > bytes.len() {
            return None;
        }
        let sizes: Vec<usize> = sizes.iter().map(|size| *size as usize).collect();
        let strides = strides(dtype, &sizes, false);
        // SAFETY: the strides are those of a dense array of these sizes, whose bytes were counted; the borrow of
        // the mapping keeps them, and nobody else of this process has them.
        Some(unsafe { ViewMut::from_raw(bytes.as_mut_ptr(), dtype, &sizes, &strides) })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn memory_that_is_not_there_is_refused() {
        let problem = super::Bytes::made(1 << 46, |_| panic!("nothing is filled")).err().unwrap();
        assert!(problem.starts_with("70.4 TB of memory are needed, and "), "{problem}");
        assert_eq!(&super::Bytes::made(3, |bytes| bytes.fill(7)).ok().unwrap()[..], [7; 3]);
    }
}
