//! The edge's binary: everything is in the library.

/// A request makes hundreds of small values on one thread, and another drops them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    edge::app::main(std::env::args_os())
}
