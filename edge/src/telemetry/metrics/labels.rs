//! The values of labels, as enums: what counts something names a variant, and every variant starts at zero.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};

/// An enum whose variants are the values of the label `$label`.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $label:literal { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The value of the label.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $value,)+
                }
            }
        }

        impl EncodeLabelSet for $name {
            fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
                [($label, self.as_str())].encode(encoder)
            }
        }
    };
}

label! {
    /// What a callback asks about, one endpoint each.
    CallbackKind, "endpoint" {
        /// A transaction.
        Transaction = "transaction",
        /// A change of the workspace's configuration.
        ConfigChange = "config_change",
    }
}

label! {
    /// How a callback ended: the action of its reply, or why it got none.
    Outcome, "outcome" {
        /// The reply was APPROVE.
        Approve = "approve",
        /// The reply was REJECT.
        Reject = "reject",
        /// The reply was RETRY.
        Retry = "retry",
        /// The reply was IGNORE.
        Ignore = "ignore",
        /// Nobody known has signed it, or its listener has no fence.
        NotAuthentic = "not_authentic",
        /// It has no usable `requestId`.
        Unreadable = "unreadable",
        /// Its body did not come.
        NotReceived = "not_received",
        /// The reply could not be signed.
        NotSigned = "not_signed",
        /// It took longer than `request_timeout`.
        Overtime = "overtime",
        /// Its connection or stream ended before the answer.
        GivenUp = "given_up",
        /// A panic, which is a bug of ours, ended it.
        Fault = "fault",
    }
}

label! {
    /// Why a request reached no endpoint.
    Unserved, "outcome" {
        /// No path of the configuration.
        NoPath = "no_path",
        /// A path of the configuration with another method than POST.
        NoMethod = "no_method",
        /// URI or headers exceed their limits.
        HeadTooLarge = "head_too_large",
        /// Not HTTP.
        BadHead = "bad_head",
    }
}

label! {
    /// Why a request is not authentic.
    VerifyFailure, "reason" {
        /// No compact JWS.
        Form = "form",
        /// A part is too long.
        Size = "size",
        /// The header is not one of ours.
        Header = "header",
        /// The header names another algorithm.
        Algorithm = "algorithm",
        /// No key of the path has made the signature.
        Signature = "signature",
        /// A time claim does not hold.
        Time = "time",
    }
}

label! {
    /// Why a connection was closed before TLS.
    RefusedConnection, "reason" {
        /// Its address is in none of the networks.
        Source = "source",
        /// A proxy sent no usable PROXY header.
        ProxyHeader = "proxy_header",
    }
}

label! {
    /// Why the edge ended a connection.
    ConnectionEnd, "reason" {
        /// No headers within `header_timeout`.
        HeaderTimeout = "header_timeout",
        /// No request within `idle_timeout`.
        IdleTimeout = "idle_timeout",
        /// The caller did not take what was sent within `write_timeout`.
        WriteTimeout = "write_timeout",
        /// It sent more bytes than its requests need.
        Overhead = "overhead",
        /// An HTTP/2 caller went on after it was told to end.
        Age = "age",
    }
}

label! {
    /// What became of changed files.
    ReloadOutcome, "outcome" {
        /// They are in force.
        Taken = "taken",
        /// They have mistakes.
        Refused = "refused",
        /// They need a restart.
        Restart = "restart",
    }
}

label! {
    /// The limit that was met.
    Shed, "reason" {
        /// New connections of one address, a second.
        ConnectionRate = "connection_rate",
        /// Open connections of one address.
        ConnectionsOfAddress = "connections_of_address",
        /// TLS handshakes at a time.
        Handshakes = "handshakes",
        /// Open connections.
        Connections = "connections",
        /// Requests of one address over unproven connections, a second.
        RequestRate = "request_rate",
        /// Requests at a time.
        Requests = "requests",
        /// Memory of all bodies.
        BodyMemory = "body_memory",
        /// Authentic requests of one key, a second.
        KeyRate = "key_rate",
        /// Authentic requests at a time.
        Decisions = "decisions",
    }
}

label! {
    /// Why there is no decision: what gRPC has, and what we have.
    NoDecision, "code" {
        /// gRPC's CANCELLED.
        Cancelled = "CANCELLED",
        /// gRPC's UNKNOWN.
        Unknown = "UNKNOWN",
        /// gRPC's `INVALID_ARGUMENT`.
        InvalidArgument = "INVALID_ARGUMENT",
        /// gRPC's `DEADLINE_EXCEEDED`.
        DeadlineExceeded = "DEADLINE_EXCEEDED",
        /// gRPC's `NOT_FOUND`.
        NotFound = "NOT_FOUND",
        /// gRPC's `ALREADY_EXISTS`.
        AlreadyExists = "ALREADY_EXISTS",
        /// gRPC's `PERMISSION_DENIED`.
        PermissionDenied = "PERMISSION_DENIED",
        /// gRPC's `RESOURCE_EXHAUSTED`.
        ResourceExhausted = "RESOURCE_EXHAUSTED",
        /// gRPC's `FAILED_PRECONDITION`.
        FailedPrecondition = "FAILED_PRECONDITION",
        /// gRPC's ABORTED.
        Aborted = "ABORTED",
        /// gRPC's `OUT_OF_RANGE`.
        OutOfRange = "OUT_OF_RANGE",
        /// gRPC's UNIMPLEMENTED.
        Unimplemented = "UNIMPLEMENTED",
        /// gRPC's INTERNAL.
        Internal = "INTERNAL",
        /// gRPC's UNAVAILABLE.
        Unavailable = "UNAVAILABLE",
        /// gRPC's `DATA_LOSS`.
        DataLoss = "DATA_LOSS",
        /// gRPC's UNAUTHENTICATED.
        Unauthenticated = "UNAUTHENTICATED",
        /// No answer in time.
        Timeout = "TIMEOUT",
        /// The answer contradicts itself, or the question.
        Garbage = "GARBAGE",
        /// No address of the fleet is known.
        NoEndpoint = "NO_ENDPOINT",
        /// The tenant's ledger is that of another fleet.
        TenantElsewhere = "TENANT_ELSEWHERE",
    }
}

label! {
    /// What made a call of Decide.
    Attempt, "kind" {
        /// It is the first of its question.
        First = "first",
        /// The one before failed.
        Retry = "retry",
        /// The one before takes longer than `hedge_after`.
        Hedge = "hedge",
        /// The one before is silent.
        Silence = "silence",
    }
}

label! {
    /// Whether an endpoint is asked.
    EndpointState, "standing" {
        /// It has never answered a probe.
        Unreached = "unproven",
        /// It is asked.
        Healthy = "healthy",
        /// It is not asked while another is healthy.
        Out = "out",
    }
}

/// Where a request went and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum RequestLabels {
    Callback(CallbackKind, Outcome),
    Unserved(Unserved),
}

impl EncodeLabelSet for RequestLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let (endpoint, outcome) = match self {
            Self::Callback(kind, outcome) => (kind.as_str(), outcome.as_str()),
            Self::Unserved(why) => ("none", why.as_str()),
        };
        [("endpoint", endpoint), ("outcome", outcome)].encode(encoder)
    }
}
