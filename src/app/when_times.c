/* The times of a file: constant once they are made, and then for any thread;
 * the count of their owners is atomic. */
#include "config.h"

#include "app/when_times.h"

#include <stdlib.h>

#include "app/when.h"

static bool
when_times_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Removes the first line from `text`, and its end, and returns it without the
 * blanks at its end, of which a CR is one. */
static struct span
when_times_take_line(struct span *text)
{
	struct span line = span_take(text, SPAN("\n"));

	span_skip(text, text->size > 0);
	while (line.size > 0 && when_times_is_blank(line.data[line.size - 1]))
		line.size--;
	return line;
}

static bool
when_times_is_time(struct span line)
{
	return line.size > 0 && line.data[0] != '#';
}

static size_t
when_times_count(struct span text)
{
	size_t count = 0;

	while (text.size > 0)
		count += when_times_is_time(when_times_take_line(&text));
	return count;
}

/* Adds the time of each line. Returns false with a complaint. */
static bool
when_times_fill(struct when_times *times, struct span text, int64_t most,
    struct complaint *why)
{
	while (text.size > 0) {
		struct span line = when_times_take_line(&text);

		if (!when_times_is_time(line))
			continue;
		if (!when_parse_time(line, most, &times->list[times->count],
			why))
			return false;
		times->count++;
	}
	return true;
}

static int
when_times_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct when_times *
when_times_parse(struct span text, int64_t most, struct complaint *why)
{
	size_t count = when_times_count(text);
	struct when_times *times;

	if (count == 0) {
		complain(why, text.data, "250ms", "at least one time");
		return NULL;
	}
	times = malloc(sizeof(*times) + count * sizeof(times->list[0]));
	if (times == NULL) {
		complain(why, NULL, "250ms", "memory for %zu times", count);
		return NULL;
	}
	times->count = 0;
	if (!when_times_fill(times, text, most, why)) {
		free(times);
		return NULL;
	}
	atomic_init(&times->owners, 1);
	qsort(times->list, count, sizeof(times->list[0]), when_times_compare);
	return times;
}

void
when_times_release(struct when_times *times)
{
	if (atomic_fetch_sub(&times->owners, 1) == 1)
		free(times);
}
