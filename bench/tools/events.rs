//! Made-up events of 300 bytes: each a function of its number alone, so any stretch can be made
//! anywhere, again.
//!
//! The first events introduce the leads, one form each. After them come page views, e-mails,
//! webinars, forms and changed profiles of leads that are picked with a skew (the busiest hundredth
//! gets a tenth of the events); one in fifty is an earlier event sent again, one in three hundred
//! asks for a demo, which qualifies at once.

use std::fmt::Write as _;
use std::io::Write;
use std::ops::Range;

use clap::{Args, ValueEnum};

use crate::{Trouble, resting};

/// How long an event is.
pub(crate) const EVENT_BYTES: usize = 300;
const SEED: u64 = 20_261_128;
/// Out of a thousand.
const SENT_AGAIN: u64 = 20;
/// One in so many asks for a demo.
const DEMO_EVERY: u64 = 300;
/// An event sent again is at most so many events old.
const AGAIN_WITHIN: u64 = 1_000;
const PAGES: &[&str] = &[
    "/",
    "/blog/a-long-read",
    "/pricing",
    "/pricing/enterprise",
    "/docs/start",
    "/docs/kafka",
    "/guides/handoff",
    "/about",
    "/careers",
    "/customers",
    "/product",
    "/contact",
];
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 \
    Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0 Mozilla/5.0 (Macintosh; Intel Mac OS X \
    14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15 Edg/130.0";

/// What the events are like.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// The reference job's.
    Mixed,
    /// Two rounds of all leads, after which they are at rest (`resting.rs`).
    Resting,
    /// A lead each that asks for a demo, and is handed off: those below the number of leads work for
    /// large companies, later ones for small ones.
    Open,
}

/// Which events.
#[derive(Args, Clone)]
pub(crate) struct Span {
    /// How many leads there are.
    #[arg(long, default_value_t = 200_000)]
    pub(crate) leads: u64,
    /// The first event's number; those below the number of leads introduce a lead each.
    #[arg(long, default_value_t = 0)]
    pub(crate) first: u64,
    /// How many events.
    #[arg(long)]
    pub(crate) count: u64,
    /// When the first happens, in milliseconds since 1970.
    #[arg(long)]
    pub(crate) at: i64,
    /// How many happen in a second; 0: all at the same time.
    #[arg(long, default_value_t = 0)]
    pub(crate) rate: u64,
    /// What they are like.
    #[arg(long, value_enum, default_value_t = Shape::Mixed)]
    pub(crate) shape: Shape,
}

impl Span {
    /// Writes them, one a line.
    pub(crate) fn print(&self, out: &mut impl Write) -> Result<(), Trouble> {
        let mut maker = Maker::new(self.clone());
        for number in self.numbers() {
            maker.make(number);
            writeln!(out, "{}", maker.text)?;
        }
        Ok(())
    }

    /// The numbers of the events.
    pub(crate) fn numbers(&self) -> Range<u64> {
        self.first..self.first + self.count
    }

    /// When the event of this number happens.
    pub(crate) fn time_of(&self, number: u64) -> i64 {
        let after = number.saturating_sub(self.first) * 1_000;
        self.at + after.checked_div(self.rate).unwrap_or(0) as i64
    }
}

/// Makes one event after the other, in the same place.
pub(crate) struct Maker {
    span: Span,
    /// The event.
    pub(crate) text: String,
    /// The lead's e-mail address.
    pub(crate) lead: String,
}

impl Maker {
    /// Of this span.
    pub(crate) fn new(span: Span) -> Self {
        Self {
            span,
            text: String::with_capacity(2 * EVENT_BYTES),
            lead: String::new(),
        }
    }

    /// The event of this number. Its id says which, and when it happened.
    pub(crate) fn make(&mut self, number: u64) {
        let told = self.told(number);
        let lead = self.lead_of(told);
        self.lead.clear();
        // Writing to a string cannot fail.
        let _written = match self.span.shape {
            Shape::Mixed => write!(self.lead, "lead-{lead:06}@example.com"),
            Shape::Resting | Shape::Open => write!(self.lead, "lead-{lead:07}@example.com"),
        };
        self.text.clear();
        let at = self.span.time_of(told);
        let (kind, body) = match self.span.shape {
            Shape::Mixed => self.body(told, lead),
            Shape::Resting => resting::body(told / self.span.leads, lead),
            Shape::Open => resting::open(lead < self.span.leads),
        };
        let _written = write!(
            self.text,
            r#"{{"specversion":"1.0","id":"{told:010}-{at}","source":"/web","type":"tasuki.{kind}.v1","data":{{"person":{{"email":"{}"}},{body}"#,
            self.lead
        );
        self.pad(told);
    }

    /// An event that is sent again has the number of the one before.
    fn told(&self, number: u64) -> u64 {
        let drawn = draw(number, 1);
        let is_again =
            self.span.shape == Shape::Mixed && number > self.span.leads + AGAIN_WITHIN && drawn % 1_000 < SENT_AGAIN;
        if is_again {
            number - 1 - draw(number, 2) % AGAIN_WITHIN
        } else {
            number
        }
    }

    fn lead_of(&self, number: u64) -> u64 {
        match self.span.shape {
            Shape::Mixed => {}
            Shape::Resting => return number % self.span.leads,
            Shape::Open => return number,
        }
        if number < self.span.leads {
            return number;
        }
        if number.is_multiple_of(DEMO_EVERY) {
            return draw(number, 3) % self.span.leads;
        }
        // The square of an even draw: rank r is picked in proportion to 1 / sqrt(r).
        let share = draw(number, 3) >> 32;
        let skewed = (share * share) >> 32;
        (skewed * self.span.leads) >> 32
    }

    /// What a lead says of its company is the same each time, so that no result hangs on the order.
    fn body(&self, number: u64, lead: u64) -> (&'static str, String) {
        let employees = 1 + draw(lead, 4) % 900;
        if number < self.span.leads {
            let body = format!(r#""form":"newsletter","profile":{{"employees":{employees},"country":"DE"}},"agent":""#);
            return ("form.submitted", body);
        }
        if number.is_multiple_of(DEMO_EVERY) {
            return ("form.submitted", r#""form":"demo-request","agent":""#.to_owned());
        }
        let page = PAGES[(draw(number, 5) % PAGES.len() as u64) as usize];
        let activity = |name: &str| {
            (
                "engagement.recorded",
                format!(r#""activity":"{name}","target":"{page}","agent":""#),
            )
        };
        match draw(number, 6) % 100 {
            0..62 => activity("page_viewed"),
            62..77 => activity("email_opened"),
            77..87 => activity("email_clicked"),
            87..90 => activity("webinar_attended"),
            90..95 => ("form.submitted", r#""form":"guide-download","agent":""#.to_owned()),
            _ => (
                "profile.changed",
                format!(r#""profile":{{"employees":{employees}}},"agent":""#),
            ),
        }
    }

    /// Fills the last text up, from another place each time.
    fn pad(&mut self, number: u64) {
        const END: &str = "\"}}";
        let room = EVENT_BYTES.saturating_sub(self.text.len() + END.len());
        let from = (draw(number, 7) % (AGENT.len() - EVENT_BYTES / 2) as u64) as usize;
        self.text.push_str(&AGENT[from..(from + room).min(AGENT.len())]);
        self.text.push_str(END);
    }
}

/// A number out of two: the same each time, without a visible order (SplitMix64).
pub(crate) fn draw(number: u64, what: u64) -> u64 {
    let mut mixed = SEED.wrapping_add(
        number
            .wrapping_mul(8)
            .wrapping_add(what)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15),
    );
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
