/* Makes contents; the thread that began the answer. */
#include "config.h"

#include "app/made.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Longer than any event. */
#define MADE_ITEM_MAX 128

/* `2026-11-28T15:04:05.123456Z` */
#define MADE_TIME_SIZE   27
#define MADE_SECOND_SIZE 19

#define MADE_EVENT_SIZE \
 (sizeof("id: \ndata: {\"n\":,\"time\":\"\"}\n\n") - 1 + MADE_TIME_SIZE)
#define MADE_LINE_SIZE (sizeof("{\"n\":,\"time\":\"\"}\n") - 1 + MADE_TIME_SIZE)

#define MADE_TIMES_10(text) text text text text text text text text text text

bool
made_has_items(const struct made *made)
{
	return made->kind == MADE_EVENTS || made->kind == MADE_LINES;
}

/* Returns how many digits the numbers from 1 to `count` have together. */
static uint64_t
made_digits(uint64_t count)
{
	uint64_t digits = 0;

	for (uint64_t first = 1; first <= count; first *= 10)
		digits += count - first + 1;
	return digits;
}

uint64_t
made_size(const struct made *made, uint64_t count)
{
	if (!made_has_items(made))
		return count;
	if (made->kind == MADE_EVENTS)
		return count * MADE_EVENT_SIZE + 2 * made_digits(count);
	return count * MADE_LINE_SIZE + made_digits(count);
}

const char *
made_type(const struct made *made)
{
	switch ((enum made_kind)made->kind) {
	case MADE_EVENTS:
		return "text/event-stream";
	case MADE_LINES:
		return "application/x-ndjson";
	case MADE_LETTERS:
		return "text/plain; charset=utf-8";
	case MADE_NOISE:
	case MADE_NONE:
		break;
	}
	return "application/octet-stream";
}

/* ---- bytes ---- */

/* Gives letters out of a constant that has many alphabets. */
static struct span
made_letters(uint64_t start, uint64_t size)
{
	static const char letters[] = MADE_TIMES_10(
	    MADE_TIMES_10(MADE_TIMES_10("abcdefghijklmnopqrstuvwxyz")));
	size_t offset = start % 26, room = sizeof(letters) - 1 - offset;

	return (struct span){ letters + offset, size < room ? size : room };
}

/* Writes noise; returns its size. */
static size_t
made_noise(const struct made *made, uint64_t start, size_t size, char *room)
{
	const struct roll roll = { made->seed, 1, 0 };
	size_t done = 0;

	while (done < size) {
		uint64_t at = start + done;
		uint64_t bits = roll_bits(&roll, ROLL_FILL, at / 8) >>
				(8 * (at % 8));

		for (; done < size && at / 8 == (start + done) / 8; done++) {
			room[done] = (char)(bits & 0xff);
			bits >>= 8;
		}
	}
	return done;
}

/* ---- events and lines ---- */

static void
made_format_time(int64_t us, char text[MADE_TIME_SIZE + 1])
{
	time_t seconds = us / 1000000;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, MADE_TIME_SIZE + 1, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + MADE_SECOND_SIZE, MADE_TIME_SIZE + 1 - MADE_SECOND_SIZE,
	    ".%06uZ", (unsigned)(us % 1000000));
}

static int64_t
made_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Writes the item that is under way; returns its size. Its time is that at which
 * its first byte was asked for. */
static size_t
made_write_item(struct made *made, char text[MADE_ITEM_MAX])
{
	char time[MADE_TIME_SIZE + 1];
	uint64_t n = made->item + 1;

	if (made->time == 0)
		made->time = made_now();
	made_format_time(made->time, time);
	if (made->kind == MADE_EVENTS)
		return (size_t)snprintf(text, MADE_ITEM_MAX,
		    "id: %" PRIu64 "\ndata: {\"n\":%" PRIu64
		    ",\"time\":\"%s\"}\n\n",
		    n, n, time);
	return (size_t)snprintf(text, MADE_ITEM_MAX,
	    "{\"n\":%" PRIu64 ",\"time\":\"%s\"}\n", n, time);
}

/* Writes as many items as there is room for, whole or a part; returns the
 * size. */
static size_t
made_items(struct made *made, uint64_t start, size_t size, char *room)
{
	size_t done = 0;

	while (done < size) {
		char text[MADE_ITEM_MAX];
		size_t all = made_write_item(made, text);
		size_t skip = (size_t)(start + done - made->offset);
		size_t part = all - skip < size - done ? all - skip
						       : size - done;

		memcpy(room + done, text + skip, part);
		done += part;
		if (skip + part < all)
			break;
		made->item++;
		made->offset += all;
		made->time = 0;
	}
	return done;
}

struct span
made_next(struct made *made, uint64_t start, uint64_t size, char *room)
{
	size_t most = size < MADE_ROOM ? (size_t)size : MADE_ROOM;

	if (made_is_lent(made))
		return made_letters(start, size);
	if (made->kind == MADE_NOISE)
		return (
		    struct span){ room, made_noise(made, start, most, room) };
	return (struct span){ room, made_items(made, start, most, room) };
}
