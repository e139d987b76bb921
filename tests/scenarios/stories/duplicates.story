> Duplicates: marked by the first accepted event, for exactly 7 × 86 400 000 ms of journal time, the end included; a duplicate doesn't lengthen it; equal (source, id) with other content is still a duplicate; dead letters leave no mark, events that changed nothing (a bot's, an erased one) do; roster events are deduplicated per rep.

2026-11-04 00:00 mia did page_viewed /pricing #same
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 0 + 10 points; event /story#same)
2026-11-11 00:00 mia form demo-request country=JP #same
2026-11-11 00:00:00.001 mia form demo-request country=JP #same
    2026-11-11T00:00:00.001Z mia: inquiry → marketing-qualified (cycle 1, 20 + 50 points; event /story#same, rule thresholds)
    2026-11-11T00:00:00.001Z mia-1-1 handed to ana of tokyo, to be answered by 2026-11-11T04:00:00.001Z; not ben not-their-turn
2026-11-12 00:00 roster zoe available=true #z
    2026-11-11T03:00:00.001Z mia-1-1 at-risk
    2026-11-11T04:00:00.001Z mia-1-1 breached
    2026-11-11T06:00:00.001Z mia-1-1 escalated
    2026-11-11T08:00:00.001Z mia-1-1 withdrawn from ana: deadline reassign
    2026-11-11T08:00:00.001Z mia-1-2 handed to ben of tokyo, to be answered by 2026-11-12T03:00:00.001Z; not ana refused-before
    2026-11-12T00:00:00 dead letter: unknown-rep, neither the policy nor the roster has named this rep
2026-11-12 00:01 roster zoe team=tokyo capacity=1 #z
2026-11-12 00:02 roster ana available=false #z
2026-11-12 00:03 noa did page_viewed is_bot=true #n
2026-11-12 00:04 noa form demo-request country=JP #n
