/* capture: a pipe in a descriptor's place. */
#include "config.h"

#include "capture.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

void
capture_begin(struct capture *capture, int fd)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	capture->fd = fd;
	capture->saved = dup(fd);
	capture->reader = ends[0];
	assert_true(dup2(ends[1], fd) >= 0);
	close(ends[1]);
}

const char *
capture_read(struct capture *capture, int milliseconds)
{
	struct pollfd ready = { .fd = capture->reader, .events = POLLIN };
	ssize_t size = 0;

	if (poll(&ready, 1, milliseconds) > 0)
		size = read(capture->reader, capture->text,
		    sizeof(capture->text) - 1);
	capture->text[size > 0 ? size : 0] = '\0';
	return capture->text;
}

void
capture_end(struct capture *capture)
{
	capture_read(capture, 0);
	assert_true(dup2(capture->saved, capture->fd) >= 0);
	close(capture->saved);
	close(capture->reader);
}
