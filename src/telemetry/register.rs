//! Makes metrics, and remembers what they are so that the documents can be compared.

use prometheus::core::Collector;
use prometheus::{
    Error, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry,
};

/// One metric, as the documents list it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The name with its prefix.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// What it says.
    pub help: &'static str,
    /// Bounds of a histogram.
    pub bounds: &'static [f64],
}

/// Makes metrics, registers them and remembers what they are.
pub(super) struct Builder {
    prefix: &'static str,
    pub(super) registry: Registry,
    pub(super) described: Vec<Described>,
}

impl Builder {
    /// For metrics whose names all begin with `prefix` and an underscore.
    pub(super) fn new(prefix: &'static str) -> Result<Self, Error> {
        Ok(Self {
            prefix,
            registry: Registry::new_custom(Some(prefix.to_owned()), None)?,
            described: Vec::new(),
        })
    }

    pub(super) fn counter(&mut self, name: &str, help: &'static str) -> Result<IntCounter, Error> {
        let metric = IntCounter::new(name, help)?;
        self.add((name, "counter"), &[], help, &[], &metric)?;
        Ok(metric)
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        labels: &[&'static str],
        help: &'static str,
    ) -> Result<IntCounterVec, Error> {
        let metric = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.add((name, "counter"), labels, help, &[], &metric)?;
        Ok(metric)
    }

    pub(super) fn gauges(
        &mut self,
        name: &str,
        labels: &[&'static str],
        help: &'static str,
    ) -> Result<IntGaugeVec, Error> {
        let metric = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.add((name, "gauge"), labels, help, &[], &metric)?;
        Ok(metric)
    }

    pub(super) fn float_gauges(
        &mut self,
        name: &str,
        labels: &[&'static str],
        help: &'static str,
    ) -> Result<GaugeVec, Error> {
        let metric = GaugeVec::new(Opts::new(name, help), labels)?;
        self.add((name, "gauge"), labels, help, &[], &metric)?;
        Ok(metric)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &'static str) -> Result<IntGauge, Error> {
        Ok(self.gauges(name, &[], help)?.with_label_values(NO_LABELS))
    }

    pub(super) fn float_gauge(&mut self, name: &str, help: &'static str) -> Result<Gauge, Error> {
        Ok(self.float_gauges(name, &[], help)?.with_label_values(NO_LABELS))
    }

    pub(super) fn histogram(
        &mut self,
        name: &str,
        bounds: &'static [f64],
        help: &'static str,
    ) -> Result<Histogram, Error> {
        Ok(self.histograms(name, &[], bounds, help)?.with_label_values(NO_LABELS))
    }

    pub(super) fn histograms(
        &mut self,
        name: &str,
        labels: &[&'static str],
        bounds: &'static [f64],
        help: &'static str,
    ) -> Result<HistogramVec, Error> {
        let metric = HistogramVec::new(HistogramOpts::new(name, help).buckets(bounds.to_vec()), labels)?;
        self.add((name, "histogram"), labels, help, bounds, &metric)?;
        Ok(metric)
    }

    fn add(
        &mut self,
        (name, kind): (&str, &'static str),
        labels: &[&'static str],
        help: &'static str,
        bounds: &'static [f64],
        metric: &(impl Collector + Clone + 'static),
    ) -> Result<(), Error> {
        self.described.push(Described {
            name: [self.prefix, "_", name].concat(),
            kind,
            labels: labels.to_vec(),
            help,
            bounds,
        });
        self.registry.register(Box::new(metric.clone()))
    }
}

const NO_LABELS: &[&str] = &[];
