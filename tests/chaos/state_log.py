"""What the records of the state log say that lives; shares no code with Tasuki.

Everything that lives stands between the log's start and its end, or nothing could be restored; so
the last images of all entities there are what lives.
"""

FORMATS, IMAGES, AFTER = (1, 2), 0, 1


class Bytes:
    """Takes values off the front: numbers have seven bits a byte, least significant first."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def piece(self):
        """Bytes behind their length."""
        size = self.number()
        self.at += size
        return self.data[self.at - size:self.at]


class Living:
    """What the committed records of one partition say in the end: bytes of each entity."""

    def __init__(self):
        self.images, self.own, self.last = {}, 0, -1
        # The offsets at which turns began.
        self.turns = set()

    def bytes(self):
        return self.own + sum(self.images.values())

    def take(self, offset, _, value):
        """The next record, as src/wire/state.rs writes it."""
        self.last = offset
        record = Bytes(value)
        form, kind = record.byte(), record.byte()
        if form not in FORMATS:
            raise ValueError(f"a state record of format {form}")
        if kind != IMAGES:
            return
        # The number of the images' format, and the offsets of the journal that are covered.
        for _ in range(3):
            record.number()
        closes, own = record.byte(), record.piece()
        self.own = len(own) if closes else self.own
        for _ in range(record.number()):
            key = record.piece()
            self.images.pop(key, None)
            if record.byte():
                self.images[key] = len(key) + len(record.piece())
        for _ in range(record.number()):
            key = record.piece()
            self.images[key] = len(key) + len(record.piece())
        if form > 1 and record.byte():
            self._turn(record)
        if record.at != len(value):
            raise ValueError("a state record has another end than its content")

    def _turn(self, record):
        self.turns.add(record.number())
        record.number()
        record.number()
        if record.byte() == AFTER:
            record.piece()
