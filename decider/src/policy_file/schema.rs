//! The JSON Schema of a policy's file, for editors: what it refuses, the loader refuses.

#[cfg(test)]
pub mod tests;

/// JSON Schema, draft 7.
pub const SCHEMA: &str = include_str!("../../policy/policy.schema.json");
