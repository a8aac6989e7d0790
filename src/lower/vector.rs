//! Instruction selection: body instructions as 128-bit CLIF vectors.
//!
//! Every value of a body is one 128-bit vector. A step of the loop handles as many elements as the
//! widest dtype of the body has lanes; a narrower dtype then uses only the low part of its vector.
//! A `bool` is a mask of all ones or all zeros, in lanes as wide as those of the widest dtype.
//! What x64 has no vector instruction for goes lane by lane.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::body::{Body, Code, Primitive};
use fusewire_ir::{DType, Scalar};

/// Elements per vector step, and with them the vector type of each dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes(pub usize);

impl Lanes {
    /// As many elements as the widest dtype in these bodies has lanes.
    pub(super) fn of(bodies: &[&Body]) -> Self {
        let widest = bodies
            .iter()
            .flat_map(|body| &body.instructions)
            .map(|instruction| instruction.dtype.bytes())
            .max();
        Self(16 / widest.unwrap_or(8))
    }

    /// The vector type of a value.
    pub(super) fn vector(self, dtype: DType) -> Type {
        match dtype {
            DType::Bool => self.mask(),
            DType::I32 => types::I32X4,
            DType::I64 => types::I64X2,
            DType::F32 => types::F32X4,
            DType::F64 => types::F64X2,
        }
    }

    /// The integer vector whose lanes hold a `bool` of this body.
    fn mask(self) -> Type {
        match self.0 {
            2 => types::I64X2,
            4 => types::I32X4,
            _ => types::I8X16,
        }
    }
}

/// The type of one element outside a vector.
pub(super) const fn scalar_type(dtype: DType) -> Type {
    match dtype {
        DType::Bool => types::I8,
        DType::I32 => types::I32,
        DType::I64 => types::I64,
        DType::F32 => types::F32,
        DType::F64 => types::F64,
    }
}

/// How memory is touched: bounds were checked before the run, so it cannot trap; alignment is free.
pub(super) fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Emits vector instructions through a function builder.
pub(super) struct Vectors<'a, 'f> {
    pub b: &'a mut FunctionBuilder<'f>,
    pub lanes: Lanes,
}

impl Vectors<'_, '_> {
    pub(super) fn bitcast(&mut self, to: Type, value: Value) -> Value {
        if self.b.func.dfg.value_type(value) == to {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(to, flags, value)
    }

    /// Rearranges the bytes of two vectors, which keep their type.
    fn shuffle(&mut self, low: Value, high: Value, bytes: [u8; 16]) -> Value {
        let ty = self.b.func.dfg.value_type(low);
        let (low, high) = (self.bitcast(types::I8X16, low), self.bitcast(types::I8X16, high));
        let mask = self.b.func.dfg.immediates.push(ConstantData::from(&bytes[..]));
        let mixed = self.b.ins().shuffle(low, high, mask);
        self.bitcast(ty, mixed)
    }

    /// Packs the even 32-bit lanes to the front: 64-bit lanes become 32-bit ones.
    fn narrow_lanes(&mut self, value: Value) -> Value {
        let value = self.bitcast(types::I32X4, value);
        self.shuffle(value, value, [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11])
    }

    /// A mask with lanes as wide as those of `dtype`.
    fn mask_for(&mut self, mask: Value, dtype: DType) -> Value {
        if dtype != DType::Bool && self.lanes.0 == 2 && dtype.bytes() == 4 {
            self.narrow_lanes(mask)
        } else {
            mask
        }
    }

    /// The result of comparing operands of `dtype` as a mask of this body.
    fn mask_from(&mut self, mask: Value, dtype: DType) -> Value {
        if dtype != DType::Bool && self.lanes.0 == 2 && dtype.bytes() == 4 {
            self.b.ins().swiden_low(mask)
        } else {
            mask
        }
    }

    /// A constant in every lane.
    pub(super) fn constant(&mut self, scalar: Scalar) -> Value {
        match scalar {
            Scalar::Bool(value) => {
                let mask = self.lanes.mask();
                let lane = self.b.ins().iconst(mask.lane_type(), if value { -1i64 } else { 0 });
                self.b.ins().splat(mask, lane)
            }
            Scalar::I32(value) => {
                let lane = self.b.ins().iconst(types::I32, i64::from(value));
                self.b.ins().splat(types::I32X4, lane)
            }
            Scalar::I64(value) => {
                let lane = self.b.ins().iconst(types::I64, value);
                self.b.ins().splat(types::I64X2, lane)
            }
            Scalar::F32(value) => {
                let lane = self.b.ins().f32const(value);
                self.b.ins().splat(types::F32X4, lane)
            }
            Scalar::F64(value) => {
                let lane = self.b.ins().f64const(value);
                self.b.ins().splat(types::F64X2, lane)
            }
        }
    }

    /// Bytes 0 or 1 in the low part of a vector as a mask of this body.
    fn mask_from_bytes(&mut self, bytes: Value) -> Value {
        let mut lanes = self.bitcast(types::I8X16, bytes);
        if self.lanes.0 == 16 {
            // Whatever byte stands for true, the mask is all ones.
            let zero = self.b.ins().iconst(types::I8, 0);
            let zero = self.b.ins().splat(types::I8X16, zero);
            return self.b.ins().icmp(IntCC::NotEqual, lanes, zero);
        }
        lanes = self.b.ins().uwiden_low(lanes);
        lanes = self.b.ins().uwiden_low(lanes);
        if self.lanes.0 == 2 {
            lanes = self.b.ins().uwiden_low(lanes);
        }
        let zero = self.b.ins().iconst(self.lanes.mask().lane_type(), 0);
        let zero = self.b.ins().splat(self.lanes.mask(), zero);
        self.b.ins().icmp(IntCC::NotEqual, lanes, zero)
    }

    /// A vector step's elements from consecutive memory.
    pub(super) fn load(&mut self, dtype: DType, address: Value, offset: i32) -> Value {
        let flags = memory();
        let bytes = self.lanes.0 * dtype.bytes();
        if dtype == DType::Bool {
            let packed = match bytes {
                16 => self.b.ins().load(types::I8X16, flags, address, offset),
                4 => {
                    let word = self.b.ins().load(types::I32, flags, address, offset);
                    self.b.ins().scalar_to_vector(types::I32X4, word)
                }
                _ => {
                    let half = self.b.ins().load(types::I16, flags, address, offset);
                    let word = self.b.ins().uextend(types::I32, half);
                    self.b.ins().scalar_to_vector(types::I32X4, word)
                }
            };
            return self.mask_from_bytes(packed);
        }
        let vector = self.lanes.vector(dtype);
        if bytes == 16 {
            return self.b.ins().load(vector, flags, address, offset);
        }
        let low = self.b.ins().load(types::F64, flags, address, offset);
        let low = self.b.ins().scalar_to_vector(types::F64X2, low);
        self.bitcast(vector, low)
    }

    /// One element in the lowest lane.
    pub(super) fn load_one(&mut self, dtype: DType, address: Value, offset: i32) -> Value {
        let element = self.b.ins().load(scalar_type(dtype), memory(), address, offset);
        self.vector_of_one(dtype, element)
    }

    /// An element in the lowest lane of a vector.
    fn vector_of_one(&mut self, dtype: DType, element: Value) -> Value {
        if dtype == DType::Bool {
            let word = self.b.ins().uextend(types::I32, element);
            let bytes = self.b.ins().scalar_to_vector(types::I32X4, word);
            return self.mask_from_bytes(bytes);
        }
        self.b.ins().scalar_to_vector(self.lanes.vector(dtype), element)
    }

    /// An element in every lane.
    pub(super) fn load_splat(&mut self, dtype: DType, address: Value) -> Value {
        let element = self.b.ins().load(scalar_type(dtype), memory(), address, 0);
        if dtype == DType::Bool {
            let mask = self.lanes.mask();
            let zero = self.b.ins().iconst(types::I8, 0);
            let truth = self.b.ins().icmp(IntCC::NotEqual, element, zero);
            let lane = self.b.ins().bmask(mask.lane_type(), truth);
            return self.b.ins().splat(mask, lane);
        }
        self.b.ins().splat(self.lanes.vector(dtype), element)
    }

    /// Elements that lie `stride` bytes apart, `count` of them.
    pub(super) fn load_strided(
        &mut self,
        dtype: DType,
        address: Value,
        stride: Value,
        count: usize,
    ) -> Value {
        let mut at = address;
        let first = self.b.ins().load(scalar_type(dtype), memory(), at, 0);
        if dtype == DType::Bool {
            // Gather the bytes first, then make one mask of them.
            let word = self.b.ins().uextend(types::I32, first);
            let word = self.b.ins().scalar_to_vector(types::I32X4, word);
            let mut bytes = self.bitcast(types::I8X16, word);
            for lane in 1..count {
                at = self.b.ins().iadd(at, stride);
                let byte = self.b.ins().load(types::I8, memory(), at, 0);
                bytes = self.b.ins().insertlane(bytes, byte, lane as u8);
            }
            return self.mask_from_bytes(bytes);
        }
        let mut vector = self.b.ins().scalar_to_vector(self.lanes.vector(dtype), first);
        for lane in 1..count {
            at = self.b.ins().iadd(at, stride);
            let element = self.b.ins().load(scalar_type(dtype), memory(), at, 0);
            vector = self.b.ins().insertlane(vector, element, lane as u8);
        }
        vector
    }

    /// One lane as an element in memory has it.
    fn element(&mut self, dtype: DType, value: Value, lane: usize) -> Value {
        let element = self.b.ins().extractlane(value, lane as u8);
        if dtype != DType::Bool {
            return element;
        }
        let byte = match self.lanes.0 {
            16 => element,
            _ => self.b.ins().ireduce(types::I8, element),
        };
        let one = self.b.ins().iconst(types::I8, 1);
        self.b.ins().band(byte, one)
    }

    /// Writes a vector step's elements to consecutive memory.
    pub(super) fn store(&mut self, dtype: DType, value: Value, address: Value, offset: i32) {
        let flags = memory();
        if dtype == DType::Bool {
            let ones = self.b.ins().iconst(types::I8, 1);
            let ones = self.b.ins().splat(types::I8X16, ones);
            let pick: [u8; 16] = match self.lanes.0 {
                2 => [0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8, 0, 8],
                4 => [0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12],
                _ => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            };
            let bytes = self.bitcast(types::I8X16, value);
            let bytes = if self.lanes.0 == 16 { bytes } else { self.shuffle(bytes, bytes, pick) };
            let bytes = self.b.ins().band(bytes, ones);
            let (ty, vector) = match self.lanes.0 {
                2 => (types::I16, types::I16X8),
                4 => (types::I32, types::I32X4),
                _ => {
                    self.b.ins().store(flags, bytes, address, offset);
                    return;
                }
            };
            let packed = self.bitcast(vector, bytes);
            let packed = self.b.ins().extractlane(packed, 0);
            debug_assert_eq!(self.b.func.dfg.value_type(packed), ty);
            self.b.ins().store(flags, packed, address, offset);
            return;
        }
        if self.lanes.0 * dtype.bytes() == 16 {
            self.b.ins().store(flags, value, address, offset);
            return;
        }
        let low = self.bitcast(types::F64X2, value);
        let low = self.b.ins().extractlane(low, 0);
        self.b.ins().store(flags, low, address, offset);
    }

    /// Writes the lowest lane.
    pub(super) fn store_one(&mut self, dtype: DType, value: Value, address: Value, offset: i32) {
        let element = self.element(dtype, value, 0);
        self.b.ins().store(memory(), element, address, offset);
    }

    /// Writes `count` lanes, `stride` bytes apart.
    pub(super) fn store_strided(
        &mut self,
        dtype: DType,
        value: Value,
        address: Value,
        stride: Value,
        count: usize,
    ) {
        let mut at = address;
        for lane in 0..count {
            if lane > 0 {
                at = self.b.ins().iadd(at, stride);
            }
            let element = self.element(dtype, value, lane);
            self.b.ins().store(memory(), element, at, 0);
        }
    }

    /// Applies a scalar computation to every lane.
    fn lane_by_lane(
        &mut self,
        result: Type,
        operands: &[Value],
        mut compute: impl FnMut(&mut Self, &[Value]) -> Value,
    ) -> Value {
        let mut vector = None;
        for lane in 0..self.lanes.0 {
            let elements: Vec<Value> =
                operands.iter().map(|operand| self.b.ins().extractlane(*operand, lane as u8)).collect();
            let element = compute(self, &elements);
            vector = Some(match vector {
                None => self.b.ins().scalar_to_vector(result, element),
                Some(vector) => self.b.ins().insertlane(vector, element, lane as u8),
            });
        }
        vector.unwrap_or(operands[0])
    }

    /// The instruction's value from its operands' values. Loads, indices, calls and totals are the
    /// loop's business.
    pub(super) fn compute(&mut self, body: &Body, at: usize, operands: &[Value]) -> Option<Value> {
        let instruction = &body.instructions[at];
        match &instruction.code {
            Code::Constant(scalar) => Some(self.constant(*scalar)),
            Code::Convert(from) => Some(self.convert(operands[0], body.dtype(*from), instruction.dtype)),
            Code::Apply(primitive, parts) => {
                let dtype = body.dtype(parts[parts.len() - 1]);
                Some(self.apply(*primitive, dtype, operands))
            }
            Code::Load(_) | Code::Index(_) | Code::Call(..) | Code::Total(_) => None,
        }
    }

    /// A machine operation on operands of `dtype`.
    pub(super) fn apply(&mut self, primitive: Primitive, dtype: DType, v: &[Value]) -> Value {
        let float = dtype.is_float();
        match primitive {
            Primitive::Add if float => self.b.ins().fadd(v[0], v[1]),
            Primitive::Add => self.b.ins().iadd(v[0], v[1]),
            Primitive::Subtract if float => self.b.ins().fsub(v[0], v[1]),
            Primitive::Subtract => self.b.ins().isub(v[0], v[1]),
            Primitive::Multiply if float => self.b.ins().fmul(v[0], v[1]),
            Primitive::Multiply => self.b.ins().imul(v[0], v[1]),
            Primitive::Divide => self.b.ins().fdiv(v[0], v[1]),
            Primitive::Negate if float => self.b.ins().fneg(v[0]),
            Primitive::Negate => self.b.ins().ineg(v[0]),
            Primitive::Absolute if float => self.b.ins().fabs(v[0]),
            Primitive::Absolute => self.b.ins().iabs(v[0]),
            Primitive::SquareRoot => self.b.ins().sqrt(v[0]),
            Primitive::Floor => self.b.ins().floor(v[0]),
            Primitive::Ceil => self.b.ins().ceil(v[0]),
            Primitive::Truncate => self.b.ins().trunc(v[0]),
            Primitive::RoundEven => self.b.ins().nearest(v[0]),
            Primitive::And => self.b.ins().band(v[0], v[1]),
            Primitive::Or => self.b.ins().bor(v[0], v[1]),
            Primitive::Xor => self.b.ins().bxor(v[0], v[1]),
            Primitive::Not => self.b.ins().bnot(v[0]),
            Primitive::Minimum | Primitive::Maximum => self.extreme(primitive, dtype, v[0], v[1]),
            Primitive::Equal | Primitive::NotEqual | Primitive::Less | Primitive::LessEqual => {
                let mask = self.compare(primitive, dtype, v[0], v[1]);
                self.mask_from(mask, dtype)
            }
            Primitive::Select => {
                let mask = self.mask_for(v[0], dtype);
                let mask = self.bitcast(self.lanes.vector(dtype), mask);
                self.b.ins().bitselect(mask, v[1], v[2])
            }
            Primitive::FloorDivide | Primitive::Remainder => {
                self.lane_by_lane(self.lanes.vector(dtype), v, |vectors, parts| {
                    vectors.divide_integers(primitive, scalar_type(dtype), parts[0], parts[1])
                })
            }
        }
    }

    /// The mask of a comparison, in lanes as wide as the operands'.
    fn compare(&mut self, primitive: Primitive, dtype: DType, a: Value, b: Value) -> Value {
        if dtype == DType::Bool {
            let ins = self.b.ins();
            return match primitive {
                Primitive::NotEqual => ins.bxor(a, b),
                Primitive::Equal => {
                    let different = ins.bxor(a, b);
                    self.b.ins().bnot(different)
                }
                // false < true
                Primitive::Less => {
                    let not = ins.bnot(a);
                    self.b.ins().band(not, b)
                }
                _ => {
                    let not = ins.bnot(a);
                    self.b.ins().bor(not, b)
                }
            };
        }
        let (float, int) = match primitive {
            Primitive::Equal => (FloatCC::Equal, IntCC::Equal),
            Primitive::NotEqual => (FloatCC::NotEqual, IntCC::NotEqual),
            Primitive::Less => (FloatCC::LessThan, IntCC::SignedLessThan),
            _ => (FloatCC::LessThanOrEqual, IntCC::SignedLessThanOrEqual),
        };
        if dtype.is_float() { self.b.ins().fcmp(float, a, b) } else { self.b.ins().icmp(int, a, b) }
    }

    /// The first operand if it is NaN or not beyond the second, else the second. CLIF's own `fmin`
    /// is half again as slow (it orders signed zeros too).
    fn extreme(&mut self, primitive: Primitive, dtype: DType, a: Value, b: Value) -> Value {
        let (low, high) = if primitive == Primitive::Minimum { (a, b) } else { (b, a) };
        let mut first = self.compare(Primitive::LessEqual, dtype, low, high);
        if dtype.is_float() {
            let nan = self.b.ins().fcmp(FloatCC::NotEqual, a, a);
            first = self.b.ins().bor(first, nan);
        }
        let first = self.bitcast(self.lanes.vector(dtype), first);
        self.b.ins().bitselect(first, a, b)
    }

    /// Division of two integers rounded down, or its remainder, without the two cases that trap.
    fn divide_integers(&mut self, primitive: Primitive, ty: Type, a: Value, b: Value) -> Value {
        let zero = self.b.ins().iconst(ty, 0);
        let one = self.b.ins().iconst(ty, 1);
        let minus_one = self.b.ins().iconst(ty, -1);
        let by_zero = self.b.ins().icmp(IntCC::Equal, b, zero);
        let by_minus_one = self.b.ins().icmp(IntCC::Equal, b, minus_one);
        let traps = self.b.ins().bor(by_zero, by_minus_one);
        let divisor = self.b.ins().select(traps, one, b);
        let rest = self.b.ins().srem(a, divisor);
        let signs = self.b.ins().bxor(rest, b);
        let signs_differ = self.b.ins().icmp(IntCC::SignedLessThan, signs, zero);
        let inexact = self.b.ins().icmp(IntCC::NotEqual, rest, zero);
        let adjust = self.b.ins().band(inexact, signs_differ);
        if primitive == Primitive::Remainder {
            // By 0 and by -1 the substitute divisor leaves nothing, which is what we define.
            let adjusted = self.b.ins().iadd(rest, b);
            return self.b.ins().select(adjust, adjusted, rest);
        }
        let quotient = self.b.ins().sdiv(a, divisor);
        let below = self.b.ins().isub(quotient, one);
        let quotient = self.b.ins().select(adjust, below, quotient);
        let negated = self.b.ins().ineg(a);
        let quotient = self.b.ins().select(by_minus_one, negated, quotient);
        self.b.ins().select(by_zero, zero, quotient)
    }

    /// A value in another dtype, as `astype` defines it.
    fn convert(&mut self, value: Value, from: DType, to: DType) -> Value {
        let result = self.lanes.vector(to);
        match (from, to) {
            (DType::F32, DType::F64) => self.b.ins().fvpromote_low(value),
            (DType::F64, DType::F32) => self.b.ins().fvdemote(value),
            (DType::I32, DType::F32) => self.b.ins().fcvt_from_sint(types::F32X4, value),
            (DType::I32, DType::F64) => {
                let wide = self.b.ins().swiden_low(value);
                self.b.ins().fcvt_from_sint(types::F64X2, wide)
            }
            (DType::I32, DType::I64) => self.b.ins().swiden_low(value),
            (DType::I64, DType::I32) => self.narrow_lanes(value),
            (DType::I64, DType::F32 | DType::F64) => {
                let element = scalar_type(to);
                self.lane_by_lane(result, &[value], |vectors, parts| {
                    vectors.b.ins().fcvt_from_sint(element, parts[0])
                })
            }
            // Gives the smallest integer for NaN and what does not fit, as the scalar path does.
            (DType::F32, DType::I32) => self.b.ins().x86_cvtt2dq(types::I32X4, value),
            (DType::F32 | DType::F64, DType::I32 | DType::I64) => {
                self.lane_by_lane(result, &[value], |vectors, parts| vectors.truncate(parts[0], to))
            }
            (DType::Bool, DType::F32 | DType::F64) => {
                let one = self.constant(Scalar::F64(1.0).cast(to));
                let mask = self.mask_for(value, to);
                let mask = self.bitcast(result, mask);
                self.b.ins().band(mask, one)
            }
            (DType::Bool, DType::I32 | DType::I64) => {
                let mask = self.mask_for(value, to);
                self.b.ins().ineg(mask)
            }
            // The same dtype, or a conversion to bool, which is a comparison with zero.
            _ => value,
        }
    }

    /// One float to an integer; NaN and what does not fit become the smallest one.
    fn truncate(&mut self, value: Value, to: DType) -> Value {
        let wide = if self.b.func.dfg.value_type(value) == types::F32 {
            self.b.ins().fpromote(types::F64, value)
        } else {
            value
        };
        let ty = scalar_type(to);
        let (lowest, low, high) = match to {
            // Truncation towards zero: anything above -2^31 - 1 and below 2^31 fits.
            DType::I32 => (i64::from(i32::MIN), -2_147_483_649.0, 2_147_483_648.0),
            _ => (i64::MIN, -9_223_372_036_854_777_856.0, 9_223_372_036_854_775_808.0),
        };
        let saturated = self.b.ins().fcvt_to_sint_sat(ty, wide);
        let low = self.b.ins().f64const(low);
        let high = self.b.ins().f64const(high);
        let above = self.b.ins().fcmp(FloatCC::GreaterThan, wide, low);
        let below = self.b.ins().fcmp(FloatCC::LessThan, wide, high);
        let fits = self.b.ins().band(above, below);
        let lowest = self.b.ins().iconst(ty, lowest);
        self.b.ins().select(fits, saturated, lowest)
    }

    /// Consecutive indices `first`, `first + step`, ... as `i64` lanes; `steps` holds `0, step`.
    pub(super) fn indices(&mut self, first: Value, steps: Value) -> Value {
        let first = self.b.ins().splat(types::I64X2, first);
        self.b.ins().iadd(first, steps)
    }
}
