//! A real Kafka broker for a test: started on free ports, killed and started again at will, and
//! gone when the guard is dropped.

#![allow(dead_code, reason = "each test program uses its part")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bin/kafka");

/// A running broker and its directory.
pub struct Broker {
    address: String,
    directory: PathBuf,
}

impl Broker {
    /// Starts a fresh one; `settings` are broker settings as `key=value`.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_on(0, settings)
    }

    /// Starts a fresh one that also listens for the user `tasuki` with the password `right`.
    pub fn start_with_password() -> (Self, String) {
        let port = free_ports();
        let (controller, sasl) = (port + 1, port + 2);
        let jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required user_tasuki=\"right\";";
        let broker = Self::start_on(
            port,
            &[
                &format!(
                    "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},\
                     SASL_PLAINTEXT://127.0.0.1:{sasl}"
                ),
                &format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl}"),
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
                "sasl.enabled.mechanisms=PLAIN",
                &format!("listener.name.sasl_plaintext.plain.sasl.jaas.config={jaas}"),
            ],
        );
        (broker, format!("127.0.0.1:{sasl}"))
    }

    fn start_on(port: u16, settings: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{}-{number}", std::process::id()));
        let directory_text = directory.to_str().expect("a directory of plain text");
        let address = kafka(&[&["start", &port.to_string(), directory_text], settings].concat());
        Self { address, directory }
    }

    /// Starts a second broker in this one's cluster.
    pub fn join(&self) -> Self {
        let directory = self.directory.with_extension("second");
        let (of, new) = (
            self.directory.to_str().unwrap_or_default(),
            directory.to_str().unwrap_or_default(),
        );
        let address = kafka(&["join", of, new]);
        Self { address, directory }
    }

    /// Makes a topic of so many partitions that lie on one broker alone.
    pub fn make_topic_on(&self, broker: u32, topic: &str, partitions: u32) {
        let directory = self.directory.to_str().expect("a directory of plain text");
        kafka(&["place", directory, topic, &broker.to_string(), &partitions.to_string()]);
    }

    /// Where it answers.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it as a power cut would.
    pub fn kill(&self) {
        self.signal("-9");
    }

    /// Stops answering without closing any connection, until `resume`.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Goes on after `pause`.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Starts it once more on the same data and ports, after `kill` or `stop`.
    pub fn again(&self) {
        kafka(&["again", self.directory.to_str().expect("a directory of plain text")]);
    }

    /// Stops it in good order, keeping its data.
    pub fn stop(&self) {
        kafka(&["stop", self.directory.to_str().expect("a directory of plain text")]);
    }

    fn pid(&self) -> Option<String> {
        let pid = std::fs::read_to_string(self.directory.join("pid")).ok()?;
        Some(pid.trim().to_owned())
    }

    fn signal(&self, signal: &str) {
        let pid = self.pid().expect("a broker that was started");
        let status = Command::new("kill").args([signal, &pid]).status().expect("kill");
        assert!(status.success(), "kill {signal} {pid}");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            // It may have been killed already.
            let _gone = Command::new("kill").args(["-9", &pid]).stderr(Stdio::null()).status();
        }
        let _kept = std::fs::remove_dir_all(&self.directory);
    }
}

/// Three free ports in a row.
fn free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = 20_000 + (std::process::id() % 10_000) as u16;
    (first..first + 2_000)
        .step_by(3)
        .find(|port| (0..3).all(|more| is_free(port + more)))
        .expect("three free ports in a row")
}

fn kafka(arguments: &[&str]) -> String {
    let output = Command::new(SCRIPT)
        .args(arguments)
        .env("KAFKA_FOLLOW", std::process::id().to_string())
        .stderr(Stdio::inherit())
        .output()
        .expect("tests/bin/kafka");
    assert!(output.status.success(), "tests/bin/kafka {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
