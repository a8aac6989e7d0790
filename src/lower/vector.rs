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
            DType::I8 | DType::U8 => types::I8X16,
            DType::I16 | DType::U16 | DType::F16 | DType::BF16 => types::I16X8,
            DType::I32 | DType::U32 => types::I32X4,
            DType::I64 | DType::U64 => types::I64X2,
            DType::F32 => types::F32X4,
            DType::F64 => types::F64X2,
        }
    }

    /// The integer vector whose lanes hold a `bool` of this body.
    pub(super) const fn mask(self) -> Type {
        int_vector(16 / self.0)
    }

    /// Bytes of a lane of a mask.
    pub(super) const fn mask_bytes(self) -> usize {
        16 / self.0
    }
}

/// The vector of integers of this many bytes.
pub(super) const fn int_vector(bytes: usize) -> Type {
    match bytes {
        8 => types::I64X2,
        4 => types::I32X4,
        2 => types::I16X8,
        _ => types::I8X16,
    }
}

/// The type of one element outside a vector.
pub(super) const fn scalar_type(dtype: DType) -> Type {
    match dtype {
        DType::Bool | DType::I8 | DType::U8 => types::I8,
        DType::I16 | DType::U16 | DType::F16 | DType::BF16 => types::I16,
        DType::I32 | DType::U32 => types::I32,
        DType::I64 | DType::U64 => types::I64,
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
    pub(super) fn shuffle(&mut self, low: Value, high: Value, bytes: [u8; 16]) -> Value {
        let ty = self.b.func.dfg.value_type(low);
        let (low, high) = (self.bitcast(types::I8X16, low), self.bitcast(types::I8X16, high));
        let mask = self.b.func.dfg.immediates.push(ConstantData::from(&bytes[..]));
        let mixed = self.b.ins().shuffle(low, high, mask);
        self.bitcast(ty, mixed)
    }

    /// The low bytes of each lane, packed to the front: lanes of `from` bytes become lanes of `to`.
    pub(super) fn narrowed(&mut self, value: Value, from: usize, to: usize) -> Value {
        let mut bytes = [0; 16];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let lane = at / to % (16 / from);
            *byte = (lane * from + at % to) as u8;
        }
        let value = self.bitcast(int_vector(to), value);
        self.shuffle(value, value, bytes)
    }

    /// The lanes at the front, widened from `from` bytes to `to`.
    pub(super) fn widened(&mut self, value: Value, from: usize, to: usize, signed: bool) -> Value {
        let mut value = self.bitcast(int_vector(from), value);
        let mut bytes = from;
        while bytes < to {
            let ins = self.b.ins();
            value = if signed { ins.swiden_low(value) } else { ins.uwiden_low(value) };
            bytes *= 2;
        }
        value
    }

    /// A mask with lanes as wide as those of `dtype`.
    pub(super) fn mask_for(&mut self, mask: Value, dtype: DType) -> Value {
        let (own, wanted) = (self.lanes.mask_bytes(), dtype.bytes());
        if dtype == DType::Bool || own == wanted { mask } else { self.narrowed(mask, own, wanted) }
    }

    /// The result of comparing operands of `dtype` as a mask of this body.
    fn mask_from(&mut self, mask: Value, dtype: DType) -> Value {
        let (own, given) = (self.lanes.mask_bytes(), dtype.bytes());
        if dtype == DType::Bool || own == given { mask } else { self.widened(mask, given, own, true) }
    }

    /// An integer in every lane.
    pub(super) fn splat_int(&mut self, vector: Type, value: i64) -> Value {
        let lane = self.b.ins().iconst(vector.lane_type(), value);
        self.b.ins().splat(vector, lane)
    }

    /// A constant in every lane.
    pub(super) fn constant(&mut self, scalar: Scalar) -> Value {
        let dtype = scalar.dtype();
        match scalar {
            Scalar::Bool(value) => self.splat_int(self.lanes.mask(), if value { -1 } else { 0 }),
            Scalar::F32(value) => {
                let lane = self.b.ins().f32const(value);
                self.b.ins().splat(types::F32X4, lane)
            }
            Scalar::F64(value) => {
                let lane = self.b.ins().f64const(value);
                self.b.ins().splat(types::F64X2, lane)
            }
            _ => self.splat_int(self.lanes.vector(dtype), sign_extended(scalar.bits(), dtype)),
        }
    }

    /// Bytes 0 or 1 in the low part of a vector as a mask of this body.
    fn mask_from_bytes(&mut self, bytes: Value) -> Value {
        // Whatever byte stands for true, the mask is all ones.
        let lanes = self.widened(bytes, 1, self.lanes.mask_bytes(), false);
        let zero = self.splat_int(self.lanes.mask(), 0);
        self.b.ins().icmp(IntCC::NotEqual, lanes, zero)
    }

    /// A vector step's elements from consecutive memory.
    pub(super) fn load(&mut self, dtype: DType, address: Value, offset: i32) -> Value {
        let flags = memory();
        let packed = match self.lanes.0 * dtype.bytes() {
            16 if dtype != DType::Bool => {
                return self.b.ins().load(self.lanes.vector(dtype), flags, address, offset);
            }
            16 => self.b.ins().load(types::I8X16, flags, address, offset),
            8 => {
                let low = self.b.ins().load(types::F64, flags, address, offset);
                self.b.ins().scalar_to_vector(types::F64X2, low)
            }
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
        if dtype == DType::Bool {
            self.mask_from_bytes(packed)
        } else {
            self.bitcast(self.lanes.vector(dtype), packed)
        }
    }

    /// One element in the lowest lane.
    pub(super) fn load_one(&mut self, dtype: DType, address: Value, offset: i32) -> Value {
        let element = self.b.ins().load(scalar_type(dtype), memory(), address, offset);
        self.vector_of_one(dtype, element)
    }

    /// An element in the lowest lane of a vector.
    fn vector_of_one(&mut self, dtype: DType, element: Value) -> Value {
        if dtype.bytes() > 2 {
            return self.b.ins().scalar_to_vector(self.lanes.vector(dtype), element);
        }
        let word = self.b.ins().uextend(types::I32, element);
        let word = self.b.ins().scalar_to_vector(types::I32X4, word);
        if dtype == DType::Bool {
            self.mask_from_bytes(word)
        } else {
            self.bitcast(self.lanes.vector(dtype), word)
        }
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
        let mut vector = self.vector_of_one(dtype, first);
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
        let byte = match self.lanes.mask_bytes() {
            1 => element,
            _ => self.b.ins().ireduce(types::I8, element),
        };
        let one = self.b.ins().iconst(types::I8, 1);
        self.b.ins().band(byte, one)
    }

    /// Writes a vector step's elements to consecutive memory.
    pub(super) fn store(&mut self, dtype: DType, value: Value, address: Value, offset: i32) {
        let flags = memory();
        let packed = if dtype == DType::Bool {
            let bytes = match self.lanes.mask_bytes() {
                1 => value,
                wide => self.narrowed(value, wide, 1),
            };
            let ones = self.splat_int(types::I8X16, 1);
            self.b.ins().band(bytes, ones)
        } else {
            value
        };
        let (vector, lane) = match self.lanes.0 * dtype.bytes() {
            16 => {
                self.b.ins().store(flags, packed, address, offset);
                return;
            }
            8 => (types::F64X2, types::F64),
            4 => (types::I32X4, types::I32),
            _ => (types::I16X8, types::I16),
        };
        let packed = self.bitcast(vector, packed);
        let low = self.b.ins().extractlane(packed, 0);
        debug_assert_eq!(self.b.func.dfg.value_type(low), lane);
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
    pub(super) fn lane_by_lane(
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
                None if result.lane_bits() < 32 => {
                    let word = self.b.ins().uextend(types::I32, element);
                    let word = self.b.ins().scalar_to_vector(types::I32X4, word);
                    self.bitcast(result, word)
                }
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
            Code::Reinterpret(_) => Some(self.bitcast(self.lanes.vector(instruction.dtype), operands[0])),
            Code::Apply(primitive @ (Primitive::ShiftLeft | Primitive::ShiftRight), parts)
                if let Code::Constant(amount) = body.instructions[parts[1].index()].code =>
            {
                Some(self.shift_all(*primitive, instruction.dtype, operands[0], amount.as_int()))
            }
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
            Primitive::Multiply if dtype.bytes() == 1 => self.multiply_bytes(v[0], v[1]),
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
            Primitive::FloorDivide | Primitive::Remainder => self.in_lanes(dtype, v, |vectors, ty, parts| {
                if dtype.is_unsigned() {
                    vectors.divide_unsigned(primitive, ty, parts[0], parts[1])
                } else {
                    vectors.divide_integers(primitive, ty, parts[0], parts[1])
                }
            }),
            Primitive::ShiftLeft | Primitive::ShiftRight => {
                let bits = 8 * dtype.bytes() as i64;
                self.in_lanes(dtype, v, |vectors, ty, parts| {
                    vectors.shift_one(primitive, dtype, ty, (parts[0], parts[1]), bits)
                })
            }
            Primitive::CountOnes => {
                // Of the dtype's own bits: those that a sign was extended to do not count.
                let mask = if dtype.bytes() < 4 { (1i64 << (8 * dtype.bytes())) - 1 } else { -1 };
                self.in_lanes(dtype, v, |vectors, ty, parts| {
                    let own = if mask == -1 { parts[0] } else { vectors.b.ins().band_imm_s(parts[0], mask) };
                    let _ = ty;
                    vectors.b.ins().popcnt(own)
                })
            }
        }
    }

    /// Computes with single integers of at least 32 bits, lane by lane.
    fn in_lanes(
        &mut self,
        dtype: DType,
        operands: &[Value],
        mut compute: impl FnMut(&mut Self, Type, &[Value]) -> Value,
    ) -> Value {
        let own = scalar_type(dtype);
        let ty = if dtype.bytes() < 4 { types::I32 } else { own };
        self.lane_by_lane(self.lanes.vector(dtype), operands, |vectors, parts| {
            if ty == own {
                return compute(vectors, ty, parts);
            }
            let wide: Vec<Value> = parts
                .iter()
                .map(|part| match dtype.is_unsigned() {
                    true => vectors.b.ins().uextend(ty, *part),
                    false => vectors.b.ins().sextend(ty, *part),
                })
                .collect();
            let result = compute(vectors, ty, &wide);
            vectors.b.ins().ireduce(own, result)
        })
    }

    /// Every lane shifted by the same amount.
    fn shift_all(&mut self, primitive: Primitive, dtype: DType, value: Value, amount: i128) -> Value {
        let bits = 8 * dtype.bytes() as i128;
        let is_out = !(0..bits).contains(&amount);
        let to_the_sign = primitive == Primitive::ShiftRight && dtype.is_signed();
        if is_out && !to_the_sign {
            return self.splat_int(self.lanes.vector(dtype), 0);
        }
        let amount = if is_out { bits - 1 } else { amount };
        let amount = self.b.ins().iconst(types::I32, amount as i64);
        let ins = self.b.ins();
        match (primitive, to_the_sign) {
            (Primitive::ShiftLeft, _) => ins.ishl(value, amount),
            (_, true) => ins.sshr(value, amount),
            _ => ins.ushr(value, amount),
        }
    }

    /// One integer shifted, where the dtype has `bits`.
    fn shift_one(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        ty: Type,
        (value, amount): (Value, Value),
        bits: i64,
    ) -> Value {
        let is_in = self.b.ins().icmp_imm_s(IntCC::UnsignedLessThan, amount, bits);
        if primitive == Primitive::ShiftRight && dtype.is_signed() {
            let most = self.b.ins().iconst(ty, bits - 1);
            let amount = self.b.ins().select(is_in, amount, most);
            return self.b.ins().sshr(value, amount);
        }
        let zero = self.b.ins().iconst(ty, 0);
        let amount = self.b.ins().select(is_in, amount, zero);
        let shifted = match primitive {
            Primitive::ShiftLeft => self.b.ins().ishl(value, amount),
            _ => self.b.ins().ushr(value, amount),
        };
        self.b.ins().select(is_in, shifted, zero)
    }

    /// Products of bytes, for which x64 has no instruction: of 16-bit lanes, low byte by low byte.
    fn multiply_bytes(&mut self, a: Value, b: Value) -> Value {
        let halves = [false, true].map(|high| {
            let [a, b] = [a, b].map(|value| {
                if high { self.b.ins().uwiden_high(value) } else { self.b.ins().uwiden_low(value) }
            });
            self.b.ins().imul(a, b)
        });
        let [low, high] = halves.map(|half| self.bitcast(types::I8X16, half));
        let mut even = [0; 16];
        for (at, byte) in even.iter_mut().enumerate() {
            *byte = 2 * at as u8;
        }
        self.shuffle(low, high, even)
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
        let (float, signed, unsigned) = match primitive {
            Primitive::Equal => (FloatCC::Equal, IntCC::Equal, IntCC::Equal),
            Primitive::NotEqual => (FloatCC::NotEqual, IntCC::NotEqual, IntCC::NotEqual),
            Primitive::Less => (FloatCC::LessThan, IntCC::SignedLessThan, IntCC::UnsignedLessThan),
            _ => (FloatCC::LessThanOrEqual, IntCC::SignedLessThanOrEqual, IntCC::UnsignedLessThanOrEqual),
        };
        if dtype.is_float() {
            return self.b.ins().fcmp(float, a, b);
        }
        if dtype == DType::U64 && signed != unsigned {
            // x64 compares 64-bit lanes with sign only: the order is the same with the top bits turned.
            let top = self.splat_int(types::I64X2, i64::MIN);
            let [a, b] = [a, b].map(|value| self.b.ins().bxor(value, top));
            return self.b.ins().icmp(signed, a, b);
        }
        self.b.ins().icmp(if dtype.is_unsigned() { unsigned } else { signed }, a, b)
    }

    /// The first operand if it is NaN or not beyond the second, else the second. CLIF's own `fmin`
    /// is half again as slow (it orders signed zeros too).
    fn extreme(&mut self, primitive: Primitive, dtype: DType, a: Value, b: Value) -> Value {
        if dtype.is_int() && dtype.bytes() < 8 {
            let ins = self.b.ins();
            return match (primitive, dtype.is_unsigned()) {
                (Primitive::Minimum, true) => ins.umin(a, b),
                (Primitive::Minimum, false) => ins.smin(a, b),
                (_, true) => ins.umax(a, b),
                (_, false) => ins.smax(a, b),
            };
        }
        let (low, high) = if primitive == Primitive::Minimum { (a, b) } else { (b, a) };
        let mut first = self.compare(Primitive::LessEqual, dtype, low, high);
        if dtype.is_float() {
            let nan = self.b.ins().fcmp(FloatCC::NotEqual, a, a);
            first = self.b.ins().bor(first, nan);
        }
        let first = self.bitcast(self.lanes.vector(dtype), first);
        self.b.ins().bitselect(first, a, b)
    }

    /// The quotient or the remainder of two integers without sign; by zero both are 0.
    fn divide_unsigned(&mut self, primitive: Primitive, ty: Type, a: Value, b: Value) -> Value {
        let (zero, one) = (self.b.ins().iconst(ty, 0), self.b.ins().iconst(ty, 1));
        let by_zero = self.b.ins().icmp(IntCC::Equal, b, zero);
        let divisor = self.b.ins().select(by_zero, one, b);
        let result = match primitive {
            Primitive::Remainder => self.b.ins().urem(a, divisor),
            _ => self.b.ins().udiv(a, divisor),
        };
        self.b.ins().select(by_zero, zero, result)
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

    /// Consecutive indices `first`, `first + step`, ... as `i64` lanes; `steps` holds `0, step`.
    pub(super) fn indices(&mut self, first: Value, steps: Value) -> Value {
        let first = self.b.ins().splat(types::I64X2, first);
        self.b.ins().iadd(first, steps)
    }
}

/// The bits of an integer or a 16-bit float as a signed number of 64 bits.
fn sign_extended(bits: u64, dtype: DType) -> i64 {
    let unused = 64 - 8 * dtype.bytes() as u32;
    ((bits << unused) as i64) >> unused
}
