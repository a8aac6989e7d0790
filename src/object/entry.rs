//! The function of C itself: what it checks, and the calls that it makes.

use super::interface::Interface;
use super::link::Link;
use super::memory::Memory;
use super::sizes::{self, Symbols};
use super::walk::{Axis, Distance, Stream};
use super::work::{Arrays, Elements, Job, Results, TILE, Work, dense, port_of};
use crate::lower::Routine;
use crate::lower::linker::{self, Linker};
use crate::tree;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, InstBuilder, MemFlagsData, Signature, StackSlot, StackSlotData, StackSlotKind,
    Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{DataId, FuncId};
use fusewire_ir::kernel::Buffer;
use fusewire_ir::plan::Plan;
use fusewire_ir::{ReduceOp, Scalar, SizeExpr};
use fusewire_runtime::Function;
use std::collections::HashMap;

/// What the code of the function is made from.
pub(super) struct Parts<'p> {
    pub plan: &'p Plan,
    pub interface: &'p Interface<'p>,
    pub jobs: &'p [Job],
    pub link: &'p Link,
    /// The functions of all routines of the jobs.
    pub routines: &'p HashMap<Routine, FuncId>,
    /// The plan's constant arrays.
    pub constants: &'p [DataId],
    /// The level of the ABI of x86-64 that the code needs.
    pub level: u64,
    pub memory: &'p Memory,
}

/// The signature of the function.
pub(super) fn signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.push(AbiParam::new(types::I64));
    signature.returns.push(AbiParam::new(types::I32));
    signature
}

/// The function while its instructions are written.
pub(super) struct Entry<'e, 'f> {
    pub b: &'e mut FunctionBuilder<'f>,
    pub of: &'e Parts<'e>,
    pub arguments: Value,
    /// Values of dims.
    pub symbols: Symbols,
    /// What each status from 1 on means.
    failures: Vec<String>,
    slots: Vec<Value>,
    scratch: Value,
    /// For each port, whether it is dense, and whether its elements are neighbours along the last axis.
    forms: Vec<[Value; 2]>,
    /// The words of the call that is being prepared, and of the one that comes after it.
    words: [StackSlot; 2],
}

/// A loop whose body is being written.
struct Loop {
    header: Block,
    exit: Block,
    remaining: Value,
    /// The carried values in this iteration.
    given: Vec<Value>,
}

/// Writes the function; what each status from 1 on means.
pub(super) fn emit(b: &mut FunctionBuilder<'_>, of: &Parts<'_>) -> Vec<String> {
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let arguments = b.block_params(entry)[0];
    let words = |routine: &Routine| 8 * routine.words();
    let (mut first, mut second) = (8, 8);
    for variant in of.jobs.iter().flat_map(|job| &job.variants) {
        match &variant.work {
            Work::Elements(elements) => first = first.max(words(&elements.routine)),
            Work::Results(results) => {
                first = first.max(words(&results.routine));
                second = second.max(words(&results.finish_routine));
            }
        }
    }
    let words = [first, second].map(|bytes| {
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 3);
        b.create_sized_stack_slot(slot)
    });
    let mut entry = Entry {
        b,
        of,
        arguments,
        symbols: Symbols::new(),
        failures: Vec::new(),
        slots: Vec::new(),
        scratch: arguments,
        forms: Vec::new(),
        words,
    };
    entry.check();
    entry.place();
    for job in of.jobs {
        entry.job(job);
    }
    let fine = entry.b.ins().iconst(types::I32, 0);
    entry.b.ins().return_(&[fine]);
    entry.b.seal_all_blocks();
    entry.failures
}

impl Entry<'_, '_> {
    pub fn number(&mut self, number: i64) -> Value {
        self.b.ins().iconst(types::I64, number)
    }

    pub fn size(&mut self, size: &SizeExpr) -> Value {
        sizes::emit(self.b, &self.symbols, size)
    }

    /// The word of the structure at this offset.
    pub fn argument(&mut self, offset: usize) -> Value {
        self.b.ins().load(types::I64, MemFlagsData::trusted(), self.arguments, offset as i32)
    }

    pub fn compare(&mut self, condition: IntCC, a: Value, b: Value) -> Value {
        self.b.ins().icmp(condition, a, b)
    }

    /// Ends the call with a status of its own where the condition holds.
    pub fn fail_if(&mut self, condition: Value, meaning: String) {
        self.failures.push(meaning);
        let (bad, good) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(bad);
        self.b.ins().brif(condition, bad, &[], good, &[]);
        self.b.switch_to_block(bad);
        let status = self.b.ins().iconst(types::I32, self.failures.len() as i64);
        self.b.ins().return_(&[status]);
        self.b.switch_to_block(good);
    }

    /// Asks a function of the runtime.
    pub fn ask(&mut self, function: Function, arguments: &[Value]) -> Value {
        let address = self.of.link.function(self.b, function);
        linker::ask(self.b, address, arguments)
    }

    /// Checks the workspace, finds the place of everything in it, and the form of every array.
    fn place(&mut self) {
        let (interface, memory) = (self.of.interface, self.of.memory);
        if memory.bytes().as_known() == Some(0) {
            // Values without elements have no place, and nobody looks for it.
            let nowhere = self.number(0);
            (self.scratch, self.slots) = (nowhere, vec![nowhere; memory.slots.len()]);
        } else {
            let given = self.argument(interface.workspace);
            let bytes = self.argument(interface.workspace_bytes());
            let negated = self.b.ins().ineg(given);
            let skipped = self.b.ins().band_imm_s(negated, 63);
            let start = self.b.ins().iadd(given, skipped);
            let needed = self.size(&memory.bytes());
            let zero = self.number(0);
            let is_needed = self.compare(IntCC::NotEqual, needed, zero);
            let least = self.b.ins().iadd(needed, skipped);
            let is_null = self.compare(IntCC::Equal, given, zero);
            let is_short = self.compare(IntCC::UnsignedLessThan, bytes, least);
            let is_wrong = self.b.ins().bor(is_null, is_short);
            let is_wrong = self.b.ins().band(is_needed, is_wrong);
            let name = &interface.name;
            self.fail_if(
                is_wrong,
                format!("the workspace is NULL or too small: `{name}_workspace_bytes` says what is enough"),
            );
            self.check_workspace(start, needed);
            self.scratch = start;
            let mut next = self.b.ins().iadd_imm_s(start, memory.scratch as i64);
            for slot in &memory.slots {
                self.slots.push(next);
                let bytes = self.size(slot);
                next = self.b.ins().iadd(next, bytes);
            }
        }
        for member in &interface.ports {
            let is_dense = self.b.ins().iconst(types::I8, 1);
            let strides = dense(&member.port.array.shape, member.item());
            let mut form = [is_dense; 2];
            for (axis, stride) in strides.iter().enumerate() {
                let (size, given) =
                    (self.argument(member.size_offset(axis)), self.argument(member.stride_offset(axis)));
                let (expected, one) = (self.size(stride), self.number(1));
                let is_single = self.compare(IntCC::Equal, size, one);
                let follows = self.compare(IntCC::Equal, given, expected);
                let fits = self.b.ins().bor(is_single, follows);
                form[0] = self.b.ins().band(form[0], fits);
                if axis + 1 == strides.len() {
                    form[1] = fits;
                }
            }
            self.forms.push(form);
        }
    }

    /// A kernel, in the first of its forms that the arrays have.
    fn job(&mut self, job: &Job) {
        let after = self.b.create_block();
        for (at, variant) in job.variants.iter().enumerate() {
            let mut otherwise = None;
            if at + 1 < job.variants.len() {
                let form = usize::from(variant.arrays != Arrays::Dense);
                let holds: Vec<Value> = job.ports.iter().map(|port| self.forms[*port][form]).collect();
                let holds = holds[1..].iter().fold(holds[0], |all, holds| self.b.ins().band(all, *holds));
                let (this, next) = (self.b.create_block(), self.b.create_block());
                self.b.ins().brif(holds, this, &[], next, &[]);
                self.b.switch_to_block(this);
                otherwise = Some(next);
            }
            match &variant.work {
                Work::Elements(elements) => self.elements(elements),
                Work::Results(results) => self.results(results),
            }
            self.b.ins().jump(after, &[]);
            if let Some(otherwise) = otherwise {
                self.b.switch_to_block(otherwise);
            }
        }
        self.b.switch_to_block(after);
    }

    /// Goes on only where no loop is empty; the block that comes after what is done then.
    fn unless_empty(&mut self, extents: &[Value]) -> Block {
        let after = self.b.create_block();
        for extent in extents {
            let inside = self.b.create_block();
            self.b.ins().brif(*extent, inside, &[], after, &[]);
            self.b.switch_to_block(inside);
        }
        after
    }

    fn elements(&mut self, elements: &Elements) {
        let walk = &elements.walk;
        let extents: Vec<Value> = walk.extents.iter().map(|extent| self.size(extent)).collect();
        let after = self.unless_empty(&extents);
        for (level, extent) in extents.iter().enumerate() {
            self.set_word(0, level, *extent);
        }
        for (at, stream) in walk.streams.iter().enumerate() {
            let word = elements.routine.address_word(at);
            let start = self.start(stream);
            self.set_word(0, word, start);
            self.set_steps(0, word, stream);
        }
        let nothing = self.number(0);
        self.call(&elements.routine, 0, self.scratch, nothing);
        self.b.ins().jump(after, &[]);
        self.b.switch_to_block(after);
    }

    fn results(&mut self, results: &Results) {
        let places = results.scratch();
        let extents: Vec<Value> = results.kept.extents.iter().map(|extent| self.size(extent)).collect();
        let after = self.unless_empty(&extents);
        let [partials, totals, finish] = [places.partials, places.totals, places.finish]
            .map(|offset| self.b.ins().iadd_imm_s(self.scratch, offset as i64));
        for (level, extent) in results.code.extents.iter().enumerate() {
            let extent = self.size(extent);
            self.set_word(0, level, extent);
        }
        for (at, stream) in results.code.streams.iter().enumerate() {
            self.set_steps(0, results.routine.address_word(at), stream);
        }
        let inner = extents.len() - 1;
        let own = results.finish.streams.len();
        for (at, stream) in results.finish.streams.iter().enumerate() {
            let step = self.distance(&stream.steps[inner]);
            self.set_word(1, results.finish_routine.address_word(at) + 1, step);
        }
        for (at, accumulator) in results.accumulators.iter().enumerate() {
            let word = results.finish_routine.address_word(own + at);
            let address = self.b.ins().iadd_imm_s(totals, (8 * TILE * at) as i64);
            let step = self.number(accumulator.dtype.bytes() as i64);
            self.set_word(1, word, address);
            self.set_word(1, word + 1, step);
        }
        let one = self.number(1);
        let count = results.reduced.iter().fold(one, |count, extent| {
            let extent = self.size(extent);
            self.b.ins().imul(count, extent)
        });
        let streams: Vec<&Stream> = results.kept.streams.iter().chain(&results.finish.streams).collect();
        let mut addresses: Vec<Value> = streams.iter().map(|stream| self.start(stream)).collect();
        let mut outer = Vec::new();
        for extent in &extents[..inner] {
            let level = self.begin_loop(*extent, &addresses);
            addresses.clone_from(&level.given);
            outer.push(level);
        }
        let padded = self.b.ins().iadd_imm_s(extents[inner], TILE as i64 - 1);
        let tiles = self.b.ins().ushr_imm_s(padded, i64::from(TILE.trailing_zeros()));
        let carried = [&[extents[inner]], &addresses[..]].concat();
        let tile = self.begin_loop(tiles, &carried);
        let (left, addresses) = (tile.given[0], tile.given[1..].to_vec());
        let most = self.number(TILE as i64);
        let length = self.b.ins().umin(left, most);

        self.combine(results, &addresses, length, count, [partials, totals]);
        self.set_word(1, 0, length);
        for (at, address) in addresses[results.kept.streams.len()..].iter().enumerate() {
            self.set_word(1, results.finish_routine.address_word(at), *address);
        }
        let nothing = self.number(0);
        self.call(&results.finish_routine, 1, finish, nothing);

        let mut next = vec![self.b.ins().isub(left, length)];
        for (stream, address) in streams.iter().zip(&addresses) {
            let step = self.distance(&stream.steps[inner]);
            let moved = self.b.ins().imul(step, length);
            next.push(self.b.ins().iadd(*address, moved));
        }
        self.end_loop(tile, &next);
        for (at, level) in outer.into_iter().enumerate().rev() {
            let mut next = Vec::new();
            for (stream, address) in streams.iter().zip(&level.given) {
                let step = self.distance(&stream.steps[at]);
                next.push(self.b.ins().iadd(*address, step));
            }
            self.end_loop(level, &next);
        }
        self.b.ins().jump(after, &[]);
        self.b.switch_to_block(after);
    }

    /// Makes the totals of a tile of results.
    fn combine(
        &mut self,
        results: &Results,
        addresses: &[Value],
        length: Value,
        count: Value,
        [partials, totals]: [Value; 2],
    ) {
        let width = self.number(results.accumulators.len() as i64);
        let [some, nothing, after] = [(); 3].map(|()| self.b.create_block());
        self.b.ins().brif(count, some, &[], nothing, &[]);
        self.b.switch_to_block(some);
        self.set_word(0, results.results_at, length);
        for (at, address) in addresses[..results.kept.streams.len()].iter().enumerate() {
            self.set_word(0, results.routine.address_word(at), *address);
        }
        self.call(&results.routine, 0, self.scratch, partials);
        for (at, accumulator) in results.accumulators.iter().enumerate() {
            let words = self.b.ins().iadd_imm_s(partials, 8 * at as i64);
            let to = self.b.ins().iadd_imm_s(totals, (8 * TILE * at) as i64);
            let divisor = if accumulator.op == ReduceOp::Mean { count } else { self.number(1) };
            let function = self.of.link.function(self.b, tree::total(*accumulator).function());
            linker::call(self.b, function, &[words, width, length, divisor, to]);
        }
        self.b.ins().jump(after, &[]);
        // Over no elements every total is the same.
        self.b.switch_to_block(nothing);
        for (at, accumulator) in results.accumulators.iter().enumerate() {
            let scalar = accumulator.op.of_nothing(accumulator.dtype);
            let scalar = scalar.unwrap_or(Scalar::I64(0).cast(accumulator.dtype));
            let ty = if accumulator.dtype.bytes() == 4 { types::I32 } else { types::I64 };
            let bits = self.b.ins().iconst(ty, scalar.bits() as i64);
            let first = self.b.ins().iadd_imm_s(totals, (8 * TILE * at) as i64);
            let each = self.begin_loop(length, &[first]);
            self.b.ins().store(MemFlagsData::trusted(), bits, each.given[0], 0);
            let next = self.b.ins().iadd_imm_s(each.given[0], accumulator.dtype.bytes() as i64);
            self.end_loop(each, &[next]);
        }
        self.b.ins().jump(after, &[]);
        self.b.switch_to_block(after);
    }

    /// Repeats what comes next, until the end of the loop, `count` times.
    fn begin_loop(&mut self, count: Value, carried: &[Value]) -> Loop {
        let (header, exit) = (self.b.create_block(), self.b.create_block());
        let remaining = self.b.append_block_param(header, types::I64);
        let given = carried.iter().map(|_| self.b.append_block_param(header, types::I64)).collect();
        let first: Vec<BlockArg> = [&[count], carried].concat().into_iter().map(Into::into).collect();
        self.b.ins().brif(count, header, &first, exit, &[]);
        self.b.switch_to_block(header);
        Loop { header, exit, remaining, given }
    }

    fn end_loop(&mut self, level: Loop, next: &[Value]) {
        let left = self.b.ins().iadd_imm_s(level.remaining, -1);
        let next: Vec<BlockArg> = [&[left], next].concat().into_iter().map(Into::into).collect();
        self.b.ins().brif(left, level.header, &next, level.exit, &[]);
        self.b.switch_to_block(level.exit);
    }

    /// Calls compiled code with the words that were set, and where totals go.
    fn call(&mut self, routine: &Routine, words: usize, scratch: Value, partials: Value) {
        // All routines of all jobs were compiled before.
        let Some(id) = self.of.routines.get(routine) else { return };
        let address = self.of.link.address(self.b, *id);
        let words = self.b.ins().stack_addr(types::I64, self.words[words], 0);
        linker::call(self.b, address, &[words, scratch, partials]);
    }

    fn set_word(&mut self, words: usize, at: usize, value: Value) {
        self.b.ins().stack_store(types::I64, value, self.words[words], 8 * at as i32);
    }

    /// The steps of a stream along all loops, behind the word of its address.
    fn set_steps(&mut self, words: usize, word: usize, stream: &Stream) {
        for (level, step) in stream.steps.iter().enumerate() {
            let step = self.distance(step);
            self.set_word(words, word + 1 + level, step);
        }
    }

    /// The address (or index) at the first iteration of every loop.
    fn start(&mut self, stream: &Stream) -> Value {
        let distance = self.distance(&stream.start);
        if stream.is_index() {
            return distance;
        }
        let base = self.base(stream.buffer);
        self.b.ins().iadd(base, distance)
    }

    /// Where a buffer begins.
    fn base(&mut self, buffer: Buffer) -> Value {
        if let Some(port) = port_of(self.of.plan, self.of.interface, buffer) {
            return self.argument(self.of.interface.ports[port].offset);
        }
        match buffer {
            Buffer::Constant(at) => self.of.link.data_address(self.b, self.of.constants[at]),
            Buffer::Workspace(at) => self.slots[self.of.plan.stored()[at].slot],
            _ => self.number(0),
        }
    }

    fn distance(&mut self, distance: &Distance) -> Value {
        let known = self.size(&distance.size);
        distance.strides.iter().fold(known, |sum, (Axis { port, axis }, times)| {
            let stride = self.argument(self.of.interface.ports[*port].stride_offset(*axis));
            let times = self.size(times);
            let part = self.b.ins().imul(stride, times);
            self.b.ins().iadd(sum, part)
        })
    }
}
