use super::*;

fn limits() -> Limits {
    Limits { max_connections: 4, max_connections_per_address: 3, max_handshakes: 3, ..Limits::default() }
}

fn seats(limits: Limits) -> Arc<Seats> {
    Seats::new(limits, Arc::new(Metrics::new()))
}

type Taken = (Seat, oneshot::Receiver<Order>);

/// A seat for 10.0.0.`host`.
fn take(seats: &Arc<Seats>, host: u8) -> Option<Taken> {
    seats.take(IpAddr::from([10, 0, 0, host]))
}

fn connected(seats: &Arc<Seats>, host: u8) -> Taken {
    let taken = take(seats, host).expect("a seat");
    taken.0.finish_handshake();
    taken
}

fn proven(seats: &Arc<Seats>, host: u8) -> Taken {
    let taken = connected(seats, host);
    taken.0.mark_proven();
    taken
}

fn must_leave((_, orders): &mut Taken) -> bool {
    orders.try_recv() == Ok(Order::Leave)
}

#[test]
fn the_oldest_that_has_proven_nothing_makes_room() {
    let seats = seats(limits());
    let mut known = proven(&seats, 1);
    let mut first = connected(&seats, 2);
    let mut second = take(&seats, 3).expect("a seat");
    let mut third = connected(&seats, 4);
    let fifth = connected(&seats, 5);
    assert_eq!(
        [&mut known, &mut first, &mut second, &mut third].map(must_leave),
        [false, true, false, false]
    );
    drop(first);
    fifth.0.mark_proven();
    let _sixth = connected(&seats, 6);
    assert_eq!(
        [&mut known, &mut second, &mut third].map(must_leave),
        [false, true, false],
        "a handshake is no proof"
    );
    assert_eq!(seats.table().len(), 4);
}

#[test]
fn those_that_are_proven_keep_their_seats() {
    let seats = seats(limits());
    let mut held: Vec<_> = (1..=4).map(|host| proven(&seats, host)).collect();
    assert!(take(&seats, 5).is_none());
    assert!(!held.iter_mut().any(must_leave));
    held.pop();
    assert!(take(&seats, 5).is_some(), "a seat that is given back is free");
}

#[test]
fn an_address_has_no_more_than_its_share_and_pays_for_itself() {
    let seats = seats(limits());
    let mut other = connected(&seats, 9);
    let mut of_one: Vec<_> = (0..3).map(|_| connected(&seats, 1)).collect();
    let _fourth = connected(&seats, 1);
    assert!(!must_leave(&mut other), "older, and of another address");
    assert_eq!(of_one.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false, false]);
    let full = seats_of_proven();
    assert!(take(&full.0, 1).is_none() && take(&full.0, 2).is_some());
}

fn seats_of_proven() -> (Arc<Seats>, Vec<Taken>) {
    let seats = seats(limits());
    let held = (0..3).map(|_| proven(&seats, 1)).collect();
    (seats, held)
}

#[test]
fn handshakes_make_room_for_newer_ones() {
    let seats = seats(Limits { max_connections: 100, ..limits() });
    let mut done = connected(&seats, 1);
    let mut pending: Vec<_> = (2..=4).map(|host| take(&seats, host).expect("a seat")).collect();
    assert!(!pending.iter_mut().any(must_leave));
    let _next = take(&seats, 5).expect("a seat");
    assert_eq!(pending.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false, false]);
    assert!(!must_leave(&mut done));
}

#[test]
fn connections_come_no_faster_than_their_rate() {
    let rate = std::num::NonZeroU32::new(5).expect("a rate");
    let seats = seats(Limits { connection_rate_per_address: rate, ..limits() });
    let taken = (0..6).map(|_| take(&seats, 1).is_some()).collect::<Vec<_>>();
    assert_eq!(taken, [true, true, true, true, true, false]);
    assert!(take(&seats, 2).is_some());
}

#[test]
fn at_the_end_all_are_told_and_nobody_sits_down() {
    let seats = seats(limits());
    let mut held = [proven(&seats, 1), connected(&seats, 2), take(&seats, 3).expect("a seat")];
    seats.drain();
    assert!(held.iter_mut().all(|(_, orders)| orders.try_recv() == Ok(Order::Drain)));
    assert!(take(&seats, 4).is_none());
}

/// Whoever was told to leave gives its seat back a second time when it is gone.
#[test]
fn a_seat_is_given_back_once() {
    let seats = seats(limits());
    let mut held: Vec<_> = (1..=4).map(|host| connected(&seats, host)).collect();
    let _fifth = connected(&seats, 5);
    let first = held.remove(0);
    let tally = Arc::clone(&first.0.tally);
    drop(first);
    assert_eq!((seats.table().len(), tally.connections.load(Ordering::Relaxed)), (4, 0));
}

/// Else whoever connects fast enough would end every handshake before it can be made.
#[test]
fn handshakes_of_an_origin_with_many_make_room_first() {
    let seats = seats(Limits { max_connections: 100, ..limits() });
    let mut oldest = take(&seats, 1).expect("a seat");
    let mut of_one: Vec<_> = (0..2).map(|_| take(&seats, 2).expect("a seat")).collect();
    let _fourth = take(&seats, 3).expect("a seat");
    assert!(!must_leave(&mut oldest), "older, and alone of its address");
    assert_eq!(of_one.iter_mut().map(must_leave).collect::<Vec<_>>(), [true, false]);
    drop(of_one);
    assert_eq!(oldest.0.tally.handshakes.load(Ordering::Relaxed), 1);
    oldest.0.finish_handshake();
    assert_eq!(oldest.0.tally.handshakes.load(Ordering::Relaxed), 0, "and is none any more");
}

#[test]
fn what_was_proven_does_not_count_once_something_else_came() {
    let seats = seats(limits());
    let mut known = proven(&seats, 1);
    let mut held: Vec<_> = (2..=4).map(|host| proven(&seats, host)).collect();
    known.0.mark_unproven();
    assert!(!known.0.is_proven());
    let _fifth = take(&seats, 5).expect("a seat");
    assert!(must_leave(&mut known) && !held.iter_mut().any(must_leave));
    held[0].0.mark_unproven();
    held[0].0.mark_proven();
    assert!(held[0].0.is_proven());
}
