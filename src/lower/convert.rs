//! Conversions between dtypes as 128-bit CLIF vectors, as `Scalar::cast` defines them.

use super::vector::{Vectors, scalar_type};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use fusewire_ir::{DType, Scalar};

impl Vectors<'_, '_> {
    /// A value in another dtype.
    pub(super) fn convert(&mut self, value: Value, from: DType, to: DType) -> Value {
        match (from, to) {
            (DType::F32, DType::F64) => self.b.ins().fvpromote_low(value),
            (DType::F64, DType::F32) => self.b.ins().fvdemote(value),
            (DType::F16, _) => self.f32_from_f16(value),
            (DType::BF16, _) => self.f32_from_bf16(value),
            (_, DType::F16 | DType::BF16) => {
                let single = if from == DType::F64 { self.rounded_to_odd(value) } else { value };
                if to == DType::F16 { self.f16_from_f32(single) } else { self.bf16_from_f32(single) }
            }
            (DType::Bool, _) if to.is_float() => {
                let one = self.constant(Scalar::F64(1.0).cast(to));
                let mask = self.mask_for(value, to);
                let mask = self.bitcast(self.lanes.vector(to), mask);
                self.b.ins().band(mask, one)
            }
            (DType::Bool, _) => {
                let mask = self.mask_for(value, to);
                self.b.ins().ineg(mask)
            }
            _ if from.is_float() => self.int_from_float(value, from, to),
            _ if to.is_float() => self.float_from_int(value, from, to),
            _ => self.resized(value, from, to),
        }
    }

    /// An integer with other many bytes: wrapped around or extended.
    fn resized(&mut self, value: Value, from: DType, to: DType) -> Value {
        let (own, wanted) = (from.bytes(), to.bytes());
        if own < wanted {
            self.widened(value, own, wanted, from.is_signed())
        } else if own > wanted {
            self.narrowed(value, own, wanted)
        } else {
            value
        }
    }

    fn float_from_int(&mut self, value: Value, from: DType, to: DType) -> Value {
        if from.bytes() == 8 {
            let element = scalar_type(to);
            return self.lane_by_lane(self.lanes.vector(to), &[value], |vectors, parts| {
                let ins = vectors.b.ins();
                if from.is_unsigned() {
                    ins.fcvt_from_uint(element, parts[0])
                } else {
                    ins.fcvt_from_sint(element, parts[0])
                }
            });
        }
        let words = self.resized(value, from, if from.is_unsigned() { DType::U32 } else { DType::I32 });
        // Fewer than 32 bits fit an i32 whatever their sign.
        let unsigned = from == DType::U32;
        if to == DType::F32 {
            let ins = self.b.ins();
            return if unsigned {
                ins.fcvt_from_uint(types::F32X4, words)
            } else {
                ins.fcvt_from_sint(types::F32X4, words)
            };
        }
        if unsigned {
            let wide = self.b.ins().uwiden_low(words);
            self.b.ins().fcvt_from_uint(types::F64X2, wide)
        } else {
            let wide = self.b.ins().swiden_low(words);
            self.b.ins().fcvt_from_sint(types::F64X2, wide)
        }
    }

    fn int_from_float(&mut self, value: Value, from: DType, to: DType) -> Value {
        match to {
            DType::U64 => {
                self.lane_by_lane(types::I64X2, &[value], |vectors, parts| vectors.truncate_u64(parts[0]))
            }
            DType::I64 => {
                self.lane_by_lane(types::I64X2, &[value], |vectors, parts| vectors.truncate(parts[0], to))
            }
            // By way of i64, wrapped around.
            DType::U32 => self.lane_by_lane(types::I32X4, &[value], |vectors, parts| {
                let wide = vectors.truncate(parts[0], DType::I64);
                vectors.b.ins().ireduce(types::I32, wide)
            }),
            _ => {
                // Both give the smallest integer for NaN and what does not fit.
                let words = if from == DType::F32 {
                    self.b.ins().x86_cvtt2dq(types::I32X4, value)
                } else {
                    // One instruction, which Cranelift has in this form.
                    let wide = self.b.ins().x86_cvtt2dq(types::I64X2, value);
                    let zeros = self.b.func.dfg.constants.insert([0u8; 16][..].into());
                    let zeros = self.b.ins().vconst(types::I64X2, zeros);
                    self.b.ins().snarrow(wide, zeros)
                };
                self.resized(words, DType::I32, to)
            }
        }
    }

    /// One float as an `f64`.
    fn as_f64(&mut self, value: Value) -> Value {
        if self.b.func.dfg.value_type(value) == types::F32 {
            self.b.ins().fpromote(types::F64, value)
        } else {
            value
        }
    }

    /// One float to an `i32` or `i64`; NaN and what does not fit become the smallest one.
    fn truncate(&mut self, value: Value, to: DType) -> Value {
        let wide = self.as_f64(value);
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

    /// One float to a `u64`; negative ones wrap around, and what does not fit is 2^63.
    fn truncate_u64(&mut self, value: Value) -> Value {
        const TWO_63: f64 = 9_223_372_036_854_775_808.0;
        let wide = self.as_f64(value);
        let signed = self.truncate(wide, DType::I64);
        let (half, all) = (self.b.ins().f64const(TWO_63), self.b.ins().f64const(2.0 * TWO_63));
        let above = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, wide, half);
        let below = self.b.ins().fcmp(FloatCC::LessThan, wide, all);
        let is_upper = self.b.ins().band(above, below);
        let saturated = self.b.ins().fcvt_to_uint_sat(types::I64, wide);
        self.b.ins().select(is_upper, saturated, signed)
    }

    /// Floats of 16 bits in the low lanes as integers of 32 bits.
    fn half_words(&mut self, value: Value) -> Value {
        self.widened(value, 2, 4, false)
    }

    fn f32_from_bf16(&mut self, value: Value) -> Value {
        let words = self.half_words(value);
        let sixteen = self.b.ins().iconst(types::I32, 16);
        let bits = self.b.ins().ishl(words, sixteen);
        self.bitcast(types::F32X4, bits)
    }

    /// The exponent is moved by a product with 2^112, which normalises subnormal numbers as well.
    fn f32_from_f16(&mut self, value: Value) -> Value {
        let words = self.half_words(value);
        let magnitude = self.splat_int(types::I32X4, 0x7fff);
        let magnitude = self.b.ins().band(words, magnitude);
        let (thirteen, sixteen) = (self.b.ins().iconst(types::I32, 13), self.b.ins().iconst(types::I32, 16));
        let shifted = self.b.ins().ishl(magnitude, thirteen);
        let small = self.bitcast(types::F32X4, shifted);
        let factor = self.constant(Scalar::F32(f32::from_bits((127 + 112) << 23)));
        let number = self.b.ins().fmul(small, factor);
        let number = self.bitcast(types::I32X4, number);
        // Infinity and NaN have the largest exponent in both.
        let largest = self.splat_int(types::I32X4, 0x7bff);
        let is_special = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, largest);
        let exponent = self.splat_int(types::I32X4, 0x7f80_0000);
        let special = self.b.ins().bor(shifted, exponent);
        let number = self.b.ins().bitselect(is_special, special, number);
        let sign = self.splat_int(types::I32X4, 0x8000);
        let sign = self.b.ins().band(words, sign);
        let sign = self.b.ins().ishl(sign, sixteen);
        let bits = self.b.ins().bor(number, sign);
        self.bitcast(types::F32X4, bits)
    }

    /// Rounds to nearest, ties to even: Giesen, "Float to half conversions" (float_to_half_fast3_rtne).
    fn f16_from_f32(&mut self, value: Value) -> Value {
        let words = types::I32X4;
        let bits = self.bitcast(words, value);
        let (thirteen, sixteen) = (self.b.ins().iconst(types::I32, 13), self.b.ins().iconst(types::I32, 16));
        let top = self.splat_int(words, i64::from(i32::MIN));
        let sign = self.b.ins().band(bits, top);
        let magnitude = self.b.ins().bxor(bits, sign);
        // Numbers with a full significand: the exponent is moved, and half a unit added.
        let odd = self.b.ins().ushr(magnitude, thirteen);
        let one = self.splat_int(words, 1);
        let odd = self.b.ins().band(odd, one);
        let moved = self.splat_int(words, ((15 - 127) << 23) + 0xfff);
        let normal = self.b.ins().iadd(magnitude, moved);
        let normal = self.b.ins().iadd(normal, odd);
        let normal = self.b.ins().ushr(normal, thirteen);
        // Smaller ones: the addition of a number with the right last place rounds.
        let magic = ((127 - 15) + (23 - 10) + 1) << 23;
        let unit = self.constant(Scalar::F32(f32::from_bits(magic)));
        let small = self.bitcast(types::F32X4, magnitude);
        let small = self.b.ins().fadd(small, unit);
        let small = self.bitcast(words, small);
        let magic = self.splat_int(words, i64::from(magic));
        let small = self.b.ins().isub(small, magic);
        let first_normal = self.splat_int(words, 113 << 23);
        let is_small = self.b.ins().icmp(IntCC::SignedLessThan, magnitude, first_normal);
        let number = self.b.ins().bitselect(is_small, small, normal);
        // Too large ones, infinity and NaN.
        let infinity = self.splat_int(words, 0x7f80_0000);
        let is_nan = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, infinity);
        let (nan, infinite) = (self.splat_int(words, 0x7e00), self.splat_int(words, 0x7c00));
        let special = self.b.ins().bitselect(is_nan, nan, infinite);
        let last = self.splat_int(words, ((127 + 16) << 23) - 1);
        let is_special = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, last);
        let number = self.b.ins().bitselect(is_special, special, number);
        let sign = self.b.ins().ushr(sign, sixteen);
        let half = self.b.ins().bor(number, sign);
        self.narrowed(half, 4, 2)
    }

    /// Rounds to nearest, ties to even, in the upper half of the bits.
    fn bf16_from_f32(&mut self, value: Value) -> Value {
        let words = types::I32X4;
        let bits = self.bitcast(words, value);
        let sixteen = self.b.ins().iconst(types::I32, 16);
        let upper = self.b.ins().ushr(bits, sixteen);
        let one = self.splat_int(words, 1);
        let odd = self.b.ins().band(upper, one);
        let half = self.splat_int(words, 0x7fff);
        let sum = self.b.ins().iadd(bits, half);
        let sum = self.b.ins().iadd(sum, odd);
        let number = self.b.ins().ushr(sum, sixteen);
        let quiet = self.splat_int(words, 0x40);
        let nan = self.b.ins().bor(upper, quiet);
        let is_nan = self.b.ins().fcmp(FloatCC::NotEqual, value, value);
        let is_nan = self.bitcast(words, is_nan);
        let half = self.b.ins().bitselect(is_nan, nan, number);
        self.narrowed(half, 4, 2)
    }

    /// `f64` as `f32`, with the last bit set where it is inexact: rounding that once more to 16 bits gives
    /// what rounding once would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
    fn rounded_to_odd(&mut self, value: Value) -> Value {
        let nearest = self.b.ins().fvdemote(value);
        let back = self.b.ins().fvpromote_low(nearest);
        let inexact = self.b.ins().fcmp(FloatCC::NotEqual, back, value);
        let (far, near) = (self.b.ins().fabs(back), self.b.ins().fabs(value));
        let beyond = self.b.ins().fcmp(FloatCC::GreaterThan, far, near);
        let [inexact, beyond] = [inexact, beyond].map(|mask| self.narrowed(mask, 8, 4));
        let bits = self.bitcast(types::I32X4, nearest);
        // A mask is -1 where it holds.
        let towards_zero = self.b.ins().iadd(bits, beyond);
        let one = self.splat_int(types::I32X4, 1);
        let sticky = self.b.ins().band(inexact, one);
        let bits = self.b.ins().bor(towards_zero, sticky);
        self.bitcast(types::F32X4, bits)
    }
}
