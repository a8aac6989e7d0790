//! Machine code: making it, placing it in executable memory, calling it, and freeing it.
#![allow(unsafe_code)]

use cranelift_codegen::Context;
use cranelift_codegen::ir::{Function, Signature, UserFuncName};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetFrontendConfig};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{BranchProtection, JITBuilder, JITMemoryKind, JITMemoryProvider, JITModule};
use cranelift_module::{Linkage, Module, ModuleError, ModuleResult, default_libcall_names};
use memmap2::{Mmap, MmapMut};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Why no code was made.
#[derive(Clone, Debug)]
pub(crate) struct CodeError(pub String);

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Executable memory that lives as long as somebody may call it.
#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<Vec<Mmap>>>);

impl Pages {
    /// Copies code to executable memory and gives its address. `None` where there is no memory.
    pub fn place(&self, code: &[u8]) -> Option<usize> {
        let mut map = MmapMut::map_anon(code.len().max(1)).ok()?;
        map[..code.len()].copy_from_slice(code);
        let map = map.make_exec().ok()?;
        let address = map.as_ptr() as usize;
        self.keep(map);
        Some(address)
    }

    /// The code that was placed, taken apart again.
    #[cfg(feature = "disassembly")]
    fn listings(&self) -> Listings {
        use iced_x86::{Decoder, DecoderOptions, FastFormatter, Instruction};
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = |(at, page): (usize, &Mmap)| {
            let mut decoder = Decoder::new(64, page, DecoderOptions::NONE);
            let (mut formatter, mut text) = (FastFormatter::new(), String::new());
            let mut instruction = Instruction::default();
            while decoder.can_decode() {
                decoder.decode_out(&mut instruction);
                text.push_str(&format!("{:6x}: ", instruction.ip()));
                formatter.format(&instruction, &mut text);
                text.push('\n');
            }
            (format!("Machine code, wide loop {at}"), text)
        };
        pages.iter().enumerate().map(listing).collect()
    }

    #[cfg(not(feature = "disassembly"))]
    fn listings(&self) -> Listings {
        Vec::new()
    }

    fn keep(&self, map: Mmap) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(map);
    }
}

/// Hands memory to a module and keeps it in `Arc`: the module leaks nothing and owns nothing.
struct PageProvider {
    writable: Vec<MmapMut>,
    pages: Pages,
}

impl JITMemoryProvider for PageProvider {
    fn allocate(&mut self, size: usize, align: u64, _: JITMemoryKind) -> io::Result<*mut u8> {
        // Pages are aligned to 4096 bytes, which is more than any function asks for.
        if align > 4096 {
            return Err(io::Error::other("alignment beyond a page"));
        }
        let mut map = MmapMut::map_anon(size.max(1))?;
        let address = map.as_mut_ptr();
        self.writable.push(map);
        Ok(address)
    }

    unsafe fn free_memory(&mut self) {
        self.writable.clear();
    }

    fn finalize(&mut self, _: BranchProtection) -> ModuleResult<()> {
        for map in self.writable.drain(..) {
            let map = map.make_exec().map_err(|error| ModuleError::Allocation { err: error })?;
            self.pages.keep(map);
        }
        Ok(())
    }
}

/// Bytes of machine code that have not been freed.
static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

/// How many bytes of machine code this process has.
#[cfg(feature = "proptest")]
pub(crate) fn live_bytes() -> usize {
    LIVE_BYTES.load(Ordering::Relaxed)
}

/// A compiled function and the memory it stands in.
pub(crate) struct Code {
    entry: usize,
    bytes: usize,
    _pages: Pages,
}

impl Drop for Code {
    fn drop(&mut self) {
        LIVE_BYTES.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} bytes)", self.bytes)
    }
}

impl Code {
    /// How many pieces of executable memory it has.
    #[cfg(test)]
    pub fn parts(&self) -> usize {
        self._pages.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Runs the function.
    ///
    /// # Safety
    /// `arguments` holds the words the routine was compiled for, and every element they lead to may
    /// be accessed as the routine does; `scratch` and `partials` are large enough for it.
    pub unsafe fn call(&self, arguments: &[i64], scratch: *mut u8, partials: *mut u64) {
        // SAFETY: `entry` is a function of this signature, in pages that `self` keeps executable.
        let entry: extern "sysv64" fn(*const i64, *mut u8, *mut u64) =
            unsafe { std::mem::transmute(self.entry) };
        entry(arguments.as_ptr(), scratch, partials);
    }
}

/// How code is generated; `is_pic` where it may be loaded to any address.
fn flags(is_pic: bool) -> Result<settings::Flags, CodeError> {
    let mut flags = settings::builder();
    let options = [
        ("opt_level", "speed"),
        ("is_pic", if is_pic { "true" } else { "false" }),
        // Whoever runs a file may have small stacks: they must end at their guard page.
        ("enable_probestack", if is_pic { "true" } else { "false" }),
        ("probestack_strategy", "inline"),
        ("unwind_info", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ];
    for (name, value) in options {
        flags.set(name, value).map_err(|error| CodeError(error.to_string()))?;
    }
    Ok(settings::Flags::new(flags))
}

/// The instruction set of a processor that is named by a level of the ABI of x86-64, for code in files.
#[cfg(feature = "object")]
pub(crate) fn isa_of(triple: target_lexicon::Triple, level: &str) -> Result<OwnedTargetIsa, CodeError> {
    let unknown = |error: String| CodeError(format!("{triple}, {level}: {error}"));
    let builder = cranelift_codegen::isa::lookup(triple.clone());
    let mut builder = builder.map_err(|error| unknown(error.to_string()))?;
    builder.enable(level).map_err(|error| unknown(error.to_string()))?;
    builder.finish(flags(true)?).map_err(|error| unknown(error.to_string()))
}

/// The instruction set of this processor, looked up once.
fn isa() -> Result<OwnedTargetIsa, CodeError> {
    static ISA: OnceLock<Result<OwnedTargetIsa, CodeError>> = OnceLock::new();
    ISA.get_or_init(|| {
        if !cfg!(all(target_arch = "x86_64", unix)) {
            return Err(CodeError("only x86-64 on Unix is supported so far".into()));
        }
        let builder = cranelift_native::builder().map_err(|error| CodeError(error.to_string()))?;
        #[cfg(target_arch = "x86_64")]
        if !std::arch::is_x86_feature_detected!("sse4.2") {
            return Err(CodeError("the processor has no SSE4.2".into()));
        }
        builder.finish(flags(false)?).map_err(|error| CodeError(error.to_string()))
    })
    .clone()
}

/// Printed code, each with a title.
pub(crate) type Listings = Vec<(String, String)>;

/// What one function is translated from and to, in words for people, each with a title.
pub(crate) fn listings(
    signature: Signature,
    emit: impl FnOnce(&mut FunctionBuilder<'_>, &Pages),
) -> Result<Listings, CodeError> {
    let isa = isa()?;
    let pages = Pages::default();
    let mut context = Context::new();
    build(&mut context, signature, isa.frontend_config(), |function| emit(function, &pages));
    let clif = context.func.display().to_string();
    context.set_disasm(true);
    let compiled = context.compile(&*isa, &mut Default::default());
    let compiled = compiled.map_err(|error| CodeError(format!("{:?}", error.inner)))?;
    let assembly = compiled.vcode.clone().unwrap_or_default();
    let mut listings = vec![("CLIF".to_string(), clif), ("Machine code".to_string(), assembly)];
    listings.extend(pages.listings());
    Ok(listings)
}

/// Fills a context with a function of this signature, whose instructions `emit` writes.
pub(crate) fn build(
    context: &mut Context,
    signature: Signature,
    config: TargetFrontendConfig,
    emit: impl FnOnce(&mut FunctionBuilder<'_>),
) {
    context.func = Function::with_name_signature(UserFuncName::default(), signature);
    let mut builder_context = FunctionBuilderContext::new();
    let mut function = FunctionBuilder::new(&mut context.func, &mut builder_context);
    emit(&mut function);
    function.finalize(config);
}

/// Compiles one function of this signature, whose instructions `emit` writes. What `emit` places in
/// the pages lives as long as the function.
pub(crate) fn compile(
    signature: Signature,
    emit: impl FnOnce(&mut FunctionBuilder<'_>, &Pages),
) -> Result<Code, CodeError> {
    let isa = isa()?;
    let pages = Pages::default();
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    builder.memory_provider(Box::new(PageProvider { writable: Vec::new(), pages: pages.clone() }));
    let mut module = JITModule::new(builder);
    let mut context = module.make_context();
    build(&mut context, signature, module.target_config(), |function| emit(function, &pages));
    let failed = |error: ModuleError| CodeError(format!("{error:?}"));
    let id = module.declare_function("kernel", Linkage::Export, &context.func.signature).map_err(failed)?;
    module.define_function(id, &mut context).map_err(failed)?;
    let bytes = context.compiled_code().map_or(0, |code| code.code_buffer().len());
    module.finalize_definitions().map_err(failed)?;
    let entry = module.get_finalized_function(id) as usize;
    LIVE_BYTES.fetch_add(bytes, Ordering::Relaxed);
    Ok(Code { entry, bytes, _pages: pages })
}
