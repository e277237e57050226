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
#include "worded.h"

#define DRAWS 100000

static const struct drawn_names no_names;

/* ---- a strict reader of dictionaries (RFC 9651 4.2.2), as far as we write them:
 * keys, integers, decimals, strings, tokens, booleans that are true, parameters ---- */

static bool
is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_-.*", c) != NULL);
}

static bool
take_key(const char **p)
{
	if ((**p < 'a' || **p > 'z') && **p != '*')
		return false;
	while (is_key_char(**p))
		(*p)++;
	return true;
}

/* 4.2.4: up to 15 digits; or up to 12, a point, and 1 to 3 more. */
static bool
take_number(const char **p)
{
	size_t whole = strspn(*p, "0123456789"), part;

	*p += whole;
	if (whole == 0 || **p != '.')
		return whole > 0 && whole <= 15;
	(*p)++;
	part = strspn(*p, "0123456789");
	*p += part;
	return whole <= 12 && part >= 1 && part <= 3;
}

/* 4.2.5: plain ASCII, in which two characters are escaped. */
static bool
take_string(const char **p)
{
	for ((*p)++; **p != '"'; (*p)++) {
		if (**p < ' ' || **p > '~')
			return false;
		if (**p == '\\' && *++*p != '"' && **p != '\\')
			return false;
	}
	(*p)++;
	return true;
}

static bool
take_item(const char **p)
{
	if (**p == '"')
		return take_string(p);
	if (**p >= '0' && **p <= '9')
		return take_number(p);
	if ((**p < 'a' || **p > 'z') && (**p < 'A' || **p > 'Z'))
		return false;
	while (is_key_char(**p)) /* a token of these alone */
		(*p)++;
	return true;
}

static bool
take_parameters(const char **p)
{
	while (**p == ';') {
		(*p)++;
		*p += strspn(*p, " ");
		if (!take_key(p))
			return false;
		if (**p == '=') {
			(*p)++;
			if (!take_item(p))
				return false;
		}
	}
	return true;
}

static bool
is_dictionary(const char *p)
{
	for (;;) {
		if (!take_key(&p))
			return false;
		if (*p == '=') {
			p++;
			if (!take_item(&p))
				return false;
		}
		if (!take_parameters(&p))
			return false;
		if (*p == '\0')
			return true;
		p += strspn(p, " \t");
		if (*p++ != ',')
			return false;
		p += strspn(p, " \t"); /* and no comma at the end */
	}
}

/* ---- a strict reader of JSON (RFC 8259), as far as we write it ---- */

static bool take_json(const char **p, int depth);

static bool
take_json_string(const char **p)
{
	return **p == '"' && take_string(p);
}

static bool
take_json_number(const char **p)
{
	size_t whole = strspn(*p, "0123456789"), part;

	if (whole == 0 || (whole > 1 && **p == '0'))
		return false;
	*p += whole;
	if (**p != '.')
		return true;
	part = strspn(++*p, "0123456789");
	*p += part;
	return part > 0;
}

/* An object or an array, to its end. */
static bool
take_json_members(const char **p, int depth, bool object)
{
	char end = object ? '}' : ']';

	for (;;) {
		if (object && (!take_json_string(p) || *(*p)++ != ':'))
			return false;
		if (!take_json(p, depth - 1))
			return false;
		if (**p == end) {
			(*p)++;
			return true;
		}
		if (*(*p)++ != ',')
			return false;
	}
}

static bool
take_json(const char **p, int depth)
{
	bool object = **p == '{';

	if (depth == 0)
		return false;
	if (**p == '"')
		return take_json_string(p);
	if (strncmp(*p, "true", 4) == 0) {
		*p += 4;
		return true;
	}
	if (!object && **p != '[')
		return take_json_number(p);
	(*p)++;
	return take_json_members(p, depth, object);
}

static bool
is_json_object(const char *p)
{
	return *p == '{' && take_json(&p, 3) && *p == '\0';
}

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_chances),
		cmocka_unit_test(test_streams),
	};

	return cmocka_run_group_tests_name("drawn", tests, NULL, NULL);
}
