use super::*;

const SOON: Duration = Duration::from_secs(5);

fn shell(script: &str) -> (tempfile::TempDir, Process) {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let nobody = SocketAddr::from(([127, 0, 0, 1], super::super::ports::free()));
    let arguments = ["-c".into(), script.into()];
    let environment = [("GREETING".to_owned(), "hello".to_owned())];
    let process =
        Process::spawn("edge", Path::new("/bin/sh"), &arguments, &environment, log, nobody).unwrap();
    (directory, process)
}

#[tokio::test]
async fn a_process_that_dies_before_it_is_ready_shows_its_last_lines() {
    let (directory, mut process) = shell("echo line 1; echo $GREETING >&2; exit 78");
    let error = process.ready(SOON).await.unwrap_err().to_string();
    insta::assert_snapshot!(error.replace(&directory.path().display().to_string(), "DIR"), @"
    the edge has ended (exit status: 78). The end of DIR/log:
      line 1
      hello
    ");
}

#[tokio::test]
async fn what_earlier_ones_have_printed_is_not_shown() {
    let (directory, mut first) = shell("echo earlier; exit 1");
    first.ready(SOON).await.unwrap_err();
    let (arguments, log) = (["-c".into(), "echo later; exit 1".into()], directory.path().join("log"));
    let mut second = Process::spawn("edge", Path::new("/bin/sh"), &arguments, &[], log, first.admin).unwrap();
    let error = second.ready(SOON).await.unwrap_err().to_string();
    assert!(error.contains("later") && !error.contains("earlier"), "{error}");
}

#[tokio::test]
async fn a_process_that_never_gets_ready_is_given_up() {
    let (_directory, mut process) = shell("exec sleep 60");
    let error = process.ready(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
}

#[tokio::test]
async fn a_process_gets_the_chance_to_end_and_is_killed_without_it() {
    use std::os::unix::process::ExitStatusExt as _;

    let (_directory, mut polite) = shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done");
    while polite.log_text().is_empty() {
        tokio::time::sleep(POLL).await;
    }
    assert_eq!(polite.stop(SOON).await.unwrap().code(), Some(7));

    let (_directory, mut deaf) = shell("trap '' TERM; echo up; while :; do sleep 0.05; done");
    while deaf.log_text().is_empty() {
        tokio::time::sleep(POLL).await;
    }
    assert_eq!(deaf.stop(Duration::from_millis(100)).await.unwrap().signal(), Some(9));
}

#[tokio::test]
async fn a_stopped_process_does_nothing_until_it_continues() {
    let (_directory, mut process) = shell("while :; do echo tick; sleep 0.01; done");
    process.signal(Signal::Stop).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = process.log_text().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(process.log_text().len(), before);
    process.signal(Signal::Cont).unwrap();
    while process.log_text().len() == before {
        tokio::time::sleep(POLL).await;
    }
    process.kill().unwrap();
}

#[tokio::test]
async fn dropping_kills() {
    let (_directory, process) = shell("exec sleep 60");
    let id = process.id();
    drop(process);
    assert!(!Path::new(&format!("/proc/{id}/status")).exists());
}
