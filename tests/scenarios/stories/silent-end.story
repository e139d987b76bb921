> A cycle that ends by other than a response ends its timers silently.
> Blocks and refused consent after the handoff change nothing that is open.

~ responses = []

2026-11-04 00:00 mia form demo-request country=JP
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
2026-11-04 00:01 mia consents no
2026-11-04 00:02 mia profile company="Rival KK"
2026-11-04 00:03 sales contacted mia-1-1
    2026-11-04T00:03:00 mia: marketing-qualified → sales-accepted (cycle 1, 20 + 40 points; event /story#4)
    2026-11-04T00:03:00 feedback on mia-1-1: contacted, rep ana, working_seconds 180
