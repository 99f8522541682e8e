//! Sums and means that lose no small terms beside large ones (Neumaier's compensated summation), with the same
//! behaviour at infinity as Prometheus.

/// A running sum and the rounding error it has gathered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn plus(self, term: f64) -> Self {
        let sum = self.sum + term;
        let lost = if sum.is_infinite() {
            0.0
        } else if self.sum.abs() >= term.abs() {
            self.lost + ((self.sum - sum) + term)
        } else {
            self.lost + ((term - sum) + self.sum)
        };
        Self { sum, lost }
    }

    pub fn add(&mut self, term: f64) {
        *self = self.plus(term);
    }

    pub fn value(&self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

/// A running mean: a sum divided at the end, as long as the sum stays finite, and a moving mean from then on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    count: f64,
    /// The sum of the values, or their mean once `moving`.
    total: Sum,
    moving: bool,
}

impl Mean {
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.moving {
            let total = self.total.plus(value);
            if self.count == 1.0 || !total.sum.is_infinite() {
                self.total = total;
                return;
            }
            self.moving = true;
            let before = self.count - 1.0;
            self.total = Sum { sum: self.total.sum / before, lost: self.total.lost / before };
        }
        let mean = self.total.sum;
        // An infinite mean stays what it is, until a NaN or the opposite infinity makes it NaN.
        let same_infinity = value.is_infinite() && value.is_sign_positive() == mean.is_sign_positive();
        if mean.is_infinite() && (same_infinity || value.is_finite()) {
            return;
        }
        // Divided before subtracting: the difference of two huge values would overflow.
        let step = value / self.count - self.total.value() / self.count;
        self.total.add(step);
    }

    pub fn value(&self) -> f64 {
        if self.moving {
            self.total.value()
        } else if self.total.sum.is_infinite() {
            self.total.sum
        } else {
            self.total.sum / self.count + self.total.lost / self.count
        }
    }
}
