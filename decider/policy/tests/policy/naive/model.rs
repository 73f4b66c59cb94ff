//! A policy in plain words, and the small world it is about.

use policy::request::Stage;

pub type Text = &'static str;

pub struct PlainAsset {
    pub id: Text,
    pub evm: bool,
    pub decimals: u32,
    pub tag_required: bool,
    pub fee_asset: Option<Text>,
}

pub const ASSETS: [PlainAsset; 3] = [
    PlainAsset { id: "ETH", evm: true, decimals: 2, tag_required: false, fee_asset: None },
    PlainAsset { id: "USDC", evm: true, decimals: 2, tag_required: false, fee_asset: Some("ETH") },
    PlainAsset { id: "XRP", evm: false, decimals: 0, tag_required: true, fee_asset: None },
];

pub const EVM_ADDRESSES: [Text; 3] = [
    "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8",
    "0x0000000000000000000000000000000000000001",
    "0x5dc69b1fbb13bafd09af88a782f0f285772ad5f8",
];
pub const XRP_ADDRESSES: [Text; 2] = ["rAlice", "rBob"];

/// Seconds since 1970 at which every history begins: a Monday in 2026, an hour before noon in UTC.
pub const START: i64 = 1_790_593_200;

pub struct PlainList {
    pub name: Text,
    pub evm: bool,
    pub entries: &'static [PlainEntry],
}

/// Address, tag, and when it was added, in seconds.
pub type PlainEntry = (Text, Option<Text>, Option<i64>);

pub const LISTS: [PlainList; 4] = [
    PlainList { name: "friends", evm: true, entries: &[(EVM_ADDRESSES[0], None, Some(START - 3600))] },
    PlainList {
        name: "customers",
        evm: true,
        entries: &[(EVM_ADDRESSES[0], Some("7"), Some(START)), (EVM_ADDRESSES[1], None, None)],
    },
    PlainList {
        name: "both",
        evm: true,
        entries: &[
            (EVM_ADDRESSES[1], None, Some(START - 90_000)),
            (EVM_ADDRESSES[1], Some("8"), Some(START + 3600)),
        ],
    },
    PlainList {
        name: "ripple",
        evm: false,
        entries: &[("rAlice", Some("7"), Some(START - 7200)), ("rBob", None, Some(START - 7200))],
    },
];

pub type PlainAccount = (Text, Option<Text>);

/// Name, accounts, and lists by their place.
pub struct PlainReceiver {
    pub name: Text,
    pub accounts: &'static [PlainAccount],
    pub lists: &'static [usize],
}

pub const RECEIVERS: [PlainReceiver; 2] = [
    PlainReceiver { name: "acme", accounts: &[("EXCHANGE", Some("e-1"))], lists: &[0] },
    PlainReceiver { name: "ripple", accounts: &[("VAULT", Some("2"))], lists: &[3] },
];

pub const SOURCE_GROUPS: [(Text, &[PlainAccount]); 2] =
    [("hot", &[("VAULT", Some("0"))]), ("outside", &[("EXCHANGE", None), ("VAULT", Some("2"))])];

/// Extra parameters with the method that is called and the types of the messages that are signed.
pub type Extra = (Text, Option<Text>, Option<&'static [Option<Text>]>);

pub const EXTRAS: [Extra; 7] = [
    ("{}", None, None),
    (r#"{"contractCallData":"0xa9059cbb0000"}"#, Some("0xa9059cbb"), None),
    (r#"{"contractCallData":"0x095ea7b3"}"#, Some("0x095ea7b3"), None),
    (r#"{"contractCallData":"0xa905"}"#, None, None),
    (
        r#"{"rawMessageData":{"messages":[{"type":"EIP712"},{"type":"EIP191"}]}}"#,
        None,
        Some(&[Some("EIP712"), Some("EIP191")]),
    ),
    (r#"{"rawMessageData":{"messages":[{"type":"EIP712"},{}]}}"#, None, Some(&[Some("EIP712"), None])),
    (r#"{"rawMessageData":{"messages":[{"type":"OTHER"}]}}"#, None, Some(&[Some("OTHER")])),
];

/// One of these, or none of them.
#[derive(Debug, Clone)]
pub struct Pick<T> {
    pub not: bool,
    pub of: Vec<T>,
}

/// At most, and more than.
pub type Bounds = (Option<u128>, Option<u128>);

#[derive(Debug, Clone, Default)]
pub struct When {
    pub tenants: Option<Pick<Text>>,
    /// Words of what was proven, of which there are two.
    pub proofs: Option<Vec<Text>>,
    pub signers: Option<Pick<Text>>,
    pub stages: Option<Vec<Stage>>,
    pub operations: Option<Pick<Text>>,
    pub sources: Option<Pick<PlainAccount>>,
    pub to: Option<Pick<To>>,
    /// A list by its place.
    pub contracts: Option<usize>,
    pub assets: Option<Pick<Text>>,
    /// Whether its addresses are numbers.
    pub chains: Option<Pick<bool>>,
    pub amount: Bounds,
    /// In micro-dollars.
    pub usd: Bounds,
    pub fee: Option<(Text, Bounds)>,
    /// In thousandths.
    pub fee_share: Bounds,
    pub methods: Option<Pick<Text>>,
    pub messages: Option<Pick<Text>>,
    pub times: Option<Pick<PlainHours>>,
    pub note: Option<Pick<Text>>,
    pub external: Option<Pick<Text>>,
}

#[derive(Debug, Clone, Default)]
pub struct To {
    pub account: Option<PlainAccount>,
    pub subtype: Option<Text>,
    /// A list by its place.
    pub list: Option<usize>,
    /// Seconds.
    pub listed_for: Option<i64>,
    /// Seconds.
    pub listed_within: Option<i64>,
    /// A counterparty by its place.
    pub receiver: Option<usize>,
    pub address_type: Option<Text>,
    pub tag: Option<Text>,
}

/// Days from Monday = 0, times of day as text.
#[derive(Debug, Clone)]
pub struct PlainHours {
    pub zone: PlainZone,
    pub days: Vec<i64>,
    pub from: Text,
    pub to: Text,
}

/// A zone whose clocks are never set, and how many seconds they are ahead.
pub type PlainZone = (Text, i64);
pub const ZONES: [PlainZone; 2] = [("UTC", 0), ("Asia/Kolkata", 19_800)];

#[derive(Debug, Clone)]
pub struct PlainRule {
    pub id: String,
    pub when: When,
    pub to_console: bool,
}

#[derive(Debug, Clone)]
pub enum PlainWindow {
    Seconds(i64),
    /// hour, day, iso_week, month.
    Calendar(Text, PlainZone),
    Lifetime,
    InFlight,
}

#[derive(Debug, Clone)]
pub enum PlainCap {
    /// Of each asset that is named.
    Amount(Vec<(Text, u128)>),
    Usd(u128),
    Count(u128),
    Destinations(u128),
}

#[derive(Debug, Clone)]
pub struct PlainLimit {
    pub id: String,
    pub when: When,
    pub key: Vec<Text>,
    pub cap: PlainCap,
    pub window: PlainWindow,
    pub holds: bool,
    pub to_console: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Plain {
    pub deny: Vec<PlainRule>,
    pub allow: Vec<PlainRule>,
    pub limits: Vec<PlainLimit>,
    /// An asset that the policy does not know any more.
    pub gone: Option<Text>,
}
