//! What the size of a policy costs a decision: many rules, limits or addresses, against few.

use system_tests::local::{Local, Settings, Store};
use system_tests::services::decisions::Client;
use system_tests::services::{Process, ports};

use super::error::Error;
use super::load::{as_float, in_flight};
use super::policies::{
    CSV, FEW_ADDRESSES, FEW_LIMITS, FEW_RULES, MANY_ADDRESSES, MANY_LIMITS, MANY_RULES, Many,
};
use super::questions::{self, IN_FLIGHT};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::{Figure, Pairs};
use super::{Bench, load, proc, servers};

/// Of the same with few.
const GOAL: f64 = 1.05;

/// CPU of the decider for a decision with many rules over that with few.
pub async fn rules(bench: &Bench) -> Result<Row, Error> {
    let sizes = [Many::Rules(MANY_RULES), Many::Rules(FEW_RULES)];
    let seen = compare(bench, "Decide, many rules", sizes).await?;
    seen.cpu_row("Decide with 10,000 rules, store in memory", "10 rules")
}

/// The same with many limits, of which one counts each decision.
pub async fn limits(bench: &Bench) -> Result<Row, Error> {
    let sizes = [Many::Limits(MANY_LIMITS), Many::Limits(FEW_LIMITS)];
    let seen = compare(bench, "Decide, many limits", sizes).await?;
    Ok(Row { goal: Goal::None, ..seen.cpu_row("Decide with 2,000 limits, store in memory", "10 limits")? })
}

/// The same with many listed addresses, and what each of them takes in the decider's memory.
pub async fn addresses(bench: &Bench) -> Result<Vec<Row>, Error> {
    let sizes = [Many::Addresses(MANY_ADDRESSES), Many::Addresses(FEW_ADDRESSES)];
    let seen = compare(bench, "Decide, many addresses", sizes).await?;
    let cpu = seen.cpu_row("Decide with 1,000,000 listed addresses, store in memory", "1,000 addresses")?;
    let more = as_float(MANY_ADDRESSES - FEW_ADDRESSES);
    let bytes = seen.resident.iter().skip(1).map(|(many, few)| (many - few) / more);
    let memory = Row {
        what: "resident memory of the decider, per listed address".to_owned(),
        against: "–".to_owned(),
        goal: Goal::None,
        figure: Figure::of(bytes)?,
        unit: Unit::Bytes,
        detail: "at the start, 1,000,000 less 1,000; the list, its file as it was hashed, and what the allocator keeps"
            .to_owned(),
    };
    Ok(vec![cpu, memory])
}

#[derive(Default)]
struct Seen {
    /// Microseconds.
    cpu: Pairs,
    /// Bytes, of many and of few.
    resident: Vec<(f64, f64)>,
}

/// One decider with its policy.
struct Side {
    many: Many,
    local: Local,
}

/// What a decider showed in one round.
struct Shown {
    micros: f64,
    resident: f64,
}

async fn compare(bench: &Bench, what: &str, [many, few]: [Many; 2]) -> Result<Seen, Error> {
    let (many, few) = (Side::create(bench, many)?, Side::create(bench, few)?);
    let mut seen = Seen::default();
    for round in 1..=bench.scale.rounds {
        progress(what, round, bench.scale.rounds);
        // Each is first in every other round: what the machine does over time falls on both.
        let (of_many, of_few) = if round % 2 == 0 {
            let of_many = many.measure(bench).await?;
            (of_many, few.measure(bench).await?)
        } else {
            let of_few = few.measure(bench).await?;
            (many.measure(bench).await?, of_few)
        };
        seen.cpu.push(of_many.micros, of_few.micros)?;
        seen.resident.push((of_many.resident, of_few.resident));
    }
    Ok(seen)
}

impl Side {
    fn create(bench: &Bench, many: Many) -> Result<Self, Error> {
        let settings =
            Settings { addresses: ports::free_addresses(), store: Store::Memory, policy: many.policy() };
        let root = bench.directory.path().join(format!("{many:?}"));
        let local = Local::create(&root, &settings)?;
        let csv = local.policy().with_file_name(CSV);
        std::fs::write(&csv, many.csv()).map_err(Error::io(format!("cannot write {}", csv.display())))?;
        Ok(Self { many, local })
    }

    async fn measure(&self, bench: &Bench) -> Result<Shown, Error> {
        let decider = servers::fresh_decider(bench, &self.local).await?;
        let resident = proc::resident_bytes(decider.id())?;
        let micros = self.cpu(bench, &decider).await?;
        servers::stop(decider, &self.local).await?;
        Ok(Shown {
            micros,
            resident: as_float(usize::try_from(resident >> 10).unwrap_or(usize::MAX)) * 1024.0,
        })
    }

    async fn cpu(&self, bench: &Bench, decider: &Process) -> Result<f64, Error> {
        let (client, count) = (servers::client(&self.local)?, bench.scale.compared_decisions);
        ask(&client, self.many, bench.scale.warm_up).await?;
        Ok(load::gauge(decider.id(), count, ask(&client, self.many, count)).await?.cpu_micros())
    }
}

impl Seen {
    fn cpu_row(&self, what: &str, against: &str) -> Result<Row, Error> {
        let (ours, reference) = (self.cpu.ours()?, self.cpu.reference()?);
        Ok(Row {
            what: what.to_owned(),
            against: against.to_owned(),
            goal: Goal::AtMost(GOAL),
            figure: self.cpu.ratio()?,
            unit: Unit::Times,
            detail: format!("{ours:.1} µs CPU against {reference:.1}; {IN_FLIGHT} in flight, each in turn"),
        })
    }
}

/// Asks `count` questions, [`IN_FLIGHT`] at a time. Every one must be allowed.
async fn ask(client: &Client, many: Many, count: usize) -> Result<(), Error> {
    let client = client.clone();
    let call = move |index| {
        let mut client = client.clone();
        async move { questions::allowed(&mut client, many.question(index)).await.map(drop) }
    };
    in_flight(IN_FLIGHT, count, call).await
}
