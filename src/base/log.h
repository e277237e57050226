/*
 * log: what the operator is told, a line at a time. base/log_queue says when it
 * is written, and by whom.
 */
#ifndef MTASYNC_BASE_LOG_H
#define MTASYNC_BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR, /* the program cannot go on, or something is lost */
	LOG_LEVEL_INFO,  /* what an operator wants to know (the default) */
	LOG_LEVEL_DEBUG, /* peers' faults, one line each */
};

/* Bytes of the longest line of a report, its NUL included. */
#define LOG_REPORT_MAX 16384

/* Set once by the main thread, before any other thread runs. */
void log_set_level(enum log_level level);

/*
 * Each says one line, `mtasync: ` and the text, on standard error. It is written
 * in a single write(2), so that lines of different threads never mix. Control
 * characters become \xNN; a text of more than a kilobyte is cut. errno is
 * kept. Any thread.
 */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Likewise says a line that was asked for, whatever the level, to standard
 * output or standard error: up to LOG_REPORT_MAX bytes. Main thread. */
void log_report(int fd, const char *text);

#endif
