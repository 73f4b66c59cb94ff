//! Standard error, written without blocking.

use std::io::{self, Write as _};

use super::log_writer::AtOnce;

/// Writes as much of a line as there is room for. A file always has room; for anything else the system has to support
/// writes that do not block, as Linux does for pipes and sockets since 6.5 and for terminals never.
pub(super) fn at_once() -> AtOnce {
    if is_file() {
        return Box::new(|line| io::stderr().write(line));
    }
    Box::new(|line| if_there_is_room(io::stderr(), line))
}

fn is_file() -> bool {
    let kind = rustix::fs::fstat(io::stderr()).map(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode));
    kind.is_ok_and(|kind| kind.is_file())
}

#[cfg(target_os = "linux")]
fn if_there_is_room(out: impl std::os::fd::AsFd, line: &[u8]) -> io::Result<usize> {
    use rustix::io::{ReadWriteFlags, pwritev2};

    /// Where the file is, not at an offset.
    const HERE: u64 = u64::MAX;
    Ok(pwritev2(out, &[io::IoSlice::new(line)], HERE, ReadWriteFlags::NOWAIT)?)
}

#[cfg(not(target_os = "linux"))]
fn if_there_is_room(_out: impl std::os::fd::AsFd, _line: &[u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// More than a pipe holds.
    const LINES: usize = 1 << 12;
    const LINE: [u8; 100] = [b'x'; 100];

    #[test]
    fn a_pipe_is_filled_and_never_waited_for() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let taken = |_: usize| if_there_is_room(&writer, &LINE).ok();
        let filled: usize = (0..LINES).map_while(taken).sum();
        // An older kernel does not know how: then the thread writes every line.
        let refused = if_there_is_room(&writer, &LINE).expect_err("it is full").kind();
        if refused == io::ErrorKind::WouldBlock {
            assert!(filled >= LINE.len());
        } else {
            assert_eq!((refused, filled), (io::ErrorKind::Unsupported, 0));
        }
        drop(writer);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("the pipe");
        assert_eq!(read.len(), filled);
    }
}
