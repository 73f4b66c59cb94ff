//! Whether an endpoint is asked: what its calls and its probes say of it.

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// It has not answered a probe yet.
    #[default]
    Unproven,
    /// It is asked.
    Healthy,
    /// It is not asked while another is healthy.
    Out,
}

impl Standing {
    /// A stable word for metrics and logs.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Unproven => "unproven",
            Self::Healthy => "healthy",
            Self::Out => "out",
        }
    }
}

/// What a probe or a call showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A probe was answered: it serves.
    Serving,
    /// A probe was answered: it does not serve, or is about to end.
    NotServing,
    /// A probe failed or was not answered in time.
    ProbeFailed,
    /// A call was answered.
    Answered,
    /// The connection failed under a call.
    Broken,
    /// A call was answered with no decision, or was not answered for long.
    Unable,
}

/// So many calls in a row without a decision take an endpoint out: one may be the fault of the question.
const UNABLE_IN_A_ROW: u32 = 3;
/// Most good probes that are waited for before an endpoint comes back.
const MAX_GOOD_PROBES: u32 = 32;

/// An endpoint's standing, and what it came from.
#[derive(Debug)]
pub(super) struct Record {
    standing: Standing,
    unable: u32,
    good_probes: u32,
    good_probes_needed: u32,
}

impl Default for Record {
    fn default() -> Self {
        Self { standing: Standing::default(), unable: 0, good_probes: 0, good_probes_needed: 1 }
    }
}

impl Record {
    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Takes a sign. Where it changes the standing: what it was before.
    pub(super) fn note(&mut self, sign: Sign) -> Option<Standing> {
        let before = self.standing;
        match sign {
            Sign::Serving => self.note_serving(),
            Sign::NotServing | Sign::ProbeFailed | Sign::Broken => self.take_out(),
            Sign::Answered => self.note_answered(),
            Sign::Unable => self.note_unable(),
        }
        (self.standing != before).then_some(before)
    }

    fn note_serving(&mut self) {
        self.good_probes = self.good_probes.saturating_add(1);
        if self.standing != Standing::Healthy && self.good_probes >= self.good_probes_needed {
            self.standing = Standing::Healthy;
            self.unable = 0;
        }
    }

    fn note_answered(&mut self) {
        self.unable = 0;
        self.good_probes_needed = 1;
    }

    /// One that probes well and does not decide would come back at once to fail again: each time it waits longer.
    fn note_unable(&mut self) {
        self.unable = self.unable.saturating_add(1);
        if self.standing == Standing::Healthy && self.unable >= UNABLE_IN_A_ROW {
            self.good_probes_needed = self.good_probes_needed.saturating_mul(2).min(MAX_GOOD_PROBES);
            self.take_out();
        }
    }

    fn take_out(&mut self) {
        self.good_probes = 0;
        // One that never was there is not lost: the second family of addresses of a name, for one.
        if self.standing == Standing::Healthy {
            self.standing = Standing::Out;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{Sign::*, Standing::*, *};

    /// The standing after these signs.
    fn after(signs: &[Sign]) -> Standing {
        let mut record = Record::default();
        for sign in signs {
            record.note(*sign);
        }
        record.standing()
    }

    #[test]
    fn signs_lead_to_standings() {
        for (signs, expected) in [
            (&[][..], Unproven),
            (&[Answered], Unproven),
            (&[ProbeFailed, Broken, NotServing, Unable, Unable, Unable], Unproven),
            (&[Serving], Healthy),
            (&[Serving, NotServing], Out),
            (&[Serving, ProbeFailed], Out),
            (&[Serving, Broken], Out),
            (&[Serving, Broken, Serving], Healthy),
            (&[Serving, Broken, Answered], Out),
            (&[Serving, Unable, Unable], Healthy),
            (&[Serving, Unable, Unable, Answered, Unable, Unable], Healthy),
            (&[Serving, Unable, Serving, Unable, Serving, Unable], Out),
            (&[Serving, Unable, Unable, Broken, Serving, Unable, Unable], Healthy),
        ] {
            assert_eq!(after(signs), expected, "{signs:?}");
        }
    }

    #[test]
    fn a_change_tells_what_was_before() {
        let mut record = Record::default();
        assert_eq!(record.note(Serving), Some(Unproven));
        assert_eq!(record.note(Serving), None);
        assert_eq!(record.note(NotServing), Some(Healthy));
        assert_eq!(record.note(ProbeFailed), None);
    }

    /// Good probes until it is back, each time that it probes well and does not decide.
    #[test]
    fn one_that_only_probes_well_stays_out_longer_each_time() {
        let mut record = Record::default();
        record.note(Serving);
        let mut waits = || {
            while record.standing() == Healthy {
                record.note(Unable);
            }
            (1..).find(|_| record.note(Serving).is_some()).expect("back")
        };
        assert_eq!(
            [waits(), waits(), waits(), waits(), waits(), waits(), waits()],
            [2, 4, 8, 16, 32, 32, 32]
        );
        record.note(Answered);
        record.note(Broken);
        assert_eq!(record.note(Serving), Some(Out), "an answer makes up for the past");
    }

    #[test]
    fn a_bad_probe_begins_the_count_again() {
        let mut record = Record::default();
        for sign in [Serving, Unable, Unable, Unable, Serving, ProbeFailed, Serving] {
            record.note(sign);
        }
        assert_eq!(record.standing(), Out);
        assert_eq!(record.note(Serving), Some(Out));
    }

    proptest! {
        /// Whatever happened, good probes bring it back, and one bad probe takes it out.
        #[test]
        fn there_is_always_a_way_back_and_a_way_out(
            signs in prop::collection::vec(
                select(vec![Serving, NotServing, ProbeFailed, Answered, Broken, Unable]), 0..200)
        ) {
            let mut record = Record::default();
            for sign in signs {
                record.note(sign);
            }
            for _ in 0..MAX_GOOD_PROBES {
                record.note(Serving);
            }
            prop_assert_eq!(record.standing(), Healthy);
            record.note(NotServing);
            prop_assert_eq!(record.standing(), Out);
        }
    }
}
