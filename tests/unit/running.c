/* Runs answers from their requests to their ends. */
#include "config.h"

#include "running.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_clock.h"

#define PIECES_MAX 3000000

static void
running_set_time(struct asking *asking, int64_t now)
{
	asking->moment.now = now;
	fake_clock_set(now);
}

/* Finds the head: the first one that is not of an interim response. */
static void
running_find_body(struct running *running)
{
	const char *head = running->bytes, *end;

	running->bytes[running->size] = '\0';
	if (running->body != NULL)
		return;
	while ((end = strstr(head, "\r\n\r\n")) != NULL) {
		bool interim = strncmp(head, "HTTP/1.1 1", 10) == 0;

		head = end + 4;
		if (interim)
			continue;
		running->body = head;
		return;
	}
}

static void
running_take(struct running *running, const struct piece *piece, int64_t now)
{
	char *out = running->bytes + running->size;
	size_t size = piece->bytes.size;

	if (piece->kind == PIECE_FILE) {
		size = piece->file.size;
		assert_true(running->size + size <= RUNNING_MAX);
		assert_int_equal(pread(piece->file.fd, out, size,
				     piece->file.offset),
		    size);
	} else {
		assert_true(running->size + size <= RUNNING_MAX);
		memcpy(out, piece->bytes.data, size);
	}
	assert_true(size > 0);
	running->size += size;
	running->pieces++;
	running->last = now;
	if (running->first == -1)
		running->first = now;
	running_find_body(running);
	if (running->body != NULL && running->body_first == -1 &&
	    running->bytes + running->size > running->body)
		running->body_first = now;
}

static void
running_end(struct running *running, struct asking *asking)
{
	running->keep = asking->exchange.keep;
	running->ended = asking->moment.now - running->start;
	if (running->body != NULL)
		running->body_size = (size_t)(running->bytes + running->size -
					      running->body);
	asking_end(asking);
	fake_clock_set(0);
}

void
running_ask(struct running *running, struct asking *asking, const char *request)
{
	memset(running, 0, sizeof(*running));
	running->start = clock_now();
	running->first = running->body_first = running->last = -1;
	running_set_time(asking, running->start);
	asking_begin(asking, request);
	for (int i = 0; i < PIECES_MAX; i++) {
		struct piece piece = asking_next(asking);

		if (piece_has_bytes(&piece)) {
			running_take(running, &piece,
			    asking->moment.now - running->start);
			continue;
		}
		if (piece.kind == PIECE_TURN)
			continue;
		if (piece.kind == PIECE_END || piece.kind == PIECE_RESET) {
			running->reset = piece.kind == PIECE_RESET;
			running_end(running, asking);
			return;
		}
		assert_true(piece.until > asking->moment.now);
		running->hung |= piece.kind == PIECE_HANG;
		running->waits++;
		running_set_time(asking, piece.until);
	}
	fail_msg("it does not end");
}

void
running_get(struct running *running, struct asking *asking, const char *target)
{
	char request[HTTP_TARGET_MAX + 64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
	    target);
	running_ask(running, asking, request);
}

char *
running_decode(const struct running *running, size_t *size, bool last)
{
	const char *p = running->body, *end = p + running->body_size;
	char *data = malloc(running->body_size + 1);
	bool seen = false;

	assert_non_null(data);
	*size = 0;
	while (p < end) {
		char *line;
		size_t chunk = strtoul(p, &line, 16);

		assert_false(seen);
		assert_true(line > p);
		assert_memory_equal(line, "\r\n", 2);
		p = line + 2;
		assert_true(p + chunk + 2 <= end);
		memcpy(data + *size, p, chunk);
		*size += chunk;
		assert_memory_equal(p + chunk, "\r\n", 2);
		p += chunk + 2;
		seen = chunk == 0;
	}
	assert_int_equal(seen, last);
	return data;
}

bool
running_has(const struct running *running, const char *line)
{
	char text[1200];
	const char *found;

	snprintf(text, sizeof(text), "\r\n%s\r\n", line);
	found = strstr(running->bytes, text);
	return found != NULL && found < running->body;
}
