> `hash`: BLAKE3 of the file's bytes, first 16 hex digits.

show data/policy

2026-11-04 00:00 mia did page_viewed
    2026-11-04T00:00:00 mia: null → inquiry (cycle 0, 0 + 0 points; event /story#1)
        data/policy: {"hash":"b23b8dae780578b9","version":1}
