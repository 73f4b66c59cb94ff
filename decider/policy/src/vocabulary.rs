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

/// Account types known today (callback protocol, section 4.3).
pub const ACCOUNT_TYPES: [&str; 17] = [
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
    "UNKNOWN",
];

/// The one operation that an allow rule covers without naming it: its amount is what moves.
pub const TRANSFER: &str = "TRANSFER";

/// Operations whose payload states what moves. For every other one, known or not, amounts bound nothing.
const STATES_ITS_AMOUNT: [&str; 8] =
    [TRANSFER, "BURN", "MINT", "STAKE", "UNSTAKE", "WITHDRAW", "REDEEM_FROM_COMPOUND", "SUPPLY_TO_COMPOUND"];

/// Operations that sign a message and pay nobody.
const PAYS_NOBODY: [&str; 2] = ["RAW", "TYPED_MESSAGE"];

/// Account types whose id says nothing: they are matched by address alone (decision model, section 5).
const MATCHED_BY_ADDRESS: [&str; 2] = ["UNMANAGED", "ONE_TIME_ADDRESS"];

/// Whether the amount in the payload is what the operation moves.
pub fn states_its_amount(operation: &str) -> bool {
    STATES_ITS_AMOUNT.contains(&operation)
}

/// Whether the operation has destinations at all.
pub fn pays_somebody(operation: &str) -> bool {
    !PAYS_NOBODY.contains(&operation)
}

/// Whether an account of this type is matched by address, not by id.
pub fn is_matched_by_address(account_type: &str) -> bool {
    MATCHED_BY_ADDRESS.contains(&account_type)
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
