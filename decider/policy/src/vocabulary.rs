//! The words a custody system uses today. Both sets are open: unknown text is kept and has a defined path.

/// Operations known today (callback protocol, section 4.3).
pub const OPERATIONS: [&str; 15] = [
    "TRANSFER",
    "BURN",
    "CONTRACT_CALL",
    "PROGRAM_CALL",
    "MINT",
    "RAW",
    "TYPED_MESSAGE",
    "APPROVE",
    "ENABLE_ASSET",
    "CANTON_CALL",
    "STAKE",
    "UNSTAKE",
    "WITHDRAW",
    "REDEEM_FROM_COMPOUND",
    "SUPPLY_TO_COMPOUND",
];

/// Account types known today (callback protocol, section 4.3), but for `UNKNOWN`: whatever the custody system cannot name
/// may be of any of them.
pub const ACCOUNT_TYPES: [&str; 16] = [
    "EXCHANGE",
    "UNMANAGED",
    "VAULT",
    "NETWORK_CONNECTION",
    "FIAT_ACCOUNT",
    "CONNECTED_ACCOUNT",
    "ONE_TIME_ADDRESS",
    "END_USER_WALLET",
    "OEC_PARTNER",
    "CONTRACT",
    "INTERNAL",
    "EXTERNAL",
    "DAPP_CONNECTION",
    "GLOBAL_WHITELIST",
    "MULTIPLE_VENUES",
    "SRC_DST_NA",
];

/// The account type of an allowlisted wallet.
pub const UNMANAGED: &str = "UNMANAGED";

/// The one operation that an allow rule covers without naming it: its amount is what moves.
pub const TRANSFER: &str = "TRANSFER";

/// Operations whose payload states what moves. For every other one, known or not, amounts bound nothing.
const STATES_ITS_AMOUNT: [&str; 8] =
    [TRANSFER, "BURN", "MINT", "STAKE", "UNSTAKE", "WITHDRAW", "REDEEM_FROM_COMPOUND", "SUPPLY_TO_COMPOUND"];

/// The operation that signs what is never sent.
const TYPED_MESSAGE: &str = "TYPED_MESSAGE";

/// Operations that sign a message and pay nobody.
pub const PAYS_NOBODY: [&str; 2] = ["RAW", TYPED_MESSAGE];

/// Operations that call a method of a contract.
pub const CALLS: [&str; 2] = ["CONTRACT_CALL", "APPROVE"];

/// What the custody system calls an address (callback protocol, section 4.2).
pub const ADDRESS_TYPES: [&str; 2] = ["WHITELISTED", "ONE_TIME"];

/// Subtypes of an allowlisted wallet (callback protocol, section 5).
pub const WALLET_SUBTYPES: [&str; 3] = ["INTERNAL", "EXTERNAL", "CONTRACT"];

/// Types of messages known today.
pub const MESSAGE_TYPES: [&str; 4] = ["EIP191", "EIP712", "TIP191", "BTC_MESSAGE"];

/// The configuration change that adds an address to the custody system's allowlist.
pub const UNMANAGED_WALLET: &str = "UNMANAGED_WALLET";

/// Kinds of configuration changes known today (callback protocol, section 5).
pub const CONFIG_CHANGES: [&str; 14] = [
    UNMANAGED_WALLET,
    "EXCHANGE",
    "FIAT_ACCOUNT",
    "ADD_NETWORK_CONNECTION",
    "SET_NETWORK_CONNECTION_ROUTING_POLICY",
    "SET_NETWORK_ID_POLICY",
    "ADD_USER",
    "RE_ENROLL_DEVICE",
    "ENABLE_ONE_TIME_ADDRESS",
    "CHANGE_QUORUM_THRESHOLD",
    "UPDATE_APPROVAL_GROUP_MAPPING",
    "USERS_GROUP_APPROVAL",
    "POLICY_APPROVAL",
    "POLICY_CHANGE",
];

/// Account types that come without a subtype.
const WITHOUT_SUBTYPE: [&str; 2] = ["VAULT", "ONE_TIME_ADDRESS"];

/// Account types whose id says nothing: they are matched by address alone (decision model, section 5).
const MATCHED_BY_ADDRESS: [&str; 2] = ["UNMANAGED", "ONE_TIME_ADDRESS"];

/// Account types that are paid by their id: before signing nobody may know their address. Any other type, unknown ones
/// too, may be that of a wallet which is nothing but its address.
pub const PAID_BY_ID: [&str; 6] =
    ["VAULT", "EXCHANGE", "NETWORK_CONNECTION", "FIAT_ACCOUNT", "CONNECTED_ACCOUNT", "OEC_PARTNER"];

/// Whether the amount in the payload is what the operation moves.
pub fn states_its_amount(operation: &str) -> bool {
    STATES_ITS_AMOUNT.contains(&operation)
}

/// Whether the operation has destinations at all.
pub fn pays_somebody(operation: &str) -> bool {
    !PAYS_NOBODY.contains(&operation)
}

/// Whether the operation may be sent to a chain, where that costs something.
pub fn costs_a_fee(operation: &str) -> bool {
    operation != TYPED_MESSAGE
}

/// Whether the operation calls a method of a contract.
pub fn calls_a_method(operation: &str) -> bool {
    CALLS.contains(&operation)
}

/// Whether the operation signs messages.
pub fn signs_messages(operation: &str) -> bool {
    PAYS_NOBODY.contains(&operation)
}

/// Whether accounts of this type are known. Of any other nobody knows what its ids and addresses stand for.
pub fn is_account_type(name: &str) -> bool {
    ACCOUNT_TYPES.contains(&name)
}

/// Whether an account of this type has a subtype.
pub fn has_subtype(account_type: &str) -> bool {
    !WITHOUT_SUBTYPE.contains(&account_type)
}

/// Whether an account of this type is matched by address, not by id.
pub fn is_matched_by_address(account_type: &str) -> bool {
    MATCHED_BY_ADDRESS.contains(&account_type)
}

/// Whether an account of this type is paid by its id, whatever its address.
pub fn is_paid_by_id(account_type: &str) -> bool {
    PAID_BY_ID.contains(&account_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_states_no_amount() {
        assert!(states_its_amount("TRANSFER"));
        for operation in
            ["CONTRACT_CALL", "PROGRAM_CALL", "RAW", "TYPED_MESSAGE", "APPROVE", "transfer", "NEW", ""]
        {
            assert!(!states_its_amount(operation), "{operation}");
        }
    }
}
