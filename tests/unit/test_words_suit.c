/* Tests of app/words_suit: which words go together. */
#include "config.h"

#include "app/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worded.h"

static const char *const suits[] = {
	"",
	"delay=1s",
	"fill=7&size=5",
	"fill=7&size=5:1",
	"fault=close&after=5",
	"fault=reset&after=5",
	"fault=hang&after=5&for=1s",
	"fault=truncate&after=5",
	"fault=garbage:1,hang:1&for=1s",
	"fault=garbage:1,reset:1&after=5",
	"retry-after=1&status=300",
	"retry-after=1&status=399",
	"retry-after=1&status=429",
	"retry-after=1&status=503",
	"retry-after=1&status=500:1,503:1",
	"chunk=5&every=1s",
	"chunk=5&every=1s&size=5",
	"at=head&delay=1s",
	"at=body&delay=1s",
	"at=end&delay=1s",
	"at=end&delay=1s&size=5",
	"at=end&delay=1s&size=0:50,1:50",
	"at=end&delay=1s&size=0:50",
	"at=head&delay=1s&status=204",
	"at=end&delay=1s&status=204:50",
	"status=204",
	"status=304&delay=1s&headrate=5&interim=103&close=5&header=A:1",
	"status=204:50&size=5",
	"status=204:50,304:50&type=a/b",
	"over=1s",
	"rate=5",
	"every=1s",
	"size=5&over=1s",
	"events=5&every=1s",
	"lines=5&rate=500",
	"framing=length&fault=length",
	"framing=chunked&fault=chunk",
	"framing=close&fault=truncate",
	"framing=close&fault=reset:1,hang:1",
	"delay=20s&over=40s",
	"over=1m",
	"delay=exp:20s&over=40s",
	"delay=1s..20s&over=40s",
	"rate=1&size=60",
	"rate=1&size=61",
	"rate=1k&size=60k",
	"rate=1k&size=40k&delay=20s",
	"rate=1k&size=60k&delay=exp:20s",
	"rate=1k",
	"rate=1k&events=700",
	"size=1m&rate=1024g",
	"key=a",
	"key=header:A&delay=1s..2s",
	"fail=2&key=a",
	"fail=0&key=peer&status=500",
	"fail=2&key=a&fault=reset",
	"fail=2&key=a&retry-after=5",
	"fail=2&key=a&status=429&retry-after=5",
	"down=1s/5s",
	"down=1s/5s&phase=2s&fault=hang&for=1s",
	"down=1s/5s&key=a",
	"down=1s/5s&retry-after=auto",
	"down=1s/5s&retry-after=5",
	"down=1s/5s&status=503:50,302:50&retry-after=auto",
	"pool=db",
	"pool=db&fail=2&key=a&delay=1s&at=end&fault=hang&after=5",
};

static void
test_suits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(suits) / sizeof(*suits); i++) {
		struct behaviour behaviour = { 0 };
		struct complaint why;
		enum word word;

		worded_add(&behaviour, suits[i]);
		if (!words_suit(&behaviour, worded_limits(), &word, &why))
			fail_msg("%s: %s: wants %s", suits[i], words_name(word),
			    why.wanted);
		words_release(&behaviour);
	}
}

/* Which word is at fault, and what would be right. */
static const struct row {
	const char *words;
	enum word word;
	const char *wanted;
} rows[] = {
	{ "fill=7", WORD_FILL, "a size that is to be filled" },
	{ "fill=7&events=5", WORD_FILL, "a size that is to be filled" },
	{ "after=5", WORD_AFTER, "a fault that comes after it" },
	{ "for=5", WORD_FOR, "fault=hang" },
	{ "for=5&fault=reset", WORD_FOR, "fault=hang" },
	{ "for=5&fault=reset:1,close:1", WORD_FOR, "fault=hang" },
	{ "after=5&fault=garbage", WORD_AFTER, "close, reset, hang" },
	{ "after=5&fault=length", WORD_AFTER, "close, reset, hang" },
	{ "after=5&fault=chunk:5", WORD_AFTER, "close, reset, hang" },
	{ "retry-after=5", WORD_RETRY_AFTER, "3xx, 429 or 503" },
	{ "retry-after=5&status=500", WORD_RETRY_AFTER, "3xx, 429 or 503" },
	{ "retry-after=5&status=200", WORD_RETRY_AFTER, "3xx, 429 or 503" },
	{ "retry-after=5&status=299:1,400:1,428:1,430:1,502:1,504:1",
	    WORD_RETRY_AFTER, "3xx, 429 or 503" },
	{ "retry-after=auto", WORD_RETRY_AFTER, "3xx, 429 or 503" },
	{ "retry-after=auto&status=503", WORD_RETRY_AFTER,
	    "down, whose end is told, or a time" },
	{ "retry-after=auto&fail=2&key=a", WORD_RETRY_AFTER,
	    "down, whose end is told, or a time" },
	{ "retry-after=auto&down=1s/5s&status=500", WORD_RETRY_AFTER,
	    "3xx, 429 or 503" },
	{ "retry-after=5&fail=2&key=a&status=500", WORD_RETRY_AFTER,
	    "3xx, 429 or 503" },
	{ "fail=2", WORD_FAIL, "a key, whose attempts fail" },
	{ "fail=2&status=503", WORD_FAIL, "a key, whose attempts fail" },
	{ "phase=2s", WORD_PHASE, "down, which it shifts" },
	{ "phase=2s&fail=2&key=a", WORD_PHASE, "down, which it shifts" },
	{ "fail=2&key=a&down=1s/5s", WORD_DOWN, "one of fail and down" },
	{ "chunk=5", WORD_CHUNK, "every" },
	{ "chunk=5&over=1s", WORD_CHUNK, "every" },
	{ "chunk=5&every=1s&events=5", WORD_CHUNK, "no chunk" },
	{ "chunk=5&every=1s&lines=5", WORD_CHUNK, "no chunk" },
	{ "at=body", WORD_AT, "a delay" },
	{ "at=head", WORD_AT, "a delay" },
	{ "over=1s&rate=5", WORD_RATE, "one of over, rate and every" },
	{ "over=1s&every=1s", WORD_EVERY, "one of over, rate and every" },
	{ "rate=5&every=1s", WORD_EVERY, "one of over, rate and every" },
	{ "over=1s&rate=5&every=1s", WORD_EVERY,
	    "one of over, rate and every" },
	{ "size=5&events=5", WORD_EVENTS, "one of size, events and lines" },
	{ "size=5&lines=5", WORD_LINES, "one of size, events and lines" },
	{ "lines=5&events=5", WORD_LINES, "one of size, events and lines" },
	{ "status=204&size=5", WORD_SIZE, "205 and 304 have no body" },
	{ "status=304&events=5", WORD_EVENTS, "205 and 304 have no body" },
	{ "status=205&size=5", WORD_SIZE, "205 and 304 have no body" },
	{ "status=204&lines=5", WORD_LINES, "205 and 304 have no body" },
	{ "status=204&type=a/b", WORD_TYPE, "205 and 304 have no body" },
	{ "status=204&over=1s", WORD_OVER, "205 and 304 have no body" },
	{ "status=204&rate=5", WORD_RATE, "205 and 304 have no body" },
	{ "status=204&every=1s", WORD_EVERY, "205 and 304 have no body" },
	{ "status=304:100&framing=close", WORD_FRAMING,
	    "205 and 304 have no body" },
	{ "status=204&at=body&delay=1s", WORD_AT, "a body" },
	{ "status=304&at=end&delay=1s", WORD_AT, "a body" },
	{ "size=0&at=end&delay=1s", WORD_AT, "a body" },
	{ "size=0&at=body&delay=1s", WORD_AT, "a body" },
	{ "framing=chunked&fault=length", WORD_FRAMING, "the framing" },
	{ "framing=close&fault=length:1", WORD_FRAMING, "the framing" },
	{ "framing=length&fault=chunk", WORD_FRAMING, "the framing" },
	{ "framing=close&fault=reset:1,chunk:1", WORD_FRAMING, "the framing" },
	{ "delay=20s&over=40001ms", WORD_OVER, "over the limit" },
	{ "delay=1s..20s&over=41s", WORD_OVER, "over the limit" },
	{ "delay=1s&over=1m", WORD_OVER, "over the limit" },
	{ "rate=1&size=62", WORD_RATE, "over the limit" },
	{ "rate=1&size=1:50,70:50", WORD_RATE, "over the limit" },
	{ "rate=1k&size=41k&delay=20s", WORD_RATE, "over the limit" },
	{ "rate=1&size=1m", WORD_RATE, "over the limit" },
	{ "rate=1&events=5", WORD_RATE, "over the limit" },
	{ "rate=1&lines=5", WORD_RATE, "over the limit" },
	{ "rate=100&lines=1000000", WORD_RATE, "over the limit" },
};

static void
test_suits_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct behaviour behaviour = { 0 };
		struct complaint why = { 0 };
		enum word word = WORDS;

		worded_add(&behaviour, row->words);
		if (words_suit(&behaviour, worded_limits(), &word, &why))
			fail_msg("%s suits", row->words);
		if (word != row->word ||
		    strstr(why.wanted, row->wanted) == NULL)
			fail_msg("%s: %s: wants %s", row->words,
			    words_name(word), why.wanted);
		assert_true(strlen(why.wanted) < sizeof(why.wanted) - 1);
		assert_non_null(why.example);
		words_release(&behaviour);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suits),
		cmocka_unit_test(test_suits_not),
	};

	return cmocka_run_group_tests_name("words_suit", tests, NULL, NULL);
}
