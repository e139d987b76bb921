//! Routes: which team gets a lead. The first match wins.

use super::cycle::Taken;
use super::profile::Profile;
use super::terms::Terms;

/// The route of a lead with this profile. The last route of a policy matches everyone; none only
/// if there is no route.
pub(crate) fn choose(terms: &Terms, profile: &Profile<'_>) -> Option<Taken> {
    let route = terms.policy.routes.iter().find(|route| profile.holds(&route.when))?;
    let mut needs = route.needs.clone();
    needs.sort_unstable();
    needs.dedup();
    Some(Taken {
        name: route.name.clone(),
        team: terms.policy.teams.get(route.team)?.id.clone(),
        needs,
        owner_from: route.owner_from.clone(),
    })
}
