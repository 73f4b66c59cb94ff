//! What left its window counts no more, and leaves the memory bit by bit.

use super::*;

#[test]
fn what_never_leaves_is_never_forgotten_and_queues_nowhere() {
    for window in [Window::Lifetime, Window::InFlight] {
        let limit = Limit { window, ..limit("l", &[KeyPart::Source], 10) };
        let charges = [charge("a", "0", units(1), at(1)), charge("b", "-", units(1), at(2))];
        let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
        let used = index.used(&limit, &bucket(&limit, "0"), &BTreeSet::new(), Time::from_micros(i64::MAX));
        assert_eq!((used.total, used.oldest, used.doubtful), (Some(units(1)), Some(at(1)), 1));
        assert_eq!(index.views["l"].leaving.len(), 0);
    }
}

#[test]
fn a_calendar_window_is_forgotten_with_its_unit() {
    let zone = Zone::named("UTC").unwrap();
    let window = Window::Calendar(Calendar { unit: CalendarUnit::Hour, zone });
    let limit = Limit { window, ..limit("l", &[KeyPart::Source], 10) };
    let charges = [
        charge("a", "0", units(1), at(3599)),
        charge("b", "0", units(2), at(3600)),
        charge("c", "-", units(1), at(10)),
    ];
    let mut index = UsageIndex::build(seen(std::slice::from_ref(&limit)), &charges);
    assert_eq!(index.used(&limit, &bucket(&limit, "0"), &BTreeSet::new(), at(3599)).doubtful, 1);
    assert_eq!(total(&mut index, &limit, "0", at(3599)), units(3), "what lies ahead counts");
    assert_eq!(total(&mut index, &limit, "0", at(3600)), units(2));
    assert_eq!(total(&mut index, &limit, "other", at(7200)), units(0));
    let view = &index.views["l"];
    assert_eq!((view.sums.len(), view.unplaced.len(), view.leaving.len()), (0, 0, 0));
}

/// All that a day held leaves at midnight: whoever asks first is not to wait until all of it is dropped.
#[test]
fn what_leaves_at_once_counts_no_more_at_once_and_is_dropped_bit_by_bit() {
    const CHARGES: i64 = 10_000;
    let (sum, names) = (limit("sum", &[], 10), destinations("names", &[], 10));
    let each = limit("each", &[KeyPart::Source], 10);
    let limits = [sum.clone(), names.clone(), each.clone()];
    let mut index = UsageIndex::default();
    for number in 0..CHARGES {
        let name = number.to_string();
        let at = Time::from_micros(number);
        let charge =
            Charge { intent: charge("-", &name, units(1), at).intent, ..paying(&name, &[&name], at) };
        index.record(seen(&limits), None, &charge);
    }
    let last = paying("last", &["1"], at(5));
    index.record(seen(&limits), None, &last);
    let held = |index: &UsageIndex| index.views.values().map(View::held).sum::<usize>();
    assert_eq!((total(&mut index, &sum, "", at(9)), held(&index)), (units(10_001), 30_003));
    assert_eq!(total(&mut index, &sum, "", at(12)), units(1));
    assert_eq!(total(&mut index, &names, "", at(12)), units(1));
    assert_eq!(total(&mut index, &each, "7", at(12)), units(0));
    assert!(held(&index) > 10_000, "{}", held(&index));
    (0..10).for_each(|_| assert_eq!(total(&mut index, &each, "8", at(12)), units(0)));
    index.forget(at(12));
    assert_eq!(held(&index), 3);
    assert_eq!(total(&mut index, &sum, "", at(15)), units(0));
    assert_eq!(total(&mut index, &names, "", at(15)), units(0));
}

/// Where most of it stays, what leaves is taken off.
#[test]
fn the_smaller_part_of_a_sum_that_leaves_is_taken_off() {
    let limits = [limit("sum", &[], 10), destinations("names", &[], 10)];
    let mut index = UsageIndex::default();
    for number in 0..13_000 {
        let at = if number < 5_000 { at(1) } else { at(2) };
        index.record(seen(&limits), None, &paying(&number.to_string(), &[&(number % 6_000).to_string()], at));
    }
    assert_eq!(total(&mut index, &limits[0], "", at(11)), units(8_000));
    assert_eq!(total(&mut index, &limits[1], "", at(11)), units(6_000));
    index.forget(at(12));
    assert_eq!(total(&mut index, &limits[1], "", at(12)), units(0));
    index.forget(at(12));
    assert!(index.is_empty());
}
