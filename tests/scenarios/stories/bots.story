> An event with `is_bot: true` creates nothing, changes nothing, qualifies nothing; it is counted.
> `is_bot` leaves none.

2026-11-04 00:00 mia did page_viewed /pricing is_bot=true
2026-11-04 00:01 noa form demo-request
    2026-11-04T00:01:00 noa: null → inquiry (cycle 0, 0 + 40 points; event /story#2)
2026-11-04 00:02 noa did page_viewed /pricing is_bot=true country=JP
