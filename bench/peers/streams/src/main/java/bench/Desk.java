package bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.PriorityQueue;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * All reps in one partition: gives a lead to the rep whose turn it is and watches the deadline.
 * Deadlines are in the store, in memory also in order, so that none is looked for.
 */
final class Desk extends ContextualProcessor<Bytes, byte[], Bytes, byte[]> {
    private static final int REPS = 4;
    private static final long CAPACITY = 1_000_000;
    private static final long WITHIN_MS = 3_000;
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);

    private record Due(long at, String handoff) {}

    private final PriorityQueue<Due> deadlines =
        new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparing(Due::handoff));
    private KeyValueStore<Bytes, byte[]> reps;
    private KeyValueStore<Bytes, byte[]> open;
    private MessageDigest digest;

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
        super.init(context);
        reps = context.getStateStore("reps");
        open = context.getStateStore("open");
        try (KeyValueIterator<Bytes, byte[]> all = open.all()) {
            while (all.hasNext()) {
                KeyValue<Bytes, byte[]> entry = all.next();
                deadlines.add(new Due(ByteBuffer.wrap(entry.value).getLong(), text(entry.key.get())));
            }
        }
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
        context.schedule(LOOK_EVERY, PunctuationType.WALL_CLOCK_TIME, this::fire);
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
        ByteBuffer ask = ByteBuffer.wrap(record.value(), 1, record.value().length - 1);
        int fit = ask.getInt();
        int engagement = ask.getInt();
        byte[] cause = new byte[ask.remaining()];
        ask.get(cause);
        String team = fit > 0 ? "enterprise" : "inside";
        String rep = team + '-' + turn(team);
        String lead = HexFormat.of().formatHex(digest.digest(record.key().get()), 0, 16);
        String handoff = lead + "-1-1";
        long dueAt = context().currentSystemTimeMs() + WITHIN_MS;
        open.put(bytes(handoff), ByteBuffer.allocate(8).putLong(dueAt).array());
        deadlines.add(new Due(dueAt, handoff));
        String json = "{\"handoff_id\":\"" + handoff + "\",\"team\":\"" + team + "\",\"rep\":\"" + rep
            + "\",\"person\":{\"email\":\"" + text(record.key().get()) + "\"},\"score\":{\"fit\":" + fit
            + ",\"engagement\":" + engagement + "},\"respond_by\":" + dueAt + "}";
        send("sales.handoffs." + team, lead, json, cause, record.timestamp());
    }

    /** The smallest count of handoffs, then the order of the reps. */
    private int turn(String team) {
        int chosen = -1;
        long fewest = CAPACITY;
        for (int number = 0; number < REPS; number++) {
            byte[] count = reps.get(bytes(team + number));
            long given = count == null ? 0 : ByteBuffer.wrap(count).getLong();
            if (given < fewest) {
                fewest = given;
                chosen = number;
            }
        }
        reps.put(bytes(team + chosen), ByteBuffer.allocate(8).putLong(fewest + 1).array());
        return chosen;
    }

    private void fire(long now) {
        while (!deadlines.isEmpty() && deadlines.peek().at() < now) {
            Due due = deadlines.poll();
            open.delete(bytes(due.handoff()));
            String json = "{\"handoff_id\":\"" + due.handoff() + "\",\"respond_by\":" + due.at() + "}";
            send("sales.sla", due.handoff().substring(0, 32), json, (due.handoff() + "/breach").getBytes(StandardCharsets.UTF_8), due.at());
        }
    }

    private void send(String topic, String lead, String json, byte[] cause, long at) {
        Headers headers = new RecordHeaders().add("to", topic.getBytes(StandardCharsets.UTF_8)).add("ce_causationid", cause);
        context().forward(new Record<>(bytes(lead), json.getBytes(StandardCharsets.UTF_8), at, headers));
    }

    private static Bytes bytes(String text) {
        return Bytes.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
