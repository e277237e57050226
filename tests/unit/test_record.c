/* Tests of http/record: what is kept of a request until its line is written. */
#include "config.h"

#include "http/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/parser.h"

/* A record of its very size, up to where memory ends. */
static struct record *
take(const struct http_request *request)
{
	struct record *record = malloc(record_size(request));

	assert_non_null(record);
	record_take(record, 1234567890123456789, 42, request);
	return record;
}

static const struct row {
	const char *request;
	const char *version;
	const char *fields[RECORD_FIELDS]; /* NULL: it has none */
} rows[] = {
	{ "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1",
	    { "GET", "/a?b", NULL, NULL } },
	{ "BREW / HTTP/1.0\r\nReferer: a\"\xff\r\nUser-Agent:\r\n\r\n",
	    "HTTP/1.0", { "BREW", "/", "a\"\xff", "" } },
	{ "GET / HTTP/2.0\r\nHost: h\r\nReferer: a\r\n\r\n", "HTTP/2.0",
	    { "GET", "/", NULL, NULL } },
	{ "GET / HTTQ/1.1\r\nHost: h\r\n\r\n", "", { "GET", "/", NULL, NULL } },
	{ "\x16\x03\x01 / HTTP/1.1\r\n\r\n", "", { NULL, NULL, NULL, NULL } },
	{ NULL, "", { NULL, NULL, NULL, NULL } },
};

static void
assert_field(struct span found, const char *wanted)
{
	if (wanted == NULL) {
		assert_null(found.data);
		return;
	}
	assert_non_null(found.data);
	assert_int_equal(found.size, strlen(wanted));
	assert_memory_equal(found.data, wanted, found.size);
}

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct http_request request = { 0 };
		struct span fields[RECORD_FIELDS];
		struct record *record;
		char version[16];

		if (rows[i].request != NULL)
			http_request_parse(&request, span_of(rows[i].request),
			    0);
		record = take(rows[i].request != NULL ? &request : NULL);
		assert_true(record->wall == 1234567890123456789);
		assert_int_equal(record->begun, 42);
		assert_int_equal(record->late, RECORD_NOT_AWAKE);
		*record_put_version(record, version) = '\0';
		assert_string_equal(version, rows[i].version);
		record_find(record, fields);
		for (int k = 0; k < RECORD_FIELDS; k++)
			assert_field(fields[k], rows[i].fields[k]);
		free(record);
	}
}

/* Down to whole us; what is too late to be told of is very late. */
static void
test_late(void **state)
{
	static const struct {
		int64_t late; /* ns */
		uint32_t noted;
	} cases[] = { { 0, 0 }, { 999, 0 }, { 1000, 1 }, { 2500999, 2500 },
		{ 4294967294999, 4294967294 }, { 4294967295000, 4294967294 },
		{ INT64_MAX, 4294967294 } };
	struct record *record = take(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		record_note_late(record, cases[i].late);
		assert_int_equal(record->late, cases[i].noted);
	}
	free(record);
}

/* The longest record, whatever the bytes. */
static void
test_long_fields_are_cut(void **state)
{
	static const struct {
		char fill;
		size_t sent, kept; /* bytes of each of two fields */
	} cases[] = {
		{ 'a', 1025, 1025 },
		{ 'a', 4096, 4096 },
		{ 'a', 4097, 4096 },
		{ 'a', 16000, 4096 },
		{ '"', 1024, 1024 },
		{ '"', 1025, 1024 },
		{ '\xff', 16000, 1024 },
		{ '\x80', 16000, 1024 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		static char text[40000], field[16001];
		struct http_request request = { 0 };

		memset(field, cases[i].fill, cases[i].sent);
		field[cases[i].sent] = '\0';
		snprintf(text, sizeof text,
		    "GET / HTTP/1.1\r\nHost: a\r\nReferer: %s\r\n"
		    "User-Agent: %s\r\n\r\n",
		    field, field);
		assert_int_equal(http_request_parse(&request, span_of(text), 0),
		    HTTP_OK);
		assert_int_equal(record_size(&request),
		    sizeof(struct record) + strlen("GET/") + 2 * cases[i].kept);
	}
}

/* No character of UTF-8 is cut; what is none may be. */
static void
test_characters_are_whole(void **state)
{
	static const struct {
		const char *last; /* behind 1020 bytes that are not plain */
		size_t kept;
	} cases[] = {
		{ "\xc3\xa9\xc3\xa9\xc3\xa9", 4 },
		{ "\xff\xc3\xa9\xc3\xa9\xc3\xa9", 3 },
		{ "\xe2\x80\xa8\xe2\x80\xa8", 3 },
		{ "\xff\xff\xe2\x80\xa8", 2 },
		{ "\xf0\x9f\x98\x80\xff", 4 },
		{ "\xff\xf0\x9f\x98\x80", 1 },
		{ "\xff\xff\xff\xf0\x9f\x98\x80", 3 },
		{ "\xff\x80\x80\x80\x80", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[1100];
		struct http_request request = { .target = { target, 0 } };

		memset(target, 0xff, 1020);
		request.target.size = 1020 + strlen(cases[i].last);
		memcpy(target + 1020, cases[i].last,
		    request.target.size - 1020);
		assert_int_equal(record_size(&request),
		    sizeof(struct record) + 1020 + cases[i].kept);
	}
}

/* What a usual request costs while it sleeps, its allocation aside. */
static void
test_record_is_small(void **state)
{
	struct http_request request = { 0 };

	(void)state;
	http_request_parse(&request,
	    SPAN("GET /sleep/60s HTTP/1.1\r\nHost: localhost:7878\r\n"
		 "User-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"),
	    0);
	assert_in_range(record_size(&request), 1, 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_long_fields_are_cut),
		cmocka_unit_test(test_characters_are_whole),
		cmocka_unit_test(test_record_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
