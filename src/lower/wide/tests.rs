//! Every operation in both widths: the same bits, at every position.
#![allow(unsafe_code)]

use super::super::{Compiled, Form, Motion, Routine, Stream};
use super::Width;
use fusewire_ir::body::{Body, BodyBuilder, Code, Primitive, Value};
use fusewire_ir::{DType, Scalar};

const DTYPES: [DType; 7] =
    [DType::Bool, DType::I32, DType::U32, DType::I64, DType::U64, DType::F32, DType::F64];

const PRIMITIVES: [Primitive; 25] = [
    Primitive::Add,
    Primitive::Subtract,
    Primitive::Multiply,
    Primitive::MultiplyHigh,
    Primitive::Divide,
    Primitive::FloorDivide,
    Primitive::Remainder,
    Primitive::Negate,
    Primitive::Absolute,
    Primitive::SquareRoot,
    Primitive::Floor,
    Primitive::Ceil,
    Primitive::Truncate,
    Primitive::RoundEven,
    Primitive::Minimum,
    Primitive::Maximum,
    Primitive::And,
    Primitive::Or,
    Primitive::Xor,
    Primitive::Not,
    Primitive::Equal,
    Primitive::NotEqual,
    Primitive::Less,
    Primitive::LessEqual,
    Primitive::Select,
];

/// More than two trips of any loop, and a rest of every size down to one element.
const LENGTH: usize = 64 + 32 + 16 + 8 + 4 + 2 + 1;

/// A body under construction, and the streams of its loads.
#[derive(Default)]
struct Sketch {
    body: BodyBuilder,
    streams: Vec<Stream>,
}

impl Sketch {
    fn load(&mut self, dtype: DType, motion: Motion) -> Value {
        self.streams.push(Stream { dtype, motion, index: false });
        self.body.push(dtype, Code::Load(self.streams.len() - 1))
    }

    fn store(&mut self, value: Value) {
        let dtype = self.body.dtype(value);
        self.streams.push(Stream { dtype, motion: Motion::Consecutive, index: false });
        self.body.store(value, self.streams.len() - 1);
    }

    /// Compiles in every width and compares what they write; was the widest one different code?
    fn check(self, what: &str) -> bool {
        let body = self.body.finish();
        assert_eq!(body.defect(), None, "{what}");
        let compile = |width, streaming| {
            let routine = Routine {
                form: Form::Elements,
                loops: 1,
                streams: self.streams.clone(),
                body: body.clone(),
                accumulators: Vec::new(),
                width,
                streaming,
                carried: false,
            };
            routine.compile().expect("compiles")
        };
        let narrow = compile(Width::Narrow, false);
        let writes_numbers = body.stores.iter().any(|store| body.dtype(store.value) != DType::Bool);
        let mut is_wide = false;
        for width in [Width::Avx2, Width::Avx512].into_iter().filter(|width| *width <= Width::available()) {
            let (wide, streaming) = (compile(width, false), compile(width, true));
            is_wide = wide.code.parts() > narrow.code.parts();
            let streams = streaming.code.parts() > wide.code.parts();
            assert_eq!(streams, is_wide && writes_numbers, "{what}: writes around the cache");
            for count in (0..=LENGTH).rev().step_by(7).chain(0..10) {
                let [by_narrow, by_wide, streamed] =
                    [&narrow, &wide, &streaming].map(|code| written(code, &self.streams, &body, count, 0));
                assert_eq!(by_narrow, by_wide, "{what}: {count} elements of\n{body}");
                assert_eq!(by_narrow, streamed, "{what}: {count} elements around the cache of\n{body}");
                // Whole elements before a cache line, and where no element ends with a line.
                for shift in [8, 3] {
                    let unaligned = written(&streaming, &self.streams, &body, count, shift);
                    assert_eq!(by_narrow, unaligned, "{what}: {count} elements, not aligned, of\n{body}");
                }
            }
        }
        is_wide
    }
}

/// Elements of all kinds, different for each stream.
fn elements(dtype: DType, stream: usize) -> Vec<u8> {
    const FLOATS: [f64; 19] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        2.5,
        -2.5,
        0.5,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        -1e-310,
        3.4e38,
        2_147_483_647.0,
        -2_147_483_649.0,
        9.3e18,
        1e-40,
        123_456.7,
        -7.0,
    ];
    const INTS: [i64; 13] = [
        0,
        1,
        -1,
        i64::MAX,
        i64::MIN,
        7,
        -3,
        i32::MAX as i64,
        i32::MIN as i64,
        1 << 40,
        -(1 << 33),
        12,
        0x1234_5678_9abc_def0,
    ];
    (0..LENGTH)
        .flat_map(|at| {
            // Strides that are coprime with the lengths: every pair of kinds meets.
            let (float, int) =
                (FLOATS[(at * (stream + 1) + stream) % 19], INTS[(at * (stream + 1) + stream) % 13]);
            match dtype {
                DType::Bool => vec![u8::from((at * (stream + 3) / 2).is_multiple_of(2))],
                DType::I32 | DType::U32 => (int as i32).to_le_bytes().to_vec(),
                DType::I64 | DType::U64 => int.to_le_bytes().to_vec(),
                DType::F32 => (float as f32).to_le_bytes().to_vec(),
                DType::F64 => float.to_le_bytes().to_vec(),
                // Left to the narrow loop.
                _ => Vec::new(),
            }
        })
        .collect()
}

/// What the code writes so many bytes after a multiple of 64, with every NaN made the same.
fn written(code: &Compiled, streams: &[Stream], body: &Body, count: usize, shift: usize) -> Vec<Vec<u8>> {
    let outputs: Vec<usize> = body.stores.iter().map(|store| store.access).collect();
    let mut memory: Vec<Vec<u8>> =
        streams
            .iter()
            .enumerate()
            .map(|(at, stream)| {
                if outputs.contains(&at) { vec![0xa5; LENGTH * 8 + 128] } else { elements(stream.dtype, at) }
            })
            .collect();
    let mut arguments = vec![count as i64];
    let mut starts = Vec::new();
    for (at, (bytes, stream)) in memory.iter_mut().zip(streams).enumerate() {
        let start = if outputs.contains(&at) { bytes.as_ptr().align_offset(64) + shift } else { 0 };
        starts.push(start);
        let moves = stream.motion != Motion::Still;
        let address = bytes[start..].as_mut_ptr() as i64;
        arguments.extend([address, if moves { stream.dtype.bytes() as i64 } else { 0 }]);
    }
    let mut scratch = vec![0u64; code.scratch.div_ceil(8)];
    // SAFETY: every stream has `LENGTH >= count` elements, and scratch is as large as the code asks.
    unsafe { code.code.call(&arguments, scratch.as_mut_ptr().cast(), std::ptr::null_mut()) };
    let mut results = Vec::new();
    for store in &body.stores {
        let start = starts[store.access];
        let mut bytes = memory[store.access][start..start + LENGTH * 8].to_vec();
        match streams[store.access].dtype {
            DType::F32 => bytes.chunks_exact_mut(4).take(count).for_each(|element| {
                if f32::from_le_bytes([element[0], element[1], element[2], element[3]]).is_nan() {
                    element.copy_from_slice(&f32::NAN.to_le_bytes());
                }
            }),
            DType::F64 => bytes.chunks_exact_mut(8).take(count).for_each(|element| {
                let value = element.try_into().map(f64::from_le_bytes);
                if value.is_ok_and(f64::is_nan) {
                    element.copy_from_slice(&f64::NAN.to_le_bytes());
                }
            }),
            _ => {}
        }
        results.push(bytes);
    }
    results
}

/// Where operands come from: memory, one element, a constant.
fn operand(sketch: &mut Sketch, dtype: DType, kind: usize) -> Value {
    match kind {
        0 => sketch.load(dtype, Motion::Consecutive),
        1 => sketch.load(dtype, Motion::Still),
        _ => sketch.body.constant(Scalar::I64(3).cast(dtype)),
    }
}

#[test]
fn every_operation_has_the_same_bits_in_every_width() {
    if Width::available() == Width::Narrow {
        return;
    }
    let mut declined = Vec::new();
    for primitive in PRIMITIVES {
        for dtype in DTYPES.into_iter().filter(|dtype| primitive.takes(*dtype)) {
            // Alone, and beside a wider dtype, where 4-byte elements fill half of a register.
            for beside in [None, Some(DType::I32), Some(DType::F64)] {
                for kinds in [[0, 0], [0, 1], [2, 0], [1, 1]] {
                    let mut sketch = Sketch::default();
                    let mut operands = Vec::new();
                    if primitive == Primitive::Select {
                        operands.push(sketch.load(DType::Bool, Motion::Consecutive));
                    }
                    operands.push(operand(&mut sketch, dtype, kinds[0]));
                    if primitive.arity() > 1 {
                        operands.push(operand(&mut sketch, dtype, kinds[1]));
                    }
                    let result = sketch.body.apply(primitive, &operands);
                    sketch.store(result);
                    if let Some(beside) = beside {
                        let other = sketch.load(beside, Motion::Consecutive);
                        sketch.store(other);
                    }
                    let what =
                        format!("{} of {dtype} beside {beside:?}, operands {kinds:?}", primitive.name());
                    let is_wide = sketch.check(&what);
                    // Bytes alone are left to the narrow loop.
                    let only_bytes = dtype == DType::Bool && beside.is_none();
                    // Instructions compare with sign.
                    let is_ordered = matches!(
                        primitive,
                        Primitive::Minimum | Primitive::Maximum | Primitive::Less | Primitive::LessEqual
                    );
                    let no_sign = dtype.is_unsigned() && (is_ordered || primitive == Primitive::Absolute);
                    if !is_wide && !only_bytes && !no_sign && !declined.contains(&primitive) {
                        declined.push(primitive);
                    }
                }
            }
        }
    }
    assert_eq!(declined, [Primitive::FloorDivide, Primitive::Remainder]);
}

#[test]
fn every_conversion_has_the_same_bits_in_every_width() {
    if Width::available() == Width::Narrow {
        return;
    }
    for from in DTYPES {
        for to in DTYPES.into_iter().filter(|to| *to != from && *to != DType::Bool) {
            for kind in [0, 1] {
                let mut sketch = Sketch::default();
                let value = operand(&mut sketch, from, kind);
                let result = sketch.body.convert(value, to);
                sketch.store(result);
                let is_wide = sketch.check(&format!("{from} to {to}"));
                let between_i64_and_floats =
                    (from == DType::I64 && to.is_float()) || (from.is_float() && to == DType::I64);
                // Only what divisions need.
                let is_needed =
                    matches!((from, to), (DType::U32, DType::I64 | DType::F64) | (DType::I64, DType::U32));
                let of_unsigned = (from.is_unsigned() || to.is_unsigned()) && !is_needed;
                assert!(is_wide || between_i64_and_floats || of_unsigned, "{from} to {to} is declined");
            }
        }
    }
}

#[test]
fn shifts_by_constants_have_the_same_bits_in_every_width() {
    for primitive in [Primitive::ShiftLeft, Primitive::ShiftRight] {
        for dtype in [DType::I32, DType::U32, DType::I64, DType::U64] {
            for amount in [0, 1, 7, 31, 32, 33, 63, 64, -1] {
                for beside in [None, Some(DType::F64)] {
                    let mut sketch = Sketch::default();
                    let value = sketch.load(dtype, Motion::Consecutive);
                    let by = sketch.body.constant(Scalar::from_int(amount, dtype));
                    let result = sketch.body.apply(primitive, &[value, by]);
                    sketch.store(result);
                    if let Some(beside) = beside {
                        let other = sketch.load(beside, Motion::Consecutive);
                        sketch.store(other);
                    }
                    let what = format!("{} of {dtype} by {amount} beside {beside:?}", primitive.name());
                    let is_wide = sketch.check(&what);
                    // AVX2 moves 64 bits down without their sign only.
                    let without = dtype == DType::I64
                        && primitive == Primitive::ShiftRight
                        && (0..63).contains(&amount);
                    let expected = Width::available() >= if without { Width::Avx512 } else { Width::Avx2 };
                    assert_eq!(is_wide, expected, "{what}");
                }
            }
        }
    }
}

#[test]
fn many_values_at_once_are_kept_apart() {
    if Width::available() == Width::Narrow {
        return;
    }
    // More constants and unchanging values than there are registers.
    let mut sketch = Sketch::default();
    let x = sketch.load(DType::F32, Motion::Consecutive);
    let scale = sketch.load(DType::F32, Motion::Still);
    let mut sum = x;
    for number in 0..40 {
        let constant = sketch.body.constant(Scalar::F32(number as f32 / 8.0));
        let scaled = sketch.body.apply(Primitive::Multiply, &[scale, constant]);
        let product = sketch.body.apply(Primitive::Multiply, &[scaled, x]);
        let shifted = sketch.body.apply(Primitive::Subtract, &[constant, product]);
        sum = sketch.body.apply(Primitive::Add, &[sum, shifted]);
    }
    sketch.store(sum);
    assert!(sketch.check("forty constants"));

    // As many varying values at once as registers hold, and more: then the narrow loop does it.
    for count in [10, 12, 14, 20] {
        let mut sketch = Sketch::default();
        let x = sketch.load(DType::F64, Motion::Consecutive);
        let mut powers = vec![x];
        for _ in 1..count {
            let last = powers[powers.len() - 1];
            powers.push(sketch.body.apply(Primitive::Multiply, &[last, x]));
        }
        let mut sum = powers[0];
        for power in powers.iter().rev() {
            sum = sketch.body.apply(Primitive::Add, &[sum, *power]);
        }
        sketch.store(sum);
        let is_wide = sketch.check("powers");
        assert_eq!(is_wide, count <= 14, "{count} powers");
    }
}
