"""Several `tasuki serve` on one Kafka, each behind a proxy of its own, and what is done to them."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from company import OUTPUTS, SECRET
from harness import KAFKA, free_ports, wait_for
from judge import digest
from proxy import Proxy

UNBLOCKED = "tasuki.log.unblocked.v1"
SESSION = 6
PARTITIONS = 6
PROCESSES = 3
# How long everything may take to be as it was.
HEAL_WAIT = 60
# A dead process's records may still be on their way to the reader for so long.
IN_FLIGHT = 1.0
AGAIN_WAIT = 90
# Under load a process with partitions begins a transaction sooner than this.
TRANSACTION_WAIT = 4


class Witness(threading.Thread):
    """A read_committed consumer that runs during all of it, and is started again when kcat ends
    because the broker is gone. What it saw once it must see again."""

    def __init__(self, ground, broker, topics):
        super().__init__(daemon=True)
        self.ground, self.broker, self.topics = ground, broker, topics
        self.records, self.known = [], {}
        # Records that say nothing: one ends a transaction that a broker had left open.
        self.unblocked = 0
        self.changed = []
        self.lock = threading.Lock()
        self.start()

    def run(self):
        while True:
            reader, taken = self.ground.reader(self.broker, self.topics), 0
            while reader.process.poll() is None:
                taken = self._take(reader, taken)
                time.sleep(0.02)
            reader.thread.join()
            self._take(reader, taken)
            self.ground.running.remove(reader)
            time.sleep(0.3)

    def _take(self, reader, taken):
        with reader.lock:
            fresh = reader.records[taken:]
        with self.lock:
            for record in fresh:
                place, mark = (record["topic"], record["partition"], record["offset"]), digest(record)
                if place not in self.known:
                    if dict(record["headers"]).get("ce_type") == UNBLOCKED:
                        self.unblocked += 1
                    else:
                        self.records.append(record)
                elif self.known[place] != mark:
                    self.changed.append(place)
                self.known[place] = mark
        return taken + len(fresh)

    def all(self):
        return self.since(0)

    def since(self, number):
        with self.lock:
            return self.records[number:]


class Process:
    """One `tasuki serve`: killed, stopped and started again, always with the same settings."""

    def __init__(self, town, number):
        self.town, self.name = town, f"tasuki-{number}"
        self.proxy = town.proxies[number]
        self.environment = {
            "TASUKI__LOG": "kafka", "TASUKI__KAFKA__BROKERS": f"127.0.0.1:{town.proxy_ports[number]}",
            "TASUKI__KAFKA__SESSION_TIMEOUT": f"{SESSION}s", "TASUKI__JOURNAL__PARTITIONS": PARTITIONS,
            "TASUKI__POLICY__FILE": town.policy, "TASUKI__PRIVACY__SECRET": SECRET, "TASUKI__AUDIT__ENABLED": town.audits,
        }
        if number == 0:
            self.environment["TASUKI__INSTANCE"] = self.name
        self.lock = threading.RLock()
        self.service = None

    def start(self):
        with self.lock:
            if self.service:
                with contextlib.suppress(ValueError):
                    self.town.ground.running.remove(self.service)
            starting = self.town.starter.submit(self.town.ground.service, self.name, self.environment, config=self.town.config, ready=False)
            self.service = starting.result()
            self.said_before = len(self.service.errors())

    def kill(self):
        with self.lock:
            self.service.process.kill()
            self.service.process.wait()

    def freeze(self, seconds):
        """Stopped, and let go again; true if it was still alive then."""
        process = self.service.process
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        was_alive = process.poll() is None
        process.send_signal(signal.SIGCONT)
        return was_alive

    def revive(self):
        """Whoever ended by itself is started again; the last words are kept."""
        with self.lock:
            code = self.service.process.poll()
            if code is None:
                return
            if code != -signal.SIGKILL:
                lines = self.words().splitlines()
                self.town.ended.append(f"{self.name} ended with {code}: {lines[-1][:300] if lines else ''}")
            self.start()

    def words(self):
        return self.service.errors()[self.said_before:]

    def owned(self):
        """Its journal partitions, with their lag."""
        _, body = self.service.get("/metrics")
        lags = re.findall(r'^tasuki_journal_lag_records\{partition="(\d+)"\} (\d+)', body, re.MULTILINE)
        return {int(partition): int(lag) for partition, lag in lags}

    def audited(self):
        """What its auditor has found since it started, by kind."""
        _, body = self.service.get("/metrics")
        found = re.findall(r'^tasuki_audit_violations_total\{kind="(\w+)"\} (\d+)', body, re.MULTILINE)
        return {kind: int(count) for kind, count in found if count != "0"}

    def standing(self):
        """Where it stands, and its last words."""
        return [f"{self.name}: {self.service.get('/readyz')[1].strip()}, {self.owned()}",
                *(f"  {line[:300]}" for line in self.words().splitlines()[-8:])]


class Town:
    """The broker, the proxies, the processes, the witness. `settings` are further ones of the
    processes, `of_broker` of the broker; `topics` are those that the witness reads."""

    def __init__(self, ground, policy, processes=PROCESSES, settings="", of_broker=(), topics=OUTPUTS, audits="true"):
        self.ground = ground
        self.policy = ground.write("policy.toml", policy)
        self.config = ground.write("settings.toml", settings)
        self.audits = audits
        port = free_ports(2)
        inner = [free_ports() for _ in range(processes)]
        self.proxy_ports = [free_ports() for _ in range(processes)]
        names = [f"PROXIED{number}" for number in range(processes)]
        listeners = [f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{port + 1}"]
        advertised = [f"PLAINTEXT://127.0.0.1:{port}"]
        for name, within, outside in zip(names, inner, self.proxy_ports):
            listeners.append(f"{name}://127.0.0.1:{within}")
            advertised.append(f"{name}://127.0.0.1:{outside}")
        protocols = ",".join(f"{name}:PLAINTEXT" for name in ["CONTROLLER", "PLAINTEXT", *names])
        self.broker = ground.broker(port=port, settings=[
            f"listeners={','.join(listeners)}", f"advertised.listeners={','.join(advertised)}",
            f"listener.security.protocol.map={protocols}", *of_broker])
        self.proxies = [Proxy(outside, within) for within, outside in zip(inner, self.proxy_ports)]
        self.broker_lock = threading.Lock()
        # A process ends with the thread that started it, and a fault's thread ends with the fault.
        self.starter = ThreadPoolExecutor(max_workers=1)
        self.ended = []
        self.processes = [Process(self, number) for number in range(processes)]
        ground.create_topics(self.processes[0].environment, self.config)
        for process in self.processes:
            process.start()
        self.witness = Witness(ground, self.broker, topics)

    def signal_broker(self, number):
        with open(os.path.join(self.broker.directory, "pid"), encoding="utf-8") as file:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(file.read()), number)

    def kill_broker(self, seconds):
        with self.broker_lock:
            self.signal_broker(signal.SIGKILL)
            time.sleep(seconds)
            follow = {"KAFKA_FOLLOW": str(os.getpid()), "KAFKA_HEAP": "512m"}
            subprocess.run([KAFKA, "again", self.broker.directory], env={**os.environ, **follow}, timeout=AGAIN_WAIT,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    def pause_broker(self, seconds):
        with self.broker_lock:
            self.signal_broker(signal.SIGSTOP)
            time.sleep(seconds)
            self.signal_broker(signal.SIGCONT)

    def is_whole(self):
        """Every process is ready, and each partition has one owner that has read all of it."""
        owned = []
        for process in self.processes:
            process.revive()
        for process in self.processes:
            if process.service.get("/readyz")[0] != 200:
                return False
            owned += process.owned().items()
        return sorted(owned) == [(partition, 0) for partition in range(PARTITIONS)]

    def heal(self):
        for proxy in self.proxies:
            proxy.heal()
        for process in self.processes:
            process.revive()

    def first_commits(self, partitions, since, seconds):
        """When somebody's decisions of each of these partitions are seen again, in seconds after
        `since`; None where that takes too long."""
        begin, found = len(self.witness.all()), {}

        def all_spoke():
            for record in self.witness.since(begin):
                headers = dict(record["headers"])
                shard = int(headers.get("ce_tasukishard") or headers["tasuki_dlq_shard"])
                if shard in partitions and record["seen"] > since + IN_FLIGHT:
                    found.setdefault(shard, record["seen"] - since)
            return len(found) == len(partitions)
        return sorted(found.values()) if wait_for(all_spoke, seconds, 0.05) else None


def held(proxy, api_key, seconds):
    """Holds one request of this kind; true if it was let go inside a later transaction."""
    proxy.hold(api_key)
    wait_for(lambda: proxy.wanted is None, TRANSACTION_WAIT, 0.02)
    done = proxy.wanted is None and proxy.released.wait(seconds)
    proxy.wanted = None
    if not done:
        proxy.release()
    return done
