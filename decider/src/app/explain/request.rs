//! A request of the published contract, as JSON.

use std::io::Read as _;
use std::path::Path;

use policy::request::Request;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use proto::decider::v1 as wire;

use crate::grpc::convert;
use crate::shown::visible;

/// The longest request, in bytes: more than the gRPC listener takes.
const MAX_REQUEST_BYTES: u64 = 16 * 1024 * 1024;

/// The name of its message.
const MESSAGE: &str = "countersign.decider.v1.DecideRequest";

/// Reads a request from a file, or from standard input where that is `-`.
pub fn read(path: &Path) -> Result<Request, String> {
    let shown = path.display();
    let text = text_of(path).map_err(|error| format!("{shown}: the request cannot be read: {error}"))?;
    parse(&text).map_err(|error| format!("{shown}: {}", visible(&error)))
}

fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(MAX_REQUEST_BYTES).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(MAX_REQUEST_BYTES).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// A field that the contract does not have is a mistake: it would be left out of what is explained.
pub fn parse(text: &str) -> Result<Request, String> {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).map_err(|error| error.to_string())?;
    let message = pool.get_message_by_name(MESSAGE).ok_or("the contract has no DecideRequest")?;
    let mut json = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(message, &mut json, &options);
    let read = read.and_then(|read| json.end().map(|()| read));
    let read = read.map_err(|error| format!("not a DecideRequest of the contract, such as tests/examples/decide.json (the callback of a Co-signer has another form): {error}"))?;
    let wire: wire::DecideRequest = read.transcode_to().map_err(|error| error.to_string())?;
    convert::transaction(wire).map_err(|breaches| format!("this breaks the contract: {breaches}"))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use policy::request::Stage;

    use super::*;

    #[test]
    fn the_published_example_is_read() {
        let request = parse(include_str!("../../../../tests/examples/decide.json")).unwrap();
        assert_eq!((request.stage, request.asset.as_deref()), (Stage::Approval, Some("ETH")));
        assert_eq!(request.destinations.len(), 1);
    }

    #[test]
    fn what_is_no_request_is_told() {
        let told = |text| parse(text).unwrap_err();
        assert_snapshot!(told("{"), @"not a DecideRequest of the contract, such as tests/examples/decide.json (the callback of a Co-signer has another form): EOF while parsing an object at line 1 column 1");
        assert_snapshot!(told("{\"amuont\": \"1\"}"), @"not a DecideRequest of the contract, such as tests/examples/decide.json (the callback of a Co-signer has another form): unrecognized field name 'amuont' at line 1 column 9");
        assert_snapshot!(told("{} {}"), @"not a DecideRequest of the contract, such as tests/examples/decide.json (the callback of a Co-signer has another form): trailing characters at line 1 column 4");
        assert_snapshot!(told("{\"tenant\": \"a\"}"), @"this breaks the contract: callback_request_id is required");
    }
}
