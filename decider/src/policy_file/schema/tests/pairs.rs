//! Fields that depend on one another: the schema and the loader agree about every pair of them. Reading a document
//! holds the two against each other.

use policy::vocabulary::{ACCOUNT_TYPES, CONFIG_CHANGES, OPERATIONS};
use serde_json::{Map, Value, json};

use super::refusals;
use crate::document::Document;
use crate::policy_file::files::Files;
use crate::policy_file::read_files;

/// What one field says.
type Field = (&'static str, Value);

fn read(section: &str, entry: Value) {
    let mut policy = json!({
        "version": 1,
        "assets": {
            "ETH": {"chain": "evm", "decimals": 18, "class": "coin"},
            "BTC": {"chain": "bitcoin", "decimals": 8},
        },
        "lists": {"payees": {"chain": "evm", "addresses": ["0x52908400098527886E0F7030069857D2E4169EE7"]}},
        "source_groups": {"hot": [{"type": "VAULT", "id": "9"}]},
        "counterparties": {"acme": {"lists": ["payees"]}},
        "allow": [{"id": "covers", "when": {}}],
        "deny": [{"id": "denies", "when": {"note": ["stop"]}}],
        "limits": [{"id": "bounds", "max": {"count": 1}, "window": "1h"}],
    });
    if section == "tests" {
        policy["prices"] = json!({"file": "prices.csv", "max_age": "1m", "assets": ["ETH"]});
        policy["requests"] = json!({"shared": {"stage": "APPROVAL", "asset": "ETH"}});
    }
    policy[section] = match policy[section].take() {
        Value::Array(before) => before.into_iter().chain([entry]).collect(),
        _ => json!([entry]),
    };
    let _ = read_files(Files::kept(Document::of_file("p.yaml", policy.to_string().into())));
}

/// Each field alone, and each with every other.
fn pairs(fields: &[Field]) -> Vec<Value> {
    let mapping = |fields: &[&Field]| -> Value {
        Value::Object(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    };
    let mut all: Vec<Value> = vec![json!({})];
    for (place, one) in fields.iter().enumerate() {
        all.push(mapping(&[one]));
        let others = fields.iter().skip(place).filter(|other| other.0 != one.0);
        all.extend(others.map(|other| mapping(&[one, other])));
    }
    all
}

fn operations() -> Vec<Field> {
    let alone = OPERATIONS.map(|name| ("operations", json!([name])));
    let several = [json!(["TRANSFER", "RAW"]), json!(["RAW", "TYPED_MESSAGE"]), json!({"not": ["RAW"]})];
    alone.into_iter().chain(several.map(|names| ("operations", names))).collect()
}

fn asset_fields() -> Vec<Field> {
    vec![
        ("assets", json!(["ETH"])),
        ("assets", json!({"not": ["BTC"]})),
        ("assets", json!(["ETH", "BTC"])),
        ("chains", json!(["evm"])),
        ("classes", json!(["coin"])),
    ]
}

fn circumstances() -> Vec<Field> {
    vec![
        ("destination", json!([{"type": "VAULT"}])),
        ("amount", json!({"max": "1"})),
        ("amount_usd", json!({"max": "1"})),
        ("fee", json!({"max": "1"})),
        ("fee_share", json!({"max": "1"})),
        ("call", json!({"methods": ["0xa9059cbb"]})),
        ("messages", json!(["EIP712"])),
        ("stages", json!(["APPROVAL"])),
        ("stages", json!(["SIGNING"])),
        ("stages", json!(["APPROVAL", "SIGNING"])),
        ("stages", json!({"not": ["APPROVAL"]})),
        ("stages", json!({"not": ["SIGNING"]})),
        ("stages", json!({"not": ["APPROVAL", "SIGNING"]})),
    ]
}

#[test]
fn of_conditions() {
    let fields = [operations(), asset_fields(), circumstances()].concat();
    for when in pairs(&fields) {
        for section in ["deny", "allow"] {
            read(section, json!({"id": "a", "when": when}));
            let mut narrowed = when.clone();
            narrowed["assets"] = json!(["ETH"]);
            read(section, json!({"id": "a", "when": narrowed}));
        }
    }
}

#[test]
fn of_limits() {
    let caps = [json!({"amount": "1"}), json!({"usd": "1"}), json!({"count": 1}), json!({"destinations": 1})];
    let keys = [json!([]), json!(["asset"]), json!(["destination", "asset"])];
    for when in pairs(&[operations(), asset_fields()].concat()) {
        for cap in &caps {
            for key in &keys {
                read("limits", json!({"id": "a", "when": when, "max": cap, "key": key, "window": "1h"}));
            }
            read("limits", json!({"id": "a", "when": when, "max": cap, "window": "1h"}));
        }
    }
    caps.iter().for_each(|cap| read("limits", json!({"id": "a", "max": cap, "window": "1h"})));
}

#[test]
fn of_destinations_and_sources() {
    let mut fields: Vec<Field> = ACCOUNT_TYPES.map(|name| ("type", json!(name))).into();
    fields.push(("id", json!("1")));
    let sources = [fields.clone(), vec![("group", json!("hot"))]].concat();
    fields.extend([
        ("subtype", json!("EXTERNAL")),
        ("subtype", json!("binance")),
        ("list", json!("payees")),
        ("counterparty", json!("acme")),
        ("address_type", json!("ONE_TIME")),
        ("tag", json!("1")),
        ("listed_for", json!("1h")),
        ("listed_within", json!("2h")),
    ]);
    for entry in pairs(&fields) {
        read("deny", json!({"id": "a", "when": {"destination": [entry]}}));
        read("deny", json!({"id": "a", "when": {"destination": {"not": [entry]}}}));
        read(
            "limits",
            json!({"id": "a", "when": {"destination": [entry]}, "max": {"count": 1}, "window": "1h"}),
        );
    }
    for entry in pairs(&sources) {
        read("deny", json!({"id": "a", "when": {"source": [entry]}}));
    }
}

#[test]
fn of_rules_over_configuration_changes() {
    for (effect, kind) in
        ["approve", "reject"].iter().flat_map(|effect| CONFIG_CHANGES.map(|kind| (effect, kind)))
    {
        let fields = [("address_list", json!("payees")), ("subtypes", json!(["EXTERNAL"]))];
        for more in pairs(&[fields.as_slice(), &asset_fields()].concat()) {
            let mut rule = json!({"id": "a", "effect": effect, "type": kind});
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            read("config_changes", rule);
        }
    }
}

#[test]
fn of_what_a_test_expects() {
    let reasons = super::words::words_at("/definitions/expect/properties/reason/enum");
    let actions = super::words::words_at("/definitions/expect/properties/action/enum");
    let mut fields: Vec<Field> = Vec::new();
    fields.extend(reasons.into_iter().map(|word| ("reason", json!(word))));
    fields.extend(actions.into_iter().map(|word| ("action", json!(word))));
    fields.extend(["covers", "denies"].map(|id| ("rule", json!(id))));
    fields.push(("limit", json!("bounds")));
    for mut expect in pairs(&fields) {
        for verdict in ["ALLOW", "DENY", "HOLD"] {
            expect["verdict"] = json!(verdict);
            for request in [json!({}), json!({"stage": "APPROVAL"}), json!({"stage": "SIGNING"})] {
                read("tests", json!({"name": "a", "request": request, "expect": expect}));
            }
        }
    }
}

#[test]
fn of_what_a_test_asks() {
    let destination = |amount: Option<&str>| -> Value {
        amount.into_iter().map(|amount| ("amount".to_owned(), json!(amount))).collect::<Map<_, _>>().into()
    };
    let (silent, stated) = (destination(None), destination(Some("1")));
    let shown = json!({"display_address": "0x52908400098527886E0F7030069857D2E4169EE7"});
    let fields = [
        ("stage", json!("APPROVAL")),
        ("stage", json!("SIGNING")),
        ("fee", json!("1")),
        ("raw_transactions", json!([])),
        ("raw_transactions", json!([{}])),
        ("amount", json!("1")),
        ("amount_usd", json!("1")),
        ("to", json!([])),
        ("to", json!([silent])),
        ("to", json!([silent, silent])),
        ("to", json!([stated, silent])),
        ("to", json!([stated, stated])),
        ("to", json!([shown])),
        ("ago", json!("1h")),
        ("at", json!("2026-01-01T11:00:00Z")),
        ("prices", json!({"ETH": "1"})),
        ("like", json!("shared")),
        ("without", json!(["amount"])),
        ("without", json!(["prices", "to"])),
        ("without", json!(["stage"])),
    ];
    for request in pairs(&fields) {
        let expect = json!({"verdict": "DENY", "reason": "FIELD_MISSING"});
        read("tests", json!({"name": "a", "request": request, "expect": expect}));
        let mut asked = json!({"ago": "1h"});
        asked.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
        read("tests", json!({"name": "a", "request": {}, "history": [request, asked], "expect": expect}));
    }
}

#[test]
fn of_a_price() {
    let fields = [
        ("usd", json!("1")),
        ("usd", json!("0.0")),
        ("age", json!("1m")),
        ("at", json!("2026-01-01T11:00:00Z")),
    ];
    for price in pairs(&fields) {
        let mut all = price.clone();
        all["usd"] = json!("2");
        for price in [price, all] {
            let request = json!({"prices": {"ETH": price}});
            let expect = json!({"verdict": "DENY", "reason": "FIELD_MISSING"});
            read("tests", json!({"name": "a", "request": request, "expect": expect}));
        }
    }
}

/// What the request says of its stage the schema knows, and nothing of what another says: it refuses what the loader
/// refuses whatever the other says.
#[test]
fn of_the_stage_of_what_a_request_is_like() {
    let fields = [
        ("stage", json!("APPROVAL")),
        ("stage", json!("SIGNING")),
        ("like", json!("shared")),
        ("fee", json!("1")),
        ("raw_transactions", json!([])),
        ("raw_transactions", json!([{}])),
        ("to", json!([{}])),
        ("to", json!([{"display_address": "0x52908400098527886E0F7030069857D2E4169EE7"}])),
        ("without", json!(["note"])),
        ("without", json!(["note", "stage"])),
    ];
    let (mut taken, mut refused) = (0, 0);
    for (request, in_history) in pairs(&fields).iter().flat_map(|one| [(one, false), (one, true)]) {
        let policies = ["APPROVAL", "SIGNING"].map(|stage| left_to_others(request, in_history, stage));
        let by_loader = policies.iter().all(|policy| {
            read_files(Files::kept(Document::of_file("p.yaml", policy.to_string().into()))).is_err()
        });
        let by_schema = policies.iter().all(|policy| !refusals(policy).is_empty());
        assert_eq!(by_schema, by_loader, "{request}");
        *(if by_schema { &mut refused } else { &mut taken }) += 1;
    }
    assert!(taken > 10 && refused > 10, "{taken} and {refused}");
}

/// A policy that expects what there is at APPROVAL alone of a request, where what it may be like is for `stage`.
fn left_to_others(request: &Value, in_history: bool, stage: &str) -> Value {
    let ignored = json!({"verdict": "HOLD", "action": "IGNORE"});
    let mut entry = request.clone();
    entry["ago"] = json!("1h");
    entry["expect"] = ignored.clone();
    let denied = json!({"verdict": "DENY", "reason": "FIELD_MISSING"});
    let test = if in_history {
        json!({"name": "a", "request": {"stage": stage}, "history": [entry], "expect": denied})
    } else {
        json!({"name": "a", "request": request, "expect": ignored})
    };
    json!({
        "version": 1,
        "assets": {"ETH": {"chain": "evm", "decimals": 18}},
        "allow": [],
        "requests": {"shared": {"stage": stage}},
        "tests": [test],
    })
}
