//! Vector functions as compiled code calls them: on tiles of scratch memory.
#![allow(unsafe_code)]

use crate::lower::nest::TILE_BYTES;
use crate::maths;
use fusewire_ir::custom::{Custom, Elements, ElementsMut};
use fusewire_ir::{DType, ElementOp};
use smallvec::SmallVec;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The address of a function `(x, y, count)` that replaces the `count` elements at `x` by the
/// operation's result; functions of one operand ignore `y`. `None` where there is no such function.
pub(crate) fn address(op: ElementOp, dtype: DType) -> Option<usize> {
    macro_rules! table {
        ($($op:ident: $f32:path, $f64:path, $adapter:ident;)+) => {
            match (op, dtype) {
                $(
                    (ElementOp::$op, DType::F32) => {
                        extern "sysv64" fn adapter(x: *mut f32, y: *const f32, count: usize) {
                            $adapter!(x, y, count, $f32);
                        }
                        Some(adapter as *const () as usize)
                    }
                    (ElementOp::$op, DType::F64) => {
                        extern "sysv64" fn adapter(x: *mut f64, y: *const f64, count: usize) {
                            $adapter!(x, y, count, $f64);
                        }
                        Some(adapter as *const () as usize)
                    }
                )+
                _ => None,
            }
        };
    }
    macro_rules! unary {
        ($x:ident, $y:ident, $count:ident, $function:path) => {{
            let _ = $y;
            // SAFETY: compiled code passes an aligned tile of its own scratch memory, filled with
            // `count` elements, which nobody else uses during the call.
            $function(unsafe { std::slice::from_raw_parts_mut($x, $count) });
        }};
    }
    macro_rules! binary {
        ($x:ident, $y:ident, $count:ident, $function:path) => {{
            // SAFETY: as above; the tiles of a call's operands are distinct.
            unsafe {
                $function(std::slice::from_raw_parts_mut($x, $count), std::slice::from_raw_parts($y, $count))
            };
        }};
    }
    macro_rules! integers {
        ($($op:ident: $of:ident;)+) => {
            match (op, dtype) {
                $(
                    (ElementOp::$op, DType::I64) => {
                        extern "sysv64" fn adapter(x: *mut i64, y: *const i64, count: usize) {
                            binary!(x, y, count, maths::$of::<i64>);
                        }
                        return Some(adapter as *const () as usize);
                    }
                    (ElementOp::$op, DType::U64) => {
                        extern "sysv64" fn adapter(x: *mut u64, y: *const u64, count: usize) {
                            binary!(x, y, count, maths::$of::<u64>);
                        }
                        return Some(adapter as *const () as usize);
                    }
                )+
                _ => {}
            }
        };
    }
    integers! {
        Gcd: gcd;
        Lcm: lcm;
        Power: power_ints;
    }
    table! {
        Exp: maths::exp_f32, maths::exp_f64, unary;
        Sin: maths::sin_f32, maths::sin_f64, unary;
        Cos: maths::cos_f32, maths::cos_f64, unary;
        Tan: maths::tan_f32, maths::tan_f64, unary;
        Asin: maths::asin_f32, maths::asin_f64, unary;
        Acos: maths::acos_f32, maths::acos_f64, unary;
        Atan: maths::atan_f32, maths::atan_f64, unary;
        Atan2: maths::atan2_f32, maths::atan2_f64, binary;
        Sinh: maths::sinh_f32, maths::sinh_f64, unary;
        Cosh: maths::cosh_f32, maths::cosh_f64, unary;
        Tanh: maths::tanh_f32, maths::tanh_f64, unary;
        Exp2: maths::exp2_f32, maths::exp2_f64, unary;
        Expm1: maths::expm1_f32, maths::expm1_f64, unary;
        Erf: maths::erf_f32, maths::erf_f64, unary;
        Erfc: maths::erfc_f32, maths::erfc_f64, unary;
        Asinh: maths::asinh_f32, maths::asinh_f64, unary;
        Acosh: maths::acosh_f32, maths::acosh_f64, unary;
        Atanh: maths::atanh_f32, maths::atanh_f64, unary;
        Lgamma: maths::lgamma_f32, maths::lgamma_f64, unary;
        Power: maths::power_f32, maths::power_f64, binary;
        Cbrt: maths::cbrt_f32, maths::cbrt_f64, unary;
        Hypot: maths::hypot_f32, maths::hypot_f64, binary;
        Log: maths::log_f32, maths::log_f64, unary;
        Log2: maths::log2_f32, maths::log2_f64, unary;
        Log10: maths::log10_f32, maths::log10_f64, unary;
        Log1p: maths::log1p_f32, maths::log1p_f64, unary;
        Logaddexp: maths::logaddexp_f32, maths::logaddexp_f64, binary;
        Logaddexp2: maths::logaddexp2_f32, maths::logaddexp2_f64, binary;
        Remainder: maths::remainder_f32, maths::remainder_f64, binary;
        FloorDivide: maths::floor_divide_f32, maths::floor_divide_f64, binary;
        Fmod: maths::fmod_f32, maths::fmod_f64, binary;
    }
}

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

/// The address of a function `(custom, tiles, count)` that calls a user's function on consecutive tiles:
/// those of its operands, then that of its result.
pub(crate) fn custom_address() -> usize {
    call_custom as *const () as usize
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
    let result = unsafe { elements_mut(custom.result(), tiles.add(operands.len() * TILE_BYTES), count) };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| custom.call(&operands, result))) {
        PANIC.set(Some(panic));
    }
}

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

        /// A tile as a slice to be written.
        ///
        /// # Safety
        /// The tile has room for `count` elements of the dtype, and nobody else uses it while the slice lives.
        unsafe fn elements_mut<'t>(dtype: DType, tile: *mut u8, count: usize) -> ElementsMut<'t> {
            // What was there may be no `bool`.
            // SAFETY: the caller's promise.
            unsafe { tile.write_bytes(0, count * dtype.bytes()) };
            // SAFETY: the caller's promise; zeros are elements of every dtype.
            match dtype { $(
                DType::$dtype => {
                    ElementsMut::$dtype(unsafe { std::slice::from_raw_parts_mut(tile.cast::<$host>(), count) })
                }
            )+ }
        }
    };
}
fusewire_ir::dtypes!(slices);
