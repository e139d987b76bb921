//! Points: a function of touches, profile, policy and day, and of nothing else (contract §3).

use super::event::{Reason, Score};
use super::policy::EngagementRule;
use super::profile::Profile;
use super::terms::Terms;
use super::touches::{Touch, Touches};

/// A touch's weight where nothing decays.
const FULL: u32 = 1 << 31;

/// `round(2^31 · 2^(−k/64))` for k from 0.
const WEIGHTS: [u32; 64] = [
    2_147_483_648,
    2_124_350_982,
    2_101_467_502,
    2_078_830_522,
    2_056_437_387,
    2_034_285_470,
    2_012_372_174,
    1_990_694_927,
    1_969_251_188,
    1_948_038_440,
    1_927_054_196,
    1_906_295_993,
    1_885_761_398,
    1_865_448_001,
    1_845_353_420,
    1_825_475_297,
    1_805_811_301,
    1_786_359_126,
    1_767_116_489,
    1_748_081_133,
    1_729_250_827,
    1_710_623_359,
    1_692_196_547,
    1_673_968_228,
    1_655_936_265,
    1_638_098_541,
    1_620_452_965,
    1_602_997_467,
    1_585_730_000,
    1_568_648_537,
    1_551_751_076,
    1_535_035_634,
    1_518_500_250,
    1_502_142_985,
    1_485_961_921,
    1_469_955_159,
    1_454_120_821,
    1_438_457_051,
    1_422_962_010,
    1_407_633_882,
    1_392_470_869,
    1_377_471_191,
    1_362_633_090,
    1_347_954_824,
    1_333_434_672,
    1_319_070_932,
    1_304_861_917,
    1_290_805_962,
    1_276_901_417,
    1_263_146_652,
    1_249_540_052,
    1_236_080_024,
    1_222_764_986,
    1_209_593_378,
    1_196_563_654,
    1_183_674_286,
    1_170_923_762,
    1_158_310_587,
    1_145_833_280,
    1_133_490_379,
    1_121_280_436,
    1_109_202_018,
    1_097_253_708,
    1_085_434_106,
];

/// What the touches of one rule come to.
struct Tally {
    points: i64,
    touches: u32,
    last_day: i32,
}

/// Points for what they did, not below 0.
pub(crate) fn engagement(terms: &Terms, touches: &Touches, today: i32) -> i64 {
    let rules = touches
        .by_rule()
        .filter_map(|(key, group)| Some((terms.rule(key)?.1, group)));
    let values = rules.filter_map(|(rule, group)| Some(tally(terms, rule, group, today)?.points));
    values.fold(0_i64, i64::saturating_add).max(0)
}

/// Points for who they are, not below 0.
pub(crate) fn fit(terms: &Terms, profile: &Profile<'_>) -> i64 {
    let rules = terms.policy.fit.iter().filter(|rule| profile.holds(&rule.when));
    rules.map(|rule| rule.points).sum::<i64>().max(0)
}

/// The whole score, with its reasons.
pub(crate) fn score(terms: &Terms, touches: &Touches, profile: &Profile<'_>, today: i32) -> Score {
    let mut tallies: Vec<_> = touches
        .by_rule()
        .filter_map(|(key, group)| {
            let (place, rule) = terms.rule(key)?;
            Some((place, &rule.rule, tally(terms, rule, group, today)?))
        })
        .collect();
    tallies.sort_unstable_by_key(|(place, ..)| *place);
    let did = tallies.into_iter().map(|(_, rule, tally)| Reason {
        rule: rule.clone(),
        points: tally.points,
        touches: Some(tally.touches),
        last_day: Some(tally.last_day),
    });
    let is = terms.policy.fit.iter().filter(|rule| profile.holds(&rule.when));
    let is = is.map(|rule| Reason {
        rule: rule.rule.clone(),
        points: rule.points,
        touches: None,
        last_day: None,
    });
    Score {
        fit: fit(terms, profile),
        engagement: engagement(terms, touches, today),
        reasons: did.chain(is).collect(),
    }
}

/// Whether a touch of this day counts for a rule today; only age decides.
pub(crate) fn counts(terms: &Terms, rule: &EngagementRule, day: i32, today: i32) -> bool {
    let age = age(day, today);
    age <= terms.policy.forget_after_days && rule.within_days.is_none_or(|within| age <= within)
}

/// None if no touch counts.
fn tally(terms: &Terms, rule: &EngagementRule, touches: &[Touch], today: i32) -> Option<Tally> {
    let mut sum = 0_i128;
    let mut number = 0_u32;
    let mut last_day = None;
    for touch in touches.iter().filter(|touch| counts(terms, rule, touch.day, today)) {
        let weight = weight(age(touch.day, today), rule.half_life_days);
        sum += i128::from(rule.points) * i128::from(touch.count) * i128::from(weight);
        number = number.saturating_add(touch.count);
        last_day = last_day.max(Some(touch.day));
    }
    let points = i64::try_from(sum / i128::from(FULL)).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX });
    let points = match rule.at_most {
        Some(limit) => points.clamp(-limit.max(0), limit.max(0)),
        None => points,
    };
    Some(Tally {
        points,
        touches: number,
        last_day: last_day?,
    })
}

fn age(day: i32, today: i32) -> u32 {
    u32::try_from(today.saturating_sub(day)).unwrap_or(0)
}

fn weight(age_days: u32, half_life_days: Option<u32>) -> u32 {
    let Some(half_life) = half_life_days.filter(|days| *days > 0 && age_days > 0) else {
        return FULL;
    };
    let steps = 64 * u64::from(age_days) / u64::from(half_life);
    match steps / 64 {
        shifts @ 0..31 => WEIGHTS.get((steps % 64) as usize).copied().unwrap_or(0) >> shifts,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(age_days: u32, half_life: Option<u32>, expected: u32) {
        assert_eq!(weight(age_days, half_life), expected);
    }

    #[test]
    fn a_half_life_halves() {
        check(0, Some(30), FULL);
        check(30, Some(30), FULL / 2);
        check(60, Some(30), FULL / 4);
        check(15, Some(30), 1_518_500_250);
        check(45, Some(30), 1_518_500_250 / 2);
    }

    #[test]
    fn without_a_half_life_nothing_decays() {
        check(3_650, None, FULL);
    }

    #[test]
    fn thirty_one_half_lives_leave_nothing() {
        check(30, Some(1), FULL >> 30);
        check(31, Some(1), 0);
        check(3_650, Some(1), 0);
    }

    #[test]
    fn the_table_is_the_rounded_power() {
        // w[k]^64 · 2^k = (2^31)^64 within rounding: compare neighbours by cross products instead.
        for pair in WEIGHTS.windows(3) {
            let [a, b, c] = pair else { unreachable!() };
            let (a, b, c) = (u128::from(*a), u128::from(*b), u128::from(*c));
            assert!((a * c).abs_diff(b * b) < 3 * a, "the ratio is constant");
        }
        let (first, last) = (u64::from(WEIGHTS[0]), u64::from(WEIGHTS[63]));
        assert!(last > first / 2 && last * u64::from(WEIGHTS[1]) / first == first / 2 || last * 2 > first);
    }
}
