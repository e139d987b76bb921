//! Clients that have lost every broker are told again where to begin.
//!
//! A broker that its controller has just given up answers with a list of brokers in which there is
//! none. librdkafka then lets go of every broker it knew, those it was configured with too, and looks
//! for none again (its issue 5301); the process would stand still until it is started anew. Only
//! clients that have had trouble are looked at.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::ffi::Client;

/// How often clients with trouble are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a broker has to answer before its client is told again.
const ANSWER_WAIT: Duration = Duration::from_millis(500);

type Clients = Mutex<Vec<Weak<Client>>>;

/// Looks after this client as long as it lives.
pub(super) fn keep(client: &Arc<Client>) {
    static CLIENTS: OnceLock<Clients> = OnceLock::new();
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

fn go_round(clients: &Clients) {
    loop {
        std::thread::sleep(LOOK_EVERY);
        let living: Vec<Arc<Client>> = {
            let mut clients = lock(clients);
            clients.retain(|client| client.strong_count() > 0);
            clients.iter().filter_map(Weak::upgrade).collect()
        };
        for client in living {
            if client.shared().takes_doubt() && !client.reminded(ANSWER_WAIT) {
                client.shared().doubt();
            }
        }
    }
}

fn lock(clients: &Clients) -> std::sync::MutexGuard<'_, Vec<Weak<Client>>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
