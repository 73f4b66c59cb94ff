//! What ends a freeze, and what must not.

use insta::assert_snapshot;

use crate::program::output;
use crate::store::store;
use crate::support::{CONFIG, Files, call, transfer};

/// Frozen after its second decision, with an export of what was decided up to the fifth.
async fn restored() -> Files {
    let files = store().await;
    assert_eq!(output(&files, &["store", "backup", "--config", "decider.yaml", "--to", "backup.db"]).0, 0);
    let running = files.start().await;
    let mut client = files.client(&running).await;
    for id in ["lost-3", "lost-4", "lost-5"] {
        client.decide(call(transfer(id, "0.1"))).await.unwrap();
    }
    drop(client);
    running.stop().await.unwrap();
    assert_eq!(output(&files, &["store", "export", "--config", "decider.yaml", "--to", "all.jsonl"]).0, 0);
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: backup.db}"));
    files
}

/// Of the export only these lines, from 1.
fn some_lines(files: &Files, numbers: &[usize]) {
    let all = std::fs::read_to_string(files.path("all.jsonl")).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    let some: Vec<&str> = numbers.iter().map(|number| lines[number - 1]).collect();
    files.write("some.jsonl", &(some.join("\n") + "\n"));
}

fn release_some(files: &Files, more: &[&str]) -> (i32, String, String) {
    let release = ["store", "release", "--config", "decider.yaml", "--lost", "some.jsonl"];
    output(files, &[&release, more].concat())
}

/// Whoever names a file says that something was lost: an export that failed is no statement that nothing was.
#[tokio::test]
async fn a_file_that_enters_nothing_ends_no_freeze() {
    let files = restored().await;
    for text in ["", "\n \n"] {
        files.write("some.jsonl", text);
        let (code, out, err) = release_some(&files, &[]);
        assert_eq!((code, out.as_str()), (1, ""));
        insta::allow_duplicates! {
            assert_snapshot!(err, @"
    decider: some.jsonl: no decision in it is new to the store: export what was lost again, or, if nothing was, say `--lost nothing`
    nothing was entered, and the store is frozen as it was
    ");
        }
    }
    some_lines(&files, &[1, 2]);
    let (code, _, err) = release_some(&files, &["--despite-gaps"]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @"
    decider: some.jsonl: no decision in it is new to the store: export what was lost again, or, if nothing was, say `--lost nothing`
    nothing was entered, and the store is frozen as it was
    ");
    let (_, out, _) = output(&files, &["store", "stats", "--config", "decider.yaml"]);
    assert!(out.contains("no, it is frozen"), "{out}");
}

#[tokio::test]
async fn a_gap_in_what_was_lost_is_told_and_entered_only_where_that_is_said() {
    let files = restored().await;
    some_lines(&files, &[2, 4, 5]);
    let (code, out, err) = release_some(&files, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_snapshot!(err, @"
    decider: some.jsonl:2: position 3 follows in the log, and this line has 4: what is missing would be headroom. Export again from 3 on; if there is no more, or it is of a ledger with other positions, say `--despite-gaps`
    nothing was entered, and the store is frozen as it was
    ");
    some_lines(&files, &[3, 5]);
    let (_, _, err) = release_some(&files, &[]);
    assert_snapshot!(err, @"
    decider: some.jsonl:2: position 4 follows in the log, and this line has 5: what is missing would be headroom. Export again from 4 on; if there is no more, or it is of a ledger with other positions, say `--despite-gaps`
    nothing was entered, and the store is frozen as it was
    ");
    let (code, out, err) = release_some(&files, &["--despite-gaps"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("2 decisions entered\n"), "{out}");
}
