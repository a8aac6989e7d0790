//! Instruction selection: what each primitive operation is in AVX2.
//!
//! A mask is all ones or all zeros in lanes as wide as those of the widest dtype of the loop. A
//! dtype of half that width lives in the low half of its register.

use super::forms::*;
use super::{Assembly, BYTES, Declined, Operand, Width, is_scalar};
use fusewire_ir::DType;
use fusewire_ir::body::Primitive;
use iced_x86::{Code, Instruction, Register};

/// The most constants that instructions need beyond those of the body: zeros, ones in every bit,
/// the byte 1, the number 1 of four dtypes, signs and magnitudes of two.
pub(super) const CONSTANTS: usize = 11;

pub(super) fn register(full: bool, number: u32) -> Register {
    if full { Register::YMM0 + number } else { Register::XMM0 + number }
}

pub(super) const fn form(forms: Forms, full: bool) -> Code {
    forms[full as usize]
}

impl Assembly<'_> {
    /// Are there products and conversions of 64-bit integers?
    fn has_quadwords(&self) -> bool {
        self.of.width == Width::Avx512
    }

    /// `to = code(from)`, where one register is as wide as `to_full` says, the other as `from_full`.
    pub(super) fn unary(
        &mut self,
        code: Code,
        (to_full, to): (bool, u32),
        (from_full, from): (bool, Operand),
    ) -> Result<(), Declined> {
        let to = register(to_full, to);
        self.emit(match from {
            Operand::Register(from) => Instruction::with2(code, to, register(from_full, from))?,
            Operand::Memory(from) => Instruction::with2(code, to, from)?,
        })
    }

    /// `to = forms(a, b)`.
    pub(super) fn two(
        &mut self,
        forms: Forms,
        full: bool,
        to: u32,
        a: u32,
        b: Operand,
    ) -> Result<(), Declined> {
        let (code, to, a) = (form(forms, full), register(full, to), register(full, a));
        self.emit(match b {
            Operand::Register(b) => Instruction::with3(code, to, a, register(full, b))?,
            Operand::Memory(b) => Instruction::with3(code, to, a, b)?,
        })
    }

    /// `to = forms(a, b, predicate)`.
    fn compare_floats(
        &mut self,
        forms: Forms,
        full: bool,
        to: u32,
        (a, b): (u32, Operand),
        predicate: u32,
    ) -> Result<(), Declined> {
        let (code, to, a) = (form(forms, full), register(full, to), register(full, a));
        self.emit(match b {
            Operand::Register(b) => Instruction::with4(code, to, a, register(full, b), predicate)?,
            Operand::Memory(b) => Instruction::with4(code, to, a, b, predicate)?,
        })
    }

    /// `to` is `chosen` where the mask holds, else `other`.
    pub(super) fn blend(
        &mut self,
        dtype: DType,
        to: u32,
        mask: u32,
        chosen: Operand,
        other: u32,
    ) -> Result<(), Declined> {
        let full = self.is_full(dtype);
        let wide_lanes = if dtype == DType::Bool { self.lanes == 4 } else { dtype.bytes() == 8 };
        let code = form(if wide_lanes { BLEND_64 } else { BLEND_32 }, full);
        let (to, other, mask) = (register(full, to), register(full, other), register(full, mask));
        self.emit(match chosen {
            Operand::Register(chosen) => Instruction::with4(code, to, other, register(full, chosen), mask)?,
            Operand::Memory(chosen) => Instruction::with4(code, to, other, chosen, mask)?,
        })
    }

    /// An operand in a register, and whether that is a new one for the caller to give back.
    fn registered(&mut self, operand: Operand, dtype: DType) -> Result<(u32, bool), Declined> {
        match operand {
            Operand::Register(register) => Ok((register, false)),
            Operand::Memory(memory) => {
                let register = self.registers.take()?;
                self.move_in(register, dtype, memory)?;
                Ok((register, true))
            }
        }
    }

    fn give_back(&mut self, (register, is_new): (u32, bool)) {
        if is_new {
            self.registers.give(register);
        }
    }

    pub(super) fn zeros(&mut self) -> Operand {
        Operand::Memory(self.pooled([0; BYTES]))
    }

    pub(super) fn ones(&mut self) -> Operand {
        Operand::Memory(self.pooled([0xff; BYTES]))
    }

    /// The sign bit of every lane of a float dtype, or all other bits.
    fn sign_bits(&mut self, dtype: DType, sign: bool) -> Operand {
        let mut vector = [if sign { 0 } else { 0xff }; BYTES];
        let top = if sign { 0x80 } else { 0x7f };
        vector.chunks_mut(dtype.bytes()).for_each(|lane| lane[lane.len() - 1] = top);
        Operand::Memory(self.pooled(vector))
    }

    /// A primitive operation on operands of `dtype`, in a new register.
    pub(super) fn apply(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        operands: &[Operand],
    ) -> Result<u32, Declined> {
        let is_ordered = matches!(
            primitive,
            Primitive::Minimum
                | Primitive::Maximum
                | Primitive::Less
                | Primitive::LessEqual
                | Primitive::Absolute
        );
        // Instructions compare with sign.
        if is_scalar(primitive) || (is_ordered && dtype.is_unsigned()) {
            return Err(Declined::Operation);
        }
        let full = self.is_full(dtype);
        let last = operands[operands.len() - 1];
        match primitive {
            Primitive::Select => return self.select(dtype, operands),
            Primitive::Equal | Primitive::NotEqual | Primitive::Less | Primitive::LessEqual => {
                let mask = self.compare(primitive, dtype, operands[0], operands[1])?;
                if !full {
                    let from = (false, Operand::Register(mask));
                    self.unary(Code::VEX_Vpmovsxdq_ymm_xmmm128, (true, mask), from)?;
                }
                return Ok(mask);
            }
            Primitive::Minimum | Primitive::Maximum if dtype != DType::I32 => {
                return self.extreme(primitive, dtype, operands[0], operands[1]);
            }
            Primitive::Multiply if dtype.is_int() && dtype.bytes() == 8 => {
                return self.multiply_i64(operands[0], operands[1]);
            }
            Primitive::MultiplyHigh => return self.multiply_high(operands[0], operands[1]),
            _ => {}
        }
        if let Some(row) = binary(primitive) {
            let forms = row.of(dtype)?;
            let a = self.registered(operands[0], dtype)?;
            let to = self.registers.take()?;
            self.two(forms, full, to, a.0, last)?;
            self.give_back(a);
            return Ok(to);
        }
        let bits = match primitive {
            Primitive::And => Some((AND, last)),
            Primitive::Or => Some((OR, last)),
            Primitive::Xor => Some((XOR, last)),
            Primitive::Not => Some((XOR, self.ones())),
            Primitive::Negate if dtype.is_float() => Some((XOR, self.sign_bits(dtype, true))),
            Primitive::Absolute if dtype.is_float() => Some((AND, self.sign_bits(dtype, false))),
            _ => None,
        };
        if let Some((forms, b)) = bits {
            let a = self.registered(operands[0], dtype)?;
            let to = self.registers.take()?;
            self.two(forms, full, to, a.0, b)?;
            self.give_back(a);
            return Ok(to);
        }
        let to = self.registers.take()?;
        let from = (full, operands[0]);
        let mode = match primitive {
            Primitive::RoundEven => Some(TO_EVEN),
            Primitive::Floor => Some(DOWN),
            Primitive::Ceil => Some(UP),
            Primitive::Truncate => Some(TO_ZERO),
            _ => None,
        };
        if let Some(mode) = mode {
            let forms = if dtype == DType::F32 {
                forms!(VEX_Vroundps_xmm_xmmm128_imm8, VEX_Vroundps_ymm_ymmm256_imm8)
            } else {
                forms!(VEX_Vroundpd_xmm_xmmm128_imm8, VEX_Vroundpd_ymm_ymmm256_imm8)
            };
            let (code, result) = (form(forms, full), register(full, to));
            self.emit(match operands[0] {
                Operand::Register(from) => Instruction::with3(code, result, register(full, from), mode)?,
                Operand::Memory(from) => Instruction::with3(code, result, from, mode)?,
            })?;
            return Ok(to);
        }
        match (primitive, dtype) {
            (Primitive::SquareRoot, DType::F32) => {
                let forms = forms!(VEX_Vsqrtps_xmm_xmmm128, VEX_Vsqrtps_ymm_ymmm256);
                self.unary(form(forms, full), (full, to), from)?;
            }
            (Primitive::SquareRoot, DType::F64) => {
                let forms = forms!(VEX_Vsqrtpd_xmm_xmmm128, VEX_Vsqrtpd_ymm_ymmm256);
                self.unary(form(forms, full), (full, to), from)?;
            }
            (Primitive::Absolute, DType::I32) => {
                let forms = forms!(VEX_Vpabsd_xmm_xmmm128, VEX_Vpabsd_ymm_ymmm256);
                self.unary(form(forms, full), (full, to), from)?;
            }
            (Primitive::Negate, _) => {
                let forms = binary(Primitive::Subtract).ok_or(Declined::Operation)?.of(dtype)?;
                self.two(XOR, full, to, to, Operand::Register(to))?;
                self.two(forms, full, to, to, operands[0])?;
            }
            (Primitive::Absolute, DType::I64) => {
                // Negative lanes: all bits flipped, then one added.
                let negative = self.registers.take()?;
                let forms = binary(Primitive::Subtract).ok_or(Declined::Operation)?.of(dtype)?;
                let from = self.registered(operands[0], dtype)?;
                self.two(XOR, full, negative, negative, Operand::Register(negative))?;
                self.two(GREATER_64, full, negative, negative, Operand::Register(from.0))?;
                self.two(XOR, full, to, negative, Operand::Register(from.0))?;
                self.two(forms, full, to, to, Operand::Register(negative))?;
                self.give_back(from);
                self.registers.give(negative);
            }
            _ => return Err(Declined::Operation),
        }
        Ok(to)
    }

    /// Every lane shifted by the same amount, in a new register.
    pub(super) fn shift(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        value: Operand,
        amount: i128,
    ) -> Result<u32, Declined> {
        let bits = 8 * dtype.bytes() as i128;
        let is_left = primitive == Primitive::ShiftLeft;
        let to_the_sign = !is_left && dtype.is_signed();
        // An amount that the dtype does not have moves every bit out.
        let amount = if (0..bits).contains(&amount) {
            amount as u32
        } else if to_the_sign {
            bits as u32 - 1
        } else {
            bits as u32
        };
        let forms = match (dtype, is_left) {
            (DType::I32 | DType::U32, true) => {
                forms!(VEX_Vpslld_xmm_xmm_imm8, VEX_Vpslld_ymm_ymm_imm8)
            }
            (DType::I32, false) => forms!(VEX_Vpsrad_xmm_xmm_imm8, VEX_Vpsrad_ymm_ymm_imm8),
            (DType::U32, false) => forms!(VEX_Vpsrld_xmm_xmm_imm8, VEX_Vpsrld_ymm_ymm_imm8),
            (DType::I64 | DType::U64, true) => forms!(VEX_Vpsllq_xmm_xmm_imm8, VEX_Vpsllq_ymm_ymm_imm8),
            (DType::U64, false) => forms!(VEX_Vpsrlq_xmm_xmm_imm8, VEX_Vpsrlq_ymm_ymm_imm8),
            // Nothing but the sign, which AVX2 finds by comparing.
            (DType::I64, false) if amount == 63 => {
                let (value, to) = (self.registered(value, dtype)?, self.registers.take()?);
                self.two(XOR, true, to, to, Operand::Register(to))?;
                self.two(GREATER_64, true, to, to, Operand::Register(value.0))?;
                self.give_back(value);
                return Ok(to);
            }
            (DType::I64, false) if self.has_quadwords() => {
                forms!(EVEX_Vpsraq_xmm_k1z_xmmm128b64_imm8, EVEX_Vpsraq_ymm_k1z_ymmm256b64_imm8)
            }
            _ => return Err(Declined::Operation),
        };
        let full = self.is_full(dtype);
        let value = self.registered(value, dtype)?;
        let to = self.registers.take()?;
        let (code, result, from) = (form(forms, full), register(full, to), register(full, value.0));
        self.emit(Instruction::with3(code, result, from, amount)?)?;
        self.give_back(value);
        Ok(to)
    }

    fn select(&mut self, dtype: DType, operands: &[Operand]) -> Result<u32, Declined> {
        let mask = self.registered(operands[0], DType::Bool)?;
        let other = self.registered(operands[2], dtype)?;
        let to = self.registers.take()?;
        if self.is_full(dtype) {
            self.blend(dtype, to, mask.0, operands[1], other.0)?;
        } else {
            let narrow = self.registers.take()?;
            self.narrow(narrow, mask.0)?;
            self.blend(dtype, to, narrow, operands[1], other.0)?;
            self.registers.give(narrow);
        }
        self.give_back(mask);
        self.give_back(other);
        Ok(to)
    }

    /// The mask of a comparison, in lanes as wide as the operands'.
    fn compare(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        a: Operand,
        b: Operand,
    ) -> Result<u32, Declined> {
        let full = self.is_full(dtype);
        let ones = self.ones();
        // Integers are only compared for `greater`: `a < b` is `b > a`.
        let swapped = primitive == Primitive::Less && dtype.is_int();
        let (first, second) = if swapped { (b, a) } else { (a, b) };
        let first = self.registered(first, dtype)?;
        let to = self.registers.take()?;
        let mut negated = false;
        if dtype.is_float() {
            let forms = if dtype == DType::F32 { COMPARE_F32 } else { COMPARE_F64 };
            let predicate = match primitive {
                Primitive::Equal => IS_EQUAL,
                Primitive::NotEqual => IS_NOT_EQUAL,
                Primitive::Less => IS_LESS,
                _ => IS_LESS_EQUAL,
            };
            self.compare_floats(forms, full, to, (first.0, second), predicate)?;
        } else if dtype == DType::Bool {
            match primitive {
                Primitive::Equal | Primitive::NotEqual => {
                    self.two(XOR, full, to, first.0, second)?;
                    negated = primitive == Primitive::Equal;
                }
                Primitive::Less => self.two(AND_NOT, full, to, first.0, second)?,
                _ => {
                    self.two(XOR, full, to, first.0, ones)?;
                    self.two(OR, full, to, to, second)?;
                }
            }
        } else {
            let (equal, greater) =
                if dtype.bytes() == 4 { (EQUAL_32, GREATER_32) } else { (EQUAL_64, GREATER_64) };
            let is_equality = matches!(primitive, Primitive::Equal | Primitive::NotEqual);
            self.two(if is_equality { equal } else { greater }, full, to, first.0, second)?;
            negated = matches!(primitive, Primitive::NotEqual | Primitive::LessEqual);
        }
        if negated {
            self.two(XOR, full, to, to, ones)?;
        }
        self.give_back(first);
        Ok(to)
    }

    /// The first operand if it is NaN or not beyond the second, else the second.
    fn extreme(
        &mut self,
        primitive: Primitive,
        dtype: DType,
        a: Operand,
        b: Operand,
    ) -> Result<u32, Declined> {
        let full = self.is_full(dtype);
        let (a, b) = (self.registered(a, dtype)?, self.registered(b, dtype)?);
        let to = self.registers.take()?;
        let mask = self.registers.take()?;
        if dtype.is_float() {
            // The instructions for this give the second operand where one is NaN.
            let forms = if dtype == DType::F32 { COMPARE_F32 } else { COMPARE_F64 };
            let (low, high) = if primitive == Primitive::Minimum { (a.0, b.0) } else { (b.0, a.0) };
            self.compare_floats(forms, full, mask, (low, Operand::Register(high)), IS_LESS_EQUAL)?;
            self.compare_floats(forms, full, to, (a.0, Operand::Register(a.0)), IS_UNORDERED)?;
            self.two(OR, full, mask, mask, Operand::Register(to))?;
            self.blend(dtype, to, mask, Operand::Register(a.0), b.0)?;
        } else {
            self.two(GREATER_64, full, mask, a.0, Operand::Register(b.0))?;
            let (chosen, other) = if primitive == Primitive::Minimum { (b, a) } else { (a, b) };
            self.blend(dtype, to, mask, Operand::Register(chosen.0), other.0)?;
        }
        self.registers.give(mask);
        self.give_back(a);
        self.give_back(b);
        Ok(to)
    }

    /// Products of 64-bit lanes, which wrap around.
    fn multiply_i64(&mut self, a: Operand, b: Operand) -> Result<u32, Declined> {
        let (a, b) = (self.registered(a, DType::I64)?, self.registered(b, DType::I64)?);
        let to = self.registers.take()?;
        let [y, left, right] = [to, a.0, b.0].map(|number| register(true, number));
        if self.has_quadwords() {
            self.emit(Instruction::with3(Code::EVEX_Vpmullq_ymm_k1z_ymm_ymmm256b64, y, left, right)?)?;
        } else {
            // The product of the low halves, and both mixed products in the high half.
            let mixed = self.registers.take()?;
            let m = register(true, mixed);
            self.emit(Instruction::with3(Code::VEX_Vpsrlq_ymm_ymm_imm8, y, left, 32u32)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, y, y, right)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpsrlq_ymm_ymm_imm8, m, right, 32u32)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, m, m, left)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpaddq_ymm_ymm_ymmm256, m, m, y)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpsllq_ymm_ymm_imm8, m, m, 32u32)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpmuludq_ymm_ymm_ymmm256, y, left, right)?)?;
            self.emit(Instruction::with3(Code::VEX_Vpaddq_ymm_ymm_ymmm256, y, y, m)?)?;
            self.registers.give(mixed);
        }
        self.give_back(a);
        self.give_back(b);
        Ok(to)
    }

    /// The upper halves of products of 64-bit lanes without sign, by products of their halves.
    fn multiply_high(&mut self, a: Operand, b: Operand) -> Result<u32, Declined> {
        let (a, b) = (self.registered(a, DType::I64)?, self.registered(b, DType::I64)?);
        let (to, low) = (self.registers.take()?, self.registers.take()?);
        let (a_high, b_high) = (self.registers.take()?, self.registers.take()?);
        let [y, l, ah, bh] = [to, low, a_high, b_high].map(|number| register(true, number));
        let [left, right] = [a.0, b.0].map(|number| register(true, number));
        let mut lower = [0; BYTES];
        lower.chunks_mut(8).for_each(|lane| lane[..4].fill(0xff));
        let lower = self.pooled(lower);
        let (product, sum) = (Code::VEX_Vpmuludq_ymm_ymm_ymmm256, Code::VEX_Vpaddq_ymm_ymm_ymmm256);
        let down = Code::VEX_Vpsrlq_ymm_ymm_imm8;
        self.emit(Instruction::with3(down, ah, left, 32u32)?)?;
        self.emit(Instruction::with3(down, bh, right, 32u32)?)?;
        // A mixed product with what the low product carries, then the other with the low half of that.
        self.emit(Instruction::with3(product, l, left, right)?)?;
        self.emit(Instruction::with3(down, l, l, 32u32)?)?;
        self.emit(Instruction::with3(product, y, ah, right)?)?;
        self.emit(Instruction::with3(sum, l, l, y)?)?;
        self.emit(Instruction::with3(product, y, left, bh)?)?;
        self.emit(Instruction::with3(product, ah, ah, bh)?)?;
        self.emit(Instruction::with3(Code::VEX_Vpand_ymm_ymm_ymmm256, bh, l, lower)?)?;
        self.emit(Instruction::with3(sum, y, y, bh)?)?;
        self.emit(Instruction::with3(down, y, y, 32u32)?)?;
        self.emit(Instruction::with3(down, l, l, 32u32)?)?;
        self.emit(Instruction::with3(sum, y, y, l)?)?;
        self.emit(Instruction::with3(sum, y, y, ah)?)?;
        for number in [low, a_high, b_high] {
            self.registers.give(number);
        }
        self.give_back(a);
        self.give_back(b);
        Ok(to)
    }

    /// A value in another dtype, as `astype` defines it, in a new register.
    pub(super) fn convert(&mut self, value: Operand, from: DType, to: DType) -> Result<u32, Declined> {
        let (full_from, full_to) = (self.is_full(from), self.is_full(to));
        let result = self.registers.take()?;
        let code = match (from, to) {
            (DType::F32, DType::F64) => Code::VEX_Vcvtps2pd_ymm_xmmm128,
            (DType::F64, DType::F32) => Code::VEX_Vcvtpd2ps_xmm_ymmm256,
            (DType::I32, DType::F32) => {
                form(forms!(VEX_Vcvtdq2ps_xmm_xmmm128, VEX_Vcvtdq2ps_ymm_ymmm256), full_to)
            }
            (DType::I32, DType::F64) => Code::VEX_Vcvtdq2pd_ymm_xmmm128,
            (DType::I32, DType::I64) => Code::VEX_Vpmovsxdq_ymm_xmmm128,
            // NaN and what does not fit become the smallest integer: what the instructions do.
            (DType::F32, DType::I32) => {
                form(forms!(VEX_Vcvttps2dq_xmm_xmmm128, VEX_Vcvttps2dq_ymm_ymmm256), full_to)
            }
            (DType::F64, DType::I32) => Code::VEX_Vcvttpd2dq_xmm_ymmm256,
            (DType::I64, DType::F64) if self.has_quadwords() => Code::EVEX_Vcvtqq2pd_ymm_k1z_ymmm256b64,
            (DType::I64, DType::F32) if self.has_quadwords() => Code::EVEX_Vcvtqq2ps_xmm_k1z_ymmm256b64,
            (DType::F64, DType::I64) if self.has_quadwords() => Code::EVEX_Vcvttpd2qq_ymm_k1z_ymmm256b64,
            (DType::F32, DType::I64) if self.has_quadwords() => Code::EVEX_Vcvttps2qq_ymm_k1z_xmmm128b32,
            (DType::U32, DType::I64) => Code::VEX_Vpmovzxdq_ymm_xmmm128,
            (DType::U32, DType::F64) => {
                // Below the digits of 2^52 the integer is its own.
                const TWO_52: f64 = 4_503_599_627_370_496.0;
                self.unary(Code::VEX_Vpmovzxdq_ymm_xmmm128, (true, result), (false, value))?;
                let above = Operand::Memory(self.constant(fusewire_ir::Scalar::F64(TWO_52)));
                self.two(OR, true, result, result, above)?;
                let subtract = binary(Primitive::Subtract).ok_or(Declined::Operation)?.of(to)?;
                self.two(subtract, true, result, result, above)?;
                return Ok(result);
            }
            (DType::I64, DType::I32 | DType::U32) => {
                let value = self.registered(value, from)?;
                self.narrow(result, value.0)?;
                self.give_back(value);
                return Ok(result);
            }
            (DType::Bool, _) if to != DType::Bool => {
                let mask = self.registered(value, from)?;
                let mut lanes = mask.0;
                if !full_to {
                    self.narrow(result, mask.0)?;
                    lanes = result;
                }
                let one = Operand::Memory(self.constant(fusewire_ir::Scalar::I64(1).cast(to)));
                self.two(AND, full_to, result, lanes, one)?;
                self.give_back(mask);
                return Ok(result);
            }
            _ => return Err(Declined::Operation),
        };
        self.unary(code, (full_to, result), (full_from, value))?;
        Ok(result)
    }
}
