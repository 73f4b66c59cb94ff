//! Every bound on what is decoded.

/// `requestId`. Whatever can be answered is.
pub const MAX_REQUEST_ID_BYTES: usize = 256;
/// `rejectionReason` of a reply.
pub const MAX_REASON_BYTES: usize = 256;

/// Bounds on one payload. Lengths are in bytes of UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Levels of nesting; the outermost object is the first.
    pub max_depth: usize,
    /// Ids: `signerId`, `txId`, `sourceId`, `destId`, `dstId`.
    pub max_id_bytes: usize,
    /// Words of an open vocabulary: account types, operations, assets, kinds of configuration change.
    pub max_word_bytes: usize,
    /// Amounts, values and fees, as text.
    pub max_number_bytes: usize,
    /// Addresses.
    pub max_address_bytes: usize,
    /// Labels: `dstName`, `externalTxId`.
    pub max_label_bytes: usize,
    /// `note`.
    pub max_note_bytes: usize,
    /// `destinations`.
    pub max_destinations: usize,
    /// `rawTx`.
    pub max_raw_transactions: usize,
    /// `rawTx[].keyDerivationPath`.
    pub max_derivation_path_bytes: usize,
    /// `rawTx[].rawTx`, as hexadecimal text.
    pub max_raw_transaction_bytes: usize,
    /// `rawTx[].payload`: 32 bytes as hexadecimal text, and room for what is not one, which is content to deny.
    pub max_raw_payload_bytes: usize,
    /// `players`.
    pub max_players: usize,
    /// One of `players`.
    pub max_player_bytes: usize,
    /// `extraParameters` and `extraInfo`, as JSON text.
    pub max_extra_bytes: usize,
    /// All fields that are not read, together, as JSON text.
    pub max_unread_bytes: usize,
}

impl Bounds {
    /// None may be larger. Lengths are those of the contract with the decider: what passes here is never refused there
    /// for its size. Reading uses the stack at each level, and reads what is below it once more.
    pub const LARGEST: Self = Self {
        max_depth: 64,
        max_id_bytes: 256,
        max_word_bytes: 64,
        max_number_bytes: 128,
        max_address_bytes: 256,
        max_label_bytes: 1024,
        max_note_bytes: 4096,
        max_destinations: 1000,
        max_raw_transactions: 1000,
        max_derivation_path_bytes: 256,
        max_raw_transaction_bytes: 1 << 20,
        max_raw_payload_bytes: 256,
        max_players: 64,
        max_player_bytes: 64,
        max_extra_bytes: 1 << 20,
        max_unread_bytes: 1 << 20,
    };

    /// None may be smaller: each takes what is documented of real requests.
    pub const SMALLEST: Self = Self {
        max_depth: 8,
        max_id_bytes: 64,
        max_word_bytes: 32,
        max_number_bytes: 64,
        max_address_bytes: 128,
        max_label_bytes: 64,
        max_note_bytes: 64,
        max_destinations: 1,
        max_raw_transactions: 1,
        max_derivation_path_bytes: 64,
        max_raw_transaction_bytes: 1 << 10,
        max_raw_payload_bytes: 64,
        max_players: 8,
        max_player_bytes: 36,
        max_extra_bytes: 4 << 10,
        max_unread_bytes: 4 << 10,
    };
}

impl Default for Bounds {
    /// Many times what is documented of real requests.
    fn default() -> Self {
        Self { max_depth: 32, ..Self::LARGEST }
    }
}
