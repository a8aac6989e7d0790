//! Which of the sixteen vector registers are free.

/// All registers are taken.
#[derive(Debug)]
pub(super) struct Full;

/// The free registers, one bit each.
pub(super) struct Registers(u16);

impl Default for Registers {
    fn default() -> Self {
        Self(u16::MAX)
    }
}

impl Registers {
    /// Takes the lowest free register.
    pub fn take(&mut self) -> Result<u32, Full> {
        let register = self.0.trailing_zeros();
        if register == u16::BITS {
            return Err(Full);
        }
        self.0 &= !(1 << register);
        Ok(register)
    }

    /// Gives a register back.
    pub fn give(&mut self, register: u32) {
        self.0 |= 1 << register;
    }
}
