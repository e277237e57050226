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

static void __attribute__((format(printf, 2, 0)))
log_write(enum log_level level, const char *format, va_list arguments)
{
	const size_t prefix = sizeof(log_prefix) - 1;
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	int saved = errno;
	ssize_t written;
	size_t size;

	if (level > log_level)
		return;
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	memcpy(line, log_prefix, prefix);
	size = prefix +
	       log_escape(line + prefix, sizeof(line) - prefix - 1, text);
	line[size++] = '\n';
	written = write(STDERR_FILENO, line, size);
	(void)written; /* if even that fails, there is nobody left to tell */
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
