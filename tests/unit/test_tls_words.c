/* Tests of tls/words. */
#include "config.h"

#include "tls/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The longest sleep that is a word here. */
#define MAX_SLEEP (60 * CLOCK_S)

static struct guard guard;

/* What a word comes to, upon an act that is all zero. */
struct row {
	const char *word;
	struct tls_act act;
};

static const struct row rows[] = {
	{ "sleep-250ms", { .sleep = 250 * CLOCK_MS } },
	{ "sleep-2", { .sleep = 2 * CLOCK_S } },
	{ "SLEEP-250MS", { .sleep = 250 * CLOCK_MS } },
	{ "sleep-1m", { .sleep = 60 * CLOCK_S } },
	{ "sleep-10s5ms", { .sleep = 10 * CLOCK_S + 5 * CLOCK_MS } },
	{ "sleep-0", { .sleep = 0 } },
	{ "stall", { .fate = TLS_FATE_STALL } },
	{ "Stall", { .fate = TLS_FATE_STALL } },
	{ "reset", { .fate = TLS_FATE_RESET } },
	{ "close", { .fate = TLS_FATE_CLOSE } },
	{ "alert-0", { .fate = TLS_FATE_ALERT, .alert = 0 } },
	{ "alert-40", { .fate = TLS_FATE_ALERT, .alert = 40 } },
	{ "alert-255", { .fate = TLS_FATE_ALERT, .alert = 255 } },
	{ "expired", { .shown = TLS_SHOWN_EXPIRED } },
	{ "not-yet", { .shown = TLS_SHOWN_NOT_YET } },
	{ "wrong-name", { .shown = TLS_SHOWN_WRONG_NAME } },
	{ "self-signed", { .shown = TLS_SHOWN_SELF_SIGNED } },
	{ "unknown-ca", { .shown = TLS_SHOWN_UNKNOWN_CA } },
	{ "tls12", { .tls12 = true } },
	{ "no-close-notify", { .no_close = true } },
	{ "records-1", { .record_size = 1 } },
	{ "records-16384", { .record_size = 16384 } },
	{ "ticket-never", { .no_ticket = true } },
};

/* What is none, and what is said to be right. */
static const struct {
	const char *word;
	const char *wanted;
} refused[] = {
	{ "", "a word" },
	{ "localhost", "a word" },
	{ "stalls", "a word" },
	{ "stal", "a word" },
	{ "sleep", "a word" },
	{ "sleep-", "a time, such" },
	{ "sleep-x", "a time, such" },
	{ "sleep-1m1ns", "a time, such" },
	{ "sleep--1", "a time, such" },
	{ "sleep-61", "at most" },
	{ "sleep-60001ms", "at most" },
	{ "sleep-99999999999999999999", "a time, such" },
	{ "alert-", "0 to 255" },
	{ "alert-256", "0 to 255" },
	{ "alert-4x", "0 to 255" },
	{ "alert", "a word" },
	{ "records-0", "1 to 16384" },
	{ "records-16385", "1 to 16384" },
	{ "records-", "1 to 16384" },
	{ "tls13", "a word" },
	{ "tls12 ", "a word" },
};

static bool
act_equal(const struct tls_act *a, const struct tls_act *b)
{
	return a->sleep == b->sleep && a->fate == b->fate &&
	       a->shown == b->shown && a->alert == b->alert &&
	       a->tls12 == b->tls12 && a->no_close == b->no_close &&
	       a->no_ticket == b->no_ticket && a->record_size == b->record_size;
}

static void
test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_act act = { 0 };
		struct tls_words_fault fault;

		if (tls_words_parse(guard_at_end(&guard, span_of(rows[i].word)),
			MAX_SLEEP, &act, &fault) != 0 ||
		    !act_equal(&act, &rows[i].act))
			fail_msg("%s", rows[i].word);
	}
}

/* Each behind a good word; and the fault is where it begins. */
static void
test_refused(void **state)
{
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct tls_act act = { 0 };
		struct tls_words_fault fault;
		struct span span;

		snprintf(text, sizeof(text), "tls12.%s", refused[i].word);
		span = guard_at_end(&guard, span_of(text));
		if (tls_words_parse(span, MAX_SLEEP, &act, &fault) != -1 ||
		    fault.at != span.data + strlen("tls12.") ||
		    strstr(fault.wanted, refused[i].wanted) == NULL)
			fail_msg("%s: %s", text, fault.wanted);
	}
}

/* What is left of a name, and what its words come to. */
static const struct {
	const char *name;
	const char *rest;
	struct tls_act act;
} names[] = {
	{ "localhost", "localhost", { .sleep = 0 } },
	{ "stall", "stall", { .sleep = 0 } },
	{ "stall.localhost", "localhost", { .fate = TLS_FATE_STALL } },
	{ "stall.", "stall.", { .sleep = 0 } },
	{ "tls12.sleep-1s.a.example", "a.example",
	    { .tls12 = true, .sleep = CLOCK_S } },
	{ "www.stall.localhost", "www.stall.localhost", { .sleep = 0 } },
	{ "stall.www.reset.x", "www.reset.x", { .fate = TLS_FATE_STALL } },
	{ "reset.stall", "stall", { .fate = TLS_FATE_RESET } },
	{ "reset.stall.x", "x", { .fate = TLS_FATE_STALL } },
	{ "sleep-1.sleep-2.x", "x", { .sleep = 2 * CLOCK_S } },
	{ "tls12.sleep-61.x", "sleep-61.x", { .tls12 = true } },
	{ "", "", { .sleep = 0 } },
	{ ".", ".", { .sleep = 0 } },
};

static void
test_take(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct span name = guard_at_end(&guard, span_of(names[i].name));
		struct tls_act act = { 0 };
		bool any = strlen(names[i].rest) < name.size;

		if (tls_words_take(&name, MAX_SLEEP, &act) != any ||
		    !span_equal(name, span_of(names[i].rest)) ||
		    !act_equal(&act, &names[i].act))
			fail_msg("%s: %.*s", names[i].name, (int)name.size,
			    name.data);
	}
}

/* A name's words take the place of an address's, where they are of one kind. */
static void
test_upon(void **state)
{
	struct tls_act act = { .sleep = CLOCK_S, .tls12 = true };
	const struct tls_act expected = { .sleep = 2 * CLOCK_S,
		.tls12 = true,
		.no_close = true };
	struct span name = SPAN("sleep-2s.no-close-notify.x");

	(void)state;
	assert_true(tls_words_take(&name, MAX_SLEEP, &act));
	assert_true(act_equal(&act, &expected));
}

/* A line for each word that there is a row for, and no other. */
static void
test_help(void **state)
{
	struct text text = { 0 };
	size_t lines = 0;

	(void)state;
	tls_words_help(&text);
	for (const char *c = text.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 14);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char start[32];
		size_t size = strcspn(rows[i].word, "0123456789");

		snprintf(start, sizeof(start), "  %.*s", (int)size,
		    rows[i].word);
		if (start[2] >= 'a' && strstr(text.data, start) == NULL)
			fail_msg("%s", rows[i].word);
	}
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_upon),
		cmocka_unit_test(test_help),
	};

	guard_open(&guard, 512);

	int result = cmocka_run_group_tests_name("tls_words", tests, NULL,
	    NULL);

	guard_close(&guard);
	return result;
}
