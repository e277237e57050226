/* test_file_growth: a file that grows while two threads look at it. */
#include "config.h"

#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

#define SIZE ((size_t)FILE_MEMORY_MAX + 1)

static const struct moment moment;

/* The file that another thread looks at while fstat(2) returns; NULL: none. */
static struct file *watched;

/* Takes the place of the C library's in this program. Between its look and its
 * return, the file grows, and the other thread sees that. */
int
fstat(int fd, struct stat *buf)
{
	int result = fstatat(fd, "", buf, AT_EMPTY_PATH);
	struct file *file = watched;

	watched = NULL;
	if (file == NULL)
		return result;
	tree_write("log", 'l', (size_t)buf->st_size + 100);
	assert_true(file_is_unwritten(file));
	return result;
}

static void
test_older_look_does_no_harm(void **state)
{
	const struct file_facts facts = { .type = "text/plain" };
	struct stat status;
	struct file *file;

	(void)state;
	tree_enter();
	tree_write("log", 'l', SIZE);
	assert_return_code(stat("log", &status), errno);
	file = file_open(open("log", O_RDONLY), &status, &facts, &moment);
	assert_non_null(file);
	tree_write("log", 'l', SIZE + 10);
	watched = file;
	assert_true(file_is_unwritten(file)); /* by what it was, SIZE + 10 */
	assert_null(watched);
	/* shorter than the other thread has seen it */
	tree_write("log", 'l', SIZE + 50);
	assert_return_code(truncate("log", (off_t)SIZE + 50), errno);
	assert_false(file_is_unwritten(file));
	file_release(file);
	tree_leave();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_older_look_does_no_harm),
	};

	return cmocka_run_group_tests_name("file_growth", tests, NULL, NULL);
}
