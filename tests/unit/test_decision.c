/* Tests of app/decision: plans and messages by words, for each kind of answer. */
#include "config.h"

#include "app/decision.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/clock.h"
#include "running.h"
#include "tree.h"
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

/* Decides by words about a 200 with a line of text. */
static void
decide(const char *words, enum kind kind, struct answer *answer)
{
	const struct http_request request = {
		.method = kind == HEAD ? HTTP_HEAD : HTTP_GET,
		.minor = kind != OLD,
	};
	struct behaviour behaviour = { 0 };
	const struct decision_source source = { .behaviour = &behaviour,
		.draw = { .roll = { 7, 1, 0 }, .most = 60 * CLOCK_S } };

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

/* The type, and fields; those of ours give way. */
static void
test_fields(void **state)
{
	static struct running running;
	static const struct {
		const char *target, *with, *without;
	} rows[] = {
		{ "/sleep/0?type=a/b", "Content-Type: a/b", "text/html" },
		{ "/sleep/0?size=5", "Content-Type: text/plain; charset=utf-8",
		    "text/html" },
		{ "/sleep/0?header=X:1&header=X:%20%202", "X: 1\r\nX: 2",
		    NULL },
		{ "/sleep/0?header=cache-control:a", "cache-control: a",
		    "no-store" },
		{ "/sleep/0?status=503&retry-after=1.1s", "Retry-After: 2",
		    NULL },
		{ "/sleep/0?status=503&retry-after=0", "Retry-After: 0", NULL },
		{ "/sleep/0?status=503", "Mtasync: delay=0, status=503",
		    "Retry-After" },
		{ "/sleep/0?status=500:99,503:1&retry-after=1s",
		    "HTTP/1.1 500 Internal Server Error", "Retry-After" },
		{ "/sleep/0?status=401",
		    "WWW-Authenticate: Basic realm=\"mtasync\"", NULL },
		{ "/sleep/0?status=407",
		    "Proxy-Authenticate: Basic realm=\"mtasync\"", NULL },
		{ "/sleep/0?status=302", "Location: /", NULL },
		{ "/sleep/0?status=302&header=Location:/b", "Location: /b",
		    "Location: /\r\n" },
		{ "/sleep/0?status=405",
		    "Allow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS",
		    NULL },
		{ "/sleep/0?status=206&size=9", "Content-Range: bytes 0-8/9",
		    NULL },
		{ "/sleep/0?status=206", "Content-Range: bytes 0-4/5", NULL },
		{ "/sleep/0?status=416", "Mtasync: delay=0, status=416", NULL },
		{ "/sleep/0?status=299", "HTTP/1.1 299 Unknown", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *found;

		running_get(&running, *state, rows[i].target);
		found = strstr(running.bytes, rows[i].with);
		if (found == NULL ||
		    memcmp(found + strlen(rows[i].with), "\r\n", 2) != 0)
			fail_msg("no %s in %s", rows[i].with, running.bytes);
		if (rows[i].without != NULL)
			assert_null(strstr(running.bytes, rows[i].without));
	}
}

/* A 206 on purpose of a file of nothing has no range to tell of. */
static void
test_empty_range(void **state)
{
	static struct running running;

	tree_write("hello.html", 'h', 0);
	running_get(&running, *state, "/sleep/0?status=206");
	assert_memory_equal(running.bytes, "HTTP/1.1 206", 12);
	assert_null(strstr(running.bytes, "Content-Range"));
	assert_true(running_has(&running, "Content-Length: 0"));
}

/* A page that can't be opened when the head is due: what takes its place comes
 * once, whatever was to become of the page. */
static void
test_busy_page(void **state)
{
	static struct running running;
	static const char *const targets[] = { "/sleep/1s?at=end",
		"/sleep/1s?over=1s", "/sleep/1s?framing=chunked",
		"/sleep/1s?headrate=1k", "/sleep/1s?at=end&fault=truncate" };
	struct asking *asking = *state;
	struct rlimit limit, none;

	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		asking->moment.since = MOMENT_LOOK_ANEW;
		assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
		running_get(&running, asking, targets[i]);
		assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_memory_equal(running.bytes, "HTTP/1.1 503", 12);
		assert_string_equal(running.body,
		    "503 Service Unavailable: no room to open the file just "
		    "now\n");
		assert_true(running.keep);
		assert_int_equal(asking->totals.sleepers, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_limit),
		ASKING_TEST(test_fields),
		ASKING_TEST(test_empty_range),
		ASKING_TEST(test_busy_page),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
