/* A directory for a test, and the current one while it runs. */
#include "config.h"

#include "tree.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

static char tree_path[TREE_PATH_MAX];

void
tree_make(char path[TREE_PATH_MAX])
{
	snprintf(path, TREE_PATH_MAX, "/tmp/mtasync-tree-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static int
tree_remove_one(const char *path, const struct stat *status, int type,
    struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

void
tree_put(const char *root, const char *path, const char *text)
{
	char whole[PATH_MAX];
	FILE *stream;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *slash = whole + strlen(root) + 1;
	     (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		mkdir(whole, 0755); /* it may be there already */
	}
	stream = fopen(whole, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

void
tree_remove(const char *path)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): this is the one thread */
	int result = nftw(path, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS);

	assert_return_code(result, 0);
}

void
tree_enter(void)
{
	tree_make(tree_path);
	assert_return_code(chdir(tree_path), 0);
}

void
tree_leave(void)
{
	assert_return_code(chdir("/"), 0);
	tree_remove(tree_path);
}

void
tree_write(const char *name, char letter, size_t size)
{
	static time_t writes;
	struct timespec then = { .tv_sec = time(NULL) - 3600 + writes++ };
	struct timespec times[2] = { then, then };
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	for (size_t i = 0; i < size; i++)
		putc(letter, file);
	assert_return_code(fclose(file), 0);
	assert_return_code(utimensat(AT_FDCWD, name, times, 0), 0);
}
