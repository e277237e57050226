/* Tests of app/site: files that are there coded, too. */
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

#include "base/clock.h"
#include "cached.h"
#include "http/parser.h"
#include "tree.h"

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
	char before = 'p';

	mkdir("page.zst", 0755);
	tree_write("page.gz", 'o', 1);
	tree_write("page", 'p', 1);
	assert_choice(fixture, "gzip, br", 'p');
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("# %zu: %s\n", i, rows[i].name);
		settle();
		ask_later(fixture);
		assert_choice(fixture, "gzip, br", before);
		rows[i].change(rows[i].name, rows[i].letter);
		ask_later(fixture);
		assert_choice(fixture, "gzip, br", rows[i].wanted);
		before = rows[i].wanted;
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
		CACHED_TEST(test_codings),
		CACHED_TEST(test_codings_change),
		CACHED_TEST(test_codings_that_come_within_a_tick),
		CACHED_TEST(test_vary_comes),
		CACHED_TEST(test_codings_of_changed_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
