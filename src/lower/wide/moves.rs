//! Vectors from memory and to it: consecutive elements, one element in every lane, `bool` as lanes of a mask.

use super::forms::*;
use super::select::{form, register};
use super::{ADDRESSES, Assembly, BYTES, Declined, Operand};
use fusewire_ir::DType;
use iced_x86::{Code, Instruction, MemoryOperand};

impl Assembly<'_> {
    /// Copies a vector of a dtype from memory.
    pub(super) fn move_in(&mut self, to: u32, dtype: DType, from: MemoryOperand) -> Result<(), Declined> {
        let full = self.is_full(dtype);
        self.unary(form(LOAD, full), (full, to), (full, Operand::Memory(from)))
    }

    /// Copies a vector of a dtype.
    pub(super) fn copy(&mut self, to: u32, dtype: DType, from: Operand) -> Result<(), Declined> {
        let full = self.is_full(dtype);
        self.unary(form(LOAD, full), (full, to), (full, from))
    }

    /// Copies a vector of a dtype to memory.
    pub(super) fn move_out(&mut self, to: MemoryOperand, dtype: DType, from: u32) -> Result<(), Declined> {
        let full = self.is_full(dtype);
        self.emit(Instruction::with2(form(STORE, full), to, register(full, from))?)
    }

    /// Consecutive elements of the current step.
    pub(super) fn read(&mut self, address: usize, dtype: DType) -> Result<u32, Declined> {
        let to = self.registers.take()?;
        let place = self.place(address, dtype);
        if let Some(mask) = self.mask {
            // Memory beyond the mask is not touched.
            if !self.is_full(dtype) || dtype == DType::Bool {
                return Err(Declined::Operation);
            }
            let lanes = self.registers.take()?;
            self.move_in(lanes, dtype, mask)?;
            let (wide, lanes_wide) = (register(true, to), register(true, lanes));
            let code = if dtype.bytes() == 4 {
                Code::VEX_Vmaskmovps_ymm_ymm_m256
            } else {
                Code::VEX_Vmaskmovpd_ymm_ymm_m256
            };
            self.emit(Instruction::with3(code, wide, lanes_wide, place)?)?;
            self.registers.give(lanes);
            return Ok(to);
        }
        if dtype != DType::Bool {
            self.move_in(to, dtype, place)?;
            return Ok(to);
        }
        let (widen, greater) = if self.lanes == 4 {
            (Code::VEX_Vpmovzxbq_ymm_xmmm32, GREATER_64)
        } else {
            (Code::VEX_Vpmovzxbd_ymm_xmmm64, GREATER_32)
        };
        self.unary(widen, (true, to), (false, Operand::Memory(place)))?;
        let zeros = self.zeros();
        self.two(greater, true, to, to, zeros)?;
        Ok(to)
    }

    /// One element in every lane.
    pub(super) fn splat(&mut self, dtype: DType, address: usize) -> Result<u32, Declined> {
        let to = self.registers.take()?;
        let full = self.is_full(dtype);
        let code = match dtype.bytes() {
            1 => Code::VEX_Vpbroadcastb_ymm_xmmm8,
            4 if full => Code::VEX_Vbroadcastss_ymm_m32,
            4 => Code::VEX_Vbroadcastss_xmm_m32,
            8 => Code::VEX_Vbroadcastsd_ymm_m64,
            _ => return Err(Declined::Operation),
        };
        let place = MemoryOperand::with_base(ADDRESSES[address]);
        self.unary(code, (full, to), (full, Operand::Memory(place)))?;
        if dtype == DType::Bool {
            let (zeros, ones) = (self.zeros(), self.ones());
            let equal = forms!(VEX_Vpcmpeqb_xmm_xmm_xmmm128, VEX_Vpcmpeqb_ymm_ymm_ymmm256);
            self.two(equal, true, to, to, zeros)?;
            self.two(XOR, true, to, to, ones)?;
        }
        Ok(to)
    }

    /// Writes a value to consecutive elements of the current step.
    pub(super) fn write(&mut self, address: usize, dtype: DType, from: u32) -> Result<(), Declined> {
        let place = self.place(address, dtype);
        if dtype != DType::Bool {
            return self.move_out(place, dtype, from);
        }
        let bytes = self.registers.take()?;
        let packed = register(false, bytes);
        if self.lanes == 4 {
            self.narrow(bytes, from)?;
            self.emit(Instruction::with3(Code::VEX_Vpackssdw_xmm_xmm_xmmm128, packed, packed, packed)?)?;
        } else {
            let high = register(true, from);
            self.emit(Instruction::with3(Code::VEX_Vextracti128_xmmm128_ymm_imm8, packed, high, 1u32)?)?;
            let low = register(false, from);
            self.emit(Instruction::with3(Code::VEX_Vpackssdw_xmm_xmm_xmmm128, packed, low, packed)?)?;
        }
        self.emit(Instruction::with3(Code::VEX_Vpacksswb_xmm_xmm_xmmm128, packed, packed, packed)?)?;
        let ones = Operand::Memory(self.pooled([1; BYTES]));
        self.two(AND, false, bytes, bytes, ones)?;
        let store = if self.lanes == 4 { Code::VEX_Vmovd_rm32_xmm } else { Code::VEX_Vmovq_xmmm64_xmm };
        self.emit(Instruction::with2(store, place, packed)?)?;
        self.registers.give(bytes);
        Ok(())
    }

    /// Writes a value that is no `bool` to consecutive elements of the current step, around the cache.
    pub(super) fn stream(&mut self, address: usize, dtype: DType, from: u32) -> Result<(), Declined> {
        let (place, full) = (self.place(address, dtype), self.is_full(dtype));
        self.emit(Instruction::with2(form(STREAM, full), place, register(full, from))?)
    }

    /// The low halves of 64-bit lanes, side by side.
    pub(super) fn narrow(&mut self, to: u32, from: u32) -> Result<(), Declined> {
        let narrow = register(false, to);
        let high = register(true, from);
        self.emit(Instruction::with3(Code::VEX_Vextracti128_xmmm128_ymm_imm8, narrow, high, 1u32)?)?;
        let low = register(false, from);
        let even = 0b10_00_10_00u32;
        self.emit(Instruction::with4(Code::VEX_Vshufps_xmm_xmm_xmmm128_imm8, narrow, low, narrow, even)?)
    }
}
