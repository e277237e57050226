/* Tests of app/decision: plans and messages by words, for each kind of answer. */
#include "config.h"

#include "app/decision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/answer.h"
#include "base/clock.h"
#include "worded.h"

/* What is asked, and so what can be applied. */
enum kind {
	GET,
	HEAD,
	OLD,
	NOTHING,
	SAME,
	KINDS
};

/* Decides by words about a 200 with a line of text, to be given back by
 * answer_fini(); it is the first attempt of a key, at a time of UTC. */
static void
decide_at(const char *words, enum kind kind, int64_t wall,
    struct answer *answer)
{
	const struct http_request request = {
		.method = kind == HEAD ? HTTP_HEAD : HTTP_GET,
		.minor = kind != OLD,
	};
	struct behaviour behaviour = { 0 };
	const struct decision_source source = { .behaviour = &behaviour,
		.draw = { .roll = { 7, 1, 0 },
		    .most = 60 * CLOCK_S,
		    .wall = wall },
		.key = SPAN("a\"b") };

	message_init(&answer->message);
	if (kind == NOTHING)
		message_set(&answer->message, 204, NULL);
	if (kind == SAME)
		message_set(&answer->message, 304, NULL);
	plan_at_once(&answer->plan, kind != HEAD);
	worded_add(&behaviour, words);
	assert_true(decision_apply(&source, &request, answer));
	words_release(&behaviour); /* the decision has nothing of it */
}

static void
decide(const char *words, enum kind kind, struct answer *answer)
{
	decide_at(words, kind, 0, answer);
}

/* Writes acts as letters: Pool, Wait, haNg, Head, Most, Content, Reset, End. */
static const char *
print_plan(const struct plan *plan, char text[PLAN_ACTS + 1])
{
	static const char letters[] = {
		[ACT_POOL] = 'P',
		[ACT_WAIT] = 'W',
		[ACT_HANG] = 'N',
		[ACT_HEAD] = 'H',
		[ACT_MOST] = 'M',
		[ACT_CONTENT] = 'C',
		[ACT_RESET] = 'R',
		[ACT_END] = 'E',
	};

	for (unsigned i = 0; i < plan->count; i++)
		text[i] = letters[plan->acts[i]];
	text[plan->count] = '\0';
	return text;
}

/* The plans of a GET, a HEAD, a GET in HTTP/1.0, a 204, and a 304. */
static const struct plan_row {
	const char *words;
	const char *plans[KINDS];
} plans[] = {
	{ "delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	{ "delay=1s&at=body", { "HWCE", "WHE", "HWCE", "WHE", "WHE" } },
	{ "delay=1s&at=end", { "HMWCE", "WHE", "HMWCE", "WHE", "WHE" } },
	{ "status=500", { "HCE", "HE", "HCE", "HCE", "HCE" } },
	{ "fault=close&delay=1s", { "WE", "WE", "WE", "WE", "WE" } },
	{ "fault=reset&delay=1s", { "WR", "WR", "WR", "WR", "WR" } },
	{ "fault=hang&delay=1s", { "WN", "WN", "WN", "WN", "WN" } },
	{ "fault=truncate&delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	{ "fault=garbage&delay=1s", { "WHE", "WHE", "WHE", "WHE", "WHE" } },
	{ "fault=length&delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	{ "fault=chunk&delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	{ "fault=close&delay=1s&at=body", { "WE", "WE", "WE", "WE", "WE" } },
	{ "fault=reset&delay=1s&at=body", { "WR", "WR", "WR", "WR", "WR" } },
	{ "fault=hang&delay=1s&at=end", { "WN", "WN", "WN", "WN", "WN" } },
	{ "fault=truncate&delay=1s&at=body",
	    { "HWCE", "WHE", "HWCE", "WHE", "WHE" } },
	{ "fault=truncate&delay=1s&at=end",
	    { "HMWCE", "WHE", "HMWCE", "WHE", "WHE" } },
	{ "fault=garbage&delay=1s&at=body",
	    { "WHE", "WHE", "WHE", "WHE", "WHE" } },
	{ "fault=length&delay=1s&at=end",
	    { "HMWCE", "WHE", "HMWCE", "WHE", "WHE" } },
	{ "fault=chunk&delay=1s&at=body",
	    { "HWCE", "WHE", "HWCE", "WHE", "WHE" } },
	{ "fault=close&after=3&delay=1s&at=body",
	    { "HWCE", "WHE", "HWCE", "WHE", "WHE" } },
	{ "fault=reset&after=3&delay=1s&at=end",
	    { "HMWCR", "WHR", "HMWCR", "WHR", "WHR" } },
	{ "fault=hang&after=3&delay=1s&at=end",
	    { "HMWCN", "WHN", "HMWCN", "WHN", "WHN" } },
	{ "fault=hang&after=3&for=1s", { "HCN", "HN", "HCN", "HN", "HN" } },
	{ "fault=reset:0&delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	/* a pool comes first, and has a delay that its load makes longer */
	{ "pool=db", { "PWHCE", "PWHE", "PWHCE", "PWHE", "PWHE" } },
	{ "pool=db&delay=1s", { "PWHCE", "PWHE", "PWHCE", "PWHE", "PWHE" } },
	{ "pool=db&delay=1s&at=body",
	    { "PHWCE", "PWHE", "PHWCE", "PWHE", "PWHE" } },
	{ "pool=db&delay=1s&at=end",
	    { "PHMWCE", "PWHE", "PHMWCE", "PWHE", "PWHE" } },
	{ "pool=db&fault=close", { "PWE", "PWE", "PWE", "PWE", "PWE" } },
	{ "pool=db&fault=reset&delay=1s&at=end",
	    { "PWR", "PWR", "PWR", "PWR", "PWR" } },
	{ "pool=db&fault=hang", { "PWN", "PWN", "PWN", "PWN", "PWN" } },
	{ "pool=db&fault=hang&after=3&delay=1s&at=end",
	    { "PHMWCN", "PWHN", "PHMWCN", "PWHN", "PWHN" } },
	{ "pool=db&fault=garbage&delay=1s&at=body",
	    { "PWHE", "PWHE", "PWHE", "PWHE", "PWHE" } },
	/* of the first attempts, of an outage */
	{ "fail=1&key=a&fault=reset", { "R", "R", "R", "R", "R" } },
	{ "fail=0&key=a&fault=reset", { "HCE", "HE", "HCE", "HE", "HE" } },
	{ "down=1s/5s&fault=hang&delay=1s", { "WN", "WN", "WN", "WN", "WN" } },
	{ "down=0/5s&fault=hang&delay=1s",
	    { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
	{ "down=1s/5s", { "HCE", "HE", "HCE", "HCE", "HCE" } }, /* the 503 */
	{ "size=5&over=1s&delay=1s", { "WHCE", "WHE", "WHCE", "WHE", "WHE" } },
};

static void
test_plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
		for (enum kind kind = 0; kind < KINDS; kind++) {
			struct answer answer;
			char text[PLAN_ACTS + 1];

			print_message("# %s, %d\n", plans[i].words, kind);
			decide(plans[i].words, kind, &answer);
			assert_string_equal(print_plan(&answer.plan, text),
			    plans[i].plans[kind]);
			assert_int_equal(answer.plan.content, kind != HEAD);
			answer_fini(&answer);
		}
	}
}

/* Whether the acts of a plan come in an order that there is. */
static bool
is_plan(const char *acts)
{
	size_t size = strlen(acts);
	const char *first = acts + (*acts == 'P');
	const char *most = strchr(acts, 'M');
	const char *last = acts + size - 1;

	return size >= 1 && size <= PLAN_ACTS &&
	       strchr("ENR", *last) != NULL &&     /* one end, */
	       strcspn(acts, "ENR") == size - 1 && /* the last act */
	       strchr(first, 'P') == NULL &&       /* a pool first */
	       (most == NULL || memcmp(most, "MWC", 3) == 0) &&
	       strspn(first, "HWMCENR") == strlen(first);
}

/* Whatever the words, there is room for the acts, and they have their order. */
static void
test_all_plans(void **state)
{
	static const char *const pools[] = { "", "&pool=db" };
	static const char *const ats[] = { "", "&delay=1s", "&delay=1s&at=head",
		"&delay=1s&at=body", "&delay=1s&at=end" };
	static const char *const faults[] = { "", "&fault=close",
		"&fault=reset", "&fault=hang", "&fault=truncate",
		"&fault=garbage", "&fault=length", "&fault=chunk" };
	static const char *const afters[] = { "", "&after=0", "&after=3" };
	static const char *const bodies[] = { "", "&size=5", "&events=2",
		"&size=5&over=1s", "&size=0", "&status=204",
		"&headrate=5&interim=103" };

	(void)state;
	for (unsigned i = 0; i < 2 * 5 * 8 * 3 * 7 * KINDS; i++) {
		const char *pool = pools[i % 2];
		struct answer answer;
		char text[PLAN_ACTS + 1], words[256];
		unsigned waits;

		snprintf(words, sizeof(words), "seed=1%s%s%s%s%s", pool,
		    ats[i / 2 % 5], faults[i / 10 % 8], afters[i / 80 % 3],
		    bodies[i / 240 % 7]);
		decide(words, (enum kind)(i / 1680), &answer);
		print_plan(&answer.plan, text);
		if (!is_plan(text) || (*text == 'P') != (*pool != '\0'))
			fail_msg("%s: %s", words, text);
		/* nothing sleeps that does not wait for something */
		waits = (unsigned)((*pool != '\0') +
				   (strchr(text, 'W') != NULL) +
				   (strchr(text, 'N') != NULL));
		assert_in_range(answer.plan.waits, waits, waits + 2);
		answer_fini(&answer);
	}
}

/* What is told of it, once the content is known. */
static const struct told_row {
	const char *words;
	enum kind kind;
	uint64_t length;
	const char *told;
} told[] = {
	{ "delay=1s", GET, 5, "delay=1000" },
	{ "fault=truncate", GET, 5, "fault=truncate" },
	{ "fault=truncate", HEAD, 5, "fault=truncate;skipped" },
	{ "fault=truncate", NOTHING, 0, "fault=truncate;skipped" },
	{ "fault=truncate", SAME, 0, "fault=truncate;skipped" },
	{ "fault=truncate", GET, 1, "fault=truncate" },
	{ "fault=truncate", GET, 0, "fault=truncate;skipped" },
	{ "fault=truncate&after=5", GET, 5, "fault=truncate;skipped" },
	{ "fault=truncate&after=4", GET, 5, "fault=truncate" },
	{ "fault=truncate&after=5&framing=chunked", GET, 5,
	    "framing, fault=truncate" },
	{ "fault=truncate&after=5&framing=chunked", OLD, 5,
	    "framing, fault=truncate;skipped" },
	{ "fault=chunk", OLD, 5, "fault=chunk;skipped" },
	{ "fault=chunk", HEAD, 5, "fault=chunk;skipped" },
	{ "fault=chunk", GET, 5, "fault=chunk" },
	{ "fault=length", HEAD, 5, "fault=length" },
	{ "fault=length", SAME, 5, "fault=length;skipped" },
	{ "fault=length", NOTHING, 5, "fault=length;skipped" },
	{ "fault=garbage", NOTHING, 0, "fault=garbage" },
	{ "fault=close", SAME, 0, "fault=close" },
	{ "size=5&over=1s", NOTHING, 0, "size=5;skipped, over;skipped" },
	{ "size=5&over=1s", GET, 5, "size=5, over" },
	{ "interim=103", OLD, 5, "interim;skipped" },
	{ "interim=103", GET, 5, "interim" },
	{ "headrate=5", SAME, 0, "headrate" },
	{ "rate=1", GET, 61, "rate" },
	{ "rate=1", GET, 62, "rate;limited" },
	{ "rate=1&delay=50s", GET, 12, "delay=50000, rate;limited" },
	{ "rate=1", HEAD, 1000, "rate;skipped" }, /* no drip */
	{ "status=204&close=100", GET, 0, "status=204, close" },
	{ "key=a", GET, 5, "key=\"a\\\"b\", n=1" },
	{ "key=a&type=a/b&header=A:b", HEAD, 5, "key=\"a\\\"b\", n=1" },
	{ "pool=db", GET, 5, "pool=db" },
	{ "fail=1&key=a", GET, 5, "status=503, fail, key=\"a\\\"b\", n=1" },
	{ "fail=0&key=a", GET, 5, "key=\"a\\\"b\", n=1" },
	{ "fail=1&key=a&fault=truncate", HEAD, 5,
	    "fault=truncate;skipped, fail, key=\"a\\\"b\", n=1" },
	{ "down=1s/5s&pool=Web-2_", GET, 5, "status=503, down, pool=Web-2_" },
};

static void
test_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		const struct told_row *row = &told[i];
		char text[DRAWN_TEXT_MAX + 1];
		struct answer answer;
		struct decision *decision;
		struct drawn_names names;

		print_message("# %s, %d, %d\n", row->words, row->kind,
		    (int)row->length);
		decide(row->words, row->kind, &answer);
		decision = answer.message.decision;
		assert_non_null(decision);
		decision_settle(decision, row->length);
		names = decision_names(decision);
		text[drawn_write(&decision->drawn, &names, text)] = '\0';
		assert_string_equal(text, row->told);
		answer_fini(&answer);
	}
}

/* The pace and the delay of a tail are within the limit together. */
static void
test_limit(void **state)
{
	struct behaviour behaviour = { 0 };
	const struct http_request request = { .method = HTTP_GET, .minor = 1 };

	(void)state;
	worded_add(&behaviour, "delay=exp:50s&over=30s");
	for (uint64_t n = 1; n <= 100; n++) {
		const struct decision_source source = { .behaviour = &behaviour,
			.draw = { .roll = { 7, n, 0 }, .most = 60 * CLOCK_S } };
		struct answer answer;

		message_init(&answer.message);
		assert_true(decision_apply(&source, &request, &answer));
		assert_true(
		    answer.message.decision->drawn.delay <= 30 * CLOCK_S);
		answer_fini(&answer);
	}
	words_release(&behaviour);
}

/* Retry-After, in whole seconds that are not too few; `auto` is how long the outage
 * still goes on. */
static void
test_retry_after(void **state)
{
	static const struct {
		const char *words;
		int64_t wall;
		const char *fields;
	} rows[] = {
		{ "status=503&retry-after=0", 0, "Retry-After: 0\r\n" },
		{ "status=503&retry-after=0.000000001", 0,
		    "Retry-After: 1\r\n" },
		{ "status=429&retry-after=1s", 0, "Retry-After: 1\r\n" },
		{ "status=302&retry-after=1001ms", 0, "Retry-After: 2\r\n" },
		{ "status=503&retry-after=8784h", 0,
		    "Retry-After: 31622400\r\n" },
		{ "fail=1&key=a&retry-after=5", 0, "Retry-After: 5\r\n" },
		{ "fail=0&key=a&retry-after=5", 0, "" },
		{ "fail=0&key=a&retry-after=5&status=503", 0, "" },
		{ "down=30s/5m&retry-after=5", 0, "Retry-After: 5\r\n" },
		{ "down=30s/5m&retry-after=5", 30 * CLOCK_S, "" },
		{ "down=30s/5m&retry-after=auto", 0, "Retry-After: 30\r\n" },
		{ "down=30s/5m&retry-after=auto", 1, "Retry-After: 30\r\n" },
		{ "down=30s/5m&retry-after=auto", CLOCK_S,
		    "Retry-After: 29\r\n" },
		{ "down=30s/5m&retry-after=auto", 29 * CLOCK_S,
		    "Retry-After: 1\r\n" },
		{ "down=30s/5m&retry-after=auto", 30 * CLOCK_S - 1,
		    "Retry-After: 1\r\n" },
		{ "down=30s/5m&retry-after=auto", 30 * CLOCK_S, "" },
		{ "down=30s/5m&retry-after=auto", 300 * CLOCK_S,
		    "Retry-After: 30\r\n" },
		{ "down=30s/5m&phase=10s&retry-after=auto", 0, "" },
		{ "down=30s/5m&phase=10s&retry-after=auto", 25 * CLOCK_S,
		    "Retry-After: 15\r\n" },
		{ "down=8784h/8784h&retry-after=auto", 0,
		    "Retry-After: 31622400\r\n" },
		{ "down=30s/5m&status=302&retry-after=auto", 0,
		    "Retry-After: 30\r\n" },
		{ "down=30s/5m&status=500:99.9999999999,503:0.0000000001"
		  "&retry-after=auto",
		    0, "" },
		{ "down=30s/5m&fault=truncate&retry-after=auto", 0, "" },
		{ "down=30s/5m&retry-after=auto&header=retry-after:x", 0,
		    "retry-after: x\r\n" },
		{ "down=30s/5m&retry-after=auto&header=A:b&key=a&type=a/b", 0,
		    "A: b\r\nRetry-After: 30\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct answer answer;
		struct span fields;

		decide_at(rows[i].words, GET, rows[i].wall, &answer);
		fields = decision_fields(answer.message.decision);
		if (!span_equal(fields, span_of(rows[i].fields)))
			fail_msg("%s: %.*s", rows[i].words, (int)fields.size,
			    fields.data);
		answer_fini(&answer);
	}
}

/* What a refusal is: the ticket's status, or a close; and of what was decided, the
 * pool and the key alone. */
static void
test_refusal(void **state)
{
	static const char all[] = "pool=db&key=a&delay=1s&size=5&over=1s"
				  "&fault=truncate&close=50&header=A:b"
				  "&type=a/b&status=404";
	static const struct {
		unsigned overflow;
		int64_t retry; /* ns */
		const char *fields, *told;
	} rows[] = {
		{ 503, 0, "Retry-After: 1\r\n",
		    "key=\"a\\\"b\", pool=db;refused, n=1" },
		{ 429, 1, "Retry-After: 1\r\n",
		    "key=\"a\\\"b\", pool=db;refused, n=1" },
		{ 429, CLOCK_S, "Retry-After: 1\r\n",
		    "key=\"a\\\"b\", pool=db;refused, n=1" },
		{ 503, CLOCK_S + 1, "Retry-After: 2\r\n",
		    "key=\"a\\\"b\", pool=db;refused, n=1" },
		{ 503, INT64_C(31622400) * CLOCK_S, "Retry-After: 31622400\r\n",
		    "key=\"a\\\"b\", pool=db;refused, n=1" },
		{ 0, CLOCK_S, "Retry-After: 1\r\n",
		    "fault=close, key=\"a\\\"b\", pool=db;refused, n=1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[DRAWN_TEXT_MAX + 1];
		struct decision *refused, *refusal;
		struct drawn_names names;
		struct answer answer;

		decide(all, HEAD, &answer); /* which skips some */
		refused = answer.message.decision;
		refused->ticket->overflow = rows[i].overflow;
		refused->ticket->retry = rows[i].retry;
		refusal = decision_new_refusal(refused);
		assert_non_null(refusal);
		assert_null(refused->ticket); /* it is the refusal's */
		assert_non_null(refusal->ticket);
		answer_fini(&answer);
		assert_int_equal(refusal->headless, rows[i].overflow == 0);
		assert_int_equal(decision_fault(refusal),
		    rows[i].overflow == 0 ? (int)FAULT_CLOSE : -1);
		assert_null(refusal->flow);
		assert_int_equal(decision_type(refusal).size, 0);
		assert_true(span_equal(decision_fields(refusal),
		    span_of(rows[i].fields)));
		names = decision_names(refusal);
		text[drawn_write(&refusal->drawn, &names, text)] = '\0';
		assert_string_equal(text, rows[i].told);
		text[drawn_write_json(&refusal->drawn, &names, text)] = '\0';
		assert_non_null(strstr(text, ",\"refused\":[\"pool\"]}"));
		assert_null(strstr(text, "skipped"));
		decision_free(refusal);
	}
	decision_free(NULL);
}

/* Those that no word has said: they say one thing, and nothing else. */
static void
test_plain(void **state)
{
	struct decision *field = decision_new_field("ETag", "\"ab\"");
	struct decision *empty = decision_new_field("X", "");
	struct decision *close = decision_new_framing(FRAMING_CLOSE);
	struct decision *const all[] = { field, empty, close };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert_non_null(all[i]);
		assert_int_equal(all[i]->drawn.words, 0);
		assert_int_equal(decision_fault(all[i]), -1);
		assert_int_equal(decision_type(all[i]).size, 0);
		assert_null(all[i]->flow);
		assert_null(all[i]->ticket);
		assert_int_equal(decision_names(all[i]).key.size, 0);
	}
	assert_true(
	    span_equal(decision_fields(field), SPAN("ETag: \"ab\"\r\n")));
	assert_true(span_equal(decision_fields(empty), SPAN("X: \r\n")));
	assert_int_equal(decision_fields(close).size, 0);
	assert_int_equal(field->framing, FRAMING_LENGTH);
	assert_int_equal(close->framing, FRAMING_CLOSE);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		decision_free(all[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_all_plans),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
