mod live;
mod refused;
mod told;
mod when;

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
};

use tempfile::TempDir;

use super::*;
use crate::{
    clock::Clock,
    decider::{Decider, SystemResolver},
    respond::SigningThreads,
    telemetry::metrics::Metrics,
};

const YAML: &str = r#"
listen:
  address: 127.0.0.1:8443
  certificate: edge.crt
  private_key: edge.key
admin:
  address: 127.0.0.1:9443
decider:
  address: https://localhost:50051
  ca: edge.crt
  certificate: client.crt
  private_key: client.key
paths:
  - sub_path: ""
    tenant: default
    cosigner_public_keys: [cosigner_public.pem]
    reply_private_key: callback_rsa_private.pem
"#;

const NOW_SECONDS: i64 = 1_795_305_600;

const SECOND_PATH: &str = "  - {sub_path: /b, tenant: b, cosigner_public_keys: [cosigner_public.pem], reply_private_key: callback_p256_private.pem}\n";

/// A clock that stands where it is put.
#[derive(Debug, Default)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn unix_seconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A service that is in force by files, and what looks at them.
struct Bench {
    directory: TempDir,
    reload: Reload,
    clock: Arc<HandClock>,
}

impl Bench {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        for name in ["cosigner_public", "callback_rsa_private", "callback_p256_private"] {
            let vector = format!("{}/../tests/vectors/synthetic_{name}.pem", env!("CARGO_MANIFEST_DIR"));
            fs::copy(vector, directory.path().join(format!("{name}.pem"))).expect(name);
        }
        certify(&directory, "edge");
        certify(&directory, "client");
        let file = directory.path().join("edge.yaml");
        fs::write(&file, YAML).expect("written");
        let config = Config::load(&file).expect("no mistakes");
        let (clock, metrics) = (Arc::<HandClock>::default(), Arc::new(Metrics::new()));
        clock.0.store(NOW_SECONDS, Ordering::Relaxed);
        let fleet = &config.fleets[0].decider;
        let decider = Decider::new(fleet.clone(), Arc::new(SystemResolver), &metrics);
        let service = Service {
            deciders: vec![(fleet.fleet.clone(), decider)],
            listen: ListenerHandle::new(&config.listen, &config.fleets),
            json: config.json.as_ref().map(|json| ListenerHandle::new(json, &config.fleets)),
            threads: SigningThreads::start().expect("threads"),
            clock: clock.clone(),
            metrics,
        };
        service.apply(&config);
        Self { directory, reload: Reload::new(config, service), clock }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.path(name), contents).expect("written");
    }

    fn certify(&self) {
        certify(&self.directory, "edge");
    }

    async fn look(&mut self) {
        self.reload.look(Prompt::Poll).await;
    }

    async fn look_now(&mut self) {
        self.reload.look(Prompt::Signal).await;
    }

    /// The sub-paths in force.
    fn paths(&self) -> Vec<&str> {
        self.reload.in_force.fleets[0].paths.iter().map(|path| path.sub_path.as_str()).collect()
    }

    /// How many configurations were taken, refused, and found to need a restart; and whether one is waiting.
    fn counted(&self) -> [u64; 4] {
        let text = self.reload.service.metrics.encode();
        let line = |name: &str| {
            let value =
                text.lines().find_map(|line| line.strip_prefix(&format!("countersign_edge_config_{name} ")));
            value.map_or(0, |value| value.parse().expect("a number"))
        };
        let reloads = ["taken", "refused", "restart"]
            .map(|outcome| line(&format!("reloads_total{{outcome=\"{outcome}\"}}")));
        [reloads[0], reloads[1], reloads[2], line("pending")]
    }
}

fn certify(directory: &TempDir, name: &str) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    fs::write(directory.path().join(format!("{name}.crt")), made.cert.pem()).expect("written");
    fs::write(directory.path().join(format!("{name}.key")), made.signing_key.serialize_pem())
        .expect("written");
}
