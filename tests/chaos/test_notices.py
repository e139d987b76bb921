"""What measures notices is not blind: each thing that must not be is seen in made-up records."""

import contextlib
import io
import json
import os
import sys
import unittest
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))

from harness import Checks  # noqa: E402
from notices import DEAD_LETTERS, Promises, examine, report  # noqa: E402

END = 1_800_000_000.0
RESPOND_BY = "2027-01-15T08:00:00.000Z"


def record(kind, handoff, seen, topic="sales.sla"):
    payload = {"handoff_id": handoff, "sla": {"respond_by": RESPOND_BY}}
    return {"topic": topic, "headers": [("ce_type", f"tasuki.{kind}.v1")], "payload": json.dumps(payload), "seen": seen, "ts": seen * 1_000}


def breach(handoff, late=0.5):
    return record("sla.breached", handoff, END + late)


HANDED_OFF = [record("lead.handed-off", handoff, END - 5) for handoff in ("kept", "broken", "late")]
ANSWERED = {"kept": END - 0.001, "late": END + 0.001}
BREACHES = [breach("broken"), breach("late")]


def failed(records, answered=ANSWERED, pace=1_000, fault=None):
    """How many checks fail."""
    checks, crowd = Checks(), SimpleNamespace(pace=pace, events=9, lead=3)
    promises = Promises(records, answered)
    with contextlib.redirect_stdout(io.StringIO()):
        examine(crowd, promises, checks, 2)
        report(promises, crowd, None, fault, checks)
    return checks.failed


class NoticesTest(unittest.TestCase):
    def test_what_is_right_passes(self):
        self.assertEqual(failed(HANDED_OFF + BREACHES), 0)

    def test_each_fault_is_seen_alone(self):
        whole = HANDED_OFF + BREACHES
        for records in (whole[1:], whole[:-1], whole + BREACHES[:1], whole + [breach("kept")], whole + HANDED_OFF[:1],
                        HANDED_OFF + [BREACHES[0], breach("late", -0.001)], HANDED_OFF + [BREACHES[0], breach("late", 1.1)],
                        whole + [{**BREACHES[0], "topic": DEAD_LETTERS, "headers": []}]):
            self.assertEqual(failed(records), 1)
        self.assertEqual(failed(whole, pace=900), 1)
        self.assertEqual(failed(HANDED_OFF + [BREACHES[0], breach("late", 29)], fault="kill"), 0)


if __name__ == "__main__":
    unittest.main()
