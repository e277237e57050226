/* Tests of app/site: the cache and what it tells of the disk. */
#include "config.h"

#include "app/site.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/parser.h"
#include "tree.h"

#define OPEN_FILES 2

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

struct fixture {
	struct site_config config;
	struct site site;
	struct moment moment;
	const struct http_request *request; /* of the next queries; or NULL */
};

static int
site_setup(void **state)
{
	static const char *const indexes[] = { "hello.html", "index.html",
		NULL };
	static struct fixture fixture;

	tree_enter();
	fixture.config = (struct site_config){ .indexes = indexes,
		.missing = "404.html",
		.open_files = OPEN_FILES };
	fixture.moment = (struct moment){
		.now = CLOCK_S,
		.wall = time(NULL),
	};
	memcpy(fixture.moment.date, date, sizeof date);
	assert_return_code(site_open(&fixture.site, &fixture.config), 0);
	site_use_root(&fixture.site, generation_new(open(".", O_PATH)));
	fixture.request = NULL;
	*state = &fixture;
	return 0;
}

static int
site_teardown(void **state)
{
	struct fixture *fixture = *state;

	site_close(&fixture->site);
	tree_leave();
	return 0;
}

static enum site_result
find(struct fixture *fixture, const char *path, struct file **file)
{
	struct site_query query = { span_of(path), fixture->request };

	return site_find(&fixture->site, &query, &fixture->moment, file);
}

/* What is found from now on is for a request that has just been sent. */
static void
ask_later(struct fixture *fixture)
{
	fixture->moment.since = ++fixture->moment.look;
}

/* Waits until whatever is done gets a later ctime than all before. */
static void
settle(void)
{
	const struct timespec wait = { 0, 25 * CLOCK_MS };

	nanosleep(&wait, NULL);
}

/* Asserts that a path leads to `size` bytes of `letter`, held in memory. */
static void
assert_content(struct fixture *fixture, const char *path, char letter,
    size_t size)
{
	struct file *file;

	assert_int_equal(find(fixture, path, &file), SITE_FOUND);
	assert_int_equal(file_size(file), size);
	assert_non_null(file_content(file));
	for (size_t i = 0; i < size; i++)
		assert_int_equal(file_content(file)[i], letter);
	file_release(file);
}

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

	site_use_root(&fixture->site, generation_new(open("sub", O_PATH)));
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

/* Makes a request that accepts these codings, and lives as long as its text. */
static void
accept(struct http_request *request, const char *accepted, char text[256])
{
	snprintf(text, 256,
	    "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: %s\r\n\r\n",
	    accepted);
	assert_int_equal(http_request_parse(request, span_of(text), 0),
	    HTTP_OK);
}

/* Asserts which file answers a request that accepts these codings. */
static void
assert_choice(struct fixture *fixture, const char *accepted, char letter)
{
	struct http_request request = { 0 };
	char text[256];

	accept(&request, accepted, text);
	fixture->request = &request;
	print_message("# %s\n", accepted);
	assert_content(fixture, "page", letter, 1);
	fixture->request = NULL;
}

/* RFC 9110 12.5.3: the best that is there; the plain one if none is wanted. */
static void
test_codings(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("page", 'p', 1);
	assert_int_equal(find(fixture, "page", &file), SITE_FOUND);
	assert_false(file->facts.varies);
	file_release(file);
	tree_write("page.br", 'b', 1);
	tree_write("page.gz", 'g', 1);
	ask_later(fixture);
	assert_choice(fixture, "br, gzip", 'b');
	assert_choice(fixture, "gzip, br;q=0.5", 'g');
	assert_choice(fixture, "zstd, gzip", 'g');
	assert_choice(fixture, "br;q=0, *", 'g');
	assert_choice(fixture, "zstd", 'p');
	assert_choice(fixture, "identity, gzip;q=0.5", 'p');
	assert_choice(fixture, "identity;q=0", 'p');
	assert_content(fixture, "page", 'p', 1);
	assert_content(fixture, "page.gz", 'g', 1);
	assert_int_equal(find(fixture, "page", &file), SITE_FOUND);
	assert_true(file->facts.varies);
	file_release(file);
}

/* Puts a file in another's place, as `cp` and `mv` do. */
static void
replace(const char *name, char letter)
{
	tree_write("new", letter, 1);
	assert_return_code(rename("new", name), 0);
}

static void
remove_coded(const char *name, char letter)
{
	(void)letter;
	assert_return_code(unlink(name), 0);
}

static void
link_out(const char *name, char letter)
{
	(void)letter;
	assert_return_code(symlink("/etc/passwd", name), 0);
}

static void
write_in_place(const char *name, char letter)
{
	tree_write(name, letter, 1);
}

/* Makes it as old as if it had been made before all others. */
static void
make_old(const char *name, char letter)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	(void)letter;
	assert_return_code(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void
link_to(const char *name, char letter)
{
	const char target[] = { letter, '\0' };

	assert_return_code(symlink(target, name), 0);
}

/* A coded file that is older than the plain one is of another version; one
 * that changes, goes or comes shows like any change: to who asks later. */
static void
test_codings_change(void **state)
{
	static const struct {
		const char *name;
		void (*change)(const char *name, char letter);
		char letter;
		char wanted; /* what is served to who accepts gzip and br */
	} rows[] = {
		{ "page.gz", write_in_place, 'a', 'a' },
		{ "page.gz", write_in_place, 'b', 'b' },
		{ "page.gz", replace, 'c', 'c' },
		{ "page.br", replace, 'd', 'd' },
		{ "page.br", remove_coded, '-', 'c' },
		{ "page.gz", make_old, '-', 'p' },
		{ "page.gz", write_in_place, 'e', 'e' },
		{ "page", write_in_place, 'q', 'q' }, /* e is older */
		{ "page", make_old, '-', 'e' },
		{ "page.gz", remove_coded, '-', 'q' },
		{ "page.gz", link_out, '-', 'q' },
		{ "page.gz", remove_coded, '-', 'q' },
		{ "page.gz", link_to, 'x', 'q' }, /* which is not there yet */
		{ "x", write_in_place, 'f', 'f' },
		{ "x", remove_coded, '-', 'q' },
	};
	struct fixture *fixture = *state;

	mkdir("page.zst", 0755);
	tree_write("page.gz", 'o', 1);
	tree_write("page", 'p', 1);
	assert_choice(fixture, "gzip, br", 'p');
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %zu: %s\n", i, rows[i].name);
		settle();
		ask_later(fixture);
		assert_choice(fixture, "gzip, br",
		    i > 0 ? rows[i - 1].wanted : 'p');
		rows[i].change(rows[i].name, rows[i].letter);
		ask_later(fixture);
		assert_choice(fixture, "gzip, br", rows[i].wanted);
	}
}

/* The same where the directory changes within one tick of its clock: what has
 * come meanwhile does not show in its times. */
static void
test_codings_that_come_within_a_tick(void **state)
{
	struct fixture *fixture = *state;

	tree_write("page", 'p', 1);
	for (int i = 0; i < 100; i++) {
		ask_later(fixture);
		assert_choice(fixture, "gzip", 'p');
		tree_write("page.gz", 'g', 1);
		ask_later(fixture);
		assert_choice(fixture, "gzip", 'g');
		assert_return_code(unlink("page.gz"), 0);
	}
}

/* Vary may be late for who accepts no coding, and then comes. */
static void
test_vary_comes(void **state)
{
	struct fixture *fixture = *state;
	struct file *file;

	tree_write("page", 'p', 1);
	assert_content(fixture, "page", 'p', 1);
	tree_write("page.gz", 'g', 1);
	fixture->moment.now += CLOCK_S;
	ask_later(fixture);
	assert_int_equal(find(fixture, "page", &file), SITE_FOUND);
	assert_true(file->facts.varies);
	file_release(file);
}

/*
 * A plain file that was written while it was read is newer than when its coded
 * ones were found; what it is then replaces the cached one.
 */
static void
test_codings_of_changed_file(void **state)
{
	struct fixture *fixture = *state;
	int root = fixture->site.generation->root;
	struct http_request request = { 0 };
	struct resource *resource;
	struct stat status;
	struct file *file;
	char text[256];

	tree_write("page", 'p', 1);
	tree_write("page.gz", 'o', 1);
	resource = resource_open(root, SPAN("page"),
	    &(struct file_facts){ .type = "text/plain",
		.coding = HTTP_CODING_IDENTITY },
	    &fixture->moment, &status);
	assert_non_null(resource);
	for (int i = 0; i < HTTP_CODINGS; i++)
		if (resource->files[i] != NULL)
			resource->files[i]->settled = true;
	fixture->moment.since = MOMENT_LOOK_ANEW;
	accept(&request, "gzip", text);
	file = resource_current(resource, root, &request, &fixture->moment);
	assert_ptr_equal(file, resource->files[HTTP_CODING_GZIP]);
	assert_return_code(utimensat(AT_FDCWD, "page", NULL, 0), 0);
	assert_return_code(stat("page",
			       &resource->files[HTTP_CODING_IDENTITY]->status),
	    0);
	assert_null(
	    resource_current(resource, root, &request, &fixture->moment));
	resource_close(resource);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_indexes, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_coded_itself, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_paths, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_content, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_change_shows, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(
		    test_change_of_large_shows_at_once, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_fresh_file_is_read_again,
		    site_setup, site_teardown),
		cmocka_unit_test_setup_teardown(test_codings, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_codings_change, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(
		    test_codings_that_come_within_a_tick, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_vary_comes, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_codings_of_changed_file,
		    site_setup, site_teardown),
		cmocka_unit_test_setup_teardown(test_index_changes, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_bounds, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_eviction_order, site_setup,
		    site_teardown),
		cmocka_unit_test_setup_teardown(test_plain_head, site_setup,
		    site_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
