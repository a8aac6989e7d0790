//! Random data for trying things out: the same for the same name and specification.

use super::mapping::{Bytes, byte_count};
use fusewire::ir::diagnostic::human_bytes;
use fusewire::text::{Spec, SpecSize};
use fusewire::{DType, Scalar};

/// The most bytes that are made.
const MOST_BYTES: usize = 16 << 30;

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// The specification with sizes that are known, symbols have their largest, and these sizes.
pub fn sized(spec: &Spec) -> Result<(Spec, Vec<u64>), String> {
    let size = |size: &SpecSize| match size {
        SpecSize::Known(size) | SpecSize::Symbol(_, _, size) => *size,
    };
    let sizes: Vec<u64> = spec.axes.iter().map(|(_, axis)| size(axis)).collect();
    let count = byte_count(spec.dtype.bytes(), &sizes).ok_or("its sizes are larger than any memory")?;
    if count > MOST_BYTES {
        return Err(format!(
            "random data of {}, of at most {}",
            human_bytes(count as u64),
            human_bytes(MOST_BYTES as u64)
        ));
    }
    let axes = spec.axes.iter().zip(&sizes).map(|((label, _), size)| (label.clone(), SpecSize::Known(*size)));
    Ok((Spec { dtype: spec.dtype, axes: axes.collect() }, sizes))
}

/// The elements of an array of these sizes. Floats are in [0, 1), integers from 0 to 99.
pub fn made(name: &str, dtype: DType, sizes: &[u64]) -> Result<Bytes, String> {
    let count = byte_count(dtype.bytes(), sizes).ok_or("its sizes are larger than any memory")?;
    let seed = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    Bytes::made(count, |bytes| {
        let mut random = Random(seed);
        for element in bytes.chunks_exact_mut(dtype.bytes()) {
            let bits = random.next();
            let scalar = match dtype {
                DType::Bool => Scalar::Bool(bits >> 63 == 1),
                _ if dtype.is_float() => Scalar::F64((bits >> 11) as f64 / (1u64 << 53) as f64).cast(dtype),
                _ => Scalar::U64(bits % 100).cast(dtype),
            };
            element.copy_from_slice(&scalar.bits().to_le_bytes()[..element.len()]);
        }
    })
}
