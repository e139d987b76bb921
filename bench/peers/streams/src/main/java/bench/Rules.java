package bench;

/** The agreement: which event matches which rule, and what its touches are worth. */
final class Rules {
    static final int COUNT = 8;
    static final int DEMO_REQUEST = 0;
    static final int FIT_AT_LEAST = 20;
    static final int ENGAGEMENT_AT_LEAST = 60;
    static final int LARGE_FROM = 300;
    static final int LARGE_POINTS = 30;
    private static final int[] POINTS = {40, 8, 6, 1, 1, 1, 2, 10};
    private static final int[] AT_MOST = {80, 16, 30, 10, 5, 5, 10, 20};
    private static final int HALF_LIFE_DAYS = 30;
    private static final int FORGET_AFTER_DAYS = 180;
    private static final long[] WEIGHTS = new long[64];

    static {
        for (int k = 0; k < 64; k++) WEIGHTS[k] = Math.round((1L << 31) * Math.pow(2, -k / 64.0));
    }

    /** A bit for each rule that the event matches. */
    static int matched(String form, String activity, String target) {
        if (form != null) return form.equals("demo-request") ? 1 : form.equals("guide-download") ? 2 : 0;
        if (activity == null) return 0;
        switch (activity) {
            case "page_viewed":
                int any = 1 << 4;
                if (target == null) return any;
                if (target.startsWith("/pricing")) return any | 1 << 2;
                return target.startsWith("/docs") || target.startsWith("/guides") ? any | 1 << 3 : any;
            case "email_opened": return 1 << 5;
            case "email_clicked": return 1 << 6;
            case "webinar_attended": return 1 << 7;
            default: return 0;
        }
    }

    /** Points of one rule's touches of one day, before the limit, in units of 2^-31. */
    static long worth(int rule, int age, int touches) {
        if (age > FORGET_AFTER_DAYS) return 0;
        int steps = 64 * Math.max(0, age) / HALF_LIFE_DAYS;
        int shift = steps / 64;
        return shift >= 31 ? 0 : POINTS[rule] * (long) touches * (WEIGHTS[steps % 64] >> shift);
    }

    static int limited(int rule, long worth) {
        return (int) Math.min(worth >> 31, AT_MOST[rule]);
    }

    private Rules() {}
}
