//! Vector functions as compiled code calls them: on tiles of scratch memory.
#![allow(unsafe_code)]

use crate::maths;
use fusewire_ir::{DType, ElementOp};

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
    }
    table! {
        Exp: maths::exp_f32, maths::exp_f64, unary;
        Remainder: maths::remainder_f32, maths::remainder_f64, binary;
        FloorDivide: maths::floor_divide_f32, maths::floor_divide_f64, binary;
        Fmod: maths::fmod_f32, maths::fmod_f64, binary;
    }
}
