/* server_config: what the workers are told; constant while they run. */
#ifndef MTASYNC_SERVER_SERVER_CONFIG_H
#define MTASYNC_SERVER_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"
#include "base/access_log.h"
#include "base/sandbox.h"
#include "http/forwarded.h"
#include "http/record.h"
#include "server/listeners.h"

struct journal;
struct worker;
struct worker_host;

/* How long a client may take, in ns. */
struct server_limits {
	int64_t idle;        /* until its next request begins */
	int64_t grace;       /* likewise, while the server drains */
	int64_t shake;       /* for the handshake of TLS */
	int64_t head;        /* for the whole head of a request */
	int64_t body;        /* for its whole body */
	int64_t write;       /* while it takes an answer too slowly */
	int64_t write_check; /* how often one looks whether it does */
	int64_t linger; /* until its FIN behind ours, since its last bytes */
	int64_t linger_most; /* the same, since our FIN */
	int64_t age;         /* of a connection, until it is closed behind an
			      * answer; 0: none */
	int64_t requests;    /* likewise, the answers on it */
	int64_t leave;       /* from the signal of a stop until it begins */
	int64_t look;        /* from one SERVER_LOOK to the next; 0: none */
	int64_t drain;       /* until what runs at a stop has ended */
};

struct server_config {
	struct app_config app;
	struct listeners_wanted listen;
	/* see server/worker.h */
	struct worker *(
	    *new_worker)(const struct worker_host *host, unsigned index);
	unsigned workers;
	unsigned threads;      /* of a worker whose kind has several */
	uint64_t descriptors;  /* that there may be; server_open() sets it */
	unsigned max_conns;    /* over all workers */
	unsigned max_sleepers; /* likewise; 0: as many as connections */
	int backlog;
	uint64_t max_body; /* bytes of a request's content */
	struct server_limits limits;
	struct access_log *log; /* a ring per worker; NULL: no log */
	enum record_format log_format;
	struct journal *journal;    /* the last requests; NULL: none are kept */
	const char *shown_fields;   /* of requests in the journal: a list, as
				   * record_fields_write() has it; NULL: none */
	bool recorded;              /* there is a log, or a journal */
	struct forwarded forwarded; /* the proxies who may say who comes; and
				     * the field where they do so */
	bool visited;               /* each connection has a visitor */
	struct sandbox sandbox;     /* confines the threads */
	bool workers_given; /* by the operator: it is not to be lowered */
	bool tls;           /* at some addresses, clients speak it */
	bool balanced;      /* connections are dealt out by how many each has */
	bool sheds;   /* of max_conns, the one that waits longest makes room */
	bool watched; /* somebody may ask how the workers do */
	const char *pid_file; /* a path; NULL: none */
};

#endif
