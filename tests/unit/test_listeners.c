/* test_listeners: entrances are as wanted, at the address that was bound. */
#include "config.h"

#include "server/listeners.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/activation.h"

#define WORKERS 2

/* Stands for the routes of another application; nobody looks into it. */
static const char other;
static const struct app_route *const other_routes = (const void *)&other;

static const struct shards_terms terms = { .workers = WORKERS };

static struct listeners_place
place_at(const char *text, const struct app_route *routes)
{
	struct listeners_place place = { .routes = routes };
	const char *why;

	assert_return_code(listener_parse(text, &place.addresses, &why), 0);
	return place;
}

/* Asserts where the sockets of an entrance are, and that it says so. */
static void
assert_entrance(const struct listeners *listeners, unsigned i,
    const struct app_route *routes)
{
	const struct entrance *entrance = &listeners->entrances[i];
	struct listener_address bound = { .size = sizeof(bound.socket) };
	char expected[LISTENER_TEXT_MAX], said[LISTENER_TEXT_MAX];

	assert_return_code(getsockname(listeners->list[i].fds[0],
			       (struct sockaddr *)&bound.socket, &bound.size),
	    0);
	listener_format(expected, &bound);
	listener_format(said, &entrance->address);
	assert_string_equal(said, expected);
	assert_false(listener_has_any_port(&entrance->address));
	assert_ptr_equal(entrance->routes, routes);
}

static void
test_bound(void **state)
{
	const struct listeners_place wanted[] = {
		place_at("127.0.0.1:0", other_routes),
		place_at("127.0.0.1:0", app_site_routes),
	};
	struct listeners listeners = { 0 };

	(void)state;
	assert_return_code(listeners_open(&listeners,
			       &(struct listeners_wanted){ wanted, 2, 0, terms,
				   app_site_routes }),
	    0);
	assert_int_equal(listeners.count, 2);
	assert_int_equal(listeners_sockets(&listeners), 2 * WORKERS);
	assert_entrance(&listeners, 0, other_routes);
	assert_entrance(&listeners, 1, app_site_routes);
	listeners_free(&listeners);
	assert_null(listeners.entrances);
}

/* An inherited socket comes first, and is the site's. */
static void
test_inherited(void **state)
{
	const struct listeners_place wanted = place_at("127.0.0.1:0",
	    other_routes);
	struct listeners listeners = { 0 };
	int fd = listener_bind(&wanted.addresses.list[0], false);

	(void)state;
	assert_return_code(fd, 0);
	assert_return_code(listen(fd, 1), 0);
	if (fd != ACTIVATION_FIRST) {
		assert_return_code(dup2(fd, ACTIVATION_FIRST), 0);
		close(fd);
	}
	assert_return_code(listeners_open(&listeners,
			       &(struct listeners_wanted){ &wanted, 1, 1, terms,
				   app_site_routes }),
	    0);
	assert_int_equal(listeners.count, 2);
	assert_entrance(&listeners, 0, app_site_routes);
	assert_entrance(&listeners, 1, other_routes);
	listeners_free(&listeners);
}

/* Connections that have come in outlive the sockets. */
static void
test_entrances_outlive_sockets(void **state)
{
	const struct listeners_place wanted = place_at("127.0.0.1:0",
	    other_routes);
	struct listeners listeners = { 0 };
	const struct entrance *entrance;

	(void)state;
	assert_return_code(listeners_open(&listeners,
			       &(struct listeners_wanted){ &wanted, 1, 0, terms,
				   app_site_routes }),
	    0);
	entrance = &listeners.entrances[0];
	listeners_close(&listeners);
	assert_int_equal(listeners_sockets(&listeners), 0);
	assert_ptr_equal(&listeners.entrances[0], entrance);
	assert_ptr_equal(entrance->routes, other_routes);
	listeners_free(&listeners);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_inherited),
		cmocka_unit_test(test_entrances_outlive_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
