//! The object file while it is being made: its functions, its constants, and the symbols that it leaves to a library.

use crate::jit::{CodeError, build};
use crate::lower::Routine;
use crate::lower::linker::{Linker, of_words};
use cranelift_codegen::ir::{InstBuilder, Signature, Value, types};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{
    DataDescription, DataId, FuncId, Linkage, Module, ModuleError, default_libcall_names,
};
use cranelift_object::{ObjectBuilder, ObjectModule};
use fusewire_ir::Custom;
use fusewire_runtime::Function;
use std::cell::RefCell;

/// The file. What fails while code is written is kept until the end, as code is written by those who cannot fail.
pub(super) struct Link {
    /// What local symbols begin with.
    name: String,
    module: RefCell<ObjectModule>,
    assembled: RefCell<Vec<(Vec<u8>, FuncId)>>,
    failed: RefCell<Option<CodeError>>,
}

fn failed(error: ModuleError) -> CodeError {
    CodeError(format!("{error:?}"))
}

impl Link {
    pub fn new(name: &str, isa: OwnedTargetIsa) -> Result<Self, CodeError> {
        let mut builder = ObjectBuilder::new(isa, name, default_libcall_names()).map_err(failed)?;
        builder.per_function_section(true);
        Ok(Self {
            name: name.into(),
            module: RefCell::new(ObjectModule::new(builder)),
            assembled: RefCell::default(),
            failed: RefCell::default(),
        })
    }

    /// The file's bytes.
    pub fn finish(self) -> Result<Vec<u8>, CodeError> {
        if let Some(error) = self.failed.into_inner() {
            return Err(error);
        }
        self.module.into_inner().finish().emit().map_err(|error| CodeError(error.to_string()))
    }

    /// Defines a function whose instructions `emit` writes.
    pub fn define(
        &self,
        name: &str,
        linkage: Linkage,
        signature: Signature,
        emit: impl FnOnce(&mut FunctionBuilder<'_>),
    ) -> Result<FuncId, CodeError> {
        let (id, config, mut context) = {
            let mut module = self.module.borrow_mut();
            let id = module.declare_function(name, linkage, &signature).map_err(failed)?;
            (id, module.target_config(), module.make_context())
        };
        build(&mut context, signature, config, emit);
        self.module.borrow_mut().define_function(id, &mut context).map_err(failed)?;
        Ok(id)
    }

    /// Defines the function that a routine is compiled to, as the kernel of this number.
    pub fn routine(&self, number: usize, routine: &Routine) -> Result<FuncId, CodeError> {
        let name = format!("{}.kernel{number}", self.name);
        self.define(&name, Linkage::Local, crate::lower::signature(), |b| routine.emit(b, self))
    }

    /// Constant bytes, aligned to a cache line.
    pub fn data(&self, name: &str, bytes: &[u8]) -> Result<DataId, CodeError> {
        let mut module = self.module.borrow_mut();
        let name = format!("{}.{name}", self.name);
        let id = module.declare_data(&name, Linkage::Local, false, false).map_err(failed)?;
        let mut description = DataDescription::new();
        description.define(bytes.into());
        description.set_align(64);
        module.define_data(id, &description).map_err(failed)?;
        Ok(id)
    }

    /// Where a function of the file is.
    pub fn address(&self, b: &mut FunctionBuilder<'_>, id: FuncId) -> Value {
        let function = self.module.borrow_mut().declare_func_in_func(id, b.func);
        b.ins().func_addr(types::I64, function)
    }

    /// Where constant bytes are.
    pub fn data_address(&self, b: &mut FunctionBuilder<'_>, id: DataId) -> Value {
        let data = self.module.borrow_mut().declare_data_in_func(id, b.func);
        b.ins().symbol_value(types::I64, data)
    }

    /// The address of what was declared; any other where that has failed, since nothing comes of the file then.
    fn declared(&self, b: &mut FunctionBuilder<'_>, declared: Result<FuncId, CodeError>) -> Value {
        match declared {
            Ok(id) => self.address(b, id),
            Err(error) => {
                self.failed.borrow_mut().get_or_insert(error);
                b.ins().iconst(types::I64, 0)
            }
        }
    }
}

impl Linker for Link {
    fn function(&self, b: &mut FunctionBuilder<'_>, function: Function) -> Value {
        // Code calls it with a signature of its own: a declaration is only asked for its address.
        let signature = of_words(0, 0);
        let declared =
            self.module.borrow_mut().declare_function(function.symbol, Linkage::Import, &signature);
        self.declared(b, declared.map_err(failed))
    }

    fn assembled(&self, b: &mut FunctionBuilder<'_>, code: &[u8], entry: usize) -> Option<Value> {
        let mut known = self.assembled.borrow_mut();
        let same = known.iter().find(|(bytes, _)| bytes == code).map(|(_, id)| *id);
        let id = same.map_or_else(
            || {
                let name = format!("{}.wide{}", self.name, known.len());
                let mut module = self.module.borrow_mut();
                let id = module.declare_function(&name, Linkage::Local, &of_words(0, 0)).map_err(failed)?;
                // Its constants are vectors of 32 bytes.
                module.define_function_bytes(id, 32, code, &[]).map_err(failed)?;
                known.push((code.to_vec(), id));
                Ok(id)
            },
            Ok,
        );
        let start = self.declared(b, id);
        Some(b.ins().iadd_imm_s(start, entry as i64))
    }

    fn custom(&self, b: &mut FunctionBuilder<'_>, custom: &Custom) -> Value {
        // Plans with functions of the user are refused before.
        self.failed.borrow_mut().get_or_insert(CodeError(format!("`{}` is in no library", custom.name())));
        b.ins().iconst(types::I64, 0)
    }
}
