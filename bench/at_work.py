"""Leads of whom something is heard: by HTTP, beside a million open deadlines, and among many others."""

import http.client
import itertools
import os
import re
import statistics
import subprocess
import threading
import time

import meter
from contenders import tools_of
from harness import wait_for
from past import LONG, Local, bound, decided, span, spread

HTTP_EVENTS_A_SECOND = 50_000
# Events in a request, and clients at a time.
BATCH = 1_000
CLIENTS = 4
DECIDED_WAIT = 600

DEADLINES_MORE_MAX = 0.02
NOTICE_SECONDS_MAX = 1.0
# Events that are counted.
COUNTED = 40_000
BEGIN = 1_793_491_200
# Deadlines that fall due while a million others are open, how many are sent together, and in a second.
FALLING_DUE, FALLING_DUE_TOGETHER, FALLING_DUE_RATE = 2_000, 10, 100

SIZE_RATIO_MIN = 0.75
FEW = 100_000


def events(made, stretch):
    """A stretch of events, one a line."""
    done = subprocess.run([tools_of(made), "print", *stretch], stdout=subprocess.PIPE, check=True)
    return done.stdout.splitlines()


def stream(made, stretch):
    """The same as bodies of requests, made on the way."""
    with subprocess.Popen([tools_of(made), "print", *stretch], stdout=subprocess.PIPE) as printed:
        yield from batches(printed.stdout)


def batches(lines, together=BATCH):
    lines = iter(lines)
    while some := list(itertools.islice(lines, together)):
        yield b"[" + b",".join(some) + b"]"


def post_all(port, bodies):
    """Clients that post as fast as they are answered; every answer must be 202."""
    left, lock, wrong = iter(bodies), threading.Lock(), []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                body = next(left, None)
            if body is None or wrong:
                return
            connection.request("POST", "/events", body, {"content-type": "application/cloudevents-batch+json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 202:
                wrong.append(answer.status)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    if wrong:
        raise RuntimeError(f"POST /events answered {wrong[0]}")


def by_http(made, options, checks):
    """From the first request until the last event is decided and committed."""
    count, leads = options.events, 200_000
    bodies = list(stream(made, span("mixed", leads, 0, count)))
    rates, cpu = [], []
    for run in range(options.runs):
        log = Local(made, f"http-{run}", LONG)
        service = log.serve()
        before, threads = meter.cpu_seconds(service.pid), meter.cpu_by_thread(service.pid)
        begun = time.monotonic()
        post_all(service.port, bodies)
        answered = time.monotonic() - begun
        all_there = wait_for(lambda: decided(service) >= count, DECIDED_WAIT, 0.05)
        seconds = time.monotonic() - begun
        checks.that(all_there, f"http: all {count} events are decided", service.counts("events_total"))
        rates.append(count / seconds)
        cpu.append((meter.cpu_seconds(service.pid) - before) * 1e6 / count)
        spent = meter.cpu_by_thread(service.pid) - threads
        told = ", ".join(f"{name} {value * 1e6 / count:.1f}" for name, value in spent.most_common(8))
        print(f"  run {run + 1}: answered in {answered:.1f} s, decided in {seconds:.1f} s; CPU-seconds a million, by thread: {told}", flush=True)
        service.end()
        log.remove()
    rate = statistics.median(rates)
    bound("events a second by HTTP to durable decisions, local log", spread(rates, "{:,.0f}"),
          f"{HTTP_EVENTS_A_SECOND:,}", rate >= HTTP_EVENTS_A_SECOND)
    print(f"  CPU-seconds a million events: {spread(cpu)}")


def history(made, name, stretch, days=0):
    """A stretch of events as a history for `tasuki replay`, a thousand in each second."""
    path = made.path(name)
    with open(path, "wb") as file:
        for number, line in enumerate(events(made, stretch)):
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN + days * 86_400 + number // 1_000))
            file.write(b'{"at":"' + at.encode() + b'","event":' + line + b"}\n")
    return path


def replay(made, policy, source, *words, under=()):
    with open(source, "rb") as file, open(made.path("replay.out"), "wb") as sink:
        subprocess.run([*under, made.tasuki, "replay", "--policy", policy, *words], stdin=file, stdout=sink,
                       stderr=subprocess.PIPE, check=True)


def instructions(made, policy, source, state):
    """What valgrind counts for a replay that begins with a state."""
    counted = made.path("callgrind.out")
    replay(made, policy, source, "--load", state, under=["valgrind", "--tool=callgrind", f"--callgrind-out-file={counted}"])
    with open(counted, encoding="utf-8") as file:
        return int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE)[1])


def deadlines(made, options, checks):
    """Instructions of an event with and without a million open deadlines; then notices beside them."""
    policy = made.write("deadlines.toml", LONG)
    later = history(made, "later.ndjson", span("mixed", COUNTED // 4, 0, COUNTED), days=1)
    nothing = made.write("nothing.ndjson", "")
    each = {}
    for shape in ("resting", "open"):
        past, state = history(made, f"{shape}.ndjson", span(shape, options.leads, 0, options.leads)), made.path(f"{shape}.state")
        replay(made, policy, past, "--save", state)
        loading = instructions(made, policy, nothing, state)
        each[shape] = (instructions(made, policy, later, state) - loading) / COUNTED
        print(f"  {each[shape]:,.0f} instructions an event beside {options.leads} leads, {shape}", flush=True)
        os.remove(past)
    more = each["open"] / each["resting"] - 1
    bound(f"more instructions an event with {options.leads} open deadlines", f"{more * 100:.2f} %", "2 %", more <= DEADLINES_MORE_MAX)
    notices(made, options, checks)


def notices(made, options, checks):
    """How late breaches are told while a million other deadlines are open."""
    log = Local(made, "notices", LONG)
    log.live("open", options.leads, options.leads)
    service = log.serve()
    for body in batches(events(made, span("open", options.leads, options.leads, FALLING_DUE)), FALLING_DUE_TOGETHER):
        post_all(service.port, [body])
        time.sleep(FALLING_DUE_TOGETHER / FALLING_DUE_RATE)

    def breached():
        return sum(count for (kind, _), count in service.counts("sla_events_total").items() if kind == "breached")
    wait_for(lambda: breached() >= FALLING_DUE, DECIDED_WAIT)
    checks.equal(breached(), FALLING_DUE, "each of the leads that fell due is told of once")
    metrics = service.metrics()
    open_now = metrics.get('handoffs_open{team="enterprise"}', 0)
    checks.equal(open_now, options.leads, f"{options.leads} others are open all the time")
    in_time = metrics.get(f'breach_notice_delay_seconds_bucket{{le="{NOTICE_SECONDS_MAX:g}"}}', 0) / FALLING_DUE
    bound(f"share of breaches told within {NOTICE_SECONDS_MAX:g} s", f"{in_time * 100:.1f} %", "99 %", in_time >= 0.99)
    delay = metrics["breach_notice_delay_seconds_sum"] / FALLING_DUE
    print(f"  on average {delay * 1000:.0f} ms late")
    service.end()
    log.remove()


def size(made, options, checks):
    """The same events about leads among few and among ten times those of the other points."""
    rates, cpu = {}, {}
    for leads in (FEW, 10 * options.leads):
        log = Local(made, f"size-{leads}", LONG)
        service = log.serve()
        post_all(service.port, stream(made, span("mixed", leads, 0, leads)))
        known = wait_for(lambda: decided(service) >= leads, DECIDED_WAIT, 0.5)
        checks.that(known, f"{leads} leads are known", decided(service))
        counted, state = [], meter.cpu_by_thread(service.pid)
        for run in range(options.runs):
            bodies = list(stream(made, span("mixed", leads, leads + run * options.events, options.events)))
            begun, before, first = time.monotonic(), meter.cpu_seconds(service.pid), decided(service)
            post_all(service.port, bodies)
            all_there = wait_for(lambda: decided(service) >= first + options.events, DECIDED_WAIT, 0.05)
            checks.that(all_there, f"all {options.events} events are decided", decided(service) - first)
            counted.append((options.events / (time.monotonic() - begun), (meter.cpu_seconds(service.pid) - before) * 1e6 / options.events))
        rates[leads], cpu[leads] = (statistics.median(values) for values in zip(*counted))
        spent = meter.cpu_by_thread(service.pid) - state
        told = ", ".join(f"{name} {value * 1e6 / options.events / options.runs:.1f}" for name, value in spent.most_common(5))
        print(f"  {leads} leads: {rates[leads]:,.0f} events a second, {cpu[leads]:.2f} CPU-seconds a million ({told}), "
              f"{meter.memory_mib(service.pid)[1]:.0f} MiB", flush=True)
        service.end()
        log.remove()
    many = 10 * options.leads
    by_cpu = cpu[FEW] / cpu[many]
    bound(f"events a CPU-second at {many} leads to those at {FEW}", f"{by_cpu:.2f}", SIZE_RATIO_MIN, by_cpu >= SIZE_RATIO_MIN)
    by_time = rates[many] / rates[FEW]
    bound("the same by events a second", f"{by_time:.2f}", SIZE_RATIO_MIN, by_time >= SIZE_RATIO_MIN)
