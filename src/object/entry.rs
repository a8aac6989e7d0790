//! The function of C itself: what it checks, and the calls that it makes.

use super::interface::{ArrayMember, Interface};
use super::link::Link;
use super::sizes::{self, Source, Symbols};
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
use fusewire_ir::{Dim, ReduceOp, Requirement, Scalar, SizeExpr};
use fusewire_runtime::{Function, overlap, processor};
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

/// What the workspace of the caller is used for: slots of the plan, then scratch memory.
pub(super) struct Memory {
    /// Bytes of each slot: whole cache lines.
    pub slots: Vec<SizeExpr>,
    pub scratch: usize,
}

impl Memory {
    pub fn new(plan: &Plan, jobs: &[Job]) -> Self {
        let mut slots = vec![SizeExpr::known(0); plan.slots().len()];
        for stored in plan.stored().iter().filter(|stored| stored.output.is_none()) {
            let line = SizeExpr::known(64);
            let bytes = stored
                .array
                .shape
                .iter()
                .fold(SizeExpr::known(stored.array.dtype.bytes() as i128), |bytes, dim| {
                    bytes.times(&dim.size())
                });
            let slot = &mut slots[stored.slot];
            *slot = slot.at_least(&bytes.ceil_div(&line).times(&line));
        }
        let scratch = jobs.iter().map(Job::scratch_bytes).max().unwrap_or(0).next_multiple_of(64);
        Self { slots, scratch }
    }

    /// All of it, from a multiple of 64 on.
    pub fn bytes(&self) -> SizeExpr {
        self.slots.iter().fold(SizeExpr::known(self.scratch as i128), |sum, slot| sum.plus(slot))
    }
}

/// The signature of the function.
pub(super) fn signature() -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.push(AbiParam::new(types::I64));
    signature.returns.push(AbiParam::new(types::I32));
    signature
}

/// The function while its instructions are written.
struct Entry<'e, 'f> {
    b: &'e mut FunctionBuilder<'f>,
    of: &'e Parts<'e>,
    arguments: Value,
    symbols: Symbols,
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
    fn number(&mut self, number: i64) -> Value {
        self.b.ins().iconst(types::I64, number)
    }

    fn size(&mut self, size: &SizeExpr) -> Value {
        sizes::emit(self.b, &self.symbols, size)
    }

    /// The word of the structure at this offset.
    fn argument(&mut self, offset: usize) -> Value {
        self.b.ins().load(types::I64, MemFlagsData::trusted(), self.arguments, offset as i32)
    }

    fn compare(&mut self, condition: IntCC, a: Value, b: Value) -> Value {
        self.b.ins().icmp(condition, a, b)
    }

    /// Ends the call with a status of its own where the condition holds.
    fn fail_if(&mut self, condition: Value, meaning: String) {
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
    fn ask(&mut self, function: Function, arguments: &[Value]) -> Value {
        let address = self.of.link.function(self.b, function);
        linker::ask(self.b, address, arguments)
    }

    /// Everything that may be wrong with a call, before anything is written.
    fn check(&mut self) {
        let zero = self.number(0);
        let is_null = self.compare(IntCC::Equal, self.arguments, zero);
        self.fail_if(is_null, "the arguments are NULL".into());
        let (level, needed) = (self.ask(processor::level_function(), &[]), self.number(self.of.level as i64));
        let is_less = self.compare(IntCC::UnsignedLessThan, level, needed);
        self.fail_if(is_less, format!("the processor is no x86-64-v{}", self.of.level));
        self.check_sizes();
        for member in &self.of.interface.ports {
            let data = self.argument(member.offset);
            let is_null = self.compare(IntCC::Equal, data, zero);
            let elements = (0..member.rank()).fold(is_null, |condition, axis| {
                let size = self.argument(member.size_offset(axis));
                let is_some = self.compare(IntCC::NotEqual, size, zero);
                self.b.ins().band(condition, is_some)
            });
            self.fail_if(elements, format!("{} has elements, but its data is NULL", member.text()));
        }
        self.check_overlap();
    }

    /// The sizes of arrays and dims.
    fn check_sizes(&mut self) {
        let interface = self.of.interface;
        let axes = || {
            interface
                .ports
                .iter()
                .flat_map(|member| member.port.array.shape.iter().enumerate().map(move |axis| (member, axis)))
        };
        for (member, (axis, dim)) in axes() {
            let size = self.argument(member.size_offset(axis));
            let largest = self.number(dim.upper() as i64);
            match dim {
                Dim::Known { size: known, .. } => {
                    let differs = self.compare(IntCC::NotEqual, size, largest);
                    self.fail_if(differs, format!("axis {axis} of {} is not {known}", member.text()));
                }
                Dim::Symbolic { size: expression, .. } if expression.as_symbol().is_none() => {
                    let is_more = self.compare(IntCC::UnsignedGreaterThan, size, largest);
                    let text = member.text();
                    self.fail_if(is_more, format!("axis {axis} of {text} is more than {}", dim.upper()));
                }
                Dim::Symbolic { .. } => {}
            }
        }
        for member in &interface.dims {
            let value = match member.source {
                Source::Axis { port, axis } => self.argument(interface.ports[port].size_offset(axis)),
                Source::Argument => self.argument(member.offset),
                Source::Linear { port, axis, factor, constant } => {
                    let size = self.argument(interface.ports[port].size_offset(axis));
                    let rest = self.b.ins().iadd_imm_s(size, -constant);
                    let factor = self.number(factor);
                    self.b.ins().sdiv(rest, factor)
                }
            };
            let dim = member.dim;
            let (lower, range) = (self.number(dim.lower as i64), self.number((dim.upper - dim.lower) as i64));
            let above = self.b.ins().isub(value, lower);
            let is_outside = self.compare(IntCC::UnsignedGreaterThan, above, range);
            self.fail_if(is_outside, format!("dim `{}` is outside {}..={}", dim.name, dim.lower, dim.upper));
            self.symbols.insert(dim.name.clone(), value);
        }
        for (at, (member, (axis, dim))) in axes().enumerate() {
            let Dim::Symbolic { size: expression, .. } = dim else { continue };
            let is_source = |source: Source| match source {
                Source::Axis { port, axis } => position(interface, port, axis) == at,
                _ => false,
            };
            if interface.dims.iter().any(|member| is_source(member.source)) {
                continue;
            }
            let size = self.argument(member.size_offset(axis));
            let expected = self.size(expression);
            let differs = self.compare(IntCC::NotEqual, size, expected);
            self.fail_if(differs, format!("axis {axis} of {} is not `{expression}`", member.text()));
        }
        for required in self.of.plan.requirements() {
            let broken = match &required.requirement {
                Requirement::Equal(left, right) => {
                    let (left, right) = (self.size(&left.size()), self.size(&right.size()));
                    self.compare(IntCC::NotEqual, left, right)
                }
                Requirement::NotEmpty(dim) => self.is_below(&dim.size(), 1),
                Requirement::AtLeast(dim, least) => self.is_below(&dim.size(), *least as i64),
                // What must hold in other ways is refused before.
                _ => continue,
            };
            self.fail_if(broken, format!("`{}` needs {}", required.by, required.requirement));
        }
        let stored = self.of.plan.stored().iter().flat_map(|stored| stored.array.shape.iter());
        let loops =
            self.of.plan.kernels().into_iter().flat_map(|kernel| kernel.loops.iter().map(|l| &l.extent));
        let mut negative: Vec<SizeExpr> = Vec::new();
        for size in stored.chain(loops).map(Dim::size).filter(|size| size.bounds().lower < 0) {
            if !negative.contains(&size) {
                negative.push(size);
            }
        }
        for size in negative {
            let is_negative = self.is_below(&size, 0);
            self.fail_if(is_negative, format!("`{size}` is no size"));
        }
    }

    fn is_below(&mut self, size: &SizeExpr, least: i64) -> Value {
        let (size, least) = (self.size(size), self.number(least));
        self.compare(IntCC::SignedLessThan, size, least)
    }

    /// Memory that is written while it is read or written under another name.
    fn check_overlap(&mut self) {
        let ports = &self.of.interface.ports;
        let nothing = self.number(0);
        for (at, output) in ports.iter().enumerate().filter(|(_, member)| member.is_written) {
            if output.rank() > 0 {
                let array = self.array_words(output);
                let meets = self.ask(overlap::itself_function(), &array);
                let meets = self.compare(IntCC::NotEqual, meets, nothing);
                let text = output.text();
                self.fail_if(meets, format!("{text} meets itself: two of its elements share memory"));
            }
            for other in ports.iter().enumerate().filter(|(other, member)| !member.is_written || *other > at)
            {
                let arrays = [self.array_words(output), self.array_words(other.1)].concat();
                let meets = self.ask(overlap::pair_function(), &arrays);
                let meets = self.compare(IntCC::NotEqual, meets, nothing);
                self.fail_if(meets, format!("{} shares memory with {}", output.text(), other.1.text()));
            }
        }
    }

    /// An array as the runtime asks for it: where it stands among the arguments, its axes, and bytes of an element.
    fn array_words(&mut self, member: &ArrayMember<'_>) -> [Value; 3] {
        let words = self.b.ins().iadd_imm_s(self.arguments, member.offset as i64);
        [words, self.number(member.rank() as i64), self.number(member.item() as i64)]
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

/// The position of an axis among those of all ports.
fn position(interface: &Interface<'_>, port: usize, axis: usize) -> usize {
    interface.ports[..port].iter().map(ArrayMember::rank).sum::<usize>() + axis
}
