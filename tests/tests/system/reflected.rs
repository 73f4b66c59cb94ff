//! A client that knows nothing of us but an address: it learns the contract by server reflection and speaks it in
//! JSON, as `grpcurl` does.

use std::collections::BTreeMap;
use std::time::Duration;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use prost_types::FileDescriptorProto;
use serde_json::Value;
use tokio_stream::StreamExt as _;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

/// A service as reflection describes it, over a channel.
pub struct Reflected {
    channel: Channel,
    pool: DescriptorPool,
    service: String,
}

impl Reflected {
    /// Asks for the file of the service and for every file that it imports.
    pub async fn learn(channel: Channel, service: &str) -> Self {
        let mut files = BTreeMap::new();
        let mut wanted = vec![MessageRequest::FileContainingSymbol(service.to_owned())];
        while let Some(question) = wanted.pop() {
            for file in files_of(ask(&channel, question).await) {
                let missing = file.dependency.iter().filter(|name| !files.contains_key(*name));
                wanted.extend(missing.cloned().map(MessageRequest::FileByFilename));
                files.insert(file.name().to_owned(), file);
            }
        }
        let mut pool = DescriptorPool::new();
        pool.add_file_descriptor_protos(files.into_values()).unwrap();
        Self { channel, pool, service: service.to_owned() }
    }

    /// Calls a method with a message in JSON; the answer in JSON.
    pub async fn call(&self, method: &str, json: &str, deadline: Option<Duration>) -> Result<Value, Status> {
        let service = self.pool.get_service_by_name(&self.service).unwrap();
        let described = service.methods().find(|each| each.name() == method).unwrap();
        let message = parse(described.input(), json);
        let mut request = Request::new(message.encode_to_vec());
        if let Some(deadline) = deadline {
            request.set_timeout(deadline);
        }
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = format!("/{}/{method}", self.service).parse().unwrap();
        let answer = client.unary(request, path, Bytes).await?.into_inner();
        let answer = DynamicMessage::decode(described.output(), answer.as_slice()).unwrap();
        Ok(serde_json::to_value(answer).unwrap())
    }
}

/// Unknown names and wrong types are errors: an example that the contract outgrew must not pass.
fn parse(descriptor: MessageDescriptor, json: &str) -> DynamicMessage {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(descriptor, &mut deserializer).unwrap();
    deserializer.end().unwrap();
    message
}

/// The names of everything that is served.
pub async fn services(channel: &Channel) -> Vec<String> {
    let answer = ask(channel, MessageRequest::ListServices(String::new())).await;
    match answer.message_response.unwrap() {
        MessageResponse::ListServicesResponse(list) => {
            list.service.into_iter().map(|each| each.name).collect()
        }
        other => panic!("no list of services: {other:?}"),
    }
}

async fn ask(channel: &Channel, question: MessageRequest) -> ServerReflectionResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut client = ServerReflectionClient::new(channel.clone());
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    answers.into_inner().next().await.unwrap().unwrap()
}

fn files_of(answer: ServerReflectionResponse) -> Vec<FileDescriptorProto> {
    match answer.message_response.unwrap() {
        MessageResponse::FileDescriptorResponse(files) => {
            let decode = |file: &Vec<u8>| FileDescriptorProto::decode(file.as_slice()).unwrap();
            files.file_descriptor_proto.iter().map(decode).collect()
        }
        other => panic!("no descriptors: {other:?}"),
    }
}

/// Messages as the bytes they are: their type is known only when the program runs.
#[derive(Clone, Copy, Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &message);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = bytes::Buf::remaining(buffer);
        Ok(Some(bytes::Buf::copy_to_bytes(buffer, length).to_vec()))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}
