/* Tests of base/list: the order, and that a place may leave at any time. */
#include "config.h"

#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Its place is not its beginning. */
struct item {
	char name;
	struct list place;
};

/* The names in order, from the first on; the same backwards is checked. */
static void
list_names(const struct list *list, char names[8])
{
	const struct list *place;
	size_t count = 0;

	for (place = list->next; place != list; place = place->next)
		names[count++] = LIST_OWNER(place, struct item, place)->name;
	names[count] = '\0';
	for (place = list->previous; place != list; place = place->previous)
		assert_int_equal(names[--count],
		    LIST_OWNER(place, struct item, place)->name);
	assert_int_equal(count, 0);
}

/*
 * Carries out `steps`: a small letter is added last, a capital letter first,
 * and `-` takes what the next letter names out.
 */
static void
list_make(struct list *list, struct item items[4], const char *steps)
{
	list_init(list);
	for (; *steps != '\0'; steps++) {
		if (*steps == '-')
			list_remove(&items[*++steps - 'a'].place);
		else if (*steps >= 'a')
			list_add_last(list, &items[*steps - 'a'].place);
		else
			list_add_first(list, &items[*steps - 'A'].place);
	}
}

static void
test_order(void **state)
{
	static const struct {
		const char *steps, *names;
	} rows[] = {
		{ "", "" },
		{ "a", "a" },
		{ "abc", "abc" },
		{ "ABC", "cba" },
		{ "abCd", "cabd" },
		{ "a-a", "" },
		{ "abc-a", "bc" },
		{ "abc-b", "ac" },
		{ "abc-c", "ab" },
		{ "abc-aa", "bca" },
		{ "abc-cC", "cab" },
		{ "ab-a-bb", "b" },
	};
	struct item items[4] = { { .name = 'a' }, { .name = 'b' },
		{ .name = 'c' }, { .name = 'd' } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *expected = rows[i].names;
		size_t size = strlen(expected);
		struct list list;
		char names[8];

		list_make(&list, items, rows[i].steps);
		list_names(&list, names);
		assert_string_equal(names, expected);
		assert_ptr_equal(list_first(&list),
		    size > 0 ? &items[expected[0] - 'a'].place : NULL);
		assert_ptr_equal(list_last(&list),
		    size > 0 ? &items[expected[size - 1] - 'a'].place : NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
