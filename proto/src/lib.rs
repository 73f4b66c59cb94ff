//! The agreement between the edge, the decider and every other client, as generated code. No logic.

/// `countersign.decider.v1`: decisions.
pub mod decider {
    /// The published version.
    #[allow(missing_docs, reason = "generated; the .proto carries the documentation")]
    #[allow(clippy::all, reason = "generated")]
    pub mod v1 {
        tonic::include_proto!("countersign.decider.v1");
    }
}

/// The compiled `FileDescriptorSet` of everything published here, as server reflection serves it.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
