> `forget_after_days`, `fit_at_least`, `engagement_at_least`, `requalify_after_days` (≥ 1) are required; a fast track's `fit_at_least` is 0 if absent.
> `half_life_days`, `within_days` ≥ 1, `at_most` ≥ 1.
> Rule names are unique over engagement and fit together.
> A fast track names an engagement rule.

~ forget_after_days = 0
~ half_life_days = 0
~ requalify_after_days = 0
~ - fit_at_least = 20
| [[score.fit]]
| rule = "demo"
| when = [{ attribute = "x", present = true }]
| points = 1
| [[qualify.fast_track]]
| rule = "large"
| [[score.engagement]]
| rule = "limits"
| activity = ["x"]
| points = 1
| at_most = 0
| within_days = 0
check
    policy:5:21: `forget_after_days` is too small; write a whole number from 1 to 3650
    policy:12:18: `half_life_days` is too small; write a whole number from 1 to 3650
    policy:41:1: `fit_at_least` is missing in [qualify]; add `fit_at_least`, a whole number from -1000000 to 1000000
    policy:43:24: `requalify_after_days` is too small; write a whole number from 1 to 3650
    policy:117:8: the rule `demo` appears twice; rename one of them; the other is on line 8
    policy:121:8: the fast track `large` is a fit rule; name a rule of [[score.engagement]]: a fast track is for what people do
    policy:126:11: `at_most` is too small; write a whole number from 1 to 1000000
    policy:127:15: `within_days` is too small; write a whole number from 1 to 3650
