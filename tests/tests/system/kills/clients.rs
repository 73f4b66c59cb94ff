//! Co-signers that ask until they are answered, and the book of what they were told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use system_tests::cosigner::{Action, Cosigner, Error};
use system_tests::requests::{Destination, Transfer};
use tokio::task::JoinHandle;

/// New transactions of one vault: more than it has room for.
const PER_VAULT: usize = 25;
/// Of so many requests one is new; the others are asked again.
const FRESH_EVERY: usize = 3;
/// A Co-signer asks again after minutes; here it must not become a flood.
const PAUSE: Duration = Duration::from_millis(20);
/// A request that is asked for longer than this is lost.
const PATIENCE: Duration = Duration::from_secs(60);
const TREASURY: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

/// What one vault's transactions pay: ten fit into 1 ETH, or nine where each is a wei too much.
pub fn amount(vault: usize) -> &'static str {
    if vault.is_multiple_of(2) { "0.1" } else { "0.100000000000000001" }
}

/// How many transactions of a vault fit into its limit.
pub fn capacity(vault: usize) -> usize {
    if vault.is_multiple_of(2) { 10 } else { 9 }
}

type Key = (String, bool);

/// What was asked and what was told, by all Co-signers together.
#[derive(Default)]
pub struct Book {
    asked: Mutex<Vec<Transfer>>,
    told: Mutex<BTreeMap<Key, Action>>,
    answers: AtomicUsize,
    retries: AtomicUsize,
    failures: AtomicUsize,
    violations: Mutex<Vec<String>>,
}

impl Book {
    /// Fails with everything that must not have happened.
    pub fn check(&self) {
        let violations = self.violations.lock().unwrap();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// Final answers so far, repeated ones included.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::SeqCst)
    }

    /// How often a Co-signer was told to RETRY.
    pub fn retries(&self) -> usize {
        self.retries.load(Ordering::SeqCst)
    }

    /// How often a Co-signer got no reply at all.
    pub fn failures(&self) -> usize {
        self.failures.load(Ordering::SeqCst)
    }

    /// Every request with its final answer.
    pub fn final_answers(&self) -> Vec<(Transfer, Action)> {
        let asked = self.asked.lock().unwrap();
        let told = self.told.lock().unwrap();
        asked.iter().filter_map(|t| Some((t.clone(), *told.get(&key(t))?))).collect()
    }

    /// Every request that was answered so.
    pub fn seen(&self, action: Action) -> Vec<Transfer> {
        self.final_answers().into_iter().filter(|(_, told)| *told == action).map(|(asked, _)| asked).collect()
    }

    /// Ids of the transactions that were approved at any stage.
    pub fn transactions_approved(&self) -> BTreeSet<String> {
        self.seen(Action::Approve).into_iter().map(|transfer| transfer.tx_id).collect()
    }

    /// What every `FRESH_EVERY`th turn adds: some transactions at both stages, the others at signing only.
    fn next(&self, turn: usize) -> Transfer {
        let mut asked = self.asked.lock().unwrap();
        if turn.is_multiple_of(FRESH_EVERY) || asked.is_empty() {
            let transactions = asked.iter().map(|transfer| &transfer.tx_id).collect::<BTreeSet<_>>().len();
            asked.push(fresh(transactions / PER_VAULT, transactions % 2 == 0));
            return asked.last().unwrap().clone();
        }
        // Mostly something recent, which another Co-signer may be asking at this moment.
        let back = (turn * 7919) % asked.len().min(if turn.is_multiple_of(10) { usize::MAX } else { 12 });
        let earlier = asked[asked.len() - 1 - back].clone();
        let approved = self.told.lock().unwrap().get(&key(&earlier)) == Some(&Action::Approve);
        if earlier.signing || !approved {
            return earlier;
        }
        let signing = Transfer { signing: true, ..earlier };
        if !asked.contains(&signing) {
            asked.push(signing.clone());
        }
        signing
    }

    fn tell(&self, transfer: &Transfer, action: Action) {
        self.answers.fetch_add(1, Ordering::SeqCst);
        let before = *self.told.lock().unwrap().entry(key(transfer)).or_insert(action);
        if before != action {
            self.violation(format!("{before}, then {action}: {transfer:?}"));
        }
        if action == Action::Ignore {
            self.violation(format!("IGNORE: {transfer:?}"));
        }
    }

    fn violation(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.final_answers();
        write!(
            f,
            "{} requests, {} approved, {} answers, {} times RETRY, {} times no answer",
            answered.len(),
            answered.iter().filter(|(_, action)| *action == Action::Approve).count(),
            self.answers(),
            self.retries.load(Ordering::SeqCst),
            self.failures.load(Ordering::SeqCst),
        )
    }
}

fn key(transfer: &Transfer) -> Key {
    (transfer.request_id.clone(), transfer.signing)
}

fn fresh(vault: usize, signing_only: bool) -> Transfer {
    let destination = Destination::vault("treasury", TREASURY, amount(vault));
    let transfer = Transfer::new("ETH", destination).from_vault(&vault.to_string()).signed_by("signer-1");
    if signing_only { transfer } else { transfer.at_approval() }
}

/// Co-signers at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts so many, each with connections of its own.
    pub fn start(cosigner: impl Fn() -> Cosigner, book: &Arc<Book>, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |number| {
            let (cosigner, book, stop) = (cosigner(), Arc::clone(book), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut turn = number;
                while !stop.load(Ordering::SeqCst) {
                    let transfer = book.next(turn);
                    ask(&cosigner, &book, &transfer).await;
                    turn += 1;
                }
            })
        };
        Self { clients: (0..clients).map(client).collect(), stop }
    }

    /// Lets each end with an answer to what it has asked.
    pub async fn finish(self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// Asks until there is a final answer. Only a signed answer to this very request counts.
async fn ask(cosigner: &Cosigner, book: &Book, transfer: &Transfer) {
    let (payload, begun) = (transfer.payload(), Instant::now());
    while begun.elapsed() < PATIENCE {
        match cosigner.send(&payload).await {
            Ok(answer) if answer.reply.action == Action::Retry => {
                book.retries.fetch_add(1, Ordering::SeqCst);
            }
            Ok(answer) => return book.tell(transfer, answer.reply.action),
            Err(Error::Connect { .. } | Error::Http(_)) => {
                book.failures.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => book.violation(format!("{error}: {transfer:?}")),
        }
        tokio::time::sleep(PAUSE).await;
    }
    book.violation(format!("no final answer within {PATIENCE:?}: {transfer:?}"));
}
