/*
 * fuzz_when: times to draw. What is accepted prints as text that comes to the
 * same; what is drawn can come; a complaint is of a byte of the text. The first
 * byte of an input chooses what limits it.
 */
#include "config.h"

#include <stdlib.h>

#include "app/when.h"
#include "base/clock.h"
#include "fuzz.h"

#define DRAWS 64

/* What any file holds; a name that begins with 0 has none. */
static struct when_times *
read_file(struct span name, void *arg, struct complaint *why)
{
	(void)arg;
	if (name.data[0] != '0')
		return when_times_parse(SPAN("3ms\n1s\n2ms\n"), 60 * CLOCK_S,
		    why);
	complain(why, name.data, "file:1", "a name that does not begin with 0");
	return NULL;
}

static const struct when_limits limits[] = {
	{ 60 * CLOCK_S, read_file, NULL },
	{ INT64_MAX, read_file, NULL },
	{ 0, NULL, NULL },
};

/* A complaint is whole, and its example is accepted where files are. */
static void
check_complaint(const struct complaint *why, struct span text)
{
	struct when when;
	struct complaint of_example;

	FUZZ_CHECK(why->at >= text.data && why->at <= text.data + text.size);
	FUZZ_CHECK(strlen(why->wanted) > 0);
	FUZZ_CHECK(strlen(why->wanted) < sizeof(why->wanted) - 1);
	FUZZ_CHECK(
	    when_parse(span_of(why->example), &limits[0], &when, &of_example));
	when_release(&when);
}

static void
check_draws(const struct when *when)
{
	int64_t longest = when_longest(when);

	for (uint64_t n = 1; n <= DRAWS; n++) {
		const struct roll roll = { 42, n, 0 };
		int64_t drawn = when_draw(when, &roll, ROLL_GAP, n / 2);

		FUZZ_CHECK(drawn >= 0 && drawn <= longest);
		FUZZ_CHECK(!when_is_certain(when) || drawn == longest);
	}
}

static void
check_same(const struct when *when, struct span name,
    const struct when_limits *of)
{
	char text[WHEN_TEXT_MAX];
	size_t size = when_format(when, name, text);
	struct when same;
	struct complaint why;

	FUZZ_CHECK(size == strlen(text) && size < WHEN_TEXT_MAX);
	FUZZ_CHECK(when_parse((struct span){ text, size }, of, &same, &why));
	FUZZ_CHECK(same.kind == when->kind && same.count == when->count);
	FUZZ_CHECK((same.times != NULL) == (when->times != NULL));
	FUZZ_CHECK(memcmp(same.points, when->points, sizeof(same.points)) == 0);
	when_release(&same);
}

/* A copy of no more than the bytes in use draws likewise. */
static void
check_small(const struct when *when)
{
	struct when *small = malloc(when_size(when));
	const struct roll roll = { 1, 1, 0 };

	FUZZ_CHECK(small != NULL);
	memcpy(small, when, when_size(when));
	when_hold(small);
	FUZZ_CHECK(when_longest(small) == when_longest(when));
	FUZZ_CHECK(when_draw(small, &roll, ROLL_DELAY, 0) ==
		   when_draw(when, &roll, ROLL_DELAY, 0));
	when_release(small);
	free(small);
}

/* The text as a file with a time a line. */
static void
check_file(struct span text, int64_t most)
{
	struct complaint why;
	struct when_times *times = when_times_parse(text, most, &why);
	struct when when = { .kind = WHEN_FILE, .times = times };

	if (times == NULL) {
		check_complaint(&why, text);
		return;
	}
	FUZZ_CHECK(when_longest(&when) <= most);
	check_draws(&when);
	when_release(&when);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct when_limits *of;
	struct span text, name;
	struct complaint why;
	struct when when;

	if (size == 0)
		return 0;
	of = &limits[data[0] % (sizeof(limits) / sizeof(limits[0]))];
	text = fuzz_copy(data + 1, size - 1);
	if (when_parse(text, of, &when, &why)) {
		name = text;
		if (when.kind == WHEN_FILE)
			span_skip(&name, strlen("file:"));
		check_same(&when, name, of);
		check_draws(&when);
		check_small(&when);
		when_release(&when);
	} else {
		check_complaint(&why, text);
	}
	check_file(text, of->most);
	fuzz_free(text);
	return 0;
}
