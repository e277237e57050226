/* Tests of base/activation: what a service manager says, and is told. */
#include "config.h"

#include "base/activation.h"

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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
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

#ifdef HAVE_LIBSYSTEMD
static void
test_tell(void **state)
{
	static const char *const first[] = { "READY=1", "RELOADING=1",
		"STOPPING=1" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char name[32];

	(void)state;
	snprintf(name, sizeof(name), "@mtasync-test-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	assert_return_code(bind(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un,
					       sun_path) +
					   strlen(name))),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
	for (int i = ACTIVATION_READY; i <= ACTIVATION_STOPPING; i++) {
		char text[256];
		ssize_t size;

		activation_tell((enum activation_state)i);
		size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		assert_true(size > 0);
		text[size] = '\0';
		text[strcspn(text, "\n")] = '\0';
		assert_string_equal(text, first[i]);
	}
	unsetenv("NOTIFY_SOCKET");
	activation_tell(ACTIVATION_READY); /* to nobody */
	close(fd);
}
#endif

/* NOLINTEND(concurrency-mt-unsafe) */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_waits_at_path),
#ifdef HAVE_LIBSYSTEMD
		cmocka_unit_test(test_tell),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
