> `lead_id` may be text or an integer (its decimal digits); used as given, untrimmed.
> Text that is empty after trimming is absent.
> E-mail: trim, NFKC, lower case, in this order.
> Identifiers do not yet join: what an anonymous id did stays with it (identity comes later; the README says so).
> `person`: the identifiers as last given.

show subject data/person

2026-11-04 00:00 event tasuki.form.submitted.v1 {"person":{"lead_id":7,"email":" Mia@EXAMPLE.com "},"form":"call-me","profile":{"country":"JP"}}
    2026-11-04T00:00:00 66dcdc8f070d719555ffc9f92cc5a3bd: null → inquiry (cycle 0, 20 + 5 points; event /story#1)
        subject: "66dcdc8f070d719555ffc9f92cc5a3bd"
    2026-11-04T00:00:00 66dcdc8f070d719555ffc9f92cc5a3bd: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#1, rule call-me)
        subject: "66dcdc8f070d719555ffc9f92cc5a3bd"
    2026-11-04T00:00:00 66dcdc8f070d719555ffc9f92cc5a3bd-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:00:00; not ben not-their-turn
        subject: "66dcdc8f070d719555ffc9f92cc5a3bd"
        data/person: {"email":" Mia@EXAMPLE.com ","lead_id":"7"}
2026-11-04 00:01 event tasuki.form.submitted.v1 {"person":{"lead_id":"7"},"form":"call-me"}
2026-11-04 00:02 event tasuki.form.submitted.v1 {"person":{"lead_id":" 7"},"form":"call-me"}
    2026-11-04T00:02:00 7840a58d87ab3438155ee72850382238: null → inquiry (cycle 0, 0 + 5 points; event /story#3)
        subject: "7840a58d87ab3438155ee72850382238"
    2026-11-04T00:02:00 7840a58d87ab3438155ee72850382238: inquiry → marketing-qualified (cycle 1, 0 + 5 points; event /story#3, rule call-me)
        subject: "7840a58d87ab3438155ee72850382238"
    2026-11-04T00:02:00 7840a58d87ab3438155ee72850382238-1-1 handed to carl of inside, to be answered by 2026-11-04T08:02:00; not dora not-their-turn
        subject: "7840a58d87ab3438155ee72850382238"
        data/person: {"lead_id":" 7"}
2026-11-04 00:03 event tasuki.form.submitted.v1 {"person":{"lead_id":"  ","email":" Ｍｉａ@Example.com"},"form":"call-me","profile":{"country":"JP"}}
    2026-11-04T00:03:00 bc64003c6aca0120abd10f292f849433: null → inquiry (cycle 0, 20 + 5 points; event /story#4)
        subject: "bc64003c6aca0120abd10f292f849433"
    2026-11-04T00:03:00 bc64003c6aca0120abd10f292f849433: inquiry → marketing-qualified (cycle 1, 20 + 5 points; event /story#4, rule call-me)
        subject: "bc64003c6aca0120abd10f292f849433"
    2026-11-04T00:03:00 bc64003c6aca0120abd10f292f849433-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:03:00; not ana not-their-turn
        subject: "bc64003c6aca0120abd10f292f849433"
        data/person: {"email":" Ｍｉａ@Example.com"}
2026-11-04 00:04 mia did page_viewed
2026-11-04 00:05 anon:x did page_viewed
    2026-11-04T00:05:00 anon:x: null → inquiry (cycle 0, 0 + 0 points; event /story#6)
        subject: "anon:x"
2026-11-04 00:06 mia+anon:x did page_viewed
2026-11-04 00:07 event tasuki.form.submitted.v1 {"person":{"email":" "},"form":"call-me"}
    2026-11-04T00:07:00 dead letter: invalid-data, `person` has none of lead_id, email, anonymous_id
