//! What the tests share: an edge with everything it needs, callers, and deciders.

pub mod caller;
pub mod decider;
pub mod deciders;
pub mod files;
pub mod program;
pub mod raw;

use std::time::Duration;

use edge::{
    app::{Started, start},
    config::Config,
};

pub use caller::{Caller, Connection, Reply, roots};
pub use decider::{Decider, Keeps, Manner};
pub use deciders::Deciders;
pub use files::{Files, impatient, vector};
pub use raw::{Raw, post};

/// The requestId of the transaction vector.
pub const TX_ID: &str = "48f6871c-0467-4b56-8c44-426f3d6487f5";
/// The requestId of the configuration change vector.
pub const CONFIG_ID: &str = "0b6a4b0e-6f0c-4c8e-9a55-6f5b7d0f1a11";
/// A caller's trace.
pub const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
pub const TX: &str = "/v2/tx_sign_request";
pub const CONFIG: &str = "/v2/config_change_sign_request";
/// The same in JSON mode.
pub const JSON_TX: &str = "/tx_sign_request";
pub const JSON_CONFIG: &str = "/config_change_sign_request";
/// Everybody on this machine, and nobody else.
pub const LOOPBACK: &str = "source_networks: [127.0.0.0/8, '::1/128']";

/// A running edge and its decider.
pub struct Bench {
    pub files: Files,
    pub decider: Decider,
    pub edge: Started,
}

impl Bench {
    /// An edge with a decider of this manner.
    pub async fn new(manner: Manner) -> Self {
        Self::with(manner, |yaml| yaml).await
    }

    /// The same with a changed configuration.
    pub async fn with(manner: Manner, change: impl FnOnce(String) -> String) -> Self {
        let files = Files::new();
        let decider = Decider::start(&files, manner).await;
        let edge = start_edge(&files, &change(files.yaml(decider.port))).await;
        Self { files, decider, edge }
    }

    /// The configuration as it was at the start.
    pub fn yaml(&self) -> String {
        self.files.yaml(self.decider.port)
    }

    /// An edge with JSON mode too, its listener with these fields more.
    pub async fn json(manner: Manner, fields: &str) -> Self {
        Self::with(manner, |yaml| yaml + &json_yaml("127.0.0.1:0", fields)).await
    }

    /// A caller of JSON mode.
    pub fn json_caller(&self) -> Caller {
        Caller::new(self.edge.json_address.expect("JSON mode"), &self.files)
    }

    pub fn caller(&self) -> Caller {
        Caller::new(self.edge.address, &self.files)
    }

    /// The same with limits of the listener.
    pub async fn limited(manner: Manner, limits: &str) -> Self {
        let limits: String = limits.lines().map(|line| format!("  {}\n", line.trim())).collect();
        Self::with(manner, |yaml| yaml.replace("admin:", &format!("{limits}admin:"))).await
    }

    /// Waits until the metrics have this line.
    pub async fn until_counted(&self, line: &str) {
        for _ in 0..100 {
            if self.admin("/metrics").await.1.lines().any(|counted| counted == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{line} is not in {}", self.admin("/metrics").await.1);
    }

    /// What the admin port says.
    pub async fn admin(&self, path: &str) -> (u16, String) {
        caller::plain_get(self.edge.admin_address, path).await
    }

    /// Waits until the admin port says that all is ready.
    pub async fn until_ready(&self) {
        for _ in 0..100 {
            if self.admin("/readyz").await.0 == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not ready: {:?}", self.admin("/readyz").await);
    }
}

/// The section of JSON mode, at this address and with these fields of the listener.
pub fn json_yaml(address: &str, fields: &str) -> String {
    format!(
        r#"
json:
  listen:
    address: "{address}"
    certificate: edge.crt
    private_key: edge.key
    {fields}
  paths:
    - {{sub_path: "", tenant: json}}
    - {{sub_path: /acme, tenant: json-acme, signer_ids: [hot]}}
"#
    )
}

pub async fn start_edge(files: &Files, yaml: &str) -> Started {
    let config = Config::load(&files.write("edge.yaml", yaml.as_bytes()))
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    start(config).await.expect("starts")
}

/// Says that this test cannot run here, past the test runner, and lists it where `make test` asks for that. With
/// `STRICT=1` it fails.
pub fn skipped(why: &str) {
    use std::io::Write as _;
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(std::env::var_os("STRICT").is_none_or(|value| value != "1"), "SKIPPED: {why}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: {why}");
    if let Some(list) = std::env::var_os("SKIPPED_LIST") {
        let list = std::fs::OpenOptions::new().create(true).append(true).open(list);
        let _ = list.and_then(|mut list| list.write_all(format!("  {test}: {why}\n").as_bytes()));
    }
}
