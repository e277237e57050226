/* settings: the server's, by the options; the main thread. */
#include "config.h"

#include "settings.h"

#include <sys/random.h>

#include "admin/admin.h"
#include "base/activation.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/log.h"
#include "loop/loop.h"

/* How long the connections that drain may stay idle; and how long a connection
 * whose FIN is out waits for its client's: since the client's last bytes, and in
 * all. */
#define SETTINGS_GRACE       (300 * CLOCK_MS)
#define SETTINGS_LINGER      (5 * CLOCK_S)
#define SETTINGS_LINGER_MOST (30 * CLOCK_S)

/* How often one looks whether a client still takes its answer; it is cut at the
 * first look after the write timeout. */
#define SETTINGS_WRITE_CHECK (250 * CLOCK_MS)

/* Of the operator's side: connections, and bytes of a body, that is of rules. */
#define SETTINGS_ADMIN_CONNS 64
#define SETTINGS_ADMIN_BODY  ((uint64_t)16 * 1024 * 1024)

static void
settings_take(struct server_config *config, const struct options *options)
{
	const struct model *model = options->model;
	unsigned threads = options->workers > 0 ? (unsigned)options->workers
						: cpus_available();

	config->new_worker = model->new_worker;
	config->workers = model->threads == MODEL_LOOPS ? threads : 1;
	config->workers_given = model->threads == MODEL_LOOPS &&
				options->workers > 0;
	config->threads = threads;
	config->listen = (struct listeners_wanted){ options->listen,
		options->listen_count, 0,
		{ config->workers, options->take_over, options->freebind },
		options->routes };
	for (unsigned i = 0; i < options->listen_count; i++)
		config->tls |= options->listen[i].tls;
	config->forwarded = (struct forwarded){ options->forwarded,
		cidr_loopback,
		sizeof(cidr_loopback) / sizeof(cidr_loopback[0]) };
	if (options->trusted_count > 0) {
		config->forwarded.trusted = options->trusted;
		config->forwarded.trusted_count = options->trusted_count;
	}
	config->max_conns = (unsigned)options->max_connections;
	config->max_sleepers = (unsigned)options->max_sleepers;
	config->backlog = (int)options->backlog;
	config->max_body = (uint64_t)options->max_body;
	config->limits = (struct server_limits){ .idle = options->idle_timeout,
		.grace = SETTINGS_GRACE,
		.shake = options->handshake_timeout,
		.head = options->header_timeout,
		.body = options->body_timeout,
		.write = options->write_timeout,
		.write_check = SETTINGS_WRITE_CHECK,
		.linger = SETTINGS_LINGER,
		.linger_most = SETTINGS_LINGER_MOST,
		.age = options->max_conn_age,
		.requests = options->max_conn_requests,
		.leave = options->drain_delay,
		.look = options->watch_rules,
		.drain = options->drain_timeout };
	config->log_format = options->access_log;
	config->watched = options->admin != NULL;
	config->balanced = options->balanced;
	config->pid_file = options->pid_file;
	config->app.limits.when.most = options->max_sleep;
	config->app.limits.max_size = options->max_size;
	config->app.hosts = options->httpbin_hosts;
	config->app.site.indexes = options->indexes;
	config->app.site.missing = options->error_page;
	config->app.site.fallback = options->fallback;
	config->app.site.extensions = options->extensions;
	config->app.site.listing = options->listing;
	config->app.site.fields = (struct span){ options->added.lines,
		options->added.size };
}

/*
 * What a service manager hands over takes the place of the default address.
 * Returns 0, or -1 and has said why.
 */
static int
settings_inherit(struct server_config *config, const struct options *options)
{
	int count = activation_count();

	if (count == -1) {
		log_error("LISTEN_FDS must be a number of sockets");
		return -1;
	}
	config->listen.inherited = (unsigned)count;
	if (count > 0 && !options->listen_given)
		config->listen.count = 0;
	return 0;
}

/* Sets the seed, a random one unless one was given. Returns 0, or -1 and has said
 * why. */
static int
settings_seed(struct server_config *config, const struct options *options)
{
	uint64_t bits = 0;

	config->app.seed = options->seed;
	if (options->seed != -1)
		return 0;
	if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
		log_error("no random seed is to be had (%m): give one, as in "
			  "--seed=7");
		return -1;
	}
	config->app.seed = (int64_t)(bits % ((uint64_t)ROLL_SEED_MAX + 1));
	return 0;
}

int
settings_make(struct server_config *config, const struct options *options)
{
	settings_take(config, options);
	if (settings_seed(config, options) == -1)
		return -1;
	return settings_inherit(config, options);
}

void
settings_make_admin(struct server_config *admin,
    const struct server_config *config, const struct options *options)
{
	*admin = *config;
	admin->new_worker = loop_new;
	admin->workers = 1;
	admin->workers_given = true;
	admin->listen = (struct listeners_wanted){ &options->admin_place, 1, 0,
		{ 1, options->take_over, options->freebind }, admin_routes };
	admin->max_conns = SETTINGS_ADMIN_CONNS;
	admin->sheds = true;
	admin->tls = false;
	admin->max_sleepers = 0;
	admin->max_body = SETTINGS_ADMIN_BODY;
	admin->log = NULL;
	admin->journal = NULL;
	admin->recorded = admin->visited = false;
	admin->watched = admin->balanced = false;
	admin->app.site = (struct site_config){ .open_files = 1 };
}
