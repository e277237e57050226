/*
 * files: what the server has open by name: ROOT, the types of --mime-types, the
 * rules, and the log. Opened at the start, inside of a chroot, and anew while it
 * serves.
 * Main thread.
 */
#ifndef MTASYNC_FILES_H
#define MTASYNC_FILES_H

#include "app/mime_types.h"
#include "app/rules.h"
#include "base/privileges.h"
#include "base/watch.h"
#include "options.h"
#include "secrets.h"
#include "server/server.h"

struct files {
	struct options *options;
	const struct words_limits *limits; /* of the rules */
	int root; /* a descriptor, until the server serves from it; or -1 */
	struct mime_types *types; /* as they were read last; NULL: none */
	struct rules *rules;      /* likewise */
	struct secrets *secrets;  /* for all reloads */
	struct secrets_read read; /* by them, last */
	bool missed;              /* ROOT is gone, and that has been said */
	struct watch *watch;      /* what was read last; NULL: nobody watches */
};

/*
 * Opens all of them, of a struct with its options, limits and no root; with --check,
 * only sees whether the log could be opened. `options->root` is set where none
 * is named. What is opened anew later is tried as the user to become. Returns 0;
 * or -1, and has said why. files_close() is right in both cases.
 */
int files_open(struct files *files, struct server_config *config,
    const struct privileges *privileges);

/* Has the server serve from ROOT, with the types and rules. Returns 0, or -1 and has said
 * why. */
int files_serve(struct files *files, struct server *server);

/*
 * Opens all anew, the log too, unless it is NULL, and has the server serve that:
 * all of them, or none; unless memory runs out for ROOT alone. Returns 0, or -1
 * and has said why; and where a look of the watch has asked for it, that.
 */
int files_reload(struct files *files, struct server *server,
    struct access_log *log);

/* Has the server serve by other rules, which the files own from now on; from ROOT as it
 * is now. Returns 0; or -1, and has said why. */
int files_use_rules(struct files *files, struct server *server,
    struct rules *rules);

/* The same, with the rules of the command line again. */
int files_restore_rules(struct files *files, struct server *server);

/*
 * ROOT has been removed: has the server serve what has its name now, if that is
 * there by now. Else the workers will ask again, as long as they are asked; why
 * it can't be is said the first time.
 */
void files_replace_root(struct files *files, struct server *server);

/* Closes what is open but for the log. */
void files_close(struct files *files);

#endif
