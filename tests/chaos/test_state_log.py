"""The state log as tests/chaos/state_log.py reads it, on the bytes that Tasuki's own tests hold fast."""

import os
import unittest

from state_log import Living
from state_watch import Written

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="ascii") as file:
        # In the first version a name stands before the bytes.
        return [bytes.fromhex(line.split()[-1]) for line in file]


class StateLogTest(unittest.TestCase):
    def test_every_golden_record_is_read_to_its_end(self):
        for name, turns in (("state.v1.txt", set()), ("state.v2.txt", {300})):
            living = Living()
            for offset, record in enumerate(golden(name)):
                living.take(offset, len(record), record)
            # Bytes of key and image; one more, of the key 4, is gone.
            self.assertEqual(living.images, {b"\x01\x02": 3, bytes([99]): 3, bytes([100]): 3})
            self.assertEqual((living.bytes(), living.turns), (9 + 5, turns))

    def test_a_record_that_is_cut_is_refused(self):
        record = golden("state.v2.txt")[0]
        for size in range(2, len(record)):
            with self.assertRaises((ValueError, IndexError)):
                Living().take(0, size, record[:size])

    def test_what_is_deleted_does_not_count(self):
        written = Written()
        for offset in range(10):
            written.take(offset, 100, b"")
        self.assertEqual([written.bytes(0), written.bytes(7)], [1_000, 300])


if __name__ == "__main__":
    unittest.main()
