//! The policy in force, with what would otherwise be looked up again for every event.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fact::{Body, Outcome};
use super::policy::{EngagementMatch, EngagementRule, Policy, Team};
use super::profile::Profile;
use super::score;
use super::text::folded;

/// An engagement rule by its name, whatever policy names it: first bytes of BLAKE3 of the name. Among a
/// thousand rules two would be the same once in half a billion policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RuleKey(pub(crate) [u8; 6]);

impl RuleKey {
    pub(crate) fn of(rule: &str) -> Self {
        let mut key = [0; 6];
        blake3::Hasher::new()
            .update(rule.as_bytes())
            .finalize_xof()
            .fill(&mut key);
        Self(key)
    }
}

/// The policy in force and its indexes.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) policy: Arc<Policy>,
    keys: Vec<RuleKey>,
    by_key: Vec<(RuleKey, usize)>,
    teams: BTreeMap<String, usize>,
    /// The fit of somebody of whom no attribute is known.
    pub(crate) fit_of_nobody: i64,
}

impl Terms {
    pub(crate) fn new(policy: Arc<Policy>) -> Self {
        let keys: Vec<_> = policy.engagement.iter().map(|rule| RuleKey::of(&rule.rule)).collect();
        let mut by_key: Vec<_> = keys.iter().enumerate().map(|(place, key)| (*key, place)).collect();
        by_key.sort_unstable();
        let teams = policy.teams.iter().enumerate();
        let teams = teams.map(|(place, team)| (team.id.clone(), place)).collect();
        let mut made = Self {
            policy,
            keys,
            by_key,
            teams,
            fit_of_nobody: 0,
        };
        made.fit_of_nobody = score::fit(&made, &Profile::default());
        made
    }

    /// The key of the engagement rule at this place.
    pub(crate) fn key(&self, place: usize) -> Option<RuleKey> {
        self.keys.get(place).copied()
    }

    /// The engagement rule of this key and its place, if the policy still has it.
    pub(crate) fn rule(&self, key: RuleKey) -> Option<(usize, &EngagementRule)> {
        let found = self.by_key.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        let (_, place) = self.by_key.get(found)?;
        Some((*place, self.policy.engagement.get(*place)?))
    }

    /// The team of this id, if the policy has it.
    pub(crate) fn team(&self, id: &str) -> Option<&Team> {
        self.policy.teams.get(*self.teams.get(id)?)
    }

    /// Whether an outcome is a response by the team's list; a team no longer named has the default.
    pub(crate) fn is_response(&self, team: &str, outcome: Outcome) -> bool {
        match self.team(team) {
            Some(team) => team.sla.responses.contains(&outcome),
            None => !matches!(outcome, Outcome::Accepted | Outcome::Attempted),
        }
    }

    /// Whether an outcome frees the rep by the team's list; a team no longer named has the default.
    pub(crate) fn is_release(&self, team: &str, outcome: Outcome) -> bool {
        match self.team(team) {
            Some(team) => team.sla.releases.contains(&outcome),
            None => matches!(
                outcome,
                Outcome::Qualified
                    | Outcome::OpportunityCreated
                    | Outcome::Won
                    | Outcome::Lost
                    | Outcome::Rejected
                    | Outcome::Recycled
            ),
        }
    }

    /// Places of the engagement rules that an event matches, each once.
    pub(crate) fn matched(&self, body: &Body) -> Vec<usize> {
        let rules = self.policy.engagement.iter().enumerate();
        match body {
            Body::Form(form) => {
                let name = folded(&form.form);
                let matches = |rule: &EngagementRule| match &rule.matches {
                    EngagementMatch::Form(names) => names.iter().any(|one| *one == name),
                    EngagementMatch::Activity(..) => false,
                };
                rules
                    .filter(|(_, rule)| matches(rule))
                    .map(|(place, _)| place)
                    .collect()
            }
            Body::Engagement(engagement) => {
                let name = folded(&engagement.activity);
                let target = engagement.target.as_deref();
                let matches = |rule: &EngagementRule| match &rule.matches {
                    EngagementMatch::Form(_) => false,
                    EngagementMatch::Activity(names, prefixes) => {
                        names.iter().any(|one| *one == name) && begins(target, prefixes.as_deref())
                    }
                };
                rules
                    .filter(|(_, rule)| matches(rule))
                    .map(|(place, _)| place)
                    .collect()
            }
            Body::Profile(..) | Body::FollowUp(_) | Body::Rep(_) | Body::Consent(..) | Body::Erasure(_) => Vec::new(),
        }
    }
}

fn begins(target: Option<&str>, prefixes: Option<&[String]>) -> bool {
    prefixes
        .is_none_or(|prefixes| target.is_some_and(|target| prefixes.iter().any(|prefix| target.starts_with(prefix))))
}
