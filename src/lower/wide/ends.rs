//! How an assembled function begins and ends.

use super::{ADDRESSES, Assembled, Assembly, BYTES, Declined, INDEX, LARGEST_FRAME};
use fusewire_ir::body::Code;
use iced_x86::{Code as Machine, Instruction, MemoryOperand, Register};

impl Assembly<'_> {
    /// Saves registers, makes room on the stack for values that stay the same and do not fit into registers, and loads the
    /// addresses; the bytes of the room.
    pub(super) fn enter(&mut self, pushed: &[Register], invariants: &[bool]) -> Result<usize, Declined> {
        let is_constant = |at: &usize| matches!(self.of.body.instructions[*at].code, Code::Constant(_));
        let frame = (0..invariants.len()).filter(|at| invariants[*at] && !is_constant(at)).count() * BYTES;
        if frame > LARGEST_FRAME {
            return Err(Declined::Stack);
        }
        for register in pushed {
            self.emit(Instruction::with1(Machine::Push_r64, *register)?)?;
        }
        if frame > 0 {
            self.emit(Instruction::with2(Machine::Sub_rm64_imm32, Register::RSP, frame as i32)?)?;
        }
        for (at, register) in ADDRESSES[..self.of.addresses].iter().enumerate() {
            let word = MemoryOperand::with_base_displ(INDEX, 8 * at as i64);
            self.emit(Instruction::with2(Machine::Mov_r64_rm64, *register, word)?)?;
        }
        Ok(frame)
    }

    /// The end of the function.
    pub(super) fn leave(&mut self, pushed: &[Register], frame: usize) -> Result<(), Declined> {
        self.emit(Instruction::with(Machine::VEX_Vzeroupper))?;
        if frame > 0 {
            self.emit(Instruction::with2(Machine::Add_rm64_imm32, Register::RSP, frame as i32)?)?;
        }
        for register in pushed.iter().rev() {
            self.emit(Instruction::with1(Machine::Pop_r64, *register)?)?;
        }
        self.emit(Instruction::with(Machine::Retnq))
    }

    /// The code after its constants.
    pub(super) fn finished(mut self, elements: usize) -> Result<Assembled, Declined> {
        if self.pool.len() * BYTES > self.room {
            return Err(Declined::Encoding);
        }
        let mut bytes = self.pool.concat();
        bytes.resize(self.room, 0);
        bytes.extend(self.encoder.take_buffer());
        Ok(Assembled { bytes, entry: self.room, elements })
    }
}
