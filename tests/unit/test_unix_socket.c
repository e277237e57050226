/* test_unix_socket: the file of a unix socket, from its text to its removal. */
#include "config.h"

#include "base/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LETTERS_10 "abcdefghij"
#define LETTERS_90                                                            \
 LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10 \
     LETTERS_10 LETTERS_10

static const struct unix_socket_rights no_rights;

/* A directory for each test, in which it runs. */
static int
set_up(void **state)
{
	char *directory = strdup("/tmp/mtasync-unix-XXXXXX");

	*state = directory;
	return mkdtemp(directory) == NULL || chdir(directory) == -1 ? -1 : 0;
}

static int
tear_down(void **state)
{
	int result = chdir("/") == -1 || rmdir(*state) == -1 ? -1 : 0;

	free(*state);
	return result; /* fails where a test, or the code, has left a file */
}

static struct sockaddr_un
address_of(const char *text)
{
	struct unix_socket_rights rights;
	struct sockaddr_un address;

	assert_null(unix_socket_parse(text, &address, &rights));
	return address;
}

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *path;
		int mode, group; /* -1: not given */
	} rows[] = {
		{ "x", "x", -1, -1 },
		{ "/run/x.sock", "/run/x.sock", -1, -1 },
		{ "x,mode=0660", "x", 0660, -1 },
		{ "x,mode=777", "x", 0777, -1 },
		{ "x,mode=0", "x", 0, -1 },
		{ "x,group=0", "x", -1, 0 },
		{ "x,group=root,mode=600", "x", 0600, 0 },
		{ LETTERS_90 "12345678,mode=1", LETTERS_90 "12345678", 1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct unix_socket_rights rights;
		struct sockaddr_un address;

		assert_null(unix_socket_parse(rows[i].text, &address, &rights));
		assert_string_equal(address.sun_path, rows[i].path);
		assert_int_equal(rights.mode_given ? (int)rights.mode : -1,
		    rows[i].mode);
		assert_int_equal(rights.group_given ? (int)rights.group : -1,
		    rows[i].group);
	}
}

static void
test_parse_refuses(void **state)
{
	static const char path[] = "must be unix:PATH, and PATH the name of a"
				   " socket",
			  octal[] = "the mode must be octal, as in mode=0660",
			  option[] = "what follows the path must be"
				     " ,mode=OCTAL or ,group=NAME";
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", path },
		{ ",mode=0660", path },
		{ "/run/", path },
		{ LETTERS_90 "123456789",
		    "the path of a unix socket must be at most 98 bytes long" },
		{ "x,mode=", octal },
		{ "x,mode=0668", octal },
		{ "x,mode=rw", octal },
		{ "x,mode=-1", octal },
		{ "x,mode=00660", octal },
		{ "x,mode=1777", "the mode must be at most 0777" },
		{ "x,group=", "unknown group" },
		{ "x,group=no-such-group", "unknown group" },
		{ "x,group=-1", "unknown group" },
		{ "x,group=4294967295", "unknown group" },
		{ "x,group=" LETTERS_90, "unknown group" },
		{ "x,", option },
		{ "x,mode", option },
		{ "x,owner=root", option },
		{ "x,mode=0660,", option },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct unix_socket_rights rights;
		struct sockaddr_un address;
		const char *why = unix_socket_parse(rows[i].text, &address,
		    &rights);

		if (why == NULL)
			fail_msg("'%s' was taken", rows[i].text);
		assert_string_equal(why, rows[i].why);
	}
}

/* Returns a socket that listens at the path, as this module makes it. */
static int
listen_at(struct unix_socket *file, const char *path, bool take_over)
{
	const struct sockaddr_un address = address_of(path);
	int fd;

	*file = (struct unix_socket){ 0 };
	fd = unix_socket_bind(file, &address, &no_rights, take_over);
	assert_return_code(fd, 0);
	assert_return_code(listen(fd, 0), 0);
	assert_return_code(unix_socket_publish(file), 0);
	unix_socket_confirm(file);
	return fd;
}

/* Asserts that a client of the path comes in at this listener. */
static void
assert_leads_to(const char *path, int listener)
{
	const struct sockaddr_un address = address_of(path);
	int client = socket(AF_UNIX, SOCK_STREAM, 0), accepted;

	assert_return_code(connect(client, (const struct sockaddr *)&address,
			       sizeof(address)),
	    0);
	accepted = accept(listener, NULL, NULL);
	assert_return_code(accepted, 0);
	close(accepted);
	close(client);
}

/* Asserts that binding fails, and leaves no file behind. */
static void
assert_refused(const char *path, bool take_over, int error)
{
	const struct sockaddr_un address = address_of(path);
	struct unix_socket file = { 0 };

	errno = 0;
	assert_int_equal(unix_socket_bind(&file, &address, &no_rights,
			     take_over),
	    -1);
	assert_int_equal(errno, error);
	unix_socket_remove(&file);
}

static void
test_from_bind_to_removal(void **state)
{
	const struct sockaddr_un address = address_of("x");
	const struct unix_socket_rights rights = { .mode_given = true,
		.mode = 0620,
		.group_given = true,
		.group = getgid() };
	struct unix_socket file = { 0 };
	struct stat status;
	int fd = unix_socket_bind(&file, &address, &rights, false);

	(void)state;
	assert_return_code(fd, 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(access("x", F_OK), -1); /* nobody is to find it yet */
	assert_return_code(listen(fd, 1), 0);
	assert_return_code(unix_socket_publish(&file), 0);
	assert_return_code(stat("x", &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0620);
	assert_int_equal(status.st_gid, getgid());
	assert_leads_to("x", fd);
	unix_socket_remove(&file);
	unix_socket_remove(&file);
	assert_int_equal(access("x", F_OK), -1);
	close(fd);
}

/* A path that is not taken yet, as where the start has failed. */
static void
test_removal_before_publishing(void **state)
{
	const struct sockaddr_un address = address_of("x");
	struct unix_socket file = { 0 };
	int fd = unix_socket_bind(&file, &address, &no_rights, false);

	(void)state;
	assert_return_code(fd, 0);
	unix_socket_remove(&file);
	close(fd);
}

static void
test_stale_socket_is_replaced(void **state)
{
	struct unix_socket old, new;
	int fd = listen_at(&old, "x", false);

	(void)state;
	close(fd); /* and its file stays */
	fd = listen_at(&new, "x", false);
	assert_leads_to("x", fd);
	unix_socket_remove(&old); /* is another's by now */
	assert_leads_to("x", fd);
	unix_socket_remove(&new);
	close(fd);
}

/* Fills the queue of a listener; the clients are to be closed. */
static void
fill_queue(const char *path, int clients[2])
{
	const struct sockaddr_un address = address_of(path);
	const struct sockaddr *to = (const struct sockaddr *)&address;

	for (int i = 0; i < 2; i++)
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_return_code(connect(clients[0], to, sizeof(address)), 0);
	assert_int_equal(connect(clients[1], to, sizeof(address)), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
test_live_socket_is_refused(void **state)
{
	struct unix_socket file;
	int fd = listen_at(&file, "x", false), clients[2], probe;

	(void)state;
	assert_refused("x", false, EADDRINUSE);
	probe = accept(fd, NULL, NULL);
	assert_return_code(probe, 0);
	close(probe);
	fill_queue("x", clients);
	assert_refused("x", false, EADDRINUSE);
	close(clients[0]);
	close(clients[1]);
	unix_socket_remove(&file);
	close(fd);
}

static void
test_take_over(void **state)
{
	struct unix_socket old, new;
	int before = listen_at(&old, "x", true), clients[2], after;

	(void)state;
	fill_queue("x", clients);
	after = listen_at(&new, "x", true);
	assert_leads_to("x", after);
	assert_int_equal(close(accept(before, NULL, NULL)), 0);
	unix_socket_remove(&old);
	assert_leads_to("x", after);
	unix_socket_remove(&new);
	for (int i = 0; i < 2; i++)
		close(clients[i]);
	close(before);
	close(after);
}

/* Until it is confirmed, the predecessor can have its name back; but not where
 * somebody else has come there since. */
static void
test_take_over_that_is_taken_back(void **state)
{
	const struct sockaddr_un address = address_of("x");
	struct unix_socket old, new = { 0 }, other;
	int before = listen_at(&old, "x", true), after, third;

	(void)state;
	for (int round = 0; round < 2; round++) {
		after = unix_socket_bind(&new, &address, &no_rights, true);
		assert_return_code(after, 0);
		assert_int_equal(close(accept(before, NULL, NULL)), 0);
		assert_return_code(listen(after, 1), 0);
		assert_return_code(unix_socket_publish(&new), 0);
		assert_leads_to("x", after);
		if (round == 1)
			third = listen_at(&other, "x", true);
		unix_socket_remove(&new);
		assert_leads_to("x", round == 0 ? before : third);
		close(after);
		new = (struct unix_socket){ 0 };
	}
	unix_socket_remove(&other);
	unix_socket_remove(&old);
	close(before);
	close(third);
}

/* The directory is let go of, and the file is left. */
static void
test_file_is_left(void **state)
{
	struct unix_socket file;
	int fd = listen_at(&file, "x", false), directory = file.directory;

	(void)state;
	unix_socket_leave(&file);
	assert_int_equal(fcntl(directory, F_GETFD), -1);
	unix_socket_remove(&file);
	unix_socket_leave(&file);
	assert_leads_to("x", fd);
	assert_return_code(unlink("x"), errno);
	close(fd);
}

/* Two that find the same, and one that comes after the other has gone. */
static void
test_two_start_at_once(void **state)
{
	const struct sockaddr_un address = address_of("x");
	struct unix_socket first = { 0 }, second = { 0 }, stale;
	int fds[3];

	(void)state;
	for (int round = 0; round < 2; round++) {
		if (round == 1)
			close(listen_at(&stale, "x", false));
		fds[0] = unix_socket_bind(&first, &address, &no_rights, false);
		fds[1] = unix_socket_bind(&second, &address, &no_rights, false);
		assert_return_code(listen(fds[0], 1), 0);
		assert_return_code(listen(fds[1], 1), 0);
		assert_return_code(unix_socket_publish(&first), 0);
		assert_int_equal(unix_socket_publish(&second), -1);
		assert_int_equal(errno, EADDRINUSE);
		assert_leads_to("x", fds[0]);
		unix_socket_remove(&second);
		assert_leads_to("x", fds[0]);
		unix_socket_remove(&first);
		if (round == 1)
			unix_socket_remove(&stale);
		close(fds[0]);
		close(fds[1]);
		first = second = (struct unix_socket){ 0 };
	}
}

/* The predecessor's file goes between our bind and our name. */
static void
test_old_file_goes_meanwhile(void **state)
{
	const struct sockaddr_un address = address_of("x");
	struct unix_socket old, new = { 0 };
	int before = listen_at(&old, "x", false), after;

	(void)state;
	after = unix_socket_bind(&new, &address, &no_rights, true);
	assert_return_code(after, 0);
	assert_return_code(listen(after, 1), 0);
	unix_socket_remove(&old);
	assert_return_code(unix_socket_publish(&new), 0);
	assert_leads_to("x", after);
	unix_socket_remove(&new);
	close(before);
	close(after);
}

static void
test_what_is_no_socket_is_refused(void **state)
{
	(void)state;
	assert_return_code(mkdir("directory", 0700), 0);
	assert_return_code(symlink("directory", "link"), 0);
	close(open("file", O_CREAT | O_WRONLY, 0600));
	for (int take_over = 0; take_over < 2; take_over++) {
		assert_refused("directory", take_over, EEXIST);
		assert_refused("link", take_over, EEXIST);
		assert_refused("file", take_over, EEXIST);
		assert_refused("missing/x", take_over, ENOENT);
		assert_refused("file/x", take_over, ENOTDIR);
	}
	rmdir("directory");
	unlink("link");
	unlink("file");
}

/* Whoever listens for datagrams is no predecessor that would be stale. */
static void
test_datagrams_are_not_stale(void **state)
{
	const struct sockaddr_un address = address_of("x");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)state;
	assert_return_code(bind(fd, (const struct sockaddr *)&address,
			       sizeof(address)),
	    0);
	assert_refused("x", false, EADDRINUSE);
	unlink("x");
	close(fd);
}

static void
test_directory_is_moved(void **state)
{
	struct unix_socket file;
	int fd;

	(void)state;
	assert_return_code(mkdir("a", 0700), 0);
	fd = listen_at(&file, "a/x", false);
	assert_return_code(rename("a", "b"), 0);
	unix_socket_remove(&file);
	assert_return_code(rmdir("b"), 0);
	close(fd);
}

#define IN_A_DIRECTORY(test) \
 cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		IN_A_DIRECTORY(test_from_bind_to_removal),
		IN_A_DIRECTORY(test_removal_before_publishing),
		IN_A_DIRECTORY(test_stale_socket_is_replaced),
		IN_A_DIRECTORY(test_live_socket_is_refused),
		IN_A_DIRECTORY(test_take_over),
		IN_A_DIRECTORY(test_take_over_that_is_taken_back),
		IN_A_DIRECTORY(test_file_is_left),
		IN_A_DIRECTORY(test_two_start_at_once),
		IN_A_DIRECTORY(test_old_file_goes_meanwhile),
		IN_A_DIRECTORY(test_what_is_no_socket_is_refused),
		IN_A_DIRECTORY(test_datagrams_are_not_stale),
		IN_A_DIRECTORY(test_directory_is_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
