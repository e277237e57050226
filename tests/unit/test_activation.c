/* Tests of base/activation: what a service manager says, and is told. */
#include "config.h"

#include "base/activation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The environment, which only one thread uses here. */
/* NOLINTBEGIN(concurrency-mt-unsafe) */

static void
test_count(void **state)
{
	char own[16], other[16];
	const struct {
		const char *pid, *fds;
		int count;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ NULL, "1", 0 },
		{ "", "1", 0 },
		{ other, "1", 0 },
		{ other, "x", 0 },
		{ own, "1", 1 },
		{ own, "16", 16 },
		{ own, NULL, -1 },
		{ own, "0", -1 },
		{ own, "", -1 },
		{ own, "-1", -1 },
		{ own, "1x", -1 },
		{ own, "2147483647", -1 },
		{ own, "99999999999999999999", -1 },
	};

	(void)state;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	snprintf(other, sizeof(other), "%d", (int)getppid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		if (rows[i].pid != NULL)
			setenv("LISTEN_PID", rows[i].pid, 1);
		if (rows[i].fds != NULL)
			setenv("LISTEN_FDS", rows[i].fds, 1);
		print_message("# row %zu\n", i);
		assert_int_equal(activation_count(), rows[i].count);
	}
}

static void
test_waits_at_path(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_false(activation_waits_at_path());
	setenv("NOTIFY_SOCKET", "@abstract", 1);
	assert_false(activation_waits_at_path());
	setenv("NOTIFY_SOCKET", "/run/notify", 1);
	assert_true(activation_waits_at_path());
	unsetenv("NOTIFY_SOCKET");
}

/* A socket of a service manager by that name, `@` for an abstract one. */
static int
open_manager(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_return_code(fd, errno);
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_return_code(bind(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un,
					       sun_path) +
					   strlen(name))),
	    errno);
	return fd;
}

/* The message that has come says this state, and a time. */
static void
assert_heard(int fd, const char *state)
{
	char text[256], begin[64], *end;
	ssize_t size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(size > 0);
	text[size] = '\0';
	snprintf(begin, sizeof(begin), "%s=1\nMONOTONIC_USEC=", state);
	assert_int_equal(strncmp(text, begin, strlen(begin)), 0);
	assert_true(strtoll(text + strlen(begin), &end, 10) > 0);
	assert_string_equal(end, "");
}

static void
test_tell(void **state)
{
	static const char *const names[] = { "READY", "RELOADING", "STOPPING" };
	/* of 108 bytes, all that there is room for */
	char path[] = "/tmp/mtasync-test-XXXXXX", longest[109] = "@",
	     abstract[32];
	const char *const managers[] = { path, abstract, longest };

	(void)state;
	memset(longest + 1, 'x', 107);
	snprintf(longest + 1, 16, "%d", (int)getpid());
	longest[strlen(longest)] = 'x';
	snprintf(abstract, sizeof(abstract), "@mtasync-test-%d", (int)getpid());
	assert_int_equal(close(mkstemp(path)), 0);
	assert_int_equal(unlink(path), 0);
	for (size_t i = 0; i < COUNT(managers); i++) {
		int fd = open_manager(managers[i]);

		setenv("NOTIFY_SOCKET", managers[i], 1);
		for (int j = ACTIVATION_READY; j <= ACTIVATION_STOPPING; j++) {
			activation_tell((enum activation_state)j);
			assert_heard(fd, names[j]);
		}
		unsetenv("NOTIFY_SOCKET");
		activation_tell(ACTIVATION_READY); /* to nobody */
		assert_int_equal(recv(fd, NULL, 0, MSG_DONTWAIT), -1);
		close(fd);
	}
	assert_int_equal(unlink(path), 0);
}

/* A manager that does not read keeps nobody waiting; a test that waits is ended
 * by the alarm. */
static void
test_tell_unread(void **state)
{
	static struct capture capture;
	char name[32];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@mtasync-unread-%d", (int)getpid());
	fd = open_manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	alarm(10);
	capture_begin(&capture, STDERR_FILENO);
	for (int i = 0; i < 2000; i++)
		activation_tell(ACTIVATION_READY);
	capture_end(&capture);
	alarm(0);
	assert_true(strlen(capture.text) > 0); /* that it can't be told */
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

/* What can't be told is said, and no more comes of it. */
static void
test_tell_fails(void **state)
{
	char too_long[110] = "/";
	const struct {
		const char *name, *why;
	} rows[] = {
		{ "", strerror(EAFNOSUPPORT) },
		{ "run/notify", strerror(EAFNOSUPPORT) },
		{ "vsock:2:1234", strerror(EAFNOSUPPORT) },
		{ too_long, strerror(ENAMETOOLONG) },
		{ "/nowhere/notify", strerror(ENOENT) },
		{ "/dev/null", strerror(ECONNREFUSED) },
		{ "@mtasync-nobody", strerror(ECONNREFUSED) },
	};

	(void)state;
	memset(too_long + 1, 'x', 108);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct capture said;

		setenv("NOTIFY_SOCKET", rows[i].name, 1);
		capture_begin(&said, STDERR_FILENO);
		activation_tell(ACTIVATION_READY);
		capture_end(&said);
		assert_non_null(strstr(said.text, "can't be told READY: "));
		assert_non_null(strstr(said.text, rows[i].why));
	}
	unsetenv("NOTIFY_SOCKET");
}

/* NOLINTEND(concurrency-mt-unsafe) */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_waits_at_path),
		cmocka_unit_test(test_tell),
		cmocka_unit_test(test_tell_unread),
		cmocka_unit_test(test_tell_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
