//! A process that is stuck ends itself and says where.

use std::process::Command;
use std::time::Duration;

use tasuki::log::kafka::{KafkaLog, KafkaOptions};
use tasuki::watchdog::{EXIT_STUCK, watch};

const CHILD: &str = "TASUKI_TEST_STUCK";

#[test]
fn a_stuck_process_ends_with_its_own_status_and_words() {
    if std::env::var_os(CHILD).is_some() {
        get_stuck();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_stuck_process_ends_with_its_own_status_and_words",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(EXIT_STUCK), "{words}");
    assert!(
        words.contains("waiting for Godot has not come back after 0 s"),
        "{words}"
    );
}

/// With the Kafka client's threads alive, as it would be.
fn get_stuck() {
    std::thread::spawn(|| KafkaLog::connect(KafkaOptions::new("127.0.0.1:9")).is_ok());
    std::thread::sleep(Duration::from_millis(300));
    let short = watch("a quick call", Duration::from_millis(500));
    drop(short);
    let _watch = watch("waiting for Godot", Duration::from_millis(200));
    std::thread::sleep(Duration::from_mins(1));
}
