//! The instructions of AVX2 by what they do.

use super::Declined;
use fusewire_ir::DType;
use fusewire_ir::body::Primitive;
use iced_x86::Code;

/// The 128-bit form of an instruction, then the 256-bit form.
pub(super) type Forms = [Code; 2];

/// Names the two forms of an instruction.
macro_rules! forms {
    ($xmm:ident, $ymm:ident) => {
        [Code::$xmm, Code::$ymm]
    };
}

/// Forms for the four dtypes that have arithmetic.
pub(super) struct ByType {
    i32: Option<Forms>,
    i64: Option<Forms>,
    f32: Option<Forms>,
    f64: Option<Forms>,
}

impl ByType {
    pub fn of(&self, dtype: DType) -> Result<Forms, Declined> {
        let forms = match dtype {
            // What has one form for both: sums, differences, products.
            DType::I32 | DType::U32 => self.i32,
            DType::I64 | DType::U64 => self.i64,
            DType::F32 => self.f32,
            DType::F64 => self.f64,
            _ => None,
        };
        forms.ok_or(Declined::Operation)
    }
}

/// Operations that are one instruction of two operands.
pub(super) fn binary(primitive: Primitive) -> Option<ByType> {
    let none = ByType { i32: None, i64: None, f32: None, f64: None };
    Some(match primitive {
        Primitive::Add => ByType {
            i32: Some(forms!(VEX_Vpaddd_xmm_xmm_xmmm128, VEX_Vpaddd_ymm_ymm_ymmm256)),
            i64: Some(forms!(VEX_Vpaddq_xmm_xmm_xmmm128, VEX_Vpaddq_ymm_ymm_ymmm256)),
            f32: Some(forms!(VEX_Vaddps_xmm_xmm_xmmm128, VEX_Vaddps_ymm_ymm_ymmm256)),
            f64: Some(forms!(VEX_Vaddpd_xmm_xmm_xmmm128, VEX_Vaddpd_ymm_ymm_ymmm256)),
        },
        Primitive::Subtract => ByType {
            i32: Some(forms!(VEX_Vpsubd_xmm_xmm_xmmm128, VEX_Vpsubd_ymm_ymm_ymmm256)),
            i64: Some(forms!(VEX_Vpsubq_xmm_xmm_xmmm128, VEX_Vpsubq_ymm_ymm_ymmm256)),
            f32: Some(forms!(VEX_Vsubps_xmm_xmm_xmmm128, VEX_Vsubps_ymm_ymm_ymmm256)),
            f64: Some(forms!(VEX_Vsubpd_xmm_xmm_xmmm128, VEX_Vsubpd_ymm_ymm_ymmm256)),
        },
        Primitive::Multiply => ByType {
            i32: Some(forms!(VEX_Vpmulld_xmm_xmm_xmmm128, VEX_Vpmulld_ymm_ymm_ymmm256)),
            f32: Some(forms!(VEX_Vmulps_xmm_xmm_xmmm128, VEX_Vmulps_ymm_ymm_ymmm256)),
            f64: Some(forms!(VEX_Vmulpd_xmm_xmm_xmmm128, VEX_Vmulpd_ymm_ymm_ymmm256)),
            ..none
        },
        Primitive::Divide => ByType {
            f32: Some(forms!(VEX_Vdivps_xmm_xmm_xmmm128, VEX_Vdivps_ymm_ymm_ymmm256)),
            f64: Some(forms!(VEX_Vdivpd_xmm_xmm_xmmm128, VEX_Vdivpd_ymm_ymm_ymmm256)),
            ..none
        },
        Primitive::Minimum => {
            ByType { i32: Some(forms!(VEX_Vpminsd_xmm_xmm_xmmm128, VEX_Vpminsd_ymm_ymm_ymmm256)), ..none }
        }
        Primitive::Maximum => {
            ByType { i32: Some(forms!(VEX_Vpmaxsd_xmm_xmm_xmmm128, VEX_Vpmaxsd_ymm_ymm_ymmm256)), ..none }
        }
        _ => return None,
    })
}

pub(super) const AND: Forms = forms!(VEX_Vpand_xmm_xmm_xmmm128, VEX_Vpand_ymm_ymm_ymmm256);
pub(super) const AND_NOT: Forms = forms!(VEX_Vpandn_xmm_xmm_xmmm128, VEX_Vpandn_ymm_ymm_ymmm256);
pub(super) const OR: Forms = forms!(VEX_Vpor_xmm_xmm_xmmm128, VEX_Vpor_ymm_ymm_ymmm256);
pub(super) const XOR: Forms = forms!(VEX_Vpxor_xmm_xmm_xmmm128, VEX_Vpxor_ymm_ymm_ymmm256);
pub(super) const EQUAL_32: Forms = forms!(VEX_Vpcmpeqd_xmm_xmm_xmmm128, VEX_Vpcmpeqd_ymm_ymm_ymmm256);
pub(super) const EQUAL_64: Forms = forms!(VEX_Vpcmpeqq_xmm_xmm_xmmm128, VEX_Vpcmpeqq_ymm_ymm_ymmm256);
pub(super) const GREATER_32: Forms = forms!(VEX_Vpcmpgtd_xmm_xmm_xmmm128, VEX_Vpcmpgtd_ymm_ymm_ymmm256);
pub(super) const GREATER_64: Forms = forms!(VEX_Vpcmpgtq_xmm_xmm_xmmm128, VEX_Vpcmpgtq_ymm_ymm_ymmm256);
pub(super) const COMPARE_F32: Forms =
    forms!(VEX_Vcmpps_xmm_xmm_xmmm128_imm8, VEX_Vcmpps_ymm_ymm_ymmm256_imm8);
pub(super) const COMPARE_F64: Forms =
    forms!(VEX_Vcmppd_xmm_xmm_xmmm128_imm8, VEX_Vcmppd_ymm_ymm_ymmm256_imm8);
pub(super) const BLEND_32: Forms =
    forms!(VEX_Vblendvps_xmm_xmm_xmmm128_xmm, VEX_Vblendvps_ymm_ymm_ymmm256_ymm);
pub(super) const BLEND_64: Forms =
    forms!(VEX_Vblendvpd_xmm_xmm_xmmm128_xmm, VEX_Vblendvpd_ymm_ymm_ymmm256_ymm);
pub(super) const LOAD: Forms = forms!(VEX_Vmovups_xmm_xmmm128, VEX_Vmovups_ymm_ymmm256);
pub(super) const STORE: Forms = forms!(VEX_Vmovups_xmmm128_xmm, VEX_Vmovups_ymmm256_ymm);
pub(super) const STREAM: Forms = forms!(VEX_Vmovntps_m128_xmm, VEX_Vmovntps_m256_ymm);

/// Predicates of the float comparison: those that raise nothing for quiet NaN.
pub(super) const IS_EQUAL: u32 = 0;
pub(super) const IS_UNORDERED: u32 = 3;
pub(super) const IS_NOT_EQUAL: u32 = 4;
pub(super) const IS_LESS: u32 = 17;
pub(super) const IS_LESS_EQUAL: u32 = 18;

/// Rounding modes, with the inexact exception suppressed.
pub(super) const TO_EVEN: u32 = 8;
pub(super) const DOWN: u32 = 9;
pub(super) const UP: u32 = 10;
pub(super) const TO_ZERO: u32 = 11;

pub(super) use forms;
