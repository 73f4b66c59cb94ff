//! Points in time, to the microsecond, and the windows that limits look through.

mod window;
mod calendar;
mod zone;
mod length;
mod point;

pub use calendar::{Calendar, CalendarUnit};
pub use length::{Length, NoLength};
pub use point::{MICROS_PER_SECOND, Time};
pub use window::Window;
pub use zone::{DATA_VERSION, UnknownZone, Zone};
