/* test_publisher: unix sockets get their names when they are to, all or none. */
#include "config.h"

#include "server/publisher.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/app.h"
#include "capture.h"
#include "tree.h"

/* A server with a socket at `x` and one at `y`, which has begun to publish them,
 * and listens. */
struct life {
	struct listeners listeners;
	struct publisher publisher;
};

static struct life
begin(bool take_over)
{
	struct listeners_place places[2] = { 0 };
	const struct listeners_wanted wanted = { places, 2, 0,
		{ 1, take_over, false }, app_site_routes };
	struct life life = { 0 };
	const char *why;

	for (int i = 0; i < 2; i++)
		assert_return_code(listener_parse(i == 0 ? "unix:x" : "unix:y",
				       &places[i].addresses, &why),
		    errno);
	assert_return_code(listeners_open(&life.listeners, &wanted), errno);
	assert_return_code(publisher_start(&life.publisher, &life.listeners,
			       take_over),
	    errno);
	assert_return_code(listeners_listen(&life.listeners, 8), errno);
	return life;
}

static void
end(struct life *life)
{
	publisher_abandon(&life->publisher);
	listeners_free(&life->listeners);
}

/* Asserts that a client of the path comes in at this server. Those that looked
 * whether anybody listens leave the queue before. */
static void
assert_leads_to(const char *path, const struct life *life)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = life->listeners.list[*path - 'x'].fds[0];
	int client = socket(AF_UNIX, SOCK_STREAM, 0), accepted;

	while ((accepted = accept(listener, NULL, NULL)) != -1)
		close(accepted);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_return_code(connect(client, (struct sockaddr *)&address,
			       sizeof(address)),
	    errno);
	accepted = accept(listener, NULL, NULL);
	assert_return_code(accepted, errno);
	close(accepted);
	close(client);
}

static int
set_up(void **state)
{
	(void)state;
	tree_enter();
	return 0;
}

/* Fails where a test, or the code, has left a file. */
static int
tear_down(void **state)
{
	char path[TREE_PATH_MAX];
	int result = getcwd(path, sizeof(path)) == NULL ? -1 : rmdir(path);

	(void)state;
	if (result == -1)
		tree_leave();
	return chdir("/") == -1 ? -1 : result;
}

static void
test_published(void **state)
{
	struct life life = begin(false);

	(void)state;
	assert_int_equal(access("x", F_OK), -1);
	assert_return_code(publisher_publish(&life.publisher), errno);
	assert_leads_to("x", &life);
	assert_leads_to("y", &life);
	end(&life);
}

/* A start that fails leaves the predecessor its names. */
static void
test_abandoned(void **state)
{
	struct life old = begin(false), new;

	(void)state;
	assert_return_code(publisher_publish(&old.publisher), errno);
	new = begin(true);
	end(&new);
	assert_leads_to("x", &old);
	assert_leads_to("y", &old);
	end(&old);
}

/* The server lets go of the directory, as in a chroot: what it could not remove,
 * the child does, as long as it lives. */
static void
test_names_are_left(void **state)
{
	struct life life = begin(false);

	(void)state;
	listeners_leave_names(&life.listeners);
	end(&life);
	life = begin(false);
	listeners_leave_names(&life.listeners);
	assert_return_code(publisher_publish(&life.publisher), errno);
	end(&life);
	assert_return_code(unlink("x"), errno);
	assert_return_code(unlink("y"), errno);
}

/* Another server has come to `y`, so that `x` is given back. */
static void
test_all_or_none(void **state)
{
	struct life first = begin(false), second, third;
	struct capture said;
	const char *reason;
	char wanted[200];

	(void)state;
	assert_return_code(publisher_publish(&first.publisher), errno);
	third = begin(true);
	capture_begin(&said, STDERR_FILENO); /* of the child, too */
	second = begin(true);
	/* it takes over `y` alone */
	assert_return_code(unix_socket_publish(&third.listeners.list[1].file),
	    errno);
	unix_socket_confirm(&third.listeners.list[1].file);
	assert_int_equal(publisher_publish(&second.publisher), -1);
	capture_end(&said);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
	reason = strerror(EADDRINUSE);
	snprintf(wanted, sizeof(wanted),
	    "mtasync: can't listen on unix:y: %s: another server has come "
	    "there meanwhile\n",
	    reason);
	assert_string_equal(said.text, wanted);
	assert_leads_to("x", &first);
	assert_leads_to("y", &third);
	end(&second);
	assert_leads_to("x", &first);
	end(&third);
	end(&first);
}

/* Without a unix socket there is nothing to do, and nobody to do it. */
static void
test_nothing_to_publish(void **state)
{
	struct listeners listeners = { 0 };
	struct publisher publisher;

	(void)state;
	assert_return_code(publisher_start(&publisher, &listeners, false),
	    errno);
	assert_int_equal(publisher.fd, -1);
	assert_return_code(publisher_publish(&publisher), errno);
	publisher_abandon(&publisher);
}

#define IN_A_DIRECTORY(test) \
 cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(test_published),
		IN_A_DIRECTORY(test_abandoned),
		IN_A_DIRECTORY(test_names_are_left),
		IN_A_DIRECTORY(test_all_or_none),
		IN_A_DIRECTORY(test_nothing_to_publish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
