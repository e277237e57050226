/*
 * log: the level, and the making of one line. Runs in whichever thread calls.
 */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log_queue.h"
#include "base/span.h"

/* Below PIPE_BUF, so that a line is whole on a pipe that others share, too. */
#define LOG_LINE_MAX 1024

static const char log_prefix[] = "mtasync: ";

static enum log_level log_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	log_level = level;
}

/*
 * Copies `text` to `line`, and returns how many bytes that made, `room` at
 * most. Control characters become \xNN: what a peer or a file name brings in
 * can neither end the line nor speak to the operator's terminal.
 */
static size_t
log_escape(char *line, size_t room, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t size = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool control = c < 0x20 || c == 0x7f;

		if (size + (control ? 4 : 1) > room)
			break;
		if (control) {
			line[size++] = '\\';
			line[size++] = 'x';
			line[size++] = hex[c >> 4];
			line[size++] = hex[c & 15];
		} else {
			line[size++] = (char)c;
		}
	}
	return size;
}

/* Makes the line, in a buffer with this much room, and has it written. */
static void
log_put(int fd, const char *text, char *line, size_t room)
{
	const size_t begin = sizeof(log_prefix); /* behind the descriptor */
	size_t size;

	line[0] = (char)fd;
	memcpy(line + 1, log_prefix, begin - 1);
	size = begin + log_escape(line + begin, room - begin - 1, text);
	line[size++] = '\n';
	log_queue_put((struct span){ line, size });
}

static void __attribute__((format(printf, 2, 0)))
log_write(enum log_level level, const char *format, va_list arguments)
{
	char text[LOG_LINE_MAX], line[1 + LOG_LINE_MAX];
	int saved = errno;

	if (level > log_level)
		return;
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	log_put(STDERR_FILENO, text, line, sizeof(line));
	errno = saved;
}

void
log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void
log_info(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_INFO, format, arguments);
	va_end(arguments);
}

void
log_debug(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_LEVEL_DEBUG, format, arguments);
	va_end(arguments);
}

void
log_report(int fd, const char *text)
{
	char line[LOG_REPORT_MAX];

	log_put(fd, text, line, sizeof(line));
}
