use super::*;

fn limits() -> Limits {
    Limits { max_connections: 4, max_connections_per_address: 3, max_handshakes: 3, ..Limits::default() }
}

fn connections(limits: Limits) -> Arc<ConnectionTable> {
    ConnectionTable::new(limits, Arc::new(Metrics::new()))
}

type Taken = (ConnectionSlot, oneshot::Receiver<CloseOrder>);

/// A slot for 10.0.0.`host`.
fn take(connections: &Arc<ConnectionTable>, host: u8) -> Option<Taken> {
    connections.take(IpAddr::from([10, 0, 0, host]))
}

fn connected(connections: &Arc<ConnectionTable>, host: u8) -> Taken {
    let taken = take(connections, host).expect("a slot");
    taken.0.finish_handshake();
    taken
}

fn proven(connections: &Arc<ConnectionTable>, host: u8) -> Taken {
    let taken = connected(connections, host);
    taken.0.mark_proven();
    taken
}

fn must_leave((_, orders): &mut Taken) -> bool {
    orders.try_recv() == Ok(CloseOrder::AtOnce)
}

#[test]
fn the_oldest_that_has_proven_nothing_makes_room() {
    let connections = connections(limits());
    let mut known = proven(&connections, 1);
    let mut first = connected(&connections, 2);
    let mut second = take(&connections, 3).expect("a slot");
    let mut third = connected(&connections, 4);
    let fifth = connected(&connections, 5);
    assert_eq!(
        [&mut known, &mut first, &mut second, &mut third].map(must_leave),
        [false, true, false, false]
    );
    drop(first);
    fifth.0.mark_proven();
    let _sixth = connected(&connections, 6);
    assert_eq!(
        [&mut known, &mut second, &mut third].map(must_leave),
        [false, true, false],
        "a handshake is no proof"
    );
    assert_eq!(connections.slots().len(), 4);
}

#[test]
fn those_that_are_proven_keep_their_slots() {
    let connections = connections(limits());
    let mut held: Vec<_> = (1..=4).map(|host| proven(&connections, host)).collect();
    assert!(take(&connections, 5).is_none());
    assert!(!held.iter_mut().any(must_leave));
    held.pop();
    assert!(take(&connections, 5).is_some(), "a slot that is given back is free");
}

#[test]
fn an_address_has_no_more_than_its_share_and_pays_for_itself() {
    let connections = connections(limits());
    let mut other = connected(&connections, 9);
    let mut of_one: Vec<_> = (0..3).map(|_| connected(&connections, 1)).collect();
    let _fourth = connected(&connections, 1);
    assert!(!must_leave(&mut other), "older, and of another address");
    assert_eq!(of_one.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false, false]);
    let full = table_of_proven();
    assert!(take(&full.0, 1).is_none() && take(&full.0, 2).is_some());
}

fn table_of_proven() -> (Arc<ConnectionTable>, Vec<Taken>) {
    let connections = connections(limits());
    let held = (0..3).map(|_| proven(&connections, 1)).collect();
    (connections, held)
}

#[test]
fn handshakes_make_room_for_newer_ones() {
    let connections = connections(Limits { max_connections: 100, ..limits() });
    let mut done = connected(&connections, 1);
    let mut pending: Vec<_> = (2..=4).map(|host| take(&connections, host).expect("a slot")).collect();
    assert!(!pending.iter_mut().any(must_leave));
    let _next = take(&connections, 5).expect("a slot");
    assert_eq!(pending.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false, false]);
    assert!(!must_leave(&mut done));
}

#[test]
fn connections_come_no_faster_than_their_rate() {
    let rate = std::num::NonZeroU32::new(5).expect("a rate");
    let connections = connections(Limits { connection_rate_per_address: rate, ..limits() });
    let taken = (0..6).map(|_| take(&connections, 1).is_some()).collect::<Vec<_>>();
    assert_eq!(taken, [true, true, true, true, true, false]);
    assert!(take(&connections, 2).is_some());
}

#[test]
fn at_the_end_all_are_told_and_nobody_is_let_in() {
    let connections = connections(limits());
    let mut held =
        [proven(&connections, 1), connected(&connections, 2), take(&connections, 3).expect("a slot")];
    connections.drain();
    assert!(held.iter_mut().all(|(_, orders)| orders.try_recv() == Ok(CloseOrder::Drain)));
    assert!(take(&connections, 4).is_none());
}

/// Whoever was told to leave gives its slot back a second time when it is gone.
#[test]
fn a_slot_is_given_back_once() {
    let connections = connections(limits());
    let mut held: Vec<_> = (1..=4).map(|host| connected(&connections, host)).collect();
    let _fifth = connected(&connections, 5);
    let first = held.remove(0);
    let counters = Arc::clone(&first.0.counters);
    drop(first);
    assert_eq!((connections.slots().len(), counters.connections.load(Ordering::Relaxed)), (4, 0));
}

/// Else whoever connects fast enough would end every handshake before it can be made.
#[test]
fn handshakes_of_an_address_with_many_make_room_first() {
    let connections = connections(Limits { max_connections: 100, ..limits() });
    let mut oldest = take(&connections, 1).expect("a slot");
    let mut of_one: Vec<_> = (0..2).map(|_| take(&connections, 2).expect("a slot")).collect();
    let _fourth = take(&connections, 3).expect("a slot");
    assert!(!must_leave(&mut oldest), "older, and alone of its address");
    assert_eq!(of_one.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false]);
    drop(of_one);
    assert_eq!(oldest.0.counters.handshakes.load(Ordering::Relaxed), 1);
    oldest.0.finish_handshake();
    assert_eq!(oldest.0.counters.handshakes.load(Ordering::Relaxed), 0, "and is none any more");
}

#[test]
fn what_was_proven_does_not_count_once_something_else_came() {
    let connections = connections(limits());
    let mut known = proven(&connections, 1);
    let mut held: Vec<_> = (2..=4).map(|host| proven(&connections, host)).collect();
    known.0.mark_unproven();
    assert!(!known.0.is_proven());
    let _fifth = take(&connections, 5).expect("a slot");
    assert!(must_leave(&mut known) && !held.iter_mut().any(must_leave));
    held[0].0.mark_unproven();
    held[0].0.mark_proven();
    assert!(held[0].0.is_proven());
}
