//! Every decoder on nearly right bytes: none panics, none hangs, none takes memory that its input
//! does not explain, and what it reads it writes again.
//!
//! `FUZZ_EXECUTIONS` is how often each decoder is run, `FUZZ_SEED` draws others, `FUZZ_DECODER` names
//! the only one to be run, `FUZZ_TRACE=1` writes down each input before it is run, for what ends the
//! process. An input that says something
//! new becomes a seed itself. What was found once stands in `found/` and is run first.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail loudly")]

mod decoders;
mod mutate;
mod ours;
mod seeds;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use decoders::Decoder;
use tasuki::log::simulated::chance::Chance;

/// As in production.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs of each decoder where nothing else is said.
const EXECUTIONS: u64 = 5_000;
/// Inputs that were new, at most.
const LEARNED_MAX: usize = 2_000;
/// One input may take so long; on a machine that others use, once in so many times.
const PATIENCE: Duration = Duration::from_secs(5);
const TIMES: u32 = 3;
/// Memory that this whole program may ever have taken.
const MIB_MAX: u64 = 1024;
const TELL_EVERY: Duration = Duration::from_secs(30);

fn setting(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.replace('_', "").parse().unwrap())
}

/// Runs each of these decoders as often as asked.
fn run(decoders: Vec<Decoder>) {
    let executions = setting("FUZZ_EXECUTIONS").unwrap_or(EXECUTIONS);
    let seed = setting("FUZZ_SEED").unwrap_or(1);
    let only = std::env::var("FUZZ_DECODER").ok();
    let failed: Vec<String> = decoders
        .into_iter()
        .filter(|decoder| only.as_ref().is_none_or(|only| only == decoder.name))
        .filter_map(|mut decoder| Run::new(&mut decoder, seed).all(executions).err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

struct Run<'a> {
    decoder: &'a mut Decoder,
    chance: Chance,
    inputs: Vec<Vec<u8>>,
    said: BTreeSet<u64>,
    trace: Option<PathBuf>,
}

impl<'a> Run<'a> {
    fn new(decoder: &'a mut Decoder, seed: u64) -> Self {
        let name = decoder
            .name
            .bytes()
            .fold(seed, |mixed, byte| mixed.wrapping_mul(31) + u64::from(byte));
        let trace = setting("FUZZ_TRACE").map(|_| written(decoder.name, "last"));
        Self {
            inputs: decoder.seeds.clone(),
            decoder,
            chance: Chance::new(name),
            said: BTreeSet::new(),
            trace,
        }
    }

    /// What was found once, the seeds as they are, then bent ones.
    fn all(&mut self, executions: u64) -> Result<(), String> {
        for input in found(self.decoder.name) {
            self.one(&input)?;
        }
        for input in self.inputs.clone() {
            self.one(&input)?;
        }
        let begun = Instant::now();
        let mut told = begun;
        for number in 0..executions {
            let [seed, other] = [(); 2].map(|()| self.chance.below(self.inputs.len() as u64) as usize);
            let input = mutate::bent(&mut self.chance, &self.inputs[seed], &self.inputs[other]);
            if self.one(&input)? && self.inputs.len() < LEARNED_MAX {
                self.inputs.push(input);
            }
            if told.elapsed() > TELL_EVERY {
                told = Instant::now();
                self.tell(number, executions, begun);
            }
        }
        self.tell(executions, executions, begun);
        let taken = most_memory();
        assert!(taken <= MIB_MAX, "{} led to {taken} MiB of memory", self.decoder.name);
        Ok(())
    }

    /// Runs one input; true if it says something new.
    fn one(&mut self, input: &[u8]) -> Result<bool, String> {
        if let Some(trace) = &self.trace {
            fs::write(trace, input).unwrap();
        }
        let mut said = Ok(0);
        for _ in 0..TIMES {
            let begun = Instant::now();
            said = catch_unwind(AssertUnwindSafe(|| (self.decoder.run)(input)));
            match said {
                Ok(said) if begun.elapsed() <= PATIENCE => return Ok(self.said.insert(said)),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let path = written(self.decoder.name, &blake3::hash(input).to_hex()[..16]);
        fs::write(&path, input).unwrap();
        let what = if said.is_err() { "panicked" } else { "took too long" };
        Err(format!("{} {what} on {}", self.decoder.name, path.display()))
    }

    #[expect(clippy::print_stdout, reason = "progress of a long run")]
    fn tell(&self, done: u64, of: u64, begun: Instant) {
        let seconds = begun.elapsed().as_secs();
        let (name, said) = (self.decoder.name, self.said.len());
        println!("{name}: {done} of {of} executions in {seconds} s, {said} different answers, no fault");
    }
}

/// Where an input is kept.
fn written(decoder: &str, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{decoder}-{name}"))
}

/// Inputs that a decoder failed on once: files in `found/` that begin with its name.
fn found(decoder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let ours = files.filter(|file| file.file_name().to_string_lossy().starts_with(&format!("{decoder}-")));
    ours.map(|file| fs::read(file.path()).unwrap()).collect()
}

/// The most memory that this process ever had, in MiB.
fn most_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

#[test]
fn records_of_sources() {
    run(decoders::records());
}

#[test]
fn payloads_of_platforms() {
    run(decoders::payloads());
}

#[test]
fn requests() {
    run(decoders::requests());
}

#[test]
fn what_we_wrote_ourselves() {
    run(ours::our_own());
}

#[test]
fn what_is_remembered() {
    run(ours::memory());
}

#[test]
fn files_that_people_write() {
    run(ours::files());
}

#[test]
fn times_and_json() {
    run(ours::small());
}
