"""What is measured: processor time and memory as the operating system counts them, and latencies."""

import os
import time
from collections import Counter

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process with all its threads, those that ended included."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_by_thread(pid):
    """The same by the names of the threads that run."""
    seconds = Counter()
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as file:
                head, _, rest = file.read().rpartition(")")
        except FileNotFoundError:
            continue
        fields = rest.split()
        seconds[head.partition("(")[2]] += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def busiest_thread(pid):
    """Seconds that the busiest thread ran, and that it waited for a core."""
    ran = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            ran.append([int(field) / 1e9 for field in file.read().split()[:2]])
    return max(ran)


class Idle:
    """What a process that has nothing to do takes of a core."""

    def __init__(self, pid):
        self.pid, self.cpu, self.begun = pid, cpu_seconds(pid), time.monotonic()

    def share(self):
        return (cpu_seconds(self.pid) - self.cpu) / (time.monotonic() - self.begun)


def memory_mib(pid):
    """What is resident, at most so far and right now."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmHWM", "VmRSS"))


def cause(record):
    """The number of the event behind a record, and when it happened, in milliseconds."""
    event = dict(record["headers"])["ce_causationid"].rpartition("#")[2]
    number, _, at = event.partition("-")
    return int(number), int(at)


def latencies_ms(records, first):
    """Sorted: from the timestamp of each event to its handoff in the hands of a reader.

    Only those caused by events from number `first` on.
    """
    causes = ((record, *cause(record)) for record in records)
    return sorted(record["seen"] * 1000 - at for record, number, at in causes if number >= first)


def share(ordered, percent):
    """The value that so many of a hundred stay within."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
