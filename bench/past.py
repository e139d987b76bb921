"""Leads that a service remembers: how they come to be there, and the service that opens the log."""

import os
import re
import shutil
import statistics
import subprocess
import time
from datetime import datetime

import meter
import plain
from contenders import Sender, prepare, tools_of
from harness import DIES_WITH_US, clean, wait_for

FILL_WAIT = 3600
# What large companies wait for stays open for longer than anything is looked at.
LONG = plain.POLICY.replace('within = "3s"', 'within = "1920h"', 1)
SOURCES = ["marketing.form-submissions", "marketing.engagement", "sales.follow-ups", "sales.roster", "privacy.requests"]


def span(shape, leads, first, count, rate=0):
    words = {"shape": shape, "leads": leads, "first": first, "count": count, "at": int(time.time() * 1000), "rate": rate}
    return [word for name, value in words.items() for word in (f"--{name}", str(value))]


def bound(words, figure, limit, holds):
    """Prints a figure beside its bound."""
    print(f"{words}: {figure} (bound {limit}: {'holds' if holds else 'MISSED'})", flush=True)


def spread(values, form="{:.2f}"):
    words = [form.format(value) for value in (statistics.median(values), min(values), max(values))]
    return f"median {words[0]} ({words[1]} to {words[2]})"


class Local:
    """A local log, and what `tasuki serve` needs to open it."""

    def __init__(self, made, name, policy=plain.POLICY, settings=None):
        self.made, self.name = made, name
        self.environment = {"TASUKI__LOG": "local", "TASUKI__LOCAL__PATH": made.path(name + ".log"),
                            "TASUKI__POLICY__FILE": made.write(name + ".toml", policy), **(settings or {})}
        self.served = 0

    def live(self, shape, leads, count, first=0, days_ago=0):
        """Has the service live through events some days ago; returns its CPU-seconds."""
        words = [*DIES_WITH_US, tools_of(self.made), "lived", "--days-ago", str(days_ago), *span(shape, leads, first, count)]
        process = subprocess.Popen(words, env=clean(self.environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"bench-tools lived ended with {process.returncode}")
        return usage.ru_utime + usage.ru_stime

    def serve(self, **settings):
        """The service on it."""
        return serve(self.made, f"{self.name}-{self.next()}", {**self.environment, **settings})

    def next(self):
        self.served += 1
        return self.served

    def remove(self):
        shutil.rmtree(self.made.path(self.name + ".log"), ignore_errors=True)


class Kafka(Local):
    """The same on a broker."""

    def __init__(self, made, name, policy=plain.POLICY, settings=None):
        super().__init__(made, name, policy, settings)
        self.broker = made.broker(name + ".kafka", settings=["auto.create.topics.enable=true", "num.partitions=6",
                                                             "transaction.max.timeout.ms=900000"])
        self.environment |= {"TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": self.broker.address}
        self.source, self.tools = "marketing.engagement", tools_of(made)

    def live(self, shape, leads, count, first=0):
        """Has the service take events out of a topic."""
        for topic in SOURCES:
            prepare(self.broker, topic)
        self.made.create_topics(self.environment)
        service = self.serve()
        Sender(self, span(shape, leads, first, count), keyed=False).show()
        if not wait_for(lambda: decided(service) >= count, FILL_WAIT, 0.5):
            raise RuntimeError(f"{decided(service)} of {count} events are decided")
        service.end()

    def remove(self):
        self.made.running.remove(self.broker)
        self.broker.end()
        shutil.rmtree(self.broker.directory, ignore_errors=True)


def serve(made, name, environment):
    """`tasuki serve`, ready, and what that took: seconds, of the processor, and of the busiest thread."""
    began = time.monotonic()
    service = made.service(name, environment, ready=False)
    if not wait_for(lambda: service.get("/readyz")[0] == 200 or service.process.poll() is not None, 600, 0.02) \
            or service.process.poll() is not None:
        raise RuntimeError(f"{name} does not get ready: {service.errors()[-2000:]}")
    service.pid = service.process.pid
    service.ready_after = time.monotonic() - began
    service.ready_cpu = meter.cpu_seconds(service.pid)
    service.ready_ran, service.ready_waited = meter.busiest_thread(service.pid)
    return service


def decided(service):
    return sum(service.counts("events_total").values())


def restored_in(service):
    """Seconds from the partitions' assignment, which the fences follow, to the last one restored."""
    def when(event, place):
        lines = [line for line in service.errors().splitlines() if event in line]
        return datetime.fromisoformat(re.search(r"\d{4}-\d\d-\d\dT[\d:.]+", lines[place])[0])
    return (when("shard restored", -1) - when("journal partitions assigned", 0)).total_seconds()
