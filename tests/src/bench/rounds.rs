//! What is kept of the rounds: the median, and how far the rounds lay apart.

use super::error::Error;

/// Rounds of two things that were measured in turn.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    rounds: Vec<(f64, f64)>,
}

/// A median and its spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Half of the values are below, half above.
    pub median: f64,
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
}

impl Pairs {
    /// Adds a round: ours, and what it is compared with. Neither can be nothing.
    pub fn push(&mut self, ours: f64, reference: f64) -> Result<(), Error> {
        if ours > 0.0 && reference > 0.0 {
            self.rounds.push((ours, reference));
            return Ok(());
        }
        Err(Error::TooShort)
    }

    /// Ours over the reference, round by round.
    pub fn ratio(&self) -> Result<Figure, Error> {
        Figure::of(self.counted().map(|(ours, reference)| ours / reference))
    }

    /// Ours alone, median.
    pub fn ours(&self) -> Result<f64, Error> {
        Ok(Figure::of(self.counted().map(|(ours, _)| ours))?.median)
    }

    /// The reference alone, median.
    pub fn reference(&self) -> Result<f64, Error> {
        Ok(Figure::of(self.counted().map(|(_, reference)| reference))?.median)
    }

    /// Caches and the processor's clock settle in the first round: it does not count.
    fn counted(&self) -> impl Iterator<Item = (f64, f64)> {
        self.rounds.iter().copied().skip(1)
    }
}

impl Figure {
    /// Of values in any order. There must be one.
    pub fn of(values: impl Iterator<Item = f64>) -> Result<Self, Error> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().ok_or(Error::TooShort);
        let last = sorted.len().saturating_sub(1);
        let median = (at(last / 2)? + at(last.div_ceil(2))?) / 2.0;
        Ok(Self { median, low: at(0)?, high: at(last)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rounds: &[(f64, f64)]) -> Pairs {
        let mut pairs = Pairs::default();
        rounds.iter().for_each(|(ours, reference)| pairs.push(*ours, *reference).unwrap());
        pairs
    }

    #[test]
    fn the_median_is_that_of_the_ratios_and_not_the_ratio_of_the_medians() {
        // The machine gets slower: the ratio stays. Medians alone would say 30 / 20.
        let drifting = pairs(&[(1.0, 1.0), (10.0, 10.0), (30.0, 30.0), (60.0, 20.0)]);
        let figure = drifting.ratio().unwrap();
        assert_eq!(figure, Figure { median: 1.0, low: 1.0, high: 3.0 });
        assert_eq!((drifting.ours().unwrap(), drifting.reference().unwrap()), (30.0, 20.0));
    }

    #[test]
    fn the_first_round_does_not_count() {
        let figure = pairs(&[(900.0, 1.0), (2.0, 1.0), (4.0, 1.0)]).ratio().unwrap();
        assert_eq!(figure, Figure { median: 3.0, low: 2.0, high: 4.0 });
        assert!(matches!(pairs(&[(1.0, 1.0)]).ratio(), Err(Error::TooShort)));
    }

    #[test]
    fn a_round_that_shows_no_time_is_an_error_and_not_a_ratio() {
        let mut pairs = Pairs::default();
        for (ours, reference) in [(0.0, 1.0), (1.0, 0.0), (f64::NAN, 1.0)] {
            assert!(matches!(pairs.push(ours, reference), Err(Error::TooShort)));
        }
    }

    #[test]
    fn odd_and_even_numbers_have_a_median() {
        let median = |values: &[f64]| Figure::of(values.iter().copied()).map(|figure| figure.median).ok();
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }
}
