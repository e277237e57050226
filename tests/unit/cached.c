/* Asks a site as an application would. */
#include "config.h"

#include "cached.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tree.h"

const char date[30] = "Sun, 06 Nov 1994 08:49:37 GMT";

int
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
	site_use_root(&fixture.site, generation_new(open(".", O_PATH), NULL));
	fixture.request = NULL;
	*state = &fixture;
	return 0;
}

int
site_teardown(void **state)
{
	struct fixture *fixture = *state;

	site_close(&fixture->site);
	tree_leave();
	return 0;
}

enum site_result
find(struct fixture *fixture, const char *path, struct file **file)
{
	struct site_query query = { span_of(path), fixture->request };

	return site_find(&fixture->site, &query, &fixture->moment, file);
}

void
ask_later(struct fixture *fixture)
{
	fixture->moment.since = ++fixture->moment.look;
}

void
settle(void)
{
	const struct timespec wait = { 0, 25 * CLOCK_MS };

	nanosleep(&wait, NULL);
}

void
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
