/* capture: what is written to a descriptor of this process meanwhile. */
#ifndef MTASYNC_TESTS_CAPTURE_H
#define MTASYNC_TESTS_CAPTURE_H

struct capture {
	int fd, saved, reader;
	char text[8192]; /* what was read last, NUL-terminated */
};

void capture_begin(struct capture *capture, int fd);

/* Returns the text that has come; "" where none comes within this time. */
const char *capture_read(struct capture *capture, int milliseconds);

/* Reads the rest, and leaves the descriptor as it was. */
void capture_end(struct capture *capture);

#endif
