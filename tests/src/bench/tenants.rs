//! What tenants take: of the database for each decision, of the decider's memory for each charge and each sum, of its
//! start; and whether a decision costs more where there are many of them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use postgres_cluster::{Cluster, Database, Setup};
use proto::decider::v1::DecideRequest;
use system_tests::local::{Local, Settings, Store};
use system_tests::services::decisions::Client;
use system_tests::services::{self, Process, ports};

use super::error::Error;
use super::load::{as_float, gauge, in_flight};
use super::questions::{IN_FLIGHT, allowed, question};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Figure;
use super::{Bench, proc, servers};

/// Tenants that one decider has, in as many measurements.
const SIZES: [usize; 3] = [1, 1_000, 100_000];
const BYTES_PER_MIB: f64 = 1_048_576.0;

/// One sum for each tenant, in which all its charges of a day are.
const POLICY: &str = "version: 1
assets:
  ETH: {chain: evm, decimals: 18}
allow:
  - id: eth-to-treasury
    when: {destination: [{type: VAULT, id: \"1\"}], assets: [ETH]}
limits:
  - id: eth-per-tenant-and-day
    when: {assets: [ETH]}
    key: [tenant]
    max: {amount: \"100000000\"}
    window: 24h
";

/// Of every size on SQLite, then of one tenant on PostgreSQL.
pub async fn measure(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (mut rows, mut filled) = (Vec::new(), Vec::new());
    for (step, tenants) in (1..).zip(SIZES) {
        progress("tenants on SQLite", step, SIZES.len());
        let side = Side::create(bench, &format!("tenants-{tenants}"), tenants)?;
        let database = side.local.database();
        let seen = fill(bench, &side, || file_bytes(&database)).await?;
        rows.extend(seen.rows(&format!("SQLite, tenants: {tenants}"))?);
        filled.push((tenants, seen));
    }
    rows.extend(per_sum(&filled)?);
    rows.extend(on_postgres(bench).await?);
    Ok(rows)
}

/// What a decider showed that was filled and started anew.
struct Filled {
    decisions: usize,
    /// Microseconds for a decision, and decisions a second.
    cpu: f64,
    rate: f64,
    /// Bytes.
    database: f64,
    /// Bytes of memory, with an empty ledger and with the full one.
    resident: (f64, f64),
    /// Milliseconds of a start, with an empty ledger and with the full one.
    start: (f64, f64),
}

/// A decider's files, and how many tenants ask it.
struct Side {
    tenants: usize,
    local: Local,
    config: PathBuf,
}

impl Side {
    fn create(bench: &Bench, name: &str, tenants: usize) -> Result<Self, Error> {
        let settings =
            Settings { addresses: ports::free_addresses(), store: Store::Sqlite, policy: POLICY.to_owned() };
        let local = Local::create(&bench.directory.path().join(name), &settings)?;
        let config = local.decider_config();
        grant_all(&config)?;
        Ok(Self { tenants, local, config })
    }

    async fn start(&self, bench: &Bench) -> Result<(Process, f64, f64), Error> {
        let started = Instant::now();
        let admin = self.local.addresses()?.decider_admin;
        let mut decider = servers::spawn_decider_on(bench, &self.local, &self.config, admin)?;
        servers::until_ready(&mut decider).await?;
        let took = started.elapsed().as_secs_f64() * 1e3;
        let resident = proc::resident_bytes(decider.id())?;
        Ok((decider, took, as_float(usize::try_from(resident >> 10).unwrap_or(usize::MAX)) * 1024.0))
    }

    async fn ask(&self, client: &Client, count: usize) -> Result<(), Error> {
        let (client, tenants) = (client.clone(), self.tenants);
        let call = move |index: usize| {
            let mut client = client.clone();
            let tenant = format!("tenant-{}", index % tenants);
            async move { allowed(&mut client, DecideRequest { tenant, ..question(0) }).await.map(drop) }
        };
        in_flight(IN_FLIGHT, count, call).await
    }
}

async fn fill(
    bench: &Bench,
    side: &Side,
    database: impl Fn() -> Result<f64, Error>,
) -> Result<Filled, Error> {
    let decisions = bench.scale.tenant_decisions;
    let (decider, empty_start, empty) = side.start(bench).await?;
    let load = gauge(decider.id(), decisions, side.ask(&servers::client(&side.local)?, decisions)).await?;
    servers::stop(decider, &side.local).await?;
    let database = database()?;
    let (decider, full_start, full) = side.start(bench).await?;
    servers::stop(decider, &side.local).await?;
    let (cpu, rate) = (load.cpu_micros(), load.rate());
    Ok(Filled { decisions, cpu, rate, database, resident: (empty, full), start: (empty_start, full_start) })
}

impl Filled {
    fn rows(&self, of: &str) -> Result<Vec<Row>, Error> {
        let Self { decisions, cpu, rate, database, resident, start } = self;
        Ok(vec![
            row(
                format!("database, per decision: {of}"),
                (database / as_float(*decisions), Unit::Bytes),
                format!(
                    "{:.1} MiB for {decisions} decisions, each with one charge",
                    database / BYTES_PER_MIB
                ),
            )?,
            row(
                format!("start with {decisions} decisions: {of}"),
                (start.1, Unit::Milliseconds),
                format!("{:.0} ms with none", start.0),
            )?,
            row(
                format!("resident after that start: {of}"),
                (resident.1 / BYTES_PER_MIB, Unit::Mebibytes),
                format!(
                    "{:.1} MiB with none; a decision took {cpu:.0} µs CPU, {rate:.0}/s on one core",
                    resident.0 / BYTES_PER_MIB
                ),
            )?,
        ])
    }

    fn per_charge(&self) -> f64 {
        (self.resident.1 - self.resident.0) / as_float(self.decisions)
    }
}

/// The same charges in one sum or in many: the difference is what a sum takes.
fn per_sum(filled: &[(usize, Filled)]) -> Result<Option<Row>, Error> {
    let (Some((_, one)), Some((tenants, many))) = (filled.first(), filled.last()) else { return Ok(None) };
    let sums = (*tenants).min(many.decisions);
    let bytes = (many.resident.1 - one.resident.1) / as_float(sums);
    let detail = format!("resident with {sums} sums, less one sum of as many charges");
    row("memory of a sum, beside its charges".to_owned(), (bytes, Unit::Bytes), detail).map(Some)
}

async fn on_postgres(bench: &Bench) -> Result<Vec<Row>, Error> {
    if let Err(why) = postgres_cluster::check() {
        return Ok(vec![Row::not_measured("database, per decision: PostgreSQL", "–", Goal::None, why)]);
    }
    progress("tenants on PostgreSQL", 1, 1);
    let cluster = Cluster::of(&Setup { on_disk: true, ..Setup::default() });
    let side = Side::create(bench, "tenants-shared", 1)?;
    let database = cluster.database();
    let fleet = side.local.write_fleet(1, database.url())?;
    let Some((config, _)) = fleet.deciders.into_iter().next() else { return Ok(Vec::new()) };
    grant_all(&config)?;
    services::migrate(&config)?;
    let side = Side { config, ..side };
    let filled = fill(bench, &side, || table_bytes(&database)).await?;
    let mut rows = filled.rows("PostgreSQL, tenants: 1")?;
    let (what, detail) = ("memory of a charge in a window", "resident after the start, less that with none");
    rows.push(row(what.to_owned(), (filled.per_charge(), Unit::Bytes), detail.to_owned())?);
    Ok(rows)
}

fn row(what: String, (value, unit): (f64, Unit), detail: String) -> Result<Row, Error> {
    let figure = Figure::of(std::iter::once(value))?;
    Ok(Row { what, against: "–".to_owned(), goal: Goal::None, figure, unit, detail })
}

fn grant_all(config: &Path) -> Result<(), Error> {
    let failed = || Error::io(format!("cannot change {}", config.display()));
    let text = std::fs::read_to_string(config).map_err(failed())?;
    std::fs::write(config, text.replace("tenants: [default]", "tenants: all")).map_err(failed())
}

/// Of the database and what it has not yet taken in.
fn file_bytes(database: &Path) -> Result<f64, Error> {
    let bytes =
        std::fs::metadata(database).map_err(Error::io(format!("cannot see {}", database.display())))?;
    Ok(as_float(usize::try_from(bytes.len() >> 10).unwrap_or(usize::MAX)) * 1024.0)
}

/// Of all tables with their indexes.
fn table_bytes(database: &Database) -> Result<f64, Error> {
    let sizes = database.texts(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class \
         WHERE relnamespace = 'countersign'::regnamespace AND relkind = 'r' ORDER BY relname",
    );
    let bytes = sizes.iter().filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    if bytes > 0.0 { Ok(bytes) } else { Err(Error::TooShort) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(resident: f64) -> Filled {
        Filled {
            decisions: 1_000,
            cpu: 90.0,
            rate: 4_000.0,
            database: 3_000_000.0,
            resident: (1_000_000.0, resident),
            start: (20.0, 50.0),
        }
    }

    #[test]
    fn what_a_sum_takes_is_what_many_take_beside_the_same_charges() {
        let seen = [(1, filled(2_000_000.0)), (10, filled(9e9)), (500, filled(2_250_000.0))];
        assert_eq!(per_sum(&seen).unwrap().unwrap().figure.median, 500.0);
        // There is no sum for a tenant that never asked.
        let seen = [(1, filled(2_000_000.0)), (100_000, filled(2_250_000.0))];
        assert_eq!(per_sum(&seen).unwrap().unwrap().figure.median, 250.0);
        assert_eq!(filled(2_000_000.0).per_charge(), 1_000.0);
    }

    #[test]
    fn figures_are_for_each_decision() {
        let rows = filled(5_242_880.0).rows("SQLite").unwrap();
        let figures: Vec<_> = rows.iter().map(|row| row.figure.median).collect();
        assert_eq!(figures, [3_000.0, 50.0, 5.0]);
        assert!(
            rows[2].detail.ends_with("a decision took 90 µs CPU, 4000/s on one core"),
            "{}",
            rows[2].detail
        );
    }

    /// What the decider would refuse is found here and not in a bench of minutes.
    #[test]
    fn the_policy_has_a_sum_for_each_tenant() {
        let directory = tempfile::tempdir().unwrap();
        let policy = directory.path().join("policy.yaml");
        std::fs::write(&policy, POLICY).unwrap();
        assert_eq!(decider::policy_file::load(&policy).unwrap().summary.limits.len(), 1);
    }
}
