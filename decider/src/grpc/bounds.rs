//! The bounds of the contract, as `decision.proto` states them. More is a breach of it; a bad value within them
//! is content.

/// The longest request in bytes, encoded. The edge takes callbacks of 4 MiB, and what it says of their thousands of
/// entries may take a little more here than there.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;

/// `tenant`.
pub use policy::tenant::MAX_TENANT_BYTES;

/// `callback_request_id`, `decision_id`, and ids and addresses of every kind.
pub const MAX_ID_BYTES: usize = 256;
/// Types, subtypes, operations, asset ids: words of a vocabulary.
pub const MAX_WORD_BYTES: usize = 64;
/// Amounts, fees and values.
pub const MAX_AMOUNT_BYTES: usize = 128;
/// `external_tx_id` and names.
pub const MAX_LABEL_BYTES: usize = 1024;
/// `note`.
pub const MAX_NOTE_BYTES: usize = 4096;
/// `raw`, `extra_parameters_json` and `extra_info_json`.
pub const MAX_DATA_BYTES: usize = 1024 * 1024;
/// `unread_fields_json`.
pub const MAX_UNREAD_BYTES: usize = 1024 * 1024;

/// `destinations`.
pub const MAX_DESTINATIONS: usize = 1000;
/// `raw_transactions`.
pub const MAX_RAW_TRANSACTIONS: usize = 1000;
/// `players`.
pub const MAX_PLAYERS: usize = 64;

/// `extra_info_digest`: SHA-256.
pub const DIGEST_BYTES: usize = 32;
