//! `tasuki serve` as a process of its own: started, killed and asked by a test, and gone when the
//! guard is dropped.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "each test program uses its part; tests may panic"
)]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a process may take until it is ready.
const READY_WAIT: Duration = Duration::from_mins(1);
/// How long a process may take to stop.
const STOP_WAIT: Duration = Duration::from_secs(30);
/// How long one request may take.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A folder under `target`, gone when it is dropped unless the test failed.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _none = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its path as text.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _kept = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The settings of a process, as variables of its environment.
pub type Variables = Vec<(String, String)>;

pub fn variables(pairs: &[(&str, &str)]) -> Variables {
    let variable = |(name, value): &(&str, &str)| (format!("TASUKI__{name}"), (*value).to_owned());
    pairs.iter().map(variable).collect()
}

/// A running process.
pub struct Tasuki {
    child: Child,
    port: u16,
    words: PathBuf,
    /// Where the words of this start begin in the file.
    begin: usize,
}

impl Tasuki {
    /// Starts it; its words go to `<name>.log` in the folder, behind those of earlier starts.
    pub fn start(folder: &Folder, name: &str, settings: &Variables) -> Self {
        let words = folder.path(&format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&words).unwrap();
        let begin = file.metadata().unwrap().len() as usize;
        let port = free_port();
        // The process ends with the thread that started it, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_tasuki"), "serve"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TASUKI__")) {
            command.env_remove(name);
        }
        command.envs(settings.iter().cloned());
        command.env("TASUKI__HTTP__ADDRESS", format!("127.0.0.1:{port}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let child = command.spawn().expect("setpriv of util-linux");
        Self {
            child,
            port,
            words,
            begin,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has said since it was started.
    pub fn words(&self) -> String {
        let bytes = std::fs::read(&self.words).unwrap_or_default();
        String::from_utf8_lossy(&bytes[self.begin.min(bytes.len())..]).into_owned()
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has said these words so many times.
    pub fn said(&mut self, what: &str, times: usize, within: Duration) -> bool {
        let until = Instant::now() + within;
        while self.words().matches(what).count() < times {
            if Instant::now() >= until || self.has_ended() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    pub fn is_ready(&self) -> bool {
        matches!(ask(self.port, "GET", "/readyz", "", b""), Ok((200, _)))
    }

    /// Waits until `/readyz` says so and it owns so many journal partitions.
    pub fn wait_ready(&mut self, owned: u32) {
        let until = Instant::now() + READY_WAIT;
        while !(self.is_ready() && self.metric("tasuki_partitions_owned") == u64::from(owned)) {
            assert!(!self.has_ended(), "tasuki ended: {}", self.words());
            assert!(Instant::now() < until, "tasuki is not ready: {}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The sum of every sample whose name and labels begin with this.
    pub fn metric(&self, begin: &str) -> u64 {
        self.sum(begin) as u64
    }

    /// The same of a metric in seconds.
    pub fn metric_millis(&self, begin: &str) -> u64 {
        (self.sum(begin) * 1_000.0) as u64
    }

    fn sum(&self, begin: &str) -> f64 {
        let Ok((200, body)) = ask(self.port, "GET", "/metrics", "", b"") else {
            return 0.0;
        };
        let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        let samples = body.lines().filter(|line| line.starts_with(begin));
        samples.filter_map(value).sum()
    }

    /// The numbers that label the samples of a gauge.
    pub fn labels(&self, gauge: &str) -> std::collections::BTreeSet<u32> {
        let (_, body) = ask(self.port, "GET", "/metrics", "", b"").unwrap();
        let label = |line: &str| line.strip_prefix(gauge)?.split('"').nth(1)?.parse().ok();
        body.lines().filter_map(label).collect()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and sees that it does so in good order.
    pub fn stop(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let until = Instant::now() + STOP_WAIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "stopped with {status}: {}", self.words());
                return;
            }
            assert!(Instant::now() < until, "it does not stop: {}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tasuki {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// A port nobody listens on, below those that the system gives out.
pub fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = 10_000 + (std::process::id() * 37 % 9_000) as u16;
    loop {
        let port = begin + NEXT.fetch_add(1, Ordering::Relaxed) % 900;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// One request, answered by status and body; a stream's body is what came until it fell silent.
pub fn ask(port: u16, method: &str, path: &str, kind: &str, body: &[u8]) -> std::io::Result<(u16, String)> {
    ask_within(port, (method, path, kind), body, ANSWER_WAIT)
}

fn ask_within(
    port: u16,
    (method, path, kind): (&str, &str, &str),
    body: &[u8],
    wait: Duration,
) -> std::io::Result<(u16, String)> {
    ask_with(port, &format!("{method} {path}"), &[("content-type", kind)], body, wait)
}

/// One `POST` with these headers.
pub fn post(port: u16, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<(u16, String)> {
    ask_with(port, &["POST ", path].concat(), headers, body, ANSWER_WAIT)
}

fn ask_with(
    port: u16,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    wait: Duration,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(wait))?;
    let length = body.len();
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let head = format!("{line} HTTP/1.0\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    let mut piece = vec![0; 65_536];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && !answer.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    status
        .map(|status| (status, body))
        .ok_or_else(|| std::io::Error::other("no answer"))
}

/// The outputs of a topic of the local log from `from` on, as structured CloudEvents.
pub fn stream(port: u16, topic: &str, from: u64) -> Vec<String> {
    let path = format!("/outputs/{topic}?from={from}");
    let silence = Duration::from_millis(250);
    let Ok((200, body)) = ask_within(port, ("GET", &path, ""), b"", silence) else {
        return Vec::new();
    };
    // What has no line feed behind it may have been cut off.
    let whole = body.rfind('\n').map_or("", |end| &body[..end]);
    whole
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(str::to_owned)
        .collect()
}
