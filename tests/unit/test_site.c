/* Tests of app/site: the cache and what it tells of the disk. */
#include "config.h"

#include "app/site.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cached.h"
#include "tree.h"

/* The first index that is there counts, also when it comes later; a directory
 * of that name, or a link that leads out, is none. */
static void
test_indexes(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	mkdir("sub", 0755);
	assert_int_equal(find(fixture, "sub/", &file), SITE_NO_INDEX);
	tree_write("sub/index.html", 'i', 2);
	assert_int_equal(find(fixture, "sub/", &file), SITE_FOUND);
	file->settled = true; /* or it would be read anew for that */
	file_release(file);
	mkdir("sub/hello.html", 0755);
	ask_later(fixture);
	assert_content(fixture, "sub/", 'i', 2);
	assert_return_code(rmdir("sub/hello.html"), 0);
	tree_write("sub/hello.html", 'h', 1);
	ask_later(fixture);
	assert_content(fixture, "sub/", 'h', 1);
	assert_content(fixture, "sub/index.html", 'i', 2);
	unlink("sub/hello.html");
	ask_later(fixture);
	assert_content(fixture, "sub/", 'i', 2);
	assert_return_code(symlink("/etc/passwd", "sub/hello.html"), 0);
	ask_later(fixture);
	assert_content(fixture, "sub/", 'i', 2);
}

/* What is coded as it lies there says so, and has no coded siblings. */
static void
test_coded_itself(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("a.svgz", 'a', 2);
	tree_write("a.svgz.gz", 'b', 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(find(fixture, "a.svgz", &file), SITE_FOUND);
		assert_int_equal(file_size(file), 2);
		assert_int_equal(file->facts.coding, HTTP_CODING_GZIP);
		assert_false(file->facts.varies);
		file_release(file);
		ask_later(fixture);
	}
	assert_int_equal(find(fixture, "a.svgz.gz", &file), SITE_FOUND);
	assert_int_equal(file->facts.coding, HTTP_CODING_IDENTITY);
	file_release(file);
}

static void
test_paths(void **state)
{
	static const struct {
		const char *path;
		enum site_result result;
	} rows[] = {
		{ "", SITE_FOUND },
		{ "hello.html", SITE_FOUND },
		{ "sub/", SITE_FOUND },
		{ "sub/hello.html", SITE_FOUND },
		{ "sub", SITE_DIRECTORY },
		{ "bare/", SITE_NO_INDEX },
		{ "odd/", SITE_NO_INDEX }, /* its index is a directory */
		{ "none", SITE_MISSING },
		{ "hello.html/", SITE_NO_INDEX },
		{ "fifo", SITE_MISSING },
		{ "out", SITE_MISSING },
		{ "loop", SITE_MISSING },
		{ ".secret", SITE_MISSING },
		{ "sub/.secret", SITE_MISSING },
		{ ".git/config", SITE_MISSING },
		{ ".well-known", SITE_DIRECTORY },
		{ ".well-known/a", SITE_FOUND },
		{ ".well-known/.secret", SITE_MISSING },
		{ "sub/.well-known/a", SITE_MISSING },
		{ ".well-knownx", SITE_MISSING },
	};
	struct fixture *fixture = *state;
	struct file *file;

	mkdir("sub", 0755);
	mkdir("bare", 0755);
	mkdir("odd", 0755);
	mkdir("odd/hello.html", 0755);
	mkdir(".well-known", 0755);
	mkdir(".git", 0755);
	mkdir("sub/.well-known", 0755);
	tree_write("hello.html", 'a', 1);
	tree_write("sub/hello.html", 'b', 1);
	tree_write(".secret", 'c', 1);
	tree_write("sub/.secret", 'c', 1);
	tree_write(".git/config", 'c', 1);
	tree_write(".well-known/a", 'd', 1);
	tree_write(".well-known/.secret", 'c', 1);
	tree_write(".well-knownx", 'c', 1);
	tree_write("sub/.well-known/a", 'c', 1);
	assert_return_code(mkfifo("fifo", 0644), 0);
	assert_return_code(symlink("/etc/passwd", "out"), 0);
	assert_return_code(symlink("loop", "loop"), 0);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %s\n", rows[i].path);
		assert_int_equal(find(fixture, rows[i].path, &file),
		    rows[i].result);
		if (rows[i].result == SITE_FOUND)
			file_release(file);
	}
}

static void
test_content(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("empty", 'a', 0);
	tree_write("small", 'b', (size_t)FILE_MEMORY_MAX);
	tree_write("large", 'c', (size_t)FILE_MEMORY_MAX + 1);
	assert_content(fixture, "empty", 'a', 0);
	assert_content(fixture, "small", 'b', (size_t)FILE_MEMORY_MAX);
	assert_int_equal(find(fixture, "large", &file), SITE_FOUND);
	assert_null(file_content(file));
	assert_return_code(fcntl(file->fd, F_GETFD), 0);
	file_release(file);
}

/* A change shows to those who ask after it, and a look serves all who had asked
 * before it: no stat(2) for every request. Writing in place, by rename and
 * removing are all changes. */
static void
test_change_shows(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("page", 'a', 3);
	assert_content(fixture, "page", 'a', 3);
	tree_write("page", 'b', 3);
	assert_content(fixture, "page", 'a', 3);
	fixture->moment.look++; /* others have asked since, not this one */
	assert_content(fixture, "page", 'a', 3);
	ask_later(fixture);
	assert_content(fixture, "page", 'b', 3);

	tree_write("other", 'c', 3);
	assert_return_code(rename("other", "page"), 0);
	ask_later(fixture);
	assert_content(fixture, "page", 'c', 3);

	unlink("page");
	ask_later(fixture);
	assert_int_equal(find(fixture, "page", &file), SITE_MISSING);
}

/* A large file is read while it is sent: its head may not be older. */
static void
test_change_of_large_shows_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("large", 'a', (size_t)FILE_MEMORY_MAX + 2);
	assert_int_equal(find(fixture, "large", &file), SITE_FOUND);
	file_release(file);
	tree_write("large", 'a', (size_t)FILE_MEMORY_MAX + 1);
	assert_int_equal(find(fixture, "large", &file), SITE_FOUND);
	assert_int_equal(file_size(file), FILE_MEMORY_MAX + 1);
	file_release(file);
}

/*
 * A file that has just been written may be written again with the same size
 * and time: it is read again at the next check.
 */
static void
test_fresh_file_is_read_again(void **state)
{
	struct fixture *fixture = *state;
	struct stat first;

	tree_write("page", 'a', 3);
	assert_return_code(utimensat(AT_FDCWD, "page", NULL, 0), 0);
	assert_return_code(stat("page", &first), 0);
	assert_content(fixture, "page", 'a', 3);

	struct file *file;

	assert_int_equal(find(fixture, "page", &file), SITE_FOUND);
	assert_false(file->settled);
	assert_false(file_is_version(file, &first));
	file_release(file);
}

/* An index is cached as its directory: each name of a file is found by itself,
 * and sees the file's changes. */
static void
test_index_changes(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	mkdir("sub", 0755);
	tree_write("hello.html", 'a', 1);
	tree_write("sub/hello.html", 'b', 1);
	for (int round = 0; round < 2; round++) {
		assert_content(fixture, "", 'a', 1);
		assert_content(fixture, "hello.html", 'a', 1);
		assert_content(fixture, "sub/", 'b', 1);
		assert_int_equal(find(fixture, "sub", &file), SITE_DIRECTORY);
		assert_int_equal(fixture->site.memory.count, 3);
	}
	tree_write("sub/hello.html", 'c', 2);
	ask_later(fixture);
	assert_content(fixture, "sub/", 'c', 2);
	unlink("sub/hello.html");
	ask_later(fixture);
	assert_int_equal(find(fixture, "sub/", &file), SITE_NO_INDEX);

	site_use_root(&fixture->site,
	    generation_new(open("sub", O_PATH), NULL));
	assert_int_equal(find(fixture, "", &file), SITE_NO_INDEX);
}

/* What is evicted lives on for those who hold it. */
static void
test_bounds(void **state)
{
	struct fixture *fixture = *state;
	struct file *held, *file;
	char name[16];

	tree_write("held", 'a', (size_t)FILE_MEMORY_MAX + 1);
	assert_int_equal(find(fixture, "held", &held), SITE_FOUND);
	for (int i = 0; i < 2 * OPEN_FILES; i++) {
		snprintf(name, sizeof name, "large%d", i);
		tree_write(name, 'b', (size_t)FILE_MEMORY_MAX + 1);
		assert_int_equal(find(fixture, name, &file), SITE_FOUND);
		file_release(file);
		assert_true(fixture->site.open.count <= OPEN_FILES);
	}
	assert_int_equal(held->references, 1);
	assert_return_code(fcntl(held->fd, F_GETFD), 0);
	file_release(held);
}

/* The least recently used goes first. */
static void
test_eviction_order(void **state)
{
	struct fixture *fixture = *state;
	struct file *first, *second, *third;
	const size_t size = (size_t)FILE_MEMORY_MAX + 1;

	tree_write("first", 'a', size);
	tree_write("second", 'b', size);
	tree_write("third", 'c', size);
	assert_int_equal(find(fixture, "first", &first), SITE_FOUND);
	assert_int_equal(find(fixture, "second", &second), SITE_FOUND);
	file_release(first);
	assert_int_equal(find(fixture, "first", &first), SITE_FOUND);
	assert_int_equal(find(fixture, "third", &third), SITE_FOUND);
	assert_int_equal(first->references, 2);
	assert_int_equal(second->references, 1);
	file_release(first);
	file_release(second);
	file_release(third);
}

/* The plain head, and its Date that follows the moment's. */
static void
test_plain_head(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;
	char text[512];

	tree_write("page.txt", 'a', 3);
	assert_int_equal(find(fixture, "page.txt", &file), SITE_FOUND);
	snprintf(text, sizeof text,
	    "HTTP/1.1 200 OK\r\nDate: %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Content-Length: 3\r\nETag: %s\r\nLast-Modified: ",
	    date, file->etag);
	assert_memory_equal(file_plain_head(file, &fixture->moment).data, text,
	    strlen(text));

	fixture->moment.wall++;
	memcpy(fixture->moment.date, "Sun, 06 Nov 1994 08:49:38 GMT",
	    sizeof date);
	assert_memory_equal(file_plain_head(file, &fixture->moment).data +
				strlen("HTTP/1.1 200 OK\r\nDate: "),
	    fixture->moment.date, strlen(date));
	file_release(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CACHED_TEST(test_indexes),
		CACHED_TEST(test_coded_itself),
		CACHED_TEST(test_paths),
		CACHED_TEST(test_content),
		CACHED_TEST(test_change_shows),
		CACHED_TEST(test_change_of_large_shows_at_once),
		CACHED_TEST(test_fresh_file_is_read_again),
		CACHED_TEST(test_index_changes),
		CACHED_TEST(test_bounds),
		CACHED_TEST(test_eviction_order),
		CACHED_TEST(test_plain_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
