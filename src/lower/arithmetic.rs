//! The machine operations of bodies on 128-bit vectors. What x64 has no vector instruction for goes lane by
//! lane.

use super::vector::{Vectors, scalar_type};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use fusewire_ir::DType;
use fusewire_ir::body::Primitive;

impl Vectors<'_, '_> {
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
            Primitive::MultiplyHigh => {
                self.in_lanes(dtype, v, |vectors, _, parts| vectors.b.ins().umulhi(parts[0], parts[1]))
            }
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
            Primitive::FloorDivide | Primitive::Remainder if dtype.is_unsigned() => {
                self.in_lanes(dtype, v, |vectors, ty, parts| {
                    vectors.divide_unsigned(primitive, ty, parts[0], parts[1])
                })
            }
            Primitive::FloorDivide | Primitive::Remainder => self.divide_signed(primitive, dtype, v[0], v[1]),
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
    pub(super) fn shift_all(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        value: Value,
        amount: i128,
    ) -> Value {
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

    /// Division of integers rounded down, or its remainder, without the two cases that trap. The division alone goes lane by
    /// lane.
    fn divide_signed(&mut self, primitive: Primitive, dtype: DType, a: Value, b: Value) -> Value {
        let vector = self.lanes.vector(dtype);
        let [zeros, ones, minus_ones] = [0, 1, -1].map(|value| self.splat_int(vector, value));
        let by_zero = self.b.ins().icmp(IntCC::Equal, b, zeros);
        let by_minus_one = self.b.ins().icmp(IntCC::Equal, b, minus_ones);
        let traps = self.b.ins().bor(by_zero, by_minus_one);
        let divisor = self.b.ins().bitselect(traps, ones, b);
        let quotient =
            self.in_lanes(dtype, &[a, divisor], |vectors, _, parts| vectors.b.ins().sdiv(parts[0], parts[1]));
        let product = self.apply(Primitive::Multiply, dtype, &[quotient, divisor]);
        let rest = self.b.ins().isub(a, product);
        let signs = self.b.ins().bxor(rest, b);
        let signs_differ = self.b.ins().icmp(IntCC::SignedLessThan, signs, zeros);
        let exact = self.b.ins().icmp(IntCC::Equal, rest, zeros);
        let adjust = self.b.ins().band_not(signs_differ, exact);
        if primitive == Primitive::Remainder {
            // By 0 and by -1 the substitute divisor leaves nothing, which is what we define.
            let adjustment = self.b.ins().band(adjust, b);
            return self.b.ins().iadd(rest, adjustment);
        }
        // A mask is -1 where it holds.
        let quotient = self.b.ins().iadd(quotient, adjust);
        let negated = self.b.ins().ineg(a);
        let quotient = self.b.ins().bitselect(by_minus_one, negated, quotient);
        self.b.ins().band_not(quotient, by_zero)
    }

    /// Consecutive indices `first`, `first + step`, ... as `i64` lanes; `steps` holds `0, step`.
    pub(super) fn indices(&mut self, first: Value, steps: Value) -> Value {
        let first = self.b.ins().splat(types::I64X2, first);
        self.b.ins().iadd(first, steps)
    }
}
