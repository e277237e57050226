/* Tests of app/drawn: chances, and how what came is told. */
#include "config.h"

#include "app/drawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/pool.h"
#include "base/clock.h"
#include "readers.h"
#include "worded.h"

#define DRAWS 100000

static const struct drawn_names no_names;

/* The readers themselves: what they have to refuse. */
static void
test_readers(void **state)
{
	static const char *const no_dictionaries[] = { "", "A=1", "a=1,",
		"a=1 b=2", "a=1.", "a=1.2345", "a=1234567890123456", "a=.5",
		"a=1234567890123.5", "a=\"x", "a=\"\\x\"", "a=\"\x80\"",
		"a=\"\t\"", "a=\"\"\"", "a=1;", "a=-", ",a", "a=1, ,b" };
	static const char *const no_objects[] = { "", "{", "{\"a\":}",
		"{\"a\":1,}", "{\"a\":01}", "{\"a\":1.}", "{\"a\" 1}", "{a:1}",
		"{\"a\":[1,]}", "{\"a\":1}}", "[1]", "{\"a\":TRUE}" };

	(void)state;
	for (size_t i = 0;
	     i < sizeof(no_dictionaries) / sizeof(*no_dictionaries); i++)
		assert_false(is_dictionary(no_dictionaries[i]));
	for (size_t i = 0; i < 12; i++)
		assert_false(is_json_object(no_objects[i]));
	assert_true(
	    is_dictionary("a=1, b-c=1.5;x;y=2,d, e=f, g=\" \\\"\\\\~\""));
	assert_true(is_json_object(
	    "{\"a\":1,\"b\":[\"x\",1.5],\"c\":true,\"d\":\"\\\"\\\\\"}"));
}

/* ---- what is told ---- */

/* What is drawn for n = 3 of seed 7, at most 60 s, and how it is told. */
static const struct told_row {
	const char *words;
	uint32_t skipped; /* that the answer could not have */
	const char *text, *json;
} told[] = {
	{ "", 0, "", "" },
	{ "seed=5&type=a/b&header=A:1", 0, "", "" },
	{ "delay=0", 0, "delay=0", "{\"delay\":0}" },
	{ "delay=1us", 0, "delay=0.001", "{\"delay\":0.001}" },
	{ "delay=0.000000001", 0, "delay=0.001", "{\"delay\":0.001}" },
	{ "delay=250ms", 0, "delay=250", "{\"delay\":250}" },
	{ "delay=1500us", 0, "delay=1.5", "{\"delay\":1.5}" },
	{ "delay=10020us", 0, "delay=10.02", "{\"delay\":10.02}" },
	{ "delay=1m", 0, "delay=60000", "{\"delay\":60000}" },
	{ "delay=999.999999ms", 0, "delay=1000", "{\"delay\":1000}" },
	{ "status=503", 0, "status=503", "{\"status\":503}" },
	{ "size=0", 0, "size=0", "{\"size\":0}" },
	{ "size=1m&fill=3", 0, "size=1048576", "{\"size\":1048576}" },
	{ "events=5&every=1s", 0, "events, every",
	    "{\"events\":true,\"every\":true}" },
	{ "fault=truncate&after=5", 0, "fault=truncate",
	    "{\"fault\":\"truncate\"}" },
	{ "status=304&fault=chunk", WORD_FLAG(WORD_FAULT),
	    "status=304, fault=chunk;skipped",
	    "{\"status\":304,\"fault\":\"chunk\",\"skipped\":[\"fault\"]}" },
	{ "size=5&over=1s", WORD_FLAG(WORD_SIZE) | WORD_FLAG(WORD_OVER),
	    "size=5;skipped, over;skipped",
	    "{\"size\":5,\"over\":true,\"skipped\":[\"size\",\"over\"]}" },
	{ "close=100", 0, "close", "{\"close\":true}" },
	{ "close=0", 0, "", "" },
	{ "status=503:0.0000000001", 0, "seed=7, n=3", "{\"seed\":7,\"n\":3}" },
	{ "delay=60s..60s&fault=reset:99.9999999999", 0,
	    "delay=60000, fault=reset, seed=7, n=3",
	    "{\"delay\":60000,\"fault\":\"reset\",\"seed\":7,\"n\":3}" },
};

static void
test_told(void **state)
{
	const struct drawn_source source = { .roll = { 7, 3, 0 },
		.most = 60 * CLOCK_S };

	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct told_row *row = &told[i];
		char text[DRAWN_TEXT_MAX + 1], json[DRAWN_TEXT_MAX + 1];
		struct behaviour behaviour = { 0 };
		struct drawn drawn;

		worded_add(&behaviour, row->words);
		drawn_make(&drawn, &behaviour, &source);
		drawn.skipped = row->skipped;
		text[drawn_write(&drawn, &no_names, text)] = '\0';
		json[drawn_write_json(&drawn, &no_names, json)] = '\0';
		assert_string_equal(text, row->text);
		assert_string_equal(json, row->json);
		assert_true(*text == '\0' || is_dictionary(text));
		assert_true(*json == '\0' || is_json_object(json));
		words_release(&behaviour);
	}
}

/* What is told of one attempt, at a time of UTC; of seed 7. */
static const struct gated_row {
	const char *words;
	uint64_t n;
	int64_t wall;
	const char *text, *json;
} gated[] = {
	/* a key, by which n is counted */
	{ "key=a", 3, 0, "key=\"a\", n=3", "{\"key\":\"a\",\"n\":3}" },
	{ "key=a&close=99.9999999999", 3, 0, "close, key=\"a\", seed=7, n=3",
	    "{\"close\":true,\"key\":\"a\",\"seed\":7,\"n\":3}" },
	{ "pool=db", 3, 0, "pool=db", "{\"pool\":\"db\"}" },
	{ "pool=Web-2_&key=a", 1, 0, "key=\"a\", pool=Web-2_, n=1",
	    "{\"key\":\"a\",\"pool\":\"Web-2_\",\"n\":1}" },
	/* the first attempts alone */
	{ "fail=2&key=a", 1, 0, "status=503, fail, key=\"a\", n=1",
	    "{\"status\":503,\"fail\":true,\"key\":\"a\",\"n\":1}" },
	{ "fail=2&key=a", 2, 0, "status=503, fail, key=\"a\", n=2",
	    "{\"status\":503,\"fail\":true,\"key\":\"a\",\"n\":2}" },
	{ "fail=2&key=a", 3, 0, "key=\"a\", n=3", "{\"key\":\"a\",\"n\":3}" },
	{ "fail=0&key=a", 1, 0, "key=\"a\", n=1", "{\"key\":\"a\",\"n\":1}" },
	{ "fail=1000000000&key=a", 1000000000, 0,
	    "status=503, fail, key=\"a\", n=1000000000",
	    "{\"status\":503,\"fail\":true,\"key\":\"a\","
	    "\"n\":1000000000}" },
	{ "fail=1000000000&key=a", 1000000001, 0, "key=\"a\", n=1000000001",
	    "{\"key\":\"a\",\"n\":1000000001}" },
	/* the status and the fault that are said, in the place of 503 */
	{ "fail=2&key=a&status=500", 2, 0, "status=500, fail, key=\"a\", n=2",
	    "{\"status\":500,\"fail\":true,\"key\":\"a\",\"n\":2}" },
	{ "fail=2&key=a&status=500", 3, 0, "key=\"a\", n=3",
	    "{\"key\":\"a\",\"n\":3}" },
	{ "fail=2&key=a&fault=reset", 2, 0, "fault=reset, fail, key=\"a\", n=2",
	    "{\"fault\":\"reset\",\"fail\":true,\"key\":\"a\",\"n\":2}" },
	{ "fail=2&key=a&fault=reset", 3, 0, "key=\"a\", n=3",
	    "{\"key\":\"a\",\"n\":3}" },
	{ "fail=2&key=a&status=500&fault=length", 1, 0,
	    "status=500, fault=length, fail, key=\"a\", n=1",
	    "{\"status\":500,\"fault\":\"length\",\"fail\":true,"
	    "\"key\":\"a\",\"n\":1}" },
	{ "fail=2&key=a&status=500&fault=length", 3, 0, "key=\"a\", n=3",
	    "{\"key\":\"a\",\"n\":3}" },
	/* nothing else, and drawn all the same */
	{ "fail=2&key=a&delay=1s&size=5&close=100", 3, 0,
	    "delay=1000, size=5, close, key=\"a\", n=3",
	    "{\"delay\":1000,\"size\":5,\"close\":true,\"key\":\"a\","
	    "\"n\":3}" },
	{ "fail=2&key=a&status=500:99.9999999999", 2, 0,
	    "status=500, fail, key=\"a\", seed=7, n=2",
	    "{\"status\":500,\"fail\":true,\"key\":\"a\",\"seed\":7,"
	    "\"n\":2}" },
	{ "fail=2&key=a&status=500:0.0000000001", 2, 0,
	    "fail, key=\"a\", seed=7, n=2",
	    "{\"fail\":true,\"key\":\"a\",\"seed\":7,\"n\":2}" },
	{ "fail=2&key=a&status=500:99.9999999999", 3, 0,
	    "key=\"a\", seed=7, n=3", "{\"key\":\"a\",\"seed\":7,\"n\":3}" },
	/* outages */
	{ "down=1s/5s", 3, 0, "status=503, down",
	    "{\"status\":503,\"down\":true}" },
	{ "down=1s/5s", 3, CLOCK_S, "", "" },
	{ "down=1s/5s&status=500&delay=1s", 3, 5 * CLOCK_S,
	    "delay=1000, status=500, down",
	    "{\"delay\":1000,\"status\":500,\"down\":true}" },
	{ "down=1s/5s&status=500&delay=1s", 3, 9 * CLOCK_S, "delay=1000",
	    "{\"delay\":1000}" },
	{ "down=1s/5s&fault=hang", 3, 0, "fault=hang, down",
	    "{\"fault\":\"hang\",\"down\":true}" },
	{ "down=1s/5s&phase=2s&fault=hang", 3, 0, "", "" },
};

static void
test_gated(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(gated) / sizeof(*gated); i++) {
		const struct gated_row *row = &gated[i];
		const struct drawn_source source = { .roll = { 7, row->n, 0 },
			.most = 60 * CLOCK_S,
			.wall = row->wall };
		char text[DRAWN_TEXT_MAX + 1], json[DRAWN_TEXT_MAX + 1];
		struct drawn_names names = { SPAN("a"), SPAN("") };
		struct behaviour behaviour = { 0 };
		struct drawn drawn;

		print_message("# %s, %d\n", row->words, (int)row->n);
		worded_add(&behaviour, row->words);
		if (behaviour_says(&behaviour, WORD_POOL))
			names.pool = pool_name(behaviour.pool);
		drawn_make(&drawn, &behaviour, &source);
		text[drawn_write(&drawn, &names, text)] = '\0';
		json[drawn_write_json(&drawn, &names, json)] = '\0';
		assert_string_equal(text, row->text);
		assert_string_equal(json, row->json);
		assert_true(*text == '\0' || is_dictionary(text));
		assert_true(*json == '\0' || is_json_object(json));
		words_release(&behaviour);
	}
}

/* How long an outage goes on; 0: none is. */
static void
test_outages(void **state)
{
	static const struct {
		const char *words;
		int64_t wall, left;
	} rows[] = {
		{ "down=1s/5s", 0, CLOCK_S },
		{ "down=1s/5s", 1, CLOCK_S - 1 },
		{ "down=1s/5s", CLOCK_S - 1, 1 },
		{ "down=1s/5s", CLOCK_S, 0 },
		{ "down=1s/5s", 5 * CLOCK_S - 1, 0 },
		{ "down=1s/5s", 5 * CLOCK_S, CLOCK_S },
		{ "down=1s/5s", 1700000000 * CLOCK_S, CLOCK_S },
		{ "down=1s/5s", 1700000003 * CLOCK_S, 0 },
		{ "down=1s/5s", -1, 0 }, /* before 1970 */
		{ "down=1s/5s", -5 * CLOCK_S, CLOCK_S },
		{ "down=1s/5s", -4 * CLOCK_S - 1, 1 },
		{ "down=1s/5s&phase=0", 0, CLOCK_S },
		{ "down=1s/5s&phase=2s", 0, 0 },
		{ "down=1s/5s&phase=2s", 2 * CLOCK_S - 1, 0 },
		{ "down=1s/5s&phase=2s", 2 * CLOCK_S, CLOCK_S },
		{ "down=1s/5s&phase=2s", 3 * CLOCK_S - 1, 1 },
		{ "down=1s/5s&phase=2s", 3 * CLOCK_S, 0 },
		{ "down=1s/5s&phase=4500ms", 400 * CLOCK_MS, 100 * CLOCK_MS },
		{ "down=1s/5s&phase=4500ms", 500 * CLOCK_MS, 0 },
		{ "down=1s/5s&phase=7s", 2 * CLOCK_S, CLOCK_S },
		{ "down=1s/5s&phase=8783h59m58s", 3 * CLOCK_S, CLOCK_S },
		{ "down=0/1s", 0, 0 },
		{ "down=5s/5s", 0, 5 * CLOCK_S },
		{ "down=5s/5s", 5 * CLOCK_S - 1, 1 },
		{ "down=5s/5s", 5 * CLOCK_S, 5 * CLOCK_S },
		{ "down=1ms/1ms", INT64_MAX, 224193 }, /* in 2262 */
		{ "fault=reset", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct behaviour behaviour = { 0 };

		print_message("# %s\n", rows[i].words);
		worded_add(&behaviour, rows[i].words);
		assert_int_equal(drawn_outage(&behaviour, rows[i].wall),
		    rows[i].left);
		words_release(&behaviour);
	}
}

/* A key of any byte is told as a string that both forms read. */
static void
test_key_bytes(void **state)
{
	const struct drawn drawn = { .words = WORD_FLAG(WORD_KEY),
		.roll = { 7, 1, 0 } };

	(void)state;
	for (int c = 0; c <= 0xff; c++) {
		char text[DRAWN_TEXT_MAX + 1], json[DRAWN_TEXT_MAX + 1];
		char key[2] = { 'a', (char)c }, shown[3] = { (char)c };
		char wanted[64];
		const struct drawn_names names = { { key, 2 }, SPAN("") };

		if (c == '"' || c == '\\')
			memcpy(shown, (char[]){ '\\', (char)c }, 2);
		else if (c < ' ' || c > '~')
			*shown = '?';
		text[drawn_write(&drawn, &names, text)] = '\0';
		json[drawn_write_json(&drawn, &names, json)] = '\0';
		snprintf(wanted, sizeof(wanted), "key=\"a%s\", n=1", shown);
		assert_string_equal(text, wanted);
		snprintf(wanted, sizeof(wanted), "{\"key\":\"a%s\",\"n\":1}",
		    shown);
		assert_string_equal(json, wanted);
		assert_true(is_dictionary(text));
		assert_true(is_json_object(json));
	}
}

/* The longest that there can be has room, and is well formed. */
static void
test_longest(void **state)
{
	char text[DRAWN_TEXT_MAX + 1], json[DRAWN_TEXT_MAX + 1];
	const struct drawn drawn = {
		.roll = { ROLL_SEED_MAX, 999999999999999, UINT64_MAX },
		.delay = INT64_MAX / 10,
		.size = 999999999999999,
		.words = DRAWN_WORDS,
		.skipped = DRAWN_WORDS,
		.limited = WORD_FLAG(WORD_DELAY) | WORD_FLAG(WORD_RATE),
		.status = 599,
		.fault = FAULT_TRUNCATE,
		.chance = true,
		.refused = true,
	};
	char key[BEHAVIOUR_KEY_MAX], pool[POOL_NAME_MAX];
	const struct drawn_names names = { { key, sizeof(key) },
		{ pool, sizeof(pool) } };
	size_t size;

	(void)state;
	memset(key, '"', sizeof(key));
	memset(pool, 'p', sizeof(pool));
	size = drawn_write(&drawn, &names, text);
	assert_true(size < DRAWN_TEXT_MAX - 1);
	text[size] = '\0';
	assert_true(is_dictionary(text));
	size = drawn_write_json(&drawn, &names, json);
	assert_true(size < DRAWN_TEXT_MAX - 1);
	json[size] = '\0';
	assert_true(is_json_object(json));
}

/* ---- chances ---- */

/* Shares in parts of a million of DRAWS, or of the draws of a tail. */
static void
test_chances(void **state)
{
	struct behaviour behaviour = { 0 };
	unsigned s503 = 0, s429 = 0, big = 0, reset = 0, closed = 0, long_ = 0;
	unsigned both = 0, telling = 0;

	(void)state;
	worded_add(&behaviour, "delay=exp:20s&status=503:5,429:1&size=7:50,"
			       "9:25&fault=reset:10&close=30");
	for (uint64_t n = 1; n <= DRAWS; n++) {
		const struct drawn_source source = { .roll = { 7, n, 0 },
			.most = 60 * CLOCK_S };
		char text[DRAWN_TEXT_MAX + 1], json[DRAWN_TEXT_MAX + 1];
		struct drawn drawn;

		drawn_make(&drawn, &behaviour, &source);
		assert_true(drawn.chance && drawn_has(&drawn, WORD_DELAY));
		assert_true(drawn.delay >= 0 && drawn.delay <= 60 * CLOCK_S);
		long_ += (drawn.limited & WORD_FLAG(WORD_DELAY)) != 0;
		assert_int_equal(drawn.limited & ~WORD_FLAG(WORD_DELAY), 0);
		if (drawn_has(&drawn, WORD_STATUS)) {
			s503 += drawn.status == 503;
			s429 += drawn.status == 429;
		}
		big += drawn_has(&drawn, WORD_SIZE) && drawn.size == 9;
		reset += drawn_has(&drawn, WORD_FAULT);
		closed += drawn_has(&drawn, WORD_CLOSE);
		both += drawn_has(&drawn, WORD_FAULT) &&
			drawn_has(&drawn, WORD_CLOSE);
		text[drawn_write(&drawn, &no_names, text)] = '\0';
		json[drawn_write_json(&drawn, &no_names, json)] = '\0';
		telling += is_dictionary(text) && is_json_object(json);
	}
	/* within four standard errors: sqrt(DRAWS * p * (1 - p)) */
	assert_in_range(s503, 5000 - 276, 5000 + 276);
	assert_in_range(s429, 1000 - 126, 1000 + 126);
	assert_in_range(big, 25000 - 548, 25000 + 548);
	assert_in_range(reset, 10000 - 380, 10000 + 380);
	assert_in_range(closed, 30000 - 580, 30000 + 580);
	assert_in_range(both, 3000 - 216, 3000 + 216);  /* independent */
	assert_in_range(long_, 4979 - 276, 4979 + 276); /* e^-3 */
	assert_int_equal(telling, DRAWS);
	words_release(&behaviour);
}

/* A word more shifts no other draw; another seed, and another ordinal, draw
 * otherwise. */
static void
test_streams(void **state)
{
	struct behaviour few = { 0 }, many = { 0 };
	unsigned same = 0;

	(void)state;
	worded_add(&few, "delay=1s..50s&fault=reset:50");
	worded_add(&many, "delay=1s..50s&fault=reset:50&status=503:50&size=5:50"
			  "&close=50&every=1s..2s");
	for (uint64_t n = 1; n <= 1000; n++) {
		const struct drawn_source source = { .roll = { 7, n, 0 },
			.most = 60 * CLOCK_S };
		const struct drawn_source other = { .roll = { 8, n, 0 },
			.most = 60 * CLOCK_S };
		struct drawn a, b, c;

		drawn_make(&a, &few, &source);
		drawn_make(&b, &many, &source);
		drawn_make(&c, &few, &other);
		assert_int_equal(a.delay, b.delay);
		assert_int_equal(drawn_has(&a, WORD_FAULT),
		    drawn_has(&b, WORD_FAULT));
		assert_int_not_equal(a.delay, c.delay);
		same += drawn_has(&a, WORD_FAULT) == drawn_has(&c, WORD_FAULT);
	}
	assert_in_range(same, 430, 570);
	words_release(&few);
	words_release(&many);
}

/* With a key, the draws are those of the key and the attempt; without one, those
 * that a seed and an ordinal have always had. */
static void
test_draws_of_keys(void **state)
{
	static const struct {
		const char *key; /* NULL: none */
		uint64_t n;
		int64_t delay;
	} rows[] = {
		{ NULL, 1, 920801715 },
		{ NULL, 2, 604282793 },
		{ "a", 1, 538265591 },
		{ "a", 2, 142347738 },
		{ "b", 1, 111280153 },
		{ "", 1, 746363015 },
	};
	struct behaviour behaviour = { 0 };

	(void)state;
	worded_add(&behaviour, "delay=0..1s");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct drawn_source source = {
			.roll = { 7, rows[i].n,
			    rows[i].key != NULL ? roll_key(span_of(rows[i].key))
						: 0 },
			.most = 60 * CLOCK_S
		};
		struct drawn drawn;

		drawn_make(&drawn, &behaviour, &source);
		assert_int_equal(drawn.delay, rows[i].delay);
	}
	words_release(&behaviour);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_gated),
		cmocka_unit_test(test_outages),
		cmocka_unit_test(test_key_bytes),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_chances),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_draws_of_keys),
	};

	return cmocka_run_group_tests_name("drawn", tests, NULL, NULL);
}
