> `null` in an optional member is absence, except as a value inside `profile`, where it removes (also in a form's profile).
> Profile values that are lists, objects, or numbers of more than 18 digits or 6 decimal places are ignored (counted); other numbers go out as they came in, compared by value without floats.
> Empty text is a value.
> A bool is not a number; 300 equals 300.0.

show data/profile

2026-11-04 00:00 mia profile country=JP employees=300.0 company="" n=1234567890123456789 m=0.1234567 l=[300] vip=true
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 50 + 0 points; event /story#1)
2026-11-04 00:01 mia form call-me vip=null x=0.10 campaign=null
    2026-11-04T00:01:00 mia: inquiry → marketing-qualified (cycle 1, 50 + 5 points; event /story#2, rule call-me)
    2026-11-04T00:01:00 mia-1-1 handed to ana of tokyo, to be answered by 2026-11-04T04:01:00; not ben not-their-turn
        data/profile: {"company":"","country":"JP","employees":300.0,"x":0.10}
2026-11-04 00:02 noa profile employees=true
    2026-11-04T00:02:00 noa: null → inquiry (cycle 0, 0 + 0 points; event /story#3)
2026-11-04 00:03 noa form demo-request
