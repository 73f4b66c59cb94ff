//! What is asked: the official Ethereum example, each time as another transaction.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use prost::Message as _;
use proto::decider::v1::{
    DecideRequest, DecideResponse, DeclaredDestination, Destination, Peer, RawTransaction, Stage, Verdict,
};
use serde_json::Value;
use system_tests::local::Local;
use system_tests::requests::fresh_id;
use system_tests::services::decisions::{Client, TENANT, within_deadline};
use system_tests::vectors::ETHEREUM_REQUEST;

use super::error::Error;
use super::load::in_flight;
use super::times::Times;
use super::{Bench, servers};

/// Questions under way at a time.
pub const IN_FLIGHT: usize = 64;

const ADDRESS: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
const AMOUNT: &str = "0.01";
const RAW: &str =
    "02ef0104843b9aca008506a0c1987d825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8872386f26fc1000080c0";
const PAYLOAD: &str = "77b4e74099ce90c08503c0e0bb6e672dbe1c5e3e127ce333bf22eb581cd3f6ce";
const PLAYERS: [&str; 3] = [
    "21926ecc-4a8a-4614-bbac-7c591aa7efdd",
    "27900737-46f6-4097-a169-d0ff45649ed5",
    "f89cac50-c656-4e74-879f-041aff8d01b5",
];

/// Which limit keys the questions go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// Everything is paid from one vault account.
    Hot,
    /// Payments come from ten thousand vault accounts in turn.
    Spread,
}

impl Keys {
    /// The vault account that the question of this number is paid from.
    pub fn source(self, index: usize) -> usize {
        match self {
            Self::Hot => 0,
            Self::Spread => index % 10_000,
        }
    }
}

/// Asks `count` questions, [`IN_FLIGHT`] at a time. Every one must be allowed.
pub async fn ask(client: &Client, keys: Keys, count: usize) -> Result<(), Error> {
    let client = client.clone();
    let call = move |index| {
        let mut client = client.clone();
        async move { allowed(&mut client, question(keys.source(index))).await.map(drop) }
    };
    in_flight(IN_FLIGHT, count, call).await
}

/// The same of several deciders in turn, `at_a_time` in all, and how long each question took.
pub async fn ask_timed(
    clients: &[Client],
    keys: Keys,
    at_a_time: usize,
    count: usize,
) -> Result<Times, Error> {
    let (clients, times) = (clients.to_vec(), Arc::new(Mutex::new(Times::default())));
    let all = Arc::clone(&times);
    let call = move |index: usize| {
        let (client, times) = (clients.get(index % clients.len()).cloned(), Arc::clone(&times));
        async move {
            let mut client = client.ok_or_else(|| Error::Child("nobody to ask".to_owned()))?;
            let (question, started) = (question(keys.source(index)), Instant::now());
            allowed(&mut client, question).await?;
            note(&times, started);
            Ok(())
        }
    };
    in_flight(at_a_time, count, call).await?;
    taken(&all)
}

/// Adds the time since then.
pub fn note(times: &Mutex<Times>, started: Instant) {
    if let Ok(mut times) = times.lock() {
        times.push(started.elapsed());
    }
}

/// All that were added.
pub fn taken(times: &Mutex<Times>) -> Result<Times, Error> {
    times.lock().map(|times| times.clone()).map_err(|_| Error::TooShort)
}

/// Writes down what the decider answers to such a question, for the stub to repeat.
pub async fn record_reply(bench: &Bench, local: &Local) -> Result<PathBuf, Error> {
    let decider = servers::fresh_decider(bench, local).await?;
    let reply = allowed(&mut servers::client(local)?, question(0)).await?;
    servers::stop(decider, local).await?;
    let file = bench.directory.path().join("reply.bin");
    std::fs::write(&file, reply.encode_to_vec()).map_err(Error::io("cannot write the reply down"))?;
    Ok(file)
}

/// What [`record_reply`] wrote.
pub fn recorded_reply(file: &Path) -> Result<DecideResponse, Error> {
    let bytes = std::fs::read(file).map_err(Error::io(format!("cannot read {}", file.display())))?;
    DecideResponse::decode(bytes.as_slice())
        .map_err(|error| Error::Key(format!("{}: {error}", file.display())))
}

/// The payload of the official example with ids of its own.
pub fn payload() -> Result<Vec<u8>, Error> {
    let unusable = || Error::Key("the official Ethereum example".to_owned());
    let mut fields: Value = serde_json::from_slice(ETHEREUM_REQUEST).map_err(|_| unusable())?;
    let object = fields.as_object_mut().ok_or_else(unusable)?;
    let id = Value::from(fresh_id());
    object.insert("txId".to_owned(), id.clone());
    object.insert("requestId".to_owned(), id);
    Ok(fields.to_string().into_bytes())
}

/// Asks one question, which must be allowed.
pub async fn allowed(client: &mut Client, question: DecideRequest) -> Result<DecideResponse, Error> {
    let reply = client.decide(within_deadline(question)).await?.into_inner();
    if reply.verdict() == Verdict::Allow { Ok(reply) } else { Err(Error::NotAllowed(reply.reason)) }
}

/// The id that a payload wants an answer for.
pub fn id_of(payload: &[u8]) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct Id {
        #[serde(rename = "requestId")]
        request_id: String,
    }
    let read: Result<Id, _> = serde_json::from_slice(payload);
    Ok(read.map_err(|_| Error::Key("a payload without requestId".to_owned()))?.request_id)
}

/// The official example under this id.
pub fn question_of(id: String) -> DecideRequest {
    DecideRequest { callback_request_id: id.clone(), tx_id: Some(id), ..question(0) }
}

/// The official example as the edge puts it to the decider, paid from this vault account.
pub fn question(source: usize) -> DecideRequest {
    let text = |text: &str| Some(text.to_owned());
    let vault = |id: &str| Some(Peer { r#type: text("VAULT"), id: text(id), subtype: None });
    let id = fresh_id();
    DecideRequest {
        tenant: TENANT.to_owned(),
        callback_request_id: id.clone(),
        stage: Stage::Signing.into(),
        tx_id: Some(id),
        operation: text("TRANSFER"),
        source: vault(&source.to_string()),
        declared_destination: Some(DeclaredDestination {
            peer: vault("1"),
            address: text(ADDRESS),
            address_type: text("WHITELISTED"),
        }),
        asset_id: text("ETH"),
        amount: text("0.010000000000000000"),
        requested_amount: text(AMOUNT),
        fee: text("0.000597803762241000"),
        destinations: vec![Destination {
            peer: vault("1"),
            amount: text(AMOUNT),
            amount_usd: text("18.74292937"),
            display_address: text(ADDRESS),
            address_type: text("WHITELISTED"),
            name: text("Network Deposits"),
            ..Destination::default()
        }],
        raw_transactions: vec![RawTransaction {
            key_derivation_path: text("[ 44, 60, 0, 0, 0 ]"),
            raw: text(RAW),
            payload: text(PAYLOAD),
        }],
        players: PLAYERS.map(str::to_owned).to_vec(),
        unread_fields_json: text(r#"{"amount":0.01,"requestedAmount":0.01}"#),
        ..DecideRequest::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_another_transaction() {
        let ids = |payload: Vec<u8>| {
            let fields: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(fields["txId"], fields["requestId"]);
            assert_eq!(fields["amountStr"], "0.010000000000000000");
            fields["txId"].clone()
        };
        assert_ne!(ids(payload().unwrap()), ids(payload().unwrap()));
        assert_ne!(question(0).callback_request_id, question(0).callback_request_id);
    }

    #[test]
    fn the_question_is_the_official_example() {
        let fields: Value = serde_json::from_slice(ETHEREUM_REQUEST).unwrap();
        let question = question(0);
        assert_eq!(fields["amountStr"], question.amount());
        assert_eq!(fields["fee"], question.fee());
        assert_eq!(fields["destAddress"], ADDRESS);
        assert_eq!(fields["rawTx"][0]["rawTx"], RAW);
        assert_eq!(fields["rawTx"][0]["payload"], PAYLOAD);
        assert_eq!(fields["players"], serde_json::json!(PLAYERS));
    }

    #[test]
    fn a_hot_key_is_one_and_spread_keys_are_many() {
        let sources =
            |keys: Keys| (0..20_000).map(|i| keys.source(i)).collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!((sources(Keys::Hot), sources(Keys::Spread)), (1, 10_000));
    }
}
