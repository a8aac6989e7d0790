//! The modified Bessel function of order 0, composed of operations. `tests/golden/bessel_coefficients.py` has the
//! coefficients.

use super::Expr;
use fusewire_ir::DType;

/// Of the power series of I0(x) in (x / 2)^2 (Abramowitz and Stegun 9.6.12), whose terms are all positive.
const NEAR_ZERO: [f64; 22] = [
    1.0,
    1.0,
    0.25,
    0.027_777_777_777_777_776,
    0.001_736_111_111_111_111,
    6.944_444_444_444_444e-5,
    1.929_012_345_679_012_4e-6,
    3.936_759_889_140_842e-8,
    6.151_187_326_782_565e-10,
    7.594_058_428_126_624e-12,
    7.594_058_428_126_623e-14,
    6.276_081_345_559_193e-16,
    4.358_389_823_304_995e-18,
    2.578_928_889_529_582_8e-20,
    1.315_780_045_678_358_6e-22,
    5.847_911_314_126_038_5e-25,
    2.284_340_357_080_483_8e-27,
    7.904_291_893_012_054e-30,
    2.439_596_263_275_325_3e-32,
    6.757_884_385_804_225e-35,
    1.689_471_096_451_056_4e-37,
    3.831_000_218_709_878_5e-40,
];

/// Of e^-x sqrt(x) I0(x) from x = 8 on, as a polynomial in 16 / x - 1, within 2^-55.
const FAR: [f64; 24] = [
    0.402_176_509_445_008_1,
    0.003_360_551_983_667_891_3,
    0.000_136_216_074_389_514_63,
    1.114_303_378_845_176e-5,
    1.483_847_678_092_264_6e-6,
    2.973_599_208_466_773_4e-7,
    8.872_014_585_661_555e-8,
    3.932_512_321_137_824e-8,
    2.156_780_676_115_673e-8,
    7.559_364_098_665_437e-9,
    -6.856_484_545_962_442e-9,
    -1.342_751_148_190_090_5e-8,
    -5.017_594_034_504_671_6e-9,
    7.600_254_486_433_509e-9,
    6.522_264_862_032_271e-9,
    -3.586_283_411_158_230_5e-9,
    -4.530_571_076_862_119_6e-9,
    1.608_488_615_578_177_2e-9,
    2.163_681_278_413_876e-9,
    -6.327_909_921_997_027e-10,
    -6.494_591_114_401_118e-10,
    1.769_808_553_945_653_6e-10,
    9.114_760_157_514_253e-11,
    -2.442_197_268_813_183_2e-11,
];

/// Horner's scheme, of two coefficients at least.
fn polynomial<'g, const COUNT: usize>(x: Expr<'g>, coefficients: &[f64; COUNT]) -> Expr<'g> {
    let highest = x * coefficients[COUNT - 1] + coefficients[COUNT - 2];
    coefficients[..COUNT - 2].iter().rev().fold(highest, |sum, coefficient| sum * x + *coefficient)
}

impl Expr<'_> {
    /// The modified Bessel function of the first kind and order 0, of which Kaiser's window is made. Computed in `f64`,
    /// within 5 units in its last place, and rounded to the dtype of floats; integers become `f64`.
    ///
    /// ```
    /// use fusewire::prelude::*;
    ///
    /// let g = Graph::new();
    /// let beta = 8.6;
    /// let n = g.linspace(-1.0, 1.0, 5);
    /// let kaiser = ((-n * n + 1).sqrt() * beta).i0() / g.scalar(beta).i0();
    /// let kaiser = kaiser.to_vec::<f64>()?;
    /// assert_eq!((kaiser[0] * 1e6).round(), 1333.0); // as numpy.kaiser(5, 8.6)
    /// assert_eq!(kaiser[2], 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    #[doc(alias = "bessel_i0")]
    pub fn i0(self) -> Self {
        self.function("i0", |x| {
            // The square of e^(x / 2) overflows where the function does, and not before. From 800 on it has.
            let size = x.astype(DType::F64).absolute().minimum(800.0);
            let half = size * 0.5;
            let near = polynomial(half * half, &NEAR_ZERO);
            let root = half.exp();
            let far = polynomial(16.0 / size - 1.0, &FAR) * root / size.sqrt() * root;
            size.less(8.0).select(near, far).narrowed(x)
        })
    }
}
