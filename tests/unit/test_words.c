/* Tests of app/words: how each word is read, written, and refused. */
#include "config.h"

#include "app/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/word_table.h"
#include "base/clock.h"
#include "worded.h"

/* A key as long as it may be. */
#define KEY_64                         \
 "abcdefghijklmnopqrstuvwxyz012345678" \
 "abcdefghijklmnopqrstuvwxyz012"

/* What is accepted, and how it is written; NULL: as it stands. */
static const struct accepted_row {
	const char *words;
	const char *written;
} accepted[] = {
	{ "delay=250ms", NULL },
	{ "delay=0.25", "delay=250ms" },
	{ "delay=1m", NULL },
	{ "delay=100ms..300ms", NULL },
	{ "delay=lognormal:80ms,400ms", NULL },
	{ "delay=10ms:90,200ms:9", NULL },
	{ "at=head", NULL },
	{ "at=body", NULL },
	{ "at=end", NULL },
	{ "status=200", NULL },
	{ "status=599", NULL },
	{ "status=503:5,429:1", NULL },
	{ "status=503:5.50,429:0", "status=503:5.5,429:0" },
	{ "retry-after=0", "retry-after=0s" },
	{ "retry-after=1.5s", "retry-after=1500ms" },
	{ "retry-after=8784h", NULL },
	{ "retry-after=auto", NULL },
	{ "header=X:", NULL },
	{ "header=X-Cache:miss", NULL },
	{ "header=X: a, b:c;d=e ", NULL },
	{ "header=set-cookie:a&header=set-cookie:b", NULL },
	{ "size=0", NULL },
	{ "size=1m", NULL },
	{ "size=1:50,2k:50", NULL },
	{ "fill=0", NULL },
	{ "fill=999999999999999", NULL },
	{ "events=1", NULL },
	{ "events=1000000", NULL },
	{ "lines=007", "lines=7" },
	{ "type=a", NULL },
	{ "type=text/plain; charset=utf-8", NULL },
	{ "over=0", "over=0s" },
	{ "over=60", "over=1m" },
	{ "rate=1", NULL },
	{ "rate=1024g", NULL },
	{ "every=0", "every=0s" },
	{ "every=50ms..150ms", NULL },
	{ "chunk=1", NULL },
	{ "chunk=1024k", "chunk=1m" },
	{ "framing=length", NULL },
	{ "framing=chunked", NULL },
	{ "framing=close", NULL },
	{ "headrate=1", NULL },
	{ "headrate=1024g", NULL },
	{ "interim=100", NULL },
	{ "interim=103&interim=102&interim=103", NULL },
	{ "fault=close", NULL },
	{ "fault=close:1,reset:2,hang:3,truncate:4,garbage:5,length:6,chunk:7",
	    NULL },
	{ "after=0", NULL },
	{ "after=1m", NULL },
	{ "for=1m", NULL },
	{ "close=0", NULL },
	{ "close=100", NULL },
	{ "close=0.0000000001", NULL },
	{ "fail=0", NULL },
	{ "fail=007", "fail=7" },
	{ "fail=1000000000", NULL },
	{ "down=30s/5m", NULL },
	{ "down=0/1", "down=0s/1s" },
	{ "down=1s/1s", NULL },
	{ "down=0.25/1.5", "down=250ms/1500ms" },
	{ "down=0.000000001/1ms", "down=0.001us/1ms" },
	{ "down=8784h/8784h", NULL },
	{ "phase=0", "phase=0s" },
	{ "phase=8784h", NULL },
	{ "key=a", NULL },
	{ "key=peer", NULL },
	{ "key=Peer", NULL },
	{ "key=peers", NULL },
	{ "key=header", NULL },
	{ "key=Header:X", NULL },
	{ "key=header:X-Client", NULL },
	{ "key=header:h", NULL },
	{ "key= a=b, \"c\"\\\x01\xff", NULL },
	{ "key=" KEY_64, NULL },
	{ "key=header:" KEY_64, NULL },
	{ "pool=db", NULL },
	{ "pool=Web-2_", NULL },
	{ "seed=0", NULL },
	{ "seed=999999999999999", NULL },
};

/* What is written comes to what has been read, and is written likewise. */
static void
test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		const struct accepted_row *row = &accepted[i];
		struct behaviour behaviour = { 0 }, again = { 0 };
		char text[WORDED_MAX], text_again[WORDED_MAX];

		worded_add(&behaviour, row->words);
		assert_string_equal(worded_print(&behaviour, text),
		    row->written != NULL ? row->written : row->words);
		worded_add(&again, text);
		assert_string_equal(worded_print(&again, text_again), text);
		assert_int_equal(again.given, behaviour.given);
		words_release(&behaviour);
		words_release(&again);
		assert_int_equal(behaviour.given, 0);
	}
}

/* What is refused: the column in the last word, and what would be right. */
static const struct refused_row {
	const char *words;
	ptrdiff_t column;
	const char *wanted;
} refused[] = {
	{ "=", 0, "a word that there is" },
	{ "dealy=1s", 0, "a word that there is" },
	{ "Delay=1s", 0, "a word that there is" },
	{ "delay =1s", 0, "a word that there is" },
	{ "delay=1s&delay=1s", 0, "this word but once" },
	{ "status=500&status=500", 0, "this word but once" },
	{ "seed=1&seed=1", 0, "this word but once" },
	{ "delay=", 6, "" },
	{ "delay=x", 6, "" },
	{ "delay=1m1s", 6, "at most 1m" },
	{ "delay=1s..2m", 10, "at most 1m" },
	{ "delay=-1s", 6, "" },
	{ "delay=1e3", 7, "a time such as" },
	{ "delay=nan", 6, "" },
	{ "delay=1s:101", 9, "at most 100 percent" },
	{ "delay=file:x", 11, "only rules may name one" },
	{ "at=", 3, "one of head, body, end" },
	{ "at=tail", 3, "one of head, body, end" },
	{ "at=Head", 3, "one of head, body, end" },
	{ "status=", 7, "" },
	{ "status=199", 7, "a status from 200 to 599" },
	{ "status=600", 7, "a status from 200 to 599" },
	{ "status=5e2", 7, "a status from 200 to 599" },
	{ "status=503:5,199:1", 13, "a status from 200 to 599" },
	{ "status=503,500", 10, "a colon and a percentage" },
	{ "status=503:60,500:50", 18, "" },
	{ "status=503:5,503:1", 13, "" },
	{ "retry-after=-1", 12, "a time from 0s to 8784h" },
	{ "retry-after=8785h", 12, "a time from 0s to 8784h" },
	{ "retry-after=1s..2s", 12, "a time" },
	{ "retry-after=Auto", 12, "a time" },
	{ "retry-after=automatic", 12, "a time" },
	{ "retry-after=", 12, "a time" },
	{ "header=", 7, "NAME:VALUE" },
	{ "header=X", 8, "NAME:VALUE" },
	{ "header=:x", 7, "NAME:VALUE" },
	{ "header=X Y:z", 8, "NAME:VALUE" },
	{ "header=X:a\r\nY:b", 8, "without control characters" },
	{ "header=X:\x7f", 8, "without control characters" },
	{ "header=content-length:1", 7, "not write itself" },
	{ "header=Connection:close", 7, "not write itself" },
	{ "header=Transfer-Encoding:x", 7, "not write itself" },
	{ "header=Date:x", 7, "not write itself" },
	{ "header=MTASYNC:x", 7, "not write itself" },
	{ "header=Server-Timing:x", 7, "not write itself" },
	{ "header=Keep-Alive:x", 7, "not write itself" },
	{ "header=Trailer:x", 7, "not write itself" },
	{ "header=Upgrade:x", 7, "not write itself" },
	{ "header=Content-Type:x", 7, "not write itself" },
	{ "size=", 5, "" },
	{ "size=1048577", 5, "up to the limit of 1m" },
	{ "size=2m", 5, "up to the limit of 1m" },
	{ "size=1:50,2m:1", 10, "up to the limit of 1m" },
	{ "size=-1", 5, "a size" },
	{ "size=99999999999999999999", 5, "a size" },
	{ "fill=1000000000000000", 5, "from 0 to 999999999999999" },
	{ "fill=+1", 5, "a whole number" },
	{ "fill=1.5", 5, "a whole number" },
	{ "events=0", 7, "from 1 to 1000000" },
	{ "events=1000001", 7, "from 1 to 1000000" },
	{ "lines=0", 6, "from 1 to 1000000" },
	{ "lines=", 6, "a whole number" },
	{ "type=", 5, "a type" },
	{ "type=a\nb", 5, "a type" },
	{ "over=1m1s", 5, "a time from 0s to 1m" },
	{ "over=1s..2s", 5, "a time" },
	{ "rate=0", 5, "a size from 1 to 1024g" },
	{ "rate=1025g", 5, "a size from 1 to 1024g" },
	{ "every=2m", 6, "at most 1m" },
	{ "chunk=0", 6, "a size from 1 to 1m" },
	{ "chunk=2m", 6, "a size from 1 to 1m" },
	{ "framing=none", 8, "one of length, chunked, close" },
	{ "headrate=0", 9, "a size from 1" },
	{ "interim=101", 8, "100, 102 or 103" },
	{ "interim=200", 8, "100, 102 or 103" },
	{ "interim=", 8, "100, 102 or 103" },
	{ "fault=", 6, "" },
	{ "fault=slow", 6, "one of close, reset, hang, truncate, garbage" },
	{ "fault=close:1,slow:1", 14, "one of close, reset" },
	{ "after=-1", 6, "a size from 0 to 1m" },
	{ "after=1025k", 6, "a size from 0 to 1m" },
	{ "for=61", 4, "a time from 0s to 1m" },
	{ "close=", 6, "a percentage" },
	{ "close=101", 6, "at most 100 percent" },
	{ "close=5%", 7, "a percentage" },
	{ "fail=", 5, "a whole number from 0 to 1000000000" },
	{ "fail=-1", 5, "a whole number from 0 to 1000000000" },
	{ "fail=1000000001", 5, "a whole number from 0 to 1000000000" },
	{ "fail=50%", 5, "a whole number from 0 to 1000000000" },
	{ "fail=1&fail=1", 0, "this word but once" },
	{ "down=", 5, "ON/PERIOD, two times" },
	{ "down=1s", 5, "ON/PERIOD, two times" },
	{ "down=1s/", 8, "a period from 1ms to 366 days" },
	{ "down=1s/x", 8, "a period from 1ms to 366 days" },
	{ "down=1s/5m/5m", 8, "a period from 1ms to 366 days" },
	{ "down=1s/0", 8, "a period from 1ms to 366 days" },
	{ "down=0/999us", 7, "a period from 1ms to 366 days" },
	{ "down=1s/8785h", 8, "a period from 1ms to 366 days" },
	{ "down=1s/99999999999999999999h", 8, "a period from 1ms" },
	{ "down=/1s", 5, "a time that is at most the period" },
	{ "down=x/1s", 5, "a time that is at most the period" },
	{ "down=-1s/5s", 5, "a time that is at most the period" },
	{ "down=1.000000001/1s", 5, "a time that is at most the period" },
	{ "down=1s/5s&down=1s/5s", 0, "this word but once" },
	{ "phase=-1s", 6, "a time from 0s to 8784h" },
	{ "phase=8785h", 6, "a time from 0s to 8784h" },
	{ "phase=", 6, "a time from 0s to 8784h" },
	{ "key=", 4, "a text of 1 to 64 bytes, header:NAME or peer" },
	{ "key=" KEY_64 "x", 4, "a text of 1 to 64 bytes" },
	{ "key=header:", 11, "the name of a field, of up to 64 characters" },
	{ "key=header:a b", 11, "the name of a field" },
	{ "key=header:a:b", 11, "the name of a field" },
	{ "key=header:\xc3\xa9", 11, "the name of a field" },
	{ "key=header:" KEY_64 "x", 11, "the name of a field" },
	{ "key=a&key=b", 0, "this word but once" },
	{ "pool=", 5, "the name of a pool that --pool declares, or" },
	{ "pool=d", 5, "the name of a pool that --pool" },
	{ "pool=dbs", 5, "the name of a pool that --pool" },
	{ "pool=DB", 5, "the name of a pool that --pool" },
	{ "pool=db:slots=1", 5, "the name of a pool that --pool" },
	{ "pool=db&pool=db", 0, "this word but once" },
	{ "seed=-1", 5, "from 0 to 999999999999999" },
	{ "seed=1e3", 5, "a whole number" },
};

/* Whether an example, which may be a value alone, is accepted. */
static void
assert_example(const char *example, struct span name)
{
	struct behaviour behaviour = { 0 };
	struct complaint why;
	const char *start;
	char word[512];

	if (strchr(example, '=') != NULL && strncmp(example, "pct:", 4) != 0)
		snprintf(word, sizeof(word), "%s", example);
	else
		snprintf(word, sizeof(word), "%.*s=%s", (int)name.size,
		    name.data, example);
	if (strncmp(example, "file:", 5) != 0 &&
	    !worded_try(&behaviour, word, &start, &why))
		fail_msg("the example '%s' is refused", word);
	words_release(&behaviour);
}

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct refused_row *row = &refused[i];
		struct behaviour behaviour = { 0 };
		const char *start = NULL;
		struct complaint why;

		if (worded_try(&behaviour, row->words, &start, &why))
			fail_msg("'%s' is accepted", row->words);
		if (why.at - start != row->column ||
		    strstr(why.wanted, row->wanted) == NULL)
			fail_msg("'%s': column %td, wanted %s", row->words,
			    why.at - start, why.wanted);
		assert_true(strlen(why.wanted) > 0);
		assert_true(strlen(why.wanted) < sizeof(why.wanted) - 1);
		assert_example(why.example,
		    (struct span){ start, strcspn(start, "=") });
		words_release(&behaviour);
	}
}

/* So many of the same word, and one more. */
static void
assert_at_most(const char *word, unsigned most)
{
	struct behaviour behaviour = { 0 };
	struct complaint why;
	const char *start;

	for (unsigned i = 0; i < most; i++)
		worded_add(&behaviour, word);
	assert_false(worded_try(&behaviour, word, &start, &why));
	assert_non_null(strstr(why.wanted, "at most"));
	words_release(&behaviour);
}

static void
test_most(void **state)
{
	char word[1200] = "header=X:";
	char type[300] = "type=";
	struct behaviour behaviour = { 0 };
	struct complaint why;
	const char *start;

	(void)state;
	assert_at_most("interim=103", BEHAVIOUR_INTERIMS_MAX);
	assert_at_most("header=X:1", BEHAVIOUR_HEADERS_MAX);
	memset(word + 9, 'x', WORDS_VALUE_MAX - 2);
	assert_at_most(word, 3); /* of 1 KiB, within 4 KiB */
	memset(word + 9, 'x', WORDS_VALUE_MAX - 1);
	assert_at_most(word, 0);
	memset(type + 5, 't', BEHAVIOUR_TYPE_MAX);
	worded_add(&behaviour, type);
	words_release(&behaviour);
	type[5 + BEHAVIOUR_TYPE_MAX] = 't';
	assert_false(worded_try(&behaviour, type, &start, &why));
}

/* Each word of the table explains itself by an example that it accepts, and the
 * help has both. */
static void
test_table(void **state)
{
	const char *help = words_help();

	(void)state;
	for (enum word word = 0; word < WORDS; word++) {
		const struct word_row *row = &word_table[word];
		struct behaviour behaviour = { 0 };
		char form[64];

		worded_add(&behaviour, row->example);
		assert_int_equal(behaviour.given, WORD_FLAG(word));
		words_release(&behaviour);
		snprintf(form, sizeof(form), "  %s=%s ", row->name, row->value);
		assert_non_null(strstr(help, form));
		assert_non_null(strstr(help, row->example));
		assert_non_null(strstr(help, row->help));
	}
	assert_true(strlen(help) < 8192);
	assert_non_null(strstr(help, "file:NAME"));
	assert_ptr_equal(help, words_help());
}

/* What a query makes of a rule's words. */
static const struct override_row {
	const char *rule, *query, *both;
} overrides[] = {
	{ "", "", "" },
	{ "delay=1s", "", "delay=1s" },
	{ "", "delay=1s", "delay=1s" },
	{ "delay=1s&status=503", "delay=2s", "delay=2s&status=503" },
	{ "delay=pct:p50=1s,max=2s", "delay=exp:1s", "delay=exp:1s" },
	{ "delay=1s", "status=500:1,503:2", "delay=1s&status=500:1,503:2" },
	{ "over=1s", "rate=5", "rate=5" },
	{ "rate=5", "every=1ms..2ms", "every=1ms..2ms" },
	{ "every=1s", "over=1s", "over=1s" },
	{ "size=5", "events=5", "events=5" },
	{ "events=5", "lines=6", "lines=6" },
	{ "lines=5", "size=7:1", "size=7:1" },
	{ "header=A:1&header=B:2", "header=C:3", "header=C:3" },
	{ "interim=103&interim=103", "interim=100", "interim=100" },
	{ "type=a/b", "type=c/d", "type=c/d" },
	{ "at=end&framing=close", "at=body", "at=body&framing=close" },
	{ "fault=reset&after=5&for=1s", "fault=hang:3&for=2s",
	    "fault=hang:3&after=5&for=2s" },
	{ "close=5&seed=3", "close=7", "close=7&seed=3" },
	{ "status=500&fail=2&key=a", "down=1s/5s",
	    "status=500&down=1s/5s&key=a" },
	{ "down=1s/5s&phase=2s&key=a", "fail=3", "fail=3&phase=2s&key=a" },
	{ "down=1s/5s", "down=2s/6s&phase=1s", "down=2s/6s&phase=1s" },
	{ "fail=2", "fail=3", "fail=3" },
	{ "key=peer", "key=header:peer", "key=header:peer" },
	{ "key=header:A", "key=peer", "key=peer" },
	{ "key=header:A&seed=1", "key=b", "key=b&seed=1" },
	{ "delay=1s&pool=db", "pool=Web-2_", "delay=1s&pool=Web-2_" },
	{ "pool=db", "delay=1s", "delay=1s&pool=db" },
	{ "status=503&retry-after=auto&down=1s/5s", "retry-after=5s",
	    "status=503&retry-after=5s&down=1s/5s" },
	{ "status=503&retry-after=5s&down=1s/5s", "retry-after=auto",
	    "status=503&retry-after=auto&down=1s/5s" },
};

static void
test_override(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(overrides) / sizeof(*overrides); i++) {
		const struct override_row *row = &overrides[i];
		struct behaviour rule = { 0 }, copy, query = { 0 };
		char text[WORDED_MAX];

		worded_add(&rule, row->rule);
		words_copy(&copy, &rule);
		worded_add(&query, row->query);
		words_override(&copy, &query);
		assert_string_equal(worded_print(&copy, text), row->both);
		assert_int_equal(query.given, 0);
		assert_string_equal(worded_print(&rule, text), row->rule);
		words_release(&copy);
		words_release(&rule);
	}
}

/* Whether anything is drawn. */
static const struct draw_row {
	const char *words;
	bool draws;
} draws[] = {
	{ "", false },
	{ "delay=1s&status=503&size=5&fault=reset&close=100&seed=7", false },
	{ "delay=0..0", false },
	{ "delay=1s..2s", true },
	{ "every=1s~1s", true },
	{ "every=1s&over=1s&fill=7", false },
	{ "status=503:5", true },
	{ "status=503:0", false },
	{ "status=503:100", false },
	{ "size=1:1", true },
	{ "fault=reset:0.0000000001", true },
	{ "close=0", false },
	{ "close=1", true },
	{ "fail=2&key=a", false },
	{ "down=1s/5s&phase=2s&status=503", false },
	{ "pool=db&key=peer", false },
	{ "down=1s/5s&status=503:50", true },
};

static void
test_draw(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(draws) / sizeof(*draws); i++) {
		struct behaviour behaviour = { 0 };

		print_message("# %s\n", draws[i].words);
		worded_add(&behaviour, draws[i].words);
		assert_int_equal(words_draw(&behaviour), draws[i].draws);
		words_release(&behaviour);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_draw),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
