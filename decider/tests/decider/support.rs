//! A folder with everything a decider needs, and clients of the one that was started from it.

mod transfer;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use decider::app::{self, Running};
use decider::clock::SystemClock;
use decider::config;
use proto::decider::v1::decision_service_client::DecisionServiceClient;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, SanType, date_time_ymd,
};
use tonic::Request;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::admin::get;
pub use transfer::transfer;

/// What a caller of a test waits for at most.
pub const DEADLINE: Duration = Duration::from_secs(10);

pub const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
deny:
  - id: not-nine
    when: {destination: [{type: VAULT, id: "9"}]}
allow:
  - id: sweep
    when: {source: [{type: VAULT}], destination: [{type: VAULT}], assets: [ETH]}
limits:
  - id: eth-per-hour
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "1"}
    window: 1h
"#;

pub const CONFIG: &str = "listen:
  address: 127.0.0.1:0
  certificate: tls/decider.crt
  private_key: tls/decider.key
  client_ca: tls/ca.pem
  drain_notice: 0s
  drain_timeout: 5s
admin:
  address: 127.0.0.1:0
policy: policy.yaml
store: memory
grants:
  - spiffe: spiffe://example.org/client
    tenants: [default]
    verbs: [decide, read]
";

/// A grant more, at the end of [`CONFIG`].
pub const SERVICE_TOO: &str = "  - {dns: service.internal, tenants: all, verbs: [decide]}\n";

/// The folder. It goes when this does.
pub struct Files {
    directory: tempfile::TempDir,
    authority: Option<Issuer<'static, KeyPair>>,
}

impl Files {
    /// Certificates, a policy, and a configuration with the store in memory on free ports.
    pub fn new() -> Self {
        let mut files = Self { directory: tempfile::tempdir().unwrap(), authority: None };
        fs::create_dir(files.path("tls")).unwrap();
        files.authority = Some(create_certificates(&files.path("tls")));
        files.write("policy.yaml", POLICY);
        files.write("decider.yaml", CONFIG);
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// A path as messages show it, made independent of where the folder is.
    pub fn neutral(&self, text: &str) -> String {
        text.replace(&self.directory.path().display().to_string(), "DIR")
    }

    /// Who signs the certificates of the server and its clients.
    fn authority(&self) -> &Issuer<'static, KeyPair> {
        self.authority.as_ref().unwrap()
    }

    pub async fn start(&self) -> Running {
        let config = config::load(&self.path("decider.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        app::start(config, Arc::new(SystemClock::new())).await.unwrap()
    }

    /// What a client with the right certificate connects with.
    pub fn client_tls(&self) -> ClientTlsConfig {
        self.tls_of("client")
    }

    /// What a client with this certificate connects with.
    pub fn tls_of(&self, name: &str) -> ClientTlsConfig {
        self.tls_without_identity().identity(identity(&self.path("tls"), name))
    }

    /// Such a client.
    pub async fn client_of(&self, name: &str, running: &Running) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(connect(running.grpc.port(), self.tls_of(name)).await.unwrap())
    }

    pub fn tls_without_identity(&self) -> ClientTlsConfig {
        let ca = Certificate::from_pem(fs::read(self.path("tls/ca.pem")).unwrap());
        ClientTlsConfig::new().ca_certificate(ca).domain_name("localhost")
    }

    pub async fn channel(&self, port: u16) -> Channel {
        self.endpoint(port).connect().await.unwrap()
    }

    pub fn endpoint(&self, port: u16) -> Endpoint {
        endpoint(port, self.client_tls())
    }

    pub async fn client(&self, running: &Running) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(self.channel(running.grpc.port()).await)
    }
}

pub fn identity(directory: &Path, name: &str) -> Identity {
    let read = |end: &str| fs::read(directory.join(format!("{name}.{end}"))).unwrap();
    Identity::from_pem(read("crt"), read("key"))
}

pub async fn connect(port: u16, tls: ClientTlsConfig) -> Result<Channel, tonic::transport::Error> {
    endpoint(port, tls).connect().await
}

fn endpoint(port: u16, tls: ClientTlsConfig) -> Endpoint {
    let endpoint = Channel::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
    endpoint.tls_config(tls).unwrap().connect_timeout(DEADLINE)
}

/// A call with a deadline.
pub fn call<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

/// An authority, a server, a client and another service of it, and a client that calls itself the same but is of
/// another authority.
pub fn create_certificates(directory: &Path) -> Issuer<'static, KeyPair> {
    let authority = create_authority(directory, "ca");
    let server = leaf("decider", ExtendedKeyUsagePurpose::ServerAuth, "localhost");
    write_leaf(directory, "decider", server, &authority);
    for (name, own) in [("client", "spiffe://example.org/client"), ("service", "service.internal")] {
        write_leaf(directory, name, leaf(name, ExtendedKeyUsagePurpose::ClientAuth, own), &authority);
    }
    let other = create_authority(directory, "other-ca");
    let stranger = leaf("stranger", ExtendedKeyUsagePurpose::ClientAuth, "spiffe://example.org/client");
    write_leaf(directory, "stranger", stranger, &other);
    authority
}

fn create_authority(directory: &Path, name: &str) -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(directory.join(format!("{name}.pem")), certificate.pem()).unwrap();
    Issuer::new(params, key)
}

/// A new certificate for the server, with a key of its own, that ends with this year.
pub fn leaf_until(files: &Files, name: &str, year: i32) {
    let mut params = leaf(name, ExtendedKeyUsagePurpose::ServerAuth, "localhost");
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    write_leaf(&files.path("tls"), name, params, files.authority());
}

/// A certificate with one name of its own: a URI or a host name.
fn leaf(name: &str, usage: ExtendedKeyUsagePurpose, own: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap();
    let text = Ia5String::try_from(own).unwrap();
    params.subject_alt_names.push(if own.contains("://") {
        SanType::URI(text)
    } else {
        SanType::DnsName(text)
    });
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![usage];
    params
}

fn write_leaf(directory: &Path, name: &str, params: CertificateParams, authority: &Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    fs::write(directory.join(format!("{name}.crt")), certificate.pem()).unwrap();
    let file = directory.join(format!("{name}.key"));
    fs::write(&file, key.serialize_pem()).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The number in a line of the metrics.
pub async fn told(admin: SocketAddr, name: &str) -> i64 {
    let text = get(admin, "/metrics").await;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
}

/// Waits until a line is in the metrics.
pub async fn wait_for_metric(admin: SocketAddr, line: &str) {
    let started = Instant::now();
    loop {
        let text = get(admin, "/metrics").await;
        if text.lines().any(|each| each == line) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{line} is not in\n{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
