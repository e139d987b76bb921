> Profile attributes, consent, `person`'s identifiers: the value with the latest event time stands, a null being a value; at equal times the later in the journal.

show data/profile/company

2026-11-04 00:00 mia profile country=JP company=New @2026-11-03T12:00
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 0 points; event /story#1)
2026-11-04 00:01 mia profile company=Old @2026-11-03T11:00
2026-11-04 00:02 mia form call-me @2026-11-03T13:00
    2026-11-04T00:02:00 mia: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#3, rule call-me)
    2026-11-04T00:02:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:02:00; not ben not-their-turn
        data/profile/company: "New"
2026-11-04 00:03 noa profile country=JP company=First @2026-11-03T12:00
    2026-11-04T00:03:00 noa: null → inquiry (cycle 0, 20 + 0 points; event /story#4)
2026-11-04 00:04 noa profile company=Second @2026-11-03T12:00
2026-11-04 00:05 noa form call-me
    2026-11-04T00:05:00 noa: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#6, rule call-me)
    2026-11-04T00:05:00 noa-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:05:00; not ana not-their-turn
        data/profile/company: "Second"
2026-11-04 00:06 hana profile country=JP company=Gone @2026-11-03T11:00
    2026-11-04T00:06:00 hana: null → inquiry (cycle 0, 20 + 0 points; event /story#7)
2026-11-04 00:07 hana profile company=null @2026-11-03T12:00
2026-11-04 00:08 hana form call-me
    2026-11-04T00:08:00 hana: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#9, rule call-me)
    2026-11-04T00:08:00 hana-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:08:00; not ben not-their-turn
