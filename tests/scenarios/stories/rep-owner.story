> If `owner_from` names an eligible rep of the team, that rep.
> Forms, activities, `owner_from` values and reject reasons compare after NFKC and lower-casing; `target_prefix`, skills and attribute names exactly.

2026-11-04 00:00 a form demo-request country=JP account_owner=ＢＥＮ
    2026-11-04T00:00:00 a: null → inquiry (cycle 0, 20 + 40 points; event /story#1)
    2026-11-04T00:00:00 a: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#1, rule thresholds)
    2026-11-04T00:00:00 a-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:00:00; not ana not-their-turn
2026-11-04 00:01 b form demo-request country=jp account_owner=ben
    2026-11-04T00:01:00 b: null → inquiry (cycle 0, 20 + 40 points; event /story#2)
    2026-11-04T00:01:00 b: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#2, rule thresholds)
    2026-11-04T00:01:00 b-1-1 handed to ben of tokyo, to be answered by 2026-11-04T04:01:00; not ana not-their-turn
2026-11-04 00:02 c form demo-request country=JP account_owner=ben
    2026-11-04T00:02:00 c: null → inquiry (cycle 0, 20 + 40 points; event /story#3)
    2026-11-04T00:02:00 c: inquiry → marketing-qualified (cycle 1, 20 + 40 points; event /story#3, rule thresholds)
    2026-11-04T00:02:00 c-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:02:00; not ben at-capacity
2026-11-04 00:03 d form "DEMO-Request" country=JP account_owner=carl
    2026-11-04T00:03:00 d: null → inquiry (cycle 0, 20 + 0 points; event /story#4)
