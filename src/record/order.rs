//! The order of rows by several of their fields.

use super::{RecordView, wrong};
use fusewire_ir::half::{bf16, f16};
use fusewire_ir::record::{Field, FieldType};
use fusewire_ir::{DType, Error, Site};
use std::cmp::Ordering;

/// A field that rows are compared by.
struct Key<'t> {
    field: &'t Field,
}

impl<'t> Key<'t> {
    /// A number that is ordered as the field's values are, as far as it goes.
    fn prefix(&self, bytes: &[u8]) -> u64 {
        match &self.field.ty {
            FieldType::Number(dtype) => ordered(*dtype, bytes),
            FieldType::Text { .. } => {
                let mut points = code_points(bytes);
                let mut next = || u64::from(points.next().unwrap_or(0));
                next() << 32 | next()
            }
            FieldType::Bytes { .. } | FieldType::Opaque { .. } => {
                let mut front = [0; 8];
                let taken = bytes.len().min(8);
                front[..taken].copy_from_slice(&bytes[..taken]);
                u64::from_be_bytes(front)
            }
        }
    }

    /// Are values equal whose prefixes are?
    const fn is_exact(&self) -> bool {
        matches!(self.field.ty, FieldType::Number(_)) || self.field.ty.size() <= 8
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        match &self.field.ty {
            FieldType::Text { .. } => code_points(a).cmp(code_points(b)),
            FieldType::Number(_) => self.prefix(a).cmp(&self.prefix(b)),
            FieldType::Bytes { .. } | FieldType::Opaque { .. } => a.cmp(b),
        }
    }
}

/// NUL, which fills up shorter text, is less than every other code point, so text that ends comes first.
fn code_points(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|point| u32::from_le_bytes(*point))
}

/// A number of this dtype as one that is ordered in the same way: NaN comes last, and -0.0 is 0.0.
fn ordered(dtype: DType, bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let bits = u64::from_le_bytes(word);
    let float = |value: f64| match value {
        _ if value.is_nan() => u64::MAX,
        0.0 => 1 << 63,
        // Bit patterns of positive numbers are ordered like the numbers, of negative ones the other way.
        _ if value.is_sign_negative() => !value.to_bits(),
        _ => value.to_bits() | 1 << 63,
    };
    match dtype {
        DType::Bool => u64::from(bits != 0),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => bits,
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => {
            let spare = 64 - 8 * bytes.len() as u32;
            ((bits << spare) as i64 >> spare) as u64 ^ 1 << 63
        }
        DType::F16 => float(f16::from_bits(bits as u16).to_f64()),
        DType::BF16 => float(bf16::from_bits(bits as u16).to_f64()),
        DType::F32 => float(f64::from(f32::from_bits(bits as u32))),
        DType::F64 => float(f64::from_bits(bits)),
    }
}

impl RecordView<'_> {
    /// The order of the rows by the first of these fields, rows that are equal there by the second, and so
    /// on: the indices to [take](RecordView::take). Rows that are equal in all of them stay in order.
    ///
    /// Numbers are ordered as they are, NaN last; text by code points, and bytes by value. It takes 24
    /// bytes a row while it sorts.
    ///
    /// # Errors
    /// All together: fields that do not exist, or hold what has no order. Then, alone: memory that the machine
    /// cannot give.
    #[track_caller]
    pub fn argsort<N: AsRef<str>>(&self, keys: &[N]) -> Result<Vec<usize>, Error> {
        let site = Site::caller();
        self.rows.checked(site)?;
        let keys = self.keys(keys, site)?;
        let Some((first, rest)) = keys.split_first() else { return Ok((0..self.len()).collect()) };
        let value = |key: &Key<'_>, row: usize| self.bytes_of(row, key.field);
        let mut rows: Vec<(u64, usize)> = super::array::with_room(self.len(), site)?;
        rows.extend((0..self.len()).map(|row| (first.prefix(value(first, row)), row)));
        // The row itself comes last, so that no two are equal and their order is kept.
        match (first.is_exact(), rest) {
            (true, []) => rows.sort_unstable(),
            (is_exact, rest) => rows.sort_unstable_by(|a, b| {
                let ties = || {
                    let first = Some(first).filter(|_| !is_exact);
                    let keys = first.into_iter().chain(rest);
                    keys.map(|key| key.compare(value(key, a.1), value(key, b.1)))
                        .find(|order| order.is_ne())
                        .unwrap_or(a.1.cmp(&b.1))
                };
                a.0.cmp(&b.0).then_with(ties)
            }),
        }
        let mut order = super::array::with_room(rows.len(), site)?;
        order.extend(rows.into_iter().map(|(_, row)| row));
        Ok(order)
    }

    fn keys<N: AsRef<str>>(&self, names: &[N], site: Site) -> Result<Vec<Key<'_>>, Error> {
        let ty = &self.rows.ty;
        let (mut keys, mut diagnostics) = (Vec::new(), Vec::new());
        for name in names {
            let name = name.as_ref();
            match ty.field(name) {
                Some(Field { ty: FieldType::Opaque { description, .. }, .. }) => {
                    let error = wrong(format!("field `{name}` is {description}, which has no order"), site);
                    diagnostics.extend(error.diagnostics().iter().cloned());
                }
                Some(field) => keys.push(Key { field }),
                None => diagnostics.push(ty.unknown_field("the record type", name).at(site)),
            }
        }
        Error::check(diagnostics)?;
        Ok(keys)
    }
}
