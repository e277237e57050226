/* Tests of app/message and app/parts: contents in slices, byte by byte. */
#include "config.h"

#include "app/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/message.h"
#include "asking.h"
#include "base/clock.h"

#define ALL ((size_t)FILE_MEMORY_MAX + 4096)

/* Writes a file whose byte k tells where it stands. */
static void
write_counted(const char *name, size_t size)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	for (size_t k = 0; k < size; k++)
		assert_int_not_equal(putc((int)(k * 7 % 251), file), EOF);
	assert_int_equal(fclose(file), 0);
}

/* Takes the content of the answer that has begun, in slices; returns its size. */
static size_t
take(struct asking *asking, uint64_t slice, char *out)
{
	struct message *message = &asking->exchange.answer.message;
	uint64_t length;
	size_t size = 0;
	bool more = true;

	do /* a listing may have to wait for a pause */
		asking->moment.now = clock_now();
	while (
	    message_settle(message, &asking->app.site, &asking->moment) != 0);
	length = message_length(message);
	while (more) {
		struct piece piece = { .kind = PIECE_END };
		size_t part;

		more = message_next(message, slice, asking->room, &piece);
		part = piece.kind == PIECE_FILE ? piece.file.size
						: piece.bytes.size;
		assert_true(part >= 1 && part <= slice);
		assert_true(size + part <= ALL);
		if (piece.kind == PIECE_FILE)
			assert_int_equal(pread(piece.file.fd, out + size, part,
					     piece.file.offset),
			    part);
		else
			memcpy(out + size, piece.bytes.data, part);
		size += part;
		assert_int_equal(message->yielded, size);
	}
	assert_int_equal(size, length);
	return size;
}

/* The boundary is another one in each answer: writes x over it. */
static void
hide_boundary(const struct message *message, char *out, size_t size)
{
	const char *boundary = message->parts->boundary;
	char *found;

	while ((found = memmem(out, size, boundary, strlen(boundary))) != NULL)
		memset(found, 'x', strlen(boundary));
}

static const struct row {
	const char *request;
	bool parted; /* several ranges */
} rows[] = {
	{ REQUEST("GET", "/counted", "1.1", ""), false },
	{ REQUEST("GET", "/counted", "1.1", "Range: bytes=3-77\r\n"), false },
	{ REQUEST("GET", "/counted", "1.1",
	      "Range: bytes=0-0, 2-30, 500-999, -1\r\n"),
	    true },
	{ REQUEST("GET", "/big", "1.1", ""), false },
	{ REQUEST("GET", "/big", "1.1", "Range: bytes=3-77\r\n"), false },
	{ REQUEST("GET", "/big", "1.1", "Range: bytes=0-9,20-30,-5\r\n"),
	    true },
	{ REQUEST("GET", "/sub/", "1.1", ""), false },
	{ REQUEST("POST", "/", "1.1", ""), false },
	{ REQUEST("GET", "/sleep/x", "1.1", ""), false },
	{ REQUEST("GET", "/sleep?help", "1.1", ""), false },
	{ REQUEST("GET", "/sleep/1s", "1.1", ""), false },
	{ REQUEST("GET", "/sleep/1s?size=5k", "1.1", ""), false },
	{ REQUEST("GET", "/sleep/1s?size=5k&fill=1", "1.1", ""), false },
};

/* Whatever the slices, the same bytes. */
static void
test_slices(void **state)
{
	static const uint64_t slices[] = { 1, 2, 7, 1000, 16385 };
	static char whole[ALL], out[ALL];
	struct asking *asking = *state;

	asking->config.app.site.listing = true;
	write_counted("counted", 1000);
	write_counted("big", FILE_MEMORY_MAX + 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message *message = &asking->exchange.answer.message;
		size_t size;

		asking_begin(asking, rows[i].request);
		size = take(asking, UINT64_MAX, whole);
		assert_int_equal(message->file != NULL &&
				     message->parts != NULL,
		    rows[i].parted);
		if (rows[i].parted)
			hide_boundary(message, whole, size);
		asking_end(asking);
		for (size_t j = 0; j < sizeof(slices) / sizeof(*slices); j++) {
			if (size > 100000 && slices[j] < 1000)
				continue; /* it would take a while */
			asking_begin(asking, rows[i].request);
			assert_int_equal(take(asking, slices[j], out), size);
			if (rows[i].parted)
				hide_boundary(message, out, size);
			assert_memory_equal(out, whole, size);
			asking_end(asking);
		}
	}
}

/* What is between the boundaries is the ranges (RFC 9110 14.6). */
static void
test_frames(void **state)
{
	static char out[ALL];
	struct asking *asking = *state;
	const char *part;
	size_t size;

	write_counted("counted", 1000);
	asking_begin(asking, rows[2].request);
	size = take(asking, 7, out);
	hide_boundary(&asking->exchange.answer.message, out, size);
	assert_memory_equal(out,
	    "\r\n--xxxxxxxxxxxxxxxx\r\nContent-Type: ", 36);
	part = memmem(out, size, "Content-Range: bytes 500-999/1000\r\n\r\n",
	    37);
	assert_non_null(part);
	for (size_t k = 500; k < 1000; k++)
		assert_int_equal((unsigned char)part[37 + k - 500],
		    k * 7 % 251);
	assert_memory_equal(part + 537, "\r\n--xxxxxxxxxxxxxxxx\r\n", 22);
	assert_memory_equal(out + size - 24, "\r\n--xxxxxxxxxxxxxxxx--\r\n",
	    24);
	asking_end(asking);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASKING_TEST(test_slices),
		ASKING_TEST(test_frames),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
