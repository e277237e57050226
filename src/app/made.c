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

/* With ms of 13 digits, until the year 2286. */
#define MADE_PING_SIZE \
 (sizeof("event: ping\ndata: {\"id\":,\"timestamp\":1795878245123}\n\n") - 1)
#define MADE_RECORD_SIZE (sizeof("{\"id\":") - 1)

#define MADE_TIMES_10(text) text text text text text text text text text text

bool
made_has_items(const struct made *made)
{
	switch ((enum made_kind)made->kind) {
	case MADE_EVENTS:
	case MADE_LINES:
	case MADE_PINGS:
	case MADE_RECORDS:
		return true;
	case MADE_NONE:
	case MADE_LETTERS:
	case MADE_NOISE:
	case MADE_STARS:
		break;
	}
	return false;
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
	uint64_t from_0 = count > 0 ? 1 + made_digits(count - 1) : 0;

	switch ((enum made_kind)made->kind) {
	case MADE_EVENTS:
		return count * MADE_EVENT_SIZE + 2 * made_digits(count);
	case MADE_LINES:
		return count * MADE_LINE_SIZE + made_digits(count);
	case MADE_PINGS:
		return count * MADE_PING_SIZE + from_0;
	case MADE_RECORDS:
		return count * (MADE_RECORD_SIZE + made->tail.size) + from_0;
	case MADE_NONE:
	case MADE_LETTERS:
	case MADE_NOISE:
	case MADE_STARS:
		break;
	}
	return count;
}

const char *
made_type(const struct made *made)
{
	switch ((enum made_kind)made->kind) {
	case MADE_EVENTS:
		return "text/event-stream";
	case MADE_PINGS:
		return "text/event-stream; charset=utf-8";
	case MADE_LINES:
		return "application/x-ndjson";
	case MADE_RECORDS:
		return "application/x-ndjson; charset=utf-8";
	case MADE_LETTERS:
	case MADE_STARS:
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

static struct span
made_stars(uint64_t size)
{
	static const char stars[] = MADE_TIMES_10(
	    MADE_TIMES_10(MADE_TIMES_10("********************")));
	size_t room = sizeof(stars) - 1;

	return (struct span){ stars, size < room ? size : room };
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

/* Writes the item that is under way, but for its tail; returns the size. Its time
 * is that at which its first byte was asked for. */
static size_t
made_write_item(struct made *made, char text[MADE_ITEM_MAX])
{
	char time[MADE_TIME_SIZE + 1];
	uint64_t n = made->item + 1;

	if (made->kind == MADE_RECORDS)
		return (size_t)snprintf(text, MADE_ITEM_MAX, "{\"id\":%" PRIu64,
		    made->item);
	if (made->time == 0)
		made->time = made_now();
	if (made->kind == MADE_PINGS)
		return (size_t)snprintf(text, MADE_ITEM_MAX,
		    "event: ping\ndata: {\"id\":%" PRIu64
		    ",\"timestamp\":%013" PRId64 "}\n\n",
		    made->item, made->time / 1000);
	made_format_time(made->time, time);
	if (made->kind == MADE_EVENTS)
		return (size_t)snprintf(text, MADE_ITEM_MAX,
		    "id: %" PRIu64 "\ndata: {\"n\":%" PRIu64
		    ",\"time\":\"%s\"}\n\n",
		    n, n, time);
	return (size_t)snprintf(text, MADE_ITEM_MAX,
	    "{\"n\":%" PRIu64 ",\"time\":\"%s\"}\n", n, time);
}

/* Writes bytes of an item, of a head and a tail, from `skip` on; `size` at most,
 * and as many as there are. Returns their size. */
static size_t
made_copy_item(struct span head, struct span tail, size_t skip, size_t size,
    char *out)
{
	size_t all = head.size + tail.size - skip, done = 0;

	size = size < all ? size : all;
	if (skip < head.size) {
		done = head.size - skip < size ? head.size - skip : size;
		memcpy(out, head.data + skip, done);
	}
	if (done < size)
		memcpy(out + done, tail.data + skip + done - head.size,
		    size - done);
	return size;
}

/* Writes as many items as there is room for, whole or a part; returns the
 * size. */
static size_t
made_items(struct made *made, uint64_t start, size_t size, char *room)
{
	size_t done = 0;

	while (done < size) {
		char text[MADE_ITEM_MAX];
		struct span head = { text, made_write_item(made, text) };
		size_t all = head.size + made->tail.size;
		size_t skip = (size_t)(start + done - made->offset);
		size_t part = made_copy_item(head, made->tail, skip,
		    size - done, room + done);

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

	if (made->kind == MADE_STARS)
		return made_stars(size);
	if (made->kind == MADE_LETTERS)
		return made_letters(made->first + start, size);
	if (made->kind == MADE_NOISE)
		return (
		    struct span){ room, made_noise(made, start, most, room) };
	return (struct span){ room, made_items(made, start, most, room) };
}
