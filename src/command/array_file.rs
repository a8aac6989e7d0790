//! Headers of `.npy` files.
//!
//! `npyz` reads them. It multiplies sizes without a look at overflow, and its parser recurses; so what it is given is
//! counted before.

use super::failure::one_line;
use fusewire::{DType, RecordType};
use npyz::{Endianness, NpyHeader, Order, TypeChar, TypeStr};
use std::fmt;

/// The longest header; NumPy itself reads no more than 10 000 bytes without being told to.
pub const MOST_BYTES: usize = 1 << 20;
/// How deeply a header is nested: five records within each other. The parser of headers takes four times as long for
/// each of them.
const DEEPEST: usize = 12;
/// How long its parser may take, where a bracket costs twice as much as the one around it: 75 000 fields, or 250
/// that are five records within each other.
const MOST_WORK: usize = 1 << 20;

/// What the elements of an array are.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    Numbers(DType),
    Records(RecordType),
}

impl Elements {
    /// Bytes of so many elements along each axis, if 63 bits hold them.
    pub fn byte_count(&self, sizes: &[u64]) -> Option<usize> {
        match self {
            Self::Numbers(dtype) => super::mapping::byte_count(dtype.bytes(), sizes),
            Self::Records(ty) => super::mapping::byte_count(ty.itemsize(), sizes),
        }
    }
}

impl fmt::Display for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers(dtype) => write!(f, "{dtype}"),
            Self::Records(_) => f.write_str("records"),
        }
    }
}

/// What a header says of the array.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    pub elements: Elements,
    pub sizes: Vec<u64>,
    pub is_fortran: bool,
    /// Where the elements begin.
    pub start: usize,
}

/// Reads the header of a file of `length` bytes, of which these are the first.
pub fn read(bytes: &[u8], length: u64) -> Result<Header, String> {
    let start = counted(bytes)?;
    let header = NpyHeader::from_reader(&bytes[..start])
        .map_err(|error| format!("its header is damaged: {}", one_line(&error.to_string())))?;
    let is_fortran = header.order() == Order::Fortran;
    let elements = match header.dtype() {
        npyz::DType::Plain(ty) => Elements::Numbers(dtype_of(&ty)?),
        npyz::DType::Array(..) => return Err("its dtype is an array".into()),
        npyz::DType::Record(_) if is_fortran && header.shape().len() > 1 => {
            return Err("it has records in Fortran's order; save it as `np.ascontiguousarray(x)`".into());
        }
        records => {
            let ty = RecordType::from_npy_descr(&records.descr());
            Elements::Records(ty.map_err(|error| format!("its records: {}", first_message(&error)))?)
        }
    };
    let sizes = header.shape().to_vec();
    if sizes.len() > 64 {
        return Err("it has more than 64 axes".into());
    }
    let have = length.saturating_sub(start as u64);
    let needed = elements.byte_count(&sizes).ok_or("its sizes are larger than any memory")?;
    if needed as u64 > have {
        return Err(format!(
            "it ends early: {elements}{sizes:?} needs {needed} bytes after the header, and there are {have}"
        ));
    }
    Ok(Header { elements, sizes, is_fortran, start })
}

/// What is wrong with a descriptor, on one line.
fn first_message(error: &fusewire::Error) -> String {
    one_line(error.diagnostics().first().map_or("they are damaged", |first| &first.message))
}

/// Where the header ends, if nothing about it is out of bounds.
fn counted(bytes: &[u8]) -> Result<usize, String> {
    if bytes.get(..6) != Some(b"\x93NUMPY") {
        return Err("it is no .npy file".into());
    }
    let damaged = || "its header is damaged: it ends early".to_owned();
    let version = *bytes.get(6).ok_or_else(damaged)?;
    let (begin, length) = match (version, bytes.get(8..10), bytes.get(8..12)) {
        (1, Some(length), _) => (10, u16::from_le_bytes([length[0], length[1]]) as usize),
        (2 | 3, _, Some(length)) => {
            (12, u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize)
        }
        (1..=3, ..) => return Err(damaged()),
        _ => return Err(format!("its format has version {version}; 1 to 3 are read")),
    };
    if length > MOST_BYTES {
        return Err(format!("its header has {length} bytes, of at most {MOST_BYTES}"));
    }
    let end = begin + length;
    let text = bytes.get(begin..end).ok_or_else(damaged)?;
    let (mut depth, mut product, mut number) = (0usize, 1u64, None::<u64>);
    let (mut quote, mut is_escaped, mut work) = (None, false, 0);
    for byte in text.iter().chain(b" ") {
        match (quote, byte) {
            (Some(open), _) => {
                if !is_escaped && open == *byte {
                    quote = None;
                }
                is_escaped = !is_escaped && *byte == b'\\';
                continue;
            }
            (None, b'\'' | b'"') => quote = Some(*byte),
            (None, b'{') if depth > 0 => return Err("its header has a dictionary within another".into()),
            (None, b'(' | b'[' | b'{') => {
                depth += 1;
                work += 1 << depth.min(DEEPEST);
            }
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("its header is nested more than {DEEPEST} deep"));
        }
        if work > MOST_WORK {
            return Err("its header has too many records within each other".into());
        }
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
        let overflow = || "its sizes are larger than any memory".to_owned();
        number = match (number, digit) {
            (before, Some(digit)) => Some(
                before
                    .unwrap_or(0)
                    .checked_mul(10)
                    .and_then(|n| n.checked_add(digit))
                    .ok_or_else(overflow)?,
            ),
            (Some(size), None) => {
                product = product.checked_mul(size.max(1)).ok_or_else(overflow)?;
                None
            }
            (None, None) => None,
        };
    }
    Ok(end)
}

fn dtype_of(ty: &TypeStr) -> Result<DType, String> {
    let dtype = match (ty.type_char(), ty.size_field()) {
        (TypeChar::Bool, 1) => DType::Bool,
        (TypeChar::Int, bytes @ (1 | 2 | 4 | 8)) => DType::int_of(bytes as usize, true),
        (TypeChar::Uint, bytes @ (1 | 2 | 4 | 8)) => DType::int_of(bytes as usize, false),
        (TypeChar::Float, 2) => DType::F16,
        (TypeChar::Float, 4) => DType::F32,
        (TypeChar::Float, 8) => DType::F64,
        (TypeChar::Object, _) => return Err("it has pickled objects, which nobody should load".into()),
        _ => {
            return Err(format!(
                "its dtype '{}' is not one that is computed with",
                one_line(&ty.to_string())
            ));
        }
    };
    if ty.endianness() == Endianness::Big && dtype.bytes() > 1 {
        return Err(format!(
            "its numbers are big-endian ('{}'); convert them once: `np.save(path, x.astype(x.dtype.newbyteorder('<')))`",
            one_line(&ty.to_string())
        ));
    }
    Ok(dtype)
}

/// The name of a dtype in a header; none for what NumPy does not have.
const fn descriptor(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::U8 => "|u1",
        DType::I16 => "<i2",
        DType::U16 => "<u2",
        DType::I32 => "<i4",
        DType::U32 => "<u4",
        DType::I64 => "<i8",
        DType::U64 => "<u8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::BF16 => return None,
    })
}

/// The header of a file of version 1 in C's order, whose end is a multiple of 64.
pub fn write(dtype: DType, sizes: &[u64]) -> Option<Vec<u8>> {
    let text = text(dtype, sizes)?;
    padded(text.clone(), (10 + text.len() + 1).next_multiple_of(64))
}

/// As [`write`], with as many bytes as an array of more elements had.
pub fn write_again(dtype: DType, sizes: &[u64], bytes: usize) -> Option<Vec<u8>> {
    padded(text(dtype, sizes)?, bytes)
}

fn text(dtype: DType, sizes: &[u64]) -> Option<String> {
    // As NumPy writes it: `()`, `(3,)` and `(2, 3)`.
    let mut shape = sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if sizes.len() == 1 {
        shape.push(',');
    }
    Some(format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}", descriptor(dtype)?))
}

fn padded(mut text: String, bytes: usize) -> Option<Vec<u8>> {
    let spaces = bytes.checked_sub(10 + text.len() + 1)?;
    text.extend(std::iter::repeat_n(' ', spaces));
    text.push('\n');
    let length = u16::try_from(text.len()).ok()?.to_le_bytes();
    Some([b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> Result<Header, String> {
        read(bytes, bytes.len() as u64)
    }

    fn file(version: u8, header: &str, elements: usize) -> Vec<u8> {
        let length = header.len() as u32;
        let length =
            if version == 1 { length.to_le_bytes()[..2].to_vec() } else { length.to_le_bytes().to_vec() };
        [b"\x93NUMPY", &[version, 0][..], &length, header.as_bytes(), &vec![0; elements]].concat()
    }

    #[test]
    fn every_version_order_and_dtype_is_read() {
        for version in 1..=3 {
            for dtype in DType::ALL {
                let Some(descr) = descriptor(dtype) else { continue };
                for order in ["True", "False"] {
                    let text =
                        format!("{{'shape': (2, 3), 'fortran_order': {order}, 'descr': '{descr}', }}\n");
                    let header = whole(&file(version, &text, 6 * dtype.bytes())).unwrap();
                    assert_eq!(header.elements, Elements::Numbers(dtype));
                    assert_eq!((&header.sizes[..], header.is_fortran), (&[2, 3][..], order == "True"));
                }
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for sizes in [&[][..], &[0], &[7], &[2, 3, 4], &[1 << 40, 0, 3]] {
            let header = write(DType::F32, sizes).unwrap();
            assert!(header.len().is_multiple_of(64));
            let elements = sizes.iter().product::<u64>() as usize * 4;
            let read = whole(&[header.clone(), vec![0; elements]].concat()).unwrap();
            assert_eq!(
                read,
                Header {
                    elements: Elements::Numbers(DType::F32),
                    sizes: sizes.to_vec(),
                    is_fortran: false,
                    start: header.len()
                }
            );
        }
    }

    /// Twenty thousand damaged files: each is refused, or is an array whose elements are all there.
    #[test]
    fn damaged_files_are_refused() {
        let seeds = [
            file(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }          \n", 96),
            file(2, "{'descr': '|b1', 'fortran_order': True, 'shape': (12,), }\n", 12),
            file(
                3,
                "{'descr': [('a', '<i4'), ('b', '<f8', (2, 2))], 'fortran_order': False, 'shape': (2,), }\n",
                72,
            ),
            file(1, "{'descr': '>u2', 'fortran_order': False, 'shape': (), }\n", 2),
        ];
        let mut state = 1u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below.max(1)
        };
        let pieces: [&[u8]; 12] = [
            b"(",
            b")",
            b"'",
            b",",
            b"-",
            b"9999999999",
            b"{",
            b"[[[[",
            b"\xff\xff",
            b"\n",
            b"18446744073709551615,",
            b"0",
        ];
        let (mut sound, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = seeds[random(seeds.len())].clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len().min(110));
                match random(5) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes.truncate(at),
                    2 => {
                        let piece = pieces[random(pieces.len())];
                        bytes.splice(at..at, piece.iter().copied());
                    }
                    3 => bytes[at] ^= 1 << random(8),
                    _ => {
                        bytes.drain(at..(at + random(20)).min(bytes.len()));
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            match whole(&bytes) {
                Ok(header) => {
                    let needed = header.elements.byte_count(&header.sizes).unwrap();
                    assert!(header.start + needed <= bytes.len());
                    sound += 1;
                }
                Err(problem) => {
                    assert!(!problem.contains('\n') && !problem.is_empty());
                    refused += 1;
                }
            }
        }
        assert!(sound > 100 && refused > 10_000, "{sound} {refused}");
    }
}
