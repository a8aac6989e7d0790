//! Reductions of rows with at least a row of lanes, one after another: lanes stay in registers, and each row gives one
//! word, without a call between rows. The order is that of Cranelift's loop, and so are the bits.

use super::forms::binary;
use super::select::register;
use super::{
    ADDRESSES, Assembled, Assembly, BYTES, Declined, FREE_ADDRESSES, INDEX, Loop, Operand, TRIPS, Target,
};
use crate::lower::segment::combine;
use fusewire_ir::reduce::LANE_BYTES;
use fusewire_ir::{DType, ReduceOp};
use iced_x86::{Code, Instruction, MemoryOperand, Register};

/// The most addresses of a loop over rows.
const MOST_ADDRESSES: usize = 10;
/// The array of words, how many rows are left, and where the next total goes.
const WORDS: Register = Register::R13;
const ROWS: Register = Register::R14;
const TOTAL: Register = Register::R15;

/// Vectors in a row of lanes.
const STEPS: usize = LANE_BYTES / BYTES;

/// The words that come after each address and how far it moves from row to row.
#[derive(Clone, Copy)]
enum Word {
    Rows,
    Trips,
    Totals,
    Tail,
}

impl Loop<'_> {
    /// Assembles the loop around the loop, for one [`Target::Lanes`]: `fn(words)`. The words are the addresses, how many
    /// bytes each moves from row to row, how many rows there are, how many trips each takes, and where the totals go.
    /// There is at least one row and one trip. With `self.tails` there is one more word, whether elements are left after the
    /// trips of a row, and a mask of lanes of what is left, [`LANE_BYTES`] long.
    pub fn assemble_rows(&self) -> Result<Assembled, Declined> {
        if self.addresses > MOST_ADDRESSES {
            return Err(Declined::Registers);
        }
        self.assemble_with(Assembly::rows)
    }

    fn word(&self, word: Word) -> MemoryOperand {
        MemoryOperand::with_base_displ(WORDS, 8 * (2 * self.addresses + word as usize) as i64)
    }
}

impl Assembly<'_> {
    fn rows(mut self, kept: usize) -> Result<Assembled, Declined> {
        let [Target::Lanes { value, op }] = self.of.targets[..] else { return Err(Declined::Operation) };
        let dtype = self.of.body.dtype(value);
        if !self.is_full(dtype) || dtype == DType::Bool {
            return Err(Declined::Operation);
        }
        let invariants = self.of.invariants();
        let addresses = self.of.addresses;
        let mut pushed = ADDRESSES[FREE_ADDRESSES.min(addresses)..addresses].to_vec();
        pushed.extend([WORDS, ROWS, TOTAL]);
        let frame = self.enter(&pushed, &invariants)?;
        self.emit(Instruction::with2(Code::Mov_r64_rm64, WORDS, INDEX)?)?;
        self.emit(Instruction::with2(Code::Mov_r64_rm64, ROWS, self.of.word(Word::Rows))?)?;
        self.emit(Instruction::with2(Code::Mov_r64_rm64, TOTAL, self.of.word(Word::Totals))?)?;

        for _ in 0..STEPS {
            let lanes = self.registers.take()?;
            self.accumulators.push(lanes);
        }

        let row = self.at;
        self.prologue(&invariants, kept)?;
        self.emit(Instruction::with2(Code::Xor_r32_rm32, Register::EDI, Register::EDI)?)?;
        self.emit(Instruction::with2(Code::Mov_r64_rm64, TRIPS, self.of.word(Word::Trips))?)?;
        // The first elements of all lanes, combined with what changes nothing, are what they are.
        self.is_first = true;
        self.trip(&invariants)?;
        self.is_first = false;
        self.emit(Instruction::with_branch(Code::Je_rel32_64, row as u64)?)?;
        let only_one = self.at;
        let trip = self.at;
        self.trip(&invariants)?;
        self.emit(Instruction::with_branch(Code::Jne_rel32_64, trip as u64)?)?;
        self.land(only_one);
        if self.of.tails {
            self.emit(Instruction::with2(Code::Cmp_rm64_imm8, self.of.word(Word::Tail), 0)?)?;
            self.emit(Instruction::with_branch(Code::Je_rel32_64, row as u64)?)?;
            let no_tail = self.at;
            for step in 0..STEPS {
                self.offset = step * self.lanes;
                let mask = 8 * (2 * addresses + Word::Tail as usize + 1) + step * BYTES;
                self.mask = Some(MemoryOperand::with_base_displ(WORDS, mask as i64));
                self.step(&invariants)?;
            }
            self.mask = None;
            self.land(no_tail);
        }

        self.halves(op, dtype)?;
        self.emit(Instruction::with2(Code::Add_rm64_imm8, TOTAL, 8)?)?;
        for (at, address) in ADDRESSES[..addresses].iter().enumerate() {
            let step = MemoryOperand::with_base_displ(WORDS, 8 * (addresses + at) as i64);
            self.emit(Instruction::with2(Code::Add_r64_rm64, *address, step)?)?;
        }
        self.emit(Instruction::with1(Code::Dec_rm64, ROWS)?)?;
        self.emit(Instruction::with_branch(Code::Jne_rel32_64, row as u64)?)?;
        self.leave(&pushed, frame)?;
        let elements = STEPS * self.lanes;
        self.finished(elements)
    }

    /// One vector for every lane, and one trip less that is left.
    fn trip(&mut self, invariants: &[bool]) -> Result<(), Declined> {
        for step in 0..STEPS {
            self.offset = step * self.lanes;
            self.step(invariants)?;
        }
        self.emit(Instruction::with2(Code::Add_rm64_imm8, INDEX, (STEPS * self.lanes) as i32)?)?;
        self.emit(Instruction::with1(Code::Dec_rm64, TRIPS)?)
    }

    /// Lets the jump that ends at `end` go to here: its last four bytes are the distance.
    fn land(&mut self, end: usize) {
        let distance = (self.at - end) as u32;
        let mut bytes = self.encoder.take_buffer();
        let place = end - self.room;
        bytes[place - 4..place].copy_from_slice(&distance.to_le_bytes());
        self.encoder.set_buffer(bytes);
    }

    /// `into` combined with an operand, where the mask of a tail holds.
    pub(super) fn combine_into(
        &mut self,
        op: ReduceOp,
        dtype: DType,
        into: u32,
        with: Operand,
    ) -> Result<(), Declined> {
        let primitive = combine(op);
        if let Some(mask) = self.mask {
            let after = self.apply(primitive, dtype, &[Operand::Register(into), with])?;
            let lanes = self.registers.take()?;
            self.move_in(lanes, dtype, mask)?;
            self.blend(dtype, into, lanes, Operand::Register(after), into)?;
            self.registers.give(lanes);
            self.registers.give(after);
            return Ok(());
        }
        if let Some(Ok(forms)) = binary(primitive).map(|forms| forms.of(dtype)) {
            return self.two(forms, true, into, into, with);
        }
        let after = self.apply(primitive, dtype, &[Operand::Register(into), with])?;
        self.copy(into, dtype, Operand::Register(after))?;
        self.registers.give(after);
        Ok(())
    }

    /// Combines the lanes by halves, and writes the word that stands for the row.
    fn halves(&mut self, op: ReduceOp, dtype: DType) -> Result<(), Declined> {
        let mut count = STEPS;
        while count > 1 {
            count /= 2;
            for at in 0..count {
                let high = self.accumulators[at + count];
                self.combine_into(op, dtype, self.accumulators[at], Operand::Register(high))?;
            }
        }
        let [total, high] = [self.accumulators[0], self.accumulators[1]];
        let [total_half, high_half] = [total, high].map(|number| register(false, number));
        let whole = register(true, total);
        self.emit(Instruction::with3(Code::VEX_Vextractf128_xmmm128_ymm_imm8, high_half, whole, 1u32)?)?;
        self.combine_into(op, dtype, total, Operand::Register(high))?;
        // The upper half of the lanes of 128 bits, then the second of the two lanes that are left.
        let moves: &[u32] =
            if dtype.bytes() == 4 { &[0b11_10_11_10, 0b01_01_01_01] } else { &[0b11_10_11_10] };
        for lanes in moves {
            let shuffle = Code::VEX_Vpshufd_xmm_xmmm128_imm8;
            self.emit(Instruction::with3(shuffle, high_half, total_half, *lanes)?)?;
            self.combine_into(op, dtype, total, Operand::Register(high))?;
        }
        match dtype {
            DType::F32 => {
                let widen = Code::VEX_Vcvtss2sd_xmm_xmm_xmmm32;
                self.emit(Instruction::with3(widen, total_half, total_half, total_half)?)?;
            }
            DType::I32 => {
                self.emit(Instruction::with2(Code::VEX_Vpmovsxdq_xmm_xmmm64, total_half, total_half)?)?;
            }
            _ => {}
        }
        let word = MemoryOperand::with_base(TOTAL);
        self.emit(Instruction::with2(Code::VEX_Vmovq_xmmm64_xmm, word, total_half)?)
    }
}
