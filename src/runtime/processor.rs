//! What the processor has, in the levels that the ABI of x86-64 defines.
#![allow(unsafe_code)]

use crate::{Function, exported};
use std::sync::OnceLock;

/// The highest level whose instructions this processor has: 1 to 4, as in `x86-64-v3`. Where something else is missing
/// that no code here uses, the level counts.
#[must_use]
pub fn level() -> u64 {
    static LEVEL: OnceLock<u64> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let second = has!("ssse3") && has!("sse4.1") && has!("sse4.2") && has!("popcnt");
            let third = second
                && (has!("avx") && has!("avx2") && has!("fma"))
                && (has!("bmi1") && has!("bmi2") && has!("lzcnt"));
            let fourth = third && has!("avx512f") && has!("avx512bw") && has!("avx512cd");
            let fourth = fourth && has!("avx512dq") && has!("avx512vl");
            1 + u64::from(second) + u64::from(third) + u64::from(fourth)
        }
        #[cfg(not(target_arch = "x86_64"))]
        0
    })
}

/// [`level`] for compiled code.
#[must_use]
pub fn level_function() -> Function {
    exported!("fusewire_processor_level", fn() -> u64 { level() })
}
