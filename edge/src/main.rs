//! The edge's binary: everything is in the library.

fn main() -> std::process::ExitCode {
    edge::app::main(std::env::args_os())
}
