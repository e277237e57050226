/* A directory for a test, and the current one while it runs. */
#include "config.h"

#include "tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

static char tree_path[64];

void
tree_enter(void)
{
	snprintf(tree_path, sizeof tree_path, "/tmp/mtasync-tree-XXXXXX");
	assert_non_null(mkdtemp(tree_path));
	assert_return_code(chdir(tree_path), 0);
}

static int
tree_remove(const char *path, const struct stat *status, int what,
    struct FTW *place)
{
	(void)status;
	(void)what;
	(void)place;
	return remove(path);
}

void
tree_leave(void)
{
	assert_return_code(chdir("/"), 0);
	assert_return_code(nftw(tree_path, tree_remove, 8,
			       FTW_DEPTH | FTW_PHYS),
	    0);
}

void
tree_write(const char *name, char letter, size_t size)
{
	static int writes;
	struct timespec times[2] = { { .tv_sec = time(NULL) - 3600 + writes++ },
		{ .tv_sec = time(NULL) - 3600 + writes } };
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		putc(letter, file);
	assert_return_code(fclose(file), 0);
	assert_return_code(utimensat(AT_FDCWD, name, times, 0), 0);
}
