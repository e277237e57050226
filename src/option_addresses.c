/* Finds what --listen and --admin mean; the main thread. May wait for name servers. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "admin/admin.h"
#include "loop/loop.h"
#include "option_values.h"
#include "options.h"
#include "tls/built.h"

/* Bytes of an address in front of `,tls`. */
#define OPTIONS_ADDRESS_MAX 512

/* Says whether an address is among those of the first `count` places. */
static bool
options_has_address(const struct options *options, unsigned count,
    const struct listener_address *address)
{
	for (unsigned i = 0; i < count; i++) {
		const struct listener_addresses *given =
		    &options->listen[i].addresses;

		for (unsigned j = 0; j < given->count; j++)
			if (given->list[j].size == address->size &&
			    memcmp(&given->list[j].socket, &address->socket,
				address->size) == 0)
				return true;
	}
	return false;
}

/* Says whether one of the addresses of place number `count` has been given
 * before; free ports (0) may be given any number of times. */
static bool
options_listen_twice(const struct options *options, unsigned count)
{
	const struct listener_addresses *addresses =
	    &options->listen[count].addresses;

	for (unsigned i = 0; i < addresses->count; i++)
		if (!listener_has_any_port(&addresses->list[i]) &&
		    options_has_address(options, count, &addresses->list[i]))
			return true;
	return false;
}

/* Returns the name of an option that says something to who operates it, and nobody can
 * ask; or NULL. */
static const char *
options_find_unheard(const struct options *options)
{
	if (options->shown_fields != NULL && options->journal == 0)
		return "journal-headers";
	if (options->admin != NULL)
		return NULL;
	if (options->journal > 0)
		return "journal";
	if (options->admin_token_file != NULL)
		return "admin-token-file";
	return options->admin_hosts.count > 0 ? "admin-host" : NULL;
}

/* Finds the operator's address, into a place that has none. Returns NULL; or what is
 * wrong with it, constant. */
static const char *
options_find_admin(const struct options *options, struct listeners_place *place)
{
	const char *why = NULL;

	(void)listener_parse(options->admin, &place->addresses, &why);
	for (unsigned i = 0; why == NULL && i < place->addresses.count; i++)
		if (!listener_has_any_port(&place->addresses.list[i]) &&
		    options_has_address(options, options->listen_count,
			&place->addresses.list[i]))
			why = "clients are listened for there";
	for (unsigned i = 0; why == NULL && i < place->addresses.count; i++)
		if (!listener_is_local(&place->addresses.list[i]) &&
		    options->admin_token_file == NULL)
			why = "others can reach it: it wants "
			      "--admin-token-file, or a loopback address";
	return why;
}

static enum options_result
options_resolve_admin(struct options *options)
{
	struct listeners_place *place = &options->admin_place;
	const char *why, *unheard = options_find_unheard(options);

	*place = (struct listeners_place){ .routes = admin_routes };
	if (unheard != NULL) {
		log_error("--%s: nobody could ask for it: it wants --%s",
		    unheard, options->admin != NULL ? "journal" : "admin");
		return OPTIONS_USAGE;
	}
	if (options->admin == NULL)
		return OPTIONS_RUN;
	errno = 0;
	why = options_find_admin(options, place);
	if (why == NULL)
		return OPTIONS_RUN;
	log_error(OPTIONS_REFUSED "%s", "admin", options->admin, why);
	return errno == ENOMEM ? OPTIONS_FAILED : OPTIONS_USAGE;
}

/* Finds the addresses of a --listen, and reads what stands behind them: `,tls`, and maybe
 * `,handshake=WORDS`. Returns NULL; or what is wrong, constant. */
static const char *
options_resolve_listen(const struct options *options, const char *text,
    struct listeners_place *place)
{
	static const char tls[] = ",tls", handshake[] = ",handshake=";
	const char *behind = strstr(text, tls), *why = NULL;
	char address[OPTIONS_ADDRESS_MAX];
	struct tls_words_fault fault;

	*place = (struct listeners_place){ .routes = options->routes };
	if (behind == NULL) {
		(void)listener_parse(text, &place->addresses, &why);
		return why;
	}
	if ((size_t)(behind - text) >= sizeof(address))
		return "the address is too long";
	memcpy(address, text, (size_t)(behind - text));
	address[behind - text] = '\0';
	(void)listener_parse(address, &place->addresses, &why);
	if (why != NULL)
		return why;
	place->tls = true;
	behind += sizeof(tls) - 1;
	if (!tls_is_built())
		return TLS_MISSING;
	if (options->model->threads != MODEL_LOOPS &&
	    options->model->new_worker != loop_new)
		return "TLS takes an event loop: --model=mtasync or async";
	if (*behind == '\0')
		return NULL;
	if (strncmp(behind, handshake, sizeof(handshake) - 1) != 0)
		return "behind ,tls there may be ,handshake=WORDS alone";
	behind += sizeof(handshake) - 1;
	if (options->routes == app_file_routes)
		return "--no-sleep takes the words of handshakes away";
	return tls_words_parse(span_of(behind), options->max_sleep, &place->act,
		   &fault) == 0
		   ? NULL
		   : fault.wanted;
}

/* Whether something is said of TLS that is of no use; says so then. */
static bool
options_has_vain_tls(const struct options *options)
{
	const char *name = options->certs.count > 0         ? "cert"
			   : options->write_ca != NULL      ? "write-ca"
			   : options->ticket_secret != NULL ? "ticket-secret"
							    : NULL;

	const char *why = "nobody speaks TLS: it wants --listen=ADDRESS,tls";

	for (unsigned i = 0; i < options->listen_count && name != NULL; i++)
		if (options->listen[i].tls)
			name = NULL;
	if (name == NULL && options->write_ca != NULL &&
	    options->certs.count > 0 && options->routes == app_file_routes) {
		name = "write-ca";
		why = "with --cert and --no-sleep, no certificate is its own";
	}
	if (name != NULL)
		log_error("--%s: %s", name, why);
	return name != NULL;
}

enum options_result
options_resolve(struct options *options)
{
	for (unsigned i = 0; i < options->listen_count; i++) {
		const char *text = options->listen_texts[i];
		struct listeners_place *place = &options->listen[i];
		const char *why;

		errno = 0;
		why = options_resolve_listen(options, text, place);
		if (why == NULL && options_listen_twice(options, i))
			why = "this address is given twice";
		if (why == NULL)
			continue;
		log_error(OPTIONS_REFUSED "%s", "listen", text, why);
		return errno == ENOMEM ? OPTIONS_FAILED : OPTIONS_USAGE;
	}
	if (options_has_vain_tls(options))
		return OPTIONS_USAGE;
	return options_resolve_admin(options);
}
