/* Checks patterns, and matches paths; any thread. */
#include "config.h"

#include "app/pattern.h"

#define PATTERN_EXAMPLE "/api/** delay=250ms"

/* Complains of the segment that begins at `segment`, or returns true. */
static bool
pattern_check_segment(struct span segment, bool last, struct complaint *why)
{
	if (segment.size == 0 && !last)
		return complain(why, segment.data, PATTERN_EXAMPLE,
		    "one slash: paths have no two in a row");
	if (span_equal(segment, SPAN(".")) || span_equal(segment, SPAN("..")))
		return complain(why, segment.data, PATTERN_EXAMPLE,
		    "no dot segment: paths have none");
	return true;
}

/* Complains of the third asterisk in a row, or returns true. */
static bool
pattern_check_asterisks(struct span text, struct complaint *why)
{
	const char *third = memmem(text.data, text.size, "***", 3);

	return third == NULL ||
	       complain(why, third + 2, PATTERN_EXAMPLE,
		   "one asterisk or two: * within a segment, ** for all");
}

bool
pattern_check(struct span text, struct complaint *why)
{
	struct span rest = text;

	if (text.size == 0 || text.data[0] != '/')
		return complain(why, text.data, PATTERN_EXAMPLE,
		    "a path that begins with a slash");
	if (text.size > PATTERN_MAX)
		return complain(why, text.data + PATTERN_MAX, PATTERN_EXAMPLE,
		    "a pattern of at most %d bytes", PATTERN_MAX);
	while (rest.size > 0) {
		struct span segment;

		span_skip(&rest, 1); /* the slash before it */
		segment = span_take(&rest, SPAN("/"));
		if (!pattern_check_segment(segment, rest.size == 0, why))
			return false;
	}
	return pattern_check_asterisks(text, why);
}

/* Where a path is compared with a pattern. */
struct pattern_walk {
	const char *pattern, *pattern_end;
	const char *path, *path_end;
	/* behind the last `**`: the pattern, NULL: there was none; and where in
	 * the path it is tried */
	const char *run, *run_path;
	/* likewise, behind the last `*` since then */
	const char *any, *any_path;
};

/* Walks over the asterisks that come next. */
static void
pattern_step_over(struct pattern_walk *walk)
{
	walk->pattern++;
	if (walk->pattern < walk->pattern_end && *walk->pattern == '*') {
		walk->run = ++walk->pattern;
		walk->run_path = walk->path;
		walk->any = NULL;
	} else {
		walk->any = walk->pattern;
		walk->any_path = walk->path;
	}
}

/*
 * Has the last asterisk that can take more do so; returns whether there is one.
 * What comes before the last `**` stays as it is: it took as little as it can, and
 * that `**` may take the more. So does what comes before the last `*`: it either
 * took as little of the segment as it can, or lies in one that a slash has ended.
 * For the same reasons, where a `*` behind the `**` has failed, so does it from
 * anywhere else in the segment where the `**` ended.
 */
static bool
pattern_retry(struct pattern_walk *walk)
{
	if (walk->any != NULL && walk->any_path < walk->path_end &&
	    *walk->any_path != '/') {
		walk->path = ++walk->any_path;
		walk->pattern = walk->any;
		return true;
	}
	if (walk->run == NULL)
		return false;
	if (walk->any != NULL)
		walk->run_path = memchr(walk->run_path, '/',
		    (size_t)(walk->path_end - walk->run_path));
	if (walk->run_path == NULL || walk->run_path == walk->path_end)
		return false;
	walk->path = ++walk->run_path;
	walk->pattern = walk->run;
	walk->any = NULL;
	return true;
}

/* Counts its steps in *steps. */
static inline bool
pattern_run(struct span pattern, struct span path, size_t *steps)
{
	struct pattern_walk walk = { .pattern = pattern.data,
		.pattern_end = pattern.data + pattern.size,
		.path = path.data,
		.path_end = path.data + path.size };

	for (;; ++*steps) {
		bool ends = walk.pattern == walk.pattern_end;

		if (ends && (walk.path == walk.path_end ||
				walk.run == walk.pattern_end))
			return true;
		if (!ends && *walk.pattern == '*') {
			pattern_step_over(&walk);
		} else if (!ends && walk.path < walk.path_end &&
			   *walk.pattern == *walk.path) {
			walk.pattern++;
			walk.path++;
		} else if (!pattern_retry(&walk)) {
			return false;
		}
	}
}

bool
pattern_matches(struct span pattern, struct span path)
{
	size_t steps = 0;

	return pattern_run(pattern, path, &steps);
}

size_t
pattern_count_steps(struct span pattern, struct span path)
{
	size_t steps = 0;

	(void)pattern_run(pattern, path, &steps);
	return steps;
}

size_t
pattern_fixed_size(struct span pattern)
{
	struct span rest = pattern, fixed = span_take(&rest, SPAN("*"));

	if (rest.size == 0)
		return pattern.size;
	while (fixed.size > 0 && fixed.data[fixed.size - 1] != '/')
		fixed.size--;
	return fixed.size;
}

size_t
pattern_tail_size(struct span pattern)
{
	const char *last = memrchr(pattern.data, '*', pattern.size);

	return last == NULL ? pattern.size
			    : (size_t)(pattern.data + pattern.size - 1 - last);
}

size_t
pattern_least_size(struct span pattern)
{
	size_t size = 0;

	for (size_t i = 0; i < pattern.size; i++)
		size += pattern.data[i] != '*';
	return size;
}
