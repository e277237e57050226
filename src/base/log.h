/* log: what the operator is told, a line at a time, on standard error. */
#ifndef MTASYNC_BASE_LOG_H
#define MTASYNC_BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR, /* the program cannot go on, or something is lost */
	LOG_LEVEL_INFO,  /* what an operator wants to know (the default) */
	LOG_LEVEL_DEBUG, /* peers' faults, one line each */
};

/* Set once by the main thread, before any other thread runs. */
void log_set_level(enum log_level level);

/*
 * Each writes one line, `mtasync: ` and the text, in a single write(2), so
 * that lines of different threads never mix. errno is kept. Any thread.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
