//! Compiles the published `.proto` files without an external compiler.

use prost::Message as _;

const SOURCES: [&str; 1] = ["countersign/decider/v1/decision.proto"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=countersign");
    let descriptors = protox::compile(SOURCES, ["."])?;
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
