"""What the acceptance programs share: a broker, the service, kcat, and checks that are counted.

Everything runs in a folder of its own under target/acceptance, talks to 127.0.0.1 only, and is
stopped by its process id when the program ends, however it ends. Needs Python 3.11 and kcat.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Before a command: the system ends it when this program does.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
KAFKA = os.path.join(ROOT, "tests", "bin", "kafka")
READY_WAIT = 60
STOP_WAIT = 30
KCAT_WAIT = 60
# The ports of this program: brokers take theirs from 20000 on, the system its own from 32768 on.
PORTS = range(12_000, 19_000)


def arguments(description, limit_seconds):
    """The command line every acceptance program has, and its time limit."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tasuki", help="the binary to run; default: target/release/tasuki, else target/debug/tasuki")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    parser.add_argument("--time-limit", type=int, default=limit_seconds, help="seconds until it gives up")
    return parser


def binary(given):
    """The program under test."""
    built = [os.path.join(ROOT, "target", kind, "tasuki") for kind in ("release", "debug")]
    for path in [given] if given else built:
        if os.access(path, os.X_OK):
            return os.path.abspath(path)
    sys.exit("no tasuki to run: build it with `cargo build --release`, or name one with --tasuki")


class Checks:
    """Counts what holds and what does not, and says each."""

    def __init__(self, whole=None, prefix=""):
        self.whole = whole or self
        self.prefix = prefix
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def named(self, name):
        """For one part of several at the same time; counted in the whole."""
        return Checks(self.whole, f"{name}: ")

    def that(self, holds, what, *details):
        """One check. `details`, shown where it does not hold, tell why."""
        whole = self.whole
        with whole.lock:
            whole.passed += bool(holds)
            whole.failed += not holds
            print(f"{'ok  ' if holds else 'FAIL'} {self.prefix}{what}", flush=True)
            for detail in [] if holds else details:
                print(f"       {detail}", flush=True)
        return holds

    def equal(self, found, expected, what):
        """Two values, or two dictionaries of which the differences are shown."""
        if isinstance(found, dict) and isinstance(expected, dict):
            names = sorted(set(found) | set(expected), key=str)
            wrong = [name for name in names if found.get(name) != expected.get(name)]
            details = [f"{name}: {found.get(name)} found, {expected.get(name)} expected" for name in wrong[:12]]
            return self.that(not wrong, what, f"{len(wrong)} differ", *details)
        return self.that(found == expected, what, f"{found} found, {expected} expected")

    def finish(self):
        """The last line; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


@contextlib.contextmanager
def ground(name, options, checks=None):
    """A folder under target/, and everything started in it; all of it gone at the end.

    The folder stays where something failed, so that its logs can be read.
    """
    if not shutil.which("kcat"):
        sys.exit("kcat is missing: apt-get install kcat")
    folder = os.path.join(ROOT, "target", "acceptance", f"{name}-{os.getpid()}")
    os.makedirs(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"gave up after {options.time_limit} seconds"))
    signal.alarm(options.time_limit)
    made = Ground(folder, binary(options.tasuki))
    whole = False
    try:
        yield made
        whole = not (checks and checks.failed)
    finally:
        made.stop()
        if whole and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs are in {os.path.relpath(folder, ROOT)}", flush=True)


class Ground:
    """Where processes run."""

    def __init__(self, folder, tasuki):
        self.folder = folder
        self.tasuki = tasuki
        self.running = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def broker(self, name="kafka", **more):
        return self._kept(Broker(self.path(name), **more))

    def service(self, name, environment, **more):
        return self._kept(Service(self, name, environment, **more))

    def reader(self, broker, topics):
        return self._kept(Reader(broker, topics))

    def run(self, *words, environment=None, seconds=60):
        """`tasuki` with these words, to its end."""
        return subprocess.run([self.tasuki, *words], env=clean(environment), cwd=ROOT, timeout=seconds,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def create_topics(self, environment, config=None):
        """What `serve` needs on a broker that is empty."""
        created = self.run("topics", "create", *(["--config", config] if config else []), environment=environment)
        if created.returncode != 0:
            raise RuntimeError(created.stdout + created.stderr)

    def _kept(self, process):
        self.running.append(process)
        return process

    def stop(self):
        """Ends what still runs, the latest first."""
        for process in reversed(self.running):
            with contextlib.suppress(Exception):
                process.end()


def clean(environment):
    """Our environment without settings of Tasuki, then these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TASUKI__")}
    return {**kept, **{name: str(value) for name, value in (environment or {}).items()}}


def free_ports(count=1, given=itertools.count(os.getpid() * 7)):
    """The first of some ports in a row that nobody listens on; each is given once."""
    for _ in range(200):
        first = PORTS.start + next(given) * 3 % (len(PORTS) - 3)
        with contextlib.ExitStack() as bound, contextlib.suppress(OSError):
            for port in range(first, first + count):
                bound.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    sys.exit("no free ports")


def ended(process, seconds):
    """Waits, then kills; true if it ended by itself."""
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
        return False


class Broker:
    """A fresh Kafka on free ports, by tests/bin/kafka."""

    def __init__(self, directory, settings=(), port=0):
        self.directory = directory
        follow = {"KAFKA_FOLLOW": str(os.getpid()), "KAFKA_HEAP": "512m"}
        done = subprocess.run([KAFKA, "start", str(port), directory, *settings], env={**os.environ, **follow}, timeout=180,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        self.address = done.stdout.strip()

    def end(self):
        subprocess.run([KAFKA, "stop", self.directory], timeout=30, check=False)


class Service:
    """`tasuki serve`, whose words go to a file."""

    def __init__(self, ground, name, environment, config=None, ready=True):
        self.name = name
        self.port = free_ports()
        self.errors_path = ground.path(f"{name}.stderr")
        words = [*DIES_WITH_US, ground.tasuki, *(["--config", config] if config else []), "serve"]
        self.process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.errors_path, "ab"),
            env=clean({**environment, "TASUKI__HTTP__ADDRESS": f"127.0.0.1:{self.port}"}))
        if ready:
            self.wait_ready()

    def wait_ready(self, seconds=READY_WAIT):
        """Until /readyz says 200."""
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.errors()[-2000:]}")
            return self.get("/readyz")[0] == 200
        if not wait_for(ready, seconds, 0.1):
            raise RuntimeError(f"{self.name} is not ready after {seconds} s: {self.get('/readyz')[1]}")

    def get(self, path, **headers):
        """Status and body; status 0 where nobody answers."""
        return self.ask(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers))

    def post(self, path, body, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=named))

    @staticmethod
    def ask(request):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metrics(self):
        """Every sample above zero, as {'name{labels}': value}, the prefix cut."""
        samples = {}
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith("tasuki_"):
                name, value = line.rsplit(" ", 1)
                if float(value) != 0:
                    samples[name.removeprefix("tasuki_")] = float(value)
        return samples

    def counts(self, metric):
        """The counts of one metric by its labels' values, in the order of the labels' names."""
        counts = {}
        for name, value in self.metrics().items():
            if name.startswith(metric + "{"):
                counts[tuple(re.findall(r'="([^"]*)"', name))] = int(value)
        return counts

    def outputs(self, topic, quiet=0.6):
        """The outputs of a topic on the local log (GET /outputs/<topic>), read until none follows."""
        events = []
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/outputs/{topic}")
        with contextlib.suppress(TimeoutError, OSError), urllib.request.urlopen(request, timeout=quiet) as answer:
            for line in answer:
                if line.startswith(b"data:"):
                    events.append(json.loads(line[5:]))
        return events

    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """As an operator stops it; true if it ended in good order and in time."""
        self.process.send_signal(signal.SIGTERM)
        return ended(self.process, STOP_WAIT) and self.process.returncode == 0

    def end(self):
        if self.process.poll() is None:
            self.stop()


def wait_for(holds, seconds, every=0.2):
    """Looks again and again; true as soon as it holds."""
    until = time.monotonic() + seconds
    while True:
        if holds():
            return True
        if time.monotonic() > until:
            return False
        time.sleep(every)


# ---- kcat ------------------------------------------------------------------


class Message:
    """A record as kcat is to write it. Headers are (name, value); a value may be None."""

    def __init__(self, topic, value, key=None, headers=()):
        self.topic = topic
        self.value = value
        self.key = key
        self.headers = tuple(headers)

    def line(self):
        assert self.value is None or (b"\n" not in self.value and b"\t" not in self.value), self.value
        return (self.key or b"") + b"\t" + (self.value or b"") + b"\n"


def produce(broker, messages):
    """Writes records with kcat, those with the same headers together and in their order.

    An empty key or value stands for none, since kcat's -Z makes it so.
    """
    together = {}
    for message in messages:
        together.setdefault((message.topic, message.headers), []).append(message)
    running = []
    for (topic, headers), group in together.items():
        words = ["kcat", "-P", "-q", "-b", broker.address, "-t", topic, "-K", "\t", "-Z", "-X", "linger.ms=5",
                 "-X", f"message.timeout.ms={KCAT_WAIT * 1_000}"]
        for name, value in headers:
            words += ["-H", name if value is None else f"{name}={value}"]
        # Its input ends with us, so it does too.
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        # One that has given up already says why when it is asked how it went.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"".join(message.line() for message in group))
            process.stdin.close()
        running.append(process)
        if len(running) >= 8:
            written(running.pop(0))
    for process in running:
        written(process)


def written(process):
    whole = ended(process, KCAT_WAIT)
    words = process.stderr.read().decode()
    process.stderr.close()
    if not whole or process.returncode != 0:
        raise RuntimeError(f"kcat could not write: {words}")


class Reader:
    """`kcat` as somebody else's consumer: read_committed, running during all of it."""

    def __init__(self, broker, topics):
        self.broker = broker
        self.records = []
        self.lock = threading.Lock()
        words = [*DIES_WITH_US, "kcat", "-b", broker.address, "-q", "-u", "-J", "-X", "isolation.level=read_committed",
                 "-X", "auto.offset.reset=earliest", "-X", "enable.auto.commit=false",
                 "-G", f"reader-{time.monotonic_ns()}", *topics]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            record = json.loads(line.decode(errors="replace"))
            headers = record.get("headers") or []
            record["headers"] = list(zip(headers[::2], headers[1::2]))
            record["seen"] = time.time()
            with self.lock:
                self.records.append(record)

    def all(self):
        with self.lock:
            return list(self.records)

    def of(self, topic):
        return [record for record in self.all() if record["topic"] == topic]

    def wait_quiet(self, quiet, seconds):
        """Until nothing has come for `quiet` seconds."""
        until = time.monotonic() + seconds
        known, since = -1, time.monotonic()
        while time.monotonic() < until and time.monotonic() - since < quiet:
            if len(self.all()) != known:
                known, since = len(self.all()), time.monotonic()
            time.sleep(0.1)

    def end(self):
        self.process.terminate()
        ended(self.process, 10)


def ends(broker, topics):
    """The high watermarks of topics: {(topic, partition): offset}."""
    listed = subprocess.run(["kcat", "-b", broker.address, "-L", "-J"], capture_output=True, timeout=KCAT_WAIT, check=True)
    counts = {topic["topic"]: len(topic["partitions"]) for topic in json.loads(listed.stdout)["topics"]}
    places = [f"{topic}:{partition}:-1" for topic in topics for partition in range(counts[topic])]
    words = ["kcat", "-b", broker.address, "-Q"]
    for place in places:
        words += ["-t", place]
    asked = subprocess.run(words, capture_output=True, text=True, timeout=KCAT_WAIT, check=True)
    found = re.findall(r"^(\S+) \[(\d+)\] offset (\d+)", asked.stdout, re.MULTILINE)
    return {(topic, int(partition)): int(offset) for topic, partition, offset in found}


class Raw:
    """A record byte for byte, of which headers are known as kcat shows them."""

    def __init__(self, key, value, headers):
        self.key = key
        self.value = value
        self.headers = headers


def read_raw(broker, topic):
    """A topic as it is, read_committed, to its end.

    Twice: once with lengths, for the bytes of keys and values; once as JSON, which tells a null
    header from a text.
    """
    words = ["kcat", "-C", "-q", "-e", "-b", broker.address, "-t", topic, "-o", "beginning",
             "-X", "isolation.level=read_committed"]
    lengths = subprocess.run([*words, "-f", r"%p %o %K %S\n%k%s\n"], capture_output=True, timeout=KCAT_WAIT, check=True)
    as_json = subprocess.run([*words, "-J"], capture_output=True, timeout=KCAT_WAIT, check=True)
    headers = {}
    for line in as_json.stdout.splitlines():
        record = json.loads(line.decode(errors="replace"))
        flat = record.get("headers") or []
        headers[record["partition"], record["offset"]] = list(zip(flat[::2], flat[1::2]))
    records, rest = [], lengths.stdout
    while rest:
        head, rest = rest.split(b"\n", 1)
        partition, offset, key_bytes, value_bytes = map(int, head.split())
        key, rest = (None, rest) if key_bytes < 0 else (rest[:key_bytes], rest[key_bytes:])
        value, rest = (None, rest) if value_bytes < 0 else (rest[:value_bytes], rest[value_bytes:])
        assert rest[:1] == b"\n", "kcat's answer is not as asked for"
        rest = rest[1:]
        records.append(Raw(key, value, headers[partition, offset]))
    return records
