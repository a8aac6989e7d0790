//! What the function of C checks before it writes anything.

use super::entry::Entry;
use super::interface::{ArrayMember, Interface};
use super::sizes::Source;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind, Value, types};
use fusewire_ir::{Dim, Requirement, SizeExpr};
use fusewire_runtime::{overlap, processor};

impl Entry<'_, '_> {
    /// Everything that may be wrong with a call, before anything is written.
    pub fn check(&mut self) {
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
                    // What is negative is no size, whatever it equals.
                    let is_negative = self.is_below(&left.size(), 0);
                    let (left, right) = (self.size(&left.size()), self.size(&right.size()));
                    let differ = self.compare(IntCC::NotEqual, left, right);
                    self.b.ins().bor(differ, is_negative)
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

    /// Workspace, of which so many bytes are used from here on, that is an array at the same time.
    pub fn check_workspace(&mut self, start: Value, bytes: Value) {
        let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 24, 3);
        let slot = self.b.create_sized_stack_slot(slot);
        let one = self.number(1);
        for (at, word) in [start, bytes, one].into_iter().enumerate() {
            self.b.ins().stack_store(types::I64, word, slot, 8 * at as i32);
        }
        let words = self.b.ins().stack_addr(types::I64, slot, 0);
        let workspace = [words, one, one];
        let nothing = self.number(0);
        for member in &self.of.interface.ports {
            let arrays = [workspace, self.array_words(member)].concat();
            let meets = self.ask(overlap::pair_function(), &arrays);
            let meets = self.compare(IntCC::NotEqual, meets, nothing);
            self.fail_if(meets, format!("the workspace shares memory with {}", member.text()));
        }
    }

    /// An array as the runtime asks for it: where it stands among the arguments, its axes, and bytes of an element.
    fn array_words(&mut self, member: &ArrayMember<'_>) -> [Value; 3] {
        let words = self.b.ins().iadd_imm_s(self.arguments, member.offset as i64);
        [words, self.number(member.rank() as i64), self.number(member.item() as i64)]
    }
}

/// The position of an axis among those of all ports.
fn position(interface: &Interface<'_>, port: usize, axis: usize) -> usize {
    interface.ports[..port].iter().map(ArrayMember::rank).sum::<usize>() + axis
}
