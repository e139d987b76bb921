"""A TCP proxy between a client and a broker, which can be told to misbehave.

It forwards requests frame by frame (size, api key, version, correlation id, …) and answers byte by
byte. It can stall either direction, slow both, refuse and reset connections, tear a frame in the
middle, lose a request of a chosen kind without a word, and hold one request of a chosen kind back
until the client, on a new connection, is inside its next transaction: what a network may do to a
packet of a connection that was given up.
"""

import contextlib
import os
import socket
import struct
import threading
import time

# Kinds of requests, by the protocol's api keys.
JOIN_GROUP, INIT_PRODUCER_ID, ADD_PARTITIONS, END_TXN, TXN_OFFSET_COMMIT = 11, 22, 24, 26, 28
CHUNK = 65_536
# More than any request of ours.
FRAME_MAX = 64 << 20
NOWHERE = os.open(os.devnull, os.O_RDWR)


def read_exactly(link, size):
    """So many bytes; None where the connection ends before."""
    parts = []
    while size:
        part = link.recv(min(size, CHUNK))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_frame(link):
    """One request with its size, and its api key."""
    head = read_exactly(link, 4)
    size = struct.unpack(">i", head)[0] if head else 0
    if not 2 <= size <= FRAME_MAX:
        return None, None
    body = read_exactly(link, size)
    return (head + body, struct.unpack(">h", body[:2])[0]) if body else (None, None)


def end(link, reset=False):
    """Ends a connection; whoever waits for it wakes up.

    Its number stays taken until the last thread is done with it, or one that is about to read or
    write would do so on a connection that was given the number since.
    """
    with contextlib.suppress(OSError):
        if reset:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Ending it alone would leave a thread waiting that reads from it.
        link.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
    os.dup2(NOWHERE, link.fileno(), inheritable=False)


class Pair:
    """A client's connection and the one to the broker that goes with it."""

    def __init__(self, client, broker):
        self.client = client
        self.broker = broker
        self.is_orphan = False

    def end(self, reset=False):
        end(self.client, reset)
        if not self.is_orphan:
            end(self.broker, reset)


class Proxy:
    """Listens on one port and forwards to another, both of this machine."""

    def __init__(self, port, upstream):
        self.upstream = upstream
        self.pairs = set()
        self.lock = threading.Lock()
        self.requests, self.answers = threading.Event(), threading.Event()
        self.delay = self.bytes_a_second = 0
        self.refuses = False
        self.to_tear = self.torn = 0
        self.to_lose = None
        self.wanted = self.held = None
        self.moved_on = False
        self.released = threading.Event()
        self.heal()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    # ---- what it is told ----

    def heal(self):
        """Everything as if it was not there."""
        self.requests.set()
        self.answers.set()
        self.delay = self.bytes_a_second = 0
        self.refuses = False
        self.to_tear = 0
        self.to_lose = self.wanted = None
        self.release()

    def stall(self, requests=True, answers=True):
        """Nothing gets through, and nobody is told."""
        if requests:
            self.requests.clear()
        if answers:
            self.answers.clear()

    def slow(self, delay, bytes_a_second):
        self.delay, self.bytes_a_second = delay, bytes_a_second

    def cut(self):
        """No connection, and no new one."""
        self.refuses = True
        self.reset()

    def cut_for(self, seconds):
        self.cut()
        time.sleep(seconds)
        self.refuses = False

    def reset(self):
        """Every connection, at once."""
        for pair in self._all():
            pair.end(reset=True)

    def tear(self, frames):
        """So many requests are cut in the middle, and their connections reset."""
        self.torn, self.to_tear = 0, frames

    def lose(self, api_key):
        """The next request of this kind is never answered, and its connection stays."""
        self.to_lose = api_key

    def hold(self, api_key):
        """The next request of this kind is held back, and its connection lost to the client."""
        self.released.clear()
        self.moved_on = False
        self.wanted = api_key

    def release(self):
        """Lets go what is held; true if there was something."""
        with self.lock:
            held, self.held = self.held, None
        if held is None:
            return False
        pair, frame = held
        with contextlib.suppress(OSError):
            pair.broker.sendall(frame)
        return True

    # ---- what it does ----

    def _all(self):
        with self.lock:
            return list(self.pairs)

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            if self.refuses:
                end(client, reset=True)
                continue
            try:
                broker = socket.create_connection(("127.0.0.1", self.upstream), timeout=5)
            except OSError:
                end(client, reset=True)
                continue
            broker.settimeout(None)
            for link in (client, broker):
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = Pair(client, broker)
            with self.lock:
                self.pairs.add(pair)
            for work in (self._forward_requests, self._forward_answers):
                threading.Thread(target=self._until_broken, args=(work, pair), daemon=True).start()

    def _until_broken(self, work, pair):
        with contextlib.suppress(OSError):
            work(pair)
        pair.end()
        with self.lock:
            self.pairs.discard(pair)

    def _pace(self, size):
        if self.delay or self.bytes_a_second:
            time.sleep(self.delay + (size / self.bytes_a_second if self.bytes_a_second else 0))

    def _forward_requests(self, pair):
        while True:
            frame, api_key = read_frame(pair.client)
            if frame is None:
                return
            self._pace(len(frame))
            self.requests.wait()
            if self._loses(api_key):
                continue
            if self._takes_back(pair, frame, api_key):
                end(pair.client, reset=True)
                return
            if self._tears():
                pair.broker.sendall(frame[: len(frame) // 2])
                pair.end(reset=True)
                return
            pair.broker.sendall(frame)
            self._passed(api_key)

    def _forward_answers(self, pair):
        while True:
            part = pair.broker.recv(CHUNK)
            if not part:
                end(pair.broker)
                return
            self._pace(len(part))
            self.answers.wait()
            if not pair.is_orphan:
                pair.client.sendall(part)

    def _tears(self):
        with self.lock:
            tears = self.to_tear > 0
            self.to_tear -= tears
            self.torn += tears
            return tears

    def _loses(self, api_key):
        with self.lock:
            loses = api_key == self.to_lose
            if loses:
                self.to_lose = None
            return loses

    def _takes_back(self, pair, frame, api_key):
        with self.lock:
            if api_key != self.wanted:
                return False
            self.wanted = None
            self.held = (pair, frame)
            pair.is_orphan = True
            return True

    def _passed(self, api_key):
        """A request has gone through while another may be held: the first partitions of the next
        transaction behind the end of the one that was disturbed let go of it."""
        if self.held is None:
            return
        if api_key in (END_TXN, INIT_PRODUCER_ID):
            self.moved_on = True
        elif api_key == ADD_PARTITIONS and self.moved_on and self.release():
            self.released.set()
