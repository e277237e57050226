/* Tests of app/resource: a file and those beside it, as the disk has them. */
#include "config.h"

#include "app/resource.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tree.h"

static int
resource_setup(void **state)
{
	static int root;

	tree_enter();
	root = open(".", O_PATH);
	*state = &root;
	return root == -1 ? -1 : 0;
}

static int
resource_teardown(void **state)
{
	const int *root = *state;

	close(*root);
	tree_leave();
	return 0;
}

/* Opens `page`, as if its files had settled by now. */
static struct resource *
open_page(int root)
{
	const struct moment moment = { .wall = time(NULL),
		.date = "Sun, 06 Nov 1994 08:49:37 GMT" };
	struct stat status;
	struct resource *resource = resource_open(root, SPAN("page"),
	    &(struct file_facts){ .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY },
	    &moment, &status);

	for (int i = 0; resource != NULL && i < HTTP_CODINGS; i++)
		if (resource->files[i] != NULL)
			resource->files[i]->settled = true;
	return resource;
}

/* Whether a look finds all as it was opened, coded files too. */
static bool
is_current(struct resource *resource, int root)
{
	static int64_t now;
	const struct moment moment = { .since = MOMENT_LOOK_ANEW,
		.now = now += 3600 * CLOCK_S };

	return resource_current(resource, root, NULL, &moment) != NULL;
}

/* What can't be opened is none, and is no change as long as it stays so. */
static void
test_sibling_that_cannot_be_opened(void **state)
{
	const int *root = *state;
	struct resource *resource;
	char other[TREE_PATH_MAX], fresh[TREE_PATH_MAX + 6];

	tree_write("page", 'p', 1);
	tree_make(other);
	snprintf(fresh, sizeof fresh, "%s/fresh", other);
	tree_write(fresh, 'f', 1);
	assert_return_code(symlink(fresh, "page.gz"), 0); /* leads out */
	resource = open_page(*root);
	assert_non_null(resource);
	assert_null(resource->files[HTTP_CODING_GZIP]);
	assert_true(is_current(resource, *root));
	assert_return_code(unlink("page.gz"), 0);
	assert_true(is_current(resource, *root));
	tree_write("page.gz", 'g', 1);
	assert_false(is_current(resource, *root));
	resource_close(resource);
	tree_remove(other);
}

/* A sibling that has come within one tick of the directory's clock does not show
 * in its ctime, which says nothing until it is older than that. */
static void
test_sibling_that_comes_within_a_tick(void **state)
{
	const int *root = *state;
	struct resource *resource;
	struct stat status;

	tree_write("page", 'p', 1);
	resource = open_page(*root);
	assert_non_null(resource);
	tree_write("page.gz", 'g', 1);
	assert_return_code(fstatat(*root, ".", &status, 0), errno);
	resource->directory.changed = status.st_ctim;
	resource->directory.settled = false;
	assert_false(is_current(resource, *root));
	resource_close(resource);
}

/* The lowest number that a descriptor can have now. */
static int
lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	assert_return_code(fd, errno);
	close(fd);
	return fd;
}

/* No room to open a sibling does not say that there is none. */
static void
test_no_room_for_a_sibling(void **state)
{
	const int *root = *state;
	int free_fd = lowest_free();
	struct rlimit all, few;
	struct resource *resource;
	int error;

	tree_write("page", 'p', 1);
	tree_write("page.gz", 'g', 1);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &all), errno);
	few = all;
	few.rlim_cur = (rlim_t)free_fd + 1; /* for the plain one */
	assert_return_code(setrlimit(RLIMIT_NOFILE, &few), errno);
	resource = open_page(*root);
	error = errno;
	assert_return_code(setrlimit(RLIMIT_NOFILE, &all), errno);
	assert_null(resource);
	assert_int_equal(error, EMFILE);
	assert_int_equal(lowest_free(), free_fd);
}

#define TEST(test) \
 cmocka_unit_test_setup_teardown(test, resource_setup, resource_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sibling_that_cannot_be_opened),
		TEST(test_sibling_that_comes_within_a_tick),
		TEST(test_no_room_for_a_sibling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
