//! The operands and results that NumPy wrote; `tests/golden/kernels.py` says what is where.

use crate::memory::LENGTH;
use fusewire::prelude::*;
use fusewire::{ElementOp, Scalar};
use std::fmt;

/// The dtypes that NumPy has, in the order of the files.
pub const DTYPES: [DType; 12] = [Bool, I8, U8, I16, U16, I32, U32, I64, U64, F16, F32, F64];

/// Operands of an operation, and what NumPy makes of them.
pub struct Case {
    pub op: ElementOp,
    pub dtypes: Vec<DType>,
    /// Its dtype and elements; `None` where NumPy refuses.
    pub result: Option<(DType, Vec<u8>)>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:?}", self.op.name(), self.dtypes)
    }
}

pub struct Golden {
    operands: Vec<u8>,
    pub cases: Vec<Case>,
}

fn read(file: &[u8]) -> Vec<u8> {
    npyz::NpyFile::new(file).expect("an array").into_vec().expect("bytes")
}

/// The dtypes of the operands in the order of the results.
fn choices(op: ElementOp) -> Vec<Vec<DType>> {
    let pairs = || DTYPES.into_iter().flat_map(|left| DTYPES.map(|right| vec![left, right]));
    match op {
        ElementOp::Clip => pairs().map(|pair| vec![pair[0], pair[1], pair[0]]).collect(),
        ElementOp::Select => {
            let masks = DTYPES.map(|mask| vec![mask, I32, F32]);
            pairs().map(|pair| [&[Bool], &pair[..]].concat()).chain(masks).collect()
        }
        _ if op.arity() == 1 => DTYPES.map(|dtype| vec![dtype]).into(),
        _ => pairs().collect(),
    }
}

impl Golden {
    pub fn new() -> Self {
        let text = include_str!("../golden/kernels.txt");
        let values = read(include_bytes!("../golden/kernels.npy"));
        let mut values = &values[..];
        let mut cases = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, results) = line.split_once(' ').expect("an operation and dtypes");
            let op = *ElementOp::ALL.iter().find(|op| op.name() == name).expect("an operation of the table");
            let (choices, results) = (choices(op), results.split(' ').collect::<Vec<_>>());
            assert_eq!(choices.len(), results.len(), "{name}");
            for (dtypes, result) in choices.into_iter().zip(results) {
                let dtype = DTYPES.into_iter().find(|dtype| dtype.name() == result);
                assert!(dtype.is_some() || result == "-", "{name} gives {result}");
                let result = dtype.map(|dtype| {
                    let (elements, rest) = values.split_at(LENGTH * dtype.bytes());
                    values = rest;
                    (dtype, elements.to_vec())
                });
                cases.push(Case { op, dtypes, result });
            }
        }
        assert!(values.is_empty(), "{} bytes are left", values.len());
        Self { operands: read(include_bytes!("../golden/kernels_operands.npy")), cases }
    }

    /// The elements of one operand of an operation.
    pub fn operand(&self, op: ElementOp, slot: usize, dtype: DType) -> &[u8] {
        let row = LENGTH * dtype.bytes();
        let before = DTYPES.into_iter().take_while(|other| *other != dtype);
        let start: usize = before.map(|other| 4 * LENGTH * other.bytes()).sum();
        let slot = if op.arity() == 1 { 0 } else { 1 + slot };
        &self.operands[start + slot * row..][..row]
    }
}

/// An element of an array given by its bytes.
pub fn element(bytes: &[u8], at: usize, dtype: DType) -> Scalar {
    let mut word = [0; 8];
    word[..dtype.bytes()].copy_from_slice(&bytes[at * dtype.bytes()..][..dtype.bytes()]);
    Scalar::from_bits(u64::from_le_bytes(word), dtype)
}
