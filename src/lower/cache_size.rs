//! The last cache before memory.

use std::sync::LazyLock;

/// What it is taken for where the processor does not say.
const USUAL: u64 = 32 << 20;

/// Bytes of the last cache.
static BYTES: LazyLock<u64> = LazyLock::new(|| described().filter(|bytes| *bytes > 0).unwrap_or(USUAL));

/// Bytes of the last cache that the processor describes, whoever shares it.
#[cfg(target_arch = "x86_64")]
fn described() -> Option<u64> {
    let processor = raw_cpuid::CpuId::new();
    // Every cache, one by one; older processors of AMD give the sum of all last ones instead, in units of 512 kB.
    let every = processor.get_cache_parameters();
    let largest = every.and_then(|caches| {
        let bytes = |cache: raw_cpuid::CacheParameter| {
            let lines = cache.associativity() * cache.physical_line_partitions() * cache.sets();
            (lines * cache.coherency_line_size()) as u64
        };
        caches.map(bytes).max()
    });
    let sum = || processor.get_l2_l3_cache_and_tlb_info().map(|info| u64::from(info.l3cache_size()) << 19);
    largest.or_else(sum)
}

#[cfg(not(target_arch = "x86_64"))]
fn described() -> Option<u64> {
    None
}

/// Is so much written that it does not stay in any cache?
pub(crate) fn is_beyond(bytes: u64) -> bool {
    bytes > *BYTES
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cache_holds_a_page_and_no_disk() {
        assert!(!super::is_beyond(4096));
        assert!(super::is_beyond(1 << 40));
    }
}
