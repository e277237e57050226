/* test_pattern: which paths patterns are for, and at what cost. */
#include "config.h"

#include "app/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "complaints.h"
#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Both as they are given: a pattern with its slash, a path without. */
static bool
matches(const char *pattern, const char *path)
{
	struct span without = span_of(pattern);
	struct complaint why;

	if (!pattern_check(without, &why))
		fail_msg("%s is refused: %s", pattern, why.wanted);
	span_skip(&without, 1);
	return pattern_matches(without, span_of(path));
}

static const struct {
	const char *pattern, *path;
	bool yes;
} match_rows[] = {
	{ "/", "", true },
	{ "/", "a", false },
	{ "/sleep", "sleep", true },
	{ "/sleep", "sleep/", false },
	{ "/sleep", "sleep/1", false },
	{ "/sleep", "sleepy", false },
	{ "/sleep", "slee", false },
	{ "/sleep", "", false },
	{ "/sleep", "Sleep", false },
	{ "/a/", "a/", true },
	{ "/a/", "a", false },
	{ "/*", "", true },
	{ "/*", "a", true },
	{ "/*", "a/", false },
	{ "/*", "a/b", false },
	{ "/**", "", true },
	{ "/**", "a/b/", true },
	{ "/api/**", "api/", true },
	{ "/api/**", "api/a/b", true },
	{ "/api/**", "api", false },
	{ "/api/**", "apis/a", false },
	{ "/api**", "api", true },
	{ "/api**", "apis/a", true },
	{ "/api/*", "api/", true },
	{ "/api/*", "api/a/b", false },
	{ "/api/*/", "api/a/", true },
	{ "/api/*/b", "api/a/b", true },
	{ "/api/*/b", "api/a/a/b", false },
	{ "/api/*/b", "api/b", false },
	{ "/img/*.png", "img/a.png", true },
	{ "/img/*.png", "img/.png", true },
	{ "/img/*.png", "img/a.png.png", true },
	{ "/img/*.png", "img/a/b.png", false },
	{ "/img/*.png", "img/a.pngs", false },
	{ "/**.png", ".png", true },
	{ "/**.png", "a/b/c.png", true },
	{ "/**.png", "a/b/c.pn", false },
	{ "/**/b", "b", false },
	{ "/**/b", "a/b", true },
	{ "/**/b", "a/a/b", true },
	{ "/**/b", "a/ab", false },
	{ "/a**b**c", "a/b/c", true },
	{ "/a**b**c", "abc", true },
	{ "/a**b**c", "acb", false },
	{ "/a*b*c", "a12b34c", true },
	{ "/a*b*c", "abbcc", true },
	{ "/a*b*c", "ab/c", false },
	{ "/*a/b*c", "xa/bxc", true },
	{ "/**a*b/c", "ab/axb/c", true },
	{ "/**a*b/c", "a/b/c", false },
	{ "/a b?#%20", "a b?#%20", true },
	{ "/a b?#%20", "a b?# ", false },
	{ "/\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true },
	{ "/a\\*", "a\\b", true },
	{ "/...", "...", true },
	{ "/..*", "..a", true },
};

static void
test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(match_rows); i++)
		if (matches(match_rows[i].pattern, match_rows[i].path) !=
		    match_rows[i].yes)
			fail_msg("%s, %s", match_rows[i].pattern,
			    match_rows[i].path);
}

static void
test_refused(void **state)
{
	static const struct complaints_row rows[] = {
		{ "", 0, "a path that begins with a slash" },
		{ "a", 0, "a path that begins with a slash" },
		{ "*", 0, "a path that begins with a slash" },
		{ "//", 1, "one slash" },
		{ "/a//b", 3, "one slash" },
		{ "/**//", 4, "one slash" },
		{ "/.", 1, "no dot segment" },
		{ "/./a", 1, "no dot segment" },
		{ "/a/..", 3, "no dot segment" },
		{ "/a/../b", 3, "no dot segment" },
		{ "/***", 3, "one asterisk or two" },
		{ "/a/****", 5, "one asterisk or two" },
	};
	char text[PATTERN_MAX + 2];
	struct complaint why = { 0 };
	struct guard guard;

	(void)state;
	guard_open(&guard, sizeof(text));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span pattern = guard_at_end(&guard,
		    span_of(rows[i].text));

		if (pattern_check(pattern, &why) ||
		    why.at != pattern.data + rows[i].column ||
		    strstr(why.wanted, rows[i].wanted) == NULL)
			fail_msg("%s: column %td, wanted %s", rows[i].text,
			    why.at - pattern.data, why.wanted);
	}
	memset(text, '/', 1);
	memset(text + 1, 'a', sizeof(text) - 1);
	assert_true(pattern_check((struct span){ text, PATTERN_MAX }, &why));
	assert_false(
	    pattern_check((struct span){ text, PATTERN_MAX + 1 }, &why));
	assert_ptr_equal(why.at, text + PATTERN_MAX);
	guard_close(&guard);
}

/* ---- all short patterns and paths, as another way has it ---- */

#define SHORT_MAX 6

/* Fills in, for each size of a path's beginning, whether the pattern has it, row by
 * row of the pattern. */
static bool
matches_by_rows(struct span pattern, struct span path)
{
	bool row[SHORT_MAX + 1] = { true };

	for (size_t i = 0; i < pattern.size; i++) {
		bool star = pattern.data[i] == '*';
		bool two = star && i + 1 < pattern.size &&
			   pattern.data[i + 1] == '*';
		bool next[SHORT_MAX + 1] = { star && row[0] };

		for (size_t j = 0; j < path.size; j++)
			next[j + 1] =
			    star ? row[j + 1] ||
				       (next[j] && (two || path.data[j] != '/'))
				 : row[j] && pattern.data[i] == path.data[j];
		memcpy(row, next, sizeof(row));
		i += two;
	}
	return row[path.size];
}

/* Makes the next text of these letters, in order of size; returns false after the
 * last one. */
static bool
next_text(char *text, size_t *size, const char *letters)
{
	for (size_t i = 0; i < *size; i++) {
		const char *letter = strchr(letters, text[i]);

		text[i] = letters[letter[1] != '\0' ? letter + 1 - letters : 0];
		if (letter[1] != '\0')
			return true;
	}
	text[*size] = letters[0];
	return ++*size <= SHORT_MAX;
}

static void
check_all_paths(struct span pattern)
{
	char path[SHORT_MAX + 1] = "";
	size_t size = 0;

	do {
		struct span p = { path, size };

		if (pattern_matches(pattern, p) != matches_by_rows(pattern, p))
			fail_msg("%.*s, %.*s", (int)pattern.size, pattern.data,
			    (int)size, path);
	} while (next_text(path, &size, "ab/"));
}

static void
test_all_that_are_short(void **state)
{
	char pattern[SHORT_MAX + 1] = "";
	size_t size = 0;

	(void)state;
	do
		if (memmem(pattern, size, "***", 3) == NULL)
			check_all_paths((struct span){ pattern, size });
	while (next_text(pattern, &size, "ab/*"));
}

/* ---- what takes long elsewhere ---- */

#define PATH_SIZE ((size_t)8191)

/* Fills `size` bytes with copies of a text. */
static void
repeat(char *to, size_t size, const char *text)
{
	for (size_t i = 0; i < size; i++)
		to[i] = text[i % strlen(text)];
}

/* The pattern begins with `**` and ends in a letter that no path has, so that
 * nothing matches; both repeat a text. */
static void
test_steps(void **state)
{
	static const struct {
		const char *pattern;
		size_t size;
		const char *path;
	} rows[] = {
		{ "a**", 12, "a" },
		{ "a**", 1000, "a" },
		{ "a", 20, "a" },
		{ "a", 1000, "a" },
		{ "a", 1000, "aaaaaaaaa/" },
		{ "a*", 20, "a" },
		{ "a*", 1000, "a" },
		{ "a*", 20, "aaaaaaaa/" },
		{ "a*/", 20, "a/" },
		{ "a*/", 1000, "aaaa/" },
		{ "/*a", 1000, "a/" },
		{ "/a*", 1000, "/a" },
		{ "a*a/", 100, "aaaaaaaaaaaaaaaaaa/" },
		{ "aa*aaaa**", 100, "aaaaaaa/" },
	};
	char pattern[PATTERN_MAX] = "**", path[PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span all = { pattern, 2 + rows[i].size + 1 };
		size_t steps;

		repeat(pattern + 2, rows[i].size, rows[i].pattern);
		pattern[all.size - 1] = 'b';
		repeat(path, sizeof(path), rows[i].path);
		steps = pattern_count_steps(all,
		    (struct span){ path, sizeof(path) });
		print_message("# %zu of %s, %s: %zu\n", rows[i].size,
		    rows[i].pattern, rows[i].path, steps);
		assert_false(
		    pattern_matches(all, (struct span){ path, sizeof(path) }));
		assert_true(steps <= 2 * (all.size + 1) * (PATH_SIZE + 1));
	}
}

static void
test_sizes(void **state)
{
	static const struct {
		const char *pattern;
		size_t fixed, tail, least;
	} rows[] = {
		{ "", 0, 0, 0 },
		{ "sleep", 5, 5, 5 },
		{ "a/b", 3, 3, 3 },
		{ "a/", 2, 2, 2 },
		{ "**", 0, 0, 0 },
		{ "img/*.png", 4, 4, 8 },
		{ "api/v1**", 4, 0, 6 },
		{ "a*/b/**c", 0, 1, 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span pattern = span_of(rows[i].pattern);

		assert_int_equal(pattern_fixed_size(pattern), rows[i].fixed);
		assert_int_equal(pattern_tail_size(pattern), rows[i].tail);
		assert_int_equal(pattern_least_size(pattern), rows[i].least);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all_that_are_short),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
