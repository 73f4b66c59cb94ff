//! Which charge a request names.

use proptest::prelude::*;

use super::*;

#[test]
fn a_key_is_tenant_transaction_and_what_follows_it() {
    assert_eq!(key("tx", "tx").suffix, "");
    assert_eq!(key("tx", "tx-7").suffix, "-7");
    assert_eq!(key("tx", "something-else").suffix, "");
    assert_eq!(key("tx", "TX-7").suffix, "", "case is kept apart");
    assert_ne!(key("tx", "tx-7"), key("tx-7", "tx-7"));
    assert_ne!(key("tx", "tx"), ChargeKey { tenant: "u".into(), ..key("tx", "tx") });
    assert_eq!(ChargeKey::of(&request(None, "tx")), None);
    assert_eq!(ChargeKey::of(&request(Some(""), "tx")), None);
}

#[test]
fn no_request_id_names_the_charge_of_another() {
    let again = key("tx", "tx").again("other");
    assert_ne!(key("tx", "tx\u{1f}again other"), again);
    assert_ne!(key("tx", "tx\u{1f}\u{1f}again other"), key("tx", "tx\u{1f}again other"));
    assert_ne!(again, key("tx", "tx").again("others"));
    assert_eq!(key("tx", "tx-7").again("other").tx_id, "tx");
}

#[test]
fn as_text_no_two_keys_look_alike() {
    insta::assert_snapshot!(key("tx", "tx-7").as_text(), @r#"t/"tx"/"-7""#);
    assert_ne!(key("tx", "tx-7").as_text(), key("tx-7", "tx-7").as_text());
    assert_ne!(key("tx\"/\"", "tx\"/\"").as_text(), key("tx", "tx\"/\"").as_text());
}

proptest! {
    #[test]
    fn ids_of_one_transaction_share_a_charge_only_where_neither_says_more(
        one in "(tx)?[\u{1f}a-]{0,3}", other in "(tx)?[\u{1f}a-]{0,3}",
    ) {
        let plain = |id: &str| id == "tx" || !id.starts_with("tx");
        let shared = one == other || plain(&one) && plain(&other);
        prop_assert_eq!(key("tx", &one) == key("tx", &other), shared);
        prop_assert_ne!(key("tx", &one), key("tx", &other).again(&one));
        prop_assert_eq!(key("tx", "tx").again(&one) == key("tx", "tx").again(&other), one == other);
    }
}

#[test]
fn the_same_signer_and_stage_under_another_id_is_another_charge() {
    let charge = charge(intent(Stage::Approval, vec![]));
    let signer = |name: &str| Some(name.to_owned());
    assert!(charge.is_taken_by_another(&signer("s"), Stage::Approval, "other"));
    assert!(!charge.is_taken_by_another(&signer("s"), Stage::Approval, "tx"));
    assert!(!charge.is_taken_by_another(&signer("s"), Stage::Signing, "other"));
    assert!(!charge.is_taken_by_another(&signer("s2"), Stage::Approval, "other"));
    assert!(!charge.is_taken_by_another(&None, Stage::Approval, "other"));
    assert!(charge.is_only_of("tx") && !charge.is_only_of("other"));
    let joined = charge.joined_by(intent(Stage::Signing, vec![]), "other", at(2)).unwrap();
    assert!(!joined.is_only_of("tx") && !joined.is_only_of("other"));
}
