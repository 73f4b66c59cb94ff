//! The published table: at which operation, destination type and stage a field applies.
//!
//! A condition over a field that does not apply is false, and so is one that rules values out or, inside an
//! expression, stands under a negation. Over a field that
//! applies and is missing both are indeterminate (decision model, section 1).
//!
//! | field | applies |
//! |---|---|
//! | signer, source type, source id, asset, note, the client's own id | always; a source type that nobody knows is unusable |
//! | tenant | always, and is never missing |
//! | the caller's proof | always |
//! | time | always, and is never missing |
//! | amount, requested amount, USD value | operations whose payload states what they move; the value needs the table's price, too, where the policy prices the asset by it |
//! | fee | at signing, for every operation but TYPED_MESSAGE, which sends nothing |
//! | fee as a share of the amount | at signing, for the same operations as the amount |
//! | how many destinations there are | operations that pay somebody |
//! | destination type | operations that pay somebody (all but RAW and TYPED_MESSAGE); one that nobody knows is unusable |
//! | destination id | as the type, but not for UNMANAGED and ONE_TIME_ADDRESS, which are matched by address |
//! | destination subtype | as the type, but VAULT and ONE_TIME_ADDRESS come without one; of UNMANAGED, one that nobody knows is unusable |
//! | destination address type | as the type; one that nobody knows is unusable |
//! | destination address | as the type: for VAULT, EXCHANGE, NETWORK_CONNECTION, FIAT_ACCOUNT, CONNECTED_ACCOUNT and OEC_PARTNER at signing (before that it is read where it is given, and not missed), for every other type, known or not, always |
//! | how long an address has been listed | as the destination address; its date is the list's |
//! | destination tag | wherever the address does, for assets that require one, and wherever a listed address has one; where a condition asks for one, not at an address of a chain without tags: evm, bitcoin, solana |
//! | destination counterparty | as the accounts and lists that it is made of |
//! | contract, method | CONTRACT_CALL and APPROVE; the contract is the destination's address, at either stage |
//! | message types | RAW and TYPED_MESSAGE |
//! | raw transaction | at signing, where the policy requires it; on chains whose digest is known it must hash to its payload |

use crate::request::Stage;
use crate::vocabulary::{
    calls_a_method, costs_a_fee, has_subtype, is_matched_by_address, is_paid_by_id, pays_somebody,
    signs_messages, states_its_amount,
};

/// Whether the amounts and their value apply.
pub fn amount_applies(operation: &str) -> bool {
    states_its_amount(operation)
}

/// Whether destinations apply.
pub fn destination_applies(operation: &str) -> bool {
    pays_somebody(operation)
}

/// Whether a destination's id applies; a missing type is one whose id might matter.
pub fn destination_id_applies(operation: &str, account_type: Option<&str>) -> bool {
    destination_applies(operation) && !account_type.is_some_and(is_matched_by_address)
}

/// Whether a destination's subtype applies; a missing type is one whose subtype might matter.
pub fn subtype_applies(operation: &str, account_type: Option<&str>) -> bool {
    destination_applies(operation) && account_type.is_none_or(has_subtype)
}

/// Whether a destination's address type applies.
pub fn address_type_applies(operation: &str) -> bool {
    destination_applies(operation)
}

/// Whether the fee applies; the bytes of a raw message may be those of a transaction that pays one.
pub fn fee_applies(operation: &str, stage: Stage) -> bool {
    stage == Stage::Signing && costs_a_fee(operation)
}

/// Whether a contract and its method apply.
pub fn call_applies(operation: &str) -> bool {
    calls_a_method(operation)
}

/// Whether message types apply.
pub fn messages_apply(operation: &str) -> bool {
    signs_messages(operation)
}

/// Whether a destination's address applies; a type that is missing or unknown is one whose address might matter.
pub fn address_applies(operation: &str, account_type: Option<&str>, stage: Stage) -> bool {
    destination_applies(operation) && (stage == Stage::Signing || !account_type.is_some_and(is_paid_by_id))
}

/// Whether a raw transaction applies.
pub fn raw_transaction_applies(stage: Stage) -> bool {
    stage == Stage::Signing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_apply_by_type_and_stage() {
        let applies = |kind, stage| address_applies("TRANSFER", kind, stage);
        assert!(!applies(Some("VAULT"), Stage::Approval));
        assert!(applies(Some("VAULT"), Stage::Signing));
        assert!(applies(Some("UNMANAGED"), Stage::Approval));
        assert!(applies(Some("ONE_TIME_ADDRESS"), Stage::Approval));
        for unknown in [None, Some("UNKNOWN"), Some("vault"), Some("OF_TOMORROW"), Some("CONTRACT")] {
            assert!(applies(unknown, Stage::Approval), "{unknown:?}");
        }
        assert!(!address_applies("RAW", Some("UNMANAGED"), Stage::Signing));
    }

    #[test]
    fn ids_apply_where_addresses_do_not_identify() {
        assert!(destination_id_applies("TRANSFER", Some("VAULT")));
        assert!(destination_id_applies("TRANSFER", None));
        assert!(!destination_id_applies("TRANSFER", Some("UNMANAGED")));
        assert!(!destination_id_applies("TYPED_MESSAGE", Some("VAULT")));
    }

    #[test]
    fn subtypes_apply_where_accounts_have_them() {
        assert!(
            subtype_applies("TRANSFER", Some("UNMANAGED")) && subtype_applies("TRANSFER", Some("EXCHANGE"))
        );
        assert!(subtype_applies("TRANSFER", None));
        assert!(!subtype_applies("TRANSFER", Some("VAULT")));
        assert!(!subtype_applies("TRANSFER", Some("ONE_TIME_ADDRESS")));
        assert!(!subtype_applies("RAW", Some("UNMANAGED")) && !address_type_applies("RAW"));
    }

    #[test]
    fn what_an_operation_carries_applies_to_it_alone() {
        assert!(call_applies("CONTRACT_CALL") && call_applies("APPROVE"));
        assert!(messages_apply("RAW") && messages_apply("TYPED_MESSAGE"));
        for operation in ["TRANSFER", "PROGRAM_CALL", "UNHEARD_OF", ""] {
            assert!(!call_applies(operation) && !messages_apply(operation), "{operation}");
        }
    }

    #[test]
    fn a_fee_applies_at_signing_of_all_that_may_be_sent() {
        for operation in ["TRANSFER", "CONTRACT_CALL", "RAW", "UNHEARD_OF"] {
            assert!(fee_applies(operation, Stage::Signing), "{operation}");
            assert!(!fee_applies(operation, Stage::Approval), "{operation}");
        }
        assert!(!fee_applies("TYPED_MESSAGE", Stage::Signing));
    }

    #[test]
    fn raw_transactions_apply_at_signing() {
        assert!(raw_transaction_applies(Stage::Signing) && !raw_transaction_applies(Stage::Approval));
    }
}
