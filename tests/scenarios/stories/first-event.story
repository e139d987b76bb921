> A lead's first event makes it an `inquiry` (stage change from null).
> A lead is created by form, engagement, profile and consent events.

2026-11-04 09:00 mia did page_viewed /pricing
    2026-11-04T09:00:00 mia: null → inquiry (cycle 0, 0 + 10 points; event /story#1)
2026-11-04 09:01 mia did page_viewed /pricing
2026-11-04 09:02 noa profile country=JP
    2026-11-04T09:02:00 noa: null → inquiry (cycle 0, 20 + 0 points; event /story#3)
2026-11-04 09:03 hana consents yes
    2026-11-04T09:03:00 hana: null → inquiry (cycle 0, 0 + 0 points; event /story#4)
2026-11-04 09:04 jun form newsletter
    2026-11-04T09:04:00 jun: null → inquiry (cycle 0, 0 + 0 points; event /story#5)
