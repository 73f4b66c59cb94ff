//! Every bound on what is decoded. They are those of the contract with the decider: what passes here is never
//! refused there for its size.

/// Levels of nesting a payload may have; its outermost object is the first.
pub const MAX_JSON_DEPTH: usize = 32;
/// `requestId`.
pub const MAX_REQUEST_ID_BYTES: usize = 256;
/// `rejectionReason` of a reply.
pub const MAX_REASON_BYTES: usize = 256;
/// Ids: `signerId`, `txId`, `sourceId`, `destId`, `dstId`.
pub const MAX_ID_BYTES: usize = 256;
/// Words of an open vocabulary: account types, operations, assets, kinds of configuration change.
pub const MAX_WORD_BYTES: usize = 64;
/// Amounts, values and fees, as text.
pub const MAX_NUMBER_BYTES: usize = 128;
/// Addresses.
pub const MAX_ADDRESS_BYTES: usize = 256;
/// Labels: `dstName`, `externalTxId`.
pub const MAX_LABEL_BYTES: usize = 1024;
/// `note`.
pub const MAX_NOTE_BYTES: usize = 4096;
/// `destinations`.
pub const MAX_DESTINATIONS: usize = 1000;
/// `rawTx`.
pub const MAX_RAW_TRANSACTIONS: usize = 1000;
/// `rawTx[].keyDerivationPath`.
pub const MAX_DERIVATION_PATH_BYTES: usize = 256;
/// `rawTx[].rawTx`, as hexadecimal text.
pub const MAX_RAW_TRANSACTION_BYTES: usize = 1 << 20;
/// `rawTx[].payload`: 32 bytes as hexadecimal text, and room for what is not one, which is content to deny.
pub const MAX_RAW_PAYLOAD_BYTES: usize = 256;
/// `players`.
pub const MAX_PLAYERS: usize = 64;
/// One of `players`.
pub const MAX_PLAYER_BYTES: usize = 64;
/// `extraParameters` and `extraInfo`, as JSON text.
pub const MAX_EXTRA_BYTES: usize = 1 << 20;
/// All fields that are not read, together, as JSON text.
pub const MAX_UNREAD_BYTES: usize = 256 << 10;
