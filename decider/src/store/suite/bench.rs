use std::sync::Arc;
use std::time::Instant;

use policy::limit::KeyPart;

use super::fixture::*;
use crate::store::Store;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore]
async fn bench() {
    for round in 0..1 {
        for hot in [true, false] {
            for place in Place::each().into_iter().skip(usize::from(std::env::var("ONLY_SQLITE").is_ok())) {
                let limits = vec![
                    keyed(ether_per_hour("1000000000"), &[KeyPart::Source]),
                    keyed(count_per_hour(1_000_000_000), &[KeyPart::Source]),
                ];
                let desk = Arc::new(place.open(&Arc::new(policy(limits)), &clock()));
                let started = Instant::now();
                let cpu = || {
                    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
                    let f: Vec<&str> = s.split_whitespace().collect();
                    (f[13].parse::<u64>().unwrap() * 10, f[14].parse::<u64>().unwrap() * 10)
                };
                let io = || {
                    let s = std::fs::read_to_string("/proc/self/io").unwrap();
                    let g = |n: &str| s.lines().find(|l| l.starts_with(n)).unwrap().split(' ').nth(1).unwrap().parse::<u64>().unwrap();
                    (g("wchar:"), g("write_bytes:"), g("syscw:"))
                };
                let (cpu0, io0) = (cpu(), io());
                const EACH: usize = 400;
                let tasks: Vec<_> = (0..64)
                    .map(|task| {
                        let desk = desk.clone();
                        tokio::spawn(async move {
                            for each in 0..EACH {
                                let id = uuid::Uuid::now_v7().to_string();
                                let id: String = id.chars().rev().collect();
                                let mut asked = request(&id).amount("0.000001");
                                if !hot {
                                    asked = asked.source(&format!("{task}-{each}"));
                                }
                                let mut p = proposal(&desk.policy, &asked);
                                p.payload = vec![7; 600];
                                assert_eq!(desk.store.decide(p).await.unwrap().decision.verdict, policy::verdict::Verdict::Allow);
                            }
                        })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
                let rate = (64 * EACH) as u128 * 1_000_000 / started.elapsed().as_micros();
                let n = (64 * EACH) as u64;
                let (cpu1, io1) = (cpu(), io());
                if matches!(place, Place::Sqlite(_)) {
                    let c = rusqlite::Connection::open(place.file()).unwrap();
                    let v: (f64, f64, f64, i64) = c.query_row("select (select avg(length(body)) from decisions), (select avg(length(evidence)) from decisions), (select avg(length(body)) from charges), (select page_count from pragma_page_count)", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))).unwrap();
                    println!("{v:?} wal {}", std::fs::metadata(format!("{}-wal", place.file().display())).unwrap().len());
                }
                let mut out = String::new();
                println!("  user {} us sys {} us wchar {} written {} syscw {} each", (cpu1.0 - cpu0.0) * 1000 / n, (cpu1.1 - cpu0.1) * 1000 / n,
                    (io1.0 - io0.0) / n, (io1.1 - io0.1) / n, (io1.2 - io0.2) as f64 / n as f64);
                let mut registry = prometheus_client::registry::Registry::default();
                desk.metrics.register(&mut registry);
                prometheus_client::encoding::text::encode(&mut out, &registry).unwrap();
                let line = |n: &str| out.lines().find(|l| l.starts_with(n)).unwrap().to_owned();
                println!("{round} {} hot={hot}: {rate}/s {} {}", place.name(), line("store_batch_size_count"), line("store_commit_seconds_sum"));
            }
        }
    }
}
