"""How long the state log is beside what lives of it, looked at each second from outside.

    python3 tests/chaos/state_watch.py ADDRESS      of a broker at work, a line for each partition
"""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))

from harness import DIES_WITH_US  # noqa: E402
from state_log import Living  # noqa: E402

TOPIC = "tasuki.state"
READ_WAIT = 10
# What must hold: for shards of this size, behind so many turns.
LIVES_MIN, TURNS_MIN, RATIO_MAX = 1 << 20, 5, 4.0


class Written:
    """The sizes of all records of one partition, those of lost transactions too."""

    def __init__(self):
        self.sizes, self.last = deque(), -1

    def take(self, offset, size, _):
        self.last = offset
        self.sizes.append((offset, size))

    def bytes(self, start):
        while self.sizes and self.sizes[0][0] < start:
            self.sizes.popleft()
        return sum(size for _, size in self.sizes)


class Follower(threading.Thread):
    """Reads the log while it grows; from its start again when kcat ends because the broker is gone."""

    def __init__(self, address, kind, isolation, form):
        super().__init__(daemon=True)
        self.kind, self.partitions, self.lock = kind, {}, threading.Lock()
        self.words = [*DIES_WITH_US, "kcat", "-C", "-q", "-u", "-b", address, "-t", TOPIC, "-o", "beginning", "-f", form,
                      "-X", f"isolation.level={isolation}", "-X", "auto.offset.reset=earliest"]
        self.start()

    def run(self):
        while True:
            with self.lock:
                self.partitions = defaultdict(self.kind)
            with subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as kcat:
                for line in iter(kcat.stdout.readline, b""):
                    partition, offset, size, carried = map(int, line.split())
                    value = kcat.stdout.read(size * carried)
                    if len(value) == size * carried:
                        with self.lock:
                            self.partitions[partition].take(offset, size, value)
            time.sleep(0.3)


class StateLog(threading.Thread):
    """Compares the two each second, wherever both are up to date."""

    def __init__(self, address, told=None):
        super().__init__(daemon=True)
        self.address, self.told = address, told
        self.living = Follower(address, Living, "read_committed", r"%p %o %S 1\n%s")
        self.written = Follower(address, Written, "read_uncommitted", r"%p %o %S 0\n")
        self.turns, self.seen = defaultdict(set), {}
        self.samples, self.worst = 0, 0.0
        self.start()

    def verdict(self, checks):
        """What was seen of shards that are large enough."""
        checks.that(self.is_alive() and self.living.is_alive() and self.written.is_alive(), "every record of the state log could be read")
        with self.living.lock:
            lives = sorted(living.bytes() for living in self.living.partitions.values())
        print(f"state log: {self.samples} samples of shards of {LIVES_MIN >> 20} MiB and more behind {TURNS_MIN} turns; "
              f"at most {self.worst:.2f} times what lives, {max(map(len, self.turns.values()))} turns; "
              f"now {lives[0] / 1024:.0f} to {lives[-1] / 1024:.0f} KiB live in a shard")
        if self.samples:
            checks.that(self.worst <= RATIO_MAX, f"the state log is at most {RATIO_MAX:.0f} times what lives", f"{self.worst:.2f} times")

    def run(self):
        while True:
            time.sleep(1)
            # Nothing is seen while the broker is gone.
            with contextlib.suppress(subprocess.SubprocessError):
                starts = self._starts()
                with self.living.lock, self.written.lock:
                    for partition, start in starts.items():
                        self._sample(partition, start)

    def _starts(self):
        """Below these offsets everything is deleted."""
        with self.living.lock:
            places = [word for partition in self.living.partitions for word in ("-t", f"{TOPIC}:{partition}:-2")]
        asked = subprocess.run(["kcat", "-b", self.address, "-Q", *places], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=READ_WAIT, check=True)
        return {int(partition): int(offset) for partition, offset in re.findall(r"\[(\d+)\] offset (\d+)", asked.stdout)}

    def _sample(self, partition, start):
        living, written = self.living.partitions[partition], self.written.partitions[partition]
        # One that has not come as far as the other was before would show too little.
        is_up_to_date = living.last >= self.seen.get(partition, sys.maxsize)
        self.seen[partition] = written.last
        self.turns[partition] |= living.turns
        lives, log, turns = living.bytes(), written.bytes(start), len(self.turns[partition])
        if self.told:
            self.told(f"partition {partition}: {log} bytes, {lives} of {len(living.images)} entities live, "
                      f"{turns} turns{'' if is_up_to_date else ', not up to date'}")
        if is_up_to_date and lives >= LIVES_MIN and turns >= TURNS_MIN:
            self.samples += 1
            self.worst = max(self.worst, log / lives)


if __name__ == "__main__":
    StateLog(sys.argv[1], lambda line: print(line, flush=True)).join()
