//! Touches: how often an engagement rule matched on which day.
//!
//! Rules are kept by key, not by place, so that touches outlive policies.

use super::bytes::{Malformed, Reader, Writer};
use super::form::Form;
use super::terms::RuleKey;

/// No policy counts touches older than this (contract §8, Limits).
pub(crate) const LONGEST_MEMORY_DAYS: i32 = 3_650;

/// A rule matched this often on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) rule: RuleKey,
    /// Of the event time, as a UTC day number.
    pub(crate) day: i32,
    pub(crate) count: u32,
}

/// All touches of a lead, sorted by rule and day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touches(Vec<Touch>);

impl Touches {
    /// One more; nothing if no policy could count it any more.
    pub(crate) fn add(&mut self, rule: RuleKey, day: i32, today: i32) {
        let oldest = today.saturating_sub(LONGEST_MEMORY_DAYS);
        if self.0.iter().any(|touch| touch.day < oldest) {
            self.0.retain(|touch| touch.day >= oldest);
        }
        if day < oldest {
            return;
        }
        match self
            .0
            .binary_search_by_key(&(rule, day), |touch| (touch.rule, touch.day))
        {
            Ok(found) => {
                if let Some(touch) = self.0.get_mut(found) {
                    touch.count = touch.count.saturating_add(1);
                }
            }
            Err(place) => self.0.insert(place, Touch { rule, day, count: 1 }),
        }
    }

    /// The touches of each rule.
    pub(crate) fn by_rule(&self) -> impl Iterator<Item = (RuleKey, &[Touch])> {
        self.0
            .chunk_by(|one, next| one.rule == next.rule)
            .filter_map(|group| Some((group.first()?.rule, group)))
    }

    pub(crate) fn write(&self, writer: &mut Writer, form: Form) {
        let changes = self
            .0
            .windows(2)
            .filter(|pair| matches!(pair, [one, next] if one.rule != next.rule));
        writer.uint((changes.count() + usize::from(!self.0.is_empty())) as u64);
        for (rule, group) in self.by_rule() {
            writer.raw(&rule.0);
            writer.uint(group.len() as u64);
            let mut previous = form.day();
            for touch in group {
                writer.int(i64::from(touch.day) - previous);
                writer.uint(touch.count.into());
                previous = touch.day.into();
            }
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>, form: Form) -> Result<Self, Malformed> {
        let mut touches = Vec::new();
        let rules = reader.uint()?;
        for left in (1..=rules).rev() {
            let rule = RuleKey(reader.array()?);
            if form.is_first() {
                // It wrote two bytes more of a rule's name.
                reader.raw(2)?;
            }
            let mut day = form.day();
            let days = reader.uint()?;
            if touches.len().saturating_add(days as usize) >= touches.capacity() {
                // Rules of a lead are touched about equally often, and one more may be added.
                touches.reserve(reader.0.len().min(days.saturating_mul(left) as usize) + 1);
            }
            for _ in 0..days {
                day = day.checked_add(reader.int()?).ok_or(Malformed)?;
                touches.push(Touch {
                    rule,
                    day: i32::try_from(day).map_err(|_| Malformed)?,
                    count: reader.u32()?,
                });
            }
        }
        Ok(Self(touches))
    }
}
