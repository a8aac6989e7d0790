//! What compiled code calls that it does not have itself, and how it finds it.

use crate::jit::Pages;
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, Value, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use fusewire_ir::Custom;
use fusewire_runtime::Function;
use std::sync::Arc;

/// Gives addresses to code that is being compiled.
pub(crate) trait Linker {
    /// Where a function of the runtime is.
    fn function(&self, b: &mut FunctionBuilder<'_>, function: Function) -> Value;

    /// Places code that was assembled; where the byte at `entry` of it is. `None` where there is no memory for it.
    fn assembled(&self, b: &mut FunctionBuilder<'_>, code: &[u8], entry: usize) -> Option<Value>;

    /// Where a user's function is.
    fn custom(&self, b: &mut FunctionBuilder<'_>, custom: &Custom) -> Value;
}

/// Everything is in this process, at addresses that are written into the code.
pub(super) struct InProcess<'a> {
    /// Where code goes that the code calls.
    pub pages: &'a Pages,
    /// The user's functions that it calls, which live as long as the code.
    pub customs: &'a [Arc<Custom>],
}

impl Linker for InProcess<'_> {
    fn function(&self, b: &mut FunctionBuilder<'_>, function: Function) -> Value {
        b.ins().iconst(types::I64, function.address as i64)
    }

    fn assembled(&self, b: &mut FunctionBuilder<'_>, code: &[u8], entry: usize) -> Option<Value> {
        let address = self.pages.place(code)? + entry;
        Some(b.ins().iconst(types::I64, address as i64))
    }

    fn custom(&self, b: &mut FunctionBuilder<'_>, custom: &Custom) -> Value {
        let kept = self.customs.iter().find(|kept| ***kept == *custom);
        b.ins().iconst(types::I64, kept.map_or(0, |kept| Arc::as_ptr(kept) as i64))
    }
}

/// Calls a function at an address with arguments of 64 bits.
pub(crate) fn call(b: &mut FunctionBuilder<'_>, address: Value, arguments: &[Value]) {
    let signature = b.import_signature(of_words(arguments.len(), 0));
    b.ins().call_indirect(signature, address, arguments);
}

/// The same of a function that gives a word.
#[cfg(feature = "object")]
pub(crate) fn ask(b: &mut FunctionBuilder<'_>, address: Value, arguments: &[Value]) -> Value {
    let signature = b.import_signature(of_words(arguments.len(), 1));
    let call = b.ins().call_indirect(signature, address, arguments);
    b.inst_results(call)[0]
}

/// The signature of functions whose arguments and results are words.
pub(crate) fn of_words(arguments: usize, results: usize) -> Signature {
    let mut signature = Signature::new(CallConv::SystemV);
    signature.params.extend(vec![AbiParam::new(types::I64); arguments]);
    signature.returns.extend(vec![AbiParam::new(types::I64); results]);
    signature
}
