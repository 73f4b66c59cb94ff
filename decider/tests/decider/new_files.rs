//! Exports and backups: files that are new, and whole or not there.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use insta::assert_snapshot;

use crate::program::output;
use crate::store::store;

#[tokio::test]
async fn an_export_and_a_backup_replace_nothing() {
    let files = store().await;
    files.write("taken", "before");
    std::fs::create_dir(files.path("folder")).unwrap();
    symlink("nowhere", files.path("link")).unwrap();
    let _socket = UnixListener::bind(files.path("socket")).unwrap();
    for command in ["export", "backup"] {
        let mut told = Vec::new();
        for to in ["taken", "folder", "link", "socket"] {
            let (code, out, err) =
                output(&files, &["store", command, "--config", "decider.yaml", "--to", to]);
            assert_eq!((code, out.as_str()), (1, ""), "{command} to {to}");
            told.push(err);
        }
        insta::allow_duplicates! {
            assert_snapshot!(told.concat(), @"
    decider: taken is there already, and nothing is replaced. Name another file, or move that one away
    decider: folder is there already, and nothing is replaced. Name another file, or move that one away
    decider: link is there already, and nothing is replaced. Name another file, or move that one away
    decider: socket is there already, and nothing is replaced. Name another file, or move that one away
    ");
        }
    }
    assert_eq!(std::fs::read_to_string(files.path("taken")).unwrap(), "before");
    assert!(!files.path("taken.partial").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_dash_is_standard_output_where_lines_are_written_and_no_name_of_a_backup() {
    let files = store().await;
    let (code, out, err) = output(&files, &["store", "export", "--config", "decider.yaml", "--to", "-"]);
    assert_eq!((code, out.lines().count(), err.as_str()), (0, 2, ""));
    let (code, _, err) = output(&files, &["store", "backup", "--config", "decider.yaml", "--to", "-"]);
    assert_eq!(code, 64);
    assert!(err.contains("a backup is a file"), "{err}");
    assert!(!files.path("-").exists());
}

#[tokio::test]
async fn what_fails_leaves_nothing_behind() {
    let files = store().await;
    let vandal = rusqlite::Connection::open(files.path("data/decider.db")).unwrap();
    vandal.execute_batch("UPDATE charges SET body = 'x'").unwrap();
    drop(vandal);
    for command in ["export", "backup"] {
        let (code, _, err) = output(&files, &["store", command, "--config", "decider.yaml", "--to", "to"]);
        assert_eq!(code, 1, "{err}");
        let left = std::fs::read_dir(files.path("")).unwrap().map(|file| file.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("to")).collect();
        assert_eq!(left, Vec::<std::ffi::OsString>::new(), "{command}");
    }
}
