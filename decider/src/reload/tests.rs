use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use policy::document::Policy;
use policy::prices::UnitPrice;
use policy::request::Request;
use policy::time::Time;
use policy::verdict::Verdict;

use super::*;
use crate::clock::SystemClock;
use crate::decide::{self, Decider};
use crate::document::Document;
use crate::grpc::convert;
use crate::store::{
    self, Answer, ConfigProposal, Engine, Lookup, MemoryJournal, Pending, Proposal, Record, Setting,
    SqliteJournal,
};

/// Everybody may be paid, by a rule and a limit of this name.
fn document(name: &str, per_hour: u32) -> String {
    format!(
        "version: 1
assets: {{ETH: {{chain: evm, decimals: 18}}}}
allow: [{{id: rule-{name}, when: {{destination: [{{type: VAULT}}]}}}}]
limits: [{{id: limit-{name}, max: {{count: {per_hour}}}, window: 1h}}]
"
    )
}

/// Says what counts while a policy is being adopted and, while it is told to, adopts none, or only once it is told to go
/// on.
struct HinderedAdoption {
    inner: Arc<dyn Store>,
    refuses: AtomicBool,
    goes_on: Option<Arc<Notify>>,
    prices: CurrentPrices,
    /// The hash of the table that the policy before it had meanwhile, and that of its own, each time.
    meanwhile: Mutex<Vec<[String; 2]>>,
}

impl Store for HinderedAdoption {
    fn adopt(&self, policy: Arc<Policy>, document: Document) -> Pending<()> {
        let hash_of = |policy: &Policy| self.prices.of(policy).hash.clone();
        self.meanwhile.lock().unwrap().push([hash_of(&self.inner.policy()), hash_of(&policy)]);
        if self.refuses.load(Ordering::SeqCst) {
            return Box::pin(std::future::ready(Err(StoreError::Unavailable("the database is away".into()))));
        }
        let (inner, goes_on) = (Arc::clone(&self.inner), self.goes_on.clone());
        Box::pin(async move {
            if let Some(goes_on) = goes_on {
                goes_on.notified().await;
            }
            inner.adopt(policy, document).await
        })
    }

    fn decide(&self, proposal: Proposal) -> Pending<Answer> {
        self.inner.decide(proposal)
    }

    fn decide_config_change(&self, proposal: ConfigProposal) -> Pending<Answer> {
        self.inner.decide_config_change(proposal)
    }

    fn policy(&self) -> Arc<Policy> {
        self.inner.policy()
    }

    fn get(&self, tenant: String, lookup: Lookup) -> Pending<Option<Record>> {
        self.inner.get(tenant, lookup)
    }

    fn now(&self) -> Result<Time, StoreError> {
        self.inner.now()
    }

    fn readiness(&self) -> Result<(), StoreError> {
        self.inner.readiness()
    }

    fn expected_wait(&self) -> Duration {
        self.inner.expected_wait()
    }
}

/// A decider on a policy in a directory, and what looks at it.
struct Desk {
    directory: tempfile::TempDir,
    reload: Reload,
    decider: Arc<Decider>,
}

impl Desk {
    fn on(journal: impl store::Journal, text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("policy.yaml"), text).unwrap();
        let file = policy_file::load(directory.path()).unwrap();
        let clock = Arc::new(SystemClock::new());
        let setting = Setting {
            retention: crate::store::Retention::default(),
            policy: Arc::clone(&file.policy),
            document: file.document.clone(),
            clock: clock.clone(),
            metrics: Arc::new(store::Metrics::default()),
            on_fatal: Box::new(|error| panic!("{error}")),
        };
        let store: Arc<dyn Store> = Arc::new(Engine::start(journal, setting).unwrap());
        let config = Config { path: directory.path().to_owned(), interval: USUAL_INTERVAL };
        let prices = CurrentPrices::default();
        let metrics = Arc::new(Metrics::default());
        let reload = Reload::new(config, &file, Arc::clone(&store), Arc::clone(&prices), metrics);
        let decider = Decider { store, prices, clock, metrics: Arc::new(decide::Metrics::default()) };
        Self { directory, reload, decider: Arc::new(decider) }
    }

    fn hinder(&mut self, refuses: bool, goes_on: Option<Arc<Notify>>) -> Arc<HinderedAdoption> {
        let hindered = Arc::new(HinderedAdoption {
            inner: Arc::clone(&self.reload.store),
            refuses: AtomicBool::new(refuses),
            goes_on,
            prices: self.decider.prices.clone(),
            meanwhile: Mutex::default(),
        });
        self.reload.store = hindered.clone();
        hindered
    }

    fn in_memory(text: &str) -> Self {
        Self::on(MemoryJournal::default(), text)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    /// The allow rules that decide now.
    fn rules(&self) -> Vec<String> {
        self.decider.store.policy().allow.iter().map(|rule| rule.id.clone()).collect()
    }

    fn counts(&self) -> (u64, i64) {
        (self.reload.metrics.failures.get(), self.reload.metrics.refused.get())
    }
}

fn request(id: &str) -> Request {
    use proto::decider::v1::{DecideRequest, Destination, Peer};
    let vault = |id: &str| Peer { r#type: Some("VAULT".into()), id: Some(id.into()), ..Default::default() };
    convert::transaction(DecideRequest {
        tenant: "default".into(),
        callback_request_id: id.into(),
        tx_id: Some(id.into()),
        operation: Some("TRANSFER".into()),
        source: Some(vault("0")),
        asset_id: Some("ETH".into()),
        amount: Some("1".into()),
        requested_amount: Some("1".into()),
        destinations: vec![Destination {
            peer: Some(vault("1")),
            amount: Some("1".into()),
            ..Default::default()
        }],
        ..Default::default()
    })
    .unwrap()
}

#[tokio::test]
async fn a_change_is_adopted_once_it_stood_still() {
    let mut desk = Desk::in_memory(&document("a", 9));
    desk.write("policy.yaml", &document("b", 9));
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(desk.rules(), ["rule-a"]);
    desk.write("policy.yaml", &document("c", 9));
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(desk.rules(), ["rule-a"]);
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(desk.rules(), ["rule-c"]);
    desk.write("policy.yaml", &document("d", 9));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!((desk.rules(), desk.counts()), (vec!["rule-d".to_owned()], (0, 0)));
}

#[tokio::test]
async fn what_has_mistakes_never_replaces_what_has_none() {
    let mut desk = Desk::in_memory(&document("a", 9));
    let good = document("b", 9);
    for bad in ["", "version: 1\n", good.trim_end_matches("window: 1h}]\n"), "\u{0}", "allow: [{"] {
        desk.write("policy.yaml", bad);
        desk.reload.look(Prompt::Signal).await;
        assert_eq!(desk.rules(), ["rule-a"], "{bad:?}");
    }
    let (failures, refused) = desk.counts();
    assert!(failures >= 4 && refused == 1, "{failures} {refused}");
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(desk.counts(), (failures, 1), "the same mistakes are told once");
    fs::remove_file(desk.directory.path().join("policy.yaml")).unwrap();
    desk.reload.look(Prompt::Signal).await;
    assert_eq!((desk.rules(), desk.counts().1), (vec!["rule-a".to_owned()], 1));
    desk.write("policy.yaml", &document("a", 9));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!((desk.rules(), desk.counts().1), (vec!["rule-a".to_owned()], 0));
}

/// With half of a rule missing it would be a mistake; with half of the rules it is a policy.
#[tokio::test]
async fn a_file_that_is_being_written_is_not_adopted() {
    let mut desk = Desk::in_memory(&document("a", 9));
    let whole = document("b", 1);
    let without_limits = whole.split("limits").next().unwrap();
    assert!(policy_file::read("policy.yaml", without_limits).is_ok());
    desk.write("policy.yaml", without_limits);
    desk.reload.look(Prompt::Poll).await;
    desk.write("policy.yaml", &whole);
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(desk.rules(), ["rule-a"]);
    desk.reload.look(Prompt::Poll).await;
    assert_eq!((desk.rules(), desk.decider.store.policy().limits.len()), (vec!["rule-b".to_owned()], 1));
}

#[tokio::test]
async fn a_list_and_a_further_file_are_part_of_the_policy() {
    let mut desk = Desk::in_memory(&document("a", 9));
    let hash = |desk: &Desk| desk.decider.store.policy().hash.clone();
    let first = hash(&desk);
    let lists = "version: 1\nlists: {payees: {chain: evm, csv: payees.csv}}\n";
    desk.write("lists.yaml", lists);
    desk.reload.look(Prompt::Signal).await;
    assert_eq!((hash(&desk), desk.counts().1), (first.clone(), 1), "the list's file is not there yet");
    desk.write("payees.csv", "address\n0x52908400098527886e0f7030069857d2e4169ee7\n");
    desk.reload.look(Prompt::Signal).await;
    let second = hash(&desk);
    assert_ne!(second, first);
    desk.write("payees.csv", "address\n0x8617e340b3d01fa5f11f306f4090fd50e238070d\n");
    desk.reload.look(Prompt::Signal).await;
    let third = hash(&desk);
    assert_ne!(third, second);
    fs::remove_file(desk.directory.path().join("lists.yaml")).unwrap();
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(hash(&desk), first);
}

/// The hash of the prices that count, and what is told of refused tables.
fn prices(desk: &Desk) -> (String, u64, i64) {
    let metrics = &desk.reload.metrics;
    let hash = desk.decider.prices.of(&desk.decider.store.policy()).hash.clone();
    (hash, metrics.prices_failures.get(), metrics.prices_refused.get())
}

const PRICES: &str = "version: 1\nprices: {file: prices.csv, max_age: 10m}\n";

fn table(usd: &str) -> String {
    format!("asset,usd,at\nETH,{usd},2026-01-31T09:30:00Z\n")
}

#[tokio::test]
async fn prices_change_without_the_policy_and_only_once_they_stood_still() {
    let mut desk = Desk::in_memory(&document("a", 9));
    assert_eq!(prices(&desk), (String::new(), 0, 0));
    desk.write("prices.csv", &table("2000"));
    desk.write("prices.yaml", PRICES);
    desk.reload.look(Prompt::Signal).await;
    let hash = desk.decider.store.policy().hash.clone();
    let (first, ..) = prices(&desk);
    assert_eq!(desk.reload.metrics.prices_oldest.get(), 1_769_851_800);
    desk.write("prices.csv", &table("2001"));
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(prices(&desk).0, first);
    desk.write("prices.csv", &table("2002"));
    desk.reload.look(Prompt::Poll).await;
    assert_eq!(prices(&desk).0, first);
    desk.reload.look(Prompt::Poll).await;
    let (second, ..) = prices(&desk);
    assert_ne!(second, first);
    desk.write("prices.csv", &table("2003"));
    desk.reload.look(Prompt::Signal).await;
    assert!(![first, second].contains(&prices(&desk).0));
    assert_eq!(desk.decider.store.policy().hash, hash, "the policy is the same");
    assert_eq!((desk.counts(), prices(&desk).1), ((0, 0), 0));
}

#[tokio::test]
async fn prices_that_are_not_believed_are_counted_until_they_are() {
    let mut desk = Desk::in_memory(&document("a", 9));
    desk.write("prices.csv", &table("2000"));
    desk.write("prices.yaml", PRICES);
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(desk.reload.metrics.prices_doubted.get(), 1);
    let now = jiff::Timestamp::now();
    desk.write("prices.csv", &format!("asset,usd,at\nETH,2000,{now:.0}\n"));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(desk.reload.metrics.prices_doubted.get(), 0);
}

/// A feed that was cut short: nothing is left of it but its header.
#[tokio::test]
async fn a_price_that_is_gone_from_the_table_is_counted() {
    let mut desk = Desk::in_memory(&document("a", 9));
    let now = jiff::Timestamp::now();
    let whole = format!("asset,usd,at\nETH,2000,{now:.0}\n");
    desk.write("prices.csv", &whole);
    desk.write("prices.yaml", PRICES);
    desk.reload.look(Prompt::Signal).await;
    for (table, doubted) in [(whole.as_str(), 0), ("asset,usd,at\n", 1), (whole.as_str(), 0)] {
        desk.write("prices.csv", table);
        desk.reload.look(Prompt::Signal).await;
        let metrics = &desk.reload.metrics;
        assert_eq!((metrics.prices_doubted.get(), metrics.prices_refused.get()), (doubted, 0), "{table}");
    }
}

/// Making its sums can take longer than a price is believed.
#[tokio::test]
async fn prices_change_while_a_policy_is_being_adopted() {
    let mut desk = Desk::in_memory(&document("a", 9));
    let [ends, signal] = [(); 2].map(|()| Arc::new(Notify::new()));
    desk.write("prices.csv", &table("2000"));
    desk.write("prices.yaml", PRICES);
    desk.reload.look(Prompt::Signal).await;
    let before = desk.decider.store.policy();
    let hindered = desk.hinder(false, Some(Arc::clone(&ends)));
    desk.write("policy.yaml", &document("b", 9));
    let coming = policy_file::load(desk.directory.path()).unwrap().policy;
    desk.reload.config.interval = Duration::from_millis(1);
    let Desk { directory, reload, decider } = desk;
    let run = tokio::spawn(reload.run(signal));
    let until = async |holds: &dyn Fn() -> bool| {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    until(&|| !hindered.meanwhile.lock().unwrap().is_empty()).await;
    fs::write(directory.path().join("prices.csv"), table("2001")).unwrap();
    let changed = |policy: &Policy| decider.prices.of(policy).by_asset["ETH"].usd != usd("2000");
    let both = async { until(&|| changed(&before) && changed(&coming)).await };
    tokio::time::timeout(Duration::from_secs(20), both).await.expect("both tables are looked at");
    assert_eq!(decider.store.policy().hash, before.hash);
    ends.notify_one();
    let decides = async { until(&|| decider.store.policy().hash == coming.hash).await };
    tokio::time::timeout(Duration::from_secs(20), decides).await.expect("it decides");
    assert!(changed(&coming), "and by the prices of now");
    run.abort();
}

fn usd(text: &str) -> UnitPrice {
    UnitPrice::parse(text).unwrap()
}

#[tokio::test]
async fn a_table_with_mistakes_never_replaces_one_without() {
    let mut desk = Desk::in_memory(&document("a", 9));
    desk.write("prices.csv", &table("2000"));
    desk.write("prices.yaml", PRICES);
    desk.reload.look(Prompt::Signal).await;
    let (good, ..) = prices(&desk);
    let half = table("2000").replace(":00Z\n", "");
    for (count, bad) in
        (1..).zip(["", "asset,usd\n", half.as_str(), "asset,usd,at\nETC,1,2026-01-31T09:30:00Z\n"])
    {
        desk.write("prices.csv", bad);
        desk.reload.look(Prompt::Signal).await;
        desk.reload.look(Prompt::Signal).await;
        assert_eq!(prices(&desk), (good.clone(), count, 1), "{bad:?} is told once");
    }
    fs::remove_file(desk.directory.path().join("prices.csv")).unwrap();
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(prices(&desk), (good.clone(), 5, 1));
    desk.write("prices.csv", &table("2000"));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(prices(&desk), (good, 5, 0));
}

/// Everybody may be paid, at the prices of this file.
fn priced_by(file: &str) -> String {
    format!(
        "version: 1
assets: {{ETH: {{chain: evm, decimals: 18}}}}
prices: {{file: {file}, max_age: 10m}}
allow: [{{id: any, when: {{destination: [{{type: VAULT}}]}}}}]
"
    )
}

#[tokio::test]
async fn a_policy_that_is_not_adopted_leaves_the_prices_of_the_one_that_decides() {
    let mut desk = Desk::in_memory(&document("a", 9));
    for (name, usd) in [("high.csv", "2000"), ("low.csv", "1")] {
        desk.write(name, &table(usd));
    }
    desk.write("policy.yaml", &priced_by("high.csv"));
    desk.reload.look(Prompt::Signal).await;
    let (high, ..) = prices(&desk);
    let refusing = desk.hinder(true, None);
    desk.write("policy.yaml", &priced_by("low.csv"));
    for _ in 0..3 {
        desk.reload.look(Prompt::Signal).await;
        assert_eq!(
            (prices(&desk).0, desk.counts()),
            (high.clone(), (1, 1)),
            "counted once, and not in force"
        );
    }
    let [before, coming] = std::mem::take(&mut *refusing.meanwhile.lock().unwrap()).remove(0);
    assert!(before == high && !coming.is_empty() && coming != high, "each has its own: {before} {coming}");
    let refused = policy_file::load(desk.directory.path()).unwrap().policy;
    assert_eq!(desk.decider.prices.of(&refused).hash, "", "its table is let go");

    refusing.refuses.store(false, Ordering::SeqCst);
    desk.write("policy.yaml", &priced_by("high.csv"));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(
        (prices(&desk).0, desk.counts().1),
        (high.clone(), 0),
        "the policy on disk is again the one that decides"
    );
    desk.write("low.csv", &table("2"));
    desk.reload.look(Prompt::Signal).await;
    assert_eq!(prices(&desk).0, high, "nobody asks for the other table");
    desk.write("high.csv", &table("2001"));
    desk.reload.look(Prompt::Signal).await;
    let (higher, ..) = prices(&desk);
    assert!(higher != high && higher != coming, "its own table is looked at");

    desk.write("policy.yaml", &priced_by("low.csv"));
    desk.reload.look(Prompt::Signal).await;
    let (low, ..) = prices(&desk);
    let last = [higher.clone(), low.clone()];
    assert_eq!(*refusing.meanwhile.lock().unwrap(), [last], "until it decides there are both");
    assert_ne!(low, higher);
}

/// Rules of one policy never go with limits of another, whatever was under way when it changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_two_hundred_changes_lose_nothing_and_mix_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteJournal::open(&folder.path().join("decider.db")).unwrap();
    two_hundred_changes(Desk::on(sqlite, &document("0", 1_000_000))).await;
    two_hundred_changes(Desk::in_memory(&document("0", 1_000_000))).await;
}

async fn two_hundred_changes(mut desk: Desk) {
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let (decider, done) = (Arc::clone(&desk.decider), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen: BTreeMap<String, u32> = BTreeMap::new();
                let mut asked = 0_u32;
                while !done.load(Ordering::Relaxed) {
                    asked += 1;
                    // The machine has other things to do than one caller's questions.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    let request = request(&format!("{caller}-{asked}"));
                    let answer = Arc::clone(&decider).decide(request, Vec::new()).await;
                    let decision = answer.unwrap().decision;
                    assert_eq!(decision.verdict, Verdict::Allow);
                    let rule = decision.rules[0].rule_id.strip_prefix("rule-").unwrap();
                    assert_eq!(decision.limits[0].limit_id.strip_prefix("limit-"), Some(rule));
                    let before = seen.insert(decision.policy_hash, rule.parse().unwrap());
                    assert!(before.is_none_or(|before| before.to_string() == rule), "one hash, two policies");
                }
                (asked, seen)
            })
        })
        .collect();
    for number in 1..=200 {
        desk.write("policy.yaml", &document(&number.to_string(), 1_000_000));
        desk.reload.look(Prompt::Signal).await;
        assert_eq!(desk.rules(), [format!("rule-{number}")]);
    }
    done.store(true, Ordering::Relaxed);
    let mut asked = 0;
    let mut policies = BTreeMap::new();
    for caller in callers {
        let (count, seen) = caller.await.unwrap();
        asked += count;
        policies.extend(seen);
    }
    assert!(policies.len() > 20, "{} policies were seen: the load was too thin", policies.len());
    // The last policy's limit counts everything that was allowed before it.
    let last = desk.decider.decide(request("last"), Vec::new()).await.unwrap().decision;
    assert_eq!(last.limits[0].used.to_string(), asked.to_string());
}
