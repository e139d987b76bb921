//! Clients that have lost every broker are told again where to begin.
//!
//! A broker that its controller has just given up answers with a list of brokers in which there is
//! none. librdkafka then lets go of every broker it knew, those it was configured with too, and looks
//! for none again (its issue 5301); the process would stand still until it is started anew. Only
//! clients that have had trouble are looked at.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::Client;

/// How often clients with trouble are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a broker has to answer before its client is told again.
const ANSWER_WAIT: Duration = Duration::from_millis(500);

type Clients = Mutex<Vec<Weak<Client>>>;

static CLIENTS: OnceLock<Clients> = OnceLock::new();

/// Looks after this client as long as it lives.
pub(super) fn keep(client: &Arc<Client>) {
    static THREAD: OnceLock<()> = OnceLock::new();
    let clients = CLIENTS.get_or_init(Clients::default);
    lock(clients).push(Arc::downgrade(client));
    THREAD.get_or_init(|| {
        let thread = std::thread::Builder::new().name("keeper".to_owned());
        if let Err(error) = thread.spawn(move || go_round(clients)) {
            tracing::warn!(%error, "clients that lose every broker will not find one again");
        }
    });
}

/// A member that goes must answer everything first and then go at once, so nobody may hold on to it.
pub(super) fn let_go(client: &Client) {
    if let Some(clients) = CLIENTS.get() {
        lock(clients).retain(|known| !std::ptr::eq(known.as_ptr(), client));
    }
}

fn go_round(clients: &Clients) {
    loop {
        std::thread::sleep(LOOK_EVERY);
        lock(clients).retain(|client| client.strong_count() > 0);
        let mut number = 0;
        while look_at(&lock(clients), number) {
            number += 1;
        }
    }
}

/// False where there is no such client. What is looked at is let go before the lock is.
fn look_at(clients: &[Weak<Client>], number: usize) -> bool {
    let Some(client) = clients.get(number) else {
        return false;
    };
    if let Some(client) = client.upgrade()
        && client.shared().takes_doubt()
        && !client.reminded(ANSWER_WAIT)
    {
        client.shared().doubt();
    }
    true
}

fn lock(clients: &Clients) -> MutexGuard<'_, Vec<Weak<Client>>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
