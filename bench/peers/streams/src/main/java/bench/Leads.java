package bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Deduplicates, scores, qualifies. What goes out are changes of stage, as JSON, and asks for a rep. */
final class Leads extends ContextualProcessor<Bytes, byte[], Bytes, byte[]> {
    private KeyValueStore<Bytes, byte[]> leads;

    @Override
    public void init(ProcessorContext<Bytes, byte[]> context) {
        super.init(context);
        leads = context.getStateStore("leads");
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
        Job.DECIDED.incrementAndGet();
        ByteBuffer event = ByteBuffer.wrap(record.value());
        long name = event.getLong();
        int matched = event.get() & 0xff;
        int employees = event.getInt();
        byte[] bytes = leads.get(record.key());
        Lead lead = new Lead(bytes);
        long now = context().currentSystemTimeMs();
        if (lead.hasSeen(name, now)) return;
        int day = (int) (record.timestamp() / 86_400_000);
        lead.apply(matched, employees, day);
        if (bytes == null) tell(record, "null", "\"inquiry\"");
        if (!lead.isHandedOff()) {
            int today = (int) (now / 86_400_000);
            int fit = lead.fit();
            int engagement = lead.engagement(today);
            boolean asksForADemo = (matched & 1 << Rules.DEMO_REQUEST) != 0;
            if (asksForADemo || (fit >= Rules.FIT_AT_LEAST && engagement >= Rules.ENGAGEMENT_AT_LEAST)) {
                lead.handOff();
                tell(record, "\"inquiry\"", "\"marketing-qualified\"");
                ask(record, event, fit, engagement);
            }
        }
        leads.put(record.key(), lead.with(name, now));
    }

    private void tell(Record<Bytes, byte[]> record, String from, String to) {
        String email = new String(record.key().get(), StandardCharsets.UTF_8);
        String json = "{\"lead\":\"" + email + "\",\"from\":" + from + ",\"to\":" + to + "}";
        context().forward(record.withValue(json.getBytes(StandardCharsets.UTF_8)));
    }

    /** A mark, fit, engagement, the name of the event. */
    private void ask(Record<Bytes, byte[]> record, ByteBuffer event, int fit, int engagement) {
        ByteBuffer ask = ByteBuffer.allocate(9 + event.remaining());
        ask.put((byte) 1).putInt(fit).putInt(engagement).put(event);
        context().forward(record.withValue(ask.array()));
    }
}
