//! What was tried with profit once is tried at every test.

// What watches the branches comes with the engine.
#[cfg(feature = "engine")]
use libfuzzer_sys as _;

/// One after the other: the whole edge runs once in this process.
#[test]
fn every_target_holds_for_its_corpus() {
    for (name, holds_for) in fuzz::TARGETS {
        let mut tried = 0;
        for (path, bytes) in fuzz::corpus(name) {
            println!("{}", path.display());
            holds_for(&bytes);
            tried += 1;
        }
        assert!(tried >= 3, "{name}: a corpus of {tried}");
    }
}
