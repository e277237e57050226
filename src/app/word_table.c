/* A row for each word; any thread. */
#include "config.h"

#include "app/word_table.h"

#include <stddef.h>

#include "base/clock.h"

static const char *const word_places
    [] = { [AT_HEAD] = "head", [AT_BODY] = "body", [AT_END] = "end", NULL };
static const char *const word_framings[] = { [FRAMING_LENGTH] = "length",
	[FRAMING_CHUNKED] = "chunked",
	[FRAMING_CLOSE] = "close",
	NULL };

#define WORD_FIELD(member)     .field = offsetof(struct behaviour, member)
#define WORD_BOUNDS(low, high) .least = (low), .most = (high)

const struct word_row word_table[WORDS] = {
	[WORD_DELAY] = { "delay", "WHEN", "how long nothing comes",
	    "delay=200ms~50ms", &word_when_kind, WORD_FIELD(delay) },
	[WORD_AT] = { "at", "head|body|end",
	    "where the delay falls: before the head, between head and body, "
	    "before the last byte",
	    "at=body", &word_name_kind, WORD_FIELD(at), .names = word_places },
	[WORD_STATUS] = { "status", "LIST", "200 to 599, for all or for a part",
	    "status=503:5,429:1", &word_choice_kind, WORD_FIELD(status) },
	[WORD_RETRY_AFTER] = { "retry-after", "TIME|auto",
	    "Retry-After, with 3xx, 429 and 503; auto: until the end of down",
	    "retry-after=30s", &word_retry_kind, WORD_FIELD(retry_after),
	    WORD_BOUNDS(0, BEHAVIOUR_PERIOD_MAX) },
	[WORD_HEADER] = { "header", "NAME:VALUE",
	    "a field of the answer; up to 16", "header=X-Cache:miss",
	    &word_header_kind, WORD_FIELD(headers) },
	[WORD_SIZE] = { "size", "LIST",
	    "a body of so many bytes, made: byte k is 'a' + k mod 26",
	    "size=100k", &word_choice_kind, WORD_FIELD(size) },
	[WORD_FILL] = { "fill", "N",
	    "bytes that can't be compressed instead, by this seed", "fill=7",
	    &word_count_kind, WORD_FIELD(fill), WORD_BOUNDS(0, ROLL_SEED_MAX) },
	[WORD_EVENTS] = { "events", "N", "a body of so many server-sent events",
	    "events=20", &word_count_kind, WORD_FIELD(events),
	    WORD_BOUNDS(1, 1000000) },
	[WORD_LINES] = { "lines", "N", "a body of so many lines of JSON",
	    "lines=20", &word_count_kind, WORD_FIELD(lines),
	    WORD_BOUNDS(1, 1000000) },
	[WORD_TYPE] = { "type", "TYPE", "the body's Content-Type",
	    "type=application/json", &word_type_kind, WORD_FIELD(type) },
	[WORD_OVER] = { "over", "TIME",
	    "the body's pace: first byte at once, last byte TIME later",
	    "over=2s", &word_time_kind, WORD_FIELD(over),
	    WORD_BOUNDS(0, WORD_MAX_SLEEP) },
	[WORD_RATE] = { "rate", "SIZE", "likewise: so many bytes a second",
	    "rate=100k", &word_size_kind, WORD_FIELD(rate),
	    WORD_BOUNDS(1, INT64_C(1) << 40) },
	[WORD_EVERY] = { "every", "WHEN",
	    "likewise: a gap before each piece, event or line but the first",
	    "every=50ms..150ms", &word_when_kind, WORD_FIELD(every) },
	[WORD_CHUNK] = { "chunk", "SIZE", "the pieces of every [1]", "chunk=1k",
	    &word_size_kind, WORD_FIELD(chunk), WORD_BOUNDS(1, WORD_MAX_SIZE) },
	[WORD_FRAMING] = { "framing", "length|chunked|close",
	    "how the body's end is told", "framing=chunked", &word_name_kind,
	    WORD_FIELD(framing), .names = word_framings },
	[WORD_HEADRATE] = { "headrate", "SIZE",
	    "the head's pace: so many bytes a second", "headrate=20",
	    &word_size_kind, WORD_FIELD(headrate),
	    WORD_BOUNDS(1, INT64_C(1) << 40) },
	[WORD_INTERIM] = { "interim", "100|102|103",
	    "an interim response, at once; up to 8", "interim=103",
	    &word_interim_kind, WORD_FIELD(interims) },
	[WORD_FAULT] = { "fault", "LIST",
	    "what goes wrong: close, reset, hang, truncate, garbage, length, "
	    "chunk",
	    "fault=reset:2,truncate:1", &word_choice_kind, WORD_FIELD(fault) },
	[WORD_AFTER] = { "after", "SIZE",
	    "so many bytes of the body come before the fault", "after=1k",
	    &word_size_kind, WORD_FIELD(after), WORD_BOUNDS(0, WORD_MAX_SIZE) },
	[WORD_FOR] = { "for", "TIME", "how long it hangs [--max-sleep]",
	    "for=30s", &word_time_kind, WORD_FIELD(hang),
	    WORD_BOUNDS(0, WORD_MAX_SLEEP) },
	[WORD_CLOSE] = { "close", "PERCENT",
	    "the answer is the connection's last", "close=10", &word_share_kind,
	    WORD_FIELD(close) },
	[WORD_FAIL] = { "fail", "N",
	    "status [503] or fault for the first N attempts of a key alone",
	    "fail=2", &word_count_kind, WORD_FIELD(fail),
	    WORD_BOUNDS(0, 1000000000) },
	[WORD_DOWN] = { "down", "ON/PERIOD",
	    "status [503] or fault in the first ON of each PERIOD alone",
	    "down=30s/5m", &word_outage_kind, WORD_FIELD(down) },
	[WORD_PHASE] = { "phase", "TIME",
	    "each PERIOD begins so much later than one since 1970", "phase=1m",
	    &word_time_kind, WORD_FIELD(phase),
	    WORD_BOUNDS(0, BEHAVIOUR_PERIOD_MAX) },
	[WORD_KEY] = { "key", "TEXT|header:NAME|peer",
	    "whose attempts are counted, and draws depend on", "key=client-1",
	    &word_key_kind, WORD_FIELD(key) },
	[WORD_POOL] = { "pool", "NAME",
	    "it takes a slot of a --pool, or waits for one", "pool=db",
	    &word_pool_kind, WORD_FIELD(pool) },
	[WORD_SEED] = { "seed", "N", "by which all this is drawn", "seed=7",
	    &word_count_kind, WORD_FIELD(seed), WORD_BOUNDS(0, ROLL_SEED_MAX) },
};

const struct word_rivals word_rivals[WORD_RIVALS] = {
	{ BEHAVIOUR_PACE, "one of over, rate and every" },
	{ WORD_FLAG(WORD_SIZE) | WORD_FLAG(WORD_EVENTS) | WORD_FLAG(WORD_LINES),
	    "one of size, events and lines" },
	{ WORD_FLAG(WORD_FAIL) | WORD_FLAG(WORD_DOWN), "one of fail and down" },
};

const struct word_need word_needs[WORD_NEEDS] = {
	{ WORD_FILL, WORD_FLAG(WORD_SIZE), "a size that is to be filled" },
	{ WORD_AFTER, WORD_FLAG(WORD_FAULT), "a fault that comes after it" },
	{ WORD_FOR, WORD_FLAG(WORD_FAULT), "fault=hang, for so long" },
	{ WORD_RETRY_AFTER,
	    WORD_FLAG(WORD_STATUS) | WORD_FLAG(WORD_FAIL) |
		WORD_FLAG(WORD_DOWN),
	    "a status that has it: 3xx, 429 or 503" },
	{ WORD_CHUNK, WORD_FLAG(WORD_EVERY),
	    "every, before whose gaps it comes" },
	{ WORD_AT, WORD_FLAG(WORD_DELAY), "a delay that falls there" },
	{ WORD_FAIL, WORD_FLAG(WORD_KEY), "a key, whose attempts fail" },
	{ WORD_PHASE, WORD_FLAG(WORD_DOWN), "down, which it shifts" },
};
