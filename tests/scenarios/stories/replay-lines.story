> A line that isn't JSON, lacks `at` or goes back in time: exit status 1, naming the line; an empty line is skipped.
> In `replay`: one journal partition; a dead letter is `tasuki.dead-letter.v1` with data `{reason, detail, record}`.

2026-11-04 00:00 mia did page_viewed
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 0 + 0 points; event /story#1)
2026-11-04 00:01 line nonsense
    exit status 1: line 1: not JSON
2026-11-04 00:02 line {"event":{}}
    exit status 1: line 1: `at` is missing
2026-11-03 00:00 clock
    exit status 1: line 1: `at` is earlier than that of the line before
2026-11-04 00:03 mia form call-me country=JP
    2026-11-04T00:03:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#2, rule call-me)
    2026-11-04T00:03:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:03:00; not ben not-their-turn
