//! When a changed configuration is taken.

use super::*;

#[tokio::test]
async fn a_change_counts_once_it_stood_still() {
    let mut bench = Bench::new();
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 0, 0, 0]));
    bench.write("edge.yaml", &format!("{YAML}{SECOND_PATH}"));
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [0, 0, 0, 0]));
    // One more than otherwise: the second path's reply key was not looked at before.
    bench.look().await;
    assert_eq!(bench.paths(), [""]);
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec!["", "/b"], [1, 0, 0, 0]));
    bench.look().await;
    bench.write("edge.yaml", YAML);
    bench.look().await;
    assert_eq!(bench.paths(), ["", "/b"]);
    bench.look().await;
    assert_eq!((bench.paths(), bench.counted()), (vec![""], [2, 0, 0, 0]));
}

#[tokio::test]
async fn who_says_that_the_files_are_whole_does_not_wait() {
    let mut bench = Bench::new();
    bench.write("edge.yaml", &format!("{YAML}{SECOND_PATH}"));
    bench.look_now().await;
    assert_eq!((bench.paths(), bench.counted()), (vec!["", "/b"], [1, 0, 0, 0]));
    bench.look_now().await;
    assert_eq!(bench.counted(), [1, 0, 0, 0]);
}

/// A certificate and its key are two files: between the two they do not fit.
#[tokio::test]
async fn files_that_are_being_replaced_are_no_mistake() {
    let mut bench = Bench::new();
    let before = bench.reload.in_force.listen.tls.certificate().clone();
    let old_key = fs::read_to_string(bench.path("edge.key")).expect("read");
    bench.certify();
    let new_key = fs::read_to_string(bench.path("edge.key")).expect("read");
    bench.write("edge.key", &old_key);
    bench.look().await;
    bench.write("edge.key", &new_key);
    bench.look().await;
    assert_eq!(bench.counted(), [0, 0, 0, 0]);
    bench.look().await;
    assert_eq!(bench.counted(), [1, 0, 0, 0]);
    assert_ne!(*bench.reload.in_force.listen.tls.certificate(), before);
}
