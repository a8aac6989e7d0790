//! The order of rows by several of their fields.

use super::{RecordView, wrong};
use fusewire_ir::half::{bf16, f16};
use fusewire_ir::record::{Field, FieldType};
use fusewire_ir::{DType, Error, Site};

/// A part of a field, as many bytes as a word has, that rows are ordered by.
#[derive(Clone, Copy)]
struct Word<'t> {
    field: &'t Field,
    /// The first byte within the field.
    at: usize,
}

impl<'t> Word<'t> {
    /// The words of a field, the one that decides first.
    fn all(field: &'t Field) -> impl Iterator<Item = Self> {
        (0..field.ty.size()).step_by(8).map(move |at| Self { field, at })
    }

    /// A number that is ordered as this part of the field's values is.
    fn of(&self, value: &[u8]) -> u64 {
        let value = &value[self.at..value.len().min(self.at + 8)];
        let mut word = [0; 8];
        word[..value.len()].copy_from_slice(value);
        match &self.field.ty {
            FieldType::Number(dtype) => ordered(*dtype, u64::from_le_bytes(word)),
            // Two code points, the first of which decides. NUL, which fills up shorter text, is less than any
            // other.
            FieldType::Text { .. } => u64::from_le_bytes(word).rotate_left(32),
            FieldType::Bytes { .. } | FieldType::Opaque { .. } => u64::from_be_bytes(word),
        }
    }
}

/// A number of this dtype as one that is ordered in the same way: NaN comes last, and -0.0 is 0.0.
fn ordered(dtype: DType, bits: u64) -> u64 {
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
            let spare = 64 - 8 * dtype.bytes() as u32;
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
    /// Numbers are ordered as they are, NaN last; text by code points, and bytes by value. It takes 25
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
        let mut rows: Vec<(u64, usize)> = super::array::with_room(self.len(), site)?;
        rows.extend((0..self.len()).map(|row| (0, row)));
        // Rows that are equal so far are a group, which begins where this says. Each word sorts within them.
        let mut begins: Vec<bool> = super::array::with_room(rows.len(), site)?;
        begins.extend((0..rows.len()).map(|row| row == 0));
        for word in keys.into_iter().flat_map(Word::all) {
            let (mut start, mut are_equal) = (0, false);
            while start < rows.len() {
                let others = begins[start + 1..].iter().take_while(|begins| !**begins).count();
                let end = start + 1 + others;
                if others > 0 {
                    are_equal |= self.sort_group(word, &mut rows[start..end], &mut begins[start..end]);
                }
                start = end;
            }
            if !are_equal {
                break;
            }
        }
        let mut order = super::array::with_room(rows.len(), site)?;
        order.extend(rows.into_iter().map(|(_, row)| row));
        Ok(order)
    }

    /// Sorts rows by a word and marks where it changes; are any of them equal?
    fn sort_group(&self, word: Word<'_>, rows: &mut [(u64, usize)], begins: &mut [bool]) -> bool {
        for (key, row) in &mut *rows {
            *key = word.of(self.bytes_of(*row, word.field));
        }
        // Rows with the same key stay in order, since they are compared as well.
        rows.sort_unstable();
        let mut are_equal = false;
        for (at, pair) in rows.windows(2).enumerate() {
            begins[at + 1] = pair[0].0 != pair[1].0;
            are_equal |= !begins[at + 1];
        }
        are_equal
    }

    fn keys<N: AsRef<str>>(&self, names: &[N], site: Site) -> Result<Vec<&Field>, Error> {
        let ty = &self.rows.ty;
        let (mut keys, mut diagnostics) = (Vec::new(), Vec::new());
        for name in names {
            let name = name.as_ref();
            match ty.field(name) {
                Some(Field { ty: FieldType::Opaque { description, .. }, .. }) => {
                    let error = wrong(format!("field `{name}` is {description}, which has no order"), site);
                    diagnostics.extend(error.diagnostics().iter().cloned());
                }
                Some(field) => keys.push(field),
                None => diagnostics.push(ty.unknown_field("the record type", name).at(site)),
            }
        }
        Error::check(diagnostics)?;
        Ok(keys)
    }
}
