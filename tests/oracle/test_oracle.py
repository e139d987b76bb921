"""Cases computed by hand, for the oracle itself.

    python3 -m unittest discover -s tests/oracle
"""

import os
import sys
import unittest
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from blake3 import blake3, derive_key, keyed
from compare import difference
from lead import weight
from oracle import LineError, Oracle
from policy import Condition, duration
from text import DAY, Number, fold, read, read_time, show_time, write
from worktime import Calendar

POLICY = """
version = 3
name = "test"
[score]
forget_after_days = 180
[[score.engagement]]
rule = "demo"
form = ["demo-request"]
points = 40
[[score.engagement]]
rule = "visit"
activity = ["page_viewed"]
target_prefix = ["/pricing"]
points = 3
half_life_days = 10
[[score.fit]]
rule = "big"
when = [{ attribute = "employees", at_least = 300 }]
points = 30
[qualify]
fit_at_least = 30
engagement_at_least = 40
requalify_after_days = 2
[[qualify.fast_track]]
rule = "demo"
[[qualify.block]]
name = "rival"
when = [{ attribute = "company", one_of = ["Rival KK"] }]
[[route]]
name = "all"
team = "a"
owner_from = "account_owner"
[[team]]
id = "a"
calendar = "c"
OVERFLOW
[team.sla]
warn = "3h"
within = "4h"
escalate = "5h"
reassign = "6h"
reassign_at_most = 1
[[team]]
id = "b"
calendar = "c"
[team.sla]
within = "1h"
[[rep]]
id = "ana"
team = "a"
capacity = CAPACITY
[[rep]]
id = "ben"
team = "a"
weight = 2
capacity = CAPACITY
[[rep]]
id = "cy"
team = "b"
capacity = 1
[[calendar]]
id = "c"
always = true
[reject]
wrong = "reassign"
rival = "disqualify"
"""

HOURS = {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def tokyo(**changes):
    table = {"id": "t", "time_zone": "Asia/Tokyo", "hours": HOURS} | changes
    return Calendar(table, {"jp": set()})


class Story:
    """An oracle fed with short lines; remembers what came out."""

    def __init__(self, capacity=10, overflow=False):
        text = POLICY.replace("CAPACITY", str(capacity)).replace("OVERFLOW", 'overflow = "b"' if overflow else "")
        self.oracle = Oracle(text.encode())
        self.number = 0

    def clock(self, at):
        return self.oracle.line(write({"at": at}))

    def event(self, at, kind, data, **attributes):
        self.number += 1
        event = {"specversion": "1.0", "id": f"e{self.number}", "source": "s",
                 "type": f"tasuki.{kind}.v1", "data": data} | attributes
        return self.oracle.line(write({"at": at, "event": event}))

    def form(self, at, who="x@y.z", **more):
        attributes = more.pop("attributes", {})
        return self.event(at, "form.submitted", {"person": {"email": who}, "form": "Demo-Request"} | more, **attributes)

    def answer(self, at, outcome, **more):
        attributes = more.pop("attributes", {})
        return self.event(at, "follow-up.recorded", {"outcome": outcome} | more, **attributes)


def day(number, clock="00:00:00"):
    return f"2026-06-{number:02d}T{clock}Z"


def short(outputs):
    """The middle of each output's type, or for stage changes the new stage."""
    return [o["data"].get("to") or o["type"].split(".")[-2] for o in outputs]


class Blake3(unittest.TestCase):
    """Published vectors: input bytes 0, 1, … 250, 0, 1, …"""

    KEY = b"whats the Elvish word for friend"
    CONTEXT = "BLAKE3 2019-12-27 16:29:52 test vectors context"

    def check(self, length, plain, with_key, derived):
        data = bytes(i % 251 for i in range(length))
        self.assertEqual(blake3(data).hex(), plain)
        self.assertEqual(keyed(self.KEY, data).hex(), with_key)
        self.assertEqual(derive_key(self.CONTEXT, data).hex(), derived)

    def test_published_vectors(self):
        self.check(0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
                   "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
                   "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d")
        self.check(1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
                   "c951ecdf03288d0fcc96ee3413563d8a6d3589547f2c2fb36d9786470f1b9d6e",
                   "74a16c1c3d44368a86e1ca6df64be6a2f64cce8f09220787450722d85725dea5")
        self.check(1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
                   "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
                   "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb")
        self.check(3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3",
                   "68dede9bef00ba89e43f31a6825f4cf433389fedae75c04ee9f0cf16a427c95a",
                   "72613c9ec9ff7e40f8f5c173784c532ad852e827dba2bf85b2ab4b76f7079081")


class Text(unittest.TestCase):
    def test_times_are_cut_to_milliseconds(self):
        self.assertEqual(show_time(read_time("2026-01-01T09:00:00.12399+09:00")), "2026-01-01T00:00:00.123Z")
        self.assertEqual(read_time("1969-12-31T23:59:59.9999Z"), -1)
        for bad in ("", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z"):
            self.assertIsNone(read_time(bad))

    def test_text_compares_after_nfkc_and_lower_case(self):
        self.assertEqual(fold("Ｄｅｍｏ－Ｒequest ﬁ"), fold("demo-request FI"))

    def test_numbers_go_out_as_they_came_and_compare_by_value(self):
        self.assertEqual(write(read('{"a":300.0,"b":[1e2]}')), '{"a":300.0,"b":[1e2]}')
        condition = Condition({"attribute": "n", "equals": 300})
        self.assertTrue(condition.holds({"n": Number("300.0")}))
        self.assertFalse(condition.holds({"n": "300"}))
        self.assertFalse(Condition({"attribute": "n", "equals": 1}).holds({"n": True}))
        self.assertTrue(Condition({"attribute": "n", "present": False}).holds({}))

    def test_a_difference_is_found_by_place(self):
        self.assertIsNone(difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}))
        self.assertEqual(difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}), ".a[1].b")
        self.assertIn("order", difference({"a": 1, "b": 2}, {"b": 2, "a": 1}))


class WorkingTime(unittest.TestCase):
    def after(self, calendar, start, amount):
        return show_time(calendar.after(read_time(start), duration(amount)))

    def test_friday_evening_plus_four_hours_over_a_holiday_is_tuesday(self):
        # Friday 17:40 to 18:00 is 20 minutes; Monday is closed; Tuesday 09:00-12:00 is
        # three hours; the last 40 minutes end at 13:40, Tokyo time.
        calendar = tokyo(closed=["2026-07-20"])
        self.assertEqual(self.after(calendar, "2026-07-17T17:40:00+09:00", "4h"), "2026-07-21T04:40:00.000Z")

    def test_the_earliest_instant_is_the_end_of_a_block_not_the_next_block(self):
        self.assertEqual(self.after(tokyo(), "2026-07-17T09:00:00+09:00", "3h"), "2026-07-17T03:00:00.000Z")
        self.assertEqual(self.after(tokyo(), "2026-07-17T12:30:00+09:00", "1s"), "2026-07-17T04:00:01.000Z")

    def test_the_hour_that_the_clock_skips_is_no_working_time(self):
        # New York, 8 March 2026: 01:59 EST is followed by 03:00 EDT.
        calendar = Calendar({"id": "n", "time_zone": "America/New_York", "hours": {"sun": ["01:00-04:00"]}}, {})
        self.assertEqual(self.after(calendar, "2026-03-08T05:00:00Z", "2h"), "2026-03-08T08:00:00.000Z")

    def test_the_hour_that_the_clock_shows_twice_is_worked_twice(self):
        # New York, 1 November 2026: 01:00 to 02:00 passes twice, 05:00Z to 07:00Z.
        calendar = Calendar({"id": "n", "time_zone": "America/New_York", "hours": {"sun": ["01:00-02:00"]}}, {})
        self.assertEqual(self.after(calendar, "2026-11-01T00:00:00Z", "2h"), "2026-11-01T07:00:00.000Z")

    def test_a_half_hour_change(self):
        # Lord Howe, 4 October 2026: 02:00 (+10:30) becomes 02:30 (+11), at 15:30Z the day before.
        calendar = Calendar({"id": "l", "time_zone": "Australia/Lord_Howe", "hours": {"sun": ["01:30-03:00"]}}, {})
        self.assertEqual(self.after(calendar, "2026-10-03T12:00:00Z", "1h"), "2026-10-03T16:00:00.000Z")

    def test_shifted_and_walked_spans_agree(self):
        calendar = tokyo(hours={"mon": ["00:00-03:30"], "tue": ["22:15-24:00"], "sun": ["05:00-09:00"]})
        number = read_time("2026-07-19T00:00:00Z") // DAY
        for each in range(number, number + 9):
            walked = 0
            midnight = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=each)
            for low, high in calendar._walked_spans(each * DAY, midnight):
                walked += high - low
                self.assertTrue(any(a <= low and high <= b for a, b in calendar.spans(each)))
            self.assertEqual(walked, sum(b - a for a, b in calendar.spans(each)))

    def test_working_time_between(self):
        calendar = tokyo()
        start, end = read_time("2026-07-17T17:59:59.500+09:00"), read_time("2026-07-20T09:00:01+09:00")
        self.assertEqual(calendar.between(start, end), 1500)
        self.assertEqual(calendar.between(end, start), 0)


class Scoring(unittest.TestCase):
    def test_weights(self):
        self.assertEqual(weight(0, 10), 1 << 31)
        self.assertEqual(weight(10, 10), 1 << 30)
        self.assertEqual(weight(5, 10), 1518500250)
        self.assertEqual(weight(310, 10), 0)
        self.assertEqual(weight(9999, None), 1 << 31)

    def test_a_value_is_truncated_towards_zero(self):
        for points, expected in ((3, 1), (-3, -1)):
            story = Story()
            story.oracle.policy.engagement[1].points = points
            story.event(day(1), "engagement.recorded",
                        {"person": {"email": "x@y.z"}, "activity": "page_viewed", "target": "/pricing/x"})
            outputs = story.form(day(11))
            reasons = outputs[-1]["data"]["score"]["reasons"]
            self.assertEqual([(r["rule"], r["points"]) for r in reasons], [("demo", 40), ("visit", expected)])


class Stories(unittest.TestCase):
    def test_a_hand_raiser_is_handed_off(self):
        outputs = Story().form(day(1), message="hello")
        self.assertEqual(short(outputs), ["inquiry", "marketing-qualified", "handed-off"])
        data = outputs[-1]["data"]
        self.assertEqual((data["rep"], data["qualified"]["by"], data["message"]), ("ana", "demo", "hello"))
        self.assertEqual(data["passed_over"], [{"rep": "ben", "why": "not-their-turn"}])
        self.assertEqual([o["sequence"][-2:] for o in outputs], ["01", "02", "03"])

    def test_weighted_turns(self):
        # ben weighs 2 and so pays 500,000 a turn: ana, ben, ben, ana, ben, ben.
        story = Story()
        reps = [story.form(day(1), f"p{n}@y.z")[-1]["data"]["rep"] for n in range(6)]
        self.assertEqual(reps, ["ana", "ben", "ben", "ana", "ben", "ben"])

    def test_deadlines_fire_in_order_and_strictly_after(self):
        story = Story()
        story.form(day(1))
        self.assertEqual(story.clock(day(1, "03:00:00")), [])
        self.assertEqual(short(story.clock(day(1, "03:00:00.001"))), ["at-risk"])
        outputs = story.clock(day(2))
        self.assertEqual(short(outputs), ["breached", "escalated", "withdrawn", "handed-off",
                                          "at-risk", "breached", "escalated"])
        self.assertEqual([o["time"][11:13] for o in outputs], ["04", "05", "06", "06", "09", "10", "11"])
        data = outputs[3]["data"]
        self.assertEqual((data["rep"], data["attempt"], data["sla"]["reassign_at"]), ("ben", 2, None))
        self.assertTrue(outputs[3]["causationid"].endswith("-1-1/reassign"))

    def test_met_late_and_excused(self):
        handoff = "handoff_id"
        story = Story()
        named = story.form(day(1))[-1]["data"][handoff]
        self.assertEqual(short(story.answer(day(1, "04:00:00"), "contacted", handoff_id=named)),
                         ["at-risk", "met", "sales-accepted", "recorded"])
        self.assertEqual(story.clock(day(2)), [])

        story = Story()
        named = story.form(day(1))[-1]["data"][handoff]
        outputs = story.answer(day(1, "04:00:01"), "contacted", handoff_id=named)
        self.assertEqual(short(outputs), ["at-risk", "breached", "met", "sales-accepted", "recorded"])
        self.assertEqual(outputs[2]["data"]["late"], True)
        outputs = story.answer(day(1, "05:00:01"), "qualified", handoff_id=named,
                               attributes={"time": day(1, "04:00:00")})
        self.assertEqual(short(outputs), ["excused", "sales-qualified", "recorded"])
        self.assertEqual(outputs[0]["data"]["working_seconds"], 14400)

    def test_a_rejection_that_reassigns(self):
        story = Story()
        named = story.form(day(1))[-1]["data"]["handoff_id"]
        outputs = story.answer(day(1), "rejected", handoff_id=named, reason="WRONG")
        self.assertEqual(short(outputs), ["met", "withdrawn", "recorded", "handed-off"])
        self.assertEqual(outputs[-1]["data"]["passed_over"], [{"rep": "ana", "why": "refused-before"}])
        outputs = story.answer(day(1), "rejected", handoff_id=outputs[-1]["data"]["handoff_id"], reason="wrong")
        self.assertEqual(short(outputs), ["met", "recycled", "recorded"])
        self.assertEqual(outputs[1]["data"]["because"]["reason"], "wrong")

    def test_a_queue_is_served_in_order(self):
        story = Story(capacity=1)
        first = story.form(day(1), "1@y.z")[-1]["data"]["handoff_id"]
        story.form(day(1), "2@y.z")
        third, fourth = story.form(day(1), "3@y.z"), story.form(day(1), "4@y.z")
        self.assertEqual(short(third)[-1], "queued")
        outputs = story.answer(day(1), "lost", handoff_id=first)
        self.assertEqual(short(outputs), ["met", "lost", "recorded", "handed-off"])
        self.assertEqual(outputs[-1]["subject"], third[-1]["subject"])
        self.assertEqual(outputs[-1]["data"]["attempt"], 2)
        outputs = story.event(day(1), "rep.changed", {"rep": "ben", "capacity": Number("2")})
        self.assertEqual([o["subject"] for o in outputs], [fourth[-1]["subject"]])

    def test_overflow(self):
        story = Story(capacity=0, overflow=True)
        data = story.form(day(1), "1@y.z")[-1]["data"]
        self.assertEqual((data["team"], data["rep"]), ("b", "cy"))
        self.assertEqual([each["rep"] for each in data["passed_over"]], ["ana", "ben"])
        queued = story.form(day(1), "2@y.z")[-1]["data"]
        self.assertEqual((queued["team"], len(queued["passed_over"])), ("a", 3))

    def test_requalifying_after_days_in_milliseconds(self):
        story = Story()
        story.form(day(1))
        story.answer(day(1), "recycled", person={"email": "X@Y.Z "})
        self.assertEqual(short(story.form(day(2, "23:59:59.999"))), [])
        self.assertEqual(short(story.form(day(3))), ["marketing-qualified", "handed-off"])

    def test_duplicates_for_seven_days_the_end_included(self):
        story = Story()
        for at in (day(1), day(8), day(8, "00:00:00.001")):
            story.form(at, attributes={"id": "same"})
        self.assertEqual(story.oracle.coverage["duplicate at the window's end"], 1)
        self.assertEqual(story.oracle.coverage["same id after the window"], 1)

    def test_erasure(self):
        story = Story()
        named = story.form(day(1))[-1]["data"]["handoff_id"]
        outputs = story.event(day(1), "lead.erased", {"person": {"email": "x@y.z", "lead_id": Number("7")}})
        self.assertEqual([o["topic"] for o in outputs], ["leads.lifecycle", "leads.lifecycle", "sales.handoffs.a"])
        self.assertEqual(story.answer(day(2), "won", handoff_id=named), [])
        self.assertEqual(story.form(day(2), attributes={"time": day(1)}), [])
        outputs = story.form(day(2))
        self.assertEqual([o["data"]["cycle"] for o in outputs], [1, 2, 2])
        self.assertEqual(short(story.answer(day(2), "won", handoff_id=named[:-4] + "-9-1")), ["dead-letter"])

    def test_dead_letters_in_the_order_of_checks(self):
        story = Story()
        def reason(kind, data, **attributes):
            return story.event(day(1), kind, data, **attributes)[0]["data"]["reason"]
        self.assertEqual(reason("lead.made", {}, id=""), "not-cloudevents")
        self.assertEqual(reason("lead.made", {}, time="x"), "unknown-type")
        self.assertEqual(reason("lead.erased", {}, time="x"), "invalid-data")
        self.assertEqual(reason("follow-up.recorded", {"handoff_id": "x", "outcome": "won"}, time="x"), "invalid-time")
        self.assertEqual(reason("follow-up.recorded", {"handoff_id": "x", "outcome": "won"}), "unknown-handoff")
        self.assertEqual(reason("rep.changed", {"rep": "new", "team": "none"}), "unknown-team")
        self.assertEqual(reason("rep.changed", {"rep": "new"}), "unknown-rep")
        self.assertEqual(reason("rep.changed", {"rep": "new", "team": "a"}), "invalid-data")

    def test_lines_that_stop_the_replay(self):
        story = Story()
        story.clock(day(2))
        for line in ("{", "{}", write({"at": day(1)})):
            with self.assertRaises(LineError):
                story.oracle.line(line, 7)


if __name__ == "__main__":
    unittest.main()
