/* options: what the command line says. */
#ifndef MTASYNC_OPTIONS_H
#define MTASYNC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cidr.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "http/added.h"
#include "http/record.h"
#include "model.h"
#include "server/listeners.h"

/* How many --listen, --index, --rule and --pool there may be. */
#define OPTIONS_LISTEN_MAX 16
#define OPTIONS_INDEX_MAX  8
#define OPTIONS_RULE_MAX   64

/* So many requests asleep, and so many a second. */
struct options_plan {
	bool wanted;
	int64_t sleepers, rate;
};

/* Plain data; durations are nanoseconds. The strings belong to argv. */
/* The values of an option that may be repeated, in their order. */
struct options_texts {
	unsigned count;
	const char *texts[OPTIONS_RULE_MAX];
};

struct options {
	char **argv; /* the command line */
	const char *listen_texts[OPTIONS_LISTEN_MAX];
	struct listeners_place listen[OPTIONS_LISTEN_MAX]; /* what these mean */
	unsigned listen_count;                             /* at least 1 */
	unsigned index_count; /* of those that were given */
	struct cidr trusted[OPTIONS_RULE_MAX];
	unsigned trusted_count;
	bool balanced;         /* over the loops, by connections */
	const char *forwarded; /* a field of theirs; NULL: none */
	bool listing;          /* of directories without an index */
	bool listen_given;     /* it is not the default */
	bool take_over;        /* from an mtasync that listens there */
	bool freebind;         /* on addresses that are not there yet */
	const struct app_route *routes; /* what answers at all of them */
	const char *httpbin_hosts;      /* with commas between; NULL: none */
	const char *admin;              /* an address; NULL: none */
	struct listeners_place admin_place; /* what it means */
	struct options_texts admin_hosts;
	const char *admin_token_file;
	int64_t journal;            /* how many requests are kept */
	const char *shown_fields;   /* as record_fields_write(); NULL: none */
	const struct model *model;  /* how it waits */
	int64_t workers;            /* 0: as many as cpus_available() */
	int64_t backlog;            /* connections */
	int64_t max_connections;    /* 0: as many as RLIMIT_NOFILE allows */
	int64_t max_conn_age;       /* 0: any */
	int64_t max_conn_requests;  /* 0: any number */
	int64_t max_sleepers;       /* 0: as many as connections */
	struct options_texts certs; /* FILE[,KEYFILE] */
	const char *ticket_secret;  /* a file; NULL: none */
	const char *write_ca;       /* likewise */
	int64_t handshake_timeout;
	int64_t header_timeout;
	int64_t body_timeout;
	int64_t idle_timeout;
	int64_t write_timeout;
	int64_t max_sleep;
	int64_t drain_delay;
	int64_t drain_timeout;
	int64_t max_body;                /* bytes */
	int64_t max_size;                /* bytes of a body that is made */
	int64_t seed;                    /* -1: a random one */
	struct options_plan plan;        /* what to plan for, and leave */
	const char *draw;                /* words, of whose draws to print */
	int64_t draws;                   /* so many, and leave; NULL: serve */
	struct options_texts rule_texts; /* of --rule */
	struct options_texts pools;      /* of --pool */
	int64_t max_keys;
	const char *rules;                          /* a file; NULL: none */
	int64_t watch_rules;                        /* 0: never */
	const char *root;                           /* NULL: the default one */
	const char *indexes[OPTIONS_INDEX_MAX + 1]; /* names below a directory;
						     * NULL ends them */
	const char *fallback;    /* a name below the root; NULL: none */
	const char *extensions;  /* with commas between; NULL: none */
	const char *mime_types;  /* a file; NULL: none */
	struct http_added added; /* to every answer */
	const char *error_page;  /* a name below the root */
	enum record_format access_log;
	const char *access_log_file; /* - is standard output */
	const char *user;            /* USER or USER:GROUP; NULL: as it is */
	const char *chroot;          /* a directory; NULL: none */
	const char *pid_file;        /* NULL: none */
	enum sandbox_mode sandbox;
	enum log_level log_level;
	bool check;       /* say whether the server could start, and leave */
	bool healthcheck; /* ask the one that runs, and leave */
};

enum options_result {
	OPTIONS_RUN,     /* *options is set */
	OPTIONS_VERSION, /* the caller prints the versions, and exits with 0 */
	OPTIONS_DONE,    /* help is printed: exit with 0 */
	OPTIONS_USAGE,   /* what is wrong has been said: exit with 2 */
	OPTIONS_FAILED,  /* likewise, but it is not what was asked for: 1 */
};

/*
 * Reads the command line, and of the environment what that does not say; `listen` stays
 * as it is. What is wrong with them is one line on standard error that names the
 * option, its value and what would be right, and one that tells of the environment.
 * Main thread, once.
 */
enum options_result options_parse(struct options *options, int argc,
    char **argv, char **environment);

/*
 * Sets `listen` of options that are to be run, by looking their addresses up.
 * Returns OPTIONS_RUN, or has said what is wrong: OPTIONS_USAGE, or
 * OPTIONS_FAILED where there is no memory to tell. May wait for a name server.
 * Main thread, once.
 */
enum options_result options_resolve(struct options *options);

/* Calls `tell` with the name of each option that is a number, a text or a flag, and has a
 * value: that, as one would write it. Main thread. */
void options_tell(const struct options *options,
    void (*tell)(void *arg, const char *name, const char *value), void *arg);

#endif
