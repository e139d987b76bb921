"""BLAKE3 in plain Python: hash, keyed hash and key derivation.

Slow and simple, for the reference implementation only. Follows the published
specification of BLAKE3 (chunks of 1,024 bytes in a binary tree). Only the
default output of 32 bytes is offered.
"""

from struct import pack, unpack

IV = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
BLOCK = 64
CHUNK = 1024

CHUNK_START = 1
CHUNK_END = 2
PARENT = 4
ROOT = 8
KEYED_HASH = 16
DERIVE_KEY_CONTEXT = 32
DERIVE_KEY_MATERIAL = 64

MASK = 0xFFFFFFFF

# The eight mixings of a round: columns, then diagonals.
MIXINGS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)


def _compress(chaining, words, counter, length, flags):
    """The compression function; its first eight words are the chaining value."""
    v = list(chaining) + [
        IV[0], IV[1], IV[2], IV[3],
        counter & MASK, (counter >> 32) & MASK, length, flags,
    ]
    m = list(words)
    for turn in range(7):
        for i, (a, b, c, d) in enumerate(MIXINGS):
            va, vb, vc, vd = v[a], v[b], v[c], v[d]
            va = (va + vb + m[2 * i]) & MASK
            vd ^= va
            vd = (vd >> 16) | ((vd << 16) & MASK)
            vc = (vc + vd) & MASK
            vb ^= vc
            vb = (vb >> 12) | ((vb << 20) & MASK)
            va = (va + vb + m[2 * i + 1]) & MASK
            vd ^= va
            vd = (vd >> 8) | ((vd << 24) & MASK)
            vc = (vc + vd) & MASK
            vb ^= vc
            vb = (vb >> 7) | ((vb << 25) & MASK)
            v[a], v[b], v[c], v[d] = va, vb, vc, vd
        if turn < 6:
            m = [m[p] for p in PERMUTATION]
    return [v[i] ^ v[i + 8] for i in range(8)]


def _words(block):
    return unpack("<16I", block.ljust(BLOCK, b"\0"))


def _chunk(key, data, number, flags):
    """Last compression of a chunk, not yet done: (chaining, words, counter, length, flags)."""
    chaining = list(key)
    blocks = [data[i:i + BLOCK] for i in range(0, len(data), BLOCK)] or [b""]
    for i, block in enumerate(blocks):
        start = CHUNK_START if i == 0 else 0
        if i == len(blocks) - 1:
            return (chaining, _words(block), number, len(block), flags | start | CHUNK_END)
        chaining = _compress(chaining, _words(block), number, BLOCK, flags | start)


def _tree(key, data, first, flags):
    """Last compression of a subtree; the left side is the largest power of two of whole chunks."""
    if len(data) <= CHUNK:
        return _chunk(key, data, first, flags)
    left = 1
    while left * 2 * CHUNK < len(data):
        left *= 2
    cut = left * CHUNK
    words = _compress(*_tree(key, data[:cut], first, flags))
    words += _compress(*_tree(key, data[cut:], first + left, flags))
    return (key, words, 0, BLOCK, flags | PARENT)


def _digest(key, data, flags):
    chaining, words, _, length, last = _tree(key, data, 0, flags)
    # The root is compressed with the counter of the output block, 0 here.
    return pack("<8I", *_compress(chaining, words, 0, length, last | ROOT))


def blake3(data):
    """The hash of `data`."""
    return _digest(IV, data, 0)


def keyed(key, data):
    """The hash of `data` under a key of 32 bytes."""
    return _digest(unpack("<8I", key), data, KEYED_HASH)


def derive_key(context, material):
    """A key of 32 bytes from a context (text) and key material."""
    context_key = _digest(IV, context.encode(), DERIVE_KEY_CONTEXT)
    return _digest(unpack("<8I", context_key), material, DERIVE_KEY_MATERIAL)
