/* usage: what --help prints. */
#ifndef MTASYNC_USAGE_H
#define MTASYNC_USAGE_H

/* An option, as --help shows it. */
struct usage_option {
	const char *name;
	const char *value; /* what it takes, or NULL */
	const char *help;
	const char *initial; /* the default or where it comes from, or NULL */
	const char *group;   /* heading before this option, or NULL */
	char letter;         /* 0: there is only the long form */
};

/* On standard output: what comes before all options, one, what comes after.
 * Main thread. */
void usage_print_start(void);
void usage_print_option(const struct usage_option *option);
void usage_print_end(void);

#endif
