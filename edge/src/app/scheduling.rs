//! How the system shares its cores between our threads.

use rustix::process::getpriority_process;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id, thread_schedule_policy,
};

/// What the library takes for niceness 0.
const USUAL_PRIORITY: u8 = 47;

/// Lets a signature be finished before what comes in is looked at: where there are fewer cores than threads with work,
/// the usual policy interrupts a signer for each request and each reply, which costs a tenth of the edge's CPU time.
/// Threads that are started from here on inherit it. What somebody has set already, a policy or a niceness, stays;
/// where the system refuses, all goes on as it was.
pub(super) fn let_signatures_finish() {
    let usual = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    if getpriority_process(None) != Ok(0) || thread_schedule_policy() != Ok(usual) {
        return;
    }
    if let Ok(priority) = ThreadPriorityValue::try_from(USUAL_PRIORITY) {
        let (priority, batch) = (ThreadPriority::Crossplatform(priority), NormalThreadSchedulePolicy::Batch);
        let _ =
            set_thread_priority_and_policy(thread_native_id(), priority, ThreadSchedulePolicy::Normal(batch));
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Whoever runs the tests may take it.
    const NICEST: i32 = 19;

    fn told() -> (ThreadSchedulePolicy, Result<i32, rustix::io::Errno>) {
        (thread_schedule_policy().unwrap(), getpriority_process(None))
    }

    #[test]
    fn threads_that_are_started_later_interrupt_nobody_either() {
        let usual = (ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other), Ok(0));
        let batch = (ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch), Ok(0));
        // Who runs the tests by another policy, or niced, is left alone as well.
        let expected = if told() == usual { batch } else { told() };
        thread::spawn(move || {
            let_signatures_finish();
            assert_eq!((told(), thread::spawn(told).join().unwrap()), (expected, expected));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_niceness_that_was_set_stays() {
        let (policy, _) = told();
        thread::spawn(move || {
            rustix::process::setpriority_process(None, NICEST).unwrap();
            let_signatures_finish();
            assert_eq!(told(), (policy, Ok(NICEST)));
        })
        .join()
        .unwrap();
    }
}
