//! A gauge of which each loop of the process shows its own part.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use prometheus::GaugeVec;

/// For each label the greatest value that a loop shows.
#[derive(Debug)]
pub struct Greatest {
    gauges: GaugeVec,
    /// By label and loop.
    parts: Mutex<BTreeMap<(&'static str, String), f64>>,
}

impl Greatest {
    pub(super) fn of(gauges: GaugeVec) -> Self {
        Self {
            gauges,
            parts: Mutex::default(),
        }
    }

    /// What a loop shows under a label from now on, if anything.
    pub fn show(&self, label: &'static str, by: &str, value: Option<f64>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = (label, by.to_owned());
        match value {
            Some(value) => parts.insert(part, value),
            None => parts.remove(&part),
        };
        let shown = parts.iter().filter(|((other, _), _)| *other == label);
        match shown.map(|(_, value)| *value).reduce(f64::max) {
            Some(greatest) => self.gauges.with_label_values(&[label]).set(greatest),
            None => {
                // Where it was not shown, there is nothing to take away.
                let _none = self.gauges.remove_label_values(&[label]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Opts;

    use super::*;

    #[test]
    fn the_greatest_stands_until_whoever_shows_it_shows_less() {
        let gauges = GaugeVec::new(Opts::new("lag", "Lag"), &["role"]).unwrap();
        let (greatest, shown) = (Greatest::of(gauges.clone()), || {
            let families = prometheus::core::Collector::collect(&gauges);
            families[0]
                .get_metric()
                .first()
                .map(|metric| metric.get_gauge().get_value())
        });
        greatest.show("forms", "intake.0", Some(5.0));
        greatest.show("forms", "intake.1", Some(2.0));
        assert_eq!(shown(), Some(5.0));
        greatest.show("forms", "intake.0", Some(1.0));
        assert_eq!(shown(), Some(2.0));
        greatest.show("forms", "intake.1", None);
        assert_eq!(shown(), Some(1.0));
        greatest.show("forms", "intake.0", None);
        assert_eq!(shown(), None);
    }
}
