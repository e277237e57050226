/* Opens ROOT, types, rules and log; the main thread. */
#include "config.h"

#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/generation.h"
#include "base/log.h"
#include "base/log_file.h"
#include "rulebook.h"

/* The root that is served where none is named. */
static const char *
files_default_root(void)
{
	struct stat status;

	if (stat("htdocs", &status) == 0 && S_ISDIR(status.st_mode))
		return "htdocs";
	return MTASYNC_HTDOCS;
}

/* Returns a descriptor of ROOT, or -1 with errno. */
static int
files_open_root(const struct files *files)
{
	const char *root = files->options->root;
	int fd;

	watch_note(files->watch, root);
	fd = openat(AT_FDCWD, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && faccessat(fd, ".", X_OK, AT_EACCESS) == -1) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* The name of who opens all anew. */
static const char *
files_user(const struct privileges *privileges)
{
	return privileges->text != NULL ? privileges->name : "mtasync";
}

/* Says why ROOT is not served, by errno. */
static void
files_refuse_root(const struct options *options, const char *who)
{
	log_error("can't serve %.200s: %m: name a directory that %s may enter",
	    options->root, who);
}

/* Reads the types and the rules, if there are to be any, of a struct without them;
 * `before` are the rules that they follow, or NULL. Returns 0; or -1, and has said
 * why. */
static int
files_read(struct files *files, const struct rules *before)
{
	const struct options *options = files->options;

	if (options->mime_types != NULL) {
		watch_note(files->watch, options->mime_types);
		files->types = mime_types_read(options->mime_types);
		if (files->types == NULL)
			return -1;
	}
	return rulebook_read(options, files->limits, before, files->watch,
	    &files->rules);
}

/* Opens the log, or with --check only sees whether it could. Returns 0, or -1
 * and has said why. */
static int
files_open_log(const struct options *options, struct server_config *config,
    const struct privileges *privileges)
{
	const char *path = options->access_log_file;
	int result;

	if (options->access_log == RECORD_OFF)
		return 0;
	if (options->check) {
		result = log_file_check(path, privileges);
	} else {
		config->log = access_log_open(path, privileges,
		    config->workers);
		result = config->log != NULL ? 0 : -1;
	}
	if (result == -1)
		log_error(
		    "can't write the log to %.200s: %m: name a file that %s "
		    "may write",
		    path, files_user(privileges));
	return result;
}

/* Enters ROOT, reads types and rules as who will do so at a reload. Returns 0, or
 * -1 and has said why. */
static int
files_try(struct files *files, const struct privileges *privileges)
{
	struct privileges_before before;
	/* where this fails, privileges_drop() will say why */
	bool assumed = privileges->text != NULL &&
		       privileges_assume(privileges, &before) == 0;
	int result = faccessat(files->root, ".", X_OK, AT_EACCESS);

	if (result == -1)
		files_refuse_root(files->options, files_user(privileges));
	else
		result = files_read(files, NULL);
	if (result == 0 && !files->options->check)
		result = secrets_write_ca(files->secrets, &files->read);
	if (assumed && privileges_resume(&before) == -1)
		return -1;
	return result;
}

int
files_open(struct files *files, struct server_config *config,
    const struct privileges *privileges)
{
	struct options *options = files->options;

	if (options->root == NULL)
		options->root = files_default_root();
	files->root = files_open_root(files);
	if (files->root == -1) {
		files_refuse_root(options, "mtasync");
		return -1;
	}
	if (secrets_read(files->secrets, &(struct secrets_read){ 0 },
		&files->read) == -1 ||
	    files_try(files, privileges) == -1)
		return -1;
	return files_open_log(options, config, privileges);
}

int
files_serve(struct files *files, struct server *server)
{
	struct generation *generation = generation_new(files->root,
	    files->types);

	files->root = -1;
	if (generation == NULL) {
		log_error("no memory to serve %.200s as it is now",
		    files->options->root);
		return -1;
	}
	if (generation_use_keys(generation, files->read.keys,
		files->read.count) == -1) {
		log_error("no memory for TLS");
		generation_release(generation);
		return -1;
	}
	generation->rules = rules_hold(files->rules);
	if (files->rules != NULL)
		pools_apply(rules_pools(files->rules));
	server_use_root(server, generation);
	generation_release(generation);
	return 0;
}

static void
files_refuse_reload(const struct files *files)
{
	log_error("not reloaded: %.200s is served as before%s",
	    files->options->root, watch_cause(files->watch));
}

/* Opens ROOT and the log anew. Returns a descriptor of ROOT; or -1, and has said
 * why. */
static int
files_reopen(const struct files *files, struct access_log *log)
{
	const struct options *options = files->options;
	int root = files_open_root(files);

	if (root == -1) {
		log_error("not reloaded: can't serve %.200s: %m%s",
		    options->root, watch_cause(files->watch));
		return -1;
	}
	if (log == NULL || access_log_reopen(log) == 0)
		return root;
	files_refuse_reload(files);
	close(root);
	return -1;
}

int
files_reload(struct files *files, struct server *server, struct access_log *log)
{
	struct files fresh = { .options = files->options,
		.limits = files->limits,
		.secrets = files->secrets,
		.root = -1,
		.missed = files->missed,
		.watch = files->watch };

	watch_begin(files->watch);
	if (files_read(&fresh, files->rules) == -1 ||
	    secrets_read(fresh.secrets, &files->read, &fresh.read) == -1)
		files_refuse_reload(files);
	else
		fresh.root = files_reopen(files, log);
	if (fresh.root == -1) {
		files_close(&fresh);
		return -1;
	}
	watch_end(files->watch);
	files_close(files);
	*files = fresh;
	return files_serve(files, server);
}

int
files_use_rules(struct files *files, struct server *server, struct rules *rules)
{
	int root = files_reopen(files, NULL);

	if (root == -1) {
		rules_release(rules);
		return -1;
	}
	rules_release(files->rules);
	files->rules = rules;
	files->root = root;
	return files_serve(files, server);
}

int
files_restore_rules(struct files *files, struct server *server)
{
	struct rules *rules;

	if (rulebook_read(files->options, files->limits, files->rules, NULL,
		&rules) == -1)
		return -1;
	return files_use_rules(files, server, rules);
}

void
files_replace_root(struct files *files, struct server *server)
{
	const struct options *options = files->options;
	int root = files_open_root(files);

	/* what was the current directory can still be opened, as `.` */
	if (root != -1 && generation_is_gone(root)) {
		close(root);
		errno = ENOENT;
		root = -1;
	}
	if (root != -1) {
		files->missed = false;
		files->root = root;
		(void)files_serve(files, server);
		return;
	}
	if (!files->missed)
		log_error("%.200s has been removed, and nothing can be served "
			  "until it is there again: %m",
		    options->root);
	files->missed = true;
}

void
files_close(struct files *files)
{
	if (files->root != -1)
		close(files->root);
	files->root = -1;
	mime_types_release(files->types);
	rules_release(files->rules);
	secrets_drop(&files->read);
	files->types = NULL;
	files->rules = NULL;
}
