> `not_before`: compared with the event's time.

~ requalify_after_days = 30\nnot_before = "2026-11-01T00:00:00Z"

2026-11-04 00:00 mia form demo-request country=JP @2026-10-31T23:59:59.999
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 20 + 36 points; event /story#1)
2026-11-04 00:01 mia did page_viewed @2026-11-01T00:00
