package bench;

import java.nio.ByteBuffer;

/**
 * What is remembered of a lead: stage, employees or -1, its touches (rule, day, count), and a mark
 * for each event (hash, when). Read from its bytes and written back with one mark more.
 */
final class Lead {
    private static final long MARK_KEPT_MS = 7 * 86_400_000L;
    private static final int MARK = 16;
    private static final int TOUCHES = 9;

    private boolean isHandedOff;
    private int employees = -1;
    private int touches;
    private int[] rules = new int[TOUCHES];
    private int[] days = new int[TOUCHES];
    private int[] counts = new int[TOUCHES];
    private ByteBuffer marks = ByteBuffer.allocate(0);

    Lead(byte[] bytes) {
        if (bytes == null) return;
        ByteBuffer in = ByteBuffer.wrap(bytes);
        isHandedOff = in.get() != 0;
        employees = in.getInt();
        touches = in.getShort();
        grow(touches + Rules.COUNT);
        for (int i = 0; i < touches; i++) {
            rules[i] = in.get();
            days[i] = in.getInt();
            counts[i] = in.getInt();
        }
        marks = in.slice();
    }

    boolean hasSeen(long name, long now) {
        for (int at = 0; at < marks.limit(); at += MARK) {
            if (marks.getLong(at) == name && now - marks.getLong(at + 8) <= MARK_KEPT_MS) return true;
        }
        return false;
    }

    void apply(int matched, int employeesGiven, int day) {
        if (employeesGiven >= 0) employees = employeesGiven;
        for (int rule = 0; rule < Rules.COUNT; rule++) {
            if ((matched & 1 << rule) != 0) touch(rule, day);
        }
    }

    private void touch(int rule, int day) {
        for (int i = 0; i < touches; i++) {
            if (rules[i] == rule && days[i] == day) {
                counts[i]++;
                return;
            }
        }
        grow(touches + 1);
        rules[touches] = rule;
        days[touches] = day;
        counts[touches++] = 1;
    }

    private void grow(int to) {
        if (to <= rules.length) return;
        rules = java.util.Arrays.copyOf(rules, 2 * to);
        days = java.util.Arrays.copyOf(days, 2 * to);
        counts = java.util.Arrays.copyOf(counts, 2 * to);
    }

    int fit() {
        return employees >= Rules.LARGE_FROM ? Rules.LARGE_POINTS : 0;
    }

    int engagement(int today) {
        int total = 0;
        for (int rule = 0; rule < Rules.COUNT; rule++) {
            long worth = 0;
            for (int i = 0; i < touches; i++) {
                if (rules[i] == rule) worth += Rules.worth(rule, today - days[i], counts[i]);
            }
            total += Rules.limited(rule, worth);
        }
        return total;
    }

    boolean isHandedOff() {
        return isHandedOff;
    }

    void handOff() {
        isHandedOff = true;
    }

    /** Its bytes, with the mark of one event more and without those that ran out. */
    byte[] with(long name, long now) {
        int first = 0;
        while (first < marks.limit() && now - marks.getLong(first + 8) > MARK_KEPT_MS) first += MARK;
        int kept = marks.limit() - first;
        ByteBuffer out = ByteBuffer.allocate(7 + 9 * touches + kept + MARK);
        out.put((byte) (isHandedOff ? 1 : 0)).putInt(employees).putShort((short) touches);
        for (int i = 0; i < touches; i++) out.put((byte) rules[i]).putInt(days[i]).putInt(counts[i]);
        return out.put(marks.slice(first, kept)).putLong(name).putLong(now).array();
    }
}
