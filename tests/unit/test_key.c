/* test_key: who asks, as the word `key` has it, and how often. */
#include "config.h"

#include "app/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "parsing.h"
#include "worded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LONGEST                        \
 "abcdefghijklmnopqrstuvwxyz012345678" \
 "abcdefghijklmnopqrstuvwxyz012"

/* The client's address. */
static void
tell_who(const void *client, struct asker *asker)
{
	*asker = (struct asker){ .connection = 1, .request = 2, .worker = 3 };
	snprintf(asker->peer, sizeof(asker->peer), "%s", (const char *)client);
}

/* What a request's key is. */
static const struct row {
	const char *word;
	const char *fields; /* of the request; NULL: there is none */
	const char *key;
} rows[] = {
	/* a text, whoever asks */
	{ "key=a", FIELDS("a: b\r\n"), "a" },
	{ "key=a", NULL, "a" },
	{ "key=peers", NULL, "peers" },
	{ "key=header", NULL, "header" },
	{ "key=" LONGEST, NULL, LONGEST },
	/* a field, whatever the case of its name; the first of several */
	{ "key=header:X-Client", FIELDS("X-Client: me\r\n"), "me" },
	{ "key=header:x-cLIENT", FIELDS("X-Client:me\r\n"), "me" },
	{ "key=header:X-Client", FIELDS("x-client:  me too \r\n"), "me too" },
	{ "key=header:X-Client", FIELDS("A: 1\r\nX-CLIENT: 2\r\nB: 3\r\n"),
	    "2" },
	{ "key=header:X-Client", FIELDS("X-Client: 1\r\nX-Client: 2\r\n"),
	    "1" },
	{ "key=header:host", FIELDS(""), "h" },
	{ "key=header:X-Client", FIELDS("X-Client: \xc3\xa9\"\\\r\n"),
	    "\xc3\xa9\"\\" },
	/* it is empty where there is none */
	{ "key=header:X-Client", FIELDS(""), "" },
	{ "key=header:X-Client", FIELDS("X-Client:\r\n"), "" },
	{ "key=header:X-Client", FIELDS("X-Clients: 1\r\nX-Clien: 2\r\n"), "" },
	{ "key=header:X-Client", NULL, "" },
	/* a long one ends in the hash of all of it */
	{ "key=header:X", FIELDS("X: " LONGEST "\r\n"), LONGEST },
	{ "key=header:X", FIELDS("X: " LONGEST "x\r\n"),
	    "abcdefghijklmnopqrstuvwxyz012345678abcdefghijklm"
	    "a05e9de12889a390" },
	{ "key=header:X", FIELDS("X: " LONGEST "y\r\n"),
	    "abcdefghijklmnopqrstuvwxyz012345678abcdefghijklm"
	    "a05e9ee12889a543" },
	{ "key=header:X", FIELDS("X: " LONGEST LONGEST LONGEST "\r\n"),
	    "abcdefghijklmnopqrstuvwxyz012345678abcdefghijklm"
	    "d960f8c8dbfeec6c" },
	/* the address */
	{ "key=peer", FIELDS("peer: a\r\n"), "2001:db8::1" },
	{ "key=peer", NULL, "" },
};

static void
test_found(void **state)
{
	char peer[] = "2001:db8::1";
	const struct moment moment = { .who = tell_who, .client = peer };

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct http_request *request = NULL;
		struct behaviour behaviour = { 0 };
		struct key key;

		worded_add(&behaviour, row->word);
		if (row->fields != NULL)
			request = parsing_make_request(*state, row->fields);
		memset(&key, 'x', sizeof(key));
		key_find(&key, &behaviour, request, &moment);
		if (!span_equal(key_text(&key), span_of(row->key)))
			fail_msg("%s of %s is %.*s", row->word, row->fields,
			    (int)key.size, key.text);
		words_release(&behaviour);
	}
}

/* Nobody is asked for who asks where that is of no interest. */
static void
test_moment(void **state)
{
	struct behaviour behaviour = { 0 };
	struct key key;

	worded_add(&behaviour, "key=header:A");
	key_find(&key, &behaviour,
	    parsing_make_request(*state, FIELDS("A: b\r\n")), NULL);
	assert_true(span_equal(key_text(&key), SPAN("b")));
	words_release(&behaviour);
}

static struct key
make_key(const char *text)
{
	struct key key = { .size = strlen(text) };

	memcpy(key.text, text, key.size);
	return key;
}

/* Attempts are those of a key in a scope. */
static void
test_attempts(void **state)
{
	static const struct {
		const char *key;
		uint64_t scope, attempt;
	} attempts[] = {
		{ "a", 0, 1 },
		{ "a", 0, 2 },
		{ "b", 0, 1 },
		{ "a", 1, 1 },
		{ "a", UINT64_MAX, 1 },
		{ "a", 0, 3 },
		{ "a", 1, 2 },
		{ "", 0, 1 },
		{ "", 1, 1 },
		{ "", 0, 2 },
		{ LONGEST, UINT64_MAX, 1 },
		{ LONGEST, UINT64_MAX, 2 },
		{ LONGEST, UINT64_MAX - 1, 1 },
	};
	struct tally *tally = tally_new(100);

	(void)state;
	assert_non_null(tally);
	for (size_t i = 0; i < COUNT(attempts); i++) {
		const struct key key = make_key(attempts[i].key);

		if (key_attempt(&key, attempts[i].scope, tally) !=
		    attempts[i].attempt)
			fail_msg("attempt %zu", i);
	}
	tally_free(tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_moment),
		cmocka_unit_test(test_attempts),
	};

	return cmocka_run_group_tests_name("key", tests, parsing_open,
	    parsing_close);
}
