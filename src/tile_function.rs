//! Vector functions as compiled code calls them.
#![allow(unsafe_code)]

use crate::Element;
use crate::lower::TILE;
use crate::lower::nest::TILE_BYTES;
use fusewire_ir::custom::{Custom, Elements, ElementsMut};
use fusewire_ir::{DType, ElementOp};
use fusewire_runtime::Function;
use fusewire_runtime::maths::{self, Called};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

macro_rules! functions {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident: $name:ident($($operand:ident),*), aliases [$($alias:literal),*],
            dtypes $rule:ident, cost $cost:literal, ulp $ulp:literal,
            $(lower $lower:expr,)? $(calls $arity:ident($($element:ident),+),)? reference $reference:expr;
    )+) => {
        /// A function `(result, x, y, count)` that writes the operation's results of the `count`
        /// elements at `x` and `y` to `result`, which may be the address of either; functions of one operand
        /// ignore `y`. `None` where there is no such function.
        pub(crate) fn function(op: ElementOp, dtype: DType) -> Option<Function> {
            match op {
                $($(
                    ElementOp::$variant => {
                        $(
                            if dtype == <$element as Element>::DTYPE {
                                return Some(<maths::$variant as Called<$element>>::function());
                            }
                        )+
                        None
                    }
                )?)+
                _ => None,
            }
        }
    };
}
fusewire_ir::element_ops!(functions);

thread_local! {
    /// What a user's function has panicked with, on its way around compiled code, which cannot unwind.
    static PANIC: RefCell<Option<Box<dyn Any + Send>>> = const { RefCell::new(None) };
}

/// Goes on with the panic of a user's function that compiled code has called on this thread, if any.
pub(crate) fn resume_panic() {
    if let Some(panic) = PANIC.take() {
        resume_unwind(panic);
    }
}

/// A function `(custom, tiles, count)` that calls a user's function on consecutive tiles: those of its operands, then
/// that of its result. No static library has it.
pub(crate) fn custom_function() -> Function {
    Function { address: call_custom as *const () as usize, symbol: "" }
}

unsafe extern "sysv64" fn call_custom(custom: *const Custom, tiles: *mut u8, count: usize) {
    // SAFETY: compiled code keeps the functions alive whose addresses are in it.
    let custom = unsafe { &*custom };
    let operands: SmallVec<[Elements<'_>; 4]> = custom
        .operands()
        .iter()
        .enumerate()
        // SAFETY: compiled code passes aligned tiles of its own scratch memory, the operands' filled with
        // `count` elements of their dtypes, and nobody else uses them during the call.
        .map(|(slot, dtype)| unsafe { elements(*dtype, tiles.add(slot * TILE_BYTES), count) })
        .collect();
    // SAFETY: as above; the tile of the result comes after those of the operands.
    let tile = unsafe { tiles.add(operands.len() * TILE_BYTES) };
    // After a panic the run goes on to its end, but not this function: what it would say next was not asked for.
    if PANIC.with_borrow(Option::is_some) {
        // SAFETY: as above; zeros are elements of every dtype.
        unsafe { tile.write_bytes(0, count * custom.result().bytes()) };
        return;
    }
    let call = |mark: u8| {
        // SAFETY: as above, and no slice of an earlier call is left.
        custom.call(&operands, unsafe { elements_mut(custom.result(), tile, count, mark) });
    };
    let unwritten = |mark: u8| {
        call(mark);
        // SAFETY: the tile holds that many bytes, all of which have been written.
        let bytes = unsafe { std::slice::from_raw_parts(tile, count * custom.result().bytes()) };
        let mut is_marked = [false; TILE];
        let elements = bytes.chunks_exact(custom.result().bytes());
        for (is_marked, element) in is_marked.iter_mut().zip(elements) {
            *is_marked = element.iter().all(|byte| *byte == mark);
        }
        is_marked
    };
    let called = catch_unwind(AssertUnwindSafe(|| {
        // Elements of fewer bytes may well be what marks them, and those of a `bool` must not.
        if custom.result().bytes() < 4 {
            return call(0);
        }
        let first = unwritten(MARKS[0]);
        if first.contains(&true) {
            // Either mark alone may be a result.
            let both =
                first.into_iter().zip(unwritten(MARKS[1])).filter(|marks| *marks == (true, true)).count();
            let name = custom.name();
            assert!(both == 0, "`{name}` wrote nothing to {both} of the {count} elements of its result");
        }
    }));
    if let Err(panic) = called {
        PANIC.set(Some(panic));
    }
}

/// Bytes that fill a result before a user's function is called, to find what it does not write.
const MARKS: [u8; 2] = [0xa5, 0x5a];

macro_rules! slices {
    ($($(#[doc = $doc:literal])+ $dtype:ident: $host:ty, $category:ident, $exact:literal;)+) => {
        /// A tile as a slice.
        ///
        /// # Safety
        /// The tile holds `count` elements of the dtype, and is not written while the slice lives.
        unsafe fn elements<'t>(dtype: DType, tile: *const u8, count: usize) -> Elements<'t> {
            // SAFETY: the caller's promise.
            match dtype { $(
                DType::$dtype => {
                    Elements::$dtype(unsafe { std::slice::from_raw_parts(tile.cast::<$host>(), count) })
                }
            )+ }
        }

        /// A tile as a slice to be written, filled with a byte, which is 0 where not every pattern is an element.
        ///
        /// # Safety
        /// The tile has room for `count` elements of the dtype, and nobody else uses it while the slice lives.
        unsafe fn elements_mut<'t>(dtype: DType, tile: *mut u8, count: usize, byte: u8) -> ElementsMut<'t> {
            // What was there may be no `bool`.
            // SAFETY: the caller's promise.
            unsafe { tile.write_bytes(byte, count * dtype.bytes()) };
            // SAFETY: the caller's promise; what was written are elements of the dtype.
            match dtype { $(
                DType::$dtype => {
                    ElementsMut::$dtype(unsafe { std::slice::from_raw_parts_mut(tile.cast::<$host>(), count) })
                }
            )+ }
        }
    };
}
fusewire_ir::dtypes!(slices);
