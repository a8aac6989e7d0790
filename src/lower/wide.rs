//! The innermost loop over consecutive elements in 256-bit vectors.
//!
//! Cranelift's vectors on x86-64 have 128 bits, which halves the speed of bodies that wait for
//! arithmetic. Where the processor has AVX2, the bulk of a run therefore goes through a function
//! assembled here, `fn(addresses, trips)`; Cranelift's loop does the rest of the run, and every run
//! that this module declines. Both compute the same bits: no operation rounds differently by width.

mod ends;
mod forms;
mod moves;
mod registers;
mod rows;
mod select;
#[cfg(test)]
mod tests;

use super::segment::combine;
use fusewire_ir::body::{Body, Code, Primitive, Value};
use fusewire_ir::{DType, ReduceOp, Scalar};
use iced_x86::{Code as Machine, IcedError, Instruction, MemoryOperand, Register};
use registers::{Full, Registers};

/// The vectors a routine uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Width {
    /// 128 bits, everywhere.
    Narrow,
    /// 256 bits where this module can, with AVX2.
    Avx2,
    /// 256 bits, with what AVX-512 adds for 64-bit integers.
    Avx512,
}

impl Width {
    /// What this processor has.
    pub fn available() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            if has!("avx2") && has!("avx512dq") && has!("avx512vl") {
                return Self::Avx512;
            }
            if has!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Narrow
    }
}

/// Bytes of a vector.
const BYTES: usize = 32;

/// Bytes of a cache line.
pub(super) const LINE: i64 = 64;

/// A body above this many operations has one step an iteration instead of four.
const LONG_BODY: usize = 50;

/// The most stack a loop may take, in bytes: a page needs no probe.
const LARGEST_FRAME: usize = 4096;

/// Where the loop finds a value that it does not compute. Positions are those of its addresses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// One element after another.
    Consecutive(usize),
    /// The same element in every iteration.
    Still(usize),
}

/// What happens to a value, one element after another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// It is written.
    Store { value: Value, address: usize },
    /// It is combined with what is there.
    Combine { value: Value, address: usize, op: ReduceOp },
    /// It is combined with lanes in registers, for [`Loop::assemble_rows`].
    Lanes { value: Value, op: ReduceOp },
}

impl Target {
    fn value(self) -> Value {
        match self {
            Self::Store { value, .. } | Self::Combine { value, .. } | Self::Lanes { value, .. } => value,
        }
    }
}

/// A loop to assemble.
pub(super) struct Loop<'a> {
    pub width: Width,
    pub body: &'a Body,
    /// The instructions that are needed, in order, with where those come from that are not computed.
    pub needed: Vec<(usize, Option<Source>)>,
    pub targets: Vec<Target>,
    /// How many addresses it is called with.
    pub addresses: usize,
    /// The addresses, multiples of [`LINE`], where writes go around the cache. None are of a `bool`.
    pub streamed: Vec<usize>,
    /// Do rows end with elements that fill no row of lanes?
    pub tails: bool,
}

/// An assembled loop: position-independent code, which begins at an offset in its bytes.
pub(super) struct Assembled {
    pub bytes: Vec<u8>,
    pub entry: usize,
    /// Elements per trip, a power of two.
    pub elements: usize,
}

/// Why a loop is left to Cranelift.
#[derive(Debug)]
pub(super) enum Declined {
    /// Too many values at once, or too many addresses.
    Registers,
    /// Too many values that stay the same.
    Stack,
    /// An operation or a dtype that 256-bit vectors do not help with.
    Operation,
    /// An instruction that cannot be encoded.
    Encoding,
}

impl From<IcedError> for Declined {
    fn from(_: IcedError) -> Self {
        Self::Encoding
    }
}

impl From<Full> for Declined {
    fn from(_: Full) -> Self {
        Self::Registers
    }
}

/// Where an operand is.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Register(u32),
    Memory(MemoryOperand),
}

/// Where a value stays during the loop.
#[derive(Clone, Copy, Debug)]
enum Home {
    Register(u32),
    Memory(MemoryOperand),
    /// In memory as elements of its dtype, not loaded yet.
    Unread(usize),
}

/// Registers that hold addresses, those a callee must keep last.
const ADDRESSES: [Register; 13] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
    Register::RBX,
    Register::RBP,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];
/// How many of them the caller does not expect back.
const FREE_ADDRESSES: usize = 7;
/// The array of addresses at first, then the index of the element.
const INDEX: Register = Register::RDI;
const TRIPS: Register = Register::RSI;

impl Loop<'_> {
    /// Assembles the loop.
    pub fn assemble(&self) -> Result<Assembled, Declined> {
        self.assemble_with(Assembly::run)
    }

    /// Assembles in one way or another, with as many unchanging values in registers as there is room for.
    fn assemble_with<'a>(
        &'a self,
        run: impl Fn(Assembly<'a>, usize) -> Result<Assembled, Declined>,
    ) -> Result<Assembled, Declined> {
        if self.addresses > ADDRESSES.len() {
            return Err(Declined::Registers);
        }
        let widest = self.needed.iter().map(|(at, _)| self.body.instructions[*at].dtype.bytes()).max();
        // Cranelift has the others.
        let has_forms = |dtype: DType| matches!(dtype.bytes(), 4 | 8) || dtype == DType::Bool;
        if !self.needed.iter().all(|(at, _)| has_forms(self.body.instructions[*at].dtype)) {
            return Err(Declined::Operation);
        }
        let lanes = match widest {
            Some(widest @ (4 | 8)) => BYTES / widest,
            _ => return Err(Declined::Operation),
        };
        // Values that stay the same live in registers, as many as the others leave.
        let mut kept = self.invariants().iter().filter(|is_invariant| **is_invariant).count().min(14);
        loop {
            match run(Assembly::new(self, lanes), kept) {
                Err(Declined::Registers) if kept > 0 => kept = kept * 2 / 3,
                result => return result,
            }
        }
    }

    /// Which needed instructions have the same value in every iteration.
    fn invariants(&self) -> Vec<bool> {
        let mut invariant = vec![false; self.body.instructions.len()];
        for (at, source) in &self.needed {
            let code = &self.body.instructions[*at].code;
            invariant[*at] = match (source, code) {
                (Some(Source::Still(_)), _) | (None, Code::Constant(_)) => true,
                (Some(Source::Consecutive(_)), _) => false,
                (None, code) => code.operands().iter().all(|operand| invariant[operand.index()]),
            };
        }
        let needed: Vec<usize> = self.needed.iter().map(|(at, _)| *at).collect();
        (0..invariant.len()).map(|at| invariant[at] && needed.binary_search(&at).is_ok()).collect()
    }
}

/// The state of assembling one loop.
struct Assembly<'a> {
    of: &'a Loop<'a>,
    lanes: usize,
    encoder: iced_x86::Encoder,
    /// Bytes of constants before the code.
    room: usize,
    pool: Vec<[u8; BYTES]>,
    at: usize,
    registers: Registers,
    homes: Vec<Option<Home>>,
    /// How often each value is still read in the current step.
    uses: Vec<usize>,
    /// Elements from the index to the current step.
    offset: usize,
    /// Bytes of the stack in use.
    stack: usize,
    /// Registers of lanes that elements are combined with.
    accumulators: Vec<u32>,
    /// Are these the first elements of all lanes?
    is_first: bool,
    /// The lanes of the current step that there are elements for, where that is not all.
    mask: Option<MemoryOperand>,
}

impl<'a> Assembly<'a> {
    fn new(of: &'a Loop<'a>, lanes: usize) -> Self {
        let constants = of.body.instructions.iter().filter(|i| matches!(i.code, Code::Constant(_))).count();
        let room = (constants + select::CONSTANTS) * BYTES;
        Self {
            of,
            lanes,
            encoder: iced_x86::Encoder::new(64),
            room,
            pool: Vec::new(),
            at: room,
            registers: Registers::default(),
            homes: vec![None; of.body.instructions.len()],
            uses: vec![0; of.body.instructions.len()],
            offset: 0,
            stack: 0,
            accumulators: Vec::new(),
            is_first: false,
            mask: None,
        }
    }

    fn run(mut self, kept: usize) -> Result<Assembled, Declined> {
        let invariants = self.of.invariants();
        let steps = if self.of.body.operations() > LONG_BODY { 1 } else { 4 };
        let pushed = ADDRESSES[FREE_ADDRESSES.min(self.of.addresses)..self.of.addresses].to_vec();
        let frame = self.enter(&pushed, &invariants)?;
        self.prologue(&invariants, kept)?;
        self.emit(Instruction::with2(Machine::Xor_r32_rm32, Register::EDI, Register::EDI)?)?;
        let start = self.at;
        for step in 0..steps {
            self.offset = step * self.lanes;
            self.step(&invariants)?;
        }
        let elements = steps * self.lanes;
        self.emit(Instruction::with2(Machine::Add_rm64_imm8, INDEX, elements as i32)?)?;
        self.emit(Instruction::with1(Machine::Dec_rm64, TRIPS)?)?;
        self.emit(Instruction::with_branch(Machine::Jne_rel32_64, start as u64)?)?;
        self.leave(&pushed, frame)?;
        self.finished(elements)
    }

    fn emit(&mut self, instruction: Instruction) -> Result<(), Declined> {
        self.at += self.encoder.encode(&instruction, self.at as u64)?;
        Ok(())
    }

    /// Computes what stays the same; the first `kept` of it stays in registers.
    fn prologue(&mut self, invariants: &[bool], kept: usize) -> Result<(), Declined> {
        let mut left = kept;
        // What only other unchanging values read need not be kept.
        let mut read = vec![false; invariants.len()];
        for (at, _) in self.of.needed.iter().filter(|(at, _)| !invariants[*at]) {
            let operands = self.of.body.instructions[*at].code.operands();
            operands.iter().for_each(|operand| read[operand.index()] = true);
        }
        self.of.targets.iter().for_each(|target| read[target.value().index()] = true);
        for (at, source) in self.of.needed.clone() {
            if !invariants[at] {
                continue;
            }
            let instruction = &self.of.body.instructions[at];
            if let Code::Constant(scalar) = instruction.code {
                let splat = self.constant(scalar);
                self.homes[at] = Some(Home::Memory(splat));
                if left > 0 && read[at] {
                    left -= 1;
                    let register = self.registers.take()?;
                    self.move_in(register, instruction.dtype, splat)?;
                    self.homes[at] = Some(Home::Register(register));
                }
                continue;
            }
            let register = match source {
                Some(Source::Still(address)) => self.splat(instruction.dtype, address)?,
                _ => self.compute(at)?,
            };
            if left > 0 && read[at] {
                left -= 1;
                self.homes[at] = Some(Home::Register(register));
                continue;
            }
            let slot = MemoryOperand::with_base_displ(Register::RSP, self.stack as i64);
            self.stack += BYTES;
            self.move_out(slot, instruction.dtype, register)?;
            self.registers.give(register);
            self.homes[at] = Some(Home::Memory(slot));
        }
        Ok(())
    }

    /// One vector's worth of every value, then the writes.
    fn step(&mut self, invariants: &[bool]) -> Result<(), Declined> {
        for (at, _) in self.of.needed.iter().filter(|(at, _)| !invariants[*at]) {
            self.uses[*at] = 0;
        }
        for (at, source) in &self.of.needed {
            if !invariants[*at] && source.is_none() {
                for operand in self.of.body.instructions[*at].code.operands() {
                    self.uses[operand.index()] += 1;
                }
            }
        }
        for target in &self.of.targets {
            self.uses[target.value().index()] += 1;
        }
        for (at, source) in self.of.needed.clone() {
            if invariants[at] {
                continue;
            }
            self.homes[at] = Some(match source {
                Some(Source::Consecutive(address) | Source::Still(address)) => Home::Unread(address),
                None => {
                    let register = self.compute(at)?;
                    let operands = self.of.body.instructions[at].code.operands();
                    for operand in operands {
                        self.release(operand.index(), invariants);
                    }
                    Home::Register(register)
                }
            });
        }
        // Everything is read before anything is written: `out` may be the memory of an input.
        for target in self.of.targets.clone() {
            if !matches!(target, Target::Lanes { .. }) {
                self.in_register(target.value())?;
            }
        }
        for target in self.of.targets.clone() {
            let value = target.value();
            let dtype = self.of.body.dtype(value);
            if let Target::Lanes { op, .. } = target {
                let (lanes, with) = (self.accumulators[self.offset / self.lanes], self.operand(value)?);
                if self.is_first {
                    self.copy(lanes, dtype, with)?;
                } else {
                    self.combine_into(op, dtype, lanes, with)?;
                }
                self.release(value.index(), invariants);
                continue;
            }
            let register = self.in_register(value)?;
            match target {
                Target::Lanes { .. } => {}
                Target::Store { address, .. } if self.of.streamed.contains(&address) => {
                    self.stream(address, dtype, register)?;
                }
                Target::Store { address, .. } => self.write(address, dtype, register)?,
                Target::Combine { address, op, .. } => {
                    let before = self.read(address, dtype)?;
                    let operands = [Operand::Register(before), Operand::Register(register)];
                    let after = self.apply(combine(op), dtype, &operands)?;
                    self.write(address, dtype, after)?;
                    self.registers.give(before);
                    self.registers.give(after);
                }
            }
            self.release(value.index(), invariants);
        }
        Ok(())
    }

    /// One read of a value is done; after the last one its register is free.
    fn release(&mut self, at: usize, invariants: &[bool]) {
        if invariants[at] {
            return;
        }
        self.uses[at] = self.uses[at].saturating_sub(1);
        if self.uses[at] == 0
            && let Some(Home::Register(register)) = self.homes[at].take()
        {
            self.registers.give(register);
        }
    }

    /// An instruction's value in a register of its own.
    fn compute(&mut self, at: usize) -> Result<u32, Declined> {
        let instruction = &self.of.body.instructions[at];
        match &instruction.code {
            Code::Convert(from) => {
                let operand = self.operand(*from)?;
                self.convert(operand, self.of.body.dtype(*from), instruction.dtype)
            }
            Code::Apply(primitive @ (Primitive::ShiftLeft | Primitive::ShiftRight), parts)
                if let Code::Constant(amount) = self.of.body.instructions[parts[1].index()].code =>
            {
                let operand = self.operand(parts[0])?;
                self.shift(*primitive, instruction.dtype, operand, amount.as_int())
            }
            Code::Apply(primitive, parts) => {
                let dtype = self.of.body.dtype(parts[parts.len() - 1]);
                let operands: Vec<Operand> =
                    parts.iter().map(|part| self.operand(*part)).collect::<Result<_, _>>()?;
                self.apply(*primitive, dtype, &operands)
            }
            Code::Reinterpret(from) => {
                let register = self.registers.take()?;
                let from = self.operand(*from)?;
                self.copy(register, instruction.dtype, from)?;
                Ok(register)
            }
            _ => Err(Declined::Operation),
        }
    }

    /// A value as an operand: memory, where it is read only once or never changes.
    fn operand(&mut self, value: Value) -> Result<Operand, Declined> {
        match self.homes[value.index()] {
            Some(Home::Register(register)) => Ok(Operand::Register(register)),
            Some(Home::Memory(memory)) => Ok(Operand::Memory(memory)),
            Some(Home::Unread(address)) => {
                let dtype = self.of.body.dtype(value);
                if dtype != DType::Bool && self.mask.is_none() && self.uses[value.index()] == 1 {
                    return Ok(Operand::Memory(self.place(address, dtype)));
                }
                let register = self.read(address, dtype)?;
                self.homes[value.index()] = Some(Home::Register(register));
                Ok(Operand::Register(register))
            }
            None => Err(Declined::Operation),
        }
    }

    /// A value in a register; it stays there.
    fn in_register(&mut self, value: Value) -> Result<u32, Declined> {
        let dtype = self.of.body.dtype(value);
        match self.homes[value.index()] {
            Some(Home::Register(register)) => Ok(register),
            Some(Home::Memory(memory)) => {
                let register = self.registers.take()?;
                self.move_in(register, dtype, memory)?;
                self.homes[value.index()] = Some(Home::Register(register));
                Ok(register)
            }
            Some(Home::Unread(address)) => {
                let register = self.read(address, dtype)?;
                self.homes[value.index()] = Some(Home::Register(register));
                Ok(register)
            }
            None => Err(Declined::Operation),
        }
    }

    /// The elements of the current step behind an address.
    fn place(&self, address: usize, dtype: DType) -> MemoryOperand {
        let bytes = dtype.bytes();
        let displacement = (self.offset * bytes) as i64;
        MemoryOperand::with_base_index_scale_displ_size(
            ADDRESSES[address],
            INDEX,
            bytes as u32,
            displacement,
            1,
        )
    }

    /// A vector in the pool of constants.
    fn pooled(&mut self, vector: [u8; BYTES]) -> MemoryOperand {
        let at = self.pool.iter().position(|known| *known == vector).unwrap_or_else(|| {
            self.pool.push(vector);
            self.pool.len() - 1
        });
        MemoryOperand::with_base_displ(Register::RIP, (at * BYTES) as i64)
    }

    /// A constant in every lane.
    fn constant(&mut self, scalar: Scalar) -> MemoryOperand {
        let mut vector = [0; BYTES];
        let bits = match scalar {
            Scalar::Bool(value) => u64::from(u8::MAX) * u64::from(value),
            _ => scalar.bits(),
        };
        let lane = &bits.to_le_bytes()[..scalar.dtype().bytes()];
        vector.chunks_mut(lane.len()).for_each(|chunk| chunk.copy_from_slice(lane));
        self.pooled(vector)
    }

    /// Does a value of this dtype fill 256 bits, or half of them?
    fn is_full(&self, dtype: DType) -> bool {
        dtype == DType::Bool || dtype.bytes() * self.lanes == BYTES
    }
}

/// The primitive operations that have no 256-bit form; shifts have one by constants.
const fn is_scalar(primitive: Primitive) -> bool {
    matches!(
        primitive,
        Primitive::FloorDivide
            | Primitive::Remainder
            | Primitive::ShiftLeft
            | Primitive::ShiftRight
            | Primitive::CountOnes
    )
}
