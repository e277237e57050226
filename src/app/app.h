/*
 * app: what is answered to which request. It never waits for time or for a
 * client, and knows neither loop nor socket: whoever has a parsed request and
 * a way to send can use it.
 */
#ifndef MTASYNC_APP_APP_H
#define MTASYNC_APP_APP_H

#include "app/answer.h"
#include "app/site.h"
#include "app/words.h"
#include "http/request.h"

/* What all threads' apps share; constant while they run, but for the counter. */
struct app_config {
	struct site_config site;
	struct words_limits limits; /* of words, and of a plain /sleep */
	int64_t seed;            /* by which is drawn, unless words say one */
	_Atomic uint64_t *drawn; /* queries for which something was drawn */
	struct tally *tally;     /* how often keys have come */
	const char *hosts; /* to which httpbin's /redirect-to may lead, with
			    * commas between; NULL: none */
	void *arg; /* for routes of whoever has the application: theirs */
};

struct app_request;

/*
 * What answers which paths, up to APP_ROUTES_END. Of the rows behind the first one, the
 * first answers whose name is the path, or its first segments; `rest` is what follows
 * that. The first row, whose name is "", answers all others.
 */
struct app_route {
	struct span name;
	bool methods; /* it answers all methods, and cares for words itself; */
	bool unknown; /* also those that HTTP does not know */
	void (*answer)(const struct app_request *request, struct span rest,
	    struct answer *answer);
};

#define APP_ROUTES_END            \
 {                                \
  { NULL, 0 }, false, false, NULL \
 }

/* The site, with /sleep and /echo; with httpbin's paths, too; and its files
 * alone. */
extern const struct app_route app_site_routes[];
extern const struct app_route app_httpbin_routes[];
extern const struct app_route app_file_routes[];

/* One thread's application. */
struct app {
	const struct app_config *config;
	struct words_limits limits; /* with the pools of the generation */
	const char *help;           /* words_help() */
	struct rules *rules;        /* of the site's generation; NULL: none */
	struct site site;
};

/* Returns 0, or -1 with errno. `config` outlives the app. Main thread. */
int app_open(struct app *app, const struct app_config *config);
void app_close(struct app *app);

/* Before the first answer, and later when another is to be served: see
 * site_use_root(). */
void app_use_root(struct app *app, struct generation *generation);

/*
 * Begins the answer that `routes` have for a request which http_request_parse()
 * has accepted; see answer_next(), and end with answer_fini(). What can't be
 * served gets its status. Returns false where the request itself is at fault,
 * so that what follows it on its connection can't be trusted to be another one.
 * May wait for the disk. Only the app's thread.
 */
bool app_answer(struct app *app, const struct app_route *routes,
    const struct http_request *request, const struct moment *moment,
    struct answer *answer);

#endif
