/* test_unix_socket_link: a link in the place of a unix socket's file. */
#include "config.h"

#include "base/unix_socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"

/* Takes the place of the C library's in this program: as soon as the file is
 * there, somebody who may write to the directory lays a link in its place. */
int
bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	const char *path = ((const struct sockaddr_un *)addr)->sun_path;
	long result = syscall(SYS_bind, fd, addr, len);

	assert_return_code(unlink(path), errno);
	assert_return_code(symlink("victim", path), errno);
	return (int)result;
}

static mode_t
mode_of(const char *path)
{
	struct stat status;

	assert_return_code(stat(path, &status), errno);
	return status.st_mode & 07777;
}

/* The mode is for the socket, and for no other file: that may be one that only
 * root may open to all. */
static void
test_mode_follows_no_link(void **state)
{
	struct unix_socket file = { 0 };
	struct unix_socket_rights rights;
	struct sockaddr_un address;

	(void)state;
	tree_enter();
	tree_write("victim", 'v', 1);
	assert_return_code(chmod("victim", 0600), errno);
	assert_null(unix_socket_parse("socket,mode=0666", &address, &rights));
	assert_int_equal(unix_socket_bind(&file, &address, &rights, false), -1);
	assert_int_equal(mode_of("victim"), 0600);
	unix_socket_remove(&file);
	tree_leave();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_follows_no_link),
	};

	return cmocka_run_group_tests_name("unix_socket_link", tests, NULL,
	    NULL);
}
