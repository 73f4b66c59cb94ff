//! Whether an endpoint is asked, by what its calls and its probes have shown.

use crate::telemetry::metrics::EndpointState;

/// What a probe or a call has shown of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Observation {
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

/// An endpoint's state, and the counts that it follows from.
#[derive(Debug)]
pub(super) struct EndpointHealth {
    state: EndpointState,
    unable: u32,
    good_probes: u32,
    good_probes_needed: u32,
}

impl Default for EndpointHealth {
    fn default() -> Self {
        Self { state: EndpointState::Unreached, unable: 0, good_probes: 0, good_probes_needed: 1 }
    }
}

impl EndpointHealth {
    pub(super) fn state(&self) -> EndpointState {
        self.state
    }

    /// Notes an observation. The state before it, where it changes the state.
    pub(super) fn note(&mut self, observation: Observation) -> Option<EndpointState> {
        let before = self.state;
        match observation {
            Observation::Serving => self.note_serving(),
            Observation::NotServing | Observation::ProbeFailed | Observation::Broken => self.take_out(),
            Observation::Answered => self.note_answered(),
            Observation::Unable => self.note_unable(),
        }
        (self.state != before).then_some(before)
    }

    fn note_serving(&mut self) {
        self.good_probes = self.good_probes.saturating_add(1);
        if self.state != EndpointState::Healthy && self.good_probes >= self.good_probes_needed {
            self.state = EndpointState::Healthy;
            self.unable = 0;
        }
    }

    fn note_answered(&mut self) {
        self.unable = 0;
        self.good_probes_needed = 1;
    }

    /// An endpoint that passes its probes and does not decide would come back at once, to fail again: each time it
    /// needs more good probes.
    fn note_unable(&mut self) {
        self.unable = self.unable.saturating_add(1);
        if self.state == EndpointState::Healthy && self.unable >= UNABLE_IN_A_ROW {
            self.good_probes_needed = self.good_probes_needed.saturating_mul(2).min(MAX_GOOD_PROBES);
            self.take_out();
        }
    }

    fn take_out(&mut self) {
        self.good_probes = 0;
        // One that was never reached cannot be lost, such as the second address family of a name.
        if self.state == EndpointState::Healthy {
            self.state = EndpointState::Out;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{EndpointState::*, Observation::*, *};

    /// The state after these observations.
    fn after(observations: &[Observation]) -> EndpointState {
        let mut health = EndpointHealth::default();
        for observation in observations {
            health.note(*observation);
        }
        health.state()
    }

    #[test]
    fn observations_lead_to_states() {
        for (observations, expected) in [
            (&[][..], Unreached),
            (&[Answered], Unreached),
            (&[ProbeFailed, Broken, NotServing, Unable, Unable, Unable], Unreached),
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
            assert_eq!(after(observations), expected, "{observations:?}");
        }
    }

    #[test]
    fn a_change_tells_what_was_before() {
        let mut health = EndpointHealth::default();
        assert_eq!(health.note(Serving), Some(Unreached));
        assert_eq!(health.note(Serving), None);
        assert_eq!(health.note(NotServing), Some(Healthy));
        assert_eq!(health.note(ProbeFailed), None);
    }

    /// Good probes until it is back, each time that it probes well and does not decide.
    #[test]
    fn one_that_only_probes_well_stays_out_longer_each_time() {
        let mut health = EndpointHealth::default();
        health.note(Serving);
        let mut waits = || {
            while health.state() == Healthy {
                health.note(Unable);
            }
            (1..).find(|_| health.note(Serving).is_some()).expect("back")
        };
        assert_eq!(
            [waits(), waits(), waits(), waits(), waits(), waits(), waits()],
            [2, 4, 8, 16, 32, 32, 32]
        );
        health.note(Answered);
        health.note(Broken);
        assert_eq!(health.note(Serving), Some(Out), "an answer makes up for the past");
    }

    #[test]
    fn a_bad_probe_begins_the_count_again() {
        let mut health = EndpointHealth::default();
        for observation in [Serving, Unable, Unable, Unable, Serving, ProbeFailed, Serving] {
            health.note(observation);
        }
        assert_eq!(health.state(), Out);
        assert_eq!(health.note(Serving), Some(Out));
    }

    proptest! {
        /// Whatever happened, good probes bring it back, and one bad probe takes it out.
        #[test]
        fn there_is_always_a_way_back_and_a_way_out(
            observations in prop::collection::vec(
                select(vec![Serving, NotServing, ProbeFailed, Answered, Broken, Unable]), 0..200)
        ) {
            let mut health = EndpointHealth::default();
            for observation in observations {
                health.note(observation);
            }
            for _ in 0..MAX_GOOD_PROBES {
                health.note(Serving);
            }
            prop_assert_eq!(health.state(), Healthy);
            health.note(NotServing);
            prop_assert_eq!(health.state(), Out);
        }
    }
}
