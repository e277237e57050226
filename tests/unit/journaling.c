/* Adds requests to journals, and reads them. */
#include "config.h"

#include "journaling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/parser.h"

/* A request, and its line. */
void
journaling_add_line(struct journal *journal, const char *target,
    unsigned status, int64_t wall, struct span line)
{
	static _Thread_local struct http_request request;
	char head[256];
	struct record *record;

	snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
	    target);
	assert_int_equal(http_request_parse(&request, span_of(head), 0),
	    HTTP_OK);
	record = malloc(record_size(&request));
	assert_non_null(record);
	record_take(record, wall, 1, &request);
	journal_add(journal, record, status, line);
	free(record);
}

/* Adds a request; its line is one letter. */
void
journaling_add(struct journal *journal, const char *target, unsigned status,
    int64_t wall, char letter)
{
	journaling_add_line(journal, target, status, wall,
	    (struct span){ &letter, 1 });
}

/* Reads all that is looked for, at once. */
void
journaling_find(struct journal *journal, struct journal_reader reader,
    struct told *told)
{
	static struct journal_page page;
	bool more = true;

	told->size = 0;
	journal_begin(journal, &reader);
	while (more) {
		more = journal_read(journal, &reader, INT64_MAX, &page);
		assert_true(told->size + page.size < sizeof(told->letters));
		memcpy(told->letters + told->size, page.text, page.size);
		told->size += page.size;
	}
	told->letters[told->size] = '\0';
}

void
journaling_tells(struct journal *journal, struct journal_reader reader,
    const char *wanted)
{
	struct told told;

	journaling_find(journal, reader, &told);
	assert_string_equal(told.letters, wanted);
}
