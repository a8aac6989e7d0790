//! Instruction selection: body instructions as 128-bit CLIF vectors.
//!
//! Every value of a body is one 128-bit vector. A step of the loop handles as many elements as the
//! widest dtype of the body has lanes; a narrower dtype then uses only the low part of its vector.
//! A `bool` is a mask of all ones or all zeros, in lanes as wide as those of the widest dtype.

use cranelift_codegen::ir::condcodes::IntCC;
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
        Self::of_dtypes(
            bodies.iter().flat_map(|body| &body.instructions).map(|instruction| instruction.dtype),
        )
    }

    /// As many elements as the widest of these dtypes has lanes.
    pub(super) fn of_dtypes(dtypes: impl Iterator<Item = DType>) -> Self {
        Self(16 / dtypes.map(DType::bytes).max().unwrap_or(8))
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
    pub(super) fn mask_from(&mut self, mask: Value, dtype: DType) -> Value {
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
}

/// The bits of an integer or a 16-bit float as a signed number of 64 bits.
fn sign_extended(bits: u64, dtype: DType) -> i64 {
    let unused = 64 - 8 * dtype.bytes() as u32;
    ((bits << unused) as i64) >> unused
}
