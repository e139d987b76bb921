//! What librdkafka knows of its settings, asked without a client.

use std::ffi::c_char;
use std::ptr::NonNull;

use super::{TEXT_BYTES, c_text, rd, text_of};

/// Why librdkafka does not take a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It knows none of this name.
    Unknown,
    /// It has something against the value, in its words.
    Value(String),
}

/// Settings that belong to no client yet.
struct Conf(NonNull<rd::rd_kafka_conf_t>);

impl Conf {
    fn new() -> Option<Self> {
        // SAFETY: what is made here is destroyed on drop.
        NonNull::new(unsafe { rd::rd_kafka_conf_new() }).map(Self)
    }
}

impl Drop for Conf {
    fn drop(&mut self) {
        // SAFETY: it was given to no client.
        unsafe { rd::rd_kafka_conf_destroy(self.0.as_ptr()) }
    }
}

/// Why librdkafka does not take this setting; none if it does.
pub(in crate::log) fn refusal(name: &str, value: &str) -> Option<Refusal> {
    use rd::rd_kafka_conf_res_t::{RD_KAFKA_CONF_INVALID, RD_KAFKA_CONF_OK, RD_KAFKA_CONF_UNKNOWN};
    let conf = Conf::new()?;
    let (Ok(name), Ok(value)) = (c_text(name), c_text(value)) else {
        return Some(Refusal::Value("it holds a zero byte".to_owned()));
    };
    let mut text: [c_char; TEXT_BYTES] = [0; TEXT_BYTES];
    // SAFETY: both strings end with a zero, and the buffer is as long as it is said to be.
    let result = unsafe {
        rd::rd_kafka_conf_set(
            conf.0.as_ptr(),
            name.as_ptr(),
            value.as_ptr(),
            text.as_mut_ptr(),
            text.len(),
        )
    };
    match result {
        RD_KAFKA_CONF_OK => None,
        RD_KAFKA_CONF_UNKNOWN => Some(Refusal::Unknown),
        // SAFETY: librdkafka ended the text with a zero.
        RD_KAFKA_CONF_INVALID => Some(Refusal::Value(unsafe { text_of(text.as_ptr()) })),
    }
}

/// Other names that librdkafka takes, but does not list.
const ALIASES: &[&str] = &[
    "compression.type",
    "linger.ms",
    "sasl.mechanism",
    "ssl.endpoint.identification.algorithm",
];

/// The names of settings: all that librdkafka has a value for, and usual aliases.
pub(in crate::log) fn names() -> Vec<String> {
    let Some(conf) = Conf::new() else {
        return Vec::new();
    };
    let aliases = ALIASES.iter().map(|name| (*name).to_owned());
    let mut count = 0;
    // SAFETY: the list holds so many strings, each name before its value, until it is given back.
    unsafe {
        let list = rd::rd_kafka_conf_dump(conf.0.as_ptr(), &raw mut count);
        let listed = (0..count).step_by(2).map(|place| text_of(*list.add(place)));
        let names = listed.chain(aliases).collect();
        rd::rd_kafka_conf_dump_free(list, count);
        names
    }
}
