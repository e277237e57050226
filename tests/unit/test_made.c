/* Tests of app/made: each byte, wherever it is asked for. */
#include "config.h"

#include "app/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/roll.h"
#include "base/clock.h"

#define ROOM 16384

/* The fields of an item that are no digit of its number, in bytes. */
#define TIME "2026-11-28T15:04:05.123456Z"

static uint64_t
digits(uint64_t number)
{
	char text[24];

	return (uint64_t)snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)number);
}

/* Sizes, as they come to item by item. */
static void
test_sizes(void **state)
{
	const struct made events = { .kind = MADE_EVENTS };
	const struct made lines = { .kind = MADE_LINES };
	const struct made letters = { .kind = MADE_LETTERS };
	const struct made noise = { .kind = MADE_NOISE };
	const struct made stars = { .kind = MADE_STARS };
	const struct made pings = { .kind = MADE_PINGS };
	const struct made records = { .kind = MADE_RECORDS,
		.tail = SPAN(",x}\n") };
	uint64_t event = 0, line = 0, ping = 0, record = 0;

	(void)state;
	assert_int_equal(made_size(&events, 0), 0);
	for (uint64_t n = 1; n <= 1000000; n++) {
		event += strlen(
			     "id: \ndata: {\"n\":,\"time\":\"" TIME "\"}\n\n") +
			 2 * digits(n);
		line += strlen("{\"n\":,\"time\":\"" TIME "\"}\n") + digits(n);
		ping += strlen("event: ping\ndata: {\"id\":,\"timestamp\":"
			       "1795878245123}\n\n") +
			digits(n - 1);
		record += strlen("{\"id\":,x}\n") + digits(n - 1);
		if (n > 110 && n < 999990)
			continue;
		assert_int_equal(made_size(&events, n), event);
		assert_int_equal(made_size(&lines, n), line);
		assert_int_equal(made_size(&pings, n), ping);
		assert_int_equal(made_size(&records, n), record);
	}
	assert_int_equal(made_size(&letters, UINT64_C(1) << 40), UINT64_C(1)
								     << 40);
	assert_int_equal(made_size(&noise, 17), 17);
	assert_int_equal(made_size(&stars, 17), 17);
	assert_true(made_has_items(&events) && made_has_items(&lines));
	assert_true(made_has_items(&pings) && made_has_items(&records));
	assert_false(made_has_items(&stars));
	assert_false(made_has_items(&letters) || made_has_items(&noise));
}

/* Takes from `from` to `to` in slices of `slice` bytes at most. */
static void
take(struct made *made, uint64_t from, uint64_t to, uint64_t slice, char *out)
{
	static char room[MADE_ROOM];

	while (from < to) {
		uint64_t most = to - from < slice ? to - from : slice;
		struct span part = made_next(made, from, most, room);

		assert_true(part.size >= 1 && part.size <= most);
		assert_int_equal(made_is_lent(made), part.data != room);
		memcpy(out, part.data, part.size);
		out += part.size;
		from += part.size;
	}
}

static void
test_letters(void **state)
{
	static const uint64_t offsets[] = { 0, 1, 25, 26, 27, 25999, 26000,
		26001, (UINT64_C(1) << 40) - 3 };
	static const uint64_t slices[] = { 1, 2, 7, 26, 27, 16384, 100000 };
	struct made made = { .kind = MADE_LETTERS, .count = UINT64_MAX };
	static char out[60000];

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
		for (size_t j = 0; j < sizeof(slices) / sizeof(*slices); j++) {
			take(&made, offsets[i], offsets[i] + sizeof(out),
			    slices[j], out);
			for (size_t k = 0; k < sizeof(out); k++)
				if (out[k] !=
				    'a' + (char)((offsets[i] + k) % 26))
					fail_msg("byte %zu is %c", k, out[k]);
		}
	}
}

/* As the header says how it is made, whatever the slices. */
static void
test_noise(void **state)
{
	static const uint64_t slices[] = { 1, 2, 3, 7, 8, 9, 63, 16384, 20000 };
	const struct roll roll = { 5, 1, 0 };
	struct made made = { .kind = MADE_NOISE, .count = 40003, .seed = 5 };
	struct made other = { .kind = MADE_NOISE, .count = 40003, .seed = 6 };
	static char out[40003], else_out[40003];

	(void)state;
	for (size_t i = 0; i < sizeof(slices) / sizeof(*slices); i++) {
		take(&made, 0, sizeof(out), slices[i], out);
		for (size_t k = 0; k < sizeof(out); k++) {
			uint64_t bits = roll_bits(&roll, ROLL_FILL, k / 8);

			assert_int_equal((unsigned char)out[k],
			    bits >> (8 * (k % 8)) & 0xff);
		}
	}
	take(&other, 0, sizeof(out), 777, else_out);
	assert_memory_not_equal(out, else_out, sizeof(out));
}

/* Asserts that the items are whole, in order, and no earlier than each other. */
static void
assert_items(const struct made *made, const char *text)
{
	bool events = made->kind == MADE_EVENTS;
	char last[sizeof(TIME)] = "";

	for (uint64_t n = 1; n <= made->count; n++) {
		char start[64], time[sizeof(TIME)];
		int size;

		if (events)
			size = snprintf(start, sizeof(start),
			    "id: %llu\ndata: {\"n\":%llu,\"time\":\"",
			    (unsigned long long)n, (unsigned long long)n);
		else
			size = snprintf(start, sizeof(start),
			    "{\"n\":%llu,\"time\":\"", (unsigned long long)n);
		assert_memory_equal(text, start, (size_t)size);
		text += size;
		memcpy(time, text, sizeof(TIME) - 1);
		time[sizeof(TIME) - 1] = '\0';
		assert_true(strcmp(last, time) <= 0);
		assert_int_equal(time[10], 'T');
		assert_int_equal(time[19], '.');
		assert_int_equal(time[26], 'Z');
		memcpy(last, time, sizeof(last));
		text += sizeof(TIME) - 1;
		assert_memory_equal(text, "\"}\n\n", events ? 4 : 3);
		text += events ? 4 : 3;
	}
}

/* Items, in slices of every size: whole and in order. */
static void
test_items(void **state)
{
	static char out[16384];

	(void)state;
	for (int kind = MADE_EVENTS; kind <= MADE_LINES; kind++) {
		for (uint64_t slice = 1; slice < 400; slice++) {
			struct made made = { .kind = (uint8_t)kind,
				.count = 105 };
			uint64_t size = made_size(&made, made.count);

			assert_true(size < sizeof(out));
			take(&made, 0, size, slice, out);
			assert_items(&made, out);
			assert_int_equal(made.item, made.count);
			assert_int_equal(made.offset, size);
		}
	}
}

static void
test_stars(void **state)
{
	struct made made = { .kind = MADE_STARS, .count = UINT64_MAX };
	static char out[50000];

	(void)state;
	take(&made, 1, 1 + sizeof(out), 100000, out);
	for (size_t k = 0; k < sizeof(out); k++)
		assert_int_equal(out[k], '*');
}

/* Letters that begin elsewhere. */
static void
test_later_letters(void **state)
{
	struct made made = { .kind = MADE_LETTERS, .count = 5, .first = 24 };
	char out[5];

	(void)state;
	take(&made, 0, 5, 2, out);
	assert_memory_equal(out, "yzabc", 5);
}

/* Pings and records, from 0 on, in slices of every size. */
static void
test_items_from_0(void **state)
{
	static char pings[8192], records[8192];

	(void)state;
	for (uint64_t slice = 1; slice < 200; slice++) {
		struct made ping = { .kind = MADE_PINGS, .count = 105 };
		struct made record = { .kind = MADE_RECORDS,
			.count = 105,
			.tail = SPAN(",\"a\":\"some text that is long\"}\n") };
		const char *p = pings, *r = records;

		take(&ping, 0, made_size(&ping, 105), slice, pings);
		take(&record, 0, made_size(&record, 105), slice, records);
		for (int n = 0; n < 105; n++) {
			char text[64];
			int size = sprintf(text,
			    "event: ping\ndata: {\"id\":%d,\"timestamp\":1", n);

			assert_memory_equal(p, text, (size_t)size);
			p += size + 12;
			assert_memory_equal(p, "}\n\n", 3);
			p += 3;
			size = sprintf(text, "{\"id\":%d", n);
			assert_memory_equal(r, text, (size_t)size);
			r += size;
			assert_memory_equal(r, record.tail.data,
			    record.tail.size);
			r += record.tail.size;
		}
		assert_int_equal(p - pings, made_size(&ping, 105));
		assert_int_equal(r - records, made_size(&record, 105));
	}
}

/* An item that is cut at any byte has one time: that of its first byte. */
static void
test_cut_item(void **state)
{
	struct made first = { .kind = MADE_EVENTS, .count = 1 };
	uint64_t size = made_size(&first, 1);
	char whole[256], cut[256];

	(void)state;
	for (uint64_t at = 1; at < size; at++) {
		struct made made = { .kind = MADE_EVENTS, .count = 1 };
		struct made same;

		take(&made, 0, at, ROOM, cut);
		same = made;
		same.item = 0;
		take(&made, at, size, ROOM, cut + at);
		take(&same, 0, size, ROOM, whole);
		assert_memory_equal(cut, whole, size);
	}
}

/* Each has a time of its own: when it was asked for. */
static void
test_item_times(void **state)
{
	struct made made = { .kind = MADE_LINES, .count = 2 };
	uint64_t size = made_size(&made, 1);
	int64_t before = clock_now();
	char first[128], second[128];

	(void)state;
	take(&made, 0, size, ROOM, first);
	while (clock_now() - before < 10 * CLOCK_US)
		continue; /* a time has microseconds */
	take(&made, size, 2 * size, ROOM, second);
	assert_memory_equal(second, "{\"n\":2", 6);
	assert_true(memcmp(strstr(first, "time"), strstr(second, "time"),
			strlen("time\":\"" TIME)) < 0);
}

/* 10^6 of them, the last byte included. */
static void
test_many(void **state)
{
	struct made made = { .kind = MADE_LINES, .count = 1000000 };
	uint64_t size = made_size(&made, made.count);
	char *out = malloc(size);

	(void)state;
	assert_non_null(out);
	take(&made, 0, size, ROOM, out);
	assert_items(&made, out);
	free(out);
}

static void
test_types(void **state)
{
	static const struct made kinds[] = { { .kind = MADE_LETTERS },
		{ .kind = MADE_NOISE }, { .kind = MADE_EVENTS },
		{ .kind = MADE_LINES }, { .kind = MADE_STARS },
		{ .kind = MADE_PINGS }, { .kind = MADE_RECORDS } };

	(void)state;
	assert_string_equal(made_type(&kinds[0]), "text/plain; charset=utf-8");
	assert_string_equal(made_type(&kinds[1]), "application/octet-stream");
	assert_string_equal(made_type(&kinds[2]), "text/event-stream");
	assert_string_equal(made_type(&kinds[3]), "application/x-ndjson");
	assert_string_equal(made_type(&kinds[4]), "text/plain; charset=utf-8");
	assert_string_equal(made_type(&kinds[5]),
	    "text/event-stream; charset=utf-8");
	assert_string_equal(made_type(&kinds[6]),
	    "application/x-ndjson; charset=utf-8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_stars),
		cmocka_unit_test(test_later_letters),
		cmocka_unit_test(test_items_from_0),
		cmocka_unit_test(test_cut_item),
		cmocka_unit_test(test_item_times),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests_name("made", tests, NULL, NULL);
}
