//! Ends the process when a blocking call outlives its limit.
//!
//! Some calls of the Kafka client can block for ever, whatever time-out they are given; a process
//! that is stuck in one holds its partitions and works on none. The rule: whoever blocks says
//! what it does and how long that may take at most, and a process that ends is started again.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The exit status of a process that ended itself because it was stuck.
pub const EXIT_STUCK: i32 = 70;
/// How long the watcher sleeps when nothing is being watched.
const IDLE_WAIT: Duration = Duration::from_hours(1);

/// A call being watched, until it is dropped.
#[must_use = "dropping it ends the watch"]
#[derive(Debug)]
pub struct Watch {
    number: u64,
}

#[derive(Default)]
struct Watched {
    next: u64,
    calls: BTreeMap<u64, Call>,
    sleeps_until: Option<Instant>,
}

struct Call {
    name: &'static str,
    limit: Duration,
    until: Instant,
}

struct Guard {
    watched: Mutex<Watched>,
    changed: Condvar,
}

/// Watches a call named `name`; if the result isn't dropped within `limit`, the process ends with
/// `EXIT_STUCK`.
pub fn watch(name: &'static str, limit: Duration) -> Watch {
    let guard = guard();
    let mut watched = lock(&guard.watched);
    let number = watched.next;
    watched.next += 1;
    let until = Instant::now() + limit;
    watched.calls.insert(number, Call { name, limit, until });
    // Calls are short and limits long, so the watcher is nearly never woken.
    if watched.sleeps_until.is_none_or(|wakes_at| until < wakes_at) {
        guard.changed.notify_one();
    }
    Watch { number }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&guard().watched).calls.remove(&self.number);
    }
}

/// Says why to stderr and ends the process at once.
pub fn die(reason: &str) -> ! {
    tracing::error!(reason, "stuck: this process ends itself");
    // Nobody is left to tell when stderr can't be written.
    if writeln!(std::io::stderr(), "tasuki: {reason}; this process ends itself").is_err() {
        std::process::exit(EXIT_STUCK);
    }
    std::process::exit(EXIT_STUCK)
}

fn guard() -> &'static Guard {
    static GUARD: OnceLock<Guard> = OnceLock::new();
    static THREAD: OnceLock<()> = OnceLock::new();
    let guard = GUARD.get_or_init(|| Guard {
        watched: Mutex::default(),
        changed: Condvar::new(),
    });
    THREAD.get_or_init(|| {
        let thread = std::thread::Builder::new().name("watchdog".to_owned());
        if let Err(error) = thread.spawn(move || stand_guard(guard)) {
            die(&format!("the watchdog could not start: {error}"));
        }
    });
    guard
}

fn stand_guard(guard: &Guard) {
    let mut watched = lock(&guard.watched);
    loop {
        let now = Instant::now();
        if let Some(call) = watched.calls.values().find(|call| call.until <= now) {
            die(&overdue(call.name, call.limit));
        }
        let wait = watched
            .calls
            .values()
            .map(|call| call.until - now)
            .min()
            .unwrap_or(IDLE_WAIT);
        watched.sleeps_until = Some(now + wait);
        watched = guard
            .changed
            .wait_timeout(watched, wait)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
}

fn overdue(name: &str, limit: Duration) -> String {
    format!("{name} has not come back after {} s", limit.as_secs())
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_comes_back_is_forgotten() {
        let watch = watch("a quick call", Duration::from_mins(1));
        let number = watch.number;
        assert!(lock(&guard().watched).calls.contains_key(&number));
        drop(watch);
        assert!(!lock(&guard().watched).calls.contains_key(&number));
    }

    #[test]
    fn an_overdue_call_is_named_with_its_limit() {
        let words = overdue("adding offsets to a transaction", Duration::from_secs(30));
        assert_eq!(words, "adding offsets to a transaction has not come back after 30 s");
    }
}
