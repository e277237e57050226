/* Tests of app/generation: its owners, and a directory that is gone. */
#include "config.h"

#include "app/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/mime_types.h"
#include "base/clock.h"
#include "tree.h"

static int
generation_setup(void **state)
{
	tree_enter();
	assert_return_code(mkdir("root", 0755), errno);
	*state = generation_new(open("root", O_PATH | O_DIRECTORY), NULL);
	return *state == NULL ? -1 : 0;
}

static int
generation_teardown(void **state)
{
	generation_release(*state);
	tree_leave();
	return 0;
}

/* The last owner closes the directory. */
static void
test_owners(void **state)
{
	struct generation *generation = *state;
	int root = generation->root;

	assert_ptr_equal(generation_hold(generation), generation);
	generation_release(generation);
	assert_return_code(fcntl(root, F_GETFD), errno);
	generation_release(generation);
	assert_int_equal(fcntl(root, F_GETFD), -1);
	generation_release(NULL);
	*state = NULL;
}

/* It owns the types, too, whatever becomes of who has read them. */
static void
test_types(void **state)
{
	struct generation *generation = *state;
	struct mime_types *types;
	FILE *file = fopen("types", "we");

	generation_release(generation);
	assert_non_null(file);
	assert_true(fputs("a/b mine\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	types = mime_types_read("types");
	assert_non_null(types);
	generation = generation_new(open("root", O_PATH | O_DIRECTORY), types);
	*state = generation;
	assert_non_null(generation);
	mime_types_release(types);
	assert_string_equal(mime_types_find(generation->types, SPAN("mine")),
	    "a/b");
}

static void
count(void *arg)
{
	(*(int *)arg)++;
}

/* That the directory is gone is told at most once a second, and neither in its
 * first one nor of one that has another name. */
static void
test_gone(void **state)
{
	struct generation *generation = *state;
	int told = 0;
	int64_t now = clock_now() + 2 * CLOCK_S;

	generation_miss(generation, now); /* to nobody */
	generation->on_gone = count;
	generation->arg = &told;
	generation_miss(generation, now);
	assert_return_code(rename("root", "other"), errno);
	assert_return_code(mkdir("root", 0755), errno);
	generation_miss(generation, now);
	assert_int_equal(told, 0);
	assert_return_code(rmdir("other"), errno);
	assert_true(generation_is_gone(generation->root));
	generation_miss(generation, now - 2 * CLOCK_S);
	assert_int_equal(told, 0);
	generation_miss(generation, now + CLOCK_S - 1); /* looked at `now` */
	assert_int_equal(told, 0);
	generation_miss(generation, now + CLOCK_S);
	generation_miss(generation, now + 2 * CLOCK_S - 1);
	assert_int_equal(told, 1);
	generation_miss(generation, now + 2 * CLOCK_S);
	assert_int_equal(told, 2);
}

#define TEST(test) \
 cmocka_unit_test_setup_teardown(test, generation_setup, generation_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_owners),
		TEST(test_types),
		TEST(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
