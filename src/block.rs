//! Memory that begins with a cache line.

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Zeroed memory, aligned to a cache line.
pub(crate) struct Block(Vec<Line>);

impl Block {
    pub fn new(bytes: usize) -> Self {
        Self(vec![Line([0; 64]); bytes.div_ceil(64)])
    }

    /// `None` where the machine has not that much memory to give.
    pub fn try_new(bytes: usize) -> Option<Self> {
        let lines = bytes.div_ceil(64);
        let mut block = Vec::new();
        block.try_reserve_exact(lines).ok()?;
        block.resize(lines, Line([0; 64]));
        Some(Self(block))
    }

    /// How many bytes there are.
    pub const fn bytes(&self) -> usize {
        self.0.len() * size_of::<Line>()
    }

    pub fn address(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}
