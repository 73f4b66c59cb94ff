//! The simulated Co-signer as a command.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use system_tests::cosigner::jws::Signer;
use system_tests::cosigner::{
    ANSWER_TIMEOUT, Answer, Config, Cosigner, Endpoint, Error, PlainCosigner, Trust, USUAL_URL, shown,
};
use system_tests::output::{self, say};

/// No valid reply.
const EXIT_NO_REPLY: u8 = 1;
/// Bad usage (sysexits.h): nothing was sent.
const EXIT_USAGE: u8 = 64;

/// A simulated Fireblocks API Co-signer: signs a request, sends it to a callback handler and verifies the reply.
#[derive(Debug, Parser)]
#[command(name = "cosigner", version, after_help = EXAMPLES)]
struct Command {
    #[command(subcommand)]
    what: What,
}

const EXAMPLES: &str = "\
Examples (after `make run`, from the project's directory):
  cosigner send --file request.json
  cosigner send --output json < request.json
  cosigner send --file change.json --config-change
  cosigner sign --file request.json > request.jwt
  cosigner send --token request.jwt
  cosigner send --json --file request.json
  cosigner send --json --pin .local/tls/edge.crt --file request.json

Exit codes: 0 a verified reply came, whatever its action; 1 no valid reply; 64 bad usage, nothing was sent;
74 the reply could not be printed.";

#[derive(Debug, Subcommand)]
enum What {
    /// Sign a request, send it, verify the reply's signature and requestId, and print it
    #[command(after_help = EXAMPLES)]
    Send(Send),
    /// Sign a request and print the token, without a line feed where standard output is no terminal
    #[command(after_help = EXAMPLES)]
    Sign(Sign),
}

#[derive(Debug, Args)]
struct Send {
    /// Request as JSON, signed byte for byte; "-" is standard input
    #[arg(long, short, value_name = "FILE", default_value = "-", conflicts_with = "token")]
    file: PathBuf,
    /// Send this token as it is instead of signing a request
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Base URL of the handler, with a sub-path if it has one; without it https://localhost:8443, or :8444 with --json
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// JSON mode: send the request as it is, unsigned, to the paths without /v2, and read a reply that nobody has signed
    #[arg(long, conflicts_with = "token")]
    json: bool,
    /// With --json: instead of --ca, the certificate (PEM) whose public key the handler's must have
    #[arg(long, value_name = "FILE", requires = "json")]
    pin: Option<PathBuf>,
    #[command(flatten)]
    key: Key,
    /// Public key (PEM) that the reply must be signed with: RSA (by RS256) or P-256 (by ES256)
    #[arg(long, value_name = "FILE", default_value = ".local/edge/reply_public.pem")]
    reply_key: PathBuf,
    /// Certificate authority (PEM) of the handler's TLS certificate
    #[arg(long, value_name = "FILE", default_value = ".local/tls/ca.pem")]
    ca: PathBuf,
    /// Send as a configuration change; without it the fields of the request decide
    #[arg(long)]
    config_change: bool,
    /// How to print the reply
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
    /// Time for the whole answer, such as "500ms" or "30s"
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "30s")]
    timeout: Duration,
}

#[derive(Debug, Args)]
struct Sign {
    /// Payload, signed byte for byte; "-" is standard input
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    key: Key,
}

#[derive(Debug, Args)]
struct Key {
    /// The Co-signer's RSA private key (PEM)
    #[arg(long, value_name = "FILE", default_value = ".local/cosigner/private.pem")]
    key: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command = match Command::try_parse() {
        Ok(command) => command,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 });
        }
    };
    let done = match command.what {
        What::Send(send) => send.run().await,
        What::Sign(sign) => sign.run(),
    };
    match done {
        Ok(text) => printed(&text),
        Err(error) => {
            say(format_args!("cosigner: {error}\n"));
            ExitCode::from(if error.is_usage() { EXIT_USAGE } else { EXIT_NO_REPLY })
        }
    }
}

fn printed(text: &str) -> ExitCode {
    match output::print(text) {
        Err(error) if !error.is_closed() => {
            say(format_args!("cosigner: {error}\n"));
            ExitCode::from(output::EXIT_OUTPUT)
        }
        _ => ExitCode::SUCCESS,
    }
}

impl Send {
    async fn run(self) -> Result<String, Error> {
        let answer = if self.json { self.send_plain().await? } else { self.send_signed().await? };
        Ok(print(&answer, self.output) + "\n")
    }

    fn url(&self) -> String {
        let usual = if self.json { "https://localhost:8444" } else { USUAL_URL };
        self.url.clone().unwrap_or_else(|| usual.to_owned())
    }

    async fn send_plain(&self) -> Result<Answer, Error> {
        let trust = self.pin.clone().map_or_else(|| Trust::Authority(self.ca.clone()), Trust::Pin);
        let cosigner = PlainCosigner::new(&self.url(), &trust, self.timeout)?;
        let request = read(&self.file)?;
        match self.config_change {
            true => cosigner.send_to(Endpoint::ConfigChange, &request).await,
            false => cosigner.send(&request).await,
        }
    }

    async fn send_signed(&self) -> Result<Answer, Error> {
        let cosigner = Cosigner::new(&Config {
            url: self.url(),
            private_key: self.key.key.clone(),
            reply_key: self.reply_key.clone(),
            ca: self.ca.clone(),
            timeout: self.timeout,
        })?;
        match &self.token {
            Some(file) => {
                let token = String::from_utf8_lossy(&read(file)?).into_owned();
                let endpoint =
                    if self.config_change { Endpoint::ConfigChange } else { Endpoint::Transaction };
                cosigner.send_token(endpoint, token.trim_end()).await
            }
            None if self.config_change => cosigner.send_to(Endpoint::ConfigChange, &read(&self.file)?).await,
            None => cosigner.send(&read(&self.file)?).await,
        }
    }
}

impl Sign {
    fn run(self) -> Result<String, Error> {
        let key = std::fs::read(&self.key.key).map_err(|source| Error::File {
            what: "the Co-signer's private key",
            path: self.key.key.clone(),
            source,
        })?;
        let bad = |error: system_tests::cosigner::jws::Error| Error::Key {
            path: self.key.key.clone(),
            why: error.to_string(),
        };
        let signer = Signer::from_pem(&key).map_err(bad)?;
        let token = signer.sign(&read(&self.file)?).map_err(|error| Error::Sign(error.to_string()))?;
        // In a file it would be sent with the token.
        Ok(if std::io::stdout().is_terminal() { token + "\n" } else { token })
    }
}

fn print(answer: &Answer, output: Output) -> String {
    let Answer { reply, elapsed } = answer;
    match output {
        Output::Json => {
            let mut fields = serde_json::json!(reply);
            if let Some(fields) = fields.as_object_mut() {
                fields.insert(
                    "elapsedMs".into(),
                    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).into(),
                );
            }
            fields.to_string()
        }
        Output::Text => {
            let reason = reply.rejection_reason.iter().map(|reason| format!("\nreason: {}", shown(reason)));
            let (action, id) = (reply.action, shown(&reply.request_id));
            format!("{action}  {id}  after {} ms{}", elapsed.as_millis(), reason.collect::<String>())
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Input { path: file.to_owned(), source };
    if file != Path::new("-") {
        return std::fs::read(file).map_err(failed);
    }
    let mut standard_input = std::io::stdin().lock();
    if standard_input.is_terminal() {
        say("Reading the request from standard input; end with Ctrl-D.\n");
    }
    let mut request = Vec::new();
    standard_input.read_to_end(&mut request).map_err(failed)?;
    Ok(request)
}

fn duration(text: &str) -> Result<Duration, String> {
    let signed: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    match Duration::try_from(signed) {
        Ok(duration) if !duration.is_zero() && duration <= ANSWER_TIMEOUT * 10 => Ok(duration),
        _ => Err(format!("give a time above zero and up to {:?}", ANSWER_TIMEOUT * 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use system_tests::cosigner::{Action, Reply};

    fn answer(rejection_reason: Option<&str>) -> Answer {
        Answer {
            reply: Reply {
                action: Action::Reject,
                request_id: "r-1".into(),
                rejection_reason: rejection_reason.map(str::to_owned),
            },
            elapsed: Duration::from_millis(12),
        }
    }

    #[test]
    fn a_reply_is_printed_for_people_and_for_programs() {
        assert_eq!(print(&answer(None), Output::Text), "REJECT  r-1  after 12 ms");
        assert_eq!(
            print(&answer(Some("limit eth")), Output::Text),
            "REJECT  r-1  after 12 ms\nreason: limit eth"
        );
        assert_eq!(
            print(&answer(Some("a \"b\" \u{1b}[31m\nAPPROVE c\u{202e}")), Output::Text),
            "REJECT  r-1  after 12 ms\nreason: a \"b\" \\u{1b}[31m\\nAPPROVE c\\u{202e}"
        );
        assert_eq!(
            print(&answer(Some("limit eth")), Output::Json),
            r#"{"action":"REJECT","elapsedMs":12,"rejectionReason":"limit eth","requestId":"r-1"}"#
        );
    }

    #[test]
    fn times_have_units_and_bounds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        for bad in ["", "30", "0s", "-1s", "1h", "soon"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_defaults_are_the_demos_files() {
        let parsed = |arguments: &[&str]| {
            let Command { what: What::Send(send) } = Command::try_parse_from(arguments).unwrap() else {
                panic!("not send")
            };
            send
        };
        assert_eq!(parsed(&["cosigner", "send", "--json"]).url(), "https://localhost:8444");
        let send = parsed(&["cosigner", "send"]);
        assert_eq!(send.url(), "https://localhost:8443");
        assert!(Command::try_parse_from(["cosigner", "send", "--pin", "edge.crt"]).is_err());
        assert_eq!(send.key.key, Path::new(".local/cosigner/private.pem"));
        assert_eq!(send.reply_key, Path::new(".local/edge/reply_public.pem"));
        assert_eq!(send.ca, Path::new(".local/tls/ca.pem"));
        assert_eq!(send.timeout, ANSWER_TIMEOUT);
    }

    #[test]
    fn help_begins_with_what_it_does() {
        let help = Command::try_parse_from(["cosigner", "--help"]).unwrap_err().to_string();
        assert!(help.starts_with("A simulated Fireblocks API Co-signer"), "{help}");
    }
}
