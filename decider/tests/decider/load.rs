//! Clients that ask without a pause, and ask again where a call never left: a connection that is about to end takes
//! no more calls, which a client may notice only as it puts one on it.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proto::decider::v1::decision_service_client::DecisionServiceClient;
use tokio::task::JoinHandle;
use tonic::Status;
use tonic::transport::Channel;

use crate::support::{call, transfer};

/// How often a call is put on a connection.
const TRIES: usize = 20;

/// So many tasks over one channel, until they are told to end.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<Status>>>,
}

impl Load {
    pub fn on(client: DecisionServiceClient<Channel>, tasks: usize) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let task = |number| ask(number, client.clone(), Arc::clone(&stop), Arc::clone(&answered));
        let tasks = (0..tasks).map(|number| tokio::spawn(task(number))).collect();
        Self { stop, answered, tasks }
    }

    /// How many were answered until now.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Lets each end the call it is at. How many were answered, and what failed.
    pub async fn end(self) -> (usize, Vec<Status>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = Vec::new();
        for task in self.tasks {
            failed.extend(task.await.unwrap());
        }
        (self.answered.load(Ordering::Relaxed), failed)
    }
}

async fn ask(
    task: usize,
    mut client: DecisionServiceClient<Channel>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
) -> Vec<Status> {
    let mut failed = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) || failed.len() > 10 {
            break;
        }
        match ask_once(&mut client, &format!("load-{task}-{number}")).await {
            Ok(()) => _ = answered.fetch_add(1, Ordering::Relaxed),
            Err(status) => failed.push(status),
        }
    }
    failed
}

/// An answer that was recorded by an earlier try would show that this had left after all, and that its answer was lost.
async fn ask_once(client: &mut DecisionServiceClient<Channel>, id: &str) -> Result<(), Status> {
    for _ in 0..TRIES {
        match client.decide(call(transfer(id, "0.00001"))).await {
            Ok(answer) if answer.get_ref().recorded_earlier => {
                return Err(Status::aborted("an answer was lost"));
            }
            Ok(_) => return Ok(()),
            Err(status) if status.source().is_some() => {}
            Err(status) => return Err(status),
        }
    }
    Err(Status::aborted("never left"))
}
