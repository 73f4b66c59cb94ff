//! The two services of the demo, and what they say when they end too early.

use std::time::Duration;

use super::Error;
use super::plan::{Plan, Service};
use crate::output::say;
use crate::services::{Process, READY_TIMEOUT, STOP_TIMEOUT};

/// How often the services are looked at while the demo stays up.
const WATCH: Duration = Duration::from_millis(500);

/// The services, as far as they are started.
#[derive(Default)]
pub struct System {
    services: Vec<Process>,
}

impl System {
    /// Starts the deciders, then the edge, and waits until all are ready.
    pub async fn start(&mut self, plan: &Plan) -> Result<(), Error> {
        for service in plan.deciders.iter().chain([&plan.edge]) {
            self.add(service).await?;
        }
        Ok(())
    }

    async fn add(&mut self, service: &Service) -> Result<(), Error> {
        say(format_args!("Waiting for the {} …\n", service.name()));
        self.services.push(service.spawn()?);
        match self.services.last_mut() {
            Some(process) => Ok(process.ready(READY_TIMEOUT).await?),
            None => Ok(()),
        }
    }

    /// Everything but the edge, which comes last.
    pub fn deciders(&self) -> impl Iterator<Item = &Process> {
        self.services.iter().take(self.services.len().saturating_sub(1))
    }

    /// The work's result, or what a service said when it ended before the work did.
    pub async fn until_failure<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let result = tokio::select! {
            biased;
            result = work => result,
            failure = self.failure() => Err(failure),
        };
        if result.is_err() {
            // A call that failed because a service died is explained by the service.
            self.check()?;
        }
        result
    }

    /// Waits until a service ends, and says what it said.
    pub async fn failure(&mut self) -> Error {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            tokio::time::sleep(WATCH).await;
        }
    }

    fn check(&mut self) -> Result<(), Error> {
        self.services.iter_mut().try_for_each(Process::check).map_err(Error::from)
    }

    /// The edge first: what it has begun, the decider still answers.
    pub async fn stop(mut self) -> Result<(), Error> {
        while let Some(mut process) = self.services.pop() {
            process.stop(STOP_TIMEOUT).await?;
        }
        Ok(())
    }
}
