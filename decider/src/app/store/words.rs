//! A store as people read of it.

use jiff::Timestamp;
use policy::document::Policy;

use crate::shown::{shown, visible, visible_lines};
use crate::upkeep::copy::Copied;
use crate::upkeep::release::Released;
use crate::upkeep::stats::{Stated, Stats, TimeRange};
use crate::upkeep::usage::SumLine;
use crate::upkeep::verify::Verified;

/// How wide the longest first word is.
const WORD_WIDTH: usize = 10;

/// The numbers of a store.
pub fn of_stats(stats: &Stats, policy: &Policy) -> String {
    let Stats { store, schema, bytes, head, policies, payload_bytes, pruned, .. } = stats;
    let mut lines = vec![
        line("store", format!("{store}, schema {schema}, {bytes} bytes")),
        line("log", format!("ends at position {head}")),
        line(
            "decides",
            stats.frozen.as_ref().map_or("yes".into(), |why| format!("no, it is frozen: {}", shown(why))),
        ),
        line("policies", policies.to_string()),
        line("decisions", of_span(&stats.decisions)),
    ];
    for (tenant, verdicts) in &stats.verdicts {
        let each: Vec<String> =
            verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        lines.push(format!("  {}: {}", shown(tenant), each.join(", ")));
    }
    let gone = if *pruned > 0 { format!(", those of {pruned} decisions are pruned") } else { String::new() };
    lines.push(line("payloads", format!("{payload_bytes} bytes{gone}")));
    lines.push(line("charges", of_span(&stats.charges)));
    lines.extend(stats.releases.iter().map(|stated| line("released", of_stated(stated))));
    lines.push(line(
        "usage",
        match &stats.usage {
            None => "left out: the policy has mistakes",
            Some(sums) if sums.is_empty() => "none",
            Some(_) => "",
        },
    ));
    lines.extend(stats.usage.iter().flatten().map(|sum| format!("  {}", of_sum(sum, policy))));
    lines.join("\n") + "\n"
}

fn line(word: &str, rest: impl AsRef<str>) -> String {
    format!("{word:WORD_WIDTH$} {}", rest.as_ref()).trim_end().to_owned()
}

fn of_stated(Stated { released_us, by, frozen, position, lost_lines }: &Stated) -> String {
    let lost = match lost_lines {
        0 => "nothing".to_owned(),
        lines => format!("{lines} lines of an export"),
    };
    let (by, at, frozen) = (shown(by), time(*released_us), shown(frozen));
    format!("by {by} at {at}, after position {position}; lost: {lost}; it was frozen: {frozen}")
}

fn of_span(span: &TimeRange) -> String {
    match (span.oldest_us, span.newest_us) {
        (Some(oldest), Some(newest)) => format!("{}, from {} to {}", span.count, time(oldest), time(newest)),
        _ => span.count.to_string(),
    }
}

/// One sum of one limit.
pub fn of_sum(sum: &SumLine, policy: &Policy) -> String {
    let in_words = |amount| sum.in_words(policy, amount);
    let (used, max, left) = (in_words(sum.used), in_words(sum.max), in_words(sum.headroom));
    format!("{}: {used} used of {max}, {left} left", sum.name())
}

/// What came of checking a store.
pub fn of_verified(verified: &Verified) -> String {
    let Verified { decisions, pruned, charges, findings, more_findings, frozen } = verified;
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}", visible(&finding.place), visible_lines(&finding.what)))
        .collect();
    if *more_findings > 0 {
        lines.push(format!("and {more_findings} more"));
    }
    if *pruned > 0 {
        lines.push(format!(
            "{pruned} decisions are pruned: they cannot be played again, and what they left is believed"
        ));
    }
    if let Some(why) = frozen {
        lines.push(format!("it is frozen, and decides nothing until it is released: {}", shown(why)));
    }
    let checked = format!("{decisions} decisions and {charges} charges");
    lines.push(match findings.is_empty() {
        true => format!("ok: {checked} hold together"),
        false => format!("{} findings in {checked}", more_findings.saturating_add(findings.len() as u64)),
    });
    lines.join("\n") + "\n"
}

/// What was copied, and each sum: copying fails where it is not the same in both stores.
pub fn of_copied(copied: &Copied, policy: &Policy) -> String {
    let Copied { policies, decisions, charges, usage } = copied;
    let names = usage.iter().map(|sum| (sum.name(), sum.in_words(policy, sum.used)));
    let heading = ("used of".to_owned(), "in both stores".to_owned());
    let rows: Vec<_> = std::iter::once(heading).chain(names).collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let table = rows.iter().map(|(name, used)| format!("{name:width$}  {used}\n"));
    let first = format!("{decisions} decisions, {charges} charges and {policies} policies copied\n");
    first + &table.collect::<String>()
}

/// What was entered.
pub fn of_released(released: &Released) -> String {
    let Released { frozen, entered, on_record } = released;
    let known = if *on_record > 0 { format!(" ({on_record} were on record)") } else { String::new() };
    format!("released; it was frozen: {}\n{entered} decisions entered{known}\n", shown(frozen))
}

fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| "no time".into(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use policy::amount::Amount;
    use policy::asset::{Asset, TagRule};
    use policy::limit::{KeyPart, Unit};

    use super::*;
    use crate::upkeep::verify::finding::Finding;

    fn policy() -> Policy {
        let decimals = policy::amount::Decimals::new(2).unwrap();
        let chain = policy::address::Chain::Exact;
        let asset = Asset { chain, decimals, tag: TagRule::Optional, fee_asset: None };
        Policy { assets: [("EURC".to_owned(), asset)].into(), ..Policy::default() }
    }

    fn stats(usage: Vec<SumLine>) -> Stats {
        let span = |count| TimeRange {
            count,
            oldest_us: Some(1_700_000_000_000_000),
            newest_us: Some(1_700_003_600_000_001),
        };
        let verdicts = [("ALLOW".to_owned(), 2), ("DENY".to_owned(), 1)];
        Stats {
            store: "sqlite",
            schema: 3,
            bytes: 73_728,
            head: 3,
            frozen: usage.is_empty().then(|| "restored".to_owned()),
            releases: usage
                .is_empty()
                .then(|| stated("ops\u{1b}[8m", 17))
                .into_iter()
                .chain([stated("me", 0)])
                .collect(),
            policies: 1,
            decisions: span(3),
            verdicts: [("default".to_owned(), verdicts.into())].into(),
            payload_bytes: 512,
            pruned: if usage.is_empty() { 2 } else { 0 },
            charges: if usage.is_empty() { TimeRange::default() } else { span(2) },
            usage: Some(usage),
        }
    }

    fn stated(by: &str, lost_lines: usize) -> Stated {
        let released_us = 1_700_000_000_000_000;
        Stated { released_us, by: by.into(), frozen: "restored".into(), position: 2, lost_lines }
    }

    #[test]
    fn without_a_policy_usage_is_left_out() {
        let told = of_stats(&Stats { usage: None, ..stats(vec![]) }, &Policy::default());
        assert!(told.ends_with("\nusage      left out: the policy has mistakes\n"), "{told}");
    }

    #[test]
    fn numbers_are_told_in_the_words_of_the_policy() {
        let amount = |units| Some(Amount::from_u64(units));
        let sum = SumLine {
            limit: "eurc-per-day".into(),
            key: [(KeyPart::Source, "VAULT:7".to_owned())].into(),
            unit: Some(Unit::BaseUnits("EURC".into())),
            used: amount(12_345),
            max: amount(20_000),
            headroom: amount(7_655),
        };
        assert_snapshot!(of_stats(&stats(vec![sum]), &policy()), @"
        store      sqlite, schema 3, 73728 bytes
        log        ends at position 3
        decides    yes
        policies   1
        decisions  3, from 2023-11-14T22:13:20Z to 2023-11-14T23:13:20.000001Z
          default: 2 ALLOW, 1 DENY
        payloads   512 bytes
        charges    2, from 2023-11-14T22:13:20Z to 2023-11-14T23:13:20.000001Z
        released   by me at 2023-11-14T22:13:20Z, after position 2; lost: nothing; it was frozen: restored
        usage
          eurc-per-day, source VAULT:7: 123.45 EURC used of 200 EURC, 76.55 EURC left
        ");
        assert_snapshot!(of_stats(&stats(vec![]), &policy()), @r"
        store      sqlite, schema 3, 73728 bytes
        log        ends at position 3
        decides    no, it is frozen: restored
        policies   1
        decisions  3, from 2023-11-14T22:13:20Z to 2023-11-14T23:13:20.000001Z
          default: 2 ALLOW, 1 DENY
        payloads   512 bytes, those of 2 decisions are pruned
        charges    0
        released   by ops\u{1b}[8m at 2023-11-14T22:13:20Z, after position 2; lost: 17 lines of an export; it was frozen: restored
        released   by me at 2023-11-14T22:13:20Z, after position 2; lost: nothing; it was frozen: restored
        usage      none
        ");
    }

    /// Whoever makes a transaction writes what is in a key.
    #[test]
    fn a_key_cannot_write_lines_of_its_own() {
        let sum = SumLine {
            limit: "eurc-per-day".into(),
            key: [(KeyPart::Destination, "VAULT:9\n\u{1b}[8m\u{202e}".to_owned())].into(),
            unit: None,
            used: None,
            max: None,
            headroom: None,
        };
        let told = of_stats(&stats(vec![sum.clone()]), &policy());
        let expected =
            r"  eurc-per-day, destination VAULT:9\n\u{1b}[8m\u{202e}: more than can be told used of";
        assert!(told.contains(expected), "{told}");
        let copied = Copied { policies: 1, decisions: 1, charges: 1, usage: vec![sum] };
        assert_eq!(of_copied(&copied, &policy()).lines().count(), 3);
    }

    #[test]
    fn a_copy_is_told_with_what_is_used_on_both_sides() {
        let sum = |source: &str, units| SumLine {
            limit: "eurc-per-day".into(),
            key: [(KeyPart::Source, source.to_owned())].into(),
            unit: Some(Unit::BaseUnits("EURC".into())),
            used: Some(Amount::from_u64(units)),
            max: None,
            headroom: None,
        };
        let usage = vec![sum("VAULT:7", 12_345), sum("VAULT:12", 5)];
        let copied = Copied { policies: 1, decisions: 12, charges: 5, usage };
        assert_snapshot!(of_copied(&copied, &policy()), @r#"
        12 decisions, 5 charges and 1 policies copied
        used of                        in both stores
        eurc-per-day, source VAULT:7   123.45 EURC
        eurc-per-day, source VAULT:12  0.05 EURC
        "#);
    }

    #[test]
    fn findings_stand_with_their_places() {
        let finding = |place: &str, what: &str| Finding { place: place.into(), what: what.into() };
        let verified = |findings: Vec<Finding>, more_findings| Verified {
            decisions: 12,
            pruned: if more_findings > 0 { 4 } else { 0 },
            charges: 5,
            findings,
            more_findings,
            frozen: (more_findings > 0).then(|| "restored".to_owned()),
        };
        assert_snapshot!(of_verified(&verified(vec![], 0)), @r#"ok: 12 decisions and 5 charges hold together"#);
        let two = vec![finding("decision 0196", "it cannot be read"), finding("log", "it has a hole")];
        assert_snapshot!(of_verified(&verified(two, 3)), @r#"
        decision 0196: it cannot be read
        log: it has a hole
        and 3 more
        4 decisions are pruned: they cannot be played again, and what they left is believed
        it is frozen, and decides nothing until it is released: restored
        5 findings in 12 decisions and 5 charges
        "#);
    }
}
